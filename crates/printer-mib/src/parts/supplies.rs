//! Toner, ink, drums, waste boxes (RFC 3805 section 2.2.6, prtMarkerSuppliesTable and
//! prtMarkerColorantTable), with what vendor rows know better.

use super::colorant::{agreed, colorant};
use super::media::{capacity, stated_level};
use super::supply_text;
use crate::definitions::{LevelTarget, ReceptacleRow, SupplyFieldWord};
use crate::device::Device;
use crate::level::{Direction, Object, of_word};
use crate::mib;
use crate::reading::{Cell, Row, Table, put, rows, standard};
use crate::vendor::Order;
use crate::words;
use pagetally_model::{
    CounterUnit, Exactness, Gap, Identity, Level, LevelReading, LosingWitness, Measures,
    Provenance, Sources, Supply, SupplyClass, SupplyKind, Text,
};

/// The rule of a row without unit and capacity among percentages.
const AMONG_PERCENTAGES: &str = "pagetally.capacities-of-hundred-are-percent";

/// Every row of prtMarkerSuppliesTable.
pub(crate) fn supplies(device: &Device<'_>, gaps: &mut Vec<Gap>) -> Vec<Supply> {
    let colorants = rows(device.answers, &mib::COLORANT, gaps);
    let rows = rows(device.answers, &mib::SUPPLIES, gaps);
    let percentages = are_percentages(&rows);
    rows.iter()
        .map(|row| supply(device, row, &colorants, percentages))
        .collect()
}

fn supply(
    device: &Device<'_>,
    row: Row<'_, '_>,
    colorants: &Table<'_>,
    percentages: bool,
) -> Supply {
    let mut sources = Sources::with_capacity(9);
    let description = row.text(
        &mut sources,
        "description",
        6,
        device.charset,
        "rfc3805.prtMarkerSuppliesDescription",
    );
    let text = Described {
        cell: row.cell(6),
        text: description.as_ref(),
    };
    let kind = kind(row, text, &mut sources);
    let class = class(row, kind, &mut sources);
    let unit = unit(row, percentages, &mut sources);
    let direction = match class {
        SupplyClass::Consumed => Direction::Down,
        _ => Direction::UpOrUnknown,
    };
    let mut level = stated_level(row, [8, 9], unit, direction, &mut sources, Object::Supply);
    if matches!(sources.get("unit"), Some(unit) if unit.rule.name.as_str() == AMONG_PERCENTAGES)
        && let Some(cell) = row.cell(9)
    {
        put(&mut sources, "level", cell, AMONG_PERCENTAGES);
        level.exactness = Exactness::Assumed;
    }
    if let Some(named) = sentinel(device, row, &mut sources) {
        level = named;
    }
    let mut taken = |field: &'static str, word| {
        let told = supply_text::in_table(device, word, text.text?);
        let (value, cell, head) = match told {
            Some(told) => told,
            None => {
                let (value, head) = supply_text::taken(&device.families, word, text.text?)?;
                (value, text.cell?, head)
            }
        };
        sources.insert(field, head.provenance(cell.source()));
        Some(value)
    };
    let part_number = taken("partNumber", SupplyFieldWord::PartNumber);
    let serial = taken("serial", SupplyFieldWord::Serial);
    let colorant = stated_colorant(device, row, colorants, text, &mut sources);
    let measures = measures(device, row, class, kind, &mut sources);
    Supply {
        slot: row.slot(),
        kind,
        class,
        colorant,
        level,
        measures,
        unit,
        capacity: capacity(row, 8, &mut sources, "rfc3805.prtMarkerSuppliesMaxCapacity"),
        place: None,
        replaced: None,
        part_number,
        serial,
        description,
        sources,
    }
}

/// A description and where it stands.
#[derive(Clone, Copy)]
struct Described<'a> {
    cell: Option<Cell<'a>>,
    text: Option<&'a Text>,
}

fn kind(row: Row<'_, '_>, description: Described<'_>, sources: &mut Sources) -> SupplyKind {
    let stated =
        words::supply_kind(row.integer(sources, "kind", 5, "rfc3805.prtMarkerSuppliesType"));
    let described = description.text.and_then(|text| match stated {
        SupplyKind::Other | SupplyKind::Unknown => supply_text::kind(text.as_str()),
        SupplyKind::Toner | SupplyKind::TonerCartridge => supply_text::called_toner(text.as_str()),
        _ => None,
    });
    match (described, description.cell) {
        (Some(kind), Some(cell)) => {
            put(sources, "kind", cell, "pagetally.kind-in-description");
            kind
        }
        _ => stated,
    }
}

fn class(row: Row<'_, '_>, kind: SupplyKind, sources: &mut Sources) -> SupplyClass {
    let stated =
        words::supply_class(row.integer(sources, "class", 4, "rfc3805.prtMarkerSuppliesClass"));
    if stated == SupplyClass::Unknown && !sources.contains_key("class") {
        return class_of(kind);
    }
    stated
}

/// Agents leave the class column out; what a supply is tells the same.
fn class_of(kind: SupplyKind) -> SupplyClass {
    match kind {
        SupplyKind::Unknown | SupplyKind::Other => SupplyClass::Unknown,
        SupplyKind::WasteToner
        | SupplyKind::WasteInk
        | SupplyKind::WasteWax
        | SupplyKind::WasteWater
        | SupplyKind::WastePaper => SupplyClass::Filled,
        _ => SupplyClass::Consumed,
    }
}

/// Whether a table without a unit column counts in percent: all capacities that it states are 100,
/// and no level is more. A row without a capacity of its own is a percentage like its neighbours.
fn are_percentages(rows: &Table<'_>) -> bool {
    let numbers = |column| {
        let cells = rows.iter().filter_map(move |row| row.cell(column));
        cells.filter_map(|cell| cell.number())
    };
    let mut capacities = numbers(8).filter(|capacity| *capacity >= 0).peekable();
    rows.iter().all(|row| row.cell(7).is_none())
        && capacities.peek().is_some()
        && capacities.all(|capacity| capacity == 100)
        && numbers(9).all(|level| level <= 100)
}

/// The unit; agents that leave the column out and count to 100 mean percent.
fn unit(row: Row<'_, '_>, percentages: bool, sources: &mut Sources) -> CounterUnit {
    let stated = row.integer(sources, "unit", 7, "rfc3805.prtMarkerSuppliesSupplyUnit");
    let inferred = match (stated, row.cell(8)) {
        (None, Some(cell)) if cell.number() == Some(100) => {
            Some((cell, "pagetally.capacity-of-hundred-is-percent"))
        }
        (None, Some(cell)) if percentages && cell.number() == Some(-2) => {
            let counts = row.number(9).is_some_and(|level| level >= 0);
            counts.then_some((cell, AMONG_PERCENTAGES))
        }
        _ => None,
    };
    match inferred {
        Some((cell, rule)) => {
            put(sources, "unit", cell, rule);
            CounterUnit::Percent
        }
        None => words::unit(stated),
    }
}

/// A level that only the maker's own row can read.
fn sentinel(device: &Device<'_>, row: Row<'_, '_>, sources: &mut Sources) -> Option<LevelReading> {
    let cell = row.cell(9)?;
    let raw = cell.number()?;
    let known = device
        .families
        .iter()
        .filter(|selected| selected.known)
        .flat_map(|selected| &selected.family.sentinels)
        .find(|known| known.raw == raw)?;
    sources.insert("level", known.head.provenance(cell.source()));
    Some(LevelReading {
        level: of_word(known.means),
        exactness: Exactness::Unknown,
    })
}

/// The colour: what prtMarkerColorantTable says, and what the description says. Where they disagree
/// the link into the table is a wrong one (some agents link every supply to the first colourant): the
/// description is the supply's own.
fn stated_colorant(
    device: &Device<'_>,
    row: Row<'_, '_>,
    colorants: &Table<'_>,
    description: Described<'_>,
    sources: &mut Sources,
) -> Option<Text> {
    let by_table = linked_colorant(device, row, colorants);
    let by_description = description.text.zip(description.cell);
    let by_description =
        by_description.and_then(|(text, cell)| Some((colorant(text.as_str())?, cell)));
    let (table_rule, description_rule) = (
        "rfc3805.prtMarkerColorantValue",
        "pagetally.colorant-in-description",
    );
    let (color, cell, rule, loser) = match (by_table, by_description) {
        (None, None) => return None,
        (Some((color, cell)), None) => (color, cell, table_rule, None),
        (None, Some((color, cell))) => (color, cell, description_rule, None),
        (Some((linked, cell)), Some((described, own))) => match agreed(linked, described) {
            Some(color) if color == linked => (linked, cell, table_rule, None),
            _ => (described, own, description_rule, Some((linked, cell))),
        },
    };
    let mut provenance = cell.provenance(standard(rule));
    provenance
        .witnesses
        .extend(loser.map(|(linked, cell)| LosingWitness {
            source: cell.source(),
            rule: standard(table_rule),
            value: Text::from_static(linked),
            reason: Text::from_static("the supply's own description names its colour"),
        }));
    sources.insert("colorant", provenance);
    Some(Text::from_static(color))
}

/// What prtMarkerColorantTable says of the supply: the row of the same device that
/// prtMarkerSuppliesColorantIndex links it to, where the link leads anywhere.
fn linked_colorant<'a>(
    device: &Device<'a>,
    row: Row<'_, 'a>,
    colorants: &Table<'a>,
) -> Option<(&'static str, Cell<'a>)> {
    let wanted = u32::try_from(row.number(3)?)
        .ok()
        .filter(|index| *index > 0)?;
    let same_device = |other: &Row<'_, '_>| {
        other.index.last().copied() == Some(wanted) && other.index.first() == row.index.first()
    };
    let cell = colorants.iter().find(same_device)?.cell(4)?;
    let text = cell.text(device.charset)?.clean()?;
    Some((colorant(text.as_str())?, cell))
}

/// By RFC 3805 a receptacle's level is the room that is left, but makers differ and some count the
/// other way: without a row that knows, nobody knows.
fn measures(
    device: &Device<'_>,
    row: Row<'_, '_>,
    class: SupplyClass,
    kind: SupplyKind,
    sources: &mut Sources,
) -> Measures {
    match class {
        SupplyClass::Consumed => Measures::Remaining,
        SupplyClass::Filled => match (receptacle(device, kind), row.cell(9)) {
            (Some(known), Some(cell)) => {
                sources.insert("measures", known.head.provenance(cell.source()));
                known.measures
            }
            _ => Measures::Unknown,
        },
        _ => Measures::Unknown,
    }
}

/// What a definition of the device's own maker knows of such a receptacle.
fn receptacle<'a>(device: &Device<'a>, kind: SupplyKind) -> Option<&'a ReceptacleRow> {
    let families = device.families.iter().filter(|selected| selected.known);
    let mut rows = families.flat_map(|selected| &selected.family.receptacles);
    rows.find(|known| known.kinds.contains(&kind))
}

/// A percentage that a vendor row read for some supply.
pub(crate) struct LevelClaim<'a> {
    pub(crate) target: &'a LevelTarget,
    /// Among claims for one place the least wins.
    pub(crate) order: Order,
    pub(crate) percent: u8,
    pub(crate) exactness: Exactness,
    pub(crate) provenance: Provenance,
}

/// Gives each claim to the one supply that it speaks of, or makes that supply.
///
/// The standard's own number stays where it has one; a claim takes the place of a level without a
/// number, which stays as its witness.
///
/// Several claims for one place are witnesses of one level: the best comes first.
pub(crate) fn apply_claims(
    device: &Device<'_>,
    identity: &Identity,
    supplies: &mut Vec<Supply>,
    mut claims: Vec<LevelClaim<'_>>,
) {
    claims.sort_by_key(|claim| claim.order);
    let standard = supplies.len();
    for claim in claims {
        let made = |supply: &Supply| supply.slot == claim.target.slot;
        let fits = |supply: &Supply| {
            claim.target.kinds.contains(&supply.kind) && claim.target.colorant == supply.colorant
        };
        let (stated, own) = supplies.split_at_mut(standard);
        let mut fitting: Vec<&mut Supply> = stated.iter_mut().filter(|s| fits(s)).collect();
        let one = match fitting.as_mut_slice() {
            [supply] => Some(&mut **supply),
            [] => own.iter_mut().find(|supply| made(supply)),
            // Which of them is meant nobody knows, and one more than they are there is not.
            _ => continue,
        };
        match one {
            Some(supply) => apply_claim(supply, claim),
            None => supplies.push(claimed_supply(device, identity, claim)),
        }
    }
}

fn apply_claim(supply: &mut Supply, claim: LevelClaim<'_>) {
    let known = supply.sources.remove("level");
    let stated = supply.level.level.percent();
    let (mut winner, loser, reason, said) = match (known, stated) {
        (Some(known), Some(percent)) => {
            let reason = if percent == claim.percent {
                "says the same"
            } else {
                "a better witness states a number"
            };
            (
                known,
                Some(claim.provenance),
                reason,
                claim.percent.to_string(),
            )
        }
        (known, _) => {
            let said = supply.level.level.state().to_owned();
            supply.level = LevelReading {
                level: Level::Percent(claim.percent),
                exactness: claim.exactness,
            };
            (claim.provenance, known, "gives no number", said)
        }
    };
    if let Some(loser) = loser {
        winner.witnesses.push(LosingWitness {
            source: loser.source,
            rule: loser.rule,
            value: Text::clean(&said),
            reason: Text::clean(reason),
        });
        winner.witnesses.extend(loser.witnesses);
    }
    supply.sources.insert("level", winner);
}

/// What the level's row calls the supply, or what its family calls it on this model.
fn claimed_kind(
    device: &Device<'_>,
    identity: &Identity,
    target: &LevelTarget,
    sources: &mut Sources,
) -> SupplyKind {
    // The compiler of definitions refuses a level without a kind.
    let first = target.kinds.first();
    let called = first.copied().unwrap_or(SupplyKind::Unknown);
    let model = identity.model.as_ref().zip(identity.sources.get("model"));
    let Some((model, source)) = model else {
        return called;
    };
    let rows = device.families.iter();
    let mut rows = rows.flat_map(|selected| &selected.family.claimed_kinds);
    match rows.find(|row| row.from == called && row.model.matches(model.as_str())) {
        Some(row) => {
            sources.insert("kind", row.head.provenance(source.source.clone()));
            row.to
        }
        None => called,
    }
}

fn claimed_supply(device: &Device<'_>, identity: &Identity, claim: LevelClaim<'_>) -> Supply {
    let mut sources = Sources::new();
    let kind = claimed_kind(device, identity, claim.target, &mut sources);
    if claim.target.colorant.is_some() {
        let mut colorant = claim.provenance.clone();
        colorant.rule = standard("pagetally.colorant-of-vendor-row");
        sources.insert("colorant", colorant);
    }
    let class = class_of(kind);
    let measures = match class {
        SupplyClass::Consumed => Measures::Remaining,
        SupplyClass::Filled => receptacle(device, kind).map_or(Measures::Unknown, |known| {
            sources.insert(
                "measures",
                known.head.provenance(claim.provenance.source.clone()),
            );
            known.measures
        }),
        _ => Measures::Unknown,
    };
    // The row says too what it is that has the level, and that it counts in percent.
    for field in ["kind", "unit"] {
        if !sources.contains_key(field) {
            let Provenance { source, rule, .. } = &claim.provenance;
            sources.insert(field, Provenance::new(source.clone(), rule.clone()));
        }
    }
    sources.insert("level", claim.provenance);
    Supply {
        slot: claim.target.slot.clone(),
        description: None,
        kind,
        class,
        colorant: claim.target.colorant.clone(),
        level: LevelReading {
            level: Level::Percent(claim.percent),
            exactness: claim.exactness,
        },
        measures,
        unit: CounterUnit::Percent,
        capacity: None,
        place: None,
        replaced: None,
        part_number: None,
        serial: None,
        sources,
    }
}
