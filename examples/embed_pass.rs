//! One pass inside another program: `embed_pass 192.0.2.0/28 [PORT]`. The program takes the audits
//! itself through a [`Receiver`]; they are stored, sealed, all the same.

use anyhow::{Context as _, Result};
use pagetally_model::{DeviceAudit, PassReport};
use pagetally_onsite::{Agent, Cancel, Pass, Receiver, SiteFile};
use pagetally_printer_mib::Definitions;
use std::error::Error;

/// The other system: here it prints, elsewhere it fills a table of its own.
struct Inventory {
    rows: u64,
}

impl Receiver for Inventory {
    fn receive(
        &mut self,
        _report: &PassReport,
        audits: &[DeviceAudit],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        for audit in audits {
            let model = audit
                .identity
                .model
                .as_ref()
                .map_or("unknown model", |text| text.as_str());
            let total = audit.meters.iter().map(|meter| meter.value).max();
            println!(
                "{model}: highest meter {total:?}, {} supplies",
                audit.supplies.len()
            );
            self.rows += 1;
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let target = arguments
        .next()
        .context("usage: embed_pass TARGET [PORT]")?;
    let folder = tempfile::tempdir()?;

    // What Central would otherwise set; an agent that is not enrolled has its site's file alone.
    let site = SiteFile {
        extra_targets: vec![target],
        ..SiteFile::default()
    };
    let mut agent = Agent::open(folder.path(), site)?;
    if let Some(port) = arguments.next() {
        let mut settings = agent.settings()?;
        settings.port = port.parse().context("the port is a number")?;
        agent.store().set_settings(&settings)?;
    }

    let mut inventory = Inventory { rows: 0 };
    let summary = Pass::new(&mut agent, &Definitions::builtin())
        .with_receiver(&mut inventory)
        // A pass runs on this thread; `Cancel` stops it from another.
        .run(&Cancel::new(), &mut |_event| {})?;
    println!(
        "{} rows taken, {} submissions wait",
        inventory.rows, summary.waiting
    );
    Ok(())
}
