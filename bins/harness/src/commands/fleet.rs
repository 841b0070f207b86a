//! `harness fleet DIR`: recordings as printers on loopback addresses.

use anyhow::Context as _;
use pagetally_harness::fleet::recordings::{self, Copies};
use pagetally_harness::fleet::{Fleet, FleetConfig};
use std::io::{IsTerminal as _, Write as _};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What to serve, where, and how well.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of recordings (*.snmprec).
    dir: PathBuf,
    /// First address; the other devices follow.
    #[arg(long, default_value = "127.77.0.1")]
    base: Ipv4Addr,
    /// UDP port of all devices; 0 finds a free one.
    #[arg(long, default_value_t = 16_100)]
    port: u16,
    /// Devices made of each recording; from the second on with serial and MAC of their own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    copies: u32,
    /// From a request to its answer, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,
    /// Datagrams lost on each way, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent)]
    loss: f64,
    /// What losses, and the serials of copies, are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Communities that may read; repeat for several.
    #[arg(long, value_name = "NAME", default_value = "public")]
    community: Vec<String>,
    /// The longest answer in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1_472, value_parser = clap::value_parser!(u32).range(484..=65_507))]
    max_message: u32,
    /// Ends after so many seconds instead of staying until Ctrl-C.
    #[arg(long = "for", visible_alias = "once-seconds", value_name = "SECONDS")]
    seconds: Option<u64>,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("not a number from 0 to 100".to_owned()),
    }
}

/// Serves until it is told to end.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let copies = Copies {
        count: args.copies,
        seed: args.seed,
    };
    let mut devices = recordings::load(&args.dir, copies)?;
    anyhow::ensure!(
        !devices.is_empty(),
        "no recordings (*.snmprec) in {}",
        args.dir.display()
    );
    for device in &mut devices {
        let access = device.access_mut();
        access.communities = args
            .community
            .iter()
            .map(|one| one.clone().into())
            .collect();
        access.max_message_size = usize::try_from(args.max_message)?;
    }
    let mut config = FleetConfig::new(devices);
    config.base = args.base;
    config.port = args.port;
    config.latency = Duration::from_millis(args.latency_ms);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie within 0 and 100"
    )]
    let loss = (args.loss * 10_000.0) as u32;
    config.loss_per_million = loss;
    config.seed = args.seed;
    let fleet = Fleet::start(config)?;
    list(&fleet).context("cannot write the list")?;
    wait(args.seconds)?;
    let stats = fleet.stats();
    eprintln!(
        "{} datagrams received, {} answered, {} not answered, {} lost",
        stats.received, stats.answered, stats.silent, stats.lost
    );
    Ok(ExitCode::SUCCESS)
}

/// Address, recording and serial of every device: columns for people, tabs for programs.
fn list(fleet: &Fleet) -> std::io::Result<()> {
    let truths = fleet.truth();
    let width = |text: &dyn Fn(usize) -> usize| (0..truths.len()).map(text).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    if !out.is_terminal() {
        for (address, truth) in &truths {
            writeln!(out, "{address}\t{}\t{}", truth.name, truth.serial)?;
        }
        return out.flush();
    }
    let addresses = width(&|place| truths[place].0.to_string().len());
    let names = width(&|place| truths[place].1.name.len());
    let (address, name) = ("ADDRESS", "RECORDING");
    writeln!(out, "{address:<addresses$}  {name:<names$}  SERIAL")?;
    for (address, truth) in &truths {
        let (address, serial) = (address.to_string(), &truth.serial);
        writeln!(
            out,
            "{address:<addresses$}  {:<names$}  {serial}",
            truth.name
        )?;
    }
    writeln!(out, "\n{} devices answer. Ctrl-C ends.", truths.len())?;
    out.flush()
}

/// Waits for Ctrl-C, or for the seconds to pass.
fn wait(seconds: Option<u64>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the signal handler")?;
    runtime.block_on(async {
        let interrupt = tokio::signal::ctrl_c();
        match seconds {
            None => interrupt.await.context("cannot wait for Ctrl-C"),
            Some(seconds) => {
                let time = Duration::from_secs(seconds);
                match tokio::time::timeout(time, interrupt).await {
                    Ok(interrupted) => interrupted.context("cannot wait for Ctrl-C"),
                    Err(_time_is_up) => Ok(()),
                }
            }
        }
    })
}
