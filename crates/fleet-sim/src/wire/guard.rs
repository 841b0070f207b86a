//! What a datagram must satisfy before csnmp's decoder may see it.
//!
//! csnmp 0.6 decodes through a general ASN.1 library. That recurses on nesting (16 kB of nested
//! sequences overflow its stack), refuses an empty list of variables, and indexes an array of 128
//! arcs with whatever a sender wrote. So a datagram is looked through first, without recursion and
//! without allocation, and only what has the tags, depth and sizes of SNMP goes on.

use super::tlv::{Element, INTEGER, OBJECT_IDENTIFIER, Reader, SEQUENCE};

/// The largest datagram that is looked at. Requests of printers' managers stay under 1,500.
const MAX_DATAGRAM: usize = 8 * 1_024;

/// Message, PDU, list, variable, value: five. The rest is slack for what is only refused later.
const MAX_DEPTH: usize = 8;

/// What is known of a community message before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    /// 0 is v1, 1 is v2c, 3 is v3.
    pub(super) version: i32,
    /// Where the octet stands that holds the version.
    pub(super) version_at: usize,
    /// A message with an empty list of variables, which csnmp cannot decode.
    pub(super) empty: Option<EmptyRequest>,
}

/// A request that names no variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EmptyRequest {
    /// The PDU's tag.
    pub(super) pdu: u8,
    /// The request's id.
    pub(super) request_id: i32,
    /// Where the community stands.
    pub(super) community: Element,
}

/// Looks through a datagram; nothing where it is no SNMP message that may be decoded.
pub(super) fn inspect(datagram: &[u8]) -> Option<Envelope> {
    if datagram.len() > MAX_DATAGRAM {
        return None;
    }
    let mut outer = Reader::new(datagram);
    let message = outer.expect(SEQUENCE).filter(|_| outer.is_done())?;
    let mut fields = message.inside(datagram);
    let version = fields.expect(INTEGER)?;
    let &[number] = version.content(datagram) else {
        return None;
    };
    if number != 3 {
        check_elements(datagram)?;
    }
    Some(Envelope {
        version: i32::from(number),
        version_at: version.start,
        empty: empty_request(fields, datagram),
    })
}

/// Every element has a tag that a community message may hold, none is nested too deep, none reaches
/// over the one around it, no object identifier has more arcs than csnmp has room for.
fn check_elements(datagram: &[u8]) -> Option<()> {
    let mut open = [Reader::new(datagram); MAX_DEPTH];
    let mut depth = 1;
    while depth > 0 {
        let reader = open.get_mut(depth - 1)?;
        if reader.is_done() {
            depth -= 1;
            continue;
        }
        let element = reader.next_element()?;
        match element.tag {
            OBJECT_IDENTIFIER => check_oid(element.content(datagram))?,
            // INTEGER, OCTET STRING, NULL; the application types; the three exceptions.
            0x02 | 0x04 | 0x05 | 0x40..=0x44 | 0x46 | 0x80..=0x82 => {}
            // Sequences and PDUs.
            tag if tag == SEQUENCE || (0xa0..=0xa8).contains(&tag) => {
                *open.get_mut(depth)? = element.inside(datagram);
                depth += 1;
            }
            _ => return None,
        }
    }
    Some(())
}

/// csnmp reads the first octet of an object identifier as the first two arcs, whatever its top bit
/// says, and has room for 128 arcs.
fn check_oid(content: &[u8]) -> Option<()> {
    let ends = content.iter().filter(|octet| **octet < 0x80).count();
    let first_is_whole = content.first().is_some_and(|octet| *octet < 0x80);
    let last_is_whole = content.last().is_some_and(|octet| *octet < 0x80);
    let fits = ends < csnmp::oid::MAX_SUB_IDENTIFIER_COUNT;
    (first_is_whole && last_is_whole && fits).then_some(())
}

fn empty_request(mut fields: Reader<'_>, datagram: &[u8]) -> Option<EmptyRequest> {
    let community = fields.expect(super::tlv::OCTET_STRING)?;
    let pdu = fields.next_element()?;
    let mut inside = pdu.inside(datagram);
    let request_id = inside.integer()?;
    inside.integer()?;
    inside.integer()?;
    let list = inside.expect(SEQUENCE)?;
    (list.start == list.end).then_some(EmptyRequest {
        pdu: pdu.tag,
        request_id,
        community,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tlv::{element, integer, oid_octets};
    use super::*;
    use proptest::prelude::*;

    fn message(value: &[u8]) -> Vec<u8> {
        let list = element(SEQUENCE, value);
        let pdu = [integer(7), integer(0), integer(0), list].concat();
        let fields = [integer(1), element(0x04, b"public"), element(0xa0, &pdu)].concat();
        element(SEQUENCE, &fields)
    }

    #[test]
    fn nested_sequences_are_refused_before_anything_recurses() {
        let mut bomb = Vec::new();
        for _ in 0..2_000 {
            bomb = element(SEQUENCE, &bomb);
        }
        assert_eq!(inspect(&message(&bomb)), None);
    }

    #[test]
    fn an_identifier_of_129_arcs_is_refused_and_one_of_128_is_not() {
        let request = |arcs: usize| {
            let name = element(OBJECT_IDENTIFIER, &oid_octets(&vec![1; arcs]));
            message(&element(SEQUENCE, &[name, vec![0x05, 0]].concat()))
        };
        assert!(inspect(&request(128)).is_some());
        assert!(inspect(&request(129)).is_none());
    }

    #[test]
    fn a_request_without_variables_is_told_apart() {
        let datagram = message(&[]);
        let empty = inspect(&datagram)
            .expect("an SNMP message")
            .empty
            .expect("empty");
        assert_eq!((empty.pdu, empty.request_id), (0xa0, 7));
        assert_eq!(empty.community.content(&datagram), b"public");
    }

    proptest! {
        #[test]
        fn whatever_passes_is_decoded_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for datagram in [bytes.clone(), message(&bytes)] {
                if inspect(&datagram).is_some() {
                    let _ = csnmp::message::Snmp2cMessage::try_from_bytes(&datagram);
                }
            }
        }

        #[test]
        fn a_damaged_request_is_decoded_without_a_panic(
            at in any::<prop::sample::Index>(), octet in any::<u8>(), cut in any::<prop::sample::Index>()
        ) {
            let name = element(OBJECT_IDENTIFIER, &oid_octets(&[1, 3, 6, 1, 2, 1, 43, 10, 2, 1, 4, 1, 1]));
            let mut datagram = message(&element(SEQUENCE, &[name, vec![0x05, 0]].concat()));
            let place = at.index(datagram.len());
            datagram[place] = octet;
            datagram.truncate(cut.index(datagram.len()) + 1);
            if inspect(&datagram).is_some() {
                let _ = csnmp::message::Snmp2cMessage::try_from_bytes(&datagram);
            }
        }
    }
}
