//! Sealing and opening the records of 1,000 audits, without signatures, journal and index.
//!
//! `cargo bench -p pagetally-benches --bench sealing`

mod audits;

use audits::{AUDITS, audits, noise};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pagetally_proof::canonical;
use pagetally_store::measure::Sealing;
use std::hint::black_box;

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

/// Rounds that processor time is counted over: its clock ticks every 10 ms.
const ROUNDS: u32 = 40;

/// Processor time of this process so far, in seconds; nothing where there is no /proc. On a machine that
/// others use as well it says more than the time of day.
fn processor_time() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / 100.0)
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
    let before = processor_time();
    for _ in 0..ROUNDS {
        black_box(seal_all());
    }
    if let (Some(before), Some(after)) = (before, processor_time()) {
        let rate = bytes as f64 * f64::from(ROUNDS) / (after - before) / 1e6;
        println!("{rate:.0} MB of JSON sealed in a second of processor time");
    }
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
