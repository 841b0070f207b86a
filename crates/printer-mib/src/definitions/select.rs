//! Which families speak for a device.

use super::{Definitions, Family};
use crate::mib;
use pagetally_snmp_engine::{Answers, Oid, Value};

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
        let object_id = match answers.get(&mib::SYS_OBJECT_ID) {
            Some(Value::ObjectIdentifier(oid)) => Some(oid),
            _ => None,
        };
        let description = answers
            .get(&mib::SYS_DESCR)
            .and_then(Value::as_octets)
            .and_then(|octets| crate::text::decode(octets, None).clean());
        let description = description.as_ref().map_or("", |text| text.as_str());
        let mut chosen: Vec<Selected<'_>> = Vec::new();
        for family in self.families() {
            let specificity = specificity(family, object_id, description);
            if let Some(specificity) = specificity {
                chosen.push(Selected {
                    family,
                    specificity,
                    known: object_id.is_some() || is_known(family, description, answers),
                });
            }
        }
        let by_vendor = chosen.iter().any(|one| !one.family.matching.always);
        let mut candidates = Vec::new();
        for family in self.families() {
            let matching = &family.matching;
            if chosen.iter().any(|one| one.family.name == family.name) || matching.probes.is_empty()
            {
                continue;
            }
            let invited = match object_id {
                Some(oid) => matching.may_be.iter().any(|root| oid.starts_with(root)),
                None => false,
            };
            if by_vendor && !invited {
                continue;
            }
            if matching.probes.iter().any(|oid| answers.get(oid).is_some()) {
                chosen.push(Selected {
                    family,
                    specificity: 0,
                    known: true,
                });
            } else {
                candidates.push(family);
            }
        }
        chosen.sort_by_key(|one| std::cmp::Reverse(one.specificity));
        Selection { chosen, candidates }
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
