//! A device that tells something unasked, from its own datagram to Central's books.

use pagetally_central::{Central, CentralConfig, DeviceFilter};
use pagetally_fleet_sim::models::Trouble;
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{AlertSeverity, Settings, Timestamp, Witness};
use pagetally_onsite::{
    Agent, Cancel, Delivery, DeviceTold, Pass, SiteFile, ThisMachine, Told, TrapWatch,
};
use pagetally_printer_mib::Definitions;
use pagetally_snmp_engine::Oid;
use pagetally_snmp_engine::trap::{NotificationKind, TrapPdu};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const VENDOR: &str = "1.3.6.1.4.1.11.2.3.9.0.1";

/// How long this machine may take for anything here.
const PATIENCE: Duration = Duration::from_secs(60);

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).expect("before 292 million"))
}

/// The printers of the demonstration that can be read, in order.
fn printers(count: usize) -> Vec<SimDevice> {
    let readable = |device: &SimDevice| {
        let truth = device.truth();
        truth.is_printer && !truth.refuses && !truth.serial.is_empty() && truth.alerts.is_empty()
    };
    let devices = demo_fleet(11).into_iter().filter(readable);
    devices.take(count).collect()
}

/// The way to Central: keeps what agents say in the open, which is the heads of their requests.
fn way_to(central: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    let said = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&said);
    std::thread::spawn(move || {
        for agent in listener.incoming().map_while(Result::ok) {
            let there = TcpStream::connect(central).expect("Central listens");
            let (back, back_to) = (
                there.try_clone().expect("a handle"),
                agent.try_clone().expect("a handle"),
            );
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || hand_on(agent, there, Some(&kept)));
            std::thread::spawn(move || hand_on(back, back_to, None));
        }
    });
    (address, said)
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, keep: Option<&Mutex<Vec<u8>>>) {
    let mut buffer = [0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if let Some(keep) = keep {
            keep.lock()
                .expect("whole")
                .extend_from_slice(&buffer[..length]);
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Waits until devices are to be read.
fn next_due(watch: &TrapWatch, woken: &Receiver<()>) -> Vec<DeviceTold> {
    loop {
        let due = watch.take_due();
        if !due.is_empty() {
            return due;
        }
        match watch.next_due() {
            // Whether somebody woke us meanwhile or not: look again.
            Some(next) => drop(woken.recv_timeout(next)),
            None => woken.recv_timeout(PATIENCE).expect("something is heard"),
        }
    }
}

fn send(from: IpAddr, to: SocketAddr, datagram: &[u8]) -> UdpSocket {
    let socket = UdpSocket::bind((from, 0)).expect("a loopback address");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket.send_to(datagram, to).expect("sent");
    socket
}

#[test]
fn a_device_that_tells_of_a_jam_is_read_alone_and_at_once_and_central_shows_both() {
    let definitions = Definitions::builtin();
    let config = FleetConfig {
        base: Ipv4Addr::new(127, 97, 1, 1),
        follow_wall_clock: false,
        ..FleetConfig::new(printers(3))
    };
    let fleet = Fleet::start(config).expect("a fleet");
    let ip = |device: usize| fleet.address(device).ip();

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let central = runtime
        .block_on(Central::start(CentralConfig::in_memory()))
        .expect("Central starts");
    let (door, said) = way_to(central.http_address().expect("it listens"));
    let url = format!("http://{door}/soap");
    let settings = Settings {
        // The third one is no target.
        targets: vec![ip(0).to_string(), ip(1).to_string()],
        port: fleet.port(),
        timeout_millis: 500,
        ..Settings::default()
    };
    let (books, code) = runtime.block_on(async {
        let dealer = central.books().create_dealer("Dealer").await.expect("new");
        let books = central.books().dealer(dealer);
        let account = books.create_account("Customer").await.expect("new");
        let site = books
            .create_site(account, "Head office", "Europe/Berlin")
            .await
            .expect("new");
        let set = books.set_settings(site, &settings, "test").await;
        set.expect("settings");
        let hour = Duration::from_secs(3_600);
        let code = books.create_enrolment_code(site, &url, now(), hour).await;
        (books, code.expect("a code"))
    });

    let folder = tempfile::tempdir().expect("a folder");
    let text = "format = 1\n[central]\nallow_plain_http = true\n\
        [traps]\nlisten = [\"127.0.0.1:0\"]\ncommunities = [\"traps\"]\n";
    let site = SiteFile::parse(text, Path::new("site.toml")).expect("valid");
    let mut agent = Agent::open(&folder.path().join("agent"), site).expect("an agent");
    agent
        .enrol(&code.to_text().expect("a code"))
        .expect("enrolled");
    let mut keep_up = |event| fleet.keep_up(&event);
    let pass = Pass::new(&mut agent, &definitions).run(&Cancel::new(), &mut keep_up);
    let summary = pass.expect("an ordinary pass");
    assert_eq!((summary.audits, summary.delivery), (2, Delivery::Complete));
    let heads = |said: &Mutex<Vec<u8>>| {
        let bytes = said.lock().expect("whole").clone();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    assert!(!heads(&said).contains("#SendAlerts"), "an ordinary pass");

    let site = agent.site().traps.clone().expect("switched on");
    let (wake, woken) = channel();
    let wake = move || wake.send(()).expect("somebody listens");
    let watch = TrapWatch::start(&agent, &site, &definitions, wake).expect("it listens");
    let to = watch.addresses()[0];
    let alerts = fleet.with_device(0, |device| {
        device.raise(Trouble::Jam);
        device.printer_alerts(b"traps", NotificationKind::Inform, 7)
    });
    let alerts = alerts.expect("the first");
    assert_eq!(alerts.len(), 1, "the jam alone");
    // A foreign community, a maker's trap from a printer that is no target, and the alert.
    let vendor: Oid = VENDOR.parse().expect("valid");
    let trap = |community| {
        TrapPdu {
            community,
            kind: NotificationKind::Trap,
            id: 1,
            uptime: 1,
            trap: &vendor,
            varbinds: &[],
        }
        .encode()
    };
    send(ip(1), to, &trap(b"public"));
    send(ip(2), to, &trap(b"traps"));
    let device = send(ip(0), to, &alerts[0]);
    device.recv(&mut [0; 1_500]).expect("acknowledged");

    let mut due = next_due(&watch, &woken);
    if due.len() == 1 {
        due.extend(next_due(&watch, &woken));
    }
    let told = Told::by_known(&agent, due, &ThisMachine).expect("settings and store answer");
    assert_eq!(told.strangers(), [ip(2)]);
    let tellers: Vec<IpAddr> = told.devices().iter().map(|d| d.address.ip()).collect();
    assert_eq!(tellers, [ip(0)]);
    assert_eq!(watch.tally().datagrams.wrong_community, 1);

    let pass = Pass::new(&mut agent, &definitions).for_told(told);
    let summary = pass.run(&Cancel::new(), &mut keep_up).expect("a pass");
    assert_eq!((summary.audits, summary.delivery), (1, Delivery::Complete));
    assert_eq!(summary.observations.len(), 1, "{:?}", summary.observations);
    assert_eq!(summary.observations[0].first, ip(0));
    assert!(heads(&said).contains("#SendAlerts"), "it could not wait");

    runtime.block_on(async {
        let devices = books.devices(&DeviceFilter::default()).await.expect("rows");
        assert_eq!(devices.len(), 2);
        for device in devices {
            let notices = books.device_notices(device.id, 10).await.expect("rows");
            let audits = books.audits(device.id, 10).await.expect("rows");
            if device.address.expect("known").ip() != ip(0) {
                assert_eq!((notices.len(), audits.len()), (0, 1));
                continue;
            }
            assert_eq!((notices.len(), audits.len()), (1, 2));
            let notice = &notices[0];
            assert_eq!(notice.name.as_deref(), Some("printerV2Alert"));
            assert_eq!(notice.severity, Some(AlertSeverity::Critical));
            assert_eq!(notice.witness, Witness::SnmpV2c);
            assert_eq!((notice.pass, notice.address), (summary.pass, ip(0)));
            assert_eq!(notice.audit, Some(audits[0].id));
            let open = books.alerts(audits[0].id).await.expect("rows");
            let words = open[0].description.as_deref();
            assert_eq!(words, Some("Paper jam"), "read at once: {open:?}");
            assert_eq!(device.critical_alerts, 1);
        }
    });
}
