//! Octets from a device to clean text.
//!
//! What a device declares and what it sends differ, even within one device, so the order is:
//! ASCII, then UTF-8 where the octets prove it, then what prtLocalization declares, then
//! Windows-1252. The raw octets stay in the reading's source, so a later rule can do better.

mod charset;
mod codepages;
mod pattern;

pub(crate) use charset::Charset;
pub(crate) use pattern::{Pattern, PatternError};

use pagetally_model::Text;
use std::borrow::Cow;

/// Text and the character set that it took to read it; none where ASCII and UTF-8 were enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decoded<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) charset: Option<&'static str>,
}

impl Decoded<'_> {
    /// The clean form; nothing where nothing is left.
    pub(crate) fn clean(&self) -> Option<Text> {
        if self.text.contains('\u{1b}') {
            return Text::non_empty(&without_escapes(&self.text));
        }
        Text::non_empty(&self.text)
    }
}

/// A text without its escape sequences: terminals' (ECMA-48 section 5.4, `ESC [ ... letter`) and
/// printers' (PCL's `ESC & l 1 O`, of which the first capital letter is the end). What a sequence
/// says is no text, and its letters are none.
fn without_escapes(text: &str) -> String {
    /// The longest sequence that is looked for: what does not end is no sequence.
    const LONGEST: usize = 16;
    let mut parts = text.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.char_indices().take(LONGEST);
        let end = match letters.next() {
            Some((_, '[')) => letters.find(|(_, letter)| ('@'..='~').contains(letter)),
            Some((_, '!'..='/')) => letters.find(|(_, letter)| ('@'..='Z').contains(letter)),
            // Two characters are the whole of it.
            first => first.filter(|(_, letter)| letter.is_ascii()),
        };
        let behind = end.map_or(0, |(at, letter)| at + letter.len_utf8());
        out.push(' ');
        out.push_str(part.get(behind..).unwrap_or_default());
    }
    out
}

/// Reads octets; `declared` is what the device says that it uses.
pub(crate) fn decode(octets: &[u8], declared: Option<Charset>) -> Decoded<'_> {
    if let Some(charset) = wide(octets, declared) {
        return Decoded {
            text: charset.decode(octets),
            charset: Some(charset.name()),
        };
    }
    let octets = of_c(octets);
    let escapes = octets.contains(&0x1b) && declared.is_some_and(Charset::is_seven_bit);
    if let Some(text) = utf8(octets).filter(|_| !escapes) {
        return plain(Cow::Borrowed(text));
    }
    let charset = declared.unwrap_or(Charset::WINDOWS_1252);
    Decoded {
        text: charset.decode(octets),
        charset: Some(charset.name()),
    }
}

/// Reads a string whose first two octets name HP's symbol set (PML): number * 32 + letter - 64.
/// Without a known prefix it is an ordinary string.
pub(crate) fn decode_symbol_set(octets: &[u8], declared: Option<Charset>) -> Decoded<'_> {
    let prefixed = octets
        .split_at_checked(2)
        .and_then(|(prefix, rest)| Some((Charset::of_symbol_set(prefix)?, rest)));
    match prefixed {
        Some((charset, rest)) => {
            let mut decoded = decode(rest, Some(charset));
            // Which set it was stands in the string itself: no fallback was needed.
            decoded.charset = None;
            decoded
        }
        None => decode(octets, declared),
    }
}

fn plain(text: Cow<'_, str>) -> Decoded<'_> {
    Decoded {
        text,
        charset: None,
    }
}

/// Two octets a letter: of ASCII text every other octet is NUL. A declaration alone is not enough,
/// since devices that declare it send UTF-8.
fn wide(octets: &[u8], declared: Option<Charset>) -> Option<Charset> {
    if !octets.contains(&0) {
        return None;
    }
    let pairs = octets.chunks_exact(2);
    if octets.len() < 4 || !pairs.remainder().is_empty() {
        return None;
    }
    let letters = pairs.clone().filter(|pair| *pair != [0, 0]).count();
    let zeros = |place: usize| {
        let zero = |pair: &&[u8]| pair.get(place) == Some(&0) && *pair != [0, 0];
        pairs.clone().filter(zero).count()
    };
    let (high, low) = (zeros(0), zeros(1));
    // Two short strings with NULs between them are no pair after pair of letters.
    let most = letters >= 2 && letters == high.max(low);
    let declared = declared.filter(|charset| charset.is_wide() && high.max(low) > 0);
    if declared.is_some() {
        return declared;
    }
    let number = if high > low { 1013 } else { 1014 };
    most.then(|| Charset::of_mib_enum(number)).flatten()
}

/// What a program in C would read: blanks and line ends around it are padding, NULs in front too, and
/// the first NUL behind a letter is the end, whatever an older and longer text left behind it.
fn of_c(octets: &[u8]) -> &[u8] {
    let padding = |octet: &u8| matches!(octet, 0 | b' ' | b'\r' | b'\n' | b'\t');
    let start = octets.iter().position(|octet| !padding(octet));
    let octets = octets
        .get(start.unwrap_or(octets.len())..)
        .unwrap_or_default();
    let octets = octets.split(|octet| *octet == 0).next().unwrap_or_default();
    let end = octets.iter().rposition(|octet| !padding(octet));
    octets
        .get(..end.map_or(0, |last| last + 1))
        .unwrap_or_default()
}

/// The octets as ASCII or UTF-8; a tail that the device cut off inside a sequence is dropped where
/// a whole sequence stands before it.
fn utf8(octets: &[u8]) -> Option<&str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            let whole = octets.get(..error.valid_up_to())?;
            (!whole.is_ascii())
                .then(|| std::str::from_utf8(whole).ok())
                .flatten()
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(octets: &[u8], declared: Option<u32>, expected: &str) {
        let charset = declared.and_then(Charset::of_mib_enum);
        let found = decode(octets, charset).clean();
        let found = found.as_ref().map_or("", Text::as_str);
        assert_eq!(found, expected, "{octets:02x?} under {declared:?}");
    }

    #[test]
    fn what_the_octets_prove_beats_what_is_declared() {
        check(b"Kit manuten\x87\xc6o", Some(2009), "Kit manutenção");
        check(b"bot\xc3\xa3o", Some(2009), "botão");
        check(b"\xe9\xbb\x91\xe8\x89\xb2", Some(3), "黑色");
        check(b"Pr\xc3\xaat", Some(2004), "Prêt");
        check(b"Cart\xe4es", Some(2009), "Cartões");
        check(b"\xb4C 5\xb3", Some(2004), "ÇC 5°");
        check(b"\x83g\x83i\x81[", Some(17), "トナー");
    }

    #[test]
    fn undeclared_octets_are_windows_1252() {
        check(b"Toner noir \xe9puis\xe9", None, "Toner noir épuisé");
        check(b"\x93T\x94", Some(106), "“T”");
    }

    #[test]
    fn padding_is_no_text() {
        check(b"HP LaserJet\0\0", None, "HP LaserJet");
        check(b"Ready           \r\n", None, "Ready");
        check(b"Line one\r\nLine  two", None, "Line one Line two");
        check(b"\0\0\0", None, "");
    }

    #[test]
    fn what_stands_behind_the_end_of_a_string_is_not_read() {
        check(b"HP LaserJet\0et Pro 400", None, "HP LaserJet");
        check(b"\0\0Ready\0", None, "Ready");
    }

    #[test]
    fn two_octets_a_letter_are_told_by_their_nuls() {
        check(b"\0R\0e\0a\0d\0y", Some(2004), "Ready");
        check(b"R\0e\0a\0d\0y\0\0\0", None, "Ready");
        check(b"\x9e\xd1\0 \0A", Some(1013), "黑 A");
        check(b"A\0", None, "A");
        check(b"AB\0\0", None, "AB");
    }

    #[test]
    fn escape_sequences_are_no_text() {
        check(b"\x1b[1mReady\x1b[0m", None, "Ready");
        check(b"\x1bE\x1b&l1OTray 1\x1b%-12345X", None, "Tray 1");
        check(b"Ready\x1b", None, "Ready");
        check("a\u{1b}\u{202e}gnol\u{2066}".as_bytes(), None, "a gnol");
    }

    #[test]
    fn a_utf8_string_cut_inside_a_character_keeps_the_rest() {
        check(b"\xe9\xbb\x91\xe8\x89", Some(4), "黑");
    }

    #[test]
    fn a_seven_bit_escape_set_is_decoded_although_it_is_ascii() {
        check(b"\x1b$B%H%J!<\x1b(B", Some(39), "トナー");
    }

    #[test]
    fn a_symbol_set_prefix_is_not_part_of_the_text() {
        let text = |octets: &[u8]| decode_symbol_set(octets, None).clean();
        assert_eq!(text(b"\x01\x15\xc5\x00"), Text::non_empty("é"));
        assert_eq!(text(b"\x02\x4e\xc3\xa9"), Text::non_empty("é"));
        assert_eq!(text(b"\xfd\xe8DesignJet"), Text::non_empty("DesignJet"));
        assert_eq!(text(b"AB12"), Text::non_empty("AB12"));
    }

    proptest! {
        #[test]
        fn no_octets_panic_and_decoding_has_one_answer(
            octets in prop::collection::vec(any::<u8>(), 0..64),
            declared in prop::option::of(0_u32..2300),
        ) {
            let charset = declared.and_then(Charset::of_mib_enum);
            prop_assert_eq!(decode(&octets, charset), decode(&octets, charset));
            let _ = decode_symbol_set(&octets, charset).clean();
        }

        #[test]
        fn valid_utf8_is_read_as_it_is(text in "[a-zà-ÿ]{1,20}[黑白]") {
            for declared in [None, Charset::of_mib_enum(2009)] {
                prop_assert_eq!(decode(text.as_bytes(), declared).text, text.as_str());
            }
        }
    }
}
