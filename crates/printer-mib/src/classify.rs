//! Printer or not, by what a device answered so far.

use crate::definitions::{ClassWord, Definitions};
use crate::identity::longest_prefix;
use crate::mib;
use pagetally_snmp_engine::{Answers, Oid, Value};

/// What a device is, as far as its answers tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// A printer, by its own word.
    Printer,
    /// Certainly something else.
    Other,
    /// The answers so far do not tell.
    Unsure,
}

/// What the device is, by what it answered so far.
///
/// Hosts that share printers (net-snmp, Windows) answer with a printer row of their own: what a
/// definition calls "other" therefore beats hrDeviceType. A print server with nothing behind it is
/// unsure, and stays so.
pub fn classify(answers: &Answers, definitions: &Definitions) -> Class {
    match by_name(answers, definitions) {
        Some(class) => class,
        None if has_printer_row(answers) || has_printer_values(answers) => Class::Printer,
        None => Class::Unsure,
    }
}

/// Whether [`classify`] says printer.
pub fn is_printer(answers: &Answers, definitions: &Definitions) -> bool {
    classify(answers, definitions) == Class::Printer
}

/// By sysObjectID, then by sysDescr.
fn by_name(answers: &Answers, definitions: &Definitions) -> Option<Class> {
    if let Some(Value::ObjectIdentifier(oid)) = answers.get(&mib::SYS_OBJECT_ID)
        && let Some(class) = by_object_id(oid, definitions)
    {
        return Some(class);
    }
    let octets = answers.get(&mib::SYS_DESCR)?.as_octets()?;
    let text = crate::text::decode(octets, None).clean()?;
    let row = definitions
        .describes()
        .iter()
        .find(|row| row.class != ClassWord::Unsure && row.pattern.matches(text.as_str()))?;
    Some(match row.class {
        ClassWord::Printer => Class::Printer,
        ClassWord::Other => Class::Other,
        ClassWord::Unsure => return None,
    })
}

fn by_object_id(oid: &Oid, definitions: &Definitions) -> Option<Class> {
    let makers = definitions.makers().iter();
    let printer = makers
        .clone()
        .filter_map(|m| longest_prefix(&m.printers, oid));
    let other = makers.filter_map(|m| longest_prefix(&m.others, oid));
    match (printer.max(), other.max()) {
        (Some(printer), Some(other)) if other > printer => Some(Class::Other),
        (Some(_), _) => Some(Class::Printer),
        (None, Some(_)) => Some(Class::Other),
        (None, None) => None,
    }
}

fn has_printer_row(answers: &Answers) -> bool {
    answers
        .below(&mib::HR_DEVICE.column(2))
        .any(|(_, _, value)| matches!(value, Value::ObjectIdentifier(oid) if *oid == *mib::HR_DEVICE_PRINTER))
}

fn has_printer_values(answers: &Answers) -> bool {
    answers.below(&mib::PRT_MIB).next().is_some()
}
