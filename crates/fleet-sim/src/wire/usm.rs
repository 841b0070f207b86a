//! SNMPv3 discovery (RFC 3414 section 4), answered without a password, as every v3 printer does.
//!
//! csnmp knows no v3, and the discovery's answer is written by hand: the one message in which the
//! simulator and the engine share no line.

use super::EngineUser;
use super::tlv::{self, COUNTER32, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE};
use pagetally_snmp_engine::usm::UsmCredential;
use std::sync::Arc;

/// usmStatsUnknownUserNames.0 (RFC 3414 section 5).
const UNKNOWN_USER_NAMES: [u32; 11] = [1, 3, 6, 1, 6, 3, 15, 1, 1, 3, 0];
/// usmStatsUnknownEngineIDs.0.
const UNKNOWN_ENGINE_IDS: [u32; 11] = [1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0];
/// Report-PDU (RFC 3416 section 3).
const REPORT: u8 = 0xa8;
/// The sender wants a Report (RFC 3412 section 6.4).
const REPORTABLE: u8 = 0x04;

/// The v3 side of a device: enough to say "I am here, and I do not know you".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// snmpEngineID (RFC 3411 section 5): 5 to 32 octets.
    pub id: Vec<u8>,
    /// snmpEngineBoots.
    pub boots: u32,
    /// Messages refused because of an unknown engine, as the Report tells it.
    pub unknown_engine_ids: u32,
    /// Messages refused because of an unknown user.
    pub unknown_user_names: u32,
    /// Who is let in.
    pub users: Vec<EngineUser>,
}

impl Engine {
    /// An engine id of the kind "MAC address" (RFC 3411 section 5, format 3).
    #[must_use]
    pub fn with_mac(enterprise: u32, mac: [u8; 6]) -> Self {
        let mut id = (enterprise | 0x8000_0000).to_be_bytes().to_vec();
        id.push(3);
        id.extend(mac);
        Self {
            id,
            boots: 1,
            unknown_engine_ids: 0,
            unknown_user_names: 0,
            users: Vec::new(),
        }
    }

    /// Lets a user in.
    #[must_use]
    pub fn with_user(mut self, credential: Arc<UsmCredential>) -> Self {
        self.users.push(EngineUser::new(credential, &self.id));
        self
    }

    /// Answers a v3 message: who asks without knowing the engine is told its id, whoever else is an
    /// unknown user. `time` is snmpEngineTime in seconds.
    pub(super) fn answer(&mut self, datagram: &[u8], time: u32) -> Option<Vec<u8>> {
        let request = Request::parse(datagram)?;
        if request.flags & REPORTABLE == 0 {
            return None;
        }
        let (counter, name) = if request.engine == self.id {
            (&mut self.unknown_user_names, UNKNOWN_USER_NAMES)
        } else {
            (&mut self.unknown_engine_ids, UNKNOWN_ENGINE_IDS)
        };
        *counter = counter.wrapping_add(1);
        let count = *counter;
        Some(self.report(&request, &name, count, time))
    }

    fn report(&self, request: &Request<'_>, name: &[u32], count: u32, time: u32) -> Vec<u8> {
        let name = tlv::element(OBJECT_IDENTIFIER, &tlv::oid_octets(name));
        let count = tlv::element(COUNTER32, &tlv::signed_octets(i64::from(count)));
        let list = tlv::element(SEQUENCE, &tlv::element(SEQUENCE, &[name, count].concat()));
        let id = tlv::integer(i64::from(request.request_id));
        let none = tlv::integer(0);
        let pdu = tlv::element(REPORT, &[id, none.clone(), none, list].concat());
        let engine = tlv::element(OCTET_STRING, &self.id);
        let empty = tlv::element(OCTET_STRING, b"");
        let scoped = tlv::element(SEQUENCE, &[engine.clone(), empty.clone(), pdu].concat());
        let security = tlv::element(
            SEQUENCE,
            &[
                engine,
                tlv::integer(i64::from(self.boots)),
                tlv::integer(i64::from(time)),
                tlv::element(OCTET_STRING, request.user),
                empty.clone(),
                empty,
            ]
            .concat(),
        );
        let header = tlv::element(
            SEQUENCE,
            &[
                tlv::integer(i64::from(request.message_id)),
                tlv::integer(65_507),
                tlv::element(OCTET_STRING, &[0]),
                tlv::integer(3),
            ]
            .concat(),
        );
        let security = tlv::element(OCTET_STRING, &security);
        tlv::element(
            SEQUENCE,
            &[tlv::integer(3), header, security, scoped].concat(),
        )
    }
}

/// What matters of a v3 request.
struct Request<'a> {
    message_id: i32,
    flags: u8,
    engine: &'a [u8],
    user: &'a [u8],
    /// 0 where the PDU is encrypted (RFC 3412 section 7.1, step 3).
    request_id: i32,
}

impl<'a> Request<'a> {
    fn parse(datagram: &'a [u8]) -> Option<Self> {
        let mut message = Reader::new(datagram).expect(SEQUENCE)?.inside(datagram);
        if message.integer()? != 3 {
            return None;
        }
        let mut header = message.expect(SEQUENCE)?.inside(datagram);
        let message_id = header.integer()?;
        header.expect(INTEGER)?;
        let &[flags] = header.octets()? else {
            return None;
        };
        // Security model 3 is USM.
        if header.integer()? != 3 {
            return None;
        }
        let mut parameters = message.expect(OCTET_STRING)?.inside(datagram);
        let mut parameters = parameters.expect(SEQUENCE)?.inside(datagram);
        let engine = parameters.octets()?;
        parameters.expect(INTEGER)?;
        parameters.expect(INTEGER)?;
        let user = parameters.octets().filter(|user| user.len() <= 32)?;
        let request_id = message
            .expect(SEQUENCE)
            .and_then(|scoped| scoped_request_id(scoped.inside(datagram), datagram));
        Some(Self {
            message_id,
            flags,
            engine,
            user,
            request_id: request_id.unwrap_or(0),
        })
    }
}

fn scoped_request_id(mut scoped: Reader<'_>, datagram: &[u8]) -> Option<i32> {
    scoped.octets()?;
    scoped.octets()?;
    scoped.next_element()?.inside(datagram).integer()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The discovery message that net-snmp sends (captured; message id 0x1122, request id 0x3344).
    fn discovery(flags: u8) -> Vec<u8> {
        let header = [
            tlv::integer(0x1122),
            tlv::integer(65_507),
            tlv::element(OCTET_STRING, &[flags]),
            tlv::integer(3),
        ]
        .concat();
        let empty = tlv::element(OCTET_STRING, b"");
        let zero = tlv::integer(0);
        let security = [
            empty.clone(),
            zero.clone(),
            zero.clone(),
            empty.clone(),
            empty.clone(),
            empty.clone(),
        ]
        .concat();
        let security = tlv::element(SEQUENCE, &security);
        let pdu = [
            tlv::integer(0x3344),
            zero.clone(),
            zero,
            tlv::element(SEQUENCE, b""),
        ]
        .concat();
        let scoped = [empty.clone(), empty, tlv::element(0xa0, &pdu)].concat();
        tlv::element(
            SEQUENCE,
            &[
                tlv::integer(3),
                tlv::element(SEQUENCE, &header),
                tlv::element(OCTET_STRING, &security),
                tlv::element(SEQUENCE, &scoped),
            ]
            .concat(),
        )
    }

    #[test]
    fn discovery_is_answered_with_the_engine_id() {
        let mut engine = Engine::with_mac(1_347, [0, 0x17, 0xc8, 1, 2, 3]);
        let report = engine.answer(&discovery(REPORTABLE), 77).expect("a Report");
        let id = tlv::element(OCTET_STRING, &engine.id);
        assert!(report.windows(id.len()).any(|window| window == id));
        let name = tlv::oid_octets(&UNKNOWN_ENGINE_IDS);
        assert!(report.windows(name.len()).any(|window| window == name));
        let parsed = Request::parse(&report).expect("well-formed");
        assert_eq!((parsed.message_id, parsed.request_id), (0x1122, 0x3344));
    }

    #[test]
    fn who_wants_no_report_gets_none() {
        let mut engine = Engine::with_mac(11, [0; 6]);
        assert_eq!(engine.answer(&discovery(0), 0), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..120), at in any::<prop::sample::Index>(), octet in any::<u8>()) {
            let mut engine = Engine::with_mac(11, [0; 6]);
            let _ = engine.answer(&bytes, 1);
            bytes = discovery(REPORTABLE);
            let place = at.index(bytes.len());
            bytes[place] = octet;
            let _ = engine.answer(&bytes, 1);
        }
    }
}
