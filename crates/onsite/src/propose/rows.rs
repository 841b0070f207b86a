//! Writes definition files.

use super::search::{Hit, Layout, Place, escaped, number};
use super::tables::{Cell, Tables, text};
use super::{ProposedFile, WantedMeter};
use pagetally_model::{DeviceAudit, MeterColor, MeterFunction, MeterSides, MeterSize, Text};
use pagetally_snmp_engine::{Oid, Value, deny};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Which devices the file is for.
pub(super) struct Matching {
    object_ids: Vec<String>,
    descriptions: Vec<String>,
    /// Asked of devices that have neither.
    probes: Vec<String>,
}

/// From this many arcs on a sysObjectID is taken for a model's; a shorter one is a maker's or a
/// network card's.
const MODEL_ARCS: usize = 10;

/// The longest pattern that a definition file may have is 200 characters.
const MAX_PATTERN: usize = 190;

impl Matching {
    /// The narrowest that can be said: the model's name in sysDescr, else its own sysObjectID, else
    /// all of sysDescr with any numbers.
    pub(super) fn of(audit: &DeviceAudit) -> Self {
        let identity = &audit.identity;
        let description = identity.description.as_ref().map_or("", Text::as_str);
        let model = identity.model.as_ref().map_or("", Text::as_str);
        let object_id = identity.object_id.as_ref().map_or("", Text::as_str);
        let arcs = object_id.split('.').count();
        let names_model =
            !model.is_empty() && description.to_lowercase().contains(&model.to_lowercase());
        let mut matching = Self {
            object_ids: Vec::new(),
            descriptions: Vec::new(),
            probes: Vec::new(),
        };
        if names_model {
            matching.descriptions.push(format!("*{}*", escaped(model)));
        } else if arcs >= MODEL_ARCS || description.is_empty() && !object_id.is_empty() {
            matching.object_ids.push(object_id.to_owned());
        } else if !description.is_empty() {
            matching.descriptions.push(with_any_numbers(description));
        }
        matching
    }

    fn write(&self, toml: &mut String) {
        let list = |texts: &[String]| {
            let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
            quoted.join(", ")
        };
        let _ = writeln!(toml, "\n[match]");
        for (key, texts) in [
            ("object_ids", &self.object_ids),
            ("descriptions", &self.descriptions),
            ("probes", &self.probes),
        ] {
            if !texts.is_empty() {
                let _ = writeln!(toml, "{key} = [{}]", list(texts));
            }
        }
    }
}

/// A sysDescr as a pattern in which every number may be another.
fn with_any_numbers(description: &str) -> String {
    let mut pattern = String::new();
    let mut in_number = false;
    for character in description.chars() {
        let is_digit = character.is_ascii_digit();
        if !is_digit {
            pattern.push_str(&escaped(&character.to_string()));
        } else if !in_number {
            pattern.push('#');
        }
        in_number = is_digit;
        if pattern.chars().count() > MAX_PATTERN {
            pattern.push('*');
            break;
        }
    }
    pattern
}

/// A file that lets a known family's rows speak for this device.
pub(super) fn let_speak(family: &str, matching: &Matching, audit: &DeviceAudit) -> ProposedFile {
    let mut toml = head(audit);
    let _ = writeln!(
        toml,
        "# The rows of {family} read this device's numbers as its status page says them."
    );
    let _ = writeln!(
        toml,
        "\nformat = 1\nfamily = {}\nversion = 1",
        quoted(family)
    );
    matching.write(&mut toml);
    ProposedFile {
        name: format!("{family}-{}.toml", slug(audit)),
        toml,
        adds_rows: false,
    }
}

/// A file with rows of its own.
pub(super) fn new_family(
    chosen: &[(WantedMeter, &Hit)],
    matching: &Matching,
    audit: &DeviceAudit,
    tables: &Tables<'_>,
) -> ProposedFile {
    let family = format!("site-{}", slug(audit));
    let mut writer = Writer {
        tables,
        proof: proof(audit),
        numbers: String::new(),
        sums: String::new(),
        cells: BTreeMap::new(),
        records: BTreeMap::new(),
    };
    for (meter, hit) in chosen {
        writer.hit(*meter, hit);
    }
    let mut toml = head(audit);
    toml.push_str("# Fill in at each proof which page said the number, and when.\n");
    let _ = writeln!(
        toml,
        "\nformat = 1\nfamily = {}\nversion = 1",
        quoted(&family)
    );
    if matching.object_ids.is_empty() && matching.descriptions.is_empty() {
        let probes = chosen.iter().flat_map(|(_, hit)| hit.place.oids());
        let probes = probes.take(1).map(|oid| oid.to_string()).collect();
        Matching {
            probes,
            object_ids: Vec::new(),
            descriptions: Vec::new(),
        }
        .write(&mut toml);
    } else {
        matching.write(&mut toml);
    }
    writer.finish(&mut toml);
    ProposedFile {
        name: format!("{family}.toml"),
        toml,
        adds_rows: true,
    }
}

fn head(audit: &DeviceAudit) -> String {
    let device = crate::device_name(audit);
    format!("# {}, proposed by onsite propose.\n", device.as_str())
}

/// Maker and model as a name that a definition file may have.
fn slug(audit: &DeviceAudit) -> String {
    const MAX: usize = 40;
    let name = crate::device_name(audit);
    let mut slug = String::new();
    for character in name.as_str().chars().take(80) {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX);
    let slug = slug.trim_matches('-');
    if slug.is_empty() {
        "device".to_owned()
    } else {
        slug.to_owned()
    }
}

/// The page that the technician read the number from. A proof's clauses stand between semicolons.
fn proof(audit: &DeviceAudit) -> String {
    let device = crate::device_name(audit);
    let device: String = device
        .as_str()
        .chars()
        .filter(|c| !matches!(c, ';' | ':'))
        .collect();
    format!("web page of {device}: its status page")
}

/// A number of a row, as TOML.
struct Row {
    name: String,
    /// The lines that say where in the table or the records it is.
    place: Vec<String>,
    meter: Option<WantedMeter>,
    reason: String,
}

struct Writer<'t, 'r> {
    tables: &'t Tables<'r>,
    proof: String,
    numbers: String,
    sums: String,
    /// By entry: its columns by name, and its rows.
    cells: BTreeMap<Oid, (BTreeMap<String, Oid>, Vec<Row>)>,
    records: BTreeMap<(Oid, Layout), Vec<Row>>,
}

impl Writer<'_, '_> {
    fn hit(&mut self, meter: WantedMeter, hit: &Hit) {
        if let Place::Sum(first, second) = &hit.place {
            let mut parts = Vec::new();
            for (oid, part) in [(first, "first"), (second, "second")] {
                let name = format!("{}-{part}", meter.name);
                parts.push(quoted(&self.value(None, &name, oid)));
            }
            let _ = writeln!(
                self.sums,
                "\n[[sum]]\nrule = {}\nplus = [{}]\nmeter = {}\nreason = {}\nproof = {}",
                quoted(meter.name),
                parts.join(", "),
                meter_words(meter),
                quoted("the status page's number is the sum of these two"),
                quoted(&self.proof),
            );
            return;
        }
        match &hit.place {
            Place::Value(oid) => {
                self.value(Some(meter), meter.name, oid);
            }
            Place::InText { oid, pattern } => {
                self.scalar(Some(meter), meter.name, oid, Some(pattern))
            }
            Place::Record {
                oid,
                layout,
                id,
                length,
            } => {
                let row = Row {
                    name: meter.name.to_owned(),
                    place: vec![format!("id = {id:#04x}"), format!("lengths = [{length}]")],
                    meter: Some(meter),
                    reason: "the status page's number stands in this record".to_owned(),
                };
                self.records
                    .entry((oid.clone(), *layout))
                    .or_default()
                    .push(row);
            }
            Place::Sum(..) => {}
        }
    }

    /// A row for one value, and the name that sums know it by.
    fn value(&mut self, meter: Option<WantedMeter>, name: &str, oid: &Oid) -> String {
        match self.tables.cell(oid).filter(is_askable) {
            Some(cell) => self.cell(meter, name, &cell),
            None => {
                self.scalar(meter, name, oid, None);
                name.to_owned()
            }
        }
    }

    fn scalar(&mut self, meter: Option<WantedMeter>, name: &str, oid: &Oid, pattern: Option<&str>) {
        let _ = writeln!(self.numbers, "\n[[number]]\nrule = {}", quoted(name));
        let _ = writeln!(self.numbers, "oid = {}", quoted(&oid.to_string()));
        if let Some(pattern) = pattern {
            let _ = writeln!(self.numbers, "pattern = {}", quoted(pattern));
        }
        if let Some(meter) = meter {
            let _ = writeln!(self.numbers, "meter = {}", meter_words(meter));
        }
        let reason = "the status page's number stands here";
        let _ = writeln!(
            self.numbers,
            "reason = {}\nproof = {}",
            quoted(reason),
            quoted(&self.proof)
        );
    }

    fn cell(&mut self, meter: Option<WantedMeter>, name: &str, cell: &Cell) -> String {
        let naming = Naming::of(cell, self.tables);
        let (columns, rows) = self.cells.entry(cell.entry.clone()).or_default();
        let value = format!("column{}", cell.column);
        columns.insert(value.clone(), cell.column_name());
        let mut place = Vec::new();
        let mut when = Vec::new();
        for (column, condition) in &naming.when {
            let name = format!("column{column}");
            columns.insert(name.clone(), cell.entry.child(&[*column]));
            when.push(format!("{name} = {condition}"));
        }
        if !when.is_empty() {
            place.push(format!("when = {{ {} }}", when.join(", ")));
        }
        if let Some(index) = &naming.index {
            place.push(format!("index = {}", quoted(index)));
        }
        place.push(format!("value = {}", quoted(&value)));
        rows.push(Row {
            name: name.to_owned(),
            place,
            meter,
            reason: naming.reason,
        });
        format!("{}.{name}", table_name(&cell.entry))
    }

    fn finish(self, toml: &mut String) {
        toml.push_str(&self.numbers);
        for (entry, (columns, rows)) in &self.cells {
            let most = columns
                .values()
                .map(|column| self.tables.rows(column).len())
                .max();
            let _ = writeln!(
                toml,
                "\n[[table]]\nrule = {}\nmax_rows = {}\nreason = {}\nproof = {}\n[table.columns]",
                quoted(&table_name(entry)),
                (most.unwrap_or(0) * 2).clamp(32, 2_048),
                quoted("a table of the maker's counters"),
                quoted(&self.proof),
            );
            for (name, column) in columns {
                let _ = writeln!(toml, "{name} = {}", quoted(&column.to_string()));
            }
            rows.iter().for_each(|row| row.write("table.number", toml));
        }
        for (number, ((oid, layout), rows)) in (1..).zip(&self.records) {
            let _ = writeln!(
                toml,
                "\n[[records]]\nrule = {}\noid = {}\nlayout = {}\nreason = {}\nproof = {}",
                quoted(&format!("records-{number}")),
                quoted(&oid.to_string()),
                quoted(layout.word()),
                quoted("counters packed into one string"),
                quoted(&self.proof),
            );
            rows.iter()
                .for_each(|row| row.write("records.number", toml));
        }
        toml.push_str(&self.sums);
    }
}

impl Row {
    fn write(&self, key: &str, toml: &mut String) {
        let _ = writeln!(toml, "\n[[{key}]]\nrule = {}", quoted(&self.name));
        for line in &self.place {
            let _ = writeln!(toml, "{line}");
        }
        if let Some(meter) = self.meter {
            let _ = writeln!(toml, "meter = {}", meter_words(meter));
        }
        let _ = writeln!(toml, "reason = {}", quoted(&self.reason));
    }
}

/// A table is named after its own arcs: no other table of the file has these.
fn table_name(entry: &Oid) -> String {
    const ENTERPRISE: usize = 7;
    let arcs = entry.arcs().get(ENTERPRISE..).unwrap_or_default();
    let arcs: Vec<String> = arcs.iter().map(ToString::to_string).collect();
    format!("table-{}", arcs.join("-"))
}

/// Whether the column may be asked for as a column.
fn is_askable(cell: &Cell) -> bool {
    deny::walk(&cell.column_name()).is_none()
}

/// How a row of a table is told from the others.
struct Naming {
    /// Columns and what they must hold, as TOML.
    when: Vec<(u32, String)>,
    index: Option<String>,
    reason: String,
}

impl Naming {
    /// By a label where one tells the row apart; else by a type; else by both; by the row's number
    /// only where there is nothing else.
    fn of(cell: &Cell, tables: &Tables<'_>) -> Self {
        let rows = tables.rows(&cell.column_name());
        let others = tables.columns(&cell.entry);
        let others = others
            .iter()
            .copied()
            .filter(|column| *column != cell.column);
        let mut labels: Vec<Column> = Vec::new();
        let mut types: Vec<Column> = Vec::new();
        for column in others {
            let found = |read: &dyn Fn(&Value) -> Option<String>| {
                Column::of(cell, column, &rows, tables, read)
            };
            if let Some(label) = found(&|value| text(value).map(|text| text.to_lowercase())) {
                labels.push(label);
            } else if let Some(kind) = found(&|value| whole(value).map(|n| n.to_string()))
                && !kind.is_row_number
            {
                types.push(kind);
            }
        }
        // The column with the most different values says the most.
        let by_variety = |column: &Column| std::cmp::Reverse(column.variety);
        labels.sort_by_key(by_variety);
        types.sort_by_key(by_variety);
        let label = |column: &Column| {
            let own = tables
                .value(&cell.beside(column.arc))
                .and_then(text)
                .unwrap_or_default();
            (column.arc, quoted(&pattern_of(&own)))
        };
        let kind = |column: &Column| (column.arc, column.own.clone());
        if let Some(column) = labels.iter().find(|column| column.rows == 1) {
            return Self {
                when: vec![label(column)],
                index: None,
                reason: "the label of its row names it".to_owned(),
            };
        }
        if let Some(column) = types.iter().find(|column| column.rows == 1) {
            return Self {
                when: vec![kind(column)],
                index: None,
                reason: "the type of its row names it".to_owned(),
            };
        }
        for first in &labels {
            for second in &types {
                let both = rows.iter().filter(|(index, _)| {
                    first.values.get(*index) == Some(&first.own)
                        && second.values.get(*index) == Some(&second.own)
                });
                if both.count() == 1 {
                    return Self {
                        when: vec![label(first), kind(second)],
                        index: None,
                        reason: "the label and the type of its row name it".to_owned(),
                    };
                }
            }
        }
        let arcs: Vec<String> = cell.index.iter().map(ToString::to_string).collect();
        Self {
            when: Vec::new(),
            index: Some(arcs.join(".")),
            reason: "nothing but its number tells the row: check it on another device".to_owned(),
        }
    }
}

/// What a column of a table says of its rows.
struct Column {
    arc: u32,
    own: String,
    /// By index.
    values: BTreeMap<Vec<u32>, String>,
    /// How many rows say the same as ours.
    rows: usize,
    variety: usize,
    is_row_number: bool,
}

impl Column {
    fn of(
        cell: &Cell,
        arc: u32,
        rows: &[(&[u32], &Value)],
        tables: &Tables<'_>,
        read: &dyn Fn(&Value) -> Option<String>,
    ) -> Option<Self> {
        let own = read(tables.value(&cell.beside(arc))?)?;
        let mut values = BTreeMap::new();
        let mut numbered = 0;
        for (index, _) in rows {
            let beside = Cell {
                index: index.to_vec(),
                ..cell.clone()
            };
            let Some(value) = tables.value(&beside.beside(arc)).and_then(read) else {
                continue;
            };
            numbered += usize::from(index.iter().any(|arc| arc.to_string() == value));
            values.insert(index.to_vec(), value);
        }
        let mut different: Vec<&String> = values.values().collect();
        different.sort();
        different.dedup();
        Some(Self {
            arc,
            rows: values.values().filter(|value| **value == own).count(),
            variety: different.len(),
            is_row_number: numbered == values.len(),
            own,
            values,
        })
    }
}

/// A small number, as types are.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        _ => i64::try_from(number(value)?).ok(),
    }
    .filter(|number| (0..=99_999).contains(number))
}

/// A label as a pattern that stands for itself.
fn pattern_of(label: &str) -> String {
    let clean = Text::clean(label);
    let mut pattern = escaped(clean.as_str());
    if pattern.chars().count() > MAX_PATTERN {
        pattern = escaped(
            &clean
                .as_str()
                .chars()
                .take(MAX_PATTERN / 2)
                .collect::<String>(),
        );
        pattern.push('*');
    }
    pattern
}

fn meter_words(meter: WantedMeter) -> String {
    let function = match meter.function {
        MeterFunction::Print => "print",
        MeterFunction::Copy => "copy",
        MeterFunction::Scan => "scan",
        MeterFunction::Fax => "fax",
        _ => "total",
    };
    let mut words = format!("{{ function = \"{function}\"");
    match meter.color {
        MeterColor::Mono => words.push_str(", color = \"mono\""),
        MeterColor::Color => words.push_str(", color = \"color\""),
        _ => {}
    }
    match meter.size {
        MeterSize::Large => words.push_str(", size = \"large\""),
        MeterSize::Small => words.push_str(", size = \"small\""),
        _ => {}
    }
    if meter.sides == MeterSides::Duplex {
        words.push_str(", sides = \"duplex\"");
    }
    if meter.function == MeterFunction::Scan {
        words.push_str(", unit = \"images\"");
    }
    words.push_str(" }");
    words
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
