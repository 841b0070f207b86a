//! The road to Central: what a batch of 1,000 audits costs each end, and how many bytes it is.
//!
//! `cargo bench -p pagetally-benches --bench road`

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pagetally_contract::{
    AgentSession, CentralKeyPair, Report, Request, SealingKeyPair, SoapVersion, parse_call,
};
use pagetally_fleet_sim::demo_fleet;
use pagetally_model::{
    AgentId, AuditId, AuditTime, BootId, DeviceAudit, PassId, SubmissionId, Text, Timestamp,
};
use pagetally_printer_mib::{Context, Definitions, ReadPlan, decode, is_printer};
use pagetally_proof::{Hash, Leaf, MerkleTree, Salt, SignedHeader, SigningKey, SubmissionHeader};
use pagetally_snmp_engine::{Answers, Plan as _};
use std::hint::black_box;

const AUDITS: usize = 1_000;
const AGENT: AgentId = AgentId::from_bytes([0xa9; 16]);
const NOW: Timestamp = Timestamp::from_unix_millis(1_790_000_000_000);

/// Bytes that no compressor can shorten, the same in every run.
fn noise(number: usize, what: &str) -> [u8; 32] {
    *Hash::of(&[what.as_bytes(), &(number as u64).to_be_bytes()]).as_bytes()
}

fn id(number: usize, what: &str) -> [u8; 16] {
    let noise = noise(number, what);
    std::array::from_fn(|at| noise[at])
}

fn context(number: usize) -> Context {
    Context {
        id: AuditId::from_bytes(id(number, "audit")),
        pass: PassId::from_bytes([2; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(NOW.unix_millis() + 173 * number as i64),
            boot: BootId::from_bytes([3; 16]),
            monotonic_millis: 173 * number as u64,
            central_offset: None,
        },
        address: None,
        protocol: Text::from("snmp-v2c"),
    }
}

/// Audits of 1,000 simulated devices: each of the demo's models many times, each with its own serial
/// numbers, counters and levels.
fn audits() -> Vec<DeviceAudit> {
    let definitions = &Definitions::builtin();
    let mut audits = Vec::with_capacity(AUDITS);
    for seed in 1.. {
        for device in demo_fleet(seed) {
            let all: Answers = device.walk().into_iter().collect();
            let mut plan = ReadPlan::new(definitions);
            let mut answers = Answers::default();
            while let Some(query) = plan.next_query(&answers) {
                answers.merge(all.answer(&query));
            }
            if is_printer(&answers, definitions) {
                let context = context(audits.len());
                audits.push(decode(&answers, &context, definitions));
            }
            if audits.len() == AUDITS {
                return audits;
            }
        }
    }
    audits
}

fn central() -> CentralKeyPair {
    CentralKeyPair::from_seed([1; 32])
}

fn session() -> AgentSession {
    AgentSession {
        agent: AGENT,
        signing: SigningKey::from_seed([2; 32]),
        sealing: SealingKeyPair::from_seed([3; 32]),
        central: central().public(),
        soap: SoapVersion::V12,
    }
}

fn salted(audits: &[DeviceAudit]) -> Vec<(Salt, DeviceAudit)> {
    let salt = |number| Salt::from_bytes(noise(number, "salt"));
    audits
        .iter()
        .cloned()
        .enumerate()
        .map(|(number, audit)| (salt(number), audit))
        .collect()
}

/// Canonical bytes, leaves, tree, signature.
fn sign(audits: Vec<(Salt, DeviceAudit)>) -> Report {
    let leaf = |(salt, audit): &(Salt, DeviceAudit)| {
        Leaf::of_audit(audit, salt.clone())
            .expect("canonical")
            .hash()
    };
    let tree = MerkleTree::new(audits.iter().map(leaf).collect());
    let header = SubmissionHeader {
        id: SubmissionId::from_bytes([5; 16]),
        content: tree.root(),
        leaves: tree.len(),
        ..SubmissionHeader::first(AGENT, NOW)
    };
    Report {
        signed: SignedHeader::sign(header, &session().signing),
        audits,
        pass: None,
    }
}

fn seal(request: &Request) -> Vec<u8> {
    session().seal(request, NOW, [9; 64]).expect("seals").0
}

/// What Central does before it books: envelope, seal, signature, unpacking, reading, leaves, root.
fn open(envelope: &[u8]) -> usize {
    let call = parse_call(envelope, Some("application/soap+xml; charset=utf-8")).expect("reads");
    let pagetally_contract::Call::Sealed(incoming) = call else {
        return 0;
    };
    let keys = session().public_keys();
    let opened = incoming
        .unseal(&central())
        .expect("opens")
        .verify(Some(&keys))
        .expect("holds");
    let report = opened.request.report().expect("a report");
    report.verify(&keys.signing).expect("holds").leaves.len()
}

fn road(criterion: &mut Criterion) {
    let audits = audits();
    let mut group = criterion.benchmark_group("road");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(AUDITS as u64));
    group.bench_function("canonical, leaves, tree, signature", |bencher| {
        bencher.iter_batched(|| salted(&audits), sign, BatchSize::PerIteration);
    });
    let request = Request::SendReports(sign(salted(&audits)));
    group.bench_function("XML, compression, seal", |bencher| {
        bencher.iter(|| seal(black_box(&request)));
    });
    let envelope = seal(&request);
    println!(
        "a full audit, provenance included: {} bytes a device in an envelope of {AUDITS}",
        envelope.len() / AUDITS
    );
    group.bench_function("Central: open, verify, read, leaves", |bencher| {
        bencher.iter(|| open(black_box(&envelope)));
    });
    group.finish();
}

criterion_group!(benches, road);
criterion_main!(benches);
