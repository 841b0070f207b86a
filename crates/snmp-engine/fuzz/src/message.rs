//! The wire decoder: any datagram.

use pagetally_snmp_engine::VarBind;
use pagetally_snmp_engine::ber::Tolerances;
use pagetally_snmp_engine::message::{Message, PduKind, Response, v3};

/// No datagram panics; what strict reading takes, tolerant reading takes for the same; the octets of
/// the variables are the datagram's; what was read can be written and reads back as itself.
pub(super) fn check(data: &[u8]) {
    let _ = v3::Report::decode(data);
    let Ok(message) = Message::decode(data) else {
        let strict = Message::decode_with(data, Tolerances::STRICT);
        assert!(strict.is_err(), "strict reading takes less, not more");
        return;
    };
    let found = variables(&message, data.len());
    if let Ok(strict) = Message::decode_with(data, Tolerances::STRICT)
        && let Some(strict) = variables(&strict, data.len())
    {
        assert_eq!(Some(&strict), found.as_ref(), "read twice");
    }
    let Some(varbinds) = found else { return };
    if message.kind != PduKind::Response {
        return;
    }
    let response = Response {
        version: message.version,
        community: message.community,
        id: message.request_id,
        error_status: message.error_status,
        error_index: message.error_index,
        varbinds: &varbinds,
    };
    let bytes = response.encode();
    let again = Message::decode(&bytes).expect("own output");
    assert_eq!(again.request_id, message.request_id);
    assert_eq!(again.error_status, message.error_status);
    assert_eq!(again.error_index, message.error_index);
    assert_eq!(again.community, message.community);
    assert_eq!(variables(&again, bytes.len()), Some(varbinds));
}

/// The variables, if all of them can be read.
fn variables(message: &Message<'_>, room: usize) -> Option<Vec<VarBind>> {
    let mut octets = 0;
    let mut all = Vec::new();
    for varbind in message.varbinds.clone() {
        let varbind = varbind.ok()?;
        octets += varbind.wire_len;
        assert!(octets <= room, "more octets than there are");
        let owned = varbind.to_varbind();
        assert!(varbind.name.compare(&owned.oid).is_eq());
        assert!(varbind.name.starts_with(&owned.oid));
        all.push(owned);
    }
    Some(all)
}
