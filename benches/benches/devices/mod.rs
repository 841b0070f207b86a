//! Devices whose answers are decoded: simulated ones, and real devices' recordings where those are at hand.

use pagetally_fleet_sim::demo_fleet;
use pagetally_model::{AuditId, AuditTime, BootId, PassId, Text, Timestamp};
use pagetally_printer_mib::{Context, Definitions, ReadPlan, is_printer};
use pagetally_snmp_engine::{Answers, Plan, Recording, Value, VarBind};
use std::path::PathBuf;

/// As many variables as an audit of a large multi-function device needs.
const VARIABLES: usize = 400;

pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) answers: Answers,
}

/// What the read plan gets out of a device that holds `all`.
fn read(all: &Answers, definitions: &Definitions) -> Answers {
    let mut plan = ReadPlan::new(definitions);
    let mut answers = Answers::default();
    while let Some(query) = plan.next_query(&answers) {
        answers.merge(all.answer(&query));
    }
    answers
}

fn simulated(definitions: &Definitions) -> Vec<Device> {
    demo_fleet(7)
        .iter()
        .map(|device| Device {
            name: device.name().to_owned(),
            answers: read(&device.walk().into_iter().collect(), definitions),
        })
        .filter(|device| is_printer(&device.answers, definitions))
        .collect()
}

/// The simulated device with the most to say, with alerts added until it answers 400 variables.
fn large(devices: &[Device]) -> Device {
    let largest = devices.iter().max_by_key(|device| device.answers.len());
    let mut answers = largest.expect("a fleet").answers.clone();
    for row in 100.. {
        for (column, value) in [
            (2, Value::Integer(4)),
            (3, Value::Integer(3)),
            (4, Value::Integer(8)),
            (5, Value::Integer(2)),
            (7, Value::Integer(807)),
            (
                8,
                Value::OctetString(b"Tray 2: load A4 plain paper".to_vec()),
            ),
            (9, Value::TimeTicks(123_456)),
        ] {
            if answers.len() == VARIABLES {
                let name = format!("{VARIABLES} variables");
                return Device { name, answers };
            }
            let oid = format!("1.3.6.1.2.1.43.18.1.1.{column}.1.{row}");
            let oid = oid.parse().expect("a valid name");
            answers.insert(VarBind { oid, value });
        }
    }
    unreachable!("the loop ends with the device")
}

/// Real devices' recordings, which are not part of the project.
fn recorded(definitions: &Definitions) -> Vec<Device> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/printers");
    let folder = std::env::var_os("PAGETALLY_RECORDINGS").map_or(beside.into(), PathBuf::from);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no recordings at {}", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "snmprec")
        })
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let bytes = std::fs::read(path).expect("a readable recording");
            let recording = Recording::parse(&bytes).expect("a valid recording");
            Device {
                name: path
                    .file_stem()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
                answers: read(&recording.to_answers(), definitions),
            }
        })
        .collect()
}

pub(crate) fn context() -> Context {
    Context {
        id: AuditId::from_bytes([1; 16]),
        pass: PassId::from_bytes([2; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(0),
            boot: BootId::from_bytes([3; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        address: None,
        protocol: Text::from("recording"),
    }
}

/// The large one first, then the simulated ones, then the recordings.
pub(crate) fn devices(definitions: &Definitions) -> Vec<Device> {
    let simulated = simulated(definitions);
    let mut devices = vec![large(&simulated)];
    devices.extend(simulated);
    devices.extend(recorded(definitions));
    devices
}
