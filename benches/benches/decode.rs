//! Decoding an audit: how long it takes, over simulated devices and over real devices' recordings where
//! those are at hand. `decode_allocations` counts how often it allocates: counting takes time.
//!
//! `cargo bench -p pagetally-benches --bench decode`

mod devices;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use devices::{context, devices};
use pagetally_printer_mib::{Definitions, decode};
use std::hint::black_box;

fn audits(criterion: &mut Criterion) {
    let definitions = Definitions::builtin();
    let context = context();
    let devices = devices(&definitions);
    let mut group = criterion.benchmark_group("decode");
    for device in &devices {
        group.throughput(Throughput::Elements(device.answers.len() as u64));
        group.bench_function(&device.name, |bencher| {
            bencher.iter(|| decode(black_box(&device.answers), &context, &definitions));
        });
    }
    group.finish();
}

fn definitions(criterion: &mut Criterion) {
    criterion.bench_function("load all definitions", |bencher| {
        // The shipped files are parsed once a process; with an own folder they are parsed anew.
        let none: [(&str, &str); 0] = [];
        bencher.iter(|| Definitions::with_overrides(black_box(none)).expect("valid"));
    });
}

criterion_group!(benches, audits, definitions);
criterion_main!(benches);
