//! Audits of 1,000 simulated devices, the same in every run.

use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_model::{AuditId, AuditTime, BootId, DeviceAudit, PassId, Text, Timestamp};
use pagetally_printer_mib::{Context, Definitions, ReadPlan, decode, is_printer};
use pagetally_proof::Hash;
use pagetally_snmp_engine::{Answers, Plan as _};

pub(crate) const AUDITS: usize = 1_000;
pub(crate) const NOW: Timestamp = Timestamp::from_unix_millis(1_790_000_000_000);

/// Bytes that no compressor can shorten, the same in every run.
pub(crate) fn noise(number: usize, what: &str) -> [u8; 32] {
    *Hash::of(&[what.as_bytes(), &(number as u64).to_be_bytes()]).as_bytes()
}

pub(crate) fn id(number: usize, what: &str) -> [u8; 16] {
    let noise = noise(number, what);
    std::array::from_fn(|at| noise[at])
}

pub(crate) fn context(number: usize) -> Context {
    Context {
        id: AuditId::from_bytes(id(number, "audit")),
        pass: PassId::from_bytes([2; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(NOW.unix_millis() + 173 * number as i64),
            boot: BootId::from_bytes([3; 16]),
            monotonic_millis: 173 * number as u64,
            central_offset: None,
        },
        address: None,
        protocol: Text::from("snmp-v2c"),
    }
}

/// What the agent would read of a device now; nothing of what is no printer.
pub(crate) fn read(
    device: &SimDevice,
    context: &Context,
    definitions: &Definitions,
) -> Option<DeviceAudit> {
    let all: Answers = device.walk().into_iter().collect();
    let mut plan = ReadPlan::new(definitions);
    let mut answers = Answers::default();
    while let Some(query) = plan.next_query(&answers) {
        answers.merge(all.answer(&query));
    }
    is_printer(&answers, definitions).then(|| decode(&answers, context, definitions))
}

/// Audits of 1,000 simulated devices: each of the demo's models many times, each with its own serial
/// numbers, counters and levels.
pub(crate) fn audits() -> Vec<DeviceAudit> {
    let definitions = &Definitions::builtin();
    let mut audits = Vec::with_capacity(AUDITS);
    for seed in 1.. {
        for device in demo_fleet(seed) {
            audits.extend(read(&device, &context(audits.len()), definitions));
            if audits.len() == AUDITS {
                return audits;
            }
        }
    }
    audits
}
