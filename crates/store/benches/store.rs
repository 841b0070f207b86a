//! What storing costs: a pass of 1,000 devices sealed, signed and flushed; opening; looking up.
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "a bench that cannot prepare itself has failed; criterion's macros write no docs"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{agent, context, open, pass, serial};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pagetally_model::DeviceAudit;
use pagetally_store::{Clue, PassBatch};
use std::hint::black_box;
use std::time::{Duration, Instant};

const DEVICES: u16 = 1_000;

/// A pass whose audits have the size of a full audit of an office printer: about 12 KB of JSON.
fn full_pass(number: u16) -> PassBatch {
    let mut batch = pass(number, DEVICES);
    for audit in &mut batch.audits {
        let meter = audit.meters[0].clone();
        audit.meters = (0..30)
            .map(|step| {
                let mut meter = meter.clone();
                meter.value += step * 17;
                meter
            })
            .collect();
    }
    batch
}

fn document_bytes(audit: &DeviceAudit) -> usize {
    serde_json::to_vec(audit).expect("JSON").len()
}

fn storing(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let agent = agent();
    let batch = full_pass(1);
    println!(
        "one audit is {} bytes of JSON",
        document_bytes(&batch.audits[0])
    );
    let mut group = criterion.benchmark_group("store");
    group.sample_size(10);
    group.throughput(Throughput::Elements(DEVICES.into()));
    group.bench_function("commit_pass of 1,000 audits, flushed", |bencher| {
        bencher.iter_batched(
            || batch.clone(),
            |batch| {
                store
                    .commit_pass(batch, &context(&agent, 0))
                    .expect("stored")
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    for number in 0..10 {
        store
            .commit_pass(full_pass(number), &context(&agent, 0))
            .expect("stored");
    }
    let mut group = criterion.benchmark_group("read");
    group.sample_size(20);
    group.bench_function("latest_audit by serial", |bencher| {
        let serial = serial(500);
        bencher.iter(|| black_box(store.latest_audit(Clue::Serial(&serial)).expect("readable")));
    });
    group.bench_function("load_submission of 500 audits", |bencher| {
        bencher.iter(|| black_box(store.load_submission(7).expect("whole")));
    });
    drop(store);
    group.bench_function("open with 10,000 audits", |bencher| {
        bencher.iter(|| drop(open(folder.path())));
    });
    group.bench_function("open with 10,000 audits and no index", |bencher| {
        bencher.iter_batched(
            || std::fs::remove_dir_all(folder.path().join("index")).expect("removed"),
            |()| drop(open(folder.path())),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// A hundred passes: a site of 1,000 devices after four days of hourly ones.
fn large(criterion: &mut Criterion) {
    const PASSES: u16 = 100;
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    for number in 0..PASSES {
        store
            .commit_pass(full_pass(number), &context(&agent, 0))
            .expect("stored");
    }
    drop(store);
    let mut group = criterion.benchmark_group("large");
    group.sample_size(10);
    group.bench_function("open with 100,000 audits", |bencher| {
        bencher.iter_custom(|times| {
            let mut sum = Duration::ZERO;
            for _ in 0..times {
                let begun = Instant::now();
                let store = open(folder.path());
                sum += begun.elapsed();
                let waiting = store.outbox().expect("readable").len();
                assert_eq!(waiting, usize::from(PASSES) * 2);
                // Closing waits for what is read behind it: that is not opening.
                drop(store);
            }
            sum
        });
    });
    group.finish();
}

criterion_group!(benches, storing, reading, large);
criterion_main!(benches);
