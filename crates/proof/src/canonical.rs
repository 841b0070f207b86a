//! Canonical bytes: RFC 8785 (JCS) restricted to integers within ±(2^53 − 1).
//!
//! Keys in the order of their UTF-16 code units, no white space, the shortest escapes, no
//! floats. The restriction makes the form identical in every language: JCS writes numbers as
//! ECMAScript does, which is exact for these integers and a source of bugs for all others.

mod writer;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest integer that a document may hold, and its negative the smallest: 2^53 − 1, as
/// I-JSON (RFC 7493 section 2.2) recommends.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Ceiling on nesting: an audit needs about ten levels, and a recursion must end.
pub const MAX_DEPTH: usize = 100;

/// A value that has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {kind}")]
pub struct CanonicalError {
    /// Where it stands, such as `$.meters[2].value`.
    pub path: String,
    /// Why it is refused.
    pub kind: CanonicalErrorKind,
}

/// Why a value is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalErrorKind {
    /// Two members of one object have the same name.
    #[error("member {0:?} comes twice")]
    DuplicateMember(String),
    /// A floating-point number.
    #[error("floating-point numbers have no place in a document")]
    Float,
    /// An integer beyond ±[`MAX_INTEGER`].
    #[error("{0} is beyond ±(2^53 − 1)")]
    Integer(i128),
    /// A member's name that is no text.
    #[error("a member's name must be text")]
    NameNotText,
    /// More levels than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// The type's own serialiser refused.
    #[error("{0}")]
    Type(String),
}

/// The canonical bytes of `value`.
///
/// # Errors
///
/// [`CanonicalError`] naming the place of the value that has no canonical form.
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    let mut out = writer::Out::default();
    value
        .serialize(writer::Writer::new(&mut out))
        .map_err(|mut error: CanonicalError| {
            error.path.insert(0, '$');
            error
        })?;
    Ok(out.into_bytes())
}

/// Bytes that are not the canonical form of a value of the asked type.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// No document of this type.
    #[error("not a document of the expected type")]
    Document(#[source] serde_json::Error),
    /// A document whose values have no canonical form.
    #[error("the document has no canonical form")]
    NoCanonicalForm(#[source] CanonicalError),
    /// A document, written in another way than the canonical one.
    #[error("not canonical from byte {offset} on")]
    NotCanonical {
        /// The first byte that differs from the canonical form.
        offset: usize,
    },
}

/// Reads a document and makes sure that `bytes` are its one canonical form.
///
/// A document that parses but would be written differently (another order, white space, a text
/// that the type cleans, a repeated member) is refused, so equal documents have equal bytes.
///
/// # Errors
///
/// [`ParseError`].
pub fn from_slice<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, ParseError> {
    let value: T = serde_json::from_slice(bytes).map_err(ParseError::Document)?;
    let canonical = to_bytes(&value).map_err(ParseError::NoCanonicalForm)?;
    if canonical == bytes {
        return Ok(value);
    }
    let offset = canonical
        .iter()
        .zip(bytes)
        .position(|(expected, found)| expected != found)
        .unwrap_or(canonical.len().min(bytes.len()));
    Err(ParseError::NotCanonical { offset })
}
