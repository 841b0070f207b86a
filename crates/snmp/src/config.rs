//! How to scan.

use crate::SnmpError;
use std::fmt;
use std::time::Duration;

/// How to scan: credentials, patience, pace.
#[derive(Clone, PartialEq, Eq)]
pub struct ScanConfig {
    /// Communities, tried in this order. They are secrets and do not show in `Debug`.
    pub communities: Vec<Vec<u8>>,
    /// How long to wait for one answer.
    pub timeout: Duration,
    /// How often to ask again what was not answered.
    pub retries: u32,
    /// Ceiling on datagrams sent in a second, probes and reads together.
    pub datagrams_per_second: u32,
    /// Ceiling on devices that are read at the same time. Each has one request outstanding.
    pub max_in_flight: usize,
    /// Whether silent addresses are asked over SNMPv1 as well.
    pub try_v1: bool,
    /// Whether silent addresses get an unauthenticated SNMPv3 discovery (RFC 3414 section 4), which
    /// tells an agent that refuses the communities from an address where nobody is.
    pub detect_refusal: bool,
}

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            communities: vec![b"public".to_vec()],
            timeout: Duration::from_secs(1),
            retries: 2,
            datagrams_per_second: 500,
            max_in_flight: 256,
            try_v1: true,
            detect_refusal: true,
        }
    }
}

impl ScanConfig {
    /// The longest community that is sent: net-snmp's own limit is 256 bytes.
    pub const MAX_COMMUNITY: usize = 256;

    /// The most communities that are tried at one address.
    pub const MAX_COMMUNITIES: usize = 64;

    pub(crate) fn check(&self) -> Result<(), SnmpError> {
        let refuse = |field, reason| Err(SnmpError::Config { field, reason });
        if self.communities.is_empty() || self.communities.len() > Self::MAX_COMMUNITIES {
            return refuse("communities", "between 1 and 64 are needed");
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
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .field("datagrams_per_second", &self.datagrams_per_second)
            .field("max_in_flight", &self.max_in_flight)
            .field("try_v1", &self.try_v1)
            .field("detect_refusal", &self.detect_refusal)
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
