//! What is worked out of a query once for many devices changes nothing of what each is asked.

mod agent;

use agent::{Agent, oid, text};
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::reader::{DeviceReader, Limits, Session, SharedQuery, Step};
use pagetally_snmp_engine::{
    Answers, Ask, NextQuery, Oid, Plan, Query, RequestIds, Value, VarBind, Version,
};
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
