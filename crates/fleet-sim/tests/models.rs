//! What devices serve, and that they say of themselves what they serve.

mod common;

use common::{Ask, V1, V2C, ask, oid, request};
use pagetally_fleet_sim::models::{Habits, Job, Quantity, Trouble, Work};
use pagetally_fleet_sim::truth::{ColorMode, Counts, Function, SidesMode, Truth};
use pagetally_fleet_sim::wire::{Reply, Silence};
use pagetally_fleet_sim::{Color, SimDevice, demo_fleet};
use pagetally_snmp_engine::{Oid, Value};
use std::collections::BTreeSet;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

fn named(name: &str) -> SimDevice {
    let mut fleet = demo_fleet(11);
    let place = fleet
        .iter()
        .position(|device| device.name().contains(name))
        .expect("in the fleet");
    fleet.swap_remove(place)
}

fn number(device: &SimDevice, name: &str) -> Option<i64> {
    device.value(&oid(name)).and_then(|value| value.as_i64())
}

fn text(device: &SimDevice, name: &str) -> Option<String> {
    let value = device.value(&oid(name))?;
    Some(String::from_utf8_lossy(value.as_octets()?).into_owned())
}

#[test]
fn the_demo_fleet_is_what_the_demo_promises() {
    let fleet = demo_fleet(1);
    let truths: Vec<Truth> = fleet.iter().map(SimDevice::truth).collect();
    let printers = truths.iter().filter(|truth| truth.is_printer);
    let makers: BTreeSet<&str> = printers
        .clone()
        .map(|truth| truth.manufacturer.as_str())
        .collect();
    assert!(printers.count() >= 40);
    assert!(makers.len() >= 20, "{makers:?}");
    assert_eq!(truths.iter().filter(|truth| !truth.is_printer).count(), 1);
    assert_eq!(truths.iter().filter(|truth| truth.refuses).count(), 1);
    assert_eq!(truths.iter().filter(|truth| truth.asleep).count(), 1);
    let empty = |truth: &&Truth| {
        truth
            .alerts
            .iter()
            .any(|alert| alert.code == 1_101 && alert.severity == 3)
    };
    assert_eq!(truths.iter().filter(empty).count(), 1);
    let serials: BTreeSet<&str> = truths
        .iter()
        .filter(|truth| truth.is_printer)
        .map(|truth| truth.serial.as_str())
        .collect();
    assert_eq!(serials.len(), truths.len() - 1, "serials differ");
}

#[test]
fn the_same_seed_gives_the_same_fleet_and_another_seed_another() {
    let truths = |seed| -> Vec<Truth> { demo_fleet(seed).iter().map(SimDevice::truth).collect() };
    assert_eq!(truths(5), truths(5));
    assert_ne!(truths(5), truths(6));
}

#[test]
fn two_halves_of_a_day_do_the_same_work_as_the_whole() {
    for (mut whole, mut halves) in demo_fleet(2).into_iter().zip(demo_fleet(2)) {
        whole.advance(9 * HOUR);
        halves.advance(4 * HOUR + Duration::from_secs(17));
        halves.advance(5 * HOUR - Duration::from_secs(17));
        assert_eq!(whole.truth(), halves.truth(), "{}", whole.name());
    }
}

#[test]
fn a_working_day_makes_pages_and_a_year_brings_alerts_that_come_and_go() {
    let mut device = named("TASKalfa 4053ci");
    let life = |device: &SimDevice| device.truth().life_count.expect("a printer").value;
    let before = life(&device);
    device.advance(8 * HOUR);
    assert!(life(&device) > before + 50);
    let mut kinds = BTreeSet::new();
    let mut quiet = 0;
    for _ in 0..365 * 6 {
        device.advance(4 * HOUR);
        let alerts = device.truth().alerts;
        quiet += u32::from(alerts.is_empty());
        kinds.extend(alerts.into_iter().map(|alert| (alert.group, alert.code)));
    }
    assert!(quiet > 100, "quiet {quiet} times");
    // toner low, tray empty
    assert!(kinds.contains(&(11, 1_104)), "{kinds:?}");
    assert!(kinds.contains(&(8, 808)), "{kinds:?}");
}

/// Every value of the truth is looked up where the Printer MIB and the makers serve it.
#[test]
fn truth_is_what_is_served() {
    for mut device in demo_fleet(4) {
        device.advance(30 * HOUR);
        let truth = device.truth();
        let name = truth.name.clone();
        for meter in &truth.meters {
            let served = match device.value(&meter.oid) {
                Some(Value::OctetString(text)) => String::from_utf8_lossy(&text).parse().ok(),
                Some(value) => value.as_i64(),
                None => None,
            };
            assert_eq!(
                served,
                i64::try_from(meter.value).ok(),
                "{name} {}",
                meter.oid
            );
        }
        let hr = truth.device_index;
        if let Some(life) = truth.life_count {
            assert_eq!(
                number(&device, &format!("1.3.6.1.2.1.43.10.2.1.4.{hr}.1")),
                i64::try_from(life.value).ok()
            );
            let serial = format!("1.3.6.1.2.1.43.5.1.1.17.{hr}");
            let serial = text(&device, &serial).expect("a serial");
            assert!(serial.starts_with(&truth.serial), "{name}: {serial}");
        }
        let habits = device.model().map(|model| model.spec().habits);
        for supply in &truth.supplies {
            let index = match habits {
                Some(Habits::SingleIndex) => supply.index.to_string(),
                _ => format!("{hr}.{}", supply.index),
            };
            let column =
                |column: u32| number(&device, &format!("1.3.6.1.2.1.43.11.1.1.{column}.{index}"));
            assert_eq!(column(4), Some(supply.class), "{name}");
            assert_eq!(column(5), Some(supply.kind), "{name}");
            assert_eq!(column(7), Some(supply.unit), "{name}");
            assert_eq!(column(8), Some(supply.capacity), "{name}");
            assert_eq!(column(9), Some(supply.level), "{name}");
        }
        for tray in &truth.trays {
            let level = number(
                &device,
                &format!("1.3.6.1.2.1.43.8.2.1.10.{hr}.{}", tray.index),
            );
            assert_eq!(level, Some(tray.level), "{name}");
        }
        for alert in &truth.alerts {
            let column = |column: u32| {
                number(
                    &device,
                    &format!("1.3.6.1.2.1.43.18.1.1.{column}.{hr}.{}", alert.index),
                )
            };
            assert_eq!(column(2), Some(alert.severity), "{name}");
            assert_eq!(column(4), Some(alert.group), "{name}");
            assert_eq!(column(5), Some(alert.group_index), "{name}");
            assert_eq!(column(7), Some(alert.code), "{name}");
        }
        assert_eq!(text(&device, "1.3.6.1.2.1.1.5.0"), Some(truth.hostname));
        assert_eq!(text(&device, "1.3.6.1.2.1.1.6.0"), Some(truth.location));
    }
}

#[test]
fn sums_close_on_every_device_that_counts_by_function() {
    for mut device in demo_fleet(8) {
        device.advance(40 * HOUR);
        let Some(model) = device.model() else {
            continue;
        };
        let tally = &model.state().tally;
        let count = |quantity| tally.count(quantity);
        let works = [Work::Print, Work::Copy, Work::Fax, Work::Report];
        let by_work: u64 = works
            .into_iter()
            .map(|work| count(Quantity::of(work)))
            .sum();
        let by_color =
            count(Quantity::colored(Color::Mono)) + count(Quantity::colored(Color::Color));
        assert_eq!(count(Quantity::TOTAL), by_work);
        assert_eq!(count(Quantity::TOTAL), by_color);
        assert!(count(Quantity::Life) >= count(Quantity::TOTAL));
        assert!(count(Quantity::Sheets) <= count(Quantity::TOTAL));
        if !model.spec().color {
            assert_eq!(count(Quantity::colored(Color::Color)), 0);
        }
    }
}

fn meter(truth: &Truth, counts: Counts) -> u64 {
    let meter = truth.meters.iter().find(|meter| meter.counts == counts);
    meter
        .unwrap_or_else(|| panic!("no meter for {counts:?}"))
        .value
}

#[test]
fn a_colour_mfp_counts_each_kind_of_work_where_it_belongs() {
    let mut device = named("TASKalfa 4053ci");
    let before = device.truth();
    let job = |color| Job::new(Work::Print, color, 7);
    let printed = device.work(job(Color::Color).duplex()) + device.work(job(Color::Mono));
    let copied = device.copy(5, Color::Color);
    device.scan(9, Color::Color);
    let faxed = device.receive_fax(2);
    assert_eq!((printed, copied, faxed), (14, 5, 2), "nothing jammed");
    let after = device.truth();
    let grown = |counts| meter(&after, counts) - meter(&before, counts);
    assert_eq!(grown(Counts::all(Function::Total)), 21);
    assert_eq!(grown(Counts::all(Function::Print)), 14);
    assert_eq!(
        grown(Counts::all(Function::Print).in_color(ColorMode::Color)),
        7
    );
    assert_eq!(
        grown(Counts::all(Function::Copy).in_color(ColorMode::Color)),
        5
    );
    assert_eq!(grown(Counts::all(Function::Fax)), 2);
    assert_eq!(grown(Counts::all(Function::Scan)), 14);
    // Seven sides make three sheets of two and one of one.
    assert_eq!(grown(Counts::all(Function::Total).on(SidesMode::Duplex)), 6);
}

#[test]
fn a_mono_printer_makes_colour_jobs_black_and_copies_nothing() {
    let mut device = named("ECOSYS P2040dw");
    let before = device.truth().life_count.expect("a printer").value;
    assert_eq!(device.print(10, Color::Color), 10);
    assert_eq!(device.copy(10, Color::Mono), 0);
    let after = device.truth();
    assert!(after.life_count.expect("a printer").value >= before + 10);
    let color = Counts::all(Function::Total).in_color(ColorMode::Color);
    assert!(after.meters.iter().all(|meter| meter.counts != color));
}

#[test]
fn an_empty_toner_stops_the_device_until_it_is_changed() {
    let mut device = named("ECOSYS P2040dw");
    device.set_supply(0, 0);
    assert_eq!(device.print(5, Color::Mono), 0);
    assert_eq!(number(&device, "1.3.6.1.2.1.43.11.1.1.9.1.1"), Some(0));
    // noToner
    let bits = device.value(&oid("1.3.6.1.2.1.25.3.5.1.2.1"));
    assert_eq!(bits, Some(Value::OctetString(vec![0x10])));
    assert_eq!(number(&device, "1.3.6.1.2.1.25.3.2.1.5.1"), Some(5));
    device.replace_supply(0);
    assert!(device.truth().alerts.is_empty());
    assert_eq!(device.print(5, Color::Mono), 5);
}

#[test]
fn an_open_cover_shows_in_the_cover_table_the_alerts_and_the_error_bits() {
    let mut device = named("bizhub 458e");
    device.raise(Trouble::CoverOpen(1));
    assert_eq!(number(&device, "1.3.6.1.2.1.43.6.1.1.3.1.2"), Some(3));
    let alerts = device.truth().alerts;
    assert!(
        alerts
            .iter()
            .any(|alert| (alert.group, alert.code) == (6, 3))
    );
    let Some(Value::OctetString(bits)) = device.value(&oid("1.3.6.1.2.1.25.3.5.1.2.1")) else {
        panic!("no error state");
    };
    assert_eq!(bits[0] & 0x08, 0x08);
    device.clear(Trouble::CoverOpen(1));
    assert_eq!(number(&device, "1.3.6.1.2.1.43.6.1.1.3.1.2"), Some(4));
}

#[test]
fn a_sleeper_loses_one_datagram_and_sleeps_again_when_left_alone() {
    let mut device = named("AL-M320DN");
    let datagram = request(V2C, "public", &Ask::Get, &[oid("1.3.6.1.2.1.1.1.0")]);
    assert_eq!(device.reply(&datagram), Reply::Silence(Silence::Asleep));
    assert!(device.answer(&datagram).is_some());
    assert!(!device.truth().asleep);
    device.elapse(Duration::from_secs(29 * 60));
    assert!(!device.truth().asleep);
    device.elapse(Duration::from_secs(60));
    assert!(device.truth().asleep);
}

#[test]
fn who_refuses_every_community_still_answers_discovery() {
    let mut device = named("P3015");
    let name = [oid("1.3.6.1.2.1.1.1.0")];
    assert!(ask(&mut device, V2C, &Ask::Get, &name).is_none());
    assert!(ask(&mut device, V1, &Ask::Get, &name).is_none());
    // snmpget -v3 -l noAuthNoPriv -u x, as net-snmp 5.9 sends it first.
    let discovery = [
        0x30, 0x3e, 0x02, 0x01, 0x03, 0x30, 0x11, 0x02, 0x04, 0x37, 0xf0, 0x20, 0x7d, 0x02, 0x03,
        0x00, 0xff, 0xe3, 0x04, 0x01, 0x04, 0x02, 0x01, 0x03, 0x04, 0x10, 0x30, 0x0e, 0x04, 0x00,
        0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00, 0x04, 0x00, 0x30, 0x14, 0x04,
        0x00, 0x04, 0x00, 0xa0, 0x0e, 0x02, 0x04, 0x39, 0xb1, 0x0a, 0x7b, 0x02, 0x01, 0x00, 0x02,
        0x01, 0x00, 0x30, 0x00,
    ];
    let report = device.answer(&discovery).expect("a Report");
    assert!(report.contains(&0xa8));
}

#[test]
fn one_speaks_v1_alone_and_one_no_getbulk() {
    let name = [oid("1.3.6.1.2.1.1.1.0")];
    let mut old = named("iR1643i");
    assert!(ask(&mut old, V2C, &Ask::Get, &name).is_none());
    assert!(ask(&mut old, V1, &Ask::Get, &name).is_some());
    let mut plain = named("HL-L8260CDW");
    assert!(ask(&mut plain, V2C, &Ask::Bulk(0, 5), &name).is_none());
    assert!(ask(&mut plain, V2C, &Ask::Next, &name).is_some());
}

#[test]
fn the_makers_whose_waste_and_toner_are_two_state_say_so() {
    let truth = named("HL-L8260CDW").truth();
    assert_eq!(
        (truth.supplies[0].capacity, truth.supplies[0].level),
        (-2, -3)
    );
    let waste = &named("TASKalfa 4053ci").truth().supplies[4];
    assert_eq!((waste.class, waste.kind, waste.level), (4, 4, -3));
}

#[test]
fn brothers_record_of_counters_holds_the_counts() {
    let mut device = named("HL-L8260CDW");
    device.print(3, Color::Color);
    let value = device.value(&oid("1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.10.0"));
    let Some(Value::OctetString(octets)) = value else {
        panic!("no record");
    };
    let life = device.truth().life_count.expect("a printer").value;
    let total = u32::try_from(life).expect("small").to_be_bytes();
    assert_eq!(octets[..3], [0, 1, 4]);
    assert_eq!(octets[3..7], total);
    assert_eq!(octets.last(), Some(&0xff));
}

#[test]
fn a_label_printer_has_no_printer_mib_and_tells_the_length_of_its_labels() {
    let mut device = named("ZT410");
    let length = |device: &SimDevice| text(device, "1.3.6.1.4.1.10642.200.17.3.0");
    let before = length(&device).expect("an odometer");
    assert!(before.ends_with("CENTIMETERS"), "{before}");
    assert_eq!(device.print(10, Color::Mono), 10);
    assert_ne!(length(&device), Some(before));
    let root = oid("1.3.6.1.2.1.43");
    assert!(device.walk().iter().all(|one| !one.oid.starts_with(&root)));
}

#[test]
fn a_device_knows_its_address() {
    let mut device = named("MP C3003");
    device.set_address(std::net::Ipv4Addr::new(127, 77, 0, 9));
    let interface = number(&device, "1.3.6.1.2.1.4.20.1.2.127.77.0.9").expect("its row");
    let mac: Oid = oid(&format!("1.3.6.1.2.1.2.2.1.6.{interface}"));
    let mac = device
        .value(&mac)
        .and_then(|value| value.as_octets().map(<[u8]>::to_vec));
    assert_eq!(
        mac.as_deref(),
        device.truth().mac.as_ref().map(|mac| &mac[..])
    );
}
