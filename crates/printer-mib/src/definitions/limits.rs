//! What devices cannot do, as far as definitions know.

use super::Definitions;
use super::family::{Family, LimitsRow};
use pagetally_snmp_engine::{Answers, Oid};

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
    /// What a family's rows say of a device.
    pub(super) fn of(family: &Family, object_id: Option<&Oid>, description: &str) -> Self {
        let rows = family.limits.iter();
        let holding = rows.filter(|row| row.holds(object_id, description));
        holding.fold(Self::default(), |mut limits, row| {
            limits.narrow(&Self::from(row));
            limits
        })
    }

    fn narrow(&mut self, other: &Self) {
        let least = |one: Option<u16>, other: Option<u16>| one.into_iter().chain(other).min();
        self.bulk &= other.bulk;
        self.v2c &= other.v2c;
        self.max_octets = least(self.max_octets, other.max_octets);
        self.max_names = least(self.max_names, other.max_names);
    }
}

impl From<&LimitsRow> for DeviceLimits {
    fn from(row: &LimitsRow) -> Self {
        Self {
            bulk: row.bulk,
            v2c: row.v2c,
            max_octets: row.max_octets,
            max_names: row.max_names,
        }
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
        let named = self.named(answers);
        if named.is_nameless() {
            return limits;
        }
        for family in named.speaking(answers, self) {
            limits.narrow(family.limits());
        }
        limits
    }
}
