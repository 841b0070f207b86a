//! The match rule: which evidence makes two audits the same device.
//!
//! # Version 1
//!
//! 1. Maker and serial number, where the serial is plausible, decide across all of a dealer's
//!    sites: devices move.
//! 2. The MAC address decides where no serial speaks against it. A network card can move to
//!    another device, so a different serial wins over an equal MAC, and the contradiction is
//!    recorded.
//! 3. The SNMP engine id likewise, where neither serial nor MAC speaks against it: copies of one
//!    firmware image share engine ids.
//! 4. Model and address within one site, only where the device offers nothing better.

use pagetally_model::{DeviceAudit, SiteId, Text};

/// The version of the rule in this module; stored with every assignment.
pub const MATCH_RULE_VERSION: u64 = 1;

/// One piece of evidence, as the table of evidence holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    pub(super) kind: EvidenceKind,
    /// The site for what is unique only within one, else nothing.
    pub(super) scope: String,
    pub(super) value: String,
}

/// The kinds of evidence, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EvidenceKind {
    Serial,
    Mac,
    Engine,
    ModelAddress,
}

impl EvidenceKind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Mac => "mac",
            Self::Engine => "engine",
            Self::ModelAddress => "model-address",
        }
    }
}

/// What an audit offers, the strongest first. Model and address count only where it is all.
pub(super) fn evidence(audit: &DeviceAudit, site: SiteId) -> Vec<Evidence> {
    let identity = &audit.identity;
    let unscoped = |kind, value| Evidence {
        kind,
        scope: String::new(),
        value,
    };
    let offered = identity.evidence();
    let mut found: Vec<Evidence> = [
        offered
            .serial
            .map(|serial| unscoped(EvidenceKind::Serial, format!("{}|{serial}", offered.maker))),
        offered.mac.map(|value| unscoped(EvidenceKind::Mac, value)),
        offered
            .engine_id
            .map(|value| unscoped(EvidenceKind::Engine, value)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if found.is_empty()
        && let Some(address) = audit.address
    {
        let model = [&identity.manufacturer, &identity.model]
            .map(|part| part.as_ref().map_or("", Text::as_str))
            .join(" ");
        found.push(Evidence {
            kind: EvidenceKind::ModelAddress,
            scope: site.to_string(),
            value: format!("{}|{address}", model.trim().to_lowercase()),
        });
    }
    found
}
