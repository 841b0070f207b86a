//! Label printers and makers with a few objects of their own: Zebra, Intermec, Toshiba TEC, Pantum,
//! Panasonic, Sindoh, Seiko and JingTu, Riso.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, level, who};
use pagetally_model::Exactness::{Assumed, Exact, Rounded, Unproven};
use pagetally_model::Level;

/// A device with this sysObjectID and these objects, all below 1.3.6.1.4.1.
fn device(object_id: &str, rows: &[(&str, &str)]) -> String {
    let mut lines = format!("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.{object_id}\n");
    for (arcs, value) in rows {
        lines.push_str(&format!("1.3.6.1.4.1.{arcs}|{value}\n"));
    }
    lines
}

#[test]
fn zebra_counts_labels_and_inches_in_whichever_branch_answers() {
    check_meters(
        "the older branch",
        &audit(&device(
            "10642.1.1",
            &[
                ("10642.200.17.1.0", "4|7"),
                ("10642.200.17.2.0", "4|1234"),
                ("10642.200.17.3.0", "4|555 INCHES, 1411 CENTIMETERS"),
            ],
        )),
        &[
            ("total items", 1234, Exact, "zebra.labels"),
            ("total inches", 5_550_000, Exact, "zebra.odometer-in-inches"),
        ],
    );
    check_meters(
        "Link-OS",
        &audit(&device(
            "10642.1.1",
            &[
                ("10642.3.1.1.0", "2|254"),
                ("10642.3.1.6.0", "2|1234"),
                ("10642.3.1.7.0", "2|9"),
            ],
        )),
        &[
            ("total items", 1234, Exact, "zebra.labels-of-link-os"),
            (
                "total inches",
                1_000_000,
                Rounded,
                "zebra.odometer-in-centimetres",
            ),
        ],
    );
    let silent = audit(&device(
        "10642.1.1",
        &[("10642.200.17.2.0", "4|?"), ("10642.200.17.3.0", "4|?")],
    ));
    check_meters("a question mark is no number", &silent, &[]);
}

#[test]
fn a_zebra_is_known_behind_its_card_and_by_its_newer_objects() {
    for (case, lines, expected) in [
        (
            "the printer's own tree",
            device(
                "683.6",
                &[
                    ("10642.1.1.0", "4|ZTC GK000d"),
                    ("10642.1.2.0", "4|V61.17.17Z"),
                    ("10642.200.19.5.0", "4|00J000000001"),
                    ("683.1.5.0", "4|7000001"),
                ],
            ),
            ["GK000d", "00J000000001", "V61.17.17Z"],
        ),
        (
            "what the card says of its port",
            device(
                "683.6",
                &[
                    ("683.6.2.3.2.1.15.1", "4|ZTC ZM000-200dpi"),
                    ("683.1.5.0", "4|7000001"),
                ],
            ),
            ["ZM000-200dpi", "7000001", ""],
        ),
        (
            "Link-OS",
            device(
                "10642.1.1",
                &[
                    ("10642.1.1.0", "4|ZTC ZT000-203dpi ZPL"),
                    ("10642.1.9.0", "4|18J000000002"),
                ],
            ),
            ["ZT000-203dpi ZPL", "18J000000002", ""],
        ),
    ] {
        assert_eq!(who(&audit(&lines))[1..], expected, "{case}");
    }
}

#[test]
fn intermec_and_toshiba_tec_name_their_label_printers() {
    let intermec = audit(&device(
        "1963.20",
        &[
            ("1963.20.10.5.4.0", "4|PM00"),
            ("1963.20.10.5.3.0", "4|P10.11.013310"),
            ("1963.20.10.15.15.10.1.4.0", "65|1234"),
        ],
    ));
    assert_eq!(who(&intermec), ["Intermec", "PM00", "", "P10.11.013310"]);
    check_meters(
        "one source",
        &intermec,
        &[("total items", 1234, Unproven, "intermec.labels")],
    );
    let tec = audit(&device(
        "1129.1.2",
        &[("1129.1.2.1.1.1.2.1.0", "4|B-EX0T1")],
    ));
    assert_eq!(who(&tec)[..2], ["Toshiba", "B-EX0T1"]);
}

#[test]
fn each_family_of_pantum_answers_its_own_objects() {
    let pantum = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.40093.1\n1.3.6.1.2.1.43.5.1.1.16.1|4|Pantum M0000DW Series\n";
    let family = |rows: &[(&str, &str)]| {
        let rows = rows
            .iter()
            .map(|(arcs, value)| format!("1.3.6.1.4.1.40093.{arcs}|{value}\n"));
        audit(&(pantum.to_owned() + &rows.collect::<String>()))
    };
    let first = family(&[
        ("1.1.1.5", "4|CC0A000001"),
        ("1.1.1.1", "4|2.0.00"),
        ("1.1.3.1", "2|5"),
        ("1.1.3.3", "2|1000"),
        ("1.1.3.9", "2|6"),
        ("1.1.3.12", "2|900"),
        ("1.1.3.13.2", "2|62"),
    ]);
    assert_eq!(who(&first), ["Pantum", "M0000DW", "CC0A000001", "2.0.00"]);
    check_meters(
        "first",
        &first,
        &[
            ("total", 1000, Exact, "pantum.total-first"),
            ("print", 900, Exact, "pantum.print"),
        ],
    );
    assert_eq!(level(&first, "pantum.toner-black"), Level::Percent(62));
    let second = family(&[
        ("6.1.2", "4|CC0B000001"),
        ("6.3.1", "2|35"),
        ("6.4.1", "65|2000"),
        ("8.1.4", "2|80"),
    ]);
    assert_eq!(who(&second)[2], "CC0B000001");
    check_meters(
        "second",
        &second,
        &[("total", 2000, Exact, "pantum.total-second")],
    );
    assert_eq!(level(&second, "pantum.toner-black"), Level::Percent(35));
    assert_eq!(level(&second, "pantum.drum"), Level::Percent(80));
    let third = family(&[("10.1.1.4", "4|CC0C000001"), ("10.3.1.1", "65|3000")]);
    assert_eq!(who(&third)[2], "CC0C000001");
    check_meters(
        "third",
        &third,
        &[("total", 3000, Exact, "pantum.total-third")],
    );
}

#[test]
fn panasonic_sindoh_and_seiko_count_by_function() {
    let panasonic = audit(&device(
        "258.406",
        &[
            ("258.1.2.1.1.0", "4|Panasonic"),
            ("258.1.2.1.2.0", "4|DP-MB000"),
            ("258.405.1.1.1.5.0", "4|0A00AAA00000"),
            ("258.402.1.4.2.1.7.1", "65|1000"),
            ("258.402.1.4.2.1.7.3", "65|70"),
            ("258.402.1.4.2.1.7.5", "65|300"),
            ("258.402.1.4.2.1.7.7", "65|40"),
            ("258.402.1.4.2.1.7.9", "65|20"),
        ],
    ));
    assert_eq!(
        who(&panasonic)[..3],
        ["Panasonic", "DP-MB000", "0A00AAA00000"]
    );
    check_meters(
        "Panasonic",
        &panasonic,
        &[
            ("total", 1000, Exact, "panasonic.total"),
            ("copy", 300, Exact, "panasonic.copy"),
            ("fax", 20, Unproven, "panasonic.fax-received"),
            ("scan images", 40, Assumed, "panasonic.scan-pc"),
        ],
    );
    let sindoh = [
        ("27278.1.5.0", "2|60"),
        ("27278.1.8.0", "2|300"),
        ("27278.1.9.0", "2|1000"),
        ("27278.1.10.0", "2|-1"),
        ("27278.1.11.0", "2|690"),
        ("27278.1.12.0", "2|10"),
        ("27278.1.13.0", "2|200"),
    ];
    for agent in ["27278.1", "18334.1.2.1.2.1.28.2.1"] {
        check_meters(
            agent,
            &audit(&device(agent, &sindoh)),
            &[
                ("total", 1000, Exact, "sindoh.total"),
                ("copy", 300, Exact, "sindoh.copy"),
                ("print", 690, Exact, "sindoh.print"),
                ("total duplex", 200, Assumed, "sindoh.duplex"),
            ],
        );
    }
    for (agent, arcs, rule) in [
        ("263.2.2", "263.2.2.2.1.3.4", "seiko.total"),
        ("44966.2", "44966.2.2.2.1.3.4", "seiko.jingtu-total"),
    ] {
        let rows = [
            (format!("{arcs}.1.0"), "65|77"),
            (format!("{arcs}.2.0"), "65|500"),
        ];
        let rows = rows.each_ref().map(|(arcs, value)| (arcs.as_str(), *value));
        check_meters(
            agent,
            &audit(&device(agent, &rows)),
            &[("total", 500, Unproven, rule)],
        );
    }
}

#[test]
fn riso_says_its_model_in_its_drivers_object() {
    for name in ["RISO ComColor 0000", "ComColor 0000"] {
        let audit = audit(&device(
            "24807.1.1",
            &[("24807.1.2.1.1.1.0", &format!("4|{name}"))],
        ));
        assert_eq!(who(&audit)[..2], ["Riso", "ComColor 0000"]);
    }
}
