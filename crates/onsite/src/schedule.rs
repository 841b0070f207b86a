//! When the next pass starts.

use std::time::Duration;

/// Share of the interval by which a pass may start early or late, in percent: thousands of agents
/// that came back with the power must not knock at Central in one second.
const JITTER_PERCENT: u64 = 10;

/// How long to wait from the start of one pass to the start of the next: the interval, up to 10 %
/// more or less, taken from a random number.
pub fn next_start(interval: Duration, random: u64) -> Duration {
    let millis = crate::clock::millis(interval);
    let swing = millis / 100 * JITTER_PERCENT;
    let offset = random.checked_rem(2 * swing + 1).unwrap_or(0);
    Duration::from_millis(millis.saturating_sub(swing).saturating_add(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_swings_a_tenth_around_the_interval() {
        let hour = Duration::from_secs(3_600);
        let waits: Vec<u64> = (0..1_000_u64)
            .map(|n| next_start(hour, n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).as_secs())
            .collect();
        assert!(waits.iter().all(|wait| (3_240..=3_960).contains(wait)));
        assert!(waits.iter().any(|wait| *wait < 3_400));
        assert!(waits.iter().any(|wait| *wait > 3_800));
    }
}
