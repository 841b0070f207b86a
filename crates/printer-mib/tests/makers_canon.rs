//! Canon and Oce: counters by the panel's numbers in two places, by their names, names of devices.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, supply, who};
use pagetally_model::Exactness::{Assumed, Derived, Exact, Unproven};

const AGENT: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1602.4.7\n";
/// What the panel is set to show, and all counters: both by the panel's numbers.
const SHOWN: &str = "1.3.6.1.4.1.1602.1.11.1.3.1.4";
const ALL: &str = "1.3.6.1.4.1.1602.1.11.1.4.1.4";

/// Counters by the panel's numbers.
fn panel(place: &str, rows: &[(u32, u64)]) -> String {
    let rows = rows
        .iter()
        .map(|(number, value)| format!("{place}.{number}|65|{value}\n"));
    rows.collect()
}

/// Counters with their names, numbered in the device's own order.
fn named(rows: &[(&str, u64)]) -> String {
    let table = "1.3.6.1.4.1.1602.1.11.2.1.1";
    let mut lines = AGENT.to_owned();
    for (row, (name, value)) in (1..).zip(rows) {
        lines.push_str(&format!(
            "{table}.2.{row}|4|{name}\n{table}.3.{row}|65|{value}\n"
        ));
    }
    lines
}

#[test]
fn an_image_runner_advance_counts_by_the_numbers_of_its_panel() {
    let rows = [
        (101, 1000),
        (103, 50),
        (108, 700),
        (112, 20),
        (113, 680),
        (122, 30),
        (123, 270),
        (301, 650),
        (501, 90),
    ];
    for (case, place, rules) in [
        ("shown", SHOWN, "canon.panel"),
        ("not shown", ALL, "canon.panel-all"),
    ] {
        let rule = |tail: &str| format!("{rules}{tail}");
        check_meters(
            case,
            &audit(&(AGENT.to_owned() + &panel(place, &rows))),
            &[
                ("total", 1000, Exact, &rule(".total")),
                ("total large", 50, Exact, &rule(".total-large")),
                ("total mono", 700, Exact, &rule(".black")),
                ("total mono large", 20, Exact, &rule(".black-large")),
                ("total mono small", 680, Exact, &rule(".black-small")),
                ("total color", 300, Derived, &rule("-color-by-size")),
                ("total color large", 30, Exact, &rule(".color-large")),
                ("total color small", 270, Exact, &rule(".color-small")),
                ("print", 650, Exact, &rule(".print")),
                ("scan images", 90, Exact, &rule(".scan")),
            ],
        );
    }
}

#[test]
fn what_the_panel_shows_is_believed_before_what_it_does_not() {
    let both =
        AGENT.to_owned() + &panel(SHOWN, &[(101, 1000)]) + &panel(ALL, &[(101, 999), (201, 8)]);
    check_meters(
        "both places",
        &audit(&both),
        &[
            ("total", 1000, Exact, "canon.panel.total"),
            ("copy", 8, Exact, "canon.panel-all.copy"),
        ],
    );
}

#[test]
fn pages_counted_twice_never_stand_for_pages() {
    // 102 counts large pages twice: with the large ones (103) taken away it is the total.
    let double = panel(SHOWN, &[(102, 1050), (103, 50), (109, 720), (112, 20)]);
    check_meters(
        "twice less large",
        &audit(&(AGENT.to_owned() + &double)),
        &[
            ("total", 1000, Assumed, "canon.panel-total-of-double"),
            ("total large", 50, Exact, "canon.panel.total-large"),
            ("total mono", 700, Assumed, "canon.panel-black-of-double"),
            ("total mono large", 20, Exact, "canon.panel.black-large"),
        ],
    );
    let alone = AGENT.to_owned() + &panel(SHOWN, &[(102, 1050), (109, 720), (124, 330)]);
    assert!(audit(&alone).meters.is_empty());
    // More large pages than pages: one of both is something else.
    let wrong = audit(&(AGENT.to_owned() + &panel(SHOWN, &[(102, 40), (103, 50)])));
    assert!(lines::meter(&wrong, "total").is_none());
}

#[test]
fn colour_is_what_the_numbers_say_together() {
    for (case, rows, value, exactness, rule) in [
        ("125", &[(125, 31)][..], 31, Exact, "canon.panel.color"),
        (
            "105 and 118",
            &[(105, 20), (118, 10)],
            30,
            Derived,
            "canon.panel-color",
        ),
        (
            "105 alone",
            &[(105, 20)],
            20,
            Assumed,
            "canon.panel.full-color",
        ),
        (
            "124 and 122",
            &[(124, 40), (122, 5)],
            35,
            Assumed,
            "canon.panel-color-of-double",
        ),
    ] {
        let audit = audit(&(AGENT.to_owned() + &panel(SHOWN, rows)));
        let found = lines::meter(&audit, "total color").unwrap_or_else(|| panic!("{case}"));
        let stated = (
            found.value,
            found.exactness,
            found.source.rule.name.as_str(),
        );
        assert_eq!(stated, (value, exactness, rule), "{case}");
    }
}

#[test]
fn laser_and_ink_printers_count_by_names() {
    let laser = named(&[
        ("Total 1", 500),
        ("Total (Black & White 1)", 350),
        ("Total (Full Color + Single Color/Large)", 2),
        ("Total (Full Color + Single Color/Small)", 148),
        ("Copy (Total 1)", 100),
        ("Print (Total 1)", 380),
        ("Scan (Total 1)", 77),
        ("Black & White Scan (Total 1)", 7),
        ("Color Scan (Total 1)", 70),
        ("Total 1 (2-Sided)", 40),
        ("Total (Developer)", 9),
    ]);
    check_meters(
        "newer words",
        &audit(&laser),
        &[
            ("total", 500, Exact, "canon.named.total"),
            ("total mono", 350, Exact, "canon.named.black"),
            ("total color", 150, Derived, "canon.named-color-by-size"),
            ("total color large", 2, Exact, "canon.named.color-large"),
            ("total color small", 148, Exact, "canon.named.color-small"),
            ("copy", 100, Exact, "canon.named.copy"),
            ("print", 380, Exact, "canon.named.print"),
            ("scan images", 77, Exact, "canon.named.scan"),
            ("scan mono images", 7, Exact, "canon.named.scan-black"),
            ("scan color images", 70, Exact, "canon.named.scan-color"),
            ("total duplex", 40, Assumed, "canon.named.duplex"),
        ],
    );
    let older = named(&[
        ("Scan (Total 1)", 4),
        ("Total (Black 1)", 9),
        ("Total (Full Colour 1)", 5),
        ("Total (Single Colour 1)", 1),
    ]);
    check_meters(
        "older words, in another order, in British letters",
        &audit(&older),
        &[
            ("scan images", 4, Exact, "canon.named.scan"),
            ("total mono", 9, Exact, "canon.named.black"),
            ("total color", 6, Derived, "canon.named-color-sum"),
        ],
    );
    let chinese = named(&[("总数1", 12), ("复印(总数1)", 5)]);
    check_meters(
        "a panel in Chinese, which one source quotes",
        &audit(&chinese),
        &[
            ("total", 12, Unproven, "canon.named.total-chinese"),
            ("copy", 5, Unproven, "canon.named.copy-chinese"),
        ],
    );
    let strange = named(&[("Gesamt 1", 12), ("Total 2", 5), ("合計 1", 5)]);
    assert!(audit(&strange).meters.is_empty(), "no guess at other words");
}

#[test]
fn the_third_place_stays_unproven() {
    let table = "1.3.6.1.4.1.1602.1.11.2.2.1";
    let lines = format!(
        "{AGENT}{table}.2.1|2|101\n{table}.4.1|65|20\n{table}.2.2|2|108\n{table}.4.2|65|15\n\
         {table}.2.3|2|999\n{table}.4.3|65|1"
    );
    check_meters(
        "shown",
        &audit(&lines),
        &[
            ("total", 20, Unproven, "canon.shown.total"),
            ("total mono", 15, Unproven, "canon.shown.black"),
        ],
    );
}

#[test]
fn a_canon_says_who_it_is_in_its_own_tree() {
    for (case, lines, expected) in [
        (
            "copier",
            "1.3.6.1.4.1.1602.1.1.1.1.0|4|iR-ADV C9999
             1.3.6.1.4.1.1602.1.1.1.4.0|4|41.07
             1.3.6.1.4.1.1602.1.2.1.4.0|4|XYZ01234",
            ["Canon", "iR-ADV C9999", "XYZ01234", "41.07"],
        ),
        (
            "the serial number in the other tree",
            "1.3.6.1.4.1.1602.1.1.1.1.0|4|Canon LBP9999
             1.3.6.1.4.1.1602.1.2.1.8.1.3.1.1|4|ABCD123456",
            ["Canon", "LBP9999", "ABCD123456", ""],
        ),
        (
            "older imageRUNNER: among the interpreters",
            "1.3.6.1.2.1.1.1.0|4|Canon iR9999 /P
             1.3.6.1.2.1.43.15.1.1.4.1.1|4|1.0
             1.3.6.1.2.1.43.15.1.1.4.1.2|4|ABC01234",
            ["Canon", "iR9999", "ABC01234", ""],
        ),
        (
            "only sysDescr",
            "1.3.6.1.2.1.1.1.0|4|Canon MF999C Series /P",
            ["Canon", "MF999C Series", "", ""],
        ),
        (
            "only sysDescr of an ink printer",
            "1.3.6.1.2.1.1.1.0|4|Canon TS9999 series",
            ["Canon", "TS9999", "", ""],
        ),
        (
            "only sysDescr of a large format printer",
            "1.3.6.1.2.1.1.1.0|4|Canon iPF999",
            ["Canon", "iPF999", "", ""],
        ),
        (
            "only an IEEE 1284 device ID",
            "1.3.6.1.4.1.2699.1.2.1.2.1.1.3.1|4|MFG:Canon;CMD:BJRaster3;MDL:GX9999 series;CLS:PRINTER;",
            ["Canon", "GX9999 series", "", ""],
        ),
    ] {
        assert_eq!(who(&audit(&format!("{AGENT}{lines}"))), expected, "{case}");
    }
}

#[test]
fn part_numbers_stand_in_the_descriptions() {
    for (description, part) in [
        ("Canon GPR-55 Black Toner", "GPR-55"),
        ("Canon NPG-67 Cyan Toner", "NPG-67"),
        ("Canon C-EXV51 Magenta Toner", "C-EXV51"),
        ("Canon C-EXV 65 Yellow Toner", "C-EXV 65"),
        ("Canon Cartridge 054 H Black Toner", "Cartridge 054 H"),
        ("Canon Cartridge 054 Black Toner", "Cartridge 054"),
        ("Canon CRG052 Black Toner", "CRG052"),
    ] {
        let audit = audit(&format!(
            "{AGENT}1.3.6.1.2.1.43.11.1.1.5.1.1|2|3
             1.3.6.1.2.1.43.11.1.1.6.1.1|4|{description}
             1.3.6.1.2.1.43.11.1.1.8.1.1|2|100
             1.3.6.1.2.1.43.11.1.1.9.1.1|2|50"
        ));
        let found = supply(&audit, "1.1").part_number.clone();
        assert_eq!(
            found.as_ref().map(|p| p.as_str()),
            Some(part),
            "{description}"
        );
    }
}

#[test]
fn an_oce_counts_the_length_of_its_paper() {
    let agent = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1552.21.3.1.1\n";
    let plotter = format!(
        "{agent}1.3.6.1.2.1.1.1.0|4|Océ PlotWave 999
         1.3.6.1.4.1.1552.21.3.1.1.5.1.0|65|900
         1.3.6.1.4.1.1552.21.3.1.1.5.8.0|65|1234"
    );
    let plotter = audit(&plotter);
    assert_eq!(who(&plotter)[..2], ["Oce", "PlotWave 999"]);
    let expected = [("total meters", 1234, Exact, "oce.length")];
    check_meters("length; no areas", &plotter, &expected);
    for (description, version) in [
        ("Oce, XY999 R1.2.0, Smart Imager R8.5.3.22", "R1.2.0"),
        ("Oce digital 9999 R5.3", "R5.3"),
        (
            "Oce NC-9999h, Firmware Ver.1.01  (10.01.08),MID 8C5-D92,FID 2",
            "1.01",
        ),
    ] {
        let described = audit(&format!("{agent}1.3.6.1.2.1.1.1.0|4|{description}"));
        assert_eq!(who(&described)[3], version, "{description}");
    }
    // Canon sells what Oce built: whoever's number it shows, the counters are found.
    let canon = format!("{AGENT}1.3.6.1.4.1.1552.21.3.1.1.5.8.0|65|55");
    check_meters(
        "under Canon's number",
        &audit(&canon),
        &[("total meters", 55, Exact, "oce.length")],
    );
}

#[test]
fn a_prismasync_server_counts_by_the_numbers_of_the_panel() {
    let agent = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1552.21.4\n";
    let rows = [
        (101, 100),
        (103, 10),
        (112, 4),
        (113, 60),
        (122, 6),
        (123, 30),
        (503, 1),
        (504, 8),
    ];
    for (table, place) in [
        ("display", "1.3.6.1.4.1.1552.21.4.1.3.1.4"),
        ("stationary", "1.3.6.1.4.1.1552.21.4.1.4.1.4"),
    ] {
        let dot = |tail: &str| format!("oce.{table}.{tail}");
        let dash = |tail: &str| format!("oce.{table}-{tail}");
        check_meters(
            table,
            &audit(&(agent.to_owned() + &panel(place, &rows))),
            &[
                ("total", 100, Exact, &dot("total")),
                ("total large", 10, Exact, &dot("total-large")),
                ("total mono", 64, Derived, &dash("black")),
                ("total mono large", 4, Exact, &dot("black-large")),
                ("total mono small", 60, Exact, &dot("black-small")),
                ("total color", 36, Derived, &dash("color")),
                ("total color large", 6, Exact, &dot("color-large")),
                ("total color small", 30, Exact, &dot("color-small")),
                ("scan images", 9, Derived, &dash("scan")),
                ("scan large images", 1, Exact, &dot("scan-large")),
                ("scan small images", 8, Exact, &dot("scan-small")),
            ],
        );
    }
}
