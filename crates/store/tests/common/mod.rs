//! Audits and stores for the tests.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::expect_used,
    reason = "a test that cannot prepare itself has failed"
)]

use pagetally_model::{
    AgentId, AuditId, AuditTime, BootId, CounterUnit, DeviceAudit, DeviceState, DeviceStatus,
    DottedOid, Exactness, Identity, Meter, MeterColor, MeterFunction, MeterSides, MeterSize,
    PASS_FORMAT, PassId, PassReport, PassStats, PrinterState, Provenance, RawKind, RawValue,
    RuleId, Sources, Text, Timestamp,
};
use pagetally_proof::SigningKey;
use pagetally_store::{
    AgentIdentity, AgreedTime, OpenOptions, PassBatch, SealingKey, SigningContext, Store,
};
use std::path::Path;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis((1_800_000_000 + seconds) * 1_000)
}

/// The same instant by the machine's clock and by Central's.
pub(crate) fn agreed(seconds: i64) -> AgreedTime {
    AgreedTime::of(at(seconds), Some(at(seconds)))
}

pub(crate) fn open(folder: &Path) -> Store {
    Store::open(folder, &OpenOptions::new(at(0))).expect("the store opens")
}

pub(crate) fn agent() -> AgentIdentity {
    AgentIdentity {
        agent: AgentId::from_bytes([0xA1; 16]),
        signing: SigningKey::from_seed([0x51; 32]),
        sealing: SealingKey::from_bytes([0x5E; 32]),
    }
}

pub(crate) fn context(identity: &AgentIdentity, seconds: i64) -> SigningContext<'_> {
    SigningContext {
        agent: identity.agent,
        key: &identity.signing,
        now: at(seconds),
    }
}

fn time() -> AuditTime {
    AuditTime {
        wall: at(0),
        boot: BootId::from_bytes([1; 16]),
        monotonic_millis: 5,
        central_offset: None,
    }
}

fn provenance(oid: &str, text: &str) -> Provenance {
    Provenance::snmp(
        DottedOid::try_from(oid.to_owned()).expect("an OID"),
        RawValue {
            kind: RawKind::OctetString,
            text: text.into(),
        },
        RuleId {
            name: Text::clean("rfc3805.prtGeneralSerialNumber"),
            version: 1,
        },
    )
}

/// Serial of the device that `audit(pass, device)` read.
pub(crate) fn serial(device: u16) -> String {
    format!("SENTINEL{device:05}")
}

pub(crate) fn audit_id(pass: u16, device: u16) -> AuditId {
    let mut id = [0xAD; 16];
    id[..2].copy_from_slice(&pass.to_be_bytes());
    id[2..4].copy_from_slice(&device.to_be_bytes());
    AuditId::from_bytes(id)
}

/// An audit with one meter whose value is `pass * 1000 + device`.
pub(crate) fn audit(pass: u16, device: u16) -> DeviceAudit {
    let serial = serial(device);
    let mut sources = Sources::new();
    sources.insert(
        "serial".to_owned(),
        provenance("1.3.6.1.2.1.43.5.1.1.17.1", &serial),
    );
    DeviceAudit {
        format: 1,
        id: audit_id(pass, device),
        pass: PassId::from_bytes([0xBB; 16]),
        time: time(),
        address: Some(std::net::SocketAddr::from((
            [192, 0, (device >> 8) as u8, device as u8],
            161,
        ))),
        protocol: Text::clean("snmp-v2c"),
        identity: Identity {
            serial: Text::non_empty(&serial),
            mac: Text::non_empty(&format!(
                "00:11:22:33:{:02x}:{:02x}",
                device >> 8,
                device & 0xff
            )),
            sources,
            ..Identity::default()
        },
        status: DeviceStatus {
            printer: PrinterState::Idle,
            device: DeviceState::Running,
            conditions: vec![],
            console: vec![Text::clean("Bereit: Schöne Grüße")],
            sources: Sources::new(),
        },
        meters: vec![Meter {
            function: MeterFunction::Total,
            color: MeterColor::Any,
            size: MeterSize::Any,
            sides: MeterSides::Any,
            unit: CounterUnit::Impressions,
            value: u64::from(pass) * 1_000 + u64::from(device),
            exactness: Exactness::Exact,
            source: provenance("1.3.6.1.2.1.43.10.2.1.4.1.1", "6466"),
        }],
        markers: vec![],
        supplies: vec![],
        trays: vec![],
        outputs: vec![],
        covers: vec![],
        alerts: vec![],
        gaps: vec![],
        contradictions: vec![],
        comparison: None,
    }
}

pub(crate) fn report() -> PassReport {
    PassReport {
        format: PASS_FORMAT,
        id: PassId::from_bytes([0xBB; 16]),
        started: time(),
        settings_version: 0,
        agent_version: Text::clean("0.1.0"),
        observations: vec![],
        notices: vec![],
        stats: PassStats::default(),
    }
}

/// A pass that read `devices` devices.
pub(crate) fn pass(pass: u16, devices: u16) -> PassBatch {
    PassBatch {
        audits: (0..devices).map(|device| audit(pass, device)).collect(),
        report: report(),
    }
}

/// Every file under `folder`, with its bytes.
pub(crate) fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("the file is there");
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

/// The journal's files in order.
pub(crate) fn segments(folder: &Path) -> Vec<std::path::PathBuf> {
    files(&folder.join("journal"))
        .into_iter()
        .map(|(path, _)| path)
        .collect()
}

fn kept(name: &str) -> std::path::PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fixtures.join(name)
}

/// Keeps a store that nobody has open, without what can be made anew. One that is kept already stays.
pub(crate) fn keep_fixture(name: &str, folder: &Path) {
    std::fs::remove_dir_all(folder.join("index")).expect("removed");
    for name in ["lock", "lock.owner"] {
        std::fs::remove_file(folder.join(name)).expect("removed");
    }
    assert!(!kept(name).exists(), "it is there already");
    copy(folder, &kept(name));
}

/// Copies a store that was written once and is kept to where a test may write, with the rights that
/// keys need.
pub(crate) fn fixture(name: &str, folder: &Path) {
    copy(&kept(name), folder);
    #[cfg(unix)]
    for name in ["root.key", "keys"] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o600))
            .expect("changed");
    }
}

/// Copies a store that nobody has open.
pub(crate) fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let target = to.join(path.strip_prefix(from).expect("it lies below"));
        let folder = target.parent().expect("a file has a folder");
        std::fs::create_dir_all(folder).expect("a folder can be made");
        std::fs::copy(&path, &target).expect("a file can be copied");
        drop(bytes);
    }
}
