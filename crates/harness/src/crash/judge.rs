//! Holds Central's books against what the agents said and what the printers served.

use super::{CrashError, now};
use crate::fleet::Fleet;
use pagetally_central::{AuditRow, DealerBooks, DeviceFilter, DeviceRow, MeterRow};
use pagetally_fleet_sim::Color;
use pagetally_model::{AgentId, CounterUnit, MeterColor, MeterFunction, MeterSides, MeterSize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// What a device counted, from when on: the simulators' own log.
#[derive(Clone, Debug, Default)]
pub struct ServedLog(BTreeMap<SocketAddr, Vec<Served>>);

/// One value of a log.
#[derive(Clone, Copy, Debug)]
struct Served {
    /// Milliseconds since 1970 when it began to be served.
    from: i64,
    total: u64,
}

impl ServedLog {
    /// Lets a device print, and notes what it serves from now on.
    pub(crate) fn note(&mut self, fleet: &Fleet, device: usize, sides: u32) {
        let from = now().unix_millis();
        let total = fleet.with_device(device, |device| {
            if sides > 0 {
                device.print(sides, Color::Mono);
            }
            device.truth().life_count.map_or(0, |count| count.value)
        });
        let log = self.0.entry(fleet.address(device)).or_default();
        log.push(Served {
            from,
            total: total.unwrap_or(0),
        });
    }
}

/// What an agent said it had stored.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) id: AgentId,
    /// Audits of each submission that was said to be stored.
    stored: BTreeMap<u64, u64>,
    /// Numbers that were said to be stored twice.
    reused: Vec<u64>,
}

impl Told {
    pub(crate) fn new(id: AgentId) -> Self {
        Self {
            id,
            stored: BTreeMap::new(),
            reused: Vec::new(),
        }
    }

    pub(crate) fn stored(&mut self, number: u64, audits: u64) {
        if self.stored.insert(number, audits).is_some() {
            self.reused.push(number);
        }
    }
}

/// A reading's time is the agent's, taken somewhere in the exchange.
const TOLERANCE_MILLIS: i64 = 5_000;

/// What the comparison found.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Submissions that an agent said were stored.
    pub acknowledged: u64,
    /// Audits in Central's books.
    pub audits: u64,
    /// Submissions that Central was sent more than once.
    pub repeats: u64,
    /// Everything that must not be, in words.
    pub faults: Vec<String>,
}

/// Holds the books against what all agents said and what was served.
pub(crate) async fn judge(
    books: &DealerBooks,
    agents: &[&Told],
    log: &ServedLog,
) -> Result<Verdict, CrashError> {
    let mut verdict = Verdict::default();
    let mut by_agent: BTreeMap<AgentId, Vec<(DeviceRow, AuditRow)>> = BTreeMap::new();
    for device in books.devices(&DeviceFilter::default()).await? {
        let audits = books.audits(device.id, u32::MAX.into()).await?;
        values(books, &audits, log, &mut verdict).await?;
        for audit in audits {
            let row = (device.clone(), audit);
            by_agent.entry(row.1.agent).or_default().push(row);
        }
    }
    for agent in agents {
        let rows = by_agent.remove(&agent.id).unwrap_or_default();
        chain(books, agent, &rows, &mut verdict).await?;
    }
    Ok(verdict)
}

/// How often an agent's submissions came again.
pub(crate) async fn repeats(books: &DealerBooks, agent: AgentId) -> Result<u64, CrashError> {
    let rows = books.submissions(agent).await?;
    Ok(rows.iter().map(|row| row.repeats).sum())
}

/// Nothing lost, nothing twice, no number used for two contents.
async fn chain(
    books: &DealerBooks,
    agent: &Told,
    rows: &[(DeviceRow, AuditRow)],
    verdict: &mut Verdict,
) -> Result<(), CrashError> {
    let id = agent.id;
    let mut fault = |text: String| verdict.faults.push(format!("agent {id}: {text}"));
    for fork in books.forks(id).await? {
        fault(format!("number {} came with a second content", fork.number));
    }
    for number in &agent.reused {
        fault(format!("number {number} was given to two passes"));
    }
    let booked = books.submissions(id).await?;
    for (place, row) in (1..).zip(&booked) {
        if row.number != place {
            fault(format!("number {place} is missing before {}", row.number));
            break;
        }
        if row.rejected.is_some() {
            fault(format!("submission {} was rejected", row.number));
        }
    }
    let mut audits: BTreeMap<u64, u64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (device, audit) in rows {
        *audits.entry(audit.number).or_default() += 1;
        if !seen.insert((device.id, audit.pass)) {
            fault(format!(
                "pass {} has device {} twice",
                audit.pass, device.id
            ));
        }
    }
    for (number, stored) in &agent.stored {
        if !booked.iter().any(|row| row.number == *number) {
            fault(format!("submission {number} was stored and is lost"));
        }
        let found = audits.get(number).copied().unwrap_or(0);
        if found != *stored {
            fault(format!(
                "submission {number} was stored with {stored} audits; the books have {found}"
            ));
        }
    }
    verdict.acknowledged += agent.stored.len() as u64;
    verdict.repeats += booked.iter().map(|row| row.repeats).sum::<u64>();
    Ok(())
}

/// Every booked value was served, when it says that it was read.
async fn values(
    books: &DealerBooks,
    audits: &[AuditRow],
    log: &ServedLog,
    verdict: &mut Verdict,
) -> Result<(), CrashError> {
    for audit in audits {
        verdict.audits += 1;
        let total = total(&books.meters(audit.id).await?);
        // The agent's own clock, which is this machine's; Central's row has it corrected.
        let document = books.audit_document(audit.id).await?;
        let at = document.time.wall.unix_millis();
        let log = document.address.and_then(|address| log.0.get(&address));
        let served = log.map(Vec::as_slice).unwrap_or_default();
        let until = |place: usize| served.get(place + 1).map_or(i64::MAX, |next| next.from);
        let fits = served.iter().enumerate().any(|(place, value)| {
            Some(value.total) == total
                && value.from <= at + TOLERANCE_MILLIS
                && at <= until(place).saturating_add(TOLERANCE_MILLIS)
        });
        if !fits {
            let when = served
                .iter()
                .position(|value| Some(value.total) == total)
                .map_or_else(
                    || "never".to_owned(),
                    |place| {
                        let (from, until) = (served[place].from, until(place));
                        format!("from {from} to {until}")
                    },
                );
            verdict.faults.push(format!(
                "audit {} of {:?}, read at {at}, says {total:?}, which was served {when}",
                audit.id, document.address
            ));
        }
    }
    Ok(())
}

/// The total that a person would bill.
fn total(rows: &[MeterRow]) -> Option<u64> {
    let fits = |row: &&MeterRow| {
        row.function == MeterFunction::Total
            && row.color == MeterColor::Any
            && row.sides == MeterSides::Any
            && row.size == MeterSize::Any
            && row.unit == CounterUnit::Impressions
    };
    rows.iter().find(fits).map(|row| row.value)
}
