//! Open alerts (RFC 3805 section 2.2.13, prtAlertTable).

use crate::device::Device;
use crate::mib;
use crate::reading::{Row, rows};
use crate::words;
use pagetally_model::{Alert, Gap, Sources, Text};

/// Every row of prtAlertTable. Row numbers are neither dense nor lasting.
pub(crate) fn alerts(device: &Device<'_>, gaps: &mut Vec<Gap>) -> Vec<Alert> {
    rows(device.answers, &mib::ALERT, gaps)
        .iter()
        .map(|row| alert(device, row))
        .collect()
}

fn alert(device: &Device<'_>, row: Row<'_, '_>) -> Alert {
    // In the order of the fields' names, which is how sources are kept.
    let mut sources = Sources::with_capacity(7);
    let code = row.integer(&mut sources, "code", 7, "rfc3805.prtAlertCode");
    let description = row.text(
        &mut sources,
        "description",
        8,
        device.charset,
        "rfc3805.prtAlertDescription",
    );
    let group = row.word(
        &mut sources,
        "group",
        4,
        words::alert_group,
        "rfc3805.prtAlertGroup",
    );
    // -1 and -2 stand for "no row" and "unknown".
    let group_index = row
        .integer(&mut sources, "groupIndex", 5, "rfc3805.prtAlertGroupIndex")
        .filter(|index| *index >= 0);
    let raised_at_uptime_centis = row
        .integer(
            &mut sources,
            "raisedAtUptimeCentis",
            9,
            "rfc3805.prtAlertTime",
        )
        .and_then(|ticks| u64::try_from(ticks).ok());
    let severity = row.integer(&mut sources, "severity", 2, "rfc3805.prtAlertSeverityLevel");
    let training = row.word(
        &mut sources,
        "training",
        3,
        words::training,
        "rfc3805.prtAlertTrainingLevel",
    );
    Alert {
        slot: row.slot(),
        severity: words::severity(severity),
        training,
        group,
        group_index,
        code,
        code_name: code.and_then(words::alert_code).map(Text::from_static),
        description,
        raised_at_uptime_centis,
        sources,
    }
}
