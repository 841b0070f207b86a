//! Values and variables that borrow from the datagram.

use crate::ber::{DecodeError, DecodeErrorKind, OidRef, Reader, Unsigned, tag};
use crate::{Value, VarBind};
use std::net::Ipv4Addr;

/// A value that borrows from the datagram. Its variants are those of [`Value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// INTEGER.
    Integer(i64),
    /// OCTET STRING.
    OctetString(&'a [u8]),
    /// NULL.
    Null,
    /// OBJECT IDENTIFIER.
    ObjectIdentifier(OidRef<'a>),
    /// IpAddress.
    IpAddress(Ipv4Addr),
    /// Counter32.
    Counter32(u32),
    /// Gauge32 or Unsigned32.
    Gauge32(u32),
    /// TimeTicks.
    TimeTicks(u32),
    /// Opaque.
    Opaque(&'a [u8]),
    /// Counter64.
    Counter64(u64),
    /// noSuchObject.
    NoSuchObject,
    /// noSuchInstance.
    NoSuchInstance,
    /// endOfMibView.
    EndOfMibView,
}

impl<'a> ValueRef<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        const FIELD: &str = "value";
        let (found, content) = reader.field(FIELD)?;
        let number = |reader: &mut Reader<'a>, octets| reader.unsigned(FIELD, content, octets);
        Ok(match found {
            tag::INTEGER => reader
                .signed(FIELD, content)?
                .map_or(Self::Null, Self::Integer),
            tag::OCTET_STRING | tag::NSAP_ADDRESS => Self::OctetString(content),
            tag::OPAQUE => Self::Opaque(content),
            tag::OBJECT_IDENTIFIER if content.is_empty() => {
                reader.empty(FIELD)?;
                Self::Null
            }
            tag::OBJECT_IDENTIFIER => Self::ObjectIdentifier(
                OidRef::check(content)
                    .ok_or_else(|| reader.error(FIELD, DecodeErrorKind::ObjectIdentifier))?,
            ),
            tag::IP_ADDRESS => match content {
                [a, b, c, d] => Self::IpAddress(Ipv4Addr::new(*a, *b, *c, *d)),
                other => {
                    return Err(reader.error(FIELD, DecodeErrorKind::ValueLength(other.len())));
                }
            },
            tag::COUNTER32 => Self::from_unsigned(number(reader, 4)?, Self::Counter32, true),
            tag::GAUGE32 | tag::UINTEGER32 => {
                Self::from_unsigned(number(reader, 4)?, Self::Gauge32, false)
            }
            tag::TIME_TICKS => Self::from_unsigned(number(reader, 4)?, Self::TimeTicks, false),
            tag::COUNTER64 => match number(reader, 8)? {
                Some(Unsigned::Number(number)) => Self::Counter64(number),
                Some(Unsigned::Negative(number)) => Self::Integer(number),
                None => Self::Null,
            },
            tag::NULL if content.is_empty() => Self::Null,
            other => {
                let exception = Self::exception(reader, other)?;
                if !content.is_empty() {
                    return Err(reader.error(FIELD, DecodeErrorKind::ValueLength(content.len())));
                }
                exception
            }
        })
    }

    /// The value of a field with this tag and content, where that needs no tolerance and no second look:
    /// a text, or a number in as few octets as it needs and within its type.
    pub(super) fn usual(found: u8, content: &'a [u8]) -> Option<Self> {
        if found == tag::OCTET_STRING {
            return Some(Self::OctetString(content));
        }
        let (first, is_short) = match content {
            [first] => (*first, true),
            [first, second, ..] => {
                let is_padded = matches!(first, 0 | 0xff) && (first ^ second) & 0x80 == 0;
                (*first, content.len() <= 4 && !is_padded)
            }
            [] => return None,
        };
        let is_negative = first & 0x80 != 0;
        if !is_short {
            return None;
        }
        let fold = |start: u32| {
            let octets = content.iter();
            octets.fold(start, |number, octet| number << 8 | u32::from(*octet))
        };
        Some(match found {
            tag::INTEGER => {
                let start = if is_negative { u32::MAX } else { 0 };
                Self::Integer(i64::from(fold(start).cast_signed()))
            }
            tag::COUNTER32 if !is_negative => Self::Counter32(fold(0)),
            tag::GAUGE32 if !is_negative => Self::Gauge32(fold(0)),
            tag::TIME_TICKS if !is_negative => Self::TimeTicks(fold(0)),
            _ => return None,
        })
    }

    fn exception(reader: &mut Reader<'a>, found: u8) -> Result<Self, DecodeError> {
        const CONSTRUCTED: u8 = 0x20;
        if found & CONSTRUCTED != 0 {
            reader.constructed_exception("value")?;
        }
        match found & !CONSTRUCTED {
            tag::NO_SUCH_OBJECT => Ok(Self::NoSuchObject),
            tag::NO_SUCH_INSTANCE => Ok(Self::NoSuchInstance),
            tag::END_OF_MIB_VIEW => Ok(Self::EndOfMibView),
            _ => Err(reader.error("value", DecodeErrorKind::UnexpectedTag(found))),
        }
    }

    /// A number of a 32-bit type. One that is wider or negative is kept as what it is: see
    /// [`Tolerances`](crate::ber::Tolerances).
    fn from_unsigned(found: Option<Unsigned>, wrap: impl Fn(u32) -> Self, counter: bool) -> Self {
        match found {
            None => Self::Null,
            Some(Unsigned::Negative(number)) => Self::Integer(number),
            Some(Unsigned::Number(number)) => {
                match (u32::try_from(number), i64::try_from(number)) {
                    (Ok(narrow), _) => wrap(narrow),
                    (Err(_), Ok(wide)) if !counter => Self::Integer(wide),
                    _ => Self::Counter64(number),
                }
            }
        }
    }

    /// Whether it is one of the three v2c exceptions (RFC 3416 section 3).
    pub fn is_exception(self) -> bool {
        matches!(
            self,
            Self::NoSuchObject | Self::NoSuchInstance | Self::EndOfMibView
        )
    }

    /// An owned copy.
    pub fn to_value(self) -> Value {
        match self {
            Self::Integer(number) => Value::Integer(number),
            Self::OctetString(octets) => Value::OctetString(octets.to_vec()),
            Self::Null => Value::Null,
            Self::ObjectIdentifier(oid) => Value::ObjectIdentifier(oid.to_oid()),
            Self::IpAddress(address) => Value::IpAddress(address),
            Self::Counter32(number) => Value::Counter32(number),
            Self::Gauge32(number) => Value::Gauge32(number),
            Self::TimeTicks(number) => Value::TimeTicks(number),
            Self::Opaque(octets) => Value::Opaque(octets.to_vec()),
            Self::Counter64(number) => Value::Counter64(number),
            Self::NoSuchObject => Value::NoSuchObject,
            Self::NoSuchInstance => Value::NoSuchInstance,
            Self::EndOfMibView => Value::EndOfMibView,
        }
    }
}

/// A name and its value, borrowed from the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VarBindRef<'a> {
    /// The object instance.
    pub name: OidRef<'a>,
    /// Its value.
    pub value: ValueRef<'a>,
    /// How many bytes it takes in the datagram.
    pub wire_len: usize,
}

impl VarBindRef<'_> {
    /// An owned copy.
    pub fn to_varbind(self) -> VarBind {
        VarBind {
            oid: self.name.to_oid(),
            value: self.value.to_value(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ber::Tolerances;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_read_at_a_glance_is_what_strict_reading_reads(
            found in prop::sample::select(vec![
                tag::INTEGER, tag::OCTET_STRING, tag::COUNTER32, tag::GAUGE32, tag::TIME_TICKS,
                tag::COUNTER64, tag::OBJECT_IDENTIFIER, tag::NULL, tag::END_OF_MIB_VIEW,
            ]),
            front in prop::collection::vec(prop::sample::select(vec![0, 1, 0x7f, 0x80, 0xff]), 0..4),
            rest in prop::collection::vec(any::<u8>(), 0..4),
        ) {
            let content = [front, rest].concat();
            let usual = ValueRef::usual(found, &content);
            let len = u8::try_from(content.len()).expect("short");
            let field = [&[found, len][..], &content].concat();
            let read = ValueRef::read(&mut Reader::new(&field, Tolerances::STRICT));
            prop_assert!(usual.is_none() || usual == read.ok());
        }
    }
}
