//! What makers put into a supply's description: what it is, its part number, its serial number.

use crate::definitions::{Head, Selected, SupplyFieldWord};
use crate::device::Device;
use crate::reading::Cell;
use pagetally_model::{SupplyKind, Text};

/// What a description says a supply is, where the type column says "other" or nothing. In order:
/// the first that fits wins.
const KINDS: &[(&str, SupplyKind)] = &[
    ("waste toner", SupplyKind::WasteToner),
    ("waste ink", SupplyKind::WasteInk),
    ("maintenance kit", SupplyKind::MaintenanceKit),
    ("kit manuten", SupplyKind::MaintenanceKit),
    ("document feeder", SupplyKind::DocumentFeederKit),
    ("adf", SupplyKind::DocumentFeederKit),
    ("transfer", SupplyKind::TransferUnit),
    ("fuser", SupplyKind::Fuser),
    ("fusing", SupplyKind::Fuser),
    ("developer", SupplyKind::Developer),
    ("imaging unit", SupplyKind::Opc),
    ("imaging kit", SupplyKind::Opc),
    ("imaging drum", SupplyKind::Opc),
    ("photoconductor", SupplyKind::Opc),
    ("drum", SupplyKind::Opc),
    ("roller", SupplyKind::Rollers),
    ("kit do rolo", SupplyKind::Rollers),
    ("staple", SupplyKind::Staples),
    ("toner", SupplyKind::Toner),
    ("ink", SupplyKind::Ink),
];

/// What the description says the supply is.
pub(super) fn kind(description: &str) -> Option<SupplyKind> {
    let text = description.to_lowercase();
    let mut behind_word = false;
    let starts: Vec<&str> = text
        .char_indices()
        .filter(|(_, character)| !std::mem::replace(&mut behind_word, character.is_alphanumeric()))
        .filter_map(|(at, _)| text.get(at..))
        .collect();
    KINDS
        .iter()
        .find(|(word, _)| starts.iter().any(|start| start.starts_with(word)))
        .map(|(_, kind)| *kind)
}

/// What a part is that its device calls toner, as some Samsungs call every part. Nothing where the
/// description does not name another part, or names toner too.
pub(super) fn called_toner(description: &str) -> Option<SupplyKind> {
    let parts = [
        SupplyKind::DocumentFeederKit,
        SupplyKind::Fuser,
        SupplyKind::MaintenanceKit,
        SupplyKind::Opc,
        SupplyKind::Rollers,
        SupplyKind::TransferUnit,
    ];
    let named = kind(description).filter(|named| parts.contains(named))?;
    (!description.to_lowercase().contains("toner")).then_some(named)
}

/// What the families' rows take out of a description for `field`: the first row that fits.
pub(super) fn taken<'a>(
    families: &[Selected<'a>],
    field: SupplyFieldWord,
    description: &Text,
) -> Option<(Text, &'a Head)> {
    families
        .iter()
        .flat_map(|selected| &selected.family.supply_texts)
        .filter(|row| row.field == field)
        .find_map(|row| {
            let text = Text::non_empty(row.pattern.take(description.as_str())?)?;
            is_statement(&text).then_some((text, &row.head))
        })
}

/// What a maker's own table of supplies says of the supply that has this description, and where.
///
/// Two supplies of one description are two answers to one question: neither is taken.
pub(super) fn in_table<'a>(
    device: &Device<'a>,
    field: SupplyFieldWord,
    description: &Text,
) -> Option<(Text, Cell<'a>, &'a Head)> {
    let tables = device.families.iter();
    let mut tables = tables.flat_map(|selected| &selected.family.supply_tables);
    tables.find_map(|table| {
        let (_, column) = table.fields.iter().find(|(known, _)| *known == field)?;
        let described = device.answers.below(&table.description);
        let mut fitting = described.filter_map(|(index, oid, value)| {
            let text = Cell { oid, value }.text(device.charset)?.clean()?;
            (text == *description).then_some(index)
        });
        let (Some(index), None) = (fitting.next(), fitting.next()) else {
            return None;
        };
        let mut cells = device.answers.below(column);
        let (_, oid, value) = cells.find(|(place, ..)| *place == index)?;
        let cell = Cell { oid, value };
        let text = cell.text(device.charset)?.clean()?;
        is_statement(&text).then_some((text, cell, &table.head))
    })
}

/// Some devices write a word where a number should stand.
fn is_statement(text: &Text) -> bool {
    let text = text.as_str();
    let empty_words = ["unknown", "none", "n/a", "-", "--"];
    !empty_words
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
        && text.chars().any(|c| matches!(c, '1'..='9'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_says_what_a_supply_is() {
        for (text, expected) in [
            ("ADF Roller", Some(SupplyKind::DocumentFeederKit)),
            ("Tray 1 Roller", Some(SupplyKind::Rollers)),
            ("Transfer Roller", Some(SupplyKind::TransferUnit)),
            ("Black Imaging Unit", Some(SupplyKind::Opc)),
            ("Waste Toner Bottle", Some(SupplyKind::WasteToner)),
            ("Printing head", None),
            ("Kit manutenção", Some(SupplyKind::MaintenanceKit)),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn a_part_that_is_called_toner_is_what_it_is_described_as() {
        for (text, expected) in [
            ("Fuser", Some(SupplyKind::Fuser)),
            ("Black Imaging Unit (OPC Unit)", Some(SupplyKind::Opc)),
            ("Tray 1 Roller", Some(SupplyKind::Rollers)),
            ("Black Toner Cartridge", None),
            ("Drum/Toner", None),
            ("TK-1162", None),
        ] {
            assert_eq!(called_toner(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_for_nothing_is_no_number() {
        for (text, expected) in [
            ("unknown", false),
            ("None", false),
            ("CF300A", true),
            ("CRUM-00000000000", false),
        ] {
            assert_eq!(is_statement(&Text::clean(text)), expected, "{text}");
        }
    }
}
