//! `harness load`: thousands of printers from one process, and clients measured side by side.

use anyhow::{Context as _, bail};
use pagetally_harness::load::workload::{Contender, Outcome, Workload, play};
use pagetally_harness::load::{Assignment, Client, run as take};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Play thousands of printers and measure how clients get through them.
///
/// Every client runs in a process of its own. `floor` is a bare socket loop that decodes nothing;
/// `ours` is the agent's scan, `ours+decode` the same with audits made of what was read. Further
/// clients are programs that take an assignment as JSON and print a report: see --peer.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which workloads; all where none is named.
    workloads: Vec<String>,
    /// A peer's program, started as `PROGRAM ARGS...`; repeat for several.
    #[arg(long = "peer", value_name = "PROGRAM ARGS")]
    peers: Vec<String>,
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
    let contenders = contenders(args)?;
    let mut sound = true;
    for workload in &workloads {
        println!("{}: {}", workload.name, workload.about);
        println!("{HEAD}");
        let mut floor = None;
        for contender in &contenders {
            let mut outcomes = (0..u64::from(args.runs))
                .map(|run| play(workload, contender, args.seed + run))
                .collect::<Result<Vec<Outcome>, _>>()?;
            outcomes.sort_by_key(|outcome| outcome.report.cpu);
            let Some(outcome) = outcomes.get(outcomes.len() / 2) else {
                continue;
            };
            // The floor alone must get through faster: else it is the printers that are measured.
            let bound = floor.is_some_and(|floor| outcome.report.wall <= floor);
            println!("{}", line(&contender.name, outcome, bound));
            if !outcome.wrong.is_empty() {
                println!("  WRONG of {} printers", outcome.wrong.len());
                sound = false;
            }
            floor.get_or_insert(outcome.report.wall);
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

fn line(name: &str, outcome: &Outcome, bound: bool) -> String {
    let report = &outcome.report;
    let seconds = |time: Duration| time.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let (each, peak) = (
        report.requests as f64 / report.found.max(1) as f64,
        report.peak_kb as f64 / 1_024.0,
    );
    let note = match bound {
        true => "  simulator-bound",
        false => "",
    };
    format!(
        "  {name:<14} {:>7.3}  {:>7.3}  {:>8.3}  {peak:>8.1}  {:>8}  {each:>4.1}  {:>7}  {:>8}{note}",
        seconds(report.wall),
        seconds(report.cpu),
        seconds(report.decode),
        report.requests,
        report.found,
        report.complete,
    )
}

fn contenders(args: &Args) -> anyhow::Result<Vec<Contender>> {
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
    let mut contenders = vec![own("floor", false), own("ours", false), own("ours", true)];
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
    let client = match client {
        "floor" => Client::Floor,
        "ours" => Client::Ours,
        other => bail!("no client {other:?}: floor, ours"),
    };
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("cannot read the assignment")?;
    let assignment: Assignment = serde_json::from_str(&text).context("that is no assignment")?;
    let report = take(client, &assignment)?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(ExitCode::SUCCESS)
}
