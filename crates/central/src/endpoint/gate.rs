//! Who may call at all, before a byte of the body is taken: a rate an address, and a ceiling on the
//! bytes of all bodies that are held at once.

use crate::config::Limits;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Addresses whose calls are counted one by one: about 5 MB. Beyond it, newcomers share one count.
const COUNTED: usize = 50_000;

/// What part of the ceiling on bodies one address may hold.
const SHARE: u64 = 4;

/// Counts calls and bytes by address.
#[derive(Debug)]
pub(crate) struct Gate {
    a_second: f64,
    burst: f64,
    bytes_at_once: u64,
    spares_loopback: bool,
    calls: Mutex<Calls>,
    bodies: Arc<Mutex<Bodies>>,
}

#[derive(Debug, Default)]
struct Calls {
    by_address: HashMap<IpAddr, Bucket>,
    others: Option<Bucket>,
}

/// A token bucket: so many calls are left, and more come with time.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

#[derive(Debug, Default)]
struct Bodies {
    bytes: u64,
    by_address: HashMap<IpAddr, u64>,
}

/// Room for one body, given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    bodies: Arc<Mutex<Bodies>>,
    address: IpAddr,
    bytes: u64,
}

impl Gate {
    pub(crate) fn new(limits: &Limits) -> Self {
        let body = u64::try_from(limits.soap_body_bytes).unwrap_or(u64::MAX);
        Self {
            a_second: f64::from(limits.soap_calls_a_second),
            burst: f64::from(limits.soap_calls_a_second) * 10.0,
            // One whole body of one address must always fit.
            bytes_at_once: limits.soap_bytes_at_once.max(body.saturating_mul(SHARE)),
            spares_loopback: limits.soap_spares_loopback,
            calls: Mutex::default(),
            bodies: Arc::default(),
        }
    }

    /// Whether this address may call now.
    pub(crate) fn admits(&self, address: IpAddr, now: Instant) -> bool {
        if self.spares(address) || self.a_second <= 0.0 {
            return true;
        }
        let full = Bucket {
            left: self.burst,
            at: now,
        };
        let mut calls = lock(&self.calls);
        let key = group(address);
        if calls.by_address.len() >= COUNTED && !calls.by_address.contains_key(&key) {
            let (rate, burst) = (self.a_second, self.burst);
            calls
                .by_address
                .retain(|_, bucket| bucket.left_at(now, rate, burst) < burst);
        }
        let bucket = if calls.by_address.len() < COUNTED || calls.by_address.contains_key(&key) {
            calls.by_address.entry(key).or_insert(full)
        } else {
            calls.others.get_or_insert(full)
        };
        bucket.take(now, self.a_second, self.burst)
    }

    /// Room for a body of `bytes`, if there is any.
    pub(crate) fn room(&self, address: IpAddr, bytes: u64) -> Option<Room> {
        let key = group(address);
        let mut bodies = lock(&self.bodies);
        let held = bodies.by_address.get(&key).copied().unwrap_or(0);
        let share = if self.spares(address) {
            self.bytes_at_once
        } else {
            self.bytes_at_once / SHARE
        };
        if bodies.bytes.saturating_add(bytes) > self.bytes_at_once
            || held.saturating_add(bytes) > share
        {
            return None;
        }
        bodies.bytes += bytes;
        *bodies.by_address.entry(key).or_insert(0) += bytes;
        Some(Room {
            bodies: Arc::clone(&self.bodies),
            address: key,
            bytes,
        })
    }

    /// Behind a proxy on this machine every call comes from loopback: there the proxy must count.
    fn spares(&self, address: IpAddr) -> bool {
        self.spares_loopback && address.to_canonical().is_loopback()
    }
}

impl Bucket {
    fn left_at(&self, now: Instant, a_second: f64, burst: f64) -> f64 {
        let since = now.saturating_duration_since(self.at);
        (self.left + since.as_secs_f64() * a_second).min(burst)
    }

    fn take(&mut self, now: Instant, a_second: f64, burst: f64) -> bool {
        self.left = self.left_at(now, a_second, burst);
        self.at = now;
        let may = self.left >= 1.0;
        if may {
            self.left -= 1.0;
        }
        may
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut bodies = lock(&self.bodies);
        bodies.bytes = bodies.bytes.saturating_sub(self.bytes);
        if let Some(held) = bodies.by_address.get_mut(&self.address) {
            *held = held.saturating_sub(self.bytes);
            if *held == 0 {
                bodies.by_address.remove(&self.address);
            }
        }
    }
}

/// How long a caller that is turned away is asked to wait.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(5);

/// One customer has a whole /64 of IPv6 addresses.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)))
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A count that a panic left half-changed is still a count.
    mutex.lock().unwrap_or_else(|poison| poison.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new(&Limits {
            soap_calls_a_second: 2,
            soap_body_bytes: 100,
            soap_bytes_at_once: 1_000,
            ..Limits::default()
        })
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_address_that_calls_too_often_is_turned_away_and_others_are_not() {
        let (gate, now) = (gate(), Instant::now());
        for _ in 0..20 {
            assert!(gate.admits(address(1), now));
        }
        assert!(!gate.admits(address(1), now));
        assert!(gate.admits(address(2), now));
        assert!(gate.admits(address(1), now + Duration::from_millis(500)));
        assert!(!gate.admits(address(1), now + Duration::from_millis(501)));
    }

    #[test]
    fn one_customers_ipv6_addresses_count_as_one() {
        let (gate, now) = (gate(), Instant::now());
        for last in 0..20 {
            assert!(gate.admits(format!("2001:db8::{last:x}").parse().expect("v6"), now));
        }
        assert!(!gate.admits("2001:db8::ffff".parse().expect("v6"), now));
        assert!(gate.admits("2001:db8:0:1::1".parse().expect("v6"), now));
    }

    #[test]
    fn a_proxy_on_this_machine_is_not_counted() {
        let (gate, now) = (gate(), Instant::now());
        for _ in 0..1_000 {
            assert!(gate.admits(IpAddr::from([127, 0, 0, 1]), now));
        }
    }

    #[test]
    fn memory_for_addresses_has_a_ceiling() {
        let (gate, now) = (gate(), Instant::now());
        for number in 0..(COUNTED as u32 + 1_000) {
            gate.admits(IpAddr::from((0x0a00_0000 + number).to_be_bytes()), now);
        }
        assert!(lock(&gate.calls).by_address.len() <= COUNTED);
    }

    #[test]
    fn bodies_have_a_ceiling_by_address_and_in_all_and_give_their_room_back() {
        let gate = gate();
        let first = gate.room(address(1), 250).expect("room");
        assert!(
            gate.room(address(1), 1).is_none(),
            "a quarter is one's share"
        );
        let others: Vec<Room> = (2..5)
            .map(|last| gate.room(address(last), 250).expect("room"))
            .collect();
        assert!(gate.room(address(9), 1).is_none(), "all is held");
        drop(first);
        assert!(gate.room(address(9), 250).is_some());
        drop(others);
        assert!(lock(&gate.bodies).by_address.is_empty());
    }
}
