//! `onsite doctor`: each thing that may be wrong is named, with who can mend it.

mod common;

use common::site::{Office, fleet, now, settings, site_file, with_data};
use common::{Said, onsite};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use tokio::runtime::Runtime;

/// What it says of a step.
#[track_caller]
fn of<'s>(said: &'s Said, step: &str) -> &'s str {
    let line = said.out.lines().find(|line| line.starts_with(step));
    line.unwrap_or_else(|| panic!("nothing of {step}:\n{}", said.out))
}

fn doctor(data: &Path) -> Said {
    with_data("doctor", data, &[])
}

/// An enrolled agent's folder, and its Central.
fn enrolled(runtime: &Runtime) -> (tempfile::TempDir, Office) {
    let fleet = fleet([127, 83, 1, 1]);
    let office = Office::new(runtime, &settings(&fleet));
    let data = tempfile::tempdir().expect("a folder");
    site_file(data.path());
    with_data("enrol", data.path(), &[&office.code]).ends_with(0);
    (data, office)
}

/// Has the agent call a proxy that answers every request with these bytes and hangs up.
fn behind_proxy(data: &Path, answer: &'static str) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let mut stream = BufReader::new(stream);
            // The request is read whole: what is left unread when a connection is closed resets it, and
            // the answer with it.
            let asked = stream
                .by_ref()
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .count();
            // Who only connects and goes asks nothing.
            if asked > 0 {
                let _ = stream.get_mut().write_all(answer.as_bytes());
            }
        }
    });
    let text =
        format!("format = 1\n[central]\nallow_plain_http = true\nproxy = \"http://{address}\"\n");
    std::fs::write(data.join("site.toml"), text).expect("writable");
}

#[test]
fn where_all_is_well_each_step_says_so() {
    let runtime = Runtime::new().expect("a runtime");
    let (data, _office) = enrolled(&runtime);
    let said = doctor(data.path()).ends_with(0);
    for step in [
        "disk",
        "store",
        "name",
        "route",
        "proxy",
        "TLS",
        "contract",
        "registration",
        "clock",
    ] {
        assert_eq!(
            of(&said, step).split_whitespace().nth(1),
            Some("ok"),
            "{}",
            said.out
        );
    }
    assert!(of(&said, "registration").contains("Head office"));
    assert_eq!(said.out.lines().count(), 9);
}

#[test]
fn a_central_that_is_away_is_named_and_what_hangs_on_it_is_not_guessed() {
    let runtime = Runtime::new().expect("a runtime");
    let (data, office) = enrolled(&runtime);
    runtime
        .block_on(office.central.shutdown())
        .expect("it stops");
    let said = doctor(data.path()).ends_with(4);
    let route = of(&said, "route");
    assert!(
        route.contains("WRONG") && route.contains("nobody listens"),
        "{route}"
    );
    assert!(route.ends_with("[who runs Central]"), "{route}");
    for step in ["proxy", "TLS", "contract", "registration", "clock"] {
        let line = of(&said, step);
        assert!(
            line.contains(" - ") && line.contains("route comes first"),
            "{line}"
        );
    }
}

#[test]
fn an_agent_that_was_removed_is_told_to_enrol_again() {
    let runtime = Runtime::new().expect("a runtime");
    let (data, office) = enrolled(&runtime);
    runtime.block_on(async {
        let agents = office.books.agents().await.expect("agents");
        let agent = agents.first().expect("one").id;
        office.books.remove_agent(agent).await.expect("removed");
    });
    let said = doctor(data.path()).ends_with(4);
    let line = of(&said, "registration");
    assert!(line.contains("onsite enrol CODE"), "{line}");
    assert!(line.ends_with("[the dealer]"), "{line}");
    assert!(of(&said, "contract").contains(" ok "));
}

#[test]
fn a_proxy_that_wants_a_password_is_named() {
    let runtime = Runtime::new().expect("a runtime");
    let (data, _office) = enrolled(&runtime);
    behind_proxy(
        data.path(),
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    let said = doctor(data.path()).ends_with(4);
    let line = of(&said, "proxy");
    assert!(
        line.contains("WRONG") && line.contains("password"),
        "{line}"
    );
    assert!(line.ends_with("[who runs the network here]"), "{line}");
}

#[test]
fn a_proxy_that_hangs_up_is_not_said_to_let_anybody_through() {
    let runtime = Runtime::new().expect("a runtime");
    let (data, _office) = enrolled(&runtime);
    for answer in ["", "HTTP/1.1 200 OK\r\n", "220 mail.example ESMTP\r\n"] {
        behind_proxy(data.path(), answer);
        let said = doctor(data.path()).ends_with(4);
        let line = of(&said, "proxy");
        assert!(line.contains("WRONG"), "{answer:?}: {line}");
        assert!(
            line.ends_with("[who runs the network here]"),
            "{answer:?}: {line}"
        );
        assert!(of(&said, "TLS").contains("proxy comes first"), "{answer:?}");
    }
}

#[test]
fn an_agent_at_work_keeps_its_store_and_the_disk_is_looked_at_all_the_same() {
    let runtime = Runtime::new().expect("a runtime");
    let (data, _office) = enrolled(&runtime);
    let _at_work =
        pagetally_onsite::Agent::open(data.path(), pagetally_onsite::SiteFile::default())
            .expect("it opens");
    let said = doctor(data.path()).ends_with(3);
    assert!(of(&said, "disk").contains(" ok "));
    assert!(of(&said, "store").contains("in use by"), "{}", said.out);
}

#[test]
fn asking_makes_no_agent() {
    let data = tempfile::tempdir().expect("a folder");
    let said = with_data("doctor", &data.path().join("none"), &[]).ends_with(2);
    assert!(said.err.contains("there is no agent"), "{}", said.err);
    assert!(!data.path().join("none").exists());
    let help = common::said(
        onsite()
            .args(["doctor", "--help"])
            .output()
            .expect("it runs"),
    );
    assert!(help.out.contains("Nothing is changed"));
}

#[test]
fn an_agent_that_slept_through_centrals_change_of_keys_is_told_so_by_status_and_doctor() {
    let runtime = Runtime::new().expect("a runtime");
    let (data, office) = enrolled(&runtime);
    runtime.block_on(async {
        let now = now();
        let at_once = std::time::Duration::ZERO;
        office
            .books
            .rotate_key(now, at_once)
            .await
            .expect("rotated");
        let destroyed = office.books.books().destroy_ended_keys(now).await;
        assert_eq!(destroyed.expect("destroyed"), 1);
    });
    let said = with_data("run", data.path(), &["--once"]);
    assert!(said.out.contains("onsite enrol CODE"), "{}", said.out);
    let status = with_data("status", data.path(), &[]).ends_with(3);
    let line = status.out.lines().find(|line| line.contains("central key"));
    let line = line.expect("a line of it");
    assert!(line.contains("cannot open what this agent seals"), "{line}");
    assert!(line.contains("onsite enrol CODE"), "{line}");
    let said = doctor(data.path());
    let line = of(&said, "registration");
    assert!(line.contains("destroyed the key"), "{line}");
    assert!(line.contains("onsite enrol CODE"), "{line}");
}
