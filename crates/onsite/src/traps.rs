//! What devices tell unasked becomes an immediate reading of just those devices, on the same road as
//! any other: the settings' credentials, pace and exclusions, one submission, the outbox.
//!
//! [`TrapWatch`] listens, where the site's own file says so, and gathers what it hears by device.
//! [`Told::by_known`] keeps what is told by devices that this agent has to do with;
//! [`Pass::for_told`](crate::Pass::for_told) reads them and says in its account why.

mod engine;
mod inbox;
mod kept;
mod watch;

pub use inbox::DeviceTold;
pub(crate) use kept::OWNER as KEPT;
pub use watch::{TrapTally, TrapWatch, WatchError};

use crate::rest::Resting;
use crate::targets::{Network, TargetPlan, TargetSpec, TargetsError};
use crate::{Agent, AgentError};
use pagetally_model::Outcome;
use pagetally_store::Clue;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What known devices told: those alone that are targets or were read before, and that nobody
/// excluded.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub(crate) devices: Vec<DeviceTold>,
    pub(crate) plan: TargetPlan,
    strangers: Vec<IpAddr>,
}

/// What was told cannot be told apart by whom.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToldError {
    /// The agent's own state.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The exclusions in force make no sense, so nobody can be said to be outside them.
    #[error("the exclusions in force cannot be used")]
    Targets(#[from] TargetsError),
}

impl Told {
    /// Keeps what known devices told.
    ///
    /// # Errors
    ///
    /// [`ToldError`] where settings or store do not say who is known.
    pub fn by_known(
        agent: &Agent,
        devices: Vec<DeviceTold>,
        network: &dyn Network,
    ) -> Result<Self, ToldError> {
        let settings = agent.settings()?;
        let everywhere = TargetSpec {
            includes: &settings.targets,
            extra: &agent.site().extra_targets,
            exclusions: &settings.exclusions,
        };
        // Targets that cannot be used name nobody; a device that was read before is known still.
        let targets = TargetPlan::new(&everywhere, network).unwrap_or_default();
        let mut told = Self::default();
        for device in devices {
            let ip = device.address.ip();
            let was_read = || agent.store().latest_audit(Clue::Address(ip));
            if targets.contains(ip) || was_read().map_err(AgentError::from)?.is_some() {
                told.devices.push(device);
            } else {
                told.strangers.push(ip);
            }
        }
        if told.devices.is_empty() {
            return Ok(told);
        }
        let texts: Vec<String> = told.devices.iter().map(|d| text(&d.address)).collect();
        let only = TargetSpec {
            includes: &texts,
            extra: &[],
            exclusions: &settings.exclusions,
        };
        told.plan = TargetPlan::new(&only, network)?;
        let by_mac = excluded_by_mac(agent, &told.plan, network)?;
        let is_read = |device: &DeviceTold| {
            let ip = device.address.ip();
            told.plan.contains(ip) && !by_mac.contains(&ip.to_canonical())
        };
        let (kept, excluded) = std::mem::take(&mut told.devices)
            .into_iter()
            .partition(is_read);
        told.devices = kept;
        let excluded: Vec<DeviceTold> = excluded;
        let excluded = excluded.iter().map(|device| device.address.ip());
        told.strangers.extend(excluded);
        Ok(told)
    }

    /// Whether no known device told anything.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// The devices that are to be read.
    pub fn devices(&self) -> &[DeviceTold] {
        &self.devices
    }

    /// Who told something and is neither a target nor known, or is excluded.
    pub fn strangers(&self) -> &[IpAddr] {
        &self.strangers
    }
}

/// Whose MAC is known by now to be excluded.
fn excluded_by_mac(
    agent: &Agent,
    plan: &TargetPlan,
    network: &dyn Network,
) -> Result<Vec<IpAddr>, ToldError> {
    if plan.excluded_macs().is_empty() {
        return Ok(Vec::new());
    }
    let resting = Resting::load(agent.store()).map_err(AgentError::from)?;
    let mut plan = plan.clone();
    let now = agent.clocks().wall();
    resting.leave_alone(&mut plan, &network.neighbours(), Duration::ZERO, now);
    let excluded = plan
        .left_alone()
        .filter(|(_, (outcome, _))| matches!(outcome, Outcome::Excluded { .. }));
    Ok(excluded.map(|(address, _)| address.ip).collect())
}

/// An address as targets are written.
fn text(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        other => other.ip().to_canonical().to_string(),
    }
}
