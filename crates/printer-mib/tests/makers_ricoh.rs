//! Ricoh and its brands: counters by type and by name, percentages of toner, names.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, level, supply, who};
use pagetally_model::Exactness::{Assumed, Derived, Exact, Unproven};
use pagetally_model::{Exactness, Level};

const AGENT: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.367.1.1\n";

/// Rows of the counter table: type, name and value, numbered from `first`.
fn counters(first: u32, rows: &[(Option<u32>, &str, u64)]) -> String {
    let table = "1.3.6.1.4.1.367.3.2.1.2.19.5.1";
    let mut lines = AGENT.to_owned();
    for (row, (kind, name, value)) in (first..).zip(rows) {
        if let Some(kind) = kind {
            lines.push_str(&format!("{table}.2.{row}|2|{kind}\n"));
        }
        if !name.is_empty() {
            lines.push_str(&format!("{table}.5.{row}|4|{name}\n"));
        }
        lines.push_str(&format!("{table}.9.{row}|65|{value}\n"));
    }
    lines
}

#[test]
fn counters_are_found_by_their_type_wherever_they_stand() {
    let rows = [
        (Some(10), "Counter: Machine Total", 1000),
        (Some(200), "Counter:Copy:Total", 300),
        (Some(201), "Counter:Copy:Black & White", 200),
        (Some(202), "Counter:Copy:Single/Two-color", 10),
        (Some(203), "Counter:Copy:Full Color", 90),
        (Some(300), "Counter:FAX:Total", 50),
        (Some(301), "Counter:FAX:Black & White", 50),
        (Some(400), "Counter:Print:Total", 650),
        (Some(401), "Counter:Print:Black & White", 450),
        (Some(402), "Counter:Print:Single/Two-col.", 0),
        (Some(403), "Counter:Print:Full Color", 200),
        (Some(870), "Counter:Transmission:Total", 77),
        (Some(872), "Counter:Transmission:FAX", 7),
        (Some(873), "Counter:Transmission:Color Scan", 40),
        (Some(874), "Counter:Transmission:B&W Scan", 30),
        (Some(701), "No. of Printed Sides in Duplex", 400),
    ];
    let mut turned = rows;
    turned.reverse();
    for (case, lines) in [
        ("in order", counters(1, &rows)),
        ("turned round, elsewhere", counters(41, &turned)),
    ] {
        check_meters(
            case,
            &audit(&lines),
            &[
                ("total", 1000, Exact, "ricoh.counters.machine-total"),
                ("total mono", 700, Assumed, "ricoh.black-of-functions"),
                ("total color", 300, Assumed, "ricoh.color-of-functions"),
                ("copy", 300, Exact, "ricoh.counters.copy-total"),
                ("copy mono", 200, Exact, "ricoh.counters.copy-black"),
                ("copy color", 100, Derived, "ricoh.copy-color"),
                ("fax", 50, Exact, "ricoh.counters.fax-total"),
                ("fax mono", 50, Exact, "ricoh.counters.fax-black"),
                ("print", 650, Exact, "ricoh.counters.print-total"),
                ("print mono", 450, Exact, "ricoh.counters.print-black"),
                ("print color", 200, Derived, "ricoh.print-color"),
                ("scan images", 70, Derived, "ricoh.scans"),
                ("scan mono images", 30, Exact, "ricoh.counters.scan-black"),
                ("scan color images", 40, Exact, "ricoh.counters.scan-color"),
                ("fax images", 7, Exact, "ricoh.counters.sent-fax"),
                ("total duplex", 400, Exact, "ricoh.counters.named-duplex"),
            ],
        );
    }
}

#[test]
fn names_tell_where_no_type_is_answered() {
    // Blanks behind the colons come and go with the firmware.
    let copier = counters(
        1,
        &[
            (None, "Counter: Machine Total", 500),
            (None, "Counter: Copy: Total", 120),
            (Some(0), "Counter:Copy:Black & White", 100),
            (None, "Counter:Copy:Single/Two-color", 5),
            (None, "Counter:Copy:Full Color", 15),
            (None, "Counter:Print:Black & White", 300),
            (None, "Counter:Print:Full Color", 80),
        ],
    );
    check_meters(
        "a copier by names",
        &audit(&copier),
        &[
            ("total", 500, Exact, "ricoh.counters.named-machine-total"),
            ("copy", 120, Exact, "ricoh.counters.named-copy-total"),
            ("copy mono", 100, Exact, "ricoh.counters.named-copy-black"),
            ("copy color", 20, Derived, "ricoh.named-copy-color"),
            ("print mono", 300, Exact, "ricoh.counters.named-print-black"),
            (
                "print color",
                80,
                Assumed,
                "ricoh.counters.named-print-full-color",
            ),
        ],
    );
    let laser = counters(
        1,
        &[
            (None, "Counter: Machine Total", 90),
            (None, "Total Prints: Color", 30),
            (None, "Total Prints: Black & White", 60),
            (None, "Development: Color", 91),
        ],
    );
    check_meters(
        "a laser printer by totals",
        &audit(&laser),
        &[
            ("total", 90, Exact, "ricoh.counters.named-machine-total"),
            ("total color", 30, Exact, "ricoh.counters.named-color"),
            ("total mono", 60, Exact, "ricoh.counters.named-black"),
        ],
    );
    let geljet = counters(
        1,
        &[
            (None, "Counter: Machine Total", 100),
            (None, "Counter: Black & White", 60),
            (None, "Counter: Economy Color", 15),
            (None, "Counter: Full Color", 25),
            (None, "Cartridge Use Number: Black", 3),
        ],
    );
    check_meters(
        "a GelJet printer, which one source knows",
        &audit(&geljet),
        &[
            ("total", 100, Exact, "ricoh.counters.named-machine-total"),
            ("total mono", 60, Unproven, "ricoh.counters.geljet-black"),
            ("total color", 40, Unproven, "ricoh.geljet-color"),
        ],
    );
}

#[test]
fn a_row_number_alone_says_nothing() {
    let rows = [1, 2, 3, 5, 9, 11].map(|value| (None, "", value));
    assert!(audit(&counters(1, &rows)).meters.is_empty());
}

#[test]
fn colour_of_faxes_stays_unproven_when_it_is_added_up() {
    let lines = counters(1, &[(Some(302), "", 3), (Some(303), "", 4)]);
    let expected = [("fax color", 7, Unproven, "ricoh.fax-color")];
    check_meters("colour faxes", &audit(&lines), &expected);
}

#[test]
fn the_scalars_speak_behind_the_table() {
    let scalars = "1.3.6.1.4.1.367.3.2.1.2.19.1.0|65|1001
                   1.3.6.1.4.1.367.3.2.1.2.19.2.0|65|650
                   1.3.6.1.4.1.367.3.2.1.2.19.3.0|65|50
                   1.3.6.1.4.1.367.3.2.1.2.19.4.0|65|300
                   1.3.6.1.2.1.43.10.2.1.3.1.1|2|8
                   1.3.6.1.2.1.43.10.2.1.4.1.1|65|1002";
    check_meters(
        "scalars alone; the life count in sheets is only a witness",
        &audit(&format!("{AGENT}{scalars}")),
        &[
            ("total", 1001, Exact, "ricoh.total"),
            ("print", 650, Exact, "ricoh.printer-total"),
            ("fax", 50, Exact, "ricoh.fax-total"),
            ("copy", 300, Exact, "ricoh.copier-total"),
        ],
    );
    let both = counters(1, &[(Some(10), "", 1000)]) + scalars;
    let both = audit(&both);
    let total = lines::meter(&both, "total").expect("a total");
    assert_eq!(total.value, 1000);
    let lost: Vec<_> = total
        .source
        .witnesses
        .iter()
        .map(|w| w.value.as_str())
        .collect();
    assert_eq!(lost, ["1001", "1002"]);
}

/// A black toner with this standard level of 100, and what the private table says.
fn toner(standard: i64, private: &str) -> (Level, Exactness) {
    let audit = audit(&format!(
        "{AGENT}
         1.3.6.1.2.1.43.11.1.1.4.1.1|2|3
         1.3.6.1.2.1.43.11.1.1.5.1.1|2|3
         1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner
         1.3.6.1.2.1.43.11.1.1.7.1.1|2|19
         1.3.6.1.2.1.43.11.1.1.8.1.1|2|100
         1.3.6.1.2.1.43.11.1.1.9.1.1|2|{standard}
         {private}"
    ));
    let found = supply(&audit, "1.1").level;
    (found.level, found.exactness)
}

#[test]
fn contested_levels_become_no_numbers() {
    let private = |color: &str, level: i64| {
        format!(
            "{color}1.3.6.1.4.1.367.3.2.1.2.24.1.1.2.1|4|Black Toner
             1.3.6.1.4.1.367.3.2.1.2.24.1.1.5.1|2|{level}"
        )
    };
    let mono = "1.3.6.1.4.1.367.3.2.1.2.24.1.1.4.1|2|3\n";
    let of = |amount| Level::OfCapacity {
        amount,
        capacity: 100,
    };
    let unknown = Exactness::Unknown;
    for (case, standard, private, expected) in [
        (
            "tens in the standard table",
            40,
            String::new(),
            (of(40), Exact),
        ),
        (
            "empty or nearly",
            -100,
            String::new(),
            (Level::EmptyOrNearly, unknown),
        ),
        (
            "some left",
            -3,
            String::new(),
            (Level::SomeRemaining, unknown),
        ),
        ("unknown", -2, String::new(), (Level::Unknown, unknown)),
        (
            "some left, 30 % in the private table",
            -3,
            private(mono, 30),
            (Level::Percent(30), Exactness::Rounded),
        ),
        (
            "the same by name, where no colour is answered",
            -3,
            private("", 30),
            (Level::Percent(30), Exactness::Rounded),
        ),
        (
            "-100 in both",
            -100,
            private(mono, -100),
            (Level::EmptyOrNearly, unknown),
        ),
        (
            "a standard number stays",
            40,
            private(mono, 50),
            (of(40), Exact),
        ),
    ] {
        assert_eq!(toner(standard, &private), expected, "{case}");
    }
}

#[test]
fn toner_is_told_apart_by_colour_where_the_standard_table_is_silent() {
    let table = "1.3.6.1.4.1.367.3.2.1.2.24.1.1";
    let mut lines = AGENT.to_owned();
    for (row, (color, percent)) in (1..).zip([(13, 80), (10, 60), (11, -3), (12, 20)]) {
        lines.push_str(&format!(
            "{table}.4.{row}|2|{color}\n{table}.5.{row}|2|{percent}\n"
        ));
    }
    let audit = audit(&lines);
    assert_eq!(level(&audit, "ricoh.toner-black"), Level::Percent(80));
    assert_eq!(level(&audit, "ricoh.toner-cyan"), Level::Percent(60));
    assert_eq!(level(&audit, "ricoh.toner-yellow"), Level::Percent(20));
    assert_eq!(audit.supplies.len(), 3, "{:#?}", audit.supplies);
}

#[test]
fn every_brand_keeps_its_name() {
    let private = "1.3.6.1.4.1.367.3.2.1.1.1.1.0|4";
    for (case, lines, expected) in [
        (
            "only sysDescr",
            format!(
                "{AGENT}1.3.6.1.2.1.1.1.0|4|LANIER MP 6054 1.22 / LANIER Network Printer C model"
            ),
            ["Lanier", "MP 6054"],
        ),
        (
            "a market's letters",
            format!(
                "{AGENT}1.3.6.1.2.1.1.1.0|4|RICOH IM C3510 JPN 1.10.1 / RICOH Network Printer C \
                 model / RICOH Network Scanner C model"
            ),
            ["Ricoh", "IM C3510"],
        ),
        (
            "a production printer",
            format!("{AGENT}1.3.6.1.2.1.1.1.0|4|RICOH Pro C7210S"),
            ["Ricoh", "Pro C7210S"],
        ),
        (
            "only the private tree, without sysDescr",
            format!("{AGENT}{private}|SAVIN MP C4503"),
            ["Savin", "MP C4503"],
        ),
        (
            "nashuatec in small letters",
            format!(
                "{AGENT}1.3.6.1.2.1.1.1.0|4|nashuatec MP C2500 1.62 / nashuatec Network Printer C model\n\
                 {private}|nashuatec MP C2500"
            ),
            ["Nashuatec", "MP C2500"],
        ),
        (
            "only an IEEE 1284 device ID",
            format!(
                "{AGENT}1.3.6.1.4.1.367.3.2.1.1.1.11.0|4|MFG:Gestetner;CMD:PCL;MDL:MP 2000;CLS:PRINTER;"
            ),
            ["Gestetner", "MP 2000"],
        ),
        (
            "an InfoPrint that answers Ricoh's objects",
            format!("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.28918.1.1\n{private}|InfoPrint Pro C900"),
            ["InfoPrint", "Pro C900"],
        ),
    ] {
        let [maker, model, ..] = who(&audit(&lines)).map(str::to_owned);
        assert_eq!([maker.as_str(), model.as_str()], expected, "{case}");
    }
    for (description, version) in [
        (
            "RICOH IM C9999 1.10.1 / RICOH Network Printer C model",
            "1.10.1",
        ),
        ("NRG SP C999DN V1.03 / NRG Network Printer C model", "1.03"),
        ("NRG DSc999 V.2.13 / NRG Network Printer C model", "2.13"),
        (
            "RICOH IPSiO GX e9999 Ver 1.02 / RICOH Network Printer C model",
            "1.02",
        ),
    ] {
        let described = audit(&format!("{AGENT}1.3.6.1.2.1.1.1.0|4|{description}"));
        assert_eq!(who(&described)[3], version, "{description}");
    }
    let small = audit(&format!(
        "{AGENT}1.3.6.1.2.1.1.1.0|4|RICOH SP 230SFNw, Firmware Ver.D  ,MID 8C5-KE5FID 2"
    ));
    assert_eq!(who(&small), ["Ricoh", "SP 230SFNw", "", "D"]);
}

#[test]
fn serial_and_version_come_from_the_private_tree() {
    let device = audit(&format!(
        "{AGENT}1.3.6.1.4.1.367.3.2.1.1.1.1.0|4|RICOH MP C9999
         1.3.6.1.4.1.367.3.2.1.1.1.2.0|4|2.20
         1.3.6.1.4.1.367.3.2.1.2.1.4.0|4|W999P000001
         1.3.6.1.2.1.43.5.1.1.17.1|4|"
    ));
    assert_eq!(who(&device), ["Ricoh", "MP C9999", "W999P000001", "2.20"]);
}
