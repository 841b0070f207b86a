//! `harness load`: thousands of printers from one process, and clients measured side by side.

use anyhow::{Context as _, bail};
use pagetally_harness::load::workload::{Contender, Outcome, Workload, play, printers_alone};
use pagetally_harness::load::{Assignment, Client, Tool, run as take};
use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Play thousands of printers and measure how clients get through them.
///
/// Every client runs in a process of its own. `floor` is a bare socket loop that decodes nothing and
/// speaks no SNMPv3;
/// `ours` is the agent's scan, `ours+decode` the same with audits made of what was read. Peers are
/// Debian's programs (--tools), and any that take an assignment as a line of JSON and print a report
/// (--peer). Each row ends with the floor, ours and the best peer: of those who got furthest, the one
/// that took the least CPU time to read, or the least time to sweep.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which workloads; all where none is named.
    workloads: Vec<String>,
    /// A peer's program, started as `PROGRAM ARGS...`; repeat for several.
    #[arg(long = "peer", value_name = "PROGRAM ARGS")]
    peers: Vec<String>,
    /// Also run what is installed of Debian's snmp, onesixtyone, braa, prometheus-snmp-exporter and
    /// fusioninventory-agent-task-network, where it can do the workload within minutes.
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
    let tools = if args.tools { tools() } else { Vec::new() };
    for workload in &workloads {
        sound &= row(args, workload, &tools)?;
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The programs that are installed, with their versions. Says which are not.
fn tools() -> Vec<(Tool, String)> {
    let versions = Tool::ALL.into_iter().map(|tool| (tool, tool.version()));
    let (here, missing): (Vec<_>, Vec<_>) = versions.partition(|(_, version)| version.is_some());
    for (tool, _) in missing {
        println!(
            "no {}: not installed (Debian: {})",
            tool.name(),
            tool.package()
        );
    }
    here.into_iter()
        .filter_map(|(tool, version)| Some((tool, version?)))
        .collect()
}

/// One workload for all who can do it. Says whether what was decoded is what the printers said.
fn row(args: &Args, workload: &Workload, tools: &[(Tool, String)]) -> anyhow::Result<bool> {
    let mut sound = true;
    println!("{}: {}", workload.name, workload.about);
    let alone = printers_alone(workload, args.seed)?;
    println!("  the printers alone give {alone} answers in a second of their own work");
    println!("{HEAD}");
    let mut summary = Summary::default();
    for contender in contenders(args, workload, tools)? {
        let outcomes =
            (0..u64::from(args.runs)).map(|run| play(workload, &contender, args.seed + run));
        let outcomes: Result<Vec<Outcome>, _> = outcomes.collect();
        let mut outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            // A peer that fails is told, and the others have their turn.
            Err(error) if contender.is_peer => {
                println!("  {:<15} {:#}", contender.name, anyhow::Error::from(error));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let walls = outcomes.iter().map(|outcome| outcome.report.wall);
        let longest = walls.max().unwrap_or_default();
        outcomes.sort_by_key(|outcome| outcome.report.cpu);
        if outcomes.is_empty() {
            continue;
        }
        let outcome = outcomes.swap_remove(outcomes.len() / 2);
        println!("{}", line(&contender.name, &outcome, longest, alone));
        if workload.is_again() {
            println!("{}", asked(&outcome.asked));
        }
        if !outcome.wrong.is_empty() {
            println!("  WRONG of {} printers", outcome.wrong.len());
            sound = false;
        }
        summary.add(contender, outcome, alone);
    }
    summary.print(workload);
    println!();
    std::io::stdout().flush()?;
    Ok(sound)
}

/// The row's end: the floor, ours, and the best peer.
#[derive(Default)]
struct Summary {
    all: Vec<(Contender, Outcome, u64)>,
}

impl Summary {
    fn add(&mut self, contender: Contender, outcome: Outcome, alone: u64) {
        self.all.push((contender, outcome, alone));
    }

    fn print(&self, workload: &Workload) {
        let named = |name: &str| self.all.iter().find(|(known, ..)| known.name == name);
        let floor = named("floor");
        match floor {
            Some((_, outcome, alone)) => println!("  floor      {}", sum(outcome, *alone)),
            None => println!("  floor      speaks no SNMPv3"),
        }
        if let Some((_, ours, alone)) = named("ours") {
            let ratio = floor.map_or_else(String::new, |(_, floor, _)| {
                let ratio = |ours: Duration, floor: Duration| {
                    ours.as_secs_f64() / floor.as_secs_f64().max(1e-6)
                };
                format!(
                    "; {:.2} x the floor's wall, {:.2} x its CPU",
                    ratio(ours.report.wall, floor.report.wall),
                    ratio(ours.report.cpu, floor.report.cpu)
                )
            });
            println!("  ours       {}{ratio}", sum(ours, *alone));
        }
        let peers = self.all.iter().filter(|(contender, ..)| contender.is_peer);
        let best = peers.min_by_key(|(_, outcome, _)| {
            let report = &outcome.report;
            let got = match workload.is_sweep() {
                true => report.found,
                false => report.complete,
            };
            // A sweep and one printer are waited for; of many, the work is what counts.
            let time = match workload.is_sweep() || workload.printers() == 1 {
                true => report.wall,
                false => report.cpu,
            };
            (std::cmp::Reverse(got), time)
        });
        if let Some((contender, outcome, alone)) = best {
            let said = &outcome.report.client;
            let who = if said.is_empty() {
                format!("{} {}", contender.name, contender.version)
            } else {
                said.clone()
            };
            println!("  best peer  {who}: {}", sum(outcome, *alone));
        }
    }
}

fn sum(outcome: &Outcome, alone: u64) -> String {
    let report = &outcome.report;
    let requests = outcome.server.requests + outcome.server.astray;
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let (each, peak) = (
        requests as f64 / report.found.max(1) as f64,
        report.peak_kb as f64 / 1_024.0,
    );
    let bound = if is_bound(outcome, alone) {
        ", simulator-bound"
    } else {
        ""
    };
    format!(
        "{:.3} s, {:.3} s CPU, {peak:.0} MB, {each:.1} requests each, {} found, {} complete{bound}",
        report.wall.as_secs_f64(),
        report.cpu.as_secs_f64(),
        report.found,
        report.complete
    )
}

/// Whether it asks faster than it can be answered: then the printers are measured, not it.
fn is_bound(outcome: &Outcome, alone: u64) -> bool {
    let requests = outcome.server.requests + outcome.server.astray;
    let seconds = outcome.report.cpu.as_secs_f64().max(1e-6);
    #[expect(clippy::cast_precision_loss, reason = "a comparison of magnitudes")]
    let (requests, alone) = (requests as f64, alone as f64);
    requests / seconds > alone
}

const HEAD: &str = "  client          wall s  longest    CPU s  decode s   peak MB  requests  each    found  complete";

/// One client: the median of its runs, and the longest wall time of them.
fn line(name: &str, outcome: &Outcome, longest: Duration, alone: u64) -> String {
    let report = &outcome.report;
    let seconds = |time: Duration| time.as_secs_f64();
    // What the printers saw: not every client counts.
    let requests = outcome.server.requests + outcome.server.astray;
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let (each, peak) = (
        requests as f64 / report.found.max(1) as f64,
        report.peak_kb as f64 / 1_024.0,
    );
    let mut note = String::new();
    if is_bound(outcome, alone) {
        note.push_str("  simulator-bound");
    }
    if report.repeats + report.stalls > 0 {
        // What makes a run long that costs no more than others.
        let (repeats, stalls) = (report.repeats, report.stalls);
        note.push_str(&format!("  {repeats} repeated, {stalls} stalls"));
    }
    format!(
        "  {name:<15} {:>6.3}  {:>7.3}  {:>7.3}  {:>8.3}  {peak:>8.1}  {requests:>8}  {each:>4.1}  {:>7}  {:>8}{note}",
        seconds(report.wall),
        seconds(longest),
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

fn contenders(
    args: &Args,
    workload: &Workload,
    tools: &[(Tool, String)],
) -> anyhow::Result<Vec<Contender>> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let own = |name: &str| Contender {
        name: name.to_owned(),
        version: String::new(),
        is_peer: false,
        program: program.clone().into(),
        args: ["load", "--take", name].iter().map(Into::into).collect(),
        decode: false,
    };
    let mut contenders = Vec::new();
    if !workload.is_v3() {
        contenders.push(own("floor"));
    }
    contenders.push(own("ours"));
    if !workload.is_sweep() {
        contenders.push(Contender {
            name: "ours+decode".to_owned(),
            decode: true,
            ..own("ours")
        });
    }
    let (task, printers, v3) = (workload.task(), workload.printers(), workload.is_v3());
    for (tool, version) in tools {
        if tool.can(task, printers, v3) {
            contenders.push(Contender {
                version: version.clone(),
                is_peer: true,
                ..own(tool.name())
            });
        }
    }
    for peer in &args.peers {
        let mut words = peer.split_whitespace();
        let Some(program) = words.next() else {
            bail!("--peer is empty");
        };
        let args: Vec<_> = words.map(Into::into).collect();
        let last = peer.split_whitespace().last().unwrap_or(program);
        let name = PathBuf::from(last);
        contenders.push(Contender {
            name: name
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            version: String::new(),
            is_peer: true,
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
