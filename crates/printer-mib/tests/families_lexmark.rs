//! Lexmark, old and new, and its firmware under other badges: counters by type and unit, sizes,
//! supplies out of the maker's own table, names.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, supply, who};
use pagetally_model::Exactness::{Assumed, Derived, Exact};
use pagetally_model::Measures;

const LEXMARK: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.641.2.71107180\n";

/// Columns of a table of the MPS MIB, rows numbered from `first`.
fn table<const N: usize>(arcs: &str, columns: [u32; N], first: u32, rows: &[[u64; N]]) -> String {
    let mut lines = LEXMARK.to_owned();
    for (row, values) in (first..).zip(rows) {
        for (column, value) in columns.iter().zip(values) {
            lines.push_str(&format!(
                "1.3.6.1.4.1.641.6.{arcs}.{column}.1.{row}|2|{value}\n"
            ));
        }
    }
    lines
}

#[test]
fn counters_are_found_by_type_and_unit_wherever_they_stand() {
    let rows = [
        [1, 4, 1010],
        [1, 5, 800],
        [2, 4, 1000],
        [2, 5, 790],
        [3, 4, 600],
        [4, 4, 400],
        [16, 5, 700],
        [17, 4, 500],
        [18, 4, 380],
        [32, 5, 90],
        [33, 4, 95],
        [34, 4, 20],
        [48, 4, 5],
        [80, 4, 1020],
        [130, 4, 601],
    ];
    let mut turned = rows;
    turned.reverse();
    for (first, rows) in [(1, rows), (12, turned)] {
        check_meters(
            &format!("from row {first}"),
            &audit(&table("4.2.1.1", [2, 3, 4], first, &rows)),
            &[
                ("total", 1000, Exact, "lexmark.pages.delivered"),
                ("total sheets", 790, Exact, "lexmark.pages.delivered-sheets"),
                ("total mono", 600, Exact, "lexmark.pages.mono"),
                ("total color", 400, Exact, "lexmark.pages.color"),
                ("print", 880, Derived, "lexmark.print-sides"),
                ("print sheets", 700, Exact, "lexmark.pages.print-sheets"),
                ("print mono", 500, Exact, "lexmark.pages.print-mono"),
                ("print color", 380, Exact, "lexmark.pages.print-color"),
                ("copy", 115, Derived, "lexmark.copy-sides"),
                ("copy sheets", 90, Exact, "lexmark.pages.copy-sheets"),
                ("copy mono", 95, Exact, "lexmark.pages.copy-mono"),
                ("copy color", 20, Exact, "lexmark.pages.copy-color"),
                ("fax", 5, Exact, "lexmark.pages.fax"),
            ],
        );
    }
}

#[test]
fn large_paper_is_a3_and_tabloid_of_every_type() {
    // A4 first, as a list that trusts row 1 would take it; A3 twice, on two types of paper.
    let rows = [
        [68, 3, 7000, 22000],
        [67, 3, 80, 800],
        [8, 3, 60, 300],
        [67, 39, 2, 9],
        [14, 3, 1, 0],
    ];
    check_meters(
        "sides by size",
        &audit(&table("4.2.2.1", [2, 3, 6, 7], 1, &rows)),
        &[
            ("total large", 892, Assumed, "lexmark.large/3-rows+3-rows"),
            (
                "total mono large",
                83,
                Assumed,
                "lexmark.sides.large-mono/3-rows",
            ),
            (
                "total color large",
                809,
                Assumed,
                "lexmark.sides.large-color/3-rows",
            ),
        ],
    );
}

#[test]
fn scans_of_every_job_and_size_make_one_count() {
    let rows = [[257, 68, 24], [4, 68, 67], [260, 3, 3], [769, 68, 6]];
    check_meters(
        "scans",
        &audit(&table("4.3.1.1", [2, 3, 4], 1, &rows)),
        &[("scan images", 100, Derived, "lexmark.scans.all/4-rows")],
    );
}

#[test]
fn before_2012_three_counters_tell_all() {
    let audit = audit(&format!(
        "{LEXMARK}1.3.6.1.4.1.641.2.1.5.1.0|65|1000
         1.3.6.1.4.1.641.2.1.5.2.0|65|700
         1.3.6.1.4.1.641.2.1.5.3.0|65|300
         1.3.6.1.4.1.641.2.1.2.1.2.1|4|Lexmark X654de
         1.3.6.1.4.1.641.2.1.2.1.6.1|4|793GYB7
         1.3.6.1.4.1.641.2.1.2.1.4.1|4|LR.MN.P840-0"
    ));
    assert_eq!(
        who(&audit),
        ["Lexmark", "X654de", "793GYB7", "LR.MN.P840-0"]
    );
    check_meters(
        "old tree",
        &audit,
        &[
            ("total", 1000, Exact, "lexmark.old-total"),
            ("total mono", 700, Exact, "lexmark.old-mono"),
            ("total color", 300, Exact, "lexmark.old-color"),
        ],
    );
}

#[test]
fn supplies_get_part_and_serial_number_out_of_lexmarks_table_by_their_description() {
    let table = "1.3.6.1.4.1.641.6.4.4.1.1";
    let standard = "1.3.6.1.2.1.43.11.1.1";
    let audit = audit(&format!(
        "{LEXMARK}{standard}.5.1.1|2|4
         {standard}.4.1.1|2|4
         {standard}.6.1.1|4|Waste Toner Bottle
         {standard}.7.1.1|2|7
         {standard}.8.1.1|2|25000
         {standard}.9.1.1|2|17750
         {standard}.5.1.2|2|3
         {standard}.6.1.2|4|Black Cartridge
         {table}.5.1.7|4|Black Cartridge
         {table}.6.1.7|4|CAP20105189C
         {table}.7.1.7|4|   24B7185
         {table}.5.1.9|4|Waste Toner Bottle
         {table}.6.1.9|4|
         {table}.7.1.9|4|"
    ));
    let text = |field: &Option<pagetally_model::Text>| field.as_ref().map(ToString::to_string);
    let black = supply(&audit, "1.2");
    assert_eq!(text(&black.part_number).as_deref(), Some("24B7185"));
    assert_eq!(text(&black.serial).as_deref(), Some("CAP20105189C"));
    let rule = black.sources["serial"].rule.name.as_str();
    assert_eq!(rule, "lexmark.current-supplies");
    let waste = supply(&audit, "1.1");
    assert_eq!((&waste.part_number, &waste.serial), (&None, &None));
    // What Lexmark's own table calls what remains.
    assert_eq!(waste.measures, Measures::Remaining);
    assert_eq!(waste.level.level.percent(), Some(71));
}

#[test]
fn a_nameless_agents_waste_box_is_read_lexmarks_way_only_where_lexmarks_tree_answers() {
    let waste = "1.3.6.1.2.1.43.11.1.1.4.1.1|2|4
                 1.3.6.1.2.1.43.11.1.1.5.1.1|2|4
                 1.3.6.1.2.1.43.11.1.1.6.1.1|4|Waste Toner Container
                 1.3.6.1.2.1.43.11.1.1.8.1.1|2|100
                 1.3.6.1.2.1.43.11.1.1.9.1.1|2|40\n";
    for (case, own, expected) in [
        ("nobody's", "", Measures::Unknown),
        (
            "a Xerox",
            "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.1|65|5",
            Measures::Unknown,
        ),
        (
            "a Lexmark",
            "1.3.6.1.4.1.641.6.4.2.1.1.2.1.1|2|2",
            Measures::Remaining,
        ),
    ] {
        let audit = audit(&format!("{waste}{own}"));
        assert_eq!(supply(&audit, "1.1").measures, expected, "{case}");
    }
}

#[test]
fn names_come_from_whatever_the_agent_answers() {
    let printer = "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n";
    let table = [
        (
            "the device table alone",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.641.2.1
             1.3.6.1.4.1.641.6.2.3.1.4.1|4|Lexmark CX725de
             1.3.6.1.4.1.641.6.2.3.1.5.1|4|7528000000001
             1.3.6.1.4.1.641.6.3.3.1.6.1.1|4|Base
             1.3.6.1.4.1.641.6.3.3.1.7.1.1|4|CXTAT.081.232",
            ["Lexmark", "CX725de", "7528000000001", "CXTAT.081.232"],
        ),
        (
            "hrDeviceDescr alone",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.641.2.1
             1.3.6.1.2.1.25.3.2.1.3.1|4|Lexmark MX711 7463000000001 LW62.TU.P636",
            ["Lexmark", "MX711", "7463000000001", "LW62.TU.P636"],
        ),
        (
            "sysDescr alone",
            "1.3.6.1.2.1.1.1.0|4|Lexmark T652 version NR.APS.N632 kernel 2.6.18 All-N-1",
            ["Lexmark", "T652", "", "NR.APS.N632"],
        ),
        (
            "prtGeneral with its suffix",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.641.2.1
             1.3.6.1.2.1.43.5.1.1.17.1|4|7463000000001-130-0",
            ["Lexmark", "", "7463000000001", ""],
        ),
        (
            "before 2005",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.641.1.71106824
             1.3.6.1.2.1.25.3.2.1.3.1|4|Lexmark T622 9908XKV 543.006 --- Part Number ---",
            ["Lexmark", "T622", "9908XKV", ""],
        ),
        (
            "under Dell's badge",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.674.10898.2.100.100.51.1
             1.3.6.1.2.1.1.1.0|4|Dell S5830dn version NH62.YS.N636 kernel 3.0.0 All-N-1
             1.3.6.1.2.1.25.3.2.1.3.1|4|Dell S5830dn Laser Printer 5D8K2 NH62.YS.N636",
            ["Dell", "S5830dn Laser Printer", "5D8K2", "NH62.YS.N636"],
        ),
        (
            "an old Dell",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.674.10898.100.2.1
             1.3.6.1.2.1.25.3.2.1.3.1|4|Dell Laser Printer M5200 9915DGL 551.014 --- Part Number ---",
            ["Dell", "Laser Printer M5200", "9915DGL", ""],
        ),
        (
            "an IEEE 1284 device ID alone, under Dell's number",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.674.10898.2.100.7
             1.3.6.1.4.1.674.10898.100.2.1.2.1.3.1|4|MFG:Dell;MDL:B3460dn Laser Printer;CLS:PRINTER;",
            ["Dell", "B3460dn Laser Printer", "", ""],
        ),
    ];
    for (case, lines, expected) in table {
        let audit = audit(&format!("{printer}{lines}"));
        assert_eq!(who(&audit), expected, "{case}");
    }
}
