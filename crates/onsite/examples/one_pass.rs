//! One pass inside another program, which is fed by a [`Receiver`].
//!
//! ```sh
//! cargo run -p pagetally-onsite --example one_pass -- 192.0.2.0/24
//! ```
//!
//! Nothing is sent to anybody but the addresses named: the agent is not enrolled with a Central.

use pagetally_model::{DeviceAudit, PassReport, Settings};
use pagetally_onsite::{
    Agent, Cancel, DiscoveryEvent, Pass, PassEvent, Receiver, SiteFile, device_name,
};
use pagetally_printer_mib::Definitions;
use std::error::Error;

/// The other system: here it only prints what it is given.
struct Inventory;

impl Receiver for Inventory {
    fn receive(
        &mut self,
        report: &PassReport,
        audits: &[DeviceAudit],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        println!(
            "pass {} looked at {} addresses",
            report.id, report.stats.addresses
        );
        for audit in audits {
            for meter in &audit.meters {
                println!(
                    "{}: {:?} {}",
                    device_name(audit),
                    meter.function,
                    meter.value
                );
            }
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut targets: Vec<String> = std::env::args().skip(1).collect();
    if targets.is_empty() {
        targets.push("127.0.0.1".to_owned());
    }
    // A real program keeps this folder: the agent's id, keys and everything undelivered live there.
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::open(&folder.path().join("agent"), SiteFile::default())?;
    agent.store().set_settings(&Settings {
        targets,
        ..Settings::default()
    })?;

    // Any thread may call `cancel.cancel()` to stop the pass.
    let cancel = Cancel::new();
    let summary = Pass::new(&mut agent, &Definitions::builtin())
        .with_receiver(&mut Inventory)
        .run(&cancel, &mut |event| {
            if let PassEvent::Discovery(DiscoveryEvent::Read { address, name, .. }) = event {
                println!("read {name} at {address}");
            }
        })?;
    println!(
        "{} audits stored, {} submissions wait for a Central",
        summary.audits, summary.waiting
    );
    Ok(())
}
