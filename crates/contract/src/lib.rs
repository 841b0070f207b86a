//! Central's operations as typed messages: their XML, their WSDL and XSD, and their sealing.
//!
//! Both ends use this crate, and neither sees XML or ciphertext:
//!
//! - an agent [`seal`](AgentSession::seal)s a [`Request`] (its [registration](AgentSession::seal_registration) with an enrolment
//!   code) and [`open`](AgentSession::open)s the
//!   answer;
//! - Central reads the outside ([`parse_request`]), breaks the seal ([`Incoming::unseal`]), proves
//!   who asks ([`Unsealed::verify`]; both in one for a [registration](Incoming::open_registration)) and answers
//!   ([`ReplySealer::seal`]). Looking up keys stands between these steps, so it may wait.
//!
//! A stock SOAP client sends the same in the open over TLS, as a [`TypedRequest`]; [`parse_call`] reads
//! either.
//!
//! No runtime, socket, file or clock: time and random bytes are arguments. The README holds the
//! layout of a seal byte by byte, and a running example.

mod agent;
mod central;
mod enrolment;
mod error;
mod fault;
mod hpke_suite;
mod keys;
mod message;
mod operation;
mod receipt;
mod report;
mod schema;
mod seal;
mod status;
#[cfg(test)]
mod testing;
mod typed;
mod wrapper;
mod xml;

pub use agent::{AgentSession, PendingReply, clear_bytes};
pub use central::{
    HttpAnswer, Incoming, Opened, Refusal, ReplySealer, Unsealed, fault, parse_request,
};
pub use enrolment::{CODE_FORMAT, CodeError, CodeId, EnrolmentCode, EnrolmentSecret, MAX_URL};
pub use error::{ContractError, MessageError};
pub use fault::{ContractFault, FaultKind};
pub use keys::{
    AgentPublicKeys, CentralKeyId, CentralKeyPair, CentralPublicKey, HexTextError, SealingKeyPair,
    SealingPublicKey,
};
pub use message::{
    BooksHead, Capabilities, GetScheduleRequest, GetScheduleResponse, KeyAnnouncement,
    RegisterRequest, RegisterResponse, Request, Response, SendReportsResponse, Site,
    UnregisterRequest, UnregisterResponse,
};
pub use operation::{ContractVersion, ContractVersionError, NAMESPACE, Operation};
pub use pagetally_soap::{SecurityError, SoapVersion, UsernameToken};
pub use receipt::{Receipt, SignedReceipt, Verdict};
pub use report::{Report, ReportError, ReportLeaf, VerifiedReport};
pub use schema::{WSDL, XSD, wsdl};
pub use seal::{MAX_MESSAGE, MAX_SMALL_MESSAGE, REGISTRATION_ALGORITHM, SEALING_ALGORITHM};
pub use status::{StatusClass, StatusError, StatusString};
pub use typed::{
    Call, MAX_TYPED_MESSAGE, MessageId, MessageIdError, TypedCall, TypedRegistration, TypedReport,
    TypedRequest, open_typed_answer, parse_call, typed_answer,
};
pub use xml::{receipt_from_xml, receipt_to_xml};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
