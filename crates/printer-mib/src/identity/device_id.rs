//! IEEE 1284 device IDs: `KEY:value;` pairs, found in several places.

use crate::device::Device;
use crate::mib;
use crate::reading::{Cell, rows};
use pagetally_model::Text;

/// Every device ID that the device answers, with the rule that found it.
pub(super) struct DeviceIds<'a> {
    found: Vec<(String, Cell<'a>, String)>,
}

impl<'a> DeviceIds<'a> {
    /// The families' own places first, then the standard one (PWG 5107.1), then an hrDeviceDescr
    /// that is one.
    pub(super) fn read(device: &Device<'a>) -> Self {
        let mut found = Vec::new();
        let mut keep = |cell: Cell<'a>, rule: &str| {
            if let Some(text) = cell.value.as_octets().map(text_of) {
                found.push((text, cell, rule.to_owned()));
            }
        };
        let mut rows_of_families: Vec<_> = device
            .families
            .iter()
            .flat_map(|selected| &selected.family.device_ids)
            .collect();
        rows_of_families.sort_by_key(|row| (row.head.origin, row.head.rank));
        for row in rows_of_families {
            if let Some(cell) = device.cell(&row.oid) {
                keep(cell, row.head.rule.name.as_str());
            }
        }
        for row in rows(device.answers, &mib::PPM_PRINTER, &mut Vec::new()).iter() {
            if let Some(cell) = row.cell(3) {
                keep(cell, "pwg5107.ppmPrinterIEEE1284DeviceId");
            }
        }
        if let Some((text, cell, _)) = super::printer_description(device)
            && is_device_id(text.as_str())
        {
            keep(cell, "rfc2790.hrDeviceDescr-as-device-id");
        }
        Self { found }
    }

    /// The value behind the first of `keys` in each device ID.
    pub(super) fn values(&self, keys: &[&str]) -> Vec<(Text, Cell<'a>, &str)> {
        self.found
            .iter()
            .filter_map(|(text, cell, rule)| {
                let value = keys.iter().find_map(|key| value_of(text, key))?;
                Some((value, *cell, rule.as_str()))
            })
            .collect()
    }
}

/// Whether a text is a device ID: some agents put it where hrDeviceDescr should name the device.
pub(super) fn is_device_id(text: &str) -> bool {
    ["MDL", "MODEL"]
        .iter()
        .any(|key| value_of(text, key).is_some())
}

/// The text, without the two-octet length that raw IDs begin with where it really is their length.
fn text_of(octets: &[u8]) -> String {
    let text = match octets.split_at_checked(2) {
        Some(([high, low], rest))
            if usize::from(*high) << 8 | usize::from(*low) == octets.len() =>
        {
            rest
        }
        _ => octets,
    };
    String::from_utf8_lossy(text).into_owned()
}

fn value_of(text: &str, key: &str) -> Option<Text> {
    text.split(';').find_map(|pair| {
        let (name, value) = pair.split_once(':')?;
        let name = name.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        name.eq_ignore_ascii_case(key)
            .then(|| Text::non_empty(value))
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_behind_a_length_and_line_breaks() {
        let id = b"MFG:Zebra Technologies ;\r\nMDL:Z1;";
        let length = u8::try_from(id.len() + 2).expect("short");
        let text = text_of(&[&[0, length], &id[..]].concat());
        assert_eq!(value_of(&text, "MDL"), Text::non_empty("Z1"));
        assert_eq!(
            value_of(&text, "MFG"),
            Text::non_empty("Zebra Technologies")
        );
        assert_eq!(value_of(&text, "SN"), None);
    }

    #[test]
    fn an_id_without_a_length_keeps_its_first_letters() {
        assert_eq!(
            value_of(&text_of(b"MFG:HP;MDL:X"), "mfg"),
            Text::non_empty("HP")
        );
    }
}
