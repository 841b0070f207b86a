//! Konica Minolta: counters by function and colour (1.3.6.1.4.1.18334.1.1.1.5.7.2).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::Spec;
use super::super::state::{Color, Quantity, Work};
use super::Words;

const IDENTITY: &[u32] = &[1, 3, 6, 1, 4, 1, 18334, 1, 1, 1, 1, 6];
const COUNTERS: &[u32] = &[1, 3, 6, 1, 4, 1, 18334, 1, 1, 1, 5, 7, 2];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(IDENTITY, &[1, 0], spec.firmware);
    board.text(IDENTITY, &[2, 1, 0], spec.model);
    let mut count = |place: &[u32], quantity| {
        board.cell(COUNTERS, place, Cell::Count(quantity, Encoding::Integer));
    };
    count(&[1, 1, 0], Quantity::TOTAL);
    count(&[1, 3, 0], Quantity::DuplexSheets);
    count(&[1, 5, 0], Quantity::SCANS);
    for (function, work) in [(1, Work::Copy), (2, Work::Print)] {
        count(&[2, 1, 5, 1, function], Quantity::of_in(work, Color::Mono));
        if spec.color {
            count(&[2, 1, 5, 2, function], Quantity::of_in(work, Color::Color));
        }
    }
    // Single colour and two colours: not supported.
    for color in [3, 4] {
        for function in [1, 2] {
            board.integer(COUNTERS, &[2, 1, 5, color, function], -1);
        }
    }
    let name = format!("KONICA MINOLTA {}", spec.model);
    Words::new(name.clone(), name, who)
}
