//! Random 128-bit identifiers, made where the thing is born.

use crate::as_text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Text that is not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hexadecimal digits; this text has {length} characters")]
pub struct IdParseError {
    /// Length of the refused text in bytes.
    pub length: usize,
}

/// An id's hexadecimal digits.
fn digits<'d>(bytes: &[u8; 16], digits: &'d mut [u8; 32]) -> &'d str {
    // There is room for them, and they are ASCII.
    let _ = hex::encode_to_slice(bytes, digits);
    std::str::from_utf8(digits).unwrap_or_default()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Wraps 16 bytes, which must come from a cryptographic random source.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(digits(&self.0, &mut [0; 32]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdParseError;

            fn from_str(text: &str) -> Result<Self, IdParseError> {
                let mut bytes = [0; 16];
                hex::decode_to_slice(text, &mut bytes)
                    .map_err(|_| IdParseError { length: text.len() })?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(digits(&self.0, &mut [0; 32]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                as_text::deserialize(deserializer, str::parse)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdParseError;

            fn try_from(text: String) -> Result<Self, IdParseError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

id!(
    /// One installed agent. Made at the site when the agent first runs.
    AgentId
);
id!(
    /// One audit of one device.
    AuditId
);
id!(
    /// One boot of the machine or start of the process that read a monotonic clock.
    BootId
);
id!(
    /// Who runs Central for a set of sites. Made by Central.
    DealerId
);
id!(
    /// One physical device. Only Central assigns it, from the evidence that agents send.
    DeviceId
);
id!(
    /// One pass of an agent.
    PassId
);
id!(
    /// One network of one customer. Made by Central.
    SiteId
);
id!(
    /// One sealed batch of audits and observations.
    SubmissionId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_own_text() {
        let id = AuditId::from_bytes([0xa5; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn text_of_another_length_is_refused() {
        assert_eq!("a5".parse::<AuditId>(), Err(IdParseError { length: 2 }));
    }
}
