//! How to scan.

use crate::{SnmpError, UsmAccess};
use pagetally_snmp_engine::sweep::{SweepConfig, SweepCost};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How to scan: credentials, patience, pace.
#[derive(Clone, PartialEq, Eq)]
pub struct ScanConfig {
    /// Communities, tried in this order. They are secrets and do not show in `Debug`.
    pub communities: Vec<Vec<u8>>,
    /// Users of SNMPv3, tried in this order where a device answers the discovery and no community.
    /// Where there are no communities, the discovery is all that addresses are asked.
    pub users: Vec<UsmAccess>,
    /// How long to wait for one answer.
    pub timeout: Duration,
    /// How often to ask again what was not answered. A silent address gets one round of probes more
    /// than this, each of which costs one timeout.
    pub retries: u32,
    /// Ceiling on datagrams sent in a second, probes and reads together.
    pub datagrams_per_second: u32,
    /// Ceiling on datagrams sent in a second to one /24 of IPv4 or one /64 of IPv6, probes and reads
    /// together. Where it is not set, see [`subnet_rate`](Self::subnet_rate).
    pub subnet_datagrams_per_second: Option<u32>,
    /// Ceiling on devices that are read at the same time. Each has one request outstanding.
    pub max_in_flight: usize,
    /// Whether silent addresses are asked over SNMPv1 as well.
    pub try_v1: bool,
    /// Whether silent addresses get an unauthenticated SNMPv3 discovery (RFC 3414 section 4), which
    /// tells an agent that refuses the communities from an address where nobody is.
    pub detect_refusal: bool,
    /// Devices that are known to answer from another address than the one that they are asked at,
    /// each with the address that its answers come from. From everybody else, only answers from
    /// the address that was asked are heard.
    pub answers_from: Vec<(SocketAddr, IpAddr)>,
    /// Whether many datagrams go through one system call where the system can do that (Linux). It
    /// changes what a scan costs, and nothing else.
    pub batched: bool,
}

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            communities: vec![b"public".to_vec()],
            users: Vec::new(),
            timeout: Duration::from_secs(1),
            retries: 2,
            datagrams_per_second: 500,
            max_in_flight: 256,
            try_v1: true,
            detect_refusal: true,
            subnet_datagrams_per_second: None,
            answers_from: Vec::new(),
            batched: true,
        }
    }
}

impl ScanConfig {
    /// The ceiling on datagrams a second to one subnet: what is configured, or else two fifths of
    /// what the site gets (200 by default), but 200 at least.
    pub fn subnet_rate(&self) -> u32 {
        let site = self.datagrams_per_second;
        let share = site / 5 * 2;
        self.subnet_datagrams_per_second
            .unwrap_or(if site == u32::MAX {
                site
            } else {
                share.max(200)
            })
            .min(site)
    }

    /// What a sweep of `addresses` costs where nobody answers: datagrams, and the longest that it
    /// takes if the addresses fill their subnets. Printers cost more, because they are read.
    pub fn silent_sweep(&self, addresses: u64) -> (SweepCost, Duration) {
        let cost = self.sweep().silent_cost(addresses);
        let at = |rate: u32, datagrams: u64| {
            let millis = u128::from(datagrams) * 1_000 / u128::from(rate.max(1));
            Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
        };
        let in_one = cost
            .datagrams_per_address
            .saturating_mul(addresses.min(256));
        let sending = at(self.datagrams_per_second, cost.datagrams);
        let sending = sending.max(at(self.subnet_rate(), in_one));
        (cost, cost.waiting.saturating_add(sending))
    }

    pub(crate) fn sweep(&self) -> SweepConfig {
        SweepConfig {
            communities: self.communities.clone(),
            try_v1: self.try_v1,
            detect_refusal: self.detect_refusal || !self.users.is_empty(),
            timeout: self.timeout,
            retries: self.retries,
        }
    }

    /// The longest community that is sent: net-snmp's own limit is 256 bytes.
    pub const MAX_COMMUNITY: usize = 256;

    /// The most communities that are tried at one address.
    pub const MAX_COMMUNITIES: usize = 64;

    /// The most users of SNMPv3 that are tried.
    pub const MAX_USERS: usize = 16;

    pub(crate) fn check(&self) -> Result<(), SnmpError> {
        let refuse = |field, reason| Err(SnmpError::Config { field, reason });
        let nothing = self.communities.is_empty() && self.users.is_empty();
        if nothing || self.communities.len() > Self::MAX_COMMUNITIES {
            return refuse(
                "communities",
                "between 1 and 64 are needed, or users of SNMPv3",
            );
        }
        if self.users.len() > Self::MAX_USERS {
            return refuse("users", "no more than 16 are tried");
        }
        if self
            .communities
            .iter()
            .any(|community| community.len() > Self::MAX_COMMUNITY)
        {
            return refuse("communities", "one has more than 256 bytes");
        }
        if self.timeout.is_zero() {
            return refuse("timeout", "it is zero");
        }
        if self.datagrams_per_second == 0 {
            return refuse("datagrams_per_second", "it is zero");
        }
        if self.subnet_datagrams_per_second == Some(0) {
            return refuse("subnet_datagrams_per_second", "it is zero");
        }
        if self.max_in_flight == 0 {
            return refuse("max_in_flight", "it is zero");
        }
        Ok(())
    }
}

impl fmt::Debug for ScanConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanConfig")
            .field("communities", &format_args!("{} …", self.communities.len()))
            .field("users", &self.users)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .field("datagrams_per_second", &self.datagrams_per_second)
            .field("subnet_rate", &self.subnet_rate())
            .field("max_in_flight", &self.max_in_flight)
            .field("try_v1", &self.try_v1)
            .field("detect_refusal", &self.detect_refusal)
            .field("answers_from", &self.answers_from)
            .field("batched", &self.batched)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn communities_never_show_in_debug() {
        let config = ScanConfig {
            communities: vec![b"sentinel-42".to_vec()],
            ..ScanConfig::default()
        };
        let shown = format!("{config:?} {config:#?}");
        assert!(!shown.contains("sentinel") && !shown.contains("115, 101"));
    }

    #[test]
    fn a_silent_sweep_costs_its_rounds_and_its_sending_time() {
        let config = ScanConfig {
            timeout: Duration::from_secs(1),
            retries: 1,
            datagrams_per_second: 500,
            ..ScanConfig::default()
        };
        // One probe; then that, v1 and the discovery.
        let (cost, time) = config.silent_sweep(1_000);
        assert_eq!((cost.datagrams, cost.datagrams_per_address), (4_000, 4));
        assert_eq!(time, Duration::from_secs(2 + 8));
        assert_eq!(config.silent_sweep(0).1, Duration::from_secs(2));
        // A full /24 has 200 datagrams a second.
        let (_, time) = config.silent_sweep(250);
        assert_eq!(time, Duration::from_secs(2 + 5));
        assert!(config.silent_sweep(u64::MAX).1 > Duration::from_secs(1));
    }

    #[test]
    fn what_cannot_scan_is_refused_by_name() {
        assert!(ScanConfig::default().check().is_ok());
        let none = ScanConfig {
            communities: Vec::new(),
            ..ScanConfig::default()
        };
        let stuck = ScanConfig {
            datagrams_per_second: 0,
            ..ScanConfig::default()
        };
        for (config, expected) in [(none, "communities"), (stuck, "datagrams_per_second")] {
            let error = config.check().expect_err(expected);
            assert!(matches!(error, SnmpError::Config { field, .. } if field == expected));
        }
    }
}
