//! Takes an SNMPv3 message apart (RFC 3412 section 6, RFC 3414 section 2.4).

use super::super::decode::{MAX_DATAGRAM, PduKind, VarBinds, read_pdu};
use crate::ber::{DecodeError, DecodeErrorKind, Reader, Tolerances, tag};
use crate::usm::{LocalKeys, MAX_BOOTS, MAX_ENGINE_ID, SecurityLevel};

/// The User-based Security Model (RFC 3411 section 5).
pub(super) const USM: i64 = 3;

/// msgFlags (RFC 3412 section 6.4).
pub(super) const AUTH: u8 = 0x01;
pub(super) const PRIV: u8 = 0x02;
pub(super) const REPORTABLE: u8 = 0x04;

/// The longest user name (RFC 3414 section 2.4).
const MAX_USER: usize = 32;

/// The longest digest (RFC 7860 section 4.1).
const MAX_DIGEST: usize = 48;

/// An SNMPv3 message under USM whose frame is read. Nothing in it can be believed before
/// [`is_authentic`](Self::is_authentic) has said so.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Frame<'a> {
    /// msgID: an answer has the one of its question.
    pub message_id: u32,
    /// msgMaxSize: the longest message that the sender takes.
    pub max_size: u32,
    /// What its flags say that it is protected by.
    pub level: SecurityLevel,
    /// Whether its sender wants a Report where it cannot be processed.
    pub reportable: bool,
    /// msgAuthoritativeEngineID; empty in a discovery.
    pub engine_id: &'a [u8],
    /// msgAuthoritativeEngineBoots.
    pub boots: u32,
    /// msgAuthoritativeEngineTime.
    pub time: u32,
    /// msgUserName.
    pub user: &'a [u8],
    datagram: &'a [u8],
    digest: &'a [u8],
    digest_at: usize,
    salt: &'a [u8],
    /// The ScopedPDU with its tag, or what is encrypted of it.
    data: &'a [u8],
}

/// Why the inside of a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is encrypted, and there is no key or its salt or length fits no cipher.
    #[error("it cannot be decrypted")]
    Decryption,
    /// What is inside makes no sense: of an encrypted message, the key is probably another one.
    #[error("what is inside makes no sense")]
    Malformed(#[source] DecodeError),
}

/// A ScopedPDU (RFC 3412 section 6.8).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScopedPdu<'a> {
    /// contextEngineID.
    pub context_engine_id: &'a [u8],
    /// contextName.
    pub context_name: &'a [u8],
    /// The PDU as it stands, with its tag.
    pub pdu: &'a [u8],
    /// What it asks or tells.
    pub kind: PduKind,
    /// The request that it is, or answers.
    pub request_id: i64,
    /// error-status, or non-repeaters of a GETBULK.
    pub error_status: i64,
    /// error-index, or max-repetitions of a GETBULK.
    pub error_index: i64,
    /// The variables.
    pub varbinds: VarBinds<'a>,
}

impl<'a> Frame<'a> {
    /// Reads the frame of a message.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where the bytes are no SNMPv3 message under USM.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut datagram = Reader::new(bytes, Tolerances::ALL);
        if bytes.len() > MAX_DATAGRAM {
            let kind = DecodeErrorKind::DatagramTooLong(MAX_DATAGRAM);
            return Err(datagram.error("datagram", kind));
        }
        let mut message = datagram.enter("SNMPv3Message", tag::SEQUENCE)?;
        datagram.finish("datagram")?;
        match message.integer("msgVersion")? {
            3 => {}
            other => return Err(message.error("msgVersion", DecodeErrorKind::Version(other))),
        }
        let header = Header::read(&mut message)?;
        let mut parameters = message.enter("msgSecurityParameters", tag::OCTET_STRING)?;
        let mut security = parameters.enter("UsmSecurityParameters", tag::SEQUENCE)?;
        parameters.finish("msgSecurityParameters")?;
        let engine_id = limited(&mut security, "msgAuthoritativeEngineID", MAX_ENGINE_ID)?;
        let boots = counted(&mut security, "msgAuthoritativeEngineBoots")?;
        let time = counted(&mut security, "msgAuthoritativeEngineTime")?;
        let user = limited(&mut security, "msgUserName", MAX_USER)?;
        let digest = limited(&mut security, "msgAuthenticationParameters", MAX_DIGEST)?;
        let digest_at = security.offset() - digest.len();
        let salt = limited(&mut security, "msgPrivacyParameters", 8)?;
        security.finish("UsmSecurityParameters")?;
        let start = message.offset();
        let data = if header.level.has_priv() {
            message.octets("encryptedPDU")?
        } else {
            message.expect("ScopedPDU", tag::SEQUENCE)?;
            bytes.get(start..message.offset()).unwrap_or_default()
        };
        message.finish("SNMPv3Message")?;
        Ok(Self {
            message_id: header.message_id,
            max_size: header.max_size,
            level: header.level,
            reportable: header.reportable,
            engine_id,
            boots,
            time,
            user,
            datagram: bytes,
            digest,
            digest_at,
            salt,
            data,
        })
    }

    /// Whether the message is authentic under these keys. One that its flags call unauthenticated
    /// never is.
    pub fn is_authentic(&self, keys: &LocalKeys) -> bool {
        self.level.has_auth() && keys.verify(self.datagram, self.digest_at, self.digest)
    }

    /// Reads what is inside, decrypted into `scratch` where it is encrypted.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open<'s>(
        &self,
        keys: &LocalKeys,
        scratch: &'s mut Vec<u8>,
    ) -> Result<ScopedPdu<'s>, OpenError>
    where
        'a: 's,
    {
        let data = if self.level.has_priv() {
            let salt = self.salt.try_into().map_err(|_| OpenError::Decryption)?;
            scratch.clear();
            scratch.extend_from_slice(self.data);
            if !keys.decrypt(self.boots, self.time, salt, scratch) {
                return Err(OpenError::Decryption);
            }
            scratch.as_slice()
        } else {
            self.data
        };
        ScopedPdu::read(data, self.level.has_priv()).map_err(OpenError::Malformed)
    }
}

impl<'a> ScopedPdu<'a> {
    /// Reads it; behind an encrypted one there may be padding (RFC 3414 section 8.1.1.2).
    fn read(bytes: &'a [u8], padded: bool) -> Result<Self, DecodeError> {
        let mut around = Reader::new(bytes, Tolerances::ALL);
        let mut scoped = around.enter("ScopedPDU", tag::SEQUENCE)?;
        if !padded {
            around.finish("ScopedPDU")?;
        }
        let context_engine_id = scoped.octets("contextEngineID")?;
        let context_name = scoped.octets("contextName")?;
        let start = scoped.offset();
        let (kind, pdu) = read_pdu(&mut scoped)?;
        let end = scoped.offset();
        scoped.finish("ScopedPDU")?;
        Ok(Self {
            context_engine_id,
            context_name,
            pdu: bytes.get(start..end).unwrap_or_default(),
            kind,
            request_id: pdu.request_id,
            error_status: pdu.error_status,
            error_index: pdu.error_index,
            varbinds: pdu.varbinds,
        })
    }
}

/// msgGlobalData.
struct Header {
    message_id: u32,
    max_size: u32,
    level: SecurityLevel,
    reportable: bool,
}

impl Header {
    fn read(message: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut header = message.enter("msgGlobalData", tag::SEQUENCE)?;
        let message_id = counted(&mut header, "msgID")?;
        let max_size = counted(&mut header, "msgMaxSize")?;
        let flags = match header.octets("msgFlags")? {
            [flags] => *flags,
            other => {
                let kind = DecodeErrorKind::ValueLength(other.len());
                return Err(header.error("msgFlags", kind));
            }
        };
        let level = match (flags & AUTH != 0, flags & PRIV != 0) {
            (false, false) => SecurityLevel::NoAuthNoPriv,
            (true, false) => SecurityLevel::AuthNoPriv,
            (true, true) => SecurityLevel::AuthPriv,
            // RFC 3412 section 7.2, step 5d.
            (false, true) => return Err(header.error("msgFlags", DecodeErrorKind::NumberRange)),
        };
        if header.integer("msgSecurityModel")? != USM {
            return Err(header.error("msgSecurityModel", DecodeErrorKind::NumberRange));
        }
        header.finish("msgGlobalData")?;
        Ok(Self {
            message_id,
            max_size,
            level,
            reportable: flags & REPORTABLE != 0,
        })
    }
}

/// A number of 0 to 2^31-1.
fn counted(reader: &mut Reader<'_>, field: &'static str) -> Result<u32, DecodeError> {
    let number = reader.integer(field)?;
    u32::try_from(number)
        .ok()
        .filter(|number| *number <= MAX_BOOTS)
        .ok_or_else(|| reader.error(field, DecodeErrorKind::NumberRange))
}

/// Octets of a limited length.
fn limited<'a>(
    reader: &mut Reader<'a>,
    field: &'static str,
    most: usize,
) -> Result<&'a [u8], DecodeError> {
    let octets = reader.octets(field)?;
    if octets.len() > most {
        return Err(reader.error(field, DecodeErrorKind::ValueLength(octets.len())));
    }
    Ok(octets)
}
