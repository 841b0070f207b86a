//! Rows of the tables: engines, supplies, inputs, alerts.

use super::super::alike::squeeze;
use super::super::expected::{RawAlert, RawInput, RawMarker, RawSupply, Whole};
use super::super::kinds;
use super::super::sheet::{At, Got, Sheet, word};
use super::levels::Amounts;
use super::{at, compare_text, held};
use pagetally_model::{Alert, Marker, Supply, SupplyKind, Tray};
use serde_json::Value;

/// prtMarkerSuppliesLevel.
const SUPPLY_LEVEL: &str = "1.3.6.1.2.1.43.11.1.1.9.";
/// prtInputCurrentLevel.
const INPUT_LEVEL: &str = "1.3.6.1.2.1.43.8.2.1.10.";

/// prtAlertTrainingLevel from 1 on.
const TRAINING: [&str; 7] = [
    "other",
    "unknown",
    "untrained",
    "trained",
    "fieldService",
    "management",
    "noInterventionRequired",
];

pub(super) fn compare_marker(row: &RawMarker, got: Option<&Marker>, sheet: &mut Sheet) {
    let place = Some(row.index.as_str());
    for (name, field, stated, value) in [
        (
            "prtMarkerLifeCount",
            "lifeCount",
            row.life_count,
            got.and_then(|m| m.life_count),
        ),
        (
            "prtMarkerPowerOnCount",
            "powerOnCount",
            row.power_on_count,
            got.and_then(|m| m.power_on_count),
        ),
    ] {
        if let Some(stated) = stated.and_then(Whole::unsigned) {
            let shown = got.zip(value).map(|(m, v)| Got::of(v, &m.sources, field));
            sheet.compare(at(name, place), stated, shown, value == Some(stated), held);
        }
    }
    if let Some(marker) = got {
        compare_word(
            at("prtMarkerCounterUnit", place),
            &row.unit,
            &word(&marker.unit),
            sheet,
        );
    }
}

/// Compares a word of the RFC with a word of the audit; numbers have no word there.
fn compare_word(at: At<'_>, stated: &Value, got: &str, sheet: &mut Sheet) {
    let Some(stated) = stated
        .as_str()
        .filter(|word| word.contains(char::is_alphabetic))
    else {
        return;
    };
    let same = squeeze(stated) == squeeze(got);
    sheet.compare(at, stated, Some(Got::new(got, None)), same, held);
}

pub(super) fn compare_supply(row: &RawSupply, got: Option<&Supply>, sheet: &mut Sheet) {
    let place = Some(row.index.as_str());
    let Some(supply) = got else {
        let shown = row.description.clone().unwrap_or_default();
        sheet.compare(at("prtMarkerSupplies row", place), shown, None, false, held);
        return;
    };
    let sources = &supply.sources;
    let description = row.description.as_deref();
    let own = supply.description.as_ref();
    compare_text(
        at("prtMarkerSuppliesDescription", place),
        description,
        own,
        sources,
        "description",
        sheet,
    );
    if let Some(kinds) = row.kind.as_str().and_then(kinds::named)
        && supply.kind != SupplyKind::Unknown
    {
        let shown = Got::of(word(&supply.kind), sources, "kind");
        let same = kinds.contains(&supply.kind);
        let stated = row.kind.as_str().unwrap_or_default();
        sheet.compare(
            at("prtMarkerSuppliesType", place),
            stated,
            Some(shown),
            same,
            held,
        );
    }
    if let Some(class) = row.class.as_str() {
        let stated = match class {
            "supplyThatIsConsumed" => "consumed",
            "receptacleThatIsFilled" => "filled",
            other => other,
        };
        compare_word(
            at("prtMarkerSuppliesClass", place),
            &stated.into(),
            &word(&supply.class),
            sheet,
        );
    }
    compare_word(
        at("prtMarkerSuppliesSupplyUnit", place),
        &row.unit,
        &word(&supply.unit),
        sheet,
    );
    compare_colorant(row, supply, sheet);
    let amounts = Amounts {
        level: row.level,
        capacity: row.max_capacity,
        column: SUPPLY_LEVEL,
    };
    let names = ("prtMarkerSuppliesLevel", "prtMarkerSuppliesMaxCapacity");
    amounts.compare(
        names,
        place,
        supply.level.level,
        supply.capacity,
        sources,
        sheet,
    );
}

/// prtMarkerColorantValue holds a colour's name, or whatever the maker put there.
fn compare_colorant(row: &RawSupply, supply: &Supply, sheet: &mut Sheet) {
    let Some(stated) = row
        .colorant
        .as_str()
        .filter(|color| !matches!(*color, "other" | "unknown" | ""))
    else {
        return;
    };
    let got = supply.colorant.as_ref();
    let same = got.is_some_and(|got| {
        let (stated, got) = (squeeze(stated), squeeze(got.as_str()));
        !got.is_empty() && stated.contains(&got)
    });
    let shown = got.map(|got| Got::of(got, &supply.sources, "colorant"));
    sheet.compare(
        at("prtMarkerColorantValue", Some(&row.index)),
        stated,
        shown,
        same,
        held,
    );
}

pub(super) fn compare_tray(row: &RawInput, got: Option<&Tray>, sheet: &mut Sheet) {
    let place = Some(row.index.as_str());
    let Some(tray) = got else {
        let shown = row
            .name
            .clone()
            .or(row.description.clone())
            .unwrap_or_default();
        sheet.compare(at("prtInput row", place), shown, None, false, held);
        return;
    };
    let sources = &tray.sources;
    for (name, field, stated, got) in [
        ("prtInputName", "name", &row.name, &tray.name),
        (
            "prtInputDescription",
            "description",
            &row.description,
            &tray.description,
        ),
        ("prtInputMediaName", "media", &row.media, &tray.media),
    ] {
        compare_text(
            at(name, place),
            stated.as_deref(),
            got.as_ref(),
            sources,
            field,
            sheet,
        );
    }
    compare_word(
        at("prtInputCapacityUnit", place),
        &row.unit,
        &word(&tray.unit),
        sheet,
    );
    let amounts = Amounts {
        level: row.level,
        capacity: row.max_capacity,
        column: INPUT_LEVEL,
    };
    let names = ("prtInputCurrentLevel", "prtInputMaxCapacity");
    amounts.compare(
        names,
        place,
        tray.level.level,
        tray.capacity,
        sources,
        sheet,
    );
}

pub(super) fn compare_alert(row: &RawAlert, got: Option<&Alert>, sheet: &mut Sheet) {
    let place = Some(row.index.as_str());
    let Some(alert) = got else {
        let shown = row.description.clone().unwrap_or_default();
        sheet.compare(at("prtAlert row", place), shown, None, false, held);
        return;
    };
    let sources = &alert.sources;
    compare_word(
        at("prtAlertSeverityLevel", place),
        &row.severity,
        &word(&alert.severity),
        sheet,
    );
    let training = row.training.and_then(|number| {
        TRAINING
            .get(usize::try_from(number.0).ok()?.checked_sub(1)?)
            .copied()
    });
    let group = row
        .group
        .as_str()
        .filter(|group| group.contains(char::is_alphabetic));
    for (name, field, stated, got) in [
        (
            "prtAlertTrainingLevel",
            "training",
            training,
            &alert.training,
        ),
        ("prtAlertGroup", "group", group, &alert.group),
        (
            "prtAlertDescription",
            "description",
            row.description.as_deref(),
            &alert.description,
        ),
    ] {
        compare_text(at(name, place), stated, got.as_ref(), sources, field, sheet);
    }
    for (name, field, stated, value) in [
        (
            "prtAlertGroupIndex",
            "groupIndex",
            row.group_index,
            alert.group_index,
        ),
        ("prtAlertCode", "code", row.code, alert.code),
    ] {
        // A negative index or code means that the device gives none.
        if let Some(stated) = stated.filter(|stated| stated.0 > 0) {
            let shown = value.map(|value| Got::of(value, sources, field));
            sheet.compare(
                at(name, place),
                stated.0,
                shown,
                value == Some(stated.0),
                held,
            );
        }
    }
}
