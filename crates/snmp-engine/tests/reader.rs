//! The device reader under virtual time, against devices that follow the standard and devices that
//! do not.

mod agent;

use agent::{Agent, Bulk, oid, text};
use pagetally_snmp_engine::exchange::{Ignored, Retry};
use pagetally_snmp_engine::message::{Message, status};
use pagetally_snmp_engine::reader::{DeviceReader, Limits, Session, Step};
use pagetally_snmp_engine::{
    Answers, Ask, Ending, GapReason, Oid, Plan, Query, RequestIds, Value, Version, deny,
};
use proptest::prelude::*;
use std::time::Duration;

const LATENCY: Duration = Duration::from_millis(5);
const RETRY: Retry = Retry {
    timeout: Duration::from_secs(1),
    retries: 1,
};

/// Asks a list of queries one after the other.
struct Script(std::vec::IntoIter<Query>);

impl Plan for Script {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        self.0.next()
    }
}

fn script(queries: Vec<Vec<Ask>>) -> Box<dyn Plan> {
    let queries: Vec<Query> = queries.into_iter().map(|asks| Query { asks }).collect();
    Box::new(Script(queries.into_iter()))
}

fn instances(names: &[&str]) -> Vec<Ask> {
    names.iter().map(|name| Ask::Instance(oid(name))).collect()
}

fn supplies(columns: u32, max_rows: u32) -> Vec<Ask> {
    let columns = (1..=columns)
        .map(|column| oid(&format!("1.3.6.1.2.1.43.11.1.1.{column}")))
        .collect();
    vec![Ask::Columns { columns, max_rows }]
}

fn session(version: Version) -> Session {
    Session::community(version, b"public", RETRY)
}

struct Run {
    answers: Answers,
    ending: Ending,
    elapsed: Duration,
    requests: u32,
    retries: u32,
}

impl Run {
    fn gap(&self, name: &str) -> Option<GapReason> {
        let name = oid(name);
        let gap = self.answers.gaps().iter().find(|gap| gap.oid == name);
        gap.map(|gap| gap.reason)
    }
}

/// Reads `agent` by `plan`; `lose` says which sendings (counted from 0) get lost.
fn run(
    agent: &mut Agent,
    version: Version,
    plan: Box<dyn Plan>,
    mut lose: impl FnMut(u32) -> bool,
) -> Run {
    let ids = RequestIds::new([3; 16]);
    let mut reader = DeviceReader::new(session(version), Limits::default(), ids, plan);
    let mut now = Duration::from_secs(1_000);
    let start = now;
    let mut arriving: Option<(Duration, Vec<u8>)> = None;
    let mut sendings = 0;
    loop {
        match reader.poll(now) {
            Step::Send(bytes) => {
                let answer = agent.answer(bytes);
                let lost = lose(sendings);
                sendings += 1;
                arriving = answer.filter(|_| !lost).map(|bytes| (now + LATENCY, bytes));
            }
            Step::WaitUntil(time) => match arriving.take() {
                Some((at, bytes)) if at <= time => {
                    now = at;
                    reader.handle_datagram(&bytes).expect("the right answer");
                }
                Some(_) => panic!("the device is faster than the timeout"),
                None => now = time,
            },
            Step::Done(_) => break,
        }
        assert!(sendings < 20_000, "the reader does not end");
    }
    let stats = reader.stats();
    let (answers, ending) = reader.into_result();
    Run {
        answers,
        ending,
        elapsed: now - start,
        requests: stats.requests,
        retries: stats.retries,
    }
}

fn read(agent: &mut Agent, version: Version, plan: Box<dyn Plan>) -> Run {
    run(agent, version, plan, |_| false)
}

/// Everything that the device has of the plan must be in the answers, and nothing else.
fn assert_complete(run: &Run, agent: &Agent, queries: &[Vec<Ask>]) {
    let all: Answers = agent
        .values
        .iter()
        .map(|(oid, value)| pagetally_snmp_engine::VarBind {
            oid: oid.clone(),
            value: value.clone(),
        })
        .collect();
    let mut expected = Answers::default();
    for asks in queries {
        expected.merge(all.answer(&Query { asks: asks.clone() }));
    }
    assert_eq!(run.answers, expected);
    assert_eq!(run.ending, Ending::Complete);
}

const SCALARS: &[&str] = &[
    "1.3.6.1.2.1.1.1.0",
    "1.3.6.1.2.1.1.3.0",
    "1.3.6.1.2.1.1.5.0",
    "1.3.6.1.2.1.1.99.0",
];

#[test]
fn a_device_that_follows_the_standard_takes_few_requests() {
    let mut agent = Agent::with_table(9, 5);
    let queries = vec![instances(SCALARS), supplies(9, 64)];
    let run = read(&mut agent, Version::V2c, script(queries.clone()));
    assert_complete(&run, &agent, &queries);
    assert_eq!(run.answers.len(), 3 + 45);
    assert!(run.requests <= 4, "{} requests", run.requests);
    assert!(agent.largest <= 1_472);
}

#[test]
fn a_v1_device_is_read_by_getnext_and_its_missing_objects_are_left_out() {
    let mut agent = Agent::with_table(9, 5);
    agent.speaks = vec![Version::V1];
    let queries = vec![instances(SCALARS), supplies(9, 64)];
    let run = read(&mut agent, Version::V1, script(queries.clone()));
    assert_complete(&run, &agent, &queries);
    assert!(run.requests <= 10, "{} requests", run.requests);
}

#[test]
fn a_v2c_device_with_v1_manners_loses_only_what_it_does_not_have() {
    let mut agent = Agent::with_table(3, 2);
    agent.v1_manners = true;
    let queries = vec![instances(SCALARS)];
    let run = read(&mut agent, Version::V2c, script(queries.clone()));
    assert_complete(&run, &agent, &queries);
}

#[test]
fn many_missing_objects_cost_a_v1_device_few_requests() {
    for (version, v1_manners) in [(Version::V1, false), (Version::V2c, true)] {
        let mut agent = Agent::with_table(3, 2);
        agent.v1_manners = v1_manners;
        // Some before, some between and some behind what the device has.
        let names: Vec<String> = (0..60)
            .map(|n| format!("1.3.6.1.2.1.1.{n}.0"))
            .chain((0..60).map(|n| format!("1.3.6.1.2.1.43.11.1.1.2.1.{n}")))
            .chain((0..60).map(|n| format!("1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.{n}")))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let queries = vec![instances(&names)];
        let run = read(&mut agent, version, script(queries.clone()));
        assert_complete(&run, &agent, &queries);
        assert_eq!(run.answers.len(), 7 + 2);
        assert!(run.requests <= 12, "{} requests", run.requests);
    }
}

#[test]
fn an_instance_is_found_even_where_another_hides_before_it() {
    let mut agent = Agent::new([
        (oid("1.3.6.1.4.1.9.1.2"), Value::Integer(2)),
        (oid("1.3.6.1.4.1.9.1.2.5"), Value::Integer(25)),
        (oid("1.3.6.1.4.1.9.1.3"), Value::Integer(3)),
        (oid("1.3.6.1.4.1.9.2.0"), Value::Integer(0)),
    ]);
    let names = [
        "1.3.6.1.4.1.9.1.1",
        "1.3.6.1.4.1.9.1.2",
        "1.3.6.1.4.1.9.1.3",
        "1.3.6.1.4.1.9.2.0",
    ];
    let queries = vec![instances(&names)];
    let run = read(&mut agent, Version::V1, script(queries.clone()));
    assert_complete(&run, &agent, &queries);
    assert_eq!(run.answers.len(), 3);
}

#[test]
fn every_way_that_getbulk_fails_ends_in_the_same_answers() {
    for bulk in [
        Bulk::Silent,
        Bulk::Fails,
        Bulk::Empty,
        Bulk::Repeats,
        Bulk::Backwards,
        Bulk::TooBig,
        Bulk::SilentOver(500),
        Bulk::TooMuch,
    ] {
        let mut agent = Agent::with_table(6, 9);
        agent.bulk = bulk;
        agent.max_octets = 600;
        let queries = vec![instances(SCALARS), supplies(6, 64)];
        let run = read(&mut agent, Version::V2c, script(queries.clone()));
        assert_eq!(run.answers.gaps(), [], "{bulk:?}");
        assert_complete(&run, &agent, &queries);
        assert!(run.requests <= 40, "{bulk:?}: {} requests", run.requests);
    }
}

#[test]
fn columns_out_of_step_lose_nothing() {
    for rows in [1, 2, 9] {
        for place in 0..24 {
            let mut agent = Agent::with_table(9, rows);
            agent.bulk = Bulk::OutOfStep(place);
            // Not neighbours, so that each is asked for by its own name.
            let columns = [2, 4, 6, 8].map(|n| oid(&format!("1.3.6.1.2.1.43.11.1.1.{n}")));
            let columns = columns.to_vec();
            let queries = vec![vec![Ask::Columns {
                columns,
                max_rows: 64,
            }]];
            let run = read(&mut agent, Version::V2c, script(queries.clone()));
            assert_complete(&run, &agent, &queries);
        }
    }
}

#[test]
fn a_device_that_can_send_484_bytes_is_read_in_full() {
    for silent_when_too_big in [false, true] {
        let names: Vec<String> = (0..60).map(|n| format!("1.3.6.1.4.1.9.1.{n}.0")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let values = names
            .iter()
            .map(|name| (oid(name), text("twenty octets of text")));
        let mut agent = Agent::new(values);
        agent.max_octets = 484;
        agent.silent_when_too_big = silent_when_too_big;
        let queries = vec![instances(&names)];
        let run = read(&mut agent, Version::V2c, script(queries.clone()));
        assert_complete(&run, &agent, &queries);
        assert!(run.requests <= 16, "{} requests", run.requests);
        assert!(run.elapsed < Duration::from_secs(5), "{:?}", run.elapsed);
    }
}

#[test]
fn a_value_that_never_fits_is_a_gap_and_costs_nothing_else() {
    let mut agent = Agent::with_table(2, 2);
    agent.max_octets = 484;
    let long = "1.3.6.1.2.1.1.2.0";
    agent.values.insert(oid(long), text(&"x".repeat(600)));
    let names = ["1.3.6.1.2.1.1.1.0", long, "1.3.6.1.2.1.1.3.0"];
    let run = read(&mut agent, Version::V2c, script(vec![instances(&names)]));
    assert_eq!(run.gap(long), Some(GapReason::ErrorStatus(status::TOO_BIG)));
    assert_eq!(run.answers.len(), 2);
    assert_eq!(run.ending, Ending::Gaps);
}

#[test]
fn an_object_that_fails_is_a_gap_and_the_rest_is_read() {
    for (status, version) in [(5, Version::V2c), (16, Version::V2c), (5, Version::V1)] {
        let mut agent = Agent::with_table(2, 2);
        agent.sick.insert(oid("1.3.6.1.2.1.1.3.0"), status);
        let run = read(&mut agent, version, script(vec![instances(SCALARS)]));
        assert_eq!(
            run.gap("1.3.6.1.2.1.1.3.0"),
            Some(GapReason::ErrorStatus(status))
        );
        assert_eq!(run.answers.len(), 2);
        assert_eq!(run.answers.gaps().len(), 1);
    }
}

#[test]
fn an_endless_table_ends_at_its_ceiling() {
    for (version, bulk) in [
        (Version::V2c, Bulk::Works),
        (Version::V2c, Bulk::Silent),
        (Version::V1, Bulk::Works),
    ] {
        let mut agent = Agent::with_table(3, 4);
        agent.bulk = bulk;
        agent.endless = Some(oid("1.3.6.1.2.1.43.11.1.1.2"));
        let run = read(&mut agent, version, script(vec![supplies(3, 50)]));
        let column = "1.3.6.1.2.1.43.11.1.1.2";
        assert_eq!(run.gap(column), Some(GapReason::TooManyRows));
        assert_eq!(run.answers.below(&oid(column)).count(), 50);
        assert_eq!(run.answers.len(), 50 + 8, "the other columns are whole");
    }
}

#[test]
fn a_table_that_ends_exactly_at_the_ceiling_is_complete() {
    let mut agent = Agent::with_table(2, 10);
    let queries = vec![supplies(2, 10)];
    let run = read(&mut agent, Version::V2c, script(queries.clone()));
    assert_complete(&run, &agent, &queries);
}

#[test]
fn names_that_go_in_circles_are_a_gap_with_what_came_before() {
    // Two rows, then the first again, for ever.
    let root = oid("1.3.6.1.2.1.43.11.1.1.1");
    let ids = RequestIds::new([3; 16]);
    let plan = script(vec![supplies(1, 50)]);
    let limits = Limits::default();
    let mut reader = DeviceReader::new(session(Version::V2c), limits, ids, plan);
    let mut rows = [1, 2].into_iter().cycle();
    let mut sendings = 0;
    while let Step::Send(bytes) = reader.poll(Duration::ZERO) {
        sendings += 1;
        assert!(sendings < 20);
        let message = Message::decode(bytes).expect("ours");
        let row = rows.next().expect("for ever");
        let cell = (root.child(&[1, row]), Value::Integer(i64::from(row)));
        let answer = agent::response(&message, 0, 0, &[cell]);
        reader.handle_datagram(&answer).expect("the right answer");
    }
    let (answers, ending) = reader.into_result();
    assert_eq!(answers.len(), 2);
    assert_eq!(answers.gaps()[0].reason, GapReason::NotIncreasing);
    assert_eq!((answers.gaps().len(), ending), (1, Ending::Gaps));
}

#[test]
fn a_lost_datagram_is_sent_again() {
    let mut agent = Agent::with_table(4, 4);
    let queries = vec![instances(SCALARS), supplies(4, 64)];
    let run = run(&mut agent, Version::V2c, script(queries.clone()), |n| {
        n == 1
    });
    assert_complete(&run, &agent, &queries);
    assert_eq!(run.retries, 1);
    // After one answer in 5 ms nobody waits a second for the next.
    assert!(run.elapsed < RETRY.timeout / 2, "{:?}", run.elapsed);
}

#[test]
fn a_device_that_falls_silent_keeps_what_it_said() {
    let mut agent = Agent::with_table(4, 4);
    let queries = vec![instances(SCALARS), supplies(4, 64)];
    let run = run(&mut agent, Version::V2c, script(queries), |n| n >= 1);
    assert_eq!(run.ending, Ending::WentSilent);
    assert_eq!(run.answers.len(), 3);
    let columns = run.answers.gaps();
    assert_eq!(columns.len(), 4, "{columns:?}");
    assert!(columns.iter().all(|gap| gap.reason == GapReason::NoAnswer));
    assert_eq!(
        run.elapsed,
        LATENCY + 4 * RETRY.timeout,
        "two requests, two sendings each"
    );
}

#[test]
fn a_slow_answer_to_the_first_sending_counts_after_the_second() {
    let ids = RequestIds::new([3; 16]);
    let plan = script(vec![instances(&SCALARS[..1])]);
    let mut reader = DeviceReader::new(session(Version::V2c), Limits::default(), ids, plan);
    let mut agent = Agent::with_table(1, 1);
    let Step::Send(first) = reader.poll(Duration::ZERO) else {
        panic!("a request");
    };
    let late = agent.answer(first).expect("an answer");
    assert!(matches!(reader.poll(RETRY.timeout), Step::Send(_)));
    assert_eq!(reader.handle_datagram(&late), Ok(()));
    assert_eq!(reader.handle_datagram(&late), Err(Ignored::Duplicate));
    assert_eq!(reader.poll(RETRY.timeout), Step::Done(Ending::Complete));
}

#[test]
fn what_is_never_asked_for_is_never_asked_for() {
    for denied in deny::DENIED {
        let root = Oid::new(denied.root).expect("short");
        let mut values = Agent::with_table(1, 1).values;
        values.insert(root.child(&[1, 0]), text("a secret"));
        let mut agent = Agent::new(values);
        let above = Oid::new(&denied.root[..denied.root.len() - 1]).expect("short");
        let asks = vec![
            Ask::Instance(root.child(&[1, 0])),
            Ask::Columns {
                columns: vec![
                    above.clone(),
                    root.clone(),
                    root.child(&[1]),
                    oid("1.3.6.1"),
                ],
                max_rows: 100,
            },
        ];
        let run = read(&mut agent, Version::V2c, script(vec![asks]));
        assert_eq!(agent.requests, 0, "{}", denied.what);
        assert!(run.answers.is_empty());
        let reasons: Vec<GapReason> = run.answers.gaps().iter().map(|gap| gap.reason).collect();
        assert_eq!(reasons, [GapReason::NeverAsked; 5]);
    }
}

#[test]
fn a_secret_behind_a_columns_end_is_not_kept() {
    let port = "1.3.6.1.4.1.2699.1.2.1.2.1.1";
    let hr_index = oid(&format!("{port}.6"));
    let secret = oid(&format!("{port}.7.1"));
    for version in [Version::V1, Version::V2c] {
        let mut agent = Agent::new([
            (hr_index.child(&[1]), Value::Integer(1)),
            (secret.clone(), text("private")),
        ]);
        let columns = vec![hr_index.clone()];
        let asks = vec![Ask::Columns {
            columns,
            max_rows: 8,
        }];
        let run = read(&mut agent, version, script(vec![asks]));
        assert_eq!(run.answers.len(), 1);
        assert_eq!(run.answers.get(&secret), None);
    }
}

#[test]
fn a_plan_that_never_ends_is_ended() {
    struct Greedy;
    impl Plan for Greedy {
        fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
            Some(Query::default())
        }
    }
    let mut agent = Agent::with_table(1, 1);
    let run = read(&mut agent, Version::V2c, Box::new(Greedy));
    assert_eq!(run.ending, Ending::BudgetSpent);
}

#[test]
fn a_device_that_floods_is_ended_and_what_it_said_is_kept() {
    let ids = RequestIds::new([3; 16]);
    let limits = Limits {
        octets: 20_000,
        ..Limits::default()
    };
    let asks = vec![Ask::Columns {
        columns: vec![oid("1.3.6.1.4.1.9")],
        max_rows: u32::MAX,
    }];
    let mut reader = DeviceReader::new(session(Version::V2c), limits, ids, script(vec![asks]));
    let mut agent = Agent::new([]);
    agent.endless = Some(oid("1.3.6.1.4.1.9"));
    while let Step::Send(bytes) = reader.poll(Duration::ZERO) {
        let answer = agent.answer(bytes).expect("an answer");
        reader.handle_datagram(&answer).expect("the right answer");
    }
    let (answers, ending) = reader.into_result();
    assert_eq!(ending, Ending::BudgetSpent);
    assert!(answers.len() > 500);
    let reasons: Vec<GapReason> = answers.gaps().iter().map(|gap| gap.reason).collect();
    assert!(reasons.contains(&GapReason::TooMuch), "{reasons:?}");
}

#[test]
fn a_garbled_variable_costs_only_itself() {
    let ids = RequestIds::new([3; 16]);
    let plan = script(vec![instances(SCALARS)]);
    let limits = Limits::default();
    let mut reader = DeviceReader::new(session(Version::V2c), limits, ids, plan);
    let mut agent = Agent::with_table(1, 1);
    agent
        .values
        .insert(oid(SCALARS[1]), Value::Opaque(b"garble".to_vec()));
    while let Step::Send(bytes) = reader.poll(Duration::ZERO) {
        let mut answer = agent.answer(bytes).expect("an answer");
        let place = answer.windows(6).position(|window| window == b"garble");
        if let Some(place) = place {
            answer[place - 2] = 0x5f; // A type that does not exist.
        }
        reader.handle_datagram(&answer).expect("the frame is right");
    }
    let (answers, ending) = reader.into_result();
    assert_eq!((answers.len(), ending), (2, Ending::Gaps));
    assert_eq!(answers.gaps()[0].oid, oid(SCALARS[1]));
    assert_eq!(answers.gaps()[0].reason, GapReason::Malformed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the device's shape, its limits and its luck: what a patient client would get is in
    /// the answers, or a gap says what is not.
    #[test]
    fn nothing_is_lost_without_a_gap(
        columns in 1..12u32,
        rows in 0..30u32,
        max_octets in 484..2_000usize,
        bulk in 0..9usize,
        place in 0..40usize,
        version in prop::bool::ANY,
        silent_when_too_big in prop::bool::ANY,
        losses in prop::collection::btree_set(0..60u32, 0..6),
    ) {
        let mut agent = Agent::with_table(columns, rows);
        agent.max_octets = max_octets;
        agent.silent_when_too_big = silent_when_too_big;
        agent.bulk = [
            Bulk::Works, Bulk::Silent, Bulk::Fails, Bulk::Empty, Bulk::Repeats, Bulk::Backwards,
            Bulk::TooBig, Bulk::SilentOver(200 + place * 20), Bulk::TooMuch,
        ][bulk];
        let version = if version { Version::V1 } else { Version::V2c };
        let queries = vec![instances(SCALARS), supplies(columns, 64)];
        let lose = |sending| losses.contains(&sending);
        let run = run(&mut agent, version, script(queries.clone()), lose);
        if run.answers.gaps().is_empty() {
            assert_complete(&run, &agent, &queries);
        } else {
            prop_assert!(losses.len() >= 2, "gaps without losses: {:?}", run.answers.gaps());
        }
    }

    /// Anything at all may arrive.
    #[test]
    fn no_datagram_panics_the_reader(datagrams in prop::collection::vec(
        prop::collection::vec(any::<u8>(), 0..80), 1..8
    )) {
        let ids = RequestIds::new([3; 16]);
        let plan = script(vec![instances(SCALARS), supplies(3, 9)]);
        let limits = Limits::default();
        let mut reader = DeviceReader::new(session(Version::V2c), limits, ids, plan);
        for datagram in datagrams {
            let _ = reader.poll(Duration::ZERO);
            prop_assert!(reader.handle_datagram(&datagram).is_err());
        }
        prop_assert!(reader.answers().is_empty());
    }

    /// A right frame around anything: the reader ends, whatever the device says.
    #[test]
    fn a_device_that_says_anything_is_read_to_an_end(
        seed in prop::collection::vec((any::<u8>(), 0..4u8, 0..20i64), 1..40)
    ) {
        let ids = RequestIds::new([3; 16]);
        let plan = script(vec![instances(SCALARS), supplies(3, 9)]);
        let limits = Limits::default();
        let mut reader = DeviceReader::new(session(Version::V2c), limits, ids, plan);
        let mut moods = seed.iter().cycle();
        let mut sendings = 0;
        while let Step::Send(bytes) = reader.poll(Duration::ZERO) {
            sendings += 1;
            prop_assert!(sendings <= limits.requests);
            let message = Message::decode(bytes).expect("ours");
            let (arc, count, error) = moods.next().expect("for ever");
            let cells: Vec<(Oid, Value)> = (0..*count)
                .map(|cell| {
                    let name = format!("1.3.6.1.2.1.43.11.1.1.{}.{arc}.{cell}", arc % 5);
                    (oid(&name), Value::Integer(1))
                })
                .collect();
            let error = if *error > 16 { *error } else { 0 };
            let answer = agent::response(&message, error, i64::from(*count), &cells);
            prop_assert_eq!(reader.handle_datagram(&answer), Ok(()));
        }
        prop_assert!(matches!(reader.poll(Duration::ZERO), Step::Done(_)));
    }
}

/// Reads `agent` with `lose` saying which sendings get lost; a device that fell silent is asked again
/// as often as `resumes` says.
fn run_resuming(
    agent: &mut Agent,
    mut reader: DeviceReader,
    resumes: u32,
    mut lose: impl FnMut() -> bool,
) -> (DeviceReader, u32) {
    let (mut now, mut sendings, mut left) = (Duration::ZERO, 0, resumes);
    loop {
        let answer = match reader.poll(now) {
            Step::Send(bytes) => {
                sendings += 1;
                agent.answer(bytes).filter(|_| !lose())
            }
            Step::WaitUntil(time) => {
                now = time;
                None
            }
            Step::Done(_) => {
                if left == 0 || !reader.can_resume() {
                    return (reader, sendings);
                }
                left -= 1;
                now += Duration::from_secs(30);
                reader.resume(now);
                None
            }
        };
        if let Some(answer) = answer {
            now += LATENCY;
            reader.handle_datagram(&answer).expect("the right answer");
        }
        assert!(sendings < 5_000, "the reader does not end");
    }
}

fn reader_of(queries: Vec<Vec<Ask>>) -> DeviceReader {
    let ids = RequestIds::new([3; 16]);
    let limits = Limits::default();
    DeviceReader::new(session(Version::V2c), limits, ids, script(queries))
}

#[test]
fn with_five_percent_loss_and_one_retry_every_device_is_read_whole() {
    let queries = || vec![instances(SCALARS), supplies(9, 64)];
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15; // xorshift64, the same in every run.
    let mut lose = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.is_multiple_of(20)
    };
    let (mut lossless, mut lossy) = (0, 0);
    for _ in 0..1_000 {
        let mut agent = Agent::with_table(9, 9);
        let (_, sendings) = run_resuming(&mut agent, reader_of(queries()), 0, || false);
        lossless += sendings;
        let (reader, sendings) = run_resuming(&mut agent, reader_of(queries()), 3, &mut lose);
        lossy += sendings;
        let (answers, ending) = reader.into_result();
        assert_eq!((answers.len(), ending), (3 + 81, Ending::Complete));
    }
    println!("{lossless} sendings without loss, {lossy} with");
    assert!(lossy * 100 <= lossless * 115, "{lossy} of {lossless}");
}

#[test]
fn a_device_that_fell_silent_goes_on_where_it_stopped() {
    let queries = vec![instances(SCALARS), supplies(4, 64)];
    let mut agent = Agent::with_table(4, 4);
    let mut sending = 0;
    let lose = || {
        sending += 1;
        (2..=5).contains(&sending)
    };
    let (reader, _) = run_resuming(&mut agent, reader_of(queries.clone()), 1, lose);
    let (answers, ending) = reader.into_result();
    assert_eq!((answers.len(), ending), (3 + 16, Ending::Complete));
}

#[test]
fn what_worked_is_remembered_and_makes_the_next_read_cheaper() {
    let queries = || vec![instances(SCALARS), supplies(6, 64)];
    for bulk in [Bulk::Silent, Bulk::Fails, Bulk::Works] {
        let mut agent = Agent::with_table(6, 9);
        agent.bulk = bulk;
        let (first, before) = run_resuming(&mut agent, reader_of(queries()), 0, || false);
        let memory = first.memory();
        assert_eq!(memory.no_bulk, bulk != Bulk::Works);
        assert_eq!(memory.rows.len(), 6);
        let second = reader_of(queries()).with_memory(memory);
        let (second, after) = run_resuming(&mut agent, second, 0, || false);
        assert_eq!(first.answers(), second.answers());
        assert!(after <= before, "{bulk:?}: {after} after {before}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Memory decides how requests are packed, never what is read.
    #[test]
    fn a_hostile_memory_loses_nothing(
        no_bulk: bool,
        fails_for_missing: bool,
        max_octets: Option<u16>,
        max_names: Option<u16>,
        trip: Option<u32>,
        rows in prop::collection::vec(any::<u32>(), 0..8),
        octets in 484..1_500usize,
    ) {
        let mut memory = reader_of(Vec::new()).memory();
        memory.no_bulk = no_bulk;
        memory.fails_for_missing = fails_for_missing;
        memory.max_octets = max_octets;
        memory.max_names = max_names;
        memory.round_trip_micros = trip;
        memory.variation_micros = trip;
        for (column, rows) in (1..).zip(rows) {
            memory.rows.insert(oid(&format!("1.3.6.1.2.1.43.11.1.1.{column}")), rows);
        }
        let queries = vec![instances(SCALARS), supplies(7, 64)];
        let mut agent = Agent::with_table(7, 11);
        agent.max_octets = octets;
        let reader = reader_of(queries).with_memory(memory);
        let (reader, _) = run_resuming(&mut agent, reader, 0, || false);
        let (answers, ending) = reader.into_result();
        prop_assert_eq!((answers.len(), ending), (3 + 77, Ending::Complete));
    }
}
