//! Tokens that were seen: none counts twice, and none counts late.

use crate::endpoint::typed::TokenProblem;
use pagetally_contract::UsernameToken;
use pagetally_model::Timestamp;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::sync::Mutex;

/// How far a token's time may stand from Central's clock, either way (UsernameToken Profile 1.1
/// section 3.1 recommends five minutes).
const WINDOW_MILLIS: i64 = 5 * 60 * 1_000;

/// Tokens that are remembered in one generation: about 10 MB. Only proved senders fill it.
const REMEMBERED: usize = 200_000;

/// Digest tokens by the hash of all that makes them different, in two generations of a whole window
/// (both ways) each: a token is forgotten only when its time has run out.
#[derive(Debug, Default)]
pub(crate) struct Replays(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashSet<[u8; 32]>,
    old: HashSet<[u8; 32]>,
    began: i64,
}

impl Replays {
    /// Takes a token whose digest was right: whether it is fresh and new.
    pub(crate) fn take(&self, token: &UsernameToken, now: Timestamp) -> Result<(), TokenProblem> {
        // A secret in the clear can be used as often as its holder likes; TLS keeps it his.
        let Some(freshness) = token.freshness() else {
            return Ok(());
        };
        let now = now.unix_millis();
        let created: Timestamp = freshness.created.parse().map_err(|_| TokenProblem::Stale)?;
        if created.unix_millis().abs_diff(now) > WINDOW_MILLIS.unsigned_abs() {
            return Err(TokenProblem::Stale);
        }
        let mut hash = Sha256::new();
        for part in [
            token.username().as_bytes(),
            freshness.nonce,
            freshness.created.as_bytes(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        self.remember(hash.finalize().into(), now)
    }

    fn remember(&self, hash: [u8; 32], now: i64) -> Result<(), TokenProblem> {
        // A set that a panic left is still a set.
        let mut seen = self.0.lock().unwrap_or_else(|poison| poison.into_inner());
        if now.saturating_sub(seen.began) >= 2 * WINDOW_MILLIS {
            seen.old = std::mem::take(&mut seen.young);
            seen.began = now;
        }
        if seen.old.contains(&hash) || seen.young.contains(&hash) {
            return Err(TokenProblem::Replayed);
        }
        if seen.young.len() >= REMEMBERED {
            return Err(TokenProblem::TooMany);
        }
        seen.young.insert(hash);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_772_452_800_000;

    fn token(nonce: u8, at: i64) -> UsernameToken {
        let created = Timestamp::from_unix_millis(at).to_string();
        UsernameToken::with_digest("key", "secret", &[nonce; 16], &created)
    }

    fn take(replays: &Replays, token: &UsernameToken, at: i64) -> Result<(), TokenProblem> {
        replays.take(token, Timestamp::from_unix_millis(at))
    }

    #[test]
    fn a_token_counts_once_for_as_long_as_its_time_is_accepted() {
        let replays = Replays::default();
        // Made by a clock that is as far ahead as may be, and tried until it is as late as may be.
        let early = token(1, NOON + WINDOW_MILLIS);
        assert_eq!(take(&replays, &early, NOON), Ok(()));
        for later in (0..=2 * WINDOW_MILLIS).step_by(10_000) {
            let again = take(&replays, &early, NOON + later);
            assert_eq!(again, Err(TokenProblem::Replayed), "{later}");
        }
        let late = take(&replays, &early, NOON + 2 * WINDOW_MILLIS + 1);
        assert_eq!(late, Err(TokenProblem::Stale));
    }

    #[test]
    fn another_nonce_is_another_token() {
        let replays = Replays::default();
        assert_eq!(take(&replays, &token(1, NOON), NOON), Ok(()));
        assert_eq!(take(&replays, &token(2, NOON), NOON), Ok(()));
    }

    #[test]
    fn a_time_that_is_none_or_far_off_is_stale() {
        let replays = Replays::default();
        for created in [
            "",
            "yesterday",
            "2026-03-02T11:54:59Z",
            "2026-03-02T12:05:01Z",
        ] {
            let token = UsernameToken::with_digest("key", "secret", &[1; 16], created);
            assert_eq!(
                take(&replays, &token, NOON),
                Err(TokenProblem::Stale),
                "{created}"
            );
        }
    }
}
