//! Small devices written down by hand: rebadged, lying, half-silent.

mod support;

use pagetally_model::{
    CounterUnit, DeviceAudit, Exactness, Level, Measures, MeterColor, MeterSides, Supply,
    SupplyKind,
};
use pagetally_printer_mib::{Class, Definitions, classify};
use pagetally_snmp_engine::{Answers, Recording};
use support::{decode, total};

fn answers(lines: &str) -> Answers {
    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
    Recording::parse(lines.join("\n").as_bytes())
        .expect("a valid recording")
        .to_answers()
}

/// Maker and model of a device that answers these lines.
fn who(lines: &str) -> (String, String) {
    let audit = decode(&answers(lines));
    assert_eq!(audit.check_sources(), Ok(()));
    let text = |field: Option<pagetally_model::Text>| field.map_or(String::new(), Into::into);
    (
        text(audit.identity.manufacturer),
        text(audit.identity.model),
    )
}

#[test]
fn maker_and_model_are_right_by_the_better_witness() {
    let printer = "1.3.6.1.2.1.25.3.2.1.2.3|6|1.3.6.1.2.1.25.3.1.5\n";
    let table = [
        // A Utax under Kyocera's sysObjectID.
        (
            "1.3.6.1.2.1.1.1.0|4|TA_UTAX Printing System
             1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41
             1.3.6.1.2.1.25.3.2.1.3.3|4|P-C2650DW",
            ("Utax", "P-C2650DW"),
        ),
        // A Brother under HP's.
        (
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1
             1.3.6.1.4.1.11.2.3.9.1.1.7.0|4|MFG:Brother;MDL:HL-2270DW series;CLS:PRINTER;",
            ("Brother", "HL-2270DW series"),
        ),
        // A JetDirect card's sysDescr in front of a Kyocera.
        (
            "1.3.6.1.2.1.1.1.0|4|HP ETHERNET MULTI-ENVIRONMENT,ROM A.05.03,JETDIRECT,JD24,EEPROM A.08.32
             1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41
             1.3.6.1.2.1.25.3.2.1.3.3|4|FS-3820N",
            ("Kyocera", "FS-3820N"),
        ),
        // Lexmark's firmware under Dell's badge and sysObjectID.
        (
            "1.3.6.1.2.1.1.1.0|4|Dell S5830dn version NH62.YS.N636 kernel 3.0.0 All-N-1
             1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.674.10898.2.100.100.51.1
             1.3.6.1.4.1.641.6.2.3.1.4.1|4|Dell S5830dn",
            ("Dell", "S5830dn"),
        ),
        // A Toshiba under Lexmark's.
        (
            "1.3.6.1.2.1.1.1.0|4|TOSHIBA e-STUDIO305CS version NH63.GM.N639 kernel 3.0.0 All-N-1
             1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.641.2.71107164
             1.3.6.1.2.1.25.3.2.1.3.3|4|TOSHIBA e-STUDIO305CS",
            ("Toshiba", "e-STUDIO305CS"),
        ),
        // One number, two names: the longer prefix knows.
        (
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.297.1.11.93.2.1.1
             1.3.6.1.2.1.25.3.2.1.3.3|4|Apeos C9999",
            ("FUJIFILM", "Apeos C9999"),
        ),
        // Nobody's: the standards alone.
        (
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1
             1.3.6.1.2.1.25.3.2.1.3.3|4|Acme QuickPrint 9",
            ("", "Acme QuickPrint 9"),
        ),
    ];
    for (lines, (maker, model)) in table {
        let found = who(&format!("{printer}{lines}"));
        assert_eq!(found, (maker.to_owned(), model.to_owned()), "{lines}");
    }
}

#[test]
fn a_host_that_lists_printers_is_no_printer() {
    let class = |lines: &str| classify(&answers(lines), &Definitions::builtin());
    let printer_row = "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n";
    let of = |oid: &str| format!("{printer_row}1.3.6.1.2.1.1.2.0|6|{oid}");
    assert_eq!(class(&of("1.3.6.1.4.1.8072.3.2.10")), Class::Other);
    assert_eq!(class(&of("1.3.6.1.4.1.311.1.1.3.1.1")), Class::Other);
    assert_eq!(class(&of("1.3.6.1.4.1.99999.1")), Class::Printer);
    // An Epson projector, and a switch by its maker's number alone.
    assert_eq!(
        class("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1248.4.1"),
        Class::Other
    );
    assert_eq!(class("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1.1"), Class::Other);
    assert_eq!(class("1.3.6.1.2.1.1.1.0|4|Something"), Class::Unsure);
}

#[test]
fn the_printer_is_found_among_other_devices_whatever_its_index() {
    let audit = decode(&answers(
        "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.6
         1.3.6.1.2.1.25.3.2.1.2.7|6|1.3.6.1.2.1.25.3.1.5
         1.3.6.1.2.1.25.3.2.1.3.1|4|Hard disk
         1.3.6.1.2.1.25.3.2.1.3.7|4|SHARP MX-9999N
         1.3.6.1.2.1.25.3.2.1.5.1|2|2
         1.3.6.1.2.1.25.3.2.1.5.7|2|5
         1.3.6.1.2.1.25.3.5.1.2.7|4x|20",
    ));
    let model = audit.identity.model.expect("a model");
    assert_eq!(model.as_str(), "MX-9999N");
    assert_eq!(audit.status.device, pagetally_model::DeviceState::Down);
    let conditions = [pagetally_model::Condition::LowToner];
    assert_eq!(audit.status.conditions, conditions);
}

/// One supply with these columns: class, type, description, unit, capacity, level.
fn supply(object_id: &str, columns: [&str; 6]) -> Supply {
    let mut lines = format!("1.3.6.1.2.1.1.2.0|6|{object_id}\n");
    for (column, value) in (4..).zip(columns) {
        let tag = if column == 6 { "4" } else { "2" };
        if !value.is_empty() {
            lines.push_str(&format!(
                "1.3.6.1.2.1.43.11.1.1.{column}.1.3|{tag}|{value}\n"
            ));
        }
    }
    let audit = decode(&answers(&lines));
    assert_eq!(audit.check_sources(), Ok(()));
    audit.supplies.into_iter().next().expect("one supply")
}

const NOBODY: &str = "1.3.6.1.4.1.99999.1";
const RICOH: &str = "1.3.6.1.4.1.367.1.1";

#[test]
fn a_makers_sentinel_is_only_the_makers() {
    let columns = ["3", "3", "Black Toner", "19", "100", "-100"];
    assert_eq!(supply(NOBODY, columns).level.level, Level::Other);
    let known = supply(RICOH, columns);
    assert_eq!(known.level.level, Level::EmptyOrNearly);
    let rule = known.sources["level"].rule.name.as_str();
    assert_eq!(rule, "ricoh.minus-hundred");
}

#[test]
fn a_receptacles_number_says_neither_full_nor_empty() {
    let waste = supply(NOBODY, ["4", "4", "Waste Toner Box", "19", "100", "100"]);
    assert_eq!(waste.measures, Measures::Unknown);
    assert_eq!(waste.level.level.percent(), Some(100));
    let zero = supply(NOBODY, ["4", "4", "Waste Toner Box", "7", "-2", "0"]);
    assert_eq!(zero.level.level, Level::Amount(0));
}

#[test]
fn columns_that_are_left_out_are_not_invented() {
    let bare = supply(NOBODY, ["", "", "Maintenance Kit", "", "", ""]);
    assert_eq!(bare.kind, SupplyKind::MaintenanceKit);
    assert_eq!(bare.level.level, Level::Unknown);
    assert_eq!(bare.level.exactness, Exactness::Unknown);
    assert_eq!((bare.capacity, bare.colorant), (None, None));
    let hundred = supply(NOBODY, ["", "3", "Cyan Toner", "", "100", "40"]);
    assert_eq!(hundred.unit, CounterUnit::Percent);
    assert_eq!(hundred.colorant.expect("cyan").as_str(), "cyan");
}

#[test]
fn part_and_serial_numbers_come_out_of_descriptions() {
    let xerox = "Black Toner, PN 006R01509;SN48178080E0000481";
    let found = supply(NOBODY, ["3", "3", xerox, "7", "5300", "1060"]);
    assert_eq!(found.part_number.expect("a part").as_str(), "006R01509");
    assert_eq!(found.serial.expect("a serial").as_str(), "48178080E0000481");
    let unknown = "Fuser, PN unknown;SNunknown";
    let found = supply(NOBODY, ["3", "15", unknown, "19", "100", "90"]);
    assert_eq!((found.part_number, found.serial), (None, None));
}

fn contradictions(audit: &DeviceAudit) -> Vec<(&str, &str)> {
    let pairs = audit.contradictions.iter();
    pairs
        .map(|c| (c.rule.as_str(), c.detail.as_str()))
        .collect()
}

#[test]
fn what_cannot_be_true_together_is_listed_and_not_repaired() {
    let audit = decode(&answers(
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1
         1.3.6.1.2.1.43.5.1.1.17.1|4|ABC0000001
         1.3.6.1.4.1.11.2.3.9.4.2.1.1.3.3.0|4|XYZ0000002
         1.3.6.1.4.1.11.2.3.9.4.2.1.4.1.2.5.0|2|1000
         1.3.6.1.4.1.11.2.3.9.4.2.1.4.1.2.6.0|2|600
         1.3.6.1.4.1.11.2.3.9.4.2.1.4.1.2.7.0|2|300
         1.3.6.1.4.1.11.2.3.9.4.2.1.2.2.1.63.0|2|1200",
    ));
    let expected = [
        (
            "one device, one serial",
            "XYZ0000002 by hp.serial-number and ABC0000001 by rfc3805.prtGeneralSerialNumber",
        ),
        (
            "total = mono + color",
            "1000 by hp.total-engine-page-count is not 600 by hp.total-mono-page-count + 300 by \
             hp.total-color-page-count",
        ),
        (
            "total >= print + copy + fax",
            "1000 by hp.total-engine-page-count is less than 1200 by hp.copy-page-count",
        ),
    ];
    assert_eq!(contradictions(&audit), expected);
    assert_eq!(total(&audit).expect("a total").value, 1000);
}

#[test]
fn a_number_that_stands_for_nothing_is_a_gap() {
    let device = |count: &str| {
        decode(&answers(&format!(
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1
             1.3.6.1.4.1.11.2.3.9.4.2.1.4.1.2.5.0|{count}"
        )))
    };
    for count in [
        "65|4294967295",
        "2|2147483647",
        "70|9007199254740992",
        "4|many",
    ] {
        let audit = device(count);
        assert!(audit.meters.is_empty(), "{count}");
        let what = audit.gaps.first().expect("a gap").what.as_str();
        assert_eq!(what, "hp.total-engine-page-count", "{count}");
    }
    // "Not supported" is no gap: the device has no such counter.
    let none = device("2|-1");
    assert!(none.meters.is_empty() && none.gaps.is_empty());
    assert_eq!(device("70|9007199254740991").meters.len(), 1);
}

#[test]
fn two_engines_have_two_rules() {
    let audit = decode(&answers(
        "1.3.6.1.2.1.43.10.2.1.3.1.2|2|7
         1.3.6.1.2.1.43.10.2.1.4.1.2|65|50",
    ));
    let meter = total(&audit).expect("a total");
    let rule = meter.source.rule.name.as_str();
    assert_eq!(rule, "rfc3805.life-count-as-total-of-marker-2");
    assert_eq!(meter.exactness, Exactness::Assumed);
}

#[test]
fn records_say_what_the_standard_table_cannot() {
    // A two-state toner in the standard table, 26 % in the maker's records.
    let audit = decode(&answers(
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2435.2.3.9.1
         1.3.6.1.2.1.43.11.1.1.4.1.1|2|3
         1.3.6.1.2.1.43.11.1.1.5.1.1|2|3
         1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner Cartridge
         1.3.6.1.2.1.43.11.1.1.8.1.1|2|-2
         1.3.6.1.2.1.43.11.1.1.9.1.1|2|-3
         1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.8.0|4x|6f010400000a28690104000025e4ff",
    ));
    let level = |slot: &str| {
        let supply = audit.supplies.iter().find(|s| s.slot.as_str() == slot);
        supply.map(|supply| supply.level.level)
    };
    assert_eq!(level("1.1"), Some(Level::Percent(26)));
    assert_eq!(level("brother.belt"), Some(Level::Percent(97)));
    let witness = &audit.supplies[0].sources["level"].witnesses[0];
    assert_eq!(witness.value.as_str(), "some-remaining");
    assert_eq!(audit.check_sources(), Ok(()));
}

#[test]
fn a_cube_of_counters_adds_each_unit_by_itself_and_stays_unproven() {
    // Samsung's cube: two rows of mono prints in impressions, one of the same jobs in sheets.
    let column = |column: u32, values: [i64; 3]| {
        let rows = (1..).zip(values);
        let root = "1.3.6.1.4.1.236.11.5.11.53.11.2.1";
        rows.map(|(row, value)| format!("{root}.{column}.1.{row}|2|{value}\n"))
            .collect::<String>()
    };
    let [job, unit, sides, color] = [
        column(2, [1, 1, 1]),
        column(4, [7, 7, 8]),
        column(5, [1, 2, 1]),
        column(6, [3, 3, 3]),
    ];
    let value = column(7, [400, 60, 430]);
    let audit = decode(&answers(&format!(
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.236.11.5.1\n{job}{unit}{sides}{color}{value}"
    )));
    let found = |unit| {
        let meters = audit.meters.iter().filter(move |meter| meter.unit == unit);
        meters
            .map(|meter| (meter.color, meter.sides, meter.value, meter.exactness))
            .collect::<Vec<_>>()
    };
    let unproven = |color, sides, value| (color, sides, value, Exactness::Unproven);
    let expected = [
        unproven(MeterColor::Any, MeterSides::Any, 460),
        unproven(MeterColor::Any, MeterSides::Simplex, 400),
        unproven(MeterColor::Any, MeterSides::Duplex, 60),
        unproven(MeterColor::Mono, MeterSides::Any, 460),
    ];
    assert_eq!(found(CounterUnit::Impressions), expected);
    let expected = [
        unproven(MeterColor::Any, MeterSides::Any, 430),
        unproven(MeterColor::Any, MeterSides::Simplex, 430),
        unproven(MeterColor::Mono, MeterSides::Any, 430),
    ];
    assert_eq!(found(CounterUnit::Sheets), expected);
    assert_eq!(audit.check_sources(), Ok(()));
}

#[test]
fn a_sum_is_no_better_proved_than_what_it_adds() {
    // Toshiba's copies in full and two colours, which one source knows.
    let audit = decode(&answers(
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1129.2.3.45.1
         1.3.6.1.4.1.1129.2.3.50.1.3.21.6.1.4.1.1|2|30
         1.3.6.1.4.1.1129.2.3.50.1.3.21.6.1.4.1.2|2|12",
    ));
    let meter = &audit.meters[0];
    assert_eq!(meter.source.rule.name.as_str(), "toshiba.copy-color");
    assert_eq!((meter.value, meter.exactness), (42, Exactness::Unproven));
}
