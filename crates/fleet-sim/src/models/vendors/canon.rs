//! Canon: counters by the numbers that the panel shows (1.3.6.1.4.1.1602.1.11.1.3.1.4).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::{Habits, Spec};
use super::super::tally::{Color, Quantity, Sides, Size, Work};
use super::Words;

const CANON: &[u32] = &[1, 3, 6, 1, 4, 1, 1602];
const PANEL: &[u32] = &[1, 3, 6, 1, 4, 1, 1602, 1, 11, 1, 3, 1, 4];
/// The same on older models.
const OLDER_PANEL: &[u32] = &[1, 3, 6, 1, 4, 1, 1602, 1, 11, 1, 4, 1, 4];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(CANON, &[1, 1, 1, 1, 0], format!("Canon {}", spec.model));
    board.text(CANON, &[1, 1, 1, 4, 0], spec.firmware.as_bytes());
    board.text(CANON, &[1, 2, 1, 4, 0], who.serial.as_str());
    let panel = match spec.habits {
        Habits::Older => OLDER_PANEL,
        _ => PANEL,
    };
    let mut count = |code: u32, quantity| {
        board.cell(panel, &[code], Cell::Count(quantity, Encoding::Integer));
    };
    // "Total 1" counts every side once. "Total 2" counts large ones twice: nobody is billed by both,
    // so it is not served.
    count(101, Quantity::TOTAL);
    count(108, Quantity::colored(Color::Mono));
    if spec.color {
        count(105, Quantity::colored(Color::Color));
    }
    if spec.large {
        let large = Sides::ALL.sized(Size::Large);
        let small = Sides::ALL.sized(Size::Small);
        count(103, large.counted());
        count(104, small.counted());
        count(112, large.colored(Color::Mono).counted());
        count(113, small.colored(Color::Mono).counted());
        if spec.color {
            count(122, large.colored(Color::Color).counted());
            count(123, small.colored(Color::Color).counted());
        }
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
