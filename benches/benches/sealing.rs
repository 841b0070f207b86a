//! Sealing and opening the records of 1,000 audits, without signatures, journal and index.
//!
//! `cargo bench -p pagetally-benches --bench sealing`

mod audits;

use audits::{AUDITS, audits, noise};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pagetally_proof::canonical;
use pagetally_store::measure::Sealing;

/// Records as the journal holds them: version, number, salt, document.
fn records() -> Vec<Vec<u8>> {
    let audits = audits();
    let records = audits.iter().enumerate().map(|(number, audit)| {
        let mut record = vec![1, 0, 0, 0, 0, 0, 0, 0, 7];
        record.extend_from_slice(&noise(number, "salt"));
        record.extend(canonical::to_bytes(audit).expect("canonical JSON"));
        record
    });
    records.collect()
}

fn sealing(criterion: &mut Criterion) {
    let records = records();
    let bytes: usize = records.iter().map(Vec::len).sum();
    let mut sealing = Sealing::new().expect("a key");
    let mut seal_all = || -> u64 {
        let sealed = records.iter().map(|record| sealing.seal(record));
        sealed.map(|bytes| u64::from(bytes.expect("sealed"))).sum()
    };
    let sealed = seal_all();
    println!("{AUDITS} records of {bytes} bytes are {sealed} bytes when sealed");
    let mut group = criterion.benchmark_group("1,000 audits");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("sealed", |bencher| bencher.iter(&mut seal_all));
    sealing.seal(&records[0]).expect("sealed");
    group.throughput(Throughput::Bytes(records[0].len() as u64));
    group.bench_function("one of them opened", |bencher| {
        bencher.iter(|| sealing.open().expect("it opens"));
    });
    group.finish();
}

criterion_group!(benches, sealing);
criterion_main!(benches);
