//! What makers put into a supply's description: what it is, its part number, its serial number.

use super::word_table::{ByOctet, by_octet, words_at};
use crate::definitions::{Head, Selected, SupplyFieldWord};
use crate::device::Device;
use crate::reading::Cell;
use pagetally_model::{SupplyKind, Text};
use std::sync::LazyLock;

/// What a description says a supply is, where the type column says "other" or nothing. In order:
/// the first that fits wins, so that what a part is for stands before what is in it. Devices write
/// descriptions in the language of their panel; the words are beginnings of words.
const KINDS: &[(&[&str], SupplyKind)] = &[
    (
        &[
            "waste toner",
            "waste-toner",
            "resttoner",
            "alttoner",
            "tonerabfall",
            "tonerafval",
            "toner usagé",
            "toner residu",
            "toner di scarto",
            "récupérateur de toner",
            "отработанн",
            "废粉",
            "廢粉",
            "废墨粉",
            "廃トナー",
            "回収トナー",
            "폐토너",
        ],
        SupplyKind::WasteToner,
    ),
    (
        &["waste ink", "resttinte", "encre usagée", "廃インク", "废墨"],
        SupplyKind::WasteInk,
    ),
    (
        &[
            "maintenance kit",
            "wartungskit",
            "wartungssatz",
            "kit de maintenance",
            "kit d'entretien",
            "kit de mantenimiento",
            "kit manuten",
            "kit de manuten",
            "kit di manuten",
            "onderhoudskit",
            "维护组件",
            "維護組件",
            "メンテナンスキット",
        ],
        SupplyKind::MaintenanceKit,
    ),
    (&["document feeder", "adf"], SupplyKind::DocumentFeederKit),
    (
        &[
            "transfer",
            "trasferimento",
            "przenosz",
            "перенос",
            "转印",
            "轉印",
            "転写",
            "전사",
        ],
        SupplyKind::TransferUnit,
    ),
    (
        &[
            "fuser",
            "fusing",
            "fixier",
            "fusore",
            "fusor",
            "unité de fusion",
            "fixeereenheid",
            "термоблок",
            "фьюзер",
            "печк",
            "定影",
            "定着",
            "정착",
        ],
        SupplyKind::Fuser,
    ),
    (
        &[
            "developer",
            "entwickler",
            "développeur",
            "revelador",
            "sviluppatore",
            "ontwikkelaar",
            "девелопер",
            "проявит",
            "显影",
            "顯影",
            "現像",
            "현상",
        ],
        SupplyKind::Developer,
    ),
    (
        &[
            "imaging unit",
            "imaging kit",
            "imaging drum",
            "photoconductor",
            "drum",
            "trommel",
            "bildtrommel",
            "tambour",
            "tambor",
            "tamburo",
            "fotoconductor",
            "fotoleiter",
            "фотобарабан",
            "барабан",
            "фотокондуктор",
            "感光",
            "成像",
            "ドラム",
            "드럼",
        ],
        SupplyKind::Opc,
    ),
    (
        &[
            "roller",
            "kit do rolo",
            "rouleau",
            "rodillo",
            "rullo",
            "ролик",
            "ローラー",
            "搓纸轮",
        ],
        SupplyKind::Rollers,
    ),
    (
        &[
            "staple",
            "heftklammer",
            "agrafe",
            "grapa",
            "punti metallici",
            "nietjes",
            "скреп",
            "订书",
            "釘書",
            "ステープル",
            "스테이플",
        ],
        SupplyKind::Staples,
    ),
    (
        &["toner", "tóner", "тонер", "墨粉", "碳粉", "トナー", "토너"],
        SupplyKind::Toner,
    ),
    (
        &[
            "ink",
            "tinte",
            "encre",
            "tinta",
            "inchiostro",
            "чернил",
            "墨水",
            "墨盒",
            "インク",
            "잉크",
        ],
        SupplyKind::Ink,
    ),
];

/// What the description says the supply is.
pub(super) fn kind(description: &str) -> Option<SupplyKind> {
    static BY_OCTET: ByOctet<usize> = LazyLock::new(|| {
        let kinds = KINDS.iter().enumerate();
        by_octet(kinds.flat_map(|(place, (words, _))| words.iter().map(move |word| (*word, place))))
    });
    let text = description.to_lowercase();
    let mut behind_word = false;
    let starts = text
        .char_indices()
        .filter(|(_, letter)| !std::mem::replace(&mut behind_word, glues(*letter)))
        .filter_map(|(at, _)| text.get(at..));
    let places = starts.filter_map(|start| {
        let words = words_at(&BY_OCTET, start).iter();
        let mut fitting = words.filter(|(word, _)| start.starts_with(word));
        fitting.next().map(|(_, place)| *place)
    });
    // Each octet's words are in the order of the kinds.
    let (_, kind) = KINDS.get(places.min()?)?;
    Some(*kind)
}

/// Whether a word cannot begin right behind this letter: Chinese, Japanese and Thai have no blanks
/// between words.
fn glues(letter: char) -> bool {
    letter.is_alphanumeric() && u32::from(letter) < 0x0e00
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
            ("Resttonerbehälter", Some(SupplyKind::WasteToner)),
            ("Unité de fusion", Some(SupplyKind::Fuser)),
            ("Tambour noir", Some(SupplyKind::Opc)),
            ("黑色废粉盒", Some(SupplyKind::WasteToner)),
            ("ブラックトナー", Some(SupplyKind::Toner)),
            ("Kyocera link", None),
            ("Thinking", None),
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
