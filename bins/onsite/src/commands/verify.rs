//! `onsite verify`: check offline what an agent stated, without any agent, network or Central.

use super::output::print;
use super::{Exit, Failure};
use anyhow::{Context as _, anyhow};
use pagetally_model::{DeviceAudit, Text};
use pagetally_onsite::{device_name, explain};
use pagetally_printer_mib::Definitions;
use pagetally_proof::{LeafKind, MAX_PROOF_BYTES, Proof, VerifyingKey};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Check a proof offline: is this what that agent read from that printer?
///
/// What is proved: the agent whose first key is KEY stated this audit, unchanged, at this place of its
/// sequence. What is not: that the printer told the truth, or that the agent's key was in good hands.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Where KEY comes from: the agent's `onsite status`, or the agent's page of \
    Central. A key out of the same hands as the proof proves nothing.\n\n\
    Exit codes:\n  \
    0  proved\n  \
    1  not proved, or there is no such reading in it\n  \
    2  the file is no proof, or KEY is no key"
)]
pub(crate) struct Args {
    /// The file of `onsite proof`, or of Central's page of an audit
    file: PathBuf,
    /// A reading in it, such as meters.total; its whole story is told
    reading: Option<String>,
    /// The agent's first public key, 64 hexadecimal digits
    #[arg(short, long, value_name = "KEY")]
    key: String,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let key: VerifyingKey = args
        .key
        .to_lowercase()
        .parse()
        .with_context(|| format!("--key {}: it has 64 hexadecimal digits", args.key))
        .map_err(Failure::usage)?;
    let proof = read(&args.file).map_err(Failure::usage)?;
    proof.verify(&key).map_err(|error| Failure {
        exit: Exit::Nothing,
        error: anyhow::Error::from(error).context(format!("NOT PROVED: {}", args.file.display())),
    })?;
    let mut text = proved(&proof, &key);
    if let Some(reading) = &args.reading {
        let audit = audit(&proof)?;
        let told = explain(&audit, reading, &Definitions::builtin()).map_err(|error| Failure {
            exit: Exit::Nothing,
            error: error.into(),
        })?;
        text.push('\n');
        text.push_str(&told.to_string());
    }
    print(&text)?;
    Ok(Exit::Ok)
}

fn read(path: &Path) -> anyhow::Result<Proof> {
    let name = || path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| {
            file.take(MAX_PROOF_BYTES as u64 + 1)
                .read_to_end(&mut bytes)
        })
        .with_context(name)?;
    if bytes.len() > MAX_PROOF_BYTES {
        return Err(anyhow!(
            "{}: it has more than {MAX_PROOF_BYTES} bytes; no proof has",
            path.display()
        ));
    }
    serde_json::from_slice(&bytes).with_context(|| format!("{}: it is no proof", path.display()))
}

fn audit(proof: &Proof) -> Result<DeviceAudit, Failure> {
    if proof.kind != LeafKind::Audit {
        return Err(Failure {
            exit: Exit::Nothing,
            error: anyhow!("the proof is of no audit, so it has no readings"),
        });
    }
    Ok(serde_json::from_str(&proof.document)
        .context("the audit is of a version that is not known")?)
}

fn proved(proof: &Proof, key: &VerifyingKey) -> String {
    let header = &proof.signed.header;
    let mut text = String::from("PROVED\n");
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:10} {value}");
    };
    line("agent", format!("{}, first key {key}", header.agent));
    if let Some(last) = proof.rotations.last() {
        line(
            "keys",
            format!(
                "changed {} times since, last after submission {}",
                proof.rotations.len(),
                last.rotation.number
            ),
        );
    }
    line(
        "submission",
        format!(
            "{}, made {}, document {} of {}",
            header.number,
            header.created,
            u64::from(proof.path.index) + 1,
            header.leaves
        ),
    );
    match serde_json::from_str::<DeviceAudit>(&proof.document) {
        Ok(audit) if proof.kind == LeafKind::Audit => {
            let serial = audit
                .identity
                .serial
                .as_ref()
                .map_or("unknown", Text::as_str);
            line(
                "device",
                format!("{}, serial {serial}", device_name(&audit)),
            );
            line("read", audit.time.wall.to_string());
        }
        _ => line(
            "document",
            format!("{:?}, {} bytes", proof.kind, proof.document.len()),
        ),
    }
    text
}
