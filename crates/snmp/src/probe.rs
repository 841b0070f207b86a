//! The sweep's probes and answers on the wire, through csnmp's message codec.
//!
//! csnmp speaks v2c only, but its version field is public: a v1 message is one whose version byte is
//! 0. No type of csnmp leaves this module.

use crate::guard::{self, Refused};
use csnmp::ObjectIdentifier;
use csnmp::message::{
    BindingValue, ErrorStatus, InnerPdu, ObjectValue, Snmp2cMessage, Snmp2cPdu, SnmpMessageError,
    VariableBinding,
};
use pagetally_snmp_engine::ber::DecodeError;
use pagetally_snmp_engine::message::{Message, PduKind};
use pagetally_snmp_engine::{Oid, Value, VarBind, Version};

const VERSION_2C: i64 = 1;

/// A GETNEXT as a datagram.
pub(crate) fn encode(
    version: Version,
    community: &[u8],
    request_id: u32,
    names: &[Oid],
) -> Result<Vec<u8>, Box<SnmpMessageError>> {
    let binding = |name: &Oid| {
        // A probe's names are short; a name that csnmp cannot hold is left out.
        let name = ObjectIdentifier::try_from(name.arcs()).ok()?;
        let value = BindingValue::Unspecified;
        Some(VariableBinding { name, value })
    };
    Snmp2cMessage {
        version: i64::from(version.number()),
        community: community.to_vec(),
        pdu: Snmp2cPdu::GetNextRequest(InnerPdu {
            // Ids have 31 bits.
            request_id: i32::try_from(request_id).unwrap_or(i32::MAX),
            error_status: ErrorStatus::NoError,
            error_index: 0,
            variable_bindings: names.iter().filter_map(binding).collect(),
        }),
    }
    .to_bytes()
    .map_err(Box::new)
}

/// A response, in our own types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) version: Version,
    pub(crate) community: Vec<u8>,
    pub(crate) request_id: i64,
    pub(crate) error_status: i64,
    pub(crate) error_index: i64,
    pub(crate) varbinds: Vec<VarBind>,
}

/// Why a datagram is no response to a probe.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("the frame is refused")]
    Guard(#[from] Refused),
    #[error("it is no message")]
    Malformed(#[from] DecodeError),
    #[error("it is no response")]
    NotAResponse,
}

/// Reads a response.
///
/// csnmp refuses some answers that are legal (an empty list of variables) or that devices give
/// (numbers over 32 bits). Our own reader then has the last word: a device must not be overlooked
/// because of the codec that it was looked for with.
pub(crate) fn decode(datagram: &[u8]) -> Result<Answer, NoAnswer> {
    guard::check(datagram)?;
    match decode_with_csnmp(datagram) {
        Some(answer) => answer,
        None => decode_with_engine(datagram),
    }
}

fn decode_with_csnmp(datagram: &[u8]) -> Option<Result<Answer, NoAnswer>> {
    let mut bytes = datagram.to_vec();
    let place = version_place(&bytes)?;
    let version = match std::mem::replace(bytes.get_mut(place)?, 1) {
        0 => Version::V1,
        1 => Version::V2c,
        _ => return None,
    };
    let message = Snmp2cMessage::try_from_bytes(&bytes).ok()?;
    debug_assert_eq!(message.version, VERSION_2C, "set above");
    let Snmp2cPdu::Response(pdu) = message.pdu else {
        return Some(Err(NoAnswer::NotAResponse));
    };
    let varbinds = pdu.variable_bindings.into_iter().map(to_varbind);
    Some(Ok(Answer {
        version,
        community: message.community,
        request_id: i64::from(pdu.request_id),
        error_status: i64::from(u8::from(pdu.error_status)),
        error_index: i64::from(pdu.error_index),
        varbinds: varbinds.collect::<Option<_>>()?,
    }))
}

/// Where the version byte stands: right behind the head of the message and of the INTEGER.
fn version_place(bytes: &[u8]) -> Option<usize> {
    let [0x30, first, ..] = bytes else {
        return None;
    };
    let head = match first {
        0..=0x7f => 2,
        long => 2 + usize::from(long & 0x7f),
    };
    (bytes.get(head..head + 2)? == [0x02, 0x01]).then_some(head + 2)
}

fn to_varbind(binding: VariableBinding) -> Option<VarBind> {
    let value = match binding.value {
        BindingValue::Unspecified => Value::Null,
        BindingValue::NoSuchObject => Value::NoSuchObject,
        BindingValue::NoSuchInstance => Value::NoSuchInstance,
        BindingValue::EndOfMibView => Value::EndOfMibView,
        BindingValue::Value(value) => to_value(value)?,
    };
    Some(VarBind {
        oid: to_oid(&binding.name)?,
        value,
    })
}

pub(crate) fn to_oid(oid: &ObjectIdentifier) -> Option<Oid> {
    Oid::new(oid.as_slice()).ok()
}

pub(crate) fn to_value(value: ObjectValue) -> Option<Value> {
    Some(match value {
        ObjectValue::Integer(number) => Value::Integer(i64::from(number)),
        ObjectValue::String(octets) => Value::OctetString(octets),
        ObjectValue::ObjectId(oid) => Value::ObjectIdentifier(to_oid(&oid)?),
        ObjectValue::IpAddress(address) => Value::IpAddress(address),
        ObjectValue::Counter32(number) => Value::Counter32(number),
        ObjectValue::Unsigned32(number) => Value::Gauge32(number),
        ObjectValue::TimeTicks(number) => Value::TimeTicks(number),
        ObjectValue::Opaque(octets) => Value::Opaque(octets),
        ObjectValue::Counter64(number) => Value::Counter64(number),
    })
}

fn decode_with_engine(datagram: &[u8]) -> Result<Answer, NoAnswer> {
    let message = Message::decode(datagram)?;
    if message.kind != PduKind::Response {
        return Err(NoAnswer::NotAResponse);
    }
    let varbinds = message
        .varbinds
        .map(|varbind| varbind.map(|varbind| varbind.to_varbind()))
        .collect::<Result<_, _>>()?;
    Ok(Answer {
        version: message.version,
        community: message.community.to_vec(),
        request_id: message.request_id,
        error_status: message.error_status,
        error_index: message.error_index,
        varbinds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_snmp_engine::message::{Request, RequestKind, Response, status};
    use proptest::prelude::*;

    fn oid(text: &str) -> Oid {
        text.parse().expect("valid")
    }

    fn response(version: Version, varbinds: &[VarBind], error_status: i64) -> Vec<u8> {
        Response {
            version,
            community: b"public",
            id: 0x7fff_fff0,
            error_status,
            error_index: 0,
            varbinds,
        }
        .encode()
    }

    fn one(value: Value) -> Vec<VarBind> {
        let oid = oid("1.3.6.1.2.1.1.1.0");
        vec![VarBind { oid, value }]
    }

    #[test]
    fn a_probe_has_the_bytes_that_our_own_writer_gives() {
        let names = [oid("1.3.6.1.2.1.1.1"), oid("1.3.6.1.2.1.43.5.1.1")];
        for version in [Version::V1, Version::V2c] {
            let own = Request {
                version,
                community: b"public",
                kind: RequestKind::GetNext,
                id: 0x1234_5678,
                names: &names,
            };
            let probe = encode(version, b"public", own.id, &names).expect("encodes");
            assert_eq!(probe, own.encode());
        }
    }

    #[test]
    fn answers_of_both_versions_are_read_by_csnmp() {
        for version in [Version::V1, Version::V2c] {
            let varbinds = one(Value::OctetString(b"a printer".to_vec()));
            let bytes = response(version, &varbinds, 0);
            let answer = decode_with_csnmp(&bytes).expect("csnmp reads it");
            let answer = answer.expect("a response");
            assert_eq!(answer.version, version);
            assert_eq!(answer.community, b"public");
            assert_eq!(answer.request_id, 0x7fff_fff0);
            assert_eq!(answer.varbinds, varbinds);
        }
    }

    #[test]
    fn what_csnmp_refuses_and_devices_send_is_still_an_answer() {
        let wide = one(Value::Integer(1 << 40));
        for (varbinds, error) in [(Vec::new(), status::TOO_BIG), (wide, 0)] {
            let bytes = response(Version::V2c, &varbinds, error);
            assert!(decode_with_csnmp(&bytes).is_none(), "csnmp has learnt it");
            let answer = decode(&bytes).expect("an answer");
            assert_eq!((answer.error_status, answer.varbinds), (error, varbinds));
        }
    }

    #[test]
    fn a_request_is_no_answer() {
        let probe = encode(Version::V2c, b"public", 7, &[oid("1.3.6")]).expect("encodes");
        assert!(matches!(decode(&probe), Err(NoAnswer::NotAResponse)));
    }

    proptest! {
        #[test]
        fn no_datagram_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn no_damage_to_an_answer_panics(
            at in any::<prop::sample::Index>(), octet in any::<u8>(), cut in any::<prop::sample::Index>()
        ) {
            let mut bytes = response(Version::V2c, &one(Value::TimeTicks(7)), 0);
            *at.get_mut(&mut bytes) = octet;
            let _ = decode(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn both_codecs_read_the_same(
            octets in prop::collection::vec(any::<u8>(), 0..40), number in any::<u32>(), kind in 0..9usize
        ) {
            let value = [
                Value::OctetString(octets.clone()),
                Value::Opaque(octets),
                Value::Counter32(number),
                Value::Gauge32(number),
                Value::TimeTicks(number),
                Value::Counter64(u64::from(number) << 32 | 7),
                Value::Integer(i64::from(number >> 1)),
                Value::IpAddress(number.into()),
                Value::ObjectIdentifier(oid("1.3.6.1.4.1").child(&[number])),
            ][kind].clone();
            let bytes = response(Version::V1, &one(value), 0);
            let theirs = decode_with_csnmp(&bytes).expect("csnmp reads it").expect("a response");
            let ours = decode_with_engine(&bytes).expect("we read it");
            prop_assert_eq!(theirs, ours);
        }
    }
}
