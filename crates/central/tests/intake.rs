//! What becomes of what agents send: once, whole, in order, and in nobody else's books.

mod support;

use pagetally_central::{AgentStatus, BooksError, CentralConfig, DeviceFilter};
use pagetally_contract::{
    ContractError, Request, Response, StatusString, UnregisterRequest, Verdict,
};
use pagetally_model::{
    AuditId, DeviceAudit, Level, MeterColor, MeterFunction, PassId, Settings, SiteId, Text,
};
use pagetally_proof::canonical;
use support::{World, audit, meter, pass_report, supply};

async fn device_count(world: &World) -> u64 {
    let filter = DeviceFilter::default();
    world
        .books
        .count_devices(&filter)
        .await
        .expect("the books answer")
}

#[tokio::test]
async fn a_submission_is_booked_value_for_value_with_its_documents() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let mut sent = audit("CNB1234567", 6_466);
    sent.meters
        .push(meter(MeterFunction::Total, MeterColor::Color, 0));
    sent.supplies.push(supply(
        "1.2",
        "cyan",
        Level::OfCapacity {
            amount: 3,
            capacity: 7,
        },
    ));
    let pass = pass_report(sent.pass, std::slice::from_ref(&sent));
    let report = agent.submission(vec![sent.clone()], Some(pass.clone()));

    let answer = agent.send(world.address(), &report).await;

    assert_eq!(answer.status, StatusString::OK);
    let receipt = answer.receipt.expect("a receipt");
    assert_eq!(receipt.receipt.content, report.signed.header.content);
    assert_eq!(receipt.receipt.verdict, Verdict::Accepted);
    let devices = world
        .books
        .devices(&DeviceFilter::default())
        .await
        .expect("devices");
    let [device] = devices.as_slice() else {
        panic!("{devices:?}")
    };
    assert_eq!(device.serial.as_deref(), Some("CNB1234567"));
    assert_eq!(
        (device.total, device.mono, device.color),
        (Some(6_466), None, Some(0))
    );
    let latest = device.latest_audit.expect("an audit");
    let meters = world.books.meters(latest).await.expect("meters");
    let rows: Vec<_> = meters
        .iter()
        .map(|m| (m.function, m.color, m.value))
        .collect();
    let said: Vec<_> = sent
        .meters
        .iter()
        .map(|m| (m.function, m.color, m.value))
        .collect();
    assert_eq!(rows, said);
    let levels: Vec<_> = world.books.supplies(latest).await.expect("supplies");
    let levels: Vec<_> = levels.iter().map(|s| (s.slot.as_str(), s.level)).collect();
    let said: Vec<_> = sent
        .supplies
        .iter()
        .map(|s| (s.slot.as_str(), s.level))
        .collect();
    assert_eq!(levels, said);
    assert_eq!(
        world
            .books
            .audit_document(latest)
            .await
            .expect("a document"),
        sent
    );
    assert_eq!(
        world.books.audit_bytes(latest).await.expect("bytes"),
        canonical::to_bytes(&sent).expect("canonical")
    );
    assert_eq!(
        world.books.pass_report(pass.id).await.expect("a report"),
        pass
    );
    let observations = world
        .books
        .observations(pass.id)
        .await
        .expect("observations");
    assert_eq!(observations.len(), 2);
    assert_eq!(observations[0].device, Some(device.id));
    assert_eq!(
        (observations[1].outcome.as_str(), observations[1].addresses),
        ("silent", 10)
    );
}

#[tokio::test]
async fn a_repeat_gets_the_first_receipt_and_changes_nothing() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let report = agent.submission(vec![audit("CNB1234567", 1)], None);
    let first = agent.send(world.address(), &report).await;
    let later = agent.submission(vec![audit("CNB1234567", 2)], None);
    agent.send(world.address(), &later).await;

    let again = agent.send(world.address(), &report).await;

    assert_eq!(again.status, StatusString::OK);
    assert_eq!(again.receipt, first.receipt);
    assert!(again.receipt.is_some());
    let rows = world
        .books
        .submissions(agent.id())
        .await
        .expect("submissions");
    let rows: Vec<_> = rows.iter().map(|row| (row.number, row.repeats)).collect();
    assert_eq!(rows, [(1, 1), (2, 0)]);
    let devices = world
        .books
        .devices(&DeviceFilter::default())
        .await
        .expect("devices");
    assert_eq!(
        devices[0].total,
        Some(2),
        "an old submission is not the latest again"
    );
    let audits = world.books.audits(devices[0].id, 10).await.expect("audits");
    assert_eq!(audits.len(), 2);
}

#[tokio::test]
async fn another_content_under_a_taken_number_is_kept_as_a_fork() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let other = agent.offer(vec![audit("CNB1234567", 999)], None);
    let report = agent.submission(vec![audit("CNB1234567", 1)], None);
    agent.send(world.address(), &report).await;

    let answer = agent.send(world.address(), &other).await;
    agent.send(world.address(), &other).await;

    assert_eq!(answer.status, StatusString::QUARANTINED);
    assert_eq!(answer.receipt, None);
    assert_eq!(answer.expected_number, Some(2));
    let forks = world.books.forks(agent.id()).await.expect("forks");
    assert_eq!(forks.len(), 1, "the same fork is kept once");
    assert_eq!(forks[0].content, *other.signed.header.content.as_bytes());
    let row = world.books.agent(agent.id()).await.expect("the agent");
    assert_eq!(row.status, AgentStatus::Forked);
    let devices = world
        .books
        .devices(&DeviceFilter::default())
        .await
        .expect("devices");
    assert_eq!(devices[0].total, Some(1), "a fork is never counted");
}

#[tokio::test]
async fn the_next_number_on_another_history_is_a_fork_too() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let mut twin = support::TestAgent {
        session: agent.session.clone(),
        head: None,
    };
    let report = agent.submission(vec![audit("CNB1234567", 1)], None);
    agent.send(world.address(), &report).await;
    twin.submission(vec![audit("CNB1234567", 7)], None);
    let second_of_twin = twin.submission(vec![audit("CNB1234567", 8)], None);

    let answer = agent.send(world.address(), &second_of_twin).await;

    assert_eq!(answer.status, StatusString::QUARANTINED);
    assert_eq!(world.books.forks(agent.id()).await.expect("forks").len(), 1);
    assert_eq!(
        world
            .books
            .submissions(agent.id())
            .await
            .expect("rows")
            .len(),
        1
    );
}

#[tokio::test]
async fn a_gap_is_answered_with_the_expected_number_until_it_is_filled() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let first = agent.submission(vec![audit("CNB1234567", 1)], None);
    let second = agent.submission(vec![audit("CNB1234567", 2)], None);

    let early = agent.send(world.address(), &second).await;

    assert_eq!(early.status, StatusString::OUT_OF_ORDER);
    assert_eq!((early.expected_number, early.receipt), (Some(1), None));
    let row = world.books.agent(agent.id()).await.expect("the agent");
    assert_eq!(row.gap, Some((1, 2)));
    assert_eq!(device_count(&world).await, 0);
    agent.send(world.address(), &first).await;
    let late = agent.send(world.address(), &second).await;
    assert!(late.receipt.is_some());
    let row = world.books.agent(agent.id()).await.expect("the agent");
    assert_eq!((row.gap, row.head_number), (None, 2));
}

#[tokio::test]
async fn a_submission_with_a_taken_audit_id_is_rejected_whole_and_uses_its_number_up() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let known = audit("CNB1234567", 1);
    let first = agent.submission(vec![known.clone()], None);
    agent.send(world.address(), &first).await;
    let stolen = DeviceAudit {
        id: known.id,
        ..audit("CNB9999999", 5)
    };
    let bad = agent.submission(vec![audit("CNB7654321", 3), stolen], None);

    let answer = agent.send(world.address(), &bad).await;

    let receipt = answer.receipt.expect("a receipt that says no");
    assert!(
        matches!(receipt.receipt.verdict, Verdict::Rejected { .. }),
        "{receipt:?}"
    );
    assert_eq!(device_count(&world).await, 1, "nothing of it is booked");
    let again = agent.send(world.address(), &bad).await.receipt;
    assert_eq!(again.as_ref(), Some(&receipt));
    let next = agent.submission(vec![audit("CNB7654321", 3)], None);
    let answer = agent.send(world.address(), &next).await;
    assert_eq!(
        answer.receipt.expect("a receipt").receipt.verdict,
        Verdict::Accepted
    );
}

#[tokio::test]
async fn of_a_report_that_is_not_what_its_header_states_nothing_is_booked() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let mut report = agent.submission(vec![audit("CNB1234567", 1)], None);
    report.audits[0].1.meters[0].value = 2;

    let answer = agent.send(world.address(), &report).await;

    let receipt = answer.receipt.expect("a receipt that says no");
    assert!(matches!(receipt.receipt.verdict, Verdict::Rejected { .. }));
    assert_eq!(device_count(&world).await, 0);
}

#[tokio::test]
async fn another_agents_submission_is_not_taken_from_a_stranger() {
    let world = World::new().await;
    let mut owner = world.enrolled().await;
    let thief = world.enrolled().await;
    let report = owner.submission(vec![audit("CNB1234567", 1)], None);

    let request = Request::SendReports(report);
    let (body, pending) = thief
        .session
        .seal(&request, support::now(), support::random())
        .expect("seals");
    let (_, answer) = support::post(world.address(), "/soap", "text/xml", &body).await;

    let refused = thief.session.open(&pending, &answer);
    assert!(
        matches!(refused, Err(ContractError::Fault(_))),
        "{refused:?}"
    );
    assert_eq!(device_count(&world).await, 0);
}

#[tokio::test]
async fn two_agents_that_send_at_the_same_time_both_get_in() {
    let world = World::with(CentralConfig::in_memory()).await;
    two_agents(&world).await;
}

#[tokio::test]
async fn two_agents_that_send_at_the_same_time_both_get_into_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(in_folder(folder.path())).await;
    two_agents(&world).await;
    world.central.shutdown().await.expect("stops");
}

async fn two_agents(world: &World) {
    let (mut one, mut two) = (world.enrolled().await, world.enrolled().await);
    for round in 0..5 {
        let a = one.submission(vec![audit("CNB1111111", round)], None);
        let b = two.submission(vec![audit("CNB2222222", round)], None);
        let (a, b) = tokio::join!(one.send(world.address(), &a), two.send(world.address(), &b));
        assert!(
            a.receipt.is_some() && b.receipt.is_some(),
            "{} {}",
            a.status,
            b.status
        );
    }
    assert_eq!(device_count(world).await, 2);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(in_folder(folder.path())).await;
    let mut agent = world.enrolled().await;
    let report = agent.submission(vec![audit("CNB1234567", 5)], None);
    let first = agent.send(world.address(), &report).await.receipt;
    let dealer = world.books.id();
    world.central.shutdown().await.expect("stops");

    let central = pagetally_central::Central::start(in_folder(folder.path()))
        .await
        .expect("starts again");
    let again = agent
        .send(central.http_address().expect("http"), &report)
        .await;

    assert_eq!(again.receipt, first);
    let devices = central
        .books()
        .dealer(dealer)
        .devices(&DeviceFilter::default())
        .await;
    assert_eq!(devices.expect("devices")[0].total, Some(5));
}

#[tokio::test]
async fn settings_are_fetched_when_they_are_newer_and_only_then() {
    let world = World::new().await;
    let agent = world.enrolled().await;
    let settings = Settings {
        time_zone: Text::clean("Europe/Berlin"),
        targets: vec!["192.0.2.0/28".to_owned()],
        interval_seconds: 900,
        ..Settings::default()
    };
    let version = world
        .books
        .set_settings(world.site, &settings, "ann")
        .await
        .expect("set");
    assert_eq!(version, 2);

    let fetched = |have| {
        let (agent, to) = (&agent, world.address());
        async move {
            match agent.call(to, &agent.schedule(have)).await {
                Response::GetSchedule(answer) => answer.settings,
                other => panic!("another answer: {other:?}"),
            }
        }
    };
    assert_eq!(
        fetched(1).await,
        Some(Settings {
            version: 2,
            ..settings.clone()
        })
    );
    assert_eq!(fetched(2).await, None);
    let row = world.books.agent(agent.id()).await.expect("the agent");
    assert_eq!(row.settings_version, Some(2));
    let same = world
        .books
        .set_settings(world.site, &settings, "ann")
        .await
        .expect("set");
    assert_eq!(same, 2, "settings that change nothing keep their version");
}

#[tokio::test]
async fn an_agent_that_left_is_told_that_it_is_gone() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let leave = Request::Unregister(UnregisterRequest {
        reason: Text::clean("moved"),
    });
    assert_eq!(
        *agent.call(world.address(), &leave).await.status(),
        StatusString::OK
    );

    let report = agent.submission(vec![audit("CNB1234567", 1)], None);
    let answer = agent.send(world.address(), &report).await;

    assert_eq!((answer.status, answer.receipt), (StatusString::GONE, None));
}

#[tokio::test]
async fn another_dealer_sees_nothing_and_changes_nothing() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let sent = audit("CNB1234567", 1);
    let pass = pass_report(PassId::from_bytes([3; 16]), std::slice::from_ref(&sent));
    let report = agent.submission(vec![sent.clone()], Some(pass.clone()));
    agent.send(world.address(), &report).await;
    let device = world
        .books
        .devices(&DeviceFilter::default())
        .await
        .expect("devices")[0]
        .id;

    let stranger = world
        .central
        .books()
        .create_dealer("Stranger")
        .await
        .expect("made");
    let other = world.central.books().dealer(stranger);

    let missing = |error: BooksError| matches!(error, BooksError::NotFound { .. });
    assert!(
        other
            .devices(&DeviceFilter::default())
            .await
            .expect("answers")
            .is_empty()
    );
    assert!(other.sites().await.expect("answers").is_empty());
    assert!(other.agents().await.expect("answers").is_empty());
    assert!(other.passes(None, 10).await.expect("answers").is_empty());
    assert!(
        other
            .observations(pass.id)
            .await
            .expect("answers")
            .is_empty()
    );
    assert!(
        other
            .submissions(agent.id())
            .await
            .expect("answers")
            .is_empty()
    );
    assert!(other.meters(sent.id).await.expect("answers").is_empty());
    assert!(other.device(device).await.is_err_and(missing));
    assert!(other.audit_bytes(sent.id).await.is_err_and(missing));
    assert!(other.pass_report(pass.id).await.is_err_and(missing));
    assert!(other.settings(world.site).await.is_err_and(missing));
    assert!(other.remove_agent(agent.id()).await.is_err_and(missing));
    let changed = other
        .set_settings(world.site, &Settings::default(), "x")
        .await;
    assert!(changed.is_err_and(missing));
    let code = other
        .create_enrolment_code(
            world.site,
            "http://x",
            support::now(),
            std::time::Duration::MAX,
        )
        .await;
    assert!(code.is_err_and(missing));
}

#[tokio::test]
async fn a_device_is_recognised_by_serial_then_mac_and_a_contradiction_is_recorded() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let with_mac = |serial: &str, mac: &str| {
        let mut one = audit(serial, 1);
        let source = one.identity.sources["serial"].clone();
        one.identity.mac = Some(Text::clean(mac));
        one.identity.sources.insert("mac".to_owned(), source);
        one
    };
    let mut no_serial = with_mac("x", "00:1b:a9:00:00:01");
    no_serial.identity.serial = None;
    no_serial.identity.sources.remove("serial");
    let moved_card = with_mac("CNB2222222", "00:1b:a9:00:00:01");
    let report = agent.submission(
        vec![
            with_mac("CNB1111111", "00:1b:a9:00:00:01"),
            no_serial,
            moved_card,
        ],
        None,
    );

    agent.send(world.address(), &report).await;

    let devices = world
        .books
        .devices(&DeviceFilter::default())
        .await
        .expect("devices");
    assert_eq!(devices.len(), 2);
    let by_serial = |serial: &str| {
        let found = devices
            .iter()
            .find(|device| device.serial.as_deref() == Some(serial));
        found.expect(serial).id
    };
    let first = by_serial("CNB1111111");
    assert_eq!(
        world.books.audits(first, 10).await.expect("audits").len(),
        2
    );
    let events = world
        .books
        .device_events(by_serial("CNB2222222"))
        .await
        .expect("events");
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert!(kinds.contains(&"contradiction"), "{kinds:?}");
}

#[tokio::test]
async fn merging_splitting_and_undoing_move_audits_and_lose_none() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let audits: Vec<DeviceAudit> = [("CNB1111111", 1), ("CNB1111111", 2), ("CNB2222222", 3)]
        .map(|(serial, total)| audit(serial, total))
        .into();
    let ids: Vec<AuditId> = audits.iter().map(|audit| audit.id).collect();
    let report = agent.submission(audits, None);
    agent.send(world.address(), &report).await;
    let list = || async {
        world
            .books
            .devices(&DeviceFilter::default())
            .await
            .expect("devices")
    };
    let devices = list().await;
    let id_of = |serial: &str| {
        devices
            .iter()
            .find(|d| d.serial.as_deref() == Some(serial))
            .expect(serial)
            .id
    };
    let (one, two) = (id_of("CNB1111111"), id_of("CNB2222222"));

    let merge = world.books.merge(one, two, "ann").await.expect("merges");
    assert_eq!(world.books.audits(one, 10).await.expect("audits").len(), 3);
    assert_eq!(world.books.device(two).await.expect("answers").id, one);
    // New audits with the merged device's serial now belong to the one that is left.
    let later = agent.submission(vec![audit("CNB2222222", 4)], None);
    agent.send(world.address(), &later).await;
    assert_eq!(list().await.len(), 1);
    assert_eq!(list().await[0].total, Some(4));

    world.books.undo(&merge, "ann").await.expect("undone");
    assert_eq!(world.books.audits(two, 10).await.expect("audits").len(), 1);
    assert!(
        world.books.undo(&merge, "ann").await.is_err(),
        "once is enough"
    );

    let (new, _) = world
        .books
        .split(one, &ids[1..2], "ann")
        .await
        .expect("splits");
    let moved = world.books.audits(new, 10).await.expect("audits");
    assert_eq!(moved.iter().map(|a| a.id).collect::<Vec<_>>(), [ids[1]]);
    assert!(
        world.books.split(new, &ids[1..2], "ann").await.is_err(),
        "some must stay"
    );
    assert_eq!(world.books.site(world.site).await.expect("site").devices, 3);
    let nobody = SiteId::from_bytes([0; 16]);
    assert!(world.books.site(nobody).await.is_err());
}

fn in_folder(folder: &std::path::Path) -> CentralConfig {
    CentralConfig {
        http: CentralConfig::in_memory().http,
        page_access: CentralConfig::in_memory().page_access,
        ..CentralConfig::in_folder(folder)
    }
}

/// A second door to the database, for what Central itself never does.
async fn back_door(folder: &std::path::Path) -> sqlx::SqlitePool {
    let file = folder.join("central.db").display().to_string();
    sqlx::SqlitePool::connect(&format!("sqlite://{file}"))
        .await
        .expect("opens")
}

#[tokio::test]
async fn a_failure_in_mid_transaction_leaves_nothing_and_the_same_submission_gets_in_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(in_folder(folder.path())).await;
    let mut agent = world.enrolled().await;
    let sent = audit("CNB1234567", 7);
    let pass = pass_report(sent.pass, std::slice::from_ref(&sent));
    let report = agent.submission(vec![sent], Some(pass));
    let door = back_door(folder.path()).await;
    // The pass report is the last thing that the transaction writes.
    let full = "CREATE TRIGGER disk_full BEFORE INSERT ON observations
                BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    sqlx::query(full).execute(&door).await.expect("a trigger");

    let request = Request::SendReports(report.clone());
    let (body, pending) = agent
        .session
        .seal(&request, support::now(), support::random())
        .expect("seals");
    let (status, answer) = support::post(world.address(), "/soap", "text/xml", &body).await;

    assert_eq!(status, 500);
    assert!(!String::from_utf8_lossy(&answer).contains("disk full"));
    assert!(agent.session.open(&pending, &answer).is_err());
    for table in [
        "submissions",
        "audits",
        "meters",
        "supplies",
        "passes",
        "devices",
    ] {
        let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let rows: i64 = sqlx::query_scalar(count)
            .fetch_one(&door)
            .await
            .expect("counts");
        assert_eq!(rows, 0, "{table}");
    }
    sqlx::query("DROP TRIGGER disk_full")
        .execute(&door)
        .await
        .expect("dropped");
    let answer = agent.send(world.address(), &report).await;
    assert!(answer.receipt.is_some());
    assert_eq!(device_count(&world).await, 1);
}

#[tokio::test]
async fn a_sealed_value_that_was_moved_to_another_row_does_not_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(in_folder(folder.path())).await;
    let account = world.books.create_account("Another").await.expect("made");
    let other = world
        .books
        .create_site(account, "Annex", "Etc/UTC")
        .await
        .expect("made");
    let door = back_door(folder.path()).await;
    let moved =
        "UPDATE settings SET sealed = (SELECT s.sealed FROM settings s WHERE s.site_id = $1)
                 WHERE site_id = $2";
    sqlx::query(moved)
        .bind(other.to_string())
        .bind(world.site.to_string())
        .execute(&door)
        .await
        .expect("moved");

    let error = world
        .books
        .settings(world.site)
        .await
        .expect_err("another row's seal");
    assert!(matches!(error, BooksError::Key(_)), "{error}");
    assert!(world.books.settings(other).await.is_ok());
}
