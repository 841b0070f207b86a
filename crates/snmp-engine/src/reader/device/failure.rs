//! What the reader does when a request brings an error instead of variables.

use super::super::column::Column;
use super::super::work::{Asked, FailedGet, Recheck, before};
use super::DeviceReader;
use crate::message::status;
use crate::{GapReason, Oid};

/// Why a request gave no variables.
#[derive(Clone, Copy, Debug)]
pub(super) enum Failure {
    Status { status: i64, index: i64 },
    Malformed,
}

impl Failure {
    fn reason(self) -> GapReason {
        match self {
            Self::Status { status, .. } => GapReason::ErrorStatus(status),
            Self::Malformed => GapReason::Malformed,
        }
    }

    fn is(self, wanted: i64) -> bool {
        matches!(self, Self::Status { status, .. } if status == wanted)
    }

    /// The place that an error points at (RFC 3416 section 3, error-index), if it is one of `len`.
    fn place(self, len: usize) -> Option<usize> {
        match self {
            Self::Status { index, .. } => usize::try_from(index)
                .ok()
                .and_then(|index| index.checked_sub(1))
                .filter(|place| *place < len),
            Self::Malformed => None,
        }
    }
}

impl DeviceReader {
    pub(super) fn handle_failure(&mut self, asked: Asked, failure: Failure) {
        match asked {
            Asked::Get(names) => self.handle_get_failure(names, failure),
            Asked::Peek(names) => self.handle_peek_failure(names, failure),
            Asked::Next(columns) => self.handle_next_failure(columns, failure),
            Asked::Step(step) => self.handle_vain_step(step),
            Asked::Recheck(steps) => self.handle_recheck_failure(steps, failure),
            Asked::Bulk(chains, pages) => {
                // A GETBULK has no reason to fail but its size (RFC 3416 section 4.2.3).
                let large = failure.is(status::TOO_BIG) || matches!(failure, Failure::Malformed);
                self.state.manner.bulk = large && self.state.sizes.shrink();
                self.state.work.put_back(Asked::Bulk(chains, pages));
            }
        }
    }

    fn handle_recheck_failure(&mut self, mut steps: Vec<Recheck>, failure: Failure) {
        if failure.is(status::TOO_BIG) && steps.len() > 1 {
            self.state.sizes.too_large(steps.len());
        } else if let Some(place) = failure.place(steps.len()) {
            steps.remove(place);
        } else {
            return; // What was seen already is what there is.
        }
        self.state.work.put_back(Asked::Recheck(steps));
    }

    fn handle_get_failure(&mut self, mut names: Vec<Oid>, failure: Failure) {
        let missing = failure.is(status::NO_SUCH_NAME);
        let culprit = match names.len() {
            1 => Some(0),
            len => failure.place(len).filter(|_| !failure.is(status::TOO_BIG)),
        };
        let Some(place) = culprit else {
            if failure.is(status::TOO_BIG) {
                self.state.sizes.too_large(names.len());
            } else {
                self.state.sizes.split(names.len());
            }
            self.state.work.put_back(Asked::Get(names));
            return;
        };
        let only = names.len() == 1;
        let culprit = names.remove(place);
        self.state.manner.peek |= missing && !only && self.may_peek;
        if missing {
            // RFC 1157 section 4.1.2: the device does not have it, which is no gap.
        } else if failure.is(status::AUTHORIZATION_ERROR)
            || failure.is(status::NO_ACCESS)
            || only && failure.is(status::TOO_BIG)
        {
            self.gap(culprit, failure.reason());
        } else if only {
            self.step_to_failed(culprit, failure.reason());
        } else {
            self.state.work.alone.push_back(culprit);
        }
        self.state.work.put_back(Asked::Get(names));
    }

    /// An instance failed a GET of its own: a step from the name before it may bring it all the same.
    pub(super) fn step_to_failed(&mut self, name: Oid, reason: GapReason) {
        if self.vain_steps < Self::MAX_VAIN_STEPS && before(&name).is_some() {
            self.state.work.steps.push_back(FailedGet { name, reason });
        } else {
            self.gap(name, reason);
        }
    }

    pub(super) fn handle_vain_step(&mut self, step: FailedGet) {
        self.vain_steps += 1;
        self.gap(step.name, step.reason);
    }

    fn handle_peek_failure(&mut self, mut names: Vec<Oid>, failure: Failure) {
        match failure.place(names.len()) {
            Some(place) if failure.is(status::NO_SUCH_NAME) => {
                // RFC 1157 section 4.1.3: nothing lies behind it, so the device has none of the
                // names that do.
                let culprit = names.remove(place);
                names.retain(|name| *name < culprit);
            }
            _ if failure.is(status::TOO_BIG) && names.len() > 1 => {
                self.state.sizes.too_large(names.len());
            }
            // Whatever this device has against it, GET will do.
            _ => {
                self.may_peek = false;
                self.state.manner.peek = false;
            }
        }
        self.state.work.put_back(Asked::Peek(names));
    }

    fn handle_next_failure(&mut self, mut columns: Vec<Column>, failure: Failure) {
        let ended = failure.is(status::NO_SUCH_NAME);
        let culprit = match columns.len() {
            1 => Some(0),
            len => failure.place(len).filter(|_| ended),
        };
        let Some(place) = culprit else {
            if failure.is(status::TOO_BIG) {
                self.state.sizes.too_large(columns.len());
            } else {
                self.state.sizes.split(columns.len());
            }
            self.state.work.put_back(Asked::Next(columns));
            return;
        };
        let column = columns.remove(place);
        if column.is_instance() && !ended {
            self.state.work.alone.push_back(column.root); // GET will show.
        } else if !ended {
            self.broken.push((column, failure.reason()));
        }
        // Else RFC 1157 section 4.1.3: nothing lies behind the name, so the column ends there.
        self.state.work.put_back(Asked::Next(columns));
    }
}
