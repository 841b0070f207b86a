//! Where bytes stopped making sense.

/// Where bytes from a device stopped making sense. Never the caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} at byte {offset}: {kind}")]
#[non_exhaustive]
pub struct DecodeError {
    /// The field being read, named as its specification names it.
    pub field: &'static str,
    /// Distance from the start of the datagram.
    pub offset: usize,
    /// What was wrong there.
    pub kind: DecodeErrorKind,
}

/// The ways a field can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The datagram is longer than is read.
    #[error("more than {0} bytes")]
    DatagramTooLong(usize),
    /// A length that is indefinite or wider than four octets.
    #[error("length form {0:#04x} is not read")]
    LengthForm(u8),
    /// Something follows where nothing may.
    #[error("{0} bytes are left over")]
    LeftOver(usize),
    /// A number is negative, or has too many octets, where that has no meaning.
    #[error("the number is out of range")]
    NumberRange,
    /// An object identifier that is none.
    #[error("the object identifier is malformed")]
    ObjectIdentifier,
    /// More levels of nesting than SNMP has.
    #[error("nested too deeply")]
    TooDeep,
    /// The datagram, or the field around, ended inside the field.
    #[error("{0} more bytes expected")]
    Truncated(usize),
    /// A mistake that a tolerance would accept, were it switched on.
    #[error("{0}")]
    NotTolerated(&'static str),
    /// Another type than the one that belongs here.
    #[error("type {0:#04x} does not belong here")]
    UnexpectedTag(u8),
    /// A version that is not spoken here.
    #[error("version number {0} is not spoken")]
    Version(i64),
    /// A value whose length does not fit its type.
    #[error("{0} bytes do not fit the type")]
    ValueLength(usize),
}
