//! The agent's reader in virtual time, and what happens to its datagrams on the way.

use super::agent::Agent;
use pagetally_fleet_sim::Chance;
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::reader::{DeviceReader, Limits, Session, Step};
use pagetally_snmp_engine::{Answers, Plan, RequestIds, VarBind, Version};
use std::collections::BTreeSet;
use std::time::Duration;

/// What the way and the device's card do to datagrams.
#[derive(Clone, Copy)]
pub(crate) struct Weather {
    loss_per_million: u32,
    /// From a request's arrival to its answer's, in milliseconds: at least, and at most.
    takes: (u64, u64),
    /// Whether what arrives while the device works on something is dropped.
    drops_while_busy: bool,
}

impl Weather {
    pub(crate) const FAIR: Self = Self {
        loss_per_million: 0,
        takes: (5, 5),
        drops_while_busy: false,
    };
    pub(crate) const LOSSY: Self = Self {
        loss_per_million: 50_000,
        ..Self::FAIR
    };
    /// Later than the timeout now and then: the answer comes when the request was sent again.
    pub(crate) const SLOW: Self = Self {
        takes: (30, 1_700),
        ..Self::FAIR
    };
    pub(crate) const ONE_AT_A_TIME: Self = Self {
        takes: (300, 900),
        drops_while_busy: true,
        ..Self::FAIR
    };
}

/// How often the scan asks a device again that fell silent.
const RESUMES: u32 = 2;

/// Reads the device as the scan does, of which it knows this already.
pub(crate) fn read(
    agent: &mut Agent,
    version: Version,
    known: Vec<VarBind>,
    plan: Box<dyn Plan>,
    weather: Weather,
    chance: &mut Chance,
) -> Answers {
    let retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 2,
    };
    let session = Session::community(version, b"public", retry);
    let ids = RequestIds::new([3; 16]);
    let mut reader = DeviceReader::new(session, Limits::default(), ids, plan).with_known(known);
    let mut now = Duration::ZERO;
    let mut busy_until = Duration::ZERO;
    let mut arriving: BTreeSet<(Duration, Vec<u8>)> = BTreeSet::new();
    let mut resumes = 0;
    for _ in 0..50_000 {
        match reader.poll(now) {
            Step::Send(bytes) => {
                let busy = weather.drops_while_busy && now < busy_until;
                let lost = chance.per_million(weather.loss_per_million) || busy;
                let Some(answer) = Some(bytes)
                    .filter(|_| !lost)
                    .and_then(|it| agent.answer(it))
                else {
                    continue;
                };
                let takes = chance.between(weather.takes.0, weather.takes.1);
                busy_until = now + Duration::from_millis(takes);
                if !chance.per_million(weather.loss_per_million) {
                    arriving.insert((busy_until, answer));
                }
            }
            Step::WaitUntil(time) => match arriving.first() {
                Some((at, _)) if *at <= time => {
                    let (at, answer) = arriving.pop_first().expect("there is one");
                    now = now.max(at);
                    // Answers to what was sent twice come twice.
                    let _ = reader.handle_datagram(&answer);
                }
                _ => now = time,
            },
            Step::Done(_) if resumes < RESUMES => {
                if !reader.can_resume() {
                    break;
                }
                resumes += 1;
                now += Duration::from_secs(5);
                reader.resume(now);
            }
            Step::Done(_) => break,
        }
    }
    let (answers, _) = reader.into_result();
    answers
}
