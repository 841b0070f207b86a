//! `onsite run`: passes, one or many.

use super::place::{self, AgentPlace};
use super::stop::{self, Stop};
use super::store::thinned_words;
use super::{Exit, Failure};
use pagetally_onsite::{
    Agent, Delivery, DiscoveryEvent, NextPass, Pass, PassError, PassEvent, PassSummary,
    ThisMachine, Told, TrapWatch, clear_report, random_number,
};
use pagetally_printer_mib::Definitions;
use std::io::Write as _;
use std::time::{Duration, Instant};

const DAY_MILLIS: i64 = 86_400_000;

/// Find, read, store and deliver, again and again
///
/// A pass adopts the settings of the last answer, looks at every target, reads every printer, stores
/// what they said, encrypted, and only then calls Central: sends what waits, keeps the receipts,
/// fetches newer settings. A Central that is away costs nothing but time. Between two passes, devices
/// that send traps or informs are read at once, where the site's file has a table for traps.
///
/// In the site's quiet hours it calls Central and asks no device. A pass that quiet hours begin in stops
/// asking; what it read until then is stored and delivered.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes of --once:\n  \
    0    the pass is stored, and Central has acknowledged everything that waited\n  \
    2    the arguments or the site's file make no sense\n  \
    3    the pass is stored and waits: Central is away, declines, or the agent is not enrolled\n  \
    4    the pass could not be done\n  \
    130  stopped\n\n\
    Without --once it runs until Ctrl-C or SIGTERM and ends with 0.")]
pub(crate) struct Args {
    /// One pass, then end
    #[arg(long)]
    once: bool,
    /// Read, and print what would be sent, to the byte; store and send nothing
    #[arg(long, requires = "once", conflicts_with = "quiet")]
    dry_run: bool,
    /// Nothing on stdout
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut agent = args.place.open()?;
    let definitions = place::definitions(agent.site().definitions.as_deref())?;
    let stop = stop::on_signal()?;
    if args.dry_run {
        return dry_run(&mut agent, &definitions, &stop);
    }
    if args.once {
        return match pass(&mut agent, &definitions, &stop, args.quiet) {
            Ok(summary) => Ok(exit(&summary)),
            Err(PassError::Cancelled) => Ok(Exit::Interrupted),
            Err(error) => Err(error.into()),
        };
    }
    repeat(&mut agent, &definitions, &stop, args.quiet)
}

/// Prints what a pass would send. What it does goes to stderr.
fn dry_run(agent: &mut Agent, definitions: &Definitions, stop: &Stop) -> Result<Exit, Failure> {
    let id = agent.id();
    let mut progress = ProgressLines::default();
    let made = Pass::new(agent, definitions).dry_run(stop.cancel(), &mut |event| {
        if let Some(line) = line(&event).or_else(|| progress.line(&event)) {
            eprintln!("{line}");
        }
    });
    let reports = match made {
        Err(PassError::Cancelled) => return Ok(Exit::Interrupted),
        made => made?,
    };
    for report in reports {
        let number = report.signed.header.number;
        let bytes = clear_report(id, report)?;
        let mut out = std::io::stdout().lock();
        out.write_all(&bytes)?;
        out.write_all(b"\n")?;
        eprintln!(
            "dry run       submission {number} would have {} bytes; nothing was stored or sent",
            bytes.len()
        );
    }
    Ok(Exit::Ok)
}

/// Passes until stopped. A pass that fails does not end the agent: the next one may succeed, and
/// nobody sits beside it to start it again.
fn repeat(
    agent: &mut Agent,
    definitions: &Definitions,
    stop: &Stop,
    quiet: bool,
) -> Result<Exit, Failure> {
    let watch = watch(agent, definitions, stop, quiet)?;
    let mut thinned = None;
    loop {
        let begun = agent.clocks().wall();
        match pass(agent, definitions, stop, quiet) {
            Ok(_) => {}
            Err(PassError::Cancelled) => return Ok(Exit::Ok),
            Err(error) => eprintln!("onsite: {:#}", anyhow::Error::from(error)),
        }
        if let Some(watch) = &watch {
            watch.remember(agent)?;
        }
        let today = begun.unix_millis().div_euclid(DAY_MILLIS);
        if thinned.replace(today) != Some(today) {
            thin_history(agent, quiet);
        }
        let next = agent.next_pass(begun, random_number()?)?;
        let left = next.at.unix_millis() - agent.clocks().wall().unix_millis();
        let wait = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        say(quiet, &next_words(&next, wait));
        let until = Instant::now() + wait;
        if between(agent, definitions, stop, quiet, watch.as_ref(), until)? {
            return Ok(Exit::Ok);
        }
    }
}

/// Thins the history of what Central has. It never costs a pass.
fn thin_history(agent: &Agent, quiet: bool) {
    match agent.thin_history() {
        Ok(done) if done.segments == 0 => {}
        Ok(done) => say(quiet, &format!("history       {}", thinned_words(&done))),
        Err(error) => eprintln!("onsite: {:#}", anyhow::Error::from(error)),
    }
}

fn next_words(next: &NextPass, wait: Duration) -> String {
    let seconds = wait.as_secs();
    match next.quiet_until {
        None => format!("next pass in {seconds} s"),
        Some(until) => format!("next call in {seconds} s, and no device is asked until {until}"),
    }
}

/// Listens for what devices tell unasked, where the site's own file says so.
fn watch(
    agent: &Agent,
    definitions: &Definitions,
    stop: &Stop,
    quiet: bool,
) -> Result<Option<TrapWatch>, Failure> {
    let Some(site) = &agent.site().traps else {
        return Ok(None);
    };
    let watch = TrapWatch::start(agent, site, definitions, stop.waker())?;
    for address in watch.addresses() {
        say(
            quiet,
            &format!("listening     {address} for traps and informs"),
        );
    }
    Ok(Some(watch))
}

/// Waits until `until`, and reads meanwhile what tells something. Says whether somebody asked to stop.
fn between(
    agent: &mut Agent,
    definitions: &Definitions,
    stop: &Stop,
    quiet: bool,
    watch: Option<&TrapWatch>,
    until: Instant,
) -> Result<bool, Failure> {
    loop {
        if let Some(watch) = watch {
            if let Err(error) = read_told(agent, definitions, stop, quiet, watch) {
                eprintln!("onsite: {error:#}");
            }
            watch.give_back();
        }
        let left = until.saturating_duration_since(Instant::now());
        let next = watch.and_then(TrapWatch::next_due);
        if stop.wait(next.map_or(left, |next| next.min(left))) {
            return Ok(true);
        }
        if until <= Instant::now() {
            return Ok(false);
        }
    }
}

/// Reads the devices that told something, and nobody else. What they told is settled when it is stored.
fn read_told(
    agent: &mut Agent,
    definitions: &Definitions,
    stop: &Stop,
    quiet: bool,
    watch: &TrapWatch,
) -> anyhow::Result<()> {
    let due = watch.take_due();
    if due.is_empty() {
        return Ok(());
    }
    let told = Told::by_known(agent, due, &ThisMachine)?;
    for stranger in told.strangers() {
        say(
            quiet,
            &format!("told          {stranger}, which is no device that is looked at"),
        );
    }
    for device in told.devices() {
        for notice in &device.notices {
            let name = notice.name.as_ref().unwrap_or(&notice.trap);
            let more = match notice.repeats {
                0 => String::new(),
                repeats => format!(", {repeats} more like it"),
            };
            say(
                quiet,
                &format!("told          {} {name}{more}", notice.from),
            );
        }
    }
    if told.is_empty() {
        watch.settle();
        return Ok(());
    }
    let pass = Pass::new(agent, definitions).for_told(told);
    match run_pass(pass, stop, quiet, &|| watch.settle()) {
        // Whoever asked to stop is answered by the loop.
        Ok(_) | Err(PassError::Cancelled) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn pass(
    agent: &mut Agent,
    definitions: &Definitions,
    stop: &Stop,
    quiet: bool,
) -> Result<PassSummary, PassError> {
    let summary = run_pass(Pass::new(agent, definitions), stop, quiet, &|| {})?;
    replace_keys(agent, quiet);
    Ok(summary)
}

/// Runs a pass and says what it does; `stored` is called when it is durable.
fn run_pass(
    pass: Pass<'_>,
    stop: &Stop,
    quiet: bool,
    stored: &dyn Fn(),
) -> Result<PassSummary, PassError> {
    let mut progress = ProgressLines::default();
    let summary = pass.run(stop.cancel(), &mut |event| {
        if matches!(event, PassEvent::Stored { .. }) {
            stored();
        }
        if let Some(line) = line(&event).or_else(|| progress.line(&event)) {
            say(quiet, &line);
        }
    })?;
    say(quiet, &last_line(&summary));
    Ok(summary)
}

/// Goes on with replacing data keys where that is under way. It never costs a pass.
fn replace_keys(agent: &Agent, quiet: bool) {
    /// A segment has at most a day's records: a few seconds for all of these.
    const SEGMENTS_A_PASS: usize = 16;
    if agent.keys().retiring == 0 {
        return;
    }
    match agent.continue_key_rotation(SEGMENTS_A_PASS) {
        Ok(true) => say(quiet, "keys          more data keys are to be replaced"),
        Ok(false) => say(quiet, "keys          all data keys were replaced"),
        Err(error) => eprintln!("onsite: {:#}", anyhow::Error::from(error)),
    }
}

fn say(quiet: bool, line: &str) {
    if !quiet {
        // A reader that has gone must not end a pass.
        let _ = super::output::print(&format!("{line}\n"));
    }
}

/// How far a long sweep is, every half minute: a log has no progress bar.
#[derive(Default)]
struct ProgressLines {
    last: Option<Instant>,
}

impl ProgressLines {
    const EVERY: Duration = Duration::from_secs(30);

    fn line(&mut self, event: &PassEvent) -> Option<String> {
        let PassEvent::Discovery(DiscoveryEvent::Progress {
            probed,
            total,
            found,
            read,
        }) = event
        else {
            return None;
        };
        let last = *self.last.get_or_insert_with(Instant::now);
        if last.elapsed() < Self::EVERY {
            return None;
        }
        self.last = Some(Instant::now());
        Some(format!(
            "sweeping      {probed} of {total} addresses, {found} printers found, {read} read"
        ))
    }
}

/// One line for each step that a person would want to see.
fn line(event: &PassEvent) -> Option<String> {
    Some(match event {
        PassEvent::Started {
            pass,
            settings_version,
            addresses,
            datagrams,
            silent_time,
        } => format!(
            "started       pass {pass}, settings {settings_version}, {addresses} addresses: \
             {datagrams} datagrams and {} s where nobody answers",
            silent_time.as_secs() + 1
        ),
        PassEvent::Quiet { until } => {
            format!("quiet hours   no device is asked anything until {until}")
        }
        PassEvent::TargetsUnusable { reason } => format!("no targets    {reason}"),
        PassEvent::Discovery(DiscoveryEvent::Found { address }) => {
            format!("found         {address}")
        }
        PassEvent::Discovery(DiscoveryEvent::SecondLook(look)) => format!("once more     {look}"),
        PassEvent::Discovery(DiscoveryEvent::Read {
            address,
            name,
            complete,
            quick,
            ..
        }) => {
            let part = match (*complete, *quick) {
                (false, _) => " (in part)",
                (true, true) => " (what moves)",
                (true, false) => "",
            };
            format!("read          {address} {name}{part}")
        }
        PassEvent::Swept {
            addresses,
            printers,
            reads,
        } => format!(
            "swept         {addresses} addresses, {printers} printers read: {} in full, {} for what \
             moves, {} requests",
            reads.full, reads.quick, reads.requests
        ),
        PassEvent::Stored { numbers, audits } => {
            format!("stored        {audits} audits in {}", submissions(*numbers))
        }
        PassEvent::Connecting { central, waiting } => {
            format!("connecting    {central}, {waiting} submissions wait")
        }
        PassEvent::Sent { number, documents } => {
            format!("sent          submission {number}, {documents} documents")
        }
        PassEvent::Acknowledged {
            number,
            rejected: None,
        } => format!("acknowledged  submission {number}"),
        PassEvent::Acknowledged {
            number,
            rejected: Some(reason),
        } => format!("rejected      submission {number}: {reason}"),
        PassEvent::Quarantined { number } => {
            format!("quarantined   submission {number}: Central's books hold something else")
        }
        PassEvent::SettingsReceived { version } => {
            format!("settings      version {version} came, adopted at the next pass")
        }
        PassEvent::SettingsRefused { version, reason } => {
            format!("settings      version {version} is refused: {reason}")
        }
        PassEvent::NotDelivered { reason, waiting } => {
            format!("not delivered {waiting} submissions wait: {reason}")
        }
        PassEvent::ReceiverFailed { reason } => format!("receiver      {reason}"),
        _ => return None,
    })
}

fn submissions((first, last): (u64, u64)) -> String {
    if first == last {
        format!("submission {first}")
    } else {
        format!("submissions {first} to {last}")
    }
}

fn last_line(summary: &PassSummary) -> String {
    let end = match summary.delivery {
        Delivery::Complete => {
            let each = summary.audit_bytes.checked_div(summary.audits_sent);
            let each = each.map_or_else(String::new, |each| {
                format!(", {each} for each of {} audits", summary.audits_sent)
            });
            format!("delivered in {} bytes{each}", summary.bytes_sent)
        }
        Delivery::NotEnrolled => format!(
            "{} submissions wait: this agent is not enrolled (onsite enrol CODE)",
            summary.waiting
        ),
        Delivery::Quarantined { waiting } => format!(
            "{waiting} submissions are in quarantine at Central until this agent is enrolled anew \
             (onsite enrol CODE)"
        ),
        Delivery::Held { waiting } => format!(
            "{waiting} submissions wait until they are approved (onsite privacy show, onsite privacy approve)"
        ),
        _ => "the next pass tries again".to_owned(),
    };
    format!(
        "done          {} audits, {} datagrams in {}.{} s{}; {end}",
        summary.audits,
        summary.stats.datagrams_sent,
        summary.stats.duration_millis / 1_000,
        summary.stats.duration_millis % 1_000 / 100,
        super::output::words::asked_again(&summary.stats)
    )
}

fn exit(summary: &PassSummary) -> Exit {
    match summary.delivery {
        Delivery::Complete => Exit::Ok,
        Delivery::Cancelled => Exit::Interrupted,
        _ => Exit::Partial,
    }
}
