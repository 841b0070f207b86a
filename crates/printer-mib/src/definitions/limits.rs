//! What devices cannot do, as far as definitions know.

use super::Definitions;
use super::family::LimitsRow;
use crate::mib;
use pagetally_snmp_engine::{Answers, Oid, Value};

/// What a device cannot do when it is asked, by its sysObjectID and sysDescr.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceLimits {
    /// Whether GETBULK may be used.
    pub bulk: bool,
    /// Whether SNMPv2c may be used.
    pub v2c: bool,
    /// The most octets that it sends in one datagram, where known.
    pub max_octets: Option<u16>,
    /// The most names that it takes in one request, where known.
    pub max_names: Option<u16>,
}

impl Default for DeviceLimits {
    /// No limits.
    fn default() -> Self {
        Self {
            bulk: true,
            v2c: true,
            max_octets: None,
            max_names: None,
        }
    }
}

impl DeviceLimits {
    fn narrow(&mut self, row: &LimitsRow) {
        let least = |one: Option<u16>, other: Option<u16>| one.into_iter().chain(other).min();
        self.bulk &= row.bulk;
        self.v2c &= row.v2c;
        self.max_octets = least(self.max_octets, row.max_octets);
        self.max_names = least(self.max_names, row.max_names);
    }
}

impl Definitions {
    /// Whether a walk shows this object wherever a device has it.
    pub(crate) fn is_walkable(&self, instance: &Oid) -> bool {
        let limits = self.families().iter().flat_map(|family| &family.limits);
        let mut roots = limits.flat_map(|row| &row.walkable);
        roots.any(|root| instance.starts_with(root))
    }

    /// What the device cannot do, as far as its sysObjectID and sysDescr among `answers` tell; no
    /// limits where they tell nothing.
    pub fn limits(&self, answers: &Answers) -> DeviceLimits {
        let mut limits = DeviceLimits::default();
        let object_id = match answers.get(&mib::SYS_OBJECT_ID) {
            Some(Value::ObjectIdentifier(oid)) => Some(oid),
            _ => None,
        };
        let octets = answers.get(&mib::SYS_DESCR).and_then(Value::as_octets);
        let description = octets.and_then(|octets| crate::text::decode(octets, None).clean());
        let description = description.as_ref().map_or("", |text| text.as_str());
        if object_id.is_none() && description.is_empty() {
            return limits;
        }
        for selected in self.select(answers).chosen {
            let rows = selected.family.limits.iter();
            rows.filter(|row| row.holds(object_id, description))
                .for_each(|row| limits.narrow(row));
        }
        limits
    }
}
