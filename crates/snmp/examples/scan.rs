//! Finds printers at the addresses on the command line and prints what each says of itself.
//!
//! ```text
//! cargo run -p pagetally-snmp --example scan -- 192.0.2.10 192.0.2.11 [2001:db8::7]:1161
//! ```

use anyhow::Context as _;
use pagetally_snmp::{Cancel, ScanConfig, ScanEvent, scan};
use pagetally_snmp_engine::{Answers, Ask, Oid, Plan, Query};
use std::net::{IpAddr, SocketAddr};

/// Asks once: system group, and the names and levels of the supplies.
struct Glance {
    asked: bool,
}

impl Plan for Glance {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        if std::mem::replace(&mut self.asked, true) {
            return None;
        }
        let oid = |text: &str| text.parse::<Oid>().ok();
        let instances = ["1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0"];
        let columns = ["1.3.6.1.2.1.43.11.1.1.6", "1.3.6.1.2.1.43.11.1.1.9"];
        let mut asks: Vec<Ask> = instances
            .into_iter()
            .filter_map(oid)
            .map(Ask::Instance)
            .collect();
        asks.push(Ask::Columns {
            columns: columns.into_iter().filter_map(oid).collect(),
            max_rows: 64,
        });
        Some(Query { asks })
    }
}

fn main() -> anyhow::Result<()> {
    let targets = std::env::args()
        .skip(1)
        .map(|text| {
            let with_port = text.parse::<SocketAddr>();
            let alone = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 161));
            with_port
                .or(alone)
                .with_context(|| format!("{text:?} is no address"))
        })
        .collect::<anyhow::Result<Vec<SocketAddr>>>()?;
    let config = ScanConfig::default();
    let stats = scan(
        targets,
        &config,
        &mut |_| Box::new(Glance { asked: false }),
        &Cancel::new(),
        &mut |event| match event {
            ScanEvent::Read {
                address,
                version,
                answers,
                ending,
                ..
            } => {
                println!("{address} ({version}): {ending}");
                for (name, value) in answers.iter() {
                    println!("  {name} = {value:?}");
                }
            }
            ScanEvent::Progress { .. } | ScanEvent::Touched { .. } | ScanEvent::Found { .. } => {}
            other => println!("{other:?}"),
        },
    )?;
    println!("{stats:?}");
    Ok(())
}
