//! Kyocera: counters by function, colour and sides below 1.3.6.1.4.1.1347.
//!
//! The billed total leaves out what the engine prints for itself; prtMarkerLifeCount does not.

use super::super::Identity;
use super::super::board::Board;
use super::super::spec::Spec;
use super::super::state::{Color, Origin, Quantity, Work};
use super::Words;

const KYOCERA: &[u32] = &[1, 3, 6, 1, 4, 1, 1347];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(KYOCERA, &[40, 10, 1, 1, 5, 1], who.hostname.as_str());
    board.text(KYOCERA, &[43, 5, 1, 1, 1, 1], spec.model);
    board.text(KYOCERA, &[43, 5, 1, 1, 28, 1], who.serial.as_str());
    board.text(KYOCERA, &[43, 5, 1, 1, 36, 1], spec.model);
    board.text(KYOCERA, &[43, 5, 4, 1, 5, 1, 1], spec.firmware);
    board.text(KYOCERA, &[43, 5, 4, 1, 5, 1, 2], "2RV_1000.005.001");
    board.count(KYOCERA, &[43, 10, 1, 1, 12, 1, 1], Quantity::TOTAL);
    for (row, duplex) in [(1, false), (2, true)] {
        let sides = Quantity::Sides {
            work: None,
            color: None,
            duplex: Some(duplex),
        };
        board.count(KYOCERA, &[42, 2, 5, 1, 1, row, 1], sides);
    }
    if spec.copier {
        by_function(board, spec);
        scans(board);
    } else if spec.color {
        by_color(board);
    }
    Words::new(
        "KYOCERA Document Solutions Printing System",
        spec.model,
        who,
    )
}

/// The functions' numbers. Faxes have a row on models without fax too, and it stays at zero.
const FUNCTIONS: [(u32, Work); 4] = [
    (1, Work::Print),
    (2, Work::Copy),
    (3, Work::Report),
    (4, Work::Fax),
];

fn by_function(board: &mut Board, spec: &Spec) {
    for (row, work) in FUNCTIONS {
        board.count(KYOCERA, &[42, 3, 1, 1, 1, 1, row], Quantity::of(work));
        let mut colored = |mode: u32, color| {
            let place = [42, 3, 1, 2, 1, 1, row, mode];
            board.count(KYOCERA, &place, Quantity::of_in(work, color));
        };
        colored(1, Color::Mono);
        if spec.color {
            // Mode 2 is single colour, which nothing here prints.
            colored(3, Color::Color);
        }
    }
}

/// Printers without the function table count by colour alone.
fn by_color(board: &mut Board) {
    for (mode, name, color) in [
        (1, "Monochrome", Color::Mono),
        (3, "Full Color", Color::Color),
    ] {
        board.text(KYOCERA, &[42, 2, 2, 1, 1, 2, 1, mode], name);
        let place = [42, 2, 2, 1, 1, 3, 1, mode];
        board.count(KYOCERA, &place, Quantity::colored(color));
    }
}

fn scans(board: &mut Board) {
    let from = |origin| Quantity::Scans {
        origin: Some(origin),
        color: None,
    };
    board.count(KYOCERA, &[42, 3, 1, 3, 1, 1, 2], from(Origin::Copy));
    board.count(KYOCERA, &[42, 3, 1, 3, 1, 1, 4], from(Origin::Fax));
    board.count(KYOCERA, &[42, 3, 1, 4, 1, 1, 1], from(Origin::Send));
    board.count(KYOCERA, &[46, 10, 1, 1, 5, 3], Quantity::SCANS);
}
