//! Which kinds of supply a source's word may stand for.

use super::alike::{squeeze, words};
use super::expected::StatedSupply;
use pagetally_model::SupplyKind::{self, *};

/// Words of sources that are not the RFC's, and RFC words that mean the same thing.
const NAMES: &[(&str, &[SupplyKind])] = &[
    ("toner", &[Toner, TonerCartridge]),
    ("tonercartridge", &[Toner, TonerCartridge]),
    ("ink", &[Ink, InkCartridge]),
    ("inkcartridge", &[Ink, InkCartridge]),
    ("drum", &[Opc]),
    ("belt", &[TransferUnit]),
    ("pfkit1", &[Rollers, MaintenanceKit]),
    ("pfkitmp", &[Rollers, MaintenanceKit]),
    ("laser", &[Other, MaintenanceKit]),
];

/// Words in descriptions, first match wins; web pages come in the language of the country.
const DESCRIBED: &[(&[&str], &[SupplyKind])] = &[
    (&["waste", "scarto", "recupero"], &[WasteToner, WasteInk]),
    (&["developer", "sviluppatore"], &[Developer]),
    (
        &[
            "drum",
            "photoconductor",
            "photoconductive",
            "fotoricettore",
            "tamburo",
            "imaging",
        ],
        &[Opc],
    ),
    (&["fuser", "fusore", "fusing"], &[Fuser]),
    (
        &["transfer", "trasferimento", "trasferta", "belt", "cinghia"],
        &[TransferUnit, CleanerUnit],
    ),
    (&["toner"], &[Toner, TonerCartridge]),
    (&["ink", "inchiostro"], &[Ink, InkCartridge]),
];

/// The kinds that a stated kind may be; nothing where the word says nothing (`other`, `unknown`)
/// or is not known.
pub(super) fn named(kind: &str) -> Option<Vec<SupplyKind>> {
    let name = squeeze(kind);
    if matches!(name.as_str(), "other" | "unknown" | "") {
        return None;
    }
    if let Some((_, kinds)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(kinds.to_vec());
    }
    // The RFC's own words: wasteToner is waste-toner in documents.
    let hyphened = kind.chars().fold(String::new(), |mut text, letter| {
        if letter.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
        text
    });
    serde_json::from_value(hyphened.into())
        .ok()
        .map(|kind| vec![kind])
}

/// The kinds that a stated supply may be, by its kind or else by words in its description.
pub(super) fn kinds_of(stated: &StatedSupply) -> Option<Vec<SupplyKind>> {
    if let Some(kinds) = stated.kind.as_deref().and_then(named) {
        return Some(kinds);
    }
    let words = words(stated.description.as_deref()?);
    let (_, kinds) = DESCRIBED
        .iter()
        .find(|(known, _)| words.iter().any(|word| known.contains(&word.as_str())))?;
    Some(kinds.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfc_s_words_and_the_sources_words_are_understood() {
        assert_eq!(named("wasteToner"), Some(vec![WasteToner]));
        assert_eq!(named("opc"), Some(vec![Opc]));
        assert_eq!(named("drum"), Some(vec![Opc]));
        assert_eq!(named("pf_kit_1"), Some(vec![Rollers, MaintenanceKit]));
        assert_eq!(named("other"), None);
        assert_eq!(named("frobnicator"), None);
    }

    #[test]
    fn a_waste_toner_box_is_no_toner() {
        let stated = |text: &str| StatedSupply {
            description: Some(text.to_owned()),
            ..StatedSupply::default()
        };
        assert_eq!(
            kinds_of(&stated("Waste Toner Box")),
            Some(vec![WasteToner, WasteInk])
        );
        assert_eq!(
            kinds_of(&stated("Toner nero")),
            Some(vec![Toner, TonerCartridge])
        );
        assert_eq!(kinds_of(&stated("Rullo")), None);
    }
}
