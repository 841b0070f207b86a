//! Where a reading comes from, kept so that anyone can ask "why 6,466?".

use crate::{AuditRef, Text, Timestamp, as_text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::{SmolStr, format_smolstr};
use std::cmp::Ordering;
use std::convert::Infallible;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

/// An object identifier, which documents write in dotted decimal.
///
/// The working type is the engine's, whose arcs it can share; this one only carries it through
/// documents.
#[derive(Clone)]
pub struct DottedOid {
    /// What its arcs are a part of.
    shared: Arc<[u32]>,
    start: u32,
    len: u32,
}

/// Text that is no object identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a dotted object identifier of at most 128 numbers")]
pub struct DottedOidError {
    /// The beginning of the refused text.
    pub text: String,
}

impl DottedOid {
    /// The most arcs that an instance's name may have (RFC 2578 section 3.5).
    const MAX_ARCS: usize = 128;

    /// Takes arcs: at most 128 of them; none at all is written `0.0`, SNMP's null identifier.
    pub fn from_arcs(arcs: impl Into<Arc<[u32]>>) -> Self {
        let arcs = arcs.into();
        let whole = 0..arcs.len();
        Self::part_of(arcs, whole)
    }

    /// Takes the arcs that stand at this place in `shared`, which lasts as long as this does. What
    /// [`from_arcs`](Self::from_arcs) says of their number holds; a place that is not there has none.
    pub fn part_of(shared: Arc<[u32]>, place: Range<usize>) -> Self {
        let found = shared.get(place.clone()).map_or(0, <[u32]>::len);
        let numbers = (
            u32::try_from(place.start),
            u32::try_from(found.min(Self::MAX_ARCS)),
        );
        match numbers {
            (Ok(start), Ok(len @ 1..)) => Self { shared, start, len },
            _ => Self {
                shared: [0, 0].into(),
                start: 0,
                len: 2,
            },
        }
    }

    /// The arcs: from 1 to 128.
    pub fn arcs(&self) -> &[u32] {
        let place = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let rest = self.shared.get(place(self.start)..).unwrap_or_default();
        rest.get(..place(self.len)).unwrap_or_default()
    }
}

impl PartialEq for DottedOid {
    fn eq(&self, other: &Self) -> bool {
        self.arcs() == other.arcs()
    }
}

impl Eq for DottedOid {}

impl PartialOrd for DottedOid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DottedOid {
    /// Arc by arc.
    fn cmp(&self, other: &Self) -> Ordering {
        self.arcs().cmp(other.arcs())
    }
}

impl Hash for DottedOid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.arcs().hash(state);
    }
}

impl FromStr for DottedOid {
    type Err = DottedOidError;

    fn from_str(text: &str) -> Result<Self, DottedOidError> {
        let refused = || DottedOidError {
            text: text.chars().take(64).collect(),
        };
        let mut arcs = [0; Self::MAX_ARCS];
        let mut count = 0;
        for digits in text.as_bytes().split(|byte| *byte == b'.') {
            *arcs.get_mut(count).ok_or_else(refused)? = arc(digits).ok_or_else(refused)?;
            count += 1;
        }
        Ok(Self::from_arcs(arcs.get(..count).unwrap_or_default()))
    }
}

/// A number of an identifier in the one spelling that it has.
fn arc(digits: &[u8]) -> Option<u32> {
    // As many digits as 2^32 - 1 has, so that what they make is held.
    const MOST: usize = 10;
    if !(1..=MOST).contains(&digits.len()) || digits.len() > 1 && digits.first() == Some(&b'0') {
        return None;
    }
    let mut arc = 0_u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        arc = arc * 10 + u64::from(digit - b'0');
    }
    u32::try_from(arc).ok()
}

impl TryFrom<String> for DottedOid {
    type Error = DottedOidError;

    fn try_from(text: String) -> Result<Self, DottedOidError> {
        text.parse()
    }
}

impl DottedOid {
    /// Room for the text of an identifier of this many numbers: ten digits each, and the dots.
    const USUAL: usize = 24;
    const USUAL_TEXT: usize = Self::USUAL * 11;

    /// Hands the dotted text to `take`, of a usual length without a text of its own.
    fn with_text<R>(&self, take: impl FnOnce(&str) -> R) -> R {
        let arcs = self.arcs();
        if arcs.len() > Self::USUAL {
            return take(&String::from(self));
        }
        let (mut text, mut length) = ([0; Self::USUAL_TEXT], 0);
        self.each_part(|part| {
            if let Some(place) = text.get_mut(length..length + part.len()) {
                place.copy_from_slice(part.as_bytes());
                length += part.len();
            }
        });
        let text = text.get(..length).unwrap_or_default();
        take(std::str::from_utf8(text).unwrap_or_default())
    }

    /// The numbers in decimal and the dots between them.
    fn each_part(&self, mut put: impl FnMut(&str)) {
        let mut digits = [0; 20];
        for (place, arc) in self.arcs().iter().enumerate() {
            if place > 0 {
                put(".");
            }
            put(decimal(u64::from(*arc), &mut digits));
        }
    }
}

impl From<&DottedOid> for String {
    fn from(oid: &DottedOid) -> Self {
        let mut text = Self::with_capacity(oid.arcs().len() * 3 + 8);
        oid.each_part(|part| text.push_str(part));
        text
    }
}

impl From<DottedOid> for String {
    fn from(oid: DottedOid) -> Self {
        Self::from(&oid)
    }
}

impl Serialize for DottedOid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for DottedOid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        as_text::deserialize(deserializer, str::parse)
    }
}

impl fmt::Display for DottedOid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.pad(text))
    }
}

impl fmt::Debug for DottedOid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Decimal digits without the formatter, which would cost more than all else in a raw value.
pub(crate) fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &str {
    let mut first = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10).to_le_bytes()[0];
        number /= 10;
        first -= 1;
        if number == 0 {
            break;
        }
    }
    let digits = digits.get(first..).unwrap_or_default();
    std::str::from_utf8(digits).unwrap_or_default()
}

/// The type that a raw SNMP value had on the wire (RFC 2578 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RawKind {
    /// INTEGER, decimal.
    Integer,
    /// OCTET STRING of printable ASCII, as it is.
    OctetString,
    /// OCTET STRING with anything else in it, in hexadecimal.
    OctetStringHex,
    /// OBJECT IDENTIFIER, dotted.
    ObjectIdentifier,
    /// IpAddress, dotted.
    IpAddress,
    /// Counter32, decimal.
    Counter32,
    /// Gauge32 or Unsigned32, decimal.
    Gauge32,
    /// TimeTicks in hundredths of a second, decimal.
    TimeTicks,
    /// Opaque, in hexadecimal.
    Opaque,
    /// Counter64, decimal.
    Counter64,
    /// NULL; the text is empty.
    Null,
}

/// A value exactly as the device gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawValue {
    /// Its type on the wire.
    pub kind: RawKind,
    /// Its value, written as [`RawKind`] says. Printable ASCII in every case.
    pub text: RawText,
}

/// A raw value's text: exactly as it is, blanks and all. Cloning is cheap.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawText(SmolStr);

impl RawText {
    /// A number in decimal.
    pub fn of_number(number: impl Into<i128>) -> Self {
        let number: i128 = number.into();
        match u64::try_from(number) {
            Ok(number) => Self(decimal(number, &mut [0; 20]).into()),
            Err(_) => Self(format_smolstr!("{number}")),
        }
    }
}

impl std::ops::Deref for RawText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RawText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for RawText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Serialize for RawText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RawText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        as_text::deserialize(deserializer, |text| Ok::<_, Infallible>(text.into()))
    }
}

impl From<RawText> for String {
    fn from(text: RawText) -> Self {
        text.0.into()
    }
}

impl fmt::Display for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// One input of a derived reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DerivedInput {
    /// The name that the formula uses.
    pub name: Text,
    /// The value that went in.
    pub value: i64,
    /// Where that value came from.
    pub source: Source,
}

/// What was said of one thing at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Said {
    /// The value, as text.
    pub value: Text,
    /// Where it came from.
    pub source: Source,
}

/// One thing that two audits of a device were held against each other in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComparedValue {
    /// What was compared, by the field's name in JSON: `serial`, `level`, `value`...
    pub name: Text,
    /// What the earlier audit said, where it said anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Said>,
    /// What this audit says, where it says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Said>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub enum Source {
    /// One SNMP object instance.
    Snmp {
        /// The instance.
        oid: DottedOid,
        /// What the device answered.
        raw: RawValue,
    },
    /// An IPP printer attribute (RFC 8011).
    Ipp {
        /// The attribute's name.
        attribute: Text,
        /// Its value as text.
        raw: Text,
    },
    /// A page of the device's own web server.
    Http {
        /// The path that was read.
        path: Text,
        /// The text that held the value.
        raw: Text,
    },
    /// What the network around the device says of it.
    Network {
        /// Who says it: `reverse DNS`, `neighbour table`.
        by: Text,
        /// What was said.
        raw: Text,
    },
    /// Typed by a person.
    Typed {
        /// Who typed it.
        by: Text,
    },
    /// Counted by the agent itself.
    Counted {
        /// What was counted.
        what: Text,
    },
    /// Computed from other values.
    Derived {
        /// The formula over the inputs' names.
        formula: Text,
        /// What went in.
        inputs: Vec<DerivedInput>,
    },
    /// Concluded from what an earlier audit of the same device said.
    Compared {
        /// The earlier audit.
        earlier: AuditRef,
        /// What was held side by side.
        values: Vec<ComparedValue>,
    },
}

/// The definition row that gave a value its meaning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleId {
    /// The row's name, such as `rfc3805.prtMarkerLifeCount` or `hp.total-impressions`.
    pub name: Text,
    /// The version of the definitions that it stood in.
    pub version: u32,
}

/// Another source that spoke about the same field and was not believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LosingWitness {
    /// Where it spoke.
    pub source: Source,
    /// The row that read it.
    pub rule: RuleId,
    /// What it said, as text.
    pub value: Text,
    /// Why it lost.
    pub reason: Text,
}

/// How far a value can be trusted to mean what its field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Exactness {
    /// The device states this value for this field.
    Exact,
    /// The device states it in coarse steps or as "about".
    Rounded,
    /// Computed from exact values by a stated formula.
    Derived,
    /// The device states the value; that it means this field is a rule's assumption.
    Assumed,
    /// Read by a row that only one public source supports, and not yet seen to be plausible.
    Unproven,
    /// Inferred by the agent.
    Estimated,
    /// The device gives no number.
    Unknown,
}

/// The full story of one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provenance {
    /// Where the value came from.
    pub source: Source,
    /// The row that gave it its meaning.
    pub rule: RuleId,
    /// When it was read, where that is not the audit's own time: a static value (a model name, a
    /// capacity) taken over from an earlier audit. Meters, levels, alerts and serials never are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// Whether only one public source supports the row and nothing else in this audit supports the
    /// value. Where the field has an [`Exactness`], that says it too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproven: bool,
    /// The plausibility checks by which an unproven row's value was accepted, each with the values
    /// that it compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Text>,
    /// Who else spoke, and why they lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<LosingWitness>,
}

impl Provenance {
    /// A value of this audit, by a row that is proved, with no other witness.
    pub fn new(source: Source, rule: RuleId) -> Self {
        Self {
            source,
            rule,
            read_at: None,
            unproven: false,
            checks: Vec::new(),
            witnesses: Vec::new(),
        }
    }

    /// A value read from one SNMP object in this audit, with no other witness.
    pub fn snmp(oid: DottedOid, raw: RawValue, rule: RuleId) -> Self {
        Self::new(Source::Snmp { oid, raw }, rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn arcs_make_an_oid_that_reads_back() {
        let arcs = [1, 3, 6, 0, u32::MAX];
        let oid = DottedOid::from_arcs(arcs);
        assert_eq!(oid.to_string(), "1.3.6.0.4294967295");
        assert_eq!(DottedOid::try_from(String::from(oid.clone())), Ok(oid));
        assert_eq!(DottedOid::from_arcs([]).to_string(), "0.0");
        assert_eq!(DottedOid::from_arcs([7; 200]).arcs().len(), 128);
    }

    #[test]
    fn an_oid_is_dotted_decimal_without_leading_zeros() {
        let parse = |text: &str| DottedOid::try_from(text.to_owned()).is_ok();
        assert!(parse("1.3.6.1.2.1.1.1.0"));
        for bad in [
            "",
            ".1.3",
            "1.3.",
            "1..3",
            "1.03",
            "00",
            "1.a",
            "+1",
            "1.4294967296",
            "1.42949672950",
        ] {
            assert!(!parse(bad), "{bad}");
        }
        assert!(parse(&["1"; 128].join(".")));
        assert!(!parse(&["1"; 129].join(".")));
    }

    proptest! {
        #[test]
        fn an_oid_survives_its_own_text(
            arcs in prop::collection::vec(prop_oneof![0..20_u32, any::<u32>()], 1..=128)
        ) {
            let text = arcs.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
            let oid = DottedOid::from_arcs(arcs);
            prop_assert_eq!(&text.parse::<DottedOid>().expect("an identifier"), &oid);
            prop_assert_eq!(&String::from(&oid), &text);
            prop_assert_eq!(&oid.to_string(), &text);
            let json = serde_json::to_string(&oid).expect("JSON");
            prop_assert_eq!(&json, &format!("{text:?}"));
            prop_assert_eq!(serde_json::from_str::<DottedOid>(&json).expect("an identifier"), oid);
        }
    }
}
