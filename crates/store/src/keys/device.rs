//! Which device a key belongs to: by what the device offers, and in doubt by a new key.

use pagetally_model::DeviceAudit;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

/// Names a device in this store only. It tells nothing of the device.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DeviceId(pub(super) [u8; 16]);

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceId({self})")
    }
}

/// What tells a device from others, in the spelling of [`pagetally_model::Evidence`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeviceClues {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) maker: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) serial: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mac: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) engine: Option<String>,
    /// Address and kind, only where the device offers nothing better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
}

impl DeviceClues {
    /// What an audit tells.
    pub(crate) fn of(audit: &DeviceAudit) -> Self {
        let identity = &audit.identity;
        let evidence = identity.evidence();
        let place = evidence.is_empty().then(|| {
            let address = audit.address.map_or_else(String::new, |address| {
                address.ip().to_canonical().to_string()
            });
            let kind = identity.object_id.as_ref().or(identity.model.as_ref());
            format!("{address} {}", kind.map_or("", |kind| kind.as_str()))
        });
        Self {
            maker: Some(evidence.maker).filter(|maker| !maker.is_empty()),
            serial: evidence.serial,
            mac: evidence.mac,
            engine: evidence.engine_id,
            place,
        }
    }

    fn each(&self) -> impl Iterator<Item = (Clue, &String)> {
        [
            (Clue::Serial, &self.serial),
            (Clue::Mac, &self.mac),
            (Clue::Engine, &self.engine),
            (Clue::Place, &self.place),
        ]
        .into_iter()
        .filter_map(|(clue, text)| text.as_ref().map(|text| (clue, text)))
    }

    /// Whether both cannot be of one device.
    fn contradicts(&self, other: &Self) -> bool {
        let differ = |one: &Option<String>, two: &Option<String>| {
            one.as_ref().zip(two.as_ref()).is_some_and(|(a, b)| a != b)
        };
        let serial_agrees = self.serial.is_some() && self.serial == other.serial;
        let mac_agrees = self.mac.is_some() && self.mac == other.mac;
        differ(&self.maker, &other.maker)
            || differ(&self.serial, &other.serial)
            || differ(&self.mac, &other.mac)
            // An engine id changes with the firmware, and copies of an image share one.
            || (differ(&self.engine, &other.engine) && !serial_agrees && !mac_agrees)
    }

    /// Whether both may be of one device: whoever erases or exports wants none to be left out.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        // A card or an engine id that moved to another serial number is another device.
        let other_serial =
            self.serial.is_some() && other.serial.is_some() && self.serial != other.serial;
        !other_serial && self.agreeing(other) > 0
    }

    /// How many clues both have in the same words.
    fn agreeing(&self, other: &Self) -> usize {
        let theirs: Vec<_> = other.each().collect();
        self.each().filter(|clue| theirs.contains(clue)).count()
    }

    fn widen(&mut self, other: &Self) {
        let fill = |mine: &mut Option<String>, theirs: &Option<String>| {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        };
        fill(&mut self.maker, &other.maker);
        fill(&mut self.serial, &other.serial);
        fill(&mut self.mac, &other.mac);
        fill(&mut self.engine, &other.engine);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Clue {
    Serial,
    Mac,
    Engine,
    Place,
}

/// The devices that have keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Devices {
    /// In the order in which they were met.
    known: Vec<(DeviceId, DeviceClues)>,
    by_clue: HashMap<(Clue, String), Vec<usize>>,
    by_id: HashMap<DeviceId, usize>,
}

/// Whose evidence it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// A device's, all of it known.
    Known(DeviceId),
    /// A device's, with something that was not known of it.
    Widens(DeviceId),
    /// Nobody's, or it cannot be told whose.
    New,
}

impl Devices {
    /// Adds a device, or takes what is newly known of it.
    pub(super) fn put(&mut self, id: DeviceId, clues: &DeviceClues) {
        let at = match self.by_id.get(&id) {
            Some(&at) => {
                self.known[at].1.widen(clues);
                at
            }
            None => {
                self.known.push((id, clues.clone()));
                self.by_id.insert(id, self.known.len() - 1);
                self.known.len() - 1
            }
        };
        for (clue, text) in clues.each() {
            let places = self.by_clue.entry((clue, text.clone())).or_default();
            if !places.contains(&at) {
                places.push(at);
            }
        }
    }

    pub(super) fn clues(&self, id: DeviceId) -> Option<&DeviceClues> {
        self.by_id.get(&id).map(|&at| &self.known[at].1)
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Whose the evidence is. A device that has all of it is it, the latest where several do.
    /// One that has part of it and contradicts none is it where it is the only one; else it cannot
    /// be told, and a new key keeps apart what may be two devices. No evidence makes a new key
    /// twice: the device of that key has all of it.
    pub(super) fn find(&self, clues: &DeviceClues) -> Match {
        let mut partly = Vec::new();
        let mut wholly = None;
        let all = clues.each().count();
        for at in self.candidates(clues) {
            let (_, known) = &self.known[at];
            if known.contradicts(clues) {
                continue;
            }
            if known.agreeing(clues) == all && all > 0 {
                wholly = wholly.max(Some(at));
            } else {
                partly.push(at);
            }
        }
        match (wholly, &partly[..]) {
            (Some(at), _) => Match::Known(self.known[at].0),
            (None, [at]) => Match::Widens(self.known[*at].0),
            (None, _) => Match::New,
        }
    }

    fn candidates(&self, clues: &DeviceClues) -> Vec<usize> {
        let mut found: Vec<usize> = clues
            .each()
            .filter_map(|(clue, text)| self.by_clue.get(&(clue, text.clone())))
            .flatten()
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// All devices that may be the one with this evidence: whoever erases wants none to be left.
    pub(super) fn possible(&self, clues: &DeviceClues) -> Vec<DeviceId> {
        self.candidates(clues)
            .into_iter()
            .filter(|&at| self.known[at].1.may_be(clues))
            .map(|at| self.known[at].0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clues(serial: &str, mac: &str) -> DeviceClues {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        DeviceClues {
            serial: text(serial),
            mac: text(mac),
            ..DeviceClues::default()
        }
    }

    /// What the ring does with evidence.
    fn meet(devices: &mut Devices, clues: &DeviceClues) -> DeviceId {
        let id = match devices.find(clues) {
            Match::Known(id) | Match::Widens(id) => id,
            Match::New => DeviceId([u8::try_from(devices.len()).expect("few"); 16]),
        };
        devices.put(id, clues);
        id
    }

    #[test]
    fn a_device_is_known_again_by_its_serial_or_its_card() {
        let mut devices = Devices::default();
        let id = meet(&mut devices, &clues("S1", "M1"));
        assert_eq!(meet(&mut devices, &clues("S1", "")), id);
        assert_eq!(meet(&mut devices, &clues("", "M1")), id);
        assert_ne!(meet(&mut devices, &clues("S2", "M2")), id);
    }

    #[test]
    fn a_card_in_another_device_does_not_bring_its_key_along() {
        let mut devices = Devices::default();
        let first = meet(&mut devices, &clues("S1", "M1"));
        let second = meet(&mut devices, &clues("S2", "M1"));
        assert_ne!(first, second);
        assert_eq!(meet(&mut devices, &clues("S1", "M1")), first);
        assert_eq!(meet(&mut devices, &clues("S2", "M1")), second);
    }

    #[test]
    fn two_devices_with_one_serial_have_two_keys_and_erasing_means_both() {
        let mut devices = Devices::default();
        let first = meet(&mut devices, &clues("S1", "M1"));
        let second = meet(&mut devices, &clues("S1", "M2"));
        assert_ne!(first, second);
        assert_eq!(devices.possible(&clues("S1", "M2")), [first, second]);
    }

    proptest! {
        #[test]
        fn the_same_evidence_never_makes_a_second_key(
            steps in prop::collection::vec((0u8..4, 0u8..4), 1..60),
        ) {
            let mut devices = Devices::default();
            let text = |kind: &str, n: u8| match n { 0 => String::new(), n => format!("{kind}{n}") };
            for (serial, mac) in steps {
                let clues = clues(&text("S", serial), &text("M", mac));
                if clues.each().count() == 0 {
                    continue;
                }
                let id = meet(&mut devices, &clues);
                let known = devices.len();
                prop_assert_eq!(meet(&mut devices, &clues), id);
                prop_assert_eq!(devices.len(), known);
                prop_assert!(devices.possible(&clues).contains(&id));
            }
            prop_assert!(devices.len() <= 15, "one for each combination at most");
        }
    }
}
