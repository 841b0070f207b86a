//! Sharp: counters with their names beside them (1.3.6.1.4.1.2385.1.1.19.2.1).

use super::super::Identity;
use super::super::board::Board;
use super::super::spec::Spec;
use super::super::tally::{Color, Quantity, Work};
use super::Words;

const COUNTERS: &[u32] = &[1, 3, 6, 1, 4, 1, 2385, 1, 1, 19, 2, 1];
const FIRMWARE: &[u32] = &[1, 3, 6, 1, 4, 1, 2385, 2, 1, 1, 2, 1, 2];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    let mut rows: Vec<([u32; 3], &str, Quantity)> = vec![
        ([1, 4, 60], "Prints", Quantity::of(Work::Print)),
        (
            [1, 4, 61],
            "Black & White Print Count",
            Quantity::of_in(Work::Print, Color::Mono),
        ),
    ];
    if spec.color {
        let color = Quantity::of_in(Work::Print, Color::Color);
        rows.push(([1, 4, 63], "Full Color Print Count", color));
    }
    if spec.copier {
        rows.push(([4, 4, 60], "Copies", Quantity::of(Work::Copy)));
        let mono = Quantity::of_in(Work::Copy, Color::Mono);
        rows.push(([4, 4, 61], "Black & White Copy Count", mono));
        if spec.color {
            let color = Quantity::of_in(Work::Copy, Color::Color);
            rows.push(([4, 4, 63], "Full Color Copy Count", color));
        }
    }
    let total = "Black & White Total Count";
    rows.push(([5, 4, 61], total, Quantity::colored(Color::Mono)));
    if spec.color {
        let total = "Full Color Total Count";
        rows.push(([5, 4, 63], total, Quantity::colored(Color::Color)));
    }
    for (place, name, quantity) in rows {
        board.count(COUNTERS, &[&[3], &place[..]].concat(), quantity);
        board.text(COUNTERS, &[&[4], &place[..]].concat(), name);
    }
    board.text(FIRMWARE, &[1], spec.firmware.as_bytes());
    let name = format!("SHARP {}", spec.model);
    Words::new(name.clone(), name, who)
}
