//! Stores a pass, shows the outbox, takes a receipt: `cargo run -p pagetally-store --example store_pass`
//!
//! The store is made in a folder given as argument, or in a temporary one.

use anyhow::Context as _;
use pagetally_model::{
    AuditTime, BootId, PASS_FORMAT, PassId, PassReport, PassStats, Text, Timestamp,
};
use pagetally_store::{AgentIdentity, OpenOptions, PassBatch, Receipt, SigningContext, Store};
use std::path::PathBuf;
use std::time::SystemTime;

fn main() -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let now = now()?;
    let store = Store::open(&folder, &OpenOptions::new(now))?;
    for problem in &store.recovery().problems {
        println!("found at opening: {problem}");
    }

    let identity = match store.identity()? {
        Some(identity) => identity,
        None => {
            let identity = AgentIdentity::generate()?;
            store.set_identity(&identity)?;
            identity
        }
    };
    println!("agent {}", identity.agent);

    let pass = PassBatch {
        audits: Vec::new(), // as `onsite` reads them
        report: report(now),
    };
    let context = SigningContext {
        agent: identity.agent,
        key: &identity.signing,
        now,
    };
    let stored = store.commit_pass(pass, &context)?;
    println!("stored submission {}", stored[0].number);

    for info in store.outbox()? {
        let submission = store.load_submission(info.number)?;
        submission
            .signed
            .verify(&identity.signing.verifying_key())?;
        println!("waiting: number {}, content {}", info.number, info.content);
        // Here it would be sent; Central's receipt takes it out of the outbox.
        store.record_receipt(&Receipt {
            number: info.number,
            content: info.content,
            received: now,
            bytes: b"what Central answered".to_vec(),
        })?;
    }
    println!("{} waiting", store.outbox()?.len());
    Ok(())
}

fn now() -> anyhow::Result<Timestamp> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let millis = i64::try_from(since.as_millis()).context("a clock of this age")?;
    Ok(Timestamp::from_unix_millis(millis))
}

fn report(now: Timestamp) -> PassReport {
    PassReport {
        format: PASS_FORMAT,
        id: PassId::from_bytes([1; 16]),
        started: AuditTime {
            wall: now,
            boot: BootId::from_bytes([2; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        settings_version: 0,
        agent_version: Text::clean(env!("CARGO_PKG_VERSION")),
        observations: Vec::new(),
        notices: Vec::new(),
        stats: PassStats::default(),
    }
}
