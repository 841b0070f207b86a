//! How much a network loses, as far as those show it that answered in the end.

/// What was asked of devices that answered in the end, and what of it had no answer in time.
///
/// It counts ways there and back as one, and takes an answer that came too late for a lost one: either
/// makes a living device look silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Loss {
    asked: u64,
    unanswered: u64,
    /// How many devices left something unanswered.
    devices: u64,
}

impl Loss {
    /// What one device counts at most: one that ignores what it cannot do is no network that loses.
    const MOST_OF_ONE: u32 = 2;

    /// Fewer devices than these tell of themselves, not of their network.
    const LEAST_DEVICES: u64 = 3;

    /// Ceiling on what is believed, in millionths: where more is lost, asking more is no help.
    const MOST: u64 = 500_000;

    /// Takes what one device answered, and what it did not.
    pub(super) fn note(&mut self, answered: u32, unanswered: u32) {
        let unanswered = unanswered.min(Self::MOST_OF_ONE);
        self.asked += u64::from(answered) + u64::from(unanswered);
        self.unanswered += u64::from(unanswered);
        self.devices += u64::from(unanswered > 0);
    }

    /// How many of a million requests get no answer; nothing where too few devices tell.
    pub(super) fn per_million(&self) -> Option<u32> {
        if self.devices < Self::LEAST_DEVICES {
            return None;
        }
        let rate = self.unanswered * 1_000_000 / self.asked.max(1);
        u32::try_from(rate.min(Self::MOST)).ok()
    }

    /// How many more times to ask so that of `living` devices that were asked `times` times, hardly one
    /// is still silent: that any is has a chance of one in a hundred at most.
    pub(super) fn more(&self, living: u64, times: u32) -> u32 {
        const SMALL: f64 = 0.01;
        let Some(rate) = self.per_million() else {
            return 0;
        };
        let rate = f64::from(rate) / 1e6;
        let living = f64::from(u32::try_from(living).unwrap_or(u32::MAX));
        let still = |more: &u32| {
            let times = times.saturating_add(*more);
            living * rate.powi(i32::try_from(times).unwrap_or(i32::MAX))
        };
        let enough = (0..super::MAX_MORE_ROUNDS).find(|more| still(more) <= SMALL);
        enough.unwrap_or(super::MAX_MORE_ROUNDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand devices that answer five requests each, one request in `every` only when repeated.
    fn loss(every: u32) -> Loss {
        let mut loss = Loss::default();
        for number in 0..1_000_u32 {
            let before = number * 5 / every;
            loss.note(5, (number + 1) * 5 / every - before);
        }
        loss
    }

    #[test]
    fn a_network_that_loses_nothing_asks_for_no_more() {
        let mut loss = Loss::default();
        (0..1_000).for_each(|_| loss.note(5, 0));
        assert_eq!((loss.per_million(), loss.more(1_000, 1)), (None, 0));
    }

    #[test]
    fn few_devices_that_are_slow_are_no_network_that_loses() {
        let mut loss = Loss::default();
        (0..18).for_each(|_| loss.note(5, 0));
        (0..2).for_each(|_| loss.note(5, 900));
        assert_eq!((loss.per_million(), loss.more(20, 2)), (None, 0));
    }

    #[test]
    fn the_more_is_lost_and_the_fewer_times_it_was_asked_the_more_is_asked() {
        // One in eleven, as five lost of a hundred on either way make it.
        assert_eq!(loss(10).per_million(), Some(90_909));
        assert_eq!(loss(10).more(1_000, 2), 3);
        assert_eq!(loss(10).more(1_000, 5), 0);
        assert_eq!(loss(10).more(20, 2), 2);
        assert!(loss(2).more(1_000, 2) > loss(10).more(1_000, 2));
        assert!(loss(1).more(u64::MAX, 0) <= crate::sweep::MAX_MORE_ROUNDS);
    }
}
