//! Colour words in what devices write.

use super::word_table::{ByOctet, by_octet, words_at};
use std::sync::LazyLock;

/// Words that name a colour, those before others that they begin with. Devices write descriptions
/// in the language of their panel. Words of Latin letters are whole words; in scripts whose words
/// have many endings their stems stand here.
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
    ("noire", "black"),
    ("schwarz", "black"),
    ("schwarze", "black"),
    ("schwarzer", "black"),
    ("negro", "black"),
    ("negra", "black"),
    ("negru", "black"),
    ("preto", "black"),
    ("preta", "black"),
    ("nero", "black"),
    ("nera", "black"),
    ("zwart", "black"),
    ("zwarte", "black"),
    ("svart", "black"),
    ("musta", "black"),
    ("czarny", "black"),
    ("černá", "black"),
    ("černý", "black"),
    ("čierna", "black"),
    ("čierny", "black"),
    ("fekete", "black"),
    ("siyah", "black"),
    ("crna", "black"),
    ("črna", "black"),
    ("черн", "black"),
    ("чёрн", "black"),
    ("чорн", "black"),
    ("μαύρ", "black"),
    ("黑", "black"),
    ("黒", "black"),
    ("ブラック", "black"),
    ("블랙", "black"),
    ("검정", "black"),
    ("검은", "black"),
    ("أسود", "black"),
    ("שחור", "black"),
    ("ดำ", "black"),
    ("cyan", "cyan"),
    ("zyan", "cyan"),
    ("ciano", "cyan"),
    ("cian", "cyan"),
    ("cián", "cyan"),
    ("cyaan", "cyan"),
    ("cyjan", "cyan"),
    ("syaani", "cyan"),
    ("azurová", "cyan"),
    ("azúrová", "cyan"),
    ("błękitny", "cyan"),
    ("camgöbeği", "cyan"),
    ("голуб", "cyan"),
    ("бирюз", "cyan"),
    ("блакитн", "cyan"),
    ("κυαν", "cyan"),
    ("青", "cyan"),
    ("シアン", "cyan"),
    ("시안", "cyan"),
    ("סיאן", "cyan"),
    ("ציאן", "cyan"),
    ("ฟ้า", "cyan"),
    ("magenta", "magenta"),
    ("macenta", "magenta"),
    ("purpurová", "magenta"),
    ("пурпур", "magenta"),
    ("малинов", "magenta"),
    ("ματζέντα", "magenta"),
    ("品红", "magenta"),
    ("品紅", "magenta"),
    ("洋红", "magenta"),
    ("洋紅", "magenta"),
    ("マゼンタ", "magenta"),
    ("마젠타", "magenta"),
    ("מגנטה", "magenta"),
    ("yellow", "yellow"),
    ("jaune", "yellow"),
    ("gelb", "yellow"),
    ("gelbe", "yellow"),
    ("gelber", "yellow"),
    ("amarillo", "yellow"),
    ("amarilla", "yellow"),
    ("amarelo", "yellow"),
    ("amarela", "yellow"),
    ("giallo", "yellow"),
    ("gialla", "yellow"),
    ("geel", "yellow"),
    ("gele", "yellow"),
    ("gul", "yellow"),
    ("keltainen", "yellow"),
    ("żółty", "yellow"),
    ("žlutá", "yellow"),
    ("žlutý", "yellow"),
    ("žltá", "yellow"),
    ("žltý", "yellow"),
    ("sárga", "yellow"),
    ("sarı", "yellow"),
    ("galben", "yellow"),
    ("žuta", "yellow"),
    ("rumena", "yellow"),
    ("желт", "yellow"),
    ("жёлт", "yellow"),
    ("жовт", "yellow"),
    ("κίτριν", "yellow"),
    ("黄", "yellow"),
    ("黃", "yellow"),
    ("イエロー", "yellow"),
    ("옐로", "yellow"),
    ("노랑", "yellow"),
    ("노란", "yellow"),
    ("أصفر", "yellow"),
    ("צהוב", "yellow"),
    ("เหลือง", "yellow"),
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

/// The better of two words for one supply's colour: they agree where one is the other with more
/// said (`photo-black` and `black`), and then that one says more. Nothing where they disagree.
pub(super) fn agreed(one: &'static str, other: &'static str) -> Option<&'static str> {
    let says_more = |long: &str, short: &str| {
        let rest = long.strip_suffix(short);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
    };
    match (says_more(one, other), says_more(other, one)) {
        (true, _) => Some(one),
        (false, true) => Some(other),
        (false, false) => None,
    }
}

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
    static BY_OCTET: ByOctet<&str> = LazyLock::new(|| by_octet(WORDS.iter().copied()));
    let ends = |behind: &str| !behind.chars().next().is_some_and(is_letter);
    words_at(&BY_OCTET, text)
        .iter()
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
            ("Cartouche de toner noire", Some("black")),
            ("Schwarze Tinte", Some("black")),
            ("Cartuccia toner giallo", Some("yellow")),
            ("Cartucho de tóner amarillo", Some("yellow")),
            ("Černý toner", Some("black")),
            ("Тонер-картридж, Чёрный", Some("black")),
            ("Пурпурный тонер", Some("magenta")),
            ("トナー(黒)", Some("black")),
            ("청록 토너/시안", Some("cyan")),
            ("藍色碳粉", None),
        ] {
            assert_eq!(colorant(text), expected, "{text}");
        }
    }
}
