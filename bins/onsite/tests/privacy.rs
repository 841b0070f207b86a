//! `onsite privacy`: what leaves is seen before it leaves.

mod common;

use common::site::{Office, fleet, settings, with_data};
use tokio::runtime::Runtime;

const SITE: &str = "format = 1\n[central]\nallow_plain_http = true\n[privacy]\nhold = true\n\
    serial = \"pseudonymise\"\naddress = \"pseudonymise\"\nlocation = \"drop\"\n";

#[test]
fn what_leaves_is_seen_and_approved_before_it_leaves() {
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 84, 1, 1]);
    let office = Office::new(&runtime, &settings(&fleet));
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    std::fs::write(data.join("site.toml"), SITE).expect("writable");
    with_data("enrol", data, &[&office.code]).ends_with(0);

    // Without a store being opened, the list says what is done with what.
    let list = with_data("privacy", data, &[]).ends_with(0);
    let line = |path: &str| {
        let line = list.out.lines().find(|line| line.contains(path));
        line.unwrap_or_else(|| panic!("{}", list.out)).to_owned()
    };
    assert!(line("audit.identity.serial").starts_with("pseudonymise"));
    assert!(line("audit.identity.location").starts_with("drop"));
    assert!(line("audit.meters").starts_with("send"));

    let objects = with_data("privacy", data, &["objects"]).ends_with(0);
    assert!(
        objects
            .out
            .lines()
            .any(|line| line == "1.3.6.1.2.1.43.10.2.1.4")
    );

    let dry = with_data("run", data, &["--once", "--dry-run"]).ends_with(0);
    assert!(
        dry.out.contains("<") && dry.err.contains("nothing was stored or sent"),
        "{}",
        dry.err
    );
    with_data("privacy", data, &["show"]).ends_with(1);

    let run = with_data("run", data, &["--once"]).ends_with(3);
    assert!(run.out.contains("onsite privacy approve"), "{}", run.out);
    let status = with_data("status", data, &[]).ends_with(3);
    assert!(
        status.out.contains("held         1 submissions"),
        "{}",
        status.out
    );

    let shown = with_data("privacy", data, &["show"]).ends_with(0);
    for truth in fleet.truth() {
        let (address, truth) = truth;
        for value in [&truth.serial, &address.ip().to_string(), &truth.location] {
            assert!(
                !value.is_empty() && !shown.out.contains(value.as_str()),
                "{value}"
            );
            assert!(!dry.out.contains(value.as_str()), "{value}");
        }
        let pseudonym = with_data("privacy", data, &["pseudonym", "serial", &truth.serial]);
        let pseudonym = pseudonym.ends_with(0);
        assert!(
            shown.out.contains(pseudonym.out.trim()),
            "{}",
            pseudonym.out
        );
    }

    with_data("privacy", data, &["approve"]).ends_with(0);
    with_data("privacy", data, &["approve"]).ends_with(1);
    let run = with_data("run", data, &["--once"]).ends_with(3);
    assert!(
        run.out.contains("acknowledged  submission 1"),
        "{}",
        run.out
    );
    let devices = runtime.block_on(office.books.devices(&Default::default()));
    let devices = devices.expect("rows");
    assert_eq!(devices.len(), 2);
    for device in devices {
        let serial = device.serial.expect("a pseudonym");
        assert!(shown.out.contains(serial.as_str()), "{serial}");
    }
}

#[test]
fn a_field_that_is_none_is_answered_with_those_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = with_data("privacy", folder.path(), &["pseudonym", "colour", "red"]).ends_with(2);
    assert!(
        said.err.contains("the fields are address, asset"),
        "{}",
        said.err
    );
}
