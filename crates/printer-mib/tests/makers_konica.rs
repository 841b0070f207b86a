//! Konica Minolta, Minolta before it, and those who ship their firmware.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, meter, who};
use pagetally_model::Exactness::{Assumed, Derived, Exact, Unproven};

const AGENT: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.18334.1.2.1.2.1.30.3.4\n";
const COUNT: &str = "1.3.6.1.4.1.18334.1.1.1.5.7.2";

/// Counters by their place below the maker's counters.
fn counters(rows: &[(&str, i64)]) -> String {
    let rows = rows
        .iter()
        .map(|(place, value)| format!("{COUNT}.{place}|2|{value}\n"));
    AGENT.to_owned() + &rows.collect::<String>()
}

#[test]
fn a_colour_copier_counts_by_function_and_colour() {
    let copier = counters(&[
        ("1.1.0", 1000),
        ("1.2.0", 30),
        ("1.3.0", 200),
        ("1.5.0", 333),
        ("1.6.0", 5),
        ("1.9.0", 700),
        ("2.1.5.1.1", 100),
        ("2.1.5.1.2", 500),
        ("2.1.5.2.1", 40),
        ("2.1.5.2.2", 300),
        ("2.1.5.3.1", 6),
        ("2.1.5.3.2", 1),
        ("2.1.5.4.1", -1),
        ("2.1.5.4.2", -1),
        ("2.1.7.1.1", 10),
        ("2.1.7.1.2", 20),
        ("3.1.5.1", 320),
        ("3.1.6.1", 12),
        ("3.1.7.1", 48),
    ]);
    check_meters(
        "without a counter for two colours",
        &audit(&copier),
        &[
            ("total", 1000, Exact, "konica.total"),
            ("total large", 30, Assumed, "konica.total-large"),
            ("total duplex sheets", 200, Exact, "konica.duplex"),
            ("total sheets", 700, Exact, "konica.sheets"),
            ("scan images", 333, Exact, "konica.scans"),
            ("scan large images", 12, Exact, "konica.scanner.read-large"),
            ("copy", 146, Derived, "konica.copy-total"),
            ("copy mono", 100, Exact, "konica.functions.copy-black"),
            ("copy color", 46, Derived, "konica.copy-color"),
            (
                "copy mono large",
                10,
                Exact,
                "konica.functions.copy-black-large",
            ),
            ("print", 801, Derived, "konica.print-total"),
            ("print mono", 500, Exact, "konica.functions.print-black"),
            ("print color", 301, Derived, "konica.print-color"),
            (
                "print mono large",
                20,
                Exact,
                "konica.functions.print-black-large",
            ),
            ("total color", 347, Assumed, "konica.color-of-functions"),
            ("total mono", 653, Assumed, "konica.black-of-total"),
        ],
    );
}

#[test]
fn full_colour_stands_for_colour_where_nothing_else_is_stated() {
    let older = counters(&[
        ("1.1.0", 1000),
        ("2.1.5.1.1", 100),
        ("2.1.5.1.2", 500),
        ("2.1.5.2.1", 40),
        ("2.1.5.2.2", 300),
    ]);
    check_meters(
        "two colours of counters",
        &audit(&older),
        &[
            ("total", 1000, Exact, "konica.total"),
            ("copy", 140, Assumed, "konica.copy-black-and-full-color"),
            ("copy mono", 100, Exact, "konica.functions.copy-black"),
            (
                "copy color",
                40,
                Assumed,
                "konica.functions.copy-full-color",
            ),
            ("print", 800, Assumed, "konica.print-black-and-full-color"),
            ("print mono", 500, Exact, "konica.functions.print-black"),
            (
                "print color",
                300,
                Assumed,
                "konica.functions.print-full-color",
            ),
            (
                "total color",
                340,
                Assumed,
                "konica.full-color-of-functions",
            ),
            (
                "total mono",
                660,
                Assumed,
                "konica.black-of-total-without-full-color",
            ),
        ],
    );
}

#[test]
fn a_black_copier_has_no_colour_at_all() {
    let mono = counters(&[
        ("1.1.0", 900),
        ("2.1.5.1.1", 100),
        ("2.1.5.1.2", 790),
        ("2.1.5.2.1", -1),
        ("2.1.5.2.2", -1),
        ("2.1.5.3.1", -1),
        ("2.1.5.3.2", -1),
        ("2.1.5.4.1", -1),
        ("2.1.5.4.2", -1),
    ]);
    let mono = audit(&mono);
    for words in ["copy color", "print color", "total color"] {
        assert_eq!(meter(&mono, words), None, "{words}");
    }
    assert_eq!(meter(&mono, "copy").map(|m| m.value), Some(100));
    assert_eq!(meter(&mono, "print").map(|m| m.value), Some(790));
    assert_eq!(meter(&mono, "total mono").map(|m| m.value), Some(900));
}

#[test]
fn transmissions_by_colour_stay_unproven() {
    let scans = counters(&[("3.1.5.1", 50), ("3.1.23.1", 20), ("3.1.24.1", 30)]);
    check_meters(
        "scans",
        &audit(&scans),
        &[
            ("scan images", 50, Exact, "konica.scanner.read"),
            (
                "scan mono images",
                20,
                Unproven,
                "konica.scanner.sent-black",
            ),
            (
                "scan color images",
                30,
                Unproven,
                "konica.scanner.sent-color",
            ),
        ],
    );
}

#[test]
fn each_badge_keeps_its_name() {
    for (case, lines, expected) in [
        (
            "only the private tree",
            "1.3.6.1.4.1.18334.1.1.1.1.6.2.1.0|4|KONICA MINOLTA bizhub C999
             1.3.6.1.4.1.18334.1.1.1.1.6.1.0|4|G00-99",
            ["Konica Minolta", "bizhub C999", "G00-99"],
        ),
        (
            "only sysDescr",
            "1.3.6.1.2.1.1.1.0|4|KONICA MINOLTA bizhub C999",
            ["Konica Minolta", "bizhub C999", ""],
        ),
        (
            "Develop",
            "1.3.6.1.2.1.1.1.0|4|Develop ineo+ 999",
            ["Develop", "ineo+ 999", ""],
        ),
        (
            "Olivetti",
            "1.3.6.1.2.1.1.1.0|4|Olivetti d-Color MF999",
            ["Olivetti", "d-Color MF999", ""],
        ),
        (
            "Sindoh, neutral but for its own tree",
            "1.3.6.1.2.1.1.1.0|4|Generic 28C-9
             1.3.6.1.4.1.18334.1.1.1.1.6.2.1.0|4|SINDOH D999",
            ["Sindoh", "D999", ""],
        ),
    ] {
        let audit = audit(&format!("{AGENT}{lines}"));
        let [maker, model, _, firmware] = who(&audit);
        assert_eq!([maker, model, firmware], expected, "{case}");
    }
}

#[test]
fn a_unit_without_a_badge_is_read_as_what_it_is() {
    let neutral = audit(&format!(
        "1.3.6.1.2.1.1.1.0|4|Generic 28C-9\n{}",
        counters(&[("1.1.0", 77)])
    ));
    check_meters("neutral", &neutral, &[("total", 77, Exact, "konica.total")]);
    assert_eq!(who(&neutral)[..2], ["Konica Minolta", "Generic 28C-9"]);
}

#[test]
fn a_minolta_is_read_by_the_types_of_its_rows() {
    let mlt = "1.3.6.1.4.1.2590.1.1.1.5.7.2";
    let mut lines = format!(
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2590.1.1.1.2\n{mlt}.1.1.0|65|500\n{mlt}.1.3.0|65|40\n"
    );
    // Colour, function, all, large: in no order.
    let rows = [
        (6, 2, 8, 0),
        (1, 2, 300, 5),
        (2, 2, 90, 4),
        (1, 1, 60, 1),
        (1, 4, 7, 0),
        (2, 1, 30, 2),
    ];
    for (row, (color, function, all, large)) in (1..).zip(rows) {
        lines.push_str(&format!(
            "{mlt}.2.1.3.{row}.1|2|{color}\n{mlt}.2.1.4.{row}.1|2|{function}\n\
             {mlt}.2.1.5.{row}.1|65|{all}\n{mlt}.2.1.7.{row}.1|65|{large}\n"
        ));
    }
    let minolta = audit(&lines);
    assert_eq!(who(&minolta)[0], "Minolta");
    check_meters(
        "by type",
        &minolta,
        &[
            ("total", 500, Exact, "minolta.total"),
            ("total duplex sheets", 40, Assumed, "minolta.duplex"),
            ("copy mono", 60, Exact, "minolta.functions.copy-black"),
            ("copy color", 30, Exact, "minolta.functions.copy-color"),
            (
                "copy mono large",
                1,
                Exact,
                "minolta.functions.copy-black-large",
            ),
            (
                "copy color large",
                2,
                Exact,
                "minolta.functions.copy-color-large",
            ),
            ("print mono", 300, Exact, "minolta.functions.print-black"),
            (
                "print color",
                98,
                Derived,
                "minolta.functions.print-color/2-rows",
            ),
            (
                "print mono large",
                5,
                Exact,
                "minolta.functions.print-black-large",
            ),
            (
                "print color large",
                4,
                Derived,
                "minolta.functions.print-color-large/2-rows",
            ),
            ("fax mono", 7, Exact, "minolta.functions.fax-black"),
            (
                "fax mono large",
                0,
                Exact,
                "minolta.functions.fax-black-large",
            ),
        ],
    );
}

#[test]
fn a_muratec_answers_below_its_own_number() {
    let muratec = audit(
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.4322.1.1
         1.3.6.1.2.1.1.1.0|4|Muratec MFX-9999
         1.3.6.1.4.1.4322.101.1.1.5.7.2.1.1.0|65|321
         1.3.6.1.4.1.4322.101.1.1.5.7.2.2.1.5.1.1|65|21",
    );
    assert_eq!(who(&muratec)[..2], ["Muratec", "MFX-9999"]);
    check_meters(
        "what one source knows",
        &muratec,
        &[
            ("total", 321, Unproven, "muratec.total"),
            ("copy mono", 21, Unproven, "muratec.copy-black"),
        ],
    );
}
