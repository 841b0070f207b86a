//! How much is let in: by each source, and by all of them.

use crate::pace::Pace;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Ceiling on the sources whose bucket is not full. A source is kept only while a token of the bucket
/// of all that it took is not made good: with the widest limits that [`TrapLimits::check`] lets
/// through, that is 3,000 of them. So the ceiling is met only by a mistake in this file, and then the
/// newcomer is dropped, not somebody who is known.
const MAX_SOURCES: usize = 4_096;

/// For how long tokens are saved up: a device that was switched on, or ran into trouble, tells a
/// handful of things at once.
const SOURCE_SAVED: Duration = Duration::from_secs(5);
const ALL_SAVED: Duration = Duration::from_secs(2);

/// How many notifications a second are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrapLimits {
    /// From one source. Saved up for five seconds.
    pub per_source: u32,
    /// From all sources together. Saved up for two seconds.
    pub in_all: u32,
}

impl Default for TrapLimits {
    /// A printer in trouble tells a few things a minute; a fleet of thousands after a power cut tells
    /// some dozens a second.
    fn default() -> Self {
        Self {
            per_source: 2,
            in_all: 50,
        }
    }
}

/// Limits that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value}; it goes from 1 to {most}")]
pub struct LimitError {
    /// The field of [`TrapLimits`].
    pub field: &'static str,
    /// What it is.
    pub value: u32,
    /// The most that it may be.
    pub most: u32,
}

impl TrapLimits {
    /// The most that one source may be given.
    pub const MOST_PER_SOURCE: u32 = 100;
    /// The most that all sources may be given.
    pub const MOST_IN_ALL: u32 = 1_000;

    /// Checks that they are in their bounds.
    ///
    /// # Errors
    ///
    /// [`LimitError`] naming the field.
    pub fn check(self) -> Result<(), LimitError> {
        for (field, value, most) in [
            ("per_source", self.per_source, Self::MOST_PER_SOURCE),
            ("in_all", self.in_all, Self::MOST_IN_ALL),
        ] {
            if !(1..=most).contains(&value) {
                return Err(LimitError { field, value, most });
            }
        }
        Ok(())
    }
}

/// Where a datagram came from, whatever the port: a device uses a new one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source {
    ip: IpAddr,
    zone: u32,
}

impl Source {
    pub(super) fn of(address: &SocketAddr) -> Self {
        let zone = match address {
            SocketAddr::V6(address) => address.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        Self {
            ip: address.ip().to_canonical(),
            zone,
        }
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.ip
    }
}

/// Why something is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Source,
    All,
}

/// The buckets.
#[derive(Debug)]
pub(super) struct Gate {
    limits: TrapLimits,
    all: Pace,
    sources: HashMap<Source, Pace>,
}

impl Gate {
    pub(super) fn new(limits: TrapLimits) -> Self {
        Self {
            limits,
            all: Pace::with_saved(limits.in_all, ALL_SAVED),
            sources: HashMap::new(),
        }
    }

    /// Takes a token of the source and one of all.
    pub(super) fn admit(&mut self, source: Source, now: Duration) -> Result<(), Over> {
        // Buckets begin empty at the beginning of time; here they begin full.
        let now = now.saturating_add(SOURCE_SAVED.max(ALL_SAVED));
        let known = self.sources.get(&source);
        if known.is_some_and(|pace| pace.ready(now).is_err()) {
            return Err(Over::Source);
        }
        if self.all.ready(now).is_err() || (known.is_none() && !self.has_room(now)) {
            return Err(Over::All);
        }
        self.all.spend(now);
        self.sources
            .entry(source)
            .or_insert_with(|| Pace::with_saved(self.limits.per_source, SOURCE_SAVED))
            .spend(now);
        Ok(())
    }

    /// Whether one more source can be kept, those with a full bucket forgotten.
    fn has_room(&mut self, now: Duration) -> bool {
        if self.sources.len() >= MAX_SOURCES {
            self.sources.retain(|_, pace| !pace.is_full(now));
        }
        self.sources.len() < MAX_SOURCES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u32) -> Source {
        Source::of(&SocketAddr::from((std::net::Ipv4Addr::from(number), 162)))
    }

    #[test]
    fn a_storm_of_one_source_does_not_take_what_another_needs() {
        let mut gate = Gate::new(TrapLimits::default());
        let mut loud = 0;
        let mut quiet = 0;
        // 20,000 in ten seconds, while another tells something each second.
        for step in 0..20_000_u64 {
            let now = Duration::from_micros(500 * step);
            loud += u32::from(gate.admit(source(1), now).is_ok());
            if step % 2_000 == 0 {
                quiet += u32::from(gate.admit(source(2), now).is_ok());
            }
        }
        assert_eq!(quiet, 10, "all that the quiet one told");
        assert!((20..=32).contains(&loud), "{loud} of the storm");
    }

    #[test]
    fn a_storm_of_many_sources_is_held_to_the_limit_of_all_and_fills_no_table() {
        let limits = TrapLimits {
            per_source: 1,
            in_all: TrapLimits::MOST_IN_ALL,
        };
        assert_eq!(limits.check(), Ok(()));
        let mut gate = Gate::new(limits);
        let mut admitted = 0;
        let mut most = 0;
        for number in 0..200_000_u32 {
            let now = Duration::from_micros(100 * u64::from(number));
            admitted += u32::from(gate.admit(source(number), now).is_ok());
            most = most.max(gate.sources.len());
        }
        assert!((20_000..=22_001).contains(&admitted), "{admitted} in 20 s");
        assert!(most <= MAX_SOURCES, "{most} sources were kept");
    }

    #[test]
    fn a_source_is_one_whatever_its_port_and_another_in_another_zone() {
        let of = |text: &str| Source::of(&text.parse().expect("valid"));
        assert_eq!(of("192.0.2.1:1"), of("192.0.2.1:2"));
        assert_eq!(of("192.0.2.1:1"), of("[::ffff:192.0.2.1]:1"));
        assert_ne!(of("[fe80::1%1]:1"), of("[fe80::1%2]:1"));
    }

    #[test]
    fn limits_out_of_bounds_are_refused_by_name() {
        let limits = TrapLimits {
            per_source: 0,
            ..TrapLimits::default()
        };
        assert_eq!(limits.check().expect_err("zero").field, "per_source");
        let limits = TrapLimits {
            in_all: 1_001,
            ..TrapLimits::default()
        };
        assert_eq!(limits.check().expect_err("too many").field, "in_all");
    }
}
