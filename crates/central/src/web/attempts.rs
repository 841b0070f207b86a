//! Slows down guessing of passwords.

use pagetally_model::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};

/// Wrong attempts that one address may make on one login before it must wait.
const ALLOWED: u32 = 10;
/// How long it must wait.
const WAIT_MILLIS: i64 = 15 * 60 * 1_000;
/// Pairs that are remembered: a ceiling on memory, about 1 MB.
const REMEMBERED: usize = 10_000;

/// Wrong attempts by address and login.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<(IpAddr, String), Wrong>>);

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    last: Timestamp,
}

impl Attempts {
    /// Whether this address may try this login now.
    pub(crate) fn may_try(&self, address: IpAddr, login: &str, now: Timestamp) -> bool {
        self.lock()
            .get(&key(address, login))
            .is_none_or(|wrong| wrong.count < ALLOWED || is_over(wrong, now))
    }

    /// Notes a wrong attempt.
    pub(crate) fn failed(&self, address: IpAddr, login: &str, now: Timestamp) {
        let mut all = self.lock();
        if all.len() >= REMEMBERED {
            all.retain(|_, wrong| !is_over(wrong, now));
        }
        if all.len() >= REMEMBERED {
            all.clear();
        }
        let wrong = all.entry(key(address, login)).or_insert(Wrong {
            count: 0,
            last: now,
        });
        if is_over(wrong, now) {
            wrong.count = 0;
        }
        wrong.count = wrong.count.saturating_add(1);
        wrong.last = now;
    }

    /// Forgets what went before a right attempt.
    pub(crate) fn succeeded(&self, address: IpAddr, login: &str) {
        self.lock().remove(&key(address, login));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(IpAddr, String), Wrong>> {
        // A count that a panic left half-changed is still a count.
        self.0.lock().unwrap_or_else(|poison| poison.into_inner())
    }
}

fn key(address: IpAddr, login: &str) -> (IpAddr, String) {
    (
        address,
        login.trim().to_lowercase().chars().take(120).collect(),
    )
}

fn is_over(wrong: &Wrong, now: Timestamp) -> bool {
    now.unix_millis().saturating_sub(wrong.last.unix_millis()) >= WAIT_MILLIS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn guessing_is_stopped_for_a_while_and_for_that_address_alone() {
        let attempts = Attempts::default();
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let at = Timestamp::from_unix_millis;
        for _ in 0..ALLOWED {
            assert!(attempts.may_try(here, "Ann", at(0)));
            attempts.failed(here, "ann ", at(0));
        }
        assert!(!attempts.may_try(here, "ann", at(WAIT_MILLIS - 1)));
        assert!(attempts.may_try(IpAddr::V4(Ipv4Addr::UNSPECIFIED), "ann", at(0)));
        assert!(attempts.may_try(here, "ann", at(WAIT_MILLIS)));
    }
}
