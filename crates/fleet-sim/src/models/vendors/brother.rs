//! Brother: counters and supplies in binary records (1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5).
//!
//! A record is `id, 01, length, value`, the object ends with `ff`. Laser toner is told as "some" or
//! "none" by the Printer MIB; the share left stands in the maintenance object alone.

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::Cell;
use super::super::fitted::percent;
use super::super::spec::Spec;
use super::super::state::State;
use super::super::tally::{Color, Quantity, Sides};
use super::Words;
use pagetally_snmp_engine::Value;

const INFORMATION: &[u32] = &[1, 3, 6, 1, 4, 1, 2435, 2, 3, 9, 4, 2, 1, 5, 5];
const DEVICE_ID: &[u32] = &[1, 3, 6, 1, 4, 1, 2435, 2, 3, 9, 1, 1, 7];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    let id = format!(
        "MFG:{0};CMD:PJL,PCL,PCLXL,URF;MDL:{1}{2};CLS:PRINTER;CID:Brother Laser Type1;",
        spec.maker,
        spec.model,
        series(spec)
    );
    board.text(DEVICE_ID, &[0], id);
    // Padded with blanks to a fixed width.
    board.text(INFORMATION, &[1, 0], format!("{:<15}", who.serial));
    board.text(INFORMATION, &[17, 0], spec.firmware.as_bytes());
    board.cell(INFORMATION, &[8, 0], Cell::BrotherMaintenance);
    board.cell(INFORMATION, &[10, 0], Cell::BrotherCounters);
    let system = format!(
        "Brother NC-8700w, Firmware Ver.{}  (18.05.21),MID 84E-822,FID 2",
        spec.firmware
    );
    let name = format!("{} {}{}", spec.maker, spec.model, series(spec));
    Words::new(system, name, who)
}

/// Brother's own models are called after their series; those with another badge are not.
fn series(spec: &Spec) -> &'static str {
    if spec.maker == "Brother" {
        " series"
    } else {
        ""
    }
}

fn record(octets: &mut Vec<u8>, id: u8, number: u64) {
    octets.extend([id, 1, 4]);
    octets.extend(u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
}

/// The counters' object.
pub(in super::super) fn counters(state: &State) -> Value {
    let mut octets = Vec::new();
    let paired = |color| {
        let duplex = Sides::ALL.duplex(true);
        Quantity::Sides(Sides { color, ..duplex })
    };
    for (id, quantity) in [
        (0x00, Quantity::TOTAL),
        (0x01, Quantity::colored(Color::Mono)),
        (0x02, Quantity::colored(Color::Color)),
        (0x06, paired(None)),
        (0x07, paired(Some(Color::Mono))),
        (0x08, paired(Some(Color::Color))),
    ] {
        record(&mut octets, id, state.told(quantity));
    }
    octets.push(0xff);
    Value::OctetString(octets)
}

/// The maintenance object: toner left in hundredths of a percent, black, cyan, magenta, yellow, and
/// what is left of the drum.
pub(in super::super) fn maintenance(spec: &Spec, state: &State) -> Value {
    let mut octets = Vec::new();
    for (place, supply) in spec.supplies.iter().enumerate() {
        let id = match (supply.kind, supply.colorant) {
            (_, Some("black")) => 0x6f,
            (_, Some("cyan")) => 0x70,
            (_, Some("magenta")) => 0x71,
            (_, Some("yellow")) => 0x72,
            (9, None) => 0x41,
            (20, None) => 0x69,
            _ => continue,
        };
        record(&mut octets, id, percent(spec, &state.supplies, place) * 100);
    }
    octets.push(0xff);
    Value::OctetString(octets)
}
