//! A thread that runs every call to an engine, so that one which panics or never returns takes
//! nothing else with it.

use super::engine::{Engine, Fault};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long opening and reading may take: a pass has to be accepted within ten seconds, whatever the
/// index does. Sound ones answer within one; one that is slower than this is built anew, behind.
const DEADLINE: Duration = Duration::from_secs(4);

/// How long a call may take for which nobody waits.
const PATIENT: Duration = Duration::from_secs(30);

/// Opens an engine, on the thread that it gets.
pub(super) type Opening = Box<dyn FnOnce() -> Result<Box<dyn Engine>, Fault> + Send>;

type Call = Box<dyn FnOnce(&mut dyn Engine) + Send>;

/// An engine behind its thread.
#[derive(Debug)]
pub(super) struct Guard {
    calls: Option<mpsc::Sender<Call>>,
    ended: mpsc::Receiver<()>,
    hangs: Cell<bool>,
    deadline: Cell<Duration>,
}

impl Guard {
    /// Starts the thread and opens the engine in it.
    pub(super) fn start(open: Opening) -> Result<Self, Fault> {
        Self::start_within(DEADLINE, open)
    }

    /// The same where nobody waits.
    pub(super) fn start_patiently(open: Opening) -> Result<Self, Fault> {
        Self::start_within(PATIENT, open)
    }

    fn start_within(deadline: Duration, open: Opening) -> Result<Self, Fault> {
        let (calls, queue) = mpsc::channel::<Call>();
        let (opened, is_open) = mpsc::sync_channel(1);
        let (end, ended) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("store-index".to_owned())
            .spawn(move || {
                match catch_unwind(AssertUnwindSafe(open)) {
                    Ok(Ok(mut engine)) => {
                        // The other side may have given up; then the queue is closed as well.
                        let _ = opened.send(Ok(()));
                        for call in queue {
                            call(&mut *engine);
                        }
                        // Closing may panic or spin as well.
                        let _ = catch_unwind(AssertUnwindSafe(move || drop(engine)));
                    }
                    Ok(Err(fault)) => drop(opened.send(Err(fault))),
                    Err(panic) => drop(opened.send(Err(panicked(&*panic)))),
                }
                let _ = end.send(());
            })
            .map_err(|error| Fault::new(format!("its thread does not start: {error}")))?;
        match is_open.recv_timeout(deadline) {
            Ok(Ok(())) => Ok(Self {
                calls: Some(calls),
                ended,
                hangs: Cell::new(false),
                deadline: Cell::new(deadline),
            }),
            Ok(Err(fault)) => Err(fault),
            Err(error) => Err(no_answer(error)),
        }
    }

    /// Whether calls may take long, since nobody waits for them.
    pub(super) fn be_patient(&self, patient: bool) {
        self.deadline.set(if patient { PATIENT } else { DEADLINE });
    }

    /// Runs `call` on the engine's thread.
    pub(super) fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut dyn Engine) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = mpsc::sync_channel(1);
        let job: Call = Box::new(move |engine| {
            let result = catch_unwind(AssertUnwindSafe(|| call(engine)));
            let _ = answer.send(result.unwrap_or_else(|panic| Err(panicked(&*panic))));
        });
        self.calls
            .as_ref()
            .and_then(|calls| calls.send(job).ok())
            .ok_or_else(|| Fault::new("its thread has ended"))?;
        answered
            .recv_timeout(self.deadline.get())
            .unwrap_or_else(|error| {
                self.hangs.set(true);
                Err(no_answer(error))
            })
    }
}

#[cfg(test)]
impl Guard {
    /// Ends the thread as a panic would.
    pub(super) fn end_for_test(&mut self) {
        self.calls = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Ends the thread's loop; then its files are closed, unless it hangs.
        self.calls = None;
        if !self.hangs.get() {
            let _ = self.ended.recv_timeout(DEADLINE);
        }
    }
}

fn no_answer(error: RecvTimeoutError) -> Fault {
    match error {
        RecvTimeoutError::Timeout => Fault::new("it did not answer in time"),
        RecvTimeoutError::Disconnected => Fault::new("its thread has ended"),
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Fault {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    let text: String = text.chars().take(200).collect();
    Fault::new(format!("it panicked: {text}"))
}

#[cfg(test)]
mod tests {
    use super::super::engine::MemoryEngine;
    use super::*;

    fn guard() -> Guard {
        Guard::start(Box::new(|| Ok(Box::new(MemoryEngine::default())))).expect("memory opens")
    }

    #[test]
    fn a_panic_in_a_call_is_a_fault_and_the_next_call_is_answered() {
        let guard = guard();
        let fault = guard
            .call(|_| -> Result<(), Fault> { panic!("poor bytes") })
            .expect_err("it panics");
        assert_eq!(fault, Fault::new("it panicked: poor bytes"));
        assert_eq!(guard.call(|engine| engine.get(b"a")), Ok(None));
    }

    #[test]
    fn a_panic_while_opening_is_a_fault() {
        let fault = Guard::start(Box::new(|| panic!("poor file"))).expect_err("it panics");
        assert_eq!(fault, Fault::new("it panicked: poor file"));
    }
}
