//! Who the device is: each field has witnesses, the better one is believed, the others are kept.

mod described;
mod device_id;
mod mac;
mod maker;

pub(crate) use maker::longest_prefix;

use crate::definitions::{EncodingWord, FieldWord, IdentityRow, Origin, Place};
use crate::device::Device;
use crate::mib;
use crate::reading::{Cell, hex, standard, with_charset};
use crate::text::decode_symbol_set;
use device_id::DeviceIds;
use pagetally_model::{
    Contradiction, Gap, Identity, LosingWitness, Provenance, RuleId, Sources, Text,
};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::net::IpAddr;

/// Rows of a column that a pattern is held against.
const MAX_ROWS: usize = 64;

/// One voice on one field.
#[derive(Clone, Debug)]
struct Claim {
    value: Text,
    provenance: Provenance,
    /// A site's rows first, then the rank, then the more specific family.
    order: (Origin, u32, Reverse<usize>),
}

impl Claim {
    fn standard(
        value: Text,
        cell: Cell<'_>,
        rule: impl Into<Cow<'static, str>>,
        rank: u32,
    ) -> Self {
        Self {
            value,
            provenance: cell.provenance(standard(rule)),
            order: (Origin::Builtin, rank, Reverse(0)),
        }
    }
}

/// What identity rests on, besides the fields themselves.
#[derive(Default)]
pub(crate) struct Remarks {
    pub(crate) gaps: Vec<Gap>,
    pub(crate) contradictions: Vec<Contradiction>,
}

/// Every field of the identity.
pub(crate) fn identity(
    device: &Device<'_>,
    address: Option<IpAddr>,
    remarks: &mut Remarks,
) -> Identity {
    let mut sources = Sources::new();
    let ids = DeviceIds::read(device);
    let mut pick = |field: &'static str, word, standard: Vec<Claim>| {
        let mut claims = by_rows(device, word);
        claims.extend(standard);
        choose(field, word, claims, &mut sources, remarks)
    };
    let manufacturer = pick(
        "manufacturer",
        FieldWord::Manufacturer,
        maker::claims(device, &ids),
    );
    let model = pick("model", FieldWord::Model, model_claims(device, &ids));
    let serial = pick("serial", FieldWord::Serial, serial_claims(device, &ids));
    let firmware = pick(
        "firmware",
        FieldWord::Firmware,
        single(
            device,
            &mib::ENT_FIRMWARE,
            "rfc6933.entPhysicalFirmwareRev",
            70,
        ),
    );
    let hostname = pick(
        "hostname",
        FieldWord::Hostname,
        single(device, &mib::SYS_NAME, "rfc1213.sysName", 10),
    );
    let location = pick(
        "location",
        FieldWord::Location,
        single(device, &mib::SYS_LOCATION, "rfc1213.sysLocation", 10),
    );
    let asset = pick("asset", FieldWord::Asset, Vec::new());
    let mut plain =
        |field: &'static str, oid: &'static pagetally_snmp_engine::Oid, rule: &'static str| {
            let claim = single(device, oid, rule, 10).into_iter().next()?;
            sources.insert(field, claim.provenance);
            Some(claim.value)
        };
    let contact = plain("contact", &mib::SYS_CONTACT, "rfc1213.sysContact");
    let description = plain("description", &mib::SYS_DESCR, "rfc1213.sysDescr");
    let mac = mac::mac(device, address, &mut sources, &mut remarks.gaps);
    let mut keep = |field: &'static str, cell: Cell<'_>, rule: &'static str| {
        sources.insert(field, cell.provenance(standard(rule)));
    };
    let object_id = device.cell(&mib::SYS_OBJECT_ID).and_then(|cell| {
        let raw = crate::reading::raw(cell.value);
        let is_oid = matches!(
            cell.value,
            pagetally_snmp_engine::Value::ObjectIdentifier(_)
        );
        is_oid.then(|| keep("objectId", cell, "rfc1213.sysObjectID"))?;
        Text::non_empty(&raw.text)
    });
    let engine_id = device.cell(&mib::SNMP_ENGINE_ID).and_then(|cell| {
        let text = Text::non_empty(&hex(cell.value.as_octets()?))?;
        keep("engineId", cell, "rfc3411.snmpEngineID");
        Some(text)
    });
    let uptime_centis = device.cell(&mib::SYS_UP_TIME).and_then(|cell| {
        let ticks = u64::try_from(cell.number()?).ok()?;
        keep("uptimeCentis", cell, "rfc1213.sysUpTime");
        Some(ticks)
    });
    Identity {
        manufacturer,
        model,
        serial,
        firmware,
        hostname,
        location,
        contact,
        mac,
        asset,
        description,
        object_id,
        engine_id,
        uptime_centis,
        sources,
    }
}

/// What the definitions' rows say of a field.
fn by_rows(device: &Device<'_>, field: FieldWord) -> Vec<Claim> {
    let mut claims = Vec::new();
    for selected in &device.families {
        let rows = selected.family.identity.iter();
        for row in rows.filter(|row| row.field == field) {
            let Some((value, rule, cell)) = by_row(device, row) else {
                continue;
            };
            let value = match field {
                FieldWord::Model => maker::without_maker(device.definitions, &value),
                _ => value,
            };
            let mut provenance = cell.provenance(rule);
            provenance.unproven = row.head.is_unproven();
            claims.push(Claim {
                value,
                provenance,
                order: (
                    row.head.origin,
                    row.head.rank,
                    Reverse(selected.specificity),
                ),
            });
        }
    }
    claims
}

fn by_row<'a>(device: &Device<'a>, row: &'a IdentityRow) -> Option<(Text, RuleId, Cell<'a>)> {
    if let Some((oid, pattern)) = &row.when {
        let said = device.cell(oid)?.text(device.charset)?.clean()?;
        if !pattern.matches(said.as_str()) {
            return None;
        }
    }
    match &row.place {
        Place::Instance(oid) => by_cell(device, row, device.cell(oid)?),
        Place::Column(column) => {
            let cells = || device.answers.below(column);
            let own = cells().filter(|(index, ..)| index.first().copied() == device.printer);
            // A pattern finds its row; without one, the first row is the one that is meant.
            let most = if row.patterns.is_empty() { 1 } else { MAX_ROWS };
            let mut fitting = own
                .chain(cells())
                .take(most)
                .filter_map(|(_, oid, value)| by_cell(device, row, Cell { oid, value }));
            fitting.next()
        }
    }
}

fn by_cell<'a>(
    device: &Device<'a>,
    row: &'a IdentityRow,
    cell: Cell<'a>,
) -> Option<(Text, RuleId, Cell<'a>)> {
    let (text, charset) = match (&device.description, row.encoding) {
        (Some((text, charset)), EncodingWord::Text) if *cell.oid == *mib::SYS_DESCR => {
            (Cow::Borrowed(text), *charset)
        }
        _ => {
            let octets = cell.value.as_octets()?;
            let decoded = match row.encoding {
                EncodingWord::Text => crate::text::decode(octets, device.charset),
                EncodingWord::SymbolSet => decode_symbol_set(octets, device.charset),
            };
            (Cow::Owned(decoded.clean()?), decoded.charset)
        }
    };
    let text = if row.patterns.is_empty() {
        text.into_owned()
    } else {
        let mut taken = row.patterns.iter().filter_map(|p| p.take(text.as_str()));
        Text::non_empty(taken.next()?)?
    };
    let mut rule = row.head.rule.clone();
    if charset.is_some() {
        rule.name = Text::clean(&with_charset(rule.name.as_str(), charset));
    }
    Some((text, rule, cell))
}

fn single(
    device: &Device<'_>,
    oid: &'static pagetally_snmp_engine::Oid,
    rule: &'static str,
    rank: u32,
) -> Vec<Claim> {
    let claim = device.cell(oid).and_then(|cell| {
        let decoded = cell.text(device.charset)?;
        let rule = with_charset(rule, decoded.charset);
        Some(Claim::standard(decoded.clean()?, cell, rule, rank))
    });
    claim.into_iter().collect()
}

/// Whether anything but sysDescr names a model: a printer stands behind its card, or is one with it.
pub(crate) fn names_a_printer(device: &Device<'_>) -> bool {
    let ids = DeviceIds::read(device);
    let by_id = ids.values(&["MDL", "MODEL"]).into_iter();
    let by_id = by_id.map(|(value, ..)| value);
    let rows = device.families.iter().flat_map(|one| &one.family.identity);
    let rows = rows.filter(|row| {
        let own = matches!(&row.place, Place::Instance(oid) if *oid != *mib::SYS_DESCR);
        row.field == FieldWord::Model && own
    });
    let by_rows = rows.filter_map(|row| by_row(device, row).map(|(value, ..)| value));
    by_id.chain(by_rows).any(|value| is_model(&value))
}

fn model_claims(device: &Device<'_>, ids: &DeviceIds<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    if let Some((text, cell, charset)) = printer_description(device)
        && !device_id::is_device_id(text.as_str())
    {
        // What follows a semicolon or a comma is firmware, not model.
        let model = text.as_str().split([';', ',']).next().unwrap_or_default();
        let model = maker::without_maker(device.definitions, &Text::clean(model));
        if is_model(&model) {
            let rule = with_charset("rfc2790.hrDeviceDescr", charset);
            claims.push(Claim::standard(model, cell, rule, 40));
        }
    }
    for (value, cell, rule) in ids.values(&["MDL", "MODEL"]) {
        let model = maker::without_maker(device.definitions, &value);
        if is_model(&model) {
            claims.push(Claim::standard(model, cell, format!("{rule}.MDL"), 50));
        }
    }
    // prtGeneralPrinterName is a model on some devices and a host name on others: only a name that
    // begins with its maker's is a model.
    let name = device.own_row(&device.general).and_then(|row| row.cell(16));
    if let Some(cell) = name
        && let Some(text) = cell.text(device.charset).and_then(|text| text.clean())
    {
        let model = maker::without_maker(device.definitions, &text);
        if model != text && is_model(&model) {
            let rule = "rfc3805.prtGeneralPrinterName-with-maker";
            claims.push(Claim::standard(model, cell, rule, 70));
        }
    }
    claims.extend(described::model(device));
    claims
}

/// hrDeviceDescr of the printer's row.
fn printer_description<'a>(device: &Device<'a>) -> Option<(Text, Cell<'a>, Option<&'static str>)> {
    let cell = device.own_row(&device.hr_devices)?.cell(3)?;
    let decoded = cell.text(device.charset)?;
    Some((decoded.clean()?, cell, decoded.charset))
}

fn serial_claims(device: &Device<'_>, ids: &DeviceIds<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    if let Some(cell) = device.own_row(&device.general).and_then(|row| row.cell(17))
        && let Some(decoded) = cell.text(device.charset)
        && let Some(text) = decoded.clean()
    {
        let rule = with_charset("rfc3805.prtGeneralSerialNumber", decoded.charset);
        claims.push(Claim::standard(text, cell, rule, 40));
    }
    for (value, cell, rule) in ids.values(&["SN", "SERN", "SERIALNUMBER"]) {
        claims.push(Claim::standard(value, cell, format!("{rule}.SN"), 60));
    }
    claims.extend(single(
        device,
        &mib::ENT_SERIAL,
        "rfc6933.entPhysicalSerialNum",
        70,
    ));
    claims
}

/// The first in order wins; what names nothing never does.
fn choose(
    field: &'static str,
    word: FieldWord,
    mut claims: Vec<Claim>,
    sources: &mut Sources,
    remarks: &mut Remarks,
) -> Option<Text> {
    let usable = |value: &Text| match word {
        FieldWord::Serial => is_serial(value),
        FieldWord::Model => is_model(value),
        _ => !value.is_empty(),
    };
    claims.sort_by_key(|claim| claim.order);
    let (good, empty): (Vec<Claim>, Vec<Claim>) =
        claims.into_iter().partition(|claim| usable(&claim.value));
    let mut good = good.into_iter();
    let Some(winner) = good.next() else {
        if let Some(claim) = empty.first() {
            let reason = format!("the device answers {:?}, which names nothing", claim.value);
            remarks.gaps.push(crate::reading::gap(field, &reason));
        }
        return None;
    };
    let mut provenance = winner.provenance;
    support(&mut provenance, &winner.value, good.as_slice());
    let lost = |claim: Claim, reason: &str| LosingWitness {
        source: claim.provenance.source,
        rule: claim.provenance.rule,
        value: claim.value,
        reason: Text::clean(reason),
    };
    let names_nothing = "names nothing";
    for claim in good {
        let same = claim.value == winner.value;
        // A suffix behind a serial number makes no second one.
        let longer = claim.value.as_str().starts_with(winner.value.as_str());
        let shorter = winner.value.as_str().starts_with(claim.value.as_str());
        if word == FieldWord::Serial && !longer && !shorter {
            remarks.contradictions.push(Contradiction {
                rule: Text::clean("one device, one serial"),
                detail: Text::clean(&format!(
                    "{} by {} and {} by {}",
                    winner.value, provenance.rule.name, claim.value, claim.provenance.rule.name
                )),
                source: None,
            });
        }
        let reason = if same {
            "says the same"
        } else {
            "another witness comes first"
        };
        provenance.witnesses.push(lost(claim, reason));
    }
    for claim in empty {
        provenance.witnesses.push(lost(claim, names_nothing));
    }
    sources.insert(field, provenance);
    Some(winner.value)
}

/// What one public source alone says is believed once another object, whose row is proved, says the
/// same.
fn support(provenance: &mut Provenance, value: &Text, others: &[Claim]) {
    let agrees = |other: &&Claim| {
        other.value == *value
            && !other.provenance.unproven
            && other.provenance.source != provenance.source
    };
    if provenance.unproven
        && let Some(other) = others.iter().find(agrees)
    {
        let rules = [&provenance.rule.name, &other.provenance.rule.name];
        let [own, others] = rules;
        let check = format!("one field, one text: {value} by {own} and by {others}");
        provenance.checks.push(Text::clean(&check));
        provenance.unproven = false;
    }
}

/// Boards that were swapped answer with fillers: all zeros, all X, words for nothing.
fn is_serial(value: &Text) -> bool {
    let text = value.as_str();
    let first = text.chars().next();
    let filler = text
        .chars()
        .all(|c| Some(c) == first && !c.is_ascii_digit())
        || text.chars().all(|c| matches!(c, '0' | ' ' | '-'));
    let words = [
        "unknown",
        "none",
        "n/a",
        "not set",
        "default",
        "serial number",
        "serial_number",
    ];
    !text.is_empty() && !filler && !words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Words that stand where a model should stand and are none.
fn is_model(value: &Text) -> bool {
    let words = [
        "",
        "printer",
        "network printer",
        "laser printer",
        "unknown",
        "generic",
        "?",
        "n/a",
        "none",
        "series",
        "mfp",
    ];
    !words
        .iter()
        .any(|word| value.as_str().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filler_is_no_serial() {
        for (text, expected) in [
            ("VD21457943", true),
            ("000000000", false),
            ("XXXXXXXXXX", false),
            ("0", false),
            ("1111", true),
            ("Unknown", false),
        ] {
            assert_eq!(is_serial(&Text::clean(text)), expected, "{text}");
        }
    }
}
