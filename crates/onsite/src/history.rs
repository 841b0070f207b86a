//! What a pass read, held against what the agent's store has of the same devices.
//!
//! A device is looked for by everything that it offers, and taken for the same only by the best
//! evidence that both audits have: two printers that swapped addresses are not each other. An
//! audit that cannot be read back costs the comparison, never the pass.

use pagetally_model::{DeviceAudit, MatchedBy, Text};
use pagetally_printer_mib::compare::{
    Sameness, begin_history, compare, note_other_serial, same_device,
};
use pagetally_store::{Clue, Store};

/// Holds each audit against the newest stored one of the same device.
pub(crate) fn hold_against_history(store: &Store, audits: &mut [DeviceAudit]) {
    for audit in audits {
        let found = Found::of(store, audit);
        match found.same {
            Some((earlier, matched_by)) => compare(&earlier, audit, matched_by),
            None => begin_history(audit),
        }
        if let Some(earlier) = found.other_serial {
            note_other_serial(&earlier, audit);
        }
    }
}

/// What the store has of a device.
#[derive(Default)]
struct Found {
    /// Its newest audit.
    same: Option<(DeviceAudit, MatchedBy)>,
    /// The newest audit that had its network card with another serial number.
    other_serial: Option<DeviceAudit>,
}

impl Found {
    /// Looks by the best evidence first, and no further than it must: every audit has to be
    /// opened.
    fn of(store: &Store, audit: &DeviceAudit) -> Self {
        let identity = &audit.identity;
        let serial = identity.serial.as_ref().map(Text::as_str);
        let mac = identity.mac.as_ref().map(Text::as_str);
        let hostname = identity.hostname.as_ref().map(Text::as_str);
        let clues = [
            serial.map(Clue::Serial),
            mac.map(Clue::Mac),
            audit.address.map(|address| Clue::Address(address.ip())),
            hostname.map(Clue::Hostname),
        ];
        let mut found = Self::default();
        for clue in clues.into_iter().flatten() {
            // A card that was another device's before is looked for even where the device is known.
            if found.same.is_some() && !matches!(clue, Clue::Mac(_)) {
                continue;
            }
            if let Some(candidate) = newest(store, clue) {
                found.weigh(candidate, audit);
            }
        }
        found
    }

    fn weigh(&mut self, candidate: DeviceAudit, audit: &DeviceAudit) {
        match same_device(&candidate, audit) {
            Sameness::Same(matched_by) if self.same.is_none() => {
                self.same = Some((candidate, matched_by));
            }
            Sameness::OtherSerial if self.other_serial.is_none() => {
                self.other_serial = Some(candidate);
            }
            _ => {}
        }
    }
}

fn newest(store: &Store, clue: Clue<'_>) -> Option<DeviceAudit> {
    match store.latest_audit(clue) {
        Ok(stored) => stored.map(|stored| stored.audit),
        Err(error) => {
            let error = crate::discovery::with_causes(&error);
            tracing::warn!(
                error,
                "an earlier audit cannot be read; nothing is held against it"
            );
            None
        }
    }
}

#[cfg(test)]
mod tests;
