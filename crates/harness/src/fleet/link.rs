//! A link's losses and delay.

use pagetally_fleet_sim::Chance;
use std::time::Duration;

/// The way between the network and one device. Its losses depend on the seed, the device and how
/// many datagrams went before, never on the clock.
#[derive(Clone, Debug)]
pub struct Link {
    chance: Chance,
    loss_per_million: u32,
    latency: Duration,
}

impl Link {
    /// The link of device `index`.
    #[must_use]
    pub fn new(seed: u64, index: u64, loss_per_million: u32, latency: Duration) -> Self {
        Self {
            chance: Chance::fork(seed, index),
            loss_per_million,
            latency,
        }
    }

    /// Changes what it does from now on.
    pub fn set(&mut self, loss_per_million: u32, latency: Duration) {
        self.loss_per_million = loss_per_million;
        self.latency = latency;
    }

    /// Whether the next datagram is lost.
    pub fn loses(&mut self) -> bool {
        self.chance.per_million(self.loss_per_million)
    }

    /// From a request's arrival to its answer's departure.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.latency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses(mut link: Link) -> Vec<bool> {
        (0..10_000).map(|_| link.loses()).collect()
    }

    #[test]
    fn a_link_set_to_lose_loses_its_share_and_the_same_each_time() {
        let link = |seed| Link::new(seed, 3, 200_000, Duration::ZERO);
        let lost = losses(link(7));
        let share = lost.iter().filter(|lost| **lost).count();
        assert!((1_800..2_200).contains(&share), "{share} of 10,000");
        assert_eq!(lost, losses(link(7)));
        assert_ne!(lost, losses(link(8)));
    }

    #[test]
    fn a_perfect_link_loses_nothing_and_a_cut_one_everything() {
        let link = |loss| Link::new(1, 1, loss, Duration::ZERO);
        assert!(losses(link(0)).iter().all(|lost| !lost));
        assert!(losses(link(1_000_000)).iter().all(|lost| *lost));
    }
}
