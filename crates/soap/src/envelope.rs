//! Envelopes of both versions (SOAP 1.1 section 4, SOAP 1.2 part 1 section 5).

use crate::reader::read;
use crate::{Element, Fault, FaultCode, Limits, Name, ReadError, ReadErrorKind, Writer};

/// The version of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SoapVersion {
    /// SOAP 1.1, `text/xml`.
    V11,
    /// SOAP 1.2, `application/soap+xml`.
    V12,
}

impl SoapVersion {
    /// The namespace of its envelope.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::V11 => "http://schemas.xmlsoap.org/soap/envelope/",
            Self::V12 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }

    /// The HTTP `Content-Type`. Only 1.2 has the action in it; 1.1 has a `SOAPAction` header.
    pub fn content_type(self, action: Option<&str>) -> String {
        match (self, action) {
            (Self::V11, _) => "text/xml; charset=utf-8".to_owned(),
            (Self::V12, None) => "application/soap+xml; charset=utf-8".to_owned(),
            (Self::V12, Some(action)) => {
                format!("application/soap+xml; charset=utf-8; action=\"{action}\"")
            }
        }
    }

    /// The version that goes with a `Content-Type`: what to answer in when the envelope cannot be
    /// read.
    pub fn from_content_type(content_type: &str) -> Self {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/soap+xml") {
            Self::V12
        } else {
            Self::V11
        }
    }

    /// Whether a header block for this role or actor is for us, the last receiver.
    pub(crate) fn is_ours(self, header: &Element) -> bool {
        let (name, ours): (_, &[&str]) = match self {
            Self::V11 => ("actor", &["http://schemas.xmlsoap.org/soap/actor/next"]),
            Self::V12 => (
                "role",
                &[
                    "http://www.w3.org/2003/05/soap-envelope/role/next",
                    "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
                ],
            ),
        };
        header
            .attribute_in(self.namespace(), name)
            .is_none_or(|role| role.trim().is_empty() || ours.contains(&role.trim()))
    }

    fn must_understand(self, header: &Element) -> bool {
        header
            .attribute_in(self.namespace(), "mustUnderstand")
            .is_some_and(|value| matches!(value.trim(), "1" | "true"))
    }
}

/// An envelope that carries one thing and no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its version.
    pub version: SoapVersion,
    /// Its header blocks.
    pub headers: Vec<Element>,
    /// The one element in its body (document/literal wrapped).
    pub body: Element,
}

/// Bytes that are no envelope with one thing in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The body does not hold exactly one element.
    #[error("the body holds {found} elements; one is expected")]
    BodyCount {
        /// How many it holds.
        found: usize,
    },
    /// It is a fault.
    #[error("SOAP fault: {}", .0.reason)]
    Fault(Box<Fault>),
    /// A header that must be understood and is not.
    #[error("the header {{{}}}{} must be understood and is not", .0.namespace(), .0.local())]
    MustUnderstand(Name),
    /// The root is no envelope.
    #[error("the root element {{{}}}{} is no envelope of SOAP 1.1 or 1.2", .0.namespace(), .0.local())]
    NotAnEnvelope(Name),
    /// What stands directly in the envelope makes no sense.
    #[error("{0}")]
    Structure(&'static str),
    /// It is no XML that we take.
    #[error("it is no XML that is accepted")]
    Xml(#[from] ReadError),
}

impl EnvelopeError {
    /// SOAP's code for the fault that answers it.
    pub fn fault_code(&self) -> FaultCode {
        match self {
            Self::MustUnderstand(_) => FaultCode::MustUnderstand,
            Self::NotAnEnvelope(name) if name.local() == "Envelope" => FaultCode::VersionMismatch,
            Self::BodyCount { .. }
            | Self::Fault(_)
            | Self::NotAnEnvelope(_)
            | Self::Structure(_)
            | Self::Xml(_) => FaultCode::Sender,
        }
    }

    /// Whether the message is over a limit, rather than wrong.
    pub fn is_too_large(&self) -> bool {
        matches!(
            self,
            Self::Xml(ReadError {
                kind: ReadErrorKind::TooManyBytes { .. } | ReadErrorKind::TooManyEvents { .. },
                ..
            })
        )
    }
}

impl Envelope {
    /// Reads an envelope. `content_type` may name a charset; `understood` names the headers that
    /// the caller will deal with.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`]; a fault is one, [`EnvelopeError::Fault`].
    pub fn parse(
        bytes: &[u8],
        content_type: Option<&str>,
        limits: &Limits,
        understood: &[Name],
    ) -> Result<Self, EnvelopeError> {
        Self::from_element(read(bytes, content_type, limits)?, understood)
    }

    fn from_element(root: Element, understood: &[Name]) -> Result<Self, EnvelopeError> {
        let version = [SoapVersion::V11, SoapVersion::V12]
            .into_iter()
            .find(|version| root.is(version.namespace(), "Envelope"))
            .ok_or_else(|| EnvelopeError::NotAnEnvelope(root.name().clone()))?;
        let namespace = version.namespace();
        let mut headers: Option<Vec<Element>> = None;
        let mut body = None;
        for part in root.into_children() {
            if part.is(namespace, "Header") && body.is_none() && headers.is_none() {
                headers = Some(part.into_children().collect());
            } else if part.is(namespace, "Body") && body.is_none() {
                body = Some(part);
            } else if version == SoapVersion::V12 || part.name().namespace() == namespace {
                // 1.1 section 4 lets other elements follow the body; 1.2 does not.
                return Err(EnvelopeError::Structure(
                    "an envelope holds at most one header, then one body",
                ));
            }
        }
        let body = body.ok_or(EnvelopeError::Structure("the envelope has no body"))?;
        let headers = headers.unwrap_or_default();
        for header in &headers {
            if version.must_understand(header)
                && version.is_ours(header)
                && !understood.contains(header.name())
            {
                return Err(EnvelopeError::MustUnderstand(header.name().clone()));
            }
        }
        let found = body.children().count();
        let mut children = body.into_children();
        let (Some(only), None) = (children.next(), children.next()) else {
            return Err(EnvelopeError::BodyCount { found });
        };
        if let Some(fault) = Fault::from_element(&only, version) {
            return Err(EnvelopeError::Fault(Box::new(fault)));
        }
        Ok(Self {
            version,
            headers,
            body: only,
        })
    }

    /// Begins an envelope: what is written next stands in its body, and
    /// [`Writer::finish`] closes body and envelope.
    pub fn begin(version: SoapVersion) -> Writer {
        Self::begin_with(version, &[])
    }

    /// Like [`begin`](Self::begin), with header blocks.
    pub fn begin_with(version: SoapVersion, headers: &[Element]) -> Writer {
        let mut writer = Writer::new();
        writer.start(version.namespace(), "Envelope");
        if !headers.is_empty() {
            writer.child("Header");
            headers.iter().for_each(|header| header.write(&mut writer));
            writer.end();
        }
        writer.child("Body");
        writer
    }
}
