//! Devices that are left alone from pass to pass: those that sleep, and those whose MAC is excluded.
//!
//! # Sleep
//!
//! Asking a device wakes it. A device that said it is in stand-by when it was read, and one that was
//! read lately and now answers nothing, are left alone for the settings' `sleepSeconds` after they
//! were asked; until then their observation is [`Outcome::Asleep`] with the time of their last
//! reading, which is no lost reading: who sleeps, prints nothing. A device that was read at another address
//! meanwhile does not sleep at its old one.
//!
//! # MAC prefixes
//!
//! A device on one of the machine's own networks is known by the machine's table of neighbours before
//! anything is sent, where the table has it. Any other is asked once: its answer tells its MAC, what
//! it said is thrown away, and it is left alone from then on. Addresses change hands, so
//! that is looked at again after [`EXCLUDED_FOR`].

use crate::discovery::Discovered;
use crate::neighbours::{self, Neighbours};
use crate::targets::{Network, TargetAddress, TargetPlan};
use pagetally_model::exclusions::MacPrefix;
use pagetally_model::{
    DeviceAudit, DeviceState, Evidence, Outcome, PrinterState, Text, Timestamp, Witness,
};
use pagetally_store::{Clue, StateKey, Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

const RESTING: StateKey = StateKey::new("resting");

/// The version of the stored form.
const FORMAT: u32 = 1;

/// Ceiling on devices that are remembered, of some 120 bytes each; the ones asked longest ago are
/// forgotten first, and asked again.
const MAX_DEVICES: usize = 8_192;

/// How many silent addresses of one pass are looked up among the stored audits.
const MAX_LOOKUPS: usize = 65_536;

/// A device that was not read for longer than this is gone rather than asleep.
const GONE_AFTER: Duration = Duration::from_secs(7 * 86_400);

/// How long an address stays left alone after its device told an excluded MAC.
const EXCLUDED_FOR: Duration = Duration::from_secs(30 * 86_400);

/// One device that is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Device {
    address: IpAddr,
    scope: u32,
    asked: Timestamp,
    why: Why,
}

impl Device {
    /// Whether its time is not over yet.
    fn is_resting(&self, sleep: Duration, now: Timestamp) -> bool {
        let time = match self.why {
            Why::Asleep { .. } => sleep,
            Why::Excluded { .. } => EXCLUDED_FOR,
        };
        is_within(self.asked, time, now)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
enum Why {
    Asleep { last_read: Timestamp },
    Excluded { mac: Text },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    format: u32,
    devices: Vec<Device>,
}

/// Who is left alone, and for how long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resting {
    devices: BTreeMap<(IpAddr, u32), Device>,
}

impl Resting {
    /// What the store remembers. What cannot be read is forgotten: those devices are asked again.
    pub(crate) fn load(store: &Store) -> Result<Self, StoreError> {
        let Some(bytes) = store.state(RESTING)? else {
            return Ok(Self::default());
        };
        match serde_json::from_slice::<Document>(&bytes) {
            Ok(document) if document.format == FORMAT => Ok(document.devices.into_iter().collect()),
            _ => {
                tracing::warn!("who is left alone cannot be read and is forgotten");
                Ok(Self::default())
            }
        }
    }

    pub(crate) fn save(&self, store: &Store) -> Result<(), StoreError> {
        let document = Document {
            format: FORMAT,
            devices: self.devices.values().cloned().collect(),
        };
        match serde_json::to_vec(&document) {
            Ok(bytes) => store.set_state(RESTING, &bytes),
            Err(error) => {
                tracing::warn!(%error, "who is left alone cannot be written");
                Ok(())
            }
        }
    }

    /// Takes out of the plan who is to be left alone at `now`.
    pub(crate) fn leave_alone(
        &self,
        plan: &mut TargetPlan,
        neighbours: &Neighbours,
        sleep: Duration,
        now: Timestamp,
    ) {
        let macs = plan.excluded_macs().to_vec();
        let resting = |device: &&Device| device.is_resting(sleep, now);
        for device in self.devices.values().filter(resting) {
            let known = match device.address {
                IpAddr::V4(address) => neighbours.get(&address),
                IpAddr::V6(_) => None,
            };
            let reason = match &device.why {
                Why::Asleep { last_read } => Outcome::Asleep {
                    last_read: *last_read,
                },
                Why::Excluded { mac } => {
                    let told = neighbours::mac(mac.as_str());
                    // The neighbour table knows who is there now.
                    let mac = known.copied().or(told);
                    match mac.and_then(|mac| covering(&macs, mac)) {
                        Some(prefix) => Outcome::Excluded {
                            reason: Text::clean(&format!("its MAC begins with {prefix}")),
                        },
                        None => continue,
                    }
                }
            };
            let address = TargetAddress {
                ip: device.address,
                scope: device.scope,
            };
            plan.leave_alone(address, reason, Witness::AgentMemory);
        }
        for (address, mac) in neighbours {
            if let Some(prefix) = covering(&macs, *mac) {
                let reason = Text::clean(&format!("its MAC begins with {prefix}"));
                let address = TargetAddress {
                    ip: IpAddr::V4(*address),
                    scope: 0,
                };
                plan.leave_alone(
                    address,
                    Outcome::Excluded { reason },
                    Witness::NeighbourTable,
                );
            }
        }
    }

    /// Learns from a pass: throws away what excluded devices said, and remembers who sleeps. Of whom the
    /// pass did not look at, what was known still holds: a device that told something is looked at alone.
    pub(crate) fn learn(
        &mut self,
        found: &mut Discovered,
        targets: &TargetPlan,
        sleep: Duration,
        store: &Store,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Who was left alone still is; of everybody else, this pass knows better.
        let alone: Vec<IpAddr> = found
            .observations
            .iter()
            .filter(|row| {
                matches!(
                    row.outcome,
                    Outcome::Asleep { .. } | Outcome::Excluded { .. }
                )
            })
            .filter(|row| row.witness == Witness::AgentMemory)
            .map(|row| row.first)
            .collect();
        self.devices.retain(|(ip, _), device| {
            alone.contains(ip) || !targets.contains(*ip) && device.is_resting(sleep, now)
        });
        let macs = targets.excluded_macs();
        if !macs.is_empty() {
            self.exclude(found, macs, now);
        }
        if !sleep.is_zero() {
            for audit in found.audits.iter().filter(|audit| says_it_sleeps(audit)) {
                if let Some(address) = audit.address {
                    let last_read = audit.time.wall;
                    self.put(address, now, Why::Asleep { last_read });
                }
            }
            self.remember_silent(found, store, now)?;
        }
        self.trim();
        Ok(())
    }

    fn trim(&mut self) {
        let Some(over) = self.devices.len().checked_sub(MAX_DEVICES) else {
            return;
        };
        let mut by_age: Vec<_> = self
            .devices
            .iter()
            .map(|(key, own)| (own.asked, *key))
            .collect();
        by_age.sort_unstable();
        for (_, key) in by_age.into_iter().take(over) {
            self.devices.remove(&key);
        }
    }

    fn exclude(&mut self, found: &mut Discovered, macs: &[MacPrefix], now: Timestamp) {
        let (kept, thrown): (Vec<_>, Vec<_>) = std::mem::take(&mut found.audits)
            .into_iter()
            .partition(|audit| excluded(audit, macs).is_none());
        found.audits = kept;
        for audit in thrown {
            let (Some((prefix, mac)), Some(address)) = (excluded(&audit, macs), audit.address)
            else {
                continue;
            };
            let reason = format!(
                "its MAC begins with {prefix}; it was asked to learn that, and is left alone from now on"
            );
            let mut rows = found.observations.iter_mut();
            if let Some(row) = rows.find(|row| audit_of(&row.outcome) == Some(audit.id)) {
                row.outcome = Outcome::Excluded {
                    reason: Text::clean(&reason),
                };
            }
            let mac = Text::clean(&neighbours::mac_text(mac));
            self.put(address, now, Why::Excluded { mac });
        }
    }

    /// Devices that were read lately and answer nothing may sleep.
    fn remember_silent(
        &mut self,
        found: &Discovered,
        store: &Store,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let read: Vec<Evidence> = found.audits.iter().map(|a| a.identity.evidence()).collect();
        let silent = found
            .observations
            .iter()
            .filter(|row| row.outcome == Outcome::Silent)
            .flat_map(|row| match (row.first, row.last) {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    let run = u32::from(first)..=u32::from(last);
                    run.take(MAX_LOOKUPS)
                        .map(|address| IpAddr::V4(Ipv4Addr::from(address)))
                        .collect()
                }
                _ => Vec::new(),
            });
        for ip in silent.take(MAX_LOOKUPS) {
            let Some(stored) = store.latest_audit(Clue::Address(ip))? else {
                continue;
            };
            let last_read = stored.audit.time.wall;
            let evidence = stored.audit.identity.evidence();
            let has_moved = read.iter().any(|other| is_the_same(&evidence, other));
            if is_within(last_read, GONE_AFTER, now) && !has_moved {
                self.put(SocketAddr::new(ip, 0), now, Why::Asleep { last_read });
            }
        }
        Ok(())
    }

    fn put(&mut self, address: SocketAddr, asked: Timestamp, why: Why) {
        let scope = match address {
            SocketAddr::V6(address) => address.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        let device = Device {
            address: address.ip(),
            scope,
            asked,
            why,
        };
        self.devices.insert((device.address, scope), device);
    }
}

impl FromIterator<Device> for Resting {
    fn from_iter<I: IntoIterator<Item = Device>>(devices: I) -> Self {
        let keyed = devices
            .into_iter()
            .take(MAX_DEVICES)
            .map(|device| ((device.address, device.scope), device));
        Self {
            devices: keyed.collect(),
        }
    }
}

/// Takes out of a plan whose MAC is excluded, as far as the machine's neighbours tell.
pub fn leave_excluded_alone(plan: &mut TargetPlan, network: &dyn Network) {
    let now = Timestamp::from_unix_millis(0);
    Resting::default().leave_alone(plan, &network.neighbours(), Duration::ZERO, now);
}

/// Throws away what devices said whose MAC is excluded, which only their answer told.
pub fn throw_excluded_away(found: &mut Discovered, macs: &[MacPrefix]) {
    Resting::default().exclude(found, macs, Timestamp::from_unix_millis(0));
}

/// Whether no more than `time` went by since `then`. A clock that was set back says no: better asked
/// once too often than never again.
fn is_within(then: Timestamp, time: Duration, now: Timestamp) -> bool {
    let passed = now.unix_millis().saturating_sub(then.unix_millis());
    u128::try_from(passed).is_ok_and(|passed| passed < time.as_millis())
}

/// Whether the best evidence that both have says that they are one device.
fn is_the_same(one: &Evidence, other: &Evidence) -> bool {
    match (&one.serial, &other.serial, &one.mac, &other.mac) {
        (Some(one), Some(other), ..) => one == other,
        (_, _, Some(one), Some(other)) => one == other,
        _ => false,
    }
}

fn covering(macs: &[MacPrefix], mac: [u8; 6]) -> Option<MacPrefix> {
    macs.iter().find(|prefix| prefix.covers(mac)).copied()
}

fn excluded(audit: &DeviceAudit, macs: &[MacPrefix]) -> Option<(MacPrefix, [u8; 6])> {
    let mac = neighbours::mac(audit.identity.mac.as_ref()?.as_str())?;
    Some((covering(macs, mac)?, mac))
}

fn audit_of(outcome: &Outcome) -> Option<pagetally_model::AuditId> {
    match outcome {
        Outcome::PrinterRead { audit } | Outcome::PrinterPartlyRead { audit, .. } => Some(*audit),
        _ => None,
    }
}

/// Whether a device says that it is in stand-by: hrPrinterStatus `other` beside hrDeviceStatus
/// `running` and no condition (RFC 3805 section 2.2.13.2.1), or an alert `subunitPowerSaver`.
fn says_it_sleeps(audit: &DeviceAudit) -> bool {
    let status = &audit.status;
    let by_status = status.printer == PrinterState::Other
        && status.device == DeviceState::Running
        && status.conditions.is_empty();
    let is_saver = |name: &Text| name.as_str() == "subunitPowerSaver";
    by_status
        || audit
            .alerts
            .iter()
            .any(|alert| alert.code_name.as_ref().is_some_and(is_saver))
}

#[cfg(test)]
mod tests;
