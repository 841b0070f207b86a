//! A flag that stops a scan.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A flag that stops a scan from another thread or from a signal handler. Clones share one flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Cancel {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag: whoever looks at it stops within a tenth of a second.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
            || self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The same flag, which counts as raised from `deadline` on for whoever looks at it through this
    /// one.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        let earlier = self.deadline.map_or(deadline, |own| own.min(deadline));
        Self {
            flag: Arc::clone(&self.flag),
            deadline: Some(earlier),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_deadline_stops_only_who_looks_through_it() {
        let cancel = Cancel::new();
        let over = cancel.until(Instant::now());
        let later = cancel.until(Instant::now() + Duration::from_secs(3_600));
        assert!(over.is_cancelled() && !later.is_cancelled() && !cancel.is_cancelled());
        assert!(
            over.until(Instant::now() + Duration::from_secs(3_600))
                .is_cancelled()
        );
        cancel.cancel();
        assert!(later.is_cancelled());
    }
}
