//! Sharp's counters by name, Toshiba's by category, and whose objects a device answers.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, level, meter, supply, who};
use pagetally_model::Exactness::{Assumed, Derived, Exact, Unproven};
use pagetally_model::{CounterUnit, DeviceAudit, Level};

const SHARP: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2385.3.1\n";

/// Sharp's counters: their place, their name (none where it is empty) and their value.
fn sharp(rows: &[(&str, &str, i64)]) -> String {
    let table = "1.3.6.1.4.1.2385.1.1.19.2.1";
    let mut lines = SHARP.to_owned();
    for (place, name, value) in rows {
        lines.push_str(&format!("{table}.3.{place}|2|{value}\n"));
        if !name.is_empty() {
            lines.push_str(&format!("{table}.4.{place}|4|{name}\n"));
        }
    }
    lines
}

#[test]
fn a_sharp_counts_by_names_in_every_spelling() {
    for (case, color, total) in [
        ("newer words", "Color", "Total Count"),
        ("older words", "Color", "Total Print Count"),
        ("British letters", "Colour", "Total Count"),
    ] {
        let full = format!("Full {color}");
        let (single, two) = (format!("Single {color}"), format!("Two {color}"));
        let names = [
            ("1.9.1", "Prints".to_owned(), 600),
            ("1.9.2", "Black & White Print Count".to_owned(), 400),
            ("1.9.3", format!("{full} Print Count"), 200),
            ("4.9.1", "Copies".to_owned(), 150),
            ("4.9.2", "Black & White Copy Count".to_owned(), 100),
            ("4.9.3", format!("{full} Copy Count"), 40),
            ("4.9.4", format!("{two} Copy Count"), 3),
            ("4.9.5", format!("{single} Copy Count"), 7),
            ("5.9.1", format!("Black & White {total}"), 500),
            ("5.9.2", format!("{full} {total}"), 240),
            ("5.9.3", format!("{two} {total}"), 3),
            ("5.9.4", format!("{single} {total}"), 7),
            ("1.9.9", "Duplex".to_owned(), 90),
            ("6.9.1", "Document Feeder".to_owned(), 55),
            ("8.9.1", "Black & White Scanner Count".to_owned(), 60),
            ("8.9.2", format!("{full} Scanner Count"), 20),
        ];
        let rows: Vec<_> = names
            .iter()
            .map(|(place, name, value)| (*place, name.as_str(), *value))
            .collect();
        check_meters(
            case,
            &audit(&sharp(&rows)),
            &[
                ("total", 750, Derived, "sharp.total"),
                ("total mono", 500, Exact, "sharp.counters.total-black"),
                ("total color", 250, Derived, "sharp.total-color"),
                ("total duplex", 90, Exact, "sharp.counters.duplex"),
                ("print", 600, Exact, "sharp.counters.prints"),
                ("print mono", 400, Exact, "sharp.counters.prints-black"),
                (
                    "print color",
                    200,
                    Exact,
                    "sharp.counters.prints-full-color",
                ),
                ("copy", 150, Exact, "sharp.counters.copies"),
                ("copy mono", 100, Exact, "sharp.counters.copies-black"),
                ("copy color", 50, Derived, "sharp.copies-color"),
                ("scan mono images", 60, Exact, "sharp.counters.scans-black"),
                (
                    "scan color images",
                    20,
                    Exact,
                    "sharp.counters.scans-full-color",
                ),
            ],
        );
    }
}

#[test]
fn a_sharp_without_single_colour_still_adds_up() {
    let rows = [
        ("5.9.1", "Black & White Total Count", 500),
        ("5.9.2", "Full Color Total Count", 240),
        ("5.9.3", "Two Color Total Count", 3),
    ];
    check_meters(
        "two kinds of colour",
        &audit(&sharp(&rows)),
        &[
            ("total", 743, Assumed, "sharp.total-without-single"),
            ("total mono", 500, Exact, "sharp.counters.total-black"),
            (
                "total color",
                243,
                Assumed,
                "sharp.total-color-without-single",
            ),
        ],
    );
}

#[test]
fn places_speak_only_where_names_do_not() {
    let unnamed = sharp(&[
        ("5.4.61", "", 500),
        ("5.4.63", "", 240),
        ("1.4.60", "", 600),
    ]);
    check_meters(
        "no names",
        &audit(&unnamed),
        &[
            ("total", 740, Assumed, "sharp.unnamed-total"),
            (
                "total mono",
                500,
                Assumed,
                "sharp.counters.unnamed-total-black",
            ),
            (
                "total color",
                240,
                Assumed,
                "sharp.counters.unnamed-total-full-color",
            ),
            ("print", 600, Assumed, "sharp.counters.unnamed-prints"),
        ],
    );
    let agreeing = sharp(&[("5.4.61", "Black & White Output", 500)]);
    check_meters(
        "a name in other words at its known place",
        &audit(&agreeing),
        &[(
            "total mono",
            500,
            Assumed,
            "sharp.counters.total-black-place",
        )],
    );
    let other = sharp(&[
        ("5.4.61", "Internet Fax Receptions", 500),
        ("5.4.63", "Hole Punch", 3),
    ]);
    assert!(audit(&other).meters.is_empty(), "the name decides");
}

#[test]
fn a_sharp_says_its_firmware_in_one_of_two_places() {
    let interpreter = "1.3.6.1.2.1.43.15.1.1.6.1.1|4|02.03.T4.00\n";
    let own = "1.3.6.1.4.1.2385.2.1.1.2.1.2.1|4|01.05.E1\n";
    let lone = audit(&format!(
        "{SHARP}1.3.6.1.2.1.1.1.0|4|SHARP MX-9999N\n{interpreter}"
    ));
    assert_eq!(who(&lone), ["Sharp", "MX-9999N", "", "02.03.T4.00"]);
    assert_eq!(
        who(&audit(&format!("{SHARP}{interpreter}{own}")))[3],
        "01.05.E1"
    );
}

const TOSHIBA: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1129.2.3.45.1\n";

/// Toshiba's counters: category, colour (1 full, 2 two, 3 black, 4 all) and value.
fn toshiba(rows: &[(u32, u32, i64)]) -> String {
    let root = "1.3.6.1.4.1.1129.2.3.50.1.3.21.6.1";
    let rows = rows.iter();
    let rows =
        rows.map(|(category, color, value)| format!("{root}.{category}.1.{color}|2|{value}\n"));
    TOSHIBA.to_owned() + &rows.collect::<String>()
}

#[test]
fn an_e_studio_counts_by_category_and_colour() {
    let color = toshiba(&[
        (2, 1, 300),
        (2, 2, 20),
        (2, 3, 680),
        (2, 4, 1000),
        (3, 1, 250),
        (3, 2, 0),
        (3, 3, 500),
        (3, 4, 750),
        (4, 1, 50),
        (4, 2, 20),
        (4, 3, 170),
        (4, 4, 240),
        (7, 4, 10),
        (11, 4, 3),
    ]);
    check_meters(
        "a colour unit",
        &audit(&color),
        &[
            ("total", 1000, Exact, "toshiba.counts.total-all"),
            ("total mono", 680, Exact, "toshiba.counts.total-black"),
            ("total color", 320, Derived, "toshiba.total-color"),
            ("print", 750, Assumed, "toshiba.counts.print-all"),
            ("print mono", 500, Exact, "toshiba.counts.print-black"),
            ("print color", 250, Assumed, "toshiba.print-color"),
            ("copy", 240, Exact, "toshiba.counts.copy-all"),
            ("copy mono", 170, Exact, "toshiba.counts.copy-black"),
            ("copy color", 70, Unproven, "toshiba.copy-color"),
            ("fax", 10, Unproven, "toshiba.counts.fax-all"),
        ],
    );
    let mono = toshiba(&[(2, 1, -1), (2, 2, -1), (2, 3, 680), (2, 4, -1)]);
    check_meters(
        "a black unit: -1 is no counter",
        &audit(&mono),
        &[
            ("total", 680, Derived, "toshiba.total-of-colors"),
            ("total mono", 680, Exact, "toshiba.counts.total-black"),
        ],
    );
}

#[test]
fn large_pages_of_an_e_studio_stay_unproven() {
    // Sources disagree whether a large page counts twice.
    let sizes = toshiba(&[
        (209, 3, 40),
        (210, 1, 7),
        (210, 2, 1),
        (210, 3, 60),
        (210, 4, 68),
        (211, 1, 2),
        (211, 2, 2),
    ]);
    check_meters(
        "sizes",
        &audit(&sizes),
        &[
            (
                "print mono large",
                40,
                Unproven,
                "toshiba.sizes.print-large-black",
            ),
            (
                "print mono small",
                60,
                Exact,
                "toshiba.sizes.print-small-black",
            ),
            ("print color small", 8, Derived, "toshiba.print-small-color"),
            ("print small", 68, Exact, "toshiba.sizes.print-small-all"),
            ("copy color large", 4, Unproven, "toshiba.copy-large-color"),
        ],
    );
}

#[test]
fn scans_of_an_e_studio_are_added_over_sizes() {
    let scans = toshiba(&[
        (219, 1, 3),
        (219, 2, -1),
        (219, 3, 4),
        (220, 1, 30),
        (220, 2, -1),
        (220, 3, 40),
        (221, 3, 9),
        (223, 3, 9),
    ]);
    check_meters(
        "scans into the network",
        &audit(&scans),
        &[
            ("scan mono images", 44, Derived, "toshiba.scan-black"),
            ("scan color images", 33, Derived, "toshiba.scan-color"),
            ("scan images", 77, Derived, "toshiba.scan-of-colors"),
        ],
    );
}

#[test]
fn toshibas_say_who_they_are() {
    for (case, lines, expected) in [
        (
            "e-STUDIO, only its own tree",
            "1.3.6.1.4.1.1129.2.3.50.1.2.3.1.3.1.1|4|TOSHIBA e-STUDIO9999AC
             1.3.6.1.4.1.1129.2.3.50.1.2.4.1.62.1.1|4|T999HD0W1304
             1.3.6.1.4.1.1129.2.3.50.1.2.4.1.8.1.1|4|CABC12345",
            ["Toshiba", "e-STUDIO9999AC", "CABC12345", "T999HD0W1304"],
        ),
        (
            "the standard serial number is the better witness",
            "1.3.6.1.2.1.1.1.0|4|TOSHIBA e-STUDIO9999AC
             1.3.6.1.2.1.43.5.1.1.17.1|4|CABC12345
             1.3.6.1.4.1.1129.2.3.50.1.2.4.1.8.1.1|4|OTHER",
            ["Toshiba", "e-STUDIO9999AC", "CABC12345", ""],
        ),
        (
            "a label printer",
            "1.3.6.1.4.1.1129.1.2.1.1.1.2.1.0|4|B-XX9T
             1.3.6.1.4.1.1129.1.2.1.1.1.1.1.0|4|9999A000001
             1.3.6.1.4.1.1129.1.2.1.1.1.1.2.0|4|V1.9",
            ["Toshiba", "B-XX9T", "9999A000001", "V1.9"],
        ),
    ] {
        assert_eq!(
            who(&audit(&format!("{TOSHIBA}{lines}"))),
            expected,
            "{case}"
        );
    }
}

#[test]
fn an_oki_is_a_toshiba_inside_only_where_it_answers_toshibas_objects() {
    let oki = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2001.1.1.1.297.93.1.42.2.3.1\n";
    // The words of OKI's own cards are no sign of Toshiba.
    let own = audit(&format!(
        "{oki}1.3.6.1.2.1.1.1.0|4|OKI OkiLAN 9999g Rev.01.00 Copyright (c) 2015 Oki Data Corporation\n"
    ));
    assert_eq!(who(&own)[0], "OKI");
    assert!(own.meters.is_empty());
    let built = audit(&format!(
        "{oki}1.3.6.1.4.1.1129.2.3.50.1.2.3.1.3.1.1|4|ES9999 MFP\n{}",
        toshiba(&[(2, 3, 5), (2, 4, 5)]).replace(TOSHIBA, "")
    ));
    assert_eq!(meter(&built, "total").map(|m| m.value), Some(5));
    assert_eq!(who(&built)[..2], ["OKI", "ES9999 MFP"]);
}

/// Supplies of a Sharp: capacity and level, with a unit where the agent answers that column.
fn sharp_supplies(unit: Option<i64>, rows: &[(i64, i64)]) -> DeviceAudit {
    let table = "1.3.6.1.2.1.43.11.1.1";
    let mut lines = SHARP.to_owned();
    for (row, (capacity, level)) in (1..).zip(rows) {
        lines.push_str(&format!(
            "{table}.8.1.{row}|2|{capacity}\n{table}.9.1.{row}|2|{level}\n"
        ));
        if let Some(unit) = unit {
            lines.push_str(&format!("{table}.7.1.{row}|2|{unit}\n"));
        }
    }
    audit(&lines)
}

#[test]
fn a_supply_without_unit_and_capacity_is_a_percentage_like_its_neighbours() {
    let among = sharp_supplies(None, &[(100, 55), (100, 19), (-2, 100), (-2, -2)]);
    let found = &supply(&among, "1.3");
    assert_eq!(found.unit, CounterUnit::Percent);
    assert_eq!(
        (found.level.level, found.level.exactness),
        (Level::Percent(100), Assumed)
    );
    assert_eq!(supply(&among, "1.4").unit, CounterUnit::Unknown);
    assert_eq!(level(&among, "1.4"), Level::Unknown);
    for (case, unit, rows) in [
        (
            "the agent states units",
            Some(7),
            &[(100, 55), (-2, 40)][..],
        ),
        (
            "not all capacities are 100",
            None,
            &[(100, 55), (3000, 7), (-2, 40)],
        ),
        ("a level above 100", None, &[(100, 55), (-2, 400), (-2, 40)]),
        ("no capacity at all", None, &[(-2, 55), (-2, 40)]),
    ] {
        let audit = sharp_supplies(unit, rows);
        let last = format!("1.{}", rows.len());
        assert_eq!(level(&audit, &last), Level::Amount(40), "{case}");
    }
}
