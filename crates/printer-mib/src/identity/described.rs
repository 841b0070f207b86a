//! The model in a sysDescr that no definition row takes apart: what stands behind the maker's name,
//! up to where versions and serial numbers begin.

use super::{Claim, is_model, maker};
use crate::classify::first_class;
use crate::definitions::ClassWord;
use crate::device::Device;
use crate::mib;
use crate::reading::with_charset;
use pagetally_model::Text;

/// Behind every definition row over sysDescr that takes a printer's model (55).
const RANK: u32 = 57;
/// Behind the rows that take a card's own name (90).
const RANK_OF_CARDS: u32 = 95;

/// The model, where the definitions know the sysDescr for a printer's.
pub(super) fn model(device: &Device<'_>) -> Option<Claim> {
    let (text, charset) = device.description.as_ref()?;
    let rank = match first_class(device.described.iter().copied())? {
        ClassWord::Printer => RANK,
        ClassWord::PrintServer => RANK_OF_CARDS,
        ClassWord::Other | ClassWord::Unsure => return None,
    };
    let behind = maker::without_maker(device.definitions, text);
    if behind == *text {
        return None;
    }
    let model = Text::non_empty(up_to_version(behind_company(behind.as_str())))?;
    // A model has a number; words alone name what kind of thing it is.
    let numbered = model.as_str().contains(|c: char| c.is_ascii_digit());
    let cell = device.cell(&mib::SYS_DESCR)?;
    let rule = with_charset("pagetally.model-behind-maker-in-sysDescr", *charset);
    (numbered && is_model(&model)).then(|| Claim::standard(model, cell, rule, rank))
}

/// What follows the words of a company's form behind its name: `Inc.,`, `Corporation`.
fn behind_company(text: &str) -> &str {
    const FORMS: &[&str] = &["inc.", "inc", "corporation", "corp.", "co.", "ltd.", "gmbh"];
    let mut rest = text.trim_start_matches([' ', ',']);
    loop {
        let word = rest.split([' ', ',']).next().unwrap_or_default();
        if !FORMS.iter().any(|form| word.eq_ignore_ascii_case(form)) {
            return rest;
        }
        let behind = rest.get(word.len()..).unwrap_or_default();
        rest = behind.trim_start_matches([' ', ',']);
    }
}

/// The words before the first that begins a version, a serial number or another part.
fn up_to_version(text: &str) -> &str {
    let mut end = 0;
    loop {
        let rest = text.get(end..).unwrap_or_default();
        let word = rest.trim_start();
        let start = end + rest.len() - word.len();
        let word = word.split(char::is_whitespace).next().unwrap_or_default();
        if word.is_empty() || ends_model(word, end == 0) {
            break;
        }
        let cut = word.find([';', ',', '(']);
        end = start + cut.unwrap_or(word.len());
        if cut.is_some() {
            break;
        }
    }
    let model = text
        .get(..end)
        .unwrap_or_default()
        .trim_end_matches([' ', ':', '-']);
    without_word(without_word(model, " printer"), " series")
}

fn without_word<'t>(model: &'t str, word: &str) -> &'t str {
    let at = model.len().checked_sub(word.len());
    match at.and_then(|at| model.split_at_checked(at)) {
        Some((front, behind)) if behind.eq_ignore_ascii_case(word) => front,
        _ => model,
    }
}

/// Words that begin what is no model any more.
fn ends_model(word: &str, first: bool) -> bool {
    const ENDS: &str = "- version ver ver. firmware fw rev rev. revision release s/n sn sn: serial \
                        build kernel rom hw print copyright";
    let digit = |c: char| c.is_ascii_digit();
    let numbered = |marks: &[&str]| {
        marks.iter().any(|mark| {
            let front = word.get(..mark.len());
            front.is_some_and(|front| front.eq_ignore_ascii_case(mark))
                && word
                    .get(mark.len()..)
                    .is_some_and(|rest| rest.starts_with(digit))
        })
    };
    let is_version = !first
        && word.contains('.')
        && word.starts_with(digit)
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    ENDS.split(' ').any(|end| word.eq_ignore_ascii_case(end))
        || word.starts_with(['(', '/'])
        || is_version
        || !first && numbered(&["v", "v.", "ver.", "rev.", "s/n:", "sn:"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_model_ends_where_versions_and_numbers_begin() {
        for (text, expected) in [
            ("AL-C2900; Net 96.51", "AL-C2900"),
            ("1720dn version NM.NA.N099 kernel 2.6.10", "1720dn"),
            ("MP C3002 1.12 / X Network Printer C model", "MP C3002"),
            ("SP 230SFNw, Firmware Ver.D  ,MID 8C5", "SP 230SFNw"),
            ("C500 V1.2", "C500"),
            ("V5000", "V5000"),
            ("CLX-3170 Series;V1.00", "CLX-3170"),
            ("5100cn (Net 6.26)", "5100cn"),
            ("PM43 S/N 123", "PM43"),
            ("LBP-0000e Printer /P", "LBP-0000e"),
            ("MP C0000 Series Printer", "MP C0000"),
            ("Print Server", ""),
            ("", ""),
        ] {
            assert_eq!(up_to_version(text), expected, "{text}");
        }
    }

    #[test]
    fn a_companys_form_is_no_part_of_a_model() {
        for (text, expected) in [
            ("Inc., LBP-0000e Printer", "LBP-0000e Printer"),
            (", Inc., Phaser 000N", "Phaser 000N"),
            ("Co., Ltd. M0000", "M0000"),
            ("Incline 9", "Incline 9"),
            ("Inc.", ""),
            ("", ""),
        ] {
            assert_eq!(behind_company(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_model_is_the_beginning_of_its_text(text in "[ aé1.;,(/V-]{0,40}") {
            prop_assert!(text.starts_with(up_to_version(&text)));
        }
    }
}
