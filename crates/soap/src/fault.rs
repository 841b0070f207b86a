//! Faults of both versions (SOAP 1.1 section 4.4, SOAP 1.2 part 1 section 5.4).

use crate::envelope::SoapVersion;
use crate::{Element, Envelope, Writer};

/// Whose doing it was. Names are SOAP 1.2's; 1.1 says Client and Server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultCode {
    /// An encoding that the receiver does not know (1.2 only; 1.1 says Client).
    DataEncodingUnknown,
    /// A header that must be understood was not.
    MustUnderstand,
    /// The receiver's doing; the same message may succeed later.
    Receiver,
    /// The sender's doing.
    Sender,
    /// The envelope is of neither version.
    VersionMismatch,
}

impl FaultCode {
    const fn name(self, version: SoapVersion) -> &'static str {
        match (self, version) {
            (Self::MustUnderstand, _) => "MustUnderstand",
            (Self::VersionMismatch, _) => "VersionMismatch",
            (Self::Receiver, SoapVersion::V11) => "Server",
            (Self::Receiver, SoapVersion::V12) => "Receiver",
            (Self::Sender | Self::DataEncodingUnknown, SoapVersion::V11) => "Client",
            (Self::Sender, SoapVersion::V12) => "Sender",
            (Self::DataEncodingUnknown, SoapVersion::V12) => "DataEncodingUnknown",
        }
    }

    fn from_name(name: &str) -> Self {
        // 1.1 allows refinements after a dot: `Client.Authentication`.
        match name.split('.').next().unwrap_or_default() {
            "Client" | "Sender" => Self::Sender,
            "DataEncodingUnknown" => Self::DataEncodingUnknown,
            "MustUnderstand" => Self::MustUnderstand,
            "VersionMismatch" => Self::VersionMismatch,
            _ => Self::Receiver,
        }
    }

    /// The HTTP status of a response that carries it: always 500 for 1.1 (section 6.2), 400 for a
    /// 1.2 sender's fault (part 2 section 7.5.2.2).
    pub const fn http_status(self, version: SoapVersion) -> u16 {
        match (self, version) {
            (Self::Sender, SoapVersion::V12) => 400,
            _ => 500,
        }
    }
}

/// A fault, in either version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose doing it was.
    pub code: FaultCode,
    /// Text for a person, in English.
    pub reason: String,
    /// Elements for a program.
    pub detail: Vec<Element>,
}

impl Fault {
    /// The envelope that carries it. Characters that XML cannot carry are left out: a fault must
    /// always get through.
    pub fn to_envelope(&self, version: SoapVersion) -> Vec<u8> {
        let reason: String = self
            .reason
            .chars()
            .filter(|c| crate::is_xml_text(c.encode_utf8(&mut [0; 4])))
            .collect();
        let build = |detail: &[Element]| {
            match version {
                SoapVersion::V11 => write_11(self.code, &reason, detail),
                SoapVersion::V12 => write_12(self.code, &reason, detail),
            }
            .finish()
        };
        build(&self.detail)
            .or_else(|_| build(&[]))
            .unwrap_or_default()
    }

    /// Reads the fault in `element`, if it is one of this version.
    pub(crate) fn from_element(element: &Element, version: SoapVersion) -> Option<Self> {
        let namespace = version.namespace();
        if !element.is(namespace, "Fault") {
            return None;
        }
        // 1.1's parts have no namespace; their values are qualified names whose prefix says nothing
        // that the local part does not.
        let (code, reason, detail) = match version {
            SoapVersion::V11 => (
                element.child("", "faultcode"),
                element.child("", "faultstring"),
                element.child("", "detail"),
            ),
            SoapVersion::V12 => (
                element
                    .child(namespace, "Code")
                    .and_then(|code| code.child(namespace, "Value")),
                element
                    .child(namespace, "Reason")
                    .and_then(|reason| reason.child(namespace, "Text")),
                element.child(namespace, "Detail"),
            ),
        };
        let code = code.map_or("", |code| code.text().trim());
        Some(Self {
            code: FaultCode::from_name(code.rsplit(':').next().unwrap_or_default()),
            reason: reason.map_or("", Element::text).to_owned(),
            detail: detail.map_or_else(Vec::new, |detail| detail.children().cloned().collect()),
        })
    }
}

/// The prefix that stands for the envelope's namespace in the value of a fault code.
const PREFIX: &str = "e";

/// 1.1's parts of a fault have no namespace, so the envelope has its own by a prefix: some clients
/// (zeep) look for the parts in the default namespace, whatever it is.
fn write_11(code: FaultCode, reason: &str, detail: &[Element]) -> Writer {
    let version = SoapVersion::V11;
    let mut writer = Writer::new();
    writer
        .prefixed(PREFIX, "Envelope")
        .declare(PREFIX, version.namespace())
        .prefixed(PREFIX, "Body")
        .prefixed(PREFIX, "Fault");
    writer
        .start("", "faultcode")
        .text(&format!("{PREFIX}:{}", code.name(version)))
        .end();
    writer.start("", "faultstring").text(reason).end();
    if !detail.is_empty() {
        writer.start("", "detail");
        detail.iter().for_each(|element| element.write(&mut writer));
        writer.end();
    }
    writer.end();
    writer
}

fn write_12(code: FaultCode, reason: &str, detail: &[Element]) -> Writer {
    let version = SoapVersion::V12;
    let mut writer = Envelope::begin(version);
    writer.child("Fault").child("Code").child("Value");
    writer
        .declare(PREFIX, version.namespace())
        .text(&format!("{PREFIX}:{}", code.name(version)))
        .end()
        .end();
    writer.child("Reason").child("Text");
    writer.language("en").text(reason).end().end();
    if !detail.is_empty() {
        writer.child("Detail");
        detail.iter().for_each(|element| element.write(&mut writer));
        writer.end();
    }
    writer.end();
    writer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EnvelopeError, Limits, Node};

    fn fault(code: FaultCode) -> Fault {
        Fault {
            code,
            reason: "no <entry>".to_owned(),
            detail: vec![Element::new("urn:x", "why").with(Node::Text("because".to_owned()))],
        }
    }

    fn read_back(fault: &Fault, version: SoapVersion) -> Fault {
        let bytes = fault.to_envelope(version);
        match Envelope::parse(&bytes, None, &Limits::default(), &[]) {
            Err(EnvelopeError::Fault(fault)) => *fault,
            other => panic!("not a fault: {other:?}"),
        }
    }

    #[test]
    fn a_fault_survives_both_versions() {
        for code in [
            FaultCode::MustUnderstand,
            FaultCode::Receiver,
            FaultCode::Sender,
            FaultCode::VersionMismatch,
        ] {
            for version in [SoapVersion::V11, SoapVersion::V12] {
                assert_eq!(read_back(&fault(code), version), fault(code));
            }
        }
    }

    #[test]
    fn a_fault_gets_through_whatever_stands_in_it() {
        let broken = Fault {
            code: FaultCode::Receiver,
            reason: "a\u{0}b".to_owned(),
            detail: vec![Element::new("", "x").with(Node::Text("\u{1}".to_owned()))],
        };
        let read = read_back(&broken, SoapVersion::V12);
        assert_eq!((read.reason.as_str(), read.detail.len()), ("ab", 0));
    }

    #[test]
    fn a_client_fault_with_a_refinement_is_the_senders() {
        assert_eq!(
            FaultCode::from_name("Client.Authentication"),
            FaultCode::Sender
        );
    }
}
