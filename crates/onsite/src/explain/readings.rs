//! The readings of an audit, each by the paths that name it.

use pagetally_model::{DeviceAudit, Exactness, Meter, Provenance, Source, Sources};
use pagetally_printer_mib::compare::place_words;
use serde::Serialize;
use serde_json::Value;

/// What stands behind a reading.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Origin<'a> {
    /// A rule that read or concluded it.
    Provenance(&'a Provenance),
    /// Only what was held side by side.
    Source(&'a Source),
    /// Nothing of its own: it follows from the readings beside it.
    Beside,
}

/// One reading with its path, its value and where it comes from.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// Its path, such as `supplies[0].level` or `meters.total`.
    pub path: String,
    /// Other paths by which it can be named.
    pub(super) aliases: Vec<String>,
    /// Its value, as the JSON has it.
    pub value: Value,
    /// The unit of its number, by the word that documents have for it.
    pub unit: Option<String>,
    /// How far it can be trusted, where the audit says so of this reading.
    pub exactness: Option<Exactness>,
    /// Where it comes from.
    pub origin: Origin<'a>,
}

impl Reading<'_> {
    /// Whether `path` is its own, not that of a group that it lies in.
    pub(super) fn is(&self, path: &str) -> bool {
        std::iter::once(&self.path)
            .chain(&self.aliases)
            .any(|own| own.eq_ignore_ascii_case(path))
    }

    pub(super) fn is_named_by(&self, path: &str) -> bool {
        let path = path.to_lowercase();
        std::iter::once(&self.path)
            .chain(&self.aliases)
            .any(|own| names(&path, &own.to_lowercase()))
    }
}

/// Whether `path` is `own` or a group that `own` lies in.
pub(super) fn names(path: &str, own: &str) -> bool {
    own.strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with('['))
}

/// Every reading of an audit, in the order of the document.
pub fn readings(audit: &DeviceAudit) -> Vec<Reading<'_>> {
    let mut found = Vec::new();
    let identity = &audit.identity;
    Group::new("identity", vec![String::new()], &identity.sources).read(identity, &mut found);
    Group::new("status", Vec::new(), &audit.status.sources).read(&audit.status, &mut found);
    for (index, meter) in audit.meters.iter().enumerate() {
        found.push(meter_reading(index, meter, &audit.meters));
    }
    macro_rules! rows {
        ($name:literal, $rows:expr) => {
            for (index, row) in $rows.iter().enumerate() {
                let slot = vec![format!("{}.{}", $name, row.slot)];
                Group::new(&format!("{}[{index}]", $name), slot, &row.sources)
                    .read(row, &mut found);
            }
        };
    }
    rows!("markers", audit.markers);
    for (index, supply) in audit.supplies.iter().enumerate() {
        let mut names = vec![format!("supplies.{}", supply.slot)];
        names.extend(supply.place.iter().map(|place| format!("supplies.{place}")));
        names.push(format!("supplies.{}", place_words(supply)));
        let mut group = Group::new(&format!("supplies[{index}]"), names, &supply.sources);
        group.unit = Some(supply.unit.to_string());
        group.read(supply, &mut found);
    }
    rows!("trays", audit.trays);
    rows!("outputs", audit.outputs);
    rows!("covers", audit.covers);
    rows!("alerts", audit.alerts);
    for (index, contradiction) in audit.contradictions.iter().enumerate() {
        found.push(Reading {
            path: format!("contradictions[{index}]"),
            aliases: Vec::new(),
            value: Value::from(format!("{}: {}", contradiction.rule, contradiction.detail)),
            unit: None,
            exactness: None,
            origin: contradiction
                .source
                .as_ref()
                .map_or(Origin::Beside, Origin::Source),
        });
    }
    for (index, change) in audit.comparison.iter().flat_map(|c| &c.changes).enumerate() {
        found.push(Reading {
            path: format!("comparison.changes[{index}]"),
            aliases: vec![format!("comparison.{}", change.what)],
            value: Value::from(format!(
                "{}, {}: {}",
                change.what, change.reading, change.detail
            )),
            unit: None,
            exactness: None,
            origin: Origin::Provenance(&change.source),
        });
    }
    found
}

/// A group of fields with their provenances.
struct Group<'a> {
    path: String,
    /// Other names of the group; an empty one where its fields can be named alone.
    names: Vec<String>,
    unit: Option<String>,
    sources: &'a Sources,
}

impl<'a> Group<'a> {
    fn new(path: &str, names: Vec<String>, sources: &'a Sources) -> Self {
        Self {
            path: path.to_owned(),
            names,
            unit: None,
            sources,
        }
    }

    fn read(&self, part: &impl Serialize, into: &mut Vec<Reading<'a>>) {
        /// Names of the row, not readings in it.
        const NO_READINGS: [&str; 3] = ["slot", "place", "sources"];
        let document = serde_json::to_value(part).unwrap_or_default();
        for (field, provenance) in self.sources.iter() {
            let value = field_of(&document, field);
            into.push(self.reading(field, value, Origin::Provenance(provenance)));
        }
        let fields = document.as_object().into_iter().flatten();
        for (field, value) in fields {
            let says_nothing = value.is_null()
                || value.as_array().is_some_and(Vec::is_empty)
                || value.as_str() == Some("unknown");
            let has_source = self.sources.contains_key(field);
            if !has_source && !says_nothing && !NO_READINGS.contains(&field.as_str()) {
                into.push(self.reading(field, value.clone(), Origin::Beside));
            }
        }
    }

    fn reading(&self, field: &str, value: Value, origin: Origin<'a>) -> Reading<'a> {
        let of_number = matches!(field, "level" | "capacity" | "lifeCount" | "powerOnCount");
        let exactness = value.get("exactness").cloned();
        Reading {
            path: format!("{}.{field}", self.path),
            aliases: self
                .names
                .iter()
                .map(|name| match name.as_str() {
                    "" => field.to_owned(),
                    name => format!("{name}.{field}"),
                })
                .collect(),
            exactness: exactness.and_then(|word| serde_json::from_value(word).ok()),
            unit: self.unit.clone().filter(|_| of_number),
            value,
            origin,
        }
    }
}

/// A field's value; `console` and `console[1]` are the rows of one.
fn field_of(document: &Value, field: &str) -> Value {
    let (name, row) = match field
        .strip_suffix(']')
        .and_then(|rest| rest.split_once('['))
    {
        Some((name, row)) => (name, row.parse().unwrap_or(0)),
        None => (field, 0),
    };
    let value = document.get(name).cloned().unwrap_or_default();
    match (name, value) {
        ("console", Value::Array(rows)) => rows.get(row).cloned().unwrap_or_default(),
        (_, value) => value,
    }
}

fn meter_reading<'a>(index: usize, meter: &'a Meter, all: &[Meter]) -> Reading<'a> {
    let parts = [
        meter.function.to_string(),
        meter.color.to_string(),
        meter.size.to_string(),
        meter.sides.to_string(),
    ];
    let mut short = parts.to_vec();
    while short.len() > 1 && short.last().is_some_and(|part| part == "any") {
        short.pop();
    }
    let short = format!("meters.{}", short.join("."));
    let whole = format!("meters.{}", parts.join("."));
    let with_unit = format!("{whole}.{}", meter.unit);
    let key = |m: &Meter| (m.function, m.color, m.size, m.sides);
    // The same count in two units is two readings.
    let twice = all.iter().filter(|other| key(other) == key(meter)).count() > 1;
    let (path, mut aliases) = match twice {
        true => (with_unit, vec![short]),
        false => (short, vec![with_unit]),
    };
    aliases.extend([format!("meters[{index}]"), whole]);
    Reading {
        path,
        aliases,
        value: Value::from(meter.value),
        unit: Some(meter.unit.to_string()),
        exactness: Some(meter.exactness),
        origin: Origin::Provenance(&meter.source),
    }
}
