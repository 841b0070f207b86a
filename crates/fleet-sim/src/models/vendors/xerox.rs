//! Xerox: usage counters by code, with their names (XCMI, 1.3.6.1.4.1.253.8.53.13.2.1).

use super::super::Identity;
use super::super::board::Board;
use super::super::cell::{Cell, Encoding};
use super::super::spec::Spec;
use super::super::tally::{Color, Quantity, Sides, Size, Work};
use super::Words;

const INFORMATION: &[u32] = &[1, 3, 6, 1, 4, 1, 253, 8, 53, 3, 2, 1];
const DETAIL: &[u32] = &[1, 3, 6, 1, 4, 1, 253, 8, 53, 13, 2, 1];
/// Devices within the device: the engine, the copier.
const ENGINE: u32 = 1;
const COPIER: u32 = 103;
/// The kind of detail that is a lifetime count.
const LIFETIME: u32 = 20;

pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity) -> Words {
    board.text(INFORMATION, &[2, 1], who.hostname.as_str());
    board.text(INFORMATION, &[3, 1], who.serial.as_str());
    let print = |color| Quantity::of_in(Work::Print, color);
    let copy = |color| Quantity::of_in(Work::Copy, color);
    let mut rows = vec![
        (ENGINE, 1, "Total Impressions", Quantity::TOTAL),
        (ENGINE, 2, "Power On Impressions", Quantity::SincePowerOn),
        (ENGINE, 7, "Black Printed Impressions", print(Color::Mono)),
        (
            ENGINE,
            34,
            "Black Impressions",
            Quantity::colored(Color::Mono),
        ),
        (ENGINE, 38, "Sheets", Quantity::Sheets),
        (ENGINE, 39, "2 Sided Sheets", Quantity::DuplexSheets),
    ];
    if spec.color {
        rows.push((ENGINE, 29, "Color Printed Impressions", print(Color::Color)));
        rows.push((
            ENGINE,
            33,
            "Color Impressions",
            Quantity::colored(Color::Color),
        ));
    }
    if spec.large {
        let large = Sides::ALL.sized(Size::Large);
        let mono = large.colored(Color::Mono).counted();
        rows.push((ENGINE, 44, "Black Large Impressions", mono));
        rows.push((ENGINE, 47, "Large Impressions", large.counted()));
        if spec.color {
            let color = large.colored(Color::Color).counted();
            rows.push((ENGINE, 43, "Color Large Impressions", color));
        }
    }
    if spec.copier {
        rows.push((COPIER, 3, "Black Copied Impressions", copy(Color::Mono)));
        if spec.color {
            rows.push((COPIER, 25, "Color Copied Impressions", copy(Color::Color)));
        }
    }
    if spec.fax {
        rows.push((ENGINE, 71, "Fax Impressions", Quantity::of(Work::Fax)));
    }
    for (device, code, name, quantity) in rows {
        let place = |column: u32| [column, device, LIFETIME, code];
        board.integer(DETAIL, &place(1), i64::from(LIFETIME));
        let cell = Cell::Count(quantity, Encoding::Integer);
        board.cell(DETAIL, &place(6), cell);
        board.text(DETAIL, &place(8), name);
    }
    let system = format!(
        "Xerox {0}; SS {1}, NC {1}, UI {1}, ME 063.022.000, CC {1}",
        spec.model, spec.firmware
    );
    Words::new(system, format!("Xerox {}", spec.model), who)
}
