//! Runs every command of `docs/add-a-printer.md`, in order, against a device on loopback, and looks
//! for every line that the page shows.

mod common;

use common::onsite;
use pagetally_fleet_sim::SimDevice;
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_onsite::Recording;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

/// The device of the page, when its status page says 6466 and 1200.
const ACME: &str = include_str!("acme-9.lines");

fn device(lines: &str) -> SimDevice {
    let recording = Recording::parse(lines.as_bytes()).expect("valid");
    SimDevice::from_recording("acme-9", Arc::new(recording))
}

/// A block of the page: its language and its lines.
struct Block<'p> {
    language: &'p str,
    lines: Vec<&'p str>,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(language), false) => {
                inside = true;
                let lines = Vec::new();
                blocks.push(Block { language, lines });
            }
            (Some(_), true) => inside = false,
            (None, true) => blocks.last_mut().expect("a block").lines.push(line),
            (None, false) => {}
        }
    }
    blocks
}

#[test]
fn every_command_of_the_page_works_and_says_what_the_page_shows() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/add-a-printer.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let later = ACME
        .replace("|65|6466\n", "|65|6512\n")
        .replace("|65|6470\n", "|65|6516\n")
        .replace("|65|1200\n", "|65|1230\n");
    assert_ne!(later, ACME);
    let fleet = Fleet::start(FleetConfig {
        base: Ipv4Addr::new(127, 95, 1, 1),
        ..FleetConfig::new(vec![device(ACME), device(&later)])
    })
    .expect("a fleet");
    let folder = tempfile::tempdir().expect("a folder");
    let mut said = String::new();
    let mut commands = 0;
    for block in blocks(&page) {
        match block.language {
            "sh" => {
                said.clear();
                for line in block.lines {
                    said.push_str(&run(line, &fleet, folder.path()));
                    commands += 1;
                }
            }
            "text" => {
                let lines: Vec<&str> = said.lines().map(str::trim_end).collect();
                for shown in block.lines {
                    assert!(
                        lines.contains(&shown.trim_end()),
                        "no line {shown:?} in:\n{said}"
                    );
                }
            }
            other => panic!("a block of {other:?} that nobody checks"),
        }
    }
    assert!(commands >= 7, "{commands}");
}

/// Runs one command line of the page, with the test's device in the place of the page's.
fn run(line: &str, fleet: &Fleet, folder: &Path) -> String {
    let mut words = line.split_whitespace();
    assert_eq!(words.next(), Some("onsite"), "{line}");
    let is_later = line.contains("192.0.2.7 -o acme-9-later");
    let address = fleet.address(usize::from(is_later));
    let mut args: Vec<String> = words
        .map(|word| word.replace("192.0.2.7", &address.ip().to_string()))
        .collect();
    if line.contains("192.0.2.7") {
        args.extend(["--port".to_owned(), address.port().to_string()]);
    }
    let output = onsite()
        .args(&args)
        .current_dir(folder)
        .output()
        .expect("it starts");
    let said = common::said(output).ends_with(0);
    said.out
}
