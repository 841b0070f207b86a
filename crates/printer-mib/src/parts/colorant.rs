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
    let mut rest = text.to_lowercase();
    let mut found = None;
    for (word, colorant) in WORDS {
        while let Some(at) = find_word(&rest, word) {
            if found.is_some_and(|known| known != *colorant) {
                return None;
            }
            found = Some(*colorant);
            rest.replace_range(at..at + word.len(), "|");
        }
    }
    found
}

/// Where `word` stands by itself: between characters that are no Latin letters.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_letter = |character: char| character.is_alphabetic() && u32::from(character) < 0x250;
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = text
            .get(..*at)
            .and_then(|before| before.chars().next_back());
        let after = text
            .get(at + word.len()..)
            .and_then(|after| after.chars().next());
        !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
    })
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
