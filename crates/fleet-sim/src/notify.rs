//! What a device tells unasked.

use crate::SimDevice;
use pagetally_snmp_engine::trap::{NotificationKind, TrapPdu};
use pagetally_snmp_engine::{Oid, Value, VarBind};
use std::collections::BTreeMap;

/// printerV2Alert (RFC 3805).
const PRINTER_V2_ALERT: [u32; 11] = [1, 3, 6, 1, 2, 1, 43, 18, 2, 0, 1];
/// prtAlertEntry.
const ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 43, 18, 1, 1];
/// The columns that a printerV2Alert carries: index, severity, group, its index, location, code.
const CARRIED: [u32; 6] = [1, 2, 4, 5, 6, 7];
/// sysUpTime.0.
const UPTIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];

impl SimDevice {
    /// The datagrams with which it tells of the alerts that it has now: one printerV2Alert each over
    /// SNMPv2c, numbered from `first_id` on.
    pub fn printer_alerts(
        &self,
        community: &[u8],
        kind: NotificationKind,
        first_id: u32,
    ) -> Vec<Vec<u8>> {
        let entry = Oid::default().child(&ENTRY);
        let mut alerts: BTreeMap<Vec<u32>, Vec<VarBind>> = BTreeMap::new();
        for varbind in self.walk() {
            if let Some([column, row @ ..]) = varbind.oid.index_below(&entry)
                && CARRIED.contains(column)
            {
                alerts.entry(row.to_vec()).or_default().push(varbind);
            }
        }
        let uptime = match self.value(&Oid::default().child(&UPTIME)) {
            Some(Value::TimeTicks(ticks)) => ticks,
            _ => 0,
        };
        let trap = Oid::default().child(&PRINTER_V2_ALERT);
        let encode = |(id, varbinds): (u32, &Vec<VarBind>)| {
            TrapPdu {
                community,
                kind,
                id,
                uptime,
                trap: &trap,
                varbinds,
            }
            .encode()
        };
        (first_id..).zip(alerts.values()).map(encode).collect()
    }
}
