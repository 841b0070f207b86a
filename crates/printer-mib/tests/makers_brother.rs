//! Brother: records packed into octet strings, counters by function and size, lines of the firmware.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, check_meters, level, supply, who};
use pagetally_model::Exactness::{Assumed, Exact, Unproven};
use pagetally_model::{Level, SupplyKind};

const BROTHER: &str = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2435.2.3.9.1\n";
const MAIN: &str = "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5";

/// Records of an identifier and a value: `id 01 04 value`, then the end.
fn records(object: u32, rows: &[(u8, u32)]) -> String {
    let mut hex = String::new();
    for (id, value) in rows {
        hex.push_str(&format!("{id:02x}0104{value:08x}"));
    }
    format!("{MAIN}.{object}.0|4x|{hex}ff\n")
}

fn model(name: &str) -> String {
    format!("1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n1.3.6.1.2.1.25.3.2.1.3.1|4|{name}\n")
}

#[test]
fn counters_are_found_by_their_id_and_the_life_count_is_not_billed_in_their_place() {
    let life = "1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n1.3.6.1.2.1.43.10.2.1.4.1.1|65|999";
    let rows = [(0, 1000), (2, 400), (1, 600), (6, 100), (8, 30), (7, 70)];
    let mut turned = rows;
    turned.reverse();
    for rows in [rows, turned] {
        let audit = audit(&(BROTHER.to_owned() + &records(10, &rows) + life));
        check_meters(
            "a colour laser",
            &audit,
            &[
                ("total", 1000, Exact, "brother.counters.total"),
                ("total mono", 600, Exact, "brother.counters.mono"),
                ("total color", 400, Exact, "brother.counters.color"),
                ("total duplex", 100, Exact, "brother.counters.duplex"),
                (
                    "total mono duplex",
                    70,
                    Exact,
                    "brother.counters.duplex-mono",
                ),
                (
                    "total color duplex",
                    30,
                    Exact,
                    "brother.counters.duplex-color",
                ),
            ],
        );
        assert_eq!(audit.markers[0].life_count, Some(999));
    }
}

#[test]
fn functions_and_sizes_are_found_by_their_type() {
    let mut lines = BROTHER.to_owned();
    for (table, rows) in [
        (
            "52.21.1",
            &[(5, 40), (1, 100), (3, 60), (2, 7), (7, 60)][..],
        ),
        ("52.1.1", &[(26, 150), (27, 12), (890, 5), (46, 1)]),
        ("54.2.2.1", &[(1, 20), (2, 30), (3, 4)]),
    ] {
        for (row, (kind, value)) in (1..).zip(rows) {
            lines.push_str(&format!("{MAIN}.{table}.2.{row}|2|{kind}\n"));
            lines.push_str(&format!("{MAIN}.{table}.3.{row}|65|{value}\n"));
        }
    }
    check_meters(
        "an A3 inkjet",
        &audit(&lines),
        &[
            ("print", 100, Exact, "brother.functions.print"),
            ("print color", 40, Exact, "brother.functions.print-color"),
            ("print mono", 60, Exact, "brother.functions.print-mono"),
            ("copy", 60, Exact, "brother.functions.copy"),
            ("fax", 7, Exact, "brother.functions.fax"),
            ("total large", 17, Assumed, "brother.sizes.large/2-rows"),
            ("scan images", 54, Unproven, "brother.scans.all/3-rows"),
        ],
    );
}

#[test]
fn what_is_left_of_a_lasers_parts_is_in_hundredths_of_a_percent() {
    let rows = [
        (0x63, 1),
        (0x6f, 7300),
        (0x70, 10_000),
        (0x41, 5500),
        (0x69, 8100),
        (0x6a, 9950),
        (0x6c, 100),
        (0x85, 75),
        (0x81, 70),
    ];
    let audit =
        audit(&(BROTHER.to_owned() + &model("Brother HL-0000CDW series") + &records(8, &rows)));
    for (slot, percent, kind) in [
        ("brother.black", 73, SupplyKind::Toner),
        ("brother.cyan", 100, SupplyKind::Toner),
        ("brother.drum", 55, SupplyKind::Opc),
        ("brother.belt", 81, SupplyKind::TransferUnit),
        ("brother.feed-mp", 1, SupplyKind::Rollers),
    ] {
        assert_eq!(level(&audit, slot), Level::Percent(percent), "{slot}");
        assert_eq!(supply(&audit, slot).kind, kind, "{slot}");
    }
    assert_eq!(
        audit.supplies.len(),
        6,
        "ids without a meaning are no supplies"
    );
    let fuser = level(&audit, "brother.fuser");
    assert_eq!(fuser, Level::Percent(99), "99.5 has 99 whole ones");
}

#[test]
fn an_inkjet_has_ink_under_the_same_ids_and_older_ones_say_level_and_maximum() {
    for name in [
        "Brother MFC-J0000DW",
        "Brother DCP-J000N",
        "Brother MFC-000CN",
    ] {
        let lines = BROTHER.to_owned() + &model(name) + &records(8, &[(0x6f, 4200)]);
        let audit = audit(&lines);
        assert_eq!(
            supply(&audit, "brother.black").kind,
            SupplyKind::Ink,
            "{name}"
        );
        assert_eq!(level(&audit, "brother.black"), Level::Percent(42), "{name}");
    }
    let lines = BROTHER.to_owned() + &format!("{MAIN}.8.0|4x|a101020a14a201020014ff\n");
    let audit = audit(&lines);
    assert_eq!(level(&audit, "brother.black"), Level::Percent(50));
    assert_eq!(level(&audit, "brother.cyan"), Level::Percent(0));
}

#[test]
fn records_that_break_off_or_lie_about_their_length_give_what_is_whole() {
    for (hex, known) in [
        ("6f010400001c84", 1),
        ("6f010400001c84700104", 1),
        ("6f010400001c8470010400", 1),
        ("6f01ff00001c84", 0),
        ("6f", 0),
        ("", 0),
    ] {
        let audit = audit(&format!("{BROTHER}{MAIN}.8.0|4x|{hex}\n"));
        assert_eq!(audit.supplies.len(), known, "{hex}");
    }
}

#[test]
fn a_level_that_two_supplies_could_mean_makes_no_third() {
    let mut lines = BROTHER.to_owned() + &records(8, &[(0x41, 5500)]);
    for row in 1..3 {
        lines.push_str(&format!(
            "1.3.6.1.2.1.43.11.1.1.4.1.{row}|2|3\n1.3.6.1.2.1.43.11.1.1.5.1.{row}|2|9
             1.3.6.1.2.1.43.11.1.1.6.1.{row}|4|Drum Unit {row}\n1.3.6.1.2.1.43.11.1.1.7.1.{row}|2|19
             1.3.6.1.2.1.43.11.1.1.8.1.{row}|2|-2\n1.3.6.1.2.1.43.11.1.1.9.1.{row}|2|-3\n"
        ));
    }
    let audit = audit(&lines);
    assert_eq!(audit.supplies.len(), 2);
    assert_eq!(level(&audit, "1.1"), Level::SomeRemaining);
}

#[test]
fn every_branch_knows_who_the_device_is() {
    let net = "1.3.6.1.4.1.2435.2.4.3";
    let table = [
        (
            "its own objects",
            format!(
                "{BROTHER}1.3.6.1.2.1.1.1.0|4|Brother NC-9300h, Firmware Ver.1.01  (08.12.12),MID 84UB05
                 {MAIN}.1.0|4|E00000A0A000000
                 {MAIN}.17.0|4|U1709220954VER.N
                 1.3.6.1.4.1.2435.2.3.9.1.1.7.0|4|MFG:Brother;CMD:PJL,PCL,PCLXL;MDL:MFC-0000DW series;CLS:PRINTER;"
            ),
            ["Brother", "MFC-0000DW", "E00000A0A000000", "U1709220954VER.N"],
        ),
        (
            "the network branch",
            format!(
                "{BROTHER}{net}.2435.5.13.3.0|4|Brother HL-0000DW series [001ba9000000]
                 {net}.1240.6.5.0|4|Firmware Ver.1.17  (12.05.09),MID 84U-F01"
            ),
            ["Brother", "HL-0000DW", "", "1.17"],
        ),
        (
            "the firmware's lines, whatever their order",
            format!(
                "{BROTHER}{net}.99.3.1.6.1.2.1|4|MODEL=\"HL-L0000DN series\"
                 {net}.99.3.1.6.1.2.2|4|SERIAL=\"E00000B0B000000\"
                 {net}.99.3.1.6.1.2.3|4|SPEC=\"0004\"
                 {net}.99.3.1.6.1.2.4|4|FIRMID=\"SUB1\"
                 {net}.99.3.1.6.1.2.5|4|FIRMVER=\"1.05\"
                 {net}.99.3.1.6.1.2.6|4|FIRMID=\"MAIN\"
                 {net}.99.3.1.6.1.2.7|4|FIRMVER=\"1.66\""
            ),
            ["Brother", "HL-L0000DN", "E00000B0B000000", "1.66"],
        ),
        (
            "under the number of HP's card, found by a probe",
            format!(
                "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1
                 1.3.6.1.2.1.1.1.0|4|Brother NC-6800h, Firmware Ver.1.01  (08.12.12),MID 84UB05
                 {MAIN}.1.0|4|E00000C0C000000\n{}",
                model("Brother HL-0000DW series")
            ),
            ["Brother", "HL-0000DW", "E00000C0C000000", "1.01"],
        ),
        (
            "another badge on Brother's firmware",
            format!(
                "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.367.1.1
                 1.3.6.1.2.1.1.1.0|4|RICOH SP 0000SFNw, Firmware Ver.D  ,MID 8C5-K1A
                 {MAIN}.1.0|4|T00000D0D000000
                 1.3.6.1.4.1.2435.2.3.9.1.1.7.0|4|MFG:RICOH;CMD:PJL,PCL;MDL:SP 0000SFNw;CLS:PRINTER;"
            ),
            ["Ricoh", "SP 0000SFNw", "T00000D0D000000", ""],
        ),
    ];
    for (case, lines, expected) in table {
        let audit = audit(&lines);
        let mut found = who(&audit);
        if expected[3].is_empty() {
            found[3] = "";
        }
        assert_eq!(found, expected, "{case}");
    }
}
