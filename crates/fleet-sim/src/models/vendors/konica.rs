//! Konica Minolta: counters by function and colour (1.3.6.1.4.1.18334.1.1.1.5.7.2).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::{Habits, Spec};
use super::super::tally::{Color, Quantity, Sides, Size, Work};
use super::Words;

const IDENTITY: &[u32] = &[1, 3, 6, 1, 4, 1, 18334, 1, 1, 1, 1, 6];
const COUNTERS: &[u32] = &[1, 3, 6, 1, 4, 1, 18334, 1, 1, 1, 5, 7, 2];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(IDENTITY, &[1, 0], spec.firmware.as_bytes());
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
    if spec.large {
        for (function, work) in [(1, Work::Copy), (2, Work::Print)] {
            let large = Sides::ALL.of(work).sized(Size::Large);
            let mut count = |color: u32, quantity| {
                let cell = Cell::Count(quantity, Encoding::Integer);
                board.cell(COUNTERS, &[2, 1, 7, color, function], cell);
            };
            count(1, large.colored(Color::Mono).counted());
            if spec.color {
                count(2, large.colored(Color::Color).counted());
            }
        }
    }
    // Single colour and two colours: not supported.
    for color in [3, 4] {
        for function in [1, 2] {
            board.integer(COUNTERS, &[2, 1, 5, color, function], -1);
        }
    }
    let name = match spec.maker {
        "Konica Minolta" => format!("KONICA MINOLTA {}", spec.model),
        brand => format!("{brand} {}", spec.model),
    };
    // Units for others' badges may call themselves by their engine.
    let system = match spec.habits {
        Habits::Older => "Generic 28C-6e".to_owned(),
        _ => name.clone(),
    };
    Words::new(system, name, who)
}
