//! Many devices, and what becomes of their sockets.

use crate::ask::{SYS_NAME, get, socket, text};
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_harness::fleet::{Fleet, FleetConfig, FleetError};
use pagetally_snmp_engine::{Recording, Value, VarBind};
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

fn named(name: &str) -> SimDevice {
    let recording: Recording = [VarBind {
        oid: SYS_NAME.parse().expect("a name"),
        value: Value::OctetString(name.as_bytes().to_vec()),
    }]
    .into_iter()
    .collect();
    SimDevice::from_recording(name, Arc::new(recording))
}

#[test]
fn a_thousand_devices_answer_each_from_its_own_address() {
    let devices = (0..1_000).map(|number| named(&format!("printer-{number}")));
    let mut config = FleetConfig::new(devices.collect());
    config.base = Ipv4Addr::new(127, 78, 0, 1);
    let fleet = Fleet::start(config).expect("served");
    let socket = socket(Duration::from_secs(5));
    let mut buffer = [0; 2_048];
    for (index, address) in fleet.addresses().into_iter().enumerate() {
        let id = i32::try_from(index).expect("small");
        socket.send_to(&get(id, SYS_NAME), address).expect("sent");
        let (length, from) = socket.recv_from(&mut buffer).expect("an answer");
        assert_eq!(from, address);
        assert_eq!(fleet.index_of(from.ip()), Some(index));
        assert_eq!(text(&buffer[..length]), (id, format!("printer-{index}")));
    }
    assert_eq!(fleet.stats().received, 1_000);
}

#[test]
fn a_dropped_fleet_gives_its_port_back() {
    let fleet = Fleet::start(FleetConfig::new(demo_fleet(1))).expect("served");
    let address = fleet.address(2);
    assert!(UdpSocket::bind(address).is_err(), "in use");
    drop(fleet);
    assert!(UdpSocket::bind(address).is_ok(), "free again");
}

#[test]
fn addresses_outside_the_loopback_network_are_refused() {
    let mut config = FleetConfig::new(vec![named("a"), named("b")]);
    config.base = Ipv4Addr::new(192, 0, 2, 1);
    let error = Fleet::start(config).expect_err("not ours");
    assert!(matches!(error, FleetError::NotLoopback { .. }), "{error}");
    let mut config = FleetConfig::new(vec![named("a"), named("b")]);
    config.base = Ipv4Addr::new(127, 255, 255, 255);
    let error = Fleet::start(config).expect_err("the second one is not");
    assert!(matches!(error, FleetError::NotLoopback { .. }), "{error}");
}

#[test]
fn a_taken_port_is_named() {
    let first = Fleet::start(FleetConfig::new(vec![named("a")])).expect("served");
    let mut config = FleetConfig::new(vec![named("b")]);
    config.port = first.port();
    let error = Fleet::start(config).expect_err("taken");
    let message = error.to_string();
    assert!(message.contains(&first.address(0).to_string()), "{message}");
}

#[test]
fn work_is_seen_by_whoever_asks_next() {
    let fleet = Fleet::start(FleetConfig::new(demo_fleet(1))).expect("served");
    let life = || fleet.truth()[0].1.life_count.expect("a printer").value;
    let before = life();
    let made = fleet
        .with_device(0, |device| {
            device.print(12, pagetally_fleet_sim::Color::Mono)
        })
        .expect("a device");
    assert_eq!(life() - before, u64::from(made));
    fleet.advance(Duration::from_secs(8 * 3_600));
    assert!(life() > before + 12);
    assert!(fleet.with_device(999, |_| ()).is_none());
}
