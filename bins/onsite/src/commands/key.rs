//! `onsite key`: the store's keys and who keeps them.

use super::output::print;
use super::place::AgentPlace;
use super::secret::{Secrets, owner_only_file};
use super::stop;
use super::{Exit, Failure};
use anyhow::Context;
use pagetally_onsite::{Agent, KeyCustody, KeyStatus, NewKeys, RecoveryCode, import_recovery};
use std::io::Write;
use std::path::PathBuf;

/// Replace the store's keys, write the root key down for recovery, bring it back
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Rotate(Rotate),
    ExportRecovery(ExportRecovery),
    Import(Import),
}

/// Replace the root key at once and all data keys one segment after another
///
/// It can be stopped at any time; `onsite run` goes on with it after each pass.
#[derive(Debug, clap::Args)]
#[command(after_help = EXITS)]
struct Rotate {
    /// Give the root key to another keeper
    #[arg(long, value_enum)]
    custody: Option<Custody>,
    /// Leave the data keys as they are
    #[arg(long)]
    root_only: bool,
    /// Replace the agent's own two key pairs, by which Central knows it, and not the store's keys; the old
    /// ones hand over to the new ones, and Central learns of it at the next pass
    #[arg(long, conflicts_with_all = ["custody", "root_only"])]
    identity: bool,
    #[command(flatten)]
    place: AgentPlace,
}

/// Write the root key down, protected by a code that is printed once
///
/// The file and the code open this store until the root key is replaced. Keep them apart.
#[derive(Debug, clap::Args)]
#[command(after_help = EXITS)]
struct ExportRecovery {
    /// The recovery file to make
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Protect it by a passphrase, the first line of this file, and print no code
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    place: AgentPlace,
}

/// Bring the root key back from a recovery file
#[derive(Debug, clap::Args)]
#[command(after_help = EXITS)]
struct Import {
    /// The recovery file
    file: PathBuf,
    /// Who is to keep the root key
    #[arg(long, value_enum, default_value_t = Custody::KeyFile)]
    custody: Custody,
    /// The code or passphrase is the first line of this file; without it, it is asked for
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    #[command(flatten)]
    place: AgentPlace,
}

const EXITS: &str = "Exit codes:\n  \
    0    done\n  \
    2    there is no such agent, or the arguments make no sense\n  \
    4    it could not be done; what was there is there still\n  \
    130  stopped; onsite run goes on with it";

/// Who keeps the root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Custody {
    /// The systemd credential pagetally.root
    SystemdCredential,
    /// The operating system's keyring
    OsKeyring,
    /// A passphrase
    Passphrase,
    /// A file that only the owner can read
    KeyFile,
}

impl From<Custody> for KeyCustody {
    fn from(custody: Custody) -> Self {
        match custody {
            Custody::SystemdCredential => Self::SystemdCredential,
            Custody::OsKeyring => Self::OsKeyring,
            Custody::Passphrase => Self::Passphrase,
            Custody::KeyFile => Self::KeyFile,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::Rotate(args) => rotate(args),
        Command::ExportRecovery(args) => export_recovery(args),
        Command::Import(args) => import(args),
    }
}

fn rotate(args: &Rotate) -> Result<Exit, Failure> {
    let secrets = Secrets::here();
    if args.identity {
        return rotate_identity(args.place.open_existing_with(&secrets)?);
    }
    let agent = args.place.open_existing_with(&secrets)?;
    let before = agent.keys();
    if args.custody == Some(Custody::Passphrase) {
        secrets.ask_for_a_new_one();
    }
    let status = agent.rotate_root_key(args.custody.map(KeyCustody::from))?;
    print(&format!(
        "the root key {} was replaced by {}, kept by {}\n{}",
        before.root,
        status.root,
        status.custody,
        void(&before)
    ))?;
    if args.root_only {
        return Ok(Exit::Ok);
    }
    rotate_data_keys(&agent)
}

fn rotate_identity(mut agent: Agent) -> Result<Exit, Failure> {
    let said = match agent.replace_identity_keys()? {
        NewKeys::Waiting { number } => format!(
            "the agent's keys were replaced; submission {number} tells Central and goes with the next pass\n"
        ),
        NewKeys::InForce => "the agent's keys were replaced; no Central knew the old ones\n".to_owned(),
        _ => "submissions wait for Central, so the agent's keys will be replaced at the first pass that \
              finds none waiting\n"
            .to_owned(),
    };
    print(&said)?;
    Ok(Exit::Ok)
}

/// Says which recovery file is worth nothing any more.
fn void(before: &KeyStatus) -> String {
    before.recovery.map_or_else(String::new, |at| {
        format!("the recovery file of {at} is void; make another with onsite key export-recovery\n")
    })
}

fn rotate_data_keys(agent: &Agent) -> Result<Exit, Failure> {
    let stop = stop::on_signal()?;
    agent.begin_key_rotation()?;
    loop {
        if stop.cancel().is_cancelled() {
            print("stopped; onsite run goes on with the data keys after each pass\n")?;
            return Ok(Exit::Interrupted);
        }
        if !agent.continue_key_rotation(1)? {
            let status = agent.keys();
            print(&format!(
                "{} data keys were replaced and the old ones destroyed; the root key is {}\n",
                status.data_keys, status.root
            ))?;
            return Ok(Exit::Ok);
        }
    }
}

fn export_recovery(args: &ExportRecovery) -> Result<Exit, Failure> {
    let secrets = Secrets::here();
    let agent = args.place.open_existing_with(&secrets)?;
    let (code, printed) = match &args.passphrase_file {
        Some(file) => (secrets.code_in(file)?, false),
        None => (RecoveryCode::generate()?, true),
    };
    let name = || args.out.display().to_string();
    // The file first: a code for a file that cannot be made is worth nothing.
    let mut file = owner_only_file(&args.out).with_context(name)?;
    let bytes = agent.export_recovery(&code)?;
    file.write_all(&bytes)
        .and_then(|()| file.sync_all())
        .with_context(name)?;
    let mut text = format!(
        "the root key {} is in {}\n",
        agent.keys().root,
        args.out.display()
    );
    if printed {
        text.push_str(&format!(
            "its code, which is shown this once: {}\n",
            *code.grouped()
        ));
    }
    text.push_str(
        "keep both, apart from each other and from this machine; both are void when the root key is replaced\n",
    );
    print(&text)?;
    Ok(Exit::Ok)
}

fn import(args: &Import) -> Result<Exit, Failure> {
    let secrets = Secrets::here();
    let folder = args.place.existing_folder()?;
    let code = match &args.code_file {
        Some(file) => secrets.code_in(file)?,
        None => secrets.code()?,
    };
    if args.custody == Custody::Passphrase {
        secrets.ask_for_a_new_one();
    }
    let custody = args.custody.into();
    let root = import_recovery(&folder, secrets.sources(), custody, &args.file, &code)?;
    print(&format!(
        "the root key {root} is back, kept by {custody}; onsite status shows the store\n"
    ))?;
    Ok(Exit::Ok)
}
