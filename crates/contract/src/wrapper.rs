//! The outside of every message: the operation's wrapper, and in it an XML Encryption
//! `EncryptedData` element.
//!
//! ```xml
//! <GetSchedule xmlns="urn:pagetally:central:1" contract="1.0">
//!   <agent>32 hexadecimal digits</agent>
//!   <sealed>
//!     <EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#" Type="urn:pagetally:central:1#request">
//!       <EncryptionMethod Algorithm="urn:pagetally:sealing:1:..."/>
//!       <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><KeyName>name of Central's key</KeyName></KeyInfo>
//!       <CipherData><CipherValue>base64</CipherValue></CipherData>
//!     </EncryptedData>
//!   </sealed>
//! </GetSchedule>
//! ```

use crate::seal::{MAX_MESSAGE, REGISTRATION_ALGORITHM, SEALING_ALGORITHM};
use crate::xml::{Fields, WriteFields as _};
use crate::{CentralKeyId, ContractError, ContractVersion, MessageError, NAMESPACE, Operation};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pagetally_model::AgentId;
use pagetally_soap::{Element, Envelope, EnvelopeError, Limits, SoapVersion, Writer};

const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What the namespaces of all major versions begin with.
const NAMESPACE_STEM: &str = "urn:pagetally:central:";

/// The limits of an envelope: little structure, one large text.
pub(crate) const ENVELOPE_LIMITS: Limits = Limits {
    bytes: MAX_MESSAGE,
    depth: 32,
    attributes: 32,
    events: 10_000,
    name: 256,
    attribute_value: 8 << 10,
    text: MAX_MESSAGE,
    prefixes: 32,
};

/// The outside of a request.
#[derive(Clone, Debug)]
pub(crate) struct Outside {
    pub(crate) version: SoapVersion,
    pub(crate) operation: Operation,
    pub(crate) agent: AgentId,
    pub(crate) contract: ContractVersion,
    pub(crate) central_key: CentralKeyId,
    pub(crate) sealed: Vec<u8>,
}

impl Outside {
    pub(crate) fn to_envelope(&self) -> Result<Vec<u8>, ContractError> {
        let mut writer = Envelope::begin(self.version);
        writer
            .start(NAMESPACE, self.operation.name())
            .value("contract", &self.contract)
            .leaf("agent", &self.agent.to_string());
        let algorithm = algorithm_of(self.operation);
        let key = Some(self.central_key);
        write_sealed(&mut writer, "request", algorithm, key, &self.sealed);
        checked(writer.finish()?)
    }

    pub(crate) fn from_envelope(envelope: &Envelope) -> Result<Self, ContractError> {
        let body = &envelope.body;
        let operation = operation_of(body, Operation::from_name)?;
        let fields = Fields::new(body);
        let within = |error: MessageError| error.within(operation);
        let contract = check_version(fields)?;
        let agent = Self::agent(body, operation)?;
        let data = sealed_data(body, algorithm_of(operation))?;
        let key = data
            .child(SIGNATURE, "KeyInfo")
            .and_then(|info| info.child(SIGNATURE, "KeyName"))
            .ok_or_else(|| {
                within(MessageError::new(
                    "sealed/EncryptedData/KeyInfo/KeyName",
                    "is missing",
                ))
            })?;
        let central_key = key
            .text()
            .trim()
            .parse()
            .map_err(|error: crate::HexTextError| {
                within(MessageError::new(
                    "sealed/EncryptedData/KeyInfo/KeyName",
                    error.to_string(),
                ))
            })?;
        Ok(Self {
            version: envelope.version,
            operation,
            agent,
            contract,
            central_key,
            sealed: cipher_value(data).map_err(within)?,
        })
    }

    /// Who claims to ask.
    pub(crate) fn agent(body: &Element, operation: Operation) -> Result<AgentId, ContractError> {
        let id = |agent: Fields<'_>| {
            agent.content_text().as_str().trim().parse().map_err(
                |error: pagetally_model::IdParseError| MessageError::new("", error.to_string()),
            )
        };
        let agent = Fields::new(body).child("agent", id);
        agent.map_err(|error| error.within(operation).into())
    }
}

/// The outside of a sealed reply. Its statusString says no more than that there is an answer: the
/// real one is sealed, like everything else.
pub(crate) fn reply_envelope(
    version: SoapVersion,
    operation: Operation,
    sealed: &[u8],
) -> Result<Vec<u8>, ContractError> {
    let mut writer = Envelope::begin(version);
    writer
        .start(NAMESPACE, operation.response_name())
        .value("contract", &ContractVersion::CURRENT)
        .leaf("statusString", crate::StatusString::OK.as_str());
    write_sealed(&mut writer, "response", SEALING_ALGORITHM, None, sealed);
    checked(writer.finish()?)
}

/// Takes the sealed bytes out of a reply.
pub(crate) fn open_reply_envelope(
    bytes: &[u8],
    operation: Operation,
) -> Result<Vec<u8>, ContractError> {
    let envelope = match Envelope::parse(bytes, None, &ENVELOPE_LIMITS, &[]) {
        Ok(envelope) => envelope,
        Err(EnvelopeError::Fault(fault)) => {
            return Err(ContractError::Fault(crate::ContractFault::from_soap(
                &fault,
            )));
        }
        Err(error) => return Err(error.into()),
    };
    let body = &envelope.body;
    let named = |name: &str| {
        Operation::ALL
            .into_iter()
            .find(|operation| operation.response_name() == name)
    };
    if operation_of(body, named)? != operation {
        return Err(ContractError::UnexpectedAnswer(operation));
    }
    check_version(Fields::new(body))?;
    let data = sealed_data(body, SEALING_ALGORITHM)?;
    cipher_value(data).map_err(|error| error.within(operation.response_name()).into())
}

pub(crate) fn checked(envelope: Vec<u8>) -> Result<Vec<u8>, ContractError> {
    if envelope.len() > MAX_MESSAGE {
        return Err(ContractError::TooLarge {
            what: "the envelope",
            size: envelope.len() as u64,
            limit: MAX_MESSAGE as u64,
        });
    }
    Ok(envelope)
}

/// Finds the operation, telling a foreign element from one of another major version.
pub(crate) fn operation_of(
    body: &Element,
    named: impl Fn(&str) -> Option<Operation>,
) -> Result<Operation, ContractError> {
    let name = body.name();
    let shown = || name.local().chars().take(64).collect();
    if name.namespace() == NAMESPACE {
        return named(name.local())
            .ok_or_else(|| ContractError::UnknownOperation { name: shown() });
    }
    match name.namespace().strip_prefix(NAMESPACE_STEM) {
        Some(major) => Err(ContractError::Version {
            found: major.chars().take(20).collect(),
        }),
        None => Err(ContractError::UnknownOperation { name: shown() }),
    }
}

/// The version on the wrapper; without one it is the namespace's first.
pub(crate) fn check_version(fields: Fields<'_>) -> Result<ContractVersion, ContractError> {
    let Some(text) = fields.optional("contract") else {
        return Ok(ContractVersion {
            major: ContractVersion::CURRENT.major,
            minor: 0,
        });
    };
    match text.trim().parse::<ContractVersion>() {
        Ok(version) if version.is_readable() => Ok(version),
        Ok(_) | Err(_) => Err(ContractError::Version {
            found: text.chars().take(20).collect(),
        }),
    }
}

/// How a request is sealed: a registration with the secret of an enrolment code.
const fn algorithm_of(operation: Operation) -> &'static str {
    match operation {
        Operation::RegisterForManagement => REGISTRATION_ALGORITHM,
        Operation::GetSchedule
        | Operation::SendReports
        | Operation::SendAlerts
        | Operation::UnregisterForManagement => SEALING_ALGORITHM,
    }
}

fn write_sealed(
    writer: &mut Writer,
    what: &str,
    algorithm: &str,
    key: Option<CentralKeyId>,
    sealed: &[u8],
) {
    writer.child("sealed");
    writer
        .start(ENCRYPTION, "EncryptedData")
        .attribute("Type", &format!("{NAMESPACE}#{what}"));
    writer
        .child("EncryptionMethod")
        .attribute("Algorithm", algorithm)
        .end();
    if let Some(key) = key {
        writer
            .start(SIGNATURE, "KeyInfo")
            .leaf("KeyName", &key.to_string())
            .end();
    }
    writer
        .child("CipherData")
        .leaf("CipherValue", &STANDARD.encode(sealed))
        .end();
    writer.end().end();
}

/// The one `EncryptedData`, of this algorithm.
fn sealed_data<'a>(body: &'a Element, algorithm: &str) -> Result<&'a Element, ContractError> {
    let mut sealed = body
        .children()
        .filter(|child| child.is(NAMESPACE, "sealed"));
    let (Some(only), None) = (sealed.next(), sealed.next()) else {
        return Err(ContractError::Clear);
    };
    let mut inside = only.children();
    let (Some(data), None) = (inside.next(), inside.next()) else {
        return Err(ContractError::Clear);
    };
    if !data.is(ENCRYPTION, "EncryptedData") {
        return Err(ContractError::Clear);
    }
    let uri = data
        .child(ENCRYPTION, "EncryptionMethod")
        .and_then(|method| method.attribute("Algorithm"))
        .unwrap_or_default();
    if uri != algorithm {
        return Err(ContractError::Algorithm {
            uri: uri.chars().take(128).collect(),
        });
    }
    Ok(data)
}

fn cipher_value(data: &Element) -> Result<Vec<u8>, MessageError> {
    const PATH: &str = "sealed/EncryptedData/CipherData/CipherValue";
    let value = data
        .child(ENCRYPTION, "CipherData")
        .and_then(|cipher| cipher.child(ENCRYPTION, "CipherValue"))
        .ok_or_else(|| MessageError::new(PATH, "is missing"))?;
    // xs:base64Binary lets white space stand anywhere.
    let compact: Vec<u8> = value
        .text()
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD
        .decode(compact)
        .map_err(|_| MessageError::new(PATH, "is not base64"))
}
