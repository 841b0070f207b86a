//! Walks one device for a recording: the event loop around the engine's [`Walk`].

use crate::scan::{seed, without_flow};
use crate::sockets::{Incoming, Sent, Sockets};
use crate::{Cancel, Credentials, ScanConfig, SnmpError};
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::pace::Pace;
use pagetally_snmp_engine::reader::Step;
use pagetally_snmp_engine::walk::{Walk, WalkLimits, Walked};
use pagetally_snmp_engine::{Answers, Oid, RequestIds};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The longest wait: a raised [`Cancel`] is seen within this time.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// How long nothing is sent after the system could take no datagram.
const STALL: Duration = Duration::from_millis(10);

/// How often progress is told.
const PROGRESS: Duration = Duration::from_millis(100);

/// What is walked of one device, and how.
#[derive(Clone, Copy, Debug)]
pub struct WalkTarget<'a> {
    /// The device.
    pub address: SocketAddr,
    /// By which right it is asked.
    pub credentials: Credentials<'a>,
    /// The roots of what is walked.
    pub roots: &'a [Oid],
    /// What the walk is given at most.
    pub limits: WalkLimits,
}

/// How far a walk is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalkProgress {
    /// Variables had so far.
    pub variables: usize,
    /// Where the walk stands.
    pub place: Option<Oid>,
    /// Since the walk began.
    pub elapsed: Duration,
}

/// Walks one device whose credentials are known, one request at a time, at the pace of
/// `config`. `known` is what was had of it before. Where `cancel` is raised, what was had until then
/// is the result.
///
/// # Errors
///
/// [`SnmpError`] where this machine cannot send at all. What the device does is in the result.
pub fn walk_one(
    target: &WalkTarget<'_>,
    config: &ScanConfig,
    known: Answers,
    cancel: &Cancel,
    on_progress: &mut dyn FnMut(WalkProgress),
) -> Result<Walked, SnmpError> {
    config.check()?;
    let address = without_flow(target.address);
    let retry = Retry {
        timeout: config.timeout,
        retries: config.retries,
    };
    let ids = RequestIds::new(seed()?).derive(&address);
    let session = target.credentials.session(&ids, retry);
    let mut walk = Walk::new(session, target.limits, ids, target.roots, known);
    let mut pace = Pace::new(config.datagrams_per_second);
    let mut sockets = Sockets::new(config.batched)?;
    let start = Instant::now();
    let mut next_progress = Duration::ZERO;
    loop {
        let now = start.elapsed();
        if cancel.is_cancelled() {
            walk.cancel();
        }
        if now >= next_progress {
            next_progress = now + PROGRESS;
            on_progress(progress(&walk, now));
        }
        let wait = match pace.ready(now) {
            Err(time) => time.saturating_sub(now),
            Ok(()) => match walk.poll(now) {
                Step::Done(_) => break,
                Step::WaitUntil(time) => time.saturating_sub(now),
                Step::Send(bytes) => {
                    match sockets.send(address, bytes) {
                        Sent::Yes => pace.spend(now),
                        Sent::Busy => {
                            walk.not_sent();
                            pace.hold(now + STALL);
                        }
                        Sent::Refused(error) if walk.answers().is_empty() => return Err(error),
                        Sent::Refused(_) => walk.give_up(),
                    }
                    Duration::ZERO
                }
            },
        };
        sockets.wait(wait.min(MAX_WAIT))?;
        sockets.receive(|from, incoming| {
            let Incoming::Datagram(bytes) = incoming else {
                return;
            };
            if without_flow(from) != address {
                return;
            }
            if let Err(ignored) = walk.handle_datagram(bytes) {
                tracing::trace!(%address, %ignored, "datagram ignored");
            }
        })?;
    }
    on_progress(progress(&walk, start.elapsed()));
    let walked = walk.into_result();
    tracing::debug!(
        %address,
        ending = %walked.ending,
        requests = walked.stats.requests,
        values = walked.answers.len(),
        "device walked"
    );
    Ok(walked)
}

fn progress(walk: &Walk, elapsed: Duration) -> WalkProgress {
    WalkProgress {
        variables: walk.answers().len(),
        place: walk.place().cloned(),
        elapsed,
    }
}
