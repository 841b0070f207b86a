//! The maker: whose name is on the device, by the better witness. An agent's sysObjectID is the
//! network card's word, not the badge's.

use super::Claim;
use super::device_id::DeviceIds;
use crate::definitions::{Definitions, FieldWord, Maker, Origin, Place};
use crate::device::Device;
use crate::mib;
use pagetally_model::Text;
use pagetally_snmp_engine::{Oid, Value};
use std::cmp::Reverse;

/// What the standard objects say of the maker.
pub(super) fn claims(device: &Device<'_>, ids: &DeviceIds<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    if let Some((text, cell, _)) = super::printer_description(device)
        && let Some(maker) = badge(device.definitions, text.as_str())
    {
        let rule = "pagetally.badge-in-hrDeviceDescr";
        claims.push(Claim::standard(maker.name.clone(), cell, rule, 30));
    }
    for (value, cell, rule) in ids.values(&["MFG", "MANUFACTURER"]) {
        // A name that no table knows is still the device's own word.
        let name = badge(device.definitions, value.as_str()).map_or(value, |m| m.name.clone());
        claims.push(Claim::standard(name, cell, format!("{rule}.MFG"), 40));
    }
    claims.extend(by_description(device));
    claims.extend(by_model(device));
    if let Some(cell) = device.cell(&mib::SYS_OBJECT_ID)
        && let Value::ObjectIdentifier(oid) = cell.value
        && let Some(maker) = maker_of_object_id(device.definitions, oid)
    {
        claims.push(Claim {
            value: maker.name.clone(),
            provenance: maker.head.provenance(cell.source()),
            order: (Origin::Builtin, 50, Reverse(0)),
        });
    }
    if device.cell(&mib::SYS_OBJECT_ID).is_none() {
        claims.extend(by_answers(device));
    }
    claims
}

/// What sysDescr says: what a row says of such a sysDescr, else the maker that it begins with. A row
/// knows, for one, that a JetDirect card's words name the card.
fn by_description(device: &Device<'_>) -> Vec<Claim> {
    let (Some(cell), Some((text, _))) = (device.cell(&mib::SYS_DESCR), &device.description) else {
        return Vec::new();
    };
    let rows = device.described.iter();
    let mut claims: Vec<Claim> = rows
        .filter_map(|row| {
            Some(Claim {
                value: row.maker.clone()?,
                provenance: row.head.provenance(cell.source()),
                order: (row.head.origin, row.head.rank, Reverse(0)),
            })
        })
        .collect();
    if claims.is_empty()
        && let Some(maker) = badge(device.definitions, text.as_str())
    {
        let rule = "pagetally.badge-in-sysDescr";
        claims.push(Claim::standard(maker.name.clone(), cell, rule, 46));
    }
    claims
}

/// The badge in front of a model in the maker's own tree: one firmware ships under several.
fn by_model(device: &Device<'_>) -> Option<Claim> {
    let rows = device.families.iter().flat_map(|one| &one.family.identity);
    let mut rows = rows.filter(|row| {
        let own = !matches!(&row.place, Place::Instance(oid) if *oid == *mib::SYS_DESCR);
        row.field == FieldWord::Model && own
    });
    rows.find_map(|row| {
        let (model, _, cell) = super::by_row(device, row)?;
        let maker = badge(device.definitions, model.as_str())?;
        Some(Claim::standard(
            maker.name.clone(),
            cell,
            "pagetally.badge-in-model",
            48,
        ))
    })
}

/// A device without a sysObjectID is whoever's firmware answers: the weakest witness of all.
fn by_answers(device: &Device<'_>) -> Option<Claim> {
    device.families.iter().find_map(|selected| {
        let maker = selected.family.maker.as_ref()?;
        let cell = selected.family.first_answer(device.answers)?;
        Some(Claim {
            value: maker.name.clone(),
            provenance: cell.provenance(maker.rule.clone()),
            order: (Origin::Builtin, 80, Reverse(0)),
        })
    })
}

/// The maker that a sysObjectID belongs to: by the longest prefix that a maker claims for its
/// printers, since brands share numbers, else by the enterprise number.
fn maker_of_object_id<'d>(definitions: &'d Definitions, oid: &Oid) -> Option<&'d Maker> {
    let enterprise = match oid.arcs() {
        [1, 3, 6, 1, 4, 1, enterprise, ..] => *enterprise,
        _ => return None,
    };
    let makers = definitions.makers().iter();
    let by_prefix = makers
        .clone()
        .filter_map(|maker| Some((longest_prefix(&maker.printers, oid)?, maker)))
        .max_by_key(|(length, _)| *length)
        .map(|(_, maker)| maker);
    let by_number = || makers.clone().find(|m| m.enterprises.contains(&enterprise));
    by_prefix.or_else(by_number)
}

/// Arcs of the longest root that `oid` lies below.
pub(crate) fn longest_prefix(roots: &[Oid], oid: &Oid) -> Option<usize> {
    let fitting = roots.iter().filter(|root| oid.starts_with(root));
    fitting.map(|root| root.arcs().len()).max()
}

/// The maker whose name a text begins with; of several the longest name.
fn badge<'d>(definitions: &'d Definitions, text: &str) -> Option<&'d Maker> {
    longest_word(definitions, text).map(|(maker, _)| maker)
}

/// A model without its maker's name in front, however often it stands there.
pub(super) fn without_maker(definitions: &Definitions, model: &Text) -> Text {
    let mut rest = model.as_str();
    for _ in 0..3 {
        match longest_word(definitions, rest) {
            // A maker's name alone is all the model there is.
            Some((_, word)) if word.len() < rest.trim_end_matches([' ', ':']).len() => {
                let behind = rest.get(word.len()..).unwrap_or_default();
                rest = behind.trim_start_matches(|c: char| c.is_whitespace() || c == ':');
            }
            _ => break,
        }
    }
    Text::clean(rest)
}

/// The longest of the makers' words that a text begins with.
fn longest_word<'d>(definitions: &'d Definitions, text: &str) -> Option<(&'d Maker, &'d str)> {
    definitions
        .badges(text)
        .filter(|(_, word)| begins_with_word(text, word))
        .max_by_key(|(_, word)| word.len())
}

fn begins_with_word(text: &str, word: &str) -> bool {
    let Some((front, behind)) = text.split_at_checked(word.len()) else {
        return false;
    };
    front.eq_ignore_ascii_case(word)
        && behind
            .chars()
            .next()
            .is_none_or(|next| !next.is_alphanumeric() && next != '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_stands_without_its_maker() {
        let definitions = Definitions::builtin();
        for (text, expected) in [
            ("HP LaserJet MFP M130nw", "LaserJet MFP M130nw"),
            ("hp LaserJet 4250", "LaserJet 4250"),
            ("KONICA MINOLTA bizhub C250i", "bizhub C250i"),
            ("RICOH Aficio MP C3002", "Aficio MP C3002"),
            ("Hewlett-Packard HP DesignJet", "DesignJet"),
            ("ECOSYS P2040dw", "ECOSYS P2040dw"),
            ("OKI DATA CORP:MC873", "MC873"),
            ("HP-X", "HP-X"),
            ("SHARP", "SHARP"),
        ] {
            let found = without_maker(&definitions, &Text::clean(text));
            assert_eq!(found.as_str(), expected);
        }
    }
}
