//! The state machines without sockets: a sweep of silent addresses, and a whole device read.
//!
//! `cargo bench -p pagetally-benches --bench snmp_engine`

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pagetally_fleet_sim::demo_fleet;
use pagetally_printer_mib::{Definitions, ReadPlan};
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::reader::{DeviceReader, Limits, Session, Step};
use pagetally_snmp_engine::sweep::{Sweep, SweepConfig};
use pagetally_snmp_engine::{Answers, RequestIds, Version};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The addresses of the sweep that is measured.
const ADDRESSES: u32 = 10_000;

/// Probes as many addresses as there are in two rounds, of which nobody answers: how many probes.
fn sweep() -> u32 {
    let config = SweepConfig {
        communities: vec![b"public".to_vec()],
        try_v1: false,
        detect_refusal: false,
        timeout: Duration::from_secs(1),
        retries: 1,
    };
    let mut sweep = Sweep::new(config, RequestIds::new([7; 16]));
    for number in 0..ADDRESSES {
        let address = Ipv4Addr::from(0x0a00_0000 + number);
        sweep.start(SocketAddr::from((address, 161)));
    }
    let (mut now, mut probes) = (Duration::ZERO, 0);
    while !sweep.is_empty() {
        while sweep.next_probe(now).is_some() {
            probes += 1;
        }
        now = sweep.next_deadline().unwrap_or(now);
        sweep.expire(now);
        while sweep.next_settled().is_some() {}
    }
    probes
}

fn reader(definitions: &Definitions) -> DeviceReader {
    let retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 1,
    };
    let session = Session::community(Version::V2c, b"public", retry);
    let plan = Box::new(ReadPlan::new(definitions));
    DeviceReader::new(session, Limits::default(), RequestIds::new([3; 16]), plan)
}

/// Reads a device whose answers `answer` gives.
fn read<'a>(mut reader: DeviceReader, mut answer: impl FnMut(&[u8]) -> &'a [u8]) -> Answers {
    while let Step::Send(request) = reader.poll(Duration::ZERO) {
        let answer = answer(request);
        reader.handle_datagram(answer).expect("the right answer");
    }
    reader.into_result().0
}

fn sweeps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sweep");
    group.throughput(Throughput::Elements(u64::from(2 * ADDRESSES)));
    group.bench_function("two rounds of 10,000 silent addresses", |bencher| {
        bencher.iter(|| assert_eq!(black_box(sweep()), 2 * ADDRESSES));
    });
    group.finish();
}

fn devices(criterion: &mut Criterion) {
    let definitions = Definitions::builtin();
    let mut device = demo_fleet(1)
        .into_iter()
        .find(|device| device.name().contains("AltaLink C8045"))
        .expect("the model");
    // The same ids make the same requests, so what was answered once is the answer again.
    let mut answers: Vec<Vec<u8>> = Vec::new();
    let mut learning = reader(&definitions);
    while let Step::Send(request) = learning.poll(Duration::ZERO) {
        let answer = device.answer(request).expect("an answer");
        learning.handle_datagram(&answer).expect("the right answer");
        answers.push(answer);
    }
    let again = || {
        let mut next = answers.iter();
        read(reader(&definitions), |_| next.next().expect("as before"))
    };
    let region = Region::new(ALLOCATOR);
    let values = again();
    let change = region.change();
    println!(
        "a whole device: {} requests, {} variables, {} allocations of {} bytes",
        answers.len(),
        values.len(),
        change.allocations + change.reallocations,
        change.bytes_allocated
    );
    criterion.bench_function("read a whole colour MFP", |bencher| {
        bencher.iter(|| black_box(again()));
    });
}

criterion_group!(benches, sweeps, devices);
criterion_main!(benches);
