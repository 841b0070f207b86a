//! Printer or not, by what a device answered so far.

use crate::definitions::{ClassWord, Definitions, DescribeRow};
use crate::device::Device;
use crate::identity::{longest_prefix, names_a_printer};
use crate::mib;
use pagetally_model::Text;
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
/// A printer is worth reading: it may be a print server by its name, and only a read device can
/// show whether anything stands behind it ([`is_bare_print_server`]).
///
/// Hosts that share printers (net-snmp, Windows) answer with a printer row of their own: what a
/// definition calls a host or something else beats hrDeviceType. No host answers anything of the
/// Printer MIB (RFC 3805), so that a controller inside a printer shows itself by that.
pub fn classify(answers: &Answers, definitions: &Definitions) -> Class {
    let shown = || has_printer_row(answers) || has_printer_values(answers);
    match definitions.named(answers).kind {
        Some(Kind::Printer | Kind::PrintServer) => Class::Printer,
        Some(Kind::Host) if has_printer_values(answers) => Class::Printer,
        Some(Kind::Host | Kind::Other) => Class::Other,
        None if shown() => Class::Printer,
        None => Class::Unsure,
    }
}

/// Whether [`classify`] says printer.
pub fn is_printer(answers: &Answers, definitions: &Definitions) -> bool {
    classify(answers, definitions) == Class::Printer
}

/// Whether a device that was read to the end is a print server with nothing behind it: its
/// sysDescr names one, and no device row, no object of the Printer MIB, no IEEE 1284 device ID and
/// no maker's own object names a printer.
pub fn is_bare_print_server(answers: &Answers, definitions: &Definitions) -> bool {
    definitions.named(answers).described == Some(Kind::PrintServer)
        && !has_printer_row(answers)
        && !has_printer_values(answers)
        && !names_a_printer(&Device::new(answers, definitions, &mut Vec::new()))
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Printer,
    PrintServer,
    Host,
    Other,
}

/// By sysObjectID and what sysDescr says. A sysDescr that names something else is believed whatever
/// the number: makers of printers make projectors too. One that names a printer is believed where the
/// number tells nothing, or only which agent runs there.
pub(crate) fn by_name(
    object_id: Option<&Oid>,
    described: Option<Kind>,
    definitions: &Definitions,
) -> Option<Kind> {
    let number = object_id.and_then(|oid| by_object_id(oid, definitions));
    match (number, described) {
        (_, Some(Kind::Other)) => Some(Kind::Other),
        (None | Some(Kind::Host), Some(described)) => Some(described),
        (number, _) => number,
    }
}

fn by_object_id(oid: &Oid, definitions: &Definitions) -> Option<Kind> {
    let longest = |roots: fn(&crate::definitions::Maker) -> &[Oid]| {
        let makers = definitions.makers().iter();
        makers.filter_map(|m| longest_prefix(roots(m), oid)).max()
    };
    [
        (longest(|maker| &maker.others), Kind::Other),
        (longest(|maker| &maker.hosts), Kind::Host),
        // Where prefixes are equally long, the last of them: a printer.
        (longest(|maker| &maker.printers), Kind::Printer),
    ]
    .into_iter()
    .filter_map(|(length, kind)| Some((length?, kind)))
    .max_by_key(|(length, _)| *length)
    .map(|(_, kind)| kind)
}

/// What the first row that covers sysDescr says.
pub(crate) fn by_description(text: Option<&Text>, definitions: &Definitions) -> Option<Kind> {
    let text = text?;
    let rows = definitions.describes().iter();
    match first_class(rows.filter(|row| row.covers(text.as_str())))? {
        ClassWord::Other => Some(Kind::Other),
        ClassWord::PrintServer => Some(Kind::PrintServer),
        ClassWord::Printer => Some(Kind::Printer),
        ClassWord::Unsure => None,
    }
}

/// The class of the first of the rows that does not leave it open.
pub(crate) fn first_class<'d>(
    covering: impl IntoIterator<Item = &'d DescribeRow>,
) -> Option<ClassWord> {
    let mut classes = covering.into_iter().map(|row| row.class);
    classes.find(|class| *class != ClassWord::Unsure)
}

fn has_printer_row(answers: &Answers) -> bool {
    answers
        .below(&mib::HR_DEVICE.column(2))
        .any(|(_, _, value)| matches!(value, Value::ObjectIdentifier(oid) if *oid == *mib::HR_DEVICE_PRINTER))
}

fn has_printer_values(answers: &Answers) -> bool {
    answers.below(&mib::PRT_MIB).next().is_some()
}
