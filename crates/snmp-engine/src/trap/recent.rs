//! Which informs were told a moment ago.

use super::limit::Source;
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// How long an inform is remembered. A sender gives up long before: net-snmp after six seconds, the
/// slowest that is known after two minutes.
const REMEMBERED: Duration = Duration::from_secs(300);

/// Ceiling on the informs that are remembered, 100 bytes each. What is admitted at the default limit
/// is remembered for 20 seconds at least; a repetition of what is forgotten is told twice, which costs
/// nothing but that.
const MAX_RECENT: usize = 1_024;

/// What makes two informs one: who sent it, its number, and what it says. A device that starts again
/// begins its numbers again too, with another uptime.
///
/// The digest is no cryptographic one: whoever finds two informs with the same digest can hide but his
/// own second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Inform {
    source: Source,
    request_id: i64,
    digest: u64,
}

impl Inform {
    pub(super) fn new(source: Source, request_id: i64, content: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Self {
            source,
            request_id,
            digest: hasher.finish(),
        }
    }
}

/// The informs that were told.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: HashSet<Inform>,
    order: VecDeque<(Duration, Inform)>,
}

impl Recent {
    /// Whether this one was told before; if not, it is from now on.
    pub(super) fn is_repeated(&mut self, inform: Inform, now: Duration) -> bool {
        while let Some((told, _)) = self.order.front() {
            let is_old = told.saturating_add(REMEMBERED) <= now;
            if !is_old && self.order.len() < MAX_RECENT {
                break;
            }
            if let Some((_, forgotten)) = self.order.pop_front() {
                self.known.remove(&forgotten);
            }
        }
        let is_new = self.known.insert(inform);
        if is_new {
            self.order.push_back((now, inform));
        }
        !is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn inform(port: u16, id: i64, content: &str) -> Inform {
        let address = SocketAddr::from(([192, 0, 2, 1], port));
        Inform::new(Source::of(&address), id, &content)
    }

    #[test]
    fn an_inform_is_new_once_and_again_when_it_is_old() {
        let mut recent = Recent::default();
        let at = Duration::from_secs;
        assert!(!recent.is_repeated(inform(1, 7, "a"), at(0)));
        assert!(recent.is_repeated(inform(2, 7, "a"), at(200)));
        assert!(!recent.is_repeated(inform(1, 7, "b"), at(200)));
        assert!(!recent.is_repeated(inform(1, 8, "a"), at(200)));
        assert!(!recent.is_repeated(inform(1, 7, "a"), at(300)));
    }

    #[test]
    fn a_flood_of_new_informs_is_remembered_up_to_the_ceiling() {
        let mut recent = Recent::default();
        for id in 0..5_000 {
            assert!(!recent.is_repeated(inform(1, id, ""), Duration::ZERO));
        }
        assert_eq!(recent.known.len(), MAX_RECENT);
        assert_eq!(recent.order.len(), MAX_RECENT);
        assert!(recent.is_repeated(inform(1, 4_999, ""), Duration::ZERO));
    }
}
