//! The account of a pass: exactly one observation for every address, silent neighbours in one row.

use crate::discovery::Discovered;
use crate::targets::TargetPlan;
use pagetally_model::{Observation, Outcome, Text, Timestamp, Witness};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// Gathers observations as they come, in any order, in memory that grows with what answers and not
/// with what is asked: a silent /8 is one row.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Unnamed IPv4 addresses that told nothing of themselves, by what is said of them.
    runs: Vec<(Outcome, Witness, Runs)>,
    others: Vec<Observation>,
    /// Whether [`MAX_UNREACHABLE`] was reached.
    is_coarse: bool,
}

/// Runs of addresses: first to last, and when the latest was settled.
type Runs = BTreeMap<u32, (u32, Timestamp)>;

/// How many rows may say that nobody is there. The system tells it of some addresses of a network and
/// not of others; where that cuts a network into more pieces than this, all of them are told as
/// silent, which is true as well.
const MAX_UNREACHABLE: usize = 4_096;

impl Account {
    /// Takes one observation. Each address must be told once.
    pub fn add(&mut self, observation: Observation) {
        let (IpAddr::V4(first), IpAddr::V4(last)) = (observation.first, observation.last) else {
            self.others.push(observation);
            return;
        };
        if !may_share(&observation) {
            self.others.push(observation);
            return;
        }
        let (mut outcome, mut witness) = (observation.outcome, observation.witness);
        let is_unreachable = matches!(outcome, Outcome::Unreachable { .. });
        if is_unreachable && self.is_coarse {
            (outcome, witness) = (Outcome::Silent, Witness::NoAnswer);
        }
        let runs = self.runs_of(outcome, witness);
        add_run(runs, first.into(), last.into(), observation.at);
        if is_unreachable && runs.len() > MAX_UNREACHABLE {
            self.fold();
        }
    }

    fn runs_of(&mut self, outcome: Outcome, witness: Witness) -> &mut Runs {
        let known = self
            .runs
            .iter()
            .position(|(own, by, _)| *own == outcome && *by == witness);
        let place = known.unwrap_or_else(|| {
            self.runs.push((outcome, witness, Runs::new()));
            self.runs.len() - 1
        });
        &mut self.runs[place].2
    }

    /// Tells everybody who is not there as silent.
    fn fold(&mut self) {
        self.is_coarse = true;
        let (folded, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.runs)
            .into_iter()
            .partition(|(outcome, ..)| matches!(outcome, Outcome::Unreachable { .. }));
        self.runs = kept;
        let silent = self.runs_of(Outcome::Silent, Witness::NoAnswer);
        for (first, (last, at)) in folded.into_iter().flat_map(|(.., runs)| runs) {
            add_run(silent, first, last, at);
        }
    }

    /// How many addresses have been settled.
    pub fn addresses(&self) -> u64 {
        let shared: u64 = self
            .runs
            .iter()
            .flat_map(|(.., runs)| runs)
            .map(|(first, (last, _))| u64::from(last.saturating_sub(*first)) + 1)
            .sum();
        shared + self.others.len() as u64
    }

    /// The IPv4 addresses where no agent was heard, in no particular order.
    pub(crate) fn unheard_v4(&self) -> impl Iterator<Item = Ipv4Addr> + '_ {
        let shared = self
            .runs
            .iter()
            .filter(|(outcome, ..)| is_unheard(outcome))
            .flat_map(|(.., runs)| runs)
            .flat_map(|(first, (last, _))| (*first..=*last).map(Ipv4Addr::from));
        let named = self.others.iter().filter_map(|other| match other.first {
            IpAddr::V4(address) if is_unheard(&other.outcome) => Some(address),
            _ => None,
        });
        shared.chain(named)
    }

    /// Says something better of an address where no agent was heard.
    pub(crate) fn correct(
        &mut self,
        address: Ipv4Addr,
        better: Outcome,
        by: Witness,
        at: Timestamp,
    ) {
        let at_address = |other: &&mut Observation| other.first == IpAddr::V4(address);
        let named = self.others.iter_mut().find(at_address);
        if let Some(named) = named {
            if is_unheard(&named.outcome) {
                (named.outcome, named.witness, named.at) = (better, by, at);
            }
            return;
        }
        let mut unheard = self
            .runs
            .iter_mut()
            .filter(|(outcome, ..)| is_unheard(outcome));
        if unheard.any(|(.., runs)| take_from_run(runs, address.into())) {
            self.add(Observation {
                first: IpAddr::V4(address),
                last: IpAddr::V4(address),
                name: None,
                outcome: better,
                witness: by,
                at,
            });
        }
    }

    /// All rows, in the order of their addresses. A run of addresses carries the time at which the
    /// latest of them was settled: only then is all of it true.
    pub fn into_observations(self) -> Vec<Observation> {
        let mut rows = self.others;
        for (outcome, witness, runs) in self.runs {
            rows.extend(runs.into_iter().map(|(first, (last, at))| Observation {
                first: IpAddr::V4(Ipv4Addr::from(first)),
                last: IpAddr::V4(Ipv4Addr::from(last)),
                name: None,
                outcome: outcome.clone(),
                witness,
                at,
            }));
        }
        rows.sort_by_key(|row| row.first);
        rows
    }
}

fn is_unheard(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Silent | Outcome::PortClosed)
}

/// Tells everybody of `targets` who was not settled as not asked.
pub(crate) fn fill(found: &mut Discovered, targets: &TargetPlan, reason: &Text, at: Timestamp) {
    let mut account = Account::default();
    let rows = std::mem::take(&mut found.observations);
    // Rows stand in the order of addresses, as targets do.
    let mut told = rows.iter().map(|row| (row.first, row.last)).peekable();
    for target in targets.addresses() {
        while told.next_if(|(_, last)| *last < target.ip).is_some() {}
        let is_told = told.peek().is_some_and(|(first, _)| *first <= target.ip);
        if !is_told {
            account.add(Observation {
                first: target.ip,
                last: target.ip,
                name: targets.name_of(target).cloned(),
                outcome: Outcome::NotAsked {
                    reason: reason.clone(),
                },
                witness: Witness::AgentMemory,
                at,
            });
        }
    }
    for row in rows {
        account.add(row);
    }
    found.observations = account.into_observations();
    found.cancelled = false;
    found.unsettled = 0;
}

/// Takes one address out of the run that it is in.
fn take_from_run(runs: &mut Runs, address: u32) -> bool {
    let Some((&first, &(last, at))) = runs.range(..=address).next_back() else {
        return false;
    };
    if last < address {
        return false;
    }
    runs.remove(&first);
    if first < address {
        runs.insert(first, (address - 1, at));
    }
    if address < last {
        runs.insert(address + 1, (last, at));
    }
    true
}

fn add_run(runs: &mut Runs, first: u32, last: u32, at: Timestamp) {
    let (mut first, mut last, mut at) = (first, last, at);
    if let Some((&before, &(end, settled))) = runs.range(..first).next_back()
        && end.checked_add(1) == Some(first)
    {
        runs.remove(&before);
        first = before;
        at = at.max(settled);
    }
    if let Some(next) = last.checked_add(1)
        && let Some((end, settled)) = runs.remove(&next)
    {
        last = end;
        at = at.max(settled);
    }
    runs.insert(first, (last, at));
}

/// Only what an address did not say itself may share a row.
fn may_share(observation: &Observation) -> bool {
    let told_nothing = matches!(
        observation.outcome,
        Outcome::Silent
            | Outcome::PortClosed
            | Outcome::Unreachable { .. }
            | Outcome::NotAsked { .. }
    );
    told_nothing && observation.name.is_none()
}

/// How many addresses an observation speaks for.
pub fn address_count(observation: &Observation) -> u64 {
    match (observation.first, observation.last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            u64::from(u32::from(last).saturating_sub(u32::from(first))) + 1
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(address: &str, millis: i64) -> Observation {
        let address: IpAddr = address.parse().expect("valid");
        Observation {
            first: address,
            last: address,
            name: None,
            outcome: Outcome::Silent,
            witness: Witness::NoAnswer,
            at: Timestamp::from_unix_millis(millis),
        }
    }

    fn rows(observations: impl IntoIterator<Item = Observation>) -> Vec<Observation> {
        let mut account = Account::default();
        for observation in observations {
            account.add(observation);
        }
        account.into_observations()
    }

    #[test]
    fn silent_neighbours_share_a_row_across_octets_in_any_order() {
        let rows = rows([
            silent("10.0.1.0", 5),
            silent("10.0.0.254", 3),
            silent("10.0.0.255", 9),
            silent("10.0.1.2", 7),
        ]);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].first.to_string(), "10.0.0.254");
        assert_eq!(rows[0].last.to_string(), "10.0.1.0");
        assert_eq!(rows[0].at.unix_millis(), 9);
        assert_eq!(rows.iter().map(address_count).sum::<u64>(), 4);
    }

    #[test]
    fn what_is_not_silent_or_has_a_name_stays_alone() {
        let mut refused = silent("10.0.0.2", 1);
        refused.outcome = Outcome::Refused {
            reason: Text::clean("no"),
        };
        let mut named = silent("10.0.0.4", 1);
        named.name = Some(Text::clean("lost.example"));
        let mut closed = silent("10.0.0.6", 1);
        (closed.outcome, closed.witness) = (Outcome::PortClosed, Witness::System);
        let rows = rows([
            silent("10.0.0.1", 1),
            refused,
            silent("10.0.0.3", 1),
            named,
            silent("10.0.0.5", 1),
            closed,
        ]);
        assert_eq!(rows.len(), 6);
    }

    #[test]
    fn a_silent_block_settled_backwards_is_one_row() {
        let mut account = Account::default();
        for address in (0..=0xffff_u32).rev() {
            let address = Ipv4Addr::from(0x0a00_0000 + address);
            account.add(silent(&address.to_string(), 1));
            assert_eq!(account.runs[0].2.len(), 1);
        }
        assert_eq!(account.addresses(), 65_536);
        assert_eq!(account.into_observations().len(), 1);
    }

    fn unreachable(address: u32) -> Observation {
        Observation {
            outcome: Outcome::Unreachable {
                reason: Text::clean("the host cannot be reached"),
            },
            witness: Witness::System,
            ..silent(&Ipv4Addr::from(address).to_string(), 1)
        }
    }

    #[test]
    fn hosts_out_of_reach_are_told_apart_from_silence_as_long_as_the_rows_are_few() {
        let mut account = Account::default();
        for n in 0..1_000 {
            account.add(unreachable(0x0a00_0000 + 2 * n));
            account.add(silent(&Ipv4Addr::from(0x0a00_0001 + 2 * n).to_string(), 1));
        }
        assert_eq!(account.clone().into_observations().len(), 2_000);
        for n in 1_000..100_000 {
            account.add(unreachable(0x0a00_0000 + 2 * n));
            account.add(silent(&Ipv4Addr::from(0x0a00_0001 + 2 * n).to_string(), 1));
        }
        assert_eq!(account.addresses(), 200_000);
        let rows = account.into_observations();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].outcome, Outcome::Silent);
    }

    #[test]
    fn a_silent_address_that_is_better_known_leaves_its_row_and_no_other_does() {
        let mut account = Account::default();
        for n in 1..=9 {
            account.add(silent(&format!("10.0.0.{n}"), 1));
        }
        let mut named = silent("10.0.0.20", 1);
        named.name = Some(Text::clean("mfp.example"));
        account.add(named);
        assert_eq!(account.unheard_v4().count(), 10);
        let open = Outcome::PrinterPortOpen { port: 631 };
        let at = Timestamp::from_unix_millis(5);
        for address in ["10.0.0.1", "10.0.0.5", "10.0.0.9", "10.0.0.20", "10.0.0.77"] {
            let address = address.parse().expect("valid");
            account.correct(address, open.clone(), Witness::TcpConnection, at);
        }
        assert_eq!(account.addresses(), 10);
        let rows: Vec<String> = account
            .into_observations()
            .iter()
            .map(|row| format!("{}-{} {}", row.first, row.last, row.outcome == open))
            .collect();
        assert_eq!(
            rows,
            [
                "10.0.0.1-10.0.0.1 true",
                "10.0.0.2-10.0.0.4 false",
                "10.0.0.5-10.0.0.5 true",
                "10.0.0.6-10.0.0.8 false",
                "10.0.0.9-10.0.0.9 true",
                "10.0.0.20-10.0.0.20 true",
            ]
        );
    }

    #[test]
    fn whoever_was_not_settled_is_told_as_not_asked_and_nobody_twice() {
        use crate::targets::{TargetSpec, ThisMachine};
        let includes = ["192.0.2.1-6".to_owned(), "2001:db8::1".to_owned()];
        let spec = TargetSpec {
            includes: &includes,
            ..TargetSpec::default()
        };
        let targets = TargetPlan::new(&spec, &ThisMachine).expect("valid");
        let mut run = silent("192.0.2.4", 1);
        run.last = "192.0.2.5".parse().expect("valid");
        let mut found = Discovered {
            observations: vec![silent("192.0.2.2", 1), run],
            cancelled: true,
            unsettled: 4,
            ..Discovered::default()
        };
        let reason = Text::clean("quiet");
        fill(
            &mut found,
            &targets,
            &reason,
            Timestamp::from_unix_millis(9),
        );
        let rows: Vec<String> = found
            .observations
            .iter()
            .map(|row| format!("{} {}", row.first, row.outcome == Outcome::Silent))
            .collect();
        assert_eq!(
            rows,
            [
                "192.0.2.1 false",
                "192.0.2.2 true",
                "192.0.2.3 false",
                "192.0.2.4 true",
                "192.0.2.6 false",
                "2001:db8::1 false"
            ]
        );
        assert!(!found.cancelled && found.unsettled == 0);
    }
}
