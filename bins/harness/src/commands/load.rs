//! `harness load`: thousands of printers from one process, and clients measured side by side.

use anyhow::{Context as _, bail};
use pagetally_harness::load::workload::{Contender, Outcome, Workload, play, printers_alone};
use pagetally_harness::load::{Assignment, Client, run as take};
use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Play thousands of printers and measure how clients get through them.
///
/// Every client runs in a process of its own. `floor` is a bare socket loop that decodes nothing and
/// speaks no SNMPv3;
/// `ours` is the agent's scan, `ours+decode` the same with audits made of what was read; `net-snmp` is
/// snmpbulkwalk, a process for each printer, and `onesixtyone` that program. Further clients are
/// programs that take an assignment as a line of JSON and print a report: see --peer.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which workloads; all where none is named.
    workloads: Vec<String>,
    /// A peer's program, started as `PROGRAM ARGS...`; repeat for several.
    #[arg(long = "peer", value_name = "PROGRAM ARGS")]
    peers: Vec<String>,
    /// Also run Debian's net-snmp and onesixtyone where they are installed and the workload is theirs.
    #[arg(long)]
    tools: bool,
    /// How often each client runs; the median is shown.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
    /// What losses are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Take an assignment from standard input as this client, and print the report.
    #[arg(long, hide = true, value_name = "CLIENT")]
    take: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(client) = &args.take {
        return report(client);
    }
    let workloads = if args.workloads.is_empty() {
        Workload::all()
    } else {
        let named = args.workloads.iter().map(|name| {
            let known: Vec<&str> = Workload::all().iter().map(|known| known.name).collect();
            Workload::named(name)
                .with_context(|| format!("no workload {name:?}; there are {}", known.join(", ")))
        });
        named.collect::<anyhow::Result<_>>()?
    };
    let mut sound = true;
    for workload in &workloads {
        println!("{}: {}", workload.name, workload.about);
        let alone = printers_alone(workload, args.seed)?;
        println!("  the printers alone give {alone} answers in a second of their own work");
        println!("{HEAD}");
        for contender in &contenders(args, workload)? {
            let outcomes =
                (0..u64::from(args.runs)).map(|run| play(workload, contender, args.seed + run));
            let mut outcomes: Vec<Outcome> = outcomes.collect::<Result<_, _>>()?;
            outcomes.sort_by_key(|outcome| outcome.report.cpu);
            let Some(outcome) = outcomes.get(outcomes.len() / 2) else {
                continue;
            };
            println!("{}", line(&contender.name, outcome, alone));
            if workload.is_again() {
                println!("{}", asked(&outcome.asked));
            }
            if !outcome.wrong.is_empty() {
                println!("  WRONG of {} printers", outcome.wrong.len());
                sound = false;
            }
        }
        println!();
        std::io::stdout().flush()?;
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

const HEAD: &str =
    "  client          wall s    CPU s  decode s   peak MB  requests  each    found  complete";

fn line(name: &str, outcome: &Outcome, alone: u64) -> String {
    let report = &outcome.report;
    let seconds = |time: Duration| time.as_secs_f64();
    // What the printers saw: not every client counts.
    let requests = outcome.server.requests + outcome.server.astray;
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let (each, peak, asks, alone) = (
        requests as f64 / report.found.max(1) as f64,
        report.peak_kb as f64 / 1_024.0,
        requests as f64 / seconds(report.cpu).max(1e-6),
        alone as f64,
    );
    // It asks faster than it can be answered: then the printers are measured, not it.
    let note = if asks > alone {
        "  simulator-bound"
    } else {
        ""
    };
    format!(
        "  {name:<14} {:>7.3}  {:>7.3}  {:>8.3}  {peak:>8.1}  {requests:>8}  {each:>4.1}  {:>7}  {:>8}{note}",
        seconds(report.wall),
        seconds(report.cpu),
        seconds(report.decode),
        report.found,
        report.complete,
    )
}

/// How many requests a second read took, printer by printer.
fn asked(asked: &[u32]) -> String {
    let over = asked.iter().filter(|asked| **asked > 2).count();
    let most = asked.iter().max().copied().unwrap_or(0);
    let sum: u32 = asked.iter().sum();
    format!(
        "                 second read: {sum} requests; {over} printers had more than 2, at most {most}"
    )
}

fn contenders(args: &Args, workload: &Workload) -> anyhow::Result<Vec<Contender>> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let own = |name: &str, decode| Contender {
        name: if decode {
            format!("{name}+decode")
        } else {
            name.to_owned()
        },
        program: program.clone().into(),
        args: ["load", "--take", name].iter().map(Into::into).collect(),
        decode,
    };
    let mut contenders = vec![own("ours", false)];
    if !workload.is_v3() {
        contenders.insert(0, own("floor", false));
    }
    if workload.is_sweep() {
        contenders.extend(args.tools.then(|| own("onesixtyone", false)));
    } else {
        contenders.push(own("ours", true));
        // A process for each of thousands of printers tells nothing new.
        let few = workload.printers() <= 1_000;
        contenders.extend((args.tools && few).then(|| own("net-snmp", false)));
    }
    for peer in &args.peers {
        let mut words = peer.split_whitespace();
        let Some(program) = words.next() else {
            bail!("--peer is empty");
        };
        let args: Vec<_> = words.map(Into::into).collect();
        let stem = PathBuf::from(program);
        let stem = stem.file_name().unwrap_or_default().to_string_lossy();
        let name = peer.split_whitespace().last().unwrap_or(&stem);
        contenders.push(Contender {
            name: name.rsplit('/').next().unwrap_or(name).to_owned(),
            program: program.into(),
            args,
            decode: false,
        });
    }
    Ok(contenders)
}

/// The measured side: an assignment in, a report out.
fn report(client: &str) -> anyhow::Result<ExitCode> {
    let client = Client::named(client).with_context(|| format!("no client {client:?}"))?;
    let mut input = std::io::stdin().lock();
    let mut text = String::new();
    input
        .read_line(&mut text)
        .context("cannot read the assignment")?;
    let assignment: Assignment = serde_json::from_str(&text).context("that is no assignment")?;
    let mut between = || {
        println!("read once");
        std::io::stdout().flush()?;
        input.read_line(&mut String::new())?;
        Ok(())
    };
    let report = take(client, &assignment, &mut between)?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(ExitCode::SUCCESS)
}
