//! What a silent address is asked, round by round.

use super::SweepConfig;
use crate::Version;
use std::time::Duration;

/// How many datagrams a bundle has besides the repeated first one, where more are not needed to ask
/// everything in time.
const BUNDLE: usize = 4;

/// One datagram to one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Next { version: Version, index: u8 },
    Discovery,
}

/// The first probe of all, where there is a community.
const FIRST: Step = Step::Next {
    version: Version::V2c,
    index: 0,
};

/// What a sweep costs where nobody answers. Printers cost more, because they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweepCost {
    /// Datagrams sent to one address, in all rounds.
    pub datagrams_per_address: u64,
    /// Datagrams sent.
    pub datagrams: u64,
    /// What is waited for answers. The time that the pace gives to the datagrams comes on top.
    pub waiting: Duration,
}

/// What a silent address is asked, round by round.
#[derive(Debug)]
pub(super) struct Agenda {
    first: Step,
    /// All but the first probe.
    others: Vec<Step>,
    /// How many of them a bundle holds.
    bundle: usize,
    /// How many bundles hold all of them.
    bundles: u32,
    /// Rounds after the first.
    later: u32,
    /// What is asked in each round after those.
    again: Vec<Step>,
    /// Rounds after those.
    more: u32,
    /// Whether there is anything to ask with.
    empty: bool,
}

impl Agenda {
    pub(super) fn new(config: &SweepConfig) -> Self {
        let indices = (0..u8::MAX).take(config.communities.len());
        let with = |version| move |index| Step::Next { version, index };
        let mut others: Vec<Step> = indices.clone().skip(1).map(with(Version::V2c)).collect();
        if config.try_v1 {
            others.extend(indices.map(with(Version::V1)));
        }
        let first = if config.communities.is_empty() {
            Step::Discovery
        } else {
            FIRST
        };
        if config.detect_refusal && first == FIRST {
            others.push(Step::Discovery);
        }
        let later = usize::try_from(config.retries).unwrap_or(usize::MAX);
        let bundle = others.len().div_ceil(later.max(1)).max(BUNDLE);
        let bundles = u32::try_from(others.len().div_ceil(bundle)).unwrap_or(u32::MAX);
        Self {
            first,
            others,
            bundle,
            bundles,
            later: config.retries,
            again: Vec::new(),
            more: 0,
            empty: config.communities.is_empty() && !config.detect_refusal,
        }
    }

    pub(super) fn has_round(&self, round: u32) -> bool {
        round <= self.later.saturating_add(self.more)
    }

    /// Appends so many rounds that ask this: the first of them.
    pub(super) fn ask_again(&mut self, steps: Vec<Step>, rounds: u32) -> u32 {
        self.again = steps;
        self.more = rounds;
        self.later.saturating_add(1)
    }

    /// A step of a round, and whether the same was asked in an earlier one.
    pub(super) fn step(&self, round: u32, place: u16) -> Option<(Step, bool)> {
        if self.empty || !self.has_round(round) {
            return None;
        }
        if round > self.later {
            return self.again.get(usize::from(place)).map(|step| (*step, true));
        }
        let Some(place) = usize::from(place).checked_sub(1) else {
            return Some((self.first, round > 0));
        };
        if self.later == 0 {
            return self.others.get(place).map(|step| (*step, false));
        }
        let bundle = round.checked_sub(1)?;
        let repeated = bundle >= self.bundles;
        let bundle = usize::try_from(bundle.checked_rem(self.bundles)?).ok()?;
        let (first, end) = (bundle * self.bundle, (bundle + 1) * self.bundle);
        let step = *self
            .others
            .get(first..end.min(self.others.len()))?
            .get(place)?;
        // Who does not answer a discovery at once seldom does later; it is the dearest to answer.
        (!repeated || step != Step::Discovery).then_some((step, repeated))
    }

    /// Whether an address has been asked this, once `taken` steps of `round` have been taken.
    pub(super) fn is_asked(&self, step: Step, round: u32, taken: u16) -> bool {
        let first = if step == self.first {
            Some((0, 0))
        } else {
            let number = self.others.iter().position(|other| *other == step);
            number.map(|number| match self.later {
                0 => (0, 1 + number),
                _ => (1 + number / self.bundle, 1 + number % self.bundle),
            })
        };
        let Some((in_round, place)) = first else {
            return false;
        };
        let now = (
            usize::try_from(round).unwrap_or(usize::MAX),
            usize::from(taken),
        );
        (in_round, place) < now
    }

    /// How often an address has been asked this, once `taken` steps of `round` have been taken. Of more
    /// than a thousand rounds, the first thousand are counted.
    pub(super) fn times(&self, step: Step, round: u32, taken: u16) -> u32 {
        let is_it = |round: u32, place: &u16| {
            let asked = self.step(round, *place);
            asked.is_some_and(|(asked, _)| asked == step)
        };
        let of_round = |of: u32| {
            let places = 0..if of == round { taken } else { self.places() };
            places.filter(|place| is_it(of, place)).count()
        };
        let times = (0..=round.min(1_000)).map(of_round).sum::<usize>();
        u32::try_from(times).unwrap_or(u32::MAX)
    }

    /// How often a silent address is asked this in all its rounds.
    pub(super) fn times_in_all(&self, step: Step) -> u32 {
        self.times(step, self.later, self.places())
    }

    /// The most steps of a round.
    fn places(&self) -> u16 {
        u16::try_from(self.others.len() + 1).unwrap_or(u16::MAX)
    }

    /// Of more than a thousand rounds, the first thousand are counted.
    pub(super) fn silent_cost(&self, addresses: u64, timeout: Duration) -> SweepCost {
        let count = |round| {
            (0..u16::MAX)
                .map_while(move |place| self.step(round, place))
                .count()
        };
        let datagrams_per_address = (0..=self.later.min(1_000)).map(count).sum::<usize>() as u64;
        SweepCost {
            datagrams_per_address,
            datagrams: datagrams_per_address.saturating_mul(addresses),
            waiting: timeout.saturating_mul(self.later.saturating_add(1)),
        }
    }
}
