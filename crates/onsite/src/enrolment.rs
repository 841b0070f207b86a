//! What enrolment with Central leaves behind, as the store keeps it.

use pagetally_contract::{CentralPublicKey, SealingPublicKey};
use pagetally_model::{ClockOffset, SiteId, SubmissionId, Text, Timestamp};
use pagetally_proof::VerifyingKey;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of the stored form that this crate writes.
pub(crate) const FORMAT: u32 = 1;

/// Which Central this agent reports to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Central's address.
    pub central_url: String,
    /// The key that everything is sealed to: the code's, or the one that Central announced under it.
    pub central_key: CentralPublicKey,
    /// The key before that one. A Central that was restored from a backup may have no other.
    pub former_key: Option<CentralPublicKey>,
    /// The site that the agent belongs to.
    pub site: SiteId,
    /// What the dealer calls it.
    pub site_name: Text,
    /// When it was enrolled, on the agent's wall clock.
    pub enrolled: Timestamp,
    /// When Central said that this agent is gone. Nothing is sent until Central or a new enrolment
    /// says otherwise.
    pub gone: Option<Timestamp>,
    /// Since when Central has said that it cannot open what this agent seals. Nobody signs that, so it
    /// changes nothing but what people are told.
    pub unopened: Option<Timestamp>,
    /// What Central keeps in quarantine, because its books hold something else. It waits for a new
    /// enrolment.
    pub quarantine: Option<Quarantine>,
}

/// What Central keeps of this agent in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// When Central first said so, on the agent's wall clock.
    pub since: Timestamp,
    /// The last submission of the outbox that Central has; it has those before it too.
    pub last: SubmissionId,
}

impl fmt::Display for Quarantine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "since {}: this folder was restored or copied; ask the dealer for a code and enrol again \
             (onsite enrol CODE)",
            self.since
        )
    }
}

/// Stored state that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A later version of this program wrote it.
    #[error("the stored {what} has format {found}; this version reads format {FORMAT}")]
    Format {
        /// Which state.
        what: &'static str,
        /// Its format.
        found: u32,
    },
    /// It is broken.
    #[error("the stored {what} cannot be read")]
    Broken {
        /// Which state.
        what: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Its key is no key.
    #[error("the stored {what} holds a key that is none")]
    Key {
        /// Which state.
        what: &'static str,
    },
}

#[derive(Serialize, Deserialize)]
struct KeyDocument {
    sealing: String,
    signing: VerifyingKey,
}

impl KeyDocument {
    fn of(key: &CentralPublicKey) -> Self {
        Self {
            sealing: key.sealing().to_string(),
            signing: key.signing(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnrolmentDocument {
    format: u32,
    central_url: String,
    central_key: KeyDocument,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    former_key: Option<KeyDocument>,
    site: SiteId,
    site_name: Text,
    enrolled: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unopened: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quarantine: Option<Quarantine>,
}

impl Enrolment {
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        to_bytes(
            "enrolment",
            &EnrolmentDocument {
                format: FORMAT,
                central_url: self.central_url.clone(),
                central_key: KeyDocument::of(&self.central_key),
                former_key: self.former_key.as_ref().map(KeyDocument::of),
                site: self.site,
                site_name: self.site_name.clone(),
                enrolled: self.enrolled,
                gone: self.gone,
                unopened: self.unopened,
                quarantine: self.quarantine,
            },
        )
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let what = "enrolment";
        let document: EnrolmentDocument = from_bytes(what, bytes)?;
        let key = |key: &KeyDocument| {
            let sealing: SealingPublicKey =
                (key.sealing.parse()).map_err(|_| StateError::Key { what })?;
            Ok::<_, StateError>(CentralPublicKey::new(sealing, key.signing))
        };
        Ok(Self {
            central_url: document.central_url,
            central_key: key(&document.central_key)?,
            former_key: document.former_key.as_ref().map(key).transpose()?,
            site: document.site,
            site_name: document.site_name,
            enrolled: document.enrolled,
            gone: document.gone,
            unopened: document.unopened,
            quarantine: document.quarantine,
        })
    }
}

/// What is known of Central's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CentralClock {
    pub(crate) offset: ClockOffset,
    /// What it said at its last answer; unknown where an earlier version kept the offset alone.
    pub(crate) said: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct ClockDocument {
    format: u32,
    offset: ClockOffset,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<Timestamp>,
}

impl CentralClock {
    pub(crate) fn to_bytes(self) -> Result<Vec<u8>, StateError> {
        let document = ClockDocument {
            format: FORMAT,
            offset: self.offset,
            said: self.said,
        };
        to_bytes("clock offset", &document)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let document: ClockDocument = from_bytes("clock offset", bytes)?;
        Ok(Self {
            offset: document.offset,
            said: document.said,
        })
    }
}

pub(crate) fn to_bytes(
    what: &'static str,
    document: &impl Serialize,
) -> Result<Vec<u8>, StateError> {
    serde_json::to_vec(document).map_err(|source| StateError::Broken { what, source })
}

/// Looks at the format before anything else, so that a later form is refused by its number.
pub(crate) fn from_bytes<T: serde::de::DeserializeOwned>(
    what: &'static str,
    bytes: &[u8],
) -> Result<T, StateError> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let broken = |source| StateError::Broken { what, source };
    let head: Head = serde_json::from_slice(bytes).map_err(broken)?;
    if head.format != FORMAT {
        let found = head.format;
        return Err(StateError::Format { what, found });
    }
    serde_json::from_slice(bytes).map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_contract::CentralKeyPair;
    use proptest::prelude::*;

    fn enrolment() -> Enrolment {
        Enrolment {
            central_url: "https://central.example/soap".to_owned(),
            central_key: CentralKeyPair::from_seed([7; 32]).public(),
            former_key: Some(CentralKeyPair::from_seed([6; 32]).public()),
            site: SiteId::from_bytes([3; 16]),
            site_name: Text::clean("Head office"),
            enrolled: Timestamp::from_unix_millis(1_000),
            gone: None,
            unopened: Some(Timestamp::from_unix_millis(1_500)),
            quarantine: Some(Quarantine {
                since: Timestamp::from_unix_millis(2_000),
                last: SubmissionId::from_bytes([5; 16]),
            }),
        }
    }

    #[test]
    fn an_enrolment_survives_its_stored_form() {
        let bytes = enrolment().to_bytes().expect("plain data");
        assert_eq!(
            Enrolment::from_bytes(&bytes).expect("own bytes"),
            enrolment()
        );
    }

    #[test]
    fn a_later_format_is_refused_by_its_number() {
        let error = Enrolment::from_bytes(br#"{"format":9,"other":1}"#).expect_err("later");
        assert!(error.to_string().contains("format 9"), "{error}");
    }

    #[test]
    fn what_is_known_of_centrals_clock_survives_its_stored_form() {
        let offset = ClockOffset {
            offset_millis: -4_000,
            uncertainty_millis: 12,
        };
        for said in [Some(Timestamp::from_unix_millis(1_800_000_000_000)), None] {
            let clock = CentralClock { offset, said };
            let bytes = clock.to_bytes().expect("plain data");
            assert_eq!(CentralClock::from_bytes(&bytes).expect("own bytes"), clock);
        }
    }

    proptest! {
        #[test]
        fn no_stored_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Enrolment::from_bytes(&bytes);
            let _ = CentralClock::from_bytes(&bytes);
        }

        #[test]
        fn changed_bytes_are_an_error_or_another_enrolment(at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let mut bytes = enrolment().to_bytes().expect("plain data");
            let at = at.index(bytes.len());
            bytes[at] = to;
            if let Ok(read) = Enrolment::from_bytes(&bytes) {
                let again = read.to_bytes().expect("plain data");
                prop_assert_eq!(Enrolment::from_bytes(&again).expect("own bytes"), read);
            }
        }
    }
}
