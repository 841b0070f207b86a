//! Every recording, read by the agent's own plan from a device with every fault that printers have, in
//! virtual time: no value is wrong, and none is lost that the device would have given to a patient
//! client that asks for one variable at a time. Seeds are printed with what fails.

#[path = "../../../snmp-engine/tests/agent/mod.rs"]
mod agent;
mod asked;
mod elsewhere;
mod patient;
mod weather;

use agent::{Agent, Bulk};
use pagetally_fleet_sim::Chance;
use pagetally_printer_mib::{Definitions, ReadPlan};
use pagetally_snmp_engine::message::status;
use pagetally_snmp_engine::{Answers, Oid, Recording, Value, Version};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use weather::Weather;

/// The folder of recordings; nothing where there is none, which is said aloud.
fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/printers");
    let folder = std::env::var_os("PAGETALLY_RECORDINGS").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let told = format!(
        "SKIPPED: no recordings in {}; set PAGETALLY_RECORDINGS\n",
        folder.display()
    );
    // Written directly: libtest keeps what passing tests print to itself.
    let _ = std::io::stderr().write_all(told.as_bytes());
    let required = std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "{told}");
    None
}

/// Every recording, by name.
fn recordings() -> Vec<(String, Recording)> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(folder).expect("a readable folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_recording = |path: &PathBuf| path.extension().is_some_and(|end| end == "snmprec");
    let mut all: Vec<(String, Recording)> = paths
        .filter(is_recording)
        .map(|path| {
            let bytes = std::fs::read(&path).expect("readable");
            let name = path.file_stem().expect("a name").to_string_lossy();
            let recording = Recording::parse(&bytes).expect("a recording");
            (name.into_owned(), recording)
        })
        .collect();
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert!(!all.is_empty(), "no recordings");
    all
}

/// Gives a device its fault. What it draws, it draws from the seed; `asked` is what the plan gets of the
/// device without any fault.
type Spoil = fn(&mut Agent, &Answers, &mut Chance);

/// A fault of the device, and of the way to it.
struct Fault {
    name: &'static str,
    version: Version,
    spoil: Spoil,
    weather: Weather,
    /// Whether a sweep's probe has told who it is, so that it is asked by GETBULK from the first request
    /// on.
    probed: bool,
}

fn fault(name: &'static str, spoil: Spoil) -> Fault {
    Fault {
        name,
        version: Version::V2c,
        spoil,
        weather: Weather::FAIR,
        probed: false,
    }
}

/// One of the names that are asked for.
fn any_name(asked: &Answers, chance: &mut Chance) -> Oid {
    let count = u64::try_from(asked.len()).expect("small").max(1);
    let place = usize::try_from(chance.below(count)).expect("small");
    let (name, _) = asked.iter().nth(place).expect("it answers something");
    name.clone()
}

/// The column of a cell of the Printer MIB: its tables are all at the same depth, ten arcs of an entry,
/// then column and row.
fn column(name: &Oid) -> &[u32] {
    &name.arcs()[..11]
}

fn row(name: &Oid) -> &[u32] {
    &name.arcs()[11..]
}

/// One more cell of the Printer MIB that GETBULK may leave out: another column still shows its row, and
/// its own column another row, or nothing would show that there is one.
fn any_cell(asked: &Answers, left_out: &BTreeSet<Oid>, chance: &mut Chance) -> Option<Oid> {
    let printer_mib = agent::oid("1.3.6.1.2.1.43");
    let shown = || asked.below(&printer_mib).map(|(_, name, _)| name);
    let shown = || shown().filter(|name| name.arcs().len() > 11 && !left_out.contains(*name));
    let fits = |name: &&Oid| {
        let same_table = |other: &&Oid| other.arcs()[..10] == name.arcs()[..10];
        let others = || shown().filter(same_table);
        others().any(|other| column(other) != column(name) && row(other) == row(name))
            && others().any(|other| column(other) == column(name) && other != *name)
    };
    let fitting: Vec<&Oid> = shown().filter(fits).collect();
    let count = u64::try_from(fitting.len()).expect("small");
    let place = (count > 0).then(|| chance.below(count))?;
    Some((*fitting.get(usize::try_from(place).expect("small"))?).clone())
}

/// Columns that every printer must have (RFC 3805) and an audit needs: serial number, unit and count of the
/// markers; type, description, capacity and level of the supplies.
const NEEDED: [&str; 7] = [
    "1.3.6.1.2.1.43.5.1.1.17",
    "1.3.6.1.2.1.43.10.2.1.3",
    "1.3.6.1.2.1.43.10.2.1.4",
    "1.3.6.1.2.1.43.11.1.1.5",
    "1.3.6.1.2.1.43.11.1.1.6",
    "1.3.6.1.2.1.43.11.1.1.8",
    "1.3.6.1.2.1.43.11.1.1.9",
];

/// GETBULK leaves these columns out as a whole.
fn leave_out<'a>(agent: &mut Agent, columns: impl IntoIterator<Item = &'a str>) {
    for column in columns.into_iter().map(agent::oid) {
        let cells = agent.values.keys();
        let cells = cells.filter(|name| name.starts_with(&column));
        agent.left_out.extend(cells.cloned());
    }
}

fn faults() -> Vec<Fault> {
    let none: Spoil = |_, _, _| {};
    let sick_to_get: Spoil = |agent, asked, chance| {
        for _ in 0..3 {
            let name = any_name(asked, chance);
            agent.sick_to_get.insert(name, status::GEN_ERR);
        }
    };
    let v1 = |name, spoil| Fault {
        version: Version::V1,
        ..fault(name, spoil)
    };
    let probed = |name, spoil| Fault {
        probed: true,
        ..fault(name, spoil)
    };
    let under = |name, weather| Fault {
        weather,
        ..fault(name, none)
    };
    vec![
        fault("none", none),
        fault("tooBig over 484 octets", |agent, _, _| {
            agent.max_octets = 484;
        }),
        fault("tooBig instead of a shorter GETBULK", |agent, _, _| {
            agent.max_octets = 600;
            agent.bulk = Bulk::TooBig;
        }),
        fault("silence instead of a large answer", |agent, _, _| {
            agent.max_octets = 600;
            agent.silent_when_too_big = true;
            agent.bulk = Bulk::SilentOver(600);
        }),
        fault("genErr to GETBULK", |agent, _, _| agent.bulk = Bulk::Fails),
        fault("genErr for some objects", |agent, asked, chance| {
            for _ in 0..3 {
                let name = any_name(asked, chance);
                agent.sick.insert(name, status::GEN_ERR);
            }
        }),
        fault(
            "genErr to the GET of objects that GETNEXT brings",
            sick_to_get,
        ),
        v1(
            "genErr to the GET of objects that GETNEXT brings, over v1",
            sick_to_get,
        ),
        fault(
            "genErr to the GETNEXT of objects that GET brings",
            |agent, asked, chance| {
                for _ in 0..3 {
                    let name = any_name(asked, chance);
                    agent.sick_to_next.insert(name, status::GEN_ERR);
                }
            },
        ),
        fault(
            "GETBULK leaves one row out of one column",
            |agent, asked, chance| {
                agent
                    .left_out
                    .extend(any_cell(asked, &BTreeSet::new(), chance));
            },
        ),
        fault(
            "GETBULK leaves rows out here and there",
            |agent, asked, chance| {
                for _ in 0..4 {
                    let cell = any_cell(asked, &agent.left_out, chance);
                    agent.left_out.extend(cell);
                }
            },
        ),
        probed("GETBULK leaves a whole column out", |agent, _, chance| {
            let place = usize::try_from(chance.below(7)).expect("small");
            leave_out(agent, [NEEDED[place]]);
        }),
        probed("GETBULK leaves whole columns out", |agent, _, _| {
            leave_out(agent, NEEDED);
        }),
        v1("noSuchName on a mixed GET", none),
        v1("genErr over v1", |agent, asked, chance| {
            let name = any_name(asked, chance);
            agent.sick.insert(name, status::GEN_ERR);
        }),
        fault("noSuchName over v2c", |agent, _, _| agent.v1_manners = true),
        fault("no answer to GETBULK", |agent, _, _| {
            agent.bulk = Bulk::Silent;
        }),
        fault("nothing in a GETBULK", |agent, _, _| {
            agent.bulk = Bulk::Empty;
        }),
        fault("more in a GETBULK than was asked for", |agent, _, _| {
            agent.bulk = Bulk::TooMuch;
        }),
        fault("GETBULK repeats its first row", |agent, _, _| {
            agent.bulk = Bulk::Repeats;
        }),
        fault("GETBULK goes back to its first row", |agent, _, _| {
            agent.bulk = Bulk::Backwards;
        }),
        fault("columns out of step", |agent, _, chance| {
            let place = usize::try_from(chance.below(40)).expect("small");
            agent.bulk = Bulk::OutOfStep(place);
        }),
        fault("a name that repeats for ever", |agent, asked, chance| {
            agent.stuck = Some(any_name(asked, chance));
        }),
        v1(
            "a name that repeats for ever, over v1",
            |agent, asked, chance| {
                agent.stuck = Some(any_name(asked, chance));
            },
        ),
        fault("an endless table", |agent, _, _| {
            let column = agent::oid("1.3.6.1.2.1.43.18.1.1.8");
            agent.values.retain(|name, _| !name.starts_with(&column));
            agent.endless = Some(column);
        }),
        under("one datagram in twenty lost", Weather::LOSSY),
        under("a slow card", Weather::SLOW),
        under("one request at a time", Weather::ONE_AT_A_TIME),
    ]
}

/// The device of a recording; v1 has no Counter64 (RFC 3584 section 4.2.2.1).
fn device(recording: &Recording, version: Version) -> Agent {
    let held = recording.varbinds().iter();
    let held =
        held.filter(|held| version == Version::V2c || !matches!(held.value, Value::Counter64(_)));
    let mut agent = Agent::new(held.map(|held| (held.oid.clone(), held.value.clone())));
    agent.speaks = vec![version];
    agent
}

/// What is wrong or lost.
fn differences(truth: &Answers, got: &Answers, agent: &Agent) -> Vec<String> {
    let lost = truth.iter().filter(|(name, _)| got.get(name).is_none());
    let lost = lost.map(|(name, _)| format!("lost {name}"));
    let invented = |name: &Oid| {
        agent
            .endless
            .as_ref()
            .is_some_and(|it| name.starts_with(it))
    };
    let wrong = got
        .iter()
        .filter(|(name, value)| !invented(name) && agent.values.get(*name) != Some(*value));
    lost.chain(wrong.map(|(name, value)| format!("{name} is not {value:?}")))
        .collect()
}

#[test]
fn no_fault_makes_a_value_wrong_or_loses_one_that_a_patient_client_would_have() {
    let definitions = Definitions::builtin();
    let plan = || Box::new(ReadPlan::new(&definitions));
    let closed_list = pagetally_printer_mib::closed_list(&definitions);
    let mut told = Vec::new();
    for (seed, (name, recording)) in (1_u64..).zip(recordings()) {
        let mut honest = device(&recording, Version::V2c);
        let asked = patient::read(&mut honest, Version::V2c, &mut *plan());
        if asked.is_empty() {
            continue; // It holds nothing that a plan asks for.
        }
        for (place, fault) in (0_u64..).zip(faults()) {
            let mut chance = Chance::fork(seed, place);
            let mut agent = device(&recording, fault.version);
            (fault.spoil)(&mut agent, &asked, &mut chance);
            let truth = patient::read(&mut agent, fault.version, &mut *plan());
            let known = match fault.probed {
                true => patient::probe(&mut agent, fault.version),
                false => Vec::new(),
            };
            let got = weather::read(
                &mut agent,
                fault.version,
                known,
                plan(),
                fault.weather,
                &mut chance,
            );
            for one in asked::outside(&agent.asked, &closed_list) {
                told.push(format!("{name}, {}: {one} was asked for", fault.name));
            }
            for one in differences(&truth, &got, &agent) {
                told.push(format!(
                    "{name}, {}, seed {seed}/{place}: {one}",
                    fault.name
                ));
            }
        }
    }
    assert!(
        told.is_empty(),
        "{} faults:\n{}",
        told.len(),
        told.join("\n")
    );
}
