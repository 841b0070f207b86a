//! Text from devices and people, made harmless once, at the border.

use crate::as_text;
use crate::source::decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::{SmolStr, SmolStrBuilder};
use std::convert::Infallible;
use std::fmt;

/// Clean text of at most [`Text::MAX_CHARS`] characters.
///
/// It holds no control characters, no bidirectional marks (they reorder what a reader sees), no
/// noncharacters (XML 1.0 cannot carry them) and no runs of blanks, and neither starts nor ends
/// with a blank. Every layer after the decoder can therefore print, store and escape it without
/// another look. The bytes that the device really sent stay in the reading's source.
///
/// Cloning is cheap, and short texts need no memory of their own: an audit is made of many hundreds.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(SmolStr);

impl Text {
    /// Ceiling on the characters kept: a printer's longest useful string is under 300, and a
    /// hostile one must not fill a page.
    pub const MAX_CHARS: usize = 1024;

    /// Keeps the harmless characters of `raw`; control characters and blanks become one blank.
    pub fn clean(raw: &str) -> Self {
        if is_clean_ascii(raw.as_bytes()) {
            return Self(SmolStr::new(raw));
        }
        let mut out = String::with_capacity(raw.len().min(Self::MAX_CHARS));
        let mut kept = 0;
        let mut blank_pending = false;
        for character in raw.chars() {
            if character.is_whitespace() || character.is_control() {
                blank_pending = kept > 0;
                continue;
            }
            if is_invisible_trap(character) {
                continue;
            }
            let needed = 1 + usize::from(blank_pending);
            if kept + needed > Self::MAX_CHARS {
                break;
            }
            if blank_pending {
                out.push(' ');
                blank_pending = false;
            }
            out.push(character);
            kept += needed;
        }
        Self(SmolStr::new(out))
    }

    /// Takes a text of this program's own: words of printable ASCII with single blanks between
    /// them, which debug builds make sure of.
    pub const fn from_static(clean: &'static str) -> Self {
        debug_assert!(is_clean_ascii(clean.as_bytes()), "the text is not clean");
        Self(SmolStr::new_static(clean))
    }

    /// Numbers in decimal with dots between them, as the index of a table's row is written; cut where
    /// they are more than a text holds.
    pub fn dotted(numbers: &[u32]) -> Self {
        let mut text = SmolStrBuilder::new();
        let mut digits = [0; 20];
        for number in numbers {
            let number = decimal(u64::from(*number), &mut digits);
            if text.len() + 1 + number.len() > Self::MAX_CHARS {
                break;
            }
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(number);
        }
        Self(text.finish())
    }

    /// Like [`clean`](Self::clean), but nothing where nothing is left.
    pub fn non_empty(raw: &str) -> Option<Self> {
        let text = Self::clean(raw);
        (!text.0.is_empty()).then_some(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether nothing has to be done: the common case, told without looking at characters.
const fn is_clean_ascii(raw: &[u8]) -> bool {
    let mut rest = raw;
    // Before the first and behind the last character a blank is one too many.
    let mut behind_blank = true;
    while let [byte, behind @ ..] = rest {
        match *byte {
            b' ' if behind_blank => return false,
            b' ' | b'!'..=b'~' => behind_blank = *byte == b' ',
            _ => return false,
        }
        rest = behind;
    }
    raw.len() <= Text::MAX_CHARS && (raw.is_empty() || !behind_blank)
}

/// Characters that show nothing but change what is shown, or that XML 1.0 forbids.
fn is_invisible_trap(character: char) -> bool {
    let code = u32::from(character);
    matches!(code,
        0x00AD | 0x061C | 0x180E | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF
        | 0xFFF9..=0xFFFB | 0xE0000..=0xE007F | 0xFDD0..=0xFDEF)
        || code & 0xFFFE == 0xFFFE
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::clean(raw)
    }
}

impl From<String> for Text {
    fn from(raw: String) -> Self {
        Self::clean(&raw)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        as_text::deserialize(deserializer, |text| Ok::<_, Infallible>(Self::clean(text)))
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0.into()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padding_and_control_characters_become_single_blanks() {
        assert_eq!(Text::clean("  a\r\n\tb\u{0}\u{0}").as_str(), "a b");
    }

    #[test]
    fn numbers_have_dots_between_them() {
        assert_eq!(Text::dotted(&[]).as_str(), "");
        assert_eq!(Text::dotted(&[1, 0, u32::MAX]).as_str(), "1.0.4294967295");
        let text = Text::dotted(&[u32::MAX; 128]);
        assert!(text.as_str().len() <= Text::MAX_CHARS);
        assert!(text.as_str().ends_with("4294967295"));
    }

    #[test]
    fn long_text_is_cut() {
        let text = Text::clean(&"x".repeat(5000));
        assert_eq!(text.as_str().chars().count(), Text::MAX_CHARS);
    }

    proptest! {
        #[test]
        fn the_common_case_is_cleaned_like_any_other(raw in "[ -~\t]{0,12}") {
            let words: Vec<&str> = raw.split_whitespace().collect();
            prop_assert_eq!(Text::clean(&raw).to_string(), words.join(" "));
        }

        #[test]
        fn cleaning_twice_changes_nothing(raw in any::<String>()) {
            let once = Text::clean(&raw);
            prop_assert_eq!(Text::clean(once.as_str()), once);
        }
    }
}
