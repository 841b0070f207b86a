//! Ricoh: a table of counters whose rows name their type (1.3.6.1.4.1.367.3.2.1.2.19.5).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::Spec;
use super::super::tally::{Color, Quantity, Work};
use super::Words;

const SYSTEM: &[u32] = &[1, 3, 6, 1, 4, 1, 367, 3, 2, 1, 1, 1];
const SERIAL: &[u32] = &[1, 3, 6, 1, 4, 1, 367, 3, 2, 1, 2, 1, 4];
const COUNTERS: &[u32] = &[1, 3, 6, 1, 4, 1, 367, 3, 2, 1, 2, 19];
const TONER: &[u32] = &[1, 3, 6, 1, 4, 1, 367, 3, 2, 1, 2, 24, 1, 1];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(SYSTEM, &[1, 0], spec.model);
    board.text(SYSTEM, &[2, 0], spec.firmware.as_bytes());
    board.text(SERIAL, &[0], who.serial.as_str());
    counters(board, spec);
    toner(board, spec);
    // The brand is the first word.
    let brand = match spec.maker {
        "Gestetner" => "Gestetner".to_owned(),
        brand => brand.to_uppercase(),
    };
    let system = format!(
        "{brand} {} {} / {brand} Network Printer C model / {brand} Network Scanner C model",
        spec.model, spec.firmware
    );
    Words::new(system, format!("{brand} {}", spec.model), who)
}

fn counters(board: &mut Board, spec: &Spec) {
    let total = Cell::Count(Quantity::TOTAL, Encoding::Integer);
    board.cell(COUNTERS, &[1, 0], total);
    let mut rows = vec![(10, "Counter: Machine Total", Quantity::TOTAL)];
    if spec.copier {
        rows.push((200, "Counter:Copy:Total", Quantity::of(Work::Copy)));
        let mono = Quantity::of_in(Work::Copy, Color::Mono);
        rows.push((201, "Counter:Copy:Black & White", mono));
        if spec.color {
            let color = Quantity::of_in(Work::Copy, Color::Color);
            rows.push((203, "Counter:Copy:Full Color", color));
        }
    }
    if spec.fax {
        rows.push((300, "Counter:FAX:Total", Quantity::of(Work::Fax)));
    }
    rows.push((400, "Counter:Print:Total", Quantity::of(Work::Print)));
    let mono = Quantity::of_in(Work::Print, Color::Mono);
    rows.push((401, "Counter:Print:Black & White", mono));
    if spec.color {
        let color = Quantity::of_in(Work::Print, Color::Color);
        rows.push((403, "Counter:Print:Full Color", color));
    }
    for (row, (kind, name, quantity)) in (1..).zip(rows) {
        board.integer(COUNTERS, &[5, 1, 2, row], kind);
        board.integer(COUNTERS, &[5, 1, 3, row], 1);
        board.integer(COUNTERS, &[5, 1, 4, row], 8);
        board.text(COUNTERS, &[5, 1, 5, row], name);
        let cell = Cell::Count(quantity, Encoding::Integer);
        board.cell(COUNTERS, &[5, 1, 9, row], cell);
    }
}

/// Toner in percent, where the Printer MIB may only say "some".
fn toner(board: &mut Board, spec: &Spec) {
    let toners = spec.supplies.iter().enumerate();
    let toners = toners.filter(|(_, supply)| supply.colorant.is_some());
    for (row, (place, supply)) in (1..).zip(toners) {
        let code = match (supply.colorant, spec.color) {
            (Some("cyan"), _) => 10,
            (Some("magenta"), _) => 11,
            (Some("yellow"), _) => 12,
            (_, true) => 13,
            (_, false) => 3,
        };
        board.integer(TONER, &[4, row], code);
        let cell = Cell::SupplyPercent(place, Encoding::Integer);
        board.cell(TONER, &[5, row], cell);
    }
}
