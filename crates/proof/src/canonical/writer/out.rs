//! What is written: one buffer for a whole document, and the objects that are open in it.

use std::cmp::Ordering;
use std::ops::Range;

/// What is written, and what is known of the objects that are open: one of each for a whole document,
/// because an audit has a thousand objects.
#[derive(Default)]
pub(crate) struct Out {
    pub(super) bytes: Vec<u8>,
    /// The members of all open objects, the innermost one's last.
    pub(super) members: Vec<Member>,
    /// Names that are not known when the program is built.
    pub(super) names: String,
    /// Where an object is put in order.
    spare: Vec<u8>,
}

/// A member of an open object.
pub(super) struct Member {
    pub(super) name: Name,
    /// The beginning of its name, by which most names are told apart.
    pub(super) beginning: Beginning,
    /// Its name, colon and value.
    pub(super) written: Range<usize>,
}

/// The first eight bytes of a name, with zeros behind a shorter one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning(u64);

impl Beginning {
    pub(super) fn of(name: &str) -> Self {
        let name = name.as_bytes();
        Self(u64::from_be_bytes(match name.first_chunk() {
            Some(eight) => *eight,
            None => {
                let mut eight = [0; 8];
                for (place, byte) in eight.iter_mut().zip(name) {
                    *place = *byte;
                }
                eight
            }
        }))
    }

    /// Which of two names comes first, where their beginnings tell: where they differ and are ASCII.
    fn order(self, other: Self) -> Option<Ordering> {
        const BEYOND_ASCII: u64 = 0x8080_8080_8080_8080;
        let tells = self != other && (self.0 | other.0) & BEYOND_ASCII == 0;
        tells.then(|| self.0.cmp(&other.0))
    }
}

impl Member {
    /// Which of two names comes first.
    pub(super) fn order(&self, names: &str, other: (Beginning, &Name)) -> Ordering {
        let (beginning, name) = other;
        let told = self.beginning.order(beginning);
        told.unwrap_or_else(|| order(self.name.text(names), name.text(names)))
    }
}

/// A member's name.
pub(super) enum Name {
    Known(&'static str),
    /// Where it stands in [`Out::names`].
    Kept(Range<usize>),
}

impl Name {
    pub(super) fn text<'n>(&'n self, names: &'n str) -> &'n str {
        match self {
            Self::Known(name) => name,
            Self::Kept(place) => names.get(place.clone()).unwrap_or_default(),
        }
    }
}

impl Out {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Puts the members from `first` on in order, which stand from `start` on. Answers a name that comes
    /// twice.
    pub(super) fn sort(&mut self, first: usize, start: usize) -> Option<String> {
        let names = &self.names;
        let members = self.members.get_mut(first..)?;
        let order = |a: &Member, b: &Member| a.order(names, (b.beginning, &b.name));
        members.sort_by(order);
        let twice = members
            .windows(2)
            .find(|pair| order(&pair[0], &pair[1]) == Ordering::Equal);
        if let Some(pair) = twice {
            return Some(pair[0].name.text(names).to_owned());
        }
        self.spare.clear();
        for (count, member) in members.iter().enumerate() {
            if count > 0 {
                self.spare.push(b',');
            }
            let written = self.bytes.get(member.written.clone());
            self.spare.extend_from_slice(written.unwrap_or_default());
        }
        self.bytes.truncate(start);
        self.bytes.extend_from_slice(&self.spare);
        None
    }
}

/// RFC 8785 section 3.2.3: by UTF-16 code units, which differs from UTF-8's order beyond ASCII.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        a.cmp(b)
    } else {
        a.encode_utf16().cmp(b.encode_utf16())
    }
}

/// Whether every byte of a string stands for itself, told eight bytes at a time.
fn is_plain(bytes: &[u8]) -> bool {
    let (words, _) = bytes.as_chunks::<8>();
    let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
    words.all(|word| !has_escape(word)) && !has_escape(end(bytes))
}

/// Eight bytes at once.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Whether one of eight bytes is a quotation mark, a backslash or below 0x20.
const fn has_escape(word: u64) -> bool {
    // A byte that is less borrows from its highest bit, and had none itself.
    const fn less(word: u64, than: u8) -> u64 {
        word.wrapping_sub(each(than)) & !word & each(0x80)
    }
    less(word, 0x20) | less(word ^ each(b'"'), 1) | less(word ^ each(b'\\'), 1) != 0
}

/// The last eight bytes; of fewer, all of them.
fn end(bytes: &[u8]) -> u64 {
    let wide = |four: &[u8; 4]| u64::from(u32::from_le_bytes(*four));
    if let Some(eight) = bytes.last_chunk() {
        return u64::from_le_bytes(*eight);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return wide(first) << 32 | wide(last);
    }
    let mut few = [b' '; 8];
    for (place, byte) in few.iter_mut().zip(bytes) {
        *place = *byte;
    }
    u64::from_le_bytes(few)
}

/// Writes a string with the shortest escapes (RFC 8785 section 3.2.2.2).
pub(super) fn text(out: &mut Out, value: &str) {
    let bytes = value.as_bytes();
    out.bytes.reserve(bytes.len() + 2);
    out.push(b'"');
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
    } else {
        escaped(out, bytes);
    }
    out.push(b'"');
}

fn escaped(out: &mut Out, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            plain => out.push(*plain),
        }
    }
}
