//! Our own SNMPv3 engine, which is authoritative for informs (RFC 3414 section 1.5.1).

use crate::enrolment::{FORMAT, from_bytes, to_bytes};
use crate::{Agent, AgentError, random};
use pagetally_snmp_engine::trap::OwnEngine;
use pagetally_snmp_engine::usm::MAX_BOOTS;
use pagetally_store::StateKey;
use serde::{Deserialize, Serialize};

/// Where it is kept how often our engine has started.
const STARTS: StateKey = StateKey::new("trap-engine");

const WHAT: &str = "count of the trap listener's starts";

#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    boots: u32,
}

/// Our engine at one more start, which is written down before anybody hears of it: what was recorded
/// before cannot be told again. A count that cannot be read is an error, because another beginning
/// would let that in.
pub(super) fn start(agent: &Agent) -> Result<OwnEngine, AgentError> {
    let before = match agent.store().state(STARTS)? {
        Some(bytes) => from_bytes::<Document>(WHAT, &bytes)?.boots,
        None => 0,
    };
    // At its last number an engine hears nobody any more (RFC 3414 section 2.2.1).
    let boots = before.saturating_add(1).min(MAX_BOOTS);
    let bytes = to_bytes(
        WHAT,
        &Document {
            format: FORMAT,
            boots,
        },
    )?;
    agent.store().set_state(STARTS, &bytes)?;
    Ok(OwnEngine {
        id: OwnEngine::id_of(*agent.id().as_bytes()),
        boots,
        salt: u64::from_le_bytes(random::bytes()?),
    })
}
