//! Samsung: totals by colour, and a cube of counters by job, size, sides and colour
//! (1.3.6.1.4.1.236.11.5.11.53.11).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::Spec;
use super::super::tally::{Color, Quantity, Sides, Work};
use super::Words;

const IDENTITY: &[u32] = &[1, 3, 6, 1, 4, 1, 236, 11, 5, 1, 1, 1];
const USAGE: &[u32] = &[1, 3, 6, 1, 4, 1, 236, 11, 5, 11, 53, 11];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    let name = format!("{} {}", spec.maker, spec.model);
    board.text(IDENTITY, &[1, 0], name.as_str());
    board.text(IDENTITY, &[2, 0], spec.firmware.as_bytes());
    board.text(IDENTITY, &[4, 0], who.serial.as_str());
    let mut count = |place: &[u32], quantity| {
        board.cell(USAGE, place, Cell::Count(quantity, Encoding::Integer));
    };
    if spec.color {
        count(&[1, 1, 0], Quantity::colored(Color::Color));
    }
    count(&[1, 2, 0], Quantity::colored(Color::Mono));
    cube(board, spec);
    let system = format!(
        "{name}; V{};Engine V1.00.06 01-19-2017;NIC V6.01;S/N {}",
        spec.firmware, who.serial
    );
    Words::new(system, name, who)
}

/// What the cube's cells add up to.
pub(super) fn sums(spec: &Spec) -> Vec<Quantity> {
    let mut works = vec![Work::Print];
    if spec.copier {
        works.push(Work::Copy);
    }
    if spec.fax {
        works.push(Work::Fax);
    }
    let mut sums = Vec::new();
    for work in works {
        let sides = Sides::ALL.of(work);
        sums.push(sides.counted());
        sums.push(sides.duplex(false).counted());
        sums.push(sides.duplex(true).counted());
        sums.push(sides.colored(Color::Mono).counted());
        if spec.color {
            sums.push(sides.colored(Color::Color).counted());
        }
    }
    sums
}

fn cube(board: &mut Board, spec: &Spec) {
    let works = [
        (1, Work::Print),
        (2, Work::Copy),
        (3, Work::Fax),
        (6, Work::Report),
    ];
    // full colour, mono
    let colors = [(1, Color::Color), (3, Color::Mono)];
    let mut row = 0;
    for (job, work) in works {
        for (mode, color) in colors {
            if color == Color::Color && !spec.color {
                continue;
            }
            for (sides, duplex) in [(1, false), (2, true)] {
                row += 1;
                board.integer(USAGE, &[2, 1, 2, 1, row], job);
                // A4; impressions
                board.integer(USAGE, &[2, 1, 3, 1, row], 5);
                board.integer(USAGE, &[2, 1, 4, 1, row], 7);
                board.integer(USAGE, &[2, 1, 5, 1, row], sides);
                board.integer(USAGE, &[2, 1, 6, 1, row], mode);
                let sides = Sides::ALL.of(work).colored(color).duplex(duplex);
                let cell = Cell::Part(sides.counted(), Encoding::Integer);
                board.cell(USAGE, &[2, 1, 7, 1, row], cell);
            }
        }
    }
}
