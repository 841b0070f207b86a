//! What the store's sealing, signing and journal cost, beside the same audits as plain JSON in sled and in
//! SQLite: all in one durable step each.
//!
//! `cargo bench -p pagetally-benches --bench store_peers`

mod audits;

use audits::{AUDITS, NOW, audits};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pagetally_model::{
    AgentId, AuditTime, BootId, DeviceAudit, PASS_FORMAT, PassId, PassReport, PassStats, Text,
};
use pagetally_proof::SigningKey;
use pagetally_store::{OpenOptions, PassBatch, SigningContext, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection};
use std::path::Path;
use tempfile::TempDir;

/// What is stored under: the device's serial number and the audit's place in time.
fn key(audit: &DeviceAudit, number: u64) -> Vec<u8> {
    let serial = audit
        .identity
        .serial
        .as_ref()
        .map_or("", |text| text.as_str());
    [serial.as_bytes(), b"\0", &number.to_be_bytes()].concat()
}

fn json(audit: &DeviceAudit) -> Vec<u8> {
    serde_json::to_vec(audit).expect("JSON")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry"))
        .map(|entry| match entry.file_type().expect("a type").is_dir() {
            true => bytes_in(&entry.path()),
            false => entry.metadata().expect("its length").len(),
        })
        .sum()
}

fn report() -> PassReport {
    PassReport {
        format: PASS_FORMAT,
        id: PassId::from_bytes([2; 16]),
        started: AuditTime {
            wall: NOW,
            boot: BootId::from_bytes([3; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        settings_version: 0,
        agent_version: Text::from_static("bench"),
        observations: Vec::new(),
        notices: Vec::new(),
        stats: PassStats::default(),
    }
}

fn ours(folder: &Path) -> impl FnMut(Vec<DeviceAudit>) + use<> {
    let store = Store::open(folder, &OpenOptions::new(NOW)).expect("the store opens");
    let key = SigningKey::from_seed([2; 32]);
    move |audits| {
        let context = SigningContext {
            agent: AgentId::from_bytes([0xa9; 16]),
            key: &key,
            now: NOW,
        };
        let batch = PassBatch {
            report: report(),
            audits,
        };
        store.commit_pass(batch, &context).expect("stored");
    }
}

fn plain_sled(folder: &Path) -> impl FnMut(Vec<DeviceAudit>) + use<> {
    let config = sled::Config::default().path(folder).flush_every_ms(None);
    let db = config.open().expect("sled opens");
    let mut number = 0;
    move |audits| {
        let mut batch = sled::Batch::default();
        for audit in &audits {
            number += 1;
            batch.insert(key(audit, number), json(audit));
        }
        db.apply_batch(batch).expect("stored");
        db.flush().expect("flushed");
    }
}

fn sqlite(folder: &Path) -> impl FnMut(Vec<DeviceAudit>) + use<> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let options = SqliteConnectOptions::new()
        .filename(folder.join("audits.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let connection = async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::query("CREATE TABLE audits (key BLOB PRIMARY KEY, audit BLOB) WITHOUT ROWID")
            .execute(&mut connection)
            .await?;
        Ok::<_, sqlx::Error>(connection)
    };
    let mut connection = runtime.block_on(connection).expect("SQLite opens");
    let mut number = 0;
    move |audits| {
        let stored = async {
            let mut step = connection.begin().await?;
            for audit in &audits {
                number += 1;
                sqlx::query("INSERT INTO audits VALUES (?, ?)")
                    .bind(key(audit, number))
                    .bind(json(audit))
                    .execute(&mut *step)
                    .await?;
            }
            step.commit().await
        };
        runtime.block_on(stored).expect("stored");
    }
}

fn passes(criterion: &mut Criterion) {
    let audits = audits();
    let total: usize = audits.iter().map(|audit| json(audit).len()).sum();
    println!("1,000 audits are {total} bytes of JSON; on the disk after ten passes of them:");
    let mut group = criterion.benchmark_group("a pass of 1,000 audits");
    group.sample_size(10);
    group.throughput(Throughput::Elements(AUDITS as u64));
    let mut row = |name: &str, folder: TempDir, store: &mut dyn FnMut(Vec<DeviceAudit>)| {
        (0..10).for_each(|_| store(audits.clone()));
        println!("  {:>12} {name}", bytes_in(folder.path()));
        group.bench_function(name, |bencher| {
            bencher.iter_batched(|| audits.clone(), &mut *store, BatchSize::LargeInput);
        });
    };
    let at = folder();
    let mut store = ours(at.path());
    row("sealed, signed, journal and index", at, &mut store);
    let at = folder();
    let mut store = plain_sled(at.path());
    row("plain JSON in sled", at, &mut store);
    let at = folder();
    let mut store = sqlite(at.path());
    row("plain JSON in SQLite", at, &mut store);
    group.finish();
}

criterion_group!(benches, passes);
criterion_main!(benches);
