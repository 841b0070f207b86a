//! `onsite record`: one device's answers, masked, in a file to send to whoever adds its model.

use super::audit::{community, duration};
use super::output::print;
use super::place::Rows;
use super::users::Users;
use super::{Exit, Failure, stop};
use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pagetally_model::{Community, Settings};
use pagetally_onsite::targets::TargetSpec;
use pagetally_onsite::{
    Ending, LeftOut, LeftOutReason, Masked, Masking, Private, RecordError, RecordEvent,
    RecordTarget, Recorded, RefusalReason, ScanConfig, TargetPlan, ThisMachine, WalkLimits,
    device_name, record, scan_config,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many places of one kind are told on the screen; the file beside the recording has all.
const PLACES_TOLD: usize = 4;

/// Record a device's answers, to add its model
///
/// Reads what an audit reads, then walks the standard subtrees that printers are told by and the
/// maker's own, one request at a time. What acts on being asked, passwords and job lists are never
/// asked for. Serial numbers, addresses, names and places are replaced by others of the same shape
/// before anything is written; what was replaced is listed, here and in FILE.masked.txt.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0    recorded; what the device could not be asked is listed\n  \
    1    the device does not answer, or refuses\n  \
    2    the arguments make no sense, or the file exists\n  \
    3    recorded in part: the device fell silent, refused to go on, or has more than is taken\n  \
    4    this machine cannot record, or cannot write\n  \
    130  stopped by Ctrl-C; what was had until then is written")]
pub(crate) struct Args {
    /// The device: an address or a host name
    address: String,
    /// Where to write the recording
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the file where it exists
    #[arg(long)]
    force: bool,
    /// The device's UDP port
    #[arg(short, long, default_value_t = 161, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Community; several are tried in the order given
    #[arg(short, long, default_value = "public", value_parser = community)]
    community: Vec<Community>,
    /// Speak SNMPv1 and nothing else
    #[arg(long, conflicts_with_all = ["v3_users", "v3_user"])]
    v1: bool,
    /// How long to wait for an answer, such as 500ms or 2s
    #[arg(short, long, default_value = "2s", value_parser = duration)]
    timeout: Duration,
    /// How often to ask again
    #[arg(short, long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(..=10))]
    retries: u32,
    /// Datagrams a second, at most
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Minutes that the walk may take
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=120))]
    minutes: u64,
    /// Nothing on stderr but errors and warnings
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    users: Users,
    #[command(flatten)]
    keep: Keep,
    #[command(flatten)]
    rows: Rows,
}

/// What is left as it is.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Private data that is kept")]
struct Keep {
    /// Mask nothing: for a file that never leaves your hands
    #[arg(long)]
    no_mask: bool,
    /// Keep serial numbers
    #[arg(long)]
    keep_serial: bool,
    /// Keep hardware addresses
    #[arg(long)]
    keep_mac: bool,
    /// Keep IP addresses
    #[arg(long)]
    keep_addresses: bool,
    /// Keep host names and web addresses
    #[arg(long)]
    keep_names: bool,
    /// Keep the location
    #[arg(long)]
    keep_location: bool,
    /// Keep the contact, e-mail addresses and telephone numbers
    #[arg(long)]
    keep_contact: bool,
}

impl Keep {
    fn masking(&self) -> Masking {
        if self.no_mask {
            return Masking::Nothing;
        }
        let kinds: [(bool, &[Private]); 6] = [
            (self.keep_serial, &[Private::Serial]),
            (self.keep_mac, &[Private::Mac]),
            (self.keep_addresses, &[Private::Address]),
            (self.keep_names, &[Private::Host, Private::Url]),
            (self.keep_location, &[Private::Location]),
            (
                self.keep_contact,
                &[Private::Contact, Private::Email, Private::Phone],
            ),
        ];
        let kept = kinds.into_iter().filter(|(kept, _)| *kept);
        let kept: BTreeSet<Private> = kept.flat_map(|(_, kinds)| kinds.iter().copied()).collect();
        if kept.is_empty() {
            Masking::All
        } else {
            Masking::AllBut(kept)
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let beside = beside(&args.output);
    for file in [&args.output, &beside] {
        if file.exists() && !args.force {
            return Err(Failure::usage(anyhow!(
                "{} exists; name another file, or say --force to replace it",
                file.display()
            )));
        }
    }
    let target = target(args)?;
    let definitions = args.rows.load()?;
    let stop = stop::on_signal()?;
    let bar = bar(args.quiet);
    let recorded = record(&target, &definitions, stop.cancel(), &mut |event| {
        show(&bar, &event);
    });
    bar.finish_and_clear();
    let recorded = recorded.map_err(|error| Failure {
        exit: exit_of(&error),
        error: explained(error, args),
    })?;
    let text = recorded.recording.to_text();
    write(&args.output, &text, args.force)?;
    write(&beside, &side_file(args, &recorded), args.force)?;
    print(&summary(args, &recorded, text.len()))?;
    if !recorded.is_printer {
        eprintln!("onsite: nothing in it says that this is a printer; it is recorded all the same");
    }
    Ok(exit(&recorded))
}

/// The list of what was masked stands beside the recording.
fn beside(recording: &Path) -> PathBuf {
    let mut name = recording.file_name().unwrap_or_default().to_owned();
    name.push(".masked.txt");
    recording.with_file_name(name)
}

fn target(args: &Args) -> Result<RecordTarget, Failure> {
    let spec = TargetSpec {
        includes: std::slice::from_ref(&args.address),
        extra: &[],
        exclusions: &[],
    };
    let plan = TargetPlan::new(&spec, &ThisMachine).map_err(Failure::usage)?;
    if let Some(entry) = plan.unresolved().first() {
        return Err(Failure::usage(anyhow!("{}: {}", entry.name, entry.reason)));
    }
    let mut addresses = plan.addresses();
    let (Some(address), None) = (addresses.next(), addresses.next()) else {
        return Err(Failure::usage(anyhow!(
            "{} is {} addresses; record one device at a time",
            args.address,
            plan.count()
        )));
    };
    let settings = Settings {
        communities: args.community.clone(),
        snmp_users: args.users.load()?,
        ..Settings::default()
    };
    Ok(RecordTarget {
        address: match address.ip {
            IpAddr::V4(ip) => SocketAddr::from((ip, args.port)),
            IpAddr::V6(ip) => SocketAddrV6::new(ip, args.port, 0, address.scope).into(),
        },
        config: ScanConfig {
            timeout: args.timeout,
            retries: args.retries,
            datagrams_per_second: args.rate,
            ..scan_config(&settings)
        },
        v1_only: args.v1,
        limits: WalkLimits {
            time: Duration::from_secs(args.minutes * 60),
            ..WalkLimits::default()
        },
        masking: args.keep.masking(),
    })
}

/// A line that tells how far the walk is, on a terminal.
fn bar(quiet: bool) -> ProgressBar {
    let shown = !quiet && std::io::stderr().is_terminal();
    let target = if shown {
        ProgressDrawTarget::stderr_with_hz(10)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    let style = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar
}

fn show(bar: &ProgressBar, event: &RecordEvent) {
    match event {
        RecordEvent::Answers(version) => bar.set_message(format!("it answers over {version}")),
        RecordEvent::Read { variables } => {
            bar.set_message(format!("{variables} variables of an audit"));
        }
        RecordEvent::Walked(at) => {
            let place = at
                .place
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            bar.set_message(format!("{} variables, at {place}", at.variables));
            bar.tick();
        }
        _ => {}
    }
}

fn exit_of(error: &RecordError) -> Exit {
    match error {
        RecordError::Silent { .. } | RecordError::Refused { .. } => Exit::Nothing,
        RecordError::Cancelled => Exit::Interrupted,
        _ => Exit::Failed,
    }
}

/// The error and what can be done about it.
fn explained(error: RecordError, args: &Args) -> anyhow::Error {
    let advice = match &error {
        RecordError::Silent { .. } if args.v1 => "; leave --v1 out to try SNMPv2c too",
        RecordError::Silent { .. } => "; try --community and --port",
        RecordError::Refused { reason, .. } => match reason {
            RefusalReason::NotTrusted { .. } => {
                "; say --v3-engine with that id, or --v3-first-contact"
            }
            RefusalReason::User { .. } => "; see --v3-user, --v3-auth and --v3-priv",
            _ => "; name its community with --community, or a user with --v3-user",
        },
        _ => "",
    };
    let error = anyhow::Error::from(error);
    anyhow!("{error:#}{advice}")
}

fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.with_context(|| format!("{}: cannot be written", path.display()))
}

fn exit(recorded: &Recorded) -> Exit {
    match recorded.ending {
        Ending::Cancelled => Exit::Interrupted,
        Ending::WentSilent | Ending::BudgetSpent | Ending::Refused => Exit::Partial,
        _ => Exit::Ok,
    }
}

/// What a person wants to know now.
fn summary(args: &Args, recorded: &Recorded, bytes: usize) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{}: {} variables of {}, over {}, {} kB",
        args.output.display(),
        recorded.recording.varbinds().len(),
        device_name(&recorded.audit),
        recorded.version,
        bytes.div_ceil(1_000)
    );
    if recorded.ending != Ending::Complete && recorded.ending != Ending::Gaps {
        let _ = writeln!(text, "not all of it: {}", recorded.ending);
    }
    if args.keep.no_mask {
        text.push_str("nothing is masked: keep this file to yourself\n");
    } else if recorded.masked.is_empty() {
        text.push_str("nothing private was found\n");
    } else {
        text.push_str("masked:\n");
    }
    for (kind, places) in by_kind(&recorded.masked) {
        let told: Vec<String> = places
            .iter()
            .take(PLACES_TOLD)
            .map(|one| one.oid.to_string())
            .collect();
        let more = places.len().saturating_sub(PLACES_TOLD);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let _ = writeln!(text, "  {kind:<22} {}{more}", told.join(", "));
    }
    let missing: Vec<&LeftOut> = recorded
        .left_out
        .iter()
        .filter(|one| !is_denied(one))
        .collect();
    if !missing.is_empty() || !recorded.gaps.is_empty() {
        text.push_str("not had:\n");
    }
    for one in missing.iter().take(PLACES_TOLD * 2) {
        let _ = writeln!(text, "  {}", left_out_words(one));
    }
    if missing.len() > PLACES_TOLD * 2 {
        let _ = writeln!(text, "  and {} more", missing.len() - PLACES_TOLD * 2);
    }
    for gap in recorded.gaps.iter().take(PLACES_TOLD) {
        let _ = writeln!(text, "  {}: {}", gap.oid, gap.reason);
    }
    let _ = writeln!(
        text,
        "the whole list is in {}; the recording is text: read it before you send it",
        beside(&args.output).display()
    );
    text
}

fn by_kind(masked: &[Masked]) -> BTreeMap<String, Vec<&Masked>> {
    let mut kinds: BTreeMap<String, Vec<&Masked>> = BTreeMap::new();
    for one in masked {
        kinds.entry(one.kind.to_string()).or_default().push(one);
    }
    kinds
}

fn is_denied(one: &LeftOut) -> bool {
    matches!(one.reason, LeftOutReason::Denied(_))
}

fn left_out_words(one: &LeftOut) -> String {
    match (&one.until, is_denied(one)) {
        (Some(until), false) => format!("behind {} up to {until}: {}", one.from, one.reason),
        _ => format!("{}: {}", one.from, one.reason),
    }
}

/// Everything about the recording that is not in it. No value that was masked is here.
fn side_file(args: &Args, recorded: &Recorded) -> String {
    let mut text = String::new();
    let name = args
        .output
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let _ = writeln!(text, "recording  {name}");
    let _ = writeln!(text, "device     {}", device_name(&recorded.audit));
    let _ = writeln!(
        text,
        "printer    {}",
        if recorded.is_printer {
            "yes"
        } else {
            "not seen"
        }
    );
    let _ = writeln!(
        text,
        "recorded   onsite {} over {}",
        env!("CARGO_PKG_VERSION"),
        recorded.version
    );
    let _ = writeln!(text, "ending     {}", recorded.ending);
    let _ = writeln!(
        text,
        "cost       {} requests, {} sent again, {} values dropped",
        recorded.stats.requests, recorded.stats.retries, recorded.stats.dropped
    );
    let _ = writeln!(text, "\nmasked ({})", recorded.masked.len());
    for one in &recorded.masked {
        let _ = writeln!(
            text,
            "  {:<22} {}  {}",
            one.kind.to_string(),
            one.oid,
            one.how
        );
    }
    let _ = writeln!(text, "\nnot walked ({})", recorded.left_out.len());
    for one in &recorded.left_out {
        let _ = writeln!(text, "  {}", left_out_words(one));
    }
    let _ = writeln!(text, "\nnot answered ({})", recorded.gaps.len());
    for gap in &recorded.gaps {
        let _ = writeln!(text, "  {}: {}", gap.oid, gap.reason);
    }
    text
}
