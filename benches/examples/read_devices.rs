//! Reads devices again and again without sockets, for a profiler to count what a read takes:
//!
//! ```text
//! cargo build --release -p pagetally-benches --example read_devices
//! valgrind --tool=callgrind target/release/examples/read_devices 150
//! valgrind --tool=callgrind target/release/examples/read_devices 50
//! ```
//!
//! The difference of the two, by 100, is one read. The device is the colour MFP that `harness load`
//! plays, found by a probe; a second argument `fleet` takes every model of the demonstration in
//! turn, and `list` prints what each is asked and answers as one number, to be held against that
//! of another build.

use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_printer_mib::{Definitions, ReadPlan};
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::message::{Message, Request, RequestKind};
use pagetally_snmp_engine::reader::{DeviceReader, Limits, Session, Step};
use pagetally_snmp_engine::{Answers, Oid, RequestIds, VarBind, Version};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::hint::black_box;
use std::time::Duration;

/// The model that `harness load` plays.
const MODEL: &str = "AltaLink C8045";

/// What a sweep's first probe steps from.
const PROBE: [&str; 4] = [
    "1.3.6.1.2.1.1.1",
    "1.3.6.1.2.1.1.2",
    "1.3.6.1.2.1.25.3.2.1.2",
    "1.3.6.1.2.1.43.5.1.1",
];

/// A device's answers, in the order in which they are asked for.
struct Learnt {
    name: String,
    probe: Vec<u8>,
    answers: Vec<Vec<u8>>,
    asked: u64,
}

fn reader(definitions: &Definitions, probe: &[u8]) -> DeviceReader {
    let retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 1,
    };
    let session = Session::community(Version::V2c, b"public", retry);
    let plan = Box::new(ReadPlan::new(definitions));
    let message = Message::decode(probe).expect("an answer to the probe");
    let known: Result<Vec<VarBind>, _> = message
        .varbinds
        .map(|one| one.map(|one| one.to_varbind()))
        .collect();
    DeviceReader::new(session, Limits::default(), RequestIds::new([3; 16]), plan)
        .with_known(known.expect("variables"))
}

fn learn(definitions: &Definitions, mut device: SimDevice) -> Option<Learnt> {
    let names: Vec<Oid> = PROBE.iter().filter_map(|name| name.parse().ok()).collect();
    let probe = Request {
        version: Version::V2c,
        community: b"public",
        kind: RequestKind::GetNext,
        id: 1 << 24,
        names: &names,
    }
    .encode();
    let probe = device.answer(&probe)?;
    let mut reader = reader(definitions, &probe);
    let mut answers = Vec::new();
    let mut asked = DefaultHasher::new();
    let mut now = Duration::ZERO;
    loop {
        match reader.poll(now) {
            Step::Send(request) => {
                request.hash(&mut asked);
                let Some(answer) = device.answer(request) else {
                    continue;
                };
                reader.handle_datagram(&answer).expect("the right answer");
                answers.push(answer);
            }
            Step::WaitUntil(time) => now = time,
            Step::Done(ending) => {
                format!("{ending:?} {:?}", reader.stats()).hash(&mut asked);
                break;
            }
        }
    }
    format!("{:?} {:?}", reader.memory(), reader.answers().gaps()).hash(&mut asked);
    for (oid, value) in reader.answers().iter() {
        (oid, value).hash(&mut asked);
    }
    Some(Learnt {
        name: device.name().to_owned(),
        probe,
        answers,
        asked: asked.finish(),
    })
}

/// Reads the device that gave these answers; where a request was lost, it is lost again.
fn read(definitions: &Definitions, learnt: &Learnt) -> Answers {
    let mut reader = reader(definitions, &learnt.probe);
    for answer in &learnt.answers {
        let mut now = Duration::ZERO;
        loop {
            while let Step::WaitUntil(time) = reader.poll(now) {
                now = time;
            }
            if reader.handle_datagram(answer).is_ok() {
                break;
            }
        }
    }
    let _ = reader.poll(Duration::ZERO);
    black_box(reader.memory());
    reader.into_result().0
}

fn main() {
    let mut args = std::env::args().skip(1);
    let count = args.next().and_then(|count| count.parse().ok());
    let count: usize = count.unwrap_or(100);
    let what = args.next().unwrap_or_default();
    let definitions = Definitions::builtin();
    let fleet = demo_fleet(1).into_iter();
    let fleet = fleet.filter(|device| !what.is_empty() || device.name().contains(MODEL));
    let learnt: Vec<Learnt> = fleet.filter_map(|one| learn(&definitions, one)).collect();
    if what == "list" {
        for one in &learnt {
            let values = read(&definitions, one).len();
            let requests = one.answers.len();
            println!("{}: {requests} {values} {:016x}", one.name, one.asked);
        }
        return;
    }
    let mut values = 0;
    for one in learnt.iter().cycle().take(count) {
        values += read(&definitions, one).len();
    }
    println!("{count} reads, {values} values");
}
