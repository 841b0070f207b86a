//! The reader against a device that is honest, lame, wrong or hostile, as the input says; alone, or where
//! honest devices were asked the same before.

use super::bytes::Bytes;
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::message::{Message, PduKind, Response};
use pagetally_snmp_engine::reader::{
    DeviceMemory, DeviceReader, Limits, Session, SharedQuery, Step,
};
use pagetally_snmp_engine::{
    Answers, Ask, Ending, NextQuery, Oid, Plan, Query, RequestIds, Value, VarBind, Version, deny,
};
use std::sync::Arc;
use std::time::Duration;

/// What is asked for: scalars and three columns of a table; of a device that is read alone also something
/// that is never asked for.
#[derive(Clone)]
struct Script(Vec<Arc<SharedQuery>>);

impl Plan for Script {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        Some(self.0.pop()?.query().clone())
    }

    fn next(&mut self, _so_far: &Answers) -> Option<NextQuery> {
        let query = self.0.pop()?;
        Some(NextQuery::Shared { query, kind: 0 })
    }

    fn may_step_to(&self, instance: &Oid) -> bool {
        instance.arcs().last() == Some(&1)
    }
}

const TABLE: [u32; 10] = [1, 3, 6, 1, 2, 1, 43, 11, 1, 1];

fn name(arcs: &[u32]) -> Oid {
    Oid::new(arcs).expect("short")
}

fn script(is_alone: bool) -> Script {
    let scalars = [
        &[1, 3, 6, 1, 2, 1, 1, 1, 0][..],
        &[1, 3, 6, 1, 2, 1, 1, 5, 0],
        &[1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 17, 1],
    ];
    let denied = deny::DENIED.first().map_or(&[][..], |denied| denied.root);
    let mut asks: Vec<Ask> = scalars.map(|arcs| Ask::Instance(name(arcs))).into();
    if is_alone {
        asks.push(Ask::Instance(name(denied).child(&[0])));
    }
    let columns = [6, 8, 9].map(|column| name(&TABLE).child(&[column]));
    let columns = Ask::Columns {
        columns: columns.to_vec(),
        max_rows: 12,
    };
    let query = |asks| Arc::new(SharedQuery::new(Query { asks }));
    Script(vec![query(vec![columns]), query(asks)])
}

/// What an honest device holds.
fn held() -> Answers {
    let cell = |column, row| VarBind {
        oid: name(&TABLE).child(&[column, 1, row]),
        value: Value::Integer(i64::from(row)),
    };
    let cells = [6, 7, 8, 9, 10].into_iter();
    let cells = cells.flat_map(|column| (1..=5).map(move |row| cell(column, row)));
    let scalar = |arc| VarBind {
        oid: name(&[1, 3, 6, 1, 2, 1, 1, arc, 0]),
        value: Value::OctetString(vec![b'x'; 20]),
    };
    cells.chain([1, 2, 5].map(scalar)).collect()
}

/// The reader ends within its limits, never steps back in time, keeps only what an answer told it
/// and nothing that is never asked for, and loses nothing of an honest device.
pub(super) fn check(data: &[u8]) {
    let mut bytes = Bytes(data);
    let how = bytes.octet();
    let version = match how & 1 {
        0 => Version::V2c,
        _ => Version::V1,
    };
    let is_alone = how & 2 == 0;
    let script = script(is_alone);
    if !is_alone {
        // The first one opens the way, the second one goes it to its end.
        for _ in 0..2 {
            read(&script, version, &mut Bytes(&[]));
        }
    }
    read(&script, version, &mut bytes);
}

fn read(script: &Script, version: Version, bytes: &mut Bytes<'_>) {
    let retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 1,
    };
    let session = Session::community(version, b"public", retry);
    let limits = Limits {
        requests: 200,
        ..Limits::default()
    };
    let ids = RequestIds::new([5; 16]);
    let memory = memory(bytes.octet());
    let plan = Box::new(script.clone());
    let mut reader = DeviceReader::new(session, limits, ids, plan).with_memory(memory);
    let device = held();
    let mut told = Answers::default();
    let (mut now, mut honest, mut resumes) = (Duration::ZERO, true, 0);
    for _ in 0..2_000 {
        match reader.poll(now) {
            Step::Send(datagram) => {
                let datagram = datagram.to_vec();
                let manner = if bytes.is_empty() { 0 } else { bytes.octet() };
                honest &= manner == 0;
                if manner == 1 {
                    reader.not_sent();
                }
                let answer = answer(&device, &datagram, manner, bytes);
                let Some(answer) = answer else { continue };
                note(&mut told, &answer);
                let _ = reader.handle_datagram(&answer);
                if manner == 2 {
                    assert!(reader.handle_datagram(&answer).is_err(), "a duplicate");
                }
            }
            Step::WaitUntil(time) => {
                assert!(time > now, "a wait for the past");
                now = time;
            }
            Step::Done(ending) => {
                if reader.can_resume() && resumes < 2 {
                    resumes += 1;
                    now += Duration::from_secs(9);
                    reader.resume(now);
                    continue;
                }
                let honest = honest.then_some(script);
                finish(reader, ending, &device, &told, honest);
                return;
            }
        }
    }
    panic!("the reader does not end");
}

/// `honest` is what an honest device was asked.
fn finish(
    reader: DeviceReader,
    ending: Ending,
    device: &Answers,
    told: &Answers,
    honest: Option<&Script>,
) {
    assert!(reader.stats().requests <= 200);
    let learned = reader.memory();
    assert!(learned.rows.len() <= DeviceMemory::MAX_ROWS);
    let (answers, _) = reader.into_result();
    for (oid, _) in answers.iter() {
        assert!(told.get(oid).is_some(), "{oid} was never answered");
        assert_eq!(deny::instance(oid), None, "{oid}");
    }
    if let Some(Script(queries)) = honest {
        let mut wanted = Answers::default();
        let queries = queries.iter().map(|query| query.query());
        queries.for_each(|query| wanted.merge(device.answer(query)));
        assert!(wanted.iter().eq(answers.iter()), "lost: {ending}");
        // What is never asked for is the only gap.
        let gaps = usize::from(
            answers
                .gaps()
                .iter()
                .any(|gap| deny::instance(&gap.oid).is_some()),
        );
        let whole = [Ending::Complete, Ending::Gaps];
        assert_eq!(answers.gaps().len(), gaps);
        assert_eq!(Some(&ending), whole.get(gaps));
    }
}

fn memory(octet: u8) -> DeviceMemory {
    let mut memory = DeviceMemory::default();
    memory.no_bulk = octet & 1 != 0;
    memory.fails_for_missing = octet & 2 != 0;
    memory.max_octets = (octet & 4 != 0).then_some(u16::from(octet));
    memory.max_names = (octet & 8 != 0).then_some(u16::from(octet >> 4));
    memory.round_trip_micros = (octet & 16 != 0).then_some(u32::MAX);
    memory
}

fn note(told: &mut Answers, datagram: &[u8]) {
    if let Ok(message) = Message::decode(datagram) {
        for varbind in message.varbinds.flatten() {
            told.insert(varbind.to_varbind());
        }
    }
}

/// What comes back for a request; nothing where it is lost.
fn answer(device: &Answers, request: &[u8], manner: u8, bytes: &mut Bytes<'_>) -> Option<Vec<u8>> {
    let message = Message::decode(request).expect("our own request");
    let mut varbinds = Vec::new();
    let mut status = (0, 0);
    match manner {
        1 | 3 => return None,
        4 => status = (i64::from(bytes.octet() % 20), i64::from(bytes.octet() % 8)),
        5 => varbinds = invented(bytes),
        6 => return Some(bytes.octets(200).to_vec()),
        _ => {
            let (honest, missing) = honest(device, &message);
            varbinds = honest;
            if missing > 0 {
                status = (2, missing);
                varbinds.clear();
            }
        }
    }
    match manner {
        7 => varbinds.truncate(usize::from(bytes.octet() % 16)),
        8 => varbinds.reverse(),
        9 => varbinds.extend(invented(bytes)),
        10 => varbinds = [varbinds.clone(), varbinds].concat(),
        _ => {}
    }
    let mut datagram = Response {
        version: message.version,
        community: message.community,
        id: message.request_id,
        error_status: status.0,
        error_index: status.1,
        varbinds: &varbinds,
    }
    .encode();
    if manner == 11 {
        let at = usize::from(bytes.octet()) * 7 % datagram.len();
        if let Some(place) = datagram.get_mut(at) {
            *place = bytes.octet();
        }
    }
    Some(datagram)
}

/// Variables of anybody's choice, in the neighbourhood of what was asked for.
fn invented(bytes: &mut Bytes<'_>) -> Vec<VarBind> {
    let count = bytes.octet() % 16;
    let one = |_| {
        let (kind, column, row) = (bytes.octet(), bytes.octet(), bytes.octet());
        let value = match kind % 4 {
            0 => Value::Integer(i64::from(kind)),
            1 => Value::EndOfMibView,
            2 => Value::Null,
            _ => Value::OctetString(bytes.octets(usize::from(row)).to_vec()),
        };
        let denied = deny::DENIED.get(usize::from(column));
        let oid = match denied {
            Some(denied) if kind >= 0xf0 => name(denied.root).child(&[u32::from(row)]),
            _ => name(&TABLE).child(&[u32::from(column), 1, u32::from(row)]),
        };
        VarBind { oid, value }
    };
    (0..count).map(one).collect()
}

/// What RFC 3416 says to answer, up to 1,400 octets; and over v1 the place of the name that is missing.
fn honest(device: &Answers, request: &Message<'_>) -> (Vec<VarBind>, i64) {
    let names = request
        .varbinds
        .clone()
        .map(|it| it.expect("ours").name.to_oid());
    let mut names: Vec<Oid> = names.collect();
    let get = |oid: &Oid| VarBind {
        oid: oid.clone(),
        value: device.get(oid).cloned().unwrap_or(Value::NoSuchInstance),
    };
    let next = |oid: &Oid| {
        let found = device.iter().find(|(name, _)| *name > oid);
        let (oid, value) = found.unwrap_or((oid, &Value::EndOfMibView));
        VarBind {
            oid: oid.clone(),
            value: value.clone(),
        }
    };
    let mut varbinds: Vec<VarBind> = match request.kind {
        PduKind::Get => names.iter().map(get).collect(),
        PduKind::GetNext => names.iter().map(next).collect(),
        _ => {
            let once = usize::try_from(request.error_status).expect("small");
            let mut repeated = names.split_off(once.min(names.len()));
            let mut all: Vec<VarBind> = names.iter().map(next).collect();
            for _ in 0..request.error_index {
                let row: Vec<VarBind> = repeated.iter().map(next).collect();
                repeated = row.iter().map(|varbind| varbind.oid.clone()).collect();
                all.extend(row);
            }
            all
        }
    };
    if request.version == Version::V1 {
        let mut places = (1..).zip(&varbinds);
        let missing = places.find(|(_, varbind)| varbind.value.is_exception());
        return (varbinds.clone(), missing.map_or(0, |(place, _)| place));
    }
    varbinds.truncate(40);
    (varbinds, 0)
}
