//! What leaves a site is what the site decided: searched for in the bytes that are sealed.

mod recordings;

use pagetally_model::{
    AuditId, DeviceAudit, Observation, Outcome, PASS_FORMAT, PassReport, PassStats, RawKind,
    Source, Supply, Text, TextVisitor, Timestamp, Witness,
};
use pagetally_onsite::{
    Agent, CLOSED_LIST, Clocks, Field, Privacy, Recording, ReplayIds, SiteFile, Treatment,
    replay_answers,
};
use pagetally_printer_mib::Definitions;
use pagetally_snmp_engine::Value;
use pagetally_store::{AgentIdentity, PassBatch, SigningContext};
use proptest::prelude::*;
use recordings::recordings;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use zeroize::Zeroizing;

/// The address that a recording did not keep.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 177, 203);

fn key() -> Zeroizing<[u8; 32]> {
    Zeroizing::new([9; 32])
}

fn privacy(treatments: &[(Field, Treatment)]) -> Privacy {
    let mut privacy = Privacy::default();
    for (field, treatment) in treatments {
        privacy.set(*field, *treatment).expect("it can be");
    }
    privacy
}

/// Everything that can be, with the strongest treatment of these.
fn all(wanted: Treatment) -> Privacy {
    let mut privacy = Privacy::default();
    for field in Field::ALL {
        if field.treatments().contains(&wanted) {
            privacy.set(field, wanted).expect("it can be");
        }
    }
    privacy
}

fn decode(recording: &Recording) -> DeviceAudit {
    let ids = ReplayIds::fresh(&Clocks::start().expect("a clock")).expect("random numbers");
    let mut audit = replay_answers(&recording.to_answers(), &ids, &Definitions::builtin());
    audit.address = Some(SocketAddr::from((ADDRESS, 161)));
    audit
}

/// The bytes that are sealed when these audits are sent.
fn clear(agent: &Agent, audits: Vec<DeviceAudit>) -> String {
    let report = PassReport {
        format: PASS_FORMAT,
        id: audits.first().expect("an audit").pass,
        started: audits.first().expect("an audit").time,
        settings_version: 0,
        agent_version: Text::clean("test"),
        observations: Vec::new(),
        notices: Vec::new(),
        stats: PassStats::default(),
    };
    let identity = agent.store().identity().expect("readable").expect("there");
    let AgentIdentity {
        agent: id, signing, ..
    } = &identity;
    let context = SigningContext {
        agent: *id,
        key: signing,
        now: Timestamp::from_unix_millis(0),
    };
    let stored = agent
        .store()
        .commit_pass(PassBatch { audits, report }, &context)
        .expect("stored");
    let bytes = agent.clear_submission(stored[0].number).expect("whole");
    String::from_utf8(bytes.to_vec())
        .expect("XML is text")
        .to_lowercase()
}

/// What a recording tells of whose device it is, read from its own answers, in every spelling.
fn needles(recording: &Recording) -> BTreeSet<String> {
    const TEXTS: [&[u32]; 7] = [
        &[1, 3, 6, 1, 2, 1, 1, 4],
        &[1, 3, 6, 1, 2, 1, 1, 5],
        &[1, 3, 6, 1, 2, 1, 1, 6],
        &[1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 16],
        &[1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 17],
        &[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 11],
        &[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 15],
    ];
    let hex = |octets: &[u8], mark: &str| {
        let digits: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        digits.join(mark)
    };
    let mut found = BTreeSet::new();
    let mut address = |address: Ipv4Addr| {
        if !address.is_loopback() && !address.is_unspecified() && address.octets()[0] != 255 {
            found.insert(address.to_string());
        }
    };
    address(ADDRESS);
    for varbind in recording.varbinds() {
        if let Value::IpAddress(own) = varbind.value {
            address(own);
        }
    }
    for varbind in recording.varbinds() {
        let Value::OctetString(octets) = &varbind.value else {
            continue;
        };
        let arcs = varbind.oid.arcs();
        if TEXTS.iter().any(|column| arcs.starts_with(column)) {
            let text = String::from_utf8_lossy(octets).trim().to_lowercase();
            found.insert(hex(text.as_bytes(), ""));
            found.insert(text);
        }
        if arcs.starts_with(&[1, 3, 6, 1, 2, 1, 2, 2, 1, 6])
            && octets.len() == 6
            && octets.iter().any(|octet| *octet != 0)
        {
            found.extend(["", ":", "-", " "].map(|mark| hex(octets, mark)));
        }
        if arcs == [1, 3, 6, 1, 6, 3, 10, 2, 1, 1, 0] {
            found.insert(hex(octets, ""));
        }
    }
    found
}

/// The same of an audit, whatever objects its values came from.
fn told(audit: &DeviceAudit) -> BTreeSet<String> {
    let identity = &audit.identity;
    let own = [
        &identity.serial,
        &identity.hostname,
        &identity.location,
        &identity.contact,
        &identity.mac,
        &identity.asset,
        &identity.engine_id,
    ];
    let supplies = audit.supplies.iter().map(|supply| &supply.serial);
    let texts = own.into_iter().chain(supplies).flatten();
    texts.map(|text| text.as_str().to_lowercase()).collect()
}

/// Whether a text only says what the device is, or nothing: that is nobody's secret.
fn is_nobodys(audit: &DeviceAudit, needle: &str) -> bool {
    let make = format!(
        "{} {} printer",
        audit.identity.manufacturer.clone().unwrap_or_default(),
        audit.identity.model.clone().unwrap_or_default()
    )
    .to_lowercase();
    let first = needle.chars().next();
    needle.len() < 4
        || make.contains(needle)
        || needle
            .chars()
            .filter(|c| c.is_alphanumeric())
            .all(|c| Some(c) == first)
        || needle
            .split(|c: char| !c.is_alphanumeric())
            .all(|word| make.contains(word))
        // Noughts in hexadecimal.
        || needle.bytes().all(|byte| byte == b'0' || byte == b'3')
}

fn agent() -> (Agent, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = Agent::open(&folder.path().join("agent"), SiteFile::default()).expect("new");
    (agent, folder)
}

#[test]
fn no_recordings_bytes_tell_whose_device_it_is_once_that_is_treated() {
    let Some(recordings) = recordings() else {
        return;
    };
    let (agent, _folder) = agent();
    for treatment in [Treatment::Pseudonymise, Treatment::Drop] {
        let mut privacy = all(treatment);
        if treatment == Treatment::Drop {
            // Something has to tell devices apart, and it hides itself as well.
            privacy
                .set(Field::Mac, Treatment::Pseudonymise)
                .expect("it can be");
        }
        let mut looked_for = 0;
        for (name, recording) in &recordings {
            let before = decode(recording);
            let mut after = before.clone();
            privacy.treater(&key()).audit(&mut after);
            after
                .check_sources()
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut wanted = needles(recording);
            wanted.extend(told(&before));
            wanted.retain(|needle| !is_nobodys(&before, needle));
            let open = clear(&agent, vec![before]);
            let treated = clear(&agent, vec![after]);
            for needle in wanted.iter().filter(|needle| open.contains(*needle)) {
                looked_for += 1;
                let at = treated.find(needle.as_str());
                let shown =
                    at.map(|at| &treated[at.saturating_sub(120)..(at + 60).min(treated.len())]);
                assert_eq!(shown, None, "{name} still tells {needle:?} ({treatment})");
            }
        }
        assert!(looked_for > 100, "only {looked_for} values were looked for");
    }
}

#[test]
fn what_is_not_private_stays_in_every_recording() {
    for (name, recording) in recordings().unwrap_or_default() {
        let before = decode(&recording);
        let mut after = before.clone();
        all(Treatment::Pseudonymise)
            .treater(&key())
            .audit(&mut after);
        assert_eq!(before.identity.model, after.identity.model, "{name}");
        assert_eq!(before.meters.len(), after.meters.len(), "{name}");
        for (one, other) in before.meters.iter().zip(&after.meters) {
            assert_eq!(
                (one.value, &one.source.rule),
                (other.value, &other.source.rule),
                "{name}"
            );
        }
        let levels = |audit: &DeviceAudit| -> Vec<_> {
            audit
                .supplies
                .iter()
                .map(|supply| (supply.slot.clone(), supply.level))
                .collect()
        };
        assert_eq!(levels(&before), levels(&after), "{name}");
        // One device before, one device after: the evidence is of the same kinds.
        let (old, new) = (before.identity.evidence(), after.identity.evidence());
        let kinds = |evidence: &pagetally_model::Evidence| {
            [&evidence.serial, &evidence.mac, &evidence.engine_id].map(Option::is_some)
        };
        assert_eq!(kinds(&old), kinds(&new), "{name}");
    }
}

#[test]
fn no_two_devices_become_one() {
    let treater = all(Treatment::Pseudonymise);
    let treater = treater.treater(&key());
    let mut seen = BTreeSet::new();
    let mut serials = BTreeSet::new();
    for (_, recording) in recordings().unwrap_or_default() {
        let mut audit = decode(&recording);
        if let Some(serial) = audit.identity.evidence().serial {
            serials.insert(serial);
        }
        treater.audit(&mut audit);
        if let Some(serial) = audit.identity.evidence().serial {
            seen.insert(serial);
        }
    }
    assert_eq!(seen.len(), serials.len());
}

/// An audit that tells its serial number in every place.
fn talkative() -> DeviceAudit {
    let recording = Recording::parse(
        b"1.3.6.1.2.1.1.1.0|4|ACME Laser 9; SN:VNB3F12345; 00:1b:a9:11:22:33\n\
          1.3.6.1.2.1.1.5.0|4|mfp3.corp.example\n\
          1.3.6.1.2.1.1.6.0|4|Room 12, fe80::21b:a9ff:fe11:2233\n\
          1.3.6.1.2.1.2.2.1.6.1|4x|001ba9112233\n\
          1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
          1.3.6.1.2.1.25.3.2.1.3.1|4|ACME Laser 9\n\
          1.3.6.1.2.1.43.5.1.1.17.1|4|VNB3F12345\n\
          1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n\
          1.3.6.1.2.1.43.10.2.1.4.1.1|65|4711\n\
          1.3.6.1.2.1.43.11.1.1.5.1.1|2|3\n\
          1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner of vnb3f12345\n\
          1.3.6.1.2.1.43.11.1.1.8.1.1|2|100\n\
          1.3.6.1.2.1.43.11.1.1.9.1.1|2|40\n",
    )
    .expect("valid");
    decode(&recording)
}

fn json(audit: &DeviceAudit) -> String {
    serde_json::to_string(audit)
        .expect("it can be written")
        .to_lowercase()
}

#[test]
fn a_value_is_treated_wherever_it_stands() {
    let before = talkative();
    assert!(json(&before).matches("vnb3f12345").count() > 3);
    for treatment in [Treatment::Pseudonymise, Treatment::Drop] {
        let mut after = before.clone();
        let privacy = privacy(&[(Field::Serial, treatment)]);
        privacy.treater(&key()).audit(&mut after);
        let text = json(&after);
        assert!(!text.contains("vnb3f12345"), "{text}");
        assert!(
            text.contains("mfp3.corp.example"),
            "only the serial number is treated"
        );
        assert_eq!(
            after.identity.serial.is_some(),
            treatment == Treatment::Pseudonymise
        );
    }
}

#[test]
fn a_shortened_value_keeps_what_tells_least() {
    let mut audit = talkative();
    let privacy = privacy(&[
        (Field::Hostname, Treatment::Shorten),
        (Field::Mac, Treatment::Shorten),
        (Field::Address, Treatment::Shorten),
    ]);
    privacy.treater(&key()).audit(&mut audit);
    let identity = &audit.identity;
    let text = |text: &Option<Text>| text.as_ref().map(|text| text.as_str().to_owned());
    assert_eq!(text(&identity.hostname).as_deref(), Some("mfp3"));
    assert_eq!(text(&identity.mac).as_deref(), Some("00:1b:a9"));
    assert_eq!(audit.address, None);
    let all = json(&audit);
    assert!(
        !all.contains("corp.example") && !all.contains("112233") && !all.contains("11:22:33"),
        "{all}"
    );
    assert_eq!(
        identity.evidence().mac,
        None,
        "half an address is no evidence"
    );
}

#[test]
fn the_display_and_other_devices_can_be_left_out() {
    let privacy = privacy(&[
        (Field::Console, Treatment::Drop),
        (Field::OtherDevices, Treatment::Drop),
    ]);
    let treater = privacy.treater(&key());
    let row = observation(
        Ipv4Addr::new(10, 0, 0, 1),
        Ipv4Addr::new(10, 0, 0, 1),
        Outcome::OtherDevice {
            description: Some(Text::clean("Switch of J. Smith")),
        },
    );
    let told = treater.observations(vec![row]);
    assert_eq!(told[0].outcome, Outcome::OtherDevice { description: None });
}

fn observation(first: Ipv4Addr, last: Ipv4Addr, outcome: Outcome) -> Observation {
    Observation {
        first: first.into(),
        last: last.into(),
        name: None,
        outcome,
        witness: Witness::NoAnswer,
        at: Timestamp::from_unix_millis(1),
    }
}

fn count(rows: &[Observation]) -> u64 {
    rows.iter()
        .map(|row| match (row.first, row.last) {
            (IpAddr::V4(a), IpAddr::V4(b)) => u64::from(u32::from(b) - u32::from(a)) + 1,
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                u64::try_from(u128::from(b) - u128::from(a)).expect("few") + 1
            }
            _ => panic!("{row:?}"),
        })
        .sum()
}

#[test]
fn a_shortened_account_names_networks_and_printers_stay_apart() {
    let treater = privacy(&[(Field::Address, Treatment::Shorten)]);
    let treater = treater.treater(&key());
    let printer = |last| {
        let address = Ipv4Addr::new(10, 0, 0, last);
        let audit = AuditId::from_bytes([last; 16]);
        observation(address, address, Outcome::PrinterRead { audit })
    };
    let rows = vec![
        observation(
            Ipv4Addr::new(10, 0, 0, 1),
            Ipv4Addr::new(10, 0, 0, 4),
            Outcome::Silent,
        ),
        printer(5),
        printer(6),
        observation(
            Ipv4Addr::new(10, 0, 0, 7),
            Ipv4Addr::new(10, 0, 1, 9),
            Outcome::Silent,
        ),
    ];
    let told = treater.observations(rows);
    let text: Vec<String> = told.iter().map(|row| row.first.to_string()).collect();
    assert_eq!(text, ["10.0.0.0", "10.0.0.0", "10.0.0.0", "10.0.1.0"]);
}

#[test]
fn a_dropped_account_tells_of_devices_alone() {
    let treater = privacy(&[(Field::Address, Treatment::Drop)]);
    let rows = vec![
        observation(
            Ipv4Addr::new(10, 0, 0, 1),
            Ipv4Addr::new(10, 0, 0, 4),
            Outcome::Silent,
        ),
        observation(
            Ipv4Addr::new(10, 0, 0, 5),
            Ipv4Addr::new(10, 0, 0, 5),
            Outcome::Refused {
                reason: Text::clean("10.0.0.5 said no"),
            },
        ),
    ];
    let told = treater.treater(&key()).observations(rows);
    assert_eq!(told.len(), 1);
    assert!(told[0].first.is_unspecified());
    assert!(!format!("{told:?}").contains("10.0.0.5"));
}

proptest! {
    #[test]
    fn a_run_of_silent_addresses_stays_as_long_under_pseudonyms(first in any::<u32>(), length in 0_u32..3_000) {
        let last = first.saturating_add(length);
        prop_assume!(first != 0);
        let rows = vec![observation(first.into(), last.into(), Outcome::Silent)];
        let before = count(&rows);
        let privacy = privacy(&[(Field::Address, Treatment::Pseudonymise)]);
        let told = privacy.treater(&key()).observations(rows);
        prop_assert_eq!(count(&told), before);
        for pair in told.windows(2) {
            prop_assert!(pair[0].last < pair[1].first);
        }
    }

    #[test]
    fn no_text_breaks_the_treatment(
        serial in any::<String>(), host in any::<String>(), description in any::<String>(),
        octets in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut audit = talkative();
        audit.identity.serial = Text::non_empty(&serial);
        audit.identity.hostname = Text::non_empty(&host);
        audit.identity.description = Some(Text::clean(&description));
        if let Some(provenance) = audit.identity.sources.get_mut("serial")
            && let Source::Snmp { raw, .. } = &mut provenance.source
        {
            raw.kind = RawKind::OctetStringHex;
            raw.text = octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>().into();
        }
        let treater = all(Treatment::Pseudonymise);
        treater.treater(&key()).audit(&mut audit);
        if let Some(serial) = Text::non_empty(&serial).filter(|serial| serial.as_str().len() > 12) {
            prop_assert!(!json(&audit).contains(&serial.as_str().to_lowercase()));
        }
    }
}

/// Collects the texts that a visitor sees.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl TextVisitor for Seen {
    fn text(&mut self, text: &mut Text) {
        self.0.insert(text.to_string());
    }

    fn raw(&mut self, raw: &mut pagetally_model::RawValue) {
        self.0.insert(raw.text.to_string());
    }

    fn oid(&mut self, oid: &mut pagetally_model::DottedOid) {
        self.0.insert(oid.to_string());
    }
}

/// The paths of a document down to where the closed list has lines of their own.
fn paths(value: &serde_json::Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                paths(field, &format!("{path}.{name}"), into);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| paths(item, path, into)),
        _ => {
            into.insert(path.to_owned());
        }
    }
}

#[test]
fn the_list_of_what_leaves_is_closed() {
    let mut found = BTreeSet::new();
    for (_, recording) in recordings().unwrap_or_default() {
        let audit = decode(&recording);
        paths(
            &serde_json::to_value(&audit).expect("JSON"),
            "audit",
            &mut found,
        );
    }
    for path in &found {
        let listed = CLOSED_LIST.iter().filter(|one| {
            let rest = path.strip_prefix(one.path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        assert!(listed.count() > 0, "{path} is not on the list");
    }
    // No line speaks for a whole document, and each field that can be treated has one.
    assert!(CLOSED_LIST.iter().all(|one| one.path.contains('.')));
    for field in Field::ALL {
        assert!(
            CLOSED_LIST.iter().any(|one| one.decided_by == Some(field)),
            "{field}"
        );
    }
}

#[test]
fn a_visitor_sees_every_text_that_a_device_gave() {
    for (name, recording) in recordings().unwrap_or_default() {
        let mut audit = decode(&recording);
        let mut seen = Seen::default();
        audit.visit_texts(&mut seen);
        for source in audit.all_sources() {
            if let Source::Snmp { oid, raw } = source {
                assert!(
                    seen.0.contains(&*raw.text) && seen.0.contains(&oid.to_string()),
                    "{name}"
                );
            }
        }
        let of = |supply: &Supply| supply.description.clone();
        for text in audit.supplies.iter().filter_map(of) {
            assert!(seen.0.contains(text.as_str()), "{name}");
        }
    }
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let error = Privacy::default()
        .set(Field::Serial, Treatment::Shorten)
        .expect_err("half a serial number makes two devices one");
    assert!(
        error.to_string().contains("send, pseudonymise, drop"),
        "{error}"
    );
    let privacy = privacy(&[
        (Field::Serial, Treatment::Drop),
        (Field::Mac, Treatment::Shorten),
        (Field::EngineId, Treatment::Drop),
        (Field::Address, Treatment::Shorten),
    ]);
    assert!(privacy.check().is_err());
}
