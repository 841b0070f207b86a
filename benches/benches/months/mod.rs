//! Months of a site's history in virtual time, in a store.

use crate::audits::{self, id, noise};
use pagetally_fleet_sim::{SimDevice, fleet_of};
use pagetally_model::{
    AgentId, AuditId, AuditTime, BootId, DeviceAudit, PASS_FORMAT, PassId, PassReport, PassStats,
    Text, Timestamp,
};
use pagetally_printer_mib::{Context, Definitions};
use pagetally_proof::SigningKey;
use pagetally_store::{
    AgreedTime, PassBatch, Receipt, Retention, SigningContext, Store, StoreError,
};
use std::time::{Duration, Instant};

/// 2027-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_798_761_600_000;
pub(crate) const DAY: i64 = 86_400_000;

/// Not the fleet that the dictionary was trained on.
const SEED: u64 = 11;

/// How a site's months go.
pub(crate) struct Months {
    /// Whether Central answers.
    pub(crate) line: bool,
    pub(crate) devices: u32,
    pub(crate) days: i64,
    /// Passes a day.
    pub(crate) passes: i64,
    /// By what is thinned, once a day.
    pub(crate) policy: Retention,
}

/// What became of them.
pub(crate) struct Lived {
    /// Audits that were stored.
    pub(crate) audits: u64,
    /// Bytes of JSON that one has.
    pub(crate) json: u64,
    /// What all thinning took.
    pub(crate) thinning: Duration,
    /// Serial numbers of those devices that tell one.
    pub(crate) serials: Vec<String>,
}

impl Months {
    pub(crate) fn end(&self) -> i64 {
        START + self.days * DAY
    }

    /// Lives through them. The printers work, run out of toner and are looked after by the office's clock.
    pub(crate) fn live(&self, store: &Store) -> Result<Lived, StoreError> {
        let definitions = Definitions::builtin();
        let mut fleet = fleet_of(self.devices, SEED);
        let key = SigningKey::from_seed([2; 32]);
        let step = DAY / self.passes;
        let (mut audits, mut json, mut thinning) = (0, 0, Duration::ZERO);
        let mut serials = Vec::new();
        for pass in 0..self.days * self.passes {
            let now = START + pass * step;
            let number = usize::try_from(pass).unwrap_or(0);
            let read = read(&fleet, number, now, &definitions);
            audits += read.len() as u64;
            if pass == 0 {
                let bytes = |audit| serde_json::to_vec(audit).map_or(0, |bytes| bytes.len() as u64);
                json = read.iter().map(bytes).sum::<u64>() / audits.max(1);
                let known = read
                    .iter()
                    .filter_map(|audit| audit.identity.serial.as_ref());
                serials = known.map(|serial| serial.as_str().to_owned()).collect();
            }
            let context = SigningContext {
                agent: AgentId::from_bytes([0xa9; 16]),
                key: &key,
                now: Timestamp::from_unix_millis(now),
            };
            let batch = PassBatch {
                audits: read,
                report: report(number, now),
            };
            for made in store.commit_pass(batch, &context)? {
                if self.line {
                    store.record_receipt(&Receipt {
                        number: made.number,
                        content: made.content,
                        received: context.now,
                        bytes: [noise(number, "a"), noise(number, "b"), noise(number, "c")]
                            .concat(),
                    })?;
                }
            }
            if (pass + 1) % self.passes == 0 {
                let begun = Instant::now();
                store.thin(&self.policy, AgreedTime::of(context.now, Some(context.now)))?;
                thinning += begun.elapsed();
            }
            for device in &mut fleet {
                device.advance(Duration::from_millis(step.unsigned_abs()));
            }
        }
        Ok(Lived {
            audits,
            json,
            thinning,
            serials,
        })
    }
}

fn time(now: i64) -> AuditTime {
    AuditTime {
        wall: Timestamp::from_unix_millis(now),
        boot: BootId::from_bytes([3; 16]),
        monotonic_millis: now.unsigned_abs() - START.unsigned_abs(),
        central_offset: None,
    }
}

fn read(fleet: &[SimDevice], pass: usize, now: i64, definitions: &Definitions) -> Vec<DeviceAudit> {
    let read_one = |(number, device): (usize, &SimDevice)| {
        let [a, b] = u16::try_from(number).unwrap_or(0).to_be_bytes();
        let context = Context {
            id: AuditId::from_bytes(id(pass * fleet.len() + number, "audit")),
            pass: PassId::from_bytes(id(pass, "pass")),
            time: time(now + 173 * number as i64),
            address: Some(([10, 0, a, b], 161).into()),
            protocol: Text::from("snmp-v2c"),
        };
        audits::read(device, &context, definitions)
    };
    fleet.iter().enumerate().filter_map(read_one).collect()
}

fn report(pass: usize, now: i64) -> PassReport {
    PassReport {
        format: PASS_FORMAT,
        id: PassId::from_bytes(id(pass, "pass")),
        started: time(now),
        settings_version: 0,
        agent_version: Text::from_static("bench"),
        observations: Vec::new(),
        notices: Vec::new(),
        stats: PassStats::default(),
    }
}
