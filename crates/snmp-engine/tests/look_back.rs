//! What the reader looks at once more: rows that GETBULK left out, objects that fail a GET, columns
//! that fail a GETNEXT.

mod agent;

use agent::{Agent, oid};
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::message::status;
use pagetally_snmp_engine::reader::{DeviceMemory, DeviceReader, Limits, Session, Step};
use pagetally_snmp_engine::{
    Answers, Ask, Ending, GapReason, Oid, Plan, Query, RequestIds, Value, Version,
};
use std::time::Duration;

struct Once {
    query: Option<Query>,
    /// Columns that it will not believe to be empty.
    must_have: Vec<Oid>,
}

impl Plan for Once {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        self.query.take()
    }

    fn must_have(&self, column: &Oid) -> bool {
        self.must_have.contains(column)
    }
}

struct Run {
    answers: Answers,
    ending: Ending,
    requests: u32,
    memory: DeviceMemory,
}

fn run(agent: &mut Agent, version: Version, asks: Vec<Ask>, memory: DeviceMemory) -> Run {
    run_that_misses(agent, version, asks, memory, Vec::new())
}

/// Reads a device that answers at once, and that must have some columns.
fn run_that_misses(
    agent: &mut Agent,
    version: Version,
    asks: Vec<Ask>,
    memory: DeviceMemory,
    must_have: Vec<Oid>,
) -> Run {
    let retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 1,
    };
    let session = Session::community(version, b"public", retry);
    let plan = Box::new(Once {
        query: Some(Query { asks }),
        must_have,
    });
    let ids = RequestIds::new([3; 16]);
    let mut reader = DeviceReader::new(session, Limits::default(), ids, plan).with_memory(memory);
    let mut now = Duration::ZERO;
    loop {
        let answer = match reader.poll(now) {
            Step::Send(bytes) => agent.answer(bytes),
            Step::WaitUntil(time) => {
                now = time;
                None
            }
            Step::Done(ending) => {
                let (requests, memory) = (reader.stats().requests, reader.memory());
                let (answers, _) = reader.into_result();
                return Run {
                    answers,
                    ending,
                    requests,
                    memory,
                };
            }
        };
        if let Some(answer) = answer {
            reader.handle_datagram(&answer).expect("an answer");
        }
    }
}

fn supplies(columns: impl IntoIterator<Item = u32>) -> Vec<Ask> {
    let columns = columns
        .into_iter()
        .map(|column| oid(&format!("1.3.6.1.2.1.43.11.1.1.{column}")))
        .collect();
    vec![Ask::Columns {
        columns,
        max_rows: 100,
    }]
}

fn cell(column: u32, row: u32) -> Oid {
    oid(&format!("1.3.6.1.2.1.43.11.1.1.{column}.1.{row}"))
}

fn read(agent: &mut Agent, asks: Vec<Ask>) -> Run {
    run(agent, Version::V2c, asks, DeviceMemory::default())
}

#[test]
fn a_row_that_getbulk_leaves_out_of_one_column_is_read_whichever_it_is() {
    for column in 1..=5 {
        for row in 1..=8 {
            let mut agent = Agent::with_table(5, 8);
            agent.left_out.insert(cell(column, row));
            let run = read(&mut agent, supplies(1..=5));
            assert_eq!(run.answers.len(), 40, "{column}.{row}");
            assert_eq!(run.ending, Ending::Complete);
            // What came behind all others may have come since: the next read may try.
            assert_eq!(run.memory.no_bulk, row < 8, "{column}.{row}");
            assert!(!run.memory.bulk_checked);
        }
    }
}

#[test]
fn a_row_that_getbulk_leaves_out_of_every_column_leaves_a_hole_and_is_read() {
    let mut agent = Agent::with_table(4, 8);
    agent.left_out.extend((1..=4).map(|column| cell(column, 5)));
    let run = read(&mut agent, supplies(1..=4));
    assert_eq!((run.answers.len(), run.ending), (32, Ending::Complete));
    assert!(run.memory.no_bulk);
}

#[test]
fn a_device_that_lacks_cells_is_looked_at_once_more_once_and_goes_on_with_getbulk() {
    let device = |lacks: bool| {
        let mut agent = Agent::with_table(5, 8);
        if lacks {
            for (column, row) in [(2, 3), (2, 4), (3, 1), (5, 8)] {
                agent.values.remove(&cell(column, row));
            }
        }
        agent
    };
    let whole = read(&mut device(false), supplies(1..=5));
    assert!(!whole.memory.bulk_checked && !whole.memory.no_bulk);
    let first = read(&mut device(true), supplies(1..=5));
    assert_eq!((first.answers.len(), first.ending), (36, Ending::Complete));
    assert!(first.memory.bulk_checked && !first.memory.no_bulk);
    let memory = first.memory.clone();
    let next = run(&mut device(true), Version::V2c, supplies(1..=5), memory);
    assert_eq!(next.answers, first.answers);
    assert!(next.requests < first.requests, "{}", next.requests);
}

#[test]
fn columns_that_a_device_must_have_and_getbulk_shows_no_row_of_are_asked_for_once_more_in_one_request()
 {
    let column = |column: u32| oid(&format!("1.3.6.1.2.1.43.11.1.1.{column}"));
    let read = |agent: &mut Agent, memory| {
        let must_have = vec![column(2), column(4), column(6), column(7)];
        run_that_misses(agent, Version::V2c, supplies(1..=7), memory, must_have)
    };
    // The device has five columns of the seven.
    let device = || Agent::with_table(5, 8);
    let bare = run(
        &mut device(),
        Version::V2c,
        supplies(1..=7),
        DeviceMemory::default(),
    );
    let honest = read(&mut device(), DeviceMemory::default());
    assert_eq!(
        (honest.answers.len(), honest.ending),
        (40, Ending::Complete)
    );
    assert_eq!(
        honest.requests,
        bare.requests + 1,
        "one for both that it lacks"
    );
    assert!(honest.memory.bulk_checked && !honest.memory.no_bulk);
    // That it lacks them is known from then on.
    let next = read(&mut device(), honest.memory.clone());
    assert!(next.requests <= bare.requests, "{}", next.requests);
    // Where all have rows, it costs nothing.
    let full = || Agent::with_table(7, 8);
    let (bare, honest) = (
        run(
            &mut full(),
            Version::V2c,
            supplies(1..=7),
            DeviceMemory::default(),
        ),
        read(&mut full(), DeviceMemory::default()),
    );
    assert_eq!((honest.requests, honest.answers.len()), (bare.requests, 56));
    // A device that goes past whole columns is found out, and remembered as one.
    for skipped in [vec![2], vec![4], vec![2, 4], vec![1, 2, 3, 4, 5]] {
        let mut liar = device();
        for column in &skipped {
            liar.left_out.extend((1..=8).map(|row| cell(*column, row)));
        }
        let run = read(&mut liar, DeviceMemory::default());
        assert_eq!(
            (run.answers.len(), run.ending),
            (40, Ending::Complete),
            "{skipped:?}"
        );
        assert!(run.memory.no_bulk && !run.memory.bulk_checked);
        let again = read(&mut liar, run.memory);
        assert_eq!(again.answers, run.answers);
    }
}

#[test]
fn an_object_that_fails_a_get_comes_by_a_step_from_the_name_before_it() {
    let names = [
        "1.3.6.1.2.1.1.1.0",
        "1.3.6.1.2.1.1.5.0",
        "1.3.6.1.2.1.43.11.1.1.2.1.3",
    ];
    for version in [Version::V1, Version::V2c] {
        let mut agent = Agent::with_table(2, 3);
        let asks = || names.iter().map(|name| Ask::Instance(oid(name))).collect();
        agent
            .sick_to_get
            .extend(names.map(|name| (oid(name), status::GEN_ERR)));
        let got = run(&mut agent, version, asks(), DeviceMemory::default());
        assert_eq!((got.answers.len(), got.ending), (3, Ending::Complete));
        // One that no request brings is a gap with the device's own word for it, and costs its
        // neighbours nothing.
        agent.sick.insert(oid(names[1]), status::GEN_ERR);
        let got = run(&mut agent, version, asks(), DeviceMemory::default());
        assert_eq!((got.answers.len(), got.ending), (2, Ending::Gaps));
        let [gap] = got.answers.gaps() else {
            panic!("{:?}", got.answers.gaps());
        };
        assert_eq!(gap.oid, oid(names[1]));
        assert_eq!(gap.reason, GapReason::ErrorStatus(status::GEN_ERR));
    }
}

#[test]
fn a_device_that_fails_every_get_and_every_step_is_not_asked_twice_for_each_name_for_ever() {
    let mut agent = Agent::with_table(1, 200);
    let names: Vec<Oid> = agent.values.keys().cloned().collect();
    agent
        .sick
        .extend(names.iter().map(|name| (name.clone(), status::GEN_ERR)));
    let asks = names.into_iter().map(Ask::Instance).collect();
    let got = read(&mut agent, asks);
    assert_eq!((got.answers.len(), got.answers.gaps().len()), (0, 207));
    assert!(got.requests < 2 * 207 + 40, "{}", got.requests);
}

#[test]
fn a_column_that_fails_a_getnext_is_read_by_the_names_of_its_neighbours_rows_and_goes_on_behind() {
    for (bad, rows) in [(3, 8), (1, 8), (8, 8)] {
        // The second column has more rows than the others.
        let mut agent = Agent::with_table(3, rows);
        for row in rows + 1..=rows + 2 {
            agent.values.insert(cell(2, row), Value::Integer(7));
        }
        agent.sick_to_next.insert(cell(2, bad), status::GEN_ERR);
        let got = read(&mut agent, supplies(1..=3));
        assert_eq!(got.answers.len(), 26, "{:?}", got.answers.gaps());
        // Where the step from the first column's last row fails, nobody knows that it is the last.
        let gaps = usize::from(bad == 1);
        assert_eq!(got.answers.gaps().len(), gaps, "{bad}");
    }
    // A cell that nothing brings is a gap; the rows behind it are there.
    let mut agent = Agent::with_table(3, 8);
    agent.sick.insert(cell(2, 4), status::GEN_ERR);
    let got = read(&mut agent, supplies(1..=3));
    assert_eq!(got.answers.len(), 23);
    let gaps: Vec<&Oid> = got.answers.gaps().iter().map(|gap| &gap.oid).collect();
    assert_eq!(gaps, [&cell(2, 4)]);
}

#[test]
fn a_lone_column_that_fails_a_getnext_is_a_gap_from_there_on() {
    let mut agent = Agent::with_table(1, 8);
    agent.sick.insert(cell(1, 4), status::GEN_ERR);
    let got = read(&mut agent, supplies(1..=1));
    assert_eq!((got.answers.len(), got.ending), (3, Ending::Gaps));
    let [gap] = got.answers.gaps() else {
        panic!("{:?}", got.answers.gaps());
    };
    assert_eq!(gap.oid, oid("1.3.6.1.2.1.43.11.1.1.1"));
}

#[test]
fn a_name_that_repeats_for_ever_costs_no_row_that_has_a_name() {
    let mut agent = Agent::with_table(3, 8);
    agent.stuck = Some(cell(2, 4));
    let got = read(&mut agent, supplies(1..=3));
    assert_eq!(got.answers.len(), 24, "{:?}", got.answers.gaps());
}
