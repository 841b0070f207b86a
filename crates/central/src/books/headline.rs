//! Which of a device's meters a fleet's list shows.

use pagetally_model::{
    CounterUnit, DeviceAudit, Meter, MeterColor, MeterFunction, MeterSides, MeterSize,
};

/// The total over all functions, sizes and sides, in the unit that comes nearest to a page. Nothing
/// stands in for one that the device does not state; a length or a time is no page count and stays
/// with its unit on the device's page.
pub(super) fn headline(audit: &DeviceAudit, color: MeterColor) -> Option<&Meter> {
    totals(audit, color)
        .filter_map(|meter| Some((page_rank(meter.unit)?, meter)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, meter)| meter)
}

/// The unit of the total whose history a device's page draws: of the headline, else of the first
/// total there is.
pub(crate) fn history_unit(audit: &DeviceAudit) -> Option<CounterUnit> {
    headline(audit, MeterColor::Any)
        .or_else(|| totals(audit, MeterColor::Any).next())
        .map(|meter| meter.unit)
}

fn totals(audit: &DeviceAudit, color: MeterColor) -> impl Iterator<Item = &Meter> {
    audit.meters.iter().filter(move |meter| {
        meter.function == MeterFunction::Total
            && meter.color == color
            && meter.size == MeterSize::Any
            && meter.sides == MeterSides::Any
    })
}

/// How near a unit comes to a page: the lowest is the nearest; nothing for what is no page at all.
fn page_rank(unit: CounterUnit) -> Option<u8> {
    match unit {
        CounterUnit::Impressions => Some(0),
        CounterUnit::Images => Some(1),
        CounterUnit::Sheets => Some(2),
        CounterUnit::Unknown => Some(3),
        CounterUnit::Other => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// An audit with totals in these units.
    fn audit(totals: &[(&str, u64)]) -> DeviceAudit {
        let meter = |(unit, value): &(&str, u64)| {
            json!({
                "function": "total", "color": "any", "size": "any", "sides": "any", "unit": unit,
                "value": value, "exactness": "exact",
                "source": {
                    "source": {"type": "counted", "what": "x"},
                    "rule": {"name": "x", "version": 1}
                }
            })
        };
        let meters: Vec<_> = totals.iter().map(meter).collect();
        serde_json::from_value(json!({
            "format": 1, "id": "00".repeat(16), "pass": "00".repeat(16),
            "time": {"wall": "2026-01-01T00:00:00Z", "boot": "00".repeat(16), "monotonicMillis": 0},
            "protocol": "recording", "identity": {"sources": {}},
            "status": {
                "printer": "idle", "device": "running", "conditions": [], "console": [],
                "sources": {}
            },
            "meters": meters, "markers": [], "supplies": [], "trays": [], "outputs": [],
            "covers": [], "alerts": [], "gaps": [], "contradictions": []
        }))
        .expect("an audit")
    }

    #[test]
    fn impressions_stand_for_a_device_before_sheets() {
        let audit = audit(&[("sheets", 4), ("impressions", 7)]);
        let value = headline(&audit, MeterColor::Any).map(|meter| meter.value);
        assert_eq!(value, Some(7));
        assert_eq!(headline(&audit, MeterColor::Mono), None);
    }

    #[test]
    fn a_length_is_no_page_count_and_still_has_a_history() {
        let audit = audit(&[("meters", 120)]);
        assert_eq!(headline(&audit, MeterColor::Any), None);
        assert_eq!(history_unit(&audit), Some(CounterUnit::Meters));
    }
}
