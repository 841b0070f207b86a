//! A year of a dealer's fleet, without a network: how long it takes, and what it brings.
//!
//! ```text
//! cargo run --release -p pagetally-fleet-sim --example virtual_year -- 1000
//! ```

#![expect(
    clippy::disallowed_methods,
    reason = "the simulation reads no clock; what it costs is measured by one"
)]

use pagetally_fleet_sim::models::Quantity;
use pagetally_fleet_sim::{Happening, SimDevice, fleet_of};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

fn main() {
    let count = std::env::args()
        .nth(1)
        .map_or(Ok(1_000), |text| text.parse());
    let count: u32 = count.expect("a number of devices");
    let begun = Instant::now();
    let mut fleet = fleet_of(count, 7);
    println!(
        "{count} devices made in {:.2} s",
        begun.elapsed().as_secs_f64()
    );
    let sides = |device: &SimDevice| {
        let model = device.model();
        model.map_or(0, |model| model.state().tally.count(Quantity::TOTAL))
    };
    let begun = Instant::now();
    for quarter in 1..=4 {
        let mut made = 0;
        for device in &mut fleet {
            let before = sides(device);
            device.advance(13 * WEEK);
            // A device that was swapped has another past.
            made += sides(device).saturating_sub(before);
        }
        println!("quarter {quarter}: {made} sides");
    }
    println!("a year in {:.2} s", begun.elapsed().as_secs_f64());
    let mut happened: BTreeMap<&str, u64> = BTreeMap::new();
    for one in fleet.iter().flat_map(|device| device.history()) {
        let word = match one.what {
            Happening::SupplyReplaced(_) => "supplies replaced",
            Happening::Restarted => "restarts",
            Happening::FirmwareUpdated => "firmware updates",
            Happening::BoardReplaced => "boards replaced",
            Happening::Swapped => "devices swapped",
            _ => "other",
        };
        *happened.entry(word).or_default() += 1;
    }
    for (what, count) in happened {
        println!("{count:>8} {what}");
    }
}
