//! Holds Central's books against what the simulated printers serve, value for value.
//!
//! The expectation comes from the simulators' own [`Truth`] and from RFC 3805's words for a level;
//! nothing here asks the decoder what it would have said.

use super::provenance::{self, Served};
use crate::fleet::Fleet;
use pagetally_central::{
    AlertRow, BooksError, DealerBooks, DeviceFilter, DeviceRow, MeterRow, ObservationRow, SupplyRow,
};
use pagetally_fleet_sim::Truth;
use pagetally_fleet_sim::truth::{ColorMode, Counts, Function, PaperSize, SidesMode, TruthSupply};
use pagetally_model::{
    AlertSeverity, CounterUnit, DeviceAudit, Level, MeterColor, MeterFunction, MeterSides,
    MeterSize, PassId, Source, Text,
};
use std::fmt::Display;
use std::net::SocketAddr;

/// A value that is not what was served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The device.
    pub address: SocketAddr,
    /// Which value.
    pub what: String,
    /// What the simulator served.
    pub served: String,
    /// What stands in the books.
    pub booked: String,
}

/// What the comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Addresses compared.
    pub devices: u64,
    /// Values compared.
    pub values: u64,
    /// Values that differ, or are missing, or were never served.
    pub differences: Vec<Difference>,
}

/// One device of the fleet: what it is, and what it answered.
#[derive(Debug)]
pub struct Witnessed {
    /// Where it answers.
    pub address: SocketAddr,
    /// What it serves, in plain words.
    pub truth: Truth,
    /// What it last served, object by object.
    pub served: Served,
}

impl Witnessed {
    /// Asks every device of a fleet, between two datagrams.
    pub fn all(fleet: &Fleet) -> Vec<Self> {
        (0..fleet.len())
            .filter_map(|index| {
                let (truth, served) =
                    fleet.with_device(index, |device| (device.truth(), device.served().clone()))?;
                Some(Self {
                    address: fleet.address(index),
                    truth,
                    served,
                })
            })
            .collect()
    }
}

/// Compares the books after `pass` with what each device of the fleet served.
///
/// # Errors
///
/// Where the books cannot be read.
pub async fn compare(
    books: &DealerBooks,
    pass: PassId,
    fleet: &[Witnessed],
) -> Result<Comparison, BooksError> {
    let observations = books.observations(pass).await?;
    let rows = books.devices(&DeviceFilter::default()).await?;
    let mut result = Comparison::default();
    for Witnessed {
        address,
        truth,
        served,
    } in fleet
    {
        result.devices += 1;
        let mut check = Check {
            address: *address,
            result: &mut result,
        };
        check.outcome(truth, &observations);
        let found: Vec<&DeviceRow> = rows
            .iter()
            .filter(|row| row.address == Some(*address))
            .collect();
        if !truth.is_printer || truth.refuses {
            check.same("devices in the books", 0, found.len());
            continue;
        }
        check.same("devices in the books", 1, found.len());
        let [row] = found[..] else { continue };
        check.identity(truth, row);
        let Some(audit) = row.latest_audit else {
            check.missing("an audit");
            continue;
        };
        let document = books.audit_document(audit).await?;
        check.provenance(&document, served);
        check.meters(truth, row, &books.meters(audit).await?, &document);
        check.supplies(truth, &books.supplies(audit).await?, &document);
        check.alerts(truth, &books.alerts(audit).await?);
    }
    let readable = fleet
        .iter()
        .filter(|one| one.truth.is_printer && !one.truth.refuses)
        .count();
    if let Some(first) = fleet.first() {
        let mut check = Check {
            address: first.address,
            result: &mut result,
        };
        check.same("devices in all of the books", readable, rows.len());
    }
    Ok(result)
}

struct Check<'a> {
    address: SocketAddr,
    result: &'a mut Comparison,
}

impl Check<'_> {
    fn same(&mut self, what: impl Into<String>, served: impl Display, booked: impl Display) {
        let (served, booked) = (served.to_string(), booked.to_string());
        self.result.values += 1;
        if served != booked {
            let difference = Difference {
                address: self.address,
                what: what.into(),
                served,
                booked,
            };
            self.result.differences.push(difference);
        }
    }

    fn missing(&mut self, what: &str) {
        self.same(what, "served", "missing");
    }

    fn outcome(&mut self, truth: &Truth, observations: &[ObservationRow]) {
        let expected = match (truth.is_printer, truth.refuses) {
            (_, true) => "wrong-community",
            (false, _) => "other-device",
            (true, _) => "printer-read",
        };
        let ip = self.address.ip();
        let booked: Vec<&str> = observations
            .iter()
            .filter(|row| (row.first..=row.last).contains(&ip))
            .map(|row| row.outcome.as_str())
            .collect();
        self.same("outcome", expected, booked.join(" and "));
    }

    fn identity(&mut self, truth: &Truth, row: &DeviceRow) {
        let mac = truth
            .mac
            .map(|octets| octets.map(|octet| format!("{octet:02x}")).join(":"));
        for (what, served, booked) in [
            ("manufacturer", Some(&truth.manufacturer), &row.manufacturer),
            ("model", Some(&truth.model), &row.model),
            ("serial", Some(&truth.serial), &row.serial),
            ("hostname", Some(&truth.hostname), &row.hostname),
            ("location", Some(&truth.location), &row.location),
            ("firmware", truth.firmware.as_ref(), &row.firmware),
            ("mac", mac.as_ref(), &row.mac),
        ] {
            let served = served.map(|text| Text::clean(text)).unwrap_or_default();
            self.same(what, served, booked.as_deref().unwrap_or_default());
        }
    }

    /// Every value says which object it came from, and that object was served with that value.
    fn provenance(&mut self, audit: &DeviceAudit, served: &Served) {
        let (looked_at, invented) = provenance::invented(audit, served);
        self.result.values += looked_at;
        for (object, served, booked) in invented {
            self.same(format!("object {object}"), served, booked);
        }
    }

    /// Every counter that the maker's own objects serve is booked, or the engine's life count where
    /// the maker serves no total. What else is booked follows from served objects by the formula
    /// that it states.
    fn meters(&mut self, truth: &Truth, row: &DeviceRow, rows: &[MeterRow], audit: &DeviceAudit) {
        let mut expected: Vec<(Counts, u64)> = truth
            .meters
            .iter()
            .map(|meter| (meter.counts, meter.value))
            .collect();
        expected.extend(&truth.sums);
        let total = Counts::all(Function::Total);
        if let Some(life) = truth.life_count
            && !expected.iter().any(|(counts, _)| *counts == total)
        {
            expected.push((total, life.value));
        }
        expected.sort_unstable();
        expected.dedup();
        for (counts, value) in &expected {
            let fitting = |unit: Option<CounterUnit>| -> Vec<String> {
                rows.iter()
                    .filter(|row| counts_of(row) == Some(*counts))
                    .filter(|row| unit.is_none_or(|unit| row.unit == unit))
                    .map(|row| row.value.to_string())
                    .collect()
            };
            // The simulators count sides; a maker may count sheets beside them.
            let mut booked = fitting(Some(CounterUnit::Impressions));
            if booked.is_empty() {
                booked = fitting(None);
            }
            self.same(words(counts), value, booked.join(" and "));
        }
        self.same(
            "number of meters in the document",
            audit.meters.len(),
            rows.len(),
        );
        for (row, meter) in rows.iter().zip(&audit.meters) {
            let what = format!(
                "{:?}/{:?}/{:?}/{:?}",
                row.function, row.color, row.sides, row.size
            );
            let what = what.to_lowercase();
            let source = &meter.source.source;
            let follows = provenance::follows(row.value, source);
            let served = if follows {
                row.value.to_string()
            } else {
                format!("{source:?}")
            };
            self.same(what, served, row.value);
        }
        let served_total = expected.iter().find(|(counts, _)| *counts == total);
        self.same(
            "total in the fleet's row",
            show(served_total.map(|(_, v)| *v)),
            show(row.total),
        );
    }

    fn supplies(&mut self, truth: &Truth, rows: &[SupplyRow], audit: &DeviceAudit) {
        self.same("number of supplies", truth.supplies.len(), rows.len());
        for supply in &truth.supplies {
            // hrDeviceIndex and the row, or the row alone.
            let (slot, alone) = (format!(".{}", supply.index), supply.index.to_string());
            let is_it = |row: &&SupplyRow| row.slot.ends_with(&slot) || row.slot == alone;
            let Some(row) = rows.iter().find(is_it) else {
                self.missing(&format!("supply {}", supply.index));
                continue;
            };
            let name = format!("supply {}", supply.index);
            self.same(
                format!("{name} description"),
                Text::clean(&supply.description),
                row.description.as_deref().unwrap_or_default(),
            );
            if supply.level >= 0 || !has_own_level(audit, &row.slot) {
                self.same(
                    format!("{name} level"),
                    served_level(supply),
                    booked_level(row),
                );
            }
            for (what, served, booked) in [
                ("part number", &supply.part_number, &row.part_number),
                ("serial", &supply.serial, &row.serial),
            ] {
                // What is told nowhere is no reading; what is read somewhere else is its own proof.
                if let Some(served) = served {
                    let booked = booked.as_deref().unwrap_or_default();
                    self.same(format!("{name} {what}"), served, booked);
                }
            }
            let capacity = u64::try_from(supply.capacity)
                .ok()
                .filter(|capacity| *capacity > 0);
            self.same(
                format!("{name} capacity"),
                show(capacity),
                show(row.capacity),
            );
        }
    }

    fn alerts(&mut self, truth: &Truth, rows: &[AlertRow]) {
        let mut served: Vec<String> = truth
            .alerts
            .iter()
            .map(|alert| {
                let description = Text::clean(&alert.description);
                format!(
                    ".{} {} {} {description}",
                    alert.index, alert.severity, alert.code
                )
            })
            .collect();
        let mut booked: Vec<String> = rows
            .iter()
            .map(|row| {
                let index = row.slot.rsplit('.').next().unwrap_or_default();
                let code = row.code.map(|code| code.to_string()).unwrap_or_default();
                let description = row.description.as_deref().unwrap_or_default();
                format!(
                    ".{index} {} {code} {description}",
                    severity_number(row.severity)
                )
            })
            .collect();
        served.sort_unstable();
        booked.sort_unstable();
        self.same("alerts", served.join("; "), booked.join("; "));
    }
}

fn show(value: Option<u64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Whether the level comes from an object of the maker's own, which may know more than the standard
/// table's sentinel. That the object was served so, its provenance was held against.
fn has_own_level(audit: &DeviceAudit, slot: &str) -> bool {
    let supply = audit
        .supplies
        .iter()
        .find(|supply| supply.slot.as_str() == slot);
    let level = supply.and_then(|supply| supply.sources.get("level"));
    level.is_some_and(|level| {
        matches!(&level.source, Source::Snmp { oid, .. } if oid.to_string().starts_with(ENTERPRISES))
    })
}

/// iso.org.dod.internet.private.enterprises.
const ENTERPRISES: &str = "1.3.6.1.4.1.";

/// RFC 3805 prtMarkerSuppliesLevel: -1 other or no restriction, -2 unknown, -3 some remaining.
fn served_level(supply: &TruthSupply) -> String {
    match (supply.level, supply.capacity) {
        (-3, _) => "some remaining".to_owned(),
        (-2, _) => "unknown".to_owned(),
        (-1, _) => "not restricted".to_owned(),
        // Ricoh's own: the sources say "empty" and "nearly empty".
        (-100, _) => "empty-or-nearly".to_owned(),
        (level, capacity) if level >= 0 && capacity > 0 => {
            format!("{}%", (level * 100 / capacity).min(100))
        }
        (level, _) if level >= 0 && supply.unit == PERCENT => format!("{level}%"),
        (0, _) => "0%".to_owned(),
        (level, _) => format!("{level} of unknown capacity"),
    }
}

/// PrtMarkerSuppliesSupplyUnitTC percent.
const PERCENT: i64 = 19;

fn booked_level(row: &SupplyRow) -> String {
    let level = row.level.level;
    match level {
        Level::SomeRemaining => "some remaining".to_owned(),
        Level::Unknown => "unknown".to_owned(),
        Level::NotRestricted => "not restricted".to_owned(),
        Level::Amount(amount) => format!("{amount} of unknown capacity"),
        _ => match level.percent() {
            Some(percent) => format!("{percent}%"),
            None => level.state().to_owned(),
        },
    }
}

fn severity_number(severity: AlertSeverity) -> i64 {
    match severity {
        AlertSeverity::Critical => 3,
        AlertSeverity::Warning => 4,
        AlertSeverity::WarningBinaryChangeEvent => 5,
        _ => 1,
    }
}

/// The simulators' words for what a booked meter counts; nothing where they have none.
fn counts_of(row: &MeterRow) -> Option<Counts> {
    let function = match row.function {
        MeterFunction::Total => Function::Total,
        MeterFunction::Print => Function::Print,
        MeterFunction::Copy => Function::Copy,
        MeterFunction::Scan => Function::Scan,
        MeterFunction::Fax => Function::Fax,
        _ => return None,
    };
    let color = match row.color {
        MeterColor::Any => ColorMode::Any,
        MeterColor::Mono => ColorMode::Mono,
        MeterColor::Color => ColorMode::Color,
        _ => return None,
    };
    let sides = match row.sides {
        MeterSides::Any => SidesMode::Any,
        MeterSides::Simplex => SidesMode::Simplex,
        MeterSides::Duplex => SidesMode::Duplex,
        _ => return None,
    };
    let size = match row.size {
        MeterSize::Any => PaperSize::Any,
        MeterSize::Small => PaperSize::Small,
        MeterSize::Large => PaperSize::Large,
        _ => return None,
    };
    Some(Counts {
        function,
        color,
        sides,
        size,
    })
}

fn words(counts: &Counts) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        counts.function, counts.color, counts.sides, counts.size
    )
    .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::{Exactness, LevelReading, Measures, SupplyClass, SupplyKind};

    fn booked(level: Level) -> SupplyRow {
        SupplyRow {
            slot: "1.1".to_owned(),
            description: Some("Black".to_owned()),
            kind: SupplyKind::Toner,
            class: SupplyClass::Consumed,
            colorant: None,
            level: LevelReading {
                level,
                exactness: Exactness::Exact,
            },
            measures: Measures::Remaining,
            unit: CounterUnit::Impressions,
            capacity: Some(100),
            part_number: None,
            serial: None,
        }
    }

    fn served(level: i64) -> Truth {
        let supply = TruthSupply {
            index: 1,
            description: "Black".to_owned(),
            class: 3,
            kind: 3,
            unit: 7,
            capacity: 100,
            level,
            part_number: None,
            serial: None,
            predecessors: 0,
        };
        Truth {
            is_printer: true,
            supplies: vec![supply],
            ..Truth::default()
        }
    }

    fn audit() -> DeviceAudit {
        let recording = b"1.3.6.1.2.1.1.1.0|4|x";
        let clocks = pagetally_onsite::Clocks::start().expect("clocks");
        let ids = pagetally_onsite::ReplayIds::fresh(&clocks).expect("random numbers");
        let definitions = pagetally_printer_mib::Definitions::builtin();
        pagetally_onsite::replay(recording, &ids, &definitions).expect("a recording")
    }

    fn differences(level: i64, booked_as: Level) -> usize {
        let mut result = Comparison::default();
        let address = "127.0.0.1:161".parse().expect("an address");
        let mut check = Check {
            address,
            result: &mut result,
        };
        check.supplies(&served(level), &[booked(booked_as)], &audit());
        result.differences.len()
    }

    #[test]
    fn the_same_level_is_no_difference() {
        assert_eq!(
            differences(
                42,
                Level::OfCapacity {
                    amount: 42,
                    capacity: 100
                }
            ),
            0
        );
        assert_eq!(differences(-3, Level::SomeRemaining), 0);
    }

    #[test]
    fn another_level_or_an_invented_one_is_a_difference() {
        assert_eq!(
            differences(
                42,
                Level::OfCapacity {
                    amount: 43,
                    capacity: 100
                }
            ),
            1
        );
        assert_eq!(differences(-3, Level::Percent(50)), 1);
        assert_eq!(differences(-2, Level::Empty), 1);
    }
}
