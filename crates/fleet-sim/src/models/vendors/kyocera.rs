//! Kyocera: counters by function, colour and sides below 1.3.6.1.4.1.1347.
//!
//! The billed total leaves out what the engine prints for itself; prtMarkerLifeCount does not.

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::{Habits, Spec};
use super::super::tally::{Color, Origin, Quantity, Sides, Size, Work};
use super::{Words, hp};

const KYOCERA: &[u32] = &[1, 3, 6, 1, 4, 1, 1347];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(KYOCERA, &[40, 10, 1, 1, 5, 1], who.hostname.as_str());
    board.text(KYOCERA, &[43, 5, 1, 1, 1, 1], spec.model);
    board.text(KYOCERA, &[43, 5, 1, 1, 28, 1], who.serial.as_str());
    board.text(KYOCERA, &[43, 5, 1, 1, 36, 1], spec.model);
    board.text(KYOCERA, &[43, 5, 4, 1, 5, 1, 1], spec.firmware.as_bytes());
    board.text(KYOCERA, &[43, 5, 4, 1, 5, 1, 2], "2RV_1000.005.001");
    board.count(KYOCERA, &[43, 10, 1, 1, 12, 1, 1], Quantity::TOTAL);
    for (row, duplex) in [(1, false), (2, true)] {
        let sides = Sides::ALL.duplex(duplex);
        board.count(KYOCERA, &[42, 2, 5, 1, 1, row, 1], sides.counted());
    }
    if spec.copier {
        by_function(board, spec);
        scans(board);
    } else if spec.color {
        by_color(board);
    }
    by_size(board, spec);
    match (spec.maker, spec.habits) {
        (_, Habits::BehindJetDirect) => Words::new(hp::OLDER_CARD, spec.model, who),
        ("Utax", _) => Words::new("TA_UTAX Printing System", spec.model, who),
        // How this badge words itself is not public; the device's own name is taken to hold it.
        ("Triumph-Adler", _) => {
            let device = format!("Triumph-Adler {}", spec.model);
            Words::new("KYOCERA Document Solutions Printing System", device, who)
        }
        _ => Words::new(
            "KYOCERA Document Solutions Printing System",
            spec.model,
            who,
        ),
    }
}

/// Sides by paper: which row is which size differs between models, its name tells.
fn by_size(board: &mut Board, spec: &Spec) {
    let mut sizes = vec![("A4", Size::Small)];
    if spec.large {
        sizes.insert(0, ("A3", Size::Large));
    }
    for (row, (name, size)) in (1..).zip(sizes) {
        let place = |column: u32| [42, 2, 1, 1, 1, column, 1, row];
        let sides = Sides::ALL.sized(size);
        board.text(KYOCERA, &place(2), name);
        for (column, quantity) in [
            (6, sides.counted()),
            (7, sides.colored(Color::Mono).counted()),
            (8, sides.colored(Color::Color).counted()),
        ] {
            // A row is one size of many, and "large" here is A3 alone.
            let cell = match size {
                Size::Large => Cell::Count(quantity, Encoding::Counter),
                Size::Small => Cell::Part(quantity, Encoding::Counter),
            };
            board.cell(KYOCERA, &place(column), cell);
        }
    }
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
