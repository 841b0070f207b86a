//! The checked reader that every decoder of this crate is built from.

use super::{DecodeError, DecodeErrorKind, OidRef, Tolerances, Tolerated, tag};

/// The deepest nesting that is read. An SNMPv3 message has six levels at most, counting the security
/// parameters that stand inside an OCTET STRING.
pub const MAX_DEPTH: u8 = 8;

/// What stands in a field for an unsigned number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// What belongs there.
    Number(u64),
    /// A negative number, which does not.
    Negative(i64),
}

/// Up to eight octets as one number.
fn fold(octets: &[u8]) -> u64 {
    octets
        .iter()
        .fold(0, |number, octet| number << 8 | u64::from(*octet))
}

/// A field as nearly all are: whole, and its length in one octet. Its tag, its content, and what
/// follows it; nothing where it is none.
pub(crate) fn short_field(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, len @ ..=0x7f, behind @ ..] = bytes else {
        return None;
    };
    let (content, rest) = behind.split_at_checked(usize::from(*len))?;
    Some((*tag, content, rest))
}

/// Reads fields one after the other, borrowing from the datagram.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
    depth: u8,
    tolerances: Tolerances,
    tolerated: Tolerated,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of a datagram.
    pub fn new(bytes: &'a [u8], tolerances: Tolerances) -> Self {
        Self {
            rest: bytes,
            offset: 0,
            depth: 0,
            tolerances,
            tolerated: Tolerated::default(),
        }
    }

    /// Distance from the start of the datagram.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Goes on where only `rest` is left.
    pub(crate) fn skip_to(&mut self, rest: &'a [u8]) {
        self.offset += self.rest.len().saturating_sub(rest.len());
        self.rest = rest;
    }

    /// The mistakes that were met and accepted by this reader itself.
    pub fn tolerated(&self) -> Tolerated {
        self.tolerated
    }

    /// An error at the place where this reader stands.
    pub fn error(&self, field: &'static str, kind: DecodeErrorKind) -> DecodeError {
        DecodeError {
            field,
            offset: self.offset,
            kind,
        }
    }

    /// Takes the next `len` bytes, borrowed from the datagram.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::Truncated`] where there are fewer.
    pub fn take(&mut self, field: &'static str, len: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.rest.split_at_checked(len) else {
            let missing = len - self.rest.len();
            return Err(self.error(field, DecodeErrorKind::Truncated(missing)));
        };
        self.rest = rest;
        self.offset += len;
        Ok(head)
    }

    fn byte(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        match self.take(field, 1)? {
            [byte] => Ok(*byte),
            _ => Err(self.error(field, DecodeErrorKind::Truncated(1))),
        }
    }

    /// Reads a definite length. Padded long forms are legal (RFC 3417 section 8, item 1).
    fn length(&mut self, field: &'static str) -> Result<usize, DecodeError> {
        match self.byte(field)? {
            short @ 0..=0x7f => Ok(usize::from(short)),
            long @ 0x81..=0x84 => {
                let octets = self.take(field, usize::from(long & 0x7f))?;
                let fold = |len: usize, octet: &u8| {
                    len.checked_mul(256)
                        .map(|shifted| shifted | usize::from(*octet))
                };
                // Four octets overflow nothing where usize has 32 bits.
                octets
                    .iter()
                    .try_fold(0, fold)
                    .ok_or_else(|| self.error(field, DecodeErrorKind::LengthForm(long)))
            }
            other => Err(self.error(field, DecodeErrorKind::LengthForm(other))),
        }
    }

    /// The tag of the next field, if there is one.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Reads one field: its tag and its content.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where the field is cut off or its length has a form that is not read.
    pub fn field(&mut self, field: &'static str) -> Result<(u8, &'a [u8]), DecodeError> {
        if let Some((tag, content, rest)) = short_field(self.rest) {
            self.skip_to(rest);
            return Ok((tag, content));
        }
        let tag = self.byte(field)?;
        let len = self.length(field)?;
        Ok((tag, self.take(field, len)?))
    }

    /// Reads one field that must have this tag.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::UnexpectedTag`] where it has another, and as [`field`](Self::field).
    pub fn expect(&mut self, field: &'static str, tag: u8) -> Result<&'a [u8], DecodeError> {
        match self.peek() {
            Some(found) if found != tag => {
                Err(self.error(field, DecodeErrorKind::UnexpectedTag(found)))
            }
            _ => self.field(field).map(|(_, content)| content),
        }
    }

    /// Enters a constructed field that must have this tag: the answer reads what is inside.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::TooDeep`] below [`MAX_DEPTH`], and as [`expect`](Self::expect).
    pub fn enter(&mut self, field: &'static str, tag: u8) -> Result<Self, DecodeError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(field, DecodeErrorKind::TooDeep));
        }
        let content = self.expect(field, tag)?;
        Ok(Self {
            rest: content,
            offset: self.offset - content.len(),
            depth: self.depth + 1,
            tolerances: self.tolerances,
            tolerated: Tolerated::default(),
        })
    }

    /// Checks that nothing is left over.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::LeftOver`] where something is.
    pub fn finish(&self, field: &'static str) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(self.error(field, DecodeErrorKind::LeftOver(left))),
        }
    }

    /// Reads an INTEGER.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where it is none, is empty, or has more than 64 bits.
    pub fn integer(&mut self, field: &'static str) -> Result<i64, DecodeError> {
        let content = self.expect(field, tag::INTEGER)?;
        self.signed(field, content)?
            .ok_or_else(|| self.error(field, DecodeErrorKind::ValueLength(0)))
    }

    /// Reads an OCTET STRING.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where it is none.
    pub fn octets(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        self.expect(field, tag::OCTET_STRING)
    }

    /// Reads an OBJECT IDENTIFIER.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::ObjectIdentifier`] where it is malformed.
    pub fn oid(&mut self, field: &'static str) -> Result<OidRef<'a>, DecodeError> {
        let content = self.expect(field, tag::OBJECT_IDENTIFIER)?;
        OidRef::check(content).ok_or_else(|| self.error(field, DecodeErrorKind::ObjectIdentifier))
    }

    /// Reads content octets as a signed number; nothing where there are none and that is tolerated.
    pub(crate) fn signed(
        &mut self,
        field: &'static str,
        content: &[u8],
    ) -> Result<Option<i64>, DecodeError> {
        let Some(content) = self.number(field, content)? else {
            return Ok(None);
        };
        let negative = content.first().is_some_and(|octet| octet & 0x80 != 0);
        if content.len() > 8 {
            return Err(self.error(field, DecodeErrorKind::NumberRange));
        }
        let start = if negative { -1 } else { 0 };
        let number = content
            .iter()
            .fold(start, |number: i64, octet| number << 8 | i64::from(*octet));
        if i32::try_from(number).is_err() {
            self.tolerate(field, "an INTEGER over 32 bits", |on| on.wide_integers)?;
            self.tolerated.wide_integers = true;
        }
        Ok(Some(number))
    }

    /// Reads content octets as an unsigned number of up to `octets` octets; nothing where there are
    /// none and that is tolerated.
    pub(crate) fn unsigned(
        &mut self,
        field: &'static str,
        content: &[u8],
        octets: usize,
    ) -> Result<Option<Unsigned>, DecodeError> {
        if content.first().is_some_and(|octet| octet & 0x80 != 0) {
            self.tolerate(field, "an unsigned number sent as a negative one", |on| {
                on.negative_unsigned
            })?;
            self.tolerated.negative_unsigned = true;
            // One that fills its type to the last bit only lacks the zero octet in front. A shorter
            // one says a negative number, and is kept as that.
            if content.len() != octets {
                let number = self.signed(field, content)?;
                return Ok(number.map(Unsigned::Negative));
            }
            return Ok(Some(Unsigned::Number(fold(content))));
        }
        let Some(content) = self.number(field, content)? else {
            return Ok(None);
        };
        let significant = content.strip_prefix(&[0]).unwrap_or(content);
        if significant.len() > 8 {
            return Err(self.error(field, DecodeErrorKind::NumberRange));
        }
        if significant.len() > octets {
            self.tolerate(field, "a number over 32 bits", |on| on.wide_integers)?;
            self.tolerated.wide_integers = true;
        }
        Ok(Some(Unsigned::Number(fold(significant))))
    }

    /// Takes the padding off a number (X.690 section 8.3.2).
    fn number<'n>(
        &mut self,
        field: &'static str,
        content: &'n [u8],
    ) -> Result<Option<&'n [u8]>, DecodeError> {
        if content.is_empty() {
            self.empty(field)?;
            return Ok(None);
        }
        let mut content = content;
        while let [first @ (0 | 0xff), second, ..] = content {
            if (first & 0x80) != (second & 0x80) {
                break;
            }
            self.tolerate(field, "a padded number", |on| on.padded_integers)?;
            self.tolerated.padded_integers = true;
            content = content.get(1..).unwrap_or_default();
        }
        Ok(Some(content))
    }

    /// Notes a value without content, where that is tolerated.
    pub(crate) fn empty(&mut self, field: &'static str) -> Result<(), DecodeError> {
        self.tolerate(field, "a value without content", |on| on.empty_values)?;
        self.tolerated.empty_values = true;
        Ok(())
    }

    /// Notes an exception whose tag has the constructed bit set, where that is tolerated.
    pub(crate) fn constructed_exception(&mut self, field: &'static str) -> Result<(), DecodeError> {
        self.tolerate(field, "a constructed exception", |on| {
            on.constructed_exceptions
        })?;
        self.tolerated.constructed_exceptions = true;
        Ok(())
    }

    fn tolerate(
        &self,
        field: &'static str,
        mistake: &'static str,
        switch: impl Fn(&Tolerances) -> bool,
    ) -> Result<(), DecodeError> {
        if switch(&self.tolerances) {
            Ok(())
        } else {
            Err(self.error(field, DecodeErrorKind::NotTolerated(mistake)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(bytes: &[u8], tolerances: Tolerances) -> Result<i64, DecodeErrorKind> {
        let mut reader = Reader::new(bytes, tolerances);
        let number = reader.integer("n").map_err(|error| error.kind)?;
        reader.finish("n").map_err(|error| error.kind)?;
        Ok(number)
    }

    fn unsigned(content: &[u8], octets: usize) -> Result<Option<Unsigned>, DecodeErrorKind> {
        Reader::new(&[], Tolerances::ALL)
            .unsigned("n", content, octets)
            .map_err(|error| error.kind)
    }

    #[test]
    fn integers_read_as_x690_says() {
        for (bytes, number) in [
            (&[2, 1, 0][..], 0),
            (&[2, 1, 0xff], -1),
            (&[2, 2, 0x00, 0x80], 128),
            (&[2, 1, 0x80], -128),
            (&[2, 2, 0xff, 0x7f], -129),
            (&[2, 4, 0x7f, 0xff, 0xff, 0xff], i64::from(i32::MAX)),
            (&[2, 4, 0x80, 0, 0, 0], i64::from(i32::MIN)),
        ] {
            assert_eq!(integer(bytes, Tolerances::STRICT), Ok(number), "{bytes:x?}");
        }
    }

    #[test]
    fn padded_and_long_form_lengths_are_legal() {
        for bytes in [&[2, 0x81, 1, 5][..], &[2, 0x84, 0, 0, 0, 1, 5]] {
            assert_eq!(integer(bytes, Tolerances::STRICT), Ok(5), "{bytes:x?}");
        }
        for form in [0x80, 0x85, 0xff] {
            assert_eq!(
                integer(&[2, form, 0, 0, 0, 0, 1, 5], Tolerances::ALL),
                Err(DecodeErrorKind::LengthForm(form))
            );
        }
    }

    #[test]
    fn each_tolerance_accepts_its_own_mistake_and_only_that() {
        let strict = Tolerances::STRICT;
        let padded: &[u8] = &[2, 3, 0, 0, 5];
        let wide: &[u8] = &[2, 5, 1, 0, 0, 0, 0];
        assert!(matches!(
            integer(padded, strict),
            Err(DecodeErrorKind::NotTolerated(_))
        ));
        assert!(matches!(
            integer(wide, strict),
            Err(DecodeErrorKind::NotTolerated(_))
        ));
        let padded_integers = Tolerances {
            padded_integers: true,
            ..strict
        };
        let wide_integers = Tolerances {
            wide_integers: true,
            ..strict
        };
        assert_eq!(integer(padded, padded_integers), Ok(5));
        assert_eq!(integer(wide, wide_integers), Ok(1 << 32));
        assert!(integer(wide, padded_integers).is_err());
        assert!(integer(padded, wide_integers).is_err());
    }

    #[test]
    fn a_number_over_64_bits_is_no_number() {
        let nine = [2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(
            integer(&nine, Tolerances::ALL),
            Err(DecodeErrorKind::NumberRange)
        );
    }

    #[test]
    fn an_unsigned_number_without_its_zero_octet_reads_as_meant() {
        let number = |number| Ok(Some(Unsigned::Number(number)));
        assert_eq!(unsigned(&[0xff; 4], 4), number(u64::from(u32::MAX)));
        assert_eq!(
            unsigned(&[0, 0xff, 0xff, 0xff, 0xff], 4),
            number(0xffff_ffff)
        );
        assert_eq!(unsigned(&[0xff; 8], 8), number(u64::MAX));
        assert_eq!(unsigned(&[0xfe, 0, 0, 0], 4), number(0xfe00_0000));
        assert_eq!(unsigned(&[0, 0, 7], 4), number(7));
        assert_eq!(unsigned(&[0xfe], 4), Ok(Some(Unsigned::Negative(-2))));
    }

    #[test]
    fn a_declared_length_past_the_end_names_what_is_missing() {
        let error = Reader::new(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 1], Tolerances::ALL)
            .field("Message")
            .expect_err("truncated");
        assert_eq!(error.kind, DecodeErrorKind::Truncated(0x7fff_fffe));
        assert_eq!((error.field, error.offset), ("Message", 6));
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let bomb = [
            0x30,
            0x80 >> 1,
            0x30,
            0x3e,
            0x30,
            0x3c,
            0x30,
            0x3a,
            0x30,
            0x38,
        ];
        let mut bytes = vec![0; 66];
        for (depth, pair) in bytes.chunks_exact_mut(2).enumerate() {
            let inner = u8::try_from(64 - 2 * depth).unwrap_or(0);
            pair.copy_from_slice(&[0x30, inner]);
        }
        assert_eq!(bytes[..10], bomb);
        let mut reader = Reader::new(&bytes, Tolerances::ALL);
        for _ in 0..MAX_DEPTH {
            reader = reader
                .enter("nest", tag::SEQUENCE)
                .expect("within the limit");
        }
        let error = reader.enter("nest", tag::SEQUENCE).expect_err("too deep");
        assert_eq!(error.kind, DecodeErrorKind::TooDeep);
    }
}
