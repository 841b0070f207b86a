//! How long a device takes to answer.

use std::time::Duration;

/// The least that is waited before a request is sent again. RFC 6298 says one second for TCP; an
/// agent in a printer that is rendering answers some 100 to 200 ms late now and then, and a request
/// that is sent again too early costs one datagram, no more: either answer counts.
const FLOOR: Duration = Duration::from_millis(250);

/// A smoothed round-trip time and its variation (RFC 6298 section 2).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RoundTrip {
    estimate: Option<(Duration, Duration)>,
}

impl RoundTrip {
    /// An estimate from an earlier read. What it says is a start only: it moves with every answer.
    pub(super) fn remembered(smoothed: Duration, variation: Duration) -> Self {
        Self {
            estimate: Some((smoothed, variation)),
        }
    }

    /// Takes one measured round trip.
    pub(super) fn note(&mut self, sample: Duration) {
        self.estimate = Some(match self.estimate {
            None => (sample, sample / 2),
            Some((smoothed, variation)) => (
                (smoothed * 7 + sample) / 8,
                (variation * 3 + smoothed.abs_diff(sample)) / 4,
            ),
        });
    }

    /// How long to wait before sending again, where answers were measured. The ceiling is the
    /// caller's: its timeout, which is what it would wait without any measurement.
    pub(super) fn wait(&self) -> Option<Duration> {
        let (smoothed, variation) = self.estimate?;
        Some(
            smoothed
                .saturating_add(variation.saturating_mul(4))
                .max(FLOOR),
        )
    }

    /// The smoothed round-trip time and its variation.
    pub(super) fn estimate(&self) -> Option<(Duration, Duration)> {
        self.estimate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_the_device() {
        let ms = Duration::from_millis;
        let mut trip = RoundTrip::default();
        assert_eq!(trip.wait(), None);
        trip.note(ms(400));
        assert_eq!(trip.wait(), Some(ms(1_200)));
        for _ in 0..60 {
            trip.note(ms(10));
        }
        assert_eq!(trip.wait(), Some(FLOOR));
    }

    #[test]
    fn nonsense_from_an_earlier_read_does_not_overflow() {
        let trip = RoundTrip::remembered(Duration::MAX, Duration::MAX);
        assert_eq!(trip.wait(), Some(Duration::MAX));
    }
}
