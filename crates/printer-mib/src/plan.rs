//! What to ask, in few stages.
//!
//! 1. Who are you: the system group, the device table, and of the Printer MIB just enough to know a
//!    printer. A device that is none is asked nothing more.
//! 2. Everything else that the standards have, and what the definitions of its family add.
//! 3. Only where another brand may hide a family's firmware and one of its probes answered: that
//!    family's rows.

mod shared;

use crate::classify::{Class, classify};
use crate::definitions::{Definitions, Family, Place, Selection};
use crate::mib::{self, TableSpec};
use pagetally_snmp_engine::reader::SharedQuery;
use pagetally_snmp_engine::{Answers, Ask, KnownLimits, NextQuery, Oid, Plan, Query};
pub(crate) use shared::Shared;
use shared::{Families, Step};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// Asks what an audit needs, in at most three stages. Drive it as [`Plan`] says.
///
/// It is a value of its own for each read of each device; the definitions are shared, and so is what
/// was worked out of them for a device of the same kind.
#[derive(Clone, Debug)]
pub struct ReadPlan {
    definitions: Definitions,
    stage: u8,
    /// The families that were asked for, once they were.
    families: Option<Families>,
    /// Whether the device says whose firmware it has: then the maker's tables are there.
    maker_is_known: bool,
}

impl ReadPlan {
    /// A plan for one read of one device.
    pub fn new(definitions: &Definitions) -> Self {
        Self {
            definitions: definitions.clone(),
            stage: 0,
            families: None,
            maker_is_known: false,
        }
    }

    /// The families that speak for the device, and those of which a probe is worth it.
    fn select(&self, so_far: &Answers) -> Families {
        let Selection { chosen, candidates } = self.definitions.select(so_far);
        let families = self.definitions.families();
        let places = |of: &mut dyn Iterator<Item = &Family>| {
            let place = |one: &Family| families.iter().position(|it| std::ptr::eq(it, one));
            of.filter_map(place).collect()
        };
        Families {
            chosen: places(&mut chosen.iter().map(|one| one.family)),
            candidates: places(&mut candidates.into_iter()),
        }
    }

    /// What all devices are asked that are at the same step.
    fn next_shared(&mut self, so_far: &Answers) -> Option<Arc<SharedQuery>> {
        self.stage = self.stage.saturating_add(1);
        let step = self.step(so_far)?;
        let query = self.definitions.shared().query(&self.definitions, step);
        query.is_open(so_far).then_some(query)
    }

    /// The step that this stage takes; nothing where there is none.
    fn step(&mut self, so_far: &Answers) -> Option<Step> {
        let is_printer = || classify(so_far, &self.definitions) == Class::Printer;
        let step = match self.stage {
            // A sweep's probe has told who it is: nothing has to be found out first.
            1 if so_far.get(&mib::SYS_OBJECT_ID).is_some() && is_printer() => {
                self.stage = 2;
                Step::Whole(self.select(so_far))
            }
            1 => return Some(Step::WhoAreYou),
            2 if is_printer() => Step::Rest(self.select(so_far)),
            3 => {
                return Some(Step::More(
                    self.families.clone()?,
                    self.select(so_far).chosen,
                ));
            }
            _ => return None,
        };
        if let Step::Whole(families) | Step::Rest(families) = &step {
            self.families = Some(families.clone());
        }
        Some(step)
    }
}

impl Plan for ReadPlan {
    fn next_query(&mut self, so_far: &Answers) -> Option<Query> {
        let query = self.next_shared(so_far)?;
        // What was told before anything was asked for is not asked for again.
        let is_open = |ask: &&Ask| !matches!(ask, Ask::Instance(oid) if so_far.get(oid).is_some());
        let asks = query.query().asks.iter().filter(is_open);
        Some(Query {
            asks: asks.cloned().collect(),
        })
    }

    fn next(&mut self, so_far: &Answers) -> Option<NextQuery> {
        let query = self.next_shared(so_far)?;
        // What `expected_rows` goes by, once `known_limits` has seen the same.
        let kind = u64::from(so_far.get(&mib::SYS_OBJECT_ID).is_some());
        Some(NextQuery::Shared { query, kind })
    }

    fn expected_rows(&self, column: &Oid) -> Option<u32> {
        mib::usual_rows(column).or_else(|| {
            let shared = self.definitions.shared();
            let is_first = shared.makers_columns(&self.definitions).get(column)?;
            // Of the parts that a definition asks for, a device has few but the first.
            let is_there = *is_first && self.maker_is_known;
            Some(if is_there { USUAL_COUNTERS } else { 0 })
        })
    }

    fn may_step_to(&self, instance: &Oid) -> bool {
        mib::is_standard(instance) || self.definitions.is_walkable(instance)
    }

    fn must_have(&self, column: &Oid) -> bool {
        mib::is_needed(column)
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

/// The first stage.
static WHO_ARE_YOU: LazyLock<Vec<Ask>> = LazyLock::new(|| {
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
});

/// What the standards have beyond it.
static THE_REST: LazyLock<Vec<Ask>> = LazyLock::new(|| {
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
});

/// Every object and column that reading may ask a device for, whichever it is: the standards' and those of
/// all rows of `definitions`. The list is closed: nothing else is ever asked for. An object that a device
/// does not give to a GET, and a column, are stepped to from the name before them.
pub fn closed_list(definitions: &Definitions) -> BTreeSet<Oid> {
    let families = definitions.families().iter();
    let rows = families.flat_map(|one| {
        let probes = one.matching.probes.iter().cloned().map(Ask::Instance);
        family(one).into_iter().chain(probes)
    });
    let standards = WHO_ARE_YOU.iter().chain(THE_REST.iter()).cloned();
    let probe = probe().asks;
    let asks = standards.chain(probe).chain(rows);
    asks.flat_map(|ask| match ask {
        Ask::Instance(oid) => vec![oid],
        Ask::Columns { columns, .. } => columns,
        _ => Vec::new(),
    })
    .collect()
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
