//! Tells a printer from any other agent, by the answers to one probe.

use crate::{Oid, Value, VarBind};

/// `hrDeviceType` (RFC 2790 section 4).
pub(crate) const HR_DEVICE_TYPE: &[u32] = &[1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 2];
/// `hrDevicePrinter`, a value of `hrDeviceType`.
const HR_DEVICE_PRINTER: &[u32] = &[1, 3, 6, 1, 2, 1, 25, 3, 1, 5];
/// `printmib` (RFC 3805 section 6): no other kind of device implements anything of it.
const PRINT_MIB: &[u32] = &[1, 3, 6, 1, 2, 1, 43];

/// What kind of device answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// It has a row of the Printer MIB, or a device of type `hrDevicePrinter`.
    Printer,
    /// It showed neither.
    Other,
}

/// Tells a printer from any other agent. Which printer it is, the Printer MIB's reader finds out.
pub fn classify(varbinds: &[VarBind]) -> Class {
    let below = |oid: &Oid, root| oid.arcs().starts_with(root) && oid.arcs().len() > root.len();
    let printer = varbinds.iter().any(|varbind| {
        let is_printer_type = matches!(
            &varbind.value,
            Value::ObjectIdentifier(kind) if kind.arcs() == HR_DEVICE_PRINTER
        );
        let there = !varbind.value.is_exception() && varbind.value != Value::Null;
        below(&varbind.oid, PRINT_MIB) && there
            || below(&varbind.oid, HR_DEVICE_TYPE) && is_printer_type
    });
    if printer {
        Class::Printer
    } else {
        Class::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, value: Value) -> Class {
        let oid = name.parse().expect("valid");
        classify(&[VarBind { oid, value }])
    }

    fn kind(text: &str) -> Value {
        Value::ObjectIdentifier(text.parse().expect("valid"))
    }

    #[test]
    fn a_row_of_the_printer_mib_makes_a_printer() {
        let row = "1.3.6.1.2.1.43.5.1.1.1.1";
        assert_eq!(class(row, Value::Integer(0)), Class::Printer);
        assert_eq!(class(row, Value::EndOfMibView), Class::Other);
        assert_eq!(class("1.3.6.1.2.1.44.1.0", Value::Integer(0)), Class::Other);
        assert_eq!(class("1.3.6.1.2.1.43", Value::Integer(0)), Class::Other);
    }

    #[test]
    fn a_device_of_type_printer_makes_a_printer() {
        let name = "1.3.6.1.2.1.25.3.2.1.2.1";
        assert_eq!(class(name, kind("1.3.6.1.2.1.25.3.1.5")), Class::Printer);
        assert_eq!(class(name, kind("1.3.6.1.2.1.25.3.1.3")), Class::Other);
        assert_eq!(
            class("1.3.6.1.2.1.25.3.2.1.3.1", kind("1.3.6.1.2.1.25.3.1.5")),
            Class::Other,
            "another column"
        );
    }
}
