//! Decoding recordings, without a network.

use pagetally_model::{AuditId, AuditTime, DeviceAudit, PassId, Text};
use pagetally_printer_mib::{Context, Definitions, ReadPlan, decode};
use pagetally_snmp_engine::recording::RecordingError;
use pagetally_snmp_engine::{Answers, Plan, Recording};

use crate::{Clocks, NoRandomness, random};

/// Ceiling on the queries of one read: a plan has about five stages; one that never ends is a
/// mistake in the plan, not in the recording.
const MAX_QUERIES: usize = 64;

/// What an audit of a recording is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayIds {
    /// The audit's id.
    pub audit: AuditId,
    /// The id that stands for a pass.
    pub pass: PassId,
    /// When it was decoded.
    pub time: AuditTime,
}

impl ReplayIds {
    /// Fresh ids and the present time.
    ///
    /// # Errors
    ///
    /// Where the operating system has no random numbers.
    pub fn fresh(clocks: &Clocks) -> Result<Self, NoRandomness> {
        Ok(Self {
            audit: AuditId::from_bytes(random::bytes()?),
            pass: PassId::from_bytes(random::bytes()?),
            time: clocks.now(),
        })
    }
}

/// Runs the read plan over a recording, as if the recorded device answered, and decodes the
/// answers. What the plan does not ask for is not looked at, so the audit is the one that this
/// device would have got over the wire.
///
/// # Errors
///
/// The first line of the recording that cannot be read.
pub fn replay(
    bytes: &[u8],
    ids: &ReplayIds,
    definitions: &Definitions,
) -> Result<DeviceAudit, RecordingError> {
    let device = Recording::parse(bytes)?.to_answers();
    Ok(replay_answers(&device, ids, definitions))
}

/// Like [`replay`], of a recording that is read already.
pub fn replay_answers(device: &Answers, ids: &ReplayIds, definitions: &Definitions) -> DeviceAudit {
    let answers = ask_all(device, definitions);
    let context = Context {
        id: ids.audit,
        pass: ids.pass,
        time: ids.time,
        address: None,
        protocol: Text::clean("recording"),
    };
    decode(&answers, &context, definitions)
}

fn ask_all(device: &Answers, definitions: &Definitions) -> Answers {
    let mut plan = ReadPlan::new(definitions);
    let mut answers = Answers::default();
    for _ in 0..MAX_QUERIES {
        let Some(query) = plan.next_query(&answers) else {
            break;
        };
        answers.merge(device.answer(&query));
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> ReplayIds {
        ReplayIds::fresh(&Clocks::start().expect("random numbers")).expect("random numbers")
    }

    #[test]
    fn a_recording_becomes_an_audit_without_an_address() {
        let bytes = b"1.3.6.1.2.1.1.1.0|4|ACME Printer 9\n\
            1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
            1.3.6.1.2.1.25.3.2.1.3.1|4|ACME Printer 9\n\
            1.3.6.1.2.1.43.5.1.1.17.1|4|SN-1\n\
            1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n\
            1.3.6.1.2.1.43.10.2.1.4.1.1|65|4711\n";
        let ids = ids();
        let audit = replay(bytes, &ids, &Definitions::builtin()).expect("valid");
        assert_eq!(audit.id, ids.audit);
        assert_eq!(audit.address, None);
        assert_eq!(audit.protocol.as_str(), "recording");
        assert_eq!(
            audit.identity.serial.as_ref().map(Text::as_str),
            Some("SN-1")
        );
        assert_eq!(audit.markers[0].life_count, Some(4711));
        assert_eq!(audit.check_sources(), Ok(()));
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = replay(b"1.3.6|2|1\nnonsense\n", &ids(), &Definitions::builtin())
            .expect_err("no recording");
        assert_eq!(error.line, 2);
    }
}
