//! Reads every row of every shipped definition file as TOML, beside the crate's own reader, and
//! refuses what no row may be.

use pagetally_printer_mib::{Definitions, Proof};
use pagetally_snmp_engine::{Oid, deny};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::{Table, Value};

/// A definition file as TOML says it.
struct File {
    name: String,
    table: Table,
}

/// A row of it.
struct Row<'f> {
    file: &'f File,
    /// `number`, `table.number`...
    kind: String,
    /// The row that it stands in, for the rows of tables and records.
    above: Option<&'f Table>,
    table: &'f Table,
}

fn files() -> Vec<File> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("definitions");
    let entries = std::fs::read_dir(folder).expect("the definitions");
    let mut files: Vec<File> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("text");
            let name = path.file_name().expect("a name").to_string_lossy();
            File {
                table: text
                    .parse()
                    .unwrap_or_else(|error| panic!("{name}: {error}")),
                name: name.into_owned(),
            }
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// Every array of tables is rows; tables and records have rows of their own.
fn rows(file: &File) -> Vec<Row<'_>> {
    let mut found = Vec::new();
    for (kind, value) in &file.table {
        let Value::Array(rows) = value else { continue };
        for row in rows.iter().filter_map(Value::as_table) {
            let inner = row.get("number").and_then(Value::as_array);
            for number in inner.into_iter().flatten().filter_map(Value::as_table) {
                found.push(Row {
                    file,
                    kind: format!("{kind}.number"),
                    above: Some(row),
                    table: number,
                });
            }
            found.push(Row {
                file,
                kind: kind.clone(),
                above: None,
                table: row,
            });
        }
    }
    found
}

impl File {
    fn family(&self) -> &str {
        self.table["family"].as_str().expect("a family")
    }

    fn oid(&self, text: &str) -> Oid {
        let oid = self.read_oid(text);
        oid.unwrap_or_else(|| panic!("{}: {text}", self.name))
    }

    fn read_oid(&self, text: &str) -> Option<Oid> {
        let roots = self.table.get("roots").and_then(Value::as_table);
        let (name, tail) = text.split_once('.').unwrap_or((text, ""));
        let root = roots
            .and_then(|roots| roots.get(name))
            .and_then(Value::as_str);
        let text = match (root, tail) {
            (None, _) => text.to_owned(),
            (Some(root), "") => root.to_owned(),
            (Some(root), tail) => format!("{root}.{tail}"),
        };
        text.parse().ok()
    }
}

impl Row<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.table.get(key).and_then(Value::as_str)
    }

    /// The name that provenance has for it.
    fn rule(&self) -> String {
        let family = self.file.family();
        let own = self.text("rule").or(self.text("name")).expect("a name");
        if self.kind == "makers" {
            let own = own.to_ascii_lowercase().replace([' ', '.', '&'], "-");
            return format!("{family}.maker-{own}");
        }
        match self.above.and_then(|above| above["rule"].as_str()) {
            Some(above) => format!("{family}.{above}.{own}"),
            None => format!("{family}.{own}"),
        }
    }

    /// Whether it only holds other rows together.
    fn is_frame(&self) -> bool {
        matches!(self.kind.as_str(), "table" | "records")
    }

    fn proof(&self) -> Option<&str> {
        self.text("proof")
            .or_else(|| self.above?.get("proof")?.as_str())
    }

    /// Where it reads: whatever tells one place from another, written out.
    fn place(&self) -> Option<String> {
        let oid = |key: &str| self.text(key).map(|text| self.file.oid(text));
        let more = |keys: &[&str]| {
            let told = keys
                .iter()
                .filter_map(|key| Some((*key, self.table.get(*key)?)));
            told.map(|(key, value)| format!(" {key} {value:?}"))
                .collect::<String>()
        };
        match (self.kind.as_str(), self.above) {
            ("number", None) => Some(format!("{}{}", oid("oid")?, more(&["pattern", "when"]))),
            ("identity", None) => {
                let place = oid("oid").or_else(|| oid("column"))?;
                Some(format!("{place}{}", more(&["pattern", "when", "encoding"])))
            }
            ("device_id", None) => oid("oid").map(|oid| oid.to_string()),
            ("table.number", Some(above)) => {
                let columns = above["columns"].as_table().expect("columns");
                let named = |name: &str| self.file.oid(columns[name].as_str().expect("an OID"));
                let value = named(self.text("value").unwrap_or("value"));
                let mut place = format!("{value}{}", more(&["index"]));
                for key in ["when", "unless"] {
                    let conditions = self.table.get(key).and_then(Value::as_table);
                    for (column, condition) in conditions.into_iter().flatten() {
                        place += &format!(" {key} {} {condition:?}", named(column));
                    }
                }
                place += &more(&["without", "pick"]);
                Some(place)
            }
            ("records.number", Some(above)) => {
                let oid = self.file.oid(above["oid"].as_str().expect("an OID"));
                let id = self.table["id"].as_integer()?;
                Some(format!("{oid} record {id}{}", more(&["lengths"])))
            }
            ("sum", None) => Some(more(&["plus", "minus", "unsupported"])),
            ("describe", None) | ("supply_text", None) => Some(more(&["pattern", "field"])),
            _ => None,
        }
    }

    /// What it makes of what it reads.
    fn meaning(&self) -> String {
        let told = ["meter", "level", "field", "scale", "class", "maker"];
        let told = told
            .iter()
            .filter_map(|key| Some((*key, self.table.get(*key)?)));
        let told: String = told
            .map(|(key, value)| format!(" {key} {value:?}"))
            .collect();
        format!("{}{told}", self.kind)
    }
}

#[test]
fn every_row_of_every_file_is_shipped_with_its_reason_and_its_proof() {
    let definitions = Definitions::builtin();
    let mut names = BTreeSet::new();
    let mut count = 0;
    let mut refused = Vec::new();
    for file in &files() {
        for row in rows(file) {
            let rule = row.rule();
            let at = format!("{}: {rule}", file.name);
            assert!(names.insert(rule.clone()), "{at} stands twice");
            let reason = row.text("reason").unwrap_or_default();
            assert!(reason.trim().len() > 2, "{at} has no reason");
            let proof = row.proof().unwrap_or_default();
            if let Err(error) = Proof::parse(proof) {
                refused.push(format!("{at}: {error}"));
            }
            if row.is_frame() {
                continue;
            }
            count += 1;
            let shipped = definitions.row(&rule);
            let shipped = shipped.unwrap_or_else(|| panic!("{at} is not shipped"));
            assert_eq!(shipped.reason(), reason.trim(), "{at}");
            assert_eq!(shipped.proof().as_str(), proof, "{at}");
            assert_eq!(shipped.rule().name.as_str(), rule);
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    // A maker's table of supplies is shown once for each field that it tells.
    let shipped: BTreeSet<String> = definitions
        .rows()
        .map(|row| row.rule().name.to_string())
        .collect();
    let unknown: Vec<_> = shipped.difference(&names).collect();
    assert!(unknown.is_empty(), "rows that no file has: {unknown:?}");
    assert_eq!(shipped.len(), count);
    assert_eq!(definitions.len(), count);
}

#[test]
fn no_two_rows_of_a_family_read_one_place_for_one_purpose() {
    for file in &files() {
        let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
        for row in rows(file) {
            let Some(place) = row.place() else { continue };
            let rule = row.rule();
            if let Some(other) = seen.insert((place.clone(), row.meaning()), rule.clone()) {
                panic!("{}: {rule} and {other} both read {place}", file.name);
            }
        }
    }
}

/// Two families may both speak for a device: what one calls a total, the other must not call copies,
/// unless the reason of one names the other family.
#[test]
fn no_two_families_read_another_thing_from_one_place() {
    let files = files();
    let mut seen: BTreeMap<String, Vec<Row<'_>>> = BTreeMap::new();
    for file in &files {
        for row in rows(file) {
            let counts = ["number", "table.number", "records.number"].contains(&row.kind.as_str());
            if let (true, Some(place)) = (counts, row.place()) {
                seen.entry(place).or_default().push(row);
            }
        }
    }
    for (place, rows) in seen {
        for (at, one) in rows.iter().enumerate() {
            for other in &rows[..at] {
                let states = |row: &Row<'_>, other: &Row<'_>| {
                    row.text("reason")
                        .is_some_and(|text| text.contains(other.file.family()))
                };
                assert!(
                    one.file.family() == other.file.family()
                        || one.meaning() == other.meaning()
                        || states(one, other)
                        || states(other, one),
                    "{} and {} read another thing from {place}",
                    one.rule(),
                    other.rule()
                );
            }
        }
    }
}

#[test]
fn every_root_is_used_and_every_table_is_bounded() {
    for file in &files() {
        let roots = file.table.get("roots").and_then(Value::as_table);
        let texts = texts(&file.table);
        for name in roots.into_iter().flat_map(|roots| roots.keys()) {
            let used = |text: &String| {
                let tail = text.strip_prefix(name.as_str());
                tail.is_some_and(|tail| tail.is_empty() || tail.starts_with('.'))
            };
            assert!(
                texts.iter().any(used),
                "{}: root {name} is not used",
                file.name
            );
        }
        for row in rows(file)
            .iter()
            .filter(|row| row.kind == "table" || row.kind == "supply_table")
        {
            let most = row.table["max_rows"].as_integer().expect("a number");
            assert!((1..=2_048).contains(&most), "{}", row.rule());
        }
    }
}

/// Every text below `value`, the roots' own left out.
fn texts(table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting: Vec<&Value> = table
        .iter()
        .filter(|(key, _)| *key != "roots")
        .map(|(_, v)| v)
        .collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(items) => waiting.extend(items),
            Value::Table(table) => waiting.extend(table.values()),
            _ => {}
        }
    }
    found
}

#[test]
fn nothing_in_any_file_stands_below_what_is_denied() {
    for file in &files() {
        let roots = file.table.get("roots").and_then(Value::as_table);
        let is_place = |text: &String| {
            let name = text.split('.').next().unwrap_or_default();
            text.starts_with("1.3.6.") || roots.is_some_and(|roots| roots.contains_key(name))
        };
        for text in texts(&file.table).iter().filter(|text| is_place(text)) {
            // A text that only looks like a place is none.
            if let Some(oid) = file.read_oid(text) {
                assert_eq!(deny::instance(&oid), None, "{}: {text}", file.name);
            }
        }
    }
    for row in Definitions::builtin().rows() {
        if let Some(place) = row.place() {
            assert_eq!(deny::instance(place), None, "{}", row.rule().name);
        }
    }
}
