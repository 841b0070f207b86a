//! What to ask, in few stages.
//!
//! 1. Who are you: the system group, the device table, and of the Printer MIB just enough to know a
//!    printer. A device that is none is asked nothing more.
//! 2. Everything else that the standards have, and what the definitions of its family add.
//! 3. Only where another brand may hide a family's firmware and one of its probes answered: that
//!    family's rows.

use crate::classify::{Class, classify};
use crate::definitions::{Definitions, Family, Place};
use crate::mib::{self, TableSpec};
use pagetally_snmp_engine::{Answers, Ask, KnownLimits, Oid, Plan, Query};
use std::collections::BTreeSet;

/// Asks what an audit needs, in at most three stages. Drive it as [`Plan`] says.
///
/// It is a value of its own for each read of each device; the definitions are shared.
#[derive(Clone, Debug)]
pub struct ReadPlan {
    definitions: Definitions,
    stage: u8,
    /// What has been asked for: nothing is asked for twice.
    asked: BTreeSet<Oid>,
    /// The columns among them.
    columns: Vec<Oid>,
    /// Whether the device says whose firmware it has: then the maker's tables are there.
    maker_is_known: bool,
}

impl ReadPlan {
    /// A plan for one read of one device.
    pub fn new(definitions: &Definitions) -> Self {
        Self {
            definitions: definitions.clone(),
            stage: 0,
            asked: BTreeSet::new(),
            columns: Vec::new(),
            maker_is_known: false,
        }
    }

    /// What the families that speak for the device need, and the probes of those that might.
    fn rows_of(&self, so_far: &Answers, with_probes: bool) -> Vec<Ask> {
        let selection = self.definitions.select(so_far);
        let mut asks: Vec<Ask> = selection
            .chosen
            .iter()
            .flat_map(|selected| family(selected.family))
            .collect();
        if with_probes {
            let probes = selection.candidates.iter();
            let probes = probes.flat_map(|family| &family.matching.probes);
            asks.extend(probes.cloned().map(Ask::Instance));
        }
        asks
    }

    /// What was told before anything was asked for is not asked for again.
    fn note_known(&mut self, so_far: &Answers) {
        self.asked.extend(so_far.iter().map(|(oid, _)| oid.clone()));
    }

    /// How many rows a maker's table probably has. Of the parts that a definition asks for, a device
    /// has few but the first.
    fn usual_rows_of_maker(&self, column: &Oid) -> Option<u32> {
        let tables = self.definitions.families().iter().flat_map(|f| &f.tables);
        for table in tables {
            for root in &table.columns {
                let Some(index) = column.index_below(root) else {
                    continue;
                };
                let first = table.parts.first().is_none_or(|part| part == index);
                let is_there = first && self.maker_is_known;
                return Some(if is_there { USUAL_COUNTERS } else { 0 });
            }
        }
        None
    }

    /// What is left of an ask when what was asked for before is taken out.
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

impl Plan for ReadPlan {
    fn next_query(&mut self, so_far: &Answers) -> Option<Query> {
        if self.stage == 0 {
            self.note_known(so_far);
        }
        self.stage = self.stage.saturating_add(1);
        let is_printer = || classify(so_far, &self.definitions) == Class::Printer;
        let asks = match self.stage {
            // A sweep's probe has told who it is: nothing has to be found out first.
            1 if so_far.get(&mib::SYS_OBJECT_ID).is_some() && is_printer() => {
                self.stage = 2;
                let mut asks = who_are_you();
                asks.append(&mut the_rest());
                asks.append(&mut self.rows_of(so_far, true));
                asks
            }
            1 => who_are_you(),
            2 if is_printer() => {
                let mut asks = the_rest();
                asks.extend(self.rows_of(so_far, true));
                asks
            }
            3 => self.rows_of(so_far, false),
            _ => Vec::new(),
        };
        let asks: Vec<Ask> = asks
            .into_iter()
            .filter_map(|ask| self.only_new(ask))
            .collect();
        (!asks.is_empty()).then_some(Query { asks })
    }

    fn expected_rows(&self, column: &Oid) -> Option<u32> {
        mib::usual_rows(column).or_else(|| self.usual_rows_of_maker(column))
    }

    fn may_step_to(&self, instance: &Oid) -> bool {
        mib::is_standard(instance) || self.definitions.is_walkable(instance)
    }

    fn known_limits(&mut self, so_far: &Answers) -> KnownLimits {
        let known = self.definitions.limits(so_far);
        let mut limits = KnownLimits::default();
        // A GETBULK runs past the ends of tables, and some makers' devices act on what lies there: before
        // the device has said whose it is, it is asked step by step.
        limits.bulk = known.bulk && so_far.get(&mib::SYS_OBJECT_ID).is_some();
        limits.max_octets = known.max_octets;
        limits.max_names = known.max_names;
        self.maker_is_known = so_far.get(&mib::SYS_OBJECT_ID).is_some();
        limits
    }
}

/// What a sweep asks an unknown address in its first packet: enough for
/// [`classify`] to say "no printer" of most that are none.
pub fn probe() -> Query {
    let instances = [&mib::SYS_DESCR, &mib::SYS_OBJECT_ID, &mib::HR_DEVICE_TYPE_1];
    let asks = instances
        .into_iter()
        .map(|oid| Ask::Instance((**oid).clone()))
        .collect();
    Query { asks }
}

/// How many counters a maker's table has of those that count for a device.
const USUAL_COUNTERS: u32 = 16;

fn who_are_you() -> Vec<Ask> {
    let mut asks: Vec<Ask> = [
        &mib::SYS_DESCR,
        &mib::SYS_OBJECT_ID,
        &mib::SYS_UP_TIME,
        &mib::SYS_CONTACT,
        &mib::SYS_NAME,
        &mib::SYS_LOCATION,
    ]
    .into_iter()
    .map(|oid| Ask::Instance((**oid).clone()))
    .collect();
    asks.push(all(&mib::HR_DEVICE));
    asks.push(all(&mib::GENERAL));
    asks.push(all(&mib::MARKER));
    asks.push(all(&mib::LOCALIZATION));
    asks.push(all(&mib::SUPPLIES));
    asks
}

fn the_rest() -> Vec<Ask> {
    // What bills and deliveries rest on comes first, so that a device that falls silent half-way
    // has told that.
    let mut asks = vec![
        all(&mib::COLORANT),
        all(&mib::HR_PRINTER),
        all(&mib::ALERT),
        all(&mib::CONSOLE),
        all(&mib::INPUT),
        all(&mib::OUTPUT),
        all(&mib::COVER),
        all(&mib::IP_AD_ENTRY),
        all(&mib::IF_ENTRY),
        all(&mib::PPM_PRINTER),
    ];
    let instances = [&mib::ENT_SERIAL, &mib::ENT_FIRMWARE, &mib::SNMP_ENGINE_ID];
    asks.extend(
        instances
            .into_iter()
            .map(|oid| Ask::Instance((**oid).clone())),
    );
    asks
}

fn all(table: &'static TableSpec) -> Ask {
    table.ask(table.columns)
}

/// What a family's rows need.
fn family(family: &Family) -> Vec<Ask> {
    let mut instances: Vec<&Oid> = Vec::new();
    let mut asks = Vec::new();
    for row in &family.identity {
        instances.extend(row.when.as_ref().map(|(oid, _)| oid));
        match &row.place {
            Place::Instance(oid) => instances.push(oid),
            Place::Column(column) => asks.push(Ask::Columns {
                columns: vec![column.clone()],
                max_rows: 64,
            }),
        }
    }
    instances.extend(family.device_ids.iter().map(|row| &row.oid));
    for row in &family.numbers {
        instances.extend(row.when.as_ref().map(|(oid, _)| oid));
        instances.push(&row.oid);
    }
    instances.extend(family.records.iter().map(|records| &records.oid));
    asks.extend(instances.into_iter().cloned().map(Ask::Instance));
    for table in &family.tables {
        let mut ask = |columns| {
            asks.push(Ask::Columns {
                columns,
                max_rows: table.max_rows,
            });
        };
        if table.parts.is_empty() {
            ask(table.columns.clone());
        }
        for part in &table.parts {
            ask(table.columns.iter().map(|root| root.child(part)).collect());
        }
    }
    asks.extend(family.supply_tables.iter().map(|table| {
        let mut columns = vec![table.description.clone()];
        columns.extend(table.fields.iter().map(|(_, column)| column.clone()));
        Ask::Columns {
            columns,
            max_rows: table.max_rows,
        }
    }));
    asks
}
