//! The road to Central: what a batch of 1,000 audits costs each end, and how many bytes it is.
//!
//! `cargo bench -p pagetally-benches --bench road`

mod audits;

use audits::{AUDITS, NOW, audits, noise};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pagetally_contract::{
    AgentSession, CentralKeyPair, Report, Request, SealingKeyPair, SoapVersion, parse_call,
};
use pagetally_model::{AgentId, DeviceAudit, SubmissionId};
use pagetally_proof::{
    Leaf, MerkleTree, Salt, SignedHeader, SigningKey, SubmissionHeader, Withheld,
};
use std::hint::black_box;

const AGENT: AgentId = AgentId::from_bytes([0xa9; 16]);

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
        rotation: None,
        withheld: Withheld::default(),
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
