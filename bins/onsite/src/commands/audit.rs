//! `onsite audit`: finds and reads printers now, without any Central.

use super::output::{Format, Place, csv, print, table, words};
use super::place::Rows;
use super::progress::Progress;
use super::users::Users;
use super::{Exit, Failure, stop};
use anyhow::{Context, anyhow};
use pagetally_model::targets::TargetError;
use pagetally_model::{
    Community, DeviceAudit, Observation, Outcome, PassStats, Settings, exclusions, targets,
};
use pagetally_onsite::targets::{TargetSpec, parse_list};
use pagetally_onsite::{
    Beside, Clocks, Discovered, Discovery, ScanConfig, TargetPlan, ThisMachine,
    leave_excluded_alone, new_pass_id, scan_config, throw_excluded_away,
};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Above this many addresses a person is asked first and a script has to say `--yes`.
const ASK_ABOVE: u64 = 16_384;

/// The version of the document that `--format json` prints.
const DOCUMENT_FORMAT: u32 = 1;

/// Find and read printers now, without any Central
///
/// Prints what they say. Nothing is stored, and nothing is sent to anybody but the addresses that
/// are looked at.
#[derive(Debug, clap::Args)]
#[command(after_help = "Targets:\n  \
    192.0.2.7  2001:db8::7           one address\n  \
    192.0.2.0/24                     a block\n  \
    192.168.1-3.10-200               every combination of the ranges\n  \
    192.0.2.10-192.0.2.20            from first to last\n  \
    mfp-3.example                    a host name\n  \
    @FILE                            targets from a file, # begins a comment\n  \
    nothing                          the machine's own subnets\n\n\
    Exit codes:\n  \
    0    at least one printer was read, and nothing below applies\n  \
    1    no printer was found\n  \
    2    the arguments make no sense, or too many addresses without --yes\n  \
    3    printers were found, but one was only partly read, or something refused to be read,\n       \
         failed, or a name could not be resolved\n  \
    4    the scan could not run\n  \
    130  stopped by Ctrl-C; what was read until then is printed")]
pub(crate) struct Args {
    /// Where to look
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Where never to look: a target, an IPv6 block, or a MAC or its beginning (00:80:77); may be
    /// given several times
    #[arg(short = 'x', long, value_name = "TARGET")]
    exclude: Vec<String>,
    /// The printers' UDP port
    #[arg(short, long, default_value_t = 161, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Community; several are tried in the order given
    #[arg(short, long, default_value = "public", value_parser = community)]
    community: Vec<Community>,
    /// How long to wait for an answer, such as 500ms or 2s
    #[arg(short, long, default_value = "1s", value_parser = duration)]
    timeout: Duration,
    /// How often to ask again
    #[arg(short, long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(..=10))]
    retries: u32,
    /// Datagrams a second, at most
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,
    /// Datagrams a second to one /24, at most; without it two fifths of --rate, but 200 at least
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    subnet_rate: Option<u32>,
    /// A device that answers from another address than it is asked at, as ASKED=FROM; may be given
    /// several times
    #[arg(long, value_name = "ASKED=FROM", value_parser = elsewhere)]
    answers_from: Vec<(IpAddr, IpAddr)>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Do not ask, however many addresses there are
    #[arg(short, long)]
    yes: bool,
    /// Nothing on stderr but errors
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    users: Users,
    #[command(flatten)]
    rows: Rows,
}

/// What `--format json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    format: u32,
    audits: Vec<&'a DeviceAudit>,
    observations: &'a [Observation],
    stats: &'a PassStats,
    /// Addresses that were not settled because the scan was stopped.
    unsettled_addresses: u64,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let settings = settings(args)?;
    let mut plan = plan(args)?;
    leave_excluded_alone(&mut plan, &ThisMachine);
    let mut config = scan_config(&settings);
    config.answers_from = args
        .answers_from
        .iter()
        .map(|(asked, from)| (SocketAddr::new(*asked, args.port), *from))
        .collect();
    announce(args, &plan, &config)?;
    let stop = stop::on_signal()?;
    let clocks = Clocks::start()?;
    let progress = Progress::new(args.quiet, plan.count());
    let discovery = Discovery {
        targets: &plan,
        port: settings.port,
        config: &config,
        definitions: &args.rows.load()?,
        clocks: &clocks,
        pass: new_pass_id()?,
        engines: None,
        remembered: None,
    };
    let mut beside = Beside::new(&ThisMachine);
    let found = discovery.run(stop.cancel(), &mut |event| {
        beside.take(&event);
        progress.show(&event);
    });
    progress.finish();
    let mut found = found?;
    beside.finish(&mut found);
    throw_excluded_away(&mut found, plan.excluded_macs());
    let exit = exit(&found);
    show(args, found)?;
    Ok(exit)
}

fn settings(args: &Args) -> Result<Settings, Failure> {
    Ok(Settings {
        communities: args.community.clone(),
        snmp_users: args.users.load()?,
        port: args.port,
        timeout_millis: u64::try_from(args.timeout.as_millis()).unwrap_or(u64::MAX),
        retries: args.retries,
        datagrams_per_second: args.rate,
        subnet_datagrams_per_second: args.subnet_rate,
        ..Settings::default()
    })
}

fn plan(args: &Args) -> Result<TargetPlan, Failure> {
    let is_target = |text: &str| targets::parse(text).map(drop);
    let is_exclusion = |text: &str| exclusions::parse(text).map(drop);
    let includes = expand(&args.targets, is_target).map_err(Failure::usage)?;
    if includes.is_empty() && !args.targets.is_empty() {
        return Err(Failure::usage(anyhow!(
            "the files behind @ name no target; name one, or give no argument for this machine's own subnets"
        )));
    }
    let spec = TargetSpec {
        includes: &includes,
        extra: &[],
        exclusions: &expand(&args.exclude, is_exclusion).map_err(Failure::usage)?,
    };
    TargetPlan::new(&spec, &ThisMachine).map_err(Failure::usage)
}

/// A device and the address that its answers come from.
fn elsewhere(text: &str) -> Result<(IpAddr, IpAddr), String> {
    let parts = text.split_once('=').and_then(|(asked, from)| {
        let (asked, from) = (asked.trim().parse().ok()?, from.trim().parse().ok()?);
        Some((asked, from))
    });
    parts.ok_or_else(|| "two addresses are wanted, such as 192.0.2.7=192.0.2.8".to_owned())
}

/// Puts the lines of a file in the place of `@FILE`.
fn expand(
    texts: &[String],
    check: impl Fn(&str) -> Result<(), TargetError>,
) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    for text in texts {
        let Some(file) = text.strip_prefix('@') else {
            all.push(text.clone());
            continue;
        };
        let content =
            std::fs::read_to_string(file).with_context(|| format!("{file}: cannot be read"))?;
        for (line, target) in parse_list(&content) {
            check(&target).with_context(|| format!("{file}, line {line}"))?;
            all.push(target);
        }
    }
    Ok(all)
}

/// Says what the scan will cost, and asks where it is large.
fn announce(args: &Args, plan: &TargetPlan, config: &ScanConfig) -> Result<(), Failure> {
    let count = plan.count();
    let (cost, time) = config.silent_sweep(count);
    let seconds = time.as_secs() + 1;
    if !args.quiet {
        for subnet in plan.own_subnets() {
            let whole = format!("{}/{}", subnet.address, subnet.prefix);
            let block = subnet.block();
            if block == whole {
                eprintln!("own network {whole}");
            } else {
                eprintln!("own network {whole} is wide; only {block} is looked at");
            }
        }
        for network in plan.own_v6_networks() {
            eprintln!(
                "own network {}/{} on {} is too large to ask each address; name its printers by address or name",
                network.address, network.prefix, network.interface
            );
        }
        eprintln!(
            "looking at {} with {} datagrams, at most {} a second: done in {} where nobody answers, later where printers do",
            some_addresses(count),
            cost.datagrams,
            args.rate,
            time_words(seconds)
        );
    }
    if count <= ASK_ABOVE || args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(anyhow!(
            "{count} addresses are more than {ASK_ABOVE}; say --yes to look at them all, or name fewer"
        )));
    }
    eprint!("{count} addresses are many. Go on? [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::usage(anyhow!("not started")))
    }
}

fn some_addresses(count: u64) -> String {
    match count {
        1 => "1 address".to_owned(),
        count => format!("{count} addresses"),
    }
}

fn time_words(seconds: u64) -> String {
    match seconds {
        0..=120 => format!("about {seconds} s"),
        121..=7_200 => format!("about {} min", seconds / 60),
        _ => format!("about {} h", seconds / 3_600),
    }
}

fn exit(found: &Discovered) -> Exit {
    if found.cancelled {
        return Exit::Interrupted;
    }
    let failed = found.observations.iter().any(|observation| {
        matches!(
            observation.outcome,
            Outcome::PrinterPartlyRead { .. }
                | Outcome::Refused { .. }
                | Outcome::WrongCommunity { .. }
                | Outcome::PrinterPortOpen { .. }
                | Outcome::Error { .. }
        )
    });
    match (found.audits.is_empty(), failed) {
        (true, _) => Exit::Nothing,
        (false, true) => Exit::Partial,
        (false, false) => Exit::Ok,
    }
}

fn show(args: &Args, found: Discovered) -> anyhow::Result<()> {
    let audits: Vec<(Place, DeviceAudit)> = found
        .audits
        .into_iter()
        .map(|audit| (Place::Network, audit))
        .collect();
    match args.format {
        Format::Json => {
            let document = Document {
                format: DOCUMENT_FORMAT,
                audits: audits.iter().map(|(_, audit)| audit).collect(),
                observations: &found.observations,
                stats: &found.stats,
                unsettled_addresses: found.unsettled,
            };
            print(&(serde_json::to_string_pretty(&document)? + "\n"))?;
        }
        Format::Csv => print(&csv::observations(&audits, &found.observations))?,
        Format::Table => {
            if !audits.is_empty() {
                print(&table::audits(&audits))?;
            }
            let others = table::others(&found.observations);
            if !others.is_empty() {
                print(&format!("\n{others}"))?;
            }
        }
    }
    if !args.quiet {
        tell_end(
            &found.observations,
            &found.stats,
            found.unsettled,
            audits.is_empty(),
        );
    }
    Ok(())
}

fn tell_end(observations: &[Observation], stats: &PassStats, unsettled: u64, nothing: bool) {
    eprintln!(
        "{} in {}.{} s{}: {}",
        some_addresses(stats.addresses),
        stats.duration_millis / 1_000,
        stats.duration_millis % 1_000 / 100,
        words::asked_again(stats),
        table::summary(observations)
    );
    if unsettled > 0 {
        eprintln!("stopped: {unsettled} addresses were not settled");
    } else if nothing {
        eprintln!(
            "no printer answered: check that SNMP is switched on at the printers, the community (--community), the port (--port), and that UDP passes from here"
        );
    }
}

pub(super) fn community(text: &str) -> Result<Community, String> {
    Community::new(text).map_err(|error| error.reason)
}

/// A time with its unit: `500ms`, `2s`, `1.5s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let refuse = || format!("{text:?} is no time between 50ms and 60s; write 500ms or 2s");
    let millis = if let Some(number) = text.strip_suffix("ms") {
        number.parse::<u64>().ok()
    } else if let Some(number) = text.strip_suffix('s') {
        seconds_as_millis(number)
    } else {
        None
    };
    match millis {
        Some(millis @ 50..=60_000) => Ok(Duration::from_millis(millis)),
        _ => Err(refuse()),
    }
}

fn seconds_as_millis(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<3}").parse().ok()?;
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(1_000)?
        .checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_needs_its_unit_and_a_sensible_size() {
        for (text, millis) in [
            ("500ms", 500),
            ("2s", 2_000),
            ("1.5s", 1_500),
            ("0.25s", 250),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in [
            "",
            "5",
            "5m",
            "-1s",
            "1.s",
            "1.2345s",
            "49ms",
            "61s",
            "ms",
            "99999999999999999999s",
        ] {
            assert!(duration(bad).is_err(), "{bad:?}");
        }
    }
}
