//! The walk under virtual time: it has everything that may be had, and no request ever names, or
//! needlessly lands in, what is denied.

mod agent;

use agent::{Agent, Bulk, oid, text};
use pagetally_snmp_engine::deny::{self, DENIED, Harm};
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::message::{Message, PduKind};
use pagetally_snmp_engine::reader::{Session, Step};
use pagetally_snmp_engine::walk::{LeftOutReason, Walk, WalkLimits, Walked};
use pagetally_snmp_engine::{Answers, Ending, Oid, RequestIds, Value, VarBind, Version};
use proptest::prelude::*;
use std::time::Duration;

const LATENCY: Duration = Duration::from_millis(5);

struct Run {
    walked: Walked,
    /// Denied names that the device was made to produce, each time it was.
    landed: Vec<Oid>,
    bulks: u32,
}

impl Run {
    fn value(&self, name: &str) -> Option<&Value> {
        self.walked.answers.get(&oid(name))
    }

    fn reasons(&self) -> Vec<LeftOutReason> {
        self.walked.left_out.iter().map(|one| one.reason).collect()
    }

    /// Whether something says why this name is not there. The name that asking goes on from is not
    /// asked for itself: it is a subtree's root, and no real device has an instance of that name.
    fn says_why(&self, name: &Oid) -> bool {
        self.walked
            .left_out
            .iter()
            .any(|one| one.from <= *name && one.until.as_ref().is_none_or(|until| name <= until))
    }
}

fn known(agent: &Agent, names: &[&str]) -> Answers {
    names
        .iter()
        .filter_map(|name| {
            let oid = oid(name);
            let value = agent.values.get(&oid)?.clone();
            Some(VarBind { oid, value })
        })
        .collect()
}

fn walk_with(
    agent: &mut Agent,
    version: Version,
    roots: &[&str],
    known: Answers,
    limits: WalkLimits,
    mut lose: impl FnMut(u32) -> bool,
) -> Run {
    let roots: Vec<Oid> = roots.iter().map(|root| oid(root)).collect();
    let retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 1,
    };
    let session = Session::community(version, b"public", retry);
    let mut walk = Walk::new(session, limits, RequestIds::new([9; 16]), &roots, known);
    let mut now = Duration::from_secs(50);
    let (mut sent, mut landed, mut bulks) = (0, Vec::new(), 0);
    loop {
        let datagram = match walk.poll(now) {
            Step::Send(bytes) => bytes.to_vec(),
            Step::WaitUntil(time) => {
                now = time;
                continue;
            }
            Step::Done(_) => break,
        };
        let message = Message::decode(&datagram).expect("our own");
        bulks += u32::from(message.kind == PduKind::GetBulk);
        for varbind in message.varbinds {
            let name = varbind.expect("our own").name.to_oid();
            assert_eq!(deny::instance(&name), None, "{name} was asked for");
        }
        sent += 1;
        if lose(sent) {
            continue;
        }
        let Some(answer) = agent.answer(&datagram) else {
            continue;
        };
        let message = Message::decode(&answer).expect("the agent's own");
        for varbind in message.varbinds.flatten() {
            let name = varbind.name.to_oid();
            if deny::instance(&name).is_some() && !varbind.value.is_exception() {
                landed.push(name);
            }
        }
        now += LATENCY;
        walk.handle_datagram(&answer).expect("it is the answer");
        assert!(sent < 200_000, "it never ends");
    }
    Run {
        walked: walk.into_result(),
        landed,
        bulks,
    }
}

fn walk(agent: &mut Agent, roots: &[&str], known: Answers) -> Run {
    walk_with(
        agent,
        Version::V2c,
        roots,
        known,
        WalkLimits::default(),
        |_| false,
    )
}

const PRIVATE: &str = "1.3.6.1.4.1";

fn numbers(names: &[&str]) -> Agent {
    Agent::new(
        names
            .iter()
            .map(|name| (oid(name), Value::Counter32(7)))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn everything_below_the_roots_is_had_and_nothing_else() {
    let mut device = numbers(&[
        "1.3.6.1.2.1.1.1.0",
        "1.3.6.1.2.1.4.1.0",
        "1.3.6.1.2.1.43.10.2.1.4.1.1",
        "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.1",
        "1.3.6.1.4.1.2435.2.3.9.1.0",
        "1.3.6.1.4.1.40093.1.1.0",
        "1.3.6.1.6.3.1.1.6.1.0",
    ]);
    let run = walk(
        &mut device,
        &["1.3.6.1.2.1.1", "1.3.6.1.2.1.43", PRIVATE],
        Answers::default(),
    );
    assert_eq!(run.walked.ending, Ending::Complete);
    let names: Vec<String> = run
        .walked
        .answers
        .iter()
        .map(|(name, _)| name.to_string())
        .collect();
    assert_eq!(
        names,
        [
            "1.3.6.1.2.1.1.1.0",
            "1.3.6.1.2.1.43.10.2.1.4.1.1",
            "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.1",
            "1.3.6.1.4.1.2435.2.3.9.1.0",
            "1.3.6.1.4.1.40093.1.1.0",
            "1.3.6.1.6.3.1.1.6.1.0", // It was asked for, to know how far the private tree is safe.
        ]
    );
}

#[test]
fn a_large_private_tree_is_walked_by_getbulk_where_nothing_denied_is_near() {
    let cells = (0..40).flat_map(|table| (0..50).map(move |row| (table, row)));
    let mut device = Agent::new(cells.map(|(table, row)| {
        let name = oid("1.3.6.1.4.1.253.8.53").child(&[table, 1, row]);
        (name, Value::Integer(i64::from(row)))
    }));
    let run = walk(&mut device, &[PRIVATE], Answers::default());
    assert_eq!(run.walked.answers.len(), 2_000);
    assert!(run.walked.stats.requests < 150, "{:?}", run.walked.stats);
    assert!(run.bulks > 50);
}

#[test]
fn a_command_channel_is_not_even_stepped_up_to() {
    let before = "1.3.6.1.4.1.1248.1.2.2.27.1.1.3.1.1";
    let found_by_feeling = "1.3.6.1.4.1.1248.1.2.2.27.1.1.4.1.1";
    let behind = "1.3.6.1.4.1.1248.1.2.2.51.3.1.2.1";
    let far_behind = "1.3.6.1.4.1.1248.1.8.2.1.1.1.1.0";
    let mut device = numbers(&[
        "1.3.6.1.4.1.1248.1.1.3.1.1.1.0",
        "1.3.6.1.4.1.1248.1.2.2.2.1.1.2.1.1",
        before,
        found_by_feeling,
        "1.3.6.1.4.1.1248.1.2.2.44.1.1.2.1.1",
        behind,
        far_behind,
    ]);
    let object_id = VarBind {
        oid: oid("1.3.6.1.2.1.1.2.0"),
        value: Value::ObjectIdentifier(oid("1.3.6.1.4.1.1248.1.1.2.1")),
    };
    let mut had = known(&device, &[before]);
    had.insert(object_id);
    let run = walk(&mut device, &[PRIVATE], had);
    assert_eq!(run.landed, Vec::<Oid>::new());
    for name in [before, found_by_feeling, behind, far_behind] {
        assert!(run.value(name).is_some(), "{name}");
    }
    assert!(run.value("1.3.6.1.4.1.1248.1.1.3.1.1.1.0").is_some());
    assert!(run.value("1.3.6.1.4.1.1248.1.2.2.2.1.1.2.1.1").is_some());
    let too_near = |reason: &LeftOutReason| matches!(reason, LeftOutReason::TooNear(_));
    assert!(run.reasons().iter().any(too_near), "{:?}", run.reasons());
    assert_eq!(run.walked.ending, Ending::Gaps);
}

#[test]
fn a_device_that_only_shows_the_command_channels_maker_on_the_way_is_as_safe() {
    let mut device = numbers(&[
        "1.3.6.1.4.1.641.1.1.0",
        "1.3.6.1.4.1.1248.1.1.3.1.1.1.0",
        "1.3.6.1.4.1.1248.1.2.2.44.1.1.2.1.1",
        "1.3.6.1.4.1.1248.1.2.2.51.3.1.2.1",
    ]);
    let run = walk(&mut device, &[PRIVATE], Answers::default());
    assert_eq!(run.landed, Vec::<Oid>::new());
    assert!(run.value("1.3.6.1.4.1.641.1.1.0").is_some());
    assert!(run.value("1.3.6.1.4.1.1248.1.1.3.1.1.1.0").is_some());
    assert!(run.value("1.3.6.1.4.1.1248.1.2.2.51.3.1.2.1").is_some());
}

#[test]
fn a_password_is_gone_around_by_feeling_for_its_neighbours() {
    let mut device = numbers(&[
        "1.3.6.1.4.1.11.2.3.9.1.1.3.0",
        "1.3.6.1.4.1.11.2.3.9.1.1.7.0",
        "1.3.6.1.4.1.11.2.3.9.1.1.12.0",
        "1.3.6.1.4.1.11.2.3.9.1.1.13.0",
        "1.3.6.1.4.1.11.2.3.9.1.1.14.0",
        "1.3.6.1.4.1.11.2.3.9.4.2.1.4.1.2.5.0",
    ]);
    let run = walk(&mut device, &[PRIVATE], Answers::default());
    assert_eq!(run.landed, Vec::<Oid>::new());
    assert_eq!(run.walked.answers.len(), 5, "{:?}", run.walked.answers);
    assert_eq!(run.value("1.3.6.1.4.1.11.2.3.9.1.1.13.0"), None);
}

#[test]
fn a_job_table_is_landed_in_by_single_steps_only_and_dropped() {
    let jobs = (0..500).map(|n| oid("1.3.6.1.4.1.2699.1.1.1.3.1.1.2").child(&[n]));
    let own = (0..300).map(|n| oid("1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5").child(&[n, 0]));
    let ppm = (2..=6).map(|n| oid("1.3.6.1.4.1.2699.1.2.1.2.1.1").child(&[n, 1]));
    let secret = oid("1.3.6.1.4.1.2699.1.2.1.2.1.1.7.1");
    let names = jobs.chain(own).chain(ppm).chain([secret.clone()]);
    let mut device = Agent::new(names.map(|name| (name, text("Jane Doe's salary"))));
    let run = walk(&mut device, &[PRIVATE], Answers::default());
    assert!(run.landed.len() <= 2, "{:?}", run.landed);
    assert!(!run.landed.contains(&secret));
    assert_eq!(
        usize::try_from(run.walked.stats.dropped),
        Ok(run.landed.len())
    );
    assert_eq!(run.walked.answers.len(), 305);
}

#[test]
fn an_endless_subtree_is_left_and_the_rest_is_had() {
    let endless = oid("1.3.6.1.4.1.2435.2.3.9.4.2.1.5.1.2.63.44");
    let mut device = numbers(&[
        "1.3.6.1.4.1.2435.2.3.9.1.0",
        "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.1.0",
    ]);
    device.endless = Some(endless.clone());
    device.values.insert(endless.child(&[0]), Value::Integer(0));
    let run = walk(&mut device, &[PRIVATE], Answers::default());
    assert_eq!(
        run.reasons()
            .iter()
            .filter(|r| **r == LeftOutReason::TooLong)
            .count(),
        1
    );
    assert!(run.value("1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.1.0").is_some());
    assert!(run.value("1.3.6.1.4.1.2435.2.3.9.1.0").is_some());
    assert!(run.walked.answers.len() < 700);
}

#[test]
fn limits_end_it_and_what_was_had_is_kept() {
    let names = (0..5_000).map(|n| oid("1.3.6.1.4.1.40093").child(&[n / 100, n % 100]));
    let mut device = Agent::new(names.map(|name| (name, text("twelve bytes"))));
    let all = WalkLimits::default();
    for limits in [
        WalkLimits {
            variables: 100,
            ..all
        },
        WalkLimits {
            octets: 3_000,
            ..all
        },
        WalkLimits {
            requests: 20,
            ..all
        },
        WalkLimits {
            time: Duration::from_millis(60),
            ..all
        },
    ] {
        let run = walk_with(
            &mut device,
            Version::V2c,
            &[PRIVATE],
            Answers::default(),
            limits,
            |_| false,
        );
        assert_eq!(run.walked.ending, Ending::BudgetSpent, "{limits:?}");
        assert!(!run.walked.answers.is_empty() && run.walked.answers.len() < 1_000);
        assert!(run.reasons().contains(&LeftOutReason::NotWalked));
    }
}

#[test]
fn liars_about_getbulk_are_walked_by_getnext() {
    for lie in [
        Bulk::Silent,
        Bulk::Fails,
        Bulk::Empty,
        Bulk::Repeats,
        Bulk::Backwards,
        Bulk::TooBig,
    ] {
        let names = (0..90).map(|n| oid("1.3.6.1.4.1.40093.1").child(&[n, 0]));
        let mut device = Agent::new(names.map(|name| (name, Value::Integer(1))));
        device.bulk = lie;
        let run = walk(&mut device, &[PRIVATE], Answers::default());
        assert_eq!(run.walked.answers.len(), 90, "{lie:?}");
        assert_eq!(run.walked.ending, Ending::Complete, "{lie:?}");
    }
}

#[test]
fn v1_is_walked_like_v2c() {
    let names = (0..90).map(|n| oid("1.3.6.1.4.1.40093.1").child(&[n, 0]));
    let mut device = Agent::new(names.map(|name| (name, Value::Integer(1))));
    device.speaks = vec![Version::V1];
    let run = walk_with(
        &mut device,
        Version::V1,
        &[PRIVATE],
        Answers::default(),
        WalkLimits::default(),
        |_| false,
    );
    assert_eq!(
        (run.walked.answers.len(), run.walked.ending),
        (90, Ending::Complete)
    );
}

#[test]
fn a_lost_datagram_loses_nothing() {
    let names = (0..300).map(|n| oid("1.3.6.1.4.1.40093.1").child(&[n, 0]));
    let mut device = Agent::new(names.map(|name| (name, Value::Integer(1))));
    let run = walk_with(
        &mut device,
        Version::V2c,
        &[PRIVATE],
        Answers::default(),
        WalkLimits::default(),
        |sent| sent % 5 == 0,
    );
    assert_eq!(
        (run.walked.answers.len(), run.walked.ending),
        (300, Ending::Complete)
    );
}

#[test]
fn a_device_that_goes_away_ends_it_and_what_was_had_is_kept() {
    let names = (0..300).map(|n| oid("1.3.6.1.4.1.40093.1").child(&[n, 0]));
    let mut device = Agent::new(names.map(|name| (name, Value::Integer(1))));
    let run = walk_with(
        &mut device,
        Version::V2c,
        &[PRIVATE],
        Answers::default(),
        WalkLimits::default(),
        |sent| sent > 12,
    );
    assert_eq!(run.walked.ending, Ending::WentSilent);
    assert!(!run.walked.answers.is_empty());
    assert!(run.reasons().contains(&LeftOutReason::NotWalked));
}

#[test]
fn a_name_that_goes_in_circles_is_stepped_over_and_told() {
    for bulk in [Bulk::Works, Bulk::Fails] {
        let names = (0..20).map(|n| oid("1.3.6.1.4.1.40093.1").child(&[n, 0]));
        let mut device = Agent::new(names.map(|name| (name, Value::Integer(1))));
        device.bulk = bulk;
        device.stuck = Some(oid("1.3.6.1.4.1.40093.1.7.0"));
        let run = walk(&mut device, &[PRIVATE], Answers::default());
        assert_eq!(run.walked.answers.len(), 20);
        let stuck = run
            .walked
            .left_out
            .iter()
            .find(|one| one.reason == LeftOutReason::NotIncreasing);
        let place = stuck.map(|one| (one.from.to_string(), one.until.clone()));
        let until = Some(oid("1.3.6.1.4.1.40093.1.8"));
        assert_eq!(place, Some(("1.3.6.1.4.1.40093.1.7.0".to_owned(), until)));
        assert_eq!(run.walked.ending, Ending::Gaps);
    }
}

/// Names around everything that is denied, and some elsewhere.
fn device_names() -> impl Strategy<Value = Vec<Oid>> {
    let near = prop::sample::select(DENIED.iter().map(|d| d.root).collect::<Vec<_>>());
    let around = (
        near,
        0..4_usize,
        0..5_u32,
        prop::collection::vec(0..4_u32, 0..4),
    )
        .prop_map(|(root, up, shift, tail)| {
            let mut arcs = root[..root.len() - up.min(root.len() - 7)].to_vec();
            let last = arcs.pop().unwrap_or(0);
            arcs.push((last + shift).saturating_sub(2));
            arcs.extend(tail);
            Oid::new(arcs).expect("short")
        });
    let elsewhere = prop::collection::vec(0..6_u32, 1..6).prop_map(|tail| {
        Oid::new([&[1, 3, 6, 1, 4, 1, 2435], tail.as_slice()].concat()).expect("short")
    });
    prop::collection::vec(prop_oneof![around, elsewhere], 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, ..ProptestConfig::default() })]

    #[test]
    fn on_any_device_nothing_acts_little_lands_and_all_else_is_had_or_said_to_be_missing(
        names in device_names(),
        as_epson in any::<bool>(),
        v1 in any::<bool>(),
        bulk in prop::sample::select(vec![Bulk::Works, Bulk::Fails, Bulk::TooBig]),
    ) {
        let mut device = Agent::new(names.iter().map(|name| (name.clone(), Value::Integer(1))));
        device.bulk = bulk;
        let mut had = Answers::default();
        if as_epson {
            had.insert(VarBind {
                oid: oid("1.3.6.1.2.1.1.2.0"),
                value: Value::ObjectIdentifier(oid("1.3.6.1.4.1.1248.1.1.2.1")),
            });
        }
        let version = if v1 { Version::V1 } else { Version::V2c };
        let run = walk_with(
            &mut device, version, &[PRIVATE], had, WalkLimits::default(), |_| false,
        );
        let maker = oid("1.3.6.1.4.1.1248");
        let channel = oid("1.3.6.1.4.1.1248.1.2.2.44");
        // Nothing may act, except where a device hides whose it is and has nothing before it.
        let shielded = as_epson
            || names.iter().any(|name| name.starts_with(&maker) && *name < channel);
        for denied in DENIED {
            let root = Oid::new(denied.root).expect("short");
            let times = run.landed.iter().filter(|name| name.starts_with(&root)).count();
            if denied.harm == Harm::Acts && shielded {
                prop_assert_eq!(times, 0, "{} acted", root);
            }
            // One step from each stretch before it, and always on the same first variable.
            let first = run.landed.iter().find(|name| name.starts_with(&root));
            let others = run.landed.iter().filter(|name| name.starts_with(&root));
            prop_assert!(others.clone().all(|name| Some(name) == first), "more of {} than its first", root);
            prop_assert!(times <= 6, "{} was landed in {} times", root, times);
        }
        for name in &names {
            let denied = deny::instance(name).is_some();
            if denied || !name.starts_with(&oid(PRIVATE)) {
                prop_assert_eq!(run.walked.answers.get(name).is_some() && denied, false);
                continue;
            }
            prop_assert!(
                run.walked.answers.get(name).is_some() || run.says_why(name),
                "{} is missing in silence", name
            );
        }
    }
}
