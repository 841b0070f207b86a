//! Treats what became of every address, and what devices told unasked.

use super::super::{Field, Treatment};
use super::known::{Gather, Known, Replace};
use super::{Treater, network, v4_network};
use crate::mask::Public;
use pagetally_model::{Observation, Outcome, Text, TrapNotice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

impl Treater<'_> {
    /// Treats what became of every address. Where addresses are shortened or dropped, rows that then say
    /// the same become one.
    pub fn observations(&self, rows: Vec<Observation>) -> Vec<Observation> {
        let mut told = Vec::with_capacity(rows.len());
        for mut row in rows {
            self.names_of_row(&mut row);
            let mut known = Known::new(self, Public::default());
            row.visit_texts(&mut Gather {
                known: &mut known,
                firmware: None,
            });
            row.visit_texts(&mut Replace { known: &known });
            self.place(row, &mut told);
        }
        if self.privacy.of(Field::Address) != Treatment::Send {
            told.sort_by_key(|row| row.first);
        }
        told
    }

    fn names_of_row(&self, row: &mut Observation) {
        let is_own = row.first.is_unspecified();
        if let Some(name) = row.name.take_if(|_| !is_own) {
            // A link-local address with its zone is an address, and its row has that already.
            let is_address = name.as_str().contains('%');
            let field = if is_address {
                Field::Address
            } else {
                Field::Hostname
            };
            row.name = match self.privacy.of(field) {
                Treatment::Send => Some(name),
                Treatment::Drop => None,
                _ if is_address => None,
                _ => Some(Text::clean(&self.instead(field, name.as_str()))),
            };
        }
        if let Outcome::OtherDevice { description } = &mut row.outcome
            && self.privacy.of(Field::OtherDevices) == Treatment::Drop
        {
            *description = None;
        }
    }

    /// Adds a row under the addresses that may be told.
    fn place(&self, row: Observation, told: &mut Vec<Observation>) {
        let treatment = self.privacy.of(Field::Address);
        if treatment == Treatment::Send || row.first.is_unspecified() {
            told.push(row);
            return;
        }
        let at = |first, last| Observation {
            first,
            last,
            ..row.clone()
        };
        match (treatment, row.first, row.last) {
            (Treatment::Pseudonymise, IpAddr::V4(first), IpAddr::V4(last)) => {
                told.extend(blocks(first, last).map(|(block, others)| {
                    // A block becomes a block of the same size.
                    let new = u128::from(self.names.ipv4(block));
                    let ends = [new & !u128::from(others), new | u128::from(others)];
                    let [first, last] = ends.map(|end| IpAddr::V6(Ipv6Addr::from(end)));
                    at(first, last)
                }));
            }
            (Treatment::Pseudonymise, first, _) => {
                let new = IpAddr::V6(self.names.address(first));
                told.push(at(new, new));
            }
            (Treatment::Shorten, IpAddr::V4(first), IpAddr::V4(last)) => {
                let (mut next, last) = (v4_network(first), v4_network(last));
                loop {
                    merge(at(next.into(), next.into()), told);
                    match u32::from(next).checked_add(256) {
                        Some(following) if next < last => next = following.into(),
                        _ => break,
                    }
                }
            }
            (Treatment::Shorten, first, _) => merge(at(network(first), network(first)), told),
            _ => {
                // Where nobody is told of, nothing can be said of an address that is left out.
                if !tells_nothing(&row.outcome) {
                    let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
                    told.push(at(nowhere, nowhere));
                }
            }
        }
    }

    /// Treats what devices told unasked.
    pub fn notices(&self, notices: &mut [TrapNotice]) {
        for notice in notices {
            let mut known = Known::new(self, Public::default());
            notice.visit_texts(&mut Gather {
                known: &mut known,
                firmware: None,
            });
            notice.visit_texts(&mut Replace { known: &known });
            notice.from = match self.privacy.of(Field::Address) {
                Treatment::Send => notice.from,
                Treatment::Pseudonymise => self.names.address(notice.from).into(),
                Treatment::Shorten => network(notice.from),
                Treatment::Drop => Ipv4Addr::UNSPECIFIED.into(),
            };
        }
    }
}

/// A run of addresses as whole blocks that share their first bits, which is what keeps together when
/// addresses become pseudonyms: one address of each, and the bits that tell it from the others.
fn blocks(first: Ipv4Addr, last: Ipv4Addr) -> impl Iterator<Item = (Ipv4Addr, u32)> {
    let mut next = Some(u32::from(first));
    let last = u32::from(last);
    std::iter::from_fn(move || {
        let begin = next.filter(|begin| *begin <= last)?;
        let mut others = u32::MAX
            .checked_shr(32 - begin.trailing_zeros())
            .unwrap_or(0);
        while begin | others > last {
            others >>= 1;
        }
        next = (begin | others).checked_add(1);
        Some((begin.into(), others))
    })
}

/// Adds a row, or notes the later time in one that says the same. Rows of printers stay apart.
fn merge(row: Observation, told: &mut Vec<Observation>) {
    let same = told.iter_mut().rev().take(64).find(|known| {
        known.first == row.first
            && known.last == row.last
            && known.name == row.name
            && known.outcome == row.outcome
            && known.witness == row.witness
    });
    match same {
        Some(known) => known.at = known.at.max(row.at),
        None => told.push(row),
    }
}

fn tells_nothing(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Silent
            | Outcome::PortClosed
            | Outcome::Unreachable { .. }
            | Outcome::NotAsked { .. }
    )
}
