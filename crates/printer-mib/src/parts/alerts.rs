//! Open alerts (RFC 3805 section 2.2.13, prtAlertTable).

use crate::device::Device;
use crate::mib;
use crate::reading::{Row, put, rows};
use crate::words;
use pagetally_model::{Alert, Gap, Sources, Text};

/// Every row of prtAlertTable. Row numbers are neither dense nor lasting.
pub(crate) fn alerts(device: &Device<'_>, gaps: &mut Vec<Gap>) -> Vec<Alert> {
    rows(device.answers, &mib::ALERT, gaps)
        .iter()
        .map(|row| alert(device, row))
        .collect()
}

fn alert(device: &Device<'_>, row: &Row<'_>) -> Alert {
    let mut sources = Sources::new();
    let severity = row.integer(&mut sources, "severity", 2, "rfc3805.prtAlertSeverityLevel");
    let code = row.integer(&mut sources, "code", 7, "rfc3805.prtAlertCode");
    Alert {
        slot: row.slot(),
        severity: words::severity(severity),
        training: named(row, 3, words::training, &mut sources, "training"),
        group: named(row, 4, words::alert_group, &mut sources, "group"),
        // -1 and -2 stand for "no row" and "unknown".
        group_index: row
            .integer(&mut sources, "groupIndex", 5, "rfc3805.prtAlertGroupIndex")
            .filter(|index| *index >= 0),
        code,
        code_name: code.and_then(words::alert_code).map(Text::clean),
        description: row.text(
            &mut sources,
            "description",
            8,
            device.charset,
            "rfc3805.prtAlertDescription",
        ),
        raised_at_uptime_centis: row
            .integer(
                &mut sources,
                "raisedAtUptimeCentis",
                9,
                "rfc3805.prtAlertTime",
            )
            .and_then(|ticks| u64::try_from(ticks).ok()),
        sources,
    }
}

/// A number that the standard has a word for.
fn named(
    row: &Row<'_>,
    column: u32,
    word: fn(i64) -> Option<&'static str>,
    sources: &mut Sources,
    field: &str,
) -> Option<Text> {
    let cell = row.cell(column)?;
    let word = word(cell.number()?)?;
    let rule = match field {
        "training" => "rfc3805.prtAlertTrainingLevel",
        _ => "rfc3805.prtAlertGroup",
    };
    put(sources, field, cell, rule);
    Some(Text::clean(word))
}
