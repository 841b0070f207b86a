//! Whole passes over an agent's own folder, with a Central that a test hands in.

use pagetally_contract::{
    CentralKeyPair, GetScheduleResponse, Receipt, Report, StatusString, Verdict,
};
use pagetally_model::{
    ClockOffset, DeviceAudit, Observation, Outcome, PassReport, Settings, Text, Timestamp, Witness,
};
use pagetally_onsite::targets::{Network, OwnSubnet};
use pagetally_onsite::{
    Agent, Cancel, Central, Delivery, Field, Neighbours, Pass, PassError, PassEvent, PassSummary,
    Receiver, SiteFile, Treatment, clear_report, touched_files,
};
use pagetally_printer_mib::Definitions;
use pagetally_transport::{Answered, Delivered, TransportError};
use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use tempfile::TempDir;

/// A machine without any network and without names.
struct Island;

impl Network for Island {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::Error::other("no such name"))
    }

    fn own_subnets(&self) -> io::Result<Vec<OwnSubnet>> {
        Ok(Vec::new())
    }

    fn zone_index(&self, _: &str) -> Option<u32> {
        None
    }
}

/// A Central that takes everything.
#[derive(Default)]
struct Books {
    reports: Vec<Report>,
    settings: Option<Settings>,
}

fn answered<T>(answer: T) -> Answered<T> {
    Answered {
        answer,
        announced: None,
        offset: ClockOffset {
            offset_millis: 4_000,
            uncertainty_millis: 3,
        },
        central_time: Timestamp::from_unix_millis(1_800_000_004_000),
        bytes_sent: 100,
        bytes_received: 50,
    }
}

impl Central for Books {
    fn address(&self) -> &str {
        "https://central.example/"
    }

    fn send_report(&mut self, report: &Report) -> Result<Answered<Delivered>, TransportError> {
        self.reports.push(report.clone());
        let header = &report.signed.header;
        let receipt = Receipt {
            submission: header.id,
            number: header.number,
            content: header.content,
            header: header.hash(),
            received_at: Timestamp::from_unix_millis(5),
            withheld: 0,
            verdict: Verdict::Accepted,
        };
        let key = CentralKeyPair::from_seed([0xce; 32]);
        Ok(answered(Delivered {
            receipt: receipt.sign(header.agent, &key),
            central_key: key.public(),
            schedule_version: self.settings.as_ref().map_or(0, |new| new.version),
        }))
    }

    fn get_schedule(&mut self, have: u64) -> Result<Answered<GetScheduleResponse>, TransportError> {
        Ok(answered(GetScheduleResponse {
            status: StatusString::OK,
            settings: self.settings.clone().filter(|new| new.version > have),
            central_time: Timestamp::from_unix_millis(5),
        }))
    }
}

/// Settings that look at two addresses of loopback where nobody answers SNMP.
fn quiet_settings(version: u64) -> Settings {
    Settings {
        version,
        targets: vec!["127.95.1.1-2".to_owned()],
        port: 9,
        timeout_millis: 50,
        retries: 0,
        ..Settings::default()
    }
}

struct Site {
    agent: Agent,
    central: Books,
    events: Vec<PassEvent>,
    _folder: TempDir,
}

impl Site {
    fn new(settings: Option<Settings>) -> Self {
        Self::with_file(settings, SiteFile::default())
    }

    fn with_file(settings: Option<Settings>, file: SiteFile) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let agent = Agent::open(&folder.path().join("agent"), file).expect("new");
        if let Some(settings) = settings {
            agent.store().set_settings(&settings).expect("durable");
        }
        Self {
            agent,
            central: Books::default(),
            events: Vec::new(),
            _folder: folder,
        }
    }

    fn pass(&mut self, receiver: Option<&mut dyn Receiver>) -> Result<PassSummary, PassError> {
        let mut pass = Pass::new(&mut self.agent, &Definitions::builtin())
            .with_network(&Island)
            .with_central(&mut self.central);
        if let Some(receiver) = receiver {
            pass = pass.with_receiver(receiver);
        }
        pass.run(&Cancel::new(), &mut |event| self.events.push(event))
    }
}

#[test]
fn silent_addresses_are_one_observation_that_reaches_central() {
    let mut site = Site::new(Some(quiet_settings(3)));
    let summary = site.pass(None).expect("a pass");
    assert_eq!(summary.delivery, Delivery::Complete);
    assert_eq!(summary.settings_version, 3);
    let (_, report) = site.central.reports[0].pass.as_ref().expect("the account");
    assert_eq!(report.settings_version, 3);
    assert_eq!(report.stats.addresses, 2);
    assert_eq!(report.observations.len(), 1);
    assert_eq!(report.observations[0].last.to_string(), "127.95.1.2");
}

#[test]
fn damage_to_the_store_reaches_central_with_the_next_pass_and_only_with_that() {
    let mut site = Site::new(Some(quiet_settings(3)));
    site.pass(None).expect("a pass");
    let folder = site._folder.path().join("agent");
    let spare = tempfile::tempdir().expect("a folder");
    site.agent = Agent::open(spare.path(), SiteFile::default()).expect("another, to close this");
    let journal = folder.join("journal/00000001.journal");
    let mut bytes = std::fs::read(&journal).expect("readable");
    bytes[150] ^= 1;
    std::fs::write(&journal, bytes).expect("written");
    site.agent = Agent::open(&folder, SiteFile::default()).expect("it opens all the same");

    for told in [true, false] {
        site.pass(None).expect("a pass");
        let last = site.central.reports.last().expect("sent");
        let (_, report) = last.pass.as_ref().expect("the account");
        let of_the_store: Vec<_> = report
            .observations
            .iter()
            .filter(|seen| {
                seen.name
                    .as_ref()
                    .is_some_and(|name| name.as_str() == "store")
            })
            .collect();
        assert_eq!(!of_the_store.is_empty(), told, "{:?}", report.observations);
        if let Some(seen) = of_the_store.first() {
            let Outcome::Error { reason } = &seen.outcome else {
                panic!("{seen:?}");
            };
            assert!(reason.as_str().contains("damaged"), "{reason}");
        }
    }
}

#[test]
fn settings_that_come_now_are_adopted_at_the_next_pass() {
    let mut site = Site::new(Some(quiet_settings(3)));
    site.central.settings = Some(Settings {
        targets: vec!["127.95.1.1".to_owned()],
        ..quiet_settings(4)
    });
    let first = site.pass(None).expect("a pass");
    assert_eq!((first.settings_version, first.new_settings), (3, Some(4)));
    assert_eq!(first.stats.addresses, 2);
    let second = site.pass(None).expect("a pass");
    assert_eq!((second.settings_version, second.new_settings), (4, None));
    assert_eq!(second.stats.addresses, 1);
}

#[test]
fn settings_without_a_usable_target_lock_no_agent_out() {
    // No targets named, and an island has no own network.
    let mut site = Site::new(None);
    site.central.settings = Some(quiet_settings(1));
    let summary = site.pass(None).expect("a pass");
    assert_eq!(summary.delivery, Delivery::Complete);
    assert_eq!(summary.new_settings, Some(1));
    let Outcome::Error { reason } = &summary.observations[0].outcome else {
        panic!("{:?}", summary.observations);
    };
    assert!(reason.as_str().contains("no targets"), "{reason}");
    assert!(
        site.events
            .iter()
            .any(|event| matches!(event, PassEvent::TargetsUnusable { .. }))
    );
}

/// Hours of UTC, some before now to some after now.
fn hours_around(now: Timestamp) -> String {
    let hour = now.unix_millis() / 3_600_000 % 24;
    format!("{:02}:00-{:02}:00", (hour + 22) % 24, (hour + 4) % 24)
}

#[test]
fn in_quiet_hours_nobody_is_asked_and_central_is_called() {
    let mut site = Site::new(None);
    let settings = Settings {
        quiet_hours: vec![hours_around(site.agent.clocks().wall())],
        ..quiet_settings(3)
    };
    site.agent.store().set_settings(&settings).expect("durable");
    site.central.settings = Some(quiet_settings(4));
    let summary = site.pass(None).expect("a pass");
    assert!(summary.quiet_until > Some(site.agent.clocks().wall()));
    assert!(summary.stored.is_empty() && summary.observations.is_empty());
    assert_eq!(summary.stats.datagrams_sent, 0);
    assert!(touched_files(site.agent.folder()).is_empty());
    assert_eq!(
        (summary.delivery, summary.new_settings),
        (Delivery::Complete, Some(4))
    );
    assert!(
        site.events
            .iter()
            .any(|event| matches!(event, PassEvent::Quiet { .. }))
    );
    // The settings that came name no quiet hours.
    let next = site.pass(None).expect("a pass");
    assert_eq!((next.quiet_until, next.stats.addresses), (None, 2));
}

#[test]
fn quiet_hours_in_an_unknown_zone_ask_nobody_and_say_why() {
    let mut site = Site::new(Some(Settings {
        time_zone: Text::clean("Nowhere/Land"),
        quiet_hours: vec!["22:00-06:00".to_owned()],
        ..quiet_settings(3)
    }));
    let summary = site.pass(None).expect("a pass");
    let Outcome::Error { reason } = &summary.observations[0].outcome else {
        panic!("{:?}", summary.observations);
    };
    assert!(reason.as_str().contains("Nowhere/Land"), "{reason}");
    assert_eq!(summary.stats.datagrams_sent, 0);
}

#[test]
fn more_addresses_than_the_site_allows_are_not_looked_at() {
    let file = SiteFile {
        max_addresses: Some(1),
        ..SiteFile::default()
    };
    let mut site = Site::with_file(Some(quiet_settings(3)), file);
    let summary = site.pass(None).expect("a pass");
    let Outcome::Error { reason } = &summary.observations[0].outcome else {
        panic!("{:?}", summary.observations);
    };
    assert!(
        reason.as_str().contains("network.max_addresses"),
        "{reason}"
    );
    assert_eq!(summary.stats.datagrams_sent, 0);
}

#[test]
fn every_address_that_was_sent_anything_is_logged_unless_the_site_forbids_it() {
    for no_touched_log in [false, true] {
        let file = SiteFile {
            no_touched_log,
            ..SiteFile::default()
        };
        let mut site = Site::with_file(Some(quiet_settings(3)), file);
        let pass = site.pass(None).expect("a pass").pass;
        let lines: Vec<String> = touched_files(site.agent.folder())
            .iter()
            .flat_map(|file| {
                let text = std::fs::read_to_string(file).expect("readable");
                text.lines().map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
        if no_touched_log {
            assert!(lines.is_empty(), "{lines:?}");
            continue;
        }
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].ends_with(&format!(" udp 127.95.1.1:9 {pass}")),
            "{lines:?}"
        );
    }
}

/// A machine that knows one neighbour.
struct Neighbourhood;

impl Network for Neighbourhood {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Island.resolve(name)
    }

    fn own_subnets(&self) -> io::Result<Vec<OwnSubnet>> {
        Ok(Vec::new())
    }

    fn zone_index(&self, _: &str) -> Option<u32> {
        None
    }

    fn neighbours(&self) -> Neighbours {
        Neighbours::from([(Ipv4Addr::new(127, 95, 1, 1), [0x00, 0x80, 0x77, 1, 2, 3])])
    }
}

#[test]
fn a_neighbour_whose_mac_is_excluded_is_sent_nothing_and_told_as_excluded() {
    let mut site = Site::new(Some(Settings {
        exclusions: vec!["00:80:77".to_owned()],
        ..quiet_settings(3)
    }));
    let summary = Pass::new(&mut site.agent, &Definitions::builtin())
        .with_network(&Neighbourhood)
        .with_central(&mut site.central)
        .run(&Cancel::new(), &mut |_| {})
        .expect("a pass");
    let told = |row: &Observation| (row.first.to_string(), row.witness);
    assert_eq!(
        told(&summary.observations[0]),
        ("127.95.1.1".to_owned(), Witness::NeighbourTable)
    );
    assert!(matches!(
        summary.observations[0].outcome,
        Outcome::Excluded { .. }
    ));
    let log = std::fs::read_to_string(&touched_files(site.agent.folder())[0]).expect("readable");
    assert!(!log.contains("127.95.1.1:"), "{log}");
    assert!(log.contains("127.95.1.2:"), "{log}");
}

#[test]
fn audits_carry_the_clock_offset_of_the_last_exchange() {
    let mut site = Site::new(Some(quiet_settings(1)));
    site.pass(None).expect("a pass");
    site.pass(None).expect("a pass");
    let started: Vec<Option<ClockOffset>> = site
        .central
        .reports
        .iter()
        .filter_map(|report| Some(report.pass.as_ref()?.1.started.central_offset))
        .collect();
    assert_eq!(started[0], None);
    assert_eq!(started[1].map(|offset| offset.offset_millis), Some(4_000));
}

#[test]
fn a_pass_that_is_stopped_while_it_discovers_stores_nothing() {
    let mut site = Site::new(Some(quiet_settings(1)));
    let cancel = Cancel::new();
    cancel.cancel();
    let error = Pass::new(&mut site.agent, &Definitions::builtin())
        .with_network(&Island)
        .run(&cancel, &mut |_| {})
        .expect_err("stopped");
    assert!(matches!(error, PassError::Cancelled), "{error}");
    assert!(site.agent.status().expect("answers").outbox.is_empty());
}

#[test]
fn an_agent_that_is_not_enrolled_stores_and_waits() {
    let mut site = Site::new(Some(quiet_settings(1)));
    let summary = Pass::new(&mut site.agent, &Definitions::builtin())
        .with_network(&Island)
        .run(&Cancel::new(), &mut |_| {})
        .expect("a pass");
    assert_eq!(summary.delivery, Delivery::NotEnrolled);
    assert_eq!(summary.waiting, 1);
}

/// Another system that keeps what it is fed, or refuses it.
#[derive(Default)]
struct Neighbour {
    passes: usize,
    refuses: bool,
}

impl Receiver for Neighbour {
    fn receive(
        &mut self,
        _report: &PassReport,
        _audits: &[DeviceAudit],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.passes += 1;
        if self.refuses {
            return Err("the neighbour's disk is full".into());
        }
        Ok(())
    }
}

#[test]
fn a_receiver_that_fails_is_reported_and_costs_central_nothing() {
    let mut site = Site::new(Some(quiet_settings(1)));
    let mut neighbour = Neighbour {
        refuses: true,
        ..Neighbour::default()
    };
    let summary = site.pass(Some(&mut neighbour)).expect("a pass");
    assert_eq!(neighbour.passes, 1);
    assert_eq!(
        summary.receiver_error,
        Some(Text::clean("the neighbour's disk is full"))
    );
    assert_eq!(summary.delivery, Delivery::Complete);

    neighbour.refuses = false;
    let summary = site.pass(Some(&mut neighbour)).expect("a pass");
    assert_eq!(summary.receiver_error, None);
    assert_eq!(neighbour.passes, 2);
}

#[test]
fn the_steps_are_told_in_the_order_of_the_design() {
    let mut site = Site::new(Some(quiet_settings(1)));
    site.pass(None).expect("a pass");
    let place = |wanted: fn(&PassEvent) -> bool| {
        site.events
            .iter()
            .position(wanted)
            .unwrap_or_else(|| panic!("missing in {:?}", site.events))
    };
    let order = [
        place(|event| matches!(event, PassEvent::Started { .. })),
        place(|event| matches!(event, PassEvent::Swept { .. })),
        place(|event| matches!(event, PassEvent::Stored { .. })),
        place(|event| matches!(event, PassEvent::Connecting { .. })),
        place(|event| matches!(event, PassEvent::Sent { .. })),
        place(|event| matches!(event, PassEvent::Acknowledged { .. })),
    ];
    assert!(order.is_sorted(), "{:?}", site.events);
}

/// A site that wants to see first what leaves it.
fn holding() -> SiteFile {
    let mut file = SiteFile::default();
    file.privacy.hold = true;
    file
}

#[test]
fn what_is_held_back_leaves_only_once_it_is_approved() {
    let mut site = Site::with_file(Some(quiet_settings(3)), holding());
    site.central.settings = Some(quiet_settings(4));
    let summary = site.pass(None).expect("a pass");
    assert_eq!(summary.delivery, Delivery::Held { waiting: 1 });
    assert!(site.central.reports.is_empty());
    // Settings come all the same: an agent that is held must not be locked out.
    assert_eq!(summary.new_settings, Some(4));
    assert_eq!(site.agent.status().expect("readable").held, 1);

    let shown = site.agent.clear_submission(1).expect("it waits");
    assert_eq!(site.agent.approve(None).expect("durable").len(), 1);
    assert!(site.agent.approve(None).expect("durable").is_empty());
    let summary = site.pass(None).expect("a pass");
    // The new one was not seen by anybody.
    assert_eq!(summary.delivery, Delivery::Held { waiting: 1 });
    assert_eq!(site.central.reports.len(), 1);
    let sent = clear_report(site.agent.id(), site.central.reports[0].clone()).expect("XML");
    assert_eq!(*shown, *sent, "what was shown is what was sent");
}

#[test]
fn approving_goes_up_to_a_number() {
    let mut site = Site::with_file(Some(quiet_settings(3)), holding());
    for _ in 0..3 {
        site.pass(None).expect("a pass");
    }
    let approved = site.agent.approve(Some(2)).expect("durable");
    let numbers: Vec<u64> = approved.iter().map(|info| info.number).collect();
    assert_eq!(numbers, [1, 2]);
    let summary = site.pass(None).expect("a pass");
    assert_eq!(summary.acknowledged, [1, 2]);
    assert_eq!(summary.delivery, Delivery::Held { waiting: 2 });
}

#[test]
fn a_dry_run_shows_what_would_be_sent_and_leaves_nothing() {
    let mut site = Site::new(Some(quiet_settings(3)));
    let reports = Pass::new(&mut site.agent, &Definitions::builtin())
        .with_network(&Island)
        .with_central(&mut site.central)
        .dry_run(&Cancel::new(), &mut |_| {})
        .expect("a dry run");
    assert_eq!(reports.len(), 1);
    let report = &reports[0];
    let (salt, pass) = report.pass.as_ref().expect("the account");
    assert_eq!(pass.stats.addresses, 2);
    // It is whole: the hash that was signed is that of what is shown.
    let leaf = pagetally_proof::Leaf::new(
        pagetally_proof::LeafKind::PassReport,
        salt.clone(),
        pagetally_proof::canonical::to_bytes(pass).expect("canonical"),
    );
    let tree = pagetally_proof::MerkleTree::new(vec![leaf.hash()]);
    assert_eq!(tree.root(), report.signed.header.content);
    assert!(site.central.reports.is_empty());
    assert!(site.agent.status().expect("readable").outbox.is_empty());
    // What comes next has the number that was shown.
    site.pass(None).expect("a pass");
    let sent = &site.central.reports[0].signed.header;
    assert_eq!(sent.number, report.signed.header.number);
}

#[test]
fn addresses_are_treated_before_they_are_stored() {
    let mut file = SiteFile::default();
    let set = file.privacy.set(Field::Address, Treatment::Pseudonymise);
    set.expect("addresses can be pseudonymised");
    let mut site = Site::with_file(Some(quiet_settings(3)), file);
    let summary = site.pass(None).expect("a pass");
    assert_eq!(summary.delivery, Delivery::Complete);
    let told = site.agent.pseudonym_of(Field::Address, "127.95.1.1");
    let told = told.expect("a key");
    let sent = clear_report(site.agent.id(), site.central.reports[0].clone()).expect("XML");
    let sent = String::from_utf8(sent.to_vec()).expect("text");
    assert!(!sent.contains("127.95."), "{sent}");
    assert!(sent.contains(&told), "{sent}");
}
