//! Between our values and csnmp's messages.
//!
//! csnmp's codec is used so that the agent under test and the simulator do not share a codec's
//! bugs. Where csnmp 0.6 cannot say something, a stand-in of the same content is encoded and its
//! tag octet corrected afterwards:
//!
//! * the v2c exceptions, which csnmp writes as constructed (`a0`) where RFC 3416 section 3 makes
//!   them primitive (`80`), and which net-snmp then refuses;
//! * integers over 32 bits, which some firmware sends;
//! * object identifiers as values whose second arc is over 175, which some firmware sends too.

use super::guard::{self, Envelope};
use super::tlv::{self, Reader, SEQUENCE};
use csnmp::message::{
    BindingValue, ErrorStatus, InnerPdu, ObjectValue, Snmp2cMessage, Snmp2cPdu, VariableBinding,
};
use csnmp::oid::ObjectIdentifier;
use pagetally_snmp_engine::{Oid, Value, VarBind};

/// The protocol's version, as the simulator speaks it through csnmp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// SNMPv1 (RFC 1157).
    V1,
    /// SNMPv2c (RFC 1901, RFC 3416).
    V2c,
}

/// A decoded request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) version: Version,
    pub(super) community: Vec<u8>,
    pub(super) id: i32,
    pub(super) operation: Operation,
    pub(super) names: Vec<Oid>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Get,
    GetNext,
    GetBulk {
        non_repeaters: u32,
        max_repetitions: u32,
    },
    Set,
}

/// An answer, before it is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: ErrorStatus,
    pub(super) index: u32,
    pub(super) varbinds: Vec<VarBind>,
}

/// Decodes a v1 or v2c request that `guard` let pass; nothing where it is none.
pub(super) fn decode(datagram: &[u8], envelope: &Envelope) -> Option<Request> {
    let version = match envelope.version {
        0 => Version::V1,
        1 => Version::V2c,
        _ => return None,
    };
    if let Some(empty) = envelope.empty {
        return decode_empty(datagram, version, &empty);
    }
    let mut bytes = datagram.to_vec();
    // csnmp decodes version 1 only. A v1 message differs from a v2c message in this octet alone.
    *bytes.get_mut(envelope.version_at)? = 1;
    let message = Snmp2cMessage::try_from_bytes(&bytes).ok()?;
    let (operation, id, variables) = match message.pdu {
        Snmp2cPdu::GetRequest(pdu) => (Operation::Get, pdu.request_id, pdu.variable_bindings),
        Snmp2cPdu::GetNextRequest(pdu) => {
            (Operation::GetNext, pdu.request_id, pdu.variable_bindings)
        }
        Snmp2cPdu::SetRequest(pdu) => (Operation::Set, pdu.request_id, pdu.variable_bindings),
        Snmp2cPdu::GetBulkRequest(pdu) if version == Version::V2c => (
            Operation::GetBulk {
                non_repeaters: pdu.non_repeaters,
                max_repetitions: pdu.max_repetitions,
            },
            pdu.request_id,
            pdu.variable_bindings,
        ),
        _ => return None,
    };
    Some(Request {
        version,
        community: message.community,
        id,
        operation,
        names: variables
            .iter()
            .map(|variable| Oid::new(variable.name.as_slice()).ok())
            .collect::<Option<_>>()?,
    })
}

fn decode_empty(datagram: &[u8], version: Version, empty: &guard::EmptyRequest) -> Option<Request> {
    let operation = match (empty.pdu, version) {
        (0xa0, _) => Operation::Get,
        (0xa1, _) => Operation::GetNext,
        (0xa3, _) => Operation::Set,
        (0xa5, Version::V2c) => Operation::GetBulk {
            non_repeaters: 0,
            max_repetitions: 0,
        },
        _ => return None,
    };
    Some(Request {
        version,
        community: empty.community.content(datagram).to_vec(),
        id: empty.request_id,
        operation,
        names: Vec::new(),
    })
}

/// Encodes an answer to `request`; nothing where a name is none that BER can carry.
pub(super) fn encode(request: &Request, response: &Response) -> Option<Vec<u8>> {
    let mut corrections = Vec::with_capacity(response.varbinds.len());
    let mut variables = Vec::with_capacity(response.varbinds.len());
    for varbind in &response.varbinds {
        let (value, correction) = stand_in(&varbind.value);
        let name = ObjectIdentifier::try_from(varbind.oid.arcs()).ok()?;
        variables.push(VariableBinding { name, value });
        corrections.push(correction);
    }
    let message = Snmp2cMessage {
        version: match request.version {
            Version::V1 => 0,
            Version::V2c => 1,
        },
        community: request.community.clone(),
        pdu: Snmp2cPdu::Response(InnerPdu {
            request_id: request.id,
            error_status: response.status,
            error_index: response.index,
            variable_bindings: variables,
        }),
    };
    let mut bytes = message.to_bytes().ok()?;
    correct_tags(&mut bytes, &corrections)?;
    Some(bytes)
}

/// csnmp's word for a value, and the tag that has to be written over its own.
fn stand_in(value: &Value) -> (BindingValue, Option<u8>) {
    let opaque =
        |octets: Vec<u8>, tag| (BindingValue::Value(ObjectValue::Opaque(octets)), Some(tag));
    let value = match value {
        Value::Integer(number) => match i32::try_from(*number) {
            Ok(number) => ObjectValue::Integer(number),
            Err(_) => return opaque(tlv::signed_octets(*number), tlv::INTEGER),
        },
        Value::OctetString(octets) => ObjectValue::String(octets.clone()),
        Value::ObjectIdentifier(oid) => match csnmp_oid(oid) {
            Some(oid) => ObjectValue::ObjectId(oid),
            None => return opaque(tlv::oid_octets(oid.arcs()), tlv::OBJECT_IDENTIFIER),
        },
        Value::IpAddress(address) => ObjectValue::IpAddress(*address),
        Value::Counter32(number) => ObjectValue::Counter32(*number),
        Value::Gauge32(number) => ObjectValue::Unsigned32(*number),
        Value::TimeTicks(number) => ObjectValue::TimeTicks(*number),
        Value::Opaque(octets) => ObjectValue::Opaque(octets.clone()),
        Value::Counter64(number) => ObjectValue::Counter64(*number),
        Value::NoSuchObject => return (BindingValue::NoSuchObject, Some(0x80)),
        Value::NoSuchInstance => return (BindingValue::NoSuchInstance, Some(0x81)),
        Value::EndOfMibView => return (BindingValue::EndOfMibView, Some(0x82)),
        // NULL, and whatever this simulator does not know yet.
        _ => return (BindingValue::Unspecified, None),
    };
    (BindingValue::Value(value), None)
}

/// The identifier as csnmp has it, if its encoder writes it rightly: two arcs at least, and both of
/// them within the first octet.
pub(super) fn csnmp_oid(oid: &Oid) -> Option<ObjectIdentifier> {
    match oid.arcs() {
        [0 | 1, second, ..] if *second < 40 => {}
        [2, second, ..] if *second < 48 => {}
        _ => return None,
    }
    ObjectIdentifier::try_from(oid.arcs()).ok()
}

/// Writes the tags of the values that csnmp could not say itself.
fn correct_tags(bytes: &mut [u8], corrections: &[Option<u8>]) -> Option<()> {
    if corrections.iter().all(Option::is_none) {
        return Some(());
    }
    let mut places = Vec::new();
    {
        let bytes = &*bytes;
        let mut fields = Reader::new(bytes).expect(SEQUENCE)?.inside(bytes);
        fields.expect(tlv::INTEGER)?;
        fields.octets()?;
        let mut pdu = fields.next_element()?.inside(bytes);
        for _ in 0..3 {
            pdu.expect(tlv::INTEGER)?;
        }
        let mut list = pdu.expect(SEQUENCE)?.inside(bytes);
        for correction in corrections {
            let mut varbind = list.expect(SEQUENCE)?.inside(bytes);
            varbind.expect(tlv::OBJECT_IDENTIFIER)?;
            let value = varbind.next_element()?;
            places.extend(correction.map(|tag| (value.at, tag)));
        }
    }
    for (at, tag) in places {
        *bytes.get_mut(at)? = tag;
    }
    Some(())
}

/// How many octets a variable takes in a message.
pub(super) fn varbind_size(varbind: &VarBind) -> usize {
    let content = match &varbind.value {
        Value::Integer(number) => tlv::signed_octets(*number).len(),
        Value::OctetString(octets) | Value::Opaque(octets) => octets.len(),
        Value::ObjectIdentifier(oid) => tlv::oid_octets(oid.arcs()).len(),
        Value::IpAddress(_) => 4,
        Value::Counter32(number) | Value::Gauge32(number) | Value::TimeTicks(number) => {
            tlv::signed_octets(i64::from(*number)).len()
        }
        Value::Counter64(number) => unsigned_size(*number),
        _ => 0,
    };
    let name = tlv::element_size(tlv::oid_octets(varbind.oid.arcs()).len());
    tlv::element_size(name + tlv::element_size(content))
}

fn unsigned_size(number: u64) -> usize {
    // One more octet where the top bit would make the number negative.
    let bits = 65 - number.leading_zeros();
    usize::try_from(bits.div_ceil(8)).unwrap_or(9)
}

/// How many octets a message takes whose variables take `variables` octets together.
pub(super) fn message_size(request: &Request, index: u32, variables: usize) -> usize {
    let id = tlv::integer(i64::from(request.id)).len();
    let index = tlv::integer(i64::from(index)).len();
    let pdu = tlv::element_size(id + 3 + index + tlv::element_size(variables));
    tlv::element_size(3 + tlv::element_size(request.community.len()) + pdu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request() -> Request {
        Request {
            version: Version::V2c,
            community: b"public".to_vec(),
            id: 300,
            operation: Operation::Get,
            names: Vec::new(),
        }
    }

    fn one(value: Value) -> Response {
        Response {
            status: ErrorStatus::NoError,
            index: 0,
            varbinds: vec![VarBind {
                oid: "1.3.6.1.2.1.1.1.0".parse().expect("valid"),
                value,
            }],
        }
    }

    /// The value's element at the end of a message with one variable.
    fn encoded(value: Value) -> Vec<u8> {
        let size = varbind_size(&one(value.clone()).varbinds[0]);
        let bytes = encode(&request(), &one(value)).expect("encodable");
        bytes[bytes.len() - size + 2 + 10..].to_vec()
    }

    #[test]
    fn exceptions_are_primitive() {
        assert_eq!(encoded(Value::NoSuchObject), [0x80, 0]);
        assert_eq!(encoded(Value::NoSuchInstance), [0x81, 0]);
        assert_eq!(encoded(Value::EndOfMibView), [0x82, 0]);
    }

    #[test]
    fn an_integer_over_32_bits_keeps_its_value() {
        assert_eq!(encoded(Value::Integer(1 << 40)), [2, 6, 1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn an_identifier_that_csnmp_cannot_write_keeps_its_value() {
        let oid: Oid = "2.594390768".parse().expect("valid");
        assert_eq!(
            encoded(Value::ObjectIdentifier(oid)),
            [6, 5, 0x82, 0x9b, 0xb6, 0xde, 0x40]
        );
    }

    fn value() -> impl Strategy<Value = Value> {
        let octets = || prop::collection::vec(any::<u8>(), 0..300);
        prop_oneof![
            any::<i64>().prop_map(Value::Integer),
            octets().prop_map(Value::OctetString),
            octets().prop_map(Value::Opaque),
            prop::collection::vec(any::<u32>(), 2..20).prop_map(|mut arcs| {
                arcs[0] %= 3;
                arcs[1] %= 40;
                Value::ObjectIdentifier(Oid::new(arcs).expect("short"))
            }),
            any::<u32>().prop_map(Value::Counter32),
            any::<u32>().prop_map(Value::TimeTicks),
            any::<u64>().prop_map(Value::Counter64),
            Just(Value::EndOfMibView),
        ]
    }

    proptest! {
        #[test]
        fn the_size_is_known_before_it_is_encoded(
            values in prop::collection::vec(value(), 0..12), id in any::<i32>()
        ) {
            let mut request = request();
            request.id = id;
            let varbinds: Vec<VarBind> = (1u32..).zip(values).map(|(arc, value)| VarBind {
                oid: Oid::new([1, 3, 6, 1, 4, 1, arc * 1_000]).expect("short"),
                value,
            }).collect();
            let sizes = varbinds.iter().map(varbind_size).sum();
            let response = Response { status: ErrorStatus::NoError, index: 0, varbinds };
            let bytes = encode(&request, &response).expect("encodable");
            prop_assert_eq!(bytes.len(), message_size(&request, 0, sizes));
        }
    }
}
