//! Walks over real sockets on loopback.

mod agent;

use agent::{Device, Manners};
use pagetally_snmp::{Cancel, Credentials, ScanConfig, WalkTarget, walk_one};
use pagetally_snmp_engine::walk::WalkLimits;
use pagetally_snmp_engine::{Answers, Ending, Oid, Value, Version};
use std::collections::BTreeMap;
use std::time::Duration;

fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

fn values(count: u32) -> BTreeMap<Oid, Value> {
    let root = oid("1.3.6.1.4.1.99999.1");
    (0..count)
        .map(|row| {
            (
                root.child(&[row / 50, row % 50]),
                Value::Integer(row.into()),
            )
        })
        .collect()
}

const PUBLIC: Credentials<'_> = Credentials::Community {
    version: Version::V2c,
    community: b"public",
};

fn config() -> ScanConfig {
    ScanConfig {
        timeout: Duration::from_millis(300),
        retries: 3,
        datagrams_per_second: 100_000,
        ..ScanConfig::default()
    }
}

#[test]
fn a_device_behind_noise_and_loss_is_walked_whole() {
    let values = values(400);
    let manners = Manners {
        loses_every: Some(7),
        noisy: true,
        ..Manners::default()
    };
    let device = Device::start(values.clone(), manners);
    let target = WalkTarget {
        address: device.address,
        credentials: PUBLIC,
        roots: &[oid("1.3.6.1.4.1")],
        limits: WalkLimits::default(),
    };
    let mut told = Vec::new();
    let walked = walk_one(
        &target,
        &config(),
        Answers::default(),
        &Cancel::new(),
        &mut |at| {
            told.push(at.variables);
        },
    );
    let walked = walked.expect("sockets");
    assert_eq!(walked.ending, Ending::Complete);
    let had: BTreeMap<Oid, Value> = walked
        .answers
        .iter()
        .map(|(oid, value)| (oid.clone(), value.clone()))
        .collect();
    assert_eq!(had, values);
    assert_eq!(told.last(), Some(&400));
    assert!(told.windows(2).all(|pair| pair[0] <= pair[1]));
}

#[test]
fn a_raised_flag_ends_a_walk_and_what_was_had_stays() {
    let manners = Manners {
        latency: Duration::from_millis(5),
        ..Manners::default()
    };
    let device = Device::start(values(5_000), manners);
    let target = WalkTarget {
        address: device.address,
        credentials: PUBLIC,
        roots: &[oid("1.3.6.1.4.1")],
        limits: WalkLimits::default(),
    };
    let cancel = Cancel::new();
    let walked = walk_one(&target, &config(), Answers::default(), &cancel, &mut |at| {
        if at.variables > 100 {
            cancel.cancel();
        }
    });
    let walked = walked.expect("sockets");
    assert_eq!(walked.ending, Ending::Cancelled);
    assert!(
        (100..5_000).contains(&walked.answers.len()),
        "{}",
        walked.answers.len()
    );
}
