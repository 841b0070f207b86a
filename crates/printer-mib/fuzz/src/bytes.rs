//! Values out of a fuzzer's bytes. Where they end, zeros and nothings follow.

use pagetally_snmp_engine::Value;

/// What is left of the input.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn octet(&mut self) -> u8 {
        let [octet] = self.array();
        octet
    }

    /// So many octets, zeros behind the end.
    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        let (front, rest) = self.0.split_at(N.min(self.0.len()));
        octets[..front.len()].copy_from_slice(front);
        self.0 = rest;
        octets
    }

    /// At most so many octets.
    pub(super) fn octets(&mut self, most: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        front
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        self.octets(usize::MAX)
    }

    /// A value of some type, of at most `most` octets where it has octets.
    pub(super) fn value(&mut self, most: usize) -> Value {
        match self.octet() % 8 {
            0 => Value::Integer(i64::from(i32::from_be_bytes(self.array()))),
            1 => Value::Counter32(u32::from_be_bytes(self.array())),
            2 => Value::Gauge32(u32::from_be_bytes(self.array())),
            3 => Value::Counter64(u64::from_be_bytes(self.array())),
            4 => Value::TimeTicks(u32::from_be_bytes(self.array())),
            5 => Value::Opaque(self.octets(most).to_vec()),
            6 => Value::Integer(i64::from(self.octet()) - 128),
            _ => Value::OctetString(self.octets(most).to_vec()),
        }
    }
}
