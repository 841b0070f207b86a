//! HP: JetDirect's system description, and counters and identity in PML
//! (1.3.6.1.4.1.11.2.3.9.4.2).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::{Habits, Spec};
use super::super::tally::{Color, Origin, Quantity, Work};
use super::Words;

/// PML's root with the device's own instance.
const PML: &[u32] = &[1, 3, 6, 1, 4, 1, 11, 2, 3, 9, 4, 2, 1];
/// The IEEE 1284 device id.
const DEVICE_ID: &[u32] = &[1, 3, 6, 1, 4, 1, 11, 2, 3, 9, 1, 1, 7];

/// sysDescr of a JetDirect card.
pub(super) const OLDER_CARD: &str =
    "HP ETHERNET MULTI-ENVIRONMENT,ROM K.28.05,JETDIRECT,JD95,EEPROM K.29.16";

/// A PML text: two octets of PCL symbol set before it. 8U is HP Roman-8.
fn pml(text: &str) -> Vec<u8> {
    let mut octets = vec![0x01, 0x15];
    octets.extend(text.bytes());
    octets
}

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    let name = format!("HP {}", spec.model);
    let identity: [(&[u32], &str); 5] = [
        (&[1, 3, 1, 0], "W1A30A"),
        (&[1, 3, 2, 0], &name),
        (&[1, 3, 3, 0], &who.serial),
        (&[1, 3, 6, 0], &spec.firmware),
        (&[1, 3, 10, 0], &who.hostname),
    ];
    for (place, text) in identity {
        board.text(PML, place, pml(text));
    }
    let id = format!(
        "MFG:HP;MDL:{name};CMD:PJL,PCLXL,PCL,POSTSCRIPT;CLS:PRINTER;SN:{};",
        who.serial
    );
    board.text(DEVICE_ID, &[0], id);
    counters(board, spec);
    let system = match spec.habits {
        // An older card names itself and not the printer.
        Habits::Older => OLDER_CARD.to_owned(),
        _ => format!(
            "HP ETHERNET MULTI-ENVIRONMENT,SN:{},FN:{},SVCID:31339,PID:{name}",
            who.serial, spec.firmware
        ),
    };
    Words::new(system, name, who)
}

fn counters(board: &mut Board, spec: &Spec) {
    let mut count = |place: &[u32], quantity| {
        board.cell(PML, place, Cell::Count(quantity, Encoding::Integer));
    };
    count(&[4, 1, 2, 5, 0], Quantity::TOTAL);
    count(&[4, 1, 2, 6, 0], Quantity::colored(Color::Mono));
    if spec.color {
        count(&[4, 1, 2, 7, 0], Quantity::colored(Color::Color));
    }
    if spec.duplex {
        count(&[4, 1, 2, 22, 0], Quantity::DuplexSheets);
    }
    count(&[4, 1, 2, 34, 0], Quantity::Jams);
    if spec.copier {
        count(&[2, 2, 1, 63, 0], Quantity::of(Work::Copy));
        // Copies are laid on the glass here, everything else goes through the feeder.
        count(&[2, 2, 1, 44, 0], Quantity::FeederScans);
        let glass = Quantity::Scans {
            origin: Some(Origin::Copy),
            color: None,
        };
        count(&[2, 2, 1, 74, 0], glass);
        if spec.color {
            count(&[2, 2, 1, 122, 0], Quantity::of_in(Work::Copy, Color::Mono));
            count(
                &[2, 2, 1, 123, 0],
                Quantity::of_in(Work::Copy, Color::Color),
            );
        }
    }
    if spec.fax {
        count(&[3, 7, 1, 32, 0], Quantity::of(Work::Fax));
        let sent = Quantity::Scans {
            origin: Some(Origin::Fax),
            color: None,
        };
        count(&[3, 7, 1, 31, 0], sent);
    }
}
