//! Dell: other makers' engines under Dell's number.
//!
//! Lexmark-built ones answer Lexmark's tree and a copy of its older part below 1.3.6.1.4.1.674.10898.100;
//! Fuji Xerox-built ones answer XCMI's table with the values as text.

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::{Habits, Spec};
use super::super::tally::{Color, Quantity};
use super::{Words, lexmark};

/// The copy of Lexmark's 1.3.6.1.4.1.641.
const DELL: &[u32] = &[1, 3, 6, 1, 4, 1, 674, 10_898, 100];
/// XCMI's table of details, column 8: the value as text, where Xerox has the name.
const DETAIL: &[u32] = &[1, 3, 6, 1, 4, 1, 253, 8, 53, 13, 2, 1, 8];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    let name = format!("Dell {}", spec.model);
    if spec.habits == Habits::Older {
        for (code, quantity) in [
            (1, Quantity::TOTAL),
            (33, Quantity::colored(Color::Color)),
            (34, Quantity::colored(Color::Mono)),
        ] {
            let cell = Cell::Count(quantity, Encoding::Text);
            board.cell(DETAIL, &[1, 20, code], cell);
        }
        let system = format!(
            "{name}; Net 15.37, Controller {}, Engine 05.09.00",
            spec.firmware
        );
        return Words::new(system, name, who);
    }
    board.text(DELL, &[2, 1, 2, 1, 2, 1], name.as_str());
    board.text(DELL, &[2, 1, 2, 1, 4, 1], spec.firmware.as_bytes());
    board.text(DELL, &[2, 1, 2, 1, 6, 1], who.serial.as_str());
    lexmark::counters(board, spec);
    let system = format!("{name} version {} kernel 2.6.28 All-N-1", spec.firmware);
    Words::new(system, name, who)
}
