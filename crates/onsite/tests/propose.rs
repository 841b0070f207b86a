//! Proposals over every recording of a real printer: what the shipped rows read is found again, and a
//! device in disguise is read by what is proposed.

mod recordings;

use pagetally_model::{CounterUnit, DeviceAudit, Exactness, Source};
use pagetally_onsite::{
    Clocks, ProposeInput, Recording, ReplayIds, WANTED_METERS, Wanted, propose, replay_answers,
};
use pagetally_printer_mib::Definitions;
use pagetally_snmp_engine::{Oid, Value, VarBind};
use recordings::recordings;

fn decode(recording: &Recording) -> DeviceAudit {
    let ids = ReplayIds::fresh(&Clocks::start().expect("a clock")).expect("random numbers");
    replay_answers(&recording.to_answers(), &ids, &Definitions::builtin())
}

/// The meters that a row reads from one object, with that object.
fn stated(audit: &DeviceAudit) -> Vec<(Wanted, String)> {
    let mut stated: Vec<(Wanted, String)> = Vec::new();
    for meter in &audit.meters {
        let wanted = WANTED_METERS.iter().find(|wanted| {
            (wanted.function, wanted.color, wanted.size, wanted.sides)
                == (meter.function, meter.color, meter.size, meter.sides)
        });
        let (Some(wanted), Source::Snmp { oid, .. }) = (wanted, &meter.source.source) else {
            continue;
        };
        // Lengths are scaled; nobody reads micrometres off a status page.
        let is_counted = matches!(
            meter.unit,
            CounterUnit::Impressions | CounterUnit::Sheets | CounterUnit::Images
        );
        let is_new = stated
            .iter()
            .all(|(known, _)| known.meter != *wanted && known.value != meter.value);
        if meter.exactness == Exactness::Exact && meter.value >= 100 && is_new && is_counted {
            let wanted = Wanted {
                meter: *wanted,
                value: meter.value,
                later: None,
            };
            stated.push((wanted, oid.to_string()));
        }
    }
    stated
}

#[test]
fn what_the_shipped_rows_read_is_found_again_and_said_to_be_read() {
    let mut seen = 0;
    for (name, recording) in recordings().unwrap_or_default() {
        let stated = stated(&decode(&recording));
        let wanted: Vec<Wanted> = stated.iter().map(|(wanted, _)| *wanted).collect();
        if wanted.is_empty() {
            continue;
        }
        let proposal = propose(&ProposeInput {
            recording: &recording,
            later: None,
            wanted: &wanted,
            site_files: &[],
        });
        let proposal = proposal.expect("a proposal");
        assert_eq!(proposal.file, None, "{name}: {:?}", proposal.checks);
        for (wanted, oid) in &stated {
            let found = proposal.candidates.iter().find(|candidate| {
                candidate.meter == wanted.meter.name && candidate.oids == [oid.clone()]
            });
            let found =
                found.unwrap_or_else(|| panic!("{name}: {} is not found at {oid}", wanted.value));
            let says = |word: &String| word.starts_with("pagetally already reads this");
            assert!(found.read_by.iter().any(says), "{name}: {found:?}");
            seen += 1;
        }
    }
    if recordings().is_some() {
        assert!(seen > 60, "{seen}");
    }
}

/// The same device under a name and a sysObjectID that nobody knows.
fn disguised(recording: &Recording) -> Recording {
    let oid = |text: &str| -> Oid { text.parse().expect("valid") };
    let (descr, object_id) = (oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.1.2.0"));
    let mut varbinds = vec![
        VarBind {
            oid: descr.clone(),
            value: Value::OctetString(b"ACME Printer 9".to_vec()),
        },
        VarBind {
            oid: object_id.clone(),
            value: Value::ObjectIdentifier(oid("1.3.6.1.4.1.99999.1.1.9")),
        },
        // Some recordings hold nothing that says printer besides these two.
        VarBind {
            oid: oid("1.3.6.1.2.1.25.3.2.1.2.1"),
            value: Value::ObjectIdentifier(oid("1.3.6.1.2.1.25.3.1.5")),
        },
    ];
    varbinds.extend(recording.varbinds().iter().cloned());
    varbinds.into_iter().collect()
}

#[test]
fn a_known_device_in_disguise_is_read_by_what_is_proposed() {
    let mut seen = 0;
    for (name, recording) in recordings().unwrap_or_default() {
        let stated = stated(&decode(&recording));
        let wanted: Vec<Wanted> = stated.iter().map(|(wanted, _)| *wanted).take(4).collect();
        if wanted.is_empty() {
            continue;
        }
        let disguised = disguised(&recording);
        let proposal = propose(&ProposeInput {
            recording: &disguised,
            later: None,
            wanted: &wanted,
            site_files: &[],
        });
        let proposal = proposal.expect("a proposal");
        for check in &proposal.checks {
            assert!(check.right, "{name}: {check:?}\n{:#?}", proposal.file);
            seen += 1;
        }
    }
    if recordings().is_some() {
        assert!(seen > 40, "{seen}");
    }
}
