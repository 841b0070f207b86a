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
    /// Its name, colon and value.
    pub(super) written: Range<usize>,
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
        members.sort_by(|a, b| order(a.name.text(names), b.name.text(names)));
        let twice = members
            .windows(2)
            .find(|pair| pair[0].name.text(names) == pair[1].name.text(names));
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

/// Whether a byte of a string stands for itself.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        plain[byte] = false;
        byte += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain
};

/// Writes a string with the shortest escapes (RFC 8785 section 3.2.2.2).
pub(super) fn text(out: &mut Out, value: &str) {
    out.push(b'"');
    let mut rest = value.as_bytes();
    while let Some(place) = rest.iter().position(|byte| !PLAIN[usize::from(*byte)]) {
        let (plain, behind) = rest.split_at(place);
        out.extend_from_slice(plain);
        let Some((byte, behind)) = behind.split_first() else {
            break;
        };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
