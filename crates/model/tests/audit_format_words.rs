//! `docs/audit-format.md` and its JSON Schema list the words of the types, and no others.

use pagetally_model::{
    AlertSeverity, ChangeKind, Condition, CounterUnit, DeviceState, Exactness, Level, MatchedBy,
    Measures, MeterColor, MeterFunction, MeterSides, MeterSize, Outcome, PrinterState, RawKind,
    ReplacementKind, Source, SupplyClass, SupplyKind, Witness,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::Path;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All words of an enumeration, out of serde's own message about a word that is none: a new variant
/// is tested without anybody having to list it here.
fn words_of<T: DeserializeOwned>(unknown: Value) -> Vec<String> {
    let Err(error) = serde_json::from_value::<T>(unknown) else {
        panic!("no enumeration has the word ?");
    };
    let message = error.to_string();
    let words = message.split('`').skip(1).step_by(2).skip(1);
    words.map(str::to_owned).collect()
}

fn words<T: DeserializeOwned>() -> Vec<String> {
    words_of::<T>(json!("?"))
}

fn tags<T: DeserializeOwned>() -> Vec<String> {
    words_of::<T>(json!({"type": "?"}))
}

fn states() -> Vec<String> {
    Level::STATES.map(str::to_owned).to_vec()
}

/// What stands in backquotes, each once.
fn quoted(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split('`').skip(1).step_by(2) {
        if !found.iter().any(|known| known == word) {
            found.push(word.to_owned());
        }
    }
    found
}

/// The lines below a heading, up to the next one.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = page.find(&format!("\n## {heading}\n"));
    let body = &page[start.unwrap_or_else(|| panic!("no section {heading}")) + 1..];
    let end = body[3..].find("\n## ").map_or(body.len(), |end| end + 3);
    &body[..end]
}

/// The second cell of the row that begins with this field.
fn cell(section: &str, field: &str) -> Vec<String> {
    let begin = format!("| `{field}`");
    let row = section.lines().find(|line| line.starts_with(&begin));
    let row = row.unwrap_or_else(|| panic!("no row {field}"));
    quoted(row.split('|').nth(2).expect("a second cell"))
}

/// The first cells of the table with this head.
fn first_cells(section: &str, head: &str) -> Vec<String> {
    let begin = format!("| {head} |");
    let rows = section.lines().skip_while(|line| !line.starts_with(&begin));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let cells: Vec<&str> = rows.filter_map(|row| row.split('|').nth(1)).collect();
    assert!(!cells.is_empty(), "no table {head}");
    quoted(&cells.join(" "))
}

/// The words behind `begin`, up to the end of the sentence.
fn sentence(section: &str, begin: &str) -> Vec<String> {
    let at = section.find(begin).unwrap_or_else(|| panic!("no {begin}"));
    let rest = &section[at + begin.len()..];
    quoted(rest.split(['.', ';']).next().unwrap_or_default())
}

#[test]
fn the_page_lists_every_word_of_the_types_and_no_other() {
    let page = document("audit-format.md");
    let of = |heading| section(&page, heading);
    let status = of("Status");
    assert_eq!(cell(status, "printer"), words::<PrinterState>());
    assert_eq!(cell(status, "device"), words::<DeviceState>());
    assert_eq!(cell(status, "conditions"), words::<Condition>());
    let meters = of("Meters");
    assert_eq!(cell(meters, "function"), words::<MeterFunction>());
    assert_eq!(cell(meters, "color"), words::<MeterColor>());
    assert_eq!(cell(meters, "size"), words::<MeterSize>());
    assert_eq!(cell(meters, "sides"), words::<MeterSides>());
    assert_eq!(quoted(of("Units")), words::<CounterUnit>());
    assert_eq!(first_cells(of("Exactness"), "word"), words::<Exactness>());
    let supplies = of("Supplies");
    assert_eq!(cell(supplies, "kind"), words::<SupplyKind>());
    assert_eq!(cell(supplies, "class"), words::<SupplyClass>());
    assert_eq!(cell(supplies, "measures"), words::<Measures>());
    assert_eq!(first_cells(of("Levels"), "`state`"), states());
    assert_eq!(cell(of("Alerts"), "severity"), words::<AlertSeverity>());
    let between = of("Between two audits");
    assert_eq!(cell(between, "matchedBy"), words::<MatchedBy>());
    assert_eq!(first_cells(between, "change"), words::<ChangeKind>());
    let replacements = first_cells(between, "replacement");
    assert_eq!(replacements, words::<ReplacementKind>());
    let provenance = of("Provenance");
    assert_eq!(first_cells(provenance, "`type`"), tags::<Source>());
    assert_eq!(sentence(provenance, "`raw.kind` is "), words::<RawKind>());
    let around = of("Around the audits");
    assert_eq!(sentence(around, "what that rests on: "), words::<Witness>());
    let outcomes = sentence(around, "is an object with `type`: ");
    let fields = ["audit", "reason", "description", "port", "lastRead"];
    let types: Vec<String> = outcomes
        .into_iter()
        .filter(|word| !fields.contains(&word.as_str()))
        .collect();
    assert_eq!(types, tags::<Outcome>());
}

#[test]
fn the_schema_lists_every_word_of_the_types_and_no_other() {
    let text = document("audit-format.schema.json");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let strings = |found: &Value| -> Vec<String> {
        let list = found
            .as_array()
            .unwrap_or_else(|| panic!("{found} is no list"));
        list.iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let listed = |path: &str| {
        let found = schema.pointer(&format!("/$defs/{path}/enum"));
        strings(found.unwrap_or_else(|| panic!("no list at {path}")))
    };
    assert_eq!(listed("exactness"), words::<Exactness>());
    assert_eq!(listed("counterUnit"), words::<CounterUnit>());
    assert_eq!(listed("rawKind"), words::<RawKind>());
    assert_eq!(listed("supplyKind"), words::<SupplyKind>());
    assert_eq!(listed("levelState"), states());
    assert_eq!(listed("changeKind"), words::<ChangeKind>());
    assert_eq!(listed("replacementKind"), words::<ReplacementKind>());
    assert_eq!(listed("matchedBy"), words::<MatchedBy>());
    assert_eq!(listed("condition"), words::<Condition>());
    let printer = listed("status/properties/printer");
    assert_eq!(printer, words::<PrinterState>());
    assert_eq!(listed("status/properties/device"), words::<DeviceState>());
    assert_eq!(
        listed("meter/properties/function"),
        words::<MeterFunction>()
    );
    assert_eq!(listed("meter/properties/color"), words::<MeterColor>());
    assert_eq!(listed("meter/properties/size"), words::<MeterSize>());
    assert_eq!(listed("meter/properties/sides"), words::<MeterSides>());
    assert_eq!(listed("supply/properties/class"), words::<SupplyClass>());
    assert_eq!(listed("supply/properties/measures"), words::<Measures>());
    assert_eq!(
        listed("alert/properties/severity"),
        words::<AlertSeverity>()
    );
    assert_eq!(listed("observation/properties/witness"), words::<Witness>());
    let types = |path: &str| -> Vec<String> {
        let list = schema.pointer(path).and_then(Value::as_array);
        let kinds = list.expect("a list").iter();
        kinds
            .filter_map(|kind| kind.pointer("/properties/type/const")?.as_str())
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(types("/$defs/source/oneOf"), tags::<Source>());
    let outcomes = types("/$defs/observation/properties/outcome/oneOf");
    assert_eq!(outcomes, tags::<Outcome>());
}
