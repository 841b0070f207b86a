//! Where to look: addresses, ranges, CIDR and host names.
//!
//! | written | means |
//! | --- | --- |
//! | `192.0.2.7`, `2001:db8::7`, `fe80::1%eth0` | one address |
//! | `192.168.1-3.10-200` | every combination of the ranges, octet by octet |
//! | `192.0.2.10-192.0.2.20` | all from first to last |
//! | `192.0.2.0/24` | the block without its network and broadcast addresses (/31 and /32 whole) |
//! | `printer.example` | a host name, resolved when the pass runs |

use crate::exclusions;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The most addresses that one target may name: a /8. More is a mistake, not a site.
pub const MAX_ADDRESSES: u64 = 1 << 24;

/// One target, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// One IPv6 address with its zone, if it has one.
    V6 {
        /// The address.
        address: Ipv6Addr,
        /// The zone of a link-local address: an interface's name or number.
        zone: Option<String>,
    },
    /// IPv4 addresses, inclusive ranges octet by octet.
    Octets([(u8, u8); 4]),
    /// IPv4 addresses from first to last, inclusive.
    Span(Ipv4Addr, Ipv4Addr),
    /// A name to be resolved when the pass runs.
    Name(String),
}

/// A target that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("target {text:?}: {reason}")]
pub struct TargetError {
    /// The beginning of the refused text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Reads one target.
///
/// # Errors
///
/// [`TargetError`] with the text and the reason.
pub fn parse(text: &str) -> Result<Target, TargetError> {
    let text = text.trim();
    let refuse = |reason| {
        Err(TargetError {
            text: text.chars().take(80).collect(),
            reason,
        })
    };
    if text.is_empty() {
        return refuse("it is empty");
    }
    if text.len() > 255 {
        return refuse("it has more than 255 characters");
    }
    if text.starts_with("mac:") || exclusions::bare_mac(text).is_some() {
        return refuse("a MAC is no place to look; it can only be excluded");
    }
    if text.contains(':') {
        return parse_v6(text).map_or_else(refuse, Ok);
    }
    if let Some((address, length)) = text.split_once('/') {
        return parse_cidr(address, length).map_or_else(refuse, Ok);
    }
    if let Some((first, last)) = text.split_once('-')
        && let (Ok(first), Ok(last)) = (first.trim().parse(), last.trim().parse::<Ipv4Addr>())
    {
        let first: Ipv4Addr = first;
        if first > last {
            return refuse("the range ends before it begins");
        }
        if u64::from(u32::from(last) - u32::from(first)) >= MAX_ADDRESSES {
            return refuse("it names more than 16,777,216 addresses");
        }
        return Ok(Target::Span(first, last));
    }
    if text
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'.' || b == b'-')
    {
        return parse_octets(text).map_or_else(refuse, Ok);
    }
    if is_host_name(text) {
        return Ok(Target::Name(text.to_owned()));
    }
    refuse("it is neither an address, a range, a CIDR block nor a host name")
}

fn parse_v6(text: &str) -> Result<Target, &'static str> {
    if text.contains('/') {
        return Err("IPv6 blocks are too large to sweep; name single addresses");
    }
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone.to_owned())),
        None => (text, None),
    };
    let address = Ipv6Addr::from_str(address).map_err(|_| "it is not an IPv6 address")?;
    let zone_ok = zone.as_ref().is_none_or(|zone| {
        (1..=32).contains(&zone.len())
            && zone
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    });
    if zone_ok {
        Ok(Target::V6 { address, zone })
    } else {
        Err("its zone is not an interface")
    }
}

fn parse_cidr(address: &str, length: &str) -> Result<Target, &'static str> {
    let address = Ipv4Addr::from_str(address.trim()).map_err(|_| "it is not an IPv4 block")?;
    let length: u32 = match length.trim().parse() {
        Ok(length @ 0..=32) => length,
        _ => return Err("a block's length is 0 to 32"),
    };
    if length < 8 {
        return Err("it names more than 16,777,216 addresses");
    }
    let host_mask = u32::MAX.checked_shr(length).unwrap_or(0);
    let network = u32::from(address) & !host_mask;
    let broadcast = network | host_mask;
    let (first, last) = if length >= 31 {
        (network, broadcast)
    } else {
        (network + 1, broadcast - 1)
    };
    Ok(Target::Span(Ipv4Addr::from(first), Ipv4Addr::from(last)))
}

fn parse_octets(text: &str) -> Result<Target, &'static str> {
    let mut octets = [(0, 0); 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next().ok_or("an IPv4 address has four numbers")?;
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let low: u8 = low.parse().map_err(|_| "each number is 0 to 255")?;
        let high: u8 = high.parse().map_err(|_| "each number is 0 to 255")?;
        if low > high {
            return Err("a range ends before it begins");
        }
        *octet = (low, high);
    }
    if parts.next().is_some() {
        return Err("an IPv4 address has four numbers");
    }
    let target = Target::Octets(octets);
    if target.count() > MAX_ADDRESSES {
        return Err("it names more than 16,777,216 addresses");
    }
    Ok(target)
}

/// RFC 1123 section 2.1: labels of letters, digits and hyphens; underscores are common in practice.
fn is_host_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

impl Target {
    /// How many addresses it names; 1 for a name.
    pub fn count(&self) -> u64 {
        match self {
            Self::V6 { .. } | Self::Name(_) => 1,
            Self::Octets(octets) => octets
                .iter()
                .map(|(low, high)| u64::from(high - low) + 1)
                .product(),
            Self::Span(first, last) => u64::from(u32::from(*last) - u32::from(*first)) + 1,
        }
    }

    /// The `index`-th IPv4 address, counted from 0; nothing past the end, for IPv6 and for names.
    pub fn nth_v4(&self, index: u64) -> Option<Ipv4Addr> {
        if index >= self.count() {
            return None;
        }
        match self {
            Self::V6 { .. } | Self::Name(_) => None,
            Self::Octets(octets) => {
                let mut rest = index;
                let mut address = [0; 4];
                for (place, (low, high)) in address.iter_mut().zip(octets).rev() {
                    let width = u64::from(high - low) + 1;
                    *place = low + u8::try_from(rest % width).ok()?;
                    rest /= width;
                }
                Some(Ipv4Addr::from(address))
            }
            Self::Span(first, _) => Some(Ipv4Addr::from(
                u32::from(*first) + u32::try_from(index).ok()?,
            )),
        }
    }

    /// Every IPv4 address that it names, in order.
    pub fn v4_addresses(&self) -> impl Iterator<Item = Ipv4Addr> + '_ {
        (0..self.count()).map_while(|index| self.nth_v4(index))
    }

    /// Whether it names this address. A name contains nothing: it is not resolved here.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::V6 { address: own, .. }, IpAddr::V6(other)) => *own == other,
            (Self::Octets(octets), IpAddr::V4(other)) => octets
                .iter()
                .zip(other.octets())
                .all(|((low, high), octet)| (*low..=*high).contains(&octet)),
            (Self::Span(first, last), IpAddr::V4(other)) => (*first..=*last).contains(&other),
            _ => false,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V6 {
                address,
                zone: None,
            } => write!(f, "{address}"),
            Self::V6 {
                address,
                zone: Some(zone),
            } => write!(f, "{address}%{zone}"),
            Self::Octets(octets) => {
                for (place, (low, high)) in octets.iter().enumerate() {
                    let dot = if place == 0 { "" } else { "." };
                    if low == high {
                        write!(f, "{dot}{low}")?;
                    } else {
                        write!(f, "{dot}{low}-{high}")?;
                    }
                }
                Ok(())
            }
            Self::Span(first, last) if first == last => write!(f, "{first}"),
            Self::Span(first, last) => write!(f, "{first}-{last}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn addresses(text: &str) -> Vec<String> {
        let target = parse(text).expect(text);
        target
            .v4_addresses()
            .map(|address| address.to_string())
            .collect()
    }

    #[test]
    fn ranges_combine_octet_by_octet() {
        assert_eq!(
            addresses("192.168.1-2.10-11"),
            [
                "192.168.1.10",
                "192.168.1.11",
                "192.168.2.10",
                "192.168.2.11"
            ]
        );
    }

    #[test]
    fn a_block_leaves_out_network_and_broadcast() {
        assert_eq!(addresses("192.0.2.77/30"), ["192.0.2.77", "192.0.2.78"]);
        assert_eq!(addresses("192.0.2.6/31"), ["192.0.2.6", "192.0.2.7"]);
        assert_eq!(addresses("192.0.2.6/32"), ["192.0.2.6"]);
    }

    #[test]
    fn a_span_crosses_octets() {
        assert_eq!(addresses("10.0.0.255-10.0.1.0"), ["10.0.0.255", "10.0.1.0"]);
    }

    #[test]
    fn names_and_ipv6_are_kept_as_they_are() {
        assert_eq!(
            parse("mfp-3.example"),
            Ok(Target::Name("mfp-3.example".to_owned()))
        );
        assert!(matches!(
            parse("fe80::1%eth0"),
            Ok(Target::V6 { zone: Some(_), .. })
        ));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_reason() {
        for bad in [
            "",
            "10.0.0.300",
            "10.0.0",
            "10.0.0.9-3",
            "0.0.0.0/0",
            "10.0.0.0/33",
            "a b",
            "::1/64",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_parses_prints_back(text in ".{0,40}") {
            if let Ok(target) = parse(&text) {
                prop_assert_eq!(parse(&target.to_string()), Ok(target));
            }
        }

        #[test]
        fn every_address_of_a_target_is_contained_in_it(
            a in any::<[(u8, u8); 4]>(), index in any::<u64>()
        ) {
            let target = Target::Octets(a.map(|(x, y)| (x.min(y), x.max(y))));
            if let Some(address) = target.nth_v4(index % target.count()) {
                prop_assert!(target.contains(IpAddr::V4(address)));
            }
        }
    }
}
