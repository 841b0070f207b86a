//! Finds private data by its shape: what an e-mail address, a hardware address or a web address
//! looks like, wherever it stands.

use super::Private;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Something private inside a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) at: Range<usize>,
    pub(crate) what: What,
}

/// What it is, and its value where it has another form than its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
    Mac([u8; 6]),
    /// To be replaced letter by letter.
    Text(Private),
    /// Hexadecimal, to stay so.
    Hex(Private),
}

impl What {
    pub(super) fn kind(self) -> Private {
        match self {
            Self::Ipv4(_) | Self::Ipv6(_) => Private::Address,
            Self::Mac(_) => Private::Mac,
            Self::Text(kind) | Self::Hex(kind) => kind,
        }
    }
}

/// All that is private by its shape, in order, none overlapping.
pub(crate) fn find(text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    // The order is precedence: what an earlier finder has is not looked at again.
    for finder in [
        urls, emails, uuids, macs, ipv6s, ipv4s, serials, phones, places, domains,
    ] {
        for one in finder(text) {
            let free = |other: &Found| one.at.end <= other.at.start || other.at.end <= one.at.start;
            if !one.at.is_empty() && found.iter().all(free) {
                found.push(one);
            }
        }
    }
    found.sort_by_key(|one| one.at.start);
    found
}

/// Runs of octets for which `of` holds.
fn runs(text: &[u8], of: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = None;
    for (place, octet) in text.iter().enumerate() {
        match (of(*octet), start) {
            (true, None) => start = Some(place),
            (false, Some(from)) => {
                runs.push(from..place);
                start = None;
            }
            _ => {}
        }
    }
    runs.extend(start.map(|from| from..text.len()));
    runs
}

fn text_of<'t>(text: &'t [u8], at: &Range<usize>) -> &'t str {
    let octets = text.get(at.clone()).unwrap_or_default();
    std::str::from_utf8(octets).unwrap_or_default()
}

/// A run without the marks that end sentences around it.
fn trimmed(text: &[u8], at: Range<usize>, marks: &[u8]) -> Range<usize> {
    let mut at = at;
    while text
        .get(at.start)
        .is_some_and(|octet| marks.contains(octet))
        && at.start < at.end
    {
        at.start += 1;
    }
    while at.end > at.start
        && text
            .get(at.end - 1)
            .is_some_and(|octet| marks.contains(octet))
    {
        at.end -= 1;
    }
    at
}

fn emails(text: &[u8]) -> Vec<Found> {
    let of = |octet: u8| octet.is_ascii_alphanumeric() || b"._%+-@".contains(&octet);
    runs(text, of)
        .into_iter()
        .map(|at| trimmed(text, at, b".-"))
        .filter(|at| {
            let (user, host) = text_of(text, at).split_once('@').unwrap_or_default();
            !user.is_empty() && !host.is_empty() && !host.contains('@')
        })
        .map(|at| Found {
            at,
            what: What::Text(Private::Email),
        })
        .collect()
}

/// The host of a web address, with the user in front of it where there is one.
fn urls(text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(place) = position(text, b"://", from) {
        let start = place + 3;
        from = start;
        let bracketed = text.get(start) == Some(&b'[');
        let ends = |octet: &u8| {
            !octet.is_ascii_graphic()
                || b"/?#\"'<>,;".contains(octet)
                || *octet == b':' && !bracketed
        };
        let rest = text.get(start..).unwrap_or_default();
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let mut at = start..start + length;
        // A port behind a user's password is no matter: all of `user:password@host` is private.
        if let Some(user) = rest
            .iter()
            .take_while(|o| !b"/ \"'<>".contains(o))
            .position(|o| *o == b'@')
        {
            let behind = rest.get(user + 1..).unwrap_or_default();
            let host = behind.iter().position(ends).unwrap_or(behind.len());
            at = start..start + user + 1 + host;
        }
        let host = text_of(text, &at);
        let is_address = host.parse::<Ipv4Addr>().is_ok() || host.starts_with('[');
        if !is_address {
            found.push(Found {
                at,
                what: What::Text(Private::Url),
            });
        }
    }
    found
}

fn position(text: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.windows(wanted.len())
        .position(|window| window.eq_ignore_ascii_case(wanted))
        .map(|place| from + place)
}

fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
}

fn uuids(text: &[u8]) -> Vec<Found> {
    runs(text, |octet| octet.is_ascii_hexdigit() || octet == b'-')
        .into_iter()
        .filter(|at| {
            let lengths: Vec<usize> = text_of(text, at).split('-').map(str::len).collect();
            lengths == [8, 4, 4, 4, 12]
        })
        .map(|at| Found {
            at,
            what: What::Hex(Private::Id),
        })
        .collect()
}

fn macs(text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    for separator in [b':', b'-'] {
        let of = |octet: u8| octet.is_ascii_hexdigit() || octet == separator;
        for at in runs(text, of) {
            let at = trimmed(text, at, &[separator]);
            let mut octets = [0; 6];
            let parts: Vec<&str> = text_of(text, &at).split(char::from(separator)).collect();
            let fits = parts.len() == 6 && parts.iter().all(|part| part.len() == 2);
            if !fits {
                continue;
            }
            for (octet, part) in octets.iter_mut().zip(parts) {
                *octet = u8::from_str_radix(part, 16).unwrap_or(0);
            }
            if !is_filler_mac(octets) {
                let what = What::Mac(octets);
                found.push(Found { at, what });
            }
        }
    }
    found
}

pub(super) fn is_filler_mac(mac: [u8; 6]) -> bool {
    mac.iter().all(|octet| *octet == 0) || mac.iter().all(|octet| *octet == 0xff)
}

fn ipv6s(text: &[u8]) -> Vec<Found> {
    runs(text, |octet| {
        octet.is_ascii_hexdigit() || b":.".contains(&octet)
    })
    .into_iter()
    .map(|at| trimmed(text, at, b"."))
    .filter_map(|at| {
        let address: Ipv6Addr = text_of(text, &at).parse().ok()?;
        let special = address.is_unspecified() || address.is_loopback() || address.is_multicast();
        (!special).then_some(Found {
            at,
            what: What::Ipv6(address),
        })
    })
    .collect()
}

fn ipv4s(text: &[u8]) -> Vec<Found> {
    runs(text, |octet| octet.is_ascii_digit() || octet == b'.')
        .into_iter()
        .map(|at| trimmed(text, at, b"."))
        .filter_map(|at| {
            let before = at.start.checked_sub(1).and_then(|place| text.get(place));
            let glued = |octet: Option<&u8>| {
                octet.is_some_and(|o| is_word(*o) || matches!(o, b'_' | b'-' | b'.'))
            };
            let address = ipv4(text_of(text, &at))?;
            let is_version = glued(before) || glued(text.get(at.end));
            let is_named =
                is_of_a_site(address) || at.len() == text.len() || is_announced(text, &at);
            (!is_version && is_named && is_private(address)).then_some(Found {
                at,
                what: What::Ipv4(address),
            })
        })
        .collect()
}

/// Whether the address is of a range that only sites use (RFC 1918, 3927, 6598).
fn is_of_a_site(address: Ipv4Addr) -> bool {
    let is_shared = matches!(address.octets(), [100, 64..=127, ..]);
    address.is_private() || address.is_link_local() || is_shared
}

/// Whether a word in front says that an address follows: four numbers may be a version, too.
fn is_announced(text: &[u8], at: &Range<usize>) -> bool {
    const WORDS: [&[u8]; 9] = [
        b"ip", b"addr", b"host", b"://", b"gateway", b"dns", b"server", b"@", b"smtp",
    ];
    let before = text
        .get(at.start.saturating_sub(14)..at.start)
        .unwrap_or_default();
    let before = before.to_ascii_lowercase();
    WORDS
        .iter()
        .any(|word| before.windows(word.len()).any(|window| window == *word))
}

/// An address as people and devices write it; one with padded numbers (`192.168.001.020`) too.
pub(super) fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    let padded = parts.iter().all(|part| part.len() == 3);
    let plain = parts
        .iter()
        .all(|part| part.len() == 1 || !part.starts_with('0'));
    if parts.len() != 4 || !(padded || plain) {
        return None;
    }
    let mut octets = [0; 4];
    for (octet, part) in octets.iter_mut().zip(parts) {
        *octet = part.parse().ok()?;
    }
    Some(Ipv4Addr::from(octets))
}

/// Whether an address tells where the device is: not a mask, a loopback, nothing or a group.
pub(crate) fn is_private(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    let is_mask = bits.leading_ones() >= 8 && bits.leading_ones() + bits.trailing_zeros() == 32;
    !(address.is_loopback()
        || address.is_multicast()
        || address.is_broadcast()
        || is_mask
        || address.octets()[0] == 0)
}

/// What stands behind words for a serial number, in IEEE 1284 device IDs and elsewhere.
fn serials(text: &[u8]) -> Vec<Found> {
    const WORDS: [&[u8]; 9] = [
        b"SERIALNUMBER",
        b"SERIAL NUMBER",
        b"SERIAL_NUMBER",
        b"SERIAL NO.",
        b"SERIAL NO",
        b"SERIAL",
        b"SERN",
        b"S/N",
        b"SN",
    ];
    let mut found: Vec<Found> = Vec::new();
    for word in WORDS {
        let mut from = 0;
        while let Some(place) = position(text, word, from) {
            from = place + word.len();
            let before = place.checked_sub(1).and_then(|before| text.get(before));
            if before.is_some_and(|octet| is_word(*octet)) {
                continue;
            }
            let rest = text.get(from..).unwrap_or_default();
            let gap = rest
                .iter()
                .take_while(|octet| b" :=#".contains(octet))
                .count();
            // Lexmark writes `SNABC123` without a mark, which is why the number must have a digit.
            let start = from + gap;
            let rest = text.get(start..).unwrap_or_default();
            let length = rest
                .iter()
                .take_while(|octet| is_word(**octet) || **octet == b'-')
                .count();
            let at = start..start + length;
            let number = text_of(text, &at);
            let digits = number.bytes().filter(u8::is_ascii_digit).count();
            let long = if gap == 0 { 8 } else { 5 };
            let taken = found
                .iter()
                .any(|one| one.at.start < at.end && at.start < one.at.end);
            if length >= long && digits >= 2 && !is_filler(number) && !taken {
                found.push(Found {
                    at,
                    what: What::Text(Private::Serial),
                });
            }
        }
    }
    found
}

/// Whether a text stands for "nothing": then it is nobody's.
pub(crate) fn is_filler(text: &str) -> bool {
    const WORDS: [&str; 12] = [
        "unknown",
        "none",
        "n/a",
        "na",
        "not set",
        "not specified",
        "default",
        "serial number",
        "null",
        "undefined",
        "not available",
        "-",
    ];
    let text = text.trim();
    let mut characters = text.chars().filter(|c| c.is_alphanumeric());
    let first = characters.next();
    let same = characters.all(|c| Some(c) == first);
    first.is_none() || same || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// `+49 30 123456`, `(555) 123-4567`, `555-123-4567`, and numbers behind a word for a telephone.
fn phones(text: &[u8]) -> Vec<Found> {
    const WORDS: [&[u8]; 7] = [
        b"phone",
        b"tel",
        b"fax no",
        b"fax number",
        b"mobile",
        b"ext",
        b"fax:",
    ];
    runs(text, |octet| {
        octet.is_ascii_digit() || b"+()- ./".contains(&octet)
    })
    .into_iter()
    .map(|at| trimmed(text, at, b"- ./)"))
    .filter(|at| {
        let number = text_of(text, at);
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        let groups: Vec<usize> = number
            .split(|c: char| !c.is_ascii_digit())
            .map(str::len)
            .filter(|length| *length > 0)
            .collect();
        let before = text
            .get(..at.start)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let near = before
            .get(before.len().saturating_sub(14)..)
            .unwrap_or_default();
        let named = WORDS
            .iter()
            .any(|word| near.windows(word.len()).any(|window| window == *word));
        let dialled = number.starts_with('+') && digits >= 8;
        let american = groups == [3, 3, 4];
        (dialled || american || named && digits >= 3) && digits <= 16
    })
    .map(|at| Found {
        at,
        what: What::Text(Private::Phone),
    })
    .collect()
}

/// `geo:52.52,13.405` and pairs of degrees with four places and more.
fn places(text: &[u8]) -> Vec<Found> {
    runs(text, |octet| {
        octet.is_ascii_digit() || b".-+, ".contains(&octet)
    })
    .into_iter()
    .map(|at| trimmed(text, at, b",. "))
    .filter(|at| {
        let parts: Vec<&str> = text_of(text, at).split(',').map(str::trim).collect();
        let named = at.start >= 4
            && text
                .get(at.start - 4..at.start)
                .is_some_and(|word| word.eq_ignore_ascii_case(b"geo:"));
        let degrees = |part: &&str| {
            let places = part.split_once('.').map_or(0, |(_, places)| places.len());
            part.parse::<f64>()
                .is_ok_and(|number| number.abs() <= 180.0)
                && (places >= 4 || named)
        };
        parts.len() >= 2 && parts.iter().take(2).all(degrees)
    })
    .map(|at| Found {
        at,
        what: What::Text(Private::Location),
    })
    .collect()
}

/// Names of the domain name system.
fn domains(text: &[u8]) -> Vec<Found> {
    const LONG: [&str; 17] = [
        "com",
        "net",
        "org",
        "edu",
        "gov",
        "mil",
        "int",
        "info",
        "biz",
        "local",
        "lan",
        "corp",
        "internal",
        "intranet",
        "intern",
        "home",
        "localdomain",
    ];
    runs(text, |octet| is_word(octet) || b".-_".contains(&octet))
        .into_iter()
        .map(|at| trimmed(text, at, b".-_"))
        .filter(|at| {
            let name = text_of(text, at);
            let labels: Vec<&str> = name.split('.').collect();
            let last = labels
                .last()
                .copied()
                .unwrap_or_default()
                .to_ascii_lowercase();
            let country = last.len() == 2 && last.bytes().all(|b| b.is_ascii_lowercase());
            let named =
                LONG.contains(&last.as_str()) || name.to_ascii_lowercase().starts_with("www.");
            let well_formed = labels.iter().all(|label| !label.is_empty());
            let has_letters = labels
                .iter()
                .rev()
                .nth(1)
                .is_some_and(|label| label.bytes().any(|b| b.is_ascii_alphabetic()));
            let enough = if named { 2 } else { 3 };
            well_formed && has_letters && (named || country) && labels.len() >= enough
        })
        .map(|at| Found {
            at,
            what: What::Text(Private::Host),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<(&str, Private)> {
        find(text.as_bytes())
            .into_iter()
            .map(|one| (text_of(text.as_bytes(), &one.at), one.what.kind()))
            .map(|(part, kind)| {
                (
                    text.get(text.find(part).unwrap_or(0)..)
                        .and_then(|t| t.get(..part.len()))
                        .unwrap_or(""),
                    kind,
                )
            })
            .collect()
    }

    #[test]
    fn private_data_is_found_by_its_shape() {
        use Private as P;
        for (text, expected) in [
            (
                "mail jane.doe@corp.example, or so",
                vec![("jane.doe@corp.example", P::Email)],
            ),
            (
                "http://mfp3.corp.example:8080/x",
                vec![("mfp3.corp.example", P::Url)],
            ),
            ("ipp://joe:pw@mfp3/ipp", vec![("joe:pw@mfp3", P::Url)]),
            ("http://192.168.1.5/", vec![("192.168.1.5", P::Address)]),
            (
                "uuid:16a65700-007c-1000-bb49-001ba9123456",
                vec![("16a65700-007c-1000-bb49-001ba9123456", P::Id)],
            ),
            (
                "MAC 00:1B:A9:12:34:56.",
                vec![("00:1B:A9:12:34:56", P::Mac)],
            ),
            (
                "fe80::21b:a9ff:fe12:3456",
                vec![("fe80::21b:a9ff:fe12:3456", P::Address)],
            ),
            ("MFG:HP;SN:VNB3F12345;FN:X", vec![("VNB3F12345", P::Serial)]),
            (
                "Black Cartridge;SNCA123456789;",
                vec![("CA123456789", P::Serial)],
            ),
            ("Drum S/N: 12A34567", vec![("12A34567", P::Serial)]),
            (
                "call +49 30 1234567 now",
                vec![("+49 30 1234567", P::Phone)],
            ),
            ("Fax No: 0301234", vec![("0301234", P::Phone)]),
            ("(555) 123-4567", vec![("(555) 123-4567", P::Phone)]),
            ("geo:52.52,13.40", vec![("52.52,13.40", P::Location)]),
            (
                "host mfp3.floor2.example.de",
                vec![("mfp3.floor2.example.de", P::Host)],
            ),
            ("www.vendor.com", vec![("www.vendor.com", P::Host)]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_decoder_needs_is_left_alone() {
        for text in [
            "Total Impressions",
            "006R01509",
            "FW 1.2.3.4-beta",
            "V1.02.03.04",
            "Firmware 4.11.2.1 of today",
            "2023-01-15 10:22:33",
            "255.255.255.0",
            "Black Toner Cartridge",
            "HP LaserJet MFP M428fdw",
            "SNMP agent 12345678",
            "RICOH MP C3002 1.20 / RICOH Network Printer C model",
            "123456",
            "10,234",
            "0.0.0.0",
            "SN:000000000;",
        ] {
            assert_eq!(found(text), vec![], "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_panic_and_nothing_overlaps(text in prop::collection::vec(any::<u8>(), 0..80)) {
            let found = find(&text);
            prop_assert!(found.windows(2).all(|pair| pair[0].at.end <= pair[1].at.start));
        }
    }
}
