//! One device's last 30 days, of hourly passes over ten printers: with the usual policy, where all of it is
//! kept and packed, and where nothing was delivered and so nothing is packed.
//!
//! `cargo bench -p pagetally-benches --bench history`

#[allow(dead_code, reason = "each user takes a part of it")]
mod audits;
mod months;

use criterion::{Criterion, criterion_group, criterion_main};
use months::{DAY, Months, START};
use pagetally_model::Timestamp;
use pagetally_store::{Clue, OpenOptions, Retention, Store};
use std::hint::black_box;

fn history(criterion: &mut Criterion) {
    let all = Retention {
        all_days: 400,
        hourly_days: 400,
        ..Retention::default()
    };
    let mut group = criterion.benchmark_group("one device's last 30 days");
    for (name, line, policy) in [
        ("with the usual policy", true, Retention::default()),
        ("all kept", true, all),
        ("undelivered", false, Retention::default()),
    ] {
        let months = Months {
            line,
            devices: 10,
            days: 30,
            passes: 24,
            policy,
        };
        let folder = tempfile::tempdir().expect("a folder");
        let options = OpenOptions::new(Timestamp::from_unix_millis(START));
        let store = Store::open(folder.path(), &options).expect("it opens");
        let lived = months.live(&store).expect("stored");
        let end = months.end();
        let span = Timestamp::from_unix_millis(end - 30 * DAY)..=Timestamp::from_unix_millis(end);
        println!(
            "{} audits were stored, {} bytes each",
            lived.audits, lived.json
        );
        println!("thinning took {:.1} s", lived.thinning.as_secs_f64());
        // The same device in all three.
        let serial = lived.serials.first().expect("a device");
        let read_all = || {
            let mut history = store
                .device_history(Clue::Serial(serial), span.clone())
                .expect("readable");
            let mut audits = 0;
            while let Some(entry) = history.read_next().expect("readable") {
                audits += usize::from(!black_box(entry.document).is_empty());
            }
            audits
        };
        let audits = read_all();
        group.bench_function(format!("{name}, {audits} audits"), |bencher| {
            bencher.iter(read_all);
        });
    }
    group.finish();
}

criterion_group!(benches, history);
criterion_main!(benches);
