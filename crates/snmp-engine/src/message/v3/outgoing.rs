//! Puts an SNMPv3 message together (RFC 3412 section 6, RFC 3414 section 3.1).

use super::super::encode::{wrap_pdu, write_request, write_variables};
use super::super::{RequestKind, pdu_tag};
use super::MAX_SIZE;
use super::frame::{AUTH, PRIV, REPORTABLE, USM};
use crate::ber::{Writer, tag};
use crate::usm::{LocalKeys, SecurityLevel};
use crate::{Oid, Value, VarBind};

/// What a message carries. There is no SET: nothing here can change a device.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// A question.
    Request {
        /// What it asks.
        kind: RequestKind,
        /// What the answer will be known by.
        id: u32,
        /// The names.
        names: &'a [Oid],
    },
    /// An answer, also to an inform.
    Response {
        /// The question's id.
        id: i64,
        /// error-status.
        error_status: i64,
        /// error-index, counted from 1.
        error_index: i64,
        /// The variables.
        varbinds: &'a [VarBind],
    },
    /// An answer whose PDU is encoded already. What is no Response-PDU is not sent: nothing is encoded.
    Encoded(&'a [u8]),
    /// A Report: why a message could not be processed.
    Report {
        /// The id of the request, as far as it could be read; else 0 (RFC 3412 section 7.1, step 3).
        id: i64,
        /// The counter ([`ReportReason::counter`](crate::usm::ReportReason::counter)).
        counter: &'a Oid,
        /// Its value.
        count: u32,
    },
}

/// A message to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// msgID.
    pub message_id: u32,
    /// Whether a Report is wanted where it cannot be processed: of questions, never of answers.
    pub reportable: bool,
    /// msgAuthoritativeEngineID: the receiver's for a question, the sender's for all else.
    pub engine_id: &'a [u8],
    /// That engine's boots.
    pub boots: u32,
    /// That engine's time.
    pub time: u32,
    /// msgUserName.
    pub user: &'a [u8],
    /// contextEngineID.
    pub context_engine_id: &'a [u8],
    /// contextName.
    pub context_name: &'a [u8],
    /// What it is protected by; not more than the keys can do, else nothing is encoded.
    pub level: SecurityLevel,
    /// Makes encryption differ from message to message: no two under the same keys may have the same
    /// (RFC 3826 section 3.1.4.1). Not used where nothing is encrypted.
    pub salt: u64,
}

impl Outgoing<'_> {
    /// The message as a datagram; nothing where the keys cannot protect it as its level says, or where
    /// a [`Payload::Encoded`] is no Response-PDU.
    pub fn encode(&self, keys: &LocalKeys, payload: &Payload<'_>) -> Option<Vec<u8>> {
        if let Payload::Encoded(pdu) = payload
            && pdu.first() != Some(&pdu_tag::RESPONSE)
        {
            return None;
        }
        self.encode_with(keys, |writer| match payload {
            Payload::Request { kind, id, names } => {
                write_request(writer, *kind, *id, names.iter());
            }
            Payload::Response {
                id,
                error_status,
                error_index,
                varbinds,
            } => {
                write_variables(writer, varbinds);
                let fields = [*id, *error_status, *error_index];
                wrap_pdu(writer, pdu_tag::RESPONSE, fields);
            }
            Payload::Encoded(pdu) => writer.encoded(pdu),
            Payload::Report { id, counter, count } => {
                let counted = [VarBind {
                    oid: (*counter).clone(),
                    value: Value::Counter32(*count),
                }];
                write_variables(writer, &counted);
                wrap_pdu(writer, pdu_tag::REPORT, [*id, 0, 0]);
            }
        })
    }

    /// The message around whatever PDU `write` writes at the writer's beginning.
    pub(crate) fn encode_with(
        &self,
        keys: &LocalKeys,
        write: impl FnOnce(&mut Writer),
    ) -> Option<Vec<u8>> {
        if keys.level() < self.level {
            return None;
        }
        let mut writer = Writer::new();
        write(&mut writer);
        writer.field(tag::OCTET_STRING, self.context_name);
        writer.field(tag::OCTET_STRING, self.context_engine_id);
        writer.wrap(tag::SEQUENCE, 0);
        let salt = self.salt.to_be_bytes();
        if self.level.has_priv() {
            let mut data = writer.finish();
            if !keys.encrypt(self.boots, self.time, salt, &mut data) {
                return None;
            }
            writer = Writer::new();
            writer.field(tag::OCTET_STRING, &data);
        }
        let security = writer.mark();
        let salt: &[u8] = if self.level.has_priv() { &salt } else { &[] };
        writer.field(tag::OCTET_STRING, salt);
        let zeros = [0; 48];
        let digest_len = if self.level.has_auth() {
            keys.digest_len()
        } else {
            0
        };
        let behind_digest = writer.mark();
        writer.field(
            tag::OCTET_STRING,
            zeros.get(..digest_len).unwrap_or_default(),
        );
        writer.field(tag::OCTET_STRING, self.user);
        writer.signed(tag::INTEGER, i64::from(self.time));
        writer.signed(tag::INTEGER, i64::from(self.boots));
        writer.field(tag::OCTET_STRING, self.engine_id);
        writer.wrap(tag::SEQUENCE, security);
        writer.wrap(tag::OCTET_STRING, security);
        let header = writer.mark();
        writer.signed(tag::INTEGER, USM);
        writer.field(tag::OCTET_STRING, &[self.flags()]);
        writer.signed(tag::INTEGER, MAX_SIZE);
        writer.signed(tag::INTEGER, i64::from(self.message_id));
        writer.wrap(tag::SEQUENCE, header);
        writer.signed(tag::INTEGER, 3);
        writer.wrap(tag::SEQUENCE, 0);
        let mut bytes = writer.finish();
        if self.level.has_auth() {
            // The writer counts from the message's end.
            let at = bytes.len().checked_sub(behind_digest + digest_len)?;
            keys.sign(&mut bytes, at);
        }
        Some(bytes)
    }

    fn flags(&self) -> u8 {
        let mut flags = 0;
        if self.level.has_auth() {
            flags |= AUTH;
        }
        if self.level.has_priv() {
            flags |= PRIV;
        }
        if self.reportable {
            flags |= REPORTABLE;
        }
        flags
    }
}
