//! What one audit says against the one before it of the same device.
//!
//! # What is certain and what is not
//!
//! A count that fell under the same rule is a contradiction: nothing is repaired. A count that
//! another rule reads is another count, and only said to be one. A supply with another serial or part
//! number is another supply; a level that rose may be a refill, a reset or another cartridge, and is
//! told as such. What is held side by side stays in the audit, with its sources.

mod places;
mod replaced;
#[cfg(test)]
mod tests;

pub use places::place_words;

use crate::reading::standard;
use pagetally_model::{
    AuditRef, Change, ChangeKind, ComparedValue, Comparison, Contradiction, DeviceAudit, Evidence,
    Marker, MatchedBy, Meter, Provenance, Said, Source, Text,
};
use std::collections::BTreeSet;

/// TimeTicks go round after 2^32 hundredths of a second, 497 days (RFC 2578 section 7.1.8).
const TICKS: u64 = 1 << 32;

/// How far the agent's clock and the device's may drift apart between two audits before an uptime
/// that fell is not taken for one that went round: an hour, in hundredths of a second.
const DRIFT_CENTIS: u64 = 360_000;

/// Whether two audits are of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sameness {
    /// They are of different devices, or nothing tells.
    Different,
    /// One network card, two serial numbers: the card has moved, or the serial number was changed.
    OtherSerial,
    /// They are of one device.
    Same(MatchedBy),
}

/// Whether two audits are of one device, by the best evidence that both offer. The address counts
/// only where neither offers anything better: printers swap addresses.
pub fn same_device(earlier: &DeviceAudit, now: &DeviceAudit) -> Sameness {
    let (old, new) = (earlier.identity.evidence(), now.identity.evidence());
    let one_maker = old.maker.is_empty() || new.maker.is_empty() || old.maker == new.maker;
    let one_mac = agree(&old.mac, &new.mac);
    match agree(&old.serial, &new.serial) {
        Some(true) if one_maker => return Sameness::Same(MatchedBy::Serial),
        Some(_) if one_mac == Some(true) => return Sameness::OtherSerial,
        Some(_) => return Sameness::Different,
        None => {}
    }
    match one_mac {
        Some(true) => return Sameness::Same(MatchedBy::Mac),
        Some(false) => return Sameness::Different,
        None => {}
    }
    let model = |audit: &DeviceAudit| audit.identity.model.clone();
    let one_model = one_maker && model(earlier) == model(now);
    match agree(&old.engine_id, &new.engine_id) {
        // Copies of one firmware image share engine ids.
        Some(true) if one_model => return Sameness::Same(MatchedBy::EngineId),
        Some(_) => return Sameness::Different,
        None => {}
    }
    let ip = |audit: &DeviceAudit| audit.address.map(|address| address.ip());
    let nothing_better = |evidence: &Evidence| evidence.is_empty();
    if nothing_better(&old)
        && nothing_better(&new)
        && one_model
        && now.identity.model.is_some()
        && now.address.is_some()
        && ip(earlier) == ip(now)
    {
        return Sameness::Same(MatchedBy::Address);
    }
    Sameness::Different
}

/// Whether both say the same; nothing where one of them says nothing.
fn agree(old: &Option<String>, new: &Option<String>) -> Option<bool> {
    old.as_ref().zip(new.as_ref()).map(|(old, new)| old == new)
}

/// Names the places of the supplies of a device that has no earlier audit.
pub fn begin_history(now: &mut DeviceAudit) {
    places::name(&mut now.supplies);
}

/// Holds an audit against the one before it of the same device, and writes into it what came of
/// that: contradictions, changes, the places of its supplies and their last replacement.
pub fn compare(earlier: &DeviceAudit, now: &mut DeviceAudit, matched_by: MatchedBy) {
    let reference = AuditRef {
        audit: earlier.id,
        wall: earlier.time.wall,
    };
    let held = Held { earlier, reference };
    let mut changes = Vec::new();
    changes.extend(held.address(now));
    changes.extend(held.firmware(now));
    changes.extend(held.restarted(now));
    held.meters(now, &mut changes);
    let pairing = places::pair(&earlier.supplies, &now.supplies);
    held.listing(now, &pairing, &mut changes);
    replaced::judge(&held, now, &pairing);
    now.comparison = Some(Comparison {
        earlier: reference,
        matched_by,
        changes,
    });
}

/// Notes that a network card was read with another serial number before.
pub fn note_other_serial(earlier: &DeviceAudit, now: &mut DeviceAudit) {
    let said = |audit: &DeviceAudit, field: &str, text: &Option<Text>| {
        let source = audit.identity.sources.get(field)?.source.clone();
        let value = text.clone()?;
        Some(Said { value, source })
    };
    let pair = |field: &str, of: fn(&DeviceAudit) -> &Option<Text>| ComparedValue {
        name: Text::clean(field),
        earlier: said(earlier, field, of(earlier)),
        now: said(now, field, of(now)),
    };
    let values: Vec<ComparedValue> = [
        pair("serial", |audit| &audit.identity.serial),
        pair("mac", |audit| &audit.identity.mac),
    ]
    .into_iter()
    .filter(|value| value.earlier.is_some() || value.now.is_some())
    .collect();
    let serial = |audit: &DeviceAudit| audit.identity.serial.clone().unwrap_or_default();
    let mac = now.identity.mac.clone().unwrap_or_default();
    let contradiction = Contradiction {
        rule: Text::clean("one network card, one serial"),
        detail: Text::clean(&format!(
            "the card {mac} had the serial number {} in the audit of {} and has {} now",
            serial(earlier),
            earlier.time.wall,
            serial(now)
        )),
        source: (!values.is_empty()).then_some(Source::Compared {
            earlier: AuditRef {
                audit: earlier.id,
                wall: earlier.time.wall,
            },
            values,
        }),
    };
    now.contradictions.push(contradiction);
}

/// The earlier audit, while another one is held against it.
struct Held<'a> {
    earlier: &'a DeviceAudit,
    reference: AuditRef,
}

impl Held<'_> {
    fn source(&self, values: Vec<ComparedValue>) -> Source {
        Source::Compared {
            earlier: self.reference,
            values,
        }
    }

    fn change(
        &self,
        what: ChangeKind,
        rule: &'static str,
        reading: &str,
        detail: &str,
        values: Vec<ComparedValue>,
    ) -> Change {
        Change {
            what,
            reading: Text::clean(reading),
            detail: Text::clean(detail),
            source: Provenance::new(self.source(values), standard(rule)),
        }
    }

    /// Devices are known by what they are, so one that has moved is the same. A port is no place.
    fn address(&self, now: &DeviceAudit) -> Option<Change> {
        let place = |audit: &DeviceAudit| audit.address.map(|at| at.ip().to_canonical());
        let (before, after) = place(self.earlier).zip(place(now))?;
        if before == after {
            return None;
        }
        let source = Provenance::new(
            Source::Counted {
                what: Text::clean("the address that answered"),
            },
            standard("pagetally.address-changed"),
        );
        let value = compared(
            "address",
            said(&before.to_string(), Some(&source)),
            said(&after.to_string(), Some(&source)),
        );
        Some(self.change(
            ChangeKind::AddressChanged,
            "pagetally.address-changed",
            "address",
            &format!("it answered at {before} and answers at {after}"),
            vec![value],
        ))
    }

    fn firmware(&self, now: &DeviceAudit) -> Option<Change> {
        let (old, new) = (&self.earlier.identity, &now.identity);
        let (before, after) = old.firmware.as_ref().zip(new.firmware.as_ref())?;
        if before == after {
            return None;
        }
        let value = compared(
            "firmware",
            said(before.as_str(), old.sources.get("firmware")),
            said(after.as_str(), new.sources.get("firmware")),
        );
        Some(self.change(
            ChangeKind::FirmwareChanged,
            "pagetally.firmware-changed",
            "identity.firmware",
            &format!("the firmware was {before} and is {after}"),
            vec![value],
        ))
    }

    /// Whether the uptime fell, other than by going round.
    fn restarted(&self, now: &DeviceAudit) -> Option<Change> {
        let (old, new) = (&self.earlier.identity, &now.identity);
        let (before, after) = old.uptime_centis.zip(new.uptime_centis)?;
        if after >= before || went_round(self.earlier, now, before, after) {
            return None;
        }
        let value = compared(
            "uptimeCentis",
            said(&before.to_string(), old.sources.get("uptimeCentis")),
            said(&after.to_string(), new.sources.get("uptimeCentis")),
        );
        Some(self.change(
            ChangeKind::Restarted,
            "pagetally.uptime-fell",
            "identity.uptimeCentis",
            &format!("the uptime was {} and is {}", uptime(before), uptime(after)),
            vec![value],
        ))
    }

    /// Meters by what they count, engines by their row.
    fn meters(&self, now: &mut DeviceAudit, changes: &mut Vec<Change>) {
        let mut fallen = Vec::new();
        let mut told = BTreeSet::new();
        for meter in &now.meters {
            let key = |m: &Meter| (m.function, m.color, m.size, m.sides, m.unit);
            let Some(before) = self.earlier.meters.iter().find(|m| key(m) == key(meter)) else {
                continue;
            };
            let path = meter_path(meter);
            let value = compared(
                "value",
                said(&before.value.to_string(), Some(&before.source)),
                said(&meter.value.to_string(), Some(&meter.source)),
            );
            let (old_rule, rule) = (&before.source.rule.name, &meter.source.rule.name);
            if old_rule != rule {
                changes.push(self.change(
                    ChangeKind::MeterRuleChanged,
                    "pagetally.meter-rule-changed",
                    &path,
                    &format!(
                        "{} was read by {old_rule} and {} is read by {rule}: the two counts need \
                         not be of the same thing",
                        before.value, meter.value
                    ),
                    vec![value],
                ));
            } else if meter.value < before.value {
                told.extend(object(&meter.source.source));
                fallen.push(self.fell(&path, before.value, meter.value, value));
            }
        }
        for marker in &now.markers {
            let same_row = |other: &&Marker| other.slot == marker.slot;
            let Some(before) = self.earlier.markers.iter().find(same_row) else {
                continue;
            };
            let Some((old, new)) = before.life_count.zip(marker.life_count) else {
                continue;
            };
            let source = marker.sources.get("lifeCount");
            let known = source.and_then(|known| object(&known.source));
            // The total that is this very count has been told of.
            if new < old && !known.is_some_and(|known| told.contains(&known)) {
                let value = compared(
                    "lifeCount",
                    said(&old.to_string(), before.sources.get("lifeCount")),
                    said(&new.to_string(), source),
                );
                let path = format!("markers.{}.lifeCount", marker.slot);
                fallen.push(self.fell(&path, old, new, value));
            }
        }
        now.contradictions.append(&mut fallen);
    }

    fn fell(&self, path: &str, before: u64, after: u64, value: ComparedValue) -> Contradiction {
        Contradiction {
            rule: Text::clean("counters never fall"),
            detail: Text::clean(&format!(
                "{path} was {before} in the audit of {} and is {after} now",
                self.reference.wall
            )),
            source: Some(self.source(vec![value])),
        }
    }

    /// Which supplies are listed, and where.
    fn listing(&self, now: &DeviceAudit, pairing: &places::Pairing, changes: &mut Vec<Change>) {
        let row = |supply: &pagetally_model::Supply| said(supply.slot.as_str(), any_source(supply));
        for (index, supply) in now.supplies.iter().enumerate() {
            let Some(before) = pairing.earlier_of(index) else {
                continue;
            };
            let Some(before) = self.earlier.supplies.get(before) else {
                continue;
            };
            if before.slot != supply.slot {
                changes.push(self.change(
                    ChangeKind::SupplyMoved,
                    "pagetally.supply-moved",
                    &places::path(supply, before.place.as_ref()),
                    &format!(
                        "it stood in row {} and stands in {}",
                        before.slot, supply.slot
                    ),
                    vec![compared("slot", row(before), row(supply))],
                ));
            }
        }
        for unclear in &pairing.unclear {
            let rows = |supplies: &[pagetally_model::Supply], indexes: &[usize]| {
                let rows = indexes.iter().filter_map(|index| supplies.get(*index));
                rows.map(|supply| supply.slot.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let (old, new) = (&self.earlier.supplies, &now.supplies);
            let mut values: Vec<ComparedValue> = Vec::new();
            for index in &unclear.earlier {
                values.extend(old.get(*index).map(|s| compared("slot", row(s), None)));
            }
            for index in &unclear.now {
                values.extend(new.get(*index).map(|s| compared("slot", None, row(s))));
            }
            let first = unclear.now.first().and_then(|index| new.get(*index));
            let words = first.map(place_words).unwrap_or_default();
            changes.push(self.change(
                ChangeKind::SupplyRowsUnclear,
                "pagetally.supply-rows-unclear",
                &format!("supplies.{words}"),
                &format!(
                    "the rows {} became {}, and nothing tells which is which",
                    rows(old, &unclear.earlier),
                    rows(new, &unclear.now)
                ),
                values,
            ));
        }
        // A table that was not read whole proves neither.
        if !was_cut(now) && !now.supplies.is_empty() {
            for index in &pairing.vanished {
                if let Some(supply) = self.earlier.supplies.get(*index) {
                    changes.push(self.change(
                        ChangeKind::SupplyVanished,
                        "pagetally.supply-vanished",
                        &places::path(supply, supply.place.as_ref()),
                        &format!("row {} is no longer listed", supply.slot),
                        vec![compared("slot", row(supply), None)],
                    ));
                }
            }
        }
        if !was_cut(self.earlier) && !self.earlier.supplies.is_empty() {
            for index in &pairing.appeared {
                if let Some(supply) = now.supplies.get(*index) {
                    changes.push(self.change(
                        ChangeKind::SupplyAppeared,
                        "pagetally.supply-appeared",
                        &places::path(supply, pairing.place(*index)),
                        &format!("row {} was not listed before", supply.slot),
                        vec![compared("slot", None, row(supply))],
                    ));
                }
            }
        }
    }
}

/// Whether an uptime that fell went round after 497 days: it stands where it would then stand.
fn went_round(earlier: &DeviceAudit, now: &DeviceAudit, before: u64, after: u64) -> bool {
    let elapsed_millis = if earlier.time.boot == now.time.boot {
        now.time
            .monotonic_millis
            .checked_sub(earlier.time.monotonic_millis)
    } else {
        let elapsed = now.time.wall.unix_millis() - earlier.time.wall.unix_millis();
        u64::try_from(elapsed).ok()
    };
    let Some(elapsed) = elapsed_millis else {
        return false;
    };
    let expected = before.saturating_add(elapsed / 10);
    expected.saturating_add(DRIFT_CENTIS) >= TICKS
        && expected.abs_diff(after.saturating_add(TICKS)) <= DRIFT_CENTIS
}

/// An uptime in hundredths of a second, in words.
fn uptime(centis: u64) -> String {
    let seconds = centis / 100;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// Whether the table of supplies was not read whole.
fn was_cut(audit: &DeviceAudit) -> bool {
    let table = crate::mib::SUPPLIES.name;
    audit.gaps.iter().any(|gap| gap.what.as_str() == table)
}

fn compared(name: &str, earlier: Option<Said>, now: Option<Said>) -> ComparedValue {
    ComparedValue {
        name: Text::clean(name),
        earlier,
        now,
    }
}

fn said(value: &str, provenance: Option<&Provenance>) -> Option<Said> {
    Some(Said {
        value: Text::clean(value),
        source: provenance?.source.clone(),
    })
}

/// Any object of a supply's row: it shows that the row is there.
fn any_source(supply: &pagetally_model::Supply) -> Option<&Provenance> {
    ["description", "level", "kind"]
        .iter()
        .find_map(|field| supply.sources.get(field))
        .or_else(|| {
            supply
                .sources
                .iter()
                .find(|(field, _)| *field != "replaced")
                .map(|(_, p)| p)
        })
}

/// The one object that a value came from.
fn object(source: &Source) -> Option<String> {
    match source {
        Source::Snmp { oid, .. } => Some(oid.to_string()),
        _ => None,
    }
}

/// A meter's path, as `onsite explain` takes it: the words that are not `any`, in their order, up to
/// the last that says something.
fn meter_path(meter: &Meter) -> String {
    let mut parts = vec![
        meter.function.to_string(),
        meter.color.to_string(),
        meter.size.to_string(),
        meter.sides.to_string(),
    ];
    while parts.len() > 1 && parts.last().is_some_and(|part| part == "any") {
        parts.pop();
    }
    format!("meters.{}", parts.join("."))
}
