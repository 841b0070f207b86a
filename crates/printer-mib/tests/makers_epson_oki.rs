//! Epson and OKI: single instances of a tree that nobody may walk, numbers as text, cards that stand
//! in front of printers.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, level, supply, who};
use pagetally_model::Exactness::{Assumed, Derived, Exact, Unproven};
use pagetally_model::{Level, Measures, SupplyKind};
use pagetally_printer_mib::{Definitions, ReadPlan};
use pagetally_snmp_engine::{Ask, Oid, Plan, Recording};

const EPSON: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1248.1.1.2.1.3.9.77.79.68.69.76.45.48.48.48\n";
const OKI: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2001.1.1.1.297.93.1.26.2.8\n";

fn below(root: &str, rows: &[(&str, &str)]) -> String {
    let lines = rows
        .iter()
        .map(|(arcs, value)| format!("{root}.{arcs}|{value}\n"));
    lines.collect()
}

fn epson(rows: &[(&str, &str)]) -> String {
    EPSON.to_owned() + &below("1.3.6.1.4.1.1248.1.2.2", rows)
}

fn oki(rows: &[(&str, &str)]) -> String {
    OKI.to_owned() + &below("1.3.6.1.4.1.2001.1.1.1.1", rows)
}

#[test]
fn epson_counts_by_colour_and_by_source_and_the_disputed_object_is_left_alone() {
    check_meters(
        "an MFP",
        &audit(&epson(&[
            ("27.1.1.3.1.1", "65|600"),
            ("27.1.1.4.1.1", "65|400"),
            ("27.1.1.30.1.1", "65|77"),
            ("27.6.1.4.1.1.1", "65|700"),
            ("27.6.1.5.1.1.1", "65|300"),
            ("27.6.1.4.1.1.2", "65|250"),
            ("27.6.1.5.1.1.2", "65|100"),
            ("27.6.1.4.1.1.3", "65|50"),
        ])),
        &[
            ("total", 1000, Derived, "epson.total"),
            ("total mono", 600, Exact, "epson.mono"),
            ("total color", 400, Exact, "epson.color"),
            ("print", 700, Exact, "epson.print"),
            ("print color", 300, Exact, "epson.print-color"),
            ("print mono", 400, Derived, "epson.print-mono"),
            ("copy", 250, Assumed, "epson.copy"),
            ("copy color", 100, Assumed, "epson.copy-color"),
            ("copy mono", 150, Assumed, "epson.copy-mono"),
        ],
    );
}

#[test]
fn epsons_maintenance_box_is_found_by_its_name_and_shows_what_is_free() {
    for row in [2, 5, 7] {
        let audit = audit(&epson(&[
            ("28.1.1.5.1.1", "4|Black Ink Cartridge"),
            ("28.1.1.2.1.1", "2|40"),
            (&format!("28.1.1.5.1.{row}"), "4|Maintenance Box"),
            (&format!("28.1.1.2.1.{row}"), "2|85"),
        ]));
        let waste = supply(&audit, "epson.maintenance-box");
        assert_eq!(waste.kind, SupplyKind::WasteInk);
        assert_eq!(waste.measures, Measures::Remaining);
        assert_eq!(waste.level.level, Level::Percent(85), "row {row}");
        assert_eq!(audit.supplies.len(), 1, "inks are the standard table's");
    }
}

#[test]
fn epsons_firmware_is_the_row_that_is_named_so() {
    for row in 1..=4 {
        let mut lines = epson(&[
            ("1.1.1.2.1", "4|WF-0000 Series"),
            ("1.1.1.5.1", "4|X0X0000001"),
        ]);
        for other in 1..=4 {
            let (name, value) = match other == row {
                true => ("Main FW", "AA00A0"),
                false => ("Network FW", "01.02"),
            };
            lines.push_str(&below(
                "1.3.6.1.4.1.1248.1.2.2.2.1.1",
                &[
                    (&format!("3.1.{other}"), &format!("4|{name}")),
                    (&format!("2.1.{other}"), &format!("4|{value}")),
                ],
            ));
        }
        let audit = audit(&lines);
        assert_eq!(who(&audit)[2..], ["X0X0000001", "AA00A0"], "row {row}");
    }
}

/// Below 1248.1.2.2.44 a GET is a command: no plan for any device asks near it.
#[test]
fn nothing_asks_epsons_command_channel_or_walks_towards_it() {
    let tree: Oid = "1.3.6.1.4.1.1248.1.2.2".parse().expect("a valid OID");
    let channel = tree.child(&[44]);
    let lines = format!("{EPSON}1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5");
    let answers = Recording::parse(lines.as_bytes())
        .expect("a valid recording")
        .to_answers();
    let mut plan = ReadPlan::new(&Definitions::builtin());
    let mut own = 0;
    while let Some(query) = plan.next_query(&answers) {
        for ask in query.asks {
            match ask {
                Ask::Instance(oid) => {
                    assert!(!oid.starts_with(&channel), "{oid}");
                    own += usize::from(oid.starts_with(&tree));
                }
                Ask::Columns { columns, .. } => {
                    let near = |oid: &&Oid| oid.starts_with(&tree) || tree.starts_with(oid);
                    assert_eq!(columns.iter().find(near), None);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(own > 20, "Epson's own objects are asked one by one");
}

#[test]
fn oki_counts_in_text_and_by_colour() {
    check_meters(
        "a colour printer",
        &audit(&oki(&[
            ("100.1.1.1.3.1", "4|1000"),
            ("11.1.10.170.1.6.1", "65|400"),
            ("11.1.10.170.1.7.1", "65|600"),
            ("11.1.10.170.1.8.1", "65|77"),
            ("11.1.10.170.1.17.1", "65|60"),
        ])),
        &[
            ("total", 1000, Exact, "oki.total"),
            ("total color", 400, Exact, "oki.color"),
            ("total mono", 600, Exact, "oki.mono"),
            ("copy", 60, Unproven, "oki.copies"),
        ],
    );
}

#[test]
fn okis_toner_is_joined_by_its_name() {
    let names = ["Black Toner", "Toner (Cyan)", "MAGENTA TONER", "yellow"];
    for first in 0..4 {
        let mut lines = OKI.to_owned();
        for row in 0..4 {
            let at = (row + first) % 4;
            lines.push_str(&below(
                "1.3.6.1.4.1.2001.1.1.1.1.100.3.1.1",
                &[
                    (&format!("2.{}", row + 1), &format!("4|{}", names[at])),
                    (&format!("3.{}", row + 1), &format!("4|{}", 10 * (at + 1))),
                ],
            ));
        }
        let audit = audit(&lines);
        for (color, percent) in [("black", 10), ("cyan", 20), ("magenta", 30), ("yellow", 40)] {
            let slot = format!("oki.toner-{color}");
            assert_eq!(level(&audit, &slot), Level::Percent(percent), "{color}");
        }
    }
}

#[test]
fn okis_card_names_the_printer_behind_it() {
    for (description, model, firmware) in [
        (
            "OKI OkiLAN 8100e Rev.02.31 10/100BASE Ethernet PrintServer: Attached to C0000 Rev.1.09 : (C)2004 Oki Data Corporation",
            "C0000",
            "1.09",
        ),
        (
            "OKI FastEther0000e Rev.01.00 10/100BASE Ethernet PrintServer: Attached to ES0000 MFP Rev.A1.02 : Copyright (c) 2010",
            "ES0000 MFP",
            "A1.02",
        ),
    ] {
        let audit = audit(&format!("{OKI}1.3.6.1.2.1.1.1.0|4|{description}"));
        assert_eq!(who(&audit), ["OKI", model, "", firmware]);
    }
    let audit = audit(&oki(&[
        ("11.1.10.25.0", "4|B0000"),
        ("11.1.10.45.0", "4|AK00000000"),
        ("11.1.10.40.2.0", "4|Asset 7"),
    ]));
    assert_eq!(who(&audit)[..3], ["OKI", "B0000", "AK00000000"]);
    assert_eq!(
        audit.identity.asset.as_ref().map(|a| a.as_str()),
        Some("Asset 7")
    );
}
