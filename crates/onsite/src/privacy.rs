//! What leaves the site, and in which form.
//!
//! The site's own file decides; no setting of Central can. A pass is treated when it has been read and
//! before it is stored: what is kept here, what is signed and what is sent are one document, so a proof
//! still holds, and nothing that was taken out is anywhere but in the printer.
//!
//! A value is treated wherever it occurs: in its own field, in the raw answers and the losing witnesses
//! behind any field, inside descriptions and device IDs, in hexadecimal and UTF-16, in engine ids, in
//! EUI-64s and in the index of an object's name. What is looked for is what this audit itself shows:
//! values of less than four characters, and names that only say what the device is, are treated in
//! their own field and stay where they stand in other texts.
//!
//! # Pseudonyms
//!
//! A pseudonym is made of the value and a key of 256 bits that the agent draws once and keeps sealed in
//! its store (HMAC-SHA-256). The same value has the same pseudonym for ever, so Central still tells
//! devices apart; without the key nobody learns the value from it, and nobody else's key makes the
//! same. A serial number becomes `P` and 24 letters, a hardware address one of those that are
//! administered locally (IEEE 802), an IP address one of `fd00::/8` (RFC 4193). Addresses that share
//! their first bits have pseudonyms that do: a run of silent neighbours stays one. Whoever knows some
//! addresses and their pseudonyms therefore learns something of their neighbours'.

mod agent;
mod fields;
mod names;
#[cfg(test)]
mod tests;
mod treat;

pub use agent::{ShowError, clear_report};
pub use fields::{CLOSED_LIST, ListedField};
pub(crate) use names::SiteNames;
pub use treat::Treater;

use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// What is done with a field before it leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Treatment {
    /// It is sent as it is.
    #[default]
    Send,
    /// The same pseudonym stands for the same value.
    Pseudonymise,
    /// Only the part of it that tells least is sent.
    Shorten,
    /// It is left out.
    Drop,
}

impl Treatment {
    /// All of them, in the order in which they hide more.
    pub const ALL: [Self; 4] = [Self::Send, Self::Pseudonymise, Self::Shorten, Self::Drop];

    /// The word for it in the site's file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Pseudonymise => "pseudonymise",
            Self::Shorten => "shorten",
            Self::Drop => "drop",
        }
    }
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A field whose treatment the site decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Field {
    /// IP addresses.
    Address,
    /// The owner's asset number.
    Asset,
    /// What the display of the device shows.
    Console,
    /// sysContact, and mail addresses and telephone numbers wherever they stand.
    Contact,
    /// sysDescr.
    Description,
    /// The SNMP engine id, and UUIDs wherever they stand.
    EngineId,
    /// Host and domain names, and the names that targets were given by.
    Hostname,
    /// sysLocation.
    Location,
    /// Hardware addresses.
    Mac,
    /// The beginning of sysDescr of SNMP agents that are no printers.
    OtherDevices,
    /// Serial numbers of the device and its supplies.
    Serial,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Address,
        Self::Asset,
        Self::Console,
        Self::Contact,
        Self::Description,
        Self::EngineId,
        Self::Hostname,
        Self::Location,
        Self::Mac,
        Self::OtherDevices,
        Self::Serial,
    ];

    /// The key in the site's file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Asset => "asset",
            Self::Console => "console",
            Self::Contact => "contact",
            Self::Description => "description",
            Self::EngineId => "engine_id",
            Self::Hostname => "hostname",
            Self::Location => "location",
            Self::Mac => "mac",
            Self::OtherDevices => "other_devices",
            Self::Serial => "serial",
        }
    }

    /// What can be done with it. Half a serial number would make two devices one, and texts that a
    /// person wrote have no half that tells less.
    pub const fn treatments(self) -> &'static [Treatment] {
        use Treatment::{Drop, Pseudonymise, Send};
        match self {
            Self::Address | Self::EngineId | Self::Hostname | Self::Mac => &Treatment::ALL,
            Self::Asset | Self::Contact | Self::Location | Self::Serial => {
                &[Send, Pseudonymise, Drop]
            }
            Self::Console | Self::Description | Self::OtherDevices => &[Send, Drop],
        }
    }

    /// What is left of it when it is shortened.
    pub const fn shortened(self) -> Option<&'static str> {
        match self {
            Self::Address => Some(
                "its network (/24, /48) in the account of the pass; audits have none, so that no two \
                 devices share one",
            ),
            Self::EngineId => Some("the maker's number"),
            Self::Hostname => Some("the name before the first dot"),
            Self::Mac => Some("the maker's half"),
            _ => None,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}

/// What the site decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    treatments: BTreeMap<Field, Treatment>,
    /// Whether nothing is sent before somebody at the site has approved it.
    pub hold: bool,
}

/// A treatment that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivacyError {
    /// The field cannot be treated so.
    #[error("{field} cannot be treated so ({asked}); it can be {}", words(*field))]
    NotForThis {
        /// The field.
        field: Field,
        /// What was asked for.
        asked: Treatment,
    },
    /// Nothing would be left that tells devices apart.
    #[error(
        "serial, mac, engine_id and address are all shortened or dropped: Central could tell no device \
         from another. Send or pseudonymise one of them"
    )]
    NothingTellsDevicesApart,
}

fn words(field: Field) -> String {
    let words: Vec<&str> = field.treatments().iter().map(|one| one.word()).collect();
    words.join(", ")
}

impl Privacy {
    /// Sets what is done with a field.
    ///
    /// # Errors
    ///
    /// [`PrivacyError::NotForThis`].
    pub fn set(&mut self, field: Field, treatment: Treatment) -> Result<(), PrivacyError> {
        if !field.treatments().contains(&treatment) {
            return Err(PrivacyError::NotForThis {
                field,
                asked: treatment,
            });
        }
        self.treatments.insert(field, treatment);
        Ok(())
    }

    /// What is done with a field.
    pub fn of(&self, field: Field) -> Treatment {
        self.treatments.get(&field).copied().unwrap_or_default()
    }

    /// Whether anything is done with anything.
    pub fn treats(&self) -> bool {
        self.treatments.values().any(|one| *one != Treatment::Send)
    }

    /// What treats so, under a key of the caller's: whoever has it can find out whose a pseudonym is.
    pub fn treater(&self, key: &Zeroizing<[u8; 32]>) -> Treater<'_> {
        Treater::new(self, SiteNames::new(key))
    }

    /// Makes sure that devices can still be told apart.
    ///
    /// # Errors
    ///
    /// [`PrivacyError::NothingTellsDevicesApart`].
    pub fn check(&self) -> Result<(), PrivacyError> {
        let tells = [Field::Serial, Field::Mac, Field::EngineId, Field::Address]
            .into_iter()
            .any(|field| matches!(self.of(field), Treatment::Send | Treatment::Pseudonymise));
        match tells {
            true => Ok(()),
            false => Err(PrivacyError::NothingTellsDevicesApart),
        }
    }
}
