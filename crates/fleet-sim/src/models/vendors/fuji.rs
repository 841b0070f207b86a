//! Fuji Xerox and FUJIFILM: identity in sysDescr (the former with its versions), counters in the standard marker. Of the tables below
//! 1.3.6.1.4.1.297 no row's meaning is public, so none is served.

use super::super::Identity;
use super::super::board::Board;
use super::super::spec::Spec;
use super::Words;

/// XCMI's serial number, which these answer too.
const SERIAL: &[u32] = &[1, 3, 6, 1, 4, 1, 253, 8, 53, 3, 2, 1, 3, 1];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(SERIAL, &[], who.serial.as_str());
    let name = format!("{} {}", spec.maker.to_uppercase(), spec.model);
    let system = match spec.maker {
        "Fuji Xerox" => format!("{name};ESS {},IOT 5.12.0,ADF 12.3.0", spec.firmware),
        _ => name.clone(),
    };
    Words::new(system, name, who)
}
