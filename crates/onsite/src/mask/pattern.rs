//! Replaces known private data wherever it stands and however it is written.

use super::Private;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// One way to write one private datum, and what to write instead.
#[derive(Clone, Debug)]
struct Pattern {
    kind: Private,
    /// ASCII letters in lower case where `fold` says so.
    wanted: Vec<u8>,
    instead: Vec<u8>,
    /// Whether letters match in either case.
    fold: bool,
    /// What must not stand beside it: part of a longer word is something else.
    beside: Beside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Anything,
    NoHexDigit,
    NoNumber,
    NoWord,
}

/// All that is known to be private.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    /// By the first octet, the longest first.
    by_first: BTreeMap<u8, Vec<Pattern>>,
    /// Whether what stands instead is written as it is, whatever case stood there.
    verbatim: bool,
}

/// The ways to write an address.
#[derive(Clone, Debug)]
pub(crate) struct Ipv4Forms {
    /// As people write it.
    pub(crate) plain: Vec<u8>,
    /// With three digits to each number.
    pub(crate) padded: Vec<u8>,
    /// In hexadecimal.
    pub(crate) digits: Vec<u8>,
}

impl From<Ipv4Addr> for Ipv4Forms {
    fn from(address: Ipv4Addr) -> Self {
        let octets = address.octets();
        Self {
            plain: address.to_string().into_bytes(),
            padded: octets
                .map(|octet| format!("{octet:03}"))
                .join(".")
                .into_bytes(),
            digits: hex(&octets, ""),
        }
    }
}

/// From this length on a text is looked for inside longer words, too.
const LONG: usize = 8;

impl Patterns {
    /// None yet; what stands instead of them keeps its own case.
    pub(crate) fn verbatim() -> Self {
        Self {
            verbatim: true,
            ..Self::default()
        }
    }

    fn add(
        &mut self,
        kind: Private,
        wanted: Vec<u8>,
        instead: Vec<u8>,
        fold: bool,
        beside: Beside,
    ) {
        let wanted = if fold {
            wanted.to_ascii_lowercase()
        } else {
            wanted
        };
        let Some(first) = wanted.first().copied() else {
            return;
        };
        let patterns = self.by_first.entry(first).or_default();
        if patterns
            .iter()
            .any(|known| known.wanted == wanted && known.fold == fold)
        {
            return;
        }
        patterns.push(Pattern {
            kind,
            wanted,
            instead,
            fold,
            beside,
        });
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.wanted.len()));
    }

    /// A text: as it is, in hexadecimal with and without marks between the octets, in UTF-16.
    pub(crate) fn add_text(&mut self, kind: Private, text: &[u8], instead: &[u8]) {
        let beside = if text.len() >= LONG {
            Beside::Anything
        } else {
            Beside::NoWord
        };
        self.add(kind, text.to_vec(), instead.to_vec(), true, beside);
        let lower = (text.to_ascii_lowercase(), instead.to_ascii_lowercase());
        let upper = (text.to_ascii_uppercase(), instead.to_ascii_uppercase());
        for (text, instead) in [(text.to_vec(), instead.to_vec()), lower, upper] {
            let beside = if text.len() > 4 {
                Beside::Anything
            } else {
                Beside::NoHexDigit
            };
            for mark in ["", " ", ":", "-"] {
                self.add(kind, hex(&text, mark), hex(&instead, mark), true, beside);
            }
            let wide = |text: &[u8]| text.iter().flat_map(|octet| [*octet, 0]).collect();
            let wide_first = |text: &[u8]| text.iter().flat_map(|octet| [0, *octet]).collect();
            self.add(kind, wide(&text), wide(&instead), false, Beside::Anything);
            self.add(
                kind,
                wide_first(&text),
                wide_first(&instead),
                false,
                Beside::Anything,
            );
        }
    }

    /// A hardware address: its octets, its text with every mark, and inside an EUI-64.
    pub(crate) fn add_mac(&mut self, mac: [u8; 6], new: [u8; 6]) {
        let kind = Private::Mac;
        self.add(kind, mac.to_vec(), new.to_vec(), false, Beside::Anything);
        self.add(
            kind,
            eui64(mac).to_vec(),
            eui64(new).to_vec(),
            false,
            Beside::Anything,
        );
        for mark in ["", ":", "-", " ", "."] {
            self.add(
                kind,
                hex(&mac, mark),
                hex(&new, mark),
                true,
                Beside::Anything,
            );
        }
        self.add(
            kind,
            hex(&eui64(mac), ""),
            hex(&eui64(new), ""),
            true,
            Beside::Anything,
        );
        let grouped = |mac: [u8; 6], mark: &str, size: usize| {
            let parts: Vec<Vec<u8>> = mac.chunks(size).map(|part| hex(part, "")).collect();
            parts.join(mark.as_bytes())
        };
        for (mark, size) in [(".", 2), (":", 2), ("-", 2), ("-", 3), (":", 3)] {
            self.add(
                kind,
                grouped(mac, mark, size),
                grouped(new, mark, size),
                true,
                Beside::Anything,
            );
        }
        // `0:1b:a9:1:2:3`, as some systems write it.
        let short = |mac: [u8; 6]| {
            let parts: Vec<String> = mac.iter().map(|octet| format!("{octet:x}")).collect();
            parts.join(":").into_bytes()
        };
        self.add(kind, short(mac), short(new), true, Beside::NoHexDigit);
        // Host names and service names are made of its second half.
        let half = |mac: [u8; 6]| hex(mac.get(3..).unwrap_or_default(), "");
        if half(mac).iter().any(u8::is_ascii_alphabetic) {
            self.add(kind, half(mac), half(new), true, Beside::NoHexDigit);
        }
    }

    /// An address as text and in hexadecimal. Its four octets are looked for by whoever knows that a
    /// value is nothing else: among records of counters they may be a number.
    pub(crate) fn add_ipv4(&mut self, address: Ipv4Addr, instead: Ipv4Forms) {
        let kind = Private::Address;
        let own = Ipv4Forms::from(address);
        self.add(kind, own.plain, instead.plain, false, Beside::NoNumber);
        self.add(kind, own.padded, instead.padded, false, Beside::NoNumber);
        self.add(kind, own.digits, instead.digits, true, Beside::NoHexDigit);
    }

    /// Replaces all that stands in `text`, and says of what kinds it was.
    pub(crate) fn replace(&self, text: &[u8]) -> (Vec<u8>, Vec<Private>) {
        let mut new = Vec::with_capacity(text.len());
        let mut kinds = Vec::new();
        let mut at = 0;
        while let Some(octet) = text.get(at) {
            let lower = octet.to_ascii_lowercase();
            let exact = self.by_first.get(octet).into_iter().flatten();
            let folded = self.by_first.get(&lower).into_iter().flatten();
            let candidates = exact.chain(folded.filter(|_| lower != *octet));
            let found = candidates
                .filter(|pattern| pattern.matches(text, at))
                .max_by_key(|pattern| pattern.wanted.len());
            let Some(pattern) = found else {
                new.push(*octet);
                at += 1;
                continue;
            };
            let end = at + pattern.wanted.len();
            let old = text.get(at..end).unwrap_or_default();
            pattern.write(old, self.verbatim, &mut new);
            if !kinds.contains(&pattern.kind) {
                kinds.push(pattern.kind);
            }
            at = end;
        }
        (new, kinds)
    }
}

impl Pattern {
    fn matches(&self, text: &[u8], at: usize) -> bool {
        let end = at + self.wanted.len();
        let Some(here) = text.get(at..end) else {
            return false;
        };
        let same = if self.fold {
            here.eq_ignore_ascii_case(&self.wanted)
        } else {
            here == self.wanted
        };
        let before = at.checked_sub(1).and_then(|place| text.get(place).copied());
        same && self
            .beside
            .allows(before, text.get(end).copied(), text.get(end + 1).copied())
    }

    /// Writes what stands instead, in the case of what stood there unless it is `verbatim`.
    fn write(&self, old: &[u8], verbatim: bool, new: &mut Vec<u8>) {
        if !self.fold || verbatim {
            new.extend_from_slice(&self.instead);
            return;
        }
        let has_upper = old.iter().any(u8::is_ascii_uppercase);
        for (place, octet) in self.instead.iter().enumerate() {
            let upper = match old.get(place) {
                Some(old) if old.is_ascii_alphabetic() => old.is_ascii_uppercase(),
                _ => has_upper,
            };
            new.push(if upper {
                octet.to_ascii_uppercase()
            } else {
                octet.to_ascii_lowercase()
            });
        }
    }
}

impl Beside {
    fn allows(self, before: Option<u8>, after: Option<u8>, next: Option<u8>) -> bool {
        let clear = |of: fn(&u8) -> bool| {
            before.is_none_or(|octet| !of(&octet)) && after.is_none_or(|octet| !of(&octet))
        };
        match self {
            Self::Anything => true,
            Self::NoHexDigit => clear(u8::is_ascii_hexdigit),
            Self::NoNumber => {
                // `1.2.3.4.` ends a sentence, `1.2.3.4.5` is something else.
                let goes_on =
                    after == Some(b'.') && next.is_some_and(|octet| octet.is_ascii_digit());
                clear(u8::is_ascii_digit) && before != Some(b'.') && !goes_on
            }
            Self::NoWord => clear(u8::is_ascii_alphanumeric),
        }
    }
}

/// The interface identifier that IPv6 makes of a hardware address (RFC 4291 appendix A).
pub(crate) fn eui64([a, b, c, d, e, f]: [u8; 6]) -> [u8; 8] {
    [a ^ 2, b, c, 0xff, 0xfe, d, e, f]
}

fn hex(octets: &[u8], mark: &str) -> Vec<u8> {
    let parts: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    parts.join(mark).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::pseudonym::Pseudonyms;
    use super::*;

    #[test]
    fn a_serial_is_replaced_however_it_is_written() {
        let names = Pseudonyms::new([5; 16]);
        let mut patterns = Patterns::default();
        let instead = names.text(b"VNB3F12345");
        patterns.add_text(Private::Serial, b"VNB3F12345", &instead);
        let new = String::from_utf8(instead).expect("ASCII");
        for (old, expected) in [
            ("SN:VNB3F12345,", format!("SN:{new},")),
            ("vnb3f12345", new.to_ascii_lowercase()),
            ("VNB3F12345-130-0", format!("{new}-130-0")),
            (
                "564E42334631323334353B",
                new.bytes().map(|b| format!("{b:02X}")).collect::<String>() + "3B",
            ),
        ] {
            let (replaced, _) = patterns.replace(old.as_bytes());
            assert_eq!(String::from_utf8_lossy(&replaced), expected);
        }
    }
}
