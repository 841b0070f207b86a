//! A device that answers as RFC 3416 says, except where a test tells it to misbehave.

#![allow(dead_code, reason = "each test file uses its own part of it")]

use pagetally_snmp_engine::message::{Message, PduKind, Response, status};
use pagetally_snmp_engine::{Oid, Value, VarBind, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Bulk {
    #[default]
    Works,
    /// No answer at all.
    Silent,
    /// genErr.
    Fails,
    /// An answer without variables.
    Empty,
    /// Every repetition is the first one.
    Repeats,
    /// Rows are left out: every second repetition comes twice.
    Backwards,
    /// tooBig instead of a shorter answer.
    TooBig,
    /// No answer where it would have more than this many octets.
    SilentOver(usize),
    /// One variable is left out, the one at this place, and those behind it move up.
    OutOfStep(usize),
    /// One variable more than was asked for.
    TooMuch,
}

pub(crate) struct Agent {
    pub(crate) values: BTreeMap<Oid, Value>,
    pub(crate) speaks: Vec<Version>,
    pub(crate) community: Vec<u8>,
    /// The largest answer.
    pub(crate) max_octets: usize,
    /// Whether a GET whose answer would be larger is answered with tooBig, or not at all.
    pub(crate) silent_when_too_big: bool,
    /// Whether a missing object fails a whole v2c GET as in v1.
    pub(crate) v1_manners: bool,
    pub(crate) bulk: Bulk,
    /// GETNEXT never ends this column: row after row.
    pub(crate) endless: Option<Oid>,
    /// What comes behind this name is, says the device, this name.
    pub(crate) stuck: Option<Oid>,
    /// Instances that answer with this error status, however they are come to.
    pub(crate) sick: BTreeMap<Oid, i64>,
    /// Instances that answer a GET with this error status, and come by GETNEXT.
    pub(crate) sick_to_get: BTreeMap<Oid, i64>,
    /// Instances that answer a GETNEXT that comes to them with this error status, and come by GET.
    pub(crate) sick_to_next: BTreeMap<Oid, i64>,
    /// Instances that GETBULK steps over.
    pub(crate) left_out: BTreeSet<Oid>,
    /// Requests that were answered or would have been.
    pub(crate) requests: u32,
    /// Every name that was asked for, by GET or as the one to go on from.
    pub(crate) asked: BTreeSet<Oid>,
    /// The most names in one request.
    pub(crate) most_names: usize,
    /// The largest answer that was sent.
    pub(crate) largest: usize,
}

pub(crate) fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

impl Agent {
    pub(crate) fn new(values: impl IntoIterator<Item = (Oid, Value)>) -> Self {
        Self {
            values: values.into_iter().collect(),
            speaks: vec![Version::V1, Version::V2c],
            community: b"public".to_vec(),
            max_octets: 1_472,
            silent_when_too_big: false,
            v1_manners: false,
            bulk: Bulk::Works,
            endless: None,
            stuck: None,
            sick: BTreeMap::new(),
            sick_to_get: BTreeMap::new(),
            sick_to_next: BTreeMap::new(),
            left_out: BTreeSet::new(),
            requests: 0,
            asked: BTreeSet::new(),
            most_names: 0,
            largest: 0,
        }
    }

    /// A device with `rows` rows in each of `columns` columns of one table, and some scalars.
    pub(crate) fn with_table(columns: u32, rows: u32) -> Self {
        let scalars = (1..=7).map(|n| (oid(&format!("1.3.6.1.2.1.1.{n}.0")), text("a scalar")));
        let cells = (1..=columns).flat_map(move |column| {
            (1..=rows).map(move |row| {
                let name = oid(&format!("1.3.6.1.2.1.43.11.1.1.{column}.1.{row}"));
                (name, Value::Integer(i64::from(column * 1_000 + row)))
            })
        });
        Self::new(scalars.chain(cells))
    }

    pub(crate) fn answer(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let message = Message::decode(datagram).expect("our own requests decode");
        if !self.speaks.contains(&message.version) || message.community != self.community {
            return None;
        }
        self.requests += 1;
        let names: Vec<Oid> = message
            .varbinds
            .clone()
            .map(|varbind| varbind.expect("our own names decode").name.to_oid())
            .collect();
        self.asked.extend(names.iter().cloned());
        self.most_names = self.most_names.max(names.len());
        let bytes = match message.kind {
            PduKind::Get => self.get(&message, &names),
            PduKind::GetNext => self.get_next(&message, &names),
            PduKind::GetBulk => self.get_bulk(&message, &names),
            _ => panic!("no such request: {:?}", message.kind),
        }?;
        self.largest = self.largest.max(bytes.len());
        Some(bytes)
    }

    fn get(&self, message: &Message<'_>, names: &[Oid]) -> Option<Vec<u8>> {
        let v1 = message.version == Version::V1 || self.v1_manners;
        let mut varbinds = Vec::new();
        for (index, name) in (1..).zip(names) {
            if let Some(status) = self.sick.get(name).or(self.sick_to_get.get(name)) {
                return Some(failure(message, *status, index, names));
            }
            let value = match self.values.get(name) {
                Some(value) => value.clone(),
                None if v1 => return Some(failure(message, status::NO_SUCH_NAME, index, names)),
                None => Value::NoSuchInstance,
            };
            varbinds.push((name.clone(), value));
        }
        self.fit(message, varbinds)
    }

    fn get_next(&self, message: &Message<'_>, names: &[Oid]) -> Option<Vec<u8>> {
        let mut varbinds = Vec::new();
        for (index, name) in (1..).zip(names) {
            match self.next(name) {
                (_, Value::EndOfMibView) if message.version == Version::V1 => {
                    return Some(failure(message, status::NO_SUCH_NAME, index, names));
                }
                (found, value) => {
                    let sick = self.sick.get(&found).or(self.sick_to_next.get(&found));
                    if let Some(status) = sick {
                        return Some(failure(message, *status, index, names));
                    }
                    varbinds.push((found, value));
                }
            }
        }
        self.fit(message, varbinds)
    }

    fn get_bulk(&self, message: &Message<'_>, names: &[Oid]) -> Option<Vec<u8>> {
        assert_eq!(message.version, Version::V2c, "v1 has no GETBULK");
        let mut varbinds = Vec::new();
        match self.bulk {
            Bulk::Works
            | Bulk::Repeats
            | Bulk::Backwards
            | Bulk::TooBig
            | Bulk::SilentOver(_)
            | Bulk::OutOfStep(_)
            | Bulk::TooMuch => {}
            Bulk::Silent => return None,
            Bulk::Fails => return Some(failure(message, status::GEN_ERR, 0, names)),
            Bulk::Empty => return self.fit(message, varbinds),
        }
        let once = usize::try_from(message.error_status).expect("non-repeaters");
        let (once, names) = names.split_at(once.min(names.len()));
        varbinds.extend(once.iter().map(|name| self.next_in_bulk(name)));
        let mut from = names.to_vec();
        for repetition in 0..message.error_index {
            let row: Vec<(Oid, Value)> = from.iter().map(|name| self.next_in_bulk(name)).collect();
            let again =
                self.bulk == Bulk::Repeats || self.bulk == Bulk::Backwards && repetition % 2 == 1;
            if !again {
                from = row.iter().map(|(name, _)| name.clone()).collect();
            } else if self.bulk == Bulk::Backwards {
                from = names.to_vec();
            }
            varbinds.extend(row);
        }
        if varbinds
            .iter()
            .any(|(name, _)| self.sick.contains_key(name) || self.sick_to_next.contains_key(name))
        {
            return Some(failure(message, status::GEN_ERR, 0, names));
        }
        match self.bulk {
            Bulk::TooBig => return self.fit(message, varbinds),
            Bulk::SilentOver(octets) => {
                let bytes = response(message, 0, 0, &varbinds);
                return (bytes.len() <= octets).then_some(bytes);
            }
            // Beside others: a row that is left out of a lone column shows nowhere.
            Bulk::OutOfStep(place) if names.len() > 1 && !varbinds.is_empty() => {
                varbinds.remove(place % varbinds.len());
            }
            Bulk::TooMuch => varbinds.extend(varbinds.last().cloned()),
            _ => {}
        }
        // RFC 3416 section 4.2.3: an answer that is too large is cut short.
        loop {
            let bytes = response(message, 0, 0, &varbinds);
            if bytes.len() <= self.max_octets {
                return Some(bytes);
            }
            varbinds.pop();
        }
    }

    fn next_in_bulk(&self, name: &Oid) -> (Oid, Value) {
        let mut found = self.next(name);
        while self.left_out.contains(&found.0) && found.1 != Value::EndOfMibView {
            found = self.next(&found.0);
        }
        if found.1 == Value::EndOfMibView {
            found.0 = name.clone();
        }
        found
    }

    fn next(&self, name: &Oid) -> (Oid, Value) {
        if let Some(column) = &self.endless
            && name.starts_with(column)
        {
            let row = name
                .index_below(column)
                .and_then(|index| index.last())
                .copied();
            return (column.child(&[row.unwrap_or(0) + 1]), Value::Integer(1));
        }
        if self.stuck.as_ref() == Some(name) {
            return (name.clone(), Value::Integer(1));
        }
        let mut behind = self
            .values
            .range::<Oid, _>((Bound::Excluded(name), Bound::Unbounded));
        let found = behind.next();
        if let Some(column) = &self.endless
            && name < column
            && found.is_none_or(|(found, _)| found > column)
        {
            return (column.child(&[1]), Value::Integer(1));
        }
        found.map_or((name.clone(), Value::EndOfMibView), |(name, value)| {
            (name.clone(), value.clone())
        })
    }

    fn fit(&self, message: &Message<'_>, varbinds: Vec<(Oid, Value)>) -> Option<Vec<u8>> {
        let bytes = response(message, 0, 0, &varbinds);
        if bytes.len() <= self.max_octets {
            return Some(bytes);
        }
        (!self.silent_when_too_big).then(|| response(message, status::TOO_BIG, 0, &[]))
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::OctetString(text.as_bytes().to_vec())
}

fn failure(message: &Message<'_>, status: i64, index: i64, names: &[Oid]) -> Vec<u8> {
    let varbinds: Vec<(Oid, Value)> = names
        .iter()
        .map(|name| (name.clone(), Value::Null))
        .collect();
    response(message, status, index, &varbinds)
}

pub(crate) fn response(
    message: &Message<'_>,
    error_status: i64,
    error_index: i64,
    varbinds: &[(Oid, Value)],
) -> Vec<u8> {
    let varbinds: Vec<VarBind> = varbinds
        .iter()
        .map(|(oid, value)| VarBind {
            oid: oid.clone(),
            value: value.clone(),
        })
        .collect();
    Response {
        version: message.version,
        community: message.community,
        id: message.request_id,
        error_status,
        error_index,
        varbinds: &varbinds,
    }
    .encode()
}
