//! Pantum: objects without an instance, in families that differ by model (1.3.6.1.4.1.40093).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::{Habits, Spec};
use super::super::tally::{Quantity, Work};
use super::Words;

const PANTUM: &[u32] = &[1, 3, 6, 1, 4, 1, 40_093];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    let name = format!("Pantum {}", spec.model);
    let number = |quantity| Cell::Count(quantity, Encoding::Integer);
    if spec.habits == Habits::Older {
        board.text(PANTUM, &[1, 1, 1, 1], spec.firmware.as_bytes());
        board.text(PANTUM, &[1, 1, 1, 5], who.serial.as_str());
        board.cell(PANTUM, &[1, 1, 3, 12], number(Quantity::of(Work::Print)));
        if spec.copier {
            board.cell(PANTUM, &[1, 1, 3, 9], number(Quantity::of(Work::Copy)));
        }
    } else {
        board.text(PANTUM, &[6, 1, 2], who.serial.as_str());
        board.cell(PANTUM, &[6, 4, 1], number(Quantity::TOTAL));
        let toner = Cell::SupplyPercent(0, Encoding::Integer);
        board.cell(PANTUM, &[6, 3, 1], toner);
    }
    Words::new(name.clone(), name, who)
}
