//! Which families speak for a device.

use super::{Definitions, DeviceLimits, Family};
use crate::classify::{self, Kind};
use crate::mib;
use pagetally_snmp_engine::{Answers, Oid, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One family that speaks for the device.
#[derive(Clone, Copy)]
pub(crate) struct Selected<'d> {
    pub(crate) family: &'d Family,
    /// Arcs of the sysObjectID prefix that matched: the more specific family comes first.
    pub(crate) specificity: usize,
    /// Something that the device answers speaks for the family, not only the lack of a sysObjectID:
    /// what the family says of values in standard objects holds.
    pub(crate) known: bool,
}

/// The families for a device, and those that are only worth a probe.
pub(crate) struct Selection<'d> {
    /// The most specific first.
    pub(crate) chosen: Vec<Selected<'d>>,
    /// Ask their probes: where one answers, the family is chosen too.
    pub(crate) candidates: Vec<&'d Family>,
}

impl Definitions {
    /// Chooses by sysObjectID, sysDescr and the probes that answered.
    ///
    /// A device without any sysObjectID (a broken agent, or a recording of a part) is every
    /// family's: each row then speaks for itself, and what reads standard objects in a maker's way
    /// holds for the families that it answers.
    pub(crate) fn select(&self, answers: &Answers) -> Selection<'_> {
        let named = self.named(answers);
        let has_number = named.object_id.is_some();
        let selected = |one: &NamedFamily, known: bool| {
            let family = self.families().get(one.place)?;
            let known = known || has_number || is_known(family, &named.description, answers);
            Some(Selected {
                family,
                specificity: one.specificity,
                known,
            })
        };
        let by_name = named.chosen.iter();
        let mut chosen: Vec<Selected<'_>> =
            by_name.filter_map(|one| selected(one, false)).collect();
        let mut candidates = Vec::new();
        for one in &named.probed {
            if one.is_shown(answers, self) {
                chosen.extend(selected(one, true));
            } else {
                candidates.extend(self.families().get(one.place));
            }
        }
        chosen.sort_by_key(|one| std::cmp::Reverse(one.specificity));
        Selection { chosen, candidates }
    }

    /// What the device's name tells: worked out once for all devices of that name.
    pub(crate) fn named(&self, answers: &Answers) -> Arc<Named> {
        let object_id = match answers.get(&mib::SYS_OBJECT_ID) {
            Some(Value::ObjectIdentifier(oid)) => Some(oid),
            _ => None,
        };
        let octets = answers.get(&mib::SYS_DESCR).and_then(Value::as_octets);
        let key = NameKey::of(object_id, octets);
        if let Some(named) = key.as_ref().and_then(|key| self.names().get(key)) {
            return named;
        }
        let named = Arc::new(Named::new(self, object_id, octets));
        if let Some(key) = key {
            self.names().insert(key, Arc::clone(&named));
        }
        named
    }
}

/// What sysObjectID and sysDescr tell of a device, whatever else it answers.
pub(crate) struct Named {
    object_id: Option<Oid>,
    description: String,
    /// The families that speak for it by its name.
    chosen: Vec<NamedFamily>,
    /// Those that speak for it where one of their probes answers.
    probed: Vec<NamedFamily>,
    /// What kind of thing the name stands for, and the description alone.
    pub(crate) kind: Option<Kind>,
    pub(crate) described: Option<Kind>,
}

/// A family, as it takes part for devices of one name.
pub(super) struct NamedFamily {
    place: usize,
    specificity: usize,
    limits: DeviceLimits,
}

impl NamedFamily {
    /// Whether one of its probes answered.
    fn is_shown(&self, answers: &Answers, definitions: &Definitions) -> bool {
        let family = definitions.families().get(self.place);
        let mut probes = family.into_iter().flat_map(|one| &one.matching.probes);
        probes.any(|oid| answers.get(oid).is_some())
    }

    /// What its devices of this name cannot do.
    pub(super) fn limits(&self) -> &DeviceLimits {
        &self.limits
    }
}

impl Named {
    fn new(definitions: &Definitions, object_id: Option<&Oid>, octets: Option<&[u8]>) -> Self {
        let text = octets.and_then(|octets| crate::text::decode(octets, None).clean());
        let description = text.as_ref().map_or("", |text| text.as_str());
        let families = || (0..).zip(definitions.families());
        let named = |(place, family): (usize, &Family), specificity| NamedFamily {
            place,
            specificity,
            limits: DeviceLimits::of(family, object_id, description),
        };
        let by_name = families().filter_map(|one| {
            let specificity = specificity(one.1, object_id, description)?;
            Some(named(one, specificity))
        });
        let chosen: Vec<NamedFamily> = by_name.collect();
        let is_chosen = |place: usize| chosen.iter().any(|one| one.place == place);
        let by_vendor =
            families().any(|(place, family)| is_chosen(place) && !family.matching.always);
        let is_worth_it = |(place, family): &(usize, &Family)| {
            let matching = &family.matching;
            let may_be = |oid: &Oid| matching.may_be.iter().any(|root| oid.starts_with(root));
            let invited = object_id.is_some_and(may_be);
            !is_chosen(*place) && !matching.probes.is_empty() && (!by_vendor || invited)
        };
        let probed = families().filter(is_worth_it);
        let described = classify::by_description(text.as_ref(), definitions);
        Self {
            probed: probed.map(|one| named(one, 0)).collect(),
            kind: classify::by_name(object_id, described, definitions),
            described,
            object_id: object_id.cloned(),
            description: description.to_owned(),
            chosen,
        }
    }

    /// Whether the device has told no name.
    pub(super) fn is_nameless(&self) -> bool {
        self.object_id.is_none() && self.description.is_empty()
    }

    /// The families that speak for it, by its name or by a probe.
    pub(super) fn speaking(
        &self,
        answers: &Answers,
        definitions: &Definitions,
    ) -> impl Iterator<Item = &NamedFamily> {
        let probed = self.probed.iter();
        let shown = probed.filter(|one| one.is_shown(answers, definitions));
        self.chosen.iter().chain(shown)
    }
}

/// The names that devices had, each with what it tells.
#[derive(Default)]
pub(crate) struct Names(Mutex<HashMap<NameKey, Arc<Named>>>);

/// A device's sysObjectID and sysDescr.
#[derive(PartialEq, Eq, Hash)]
struct NameKey(Vec<u8>);

impl NameKey {
    /// Names over this are no names, and not kept.
    const MAX_OCTETS: usize = 1_024;

    fn of(object_id: Option<&Oid>, octets: Option<&[u8]>) -> Option<Self> {
        let (arcs, text) = (object_id.map(Oid::arcs), octets.unwrap_or_default());
        let numbers = arcs.unwrap_or_default();
        if text.len() + 4 * numbers.len() > Self::MAX_OCTETS {
            return None;
        }
        let mut key = Vec::with_capacity(Self::MAX_OCTETS);
        key.extend([u8::from(arcs.is_some()), u8::from(octets.is_some())]);
        key.extend(u32::try_from(numbers.len()).ok()?.to_le_bytes());
        key.extend(numbers.iter().flat_map(|arc| arc.to_le_bytes()));
        key.extend(text);
        Some(Self(key))
    }
}

impl Names {
    /// Ceiling on kept names. A site has some dozens of models; devices whose sysDescr has a serial
    /// number in it, or is made up, fill it again and again, and then it is begun anew.
    const MAX_NAMES: usize = 1_024;

    fn kept(&self) -> MutexGuard<'_, HashMap<NameKey, Arc<Named>>> {
        // Whoever panicked while it was locked left whole entries.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &NameKey) -> Option<Arc<Named>> {
        self.kept().get(key).map(Arc::clone)
    }

    fn insert(&self, key: NameKey, named: Arc<Named>) {
        let mut kept = self.kept();
        if kept.len() >= Self::MAX_NAMES {
            kept.clear();
        }
        kept.insert(key, named);
    }
}

fn is_known(family: &Family, description: &str, answers: &Answers) -> bool {
    let matching = &family.matching;
    matching.always
        || matching.descriptions.iter().any(|p| p.matches(description))
        || family.first_answer(answers).is_some()
}

fn specificity(family: &Family, object_id: Option<&Oid>, description: &str) -> Option<usize> {
    let matching = &family.matching;
    if matching.always {
        return Some(0);
    }
    let Some(object_id) = object_id else {
        return Some(0);
    };
    let by_object_id = matching
        .object_ids
        .iter()
        .filter(|root| object_id.starts_with(root))
        .map(|root| root.arcs().len())
        .max();
    let by_description = || {
        matching
            .descriptions
            .iter()
            .any(|pattern| pattern.matches(description))
            .then_some(0)
    };
    by_object_id.or_else(by_description)
}
