//! The checks themselves.

use super::bytes::Bytes;
use super::sound::sound;
use pagetally_printer_mib::{Definitions, Row, Subject, classify};
use pagetally_snmp_engine::{Answers, Oid, Recording, Value, VarBind, deny};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The shipped definitions and a family with one row of each shape.
static SHAPES: LazyLock<Definitions> = LazyLock::new(|| {
    Definitions::with_overrides([("shapes.toml", include_str!("shapes.toml"))]).expect("valid")
});

fn object(oid: &str, value: Value) -> VarBind {
    VarBind {
        oid: oid.parse().expect("an object identifier"),
        value,
    }
}

fn octets(oid: &str, octets: &[u8]) -> VarBind {
    object(oid, Value::OctetString(octets.to_vec()))
}

/// Checks a device of the family that has every shape. It says by its sysObjectID whose it is: one
/// that says nothing is read by all families.
fn sound_shapes(mut varbinds: Vec<VarBind>) {
    let example = "1.3.6.1.4.1.32473.9".parse().expect("an object identifier");
    varbinds.push(object(
        "1.3.6.1.2.1.1.2.0",
        Value::ObjectIdentifier(example),
    ));
    sound(varbinds, &SHAPES);
}

/// A recording's bytes: whatever can be read at all reads back from its own text, and decodes.
pub(super) fn recording(data: &[u8]) {
    let Ok(recording) = Recording::parse(data) else {
        return;
    };
    let text = recording.to_text();
    let again = Recording::parse(text.as_bytes()).expect("own output");
    assert_eq!(again, recording);
    assert_eq!(again.to_text(), text);
    assert!(
        recording
            .varbinds()
            .windows(2)
            .all(|pair| pair[0].oid < pair[1].oid)
    );
    sound(recording.varbinds().to_vec(), &Definitions::builtin());
}

/// A device, line by line as in a recording; lines that are none are passed over.
pub(super) fn decoder(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').take(512);
    let varbinds = lines.filter_map(|line| Recording::parse(line).ok());
    let varbinds = varbinds.flat_map(|one| one.varbinds().to_vec()).collect();
    sound(varbinds, &Definitions::builtin());
}

/// A definition file: refused by name, or every row of it can be told, asks for nothing harmful and
/// reads soundly.
pub(super) fn definition(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let definitions = match Definitions::with_overrides([("fuzz.toml", text)]) {
        Ok(definitions) => definitions,
        Err(error) => {
            // Makers are checked when all files are there: then the row tells.
            let words = error.to_string();
            assert!(
                words.contains("fuzz.toml") || error.file == "makers",
                "{words}"
            );
            return;
        }
    };
    let mut varbinds = Vec::new();
    let rows: Vec<Row<'_>> = definitions.rows().filter(Row::is_of_site).collect();
    for row in &rows {
        assert!(!row.reason().is_empty() && !row.proof().as_str().is_empty());
        let named = definitions
            .row(row.rule().name.as_str())
            .expect("by its name");
        assert_eq!(named.reason(), row.reason());
        let Some(place) = row.place() else { continue };
        assert_eq!(deny::instance(place), None, "{place}");
        // A device that answers each row with a number in a text.
        let value = Value::OctetString(b"1200".to_vec());
        varbinds.push(VarBind {
            oid: place.clone(),
            value: value.clone(),
        });
        if matches!(row.subject(), Subject::Meter { .. } | Subject::Input) {
            varbinds.push(VarBind {
                oid: place.child(&[1]),
                value,
            });
        }
    }
    if !rows.is_empty() {
        sound(varbinds, &definitions);
    }
}

/// One value wherever a row looks for a number.
pub(super) fn numbers(data: &[u8]) {
    let mut bytes = Bytes(data);
    let value = bytes.value(200);
    let name = octets("1.3.6.1.4.1.32473.1.7.0", bytes.rest());
    let places =
        (1..=6).map(|place| object(&format!("1.3.6.1.4.1.32473.1.{place}.0"), value.clone()));
    sound_shapes(places.chain([name]).collect());
}

/// Cells of label/value tables, in any order, with holes.
pub(super) fn tables(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut varbinds = Vec::new();
    let mut seen = BTreeSet::new();
    while !bytes.is_empty() && varbinds.len() < 128 {
        let at = bytes.octet();
        let (column, index) = (1 + at % 6, at / 6 % 16);
        let length = usize::from(bytes.octet() % 24);
        let value = bytes.value(length);
        if seen.insert((column, index)) {
            varbinds.push(object(
                &format!("1.3.6.1.4.1.32473.2.{column}.{index}"),
                value,
            ));
        }
    }
    // The supply that the maker's table may describe.
    varbinds.push(octets("1.3.6.1.2.1.43.11.1.1.6.1.1", b"Black Toner"));
    sound_shapes(varbinds);
}

/// Records packed into an octet string, in both layouts.
pub(super) fn records(data: &[u8]) {
    let places = [1, 2].map(|place| octets(&format!("1.3.6.1.4.1.32473.3.{place}.0"), data));
    sound_shapes(places.to_vec());
}

/// Texts that rows read: behind a symbol set, in part, out of a column.
pub(super) fn text_rows(data: &[u8]) {
    let rows = ["1.0", "2.0", "3.1", "3.2"];
    let rows = rows.map(|row| octets(&format!("1.3.6.1.4.1.32473.4.{row}"), data));
    sound_shapes(rows.to_vec());
}

/// IEEE 1284 device IDs, two that may differ.
pub(super) fn device_id(data: &[u8]) {
    let (first, second) = data.split_at(data.len() / 2);
    for (one, other) in [(data, data), (first, second)] {
        let varbinds = vec![
            octets("1.3.6.1.4.1.32473.4.4.0", one),
            octets("1.3.6.1.4.1.11.2.3.9.1.1.7.0", other),
            octets("1.3.6.1.4.1.2699.1.2.1.2.1.1.3.1", other),
        ];
        sound_shapes(varbinds);
    }
}

/// Inputs of sums and differences.
pub(super) fn sums(data: &[u8]) {
    let mut bytes = Bytes(data);
    let left_out = bytes.octet();
    let inputs = (1..=3_u8).filter(|place| left_out & (1 << place) == 0);
    let inputs =
        inputs.map(|place| object(&format!("1.3.6.1.4.1.32473.5.{place}.0"), bytes.value(16)));
    sound_shapes(inputs.collect());
}

/// A supply: its description, class, type, unit, capacity and level.
pub(super) fn supply_text(data: &[u8]) {
    let mut bytes = Bytes(data);
    let column =
        |column: u8, value: Value| object(&format!("1.3.6.1.2.1.43.11.1.1.{column}.1.1"), value);
    let mut varbinds = Vec::new();
    for place in [4, 5, 7, 8, 9] {
        let number = i64::from(bytes.octet());
        // Class, type and unit are small; capacity and level have sentinels.
        let number = if place < 8 { number } else { number - 128 };
        varbinds.push(column(place, Value::Integer(number)));
    }
    let charset = i64::from(u16::from_be_bytes(bytes.array()));
    varbinds.push(object(
        "1.3.6.1.2.1.43.7.1.1.4.1.1",
        Value::Integer(charset),
    ));
    varbinds.push(column(6, Value::OctetString(bytes.rest().to_vec())));
    sound_shapes(varbinds);
}

/// Who a device is by its sysDescr and sysObjectID alone.
pub(super) fn sys_descr(data: &[u8]) {
    let mut bytes = Bytes(data);
    let object_ids = [
        "1.3.6.1.4.1.11.2.3.9.1",
        "1.3.6.1.4.1.1347.41",
        "1.3.6.1.4.1.8072.3.2.10",
        "1.3.6.1.4.1.674.10898.100",
        "0.0",
    ];
    let object_id = object_ids.get(usize::from(bytes.octet() % 8));
    let object_id = object_id.map(|oid| {
        let oid: Oid = oid.parse().expect("an object identifier");
        object("1.3.6.1.2.1.1.2.0", Value::ObjectIdentifier(oid))
    });
    let mut varbinds: Vec<VarBind> = object_id.into_iter().collect();
    varbinds.push(octets("1.3.6.1.2.1.1.1.0", bytes.rest()));
    let answers: Answers = varbinds.iter().cloned().collect();
    let _ = classify(&answers, &SHAPES);
    // The same device, where something else says that it is a printer.
    varbinds.push(object("1.3.6.1.2.1.43.10.2.1.4.1.1", Value::Counter32(7)));
    sound(varbinds, &SHAPES);
}

/// Texts in any character set, wherever a printer has texts.
pub(super) fn text(data: &[u8]) {
    let mut bytes = Bytes(data);
    let charset = i64::from(u16::from_be_bytes(bytes.array()));
    let text = bytes.rest();
    let mut varbinds = vec![
        object("1.3.6.1.2.1.43.5.1.1.2.1", Value::Integer(1)),
        object("1.3.6.1.2.1.43.7.1.1.4.1.1", Value::Integer(charset)),
        object("1.3.6.1.2.1.43.18.1.1.2.1.1", Value::Integer(3)),
    ];
    let places = [
        "1.3.6.1.2.1.1.1.0",
        "1.3.6.1.2.1.1.4.0",
        "1.3.6.1.2.1.1.5.0",
        "1.3.6.1.2.1.25.3.2.1.3.1",
        "1.3.6.1.2.1.43.5.1.1.16.1",
        "1.3.6.1.2.1.43.5.1.1.17.1",
        "1.3.6.1.2.1.43.6.1.1.2.1.1",
        "1.3.6.1.2.1.43.8.2.1.12.1.1",
        "1.3.6.1.2.1.43.8.2.1.13.1.1",
        "1.3.6.1.2.1.43.9.2.1.7.1.1",
        "1.3.6.1.2.1.43.11.1.1.6.1.1",
        "1.3.6.1.2.1.43.12.1.1.4.1.1",
        "1.3.6.1.2.1.43.16.5.1.2.1.1",
        "1.3.6.1.2.1.43.18.1.1.8.1.1",
    ];
    varbinds.extend(places.map(|place| octets(place, text)));
    sound_shapes(varbinds);
}
