//! What a printer tells unasked (RFC 3805, printerV2Alert).

use crate::definitions::Definitions;
use crate::device::Device;
use crate::parts::alerts;
use pagetally_model::Alert;
use pagetally_snmp_engine::{Answers, Oid, VarBind};

/// printerV2Alert (RFC 3805).
const PRINTER_V2_ALERT: &[u32] = &[1, 3, 6, 1, 2, 1, 43, 18, 2, 0, 1];

/// What the standards call a notification, where they know it as a printer's.
pub fn notification_name(trap: &Oid) -> Option<&'static str> {
    (trap.arcs() == PRINTER_V2_ALERT).then_some("printerV2Alert")
}

/// The row of prtAlertTable that a notification's variables tell of, as far as they do: the first
/// one, because printerV2Alert tells of one.
pub fn told_alert(varbinds: &[VarBind], definitions: &Definitions) -> Option<Alert> {
    let answers: Answers = varbinds.iter().cloned().collect();
    let mut gaps = Vec::new();
    let device = Device::new(&answers, definitions, &mut gaps);
    alerts(&device, &mut gaps).into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::AlertSeverity;
    use pagetally_snmp_engine::Value;

    fn oid(text: &str) -> Oid {
        text.parse().expect("valid")
    }

    #[test]
    fn a_printer_v2_alert_is_the_row_that_it_tells_of() {
        // prtAlertIndex, SeverityLevel, Group, GroupIndex, Location, Code: the notification's objects.
        let columns = [(1, 7), (2, 3), (4, 11), (5, 2), (6, -2), (7, 1_101)];
        let varbinds: Vec<VarBind> = columns
            .into_iter()
            .map(|(column, number)| VarBind {
                oid: oid("1.3.6.1.2.1.43.18.1.1").child(&[column, 1, 7]),
                value: Value::Integer(number),
            })
            .collect();
        let alert = told_alert(&varbinds, &Definitions::builtin()).expect("a row");
        assert_eq!(alert.slot.as_str(), "1.7");
        assert_eq!(alert.severity, AlertSeverity::Critical);
        assert_eq!(alert.code, Some(1_101));
        assert_eq!(
            alert.code_name.as_ref().map(|name| name.as_str()),
            Some("markerTonerEmpty")
        );
        assert!(alert.sources.iter().count() > 0, "with its sources");
    }

    #[test]
    fn a_makers_own_variables_tell_of_no_row() {
        let varbinds = [VarBind {
            oid: oid("1.3.6.1.4.1.11.2.3.9.7"),
            value: Value::OctetString(b"Payroll.xlsx of somebody".to_vec()),
        }];
        assert_eq!(told_alert(&varbinds, &Definitions::builtin()), None);
        assert_eq!(notification_name(&oid("1.3.6.1.4.1.11.0.1")), None);
        let standard = oid("1.3.6.1.2.1.43.18.2.0.1");
        assert_eq!(notification_name(&standard), Some("printerV2Alert"));
    }
}
