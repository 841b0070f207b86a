//! Zebra: label printers without a Printer MIB; what they tell stands below 1.3.6.1.4.1.10642.

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::Cell;
use super::super::spec::Spec;
use super::super::state::State;
use super::super::tally::Quantity;
use super::Words;
use pagetally_snmp_engine::Value;

const ZEBRA: &[u32] = &[1, 3, 6, 1, 4, 1, 10642];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(ZEBRA, &[1, 1, 0], format!("Zebra {}", spec.model));
    board.text(ZEBRA, &[1, 2, 0], spec.firmware.as_bytes());
    let id = format!(
        "MANUFACTURER:Zebra Technologies ;COMMAND SET:ZPL;MODEL:ZTC {}-200dpi ZPL;CLASS:PRINTER;",
        spec.model
    );
    board.text(ZEBRA, &[1, 3, 0], id);
    board.text(ZEBRA, &[1, 4, 0], who.hostname.as_str());
    board.text(ZEBRA, &[1, 9, 0], who.serial.as_str());
    board.text(ZEBRA, &[200, 19, 5, 0], who.serial.as_str());
    board.text(ZEBRA, &[200, 19, 7, 0], spec.model);
    board.cell(ZEBRA, &[200, 17, 3, 0], Cell::ZebraOdometer);
    Words {
        system: "ZebraNet Wired PS".to_owned(),
        device: None,
        serial: who.serial.clone(),
    }
}

/// The length of all labels, as a text: a label is four inches long.
pub(in super::super) fn odometer(state: &State) -> Value {
    let inches = state.told(Quantity::Life) * 4;
    let centimetres = inches * 254 / 100;
    Value::OctetString(format!("{inches} INCHES, {centimetres} CENTIMETERS").into_bytes())
}
