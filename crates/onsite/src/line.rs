//! How many audits the line to Central carries in one call.
//!
//! What is signed as one submission is sent as one, so its size is chosen when a pass is stored: by how
//! long the last deliveries took. A fast line carries the most that a submission may have; on one that
//! is slow, or that breaks off, submissions become small enough to get through.

use crate::enrolment::{StateError, from_bytes, to_bytes};
use pagetally_store::MAX_AUDITS_PER_SUBMISSION;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long one submission should take: a quarter of the minute in which a Central wants a call whole.
const GOOD_TIME: Duration = Duration::from_secs(15);

/// Before anything is known of the line: some 100 kB, which the slowest of modems carries.
const FIRST: usize = 100;

/// Fewer would be more envelope than audits.
const LEAST: usize = 10;

/// What is known of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    audits: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { audits: FIRST }
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    audits: usize,
}

impl Line {
    /// The most audits of one submission.
    pub(crate) const fn audits(self) -> usize {
        self.audits
    }

    /// Learns from a submission that was acknowledged.
    pub(crate) fn carried(&mut self, audits: usize, took: Duration) {
        if audits == 0 {
            return;
        }
        let each = took.as_micros() / audits as u128;
        let fit = GOOD_TIME.as_micros().checked_div(each).unwrap_or(u128::MAX);
        let fit = usize::try_from(fit).unwrap_or(usize::MAX);
        // A few audits say that the line is slow, and nothing of how fast it is: most of their time is
        // the call's own.
        let says_enough = audits >= self.audits / 2;
        if fit < self.audits || says_enough {
            self.set(fit.min(self.audits.saturating_mul(4)));
        }
    }

    /// Learns from a submission that broke off or took too long.
    pub(crate) fn broke(&mut self, audits: usize) {
        if audits >= LEAST {
            self.set(self.audits.min(audits) / 2);
        }
    }

    fn set(&mut self, audits: usize) {
        self.audits = audits.clamp(LEAST, MAX_AUDITS_PER_SUBMISSION);
    }

    pub(crate) fn to_bytes(self) -> Result<Vec<u8>, StateError> {
        let document = Document {
            format: 1,
            audits: self.audits,
        };
        to_bytes("line", &document)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let document: Document = from_bytes("line", bytes)?;
        let mut line = Self::default();
        line.set(document.audits);
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_line_is_soon_given_all_that_a_submission_may_have() {
        let mut line = Line::default();
        for _ in 0..2 {
            line.carried(line.audits(), Duration::from_millis(200));
        }
        assert_eq!(line.audits(), MAX_AUDITS_PER_SUBMISSION);
    }

    #[test]
    fn a_slow_line_is_given_what_it_carries_in_good_time() {
        let mut line = Line::default();
        line.carried(100, Duration::from_secs(60));
        assert_eq!(line.audits(), 25);
        line.carried(25, Duration::from_secs(15));
        assert_eq!(line.audits(), 25);
    }

    #[test]
    fn a_line_that_breaks_off_is_given_less_until_little_is_left() {
        let mut line = Line::default();
        for _ in 0..9 {
            line.broke(line.audits());
        }
        assert_eq!(line.audits(), LEAST);
    }

    #[test]
    fn a_few_audits_tell_nothing_of_a_fast_line() {
        let mut line = Line::default();
        line.carried(3, Duration::from_millis(30));
        assert_eq!(line, Line::default());
    }

    #[test]
    fn what_is_known_survives_its_own_bytes() {
        let mut line = Line::default();
        line.carried(100, Duration::from_secs(60));
        let bytes = line.to_bytes().expect("JSON");
        assert_eq!(Line::from_bytes(&bytes).expect("JSON"), line);
        assert!(Line::from_bytes(b"{\"format\":2}").is_err());
    }
}
