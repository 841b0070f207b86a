//! Character sets by their IANA MIBenum (prtLocalizationCharacterSet, RFC 3805) and by HP's symbol
//! set codes.

use super::codepages::{CP437, CP850, CP852, CP858, HP_ROMAN8};
use encoding_rs::Encoding;
use std::borrow::Cow;

/// A character set that can be decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charset {
    name: &'static str,
    decoder: Decoder,
}

#[derive(Clone, Copy, Debug)]
enum Decoder {
    /// Octets below 0x80 are ASCII, the rest stands in the table.
    Table(&'static [char; 128]),
    Encoding(&'static Encoding),
}

impl Charset {
    /// What undeclared octets are taken for: of the Western sets the one without holes.
    pub(crate) const WINDOWS_1252: Self =
        Self::new("windows-1252", Decoder::Encoding(encoding_rs::WINDOWS_1252));

    const fn new(name: &'static str, decoder: Decoder) -> Self {
        Self { name, decoder }
    }

    /// The set's name, as it stands behind a rule's name.
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// Whether its text may look like ASCII and be none (ISO 2022 escapes).
    pub(crate) fn is_seven_bit(self) -> bool {
        self.name == "iso-2022-jp"
    }

    /// Whether its letters are two octets each.
    pub(crate) fn is_wide(self) -> bool {
        self.name.starts_with("utf-16")
    }

    /// Decodes; octets without a meaning become U+FFFD.
    pub(crate) fn decode(self, octets: &[u8]) -> Cow<'_, str> {
        match self.decoder {
            Decoder::Encoding(encoding) => encoding.decode_without_bom_handling(octets).0,
            Decoder::Table(table) => octets
                .iter()
                .map(|octet| match octet.checked_sub(0x80) {
                    None => char::from(*octet),
                    Some(upper) => table
                        .get(usize::from(upper))
                        .copied()
                        .unwrap_or(char::REPLACEMENT_CHARACTER),
                })
                .collect::<String>()
                .into(),
        }
    }

    /// The set with this IANA MIBenum. ASCII and UTF-8 need no decoder; unknown numbers have none.
    pub(crate) fn of_mib_enum(number: u32) -> Option<Self> {
        use encoding_rs as e;
        let encoding = |name, encoding| Some(Self::new(name, Decoder::Encoding(encoding)));
        match number {
            4 => Some(Self::WINDOWS_1252),
            5 => encoding("iso-8859-2", e::ISO_8859_2),
            6 => encoding("iso-8859-3", e::ISO_8859_3),
            7 => encoding("iso-8859-4", e::ISO_8859_4),
            8 => encoding("iso-8859-5", e::ISO_8859_5),
            9 => encoding("iso-8859-6", e::ISO_8859_6),
            10 => encoding("iso-8859-7", e::ISO_8859_7),
            11 => encoding("iso-8859-8", e::ISO_8859_8),
            12 => encoding("windows-1254", e::WINDOWS_1254),
            13 => encoding("iso-8859-10", e::ISO_8859_10),
            17 | 2024 => encoding("shift_jis", e::SHIFT_JIS),
            18 => encoding("euc-jp", e::EUC_JP),
            36 | 38 => encoding("euc-kr", e::EUC_KR),
            39 => encoding("iso-2022-jp", e::ISO_2022_JP),
            57 | 113 | 2025 => encoding("gbk", e::GBK),
            109 => encoding("iso-8859-13", e::ISO_8859_13),
            110 => encoding("iso-8859-14", e::ISO_8859_14),
            111 => encoding("iso-8859-15", e::ISO_8859_15),
            112 => encoding("iso-8859-16", e::ISO_8859_16),
            114 => encoding("gb18030", e::GB18030),
            1000 | 1013 | 1015 => encoding("utf-16be", e::UTF_16BE),
            1014 => encoding("utf-16le", e::UTF_16LE),
            2000 | 2001 => Some(Self::WINDOWS_1252),
            2002 => encoding("iso-8859-2", e::ISO_8859_2),
            2003 => encoding("windows-1254", e::WINDOWS_1254),
            2004 => Some(Self::new("hp-roman8", Decoder::Table(&HP_ROMAN8))),
            2009 => Some(Self::new("ibm850", Decoder::Table(&CP850))),
            2010 => Some(Self::new("ibm852", Decoder::Table(&CP852))),
            2011 => Some(Self::new("ibm437", Decoder::Table(&CP437))),
            2026 | 2101 => encoding("big5", e::BIG5),
            2027 => encoding("macintosh", e::MACINTOSH),
            2084 => encoding("koi8-r", e::KOI8_R),
            2086 => encoding("ibm866", e::IBM866),
            2088 => encoding("koi8-u", e::KOI8_U),
            2089 => Some(Self::new("ibm858", Decoder::Table(&CP858))),
            2109 | 2259 => encoding("windows-874", e::WINDOWS_874),
            2250 => encoding("windows-1250", e::WINDOWS_1250),
            2251 => encoding("windows-1251", e::WINDOWS_1251),
            2252 => Some(Self::WINDOWS_1252),
            2253 => encoding("windows-1253", e::WINDOWS_1253),
            2254 => encoding("windows-1254", e::WINDOWS_1254),
            2255 => encoding("windows-1255", e::WINDOWS_1255),
            2256 => encoding("windows-1256", e::WINDOWS_1256),
            2257 => encoding("windows-1257", e::WINDOWS_1257),
            2258 => encoding("windows-1258", e::WINDOWS_1258),
            _ => None,
        }
    }

    /// The set that a two-octet PCL symbol set code names; nothing for a code that none is known
    /// for, since two ordinary letters are also two octets.
    pub(super) fn of_symbol_set(prefix: &[u8]) -> Option<Self> {
        let mib_enum = match prefix {
            // 0N, ISO 8859-1; and 9U and 19U, the two Windows Latin-1 sets.
            [0x00, 0x0e] | [0x01, 0x35] | [0x02, 0x75] => 4,
            // 2N and 5N, ISO 8859-2 and -9; 9N, ISO 8859-15.
            [0x00, 0x4e] => 5,
            [0x00, 0xae] => 12,
            [0x01, 0x2e] => 111,
            // 0U, ASCII: whatever else stands there is a guess, Roman-8 is HP's own habit. 8U.
            [0x00, 0x15] | [0x01, 0x15] => 2004,
            // 10U, 12U and 17U: code pages 437, 850, 852.
            [0x01, 0x55] => 2011,
            [0x01, 0x95] => 2009,
            [0x02, 0x35] => 2010,
            // 19K, Shift_JIS.
            [0x02, 0x6b] => 17,
            // 18N, UTF-8; and 65000, which one DesignJet puts before plain text. UTF-8 is tried
            // before any declared set, so the set named here is only the fallback.
            [0x02, 0x4e] | [0xfd, 0xe8] => 4,
            _ => return None,
        };
        Self::of_mib_enum(mib_enum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_own_code_page_has_its_landmarks() {
        let letter = |number, octet: u8| {
            let charset = Charset::of_mib_enum(number).expect("known");
            charset.decode(&[octet]).into_owned()
        };
        assert_eq!(letter(2011, 0x9b), "¢");
        assert_eq!(letter(2009, 0x9b), "ø");
        assert_eq!(letter(2010, 0x9b), "Ť");
        assert_eq!(letter(2089, 0xd5), "€");
        assert_eq!(letter(2089, 0xd4), "È");
        assert_eq!(letter(2004, 0xcc), "ä");
    }

    #[test]
    fn ascii_and_utf8_and_the_unknown_have_no_decoder() {
        for number in [0, 3, 106, 9999] {
            assert!(Charset::of_mib_enum(number).is_none(), "{number}");
        }
    }
}
