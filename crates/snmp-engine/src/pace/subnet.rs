//! A ceiling for each subnet.

use super::Pace;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What is taken for one subnet: the first 24 bits of an IPv4 address, the first 64 of an IPv6
/// address and its zone. How the customer's network is really cut up, nobody tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subnet {
    prefix: u64,
    zone: u32,
    is_v6: bool,
}

impl Subnet {
    /// The subnet that an address is in.
    pub fn of(address: &SocketAddr) -> Self {
        let zone = match address {
            SocketAddr::V6(address) => address.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        let (prefix, is_v6) = match address.ip() {
            IpAddr::V4(ip) => (u64::from(u32::from(ip) >> 8), false),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments().map(u64::from);
                (a << 48 | b << 32 | c << 16 | d, true)
            }
        };
        Self {
            prefix,
            zone,
            is_v6,
        }
    }
}

#[derive(Debug)]
struct Lane<T> {
    pace: Pace,
    urgent: VecDeque<T>,
    patient: VecDeque<T>,
}

impl<T> Lane<T> {
    fn is_idle(&self) -> bool {
        self.urgent.is_empty() && self.patient.is_empty()
    }
}

/// A token bucket for each subnet, and the turns that wait for their subnet's next token.
///
/// What is kept is bounded by the turns that wait: a subnet without any is forgotten once its bucket
/// is full again.
#[derive(Debug)]
pub struct SubnetPace<T> {
    rate: u32,
    lanes: HashMap<Subnet, Lane<T>>,
    /// When a subnet with waiting turns has its next token.
    due: BTreeSet<(Duration, Subnet)>,
    /// How many lanes there may be before the idle ones are cleared away.
    clear_at: usize,
}

impl<T> SubnetPace<T> {
    /// How many subnets are kept before idle ones are looked for: some 100 bytes each.
    const LANES: usize = 4_096;

    /// At most `rate` tokens a second for each subnet; a rate of 0 is taken as 1.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            lanes: HashMap::new(),
            due: BTreeSet::new(),
            clear_at: Self::LANES,
        }
    }

    /// Takes a token of the subnet, if there is one at `now` and nobody waits for it.
    pub fn take(&mut self, subnet: Subnet, now: Duration) -> bool {
        let lane = self.lane(subnet, now);
        let free = lane.is_idle() && lane.pace.ready(now).is_ok();
        if free {
            lane.pace.spend(now);
        }
        free
    }

    /// Gives back a token that was taken and not used.
    pub fn refund(&mut self, subnet: Subnet) {
        if let Some(lane) = self.lanes.get_mut(&subnet) {
            lane.pace.refund();
        }
    }

    /// Lets a turn wait for the subnet's next token; the urgent ones come first.
    pub fn park(&mut self, subnet: Subnet, turn: T, is_urgent: bool, now: Duration) {
        let lane = self.lane(subnet, now);
        let is_first = lane.is_idle();
        if is_urgent {
            lane.urgent.push_back(turn);
        } else {
            lane.patient.push_back(turn);
        }
        if is_first {
            let time = lane.pace.next();
            self.due.insert((time, subnet));
        }
    }

    /// A turn whose time has come, with its token taken.
    pub fn pop_due(&mut self, now: Duration) -> Option<T> {
        let (time, subnet) = self.due.first().copied()?;
        if time > now {
            return None;
        }
        self.due.pop_first();
        let lane = self.lanes.get_mut(&subnet)?;
        let turn = lane
            .urgent
            .pop_front()
            .or_else(|| lane.patient.pop_front())?;
        lane.pace.spend(now);
        if !lane.is_idle() {
            let time = lane.pace.next();
            self.due.insert((time, subnet));
        }
        Some(turn)
    }

    /// When [`pop_due`](Self::pop_due) has something.
    pub fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(time, _)| *time)
    }

    fn lane(&mut self, subnet: Subnet, now: Duration) -> &mut Lane<T> {
        if self.lanes.len() >= self.clear_at {
            let full = now.saturating_sub(Pace::SAVED);
            self.lanes
                .retain(|_, lane| !lane.is_idle() || lane.pace.next() > full);
            self.clear_at = (2 * self.lanes.len()).max(Self::LANES);
        }
        let rate = self.rate;
        self.lanes.entry(subnet).or_insert_with(|| Lane {
            pace: Pace::new(rate),
            urgent: VecDeque::new(),
            patient: VecDeque::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        Subnet::of(&text.parse().expect("an address"))
    }

    #[test]
    fn subnets_are_24_bits_of_ipv4_and_64_bits_of_ipv6_with_their_zone() {
        assert_eq!(subnet("192.0.2.1:161"), subnet("192.0.2.254:1"));
        assert_ne!(subnet("192.0.2.1:161"), subnet("192.0.3.1:161"));
        assert_eq!(
            subnet("[2001:db8::1]:161"),
            subnet("[2001:db8::ffff:0:1]:161")
        );
        assert_ne!(subnet("[2001:db8::1]:161"), subnet("[2001:db8:0:1::1]:161"));
        assert_ne!(subnet("[fe80::1%2]:161"), subnet("[fe80::1%3]:161"));
    }

    #[test]
    fn one_subnet_waits_and_the_others_do_not() {
        let mut pace = SubnetPace::new(100);
        let (slow, other) = (subnet("192.0.2.1:161"), subnet("192.0.3.1:161"));
        let now = Duration::from_secs(1);
        let mut taken = 0;
        while pace.take(slow, now) {
            taken += 1;
        }
        assert!((1..=3).contains(&taken), "a burst of {taken}");
        pace.park(slow, 'b', false, now);
        pace.park(slow, 'a', true, now);
        assert!(pace.take(other, now));
        assert_eq!(pace.pop_due(now), None);
        let first = pace.next_due().expect("it waits");
        assert!(!pace.take(slow, first), "who waits is first");
        assert_eq!(pace.pop_due(first), Some('a'));
        assert_eq!(pace.pop_due(first), None);
        let second = pace.next_due().expect("it waits");
        assert!(second >= first + Duration::from_millis(9));
        assert_eq!(pace.pop_due(second), Some('b'));
        assert_eq!(pace.next_due(), None);
    }

    #[test]
    fn a_token_given_back_is_there_again() {
        let mut pace = SubnetPace::<()>::new(1);
        let (at, now) = (subnet("192.0.2.1:161"), Duration::from_secs(9));
        assert!(pace.take(at, now) && !pace.take(at, now));
        pace.refund(at);
        assert!(pace.take(at, now));
    }

    #[test]
    fn idle_subnets_are_forgotten() {
        let mut pace = SubnetPace::<()>::new(1_000);
        for n in 0..100_000_u32 {
            let address = SocketAddr::from((std::net::Ipv4Addr::from(n << 8), 161));
            assert!(pace.take(Subnet::of(&address), Duration::from_millis(u64::from(n))));
        }
        assert!(pace.lanes.len() <= SubnetPace::<()>::LANES);
    }
}
