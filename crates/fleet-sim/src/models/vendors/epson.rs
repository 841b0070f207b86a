//! Epson: counters by colour and by source (1.3.6.1.4.1.1248.1.2.2.27).
//!
//! The subtree 1.3.6.1.4.1.1248.1.2.2.44, in which a GET can write, is not served.

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::Spec;
use super::super::tally::{Color, Quantity, Work};
use super::Words;

const EPSON: &[u32] = &[1, 3, 6, 1, 4, 1, 1248, 1, 2, 2];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    let id = format!(
        "MFG:EPSON;CMD:ESCPL2,BDC,D4;MDL:{0} Series;CLS:PRINTER;DES:EPSON {0} Series;",
        spec.model
    );
    board.text(EPSON, &[1, 1, 1, 1, 1], id);
    board.text(EPSON, &[1, 1, 1, 2, 1], spec.model);
    board.text(EPSON, &[1, 1, 1, 5, 1], who.serial.as_str());
    // Values and their names, row by row; the order varies between models.
    let rows = [
        ("Main FW", spec.firmware.as_ref()),
        ("Serial No", who.serial.as_str()),
    ];
    for (row, (name, value)) in (1..).zip(rows) {
        board.text(EPSON, &[2, 1, 1, 2, 1, row], value);
        board.text(EPSON, &[2, 1, 1, 3, 1, row], name);
    }
    let mut count = |place: &[u32], quantity| {
        board.cell(EPSON, place, Cell::Count(quantity, Encoding::Integer));
    };
    count(&[27, 1, 1, 3, 1, 1], Quantity::colored(Color::Mono));
    if spec.color {
        count(&[27, 1, 1, 4, 1, 1], Quantity::colored(Color::Color));
    }
    let sources = [(1, Work::Print), (2, Work::Copy)];
    for (row, work) in sources {
        if work == Work::Copy && !spec.copier {
            continue;
        }
        count(&[27, 6, 1, 4, 1, 1, row], Quantity::of(work));
        if spec.color {
            count(
                &[27, 6, 1, 5, 1, 1, row],
                Quantity::of_in(work, Color::Color),
            );
        }
    }
    Words::new(
        "EPSON Built-in 10Base-T/100Base-TX/1000Base-T Print Server",
        format!("{} Series", spec.model),
        who,
    )
}
