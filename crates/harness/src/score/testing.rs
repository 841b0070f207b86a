//! What the tests of the comparisons share.

use super::Verdict;
use super::evidence::Evidence;
use super::expected::Expected;
use super::sheet::Sheet;
use pagetally_model::{DeviceAudit, DottedOid, Provenance, RawKind, RawValue, RuleId};
use pagetally_onsite::replay;
use pagetally_printer_mib::Definitions;
use pagetally_snmp_engine::Recording;

/// An audit of a device that answered nothing.
pub(super) fn audit() -> DeviceAudit {
    let mut audit =
        replay(b"", &super::FIXED_IDS, &Definitions::builtin()).expect("an empty recording");
    audit.meters.clear();
    audit.supplies.clear();
    audit
}

/// A provenance that names `rule`.
pub(super) fn provenance(rule: &str) -> Provenance {
    let oid = DottedOid::try_from("1.3.6.1.4.1.9.1".to_owned()).expect("valid");
    let raw = RawValue {
        kind: RawKind::Counter32,
        text: "7".into(),
    };
    Provenance::snmp(
        oid,
        raw,
        RuleId {
            name: rule.into(),
            version: 1,
        },
    )
}

/// Each finding's field and verdict.
pub(super) fn verdicts(
    statement: &str,
    recording: &str,
    compare: impl FnOnce(&Expected, &Evidence, &mut Sheet),
) -> Vec<(String, Verdict)> {
    let expected: Expected = serde_json::from_str(statement).expect("a statement");
    let recording = Recording::parse(recording.as_bytes()).expect("a recording");
    let mut sheet = Sheet::new("synthetic", None);
    compare(&expected, &Evidence::of(&recording), &mut sheet);
    sheet
        .into_findings()
        .into_iter()
        .map(|finding| (finding.field, finding.verdict))
        .collect()
}
