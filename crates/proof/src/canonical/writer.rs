//! A serde serialiser that writes canonical JSON.

mod name;
mod out;

use super::{CanonicalError, CanonicalErrorKind, MAX_DEPTH, MAX_INTEGER};
use name::NameWriter;
pub(super) use out::Out;
use out::{Beginning, Member, Name, text};
use serde::ser::{self, Serialize};
use std::cmp::Ordering;
use std::fmt::Display;

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
    out: &'a mut Out,
    depth: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut Out) -> Self {
        Self { out, depth: 0 }
    }

    fn integer(self, value: i128) -> Result<()> {
        if value.abs() > i128::from(MAX_INTEGER) {
            return Err(CanonicalError::new(CanonicalErrorKind::Integer(value)));
        }
        // From the end: within the bounds there are no more than 16 digits and a sign.
        let mut text = [0; 17];
        let mut first = text.len();
        let mut rest = u64::try_from(value.unsigned_abs()).unwrap_or(u64::MAX);
        for place in text.iter_mut().rev() {
            *place = b'0' + (rest % 10).to_le_bytes()[0];
            rest /= 10;
            first -= 1;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            self.out.push(b'-');
        }
        self.out
            .extend_from_slice(text.get(first..).unwrap_or_default());
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
        let depth = self.deeper()?;
        self.out.push(b'{');
        Ok(Object {
            depth,
            start: self.out.bytes.len(),
            first: self.out.members.len(),
            first_name: self.out.names.len(),
            key: self.out.names.len(),
            in_order: true,
            out: self.out,
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
    out: &'a mut Out,
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

/// An object being written: its members come as they come, and are put in order at its end.
pub(super) struct Object<'a> {
    out: &'a mut Out,
    depth: usize,
    /// Where its members begin in what is written, among all members, and among the names.
    start: usize,
    first: usize,
    first_name: usize,
    /// Where the name of the member that comes begins among the names.
    key: usize,
    /// Whether each name so far comes behind the one before it.
    in_order: bool,
    close: &'static [u8],
}

impl Object<'_> {
    fn member<T: Serialize + ?Sized>(&mut self, name: Name, value: &T) -> Result<()> {
        let Out {
            bytes,
            members,
            names,
            ..
        } = &mut *self.out;
        let beginning = Beginning::of(name.text(names));
        if let Some(last) = members.get(self.first..).and_then(<[Member]>::last) {
            bytes.push(b',');
            let rising = last.order(names, (beginning, &name)) == Ordering::Less;
            self.in_order &= rising;
        }
        let begin = bytes.len();
        match &name {
            Name::Known(name) => text(self.out, name),
            Name::Kept(place) => {
                let kept = std::mem::take(&mut self.out.names);
                text(self.out, kept.get(place.clone()).unwrap_or_default());
                self.out.names = kept;
            }
        }
        self.out.push(b':');
        let written = value.serialize(Writer {
            out: self.out,
            depth: self.depth,
        });
        if let Err(error) = written {
            return Err(error.under_member(name.text(&self.out.names)));
        }
        let written = begin..self.out.bytes.len();
        self.out.members.push(Member {
            name,
            beginning,
            written,
        });
        Ok(())
    }

    fn finish(self) -> Result<()> {
        if !self.in_order
            && let Some(name) = self.out.sort(self.first, self.start)
        {
            let kind = CanonicalErrorKind::DuplicateMember(name);
            return Err(CanonicalError::new(kind));
        }
        self.out.members.truncate(self.first);
        self.out.names.truncate(self.first_name);
        self.out.extend_from_slice(self.close);
        Ok(())
    }
}

impl ser::SerializeMap for Object<'_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = self.out.names.len();
        key.serialize(NameWriter(&mut self.out.names))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let name = Name::Kept(self.key..self.out.names.len());
        self.member(name, value)
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
        self.member(Name::Known(key), value)
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
        self.member(Name::Known(key), value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}
