//! The demo fleet: one of each kind of device that an agent meets.

mod brands;
mod build;
mod makers;

use super::calendar::PROFILES;
use super::spec::Spec;
use super::{ENTERPRISES, Identity};
use crate::device::SimDevice;
use crate::rng::Chance;
use crate::wire::{Engine, Oversize};
use pagetally_snmp_engine::{Oid, Recording, Value, VarBind};
use std::sync::Arc;

/// Every model that there is, in an order that stays.
#[must_use]
pub fn catalogue() -> Vec<Spec> {
    makers::all().collect()
}

/// So many printers of all models, each with a past, a user and a workload of its own: a dealer's
/// fleet. The same for the same seed.
#[must_use]
pub fn fleet_of(count: u32, seed: u64) -> Vec<SimDevice> {
    let catalogue = catalogue();
    let specs = catalogue.iter().cycle();
    (1..=count)
        .zip(specs)
        .map(|(number, spec)| {
            let mut chance = Chance::fork(seed, u64::from(number) | 1 << 32);
            let mut spec = spec.clone();
            // Half stand in offices, the others wherever they like.
            if let Some(profile) = usize::try_from(chance.below(12))
                .ok()
                .and_then(|drawn| PROFILES.get(drawn))
            {
                spec.profile = *profile;
            }
            let share = chance.between(300, 1_600);
            let jobs = u64::from(spec.jobs_a_day) * share / 1_000;
            spec.jobs_a_day = u32::try_from(jobs).unwrap_or(u32::MAX).max(1);
            let identity = identity(&spec, number, &mut chance);
            SimDevice::from_spec(spec, identity, chance.next())
        })
        .collect()
}

/// One device of every model and a network switch, the same for the same seed. They work, and
/// nothing else happens to them ([`SimDevice::set_eventful`]).
///
/// * colour and mono, single-function and MFP, and a label printer without a Printer MIB;
/// * badges on other makers' engines, and one printer behind another maker's print server;
/// * one asleep: it loses the datagram that wakes it (Epson AL-M320DN);
/// * one with an empty toner, which nobody changes (HP LaserJet Enterprise M507);
/// * one that refuses every community but answers v3 discovery (HP LaserJet P3015);
/// * one that speaks v1 alone (Canon iR1643i);
/// * one that does not answer GETBULK, one that keeps silent where an answer is too big;
/// * one network switch, which a reader of printers must leave alone.
#[must_use]
pub fn demo_fleet(seed: u64) -> Vec<SimDevice> {
    let mut fleet: Vec<SimDevice> = (1..)
        .zip(catalogue())
        .map(|(number, spec)| dressed(spec, number, seed))
        .collect();
    fleet.push(switch(seed));
    fleet
}

/// One device of the fleet, with its place in the world and its peculiarity.
fn dressed(spec: Spec, number: u32, seed: u64) -> SimDevice {
    let mut chance = Chance::fork(seed, u64::from(number));
    let identity = identity(&spec, number, &mut chance);
    let mac = identity.mac;
    let enterprise = spec.enterprise.first().copied().unwrap_or(0);
    let model = spec.model;
    let mut device = SimDevice::from_spec(spec, identity, chance.next());
    // Whoever compares a morning's books with the fleet wants the same devices before and after.
    device.set_eventful(false);
    let engine = Some(Engine::with_mac(enterprise, mac));
    match model {
        "AL-M320DN" => device.fall_asleep(),
        "LaserJet Enterprise M507" => {
            device.set_supply(0, 0);
            device.set_attended(false);
        }
        "LaserJet P3015" => {
            device.access_mut().communities.clear();
            device.access_mut().engine = engine;
        }
        "iR1643i" => device.access_mut().v2c = false,
        "HL-L8260CDW" => device.access_mut().bulk = false,
        "ZT410" => {
            device.access_mut().max_message_size = 484;
            device.access_mut().oversize = Oversize::Silence;
        }
        "B432" => device.access_mut().max_message_size = 484,
        "MP 301SPF" => device.access_mut().v2c = false,
        "ComColor GD9630" => {
            device.access_mut().bulk = false;
            device.access_mut().max_message_size = 484;
        }
        _ => device.access_mut().engine = engine,
    }
    device
}

fn identity(spec: &Spec, number: u32, chance: &mut Chance) -> Identity {
    const PLACES: [&str; 8] = [
        "Reception",
        "Office 1.12",
        "Office 2.04",
        "Accounts",
        "Zürich, 3rd floor",
        "Workshop",
        "Warehouse",
        "Café",
    ];
    let place = usize::try_from(chance.below(8)).unwrap_or(0);
    let letters: String = spec
        .maker
        .chars()
        .filter(char::is_ascii_alphabetic)
        .take(3)
        .collect();
    let letters = letters.to_uppercase();
    let serial = format!("{letters}{:08}", 10_000_000 + chance.below(90_000_000));
    let [.., a, b, c] = chance.next().to_be_bytes();
    let hostname = format!("{letters}{number:03}");
    Identity {
        serial,
        printer_name: hostname.clone(),
        hostname,
        location: PLACES.get(place).copied().unwrap_or("Office").to_owned(),
        // A vendor's prefix that is in use: the second lowest bit of the first octet is clear.
        mac: [0x00, 0x26, 0x73, a, b, c],
    }
}

/// A network switch: MIB-II and its own enterprise, no device table and no printer.
#[must_use]
pub fn switch(seed: u64) -> SimDevice {
    let mut chance = Chance::fork(seed, 0x0053_17c4);
    let mut varbinds = Vec::new();
    let mut put = |arcs: &[u32], value: Value| {
        if let Ok(oid) = Oid::new(arcs) {
            varbinds.push(VarBind { oid, value });
        }
    };
    let text = |text: &str| Value::OctetString(text.as_bytes().to_vec());
    let system = |arc: u32| [1, 3, 6, 1, 2, 1, 1, arc, 0];
    let description = "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE";
    put(&system(1), text(description));
    let object = Oid::new([ENTERPRISES, &[9, 1, 716]].concat()).unwrap_or_default();
    put(&system(2), Value::ObjectIdentifier(object));
    put(
        &system(3),
        Value::TimeTicks(u32::try_from(chance.below(1 << 31)).unwrap_or(0)),
    );
    put(&system(4), text(""));
    put(&system(5), text("switch-1"));
    put(&system(6), text("Server room"));
    put(&system(7), Value::Integer(6));
    put(&[1, 3, 6, 1, 2, 1, 2, 1, 0], Value::Integer(24));
    for port in 1..=24_u32 {
        let column = |column: u32| [1, 3, 6, 1, 2, 1, 2, 2, 1, column, port];
        let [.., last] = port.to_be_bytes();
        put(&column(1), Value::Integer(i64::from(port)));
        put(&column(2), text(&format!("FastEthernet0/{port}")));
        put(&column(3), Value::Integer(6));
        put(
            &column(6),
            Value::OctetString(vec![0x00, 0x1b, 0x0c, 0x11, 0x22, last]),
        );
        put(&column(8), Value::Integer(1));
        let octets = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6, port];
        put(&octets, Value::Counter64(chance.below(1 << 50)));
    }
    let recording: Recording = varbinds.into_iter().collect();
    SimDevice::from_recording("Cisco C2960 switch", Arc::new(recording)).not_a_printer()
}
