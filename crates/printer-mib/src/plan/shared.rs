//! What all plans of one set of definitions share: devices of one kind are asked the same, and what that
//! is is worked out once.

use super::{THE_REST, WHO_ARE_YOU, family};
use crate::definitions::{Definitions, Family};
use pagetally_snmp_engine::reader::SharedQuery;
use pagetally_snmp_engine::{Ask, Oid, Query};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Families, as their places in the definitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Families {
    /// Those that speak for the device.
    pub(super) chosen: Vec<usize>,
    /// Those whose probes are asked for.
    pub(super) candidates: Vec<usize>,
}

/// What is asked for at one stage.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// Who the device is.
    WhoAreYou,
    /// All that the standards and these families have.
    Whole(Families),
    /// The same, after it was asked who it is.
    Rest(Families),
    /// What these families have, after all that those before had.
    More(Families, Vec<usize>),
}

/// What is worked out of the definitions when it is first wanted.
#[derive(Default)]
pub(crate) struct Shared {
    queries: Mutex<HashMap<Step, Arc<SharedQuery>>>,
    makers_columns: OnceLock<HashMap<Oid, bool>>,
}

impl Shared {
    /// Ceiling on kept steps. A site has some dozens of kinds of devices, three steps each; a hostile
    /// device decides which families speak for it, and so could make up many.
    const MAX_STEPS: usize = 512;

    /// What to ask for at this step.
    pub(super) fn query(&self, definitions: &Definitions, step: Step) -> Arc<SharedQuery> {
        // Whoever panicked while it was locked left whole entries.
        let mut kept = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(query) = kept.get(&step) {
            return Arc::clone(query);
        }
        let asks = work_out(definitions, &step);
        let query = Arc::new(SharedQuery::new(Query { asks }));
        if kept.len() < Self::MAX_STEPS {
            kept.insert(step, Arc::clone(&query));
        }
        query
    }

    /// The columns of makers' counters, each with whether it is of the first part of its table.
    pub(super) fn makers_columns(&self, definitions: &Definitions) -> &HashMap<Oid, bool> {
        self.makers_columns.get_or_init(|| {
            let tables = || definitions.families().iter().flat_map(|f| &f.tables);
            let mut columns = HashMap::new();
            for table in tables() {
                for root in &table.columns {
                    let parts = table.parts.iter().map(|part| root.child(part));
                    for column in std::iter::once(root.clone()).chain(parts) {
                        let is_first = is_first_part(tables(), &column);
                        columns.insert(column, is_first);
                    }
                }
            }
            columns
        })
    }
}

/// Whether a column is of the first part of the first table that it is of.
fn is_first_part<'t>(
    mut tables: impl Iterator<Item = &'t crate::definitions::TableRows>,
    column: &Oid,
) -> bool {
    let first = tables.find_map(|table| {
        let mut roots = table.columns.iter();
        let index = roots.find_map(|root| column.index_below(root))?;
        Some(table.parts.first().is_none_or(|part| part == index))
    });
    first.unwrap_or(false)
}

fn work_out(definitions: &Definitions, step: &Step) -> Vec<Ask> {
    let mut fresh = Fresh::default();
    let rows = |chosen: &[usize]| -> Vec<Ask> {
        let chosen = chosen.iter();
        let chosen = chosen.filter_map(|place| definitions.families().get(*place));
        chosen.flat_map(family).collect()
    };
    let with_probes = |families: &Families| {
        let candidates = families.candidates.iter();
        let candidates = candidates.filter_map(|place| definitions.families().get(*place));
        let probes = candidates.flat_map(|family: &Family| &family.matching.probes);
        let mut asks = THE_REST.clone();
        asks.append(&mut rows(&families.chosen));
        asks.extend(probes.cloned().map(Ask::Instance));
        asks
    };
    let mut who = fresh.only(WHO_ARE_YOU.clone());
    match step {
        Step::WhoAreYou => who,
        Step::Whole(families) => {
            who.append(&mut fresh.only(with_probes(families)));
            who
        }
        Step::Rest(families) => fresh.only(with_probes(families)),
        Step::More(families, chosen) => {
            fresh.only(with_probes(families));
            fresh.only(rows(chosen))
        }
    }
}

/// What has been asked for: nothing is asked for twice.
#[derive(Default)]
struct Fresh {
    asked: BTreeSet<Oid>,
    /// The columns among them.
    columns: Vec<Oid>,
}

impl Fresh {
    /// What is left of these when what was asked for before is taken out.
    fn only(&mut self, asks: Vec<Ask>) -> Vec<Ask> {
        let asks = asks.into_iter();
        asks.filter_map(|ask| self.only_new(ask)).collect()
    }

    fn only_new(&mut self, ask: Ask) -> Option<Ask> {
        match ask {
            // A column brings its instances.
            Ask::Instance(oid) if self.columns.iter().any(|column| oid.starts_with(column)) => None,
            Ask::Instance(oid) => self.asked.insert(oid.clone()).then_some(Ask::Instance(oid)),
            Ask::Columns {
                mut columns,
                max_rows,
            } => {
                columns.retain(|column| self.asked.insert(column.clone()));
                self.columns.extend(columns.iter().cloned());
                (!columns.is_empty()).then_some(Ask::Columns { columns, max_rows })
            }
            other => Some(other),
        }
    }
}
