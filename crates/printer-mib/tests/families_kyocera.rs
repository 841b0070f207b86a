//! Kyocera and the brands on its firmware: the billed total, functions and colours, modes and sizes
//! by name, names behind half-silent agents.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, supply, who};
use pagetally_model::Exactness::{Assumed, Derived, Exact};

const KYOCERA: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41\n";

/// Counters by their arcs below Kyocera's number.
fn counters(rows: &[(&str, u64)]) -> String {
    let lines = rows
        .iter()
        .map(|(arcs, value)| format!("1.3.6.1.4.1.1347.{arcs}|65|{value}\n"));
    KYOCERA.to_owned() + &lines.collect::<String>()
}

/// Rows of a table with names: its arcs, its rows' names and values.
fn named(arcs: &str, column: u32, rows: &[(&str, u64)]) -> String {
    let mut lines = String::new();
    for (row, (name, value)) in (1..).zip(rows) {
        if !name.is_empty() {
            lines.push_str(&format!("1.3.6.1.4.1.1347.{arcs}.2.1.{row}|4|{name}\n"));
        }
        lines.push_str(&format!(
            "1.3.6.1.4.1.1347.{arcs}.{column}.1.{row}|65|{value}\n"
        ));
    }
    lines
}

#[test]
fn an_mfp_counts_by_function_and_colour_and_its_life_count_is_not_billed() {
    let lines = counters(&[
        ("43.10.1.1.12.1.1", 1000),
        ("42.3.1.1.1.1.1", 700),
        ("42.3.1.1.1.1.2", 260),
        ("42.3.1.1.1.1.4", 40),
        ("42.3.1.2.1.1.1.1", 400),
        ("42.3.1.2.1.1.1.2", 10),
        ("42.3.1.2.1.1.1.3", 290),
        ("42.3.1.2.1.1.2.1", 200),
        ("42.3.1.2.1.1.2.2", 0),
        ("42.3.1.2.1.1.2.3", 60),
        ("42.3.1.2.1.1.4.1", 40),
        ("42.3.1.3.1.1.2", 150),
        ("42.3.1.3.1.1.4", 12),
        ("42.3.1.4.1.1.1", 88),
        ("42.2.5.1.1.1.1", 600),
        ("42.2.5.1.1.2.1", 400),
    ]) + "1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n1.3.6.1.2.1.43.10.2.1.4.1.1|65|1044";
    let audit = audit(&lines);
    check_meters(
        "MFP",
        &audit,
        &[
            ("total", 1000, Exact, "kyocera.billed-total"),
            ("total mono", 640, Derived, "kyocera.total-mono"),
            ("total color", 360, Derived, "kyocera.total-color"),
            ("total simplex", 600, Exact, "kyocera.simplex"),
            ("total duplex", 400, Exact, "kyocera.duplex"),
            ("print", 700, Exact, "kyocera.print-total"),
            ("print mono", 400, Exact, "kyocera.print-mono"),
            ("print color", 300, Derived, "kyocera.print-color"),
            ("copy", 260, Exact, "kyocera.copy-total"),
            ("copy mono", 200, Exact, "kyocera.copy-mono"),
            ("copy color", 60, Derived, "kyocera.copy-color"),
            ("fax", 40, Exact, "kyocera.fax-total"),
            ("fax mono", 40, Exact, "kyocera.fax-mono"),
            ("scan images", 250, Derived, "kyocera.scan-by-purpose"),
        ],
    );
    assert!(
        audit.contradictions.is_empty(),
        "{:?}",
        audit.contradictions
    );
    assert_eq!(audit.markers[0].life_count, Some(1044));
}

#[test]
fn an_mfp_without_fax_still_has_its_mono_pages() {
    let lines = counters(&[("42.3.1.2.1.1.1.1", 400), ("42.3.1.2.1.1.2.1", 200)]);
    check_meters(
        "no fax",
        &audit(&lines),
        &[
            ("total mono", 600, Assumed, "kyocera.total-mono-without-fax"),
            ("print mono", 400, Exact, "kyocera.print-mono"),
            ("copy mono", 200, Exact, "kyocera.copy-mono"),
        ],
    );
}

#[test]
fn a_status_pages_total_is_one_sided_and_two_sided_output() {
    let lines = counters(&[("42.2.5.1.1.1.1", 7296), ("42.2.5.1.1.2.1", 46)])
        + "1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n1.3.6.1.2.1.43.10.2.1.4.1.1|65|7432";
    check_meters(
        "no billed total",
        &audit(&lines),
        &[
            ("total", 7342, Derived, "kyocera.simplex-and-duplex"),
            ("total simplex", 7296, Exact, "kyocera.simplex"),
            ("total duplex", 46, Exact, "kyocera.duplex"),
        ],
    );
}

#[test]
fn a_printer_counts_by_mode_and_the_modes_names_decide() {
    let modes = |rows: &[(&str, u64)]| audit(&(KYOCERA.to_owned() + &named("42.2.2.1.1", 3, rows)));
    check_meters(
        "three modes in another order",
        &modes(&[
            ("Full Color", 300),
            ("Monochrome", 600),
            ("Single Color", 20),
        ]),
        &[
            ("total mono", 600, Exact, "kyocera.modes.named-mono"),
            ("total color", 320, Derived, "kyocera.mode-color"),
        ],
    );
    check_meters(
        "two modes",
        &modes(&[("Black & White", 600), ("Color", 300)]),
        &[
            ("total mono", 600, Exact, "kyocera.modes.named-mono"),
            ("total color", 300, Exact, "kyocera.modes.named-color"),
        ],
    );
    check_meters(
        "three modes without names",
        &modes(&[("", 600), ("", 20), ("", 300)]),
        &[
            ("total mono", 600, Assumed, "kyocera.modes.first"),
            ("total color", 320, Assumed, "kyocera.mode-color-by-place"),
        ],
    );
    check_meters(
        "two modes without names",
        &modes(&[("", 600), ("", 300)]),
        &[
            ("total mono", 600, Assumed, "kyocera.modes.first"),
            ("total color", 300, Assumed, "kyocera.modes.second"),
        ],
    );
}

#[test]
fn sizes_are_found_by_name_whatever_their_row() {
    for names in [
        ["A3", "B4", "A4", "Ledger", "Other1"],
        ["A4", "Ledger", "Other1", "A3", "B4"],
    ] {
        let count = |name: &str| match name {
            "A3" => 30,
            "Ledger" => 5,
            "A4" => 900,
            _ => 7,
        };
        let rows = names.map(|name| (name, count(name)));
        let lines = KYOCERA.to_owned() + &named("42.2.1.1.1", 6, &rows);
        check_meters(
            names[0],
            &audit(&lines),
            &[("total large", 35, Derived, "kyocera.sizes.large/2-rows")],
        );
    }
}

#[test]
fn names_come_from_whatever_the_agent_answers() {
    let table = [
        (
            "its own tree alone",
            "1.3.6.1.2.1.1.1.0|4|KYOCERA Document Solutions Printing System
             1.3.6.1.4.1.1347.43.5.1.1.1.1|4|TASKalfa 4053ci
             1.3.6.1.4.1.1347.43.5.1.1.28.1|4|VCB0000001
             1.3.6.1.4.1.1347.43.5.4.1.5.1.1|4|2RH_2000.002.003
             1.3.6.1.4.1.1347.43.5.4.1.5.1.2|4|2RH_1000.001.001",
            [
                "Kyocera",
                "TASKalfa 4053ci",
                "VCB0000001",
                "2RH_2000.002.003",
            ],
        ),
        (
            "a Triumph-Adler: the badge in hrDeviceDescr, the base model in Kyocera's tree",
            "1.3.6.1.2.1.1.1.0|4|TA_UTAX Printing System
             1.3.6.1.4.1.1347.43.5.1.1.1.1|4|5057ci
             1.3.6.1.4.1.1347.43.5.1.1.36.1|4|TASKalfa 5054ci
             1.3.6.1.4.1.1347.43.5.1.1.28.1|4|RTX0000001",
            ["Utax", "5057ci", "RTX0000001", ""],
        ),
        (
            "a Copystar",
            "1.3.6.1.2.1.1.1.0|4|KYOCERA MITA Printing System
             1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5
             1.3.6.1.2.1.25.3.2.1.3.1|4|Copystar CS 3253ci",
            ["Copystar", "CS 3253ci", "", ""],
        ),
        (
            "an IEEE 1284 device ID alone",
            "1.3.6.1.4.1.1347.40.1.1.1.8.1|4|ID:ECOSYS M5526cdw;MFG:Kyocera;MDL:ECOSYS M5526cdw;CLS:PRINTER;",
            ["Kyocera", "ECOSYS M5526cdw", "", ""],
        ),
        (
            "the product's name alone",
            "1.3.6.1.4.1.1347.42.5.1.1.1.1|4|KM-C3232E
             1.3.6.1.2.1.43.5.1.1.17.1|4|ADN0000001",
            ["Kyocera", "KM-C3232E", "ADN0000001", ""],
        ),
        (
            "behind a JetDirect card's sysDescr",
            "1.3.6.1.2.1.1.1.0|4|HP ETHERNET MULTI-ENVIRONMENT,ROM A.05.03,JETDIRECT EX,JD24
             1.3.6.1.4.1.1347.43.5.1.1.1.1|4|FS-1028MFP",
            ["Kyocera", "FS-1028MFP", "", ""],
        ),
    ];
    for (case, lines, expected) in table {
        let audit = audit(&(KYOCERA.to_owned() + lines));
        assert_eq!(who(&audit), expected, "{case}");
    }
}

#[test]
fn a_cartridge_is_called_by_its_part_number_and_nothing_else() {
    let audit = audit(&format!(
        "{KYOCERA}1.3.6.1.2.1.43.11.1.1.5.1.1|2|3
         1.3.6.1.2.1.43.11.1.1.6.1.1|4|TK-8515K
         1.3.6.1.2.1.43.11.1.1.5.1.2|2|4
         1.3.6.1.2.1.43.11.1.1.6.1.2|4|Waste Toner Box
         1.3.6.1.2.1.43.11.1.1.8.1.2|2|-2
         1.3.6.1.2.1.43.11.1.1.9.1.2|2|-3"
    ));
    let part = supply(&audit, "1.1").part_number.as_ref();
    assert_eq!(part.expect("a part number").as_str(), "TK-8515K");
    let waste = supply(&audit, "1.2");
    assert_eq!(waste.part_number, None);
    assert_eq!(waste.level.level.percent(), None);
}
