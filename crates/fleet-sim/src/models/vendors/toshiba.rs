//! Toshiba TEC: counters by category and colour (1.3.6.1.4.1.1129.2.3.50.1.3.21.6.1).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::Spec;
use super::super::tally::{Color, Sides, Work};
use super::Words;

const IDENTITY: &[u32] = &[1, 3, 6, 1, 4, 1, 1129, 2, 3, 50, 1, 2];
const COUNTERS: &[u32] = &[1, 3, 6, 1, 4, 1, 1129, 2, 3, 50, 1, 3, 21, 6, 1];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    let name = format!("TOSHIBA {}", spec.model);
    board.text(IDENTITY, &[3, 1, 3, 1, 1], name.as_str());
    board.text(IDENTITY, &[4, 1, 62, 1, 1], spec.firmware.as_bytes());
    for (category, work) in [(2, None), (3, Some(Work::Print)), (4, Some(Work::Copy))] {
        let mut count = |column: u32, color| {
            let sides = Sides {
                work,
                color,
                ..Sides::ALL
            };
            let cell = Cell::Count(sides.counted(), Encoding::Integer);
            board.cell(COUNTERS, &[category, 1, column], cell);
        };
        count(3, Some(Color::Mono));
        count(4, None);
        if spec.color {
            count(1, Some(Color::Color));
        } else {
            // not supported
            board.integer(COUNTERS, &[category, 1, 1], -1);
        }
        board.integer(COUNTERS, &[category, 1, 2], -1);
    }
    Words::new(name.clone(), name, who)
}
