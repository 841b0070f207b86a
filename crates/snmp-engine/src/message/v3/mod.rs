//! SNMPv3 messages under the User-based Security Model (RFC 3412, RFC 3414).
//!
//! [`Frame`] takes a datagram apart and [`Outgoing`] puts one together, in both roles; keys and clocks
//! are [`usm`](crate::usm)'s.
//!
//! # The discovery
//!
//! One unauthenticated question shows whether an agent is there at all: an SNMPv3 engine must answer a
//! request that names no engine with a Report that names its own (RFC 3414 section 4, RFC 5343).
//! Nothing secret is sent and nothing is read, so a device that refuses our communities can be told
//! from an address where nobody is.

mod frame;
mod outgoing;

pub use frame::{Frame, OpenError, ScopedPdu};
pub use outgoing::{Outgoing, Payload};

use super::{PduKind, RequestKind, pdu_tag};
use crate::Oid;
use crate::ber::{DecodeError, DecodeErrorKind, tag};
use crate::usm::{LocalKeys, SecurityLevel};

pub use crate::usm::MAX_ENGINE_ID;

/// msgMaxSize: what we can take in one datagram.
const MAX_SIZE: i64 = 65_507;

/// The discovery as a datagram.
pub fn encode_discovery(message_id: u32) -> Vec<u8> {
    let discovery = Outgoing {
        message_id,
        reportable: true,
        engine_id: &[],
        boots: 0,
        time: 0,
        user: &[],
        context_engine_id: &[],
        context_name: &[],
        level: SecurityLevel::NoAuthNoPriv,
        salt: 0,
    };
    let payload = Payload::Request {
        kind: RequestKind::Get,
        id: message_id,
        names: &[],
    };
    // A message that is not protected always encodes.
    discovery
        .encode(&LocalKeys::none(), &payload)
        .unwrap_or_default()
}

/// An engine's answer to a discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report<'a> {
    /// The discovery that it answers.
    pub message_id: u32,
    /// The engine's id.
    pub engine_id: &'a [u8],
    /// How often the engine has started.
    pub engine_boots: u32,
    /// Seconds since it last did.
    pub engine_time: u32,
    /// The counter that it reports, for a discovery `usmStatsUnknownEngineIDs`.
    pub counter: Option<Oid>,
}

impl<'a> Report<'a> {
    /// Reads an unencrypted Report.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where the bytes are anything else.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let frame = Frame::decode(bytes)?;
        let wrong = |kind| DecodeError {
            field: "Report-PDU",
            offset: 0,
            kind,
        };
        if frame.engine_id.is_empty() {
            return Err(wrong(DecodeErrorKind::ValueLength(0)));
        }
        let mut scratch = Vec::new();
        let mut scoped = match frame.open(&LocalKeys::none(), &mut scratch) {
            Ok(scoped) => scoped,
            Err(OpenError::Malformed(error)) => return Err(error),
            Err(OpenError::Decryption) => {
                return Err(wrong(DecodeErrorKind::UnexpectedTag(tag::OCTET_STRING)));
            }
        };
        if scoped.kind != PduKind::Report {
            return Err(wrong(DecodeErrorKind::UnexpectedTag(pdu_tag::RESPONSE)));
        }
        let counter = scoped.varbinds.next().transpose()?;
        Ok(Self {
            message_id: frame.message_id,
            engine_id: frame.engine_id,
            engine_boots: frame.boots,
            engine_time: frame.time,
            counter: counter.map(|varbind| varbind.name.to_oid()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The Report with which Debian's snmpd 5.9.3 answered the discovery below.
    const REPORT: &[u8] = &[
        0x30, 0x6d, 0x02, 0x01, 0x03, 0x30, 0x0f, 0x02, 0x02, 0x01, 0x02, 0x02, 0x03, 0x00, 0xff,
        0xe3, 0x04, 0x01, 0x00, 0x02, 0x01, 0x03, 0x04, 0x21, 0x30, 0x1f, 0x04, 0x11, 0x80, 0x00,
        0x1f, 0x88, 0x80, 0xe2, 0x4a, 0xb0, 0x26, 0x6f, 0x04, 0x04, 0x6b, 0x00, 0x00, 0x00, 0x00,
        0x02, 0x01, 0x01, 0x02, 0x01, 0x02, 0x04, 0x00, 0x04, 0x00, 0x04, 0x00, 0x30, 0x34, 0x04,
        0x11, 0x80, 0x00, 0x1f, 0x88, 0x80, 0xe2, 0x4a, 0xb0, 0x26, 0x6f, 0x04, 0x04, 0x6b, 0x00,
        0x00, 0x00, 0x00, 0x04, 0x00, 0xa8, 0x1d, 0x02, 0x02, 0x01, 0x02, 0x02, 0x01, 0x00, 0x02,
        0x01, 0x00, 0x30, 0x11, 0x30, 0x0f, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x06, 0x03, 0x0f, 0x01,
        0x01, 0x04, 0x00, 0x41, 0x01, 0x01,
    ];

    #[test]
    fn the_discovery_has_the_bytes_that_rfc_3414_section_4_describes() {
        let expected: &[u8] = &[
            0x30, 0x3a, // SNMPv3Message
            0x02, 0x01, 0x03, // msgVersion
            0x30, 0x0f, // msgGlobalData
            0x02, 0x02, 0x01, 0x02, // msgID 258
            0x02, 0x03, 0x00, 0xff, 0xe3, // msgMaxSize 65507
            0x04, 0x01, 0x04, // msgFlags: reportable
            0x02, 0x01, 0x03, // msgSecurityModel: USM
            0x04, 0x10, 0x30, 0x0e, // msgSecurityParameters
            0x04, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, // engine id, boots, time
            0x04, 0x00, 0x04, 0x00, 0x04, 0x00, // user, authentication, privacy
            0x30, 0x12, 0x04, 0x00, 0x04, 0x00, // ScopedPDU
            0xa0, 0x0c, 0x02, 0x02, 0x01, 0x02, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x00,
        ];
        assert_eq!(encode_discovery(258), expected);
    }

    #[test]
    fn a_report_names_its_engine() {
        let report = Report::decode(REPORT).expect("a Report");
        assert_eq!(report.message_id, 258);
        assert_eq!(report.engine_id, &REPORT[28..45]);
        assert_eq!((report.engine_boots, report.engine_time), (1, 2));
        let unknown_engine_ids = "1.3.6.1.6.3.15.1.1.4.0".parse().expect("valid");
        assert_eq!(report.counter, Some(unknown_engine_ids));
    }

    #[test]
    fn the_question_is_not_taken_for_its_answer() {
        assert!(Report::decode(&encode_discovery(7)).is_err());
    }

    proptest! {
        #[test]
        fn no_damage_to_a_report_panics(
            at in 0..REPORT.len(), octet in any::<u8>(), cut in 0..=REPORT.len()
        ) {
            let mut bytes = REPORT.to_vec();
            bytes[at] = octet;
            let _ = Report::decode(&bytes);
            let whole = Report::decode(&REPORT[..cut]).is_ok();
            prop_assert_eq!(whole, cut == REPORT.len());
        }
    }
}
