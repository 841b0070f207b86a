//! `[privacy]`: what leaves the site, and in which form.

use crate::privacy::{Field, Privacy, Treatment};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PrivacyTable {
    #[serde(default)]
    hold: bool,
    address: Option<Word>,
    asset: Option<Word>,
    console: Option<Word>,
    contact: Option<Word>,
    description: Option<Word>,
    engine_id: Option<Word>,
    hostname: Option<Word>,
    location: Option<Word>,
    mac: Option<Word>,
    other_devices: Option<Word>,
    serial: Option<Word>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Send,
    Pseudonymise,
    Shorten,
    Drop,
}

impl From<Word> for Treatment {
    fn from(word: Word) -> Self {
        match word {
            Word::Send => Self::Send,
            Word::Pseudonymise => Self::Pseudonymise,
            Word::Shorten => Self::Shorten,
            Word::Drop => Self::Drop,
        }
    }
}

impl PrivacyTable {
    /// What the file decides; what it does not name is sent.
    pub(super) fn privacy(self) -> Result<Privacy, (&'static str, String)> {
        let mut privacy = Privacy::default();
        privacy.hold = self.hold;
        for (field, word) in [
            (Field::Address, self.address),
            (Field::Asset, self.asset),
            (Field::Console, self.console),
            (Field::Contact, self.contact),
            (Field::Description, self.description),
            (Field::EngineId, self.engine_id),
            (Field::Hostname, self.hostname),
            (Field::Location, self.location),
            (Field::Mac, self.mac),
            (Field::OtherDevices, self.other_devices),
            (Field::Serial, self.serial),
        ] {
            if let Some(word) = word {
                let set = privacy.set(field, word.into());
                set.map_err(|error| ("privacy", error.to_string()))?;
            }
        }
        let told_apart = privacy.check();
        told_apart.map_err(|error| ("privacy", error.to_string()))?;
        Ok(privacy)
    }
}
