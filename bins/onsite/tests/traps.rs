//! `onsite run` hears traps and informs, as a process, from net-snmp's `snmptrap` and `snmpinform`.
//!
//! Without net-snmp on the machine the tests say so and pass; with `PAGETALLY_REQUIRE_PEERS=1` they
//! fail instead.
#![cfg(target_os = "linux")]

mod common;

use common::site::{Office, PATIENCE, Running, settings, with_data};
use pagetally_central::{DeviceFilter, NoticeRow};
use pagetally_fleet_sim::models::Trouble;
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{AlertSeverity, Settings, Witness};
use pagetally_snmp_engine::{Oid, Value};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// printerV2Alert and prtAlertEntry (RFC 3805).
const PRINTER_V2_ALERT: &str = ".1.3.6.1.2.1.43.18.2.0.1";
const ALERT_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 43, 18, 1, 1];

/// A maker's enterprise.
const MAKER: &str = ".1.3.6.1.4.1.11.2.3.9";

/// Whether net-snmp's senders are here.
fn can_send() -> bool {
    let runs = |tool: &str| Command::new(tool).arg("-V").output().is_ok();
    if runs("snmptrap") && runs("snmpinform") {
        return true;
    }
    common::skipped("snmptrap and snmpinform cannot be started");
    false
}

/// A net-snmp tool that sends from a device's address.
fn sender(tool: &str, from: IpAddr, args: &[&str]) {
    let state = tempfile::tempdir().expect("a folder");
    let output = Command::new(tool)
        .env("MIBS", "")
        .env("SNMP_PERSISTENT_DIR", state.path())
        .arg(format!("--clientaddr={from}"))
        .args(args)
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool}: {said}");
}

/// Tells of a jam, as the device's own row of prtAlertTable has it, and waits for the acknowledgement.
fn inform_of_jam(fleet: &Fleet, device: usize, listener: &str) {
    let rows = fleet.with_device(device, |device| {
        device.raise(Trouble::Jam);
        device.walk()
    });
    let entry = Oid::default().child(&ALERT_ENTRY);
    let mut args: Vec<String> = ["-v2c", "-c", "traps", "-r", "5", "-t", "10", listener, ""]
        .map(str::to_owned)
        .to_vec();
    args.push(PRINTER_V2_ALERT.to_owned());
    for varbind in rows.expect("there") {
        // prtAlertIndex, severity, group, its index, location and code are what the alert carries.
        if let (Some([1 | 2 | 4..=7, ..]), Value::Integer(value)) =
            (varbind.oid.index_below(&entry), &varbind.value)
        {
            args.extend([varbind.oid.to_string(), "i".to_owned(), value.to_string()]);
        }
    }
    assert!(args.len() > 10, "the jam is in the table: {args:?}");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    sender("snmpinform", fleet.address(device).ip(), &args);
}

/// A maker's trap of v1.
fn maker_trap(from: IpAddr, listener: &str) {
    let args = [
        "-v1", "-c", "traps", listener, MAKER, "0.0.0.0", "6", "1", "",
    ];
    sender("snmptrap", from, &args);
}

fn fleet(base: [u8; 4], count: usize) -> Fleet {
    let readable = |device: &SimDevice| {
        let truth = device.truth();
        truth.is_printer && !truth.refuses && !truth.serial.is_empty() && truth.alerts.is_empty()
    };
    let devices = demo_fleet(11).into_iter().filter(readable).take(count);
    Fleet::start(FleetConfig {
        base: Ipv4Addr::from(base),
        follow_wall_clock: false,
        ..FleetConfig::new(devices.collect())
    })
    .expect("a fleet")
}

/// A site whose file switches traps on.
fn trap_site(data: &Path) {
    std::fs::create_dir_all(data).expect("a folder");
    let text = "format = 1\n[central]\nallow_plain_http = true\n\
        [traps]\nlisten = [\"127.0.0.1:0\"]\ncommunities = [\"traps\"]\n";
    std::fs::write(data.join("site.toml"), text).expect("writable");
}

/// An enrolled agent of a site, in its folder.
fn enrolled(runtime: &Runtime, settings: &Settings) -> (Office, tempfile::TempDir) {
    let office = Office::new(runtime, settings);
    let folder = tempfile::tempdir().expect("a folder");
    trap_site(folder.path());
    with_data("enrol", folder.path(), &[&office.code]).ends_with(0);
    (office, folder)
}

/// Where it listens.
fn listening(agent: &mut Running) -> String {
    let said = agent.wait_for("listening");
    said.split(' ').next().expect("an address").to_owned()
}

/// What Central knows of the passes' notices, the latest first.
fn notices(runtime: &Runtime, office: &Office) -> Vec<NoticeRow> {
    runtime.block_on(async {
        let passes = office.books.passes(Some(office.site), 100).await;
        let mut notices = Vec::new();
        for pass in passes.expect("rows") {
            let of_pass = office.books.pass_notices(pass.id).await;
            notices.extend(of_pass.expect("rows"));
        }
        notices
    })
}

#[test]
fn a_device_that_calls_is_read_at_once_and_central_has_what_it_told_beside_the_audit() {
    if !can_send() {
        return;
    }
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 94, 11, 1], 3);
    let (office, folder) = enrolled(&runtime, &settings(&fleet));
    let ip = |device: usize| fleet.address(device).ip();

    let mut agent = Running::start(folder.path());
    let listener = listening(&mut agent);
    agent.wait_for("next pass in");

    inform_of_jam(&fleet, 0, &listener);
    let told = agent.wait_for("told");
    assert_eq!(told, format!("{} printerV2Alert", ip(0)));
    let read = agent.wait_for("read");
    assert!(read.starts_with(&ip(0).to_string()), "{read}");
    agent.wait_for("acknowledged");
    maker_trap(ip(1), &listener);
    let told = agent.wait_for("told");
    assert!(told.starts_with(&ip(1).to_string()), "{told}");
    agent.wait_for("acknowledged");
    // Nobody has anything to do with this one.
    maker_trap(IpAddr::from([127, 94, 11, 77]), &listener);
    let told = agent.wait_for("told");
    assert!(told.contains("no device that is looked at"), "{told}");
    agent.stop();

    runtime.block_on(async {
        let devices = office.books.devices(&DeviceFilter::default()).await;
        for device in devices.expect("rows") {
            let notices = office.books.device_notices(device.id, 10).await;
            let audits = office.books.audits(device.id, 10).await.expect("rows");
            let notices = notices.expect("rows");
            let address = device.address.expect("known").ip();
            if address == ip(2) {
                assert_eq!((notices.len(), audits.len()), (0, 1));
                continue;
            }
            assert_eq!((notices.len(), audits.len()), (1, 2), "{address}");
            let notice = &notices[0];
            assert_eq!(
                (notice.address, notice.audit),
                (address, Some(audits[0].id))
            );
            if address == ip(1) {
                assert_eq!(notice.witness, Witness::SnmpV1);
                assert_eq!(notice.trap, format!("{}.0.1", &MAKER[1..]));
                continue;
            }
            assert_eq!(notice.witness, Witness::SnmpV2c);
            assert_eq!(notice.severity, Some(AlertSeverity::Critical));
            let alerts = office.books.alerts(audits[0].id).await.expect("rows");
            let words: Vec<_> = alerts.iter().map(|a| a.description.as_deref()).collect();
            assert!(
                words.contains(&Some("Paper jam")),
                "read at once: {words:?}"
            );
        }
    });
    assert_eq!(notices(&runtime, &office).len(), 2);
}

#[test]
fn a_device_that_sleeps_is_not_woken_by_its_own_trap_and_what_it_told_reaches_central() {
    if !can_send() {
        return;
    }
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 94, 12, 1], 2);
    let hasty = Settings {
        timeout_millis: 200,
        retries: 0,
        ..settings(&fleet)
    };
    let (office, folder) = enrolled(&runtime, &hasty);
    let ip = |device: usize| fleet.address(device).ip();
    with_data("run", folder.path(), &["--once"]).ends_with(0);
    // Both were read, and answer nothing now.
    for device in 0..2 {
        fleet.set_link(device, 1_000_000, Duration::ZERO);
    }
    with_data("run", folder.path(), &["--once"]).ends_with(0);
    let asked = fleet.stats().received;

    let mut agent = Running::start(folder.path());
    let listener = listening(&mut agent);
    agent.wait_for("next pass in");
    maker_trap(ip(0), &listener);
    let told = agent.wait_for("told");
    assert!(told.starts_with(&ip(0).to_string()), "{told}");
    agent.wait_for("acknowledged");
    agent.stop();
    let told = notices(&runtime, &office);
    assert_eq!(
        (told.len(), told[0].address, told[0].audit),
        (1, ip(0), None)
    );

    // The pass of the one that told something is none in which the other would be asked again.
    let pass = with_data("run", folder.path(), &["--once"]).ends_with(0);
    assert!(pass.out.contains("0 printers read"), "{}", pass.out);
    assert_eq!(fleet.stats().received, asked, "nobody was woken");
    let outcomes = runtime.block_on(async {
        let passes = office.books.passes(Some(office.site), 1).await;
        let rows = office.books.observations(passes.expect("rows")[0].id).await;
        rows.expect("rows")
    });
    let outcomes: Vec<_> = outcomes.iter().map(|row| row.outcome.as_str()).collect();
    assert_eq!(outcomes, ["asleep", "asleep"]);
}

#[test]
fn what_was_told_outlasts_an_agent_that_is_killed_before_it_read_the_device() {
    if !can_send() {
        return;
    }
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 94, 13, 1], 1);
    // An answer comes when nobody waits for it any more than this test does.
    let patient = Settings {
        timeout_millis: 60_000,
        ..settings(&fleet)
    };
    let (office, folder) = enrolled(&runtime, &patient);
    let mut agent = Running::start(folder.path());
    let listener = listening(&mut agent);
    agent.wait_for("next pass in");
    fleet.set_link(0, 0, Duration::from_secs(3_600));
    inform_of_jam(&fleet, 0, &listener);
    agent.wait_for("told");
    agent.wait_for("started");
    let until = Instant::now() + PATIENCE;
    while !is_kept(folder.path()) {
        assert!(Instant::now() < until, "nothing is kept");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(agent); // Killed.
    assert_eq!(notices(&runtime, &office), []);

    fleet.set_link(0, 0, Duration::ZERO);
    let mut agent = Running::start(folder.path());
    agent.wait_for("next pass in");
    let told = agent.wait_for("told");
    assert_eq!(told, format!("{} printerV2Alert", fleet.address(0).ip()));
    agent.wait_for("acknowledged");
    agent.stop();
    let told = notices(&runtime, &office);
    assert_eq!(told.len(), 1);
    assert!(told[0].audit.is_some() && told[0].severity == Some(AlertSeverity::Critical));

    // Once: it is settled.
    let mut agent = Running::start(folder.path());
    agent.wait_for("next pass in");
    agent.stop();
    assert_eq!(notices(&runtime, &office).len(), 1);
}

/// Whether the agent's cache has what was told.
fn is_kept(data: &Path) -> bool {
    let folders = std::fs::read_dir(data.join("cache")).into_iter().flatten();
    let files = folders
        .flatten()
        .flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten());
    files
        .flatten()
        .any(|file| file.path().extension().is_some_and(|end| end == "told"))
}
