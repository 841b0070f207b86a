//! Colour words in what devices write.

/// Words that name a colour, longest first where one contains another. Devices localize
/// descriptions, so the words of the languages that were seen stand beside the English ones.
const WORDS: &[(&str, &str)] = &[
    ("photo black", "photo-black"),
    ("matte black", "matte-black"),
    ("light light black", "light-light-black"),
    ("light black", "light-black"),
    ("light cyan", "light-cyan"),
    ("light magenta", "light-magenta"),
    ("light gray", "light-gray"),
    ("light grey", "light-gray"),
    ("photo cyan", "photo-cyan"),
    ("photo magenta", "photo-magenta"),
    ("photo gray", "photo-gray"),
    ("black", "black"),
    ("noir", "black"),
    ("schwarz", "black"),
    ("negro", "black"),
    ("preto", "black"),
    ("nero", "black"),
    ("zwart", "black"),
    ("svart", "black"),
    ("黑", "black"),
    ("ブラック", "black"),
    ("cyan", "cyan"),
    ("ciano", "cyan"),
    ("cian", "cyan"),
    ("cyaan", "cyan"),
    ("青", "cyan"),
    ("シアン", "cyan"),
    ("magenta", "magenta"),
    ("品红", "magenta"),
    ("洋红", "magenta"),
    ("マゼンタ", "magenta"),
    ("yellow", "yellow"),
    ("jaune", "yellow"),
    ("gelb", "yellow"),
    ("amarillo", "yellow"),
    ("amarelo", "yellow"),
    ("giallo", "yellow"),
    ("geel", "yellow"),
    ("gul", "yellow"),
    ("黄", "yellow"),
    ("イエロー", "yellow"),
    ("gray", "gray"),
    ("grey", "gray"),
    ("red", "red"),
    ("green", "green"),
    ("blue", "blue"),
    ("orange", "orange"),
    ("violet", "violet"),
    ("white", "white"),
    ("clear", "clear"),
];

/// The colour that a text names, where it names exactly one.
pub(super) fn colorant(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let mut rest = text.as_str();
    let mut found = None;
    let mut behind_letter = false;
    while let Some(first) = rest.chars().next() {
        let word = if behind_letter { None } else { word_at(rest) };
        let Some((word, colorant)) = word else {
            behind_letter = is_letter(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        };
        if found.is_some_and(|known| known != colorant) {
            return None;
        }
        found = Some(colorant);
        rest = rest.get(word.len()..).unwrap_or_default();
    }
    found
}

/// The colour word that a text begins with and that no letter follows.
fn word_at(text: &str) -> Option<(&'static str, &'static str)> {
    let ends = |behind: &str| !behind.chars().next().is_some_and(is_letter);
    let first = text.as_bytes().first();
    WORDS
        .iter()
        .filter(|(word, _)| word.as_bytes().first() == first)
        .find(|(word, _)| text.strip_prefix(word).is_some_and(ends))
        .copied()
}

/// Words of Latin letters have blanks around them; others need not.
fn is_letter(character: char) -> bool {
    character.is_alphabetic() && u32::from(character) < 0x250
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_word_is_found_in_what_devices_write() {
        for (text, expected) in [
            ("Black Cartridge", Some("black")),
            ("CANON Matte Black Ink Tank", Some("matte-black")),
            ("Toner (Cyan)", Some("cyan")),
            ("Toner preto", Some("black")),
            ("黑色墨粉", Some("black")),
            ("YELLOW", Some("yellow")),
            ("Color Imaging Kit", None),
            ("Drum Unit", None),
            ("Blackberry", None),
            ("Cyan/Magenta/Yellow Drum", None),
            ("Wired red", Some("red")),
        ] {
            assert_eq!(colorant(text), expected, "{text}");
        }
    }
}
