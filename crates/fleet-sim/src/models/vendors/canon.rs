//! Canon: counters by the numbers that the panel shows (1.3.6.1.4.1.1602.1.11.1.3.1.4).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::Spec;
use super::super::state::{Color, Quantity, Work};
use super::Words;

const CANON: &[u32] = &[1, 3, 6, 1, 4, 1, 1602];
const PANEL: &[u32] = &[1, 3, 6, 1, 4, 1, 1602, 1, 11, 1, 3, 1, 4];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(CANON, &[1, 1, 1, 1, 0], format!("Canon {}", spec.model));
    board.text(CANON, &[1, 1, 1, 4, 0], spec.firmware);
    board.text(CANON, &[1, 2, 1, 4, 0], who.serial.as_str());
    let mut count = |code: u32, quantity| {
        board.cell(PANEL, &[code], Cell::Count(quantity, Encoding::Integer));
    };
    // Nothing large is printed here, so "1" (large once) and "2" (large twice) would be equal.
    count(101, Quantity::TOTAL);
    count(108, Quantity::colored(Color::Mono));
    if spec.color {
        count(105, Quantity::colored(Color::Color));
    }
    count(301, Quantity::of(Work::Print));
    if spec.copier {
        count(201, Quantity::of(Work::Copy));
        count(501, Quantity::SCANS);
    }
    if spec.fax {
        count(701, Quantity::of(Work::Fax));
    }
    let system = format!("Canon {} /P", spec.model);
    Words::new(system.clone(), system, who)
}
