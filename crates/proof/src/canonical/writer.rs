//! A serde serialiser that writes canonical JSON.

use super::{CanonicalError, CanonicalErrorKind, MAX_DEPTH, MAX_INTEGER};
use serde::ser::{self, Serialize};
use std::borrow::Cow;
use std::fmt::Display;
use std::ops::Range;

type Result<T> = std::result::Result<T, CanonicalError>;

impl CanonicalError {
    fn new(kind: CanonicalErrorKind) -> Self {
        Self {
            path: String::new(),
            kind,
        }
    }

    fn under_member(mut self, name: &str) -> Self {
        self.path.insert_str(0, name);
        self.path.insert(0, '.');
        self
    }

    fn under_index(mut self, index: usize) -> Self {
        self.path.insert_str(0, &format!("[{index}]"));
        self
    }
}

impl ser::Error for CanonicalError {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(CanonicalErrorKind::Type(message.to_string()))
    }
}

/// Writes one value to the end of `out`.
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, depth: 0 }
    }

    fn integer(self, value: i128) -> Result<()> {
        if value.abs() > i128::from(MAX_INTEGER) {
            return Err(CanonicalError::new(CanonicalErrorKind::Integer(value)));
        }
        self.out.extend_from_slice(value.to_string().as_bytes());
        Ok(())
    }

    fn deeper(&self) -> Result<usize> {
        if self.depth >= MAX_DEPTH {
            return Err(CanonicalError::new(CanonicalErrorKind::TooDeep));
        }
        Ok(self.depth + 1)
    }

    fn array(self, close: &'static [u8]) -> Result<Array<'a>> {
        let depth = self.deeper()?;
        self.out.push(b'[');
        Ok(Array {
            out: self.out,
            depth,
            count: 0,
            close,
        })
    }

    fn object(self, close: &'static [u8]) -> Result<Object<'a>> {
        Ok(Object {
            depth: self.deeper()?,
            out: self.out,
            values: Vec::new(),
            members: Vec::new(),
            name: None,
            close,
        })
    }

    /// Opens `{"variant":` around what follows.
    fn tagged(self, variant: &str) -> Result<Writer<'a>> {
        let depth = self.deeper()?;
        self.out.push(b'{');
        text(self.out, variant);
        self.out.push(b':');
        Ok(Writer {
            out: self.out,
            depth,
        })
    }
}

/// Writes a string with the shortest escapes (RFC 8785 section 3.2.2.2).
fn text(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    let mut written = 0;
    let bytes = value.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let escape: Cow<'static, [u8]> = match byte {
            b'"' => Cow::Borrowed(b"\\\""),
            b'\\' => Cow::Borrowed(b"\\\\"),
            0x08 => Cow::Borrowed(b"\\b"),
            0x09 => Cow::Borrowed(b"\\t"),
            0x0a => Cow::Borrowed(b"\\n"),
            0x0c => Cow::Borrowed(b"\\f"),
            0x0d => Cow::Borrowed(b"\\r"),
            0x00..=0x1f => Cow::Owned(format!("\\u{byte:04x}").into_bytes()),
            _ => continue,
        };
        out.extend_from_slice(&bytes[written..at]);
        out.extend_from_slice(&escape);
        written = at + 1;
    }
    out.extend_from_slice(&bytes[written..]);
    out.push(b'"');
}

impl<'a> ser::Serializer for Writer<'a> {
    type Ok = ();
    type Error = CanonicalError;
    type SerializeSeq = Array<'a>;
    type SerializeTuple = Array<'a>;
    type SerializeTupleStruct = Array<'a>;
    type SerializeTupleVariant = Array<'a>;
    type SerializeMap = Object<'a>;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = Object<'a>;

    fn serialize_bool(self, value: bool) -> Result<()> {
        let word: &[u8] = if value { b"true" } else { b"false" };
        self.out.extend_from_slice(word);
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<()> {
        self.integer(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<()> {
        self.integer(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<()> {
        self.integer(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<()> {
        self.integer(value.into())
    }

    fn serialize_i128(self, value: i128) -> Result<()> {
        // The smallest i128 has no absolute value.
        self.integer(value.max(-i128::MAX))
    }

    fn serialize_u8(self, value: u8) -> Result<()> {
        self.integer(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<()> {
        self.integer(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<()> {
        self.integer(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<()> {
        self.integer(value.into())
    }

    fn serialize_u128(self, value: u128) -> Result<()> {
        self.integer(i128::try_from(value).unwrap_or(i128::MAX))
    }

    fn serialize_f32(self, _: f32) -> Result<()> {
        Err(CanonicalError::new(CanonicalErrorKind::Float))
    }

    fn serialize_f64(self, _: f64) -> Result<()> {
        Err(CanonicalError::new(CanonicalErrorKind::Float))
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        text(self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        let Writer { out, depth } = self.tagged(variant)?;
        value
            .serialize(Writer { out, depth })
            .map_err(|error| error.under_member(variant))?;
        out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Array<'a>> {
        self.array(b"]")
    }

    fn serialize_tuple(self, _: usize) -> Result<Array<'a>> {
        self.array(b"]")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Array<'a>> {
        self.array(b"]")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Array<'a>> {
        self.tagged(variant)?.array(b"]}")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'a>> {
        self.object(b"}")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Object<'a>> {
        self.object(b"}")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Object<'a>> {
        self.tagged(variant)?.object(b"}}")
    }
}

/// An array being written.
pub(super) struct Array<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    count: usize,
    close: &'static [u8],
}

impl Array<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        if self.count > 0 {
            self.out.push(b',');
        }
        value
            .serialize(Writer {
                out: self.out,
                depth: self.depth,
            })
            .map_err(|error| error.under_index(self.count))?;
        self.count += 1;
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.out.extend_from_slice(self.close);
        Ok(())
    }
}

impl ser::SerializeSeq for Array<'_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.item(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl ser::SerializeTuple for Array<'_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.item(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl ser::SerializeTupleStruct for Array<'_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.item(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl ser::SerializeTupleVariant for Array<'_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.item(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

/// An object being written: its values are held back until all names are known and sorted.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    values: Vec<u8>,
    members: Vec<(Cow<'static, str>, Range<usize>)>,
    name: Option<String>,
    close: &'static [u8],
}

impl Object<'_> {
    fn member<T: Serialize + ?Sized>(&mut self, name: Cow<'static, str>, value: &T) -> Result<()> {
        let start = self.values.len();
        value
            .serialize(Writer {
                out: &mut self.values,
                depth: self.depth,
            })
            .map_err(|error| error.under_member(&name))?;
        self.members.push((name, start..self.values.len()));
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        // RFC 8785 section 3.2.3: by UTF-16 code units, which differs from UTF-8's order.
        self.members
            .sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        if let Some(pair) = self.members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let name = pair[0].0.clone().into_owned();
            return Err(CanonicalError::new(CanonicalErrorKind::DuplicateMember(
                name,
            )));
        }
        self.out.push(b'{');
        for (count, (name, range)) in self.members.iter().enumerate() {
            if count > 0 {
                self.out.push(b',');
            }
            text(self.out, name);
            self.out.push(b':');
            self.out.extend_from_slice(&self.values[range.clone()]);
        }
        self.out.extend_from_slice(self.close);
        Ok(())
    }
}

impl ser::SerializeMap for Object<'_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.name = Some(key.serialize(Name)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let name = self.name.take().unwrap_or_default();
        self.member(Cow::Owned(name), value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl ser::SerializeStruct for Object<'_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<()> {
        self.member(Cow::Borrowed(key), value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl ser::SerializeStructVariant for Object<'_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<()> {
        self.member(Cow::Borrowed(key), value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

/// Turns a map's key into a member's name; only text will do.
struct Name;

macro_rules! refuse {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method(self, _: $type) -> Result<String> {
            Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
        })*
    };
}

impl ser::Serializer for Name {
    type Ok = String;
    type Error = CanonicalError;
    type SerializeSeq = ser::Impossible<String, CanonicalError>;
    type SerializeTuple = ser::Impossible<String, CanonicalError>;
    type SerializeTupleStruct = ser::Impossible<String, CanonicalError>;
    type SerializeTupleVariant = ser::Impossible<String, CanonicalError>;
    type SerializeMap = ser::Impossible<String, CanonicalError>;
    type SerializeStruct = ser::Impossible<String, CanonicalError>;
    type SerializeStructVariant = ser::Impossible<String, CanonicalError>;

    refuse! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_f32: f32, serialize_f64: f64, serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_char(self, value: char) -> Result<String> {
        Ok(value.to_string())
    }

    fn serialize_str(self, value: &str) -> Result<String> {
        Ok(value.to_owned())
    }

    fn serialize_none(self) -> Result<String> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<String> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }

    fn serialize_unit(self) -> Result<String> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<String> {
        Ok(variant.to_owned())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        Err(CanonicalError::new(CanonicalErrorKind::NameNotText))
    }
}
