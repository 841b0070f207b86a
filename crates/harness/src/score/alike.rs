//! When two wordings mean the same. Sources and devices word makers, models and firmware each in
//! their own way; every rule here says what it forgives, and nothing else is forgiven.

/// Words that say nothing about which model it is.
const FILLERS: [&str; 5] = ["series", "printer", "multifunction", "system", "model"];

/// Makers who are known by two unlike names.
const RENAMED: [(&[&str], &str); 3] = [
    (&["hewlett", "packard"], "hp"),
    (&["seiko", "epson"], "epson"),
    (&["ta", "triumph", "adler"], "triumph-adler"),
];

/// Lower-case letters and digits only.
pub(super) fn squeeze(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .map(plain)
        .collect()
}

/// Lower-case runs of letters and digits.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(squeeze)
        .filter(|word| !word.is_empty())
        .collect()
}

/// The letter without its accent, for the accents in makers' names (Océ).
fn plain(letter: char) -> char {
    match letter {
        'é' | 'è' | 'ê' => 'e',
        other => other,
    }
}

fn maker_words(maker: &str) -> Vec<String> {
    let words = words(maker);
    for (long, short) in RENAMED {
        if words.starts_with(
            &long
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        ) {
            let rest = words.iter().skip(long.len()).cloned();
            return short.split('-').map(str::to_owned).chain(rest).collect();
        }
    }
    words
}

/// The words of one begin the other: `Zebra`, `Zebra Technologies`; but not `Xerox`, `Fuji Xerox`.
pub(super) fn same_maker(one: &str, other: &str) -> bool {
    let (one, other) = (maker_words(one), maker_words(other));
    !one.is_empty() && !other.is_empty() && (one.starts_with(&other) || other.starts_with(&one))
}

/// Whether a text names a maker: by the first word of one of the maker's names.
pub(super) fn maker_is_in(maker: &str, text: &str) -> bool {
    let text = words(text);
    [words(maker), maker_words(maker)]
        .iter()
        .filter_map(|names| names.first())
        .any(|name| text.contains(name))
}

/// Exactly, once blanks around them are gone.
pub(super) fn same_serial(one: &str, other: &str) -> bool {
    one.trim() == other.trim()
}

/// Letter case aside.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// One contains the other, letter case aside; the shorter has at least three characters and does
/// not cut a number in two.
pub(super) fn same_firmware(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim().to_lowercase(), other.trim().to_lowercase());
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    short == long || (short.chars().count() >= 3 && contains_whole_numbers(&long, &short))
}

/// Letters and digits of one are part of the other.
pub(super) fn same_description(one: &str, other: &str) -> bool {
    let (one, other) = (squeeze(one), squeeze(other));
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if short.is_empty() {
        long.is_empty()
    } else {
        contains_whole_numbers(&long, &short)
    }
}

/// What is left of a model once the maker's words in front and filler words are gone.
fn core_words(model: &str, maker: Option<&str>) -> Vec<String> {
    let model = words(model);
    let mut rest = model.as_slice();
    let given = maker.map(words).unwrap_or_default();
    for prefix in [given, maker.map(maker_words).unwrap_or_default()] {
        rest = rest.strip_prefix(prefix.as_slice()).unwrap_or(rest);
    }
    let core: Vec<String> = rest
        .iter()
        .filter(|word| !FILLERS.contains(&word.as_str()))
        .cloned()
        .collect();
    if core.is_empty() { model } else { core }
}

fn has_digit(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

/// Whether two wordings name the same model; the module of the score states the rule.
pub(super) fn same_model(expected: &str, got: &str, maker: Option<&str>) -> bool {
    let (expected, got) = (core_words(expected, maker), core_words(got, maker));
    let numbered = |words: &[String]| -> Vec<String> {
        let mut found: Vec<String> = words.iter().filter(|w| has_digit(w)).cloned().collect();
        found.sort();
        found.dedup();
        found
    };
    let numbers = numbered(&expected);
    if !numbers.is_empty() && numbers == numbered(&got) {
        return true;
    }
    let (expected, got) = (expected.concat(), got.concat());
    let (short, long) = if expected.len() <= got.len() {
        (&expected, &got)
    } else {
        (&got, &expected)
    };
    !short.is_empty()
        && (has_digit(short) || !has_digit(&expected))
        && contains_whole_numbers(long, short)
}

/// Whether a model is (part of) the device's own description of itself: a number in it, or all of
/// the description.
pub(super) fn is_own_wording(got: &str, description: &str, maker: Option<&str>) -> bool {
    let got = core_words(got, maker).concat();
    let description = core_words(description, maker).concat();
    !got.is_empty()
        && (got == description || (has_digit(&got) && contains_whole_numbers(&description, &got)))
}

/// Whether `part` occurs in `whole` without a number of `whole` being cut in two.
pub(super) fn contains_whole_numbers(whole: &str, part: &str) -> bool {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    !part.is_empty()
        && whole.match_indices(part).any(|(start, found)| {
            let before = whole[..start].chars().next_back();
            let after = whole[start + found.len()..].chars().next();
            let cuts_before = is_digit(before) && is_digit(found.chars().next());
            let cuts_after = is_digit(after) && is_digit(found.chars().next_back());
            !cuts_before && !cuts_after
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_are_the_same_when_one_begins_the_other() {
        for (one, other, same) in [
            ("Zebra", "Zebra Technologies", true),
            ("HP", "Hewlett-Packard", true),
            ("Epson", "SEIKO EPSON", true),
            ("Oce", "Océ", true),
            ("TA Triumph-Adler", "Triumph-Adler", true),
            ("Xerox", "Fuji Xerox", false),
            ("Konica Minolta", "Konica", true),
            ("Dell", "Lexmark", false),
            ("HP", "", false),
        ] {
            assert_eq!(same_maker(one, other), same, "{one} / {other}");
            assert_eq!(same_maker(other, one), same, "{other} / {one}");
        }
    }

    #[test]
    fn models_are_the_same_without_maker_fillers_and_punctuation() {
        for (expected, got, maker, same) in [
            ("WorkCentre 6605", "WorkCentre 6605DN", "Xerox", true),
            ("EPSON CW-C6500Au", "CW-C6500Au", "Epson", true),
            ("Brother HL-L8260CDW series", "HL-L8260CDW", "Brother", true),
            ("HL-5370DW [001ba90ba752]", "HL-5370DW", "Brother", true),
            (
                "Color LaserJet flow MFP M880",
                "LaserJet Color M880",
                "HP",
                true,
            ),
            ("Phaser 6180 MFP", "Phaser 6180MFP-D", "Xerox", true),
            ("5210n", "Laser Printer 5210n", "Dell", true),
            ("Phaser 6600", "Phaser", "Xerox", false),
            ("MX711", "MX7115", "Lexmark", false),
            ("MX711", "MX71", "Lexmark", false),
            ("C250i", "C360i", "Konica Minolta", false),
            ("bizhub C224", "bizhub C224e", "Konica Minolta", true),
            ("LaserJet", "LaserJet", "HP", true),
        ] {
            assert_eq!(
                same_model(expected, got, Some(maker)),
                same,
                "{expected} / {got}"
            );
        }
    }

    #[test]
    fn a_model_may_be_worded_as_the_device_words_it() {
        let description = "HP LaserJet MFP M130nw";
        assert!(is_own_wording(
            "LaserJet MFP M130nw",
            description,
            Some("HP")
        ));
        assert!(!is_own_wording("LaserJet", description, Some("HP")));
        assert!(!is_own_wording("LaserJet MFP M13", description, Some("HP")));
    }

    #[test]
    fn a_serial_number_forgives_only_blanks() {
        assert!(same_serial(" VD21457943 ", "VD21457943"));
        assert!(!same_serial("VD21457943", "vd21457943"));
        assert!(!same_serial("74636C6601FK2", "74636C6601FK2-130-0"));
    }

    #[test]
    fn firmware_is_part_of_the_longer_wording() {
        assert!(same_firmware("V61.17.17Z", "ZTC-V61.17.17Z"));
        assert!(same_firmware("1.01", "Ver.1.01"));
        assert!(!same_firmware("1.102", "1.10"));
        assert!(!same_firmware("12", "4.12"));
    }
}
