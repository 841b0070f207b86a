//! Recordings of devices: lines of `OID|TYPE|VALUE`, as snmpsim writes them.
//!
//! Types are the BER tags in decimal: `2` INTEGER, `4` OCTET STRING, `5` NULL, `6` OBJECT
//! IDENTIFIER, `64` IpAddress, `65` Counter32, `66` Gauge32, `67` TimeTicks, `68` Opaque, `70`
//! Counter64; an `x` behind the tag means that the value is in hexadecimal.

use crate::{Answers, Oid, Value, VarBind};
use std::fmt::Write as _;
use std::net::Ipv4Addr;

/// Ceiling on a recording's size: the longest known one has 2 MB.
pub const MAX_BYTES: usize = 64 << 20;

/// A device, as one walk recorded it: names in order, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    varbinds: Vec<VarBind>,
}

/// A recording that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct RecordingError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub kind: RecordingErrorKind,
}

/// The ways a line can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingErrorKind {
    /// Not three fields between bars.
    #[error("not of the form OID|TYPE|VALUE")]
    NotThreeFields,
    /// The first field is no object identifier.
    #[error(transparent)]
    Oid(crate::OidError),
    /// The second field is no known type.
    #[error("unknown type {0:?}")]
    UnknownType(String),
    /// The third field does not fit the type.
    #[error("the value is no {0}")]
    BadValue(&'static str),
    /// More bytes than are read.
    #[error("the recording is larger than 64 MiB")]
    TooLarge,
}

impl Recording {
    /// Reads a recording. Order does not matter; of a repeated name the first value is kept; empty
    /// lines and lines that begin with `#` are passed over.
    ///
    /// # Errors
    ///
    /// [`RecordingError`] with the first line that cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordingError> {
        if bytes.len() > MAX_BYTES {
            return Err(RecordingError {
                line: 0,
                kind: RecordingErrorKind::TooLarge,
            });
        }
        let mut varbinds = Vec::new();
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let varbind = parse_line(line).map_err(|kind| RecordingError {
                line: number + 1,
                kind,
            })?;
            varbinds.push(varbind);
        }
        // A stable sort keeps the first of equal names in front.
        varbinds.sort_by(|a, b| a.oid.cmp(&b.oid));
        varbinds.dedup_by(|later, first| later.oid == first.oid);
        Ok(Self { varbinds })
    }

    /// The variables, in order of their names.
    pub fn varbinds(&self) -> &[VarBind] {
        &self.varbinds
    }

    /// All of it as answers.
    pub fn to_answers(&self) -> Answers {
        self.varbinds.iter().cloned().collect()
    }

    /// The recording as text that [`parse`](Self::parse) reads back.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for varbind in &self.varbinds {
            let (tag, value) = write_value(&varbind.value);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}|{tag}|{value}", varbind.oid);
        }
        text
    }
}

impl FromIterator<VarBind> for Recording {
    fn from_iter<I: IntoIterator<Item = VarBind>>(varbinds: I) -> Self {
        let mut varbinds: Vec<VarBind> = varbinds.into_iter().collect();
        varbinds.retain(|varbind| !varbind.value.is_exception());
        varbinds.sort_by(|a, b| a.oid.cmp(&b.oid));
        varbinds.dedup_by(|later, first| later.oid == first.oid);
        Self { varbinds }
    }
}

fn parse_line(line: &[u8]) -> Result<VarBind, RecordingErrorKind> {
    let mut fields = line.splitn(3, |byte| *byte == b'|');
    let (Some(oid), Some(tag), Some(value)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(RecordingErrorKind::NotThreeFields);
    };
    let oid: Oid = String::from_utf8_lossy(oid)
        .trim()
        .parse()
        .map_err(RecordingErrorKind::Oid)?;
    let tag = String::from_utf8_lossy(tag);
    Ok(VarBind {
        oid,
        value: parse_value(&tag, value)?,
    })
}

fn parse_value(tag: &str, value: &[u8]) -> Result<Value, RecordingErrorKind> {
    let (number, octets) = match tag.strip_suffix('x') {
        Some(number) => (
            number,
            parse_hex(value).ok_or(RecordingErrorKind::BadValue("hexadecimal"))?,
        ),
        None => (tag, value.to_vec()),
    };
    let text = String::from_utf8_lossy(value);
    let text = text.trim();
    let bad = RecordingErrorKind::BadValue;
    let unsigned = |name| text.parse::<u32>().map_err(|_| bad(name));
    Ok(match number {
        "2" => Value::Integer(text.parse().map_err(|_| bad("INTEGER"))?),
        "4" => Value::OctetString(octets),
        "5" => Value::Null,
        "6" => Value::ObjectIdentifier(text.parse().map_err(RecordingErrorKind::Oid)?),
        "64" if tag.ends_with('x') => {
            let octets: [u8; 4] = octets.try_into().map_err(|_| bad("IpAddress"))?;
            Value::IpAddress(Ipv4Addr::from(octets))
        }
        "64" => Value::IpAddress(text.parse().map_err(|_| bad("IpAddress"))?),
        "65" => Value::Counter32(unsigned("Counter32")?),
        "66" => Value::Gauge32(unsigned("Gauge32")?),
        "67" => Value::TimeTicks(unsigned("TimeTicks")?),
        "68" => Value::Opaque(octets),
        "70" => Value::Counter64(text.parse().map_err(|_| bad("Counter64"))?),
        _ => {
            return Err(RecordingErrorKind::UnknownType(
                tag.chars().take(16).collect(),
            ));
        }
    })
}

fn parse_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| {
            char::from(*byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    Some(
        pairs
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

fn write_value(value: &Value) -> (&'static str, String) {
    match value {
        Value::Integer(number) => ("2", number.to_string()),
        Value::OctetString(octets) if octets.iter().all(|b| (0x20..0x7f).contains(b)) => {
            ("4", String::from_utf8_lossy(octets).into_owned())
        }
        Value::OctetString(octets) => ("4x", write_hex(octets)),
        Value::ObjectIdentifier(oid) => ("6", oid.to_string()),
        Value::IpAddress(address) => ("64", address.to_string()),
        Value::Counter32(number) => ("65", number.to_string()),
        Value::Gauge32(number) => ("66", number.to_string()),
        Value::TimeTicks(number) => ("67", number.to_string()),
        Value::Opaque(octets) => ("68x", write_hex(octets)),
        Value::Counter64(number) => ("70", number.to_string()),
        Value::Null | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => {
            ("5", String::new())
        }
    }
}

fn write_hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_may_hold_bars() {
        let recording = Recording::parse(b"1.3.6|4|a|b\n").expect("valid");
        assert_eq!(
            recording.varbinds()[0].value,
            Value::OctetString(b"a|b".to_vec())
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = Recording::parse(b"1.3.6|2|1\n1.3.7|65|-1\n").expect_err("no Counter32");
        assert_eq!(error.line, 2);
        assert_eq!(error.kind, RecordingErrorKind::BadValue("Counter32"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_parses_writes_back(
            bytes in "(1\\.[0-9.|x]{1,12}\\|(2|4x?|6|64|65|70)\\|[0-9a-f. ]{0,8}\n){0,4}"
        ) {
            if let Ok(recording) = Recording::parse(bytes.as_bytes()) {
                prop_assert_eq!(Recording::parse(recording.to_text().as_bytes()), Ok(recording));
            }
        }
    }
}
