//! A csnmp client that drives our read plans.

mod agent;

use agent::{Device, Everything, Manners, oid, printer};
use csnmp::Snmp2cClient;
use pagetally_snmp::{Cancel, Credentials, ScanConfig, read_one, read_with_csnmp};
use pagetally_snmp_engine::{Answers, Ask, Ending, GapReason, Plan, Query, Value, Version, deny};
use std::net::SocketAddr;
use std::time::Duration;

fn read(address: SocketAddr, plan: &mut dyn Plan) -> (Answers, Ending) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let timeout = Some(Duration::from_millis(150));
        let community = b"public".to_vec();
        let client = Snmp2cClient::new(address, community, Some(local), timeout, 1)
            .await
            .expect("a client");
        read_with_csnmp(&client, plan).await
    })
}

#[test]
fn it_reads_what_our_own_client_reads() {
    let device = Device::start(printer("CS1"), Manners::default());
    let (answers, ending) = read(device.address, &mut *Everything::plan());
    let plan = Everything::plan();
    let config = ScanConfig::default();
    let public = Credentials::Community {
        version: Version::V2c,
        community: b"public",
    };
    let own = read_one(device.address, public, &config, plan, &Cancel::new());
    let own = own.expect("this machine can send");
    assert_eq!(ending, Ending::Complete);
    assert_eq!(answers, own.answers);
}

#[test]
fn the_last_table_of_a_device_is_read_to_its_end() {
    // Nothing lies behind these rows, where csnmp's own walk fails.
    for rows in 1..=21u32 {
        let root = oid("1.3.6.1.4.1.99999.7.1");
        let mut values = printer("CS2");
        for row in 1..=rows {
            values.insert(root.child(&[row]), Value::Counter32(row));
        }
        let device = Device::start(values, Manners::default());
        let columns = vec![root.clone()];
        let (answers, ending) = read(
            device.address,
            &mut Once(vec![Ask::Columns {
                columns,
                max_rows: 64,
            }]),
        );
        assert_eq!(ending, Ending::Complete);
        assert_eq!(u32::try_from(answers.len()), Ok(rows));
    }
}

struct Once(Vec<Ask>);

impl Plan for Once {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        let asks = std::mem::take(&mut self.0);
        (!asks.is_empty()).then_some(Query { asks })
    }
}

#[test]
fn a_table_that_is_too_long_is_a_gap() {
    let device = Device::start(printer("CS3"), Manners::default());
    let columns = vec![oid("1.3.6.1.2.1.43.11.1.1.9")];
    let max_rows = 3;
    let (answers, ending) = read(
        device.address,
        &mut Once(vec![Ask::Columns { columns, max_rows }]),
    );
    assert_eq!((answers.len(), ending), (3, Ending::Gaps));
    assert_eq!(answers.gaps()[0].reason, GapReason::TooManyRows);
}

#[test]
fn a_device_that_is_away_ends_the_reading() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket that never answers");
    let address = socket.local_addr().expect("bound");
    let (answers, ending) = read(address, &mut *Everything::plan());
    assert_eq!(ending, Ending::WentSilent);
    assert!(answers.is_empty() && !answers.gaps().is_empty());
}

#[test]
fn what_is_never_asked_for_is_not_asked_for_here_either() {
    let device = Device::start(printer("CS4"), Manners::default());
    let mut asks = Vec::new();
    for denied in deny::DENIED {
        let root = oid("1.3").child(&denied.root[2..]);
        asks.push(Ask::Instance(root.child(&[1, 0])));
        let columns = vec![root];
        asks.push(Ask::Columns {
            columns,
            max_rows: 9,
        });
    }
    let (answers, _) = read(device.address, &mut Once(asks));
    assert_eq!(device.arrived(), 0);
    assert_eq!(answers.gaps().len(), 2 * deny::DENIED.len());
}
