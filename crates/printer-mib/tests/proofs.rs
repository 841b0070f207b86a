//! A row that names a recording as its proof really speaks there: as what is believed, as a witness,
//! or as a part of a sum.

mod support;

use pagetally_printer_mib::{Definitions, Row, Subject};
use pagetally_snmp_engine::Oid;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use support::{Recorded, context, recordings};

/// What speaks in one recording.
#[derive(Default)]
struct Speakers {
    /// The rules of everything that is believed, and of every witness.
    rules: BTreeSet<String>,
    /// The makers that are named.
    makers: BTreeSet<String>,
    /// The inputs of sums: their names, and the objects that they come from.
    inputs: BTreeSet<(String, String)>,
}

impl Speakers {
    fn of(recorded: &Recorded, definitions: &Definitions) -> Self {
        let mut speakers = Self::default();
        let answers = recorded.recording.to_answers();
        let audit = pagetally_printer_mib::decode(&answers, &context(), definitions);
        let manufacturer = audit.identity.sources.get("manufacturer");
        let named = manufacturer.into_iter().flat_map(|from| &from.witnesses);
        let named = named.map(|witness| witness.value.to_string());
        let believed = audit.identity.manufacturer.iter().map(ToString::to_string);
        speakers.makers.extend(named.chain(believed));
        speakers.walk(&serde_json::to_value(&audit).expect("an audit is plain data"));
        speakers
    }

    fn walk(&mut self, document: &Json) {
        match document {
            Json::Object(fields) => {
                let rule = match fields.get("rule") {
                    Some(Json::Object(rule)) => rule.get("name").and_then(Json::as_str),
                    _ => None,
                };
                self.rules.extend(rule.map(str::to_owned));
                for input in fields
                    .get("inputs")
                    .and_then(Json::as_array)
                    .into_iter()
                    .flatten()
                {
                    let name = input["name"].as_str().unwrap_or_default();
                    let oid = input["source"]["oid"].as_str().unwrap_or_default();
                    self.inputs.insert((name.to_owned(), oid.to_owned()));
                }
                fields.values().for_each(|value| self.walk(value));
            }
            Json::Array(items) => items.iter().for_each(|item| self.walk(item)),
            _ => {}
        }
    }

    fn hears(&self, row: &Row<'_>, definitions: &Definitions) -> bool {
        let rule = row.rule().name.as_str();
        let is_its = |spoke: &String| {
            let row = definitions.row(spoke);
            spoke.starts_with(rule) && row.is_some_and(|row| row.rule().name.as_str() == rule)
        };
        if self.rules.iter().any(is_its) {
            return true;
        }
        // A maker's row gives its name to whatever tells the maker.
        if row.subject() == Subject::Maker {
            return row.maker().is_some_and(|maker| self.makers.contains(maker));
        }
        // A part of a sum need not be a meter of its own.
        let local = rule
            .strip_prefix(row.family())
            .and_then(|rule| rule.strip_prefix('.'));
        let (Some(local), Some(place)) = (local, row.place()) else {
            return false;
        };
        self.inputs.iter().any(|(name, oid)| {
            let oid: Option<Oid> = oid.parse().ok();
            name == local && oid.is_some_and(|oid| oid.starts_with(place))
        })
    }
}

/// The shipped definitions without what speaks about the same thing as `row`, for what is not kept
/// as a witness once another row has spoken.
fn alone(row: &Row<'_>, definitions: &Definitions) -> Definitions {
    let mut others: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for other in definitions.rows() {
        let rule = other.rule().name.as_str();
        let local = rule
            .strip_prefix(other.family())
            .and_then(|rule| rule.strip_prefix('.'));
        if let Some(local) = local
            && other.subject() == row.subject()
            && rule != row.rule().name.as_str()
        {
            others
                .entry(other.family())
                .or_default()
                .push(local.to_owned());
        }
    }
    let files = others.into_iter().map(|(family, rules)| {
        let text = format!("format = 1\nfamily = {family:?}\nversion = 1\ndisable = {rules:?}\n");
        (family, text)
    });
    // What sums add cannot be left out; of meters every voice is kept anyway.
    Definitions::with_overrides(files).unwrap_or_else(|_| definitions.clone())
}

#[test]
fn a_row_that_names_a_recording_speaks_there() {
    let definitions = Definitions::builtin();
    let recordings = recordings();
    let heard: BTreeMap<&str, Speakers> = recordings
        .iter()
        .map(|recorded| (recorded.name.as_str(), Speakers::of(recorded, &definitions)))
        .collect();
    let claims = || {
        definitions
            .rows()
            .flat_map(|row| row.proof().recordings().map(move |name| (row, name)))
    };
    let known = claims()
        .filter(|(_, name)| heard.contains_key(name))
        .count();
    if known == 0 {
        // Another folder of recordings than the one that the rows were written for.
        return;
    }
    let mut wrong = Vec::new();
    for (row, name) in claims() {
        let rule = &row.rule().name;
        match heard.get(name) {
            None => wrong.push(format!("{rule}: there is no recording {name}")),
            Some(speakers) if speakers.hears(&row, &definitions) => {}
            Some(_) => {
                let recorded = recordings.iter().find(|recorded| recorded.name == name);
                let alone = alone(&row, &definitions);
                let speaks = recorded.is_some_and(|recorded| {
                    Speakers::of(recorded, &alone).hears(&row, &definitions)
                });
                if !speaks {
                    let subject = row.subject();
                    wrong.push(format!("{rule} says nothing in {name}: {subject:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
