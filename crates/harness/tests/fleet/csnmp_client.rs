//! csnmp's own client reads what is served.

use crate::peers;
use csnmp::{ObjectIdentifier, ObjectValue, Snmp2cClient};
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_snmp_engine::{Oid, Value, VarBind};
use std::net::SocketAddr;
use std::time::Duration;

async fn client(at: SocketAddr) -> Snmp2cClient {
    let timeout = Some(Duration::from_secs(2));
    Snmp2cClient::new(at, b"public".to_vec(), None, timeout, 2)
        .await
        .expect("a client")
}

/// Whether csnmp's client can read the value at all: no integers over 32 bits, and identifiers
/// whose first two arcs fit one octet.
fn is_readable(varbind: &VarBind) -> bool {
    match &varbind.value {
        Value::Integer(number) => i32::try_from(*number).is_ok(),
        Value::ObjectIdentifier(oid) => matches!(oid.arcs(), [0 | 1, ..]),
        Value::Null => false,
        _ => true,
    }
}

fn ours(value: ObjectValue) -> Value {
    match value {
        ObjectValue::Integer(number) => Value::Integer(i64::from(number)),
        ObjectValue::String(octets) => Value::OctetString(octets),
        ObjectValue::ObjectId(oid) => {
            Value::ObjectIdentifier(Oid::new(oid.as_slice()).expect("short"))
        }
        ObjectValue::IpAddress(address) => Value::IpAddress(address),
        ObjectValue::Counter32(number) => Value::Counter32(number),
        ObjectValue::Unsigned32(number) => Value::Gauge32(number),
        ObjectValue::TimeTicks(number) => Value::TimeTicks(number),
        ObjectValue::Opaque(octets) => Value::Opaque(octets),
        ObjectValue::Counter64(number) => Value::Counter64(number),
    }
}

/// Walks by GETNEXT up to the last object. The client's own `walk` fails at the end of the MIB.
async fn assert_walked(at: SocketAddr, name: &str, served: &[VarBind]) {
    let client = client(at).await;
    let mut last = ObjectIdentifier::try_from(&[1, 3][..]).expect("short");
    for expected in served {
        let (oid, value) = client
            .get_next(last)
            .await
            .unwrap_or_else(|error| panic!("{name} behind {last}: {error}"));
        assert_eq!(oid.as_slice(), expected.oid.arcs(), "{name}");
        assert_eq!(ours(value), expected.value, "{name} {oid}");
        last = oid;
    }
    let beyond = client.get_next(last).await;
    assert!(beyond.is_err(), "{name}: something behind the end");
}

fn start(mut devices: Vec<SimDevice>) -> Fleet {
    for device in &mut devices {
        device.access_mut().communities = vec![b"public".to_vec()];
        device.access_mut().v2c = true;
        // Whoever sleeps is woken here, in place of a lost datagram.
        let _ = device.answer(&[]);
    }
    let mut config = FleetConfig::new(devices);
    config.follow_wall_clock = false;
    Fleet::start(config).expect("served")
}

/// Walks every device that the client can read to the end, and says how many those are.
async fn assert_all_walked(fleet: &Fleet) -> usize {
    let mut walked = 0;
    for index in 0..fleet.len() {
        let (name, served) = fleet
            .with_device(index, |device| (device.name().to_owned(), device.walk()))
            .expect("a device");
        if served.iter().all(is_readable) {
            assert_walked(fleet.address(index), &name, &served).await;
            walked += 1;
        }
    }
    walked
}

#[tokio::test]
async fn the_csnmp_client_walks_every_model() {
    let fleet = start(demo_fleet(5));
    assert_eq!(assert_all_walked(&fleet).await, fleet.len());
}

#[tokio::test]
async fn the_csnmp_client_walks_recordings() {
    let Some(devices) = peers::recordings() else {
        return;
    };
    let short = devices
        .into_iter()
        .filter(|device| device.walk().len() < 300);
    let fleet = start(short.collect());
    let walked = assert_all_walked(&fleet).await;
    assert!(walked >= 5, "{walked} of {}", fleet.len());
}

#[tokio::test]
async fn the_csnmp_client_gets_several_and_reads_in_bulk() {
    let fleet = start(demo_fleet(5));
    let served = fleet
        .with_device(0, |device| device.walk())
        .expect("a device");
    let client = client(fleet.address(0)).await;
    let oid = |one: &VarBind| ObjectIdentifier::try_from(one.oid.arcs()).expect("short");
    let wanted: Vec<ObjectIdentifier> = served.iter().take(8).map(oid).collect();
    let found = client.get_multiple(wanted.clone()).await.expect("answered");
    let found: Vec<Value> = found.into_values().map(ours).collect();
    let expected: Vec<Value> = served.iter().take(8).map(|one| one.value.clone()).collect();
    assert_eq!(found, expected);
    let page = client.get_bulk(&wanted[..1], 0, 6).await.expect("answered");
    let page: Vec<Value> = page.values.into_values().map(ours).collect();
    assert_eq!(page, expected[1..7]);
}
