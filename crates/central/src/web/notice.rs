//! What devices told unasked, as the device's and the pass's pages show it.

use super::device::split_words;
use super::format::Moment;
use crate::books::NoticeRow;
use pagetally_model::{AlertSeverity, Timestamp, Witness};

/// One notice on a page.
pub(crate) struct NoticeView {
    pub(crate) tone: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) text: String,
    pub(crate) under: String,
    pub(crate) address: String,
    pub(crate) at: Moment,
    pub(crate) link: String,
}

impl NoticeView {
    pub(crate) fn new(row: &NoticeRow, zone: &str, now: Timestamp) -> Self {
        let (tone, severity) = match row.severity {
            Some(AlertSeverity::Critical) => ("bad", "critical"),
            Some(AlertSeverity::Warning | AlertSeverity::WarningBinaryChangeEvent) => {
                ("low", "warning")
            }
            _ => ("unknown", "notice"),
        };
        let code_name = row.code_name.as_deref().map(split_words);
        let version = match row.witness {
            Witness::SnmpV1 => "SNMPv1, unproved",
            Witness::SnmpV2c => "SNMPv2c, unproved",
            _ => "SNMPv3",
        };
        let parts = [
            row.group.as_deref().map(split_words),
            code_name.clone().filter(|_| row.description.is_some()),
            row.code.map(|code| format!("code {code}")),
            Some(row.name.clone().unwrap_or_else(|| row.trap.clone())),
            Some(version.to_owned()),
            (row.repeats > 0).then(|| format!("{} more like it", row.repeats)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        Self {
            tone,
            severity,
            text: row.description.clone().or(code_name).unwrap_or_else(|| {
                "The device told that something happened; its audit says what is the matter."
                    .to_owned()
            }),
            under: parts.join(" \u{b7} "),
            address: row.address.to_string(),
            at: Moment::new(row.at, zone, now),
            link: format!("/observations/{}", row.pass),
        }
    }
}
