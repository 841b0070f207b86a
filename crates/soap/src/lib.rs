//! SOAP 1.1 and 1.2 over XML that strangers send: envelopes, faults, one guarded reader, one writer.
//!
//! The crate knows nothing of printers, and it has no socket and no clock.
//!
//! - [`read`] turns bytes into a small immutable [`Element`] tree and is the only place that touches
//!   the XML parser. It accepts no DTD, resolves no entity but XML's own five, and stops at the
//!   [`Limits`] *before* a hostile document costs more than they allow.
//! - [`read_document`] does the same for a document that is only looked at, without a tree of its own
//!   where our writer wrote it.
//! - [`Writer`] writes XML without ever forgetting to escape; characters that XML 1.0 cannot carry
//!   are an error that names the place.
//! - [`Envelope`] and [`Fault`] are the two things that SOAP adds, in both versions.
//! - [`UsernameToken`] is the one part of WS-Security that is taken.
//!
//! ```
//! use pagetally_soap::{Envelope, Limits, SoapVersion};
//!
//! let mut writer = Envelope::begin(SoapVersion::V12);
//! writer.start("urn:example", "Ask").attribute("of", "\"<&>\"").text("why?");
//! let bytes = writer.finish()?;
//!
//! let envelope = Envelope::parse(&bytes, None, &Limits::default(), &[])?;
//! assert_eq!(envelope.version, SoapVersion::V12);
//! assert!(envelope.body.is("urn:example", "Ask"));
//! assert_eq!(envelope.body.attribute("of"), Some("\"<&>\""));
//! assert_eq!(envelope.body.text(), "why?");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod document;
mod element;
mod envelope;
mod fault;
mod flat;
mod plain;
mod reader;
mod security;
mod writer;

pub use document::{Document, View};
pub use element::{Attribute, Element, Name, Node};
pub use envelope::{Envelope, EnvelopeError, SoapVersion};
pub use fault::{Fault, FaultCode};
pub use reader::{Limits, ReadError, ReadErrorKind, read, read_document};
pub use security::{Freshness, SecurityError, UsernameToken, security_header};
pub use writer::{WriteError, Writer, is_xml_text};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
