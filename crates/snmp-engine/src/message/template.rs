//! Messages that are sent many thousand times: encoded once, with the id written over.

/// Two ids of four octets that differ in each.
const ONE: u32 = 0x0101_0101;
const OTHER: u32 = 0x7e7e_7e7e;

/// An encoded message, and where in it the id goes.
#[derive(Clone, Debug)]
pub struct Template {
    bytes: Vec<u8>,
    /// Where the octets of the id stand, as often as it stands there.
    id_at: Vec<[usize; 4]>,
}

impl Template {
    /// A template of the message that `encode` writes for an id, which must differ in nothing but the
    /// id's four octets. Nothing where it gives no message, or differs in more.
    pub fn new(encode: impl Fn(u32) -> Option<Vec<u8>>) -> Option<Self> {
        let bytes = encode(ONE)?;
        let other = encode(OTHER)?;
        let differ = bytes.iter().zip(&other).enumerate();
        let places: Vec<usize> = differ
            .filter(|(_, (one, other))| one != other)
            .map(|(place, _)| place)
            .collect();
        let (id_at, rest) = places.as_chunks::<4>();
        let is_same_length = bytes.len() == other.len();
        (is_same_length && rest.is_empty() && !id_at.is_empty()).then(|| Self {
            bytes,
            id_at: id_at.to_vec(),
        })
    }

    /// Writes the message with this id in place of what `datagram` holds. The id must have four octets
    /// on the wire, as those of [`RequestIds`](crate::RequestIds) do.
    pub fn write(&self, id: u32, datagram: &mut Vec<u8>) {
        datagram.clear();
        datagram.extend_from_slice(&self.bytes);
        for places in &self.id_at {
            for (place, octet) in places.iter().zip(id.to_be_bytes()) {
                if let Some(place) = datagram.get_mut(*place) {
                    *place = octet;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_its_length_or_more_than_the_id_is_no_template() {
        let other = |id: u32| Some(vec![u8::from(id == ONE); 5]);
        assert!(Template::new(other).is_none());
        let longer =
            |id: u32| Some([&id.to_be_bytes()[..], &[0; 9][..usize::from(id == ONE)]].concat());
        assert!(Template::new(longer).is_none());
        assert!(Template::new(|_| None).is_none());
        assert!(Template::new(|_| Some(vec![1, 2])).is_none());
    }
}
