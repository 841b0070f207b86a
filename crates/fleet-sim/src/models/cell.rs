//! Values that are computed when somebody asks.

use super::fitted::percent;
use super::spec::Spec;
use super::state::{Activity, State, Trouble};
use super::tally::Quantity;
use pagetally_snmp_engine::Value;

/// One computed object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cell {
    /// prtGeneralSerialNumber and its like are fixed; this is sysUpTime.
    UpTime,
    /// A counter.
    Count(Quantity, Encoding),
    /// A counter that is one of many, which a reader adds up or leaves alone.
    Part(Quantity, Encoding),
    /// prtMarkerSuppliesMaxCapacity of a supply.
    SupplyCapacity(usize),
    /// prtMarkerSuppliesLevel of a supply.
    SupplyLevel(usize),
    /// What is left of a supply, in percent.
    SupplyPercent(usize, Encoding),
    /// prtInputCurrentLevel of a tray.
    TrayLevel(usize),
    /// prtInputStatus of a tray.
    TrayStatus(usize),
    /// prtCoverStatus.
    CoverStatus(usize),
    /// hrDeviceStatus.
    DeviceStatus,
    /// hrPrinterStatus.
    PrinterStatus,
    /// hrPrinterDetectedErrorState.
    ErrorState,
    /// prtMarkerStatus and its like.
    SubUnitStatus,
    /// A line of the display.
    Console(u32),
    /// prtAlertAllEvents.
    AlertsSeen,
    /// prtAlertCriticalEvents.
    CriticalSeen,
    /// Brother's record of counters.
    BrotherCounters,
    /// Brother's record of supplies.
    BrotherMaintenance,
    /// Zebra's odometer, a text in inches and centimetres.
    ZebraOdometer,
}

/// How a counter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Counter32.
    Counter,
    /// INTEGER.
    Integer,
    /// A decimal text.
    Text,
}

impl Encoding {
    fn value(self, count: u64) -> Value {
        // A counter of 32 bits begins again at zero; no printer has lived that long.
        let wrapped = u32::try_from(count & u64::from(u32::MAX)).unwrap_or(0);
        match self {
            Self::Counter => Value::Counter32(wrapped),
            Self::Integer => Value::Integer(i64::from(wrapped & 0x7fff_ffff)),
            Self::Text => Value::OctetString(count.to_string().into_bytes()),
        }
    }
}

impl Cell {
    /// What the object is worth now.
    #[must_use]
    pub fn evaluate(self, spec: &Spec, state: &State) -> Value {
        let text = |text: &str| Value::OctetString(text.as_bytes().to_vec());
        match self {
            Self::UpTime => Value::TimeTicks(centis(state)),
            Self::Count(quantity, encoding) | Self::Part(quantity, encoding) => {
                encoding.value(state.told(quantity))
            }
            Self::SupplyCapacity(place) => Value::Integer(state.supply_level(spec, place).0),
            Self::SupplyLevel(place) => Value::Integer(state.supply_level(spec, place).1),
            Self::SupplyPercent(place, encoding) => {
                encoding.value(percent(spec, &state.supplies, place))
            }
            Self::TrayLevel(place) => Value::Integer(state.tray_level(spec, place).1),
            Self::TrayStatus(place) => Value::Integer(tray_status(state, place)),
            Self::CoverStatus(place) => Value::Integer(if state.has(Trouble::CoverOpen(place)) {
                3
            } else {
                4
            }),
            Self::DeviceStatus => Value::Integer(device_status(spec, state)),
            Self::PrinterStatus => Value::Integer(printer_status(spec, state)),
            Self::ErrorState => Value::OctetString(error_state(spec, state)),
            Self::SubUnitStatus => Value::Integer(sub_unit_status(spec, state)),
            Self::Console(1) => Value::OctetString(spec.charset.encode(&console_text(spec, state))),
            Self::Console(_) => text(""),
            Self::AlertsSeen => Value::Counter32(state.alerts_seen),
            Self::CriticalSeen => Value::Counter32(state.critical_seen),
            Self::BrotherCounters => super::vendors::brother::counters(state),
            Self::BrotherMaintenance => super::vendors::brother::maintenance(spec, state),
            Self::ZebraOdometer => super::vendors::zebra::odometer(state),
        }
    }
}

/// sysUpTime: hundredths of a second, beginning again after 497 days.
pub(super) fn centis(state: &State) -> u32 {
    u32::try_from(state.uptime.as_millis() / 10 % (1 << 32)).unwrap_or(0)
}

fn tray_status(state: &State, place: usize) -> i64 {
    // Idle; unavailable on request with a non-critical alert (RFC 3805, PrtSubUnitStatusTC).
    if state.has(Trouble::TrayEmpty(place)) {
        9
    } else {
        0
    }
}

fn sub_unit_status(spec: &Spec, state: &State) -> i64 {
    if state.is_stopped(spec) {
        return 3 + 16;
    }
    let busy = if is_printing(state) { 4 } else { 0 };
    busy + if state.alerts.is_empty() { 0 } else { 8 }
}

fn is_printing(state: &State) -> bool {
    matches!(state.activity, Activity::Printing(until) if until > state.uptime)
}

fn device_status(spec: &Spec, state: &State) -> i64 {
    if state.is_stopped(spec) {
        5
    } else if state.alerts.is_empty() {
        2
    } else {
        3
    }
}

fn printer_status(spec: &Spec, state: &State) -> i64 {
    if state.is_stopped(spec) || state.asleep {
        1
    } else if is_printing(state) {
        4
    } else {
        3
    }
}

/// RFC 2790's bits: bit 0 is the highest of the first octet.
fn error_state(spec: &Spec, state: &State) -> Vec<u8> {
    let bits = state
        .alerts
        .iter()
        .fold(0_u16, |bits, alert| bits | error_bit(alert.trouble, spec));
    let out_of_paper = !state.sheets.is_empty() && state.sheets.iter().all(|sheets| *sheets == 0);
    let bits = if out_of_paper { bits | 0x4000 } else { bits };
    let [first, second] = bits.to_be_bytes();
    match (bits, spec.error_octets) {
        (0, 0) => Vec::new(),
        (_, 0 | 1) if second == 0 => vec![first],
        _ => vec![first, second],
    }
}

fn error_bit(trouble: Trouble, spec: &Spec) -> u16 {
    let toner = |place: usize| {
        spec.supplies
            .get(place)
            .is_some_and(|supply| supply.colorant.is_some())
    };
    match trouble {
        Trouble::CoverOpen(_) => 0x0800,
        Trouble::Jam => 0x0400,
        Trouble::SupplyLow(place) if toner(place) => 0x2000,
        Trouble::SupplySpent(place) if toner(place) => 0x1000,
        // overduePreventMaint
        Trouble::SupplyLow(_) | Trouble::SupplySpent(_) => 0x0002,
        // inputTrayEmpty
        Trouble::TrayEmpty(_) => 0x0004,
    }
}

fn console_text(spec: &Spec, state: &State) -> String {
    if state.asleep {
        return "Sleep mode on".to_owned();
    }
    let worst = state
        .alerts
        .iter()
        .max_by_key(|alert| alert.trouble.is_critical(spec));
    match worst {
        Some(alert) => super::alerts::description(alert.trouble, spec, state),
        None if is_printing(state) => "Printing".to_owned(),
        None => "Ready".to_owned(),
    }
}
