//! The pages as a browser without JavaScript gets them.

mod support;

use pagetally_central::{CentralConfig, PageAccess};
use pagetally_model::{
    AuditId, AuditRef, Change, ChangeKind, ComparedValue, Comparison, Contradiction, DeviceAudit,
    Exactness, Level, MatchedBy, MeterColor, MeterFunction, Observation, Outcome, Provenance,
    RawKind, Replacement, ReplacementKind, RuleId, Said, Source, Text, Timestamp, Witness,
};
use support::{
    NOON, World, audit, csrf, exchange, get, meter, pass_report, post_form, post_form_as,
    provenance, supply,
};

async fn world_with_devices() -> World {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    for total in [6_466, 6_500] {
        let mut printer = audit("CNB1234567", total);
        printer
            .supplies
            .push(supply("1.2", "cyan", Level::Percent(42)));
        printer
            .supplies
            .push(supply("1.3", "magenta", Level::Unknown));
        printer
            .meters
            .push(meter(MeterFunction::Total, MeterColor::Mono, 6_000));
        let pass = pass_report(
            pagetally_model::PassId::from_bytes(support::random()),
            &[printer.clone()],
        );
        printer.pass = pass.id;
        let report = agent.submission(vec![printer], Some(pass));
        assert!(agent.send(world.address(), &report).await.receipt.is_some());
    }
    world
}

#[tokio::test]
async fn every_page_answers_and_none_runs_or_loads_anything() {
    let world = world_with_devices().await;
    let device = world
        .books
        .devices(&Default::default())
        .await
        .expect("devices")[0]
        .clone();
    let agent = world.books.agents().await.expect("agents")[0].id;
    let pass = world.books.passes(None, 1).await.expect("passes")[0].id;
    for path in [
        "/".to_owned(),
        "/?q=laserjet&show=alerts&sort=-total".to_owned(),
        format!("/devices/{}", device.id),
        format!("/audits/{}", device.latest_audit.expect("an audit")),
        "/observations".to_owned(),
        format!("/observations/{pass}"),
        format!("/observations/{pass}?outcome=silent"),
        "/agents".to_owned(),
        format!("/agents/{agent}"),
        "/sites".to_owned(),
        format!("/sites/{}", world.site),
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}", world.address());
        let (status, headers, body) = exchange(world.address(), &head, &[]).await;
        let page = String::from_utf8(body).expect("text");
        assert_eq!(status, 200, "{path}");
        assert!(
            page.ends_with("</html>") || page.ends_with("</html>\n"),
            "{path}"
        );
        assert!(
            headers.contains("content-security-policy: default-src 'none'"),
            "{headers}"
        );
        assert!(headers.contains("cache-control: no-store"), "{headers}");
        for forbidden in ["<script", " style=", "http://", "https://", "javascript:"] {
            assert!(!page.contains(forbidden), "{path} holds {forbidden}");
        }
    }
}

#[tokio::test]
async fn the_fleet_shows_what_is_known_and_calls_the_rest_unknown() {
    let world = world_with_devices().await;
    let (_, page) = get(world.address(), "/").await;
    assert!(page.contains("HP LaserJet M507"));
    assert!(page.contains("6,500"));
    assert!(page.contains("6,000 mono"));
    assert!(
        page.contains("\u{2014} colour"),
        "an absent meter is a dash"
    );
    let (_, none) = get(world.address(), "/?q=kyocera").await;
    assert!(none.contains("No device fits"));
    let (_, found) = get(world.address(), "/?q=m507+cnb").await;
    assert!(found.contains("1 device found"), "{found}");
}

#[tokio::test]
async fn a_device_page_tells_why_a_meter_stands_as_it_does() {
    let world = world_with_devices().await;
    let device = world
        .books
        .devices(&Default::default())
        .await
        .expect("devices")[0]
        .clone();
    let (_, page) = get(world.address(), &format!("/devices/{}", device.id)).await;
    for expected in [
        "SNMP 1.3.6.1.2.1.43.10.2.1.4.1.1",
        "6500 (Counter32)",
        "rfc3805.prtMarkerLifeCount",
        "42% left",
        "some left",
        "<polyline",
        "2026-03-02 13:00 CET",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}

/// An audit in which a toner was replaced, a counter fell and the device was started anew.
fn eventful_audit() -> DeviceAudit {
    let mut printer = audit("CNB1234567", 6_400);
    let at = |hour: i64| AuditRef {
        audit: AuditId::from_bytes(support::random()),
        wall: Timestamp::from_unix_millis(NOON + hour * 3_600_000),
    };
    let earlier = at(-2);
    let said = |value: &str| Said {
        value: Text::clean(value),
        source: provenance(
            "1.3.6.1.2.1.43.11.1.1.6.1.1",
            RawKind::OctetString,
            value,
            "x",
        )
        .source,
    };
    let compared = |name: &str, then: &str, now: &str| Source::Compared {
        earlier,
        values: vec![ComparedValue {
            name: Text::clean(name),
            earlier: Some(said(then)),
            now: Some(said(now)),
        }],
    };
    let concluded = |source, rule: &str| {
        Provenance::new(
            source,
            RuleId {
                name: Text::clean(rule),
                version: 1,
            },
        )
    };
    let toner = &mut printer.supplies[0];
    toner.place = Some(Text::clean("black-toner"));
    toner.replaced = Some(Replacement {
        what: ReplacementKind::Replaced,
        exactness: Exactness::Derived,
        after: earlier,
        by: at(0),
    });
    let source = concluded(
        compared("serial", "CRUM-1001", "CRUM-1002"),
        "pagetally.supply-serial-changed",
    );
    toner.sources.insert("replaced", source);
    printer.contradictions.push(Contradiction {
        rule: Text::clean("counters never fall"),
        detail: Text::clean("meters.total was 6466 and is 6400 now"),
        source: Some(compared("value", "6466", "6400")),
    });
    printer.comparison = Some(Comparison {
        earlier,
        matched_by: MatchedBy::Serial,
        changes: vec![Change {
            what: ChangeKind::Restarted,
            reading: Text::clean("identity.uptimeCentis"),
            detail: Text::clean("the uptime fell from 900 to 10 hundredths of a second"),
            source: concluded(
                compared("uptimeCentis", "900", "10"),
                "pagetally.uptime-fell",
            ),
        }],
    });
    printer
}

#[tokio::test]
async fn a_device_page_tells_what_happened_since_the_audit_before() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let printer = eventful_audit();
    assert_eq!(printer.check_sources(), Ok(()));
    let report = agent.submission(vec![printer.clone()], None);
    assert!(agent.send(world.address(), &report).await.receipt.is_some());
    let devices = world.books.devices(&Default::default()).await;
    let device = devices.expect("devices")[0].clone();
    let booked = world.books.audit_document(printer.id).await;
    assert_eq!(booked.expect("booked"), printer);
    let (_, page) = get(world.address(), &format!("/devices/{}", device.id)).await;
    for expected in [
        "replaced since 2026-03-02 11:00 CET, seen 2026-03-02 13:00 CET",
        "<dt>serial then</dt><dd>CRUM-1001</dd>",
        "<dt>serial now</dt><dd>CRUM-1002</dd>",
        "counters never fall",
        "meters.total was 6466 and is 6400 now",
        "the audit of 2026-03-02 11:00 CET",
        "Since the audit before",
        "the uptime fell from 900 to 10",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}

#[tokio::test]
async fn the_json_api_gives_the_same_rows() {
    let world = world_with_devices().await;
    let (status, text) = get(world.address(), "/api/v0/devices").await;
    assert_eq!(status, 200);
    let list: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(list[0]["total"], 6_500);
    assert_eq!(list[0]["color"], serde_json::Value::Null);
    let id = list[0]["id"].as_str().expect("an id");
    let (_, text) = get(world.address(), &format!("/api/v0/devices/{id}")).await;
    let device: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(device["supplies"][0]["level"]["state"], "some-remaining");
    assert_eq!(device["meters"][0]["value"], 6_500);
}

#[tokio::test]
async fn settings_are_changed_by_form_and_a_bad_field_is_named_beside_it() {
    let world = World::new().await;
    let path = format!("/sites/{}", world.site);
    let (_, page) = get(world.address(), &path).await;
    let token = csrf(&page);
    let form = |port: &'static str| {
        vec![
            ("csrf", token.as_str()),
            ("time_zone", "Europe/Berlin"),
            ("targets", "192.0.2.0/28\r\n198.51.100.7"),
            ("exclusions", ""),
            ("communities", "public\r\nsecret-1"),
            ("port", port),
            ("timeout_millis", "1500"),
            ("retries", "1"),
            ("datagrams_per_second", "200"),
            ("interval_minutes", "15"),
        ]
    };
    let (status, _, page) = post_form(world.address(), &path, &form("70000")).await;
    assert_eq!(status, 422);
    assert!(
        page.contains("port: a whole number is needed here"),
        "{page}"
    );
    assert!(page.contains("198.51.100.7"), "what was typed comes back");
    assert_eq!(
        world
            .books
            .settings(world.site)
            .await
            .expect("settings")
            .settings
            .version,
        1
    );

    let (status, _, page) = post_form(world.address(), &path, &form("1161")).await;

    assert_eq!(status, 200);
    assert!(page.contains("Saved as version 2"));
    let settings = world
        .books
        .settings(world.site)
        .await
        .expect("settings")
        .settings;
    assert_eq!(
        (settings.version, settings.port, settings.interval_seconds),
        (2, 1161, 900)
    );
    assert_eq!(settings.targets, ["192.0.2.0/28", "198.51.100.7"]);
    assert_eq!(settings.communities[1].expose(), "secret-1");
}

#[tokio::test]
async fn a_pass_page_tells_refusals_of_v3_apart_from_wrong_communities_with_their_reasons() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let mut pass = pass_report(pagetally_model::PassId::from_bytes(support::random()), &[]);
    // As the agent words them.
    let refused = "it refuses the SNMPv3 user (its Report: wrong digest: another passphrase)";
    let closed = "it answers an SNMPv3 discovery and none of the communities";
    let observed = pass.observations[0].clone();
    let outcomes = [
        Outcome::Refused {
            reason: Text::clean(refused),
        },
        Outcome::WrongCommunity {
            reason: Text::clean(closed),
        },
    ];
    for (last, outcome) in (200..).zip(outcomes) {
        let address = [192, 0, 2, last].into();
        pass.observations.push(Observation {
            first: address,
            last: address,
            outcome,
            witness: Witness::SnmpV3Report,
            ..observed.clone()
        });
    }
    let id = pass.id;
    let report = agent.submission(Vec::new(), Some(pass));
    assert!(agent.send(world.address(), &report).await.receipt.is_some());
    let (status, page) = get(world.address(), &format!("/observations/{id}")).await;
    assert_eq!(status, 200, "{page}");
    for told in [
        ">refused<",
        refused,
        ">wrong community<",
        closed,
        "SNMPv3 report",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
}

#[tokio::test]
async fn a_passphrase_that_was_typed_is_never_shown_again() {
    let world = World::new().await;
    let path = format!("/sites/{}", world.site);
    let (_, page) = get(world.address(), &path).await;
    let token = csrf(&page);
    let form = |port: &'static str, users: &'static str| {
        vec![
            ("csrf", token.as_str()),
            ("time_zone", "UTC"),
            ("targets", "192.0.2.7"),
            ("communities", "public"),
            ("snmp_users", users),
            ("port", port),
            ("timeout_millis", "1500"),
            ("retries", "1"),
            ("datagrams_per_second", "200"),
            ("interval_minutes", "15"),
        ]
    };
    let typed = "user reader\r\nauth SHA-256 sentinel one\r\npriv AES-128 sentinel two";
    let misspelt = "user reader\r\nauht SHA-256 sentinel one";
    for (port, users) in [("many", typed), ("161", misspelt)] {
        let (status, _, page) = post_form(world.address(), &path, &form(port, users)).await;
        assert_eq!(status, 422);
        assert!(!page.contains("sentinel"), "{page}");
        assert!(page.contains("type them again"), "{page}");
        assert!(page.contains("user reader"), "the rest comes back");
    }
    let (status, _, page) = post_form(world.address(), &path, &form("161", typed)).await;
    assert_eq!(status, 200);
    assert!(!page.contains("sentinel") && !page.contains("type them again"));
    assert!(page.contains("auth SHA-256 ********"), "{page}");
    let settings = world.books.settings(world.site).await.expect("settings");
    let user = &settings.settings.snmp_users[0];
    let secret = |secret: &Option<pagetally_model::SnmpSecret>| {
        secret.as_ref().map(|it| it.passphrase.expose().to_owned())
    };
    assert_eq!(secret(&user.auth).as_deref(), Some("sentinel one"));
    assert_eq!(secret(&user.privacy).as_deref(), Some("sentinel two"));
}

#[tokio::test]
async fn a_form_without_the_pages_token_or_from_elsewhere_changes_nothing() {
    let world = World::new().await;
    let path = format!("/sites/{}/enrol", world.site);
    let (_, page) = get(world.address(), &format!("/sites/{}", world.site)).await;
    let token = csrf(&page);
    let (status, ..) = post_form(world.address(), &path, &[("csrf", "guess")]).await;
    assert_eq!(status, 403);
    let elsewhere = "\r\nOrigin: https://evil.example";
    let (status, ..) = post_form_as(world.address(), &path, &[("csrf", &token)], elsewhere).await;
    assert_eq!(status, 403);
    assert!(
        world
            .books
            .enrolment_codes(world.site)
            .await
            .expect("codes")
            .is_empty()
    );

    let (status, _, page) = post_form(world.address(), &path, &[("csrf", &token)]).await;
    assert_eq!(status, 200);
    let code = page
        .split("PT1-")
        .nth(1)
        .expect("a code")
        .split(['<', '&'])
        .next();
    let code: pagetally_contract::EnrolmentCode = format!("PT1-{}", code.expect("text"))
        .parse()
        .expect("a code that parses");
    assert_eq!(code.central_url, world.central.soap_url());
    // What the code names is where agents call.
    let path = code.central_url.rsplit_once('/').expect("a path").1;
    let (status, description) = get(world.address(), &format!("/{path}?wsdl")).await;
    assert_eq!(status, 200);
    assert!(description.contains(&code.central_url), "{description}");
    // The same as a picture and as a file.
    assert!(
        page.contains("<svg") && page.contains("<path"),
        "no picture"
    );
    assert!(page.contains("href=\"data:text/plain"), "no file");
    let (_, again) = get(world.address(), &format!("/sites/{}", world.site)).await;
    assert!(!again.contains("PT1-"), "a code is shown once");
}

#[tokio::test]
async fn pages_behind_sign_in_open_with_the_right_password_alone() {
    let config = CentralConfig {
        page_access: PageAccess::SignIn,
        ..CentralConfig::in_memory()
    };
    let world = World::with(config).await;
    world
        .books
        .create_user("Ann", "correct horse battery")
        .await
        .expect("made");
    let to = world.address();
    let head = format!("GET / HTTP/1.1\r\nHost: {to}");
    let (status, headers, _) = exchange(to, &head, &[]).await;
    assert_eq!(status, 303);
    assert!(headers.contains("location: /sign-in"));
    assert_eq!(get(to, "/api/v0/devices").await.0, 303);

    let wrong = [("login", "ann"), ("password", "wrong")];
    assert_eq!(post_form(to, "/sign-in", &wrong).await.0, 403);
    let unknown = [("login", "bob"), ("password", "correct horse battery")];
    assert_eq!(post_form(to, "/sign-in", &unknown).await.0, 403);

    let right = [("login", "ANN"), ("password", "correct horse battery")];
    let (status, headers, _) = post_form(to, "/sign-in", &right).await;
    assert_eq!(status, 303);
    let cookie = headers
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .expect("a cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().expect("a pair").to_owned();
    let head = format!("GET / HTTP/1.1\r\nHost: {to}\r\nCookie: {pair}");
    let (status, _, page) = exchange(to, &head, &[]).await;
    assert_eq!(status, 200);

    let token = csrf(&String::from_utf8(page).expect("text"));
    let with_cookie = format!("\r\nCookie: {pair}");
    let (status, ..) = post_form_as(to, "/sign-out", &[("csrf", &token)], &with_cookie).await;
    assert_eq!(status, 303);
    assert_eq!(
        exchange(to, &head, &[]).await.0,
        303,
        "a session that ended is over"
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::new().await;
    for path in [
        "/nothing",
        "/devices/zz",
        "/devices/00000000000000000000000000000000",
        "/audits/00000000000000000000000000000000/json",
        "/sites/00000000000000000000000000000000",
    ] {
        assert_eq!(get(world.address(), path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn the_description_of_the_service_names_this_centrals_own_address() {
    let world = World::new().await;
    let (status, wsdl) = get(world.address(), "/soap?wsdl").await;
    assert_eq!(status, 200);
    assert!(wsdl.contains(&format!("location=\"{}/soap\"", world.central.public_url())));
    let (status, xsd) = get(world.address(), "/soap?xsd").await;
    assert_eq!((status, xsd.as_str()), (200, pagetally_contract::XSD));
    assert_eq!(get(world.address(), "/soap").await.0, 405);
}
