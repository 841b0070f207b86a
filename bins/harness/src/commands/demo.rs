//! `harness demo`: the whole road on one machine.

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use pagetally_harness::demo::{Comparison, Demo, DemoConfig, DemoEvent};
use pagetally_onsite::{Cancel, Delivery, DiscoveryEvent, PassEvent, PassSummary};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How the demo is run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End after the comparison instead of staying up until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// What the fleet's past and its work are drawn from.
    #[arg(long, default_value_t = DemoConfig::default().seed)]
    seed: u64,
    /// Loopback port of Central's pages; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Runs the demo. The exit code is 0 only if Central's books equal what the simulators served.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = DemoConfig {
        seed: args.seed,
        pages: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
    };
    let begun = Instant::now();
    let mut show = Show::new();
    let demo = Demo::run(&config, &Cancel::new(), &mut |event| show.event(event))?;
    println!();
    let seconds = begun.elapsed().as_secs_f64();
    if demo.is_good() {
        println!(
            "Central's books equal what the printers served, value for value. ({seconds:.1} s)"
        );
    } else {
        println!(
            "Central's books differ from what the printers served; see above. ({seconds:.1} s)"
        );
    }
    let good = demo.is_good();
    if !args.once {
        println!(
            "Fleet, meters, supplies, last seen and observations: {}",
            demo.pages()
        );
        println!("Everything stays up until Ctrl-C.");
        wait_for_interrupt()?;
    }
    demo.stop()?;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn wait_for_interrupt() -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the signal handler")?
        .block_on(tokio::signal::ctrl_c())
        .context("cannot wait for Ctrl-C")
}

/// Shows events as lines, and a bar while addresses are swept. The bar hides itself in a pipe.
struct Show {
    bar: ProgressBar,
}

impl Show {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{prefix:>12} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    fn line(&self, label: &str, text: &str) {
        self.bar.suspend(|| println!("{label:>12}  {text}"));
    }

    fn event(&mut self, event: DemoEvent) {
        match event {
            DemoEvent::CentralUp { pages, endpoint } => {
                self.line(
                    "central",
                    &format!("pages at {pages}, agents call {endpoint}"),
                );
            }
            DemoEvent::FleetUp {
                devices,
                makers,
                range: (first, last),
            } => {
                let text = format!("{devices} devices of {makers} makers at {first} to {last}");
                self.line("fleet", &text);
            }
            DemoEvent::Enrolled { site } => {
                self.line("enrolled", &format!("the agent belongs to {site:?} now"));
            }
            DemoEvent::Pass { number, event } => self.pass(number, &event),
            DemoEvent::Worked { time, sides } => {
                let text = format!(
                    "{sides} sides in {} simulated hours",
                    time.as_secs() / 3_600
                );
                self.line("printed", &text);
            }
            DemoEvent::Compared {
                number,
                summary,
                comparison,
            } => {
                self.compared(number, &summary, &comparison);
            }
            _ => {}
        }
    }

    fn pass(&mut self, number: u32, event: &PassEvent) {
        match event {
            PassEvent::Started {
                settings_version,
                addresses,
                ..
            } => {
                println!();
                let text = format!("settings version {settings_version}, {addresses} addresses");
                self.line(&format!("pass {number}"), &text);
                self.bar.reset();
                self.bar.set_length(*addresses);
                self.bar.set_prefix("sweeping");
                self.bar.enable_steady_tick(Duration::from_millis(100));
            }
            PassEvent::Discovery(DiscoveryEvent::Progress { probed, .. }) => {
                self.bar.set_position(*probed);
            }
            PassEvent::Swept {
                addresses,
                printers,
                reads,
            } => {
                self.bar.finish_and_clear();
                self.line("swept", &format!("{addresses} addresses"));
                let how = format!(
                    "{printers} printers: {} in full, {} for what moves, {} requests",
                    reads.full, reads.quick, reads.requests
                );
                self.line("read", &how);
            }
            PassEvent::Stored {
                numbers: (first, last),
                audits,
            } => {
                let text = format!("{audits} audits, sealed on disk, as submission {first}");
                let more = if last > first {
                    format!(" to {last}")
                } else {
                    String::new()
                };
                self.line("stored", &format!("{text}{more}"));
            }
            PassEvent::Sent { number, documents } => {
                self.line(
                    "sent",
                    &format!("submission {number} with {documents} documents"),
                );
            }
            PassEvent::Acknowledged {
                number,
                rejected: None,
            } => {
                self.line(
                    "acknowledged",
                    &format!("submission {number}; the receipt is stored"),
                );
            }
            PassEvent::Acknowledged {
                number,
                rejected: Some(why),
            } => {
                self.line(
                    "acknowledged",
                    &format!("submission {number}, not booked: {why}"),
                );
            }
            PassEvent::SettingsReceived { version } => {
                self.line("settings", &format!("version {version}, for the next pass"));
            }
            PassEvent::NotDelivered { reason, waiting } => {
                self.line("not sent", &format!("{waiting} wait: {reason}"));
            }
            _ => {}
        }
    }

    fn compared(&self, number: u32, summary: &PassSummary, comparison: &Comparison) {
        if summary.delivery != Delivery::Complete {
            self.line("delivery", &format!("{:?}", summary.delivery));
        }
        let Comparison {
            devices,
            values,
            differences,
        } = comparison;
        let text = format!(
            "{values} values of {devices} devices after pass {number}: {} differ; {} bytes on the wire",
            differences.len(),
            summary.bytes_sent
        );
        self.line("compared", &text);
        for difference in differences {
            let text = format!(
                "{} {}: served {:?}, booked {:?}",
                difference.address, difference.what, difference.served, difference.booked
            );
            self.line("differs", &text);
        }
    }
}
