//! MIB-II, HOST-RESOURCES and the Printer MIB (RFC 1213, RFC 2790, RFC 3805), as printers serve
//! them.

use super::board::Board;
use super::cell::{Cell, Encoding};
use super::fitted::Fitted;
use super::spec::{Habits, Spec, SupplySpec, TraySpec};
use super::tally::Quantity;
use super::{ENTERPRISES, Identity};
use pagetally_snmp_engine::Value;
use std::net::Ipv4Addr;

const SYSTEM: &[u32] = &[1, 3, 6, 1, 2, 1, 1];
const IF_NUMBER: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 1];
const IF_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1];
/// ipAddrEntry.
pub(super) const IP_ADDRESS_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 20, 1];
const HOST_RESOURCES: &[u32] = &[1, 3, 6, 1, 2, 1, 25];
const DEVICE_TYPES: &[u32] = &[1, 3, 6, 1, 2, 1, 25, 3, 1];
const PRINTER_MIB: &[u32] = &[1, 3, 6, 1, 2, 1, 43];
/// The row of the interface that answers; the first one is the loopback.
pub(super) const INTERFACE: u32 = 2;

fn integer(number: impl Into<i64>) -> Value {
    Value::Integer(number.into())
}

fn text(text: impl Into<Vec<u8>>) -> Value {
    Value::OctetString(text.into())
}

fn place_to_index(place: usize) -> u32 {
    u32::try_from(place + 1).unwrap_or(u32::MAX)
}

/// MIB-II's system group and interfaces.
pub(super) fn mib_ii(board: &mut Board, description: &str, enterprise: &[u32], who: &Identity) {
    board.text(SYSTEM, &[1, 0], description);
    board.identifier(SYSTEM, &[2, 0], &[ENTERPRISES, enterprise]);
    board.cell(SYSTEM, &[3, 0], Cell::UpTime);
    board.text(SYSTEM, &[4, 0], "");
    board.text(SYSTEM, &[5, 0], who.hostname.as_str());
    board.text(SYSTEM, &[6, 0], who.location.as_str());
    board.integer(SYSTEM, &[7, 0], 72);
    board.integer(IF_NUMBER, &[0], 2);
    board.row(
        IF_ENTRY,
        1,
        &[1],
        vec![
            integer(1),
            text("lo"),
            // softwareLoopback
            integer(24),
            integer(16_436),
            Value::Gauge32(10_000_000),
            text(""),
            integer(1),
            integer(1),
            Value::TimeTicks(0),
        ],
    );
    board.row(
        IF_ENTRY,
        1,
        &[INTERFACE],
        vec![
            integer(INTERFACE),
            text("eth0"),
            // ethernetCsmacd
            integer(6),
            integer(1_500),
            Value::Gauge32(1_000_000_000),
            text(who.mac),
            integer(1),
            integer(1),
            Value::TimeTicks(0),
        ],
    );
    ip_address(board, Ipv4Addr::LOCALHOST, 1);
}

/// One row of ipAddrTable.
fn ip_address(board: &mut Board, address: Ipv4Addr, interface: u32) {
    let index = address.octets().map(u32::from);
    board.row(
        IP_ADDRESS_ENTRY,
        1,
        &index,
        vec![
            Value::IpAddress(address),
            integer(interface),
            Value::IpAddress(Ipv4Addr::new(255, 0, 0, 0)),
            integer(0),
            integer(65_535),
        ],
    );
}

/// HOST-RESOURCES: the printer, a processor and a network card.
pub(super) fn host_resources(board: &mut Board, printer: u32, description: Option<&str>) {
    board.cell(HOST_RESOURCES, &[1, 1, 0], Cell::UpTime);
    board.integer(HOST_RESOURCES, &[2, 2, 0], 1_048_576);
    let devices: [(u32, u32, Option<&str>); 3] = [
        (printer, 5, description),
        (printer + 1, 3, Some("Main processor")),
        (printer + 2, 4, Some("Network interface")),
    ];
    for (index, kind, description) in devices {
        let column = |column: u32| [3, 2, 1, column, index];
        board.integer(HOST_RESOURCES, &column(1), i64::from(index));
        board.identifier(HOST_RESOURCES, &column(2), &[DEVICE_TYPES, &[kind]]);
        if let Some(description) = description {
            board.text(HOST_RESOURCES, &column(3), description);
        }
        board.identifier(HOST_RESOURCES, &column(4), &[&[0, 0]]);
        if index == printer {
            board.cell(HOST_RESOURCES, &column(5), Cell::DeviceStatus);
        } else {
            board.integer(HOST_RESOURCES, &column(5), 2);
        }
        board.put(HOST_RESOURCES, &column(6), Value::Counter32(0));
    }
    board.cell(HOST_RESOURCES, &[3, 5, 1, 1, printer], Cell::PrinterStatus);
    board.cell(HOST_RESOURCES, &[3, 5, 1, 2, printer], Cell::ErrorState);
}

/// The Printer MIB but for prtAlertTable, whose rows come and go, and for what the model lacks.
pub(super) fn printer_mib(
    board: &mut Board,
    spec: &Spec,
    who: &Identity,
    serial: &str,
    fitted: &[Fitted],
) {
    general(board, spec, who, serial);
    type Put = fn(&mut Board, &Spec);
    let groups: [(u32, Put); 9] = [
        (6, covers),
        (7, localization),
        (8, inputs),
        (9, outputs),
        (10, marker),
        (13, media_path),
        (14, channels),
        (15, interpreters),
        (16, console),
    ];
    for (group, put) in groups {
        if spec.has(group) {
            put(board, spec);
        }
    }
    for (place, (supply, fitted)) in spec.supplies.iter().zip(fitted).enumerate() {
        marker_supply(board, spec, place, supply, fitted);
    }
}

fn general(board: &mut Board, spec: &Spec, who: &Identity, serial: &str) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[5, 1, 1]].concat();
    let columns = [
        Value::Counter32(0),
        integer(1),
        // notResetting
        integer(3),
        text(""),
        text(""),
        integer(1),
        integer(1),
        integer(1),
        integer(1),
        integer(1),
        integer(spec.console_lines),
        integer(20),
        // enabled
        integer(4),
        integer(5),
        integer(5),
        text(spec.charset.encode(&who.printer_name)),
        text(serial),
    ];
    board.row(&entry, 1, &[device], columns.into());
    board.cell(&entry, &[18, device], Cell::CriticalSeen);
    board.cell(&entry, &[19, device], Cell::AlertsSeen);
}

fn covers(board: &mut Board, spec: &Spec) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[6, 1, 1]].concat();
    for (place, cover) in spec.covers.iter().enumerate() {
        let index = place_to_index(place);
        board.text(&entry, &[2, device, index], spec.charset.encode(cover));
        board.cell(&entry, &[3, device, index], Cell::CoverStatus(place));
    }
}

fn localization(board: &mut Board, spec: &Spec) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[7, 1, 1]].concat();
    let (language, country) = spec.charset.language();
    let columns = [
        text(language),
        text(country),
        integer(spec.charset.mib_enum()),
    ];
    board.row(&entry, 2, &[device, 1], columns.into());
}

fn inputs(board: &mut Board, spec: &Spec) {
    for (place, tray) in spec.trays.iter().enumerate() {
        input(board, spec, place, tray);
    }
}

fn outputs(board: &mut Board, spec: &Spec) {
    for (place, (name, capacity)) in spec.outputs.iter().enumerate() {
        output(board, spec, place_to_index(place), name, *capacity);
    }
}

fn input(board: &mut Board, spec: &Spec, place: usize, tray: &TraySpec) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[8, 2, 1]].concat();
    let index = [device, place_to_index(place)];
    let named = |text: &str| Value::OctetString(spec.charset.encode(text));
    // A4, in micrometres
    let (long, wide) = (297_000, 210_000);
    let columns = [
        integer(tray.kind),
        integer(4),
        integer(long),
        integer(wide),
        integer(long),
        integer(wide),
        // sheets
        integer(8),
        integer(tray.capacity),
    ];
    board.row(&entry, 2, &index, columns.into());
    board.cell(&entry, &[10, device, index[1]], Cell::TrayLevel(place));
    board.cell(&entry, &[11, device, index[1]], Cell::TrayStatus(place));
    let columns = [
        named(tray.media),
        named(tray.name),
        named(spec.maker),
        text(""),
        text(""),
        text(""),
        named(tray.name),
        // notPresent
        integer(5),
        integer(80),
        named("stationery"),
        named("white"),
        integer(-1),
        integer(-1),
        integer(-2),
    ];
    board.row(&entry, 12, &index, columns.into());
}

fn output(board: &mut Board, spec: &Spec, index: u32, name: &str, capacity: i64) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[9, 2, 1]].concat();
    let named = |text: &str| Value::OctetString(spec.charset.encode(text));
    let columns = [
        // unRemovableBin
        integer(4),
        integer(8),
        integer(capacity),
        // room for one more
        integer(-3),
        integer(0),
        named(name),
        named(spec.maker),
        text(""),
        text(""),
        text(""),
        named(name),
    ];
    board.row(&entry, 2, &[device, index], columns.into());
}

fn marker(board: &mut Board, spec: &Spec) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[10, 2, 1]].concat();
    let colorants = if spec.color { 4 } else { 1 };
    let columns = [integer(spec.technology), integer(spec.life_unit)];
    board.row(&entry, 2, &[device, 1], columns.into());
    let encoding = match spec.habits {
        Habits::IntegerCounts => Encoding::Integer,
        _ => Encoding::Counter,
    };
    let mut count = |column, quantity| {
        board.cell(
            &entry,
            &[column, device, 1],
            Cell::Count(quantity, encoding),
        );
    };
    count(4, Quantity::Life);
    count(5, Quantity::SincePowerOn);
    let columns = [
        integer(colorants),
        integer(0),
        // tenThousandthsOfInches
        integer(3),
        integer(600),
        integer(600),
        integer(1_667),
        integer(1_667),
        integer(1_667),
        integer(1_667),
    ];
    board.row(&entry, 6, &[device, 1], columns.into());
    board.cell(&entry, &[15, device, 1], Cell::SubUnitStatus);
}

fn marker_supply(
    board: &mut Board,
    spec: &Spec,
    place: usize,
    supply: &SupplySpec,
    fitted: &Fitted,
) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[11, 1, 1]].concat();
    let colorants = spec
        .supplies
        .iter()
        .take(place + 1)
        .filter(|supply| supply.colorant.is_some())
        .count();
    let colorant = match supply.colorant {
        Some(_) => u32::try_from(colorants).unwrap_or(0),
        None => 0,
    };
    let columns = [
        integer(1),
        integer(colorant),
        integer(if supply.is_receptacle() { 4 } else { 3 }),
        integer(supply.kind),
        text(spec.charset.encode(&fitted.description(supply))),
        integer(supply.unit),
    ];
    let both = [device, supply.index];
    let index = match spec.habits {
        Habits::SingleIndex => &both[1..],
        _ => &both[..],
    };
    board.row(&entry, 2, index, columns.into());
    let level = [
        (8, Cell::SupplyCapacity(place)),
        (9, Cell::SupplyLevel(place)),
    ];
    for (column, cell) in level {
        board.cell(&entry, &[&[column], index].concat(), cell);
    }
    if let Some(color) = supply.colorant {
        let entry = [PRINTER_MIB, &[12, 1, 1]].concat();
        // process colour
        let columns = [integer(1), integer(3), text(color), integer(2)];
        board.row(&entry, 2, &[device, colorant], columns.into());
    }
}

fn media_path(board: &mut Board, spec: &Spec) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[13, 4, 1]].concat();
    // simplex, and longEdgeBindingDuplex where the device can
    let kinds: &[i64] = if spec.duplex { &[5, 3] } else { &[5] };
    for (index, kind) in (1..).zip(kinds) {
        let columns = [
            // impressionsPerHour
            integer(16),
            integer(4),
            integer(i64::from(spec.speed) * 60),
            integer(if spec.large { 297_000 } else { 216_000 }),
            integer(if spec.large { 432_000 } else { 356_000 }),
            integer(98_000),
            integer(148_000),
            integer(*kind),
            text(if *kind == 3 { "Duplex" } else { "Simplex" }),
        ];
        board.row(&entry, 2, &[device, index], columns.into());
        board.cell(&entry, &[11, device, index], Cell::SubUnitStatus);
    }
}

fn channels(board: &mut Board, spec: &Spec) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[14, 1, 1]].concat();
    // chLPDServer, chPort9100, chIPP
    for (index, (kind, version)) in (1..).zip([(8, "1.0"), (11, ""), (44, "2.0")]) {
        let columns = [
            integer(kind),
            text(version),
            integer(1),
            integer(1),
            // printDataAccepted
            integer(3),
            integer(INTERFACE),
            integer(0),
            text(""),
        ];
        board.row(&entry, 2, &[device, index], columns.into());
    }
}

fn interpreters(board: &mut Board, spec: &Spec) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[15, 1, 1]].concat();
    // langPCL, langPS
    for (index, (family, description)) in (1..).zip([(3, "PCL 6"), (6, "PostScript 3")]) {
        let columns = [
            integer(family),
            text(""),
            text("1.0"),
            text(description),
            text("1.0"),
            // portrait
            integer(3),
            integer(600),
            integer(600),
            integer(4),
            integer(4),
            integer(3),
        ];
        board.row(&entry, 2, &[device, index], columns.into());
    }
}

fn console(board: &mut Board, spec: &Spec) {
    let device = spec.device_index;
    let entry = [PRINTER_MIB, &[16, 5, 1]].concat();
    for line in 1..=spec.console_lines {
        board.cell(&entry, &[2, device, line], Cell::Console(line));
    }
    let lights = [PRINTER_MIB, &[17, 6, 1]].concat();
    // on for ever, never off, green
    let columns = [integer(1), integer(0), integer(4), text("Power")];
    board.row(&lights, 2, &[device, 1], columns.into());
}
