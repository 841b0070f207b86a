//! A recording served as a printer, with a serial number of its own.

use crate::models::ENTERPRISES;
use crate::truth::{LifeCount, Truth, TruthAlert, TruthSupply, TruthTray};
use pagetally_snmp_engine::{Oid, Recording, Value, VarBind};
use std::collections::BTreeMap;

/// prtGeneralSerialNumber (RFC 3805).
const SERIAL: &[u32] = &[1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 17];
/// Where makers tell the serial number besides, below 1.3.6.1.4.1, as their MIB texts say: for
/// recordings of devices that tell it nowhere else.
const OWN_SERIALS: [&[u32]; 11] = [
    // Canon, Ricoh, Epson
    &[1602, 1, 2, 1, 4, 0],
    &[367, 3, 2, 1, 2, 1, 4, 0],
    &[1248, 1, 2, 2, 1, 1, 1, 5, 1],
    // HP, Brother
    &[11, 2, 3, 9, 4, 2, 1, 1, 3, 3, 0],
    &[2435, 2, 3, 9, 4, 2, 1, 5, 5, 1, 0],
    // Lexmark, Xerox, Kyocera
    &[641, 6, 2, 3, 1, 5, 1],
    &[253, 8, 53, 3, 2, 1, 3, 1],
    &[1347, 43, 5, 1, 1, 28, 1],
    // Samsung, OKI, Zebra
    &[236, 11, 5, 1, 1, 1, 4, 0],
    &[2001, 1, 1, 1, 1, 11, 1, 10, 45, 0],
    &[10_642, 200, 19, 5, 0],
];
/// hrDeviceType (RFC 2790).
const DEVICE_TYPE: &[u32] = &[1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 2];
/// hrDevicePrinter.
const PRINTER: &[u32] = &[1, 3, 6, 1, 2, 1, 25, 3, 1, 5];
/// The Printer MIB.
const PRINTER_MIB: &[u32] = &[1, 3, 6, 1, 2, 1, 43];
/// ifPhysAddress.
const PHYSICAL_ADDRESS: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1, 6];
/// A serial shorter than this is not looked for inside other texts: it would occur by chance.
const SHORTEST_SERIAL: usize = 5;

/// The variables below `root`, in order.
fn below<'a>(recording: &'a Recording, root: &'a [u32]) -> impl Iterator<Item = &'a VarBind> {
    let all = recording.varbinds();
    let begin = all.partition_point(|varbind| varbind.oid.arcs() < root);
    all.get(begin..)
        .unwrap_or_default()
        .iter()
        .take_while(move |varbind| varbind.oid.arcs().starts_with(root))
}

fn text(octets: &[u8]) -> String {
    let end = octets
        .iter()
        .rposition(|octet| *octet != 0)
        .map_or(0, |last| last + 1);
    String::from_utf8_lossy(octets.get(..end).unwrap_or_default())
        .trim()
        .to_owned()
}

fn text_of(recording: &Recording, root: &[u32]) -> String {
    below(recording, root)
        .find_map(|varbind| varbind.value.as_octets())
        .map(text)
        .unwrap_or_default()
}

/// The serial number that the recording states, if it states one: the Printer MIB's, else the
/// maker's own.
pub(crate) fn serial(recording: &Recording) -> Option<String> {
    let own = OWN_SERIALS
        .iter()
        .map(|place| text_of(recording, &[ENTERPRISES, place].concat()));
    std::iter::once(text_of(recording, SERIAL))
        .chain(own)
        // HP's texts begin with two octets that name their character set.
        .map(|serial| serial.trim_start_matches(char::is_control).to_owned())
        .find(|serial| !serial.is_empty())
}

/// The values that change when the device has another serial number: prtGeneralSerialNumber, and
/// every text that contains the recorded serial, such as a maker's own object or sysDescr.
pub(crate) fn with_serial(recording: &Recording, new: &str) -> BTreeMap<Oid, Value> {
    let old = serial(recording);
    // Lexmark puts a suffix behind the serial that stands alone elsewhere.
    let old = old.as_deref().and_then(|old| old.split('-').next());
    let mut changed = BTreeMap::new();
    if let Some(old) = old.filter(|old| old.len() >= SHORTEST_SERIAL) {
        for varbind in recording.varbinds() {
            let octets = varbind.value.as_octets().unwrap_or_default();
            if let Some(octets) = replaced(octets, old.as_bytes(), new.as_bytes()) {
                changed.insert(varbind.oid.clone(), Value::OctetString(octets));
            }
        }
    }
    for varbind in below(recording, SERIAL) {
        changed
            .entry(varbind.oid.clone())
            .or_insert_with(|| Value::OctetString(new.as_bytes().to_vec()));
    }
    changed
}

/// The values that change when the device has another hardware address: ifPhysAddress of the first
/// interface that has one, and every value that contains those octets, such as an engine id.
pub(crate) fn with_mac(recording: &Recording, new: [u8; 6]) -> BTreeMap<Oid, Value> {
    let Some(old) = mac(recording) else {
        return BTreeMap::new();
    };
    let changed = recording.varbinds().iter().filter_map(|varbind| {
        let octets = replaced(varbind.value.as_octets()?, &old, &new)?;
        Some((varbind.oid.clone(), Value::OctetString(octets)))
    });
    changed.collect()
}

/// The hardware address of the first interface that has one.
fn mac(recording: &Recording) -> Option<[u8; 6]> {
    below(recording, PHYSICAL_ADDRESS).find_map(|varbind| {
        let mac: [u8; 6] = varbind.value.as_octets()?.try_into().ok()?;
        (mac != [0; 6]).then_some(mac)
    })
}

fn replaced(octets: &[u8], old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let mut rest = octets;
    let mut out = Vec::new();
    let mut found = false;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(old) {
            out.extend_from_slice(new);
            rest = behind;
            found = true;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    found.then_some(out)
}

/// What the recording says in the standard tables. The texts are decoded as UTF-8, leniently: a
/// recording's own character set is for a reader to find out.
pub(crate) fn truth(name: &str, recording: &Recording) -> Truth {
    let column = |root: &[u32]| -> BTreeMap<u32, Value> {
        below(recording, root)
            .filter_map(|varbind| Some((*varbind.oid.arcs().last()?, varbind.value.clone())))
            .collect()
    };
    let number = |column: &BTreeMap<u32, Value>, index: u32, default: i64| {
        column
            .get(&index)
            .and_then(Value::as_i64)
            .unwrap_or(default)
    };
    let words = |column: &BTreeMap<u32, Value>, index: u32| {
        column
            .get(&index)
            .and_then(Value::as_octets)
            .map(text)
            .unwrap_or_default()
    };
    let printer = |table: u32, field: u32| -> BTreeMap<u32, Value> {
        // The tables of the Printer MIB have two arcs between their number and their columns; the
        // marker's and the input's are the second table of their group.
        let group = match table {
            8..=10 => vec![table, 2, 1, field],
            _ => vec![table, 1, 1, field],
        };
        column(&[PRINTER_MIB, &group].concat())
    };
    let levels = printer(11, 9);
    let life = below(recording, &[PRINTER_MIB, &[10, 2, 1, 4]].concat())
        .find_map(|varbind| varbind.value.as_i64())
        .and_then(|value| u64::try_from(value).ok());
    let alerts = printer(18, 2);
    let trays = printer(8, 10);
    Truth {
        name: name.to_owned(),
        is_printer: below(recording, DEVICE_TYPE).any(|varbind| is_printer_type(&varbind.value))
            || below(recording, PRINTER_MIB).next().is_some(),
        serial: serial(recording).unwrap_or_default(),
        hostname: text_of(recording, &[1, 3, 6, 1, 2, 1, 1, 5]),
        location: text_of(recording, &[1, 3, 6, 1, 2, 1, 1, 6]),
        mac: mac(recording),
        life_count: life.map(|value| LifeCount {
            value,
            unit: printer(10, 3)
                .values()
                .next()
                .and_then(Value::as_i64)
                .unwrap_or(2),
        }),
        supplies: levels
            .iter()
            .map(|(index, level)| TruthSupply {
                index: *index,
                description: words(&printer(11, 6), *index),
                class: number(&printer(11, 4), *index, 1),
                kind: number(&printer(11, 5), *index, 2),
                unit: number(&printer(11, 7), *index, 2),
                capacity: number(&printer(11, 8), *index, -2),
                level: level.as_i64().unwrap_or(-2),
                part_number: None,
                serial: None,
                predecessors: 0,
            })
            .collect(),
        alerts: alerts
            .iter()
            .map(|(index, severity)| TruthAlert {
                index: *index,
                severity: severity.as_i64().unwrap_or(1),
                group: number(&printer(18, 4), *index, 2),
                group_index: number(&printer(18, 5), *index, -1),
                code: number(&printer(18, 7), *index, 2),
                description: words(&printer(18, 8), *index),
            })
            .collect(),
        trays: trays
            .iter()
            .map(|(index, level)| TruthTray {
                index: *index,
                name: words(&printer(8, 13), *index),
                capacity: number(&printer(8, 9), *index, -2),
                level: level.as_i64().unwrap_or(-2),
            })
            .collect(),
        device_index: 1,
        ..Truth::default()
    }
}

fn is_printer_type(value: &Value) -> bool {
    matches!(value, Value::ObjectIdentifier(oid) if oid.arcs() == PRINTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(lines: &str) -> Recording {
        Recording::parse(lines.as_bytes()).expect("valid")
    }

    #[test]
    fn the_serial_changes_wherever_it_stands() {
        let recording = recording(
            "1.3.6.1.2.1.1.1.0|4|HP,SN:VNB3F12345,FN:X\n\
             1.3.6.1.2.1.43.5.1.1.17.1|4|VNB3F12345-130-0\n\
             1.3.6.1.4.1.11.1|4x|0115564e4233463132333435\n",
        );
        let changed = with_serial(&recording, "SIM0001");
        let texts: Vec<&[u8]> = changed.values().filter_map(Value::as_octets).collect();
        assert_eq!(
            texts,
            [
                &b"HP,SN:SIM0001,FN:X"[..],
                b"SIM0001-130-0",
                b"\x01\x15SIM0001"
            ]
        );
    }

    #[test]
    fn a_makers_own_serial_counts_where_the_printer_mib_has_none() {
        let recording = recording("1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.1.0|4|E71234A5N678901   \n");
        assert_eq!(serial(&recording).as_deref(), Some("E71234A5N678901"));
        let changed = with_serial(&recording, "SIM000000000001");
        let texts: Vec<&[u8]> = changed.values().filter_map(Value::as_octets).collect();
        assert_eq!(texts, [b"SIM000000000001   "]);
    }

    #[test]
    fn a_short_serial_changes_in_its_own_object_alone() {
        let recording = recording("1.3.6.1.2.1.1.1.0|4|model 12\n1.3.6.1.2.1.43.5.1.1.17.1|4|12\n");
        let changed = with_serial(&recording, "SIM0001");
        assert_eq!(changed.len(), 1);
    }

    #[test]
    fn truth_is_read_from_the_standard_tables() {
        let recording = recording(
            "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
             1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n\
             1.3.6.1.2.1.43.10.2.1.4.1.1|65|4711\n\
             1.3.6.1.2.1.43.11.1.1.6.1.3|4|Black Toner\n\
             1.3.6.1.2.1.43.11.1.1.8.1.3|2|100\n\
             1.3.6.1.2.1.43.11.1.1.9.1.3|2|-3\n",
        );
        let truth = truth("x", &recording);
        assert!(truth.is_printer);
        assert_eq!(truth.life_count.map(|life| life.value), Some(4_711));
        let supply = &truth.supplies[0];
        assert_eq!((supply.index, supply.capacity, supply.level), (3, 100, -3));
        assert_eq!(supply.description, "Black Toner");
    }
}
