//! How the next request is found, worked out or taken from those who came here before.

use super::super::opening::{self, Alike, Opening, SharedQuery};
use super::super::trail::{Shape, Station, Walked};
use super::super::work::Asked;
use super::{Current, DeviceReader};
use crate::exchange::Exchange;
use crate::message::{Template, VarBindRef, VarBinds};
use crate::{Answers, Ending, GapReason, KnownLimits, NextQuery};
use std::sync::Arc;

impl DeviceReader {
    /// Asks the plan until there is something to send, and makes that the current request.
    pub(super) fn next_request(&mut self) {
        let mut opens = None;
        while self.state.work.is_empty() {
            if self.look_back() {
                opens = None;
                break;
            }
            let next = self.plan.next(&self.answers);
            if next.is_none() && !self.last_round && !self.doubtful.is_empty() {
                self.last_round = true;
                for asked in std::mem::take(&mut self.doubtful) {
                    self.state.work.put_back_alone(asked);
                }
                break;
            }
            let Some(next) = next else {
                self.ending = Some(if self.answers.gaps().is_empty() {
                    Ending::Complete
                } else {
                    Ending::Gaps
                });
                return;
            };
            self.queries += 1;
            if self.queries > Self::MAX_QUERIES {
                self.ending = Some(Ending::BudgetSpent);
                return;
            }
            let limits = self.plan.known_limits(&self.answers);
            opens = match next {
                NextQuery::Own(query) => {
                    self.narrow(limits);
                    self.take_query(&query);
                    None
                }
                NextQuery::Shared { query, kind } => {
                    let alike = self.alike(kind, limits);
                    let known = alike.as_ref().and_then(|alike| query.first(alike));
                    if let Some(first) = known {
                        self.stand_at(first);
                        return;
                    }
                    self.narrow(limits);
                    let gaps = self.answers.gaps().len();
                    self.take_query(query.query());
                    // An opening that leaves gaps is no opening for others.
                    let alike = alike.filter(|_| self.answers.gaps().len() == gaps);
                    alike.map(|alike| (query, alike))
                }
            };
        }
        if self.stats.requests >= self.limits.requests {
            self.stop(Ending::BudgetSpent, GapReason::TooMuch);
            return;
        }
        let state = &mut *self.state;
        let Some(asked) = state.work.take(&state.sizes, state.manner) else {
            return;
        };
        if let Some((query, alike)) = opens {
            self.keep_opening(&query, alike, &asked);
        }
        self.stats.requests += 1;
        self.begin(Arc::new(asked), None);
    }

    /// Makes what is asked the current request.
    pub(super) fn begin(&mut self, asked: Arc<Asked>, station: Option<Arc<Station>>) {
        let id = self.ids.id(&self.stats.requests);
        let template = station.as_ref().and_then(|it| it.template.as_ref());
        let bytes = if let Some(template) = template {
            let mut bytes = Vec::new();
            template.write(id, &mut bytes);
            bytes
        } else {
            let names = asked.names();
            let names = names.iter().map(AsRef::as_ref);
            self.session
                .encode(&self.ids, self.now, asked.kind(), id, names)
        };
        let retry = self.session.retry;
        let wait = self.round_trip.wait().unwrap_or(retry.timeout);
        self.current = Some(Current {
            exchange: Exchange::new(bytes, id, retry).first_wait(wait),
            asked,
            station,
        });
    }

    fn template(&self, asked: &Asked) -> Option<Template> {
        self.session.template(asked.kind(), &opening::names(asked))
    }

    /// All that decides what a shared query's first request is. Nothing where more does: what was
    /// learnt of this device, or that it has used up its requests.
    fn alike(&self, kind: u64, limits: KnownLimits) -> Option<Alike> {
        let is_usual = self.memory.rows.is_empty() && self.stats.requests < self.limits.requests;
        (is_usual && self.state.is_common()).then(|| Alike {
            kind,
            limits,
            state: self.state.clone(),
            index: Arc::clone(self.answers.index()),
            community: self.session.asks_with().map(<[u8]>::to_vec),
            bulk_checked: self.memory.bulk_checked,
        })
    }

    /// Keeps the first request of a query for those who are asked alike.
    fn keep_opening(&self, query: &SharedQuery, alike: Alike, asked: &Asked) {
        let template = self.template(asked);
        let first = Station::first(asked.clone(), template, self.state.clone());
        let first = Arc::new(first);
        query.keep(Opening { alike, first });
    }

    /// Asks what others asked.
    fn stand_at(&mut self, station: Arc<Station>) {
        self.stats.requests += 1;
        self.state = station.state.clone();
        self.begin(Arc::clone(&station.asked), Some(station));
    }

    /// Takes the answer to what others asked, too, if it has the names of one of theirs: by what was
    /// worked out of that. Says whether it has.
    pub(super) fn follow(&mut self, station: &Station, varbinds: &VarBinds<'_>) -> bool {
        if self.stats.requests >= self.limits.requests {
            return false;
        }
        let Some((leg, values, tolerated)) = station.leg(varbinds, self.answer_octets) else {
            return false;
        };
        let kept = || leg.kept.iter().filter_map(|place| at(&values, *place));
        let octets = self.octets + kept().map(|(_, octets)| octets).sum::<usize>();
        let count = self.answers.len() + leg.kept.len();
        if octets > self.limits.octets || count >= Answers::MAX_VALUES {
            return false;
        }
        self.octets = octets;
        self.stats.tolerated = self.stats.tolerated.union(tolerated);
        let kept = kept().map(|(value, _)| value.to_value());
        self.answers.go_on_to(&leg.index, kept);
        match &leg.next {
            Some(next) => self.stand_at(Arc::clone(next)),
            None => self.state = leg.state.clone(),
        }
        true
    }

    /// Takes the answer to what others asked, too, by itself. What comes of it is kept.
    pub(super) fn go_ahead(
        &mut self,
        station: &Arc<Station>,
        asked: Arc<Asked>,
        varbinds: &[VarBindRef<'_>],
    ) {
        let shape = Shape::of(varbinds, self.answer_octets);
        let shape = shape.filter(|_| station.has_room());
        let (known, gaps) = (self.answers.len(), self.answers.gaps().len());
        self.kept = shape.as_ref().map(|_| Vec::with_capacity(varbinds.len()));
        self.handle_varbinds(Arc::unwrap_or_clone(asked), varbinds);
        let kept = self.kept.take();
        let is_smooth = self.ending.is_none()
            && self.broken.is_empty()
            && self.answers.gaps().len() == gaps
            && kept.as_ref().map(Vec::len) == self.answers.len().checked_sub(known);
        if let (Some(shape), Some(kept), true) = (shape, kept, is_smooth) {
            let index = Arc::clone(self.answers.index());
            self.pave(Walked::new(Arc::clone(station), shape, kept, index));
        }
    }

    /// Finds what is asked behind what was walked, and keeps both for those who come after. That is done
    /// at once: they come close behind.
    fn pave(&mut self, walked: Walked) {
        if self.state.work.is_empty() && !self.look_back() {
            let leg = walked.keep(&self.state, None);
            if let Some(leg) = leg.filter(|leg| leg.next.is_none()) {
                self.state = leg.state.clone();
            }
            return;
        }
        // What is seen once more, or counts what is in vain, is for this device alone.
        let is_own = !self.state.work.rechecks.is_empty() || !self.state.work.steps.is_empty();
        if is_own || self.stats.requests >= self.limits.requests {
            return;
        }
        let state = &mut *self.state;
        let Some(asked) = state.work.take(&state.sizes, state.manner) else {
            return;
        };
        self.stats.requests += 1;
        let template = self.template(&asked);
        let leg = walked.keep(&self.state, Some((asked.clone(), template)));
        match leg.and_then(|leg| leg.next.clone()) {
            Some(next) => {
                self.state = next.state.clone();
                self.begin(Arc::clone(&next.asked), Some(next));
            }
            None => self.begin(Arc::new(asked), None),
        }
    }
}

fn at<T>(all: &[T], place: u32) -> Option<&T> {
    all.get(usize::try_from(place).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Retry;
    use crate::message::{Message, Response};
    use crate::reader::{Limits, Session, Step};
    use crate::{Ask, Oid, Plan, Query, RequestIds, Value, VarBind, Version};
    use std::time::Duration;

    struct Once(Option<Arc<SharedQuery>>);

    impl Plan for Once {
        fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
            Some(self.0.take()?.query().clone())
        }

        fn next(&mut self, _so_far: &Answers) -> Option<NextQuery> {
            let query = self.0.take()?;
            Some(NextQuery::Shared { query, kind: 0 })
        }
    }

    /// A device whose objects all have this value.
    fn read(query: &Arc<SharedQuery>, value: &Value) -> Answers {
        let retry = Retry {
            timeout: Duration::from_secs(1),
            retries: 0,
        };
        let session = Session::community(Version::V2c, b"public", retry);
        let plan = Box::new(Once(Some(Arc::clone(query))));
        let ids = RequestIds::new([1; 16]);
        let mut reader = DeviceReader::new(session, Limits::default(), ids, plan);
        while let Step::Send(request) = reader.poll(Duration::ZERO) {
            let request = Message::decode(request).expect("our own request");
            let names = request
                .varbinds
                .map(|one| one.expect("our own").to_varbind());
            let varbinds: Vec<VarBind> = names
                .map(|one| VarBind {
                    value: value.clone(),
                    ..one
                })
                .collect();
            let answer = Response {
                version: Version::V2c,
                community: b"public",
                id: request.request_id,
                error_status: 0,
                error_index: 0,
                varbinds: &varbinds,
            };
            reader
                .handle_datagram(&answer.encode())
                .expect("the answer");
        }
        reader.into_result().0
    }

    #[test]
    fn the_names_of_devices_that_answer_alike_are_kept_once() {
        let instance =
            |n: u32| Ask::Instance(Oid::new([1, 3, 6, 1, 2, 1, 1, n, 0]).expect("short"));
        let asks = (1..200).map(instance).collect();
        let query = Arc::new(SharedQuery::new(Query { asks }));
        let [first, second, third, other, fifth] =
            [1, 2, 3, 70_000, 5].map(|number| match number {
                70_000 => read(&query, &Value::NoSuchInstance),
                number => read(&query, &Value::Integer(number)),
            });
        assert_eq!(first.len(), 199);
        assert!(other.is_empty(), "it has none of them");
        for (answers, number) in [(&second, 2), (&third, 3), (&fifth, 5)] {
            assert!(
                answers
                    .iter()
                    .all(|(_, value)| *value == Value::Integer(number))
            );
            assert!(
                answers
                    .iter()
                    .map(|(name, _)| name)
                    .eq(first.iter().map(|(name, _)| name))
            );
        }
        // The first one opened the way, the second one walked it to its end.
        assert!(!Arc::ptr_eq(first.index(), second.index()));
        assert!(Arc::ptr_eq(second.index(), third.index()));
        assert!(Arc::ptr_eq(second.index(), fifth.index()));
    }
}
