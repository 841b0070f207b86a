//! Print engines (RFC 3805 section 2.2.5, prtMarkerTable).

use crate::device::Device;
use crate::mib;
use crate::reading::{gap, put, rows};
use crate::words;
use pagetally_model::{Gap, Marker, Sources};

/// Every row of prtMarkerTable, with what it states of itself.
pub(crate) fn markers(device: &Device<'_>, gaps: &mut Vec<Gap>) -> Vec<Marker> {
    let rows = rows(device.answers, &mib::MARKER, gaps);
    let mut markers = Vec::new();
    for row in rows.iter() {
        let mut sources = Sources::new();
        let technology = row.word(
            &mut sources,
            "technology",
            2,
            words::mark_technology,
            "rfc3805.prtMarkerMarkTech",
        );
        let unit = row.integer(&mut sources, "unit", 3, "rfc3805.prtMarkerCounterUnit");
        let mut count = |field: &'static str, column, rule: &'static str| {
            let cell = row.cell(column)?;
            let Some(count) = cell.number().and_then(|count| u64::try_from(count).ok()) else {
                gaps.push(gap(
                    &format!("{rule} of marker {}", row.slot()),
                    "the device answered something that is no count",
                ));
                return None;
            };
            put(&mut sources, field, cell, rule);
            Some(count)
        };
        markers.push(Marker {
            slot: row.slot(),
            technology,
            unit: words::unit(unit),
            life_count: count("lifeCount", 4, "rfc3805.prtMarkerLifeCount"),
            power_on_count: count("powerOnCount", 5, "rfc3805.prtMarkerPowerOnCount"),
            sources,
        });
    }
    markers
}
