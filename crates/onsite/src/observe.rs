//! The account of a pass: exactly one observation for every address, silent neighbours in one row.

use pagetally_model::{Observation, Outcome, Timestamp, Witness};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// Gathers observations as they come, in any order, in memory that grows with what answers and not
/// with what is asked: a silent /8 is one row.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Unnamed IPv4 addresses where nothing came back.
    silent: Runs,
    /// Unnamed IPv4 addresses that have no agent by the word of their machines.
    closed: Runs,
    others: Vec<Observation>,
}

/// Runs of addresses: first to last, and when the latest was settled.
type Runs = BTreeMap<u32, (u32, Timestamp)>;

impl Account {
    /// Takes one observation. Each address must be told once.
    pub fn add(&mut self, observation: Observation) {
        match (observation.first, observation.last) {
            (IpAddr::V4(first), IpAddr::V4(last)) if may_share(&observation) => {
                let runs = if observation.witness == Witness::System {
                    &mut self.closed
                } else {
                    &mut self.silent
                };
                add_run(runs, first.into(), last.into(), observation.at);
            }
            _ => self.others.push(observation),
        }
    }

    /// How many addresses have been settled.
    pub fn addresses(&self) -> u64 {
        let silent: u64 = self
            .silent
            .iter()
            .chain(&self.closed)
            .map(|(first, (last, _))| u64::from(last.saturating_sub(*first)) + 1)
            .sum();
        silent + self.others.len() as u64
    }

    /// All rows, in the order of their addresses. A run of silent addresses carries the time at
    /// which the latest of them was settled: only then is all of it true.
    pub fn into_observations(self) -> Vec<Observation> {
        let row = |witness| {
            move |(first, (last, at))| Observation {
                first: IpAddr::V4(Ipv4Addr::from(first)),
                last: IpAddr::V4(Ipv4Addr::from(last)),
                name: None,
                outcome: Outcome::Silent,
                witness,
                at,
            }
        };
        let silent = self.silent.into_iter().map(row(Witness::NoAnswer));
        let closed = self.closed.into_iter().map(row(Witness::System));
        let mut rows: Vec<Observation> = silent.chain(closed).chain(self.others).collect();
        rows.sort_by_key(|row| row.first);
        rows
    }
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

/// Only what says no more than "silent", by the same witness, may share a row.
fn may_share(observation: &Observation) -> bool {
    observation.outcome == Outcome::Silent
        && matches!(observation.witness, Witness::NoAnswer | Witness::System)
        && observation.name.is_none()
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
    use pagetally_model::Text;

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
        closed.witness = Witness::System;
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
            assert!(account.silent.len() == 1);
        }
        assert_eq!(account.addresses(), 65_536);
        assert_eq!(account.into_observations().len(), 1);
    }
}
