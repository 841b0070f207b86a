//! `docs/coverage.md`: what is read of each maker beyond the standards, and what each reading rests
//! on. The page is written from the definitions alone, so it says what they say.

use pagetally_model::{CounterUnit, MeterColor, MeterFunction, MeterSides, MeterSize};
use pagetally_printer_mib::{Definitions, ProofClass, Row, Subject};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How a person writes the page anew; a test names it where the page is stale.
pub const COMMAND: &str = "cargo run --bin harness -- coverage --output docs/coverage.md";

/// Makers side by side in one table: more do not fit a page.
const ABREAST: usize = 10;

/// The page for these definitions, as Markdown.
pub fn page(definitions: &Definitions) -> String {
    let rows: Vec<Row<'_>> = definitions.rows().collect();
    let columns = columns(definitions, &rows);
    let mut text = String::from(HEAD);
    counts(&rows, &mut text);
    for part in [Part::Identity, Part::Meters, Part::Supplies] {
        matrix(part, &columns, &rows, &mut text);
    }
    brands(definitions, &columns, &mut text);
    unproven(&columns, &rows, &mut text);
    text
}

const HEAD: &str = "\
# What is read of whom, and what proves it

Written by `harness coverage` from `crates/printer-mib/definitions`; a test compares. Write it anew
with

```sh
cargo run --bin harness -- coverage --output docs/coverage.md
```

**R**: a recording of a device answers the row. **P**: public texts say it: the vendor's MIB, a
standard, a device's own page, or several sources that do not copy each other. **u**: unproven; one
source alone says it, or the row's sources disagree, and what it reads is marked unproven until a
plausibility check of the same audit passes. Nothing: no row.

Here stands only what makers add. RFC 3805, RFC 2790, RFC 1213 and IEEE 1284 are read from every
printer, whoever made it: model, serial number, life count, supplies with their levels, trays, outputs,
covers, alerts, panel and state. A field without a letter may well be there by these.
";

/// A column of the tables: the families of one firmware, and who ships it.
struct Column<'d> {
    name: &'d str,
    families: BTreeSet<&'d str>,
}

impl Column<'_> {
    /// Whether a row speaks for its devices: its firmware's, or one that knows the maker's name.
    fn is_told_by(&self, row: &Row<'_>) -> bool {
        match row.subject() {
            Subject::Maker | Subject::Description => row.maker() == Some(self.name),
            _ => self.families.contains(row.family()),
        }
    }
}

fn columns<'d>(definitions: &'d Definitions, rows: &[Row<'d>]) -> Vec<Column<'d>> {
    let mut by_name: BTreeMap<&'d str, BTreeSet<&'d str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.family().is_empty()) {
        let name = row.maker().unwrap_or("any maker");
        by_name.entry(name).or_default().insert(row.family());
    }
    // A brand that ships several makers' firmware, and has none of its own, is a column too.
    for brand in definitions.brands() {
        let families: BTreeSet<&str> = brand.families.into_iter().collect();
        let is_known = by_name.values().any(|known| *known == families);
        if families.len() > 1 && !is_known {
            by_name.entry(brand.name).or_default().extend(families);
        }
    }
    let column = |(name, families)| Column { name, families };
    let mut columns: Vec<_> = by_name.into_iter().map(column).collect();
    columns.sort_by_key(|column| (column.name != "any maker", column.name.to_lowercase()));
    columns
}

fn counts(rows: &[Row<'_>], text: &mut String) {
    let of = |class| rows.iter().filter(|row| row.proof_class() == class).count();
    let _ = writeln!(
        text,
        "\n{} rows: {} by a recording, {} by public texts, {} unproven.",
        rows.len(),
        of(ProofClass::Recording),
        of(ProofClass::PublicSource),
        of(ProofClass::Unproven),
    );
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Identity,
    Meters,
    Supplies,
}

impl Part {
    fn title(self) -> &'static str {
        match self {
            Self::Identity => "Identity",
            Self::Meters => "Meters",
            Self::Supplies => "Supplies",
        }
    }
}

/// A field's line: where it stands among the lines of its part, and its words.
type Line = (u8, MeterPlace, String);

/// In the order in which a person looks for meters; all alike for other fields.
type MeterPlace = Option<(
    MeterFunction,
    MeterSize,
    MeterSides,
    MeterColor,
    CounterUnit,
)>;

/// Which line of which table a row fills; nothing for what is no field of an audit.
fn line(subject: Subject<'_>) -> Option<(Part, Line)> {
    let plain = |part, place, words: &str| Some((part, (place, None, words.to_owned())));
    match subject {
        Subject::Identity(field) => {
            let order = ["manufacturer", "model", "serial", "firmware"];
            let place = order.iter().position(|known| *known == field);
            let place = place.and_then(|place| u8::try_from(place).ok());
            plain(Part::Identity, place.unwrap_or(10), field)
        }
        Subject::Maker | Subject::Description => plain(Part::Identity, 0, "manufacturer"),
        Subject::DeviceId => plain(Part::Identity, 9, "IEEE 1284 device ID"),
        Subject::Meter {
            function,
            color,
            size,
            sides,
            unit,
        } => {
            let mut words = word(&function);
            if color != MeterColor::Any {
                let _ = write!(words, " {}", word(&color));
            }
            if size != MeterSize::Any {
                let _ = write!(words, " {}", word(&size));
            }
            if sides != MeterSides::Any {
                let _ = write!(words, " {}", word(&sides));
            }
            if unit != CounterUnit::Impressions {
                let _ = write!(words, ", {}", word(&unit));
            }
            let place = Some((function, size, sides, color, unit));
            Some((Part::Meters, (0, place, words)))
        }
        Subject::Level { kinds, colorant } => {
            let kind = kinds.first().map(word).unwrap_or_default();
            let colorant = colorant.map_or(String::new(), |colorant| format!(" {colorant}"));
            let words = format!("level of {kind}{colorant}");
            plain(Part::Supplies, 0, &words)
        }
        Subject::LevelSentinel(_) => plain(Part::Supplies, 1, "levels that stand for a state"),
        Subject::Receptacle(_) => plain(Part::Supplies, 2, "waste: filled or room left"),
        Subject::SupplyText("partNumber") => {
            plain(Part::Supplies, 3, "part number in the description")
        }
        Subject::SupplyText(_) => plain(Part::Supplies, 4, "serial number in the description"),
        Subject::ClaimedKind(_) => plain(Part::Supplies, 5, "kind of supply by model"),
        // Inputs are seen in the sums that use them.
        _ => None,
    }
}

/// The word that documents have for a value.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn matrix(part: Part, columns: &[Column<'_>], rows: &[Row<'_>], text: &mut String) {
    let mut cells: BTreeMap<Line, BTreeMap<usize, ProofClass>> = BTreeMap::new();
    for row in rows {
        let Some((of, line)) = line(row.subject()) else {
            continue;
        };
        if of != part {
            continue;
        }
        let line = cells.entry(line).or_default();
        for (place, column) in columns.iter().enumerate() {
            if column.is_told_by(row) {
                let best = line.entry(place).or_insert(row.proof_class());
                *best = row.proof_class().min(*best);
            }
        }
    }
    let _ = writeln!(text, "\n## {}", part.title());
    let told: Vec<usize> = (0..columns.len())
        .filter(|place| cells.values().any(|line| line.contains_key(place)))
        .collect();
    for abreast in told.chunks(ABREAST) {
        let names: Vec<&str> = abreast.iter().map(|place| columns[*place].name).collect();
        let _ = writeln!(text, "\n| field | {} |", names.join(" | "));
        let _ = writeln!(text, "| --- |{}", " --- |".repeat(names.len()));
        for ((_, _, words), line) in &cells {
            let letters: Vec<&str> = abreast
                .iter()
                .map(|place| line.get(place).map_or("", |class| letter(*class)))
                .collect();
            if letters.iter().any(|letter| !letter.is_empty()) {
                let _ = writeln!(text, "| {words} | {} |", letters.join(" | "));
            }
        }
    }
}

fn letter(class: ProofClass) -> &'static str {
    match class {
        ProofClass::Recording => "R",
        ProofClass::PublicSource => "P",
        _ => "u",
    }
}

/// Brands under other makers' firmware, and makers of whom only the name is known.
fn brands(definitions: &Definitions, columns: &[Column<'_>], text: &mut String) {
    let mut shipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut names_only = Vec::new();
    for brand in definitions.brands() {
        if columns.iter().any(|column| column.name == brand.name) {
            continue;
        }
        let families: BTreeSet<&str> = brand.families.into_iter().collect();
        match columns.iter().find(|column| column.families == families) {
            Some(column) => shipped.entry(column.name).or_default().push(brand.name),
            None => names_only.push(brand.name),
        }
    }
    let _ = writeln!(text, "\n## Brands\n");
    let _ = writeln!(text, "| brand | read as |\n| --- | --- |");
    for (maker, mut brands) in shipped {
        brands.sort_unstable_by_key(|brand| brand.to_lowercase());
        let _ = writeln!(text, "| {} | {maker} |", brands.join(", "));
    }
    names_only.sort_unstable_by_key(|brand| brand.to_lowercase());
    let _ = writeln!(
        text,
        "\nKnown by name or number alone (some make no printers, and are known for that): {}.",
        names_only.join(", ")
    );
}

/// Every unproven row with its words: where somebody with such a device can help.
fn unproven(columns: &[Column<'_>], rows: &[Row<'_>], text: &mut String) {
    let _ = writeln!(
        text,
        "\n## Unproven rows\n\nA recording of such a device (`onsite record`) or its status page proves \
         or refutes them.\n\n| row | says | because |\n| --- | --- | --- |"
    );
    let rows = rows.iter();
    let mut rows: Vec<_> = rows
        .filter(|row| row.proof_class() == ProofClass::Unproven)
        .collect();
    let place = |family: &str| {
        let of = |column: &Column<'_>| column.families.contains(family);
        columns.iter().position(of)
    };
    rows.sort_by_key(|row| (place(row.family()), row.family()));
    for row in rows {
        let said = match line(row.subject()) {
            Some((_, (_, _, words))) => words,
            None => match row.subject() {
                Subject::Input => "part of a sum".to_owned(),
                _ => "something else".to_owned(),
            },
        };
        let proof = row.proof().as_str().replace('|', "\\|");
        let _ = writeln!(text, "| {} | {said} | {proof} |", row.rule().name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(rows: &str) -> Definitions {
        let text = format!(
            "format = 1\nfamily = \"acme\"\nversion = 1\nmaker = \"Acme\"\n\
             [match]\nobject_ids = [\"1.3.6.1.4.1.99999\"]\n{rows}"
        );
        Definitions::with_overrides([("acme.toml", text)]).expect("valid")
    }

    fn number(rule: &str, arc: u32, meter: &str, proof: &str) -> String {
        format!(
            "[[number]]\nrule = \"{rule}\"\noid = \"1.3.6.1.4.1.99999.{arc}\"\nmeter = {{ {meter} }}\n\
             reason = \"a reason\"\nproof = \"{proof}\"\n"
        )
    }

    /// The letter that a page shows for a maker and a field.
    fn cell(page: &str, maker: &str, field: &str) -> Option<String> {
        let lines: Vec<&str> = page.lines().collect();
        for (at, header) in lines.iter().enumerate() {
            let cells: Vec<&str> = header.split('|').map(str::trim).collect();
            if cells.get(1) != Some(&"field") {
                continue;
            }
            let Some(place) = cells.iter().position(|cell| *cell == maker) else {
                continue;
            };
            for line in lines[at + 2..]
                .iter()
                .take_while(|line| line.starts_with('|'))
            {
                let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                if cells.get(1) == Some(&field) {
                    return cells.get(place).map(|cell| (*cell).to_owned());
                }
            }
        }
        None
    }

    #[test]
    fn a_field_has_the_letter_of_its_best_row() {
        let rows = [
            number("a", 1, "function = \"total\"", "recording acme-9"),
            number("b", 2, "function = \"total\"", "one public source"),
            number("c", 3, "function = \"copy\", color = \"mono\"", "RFC 3805"),
            number("d", 4, "function = \"scan\"", "one public source: a forum"),
        ];
        let page = page(&with(&rows.concat()));
        let letter = |field| cell(&page, "Acme", field);
        assert_eq!(letter("total").as_deref(), Some("R"));
        assert_eq!(letter("copy mono").as_deref(), Some("P"));
        assert_eq!(letter("scan").as_deref(), Some("u"));
        assert_eq!(letter("fax").unwrap_or_default(), "");
        assert!(page.contains("| acme.d@site | scan | one public source: a forum |"));
        assert!(!page.contains("| acme.c@site |"));
    }

    #[test]
    fn a_row_that_calls_itself_unproven_is_shown_as_such() {
        let row = number(
            "a",
            1,
            "function = \"total\"",
            "2 independent public sources",
        );
        let row = row.replacen("reason", "exactness = \"unproven\"\nreason", 1);
        assert_eq!(
            cell(&page(&with(&row)), "Acme", "total").as_deref(),
            Some("u")
        );
    }

    #[test]
    fn every_meter_and_level_of_the_definitions_has_its_line() {
        let definitions = Definitions::builtin();
        let page = page(&definitions);
        for row in definitions.rows() {
            if let Some((_, (_, _, words))) = line(row.subject()) {
                assert!(page.contains(&format!("| {words} |")), "{words}");
            }
        }
    }
}
