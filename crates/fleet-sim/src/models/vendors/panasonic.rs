//! Panasonic: identity and counters by number (1.3.6.1.4.1.258).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::Spec;
use super::super::tally::{Origin, Quantity, Work};
use super::Words;

const PANASONIC: &[u32] = &[1, 3, 6, 1, 4, 1, 258];
const COUNTERS: &[u32] = &[1, 3, 6, 1, 4, 1, 258, 402, 1, 4, 2, 1, 7];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(PANASONIC, &[1, 2, 1, 1, 0], spec.maker);
    board.text(PANASONIC, &[1, 2, 1, 2, 0], spec.model);
    board.text(PANASONIC, &[405, 1, 1, 1, 5, 0], who.serial.as_str());
    let scans = |origin| Quantity::Scans {
        origin: Some(origin),
        color: None,
    };
    for (row, quantity) in [
        (1, Quantity::TOTAL),
        (5, Quantity::of(Work::Copy)),
        (7, scans(Origin::Send)),
        (8, scans(Origin::Fax)),
        (9, Quantity::of(Work::Fax)),
    ] {
        board.cell(COUNTERS, &[row], Cell::Count(quantity, Encoding::Integer));
    }
    let name = format!("Panasonic {}", spec.model);
    Words::new(name.clone(), name, who)
}
