//! Just enough BER to find what is patched: where the fields of a message lie.

use std::ops::Range;

/// One element: its tag, where its content lies and where it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) tag: u8,
    pub(super) content: Range<usize>,
}

/// The element that begins at `at`; nothing where it does not fit.
pub(super) fn element(bytes: &[u8], at: usize) -> Option<Element> {
    let tag = *bytes.get(at)?;
    let first = usize::from(*bytes.get(at + 1)?);
    let (length, start) = match first {
        0..=0x7f => (first, at + 2),
        0x81..=0x84 => {
            let octets = bytes.get(at + 2..at + 2 + (first & 0x7f))?;
            let length = octets
                .iter()
                .fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
            (length, at + 2 + (first & 0x7f))
        }
        _ => return None,
    };
    let end = start.checked_add(length)?;
    (end <= bytes.len()).then_some(Element {
        tag,
        content: start..end,
    })
}

/// Where the fields of a v1 or v2c message lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) version: u8,
    pub(super) community: Range<usize>,
    pub(super) pdu: u8,
    pub(super) request_id: Range<usize>,
    /// From behind the request id to the message's end.
    pub(super) rest: Range<usize>,
}

/// The frame of a message; nothing where it is none.
pub(super) fn frame(bytes: &[u8]) -> Option<Frame> {
    let message = element(bytes, 0).filter(|found| found.tag == 0x30)?;
    let version = element(bytes, message.content.start).filter(|found| found.tag == 0x02)?;
    let community = element(bytes, version.content.end).filter(|found| found.tag == 0x04)?;
    let pdu = element(bytes, community.content.end)?;
    let request_id = element(bytes, pdu.content.start).filter(|found| found.tag == 0x02)?;
    Some(Frame {
        version: *bytes.get(version.content.start)?,
        community: community.content,
        pdu: pdu.tag,
        rest: request_id.content.end..message.content.end,
        request_id: request_id.content,
    })
}

/// The names and values of a message's variables: the content of each name, and each value.
pub(super) fn varbinds(bytes: &[u8]) -> Option<Vec<(Range<usize>, Element)>> {
    let frame = frame(bytes)?;
    let status = element(bytes, frame.rest.start)?;
    let index = element(bytes, status.content.end)?;
    let list = element(bytes, index.content.end).filter(|found| found.tag == 0x30)?;
    let mut at = list.content.start;
    let mut found = Vec::new();
    while at < list.content.end {
        let varbind = element(bytes, at)?;
        let name = element(bytes, varbind.content.start).filter(|found| found.tag == 0x06)?;
        let value = element(bytes, name.content.end)?;
        found.push((name.content, value));
        at = varbind.content.end;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_snmp_engine::message::Response;
    use pagetally_snmp_engine::{Value, VarBind, Version};

    #[test]
    fn the_fields_of_a_message_are_found() {
        let varbinds = [VarBind {
            oid: "1.3.6.1.2.1.1.5.0".parse().expect("an OID"),
            value: Value::OctetString(vec![b'x'; 200]),
        }];
        let bytes = Response {
            version: Version::V2c,
            community: b"public",
            id: 0x0102_0304,
            error_status: 0,
            error_index: 0,
            varbinds: &varbinds,
        }
        .encode();
        let frame = frame(&bytes).expect("a message");
        assert_eq!((frame.version, frame.pdu), (1, 0xa2));
        assert_eq!(&bytes[frame.community], b"public");
        assert_eq!(bytes[frame.request_id], [1, 2, 3, 4]);
        let found = super::varbinds(&bytes).expect("variables");
        assert_eq!(found.len(), 1);
        assert_eq!(bytes[found[0].1.content.clone()], [b'x'; 200]);
        for cut in 0..bytes.len() {
            assert_eq!(super::varbinds(&bytes[..cut]), None);
        }
    }
}
