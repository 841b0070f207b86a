//! Printers that speak SNMPv3 alone: encoded answers, each encrypted and signed for its copy.

use super::device::Copy;
use super::template::Templates;
use super::{V3User, tlv};
use pagetally_snmp_engine::message::v3::{Frame, Outgoing, Payload};
use pagetally_snmp_engine::usm::{
    AuthProtocol, EngineClock, LocalKeys, PrivProtocol, ReportReason, Secret, SecurityLevel,
    UsmCredential, UsmUser, UsmUserError,
};
use std::time::{Duration, Instant};

/// What an SNMPv3 message of these printers takes more than one over v2c with the community "public":
/// header and lengths 32, the engine's id twice, boots and time, the user, the digest and the salt 68,
/// less the community's 8.
pub(super) const ENVELOPE: usize = 92;

/// snmpEngineBoots of every copy.
const BOOTS: u32 = 1;

/// Version and community in front of what is asked, as the templates know requests.
const V2C: &[u8] = &[
    0x02, 0x01, 0x01, 0x04, 0x06, b'p', b'u', b'b', b'l', b'i', b'c',
];

impl V3User {
    /// The user's keys: SHA-1 and AES-128.
    pub(super) fn credential(&self) -> Result<UsmCredential, UsmUserError> {
        let secret = |text: &str| Secret::new(text.as_bytes());
        UsmCredential::derive(&UsmUser {
            name: self.name.clone(),
            auth: Some((AuthProtocol::Sha1, secret(&self.auth))),
            privacy: Some((PrivProtocol::Aes128, secret(&self.privacy))),
            context: String::new(),
        })
    }
}

/// A copy's engine id (RFC 3411 section 5, of the kind "octets").
fn engine_id(number: u32) -> [u8; 13] {
    let [a, b, c, d] = number.to_be_bytes();
    [
        0x80, 0x00, 0x1f, 0x88, 0x05, b'l', b'o', b'a', b'd', a, b, c, d,
    ]
}

/// The printers' engines. Their keys are localized before anybody asks.
pub(super) struct Secure {
    user: Vec<u8>,
    keys: Vec<LocalKeys>,
    begun: Instant,
    salt: u64,
    question: Vec<u8>,
    answer: Vec<u8>,
    scratch: Vec<u8>,
}

impl Secure {
    /// Engines of as many copies, who let this user in.
    pub(super) fn new(user: &V3User, copies: usize) -> Result<Self, UsmUserError> {
        let credential = user.credential()?;
        let numbers = (0_u32..).take(copies);
        Ok(Self {
            user: user.name.clone().into_bytes(),
            keys: numbers
                .map(|number| credential.localize(&engine_id(number)))
                .collect(),
            begun: Instant::now(),
            salt: 0,
            question: Vec::new(),
            answer: Vec::new(),
            scratch: Vec::new(),
        })
    }

    /// Writes this copy's answer into `out`. Says no where it gives none: a discovery is answered with
    /// a Report, what the user asks authentically with an answer, or out of time with a Report that tells
    /// the time (RFC 3414 section 3.2, step 7a), and all else with silence.
    pub(super) fn answer(
        &mut self,
        request: &[u8],
        copy: &Copy,
        templates: &mut Templates,
        out: &mut Vec<u8>,
    ) -> bool {
        let answer = self.take(request, copy, templates);
        let answered = answer.is_some();
        out.clear();
        out.append(&mut answer.unwrap_or_default());
        answered
    }

    fn take(&mut self, request: &[u8], copy: &Copy, templates: &mut Templates) -> Option<Vec<u8>> {
        let frame = Frame::decode(request).ok()?;
        let engine_id = engine_id(copy.number);
        let time = u32::try_from(self.begun.elapsed().as_secs()).ok()?;
        self.salt += 1;
        let mut envelope = Outgoing {
            message_id: frame.message_id,
            reportable: false,
            engine_id: &engine_id,
            boots: BOOTS,
            time,
            user: frame.user,
            context_engine_id: &engine_id,
            context_name: b"",
            level: SecurityLevel::NoAuthNoPriv,
            // Of 2^32 copies each has salts of its own.
            salt: u64::from(copy.number) << 32 | self.salt,
        };
        if frame.engine_id != engine_id {
            return report(
                &envelope,
                &LocalKeys::none(),
                &ReportReason::UnknownEngineId,
            );
        }
        let keys = self.keys.get(usize::try_from(copy.number).ok()?)?;
        let let_in = frame.user == self.user
            && frame.level == SecurityLevel::AuthPriv
            && frame.is_authentic(keys);
        if !let_in {
            return None;
        }
        let clock = EngineClock::unverified(&engine_id, BOOTS, time, Duration::ZERO);
        if !clock.accepts(frame.boots, frame.time, Duration::ZERO) {
            // Signed and not encrypted: whoever asked believes the time in it.
            envelope.level = SecurityLevel::AuthNoPriv;
            return report(&envelope, keys, &ReportReason::NotInTimeWindow);
        }
        let asked = frame.open(keys, &mut self.scratch).ok()?;
        as_v2c(asked.pdu, &mut self.question)?;
        if !templates.answer(&self.question, copy, &mut self.answer) {
            return None;
        }
        let pdu = tlv::frame(&self.answer)?.community.end..self.answer.len();
        envelope.level = SecurityLevel::AuthPriv;
        envelope.encode(keys, &Payload::Encoded(self.answer.get(pdu)?))
    }
}

fn report(envelope: &Outgoing<'_>, keys: &LocalKeys, reason: &ReportReason) -> Option<Vec<u8>> {
    let counter = &reason.counter();
    let (id, count) = (0, 1);
    envelope.encode(keys, &Payload::Report { id, counter, count })
}

/// Puts a PDU into the v2c message that it would have come in.
fn as_v2c(pdu: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let [high, low] = u16::try_from(V2C.len() + pdu.len()).ok()?.to_be_bytes();
    out.clear();
    out.extend_from_slice(&[0x30, 0x82, high, low]);
    out.extend_from_slice(V2C);
    out.extend_from_slice(pdu);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::device::Prototype;
    use pagetally_snmp_engine::Oid;
    use pagetally_snmp_engine::message::{PduKind, RequestKind};

    #[test]
    fn whoever_asks_with_a_wrong_time_is_told_the_right_one_and_then_answered() {
        let user = V3User {
            name: "load".to_owned(),
            auth: "authenticate me".to_owned(),
            privacy: "and keep it private".to_owned(),
        };
        let mut secure = Secure::new(&user, 1).expect("a user");
        let mut templates = Templates::new(Prototype::new().expect("the model is there"));
        templates.set_max_message(1_472 - ENVELOPE);
        let copy = Copy {
            number: 0,
            generation: 0,
            replaced: None,
        };
        let (keys, engine) = (user.credential().expect("a user"), engine_id(0));
        let keys = keys.localize(&engine);
        let names: [Oid; 1] = ["1.3.6.1.2.1.1.1".parse().expect("valid")];
        let mut ask = |boots| {
            let question = Outgoing {
                message_id: 5,
                reportable: true,
                engine_id: &engine,
                boots,
                time: 0,
                user: b"load",
                context_engine_id: &engine,
                context_name: b"",
                level: SecurityLevel::AuthPriv,
                salt: 1,
            };
            let payload = Payload::Request {
                kind: RequestKind::GetNext,
                id: 7,
                names: &names,
            };
            let question = question.encode(&keys, &payload).expect("keys for it");
            let mut answer = Vec::new();
            assert!(secure.answer(&question, &copy, &mut templates, &mut answer));
            answer
        };
        let (told, answered) = (ask(0), ask(BOOTS));

        let mut scratch = Vec::new();
        let frame = Frame::decode(&told).expect("a message");
        assert!(frame.is_authentic(&keys));
        assert_eq!(
            (frame.level, frame.boots),
            (SecurityLevel::AuthNoPriv, BOOTS)
        );
        let mut report = frame.open(&keys, &mut scratch).expect("readable");
        assert_eq!(report.kind, PduKind::Report);
        let counter = report.varbinds.next().expect("one").expect("readable");
        assert_eq!(
            counter.name.to_oid(),
            ReportReason::NotInTimeWindow.counter()
        );

        let frame = Frame::decode(&answered).expect("a message");
        assert!(frame.is_authentic(&keys));
        let answer = frame.open(&keys, &mut scratch).expect("readable");
        assert_eq!((answer.kind, answer.request_id), (PduKind::Response, 7));
    }
}
