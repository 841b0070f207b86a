//! What a device did before the simulation began.

use super::office;
use super::spec::Spec;
use super::state::{Activity, Forgotten, State};
use super::tally::{Color, Origin, Size, Tally, Work};
use crate::rng::Chance;
use std::time::Duration;

/// A past: some months or years of work, drawn from chance.
pub(super) fn draw(spec: &Spec, chance: &mut Chance) -> State {
    let tally = counted(spec, chance);
    let supplies = office::fitted(spec, chance);
    let uptime = Duration::from_secs(chance.between(3_600, 40 * 86_400));
    State {
        now: Duration::ZERO,
        uptime,
        tally,
        supplies,
        sheets: spec
            .trays
            .iter()
            .map(|tray| match tray.kind {
                5 => 0,
                _ => tray.capacity * u32::try_from(chance.between(20, 100)).unwrap_or(100) / 100,
            })
            .collect(),
        alerts: Vec::new(),
        alerts_seen: 0,
        critical_seen: 0,
        activity: Activity::Idle,
        asleep: false,
        last_busy: uptime,
        history: Vec::new(),
        chance: Chance::new(chance.next()),
        forgotten: Forgotten::default(),
        is_renamed: false,
    }
}

/// Counters that close: every sum is the sum of its parts.
fn counted(spec: &Spec, chance: &mut Chance) -> Tally {
    let mut tally = Tally::default();
    let sides =
        chance.between(4_000, 60_000) + u64::from(spec.jobs_a_day) * chance.between(0, 3_000);
    let colored = if spec.color {
        chance.between(150, 600)
    } else {
        0
    };
    let copied = if spec.copier {
        chance.between(80, 350)
    } else {
        0
    };
    let faxed = if spec.fax { chance.between(5, 60) } else { 0 };
    let works = [
        (Work::Copy, sides * copied / 1_000),
        (Work::Fax, sides * faxed / 1_000),
        (Work::Report, chance.between(3, 90)),
    ];
    let rest = works.iter().map(|(_, made)| made).sum::<u64>();
    let print = [(Work::Print, sides.saturating_sub(rest))];
    for (work, made) in works.into_iter().chain(print) {
        let in_color = match work {
            Work::Print | Work::Copy => made * colored / 1_000,
            Work::Fax | Work::Report => 0,
        };
        for (color, made) in [(Color::Color, in_color), (Color::Mono, made - in_color)] {
            let paired = match work {
                Work::Print | Work::Copy if spec.duplex => made * chance.between(100, 500) / 1_000,
                _ => 0,
            };
            for (made, duplex) in [(paired, true), (made - paired, false)] {
                let large = match work {
                    Work::Print | Work::Copy if spec.large => {
                        made * chance.between(20, 120) / 1_000
                    }
                    _ => 0,
                };
                tally.add_sides(work, color, Size::Large, large, duplex);
                tally.add_sides(work, color, Size::Small, made - large, duplex);
            }
            if work == Work::Copy {
                tally.add_scans(Origin::Copy, color, made);
            }
        }
    }
    if spec.copier {
        tally.add_scans(Origin::Send, Color::Mono, chance.between(100, sides / 4));
        tally.add_scans(Origin::Send, Color::Color, chance.between(50, sides / 8));
    }
    if spec.fax {
        tally.add_scans(Origin::Fax, Color::Mono, chance.between(0, sides / 50));
    }
    for _ in 0..chance.below(sides / 2_000 + 2) {
        tally.add_jam();
    }
    tally.add_unbilled(sides * spec.unbilled_per_mille / 1_000);
    tally.power_on();
    tally
}
