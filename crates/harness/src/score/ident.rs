//! `ident.tsv`: printer or not, maker and model, from a system description alone.

use super::alike::{contains_whole_numbers, maker_is_in, same_maker, same_model, squeeze};
use super::folder::{ScoreError, ScoreProblem, read_text};
use super::sheet::{At, Got, Proof, Sheet};
use super::{Finding, Section, Verdict};
use pagetally_model::Text;
use pagetally_printer_mib::{Class, Definitions, classify, identify};
use pagetally_snmp_engine::{Answers, Oid, Value, VarBind};
use std::path::Path;

/// sysDescr.0.
const SYS_DESCR: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 1, 0];
/// sysObjectID.0.
const SYS_OBJECT_ID: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 2, 0];

/// One line: what a device says of itself, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentCase {
    /// The line in the file, counted from 1.
    pub line: usize,
    /// Whether it is a printer.
    pub is_printer: bool,
    /// sysDescr; empty where it is not known.
    pub description: String,
    /// sysObjectID, where it is known.
    pub object_id: Option<Oid>,
    /// The maker, where stated.
    pub vendor: Option<String>,
    /// The model, where stated.
    pub product: Option<String>,
}

/// Reads a table with the columns kind, sysDescr, sysObjectID, vendor, product; more may follow.
///
/// # Errors
///
/// A file that cannot be read, or the first line that is not of this form.
pub fn read_ident(file: &Path) -> Result<Vec<IdentCase>, ScoreError> {
    parse(&read_text(file)?).map_err(|problem| ScoreError {
        file: file.into(),
        problem,
    })
}

fn parse(text: &str) -> Result<Vec<IdentCase>, ScoreProblem> {
    let mut cases = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let cells: Vec<&str> = line.split('\t').collect();
        let line = number + 1;
        if cells.first() == Some(&"kind") || cells == [""] {
            continue;
        }
        let [kind, description, object_id, vendor, product, ..] = cells.as_slice() else {
            return Err(ScoreProblem::Columns(line));
        };
        let is_printer = match *kind {
            "printer" => true,
            "not_printer" => false,
            _ => return Err(ScoreProblem::Kind(line)),
        };
        let object_id = match object_id.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| ScoreProblem::ObjectId(line))?),
        };
        let stated = |cell: &str| Some(cell.trim().to_owned()).filter(|text| !text.is_empty());
        cases.push(IdentCase {
            line,
            is_printer,
            description: (*description).to_owned(),
            object_id,
            vendor: stated(vendor),
            product: stated(product),
        });
    }
    Ok(cases)
}

/// Holds the decoder against every case. Where a maker or model does not occur in the description,
/// and the decoder words it as the description does, the case does not count.
pub fn score_ident(cases: &[IdentCase], definitions: &Definitions) -> Vec<Finding> {
    let mut findings = Vec::new();
    for case in cases {
        let answers = case.answers();
        let maker = if case.is_printer {
            case.vendor.as_deref()
        } else {
            Some("(not a printer)")
        };
        let mut sheet = Sheet::new(&format!("ident.tsv:{}", case.line), maker);
        case.compare_class(classify(&answers, definitions), &mut sheet);
        if case.is_printer {
            let identity = identify(&answers, definitions);
            let sources = &identity.sources;
            let got = |text: &'_ Text, field| Got::of(text, sources, field);
            let vendor = identity.manufacturer.as_ref();
            case.compare_vendor(vendor.map(|v| (v, got(v, "manufacturer"))), &mut sheet);
            let model = identity.model.as_ref();
            case.compare_product(model.map(|m| (m, got(m, "model"))), &mut sheet);
        }
        findings.extend(sheet.into_findings());
    }
    findings
}

impl IdentCase {
    fn answers(&self) -> Answers {
        let mut answers = Answers::default();
        let mut put = |arcs: &[u32], value| {
            answers.insert(VarBind {
                oid: Oid::default().child(arcs),
                value,
            });
        };
        if !self.description.is_empty() {
            put(
                &SYS_DESCR,
                Value::OctetString(self.description.clone().into_bytes()),
            );
        }
        if let Some(oid) = &self.object_id {
            put(&SYS_OBJECT_ID, Value::ObjectIdentifier(oid.clone()));
        }
        answers
    }

    fn at<'a>(&'a self, field: &'a str) -> At<'a> {
        At {
            section: Section::Ident,
            field,
            place: Some(&self.description),
        }
    }

    /// "Unsure" is an answer about a device that is no printer: it is asked on, and not called one.
    fn compare_class(&self, class: Class, sheet: &mut Sheet) {
        let (verdict, got) = match (self.is_printer, class) {
            (true, Class::Printer) => (Verdict::Right, "printer"),
            (true, Class::Other) => (Verdict::Wrong, "not a printer"),
            (true, _) => (Verdict::Absent, "unsure"),
            (false, Class::Printer) => (Verdict::Wrong, "printer"),
            (false, Class::Other) => (Verdict::Right, "not a printer"),
            (false, _) => (Verdict::Right, "unsure"),
        };
        let expected = if self.is_printer {
            "printer"
        } else {
            "not a printer"
        };
        sheet.add(
            self.at("class"),
            verdict,
            expected,
            Some(Got::new(got, None)),
            None,
        );
    }

    fn compare_vendor(&self, got: Option<(&Text, Got<'_>)>, sheet: &mut Sheet) {
        let Some(stated) = self.vendor.as_deref() else {
            return;
        };
        let text = got.as_ref().map(|(text, _)| text.as_str());
        let same = text.is_some_and(|text| same_maker(stated, text));
        let held = self.object_id.is_some() || maker_is_in(stated, &self.description);
        let own = text.is_some_and(|text| maker_is_in(text, &self.description));
        self.compare("manufacturer", stated, got, same, held, own, sheet);
    }

    fn compare_product(&self, got: Option<(&Text, Got<'_>)>, sheet: &mut Sheet) {
        let Some(stated) = self.product.as_deref() else {
            return;
        };
        let is_in_description =
            |text: &str| contains_whole_numbers(&squeeze(&self.description), &squeeze(text));
        let text = got.as_ref().map(|(text, _)| text.as_str());
        let same = text.is_some_and(|text| same_model(stated, text, self.vendor.as_deref()));
        let own = text.is_some_and(is_in_description);
        self.compare(
            "model",
            stated,
            got,
            same,
            is_in_description(stated),
            own,
            sheet,
        );
    }

    fn compare(
        &self,
        field: &str,
        stated: &str,
        got: Option<(&Text, Got<'_>)>,
        same: bool,
        held: bool,
        own: bool,
        sheet: &mut Sheet,
    ) {
        let shown = got.map(|(_, got)| got);
        if !same && !held && own {
            sheet.add(self.at(field), Verdict::NotInRecording, stated, shown, None);
            return;
        }
        sheet.compare(self.at(field), stated, shown, same, || {
            if held {
                Proof::Held("in the description".to_owned())
            } else {
                Proof::NotHeld
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(is_printer: bool) -> IdentCase {
        IdentCase {
            line: 2,
            is_printer,
            description: "ACME Jet 9 rev 2".to_owned(),
            object_id: None,
            vendor: Some("ACME".to_owned()),
            product: Some("Jet 9".to_owned()),
        }
    }

    fn verdict(compare: impl FnOnce(&mut Sheet)) -> Verdict {
        let mut sheet = Sheet::new("ident.tsv:2", None);
        compare(&mut sheet);
        sheet.into_findings().remove(0).verdict
    }

    #[test]
    fn a_switch_called_a_printer_is_wrong_and_an_unsure_answer_about_it_is_not() {
        let read =
            |is_printer, class| verdict(|sheet| case(is_printer).compare_class(class, sheet));
        assert_eq!(read(false, Class::Printer), Verdict::Wrong);
        assert_eq!(read(false, Class::Unsure), Verdict::Right);
        assert_eq!(read(true, Class::Other), Verdict::Wrong);
        assert_eq!(read(true, Class::Unsure), Verdict::Absent);
        assert_eq!(read(true, Class::Printer), Verdict::Right);
    }

    fn product(case: &IdentCase, got: Option<&str>) -> Verdict {
        let text = got.map(Text::clean);
        let got = text.as_ref().map(|text| (text, Got::new(text, None)));
        verdict(|sheet| case.compare_product(got, sheet))
    }

    #[test]
    fn a_model_is_compared_with_what_the_description_can_tell() {
        let mut case = case(true);
        assert_eq!(product(&case, Some("Jet 9")), Verdict::Right);
        assert_eq!(product(&case, Some("Jet 8")), Verdict::Wrong);
        assert_eq!(product(&case, None), Verdict::Absent);
        case.product = Some("Laser 77".to_owned());
        assert_eq!(product(&case, None), Verdict::NotInRecording);
        assert_eq!(product(&case, Some("Jet 9")), Verdict::NotInRecording);
        assert_eq!(product(&case, Some("Inkwell 3")), Verdict::Wrong);
    }

    #[test]
    fn another_maker_than_the_description_names_is_wrong() {
        let got = Text::clean("Other");
        let found = verdict(|sheet| {
            case(true).compare_vendor(Some((&got, Got::new(&got, None))), sheet);
        });
        assert_eq!(found, Verdict::Wrong);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        assert!(matches!(
            parse("kind\tx\nprinter\tonly two"),
            Err(ScoreProblem::Columns(2))
        ));
        assert!(matches!(
            parse("toaster\ta\t\tb\tc"),
            Err(ScoreProblem::Kind(1))
        ));
        assert!(matches!(
            parse("printer\ta\t1.x\tb\tc"),
            Err(ScoreProblem::ObjectId(1))
        ));
        let cases = parse("printer\tACME\t.1.3.6\tACME\t\trest\n\n").expect("valid");
        assert_eq!(cases.len(), 1);
        assert_eq!(cases[0].product, None);
    }
}
