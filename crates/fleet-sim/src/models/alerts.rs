//! prtAlertTable (RFC 3805): what is the matter, as rows.

use super::spec::Spec;
use super::state::{Alert, State, Trouble};
use crate::truth::TruthAlert;
use pagetally_snmp_engine::{Oid, Value};
use std::collections::BTreeMap;

/// prtAlertEntry.
const ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 43, 18, 1, 1];

/// What the display and prtAlertDescription say.
pub(super) fn description(trouble: Trouble, spec: &Spec, state: &State) -> String {
    let supply = |place: usize| match (spec.supplies.get(place), state.supplies.get(place)) {
        (Some(supply), Some(fitted)) => fitted.description(supply),
        _ => "Supply".to_owned(),
    };
    let is_box = |place: usize| {
        spec.supplies
            .get(place)
            .is_some_and(super::spec::SupplySpec::is_receptacle)
    };
    match trouble {
        Trouble::CoverOpen(place) => {
            let cover = spec.covers.get(place).copied().unwrap_or("Cover");
            format!("{cover} is open")
        }
        Trouble::Jam => "Paper jam".to_owned(),
        Trouble::SupplyLow(place) if is_box(place) => format!("{} is nearly full", supply(place)),
        Trouble::SupplyLow(place) => format!("{} is low", supply(place)),
        Trouble::SupplySpent(place) if is_box(place) => format!("{} is full", supply(place)),
        Trouble::SupplySpent(place) => format!("{} is empty", supply(place)),
        Trouble::TrayEmpty(place) => {
            let tray = spec.trays.get(place).map_or("Tray", |tray| tray.name);
            format!("{tray} is empty")
        }
    }
}

/// prtAlertGroup, prtAlertGroupIndex and prtAlertCode.
fn place_and_code(trouble: Trouble, spec: &Spec) -> (i64, i64, i64) {
    let row = |place: usize| i64::try_from(place + 1).unwrap_or(-1);
    match trouble {
        Trouble::CoverOpen(place) => (6, row(place), 3),
        Trouble::Jam => (13, 1, 8),
        Trouble::TrayEmpty(place) => (8, row(place), 808),
        Trouble::SupplyLow(place) | Trouble::SupplySpent(place) => {
            let low = matches!(trouble, Trouble::SupplyLow(_));
            let Some(supply) = spec.supplies.get(place) else {
                return (11, -1, 2);
            };
            let code = match (supply.kind, low) {
                (4, true) => 1_107,
                (4, false) => 1_109,
                (8, true) => 1_108,
                (8, false) => 1_110,
                (5 | 6, true) => 1_105,
                (5 | 6, false) => 1_102,
                (7, true) => 1_106,
                (7, false) => 1_103,
                (9, true) => 1_111,
                (9, false) => 1_112,
                (3 | 21, true) => 1_104,
                (3 | 21, false) => 1_101,
                // Fusers, belts and kits: lifeAlmostOver, lifeOver.
                (_, true) => 10,
                (_, false) => 11,
            };
            (11, i64::from(supply.index), code)
        }
    }
}

/// The alert in a reader's words.
pub(super) fn truth(alert: &Alert, spec: &Spec, state: &State) -> TruthAlert {
    let (group, group_index, code) = place_and_code(alert.trouble, spec);
    TruthAlert {
        index: alert.index,
        severity: if alert.trouble.is_critical(spec) {
            3
        } else {
            4
        },
        group,
        group_index,
        code,
        description: description(alert.trouble, spec, state),
    }
}

/// The table's objects as they are now.
pub(super) fn rows(spec: &Spec, state: &State) -> BTreeMap<Oid, Value> {
    let mut rows = BTreeMap::new();
    for alert in &state.alerts {
        let said = truth(alert, spec, state);
        let since = u32::try_from(alert.since.as_millis() / 10 % (1 << 32)).unwrap_or(0);
        let columns = [
            Value::Integer(i64::from(alert.index)),
            Value::Integer(said.severity),
            // trained; noInterventionRequired is never used
            Value::Integer(4),
            Value::Integer(said.group),
            Value::Integer(said.group_index),
            Value::Integer(-2),
            Value::Integer(said.code),
            Value::OctetString(spec.charset.encode(&said.description)),
            Value::TimeTicks(since),
        ];
        for (column, value) in (1_u32..).zip(columns) {
            let mut arcs = ENTRY.to_vec();
            arcs.extend([column, spec.device_index, alert.index]);
            if let Ok(oid) = Oid::new(arcs) {
                rows.insert(oid, value);
            }
        }
    }
    rows
}
