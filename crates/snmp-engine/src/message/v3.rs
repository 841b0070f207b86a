//! The SNMPv3 discovery: one unauthenticated question that shows whether an agent is there at all.
//!
//! An SNMPv3 engine must answer a request that names no engine with a Report that names its own
//! (RFC 3414 section 4, RFC 5343). Nothing secret is sent and nothing is read, so a device that
//! refuses our communities can be told from an address where nobody is.

use super::decode::{PduKind, read_pdu};
use super::pdu_tag;
use crate::Oid;
use crate::ber::{DecodeError, DecodeErrorKind, Reader, Tolerances, Writer, tag};

/// The longest engine id (RFC 3411 section 5, SnmpEngineID).
pub const MAX_ENGINE_ID: usize = 32;

/// msgFlags of a discovery: reportable, neither authenticated nor encrypted.
const REPORTABLE: u8 = 0x04;
/// The User-based Security Model (RFC 3411 section 5).
const USM: i64 = 3;
/// msgMaxSize: what we can take in one datagram.
const MAX_SIZE: i64 = 65_507;

/// The discovery as a datagram.
pub fn encode_discovery(message_id: u32) -> Vec<u8> {
    let id = i64::from(message_id);
    let mut writer = Writer::new();
    // ScopedPDU: no engine, no context, a GET of nothing.
    writer.field(tag::SEQUENCE, &[]);
    writer.signed(tag::INTEGER, 0);
    writer.signed(tag::INTEGER, 0);
    writer.signed(tag::INTEGER, id);
    writer.wrap(pdu_tag::GET, 0);
    writer.field(tag::OCTET_STRING, &[]);
    writer.field(tag::OCTET_STRING, &[]);
    writer.wrap(tag::SEQUENCE, 0);
    // UsmSecurityParameters, all empty (RFC 3414 section 4, step 1).
    let security = writer.mark();
    writer.field(tag::OCTET_STRING, &[]);
    writer.field(tag::OCTET_STRING, &[]);
    writer.field(tag::OCTET_STRING, &[]);
    writer.signed(tag::INTEGER, 0);
    writer.signed(tag::INTEGER, 0);
    writer.field(tag::OCTET_STRING, &[]);
    writer.wrap(tag::SEQUENCE, security);
    writer.wrap(tag::OCTET_STRING, security);
    let header = writer.mark();
    writer.signed(tag::INTEGER, USM);
    writer.field(tag::OCTET_STRING, &[REPORTABLE]);
    writer.signed(tag::INTEGER, MAX_SIZE);
    writer.signed(tag::INTEGER, id);
    writer.wrap(tag::SEQUENCE, header);
    writer.signed(tag::INTEGER, 3);
    writer.wrap(tag::SEQUENCE, 0);
    writer.finish()
}

/// An engine's answer to a discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report<'a> {
    /// The discovery that it answers.
    pub message_id: i64,
    /// The engine's id.
    pub engine_id: &'a [u8],
    /// How often the engine has started.
    pub engine_boots: i64,
    /// Seconds since it last did.
    pub engine_time: i64,
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
        let mut datagram = Reader::new(bytes, Tolerances::ALL);
        let mut message = datagram.enter("SNMPv3Message", tag::SEQUENCE)?;
        datagram.finish("datagram")?;
        match message.integer("msgVersion")? {
            3 => {}
            other => return Err(message.error("msgVersion", DecodeErrorKind::Version(other))),
        }
        let message_id = read_header(&mut message)?;
        let parameters = message.octets("msgSecurityParameters")?;
        let security = read_security(parameters)?;
        let mut scoped = message.enter("ScopedPDU", tag::SEQUENCE)?;
        message.finish("SNMPv3Message")?;
        scoped.octets("contextEngineID")?;
        scoped.octets("contextName")?;
        let (kind, mut pdu) = read_pdu(&mut scoped)?;
        scoped.finish("ScopedPDU")?;
        if kind != PduKind::Report {
            let found = DecodeErrorKind::UnexpectedTag(pdu_tag::RESPONSE);
            return Err(scoped.error("Report-PDU", found));
        }
        let counter = pdu.varbinds.next().transpose()?;
        Ok(Self {
            message_id,
            engine_id: security.engine_id,
            engine_boots: security.boots,
            engine_time: security.time,
            counter: counter.map(|varbind| varbind.name.to_oid()),
        })
    }
}

fn read_header(message: &mut Reader<'_>) -> Result<i64, DecodeError> {
    let mut header = message.enter("msgGlobalData", tag::SEQUENCE)?;
    let id = header.integer("msgID")?;
    header.integer("msgMaxSize")?;
    header.octets("msgFlags")?;
    header.integer("msgSecurityModel")?;
    header.finish("msgGlobalData")?;
    Ok(id)
}

struct Security<'a> {
    engine_id: &'a [u8],
    boots: i64,
    time: i64,
}

fn read_security(parameters: &[u8]) -> Result<Security<'_>, DecodeError> {
    let mut around = Reader::new(parameters, Tolerances::ALL);
    let mut reader = around.enter("UsmSecurityParameters", tag::SEQUENCE)?;
    around.finish("msgSecurityParameters")?;
    let engine_id = reader.octets("msgAuthoritativeEngineID")?;
    if engine_id.is_empty() || engine_id.len() > MAX_ENGINE_ID {
        let kind = DecodeErrorKind::ValueLength(engine_id.len());
        return Err(reader.error("msgAuthoritativeEngineID", kind));
    }
    let boots = reader.integer("msgAuthoritativeEngineBoots")?;
    let time = reader.integer("msgAuthoritativeEngineTime")?;
    reader.octets("msgUserName")?;
    reader.octets("msgAuthenticationParameters")?;
    reader.octets("msgPrivacyParameters")?;
    reader.finish("UsmSecurityParameters")?;
    Ok(Security {
        engine_id,
        boots,
        time,
    })
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
