//! Xerox, Fuji Xerox and FujiFilm, and what others built for Xerox or Fuji Xerox for Dell: labelled
//! counters in any order, names behind half-silent agents, parts inside descriptions.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, meter, supply, who};
use pagetally_model::Exactness::{Assumed, Derived, Exact, Unproven};

const XEROX: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.253.8.62.1.20.1.1\n";

/// Counters of xcmHrDevDetailTable: device, code, label where there is one, value.
fn counters(rows: &[(u32, u32, &str, u64)]) -> String {
    let table = "1.3.6.1.4.1.253.8.53.13.2.1";
    let mut lines = XEROX.to_owned();
    for (device, code, label, value) in rows {
        if !label.is_empty() {
            lines.push_str(&format!("{table}.8.{device}.20.{code}|4|{label}\n"));
        }
        lines.push_str(&format!("{table}.6.{device}.20.{code}|2|{value}\n"));
    }
    lines
}

#[test]
fn a_copier_is_found_by_its_labels_whatever_its_index() {
    for copier in [11, 13, 14, 103] {
        let lines = counters(&[
            (1, 1, "Total Impressions", 1000),
            (1, 7, "Black Printed Impressions", 400),
            (1, 29, "Color Printed Impressions", 250),
            (1, 33, "Color Impressions", 300),
            (1, 34, "Black Impressions ", 700),
            (1, 47, "Large Impressions", 30),
            (1, 200, "A4 Equivalent Impressions", 1030),
            (copier, 3, "Black Copied Impressions", 290),
            (copier, 25, "Color Copied Impressions", 50),
            (copier, 5, "Black Copied 2 Sided Sheets", 20),
            (copier + 2, 14, "Embedded Fax Impressions", 10),
            (9, 14, "Internet Fax Impressions", 4),
            (10, 11, "Network Scanning Images Sent", 60),
        ]);
        let expected = [
            ("total", 1000, Exact, "xerox.usage.total-impressions"),
            ("total mono", 700, Exact, "xerox.usage.black-impressions"),
            ("total color", 300, Exact, "xerox.usage.color-impressions"),
            ("total large", 30, Exact, "xerox.usage.large-impressions"),
            ("print", 650, Derived, "xerox.printed-impressions"),
            (
                "print mono",
                400,
                Exact,
                "xerox.usage.black-printed-impressions",
            ),
            (
                "print color",
                250,
                Exact,
                "xerox.usage.color-printed-impressions",
            ),
            ("copy", 340, Derived, "xerox.copied-impressions"),
            (
                "copy mono",
                290,
                Exact,
                "xerox.usage.black-copied-impressions",
            ),
            (
                "copy color",
                50,
                Exact,
                "xerox.usage.color-copied-impressions",
            ),
            (
                "copy mono duplex sheets",
                20,
                Exact,
                "xerox.usage.black-copied-two-sided-sheets",
            ),
            ("fax", 10, Exact, "xerox.usage.embedded-fax-impressions"),
        ];
        check_meters(&format!("copier {copier}"), &audit(&lines), &expected);
    }
}

#[test]
fn a_label_beats_its_code_and_a_code_speaks_where_no_label_is() {
    // Public lists swap 33 and 34; a billing plan gives 33 another meaning altogether.
    let labelled = counters(&[
        (1, 33, "Black Impressions", 700),
        (1, 34, "Color Impressions", 300),
    ]);
    check_meters(
        "swapped",
        &audit(&labelled),
        &[
            ("total mono", 700, Exact, "xerox.usage.black-impressions"),
            ("total color", 300, Exact, "xerox.usage.color-impressions"),
        ],
    );
    let tiers = counters(&[
        (1, 1, "Total Impressions", 1000),
        (1, 33, "Black + Color Level 1 Impressions", 800),
        (1, 34, "Color Level 2 Impressions", 150),
    ]);
    check_meters(
        "tiers are no colours",
        &audit(&tiers),
        &[("total", 1000, Exact, "xerox.usage.total-impressions")],
    );
    let plain = [
        (1, 1, 1000),
        (1, 33, 300),
        (1, 34, 700),
        (1, 7, 500),
        (1, 29, 200),
    ];
    for (case, label) in [("no labels", ""), ("another language", "Wartość")] {
        let mut rows: Vec<_> = plain.map(|(d, c, v)| (d, c, label, v)).to_vec();
        rows.push((103, 3, label, 200));
        rows.push((103, 25, label, 100));
        check_meters(
            case,
            &audit(&counters(&rows)),
            &[
                ("total", 1000, Assumed, "xerox.usage.code-1"),
                ("total mono", 700, Assumed, "xerox.usage.code-34"),
                ("total color", 300, Assumed, "xerox.usage.code-33"),
                ("print", 700, Assumed, "xerox.printed-impressions-by-code"),
                ("print mono", 500, Assumed, "xerox.usage.code-7"),
                ("print color", 200, Assumed, "xerox.usage.code-29"),
                ("copy", 300, Assumed, "xerox.copied-impressions-by-code"),
                ("copy mono", 200, Assumed, "xerox.usage.code-3"),
                ("copy color", 100, Assumed, "xerox.usage.code-25"),
            ],
        );
    }
}

#[test]
fn sheets_and_sides_keep_their_unit() {
    let lines = counters(&[
        (1, 38, "Sheets", 600),
        (1, 39, "2 Sided Sheets", 200),
        (1, 9, "Black Printed 2 Sided Sheets", 120),
        (1, 31, "Color Printed 2 Sided Sheets", 30),
        (1, 10, "Black Printed Large Sheets", 7),
    ]);
    check_meters(
        "sheets",
        &audit(&lines),
        &[
            ("total sheets", 600, Exact, "xerox.usage.sheets"),
            (
                "total duplex sheets",
                200,
                Exact,
                "xerox.usage.two-sided-sheets",
            ),
            (
                "print duplex sheets",
                150,
                Derived,
                "xerox.printed-two-sided-sheets-of-both",
            ),
            (
                "print mono duplex sheets",
                120,
                Exact,
                "xerox.usage.black-printed-two-sided-sheets",
            ),
            (
                "print color duplex sheets",
                30,
                Exact,
                "xerox.usage.color-printed-two-sided-sheets",
            ),
            (
                "print mono large sheets",
                7,
                Exact,
                "xerox.usage.black-printed-large-sheets",
            ),
        ],
    );
}

#[test]
fn a_black_device_prints_black() {
    let lines = counters(&[
        (1, 1, "Total Impressions", 900),
        (1, 34, "Black Impressions", 900),
        (1, 7, "Black Printed Impressions", 600),
        (103, 3, "Black Copied Impressions", 250),
        (1, 71, "Faxed Impressions", 50),
    ]);
    check_meters(
        "black",
        &audit(&lines),
        &[
            ("total", 900, Exact, "xerox.usage.total-impressions"),
            ("total mono", 900, Exact, "xerox.usage.black-impressions"),
            (
                "print",
                600,
                Assumed,
                "xerox.printed-impressions-of-black-device",
            ),
            (
                "print mono",
                600,
                Exact,
                "xerox.usage.black-printed-impressions",
            ),
            (
                "copy",
                250,
                Assumed,
                "xerox.copied-impressions-of-black-device",
            ),
            (
                "copy mono",
                250,
                Exact,
                "xerox.usage.black-copied-impressions",
            ),
            ("fax", 50, Exact, "xerox.usage.fax-impressions"),
        ],
    );
}

#[test]
fn what_lexmark_builds_for_xerox_shows_the_engines_count() {
    let device = |description: &str| {
        let counters = counters(&[(1, 1, "Total Impressions", 6462)]);
        audit(&format!(
            "{counters}1.3.6.1.2.1.1.1.0|4|{description}
             1.3.6.1.2.1.43.10.2.1.3.1.1|2|7
             1.3.6.1.2.1.43.10.2.1.4.1.1|65|6466"
        ))
    };
    let built = device("Xerox(R) C235 Color MFP; SS CXLBL.081.215, kernel 5.4.90-yocto, All-N-1");
    let found = meter(&built, "total").expect("a total");
    let rule = found.source.rule.name.as_str();
    assert_eq!(
        (found.value, rule),
        (6466, "xerox.page-count-of-lexmark-build")
    );
    let lost = found.source.witnesses.iter();
    assert!(lost.clone().any(|witness| witness.value.as_str() == "6462"));
    assert_eq!(who(&built)[1..], ["C235 Color MFP", "", "CXLBL.081.215"]);
    let own = device("Xerox AltaLink C8045; SS 100.002, NC 100.003");
    assert_eq!(meter(&own, "total").expect("a total").value, 6462);
}

#[test]
fn a_dell_that_writes_its_numbers_as_text_is_read_and_unproven() {
    let text = "1.3.6.1.4.1.253.8.53.13.2.1.8";
    let audit = audit(&format!(
        "1.3.6.1.2.1.1.1.0|4|Dell 3115cn Color MFP; Net 10.43, Controller 200702151217, Engine 05.09
         1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.674.10898.10
         {text}.1.20.34|4|1234
         {text}.1.20.7|4|1000
         {text}.103.20.3|4|200
         {text}.104.20.14|4|34"
    ));
    assert_eq!(
        who(&audit),
        ["Dell", "3115cn Color MFP", "", "200702151217"]
    );
    check_meters(
        "as text",
        &audit,
        &[
            (
                "total mono",
                1234,
                Unproven,
                "xerox.usage-as-text.black-impressions",
            ),
            (
                "print mono",
                1000,
                Unproven,
                "xerox.usage-as-text.black-printed-impressions",
            ),
            (
                "copy mono",
                200,
                Unproven,
                "xerox.usage-as-text.black-copied-impressions",
            ),
            ("fax", 34, Unproven, "xerox.usage-as-text.fax-impressions"),
        ],
    );
}

#[test]
fn names_come_from_whatever_the_agent_answers() {
    let table = [
        (
            "sysDescr alone",
            "1.3.6.1.2.1.1.1.0|4|Xerox WorkCentre 7125;System 71.21.21,ESS1.210.4,IOT 5.12.0",
            ["Xerox", "WorkCentre 7125", "", "71.21.21"],
        ),
        (
            "a Phaser with its serial number",
            "1.3.6.1.2.1.1.1.0|4|Xerox Phaser 6250DP;PS 4.8.0,Net 18.02,Eng 1.1.1,OS 4.82;SN PWG464781",
            ["Xerox", "Phaser 6250DP", "PWG464781", "4.82"],
        ),
        (
            "a small one with a Fuji Xerox controller",
            "1.3.6.1.2.1.1.1.0|4|Xerox Phaser 6180MFP-D; Net 11.74,ESS 200802151717,IOT 05.09.00",
            ["Xerox", "Phaser 6180MFP-D", "", "200802151717"],
        ),
        (
            "Fuji Xerox",
            "1.3.6.1.2.1.1.1.0|4|FUJI XEROX DocuCentre-III C2200 ;ESS1.120.4,IOT 20.6.0
             1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.297.1.11.93.1.27",
            ["Fuji Xerox", "DocuCentre-III C2200", "", "1.120.4"],
        ),
        (
            "an IEEE 1284 device ID alone",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.253.8.62.1
             1.3.6.1.4.1.253.8.51.1.2.1.20.1|4|MFG:Xerox;CMD:PCL;MDL:WorkCentre Pro 32C;CLS:PRINTER;",
            ["Xerox", "WorkCentre Pro 32C", "", ""],
        ),
        (
            "prtGeneral alone",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.253.8.62.1
             1.3.6.1.2.1.43.5.1.1.16.1|4|Xerox VersaLink C405
             1.3.6.1.2.1.43.5.1.1.17.1|4|AB1234567",
            ["Xerox", "VersaLink C405", "AB1234567", ""],
        ),
        (
            "XCMI alone",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.253.8.62.1
             1.3.6.1.4.1.253.8.53.3.2.1.2.1|4|Xerox WorkCentre 7855 v1 Multifunction System
             1.3.6.1.4.1.253.8.53.3.2.1.3.1|4|3913850890",
            ["Xerox", "WorkCentre 7855", "3913850890", ""],
        ),
    ];
    for (case, lines, expected) in table {
        let audit = audit(lines);
        assert_eq!(who(&audit), expected, "{case}");
    }
}

#[test]
fn parts_and_serial_numbers_stand_inside_descriptions_in_many_forms() {
    let table = [
        (
            "Black Toner, PN 006R01509;SN48178080E0000481",
            "006R01509",
            "48178080E0000481",
        ),
        (
            "Black Toner [K] Cartridge;SN45220180E0000465",
            "",
            "45220180E0000465",
        ),
        ("Fusore, PN 115R00140", "115R00140", ""),
        (
            "Waste Toner Box, WorkCentre 6605DN, PN#108R01124",
            "108R01124",
            "",
        ),
        ("Fuser, PN unknown;SNunknown", "", ""),
    ];
    for (description, part, serial) in table {
        let audit = audit(&format!(
            "{XEROX}1.3.6.1.2.1.43.11.1.1.6.1.30|4|{description}"
        ));
        let found = supply(&audit, "1.30");
        let text = |field: &Option<pagetally_model::Text>| {
            field.as_ref().map_or(String::new(), ToString::to_string)
        };
        assert_eq!(text(&found.part_number), part, "{description}");
        assert_eq!(text(&found.serial), serial, "{description}");
    }
}
