//! What can go wrong between a message and its bytes.

use crate::{CentralKeyId, CodeId, ContractFault, ContractVersion, Operation, ReportError};
use pagetally_model::AgentId;
use pagetally_proof::SignatureError;
use pagetally_soap::{EnvelopeError, SecurityError, WriteError};

/// A place in a message, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct MessageError {
    /// Elements from the root down, an attribute after `@`.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

/// Why a message could not be made, opened or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// No registered agent has this id.
    #[error("agent {0} is not registered")]
    AgentUnknown(AgentId),
    /// The sealed part's algorithm is not ours.
    #[error("the algorithm {uri:?} is unknown")]
    Algorithm {
        /// The beginning of its identifier.
        uri: String,
    },
    /// The message is not sealed, and nothing else is taken here.
    #[error("the message is not sealed")]
    Clear,
    /// A registration that is not sealed with the secret of the code that it names.
    #[error("the registration is not sealed with the secret of enrolment code {0}")]
    CodeSecret(CodeId),
    /// No such enrolment code, or it is spent.
    #[error("enrolment code {0} is unknown, spent or expired")]
    CodeUnknown(CodeId),
    /// What was to be unpacked is broken.
    #[error("the sealed content does not unpack")]
    Compression(#[source] std::io::Error),
    /// The envelope is broken.
    #[error("the envelope cannot be read")]
    Envelope(#[from] EnvelopeError),
    /// The other side answered with a fault. Nobody signs a fault, so it proves nothing.
    #[error("Central answered: {0}")]
    Fault(ContractFault),
    /// The version of the sealed layout is not ours.
    #[error("sealed format {0} is unknown")]
    Format(u8),
    /// The message is sealed to a key that is not at hand.
    #[error("the message is sealed to key {0}, which is not at hand")]
    KeyUnknown(CentralKeyId),
    /// A typed message is broken.
    #[error("the message cannot be read")]
    Message(#[from] MessageError),
    /// What is inside is not what the outside says.
    #[error("{what} inside is not what the outside says")]
    Mismatch {
        /// What differs.
        what: &'static str,
    },
    /// The seal does not open: another key, another context, or changed on the way.
    #[error("the seal does not open")]
    Open,
    /// A submission is not what its header states.
    #[error("the submission does not hold")]
    Report(#[source] Box<ReportError>),
    /// A receipt that is not signed with the key that its submission was sealed to.
    #[error("the receipt for submission {number} is not signed with Central's key {key}")]
    Receipt {
        /// The submission's number, as the receipt has it.
        number: u64,
        /// The key that should have signed it.
        key: CentralKeyId,
        /// What does not fit, where it names this key.
        #[source]
        source: Option<SignatureError>,
    },
    /// Nothing can be sealed to this key.
    #[error("nothing can be sealed to this key")]
    Seal,
    /// The request is not signed by its agent.
    #[error("the request is not signed by its agent")]
    Signature(#[from] SignatureError),
    /// Over a limit.
    #[error("{what} has {size} bytes, over the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The security header is not one that is taken.
    #[error("the security header is not taken")]
    Security(#[from] SecurityError),
    /// The UsernameToken is missing, of nobody, wrong, stale, or was seen before.
    #[error("the security token is not accepted: {0}")]
    Token(&'static str),
    /// A registration was to be sealed without an enrolment code.
    #[error("a registration is sealed with the secret of an enrolment code, and there is none")]
    WithoutCode,
    /// A typed message came over a line that is not TLS.
    #[error("the message is typed and came without TLS")]
    WithoutTls,
    /// No such operation.
    #[error("there is no operation {name:?}")]
    UnknownOperation {
        /// The beginning of its name.
        name: String,
    },
    /// The answer is to another operation.
    #[error("the answer is not one to {0}")]
    UnexpectedAnswer(Operation),
    /// Another major version.
    #[error(
        "contract {found} cannot be read; this is {}",
        ContractVersion::CURRENT
    )]
    Version {
        /// Their version, as far as it could be read.
        found: String,
    },
    /// A value cannot be written as XML.
    #[error("the message cannot be written")]
    Write(#[from] WriteError),
}
