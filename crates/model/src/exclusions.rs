//! Where never to look: what a target may be, and besides MAC prefixes and IPv6 blocks.
//!
//! | written | means |
//! | --- | --- |
//! | all that [`targets::parse`] reads | those addresses |
//! | `2001:db8::/32`, `fe80::/10` | an IPv6 block, in every zone |
//! | `00:80:77`, `00-80-77-31-02-f0` | devices whose MAC begins so: 3 to 6 octets |
//! | `mac:00` | the same with fewer octets |

use crate::targets::{self, Target, TargetError};
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// One exclusion, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exclusion {
    /// Devices whose MAC begins so.
    Mac(MacPrefix),
    /// Addresses, or a name.
    Target(Target),
    /// An IPv6 block.
    V6Block {
        /// An address in it.
        address: Ipv6Addr,
        /// Its prefix length, up to 128.
        length: u8,
    },
}

/// The beginning of a MAC address: from 1 to 6 octets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacPrefix {
    octets: [u8; 6],
    length: u8,
}

impl MacPrefix {
    /// Reads octets in hexadecimal, two digits each, with colons or hyphens between them.
    pub fn parse(text: &str) -> Option<Self> {
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut octets = [0; 6];
        let mut length = 0;
        for part in text.split(separator) {
            let is_octet = part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
            let octet = u8::from_str_radix(part, 16).ok().filter(|_| is_octet)?;
            *octets.get_mut(usize::from(length))? = octet;
            length += 1;
        }
        Some(Self { octets, length })
    }

    fn octets(&self) -> &[u8] {
        self.octets
            .get(..usize::from(self.length))
            .unwrap_or(&self.octets)
    }

    /// Whether a MAC address begins so.
    pub fn covers(&self, mac: [u8; 6]) -> bool {
        mac.starts_with(self.octets())
    }
}

impl fmt::Display for MacPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mac")?;
        for octet in self.octets() {
            write!(f, ":{octet:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for MacPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads one exclusion.
///
/// # Errors
///
/// [`TargetError`] with the text and the reason.
pub fn parse(text: &str) -> Result<Exclusion, TargetError> {
    let text = text.trim();
    let refuse = |reason| {
        Err(TargetError {
            text: text.chars().take(80).collect(),
            reason,
        })
    };
    if let Some(octets) = text.strip_prefix("mac:") {
        return match MacPrefix::parse(octets) {
            Some(prefix) => Ok(Exclusion::Mac(prefix)),
            None => refuse("a MAC prefix is 1 to 6 octets in hexadecimal, such as mac:00:80:77"),
        };
    }
    if let Some(prefix) = bare_mac(text) {
        return Ok(Exclusion::Mac(prefix));
    }
    match text.split_once('/') {
        Some((address, length)) if address.contains(':') => {
            let address = Ipv6Addr::from_str(address.trim());
            let length = length.trim().parse().ok().filter(|length| *length <= 128);
            match (address, length) {
                (Ok(address), Some(length)) => Ok(Exclusion::V6Block { address, length }),
                _ => refuse("it is not an IPv6 block, such as 2001:db8::/32"),
            }
        }
        _ => targets::parse(text).map(Exclusion::Target),
    }
}

/// A MAC or its beginning without the word in front. From the manufacturer's three octets on, no
/// address and no range is written so.
pub(crate) fn bare_mac(text: &str) -> Option<MacPrefix> {
    MacPrefix::parse(text).filter(|prefix| prefix.length >= 3)
}

/// Whether an IPv6 block contains an address.
pub fn block_contains(block: Ipv6Addr, length: u8, address: Ipv6Addr) -> bool {
    let mask = u128::MAX
        .checked_shl(128 - u32::from(length.min(128)))
        .unwrap_or(0);
    (u128::from(block) ^ u128::from(address)) & mask == 0
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mac(prefix) => prefix.fmt(f),
            Self::Target(target) => target.fmt(f),
            Self::V6Block { address, length } => write!(f, "{address}/{length}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mac_is_known_by_its_shape_and_covers_what_begins_so() {
        let mac = [0x00, 0x80, 0x77, 0x31, 0x02, 0xf0];
        for (text, covers) in [
            ("00:80:77", true),
            ("00-80-77-31-02-F0", true),
            ("mac:00", true),
            ("00:80:77:31:02:f1", false),
            ("mac:01", false),
        ] {
            let Ok(Exclusion::Mac(prefix)) = parse(text) else {
                panic!("{text}");
            };
            assert_eq!(prefix.covers(mac), covers, "{text}");
        }
    }

    #[test]
    fn addresses_ranges_blocks_and_names_are_what_they_are_as_targets() {
        for text in [
            "192.0.2.7",
            "192.0.2.1-9",
            "192.0.2.0/24",
            "mfp.example",
            "fe80::1%eth0",
            "::1",
        ] {
            assert_eq!(
                parse(text),
                targets::parse(text).map(Exclusion::Target),
                "{text}"
            );
        }
    }

    #[test]
    fn an_ipv6_block_contains_its_addresses_in_every_zone() {
        let block = |text: &str| match parse(text) {
            Ok(Exclusion::V6Block { address, length }) => (address, length),
            other => panic!("{other:?}"),
        };
        let contains = |text: &str, address: &str| {
            let (at, length) = block(text);
            block_contains(at, length, address.parse().expect("an address"))
        };
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!contains("2001:db8::/32", "2001:db9::1"));
        assert!(contains("::/0", "fe80::1"));
        assert!(contains("fe80::1/128", "fe80::1"));
        assert!(!contains("fe80::1/128", "fe80::2"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "mac:",
            "mac:0",
            "mac:00:80:77:00:00:00:00",
            "2001:db8::/129",
            "00:80",
            "00:80:7x",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_parses_prints_back(text in "(mac:)?[0-9a-f:/.%-]{0,24}") {
            if let Ok(exclusion) = parse(&text) {
                prop_assert_eq!(parse(&exclusion.to_string()), Ok(exclusion));
            }
        }
    }
}
