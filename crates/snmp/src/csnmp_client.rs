//! Drives a read plan with a [`csnmp::Snmp2cClient`] that the caller holds already.
//!
//! For tools that are built on csnmp. It is slower than [`read_one`](crate::read_one) and speaks v2c
//! only; what it reads is the same. csnmp 0.6 has habits that this adapter works around:
//!
//! | csnmp | here |
//! | --- | --- |
//! | fails a whole GET for one missing object | the missing one is left out and the rest asked again |
//! | never looks at error-status | a GET that comes back empty is asked one by one |
//! | takes endOfMibView for a name that does not go forward | the refused variables are looked at |
//! | refuses a name that comes twice, as neighbouring columns do | one column at a time |
//! | cuts its buffer after a stray datagram and fails | asked once more |
//!
//! One thing it cannot work around: the client decodes what arrives by itself, and csnmp's decoder recurses
//! on nesting and counts no arcs. A hostile device can make such a client panic.

use csnmp::message::{BindingValue, ObjectValue, VariableBinding};
use csnmp::{ObjectIdentifier, Snmp2cClient, SnmpClientError};
use pagetally_snmp_engine::{
    Answers, Ask, Ending, GapReason, Oid, Plan, ReadGap, Value, VarBind, deny,
};
use std::ops::ControlFlow;

/// The most names in one GET: csnmp takes 40 us and 1 kB for each.
const MAX_NAMES: usize = 16;
/// The rows asked for at once, small enough for what every device can send.
const REPETITIONS: u32 = 10;
/// Ceiling on calls of the client for one device; [`Limits`](pagetally_snmp_engine::reader::Limits)
/// says why it is this large.
const MAX_CALLS: u32 = 2_500;

/// Reads the client's target by `plan`. One request is outstanding at a time; the client must not be
/// used elsewhere meanwhile, because two users of one client take each other's answers.
///
/// What must never be asked for ([`deny`]) is not asked for here either.
pub async fn read_with_csnmp(
    client: &Snmp2cClient,
    plan: &mut (impl Plan + ?Sized),
) -> (Answers, Ending) {
    let mut reading = Reading {
        client,
        answers: Answers::default(),
        silences: 0,
        calls: 0,
        bulk: true,
    };
    while let Some(query) = plan.next_query(&reading.answers) {
        reading.calls += 1; // A plan that asks for nothing, for ever, must end, too.
        let mut names = Vec::new();
        let mut columns = Vec::new();
        for ask in query.asks {
            match ask {
                Ask::Instance(name) => names.push(name),
                Ask::Columns {
                    columns: roots,
                    max_rows,
                } => columns.extend(roots.into_iter().map(|root| (root, max_rows))),
                _ => {}
            }
        }
        reading.get(names).await;
        for (root, max_rows) in columns {
            reading.column(root, max_rows).await;
        }
        if let Some(ending) = reading.must_end() {
            return (reading.answers, ending);
        }
    }
    let ending = if reading.answers.gaps().is_empty() {
        Ending::Complete
    } else {
        Ending::Gaps
    };
    (reading.answers, ending)
}

struct Reading<'c> {
    client: &'c Snmp2cClient,
    answers: Answers,
    /// Calls in a row that got no answer.
    silences: u32,
    calls: u32,
    bulk: bool,
}

/// A column on its way from its root to its end.
struct Column {
    root: Oid,
    last: (Oid, ObjectIdentifier),
    rows: u32,
    max_rows: u32,
}

/// What a call of the client came to.
enum Outcome {
    Varbinds(Vec<VariableBinding>),
    Silent,
    Unusable,
}

impl Reading<'_> {
    fn must_end(&self) -> Option<Ending> {
        if self.silences > 1 {
            Some(Ending::WentSilent)
        } else if self.calls >= MAX_CALLS || self.answers.len() >= Answers::MAX_VALUES {
            Some(Ending::BudgetSpent)
        } else {
            None
        }
    }

    fn gap(&mut self, oid: Oid, reason: GapReason) {
        self.answers.insert_gap(ReadGap { oid, reason });
    }

    /// Why nothing more is asked.
    fn end_reason(&self) -> GapReason {
        match self.must_end() {
            Some(Ending::WentSilent) => GapReason::NoAnswer,
            _ => GapReason::TooMuch,
        }
    }

    async fn get(&mut self, names: Vec<Oid>) {
        let mut askable = Vec::new();
        for name in names {
            if self.answers.get(&name).is_some() {
                continue;
            }
            match sendable(&name) {
                Some(wire) if deny::instance(&name).is_none() => askable.push((name, wire)),
                _ => self.gap(name, GapReason::NeverAsked),
            }
        }
        while !askable.is_empty() {
            let rest = askable.split_off(askable.len().min(MAX_NAMES));
            let batch = std::mem::replace(&mut askable, rest);
            self.get_batch(batch).await;
        }
    }

    /// Asks for several instances at once, leaving out one after the other that the device lacks.
    async fn get_batch(&mut self, mut batch: Vec<(Oid, ObjectIdentifier)>) {
        while batch.len() > 1 && self.must_end().is_none() {
            self.calls += 1;
            let names: Vec<ObjectIdentifier> = batch.iter().map(|(_, wire)| *wire).collect();
            match self.client.get_multiple(names).await {
                Ok(values) => {
                    self.silences = 0;
                    for (name, wire) in batch {
                        match values.get(&wire).cloned().and_then(to_value) {
                            Some(value) => self.answers.insert(VarBind { oid: name, value }),
                            None => self.gap(name, GapReason::Malformed),
                        }
                    }
                    return;
                }
                Err(SnmpClientError::FailedBinding { binding })
                    if binding.value != BindingValue::Unspecified =>
                {
                    self.silences = 0;
                    let before = batch.len();
                    batch.retain(|(_, wire)| *wire != binding.name);
                    if batch.len() == before {
                        break;
                    }
                }
                Err(SnmpClientError::TimedOut) => {
                    self.silences += 1;
                    break;
                }
                Err(_) => {
                    self.silences = 0;
                    break;
                }
            }
        }
        for (name, wire) in batch {
            self.get_one(name, wire).await;
        }
    }

    async fn get_one(&mut self, name: Oid, wire: ObjectIdentifier) {
        if self.must_end().is_some() {
            let reason = self.end_reason();
            self.gap(name, reason);
            return;
        }
        self.calls += 1;
        match self.client.get(wire).await {
            Ok(value) => {
                self.silences = 0;
                match to_value(value) {
                    Some(value) => self.answers.insert(VarBind { oid: name, value }),
                    None => self.gap(name, GapReason::Malformed),
                }
            }
            Err(SnmpClientError::TimedOut) => {
                self.silences += 1;
                self.gap(name, GapReason::NoAnswer);
            }
            Err(SnmpClientError::FailedBinding { binding })
                if binding.value != BindingValue::Unspecified =>
            {
                self.silences = 0; // The device says that it does not have it, which is no gap.
            }
            Err(_) => {
                self.silences = 0;
                self.gap(name, GapReason::Malformed);
            }
        }
    }

    async fn column(&mut self, root: Oid, max_rows: u32) {
        let Some(wire) = sendable(&root).filter(|_| deny::walk(&root).is_none()) else {
            self.gap(root, GapReason::NeverAsked);
            return;
        };
        let mut column = Column {
            last: (root.clone(), wire),
            root,
            rows: 0,
            max_rows,
        };
        let reason = loop {
            if self.must_end().is_some() {
                break Some(self.end_reason());
            }
            let before = column.rows;
            let failure = match self.next_rows(column.last.1).await {
                Outcome::Varbinds(varbinds) => match self.take_rows(&mut column, varbinds) {
                    ControlFlow::Break(reason) => break reason,
                    ControlFlow::Continue(()) if column.rows > before => continue,
                    ControlFlow::Continue(()) => GapReason::NotIncreasing,
                },
                Outcome::Silent => GapReason::NoAnswer,
                Outcome::Unusable => GapReason::Malformed,
            };
            // Whatever GETBULK failed at, GETNEXT is tried before the column is given up.
            if !std::mem::take(&mut self.bulk) {
                break Some(failure);
            }
        };
        if let Some(reason) = reason {
            self.gap(column.root, reason);
        }
    }

    /// Takes rows of a column for as long as they are some. Breaks at its end, with the reason where
    /// that is too early.
    fn take_rows(
        &mut self,
        column: &mut Column,
        varbinds: Vec<VariableBinding>,
    ) -> ControlFlow<Option<GapReason>> {
        for binding in varbinds {
            // Anything but a value is endOfMibView, or stands for it.
            let (BindingValue::Value(value), Some(name)) = (binding.value, to_oid(&binding.name))
            else {
                return ControlFlow::Break(None);
            };
            if name <= column.last.0 {
                return ControlFlow::Continue(());
            }
            if !name.starts_with(&column.root) {
                return ControlFlow::Break(None);
            }
            if column.rows == column.max_rows {
                return ControlFlow::Break(Some(GapReason::TooManyRows));
            }
            column.rows += 1;
            column.last = (name.clone(), binding.name);
            if let Some(value) = to_value(value)
                && deny::instance(&name).is_none()
            {
                self.answers.insert(VarBind { oid: name, value });
            }
        }
        ControlFlow::Continue(())
    }

    /// What lies behind a name, several rows by GETBULK or one by GETNEXT.
    async fn next_rows(&mut self, last: ObjectIdentifier) -> Outcome {
        for attempt in 0..2 {
            self.calls += 1;
            let result = if self.bulk {
                let result = self.client.get_bulk(&[last], 0, REPETITIONS).await;
                result.map(|bulk| {
                    // The map has put the rows in order and lost the endOfMibView behind them.
                    let mut rows: Vec<VariableBinding> =
                        bulk.values.into_iter().map(binding).collect();
                    if bulk.end_of_mib_view {
                        rows.push(VariableBinding {
                            name: last,
                            value: BindingValue::EndOfMibView,
                        });
                    }
                    rows
                })
            } else {
                let result = self.client.get_next(last).await;
                result.map(|row| vec![binding(row)])
            };
            let stray = matches!(result, Err(SnmpClientError::DecodingIncoming { .. }));
            if attempt == 0 && stray {
                continue;
            }
            return self.outcome(result);
        }
        Outcome::Unusable
    }

    fn outcome(&mut self, result: Result<Vec<VariableBinding>, SnmpClientError>) -> Outcome {
        if let Err(SnmpClientError::TimedOut) = result {
            self.silences += 1;
            return Outcome::Silent;
        }
        self.silences = 0;
        match result {
            Ok(varbinds) if varbinds.is_empty() => Outcome::Unusable,
            Ok(varbinds) => Outcome::Varbinds(varbinds),
            Err(
                SnmpClientError::PrecedingValue { obtained, .. }
                | SnmpClientError::NonIncreasingValue { obtained, .. }
                | SnmpClientError::DuplicateValue { obtained, .. },
            ) => Outcome::Varbinds(obtained),
            Err(SnmpClientError::FailedBinding { binding })
                if binding.value != BindingValue::Unspecified =>
            {
                Outcome::Varbinds(vec![binding])
            }
            Err(_) => Outcome::Unusable,
        }
    }
}

fn binding((name, value): (ObjectIdentifier, csnmp::ObjectValue)) -> VariableBinding {
    VariableBinding {
        name,
        value: BindingValue::Value(value),
    }
}

/// The name as csnmp has it, if BER can carry it (X.690 section 8.19.4).
fn sendable(name: &Oid) -> Option<ObjectIdentifier> {
    let carried = match name.arcs() {
        [0 | 1, second, ..] => *second < 40,
        // csnmp panics where the first two arcs need more than one octet.
        [2, second, ..] => *second < 48,
        _ => false,
    };
    let wire = || ObjectIdentifier::try_from(name.arcs()).ok();
    carried.then(wire).flatten()
}

fn to_oid(oid: &ObjectIdentifier) -> Option<Oid> {
    Oid::new(oid.as_slice()).ok()
}

fn to_value(value: ObjectValue) -> Option<Value> {
    Some(match value {
        ObjectValue::Integer(number) => Value::Integer(i64::from(number)),
        ObjectValue::String(octets) => Value::OctetString(octets),
        ObjectValue::ObjectId(oid) => Value::ObjectIdentifier(to_oid(&oid)?),
        ObjectValue::IpAddress(address) => Value::IpAddress(address),
        ObjectValue::Counter32(number) => Value::Counter32(number),
        ObjectValue::Unsigned32(number) => Value::Gauge32(number),
        ObjectValue::TimeTicks(number) => Value::TimeTicks(number),
        ObjectValue::Opaque(octets) => Value::Opaque(octets),
        ObjectValue::Counter64(number) => Value::Counter64(number),
    })
}
