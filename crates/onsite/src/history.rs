//! What a pass read, held against what the agent's store has of the same devices.
//!
//! A device is looked for by everything that it offers, and taken for the same only by the best
//! evidence that both audits have: two printers that swapped addresses are not each other. An
//! audit that cannot be read back costs the comparison, never the pass.

use pagetally_model::{DeviceAudit, Text};
use pagetally_printer_mib::compare::{
    Sameness, begin_history, compare, note_other_serial, same_device,
};
use pagetally_store::{Clue, Store};

/// Holds each audit against the newest stored one of the same device.
pub(crate) fn hold_against_history(store: &Store, audits: &mut [DeviceAudit]) {
    for audit in audits {
        let mut other_serial = None;
        let mut same = None;
        for candidate in candidates(store, audit) {
            match same_device(&candidate, audit) {
                Sameness::Same(matched_by) if same.is_none() => {
                    same = Some((candidate, matched_by))
                }
                Sameness::OtherSerial if other_serial.is_none() => other_serial = Some(candidate),
                _ => {}
            }
        }
        match same {
            Some((earlier, matched_by)) => compare(&earlier, audit, matched_by),
            None => begin_history(audit),
        }
        if let Some(earlier) = other_serial {
            note_other_serial(&earlier, audit);
        }
    }
}

/// The newest stored audits that may be of the same device, those of the best evidence first.
fn candidates(store: &Store, audit: &DeviceAudit) -> Vec<DeviceAudit> {
    let identity = &audit.identity;
    let text = |text: &'_ Option<Text>| text.clone().map(String::from);
    let (serial, mac, hostname) = (
        text(&identity.serial),
        text(&identity.mac),
        text(&identity.hostname),
    );
    let clues = [
        serial.as_deref().map(Clue::Serial),
        mac.as_deref().map(Clue::Mac),
        audit.address.map(|address| Clue::Address(address.ip())),
        hostname.as_deref().map(Clue::Hostname),
    ];
    let mut found: Vec<DeviceAudit> = Vec::new();
    for clue in clues.into_iter().flatten() {
        match store.latest_audit(clue) {
            Ok(Some(stored)) if found.iter().all(|known| known.id != stored.audit.id) => {
                found.push(stored.audit);
            }
            Ok(_) => {}
            Err(error) => {
                let error = crate::discovery::with_causes(&error);
                tracing::warn!(
                    error,
                    "an earlier audit cannot be read; nothing is held against it"
                );
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
