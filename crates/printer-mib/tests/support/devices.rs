//! Devices that answer over the wire, and what reading one costs.

#![allow(dead_code, reason = "each test binary uses its own part")]

use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::reader::{DeviceReader, Limits, Session, Step};
use pagetally_snmp_engine::{
    Answers, Ending, Oid, Plan, Recording, RequestIds, Value, VarBind, Version,
};
use std::sync::Arc;
use std::time::Duration;

/// What one read brought and cost.
pub(crate) struct Read {
    pub(crate) answers: Answers,
    pub(crate) ending: Ending,
    pub(crate) requests: u32,
    /// Octets of all answers.
    pub(crate) octets: usize,
}

pub(crate) fn session() -> Session {
    let retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 1,
    };
    Session::community(Version::V2c, b"public", retry)
}

pub(crate) fn reader(plan: Box<dyn Plan>) -> DeviceReader {
    DeviceReader::new(session(), Limits::default(), RequestIds::new([7; 16]), plan)
}

/// Drives a reader against a device; silence is waited out in virtual time.
pub(crate) fn drive(device: &mut SimDevice, mut reader: DeviceReader) -> (Read, DeviceReader) {
    let mut now = Duration::ZERO;
    let mut octets = 0;
    loop {
        match reader.poll(now) {
            Step::Send(bytes) => {
                let answer = device.answer(bytes);
                if std::env::var_os("PAGETALLY_TRACE").is_some() {
                    trace(bytes, answer.as_deref());
                }
                if let Some(answer) = answer {
                    octets += answer.len();
                    now += Duration::from_millis(5);
                    reader.handle_datagram(&answer).expect("the right answer");
                }
            }
            Step::WaitUntil(time) => now = time,
            Step::Done(ending) => {
                let read = Read {
                    answers: reader.answers().clone(),
                    ending,
                    requests: reader.stats().requests,
                    octets,
                };
                return (read, reader);
            }
        }
    }
}

/// Says what went over the wire.
fn trace(request: &[u8], answer: Option<&[u8]>) {
    use pagetally_snmp_engine::message::Message;
    let asked = Message::decode(request).expect("ours");
    eprintln!(
        "-> {:?} {}/{} {} octets",
        asked.kind,
        asked.error_status,
        asked.error_index,
        request.len()
    );
    for name in asked.varbinds.flatten() {
        eprintln!("     {}", name.name);
    }
    if let Some(answer) = answer {
        let told = Message::decode(answer).expect("theirs");
        eprintln!(
            "<- {} octets, {} variables",
            answer.len(),
            told.varbinds.clone().count()
        );
        for one in told.varbinds.flatten() {
            eprintln!("       {} {}", one.name, one.wire_len);
        }
    }
}

/// What a device with all these values gives a patient client.
pub(crate) fn patient(device: &SimDevice, mut plan: impl Plan) -> Answers {
    let all: Answers = device.walk().into_iter().collect();
    let mut answers = Answers::default();
    while let Some(query) = plan.next_query(&answers) {
        answers.merge(all.answer(&query));
    }
    answers
}

/// What a sweep's probe brings: the names just behind sysDescr, sysObjectID, hrDeviceType and
/// prtGeneralEntry.
pub(crate) fn probe_answer(device: &SimDevice) -> Vec<VarBind> {
    let all = device.walk();
    let names: [&[u32]; 4] = [
        &[1, 3, 6, 1, 2, 1, 1, 1],
        &[1, 3, 6, 1, 2, 1, 1, 2],
        &[1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 2],
        &[1, 3, 6, 1, 2, 1, 43, 5, 1, 1],
    ];
    names
        .iter()
        .filter_map(|name| all.iter().find(|one| one.oid.arcs() > *name))
        .cloned()
        .collect()
}

/// The colour MFP of the load: the simulated AltaLink, filled up to 474 variables with rows of a
/// table that no audit asks for.
pub(crate) fn colour_mfp() -> SimDevice {
    let mut fleet = demo_fleet(1).into_iter();
    let model = fleet.find(|device| device.name().contains("AltaLink C8045"));
    let mut varbinds = model.expect("the model is there").walk();
    for row in 1.. {
        if varbinds.len() >= 474 {
            break;
        }
        let entry = "1.3.6.1.2.1.25.2.3.1.5".parse::<Oid>().expect("valid");
        varbinds.push(VarBind {
            oid: entry.child(&[row]),
            value: Value::Integer(i64::from(row) * 4_096),
        });
    }
    varbinds.sort_by(|a, b| a.oid.cmp(&b.oid));
    let recording: Recording = varbinds.into_iter().collect();
    SimDevice::from_recording("colour MFP", Arc::new(recording))
}
