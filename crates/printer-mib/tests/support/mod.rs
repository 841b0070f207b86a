//! What the tests over recordings share.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod devices;

use pagetally_model::{
    AuditId, AuditTime, BootId, CounterUnit, DeviceAudit, Meter, MeterColor, MeterFunction,
    MeterSides, MeterSize, PassId, Text, Timestamp,
};
use pagetally_printer_mib::{Context, Definitions};
use pagetally_snmp_engine::{Answers, Recording};
use std::path::PathBuf;

/// One recording and what is known of its device.
pub(crate) struct Recorded {
    pub(crate) name: String,
    pub(crate) recording: Recording,
    pub(crate) expected: serde_json::Value,
}

/// Every recording; none, said aloud, where the folder is absent.
pub(crate) fn recordings() -> Vec<Recorded> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/printers");
    let folder = std::env::var_os("PAGETALLY_RECORDINGS").map_or(beside.into(), PathBuf::from);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        let required = std::env::var("PAGETALLY_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "no recordings at {}", folder.display());
        eprintln!("SKIPPED: no recordings at {}", folder.display());
        return Vec::new();
    };
    let mut recordings = Vec::new();
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path
            .extension()
            .is_none_or(|extension| extension != "snmprec")
        {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a readable recording");
        let expected = std::fs::read(path.with_extension("expected.json"))
            .ok()
            .map_or(serde_json::Value::Null, |bytes| {
                serde_json::from_slice(&bytes).expect("valid JSON")
            });
        let stem = path.file_stem().expect("a name");
        recordings.push(Recorded {
            name: stem.to_string_lossy().into_owned(),
            recording: Recording::parse(&bytes).expect("a valid recording"),
            expected,
        });
    }
    recordings.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!recordings.is_empty(), "{} is empty", folder.display());
    recordings
}

/// A context that is the same in every test.
pub(crate) fn context() -> Context {
    Context {
        id: AuditId::from_bytes([1; 16]),
        pass: PassId::from_bytes([2; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(0),
            boot: BootId::from_bytes([3; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        address: None,
        protocol: Text::from("recording"),
    }
}

/// Decodes with the shipped definitions.
pub(crate) fn decode(answers: &Answers) -> DeviceAudit {
    pagetally_printer_mib::decode(answers, &context(), &Definitions::builtin())
}

/// The total of all functions, colours, sizes and sides.
pub(crate) fn total(audit: &DeviceAudit) -> Option<&Meter> {
    audit.meters.iter().find(|meter| {
        meter.function == MeterFunction::Total
            && meter.color == MeterColor::Any
            && meter.size == MeterSize::Any
            && meter.sides == MeterSides::Any
    })
}

/// The value that an audit gives for a counter as the recordings' ground truth names it.
pub(crate) fn counter(audit: &DeviceAudit, name: &str) -> Option<u64> {
    use MeterColor::{Any, Color, Mono};
    use MeterFunction::{Copy, Fax, Print, Scan, Total};
    let life = || audit.markers.first().and_then(|marker| marker.life_count);
    let (function, color) = match name {
        "life_impressions" | "life_sheets" | "life_count" => return life(),
        "total" => (Total, Any),
        "mono" => (Total, Mono),
        "color" => (Total, Color),
        "prints" => (Print, Any),
        "prints_mono" => (Print, Mono),
        "prints_color" => (Print, Color),
        "copies" => (Copy, Any),
        "copies_mono" => (Copy, Mono),
        "copies_color" => (Copy, Color),
        "fax" => (Fax, Any),
        "fax_mono" => (Fax, Mono),
        "scans" => (Scan, Any),
        "scans_mono" => (Scan, Mono),
        "scans_color" => (Scan, Color),
        _ => return None,
    };
    let meter = audit.meters.iter().find(|meter| {
        (meter.function, meter.color, meter.size, meter.sides)
            == (function, color, MeterSize::Any, MeterSides::Any)
            && meter.unit != CounterUnit::Sheets
    });
    meter.map(|meter| meter.value)
}
