//! HP of every generation: JetDirect cards before 2005, LaserJets with PML, colour by fuser mode,
//! FutureSmart and ink devices, and what Samsung built for HP and others.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, level, supply, who};
use pagetally_model::Exactness::{Assumed, Derived, Exact, Unproven};
use pagetally_model::{Level, SupplyKind};

const HP: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1\n";

/// PML counters by their arcs.
fn pml(rows: &[(&str, u64)]) -> String {
    let root = "1.3.6.1.4.1.11.2.3.9.4.2.1";
    let lines = rows.iter();
    let lines = lines.map(|(arcs, value)| format!("{root}.{arcs}.0|2|{value}\n"));
    HP.to_owned() + &lines.collect::<String>()
}

/// A PML string: its symbol set, then its octets.
fn pml_text(arcs: &str, set: [u8; 2], text: &[u8]) -> String {
    let octets = [&set[..], text].concat();
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("1.3.6.1.4.1.11.2.3.9.4.2.1.{arcs}.0|4x|{hex}\n")
}

#[test]
fn each_generation_counts_in_its_own_places() {
    check_meters(
        "a mono LaserJet",
        &audit(&pml(&[
            ("4.1.2.5", 15232),
            ("4.1.2.6", 15232),
            ("4.1.2.22", 300),
        ])),
        &[
            ("total", 15232, Exact, "hp.total-engine-page-count"),
            ("total mono", 15232, Exact, "hp.total-mono-page-count"),
            ("total duplex sheets", 300, Exact, "hp.duplex-page-count"),
        ],
    );
    check_meters(
        "a Color LaserJet that counts by fuser mode",
        &audit(&pml(&[
            ("4.1.2.5", 1000),
            ("1.16.4.1.1.1", 600),
            ("1.16.4.1.1.2", 50),
            ("1.16.4.1.3.1", 350),
        ])),
        &[
            ("total", 1000, Exact, "hp.total-engine-page-count"),
            ("total mono", 650, Assumed, "hp.fuser-modes.mono/2-rows"),
            ("total color", 350, Assumed, "hp.fuser-modes.color"),
        ],
    );
    check_meters(
        "an MFP",
        &audit(&pml(&[
            ("4.1.2.5", 1000),
            ("4.1.2.6", 700),
            ("4.1.2.7", 300),
            ("2.2.1.63", 200),
            ("2.2.1.44", 150),
            ("2.2.1.74", 90),
            ("2.2.1.45", 10_884_743),
            ("3.7.1.32", 12),
        ])),
        &[
            ("total", 1000, Exact, "hp.total-engine-page-count"),
            ("total mono", 700, Exact, "hp.total-mono-page-count"),
            ("total color", 300, Exact, "hp.total-color-page-count"),
            ("copy", 200, Exact, "hp.copy-page-count"),
            ("scan images", 240, Derived, "hp.scan-total"),
            ("fax", 12, Exact, "hp.fax-printed"),
        ],
    );
    check_meters(
        "FutureSmart, A3",
        &audit(&pml(&[
            ("4.1.2.6", 700),
            ("4.1.2.7", 300),
            ("2.2.1.20", 150),
            ("2.2.1.21", 90),
            ("4.1.8.5.1.11", 4),
            ("4.1.8.5.1.26", 900),
            ("4.1.8.5.1.27", 96),
        ])),
        &[
            ("total mono", 700, Exact, "hp.total-mono-page-count"),
            ("total color", 300, Exact, "hp.total-color-page-count"),
            ("total large", 100, Unproven, "hp.pages-on-large"),
            ("scan images", 240, Derived, "hp.scan-total-of-accessory"),
        ],
    );
    check_meters(
        "a device without a feeder",
        &audit(&pml(&[("2.2.1.74", 90)])),
        &[("scan images", 90, Assumed, "hp.scan-total-of-flatbed")],
    );
}

#[test]
fn names_come_from_whatever_the_agent_answers() {
    let roman8 = [1, 0x15];
    let printer = "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n";
    let pml_names = [
        pml_text("1.3.2", roman8, b"HP LaserJet M402dn"),
        pml_text("1.3.3", roman8, b"PHBB000001\0"),
        pml_text("1.3.5", roman8, b"20190819"),
    ]
    .concat();
    let revision = pml_names.clone() + &pml_text("1.3.6", [0x02, 0x4e], b"2406249_032756");
    let table = [
        (
            "PML alone",
            pml_names,
            ["HP", "LaserJet M402dn", "PHBB000001", "20190819"],
        ),
        (
            "PML with a revision",
            revision,
            ["HP", "LaserJet M402dn", "PHBB000001", "2406249_032756"],
        ),
        (
            "an external card of 2003: the printer's name in its IEEE 1284 device ID",
            "1.3.6.1.2.1.1.1.0|4|HP ETHERNET MULTI-ENVIRONMENT,ROM A.05.03,JETDIRECT,JD24,EEPROM A.08.32
             1.3.6.1.4.1.11.2.3.9.1.1.7.0|4|MFG:Hewlett-Packard;MDL:HP LaserJet 4200;CLS:PRINTER;"
                .to_owned(),
            ["HP", "LaserJet 4200", "", ""],
        ),
        (
            "a new card's sysDescr alone",
            "1.3.6.1.2.1.1.1.0|4|HP ETHERNET MULTI-ENVIRONMENT,SN:CNB0000001,FN:1H0000,SVCID:29000,PID:HP LaserJet MFP M227fdw"
                .to_owned(),
            ["HP", "LaserJet MFP M227fdw", "CNB0000001", ""],
        ),
        (
            "hrDeviceDescr and prtGeneral alone",
            format!(
                "{printer}1.3.6.1.2.1.25.3.2.1.3.1|4|HP PageWide Enterprise Color MFP 586
                 1.3.6.1.2.1.43.5.1.1.16.1|4|NPI000001
                 1.3.6.1.2.1.43.5.1.1.17.1|4|CN00000001"
            ),
            ["HP", "PageWide Enterprise Color MFP 586", "CN00000001", ""],
        ),
    ];
    for (case, lines, expected) in table {
        let audit = audit(&(HP.to_owned() + &lines));
        assert_eq!(who(&audit), expected, "{case}");
    }
}

#[test]
fn a_cartridge_is_called_by_what_stands_behind_hps_name() {
    for (description, part) in [
        ("Black Cartridge HP CF410X", Some("CF410X")),
        ("Cyan Cartridge 827A HP CF301A", Some("CF301A")),
        ("Fuser Kit HP 110V-C1N54A, 220V-C1N58A", None),
        ("Black Cartridge", None),
    ] {
        let audit = audit(&format!("{HP}1.3.6.1.2.1.43.11.1.1.6.1.1|4|{description}"));
        let found = supply(&audit, "1.1").part_number.as_ref();
        assert_eq!(found.map(|part| part.as_str()), part, "{description}");
    }
}

// What Samsung built, under its own name and under HP's, Xerox's and Dell's.

/// Rows of Samsung's cube: job, paper, unit, sides, colour, value.
fn cube(object_id: &str, rows: &[[u64; 6]]) -> String {
    let mut lines = format!("1.3.6.1.2.1.1.2.0|6|{object_id}\n");
    for (row, values) in (1..).zip(rows) {
        for (column, value) in (2..).zip(values) {
            lines.push_str(&format!(
                "1.3.6.1.4.1.236.11.5.11.53.11.2.1.{column}.1.{row}|2|{value}\n"
            ));
        }
    }
    lines
}

#[test]
fn samsungs_cube_is_added_up_by_function_in_the_unit_that_it_states() {
    let rows = [
        [1, 3, 8, 1, 3, 20],
        [1, 5, 8, 1, 3, 59_286],
        [1, 5, 8, 2, 3, 100],
        [1, 20, 8, 1, 1, 7],
        [2, 5, 8, 1, 3, 535],
        [3, 5, 8, 1, 3, 9],
        [6, 5, 8, 1, 3, 33],
        [5, 1, 8, 1, 3, 760],
        [11, 1, 8, 1, 1, 40],
    ];
    let lines = cube("1.3.6.1.4.1.236.11.5.1", &rows)
        + "1.3.6.1.4.1.236.11.5.11.53.11.1.1.0|2|7\n1.3.6.1.4.1.236.11.5.11.53.11.1.2.0|2|59983\n";
    check_meters(
        "sheets",
        &audit(&lines),
        &[
            ("total", 59_990, Derived, "samsung.total"),
            ("total mono", 59_983, Exact, "samsung.mono"),
            ("total color", 7, Exact, "samsung.color"),
            (
                "total large sheets",
                7,
                Unproven,
                "samsung.usage.large-sheets",
            ),
            (
                "print sheets",
                59_413,
                Unproven,
                "samsung.usage.print-sheets/4-rows",
            ),
            (
                "print mono sheets",
                59_406,
                Unproven,
                "samsung.usage.print-mono-sheets/3-rows",
            ),
            (
                "print color sheets",
                7,
                Unproven,
                "samsung.usage.print-color-sheets",
            ),
            (
                "print simplex sheets",
                59_313,
                Unproven,
                "samsung.usage.print-simplex-sheets/3-rows",
            ),
            (
                "print duplex sheets",
                100,
                Unproven,
                "samsung.usage.print-duplex-sheets",
            ),
            ("copy sheets", 535, Unproven, "samsung.usage.copy-sheets"),
            (
                "copy mono sheets",
                535,
                Unproven,
                "samsung.usage.copy-mono-sheets",
            ),
            (
                "copy simplex sheets",
                535,
                Unproven,
                "samsung.usage.copy-simplex-sheets",
            ),
            ("fax sheets", 9, Unproven, "samsung.usage.fax-sheets"),
            (
                "fax mono sheets",
                9,
                Unproven,
                "samsung.usage.fax-mono-sheets",
            ),
            (
                "fax simplex sheets",
                9,
                Unproven,
                "samsung.usage.fax-simplex-sheets",
            ),
            ("scan images", 800, Unproven, "samsung.usage.scan/2-rows"),
        ],
    );
}

#[test]
fn what_samsung_built_for_others_keeps_its_badge() {
    let table = [
        (
            "an HP Laser under HP's number, found by a probe",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1
             1.3.6.1.2.1.1.1.0|4|HP Laser MFP 432fdn; V3.83.01.15;Engine V1.00.10;NIC V9.01;S/N CNB0000002
             1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5
             1.3.6.1.2.1.25.3.2.1.3.1|4|HP Laser MFP 432fdn
             1.3.6.1.4.1.236.11.5.1.1.1.2.0|4|V3.83.01.15",
            ["HP", "Laser MFP 432fdn", "CNB0000002", "V3.83.01.15"],
        ),
        (
            "a Dell",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.674.10898.10
             1.3.6.1.2.1.1.1.0|4|Dell 1235cn; V1.70.01.08 Jan-29-2009;Engine 1.77.77;NIC V4.00.54;S/N 9SMWJH1",
            ["Dell", "1235cn", "9SMWJH1", "V1.70.01.08"],
        ),
        (
            "a Xerox",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.253.8.62.1.19.4.13.1
             1.3.6.1.2.1.1.1.0|4|Xerox Phaser 3300MFP; OS 1.50.00.20 12-19-2008;Engine 1.31.10;NIC V4.02.00(P3300MFP);S/N LMT0000002",
            ["Xerox", "Phaser 3300MFP", "LMT0000002", "1.50.00.20"],
        ),
        (
            "Samsung's own, by its private tree",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.236.11.5.1
             1.3.6.1.4.1.236.11.5.1.1.1.1.0|4|Samsung SL-M3825ND
             1.3.6.1.4.1.236.11.5.1.1.1.4.0|4|ZD0000001",
            ["Samsung", "SL-M3825ND", "ZD0000001", ""],
        ),
        (
            "Samsung's own, by the newer tree",
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.236.11.5.11.62.1
             1.3.6.1.4.1.236.11.5.11.55.5.1.1.0|4|CLX-9201
             1.3.6.1.4.1.236.11.5.11.55.5.1.2.0|4|V11.01.03
             1.3.6.1.4.1.236.11.5.11.55.5.1.4.0|4|Z0000002",
            ["Samsung", "CLX-9201", "Z0000002", "V11.01.03"],
        ),
    ];
    for (case, lines, expected) in table {
        assert_eq!(who(&audit(lines)), expected, "{case}");
    }
}

#[test]
fn a_samsung_that_calls_every_part_toner_has_one_toner() {
    let mut lines = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.236.11.5.1\n".to_owned();
    let rows = [
        ("Black Toner Cartridge S/N:CRUM-17101402200", 5000, 4900),
        (
            "Black Imaging Unit (OPC Unit) S/N:CRUM-00000000000",
            30_000,
            30_000,
        ),
        ("Fuser", 100, 143_065),
        ("Transfer Roller", 90_000, 6309),
    ];
    for (row, (description, capacity, level)) in (1..).zip(rows) {
        let columns = [("4", "3"), ("5", "3"), ("7", "7")];
        for (column, value) in columns {
            lines.push_str(&format!(
                "1.3.6.1.2.1.43.11.1.1.{column}.1.{row}|2|{value}\n"
            ));
        }
        lines.push_str(&format!(
            "1.3.6.1.2.1.43.11.1.1.6.1.{row}|4|{description}
             1.3.6.1.2.1.43.11.1.1.8.1.{row}|2|{capacity}
             1.3.6.1.2.1.43.11.1.1.9.1.{row}|2|{level}\n"
        ));
    }
    let audit = audit(&lines);
    let kinds: Vec<_> = audit.supplies.iter().map(|supply| supply.kind).collect();
    let expected = [
        SupplyKind::Toner,
        SupplyKind::Opc,
        SupplyKind::Fuser,
        SupplyKind::TransferUnit,
    ];
    assert_eq!(kinds, expected);
    let serial = |slot| {
        supply(&audit, slot)
            .serial
            .as_ref()
            .map(|text| text.as_str())
    };
    assert_eq!(serial("1.1"), Some("CRUM-17101402200"));
    assert_eq!(serial("1.2"), None);
    // More than fits is no level.
    assert_eq!(level(&audit, "1.3"), Level::Other);
}
