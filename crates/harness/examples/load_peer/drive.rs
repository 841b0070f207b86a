//! One task a printer, as many at once as the assignment allows.

use pagetally_harness::load::{Assignment, Report, Task};
use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Printers that a client asks at once where each takes a socket: as many as a process may well have.
pub(crate) const SOCKETS: usize = 4_096;

/// Asks every target by a task that says how many variables it had, or nothing where it did not come to an
/// end; in a sweep no more than `at_once` of them at a time.
pub(crate) async fn drive<T>(
    assignment: &Assignment,
    at_once: usize,
    ask: impl Fn(SocketAddr) -> T,
) -> Result<Report, Box<dyn Error>>
where
    T: Future<Output = Option<usize>> + Send + 'static,
{
    let started = Instant::now();
    let in_flight = match assignment.task {
        Task::Sweep => at_once,
        _ => assignment.in_flight,
    };
    let slots = Arc::new(Semaphore::new(in_flight.min(Semaphore::MAX_PERMITS)));
    let mut tasks = JoinSet::new();
    let mut report = Report::default();
    let mut last = started;
    for address in assignment.targets() {
        let slot = Arc::clone(&slots).acquire_owned().await?;
        let asking = ask(address);
        tasks.spawn(async move {
            let had = asking.await;
            drop(slot);
            had
        });
        while let Some(done) = tasks.try_join_next() {
            note(&mut report, &mut last, done?);
        }
    }
    while let Some(done) = tasks.join_next().await {
        note(&mut report, &mut last, done?);
    }
    report.wall = match assignment.task {
        Task::Sweep => started.elapsed(),
        Task::Again | Task::Read => last.saturating_duration_since(started),
    };
    Ok(report)
}

fn note(report: &mut Report, last: &mut Instant, had: Option<usize>) {
    if let Some(had) = had {
        report.found += 1;
        report.complete += 1;
        report.variables += u64::try_from(had).unwrap_or(0);
        *last = Instant::now();
    }
}
