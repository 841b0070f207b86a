//! The sweep's probes and answers on the wire.

use pagetally_snmp_engine::ber::DecodeError;
use pagetally_snmp_engine::message::{Message, PduKind, Request, RequestKind};
use pagetally_snmp_engine::sweep::ProbeAnswer;
use pagetally_snmp_engine::{Oid, Version};

/// A GETNEXT as a datagram.
pub(crate) fn encode(
    version: Version,
    community: &[u8],
    request_id: u32,
    names: &[Oid],
) -> Vec<u8> {
    Request {
        version,
        community,
        kind: RequestKind::GetNext,
        id: request_id,
        names,
    }
    .encode()
}

/// Why a datagram is no response to a probe.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("it is no message")]
    Malformed(#[from] DecodeError),
    #[error("it is no response")]
    NotAResponse,
}

/// Reads a response.
pub(crate) fn decode(datagram: &[u8]) -> Result<ProbeAnswer<'_>, NoAnswer> {
    let message = Message::decode(datagram)?;
    if message.kind != PduKind::Response {
        return Err(NoAnswer::NotAResponse);
    }
    let varbinds = message
        .varbinds
        .map(|varbind| varbind.map(|varbind| varbind.to_varbind()))
        .collect::<Result<_, _>>()?;
    Ok(ProbeAnswer {
        version: message.version,
        community: message.community,
        request_id: message.request_id,
        error_status: message.error_status,
        error_index: message.error_index,
        varbinds,
    })
}

#[cfg(test)]
mod tests {
    //! Held against csnmp and async-snmp as peers: what we ask, they read as asked; what they
    //! answer, we read as meant.

    use super::*;
    use async_snmp::compatibility::DecodeConfig;
    use async_snmp::message::CommunityMessage;
    use csnmp::message::{
        BindingValue, ErrorStatus, InnerPdu, ObjectValue, Snmp2cMessage, Snmp2cPdu, VariableBinding,
    };
    use pagetally_snmp_engine::message::{Response, status};
    use pagetally_snmp_engine::sweep::{ProbeKind, Sweep, SweepConfig};
    use pagetally_snmp_engine::{RequestIds, Value, VarBind};
    use proptest::prelude::*;
    use std::time::Duration;

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

    /// What csnmp reads; it knows v2c alone, so a v1 message is shown to it as one of v2c.
    fn csnmp_reads(bytes: &[u8]) -> Snmp2cPdu {
        let mut bytes = bytes.to_vec();
        let [0x30, _, 0x02, 0x01, version, ..] = bytes.as_mut_slice() else {
            panic!("a short message");
        };
        *version = 1;
        Snmp2cMessage::try_from_bytes(&bytes)
            .expect("csnmp reads it")
            .pdu
    }

    fn async_reads(bytes: &[u8]) -> (i32, Vec<Vec<u32>>) {
        let read = CommunityMessage::decode(bytes.to_vec().into(), DecodeConfig::STRICT);
        let message = read.expect("async-snmp reads it").value;
        let pdu = message.into_pdu().expect("a PDU");
        let names = pdu.varbinds().iter().map(|one| one.oid.arcs().to_vec());
        (pdu.request_id(), names.collect())
    }

    #[test]
    fn both_peers_read_every_probe_as_it_is_meant() {
        let config = SweepConfig {
            communities: vec![b"public".to_vec(), b"other".to_vec()],
            try_v1: true,
            detect_refusal: false,
            timeout: Duration::from_secs(1),
            retries: 0,
        };
        let communities = config.communities.clone();
        let mut sweep = Sweep::new(config, RequestIds::new([9; 16]));
        assert!(sweep.start(([192, 0, 2, 1], 161).into()));
        let mut read = 0;
        while let Some(probe) = sweep.next_probe(Duration::ZERO) {
            let ProbeKind::Next {
                version,
                community_index,
                names,
            } = probe.kind
            else {
                panic!("no discovery is configured");
            };
            let names = names.to_oids();
            let community = &communities[community_index];
            let bytes = encode(version, community, probe.request_id, &names);
            let Snmp2cPdu::GetNextRequest(theirs) = csnmp_reads(&bytes) else {
                panic!("csnmp takes it for something else");
            };
            let id = i32::try_from(probe.request_id).expect("31 bits");
            assert_eq!(theirs.request_id, id);
            let bindings = theirs.variable_bindings.iter();
            assert!(
                bindings
                    .map(|one| one.name.as_slice())
                    .eq(names.iter().map(Oid::arcs))
            );
            let arcs: Vec<Vec<u32>> = names.iter().map(|name| name.arcs().to_vec()).collect();
            assert_eq!(async_reads(&bytes), (id, arcs));
            read += 1;
        }
        assert_eq!(read, 4);
    }

    #[test]
    fn what_peers_cannot_read_and_devices_send_is_still_an_answer() {
        let wide = one(Value::Integer(1 << 40));
        for (varbinds, error) in [(Vec::new(), status::TOO_BIG), (wide, 0)] {
            let bytes = response(Version::V2c, &varbinds, error);
            assert!(
                Snmp2cMessage::try_from_bytes(&bytes).is_err(),
                "csnmp has learnt it"
            );
            let answer = decode(&bytes).expect("an answer");
            assert_eq!((answer.error_status, answer.varbinds), (error, varbinds));
        }
    }

    #[test]
    fn a_request_is_no_answer() {
        let probe = encode(Version::V2c, b"public", 7, &[oid("1.3.6")]);
        assert_eq!(decode(&probe), Err(NoAnswer::NotAResponse));
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
        fn what_csnmp_answers_is_read_as_it_is_meant(
            octets in prop::collection::vec(any::<u8>(), 0..40), number in any::<u32>(), kind in 0..9usize
        ) {
            let name = [1, 3, 6, 1, 4, 1, number];
            let object = csnmp::ObjectIdentifier::try_from(&name[..]).expect("short");
            let integer = i32::try_from(number >> 1).expect("31 bits");
            let big = u64::from(number) << 32 | 7;
            let (theirs, ours) = [
                (ObjectValue::String(octets.clone()), Value::OctetString(octets.clone())),
                (ObjectValue::Opaque(octets.clone()), Value::Opaque(octets)),
                (ObjectValue::Counter32(number), Value::Counter32(number)),
                (ObjectValue::Unsigned32(number), Value::Gauge32(number)),
                (ObjectValue::TimeTicks(number), Value::TimeTicks(number)),
                (ObjectValue::Counter64(big), Value::Counter64(big)),
                (ObjectValue::Integer(integer), Value::Integer(integer.into())),
                (ObjectValue::IpAddress(number.into()), Value::IpAddress(number.into())),
                (ObjectValue::ObjectId(object), Value::ObjectIdentifier(Oid::new(name).expect("short"))),
            ][kind].clone();
            let bytes = Snmp2cMessage {
                version: 1,
                community: b"public".to_vec(),
                pdu: Snmp2cPdu::Response(InnerPdu {
                    request_id: 77,
                    error_status: ErrorStatus::NoError,
                    error_index: 0,
                    variable_bindings: vec![VariableBinding {
                        name: object,
                        value: BindingValue::Value(theirs),
                    }],
                }),
            }
            .to_bytes()
            .expect("csnmp writes it");
            let answer = decode(&bytes).expect("an answer");
            prop_assert_eq!((answer.version, answer.community), (Version::V2c, &b"public"[..]));
            prop_assert_eq!(answer.request_id, 77);
            let oid = Oid::new(name).expect("short");
            prop_assert_eq!(answer.varbinds, vec![VarBind { oid, value: ours }]);
        }
    }
}
