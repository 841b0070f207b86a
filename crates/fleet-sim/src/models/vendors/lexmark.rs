//! Lexmark: the MPS MIB's page counters, whose rows name their type (1.3.6.1.4.1.641.6.4.2.1.1).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::Cell;
use super::super::fitted::Fitted;
use super::super::spec::Spec;
use super::super::tally::{Color, Quantity, Work};
use super::Words;

const DEVICE: &[u32] = &[1, 3, 6, 1, 4, 1, 641, 6, 2, 3, 1];
const SUPPLIES: &[u32] = &[1, 3, 6, 1, 4, 1, 641, 6, 4, 4, 1, 1];
const PAGE_COUNTS: &[u32] = &[1, 3, 6, 1, 4, 1, 641, 6, 4, 2, 1, 1];

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity, fitted: &[Fitted]) -> Words {
    let name = format!("Lexmark {}", spec.model);
    board.text(DEVICE, &[4, 1], name.as_str());
    board.text(DEVICE, &[5, 1], who.serial.as_str());
    counters(board, spec);
    supplies(board, spec, fitted);
    Words {
        system: format!("{name} version {} kernel 3.0.0 All-N-1", spec.firmware),
        device: Some(format!("{name} {} {}", who.serial, spec.firmware)),
        // Firmware of this age puts a suffix behind the serial number here, and here alone.
        serial: format!("{}-130-0", who.serial),
    }
}

/// The page counters.
pub(super) fn counters(board: &mut Board, spec: &Spec) {
    let mut rows = vec![
        // total delivered, then mono and colour
        (2, Quantity::TOTAL),
        (3, Quantity::colored(Color::Mono)),
    ];
    if spec.color {
        rows.push((4, Quantity::colored(Color::Color)));
    }
    let mut works = vec![(16, Work::Print)];
    if spec.copier {
        works.push((32, Work::Copy));
    }
    if spec.fax {
        works.push((48, Work::Fax));
    }
    for (base, work) in works {
        rows.push((base, Quantity::of(work)));
        rows.push((base + 1, Quantity::of_in(work, Color::Mono)));
        if spec.color {
            rows.push((base + 2, Quantity::of_in(work, Color::Color)));
        }
    }
    for (row, (kind, quantity)) in (1..).zip(rows) {
        board.integer(PAGE_COUNTS, &[2, 1, row], kind);
        // sides
        board.integer(PAGE_COUNTS, &[3, 1, row], 4);
        board.count(PAGE_COUNTS, &[4, 1, row], quantity);
    }
}

/// Cartridges with their serial and part numbers, which the Printer MIB has no place for.
fn supplies(board: &mut Board, spec: &Spec, fitted: &[Fitted]) {
    let rows = spec.supplies.iter().zip(fitted).enumerate();
    for (row, (place, (supply, fitted))) in (1..).zip(rows) {
        // toner, photoconductor, fuser, waste; maintenance kits have no type
        let kind = match supply.kind {
            3 | 21 => 6,
            9 => 7,
            15 => 9,
            4 => 10,
            _ => continue,
        };
        let mut put = |column: u32, text: &str| board.text(SUPPLIES, &[column, 1, row], text);
        put(5, &fitted.description(supply));
        put(6, &fitted.serial(supply).unwrap_or_default());
        put(7, fitted.part_number(supply).unwrap_or_default());
        let mut number = |column: u32, number| board.integer(SUPPLIES, &[column, 1, row], number);
        number(3, kind);
        // filled, consumed
        number(8, if supply.is_receptacle() { 1 } else { 2 });
        number(13, supply.unit);
        board.cell(SUPPLIES, &[14, 1, row], Cell::SupplyCapacity(place));
        board.cell(SUPPLIES, &[16, 1, row], Cell::SupplyLevel(place));
    }
}
