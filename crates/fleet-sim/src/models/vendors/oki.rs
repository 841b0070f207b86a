//! OKI: identity and a total as text (1.3.6.1.4.1.2001.1.1.1.1).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::Spec;
use super::super::tally::{Color, Quantity};
use super::Words;

const OKI: &[u32] = &[1, 3, 6, 1, 4, 1, 2001, 1, 1, 1, 1];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(OKI, &[11, 1, 10, 25, 0], spec.model);
    board.text(OKI, &[11, 1, 10, 45, 0], who.serial.as_str());
    let total = Cell::Count(Quantity::TOTAL, Encoding::Text);
    board.cell(OKI, &[100, 1, 1, 1, 3, 1], total);
    if spec.color {
        let mut count = |column: u32, color| {
            let cell = Cell::Count(Quantity::colored(color), Encoding::Integer);
            board.cell(OKI, &[11, 1, 10, 170, 1, column, 1], cell);
        };
        count(6, Color::Color);
        count(7, Color::Mono);
    }
    let system = format!(
        "OKI OkiLAN 8450e Rev.{0} 10/100BASE Ethernet PrintServer: Attached to {1} Rev.{0} : \
         Copyright (c) 2010 Oki Data Corporation",
        spec.firmware, spec.model
    );
    Words::new(system, format!("OKI {}", spec.model), who)
}
