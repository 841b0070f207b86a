//! Choices out of a fuzzer's bytes. Where they end, zeros and nothings follow.

/// What is left of the input.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn octet(&mut self) -> u8 {
        let Some((octet, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *octet
    }

    /// At most so many octets.
    pub(super) fn octets(&mut self, most: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        front
    }
}
