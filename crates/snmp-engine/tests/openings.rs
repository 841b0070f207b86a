//! What is worked out of a query once for many devices changes nothing of what each is asked, and what
//! is worked out of one device's answers nothing of what is read of the others.

mod agent;

use agent::{Agent, Bulk, oid, text};
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::reader::{DeviceReader, Limits, Session, SharedQuery, Step};
use pagetally_snmp_engine::{
    Answers, Ask, Ending, NextQuery, Oid, Plan, Query, RequestIds, Value, VarBind, Version,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Asks the same of every device, as its own query or as one that is shared.
struct Same {
    query: Arc<SharedQuery>,
    is_shared: bool,
    is_asked: bool,
    rows: u32,
}

impl Plan for Same {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        let is_new = !std::mem::replace(&mut self.is_asked, true);
        is_new.then(|| self.query.query().clone())
    }

    fn next(&mut self, so_far: &Answers) -> Option<NextQuery> {
        let own = self.next_query(so_far)?;
        Some(if self.is_shared {
            let query = Arc::clone(&self.query);
            let kind = u64::from(self.rows);
            NextQuery::Shared { query, kind }
        } else {
            NextQuery::Own(own)
        })
    }

    fn expected_rows(&self, _column: &Oid) -> Option<u32> {
        Some(self.rows)
    }

    fn may_step_to(&self, _instance: &Oid) -> bool {
        true
    }
}

fn query() -> Query {
    let columns = |table: &str| Ask::Columns {
        columns: (1..=9)
            .map(|column| oid(&format!("{table}.{column}")))
            .collect(),
        max_rows: 64,
    };
    let asks = vec![
        Ask::Instance(oid("1.3.6.1.2.1.1.1.0")),
        Ask::Instance(oid("1.3.6.1.2.1.1.5.0")),
        columns("1.3.6.1.2.1.43.11.1.1"),
        columns("1.3.6.1.2.1.43.8.2.1"),
        // It must not be asked for.
        Ask::Instance(oid("1.3.6.1.4.1.1347.47.1.0")),
    ];
    Query { asks }
}

fn device(rows: u32) -> Agent {
    let mut values = vec![
        (oid("1.3.6.1.2.1.1.1.0"), text("a device")),
        (oid("1.3.6.1.2.1.1.5.0"), text("its name")),
    ];
    for table in ["1.3.6.1.2.1.43.11.1.1", "1.3.6.1.2.1.43.8.2.1"] {
        for column in 1..=9 {
            let cell = |row| oid(&format!("{table}.{column}.1.{row}"));
            values.extend((1..=rows).map(|row| (cell(row), Value::Integer(i64::from(row)))));
        }
    }
    Agent::new(values)
}

/// Every datagram that is sent, and what was read.
fn read(
    plan: Same,
    community: &[u8],
    rows: u32,
    known: Option<VarBind>,
) -> (Vec<Vec<u8>>, Answers) {
    let retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 1,
    };
    let session = Session::community(Version::V2c, community, retry);
    let ids = RequestIds::new([u8::try_from(rows).expect("few"); 16]);
    let mut agent = device(rows);
    agent.community = community.to_vec();
    let mut reader = DeviceReader::new(session, Limits::default(), ids, Box::new(plan));
    reader = reader.with_known(known);
    let mut sent = Vec::new();
    while let Step::Send(request) = reader.poll(Duration::ZERO) {
        sent.push(request.to_vec());
        let answer = agent.answer(request).expect("an answer");
        reader.handle_datagram(&answer).expect("the right answer");
    }
    (sent, reader.into_result().0)
}

#[test]
fn devices_that_are_asked_alike_are_asked_as_each_would_be_alone() {
    let shared = Arc::new(SharedQuery::new(query()));
    let harmless = Query {
        asks: query().asks.into_iter().take(4).collect(),
    };
    let harmless = Arc::new(SharedQuery::new(harmless));
    let descr = VarBind {
        oid: oid("1.3.6.1.2.1.1.1.0"),
        value: text("a device"),
    };
    for query in [&shared, &harmless] {
        for rows in [1, 3, 4, 3, 12, 1] {
            for community in [&b"public"[..], b"other"] {
                for known in [None, Some(descr.clone())] {
                    let run = |is_shared| {
                        let plan = Same {
                            query: Arc::clone(query),
                            is_shared,
                            is_asked: false,
                            rows: rows.min(3),
                        };
                        read(plan, community, rows, known.clone())
                    };
                    let (alone, its_answers) = run(false);
                    let (sent, answers) = run(true);
                    assert_eq!(sent, alone, "{rows} rows");
                    assert_eq!(answers, its_answers, "{rows} rows");
                    assert_eq!(answers.len(), device(rows).values.len());
                }
            }
        }
    }
}

/// Two queries, one after the other.
struct Both {
    queries: Vec<Arc<SharedQuery>>,
    is_shared: bool,
}

impl Plan for Both {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        let query = self.queries.pop()?;
        Some(query.query().clone())
    }

    fn next(&mut self, _so_far: &Answers) -> Option<NextQuery> {
        let query = self.queries.pop()?;
        Some(if self.is_shared {
            NextQuery::Shared { query, kind: 0 }
        } else {
            NextQuery::Own(query.query().clone())
        })
    }

    fn may_step_to(&self, _instance: &Oid) -> bool {
        true
    }
}

/// One of many devices of a kind.
#[derive(Clone, Debug)]
struct Kin {
    rows: u32,
    /// What its values begin with: some take more octets than others.
    numbers: i64,
    name: String,
    max_octets: usize,
    bulk: Bulk,
    v1_manners: bool,
    /// Which of its answers is lost.
    lost: Option<usize>,
}

impl Kin {
    fn agent(&self) -> Agent {
        let mut agent = device(self.rows);
        for (value, number) in agent.values.values_mut().zip(self.numbers..) {
            *value = match value {
                Value::Integer(_) => Value::Integer(number),
                _ => text(&self.name),
            };
        }
        agent.max_octets = self.max_octets;
        agent.bulk = self.bulk;
        agent.v1_manners = self.v1_manners;
        agent
    }

    fn read(&self, queries: &[Arc<SharedQuery>], is_shared: bool) -> Read {
        let retry = Retry {
            timeout: Duration::from_secs(1),
            retries: 1,
        };
        let session = Session::community(Version::V2c, b"public", retry);
        let ids = RequestIds::new([5; 16]);
        let plan = Box::new(Both {
            queries: queries.to_vec(),
            is_shared,
        });
        let mut reader = DeviceReader::new(session, Limits::default(), ids, plan);
        let mut agent = self.agent();
        let (mut now, mut answered) = (Duration::ZERO, 0);
        let ending = loop {
            match reader.poll(now) {
                Step::Send(request) => {
                    let answer = agent.answer(request);
                    answered += 1;
                    if let Some(answer) = answer.filter(|_| self.lost != Some(answered)) {
                        reader.handle_datagram(&answer).expect("the right answer");
                    }
                }
                Step::WaitUntil(time) => now = time,
                Step::Done(ending) => break ending,
            }
        };
        let rows = reader.memory().rows;
        let requests = reader.stats().requests;
        let answers = reader.into_result().0;
        Read {
            ending,
            answers,
            rows,
            requests,
        }
    }
}

#[derive(Debug)]
struct Read {
    ending: Ending,
    answers: Answers,
    rows: BTreeMap<Oid, u32>,
    requests: u32,
}

/// The two halves of [`query`].
fn queries() -> Vec<Arc<SharedQuery>> {
    let asks = query().asks;
    let (first, second) = asks.split_at(3);
    let second = second.iter().take(1);
    let query = |asks: Vec<Ask>| Arc::new(SharedQuery::new(Query { asks }));
    vec![query(second.cloned().collect()), query(first.to_vec())]
}

fn kin() -> impl Strategy<Value = Kin> {
    let rows = prop_oneof![4 => Just(4_u32), 1 => 1..20_u32];
    let numbers = prop_oneof![Just(1_i64), Just(60_000), Just(1 << 40)];
    let bulk = prop_oneof![
        8 => Just(Bulk::Works),
        1 => prop::sample::select(vec![
            Bulk::Silent, Bulk::Fails, Bulk::Empty, Bulk::Repeats, Bulk::Backwards, Bulk::TooBig,
        ]),
    ];
    let max_octets = prop_oneof![4 => Just(1_472_usize), 1 => Just(484), 1 => 500..1_472_usize];
    let lost = prop::option::weighted(0.2, 0..6_usize);
    let rest = (max_octets, bulk, prop::bool::weighted(0.1), lost);
    let kin = (rows, numbers, "[a-z]{0,12}", rest);
    kin.prop_map(
        |(rows, numbers, name, (max_octets, bulk, v1_manners, lost))| Kin {
            rows,
            numbers,
            name,
            max_octets,
            bulk,
            v1_manners,
            lost,
        },
    )
}

proptest! {
    #[test]
    fn who_answers_as_others_did_is_read_as_each_would_be_alone(
        kin in prop::collection::vec(kin(), 1..16)
    ) {
        let queries = queries();
        for one in &kin {
            let alone = one.read(&queries, false);
            let read = one.read(&queries, true);
            prop_assert_eq!(alone.ending, Ending::Complete);
            prop_assert_eq!(read.ending, alone.ending, "{:?}", one);
            prop_assert_eq!(&read.answers, &alone.answers);
            prop_assert_eq!(read.answers.len(), one.agent().values.len());
            prop_assert_eq!(read.rows, alone.rows);
        }
    }
}

#[test]
fn who_answers_as_others_did_is_asked_as_much_as_each_would_be_alone() {
    let queries = queries();
    let kin = |number: i64| Kin {
        rows: 9,
        numbers: number * 40,
        name: "x".repeat(usize::try_from(number).expect("small")),
        max_octets: 1_472,
        bulk: Bulk::Works,
        v1_manners: false,
        lost: None,
    };
    for number in 0..12 {
        let alone = kin(number).read(&queries, false);
        let read = kin(number).read(&queries, true);
        assert_eq!(read.requests, alone.requests, "device {number}");
        assert_eq!(read.answers, alone.answers, "device {number}");
    }
}
