//! Input that means harm: Central answers with a fault and stays up.

mod support;

use pagetally_central::CentralConfig;
use pagetally_model::{
    Alert, AlertSeverity, Observation, Outcome, Sources, Text, TrapNotice, Witness,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use support::{World, audit, get, post};

#[tokio::test]
async fn what_is_no_envelope_gets_a_fault_that_tells_nothing() {
    let world = World::new().await;
    for body in [
        &b""[..],
        b"hello",
        b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        b"\x00\xff\xfe",
        b"<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"/>",
    ] {
        let (status, answer) = post(world.address(), "/soap", "text/xml", body).await;
        let answer = String::from_utf8(answer).expect("text");
        assert!((400..=500).contains(&status), "{status}");
        assert!(answer.contains("Fault"), "{answer}");
        for inside in ["sqlx", "panicked", "src/", "database"] {
            assert!(!answer.contains(inside), "{answer}");
        }
    }
    assert_eq!(get(world.address(), "/").await.0, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_unread() {
    let mut config = CentralConfig::in_memory();
    config.limits.soap_body_bytes = 10_000;
    let world = World::with(config).await;

    let (status, answer) = post(world.address(), "/soap", "text/xml", &[b'<'; 20_000]).await;

    assert_eq!(status, 413);
    assert!(String::from_utf8_lossy(&answer).contains("too-large"));
}

#[tokio::test]
async fn mutated_envelopes_never_stop_central() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let report = agent.submission(vec![audit("CNB1234567", 1)], None);
    let request = pagetally_contract::Request::SendReports(report);
    let (body, _) = agent
        .session
        .seal(&request, support::now(), support::random())
        .expect("seals");
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (0..body.len(), any::<u8>(), 0..body.len());
    for _ in 0..60 {
        let tree = strategy.new_tree(&mut runner).expect("a mutation");
        let (place, byte, cut) = tree.current();
        let mut mutated = body.clone();
        mutated[place] = byte;
        if byte % 3 == 0 {
            mutated.truncate(cut);
        }
        if mutated == body {
            continue;
        }
        let (status, _) = post(world.address(), "/soap", "text/xml", &mutated).await;
        assert!(status == 200 || (400..=503).contains(&status), "{status}");
    }
    assert_eq!(get(world.address(), "/").await.0, 200);
}

#[tokio::test]
async fn what_devices_say_is_escaped_on_every_page() {
    const SCRIPT: &str = "<script>alert('x')</script>\"><img src=x onerror=y>";
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let mut hostile = audit("CNB1234567", 1);
    let evil = || Some(Text::clean(SCRIPT));
    let source = hostile.identity.sources["serial"].clone();
    for field in ["hostname", "location", "description"] {
        hostile
            .identity
            .sources
            .insert(field.to_owned(), source.clone());
    }
    hostile.identity.model = evil();
    hostile.identity.serial = Text::non_empty("\"><script>alert(1)</script>");
    hostile.identity.hostname = evil();
    hostile.identity.location = evil();
    hostile.identity.description = evil();
    hostile.status.console = vec![Text::clean(SCRIPT)];
    hostile
        .status
        .sources
        .insert("console".to_owned(), source.clone());
    hostile.supplies[0].description = evil();
    hostile.supplies[0]
        .sources
        .insert("description".to_owned(), source.clone());
    hostile.supplies[0].colorant = Text::non_empty("\" onmouseover=\"x");
    hostile.alerts = vec![Alert {
        slot: Text::clean("1.1"),
        severity: AlertSeverity::Critical,
        training: None,
        group: evil(),
        group_index: None,
        code: Some(1),
        code_name: None,
        description: evil(),
        raised_at_uptime_centis: None,
        sources: Sources::from([
            ("group".to_owned(), source.clone()),
            ("code".to_owned(), source.clone()),
            ("description".to_owned(), source),
        ]),
    }];
    let mut pass = support::pass_report(hostile.pass, std::slice::from_ref(&hostile));
    pass.observations.push(Observation {
        first: [192, 0, 2, 9].into(),
        last: [192, 0, 2, 9].into(),
        name: Text::non_empty(SCRIPT),
        outcome: Outcome::OtherDevice {
            description: evil(),
        },
        witness: Witness::SnmpV2c,
        at: support::audit_time().wall,
    });
    pass.notices.push(TrapNotice {
        at: support::audit_time().wall,
        from: hostile.address.expect("it has one").ip(),
        witness: Witness::SnmpV2c,
        trap: Text::clean(SCRIPT),
        name: None,
        repeats: 3,
        alert: hostile.alerts.first().cloned(),
    });
    let (id, pass_id) = (hostile.id, pass.id);
    let report = agent.submission(vec![hostile], Some(pass));
    assert!(agent.send(world.address(), &report).await.receipt.is_some());

    for path in [
        "/".to_owned(),
        format!("/audits/{id}"),
        "/observations".to_owned(),
        format!("/observations/{pass_id}"),
        format!("/?q={}", "%3Cscript%3Ealert('x')"),
        format!(
            "/?sort={}&site={}",
            "%22%3E%3Cscript%3E", "%22%3E%3Cscript%3E"
        ),
    ] {
        let (status, page) = get(world.address(), &path).await;
        assert_eq!(status, 200, "{path}");
        assert!(!page.contains("<script"), "{path}");
        assert!(!page.contains("<img"), "{path}");
        assert!(!page.contains("\" onmouseover"), "{path}");
    }
    for path in [format!("/audits/{id}"), format!("/observations/{pass_id}")] {
        let (_, page) = get(world.address(), &path).await;
        assert!(page.contains("3 more like it"), "{path} shows the notice");
    }
    let (_, fleet) = get(world.address(), "/").await;
    assert!(
        fleet.contains("&#60;script&#62;") || fleet.contains("&lt;script&gt;"),
        "shown as text"
    );
}

#[tokio::test]
async fn where_pages_are_open_another_host_name_is_refused() {
    let world = World::new().await;
    let to = world.address();
    let head = "GET / HTTP/1.1\r\nHost: rebound.example";
    let (status, _, _) = support::exchange(to, head, &[]).await;
    assert_eq!(status, 421);
}
