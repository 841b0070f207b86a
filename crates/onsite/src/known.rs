//! What an agent remembers of the devices of its site, so that the next pass asks them for little.
//!
//! Of each device that can be told from others the store's [`Cache`] holds, under one owner, what worked
//! with it and the last values of what moves (`latest`, after every read), and everything that its last
//! full read brought (`full`, after that one). Which device stood at which address is kept apart, for
//! all of them. Nothing of it is needed: what is lost, damaged or of another version costs a full read.
//!
//! While a scan runs, the knowledge of a device is loaded when it is read and dropped when that is over, so
//! memory grows with the devices in flight.

mod documents;
#[cfg(test)]
mod tests;

use crate::discovery::with_causes;
use documents::{AddressesDocument, FullDocument, LatestDocument, Standing, Unusable};
use pagetally_model::{DeviceAudit, Evidence, Timestamp};
use pagetally_printer_mib::{Definitions, Knowledge, Latest, QuickPlan, ReadPlan};
use pagetally_snmp::{Known, ScanConfig};
use pagetally_snmp_engine::reader::DeviceMemory;
use pagetally_snmp_engine::{Answers, Plan, Version};
use pagetally_store::{Cache, CacheSlot};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Everything that the last full read brought.
const FULL: CacheSlot = CacheSlot::new("full");
/// What worked, and the last values of what moves.
const LATEST: CacheSlot = CacheSlot::new("latest");
/// Which device stood at which address.
const ADDRESSES: CacheSlot = CacheSlot::new("addresses");

/// The owner of what belongs to no device.
const SITE: &str = "addresses";

/// Ceiling on addresses that are remembered: those of a /16, the most that one agent sweeps.
const MAX_ADDRESSES: usize = 65_536;

/// How long a device that does not answer is remembered: a holiday.
const FORGOTTEN_AFTER_MILLIS: i64 = 45 * 86_400_000;

/// What is remembered of devices, while a discovery runs.
#[derive(Debug)]
pub struct Remembered<'a> {
    cache: &'a Cache,
    full_every: Duration,
    inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    addresses: BTreeMap<SocketAddr, Standing>,
    /// Where each owner stands.
    by_owner: HashMap<String, SocketAddr>,
    /// Devices that are being read.
    loaded: HashMap<SocketAddr, Loaded>,
    /// Owners that were read in this discovery.
    read: HashSet<String>,
    /// Owners that stand at two addresses at once: nothing tells which is which.
    ambiguous: HashSet<String>,
    /// What could not be used or kept.
    troubles: u64,
}

/// What is known of a device that is being read.
#[derive(Debug)]
struct Loaded {
    owner: String,
    latest: Option<Latest>,
    knowledge: Option<Arc<Knowledge>>,
}

/// As whom a device was asked, and with what it can be read quickly.
#[derive(Debug)]
pub(crate) struct Asked {
    owner: String,
    pub(crate) knowledge: Option<Arc<Knowledge>>,
}

/// By which right a device answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Right<'a> {
    /// A community, over v1 or v2c.
    Community(&'a [u8]),
    /// A user of SNMPv3, by name. Nothing secret of it is remembered, and of which engine may hear of
    /// it nothing either: that is the [`EngineMemory`](crate::EngineMemory)'s.
    User(&'a str),
}

impl Right<'_> {
    fn hash(self) -> u64 {
        match self {
            Self::Community(community) => hash_of(&community),
            Self::User(name) => hash_of(&("SNMPv3", name)),
        }
    }
}

/// One device that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadDevice<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) right: Right<'a>,
    pub(crate) memory: &'a DeviceMemory,
    pub(crate) answers: &'a Answers,
    pub(crate) audit: &'a DeviceAudit,
    /// As whom it was asked, if it was known.
    pub(crate) asked: Option<&'a Asked>,
    /// What it was read quickly with.
    pub(crate) quick: Option<&'a Knowledge>,
}

impl<'a> Remembered<'a> {
    /// What `cache` holds. Each device is read in full at least once in `full_every`.
    pub fn open(cache: &'a Cache, full_every: Duration) -> Self {
        let remembered = Self {
            cache,
            full_every,
            inner: RefCell::default(),
        };
        let found: Option<AddressesDocument> = remembered.load(SITE, ADDRESSES);
        if let Some(found) = found {
            let mut inner = remembered.inner.borrow_mut();
            let addresses = found.addresses.into_iter().take(MAX_ADDRESSES);
            inner.addresses = addresses.collect();
            inner.by_owner = inner
                .addresses
                .iter()
                .map(|(address, standing)| (standing.owner.clone(), *address))
                .collect();
        }
        remembered
    }

    /// What is known of the device at an address, if its community or its user is still one of those
    /// that `config` names.
    pub(crate) fn known(&self, address: SocketAddr, config: &ScanConfig) -> Option<Known> {
        let standing = self.inner.borrow().addresses.get(&address).cloned()?;
        let communities = config.communities.iter();
        let mut rights = communities.map(|community| Right::Community(community));
        let community_index = rights.position(|right| right.hash() == standing.right);
        let users = config.users.iter();
        let mut rights = users.map(|user| Right::User(user.credential.name()));
        let user_index = rights.position(|right| right.hash() == standing.right);
        let found: LatestDocument = self.load(&standing.owner, LATEST)?;
        let index = match found.memory.version {
            Some(Version::V3) => user_index,
            _ => community_index,
        }?;
        let loaded = Loaded {
            owner: standing.owner,
            latest: found.latest,
            knowledge: None,
        };
        self.inner.borrow_mut().loaded.insert(address, loaded);
        Some(Known {
            community_index: index,
            memory: found.memory,
        })
    }

    /// What to ask the device at an address.
    pub(crate) fn plan(
        &self,
        address: SocketAddr,
        definitions: &Definitions,
        now: Timestamp,
    ) -> Box<dyn Plan> {
        let known = {
            let inner = self.inner.borrow();
            inner.loaded.get(&address).and_then(|loaded| {
                let latest = loaded.latest.clone()?;
                Some((loaded.owner.clone(), latest))
            })
        };
        let knowledge =
            known.and_then(|(owner, latest)| self.knowledge(&owner, latest, definitions));
        let knowledge =
            knowledge.filter(|(owner, known)| !self.is_due(owner, known.read_at(), now));
        match knowledge {
            Some((_, knowledge)) => {
                let knowledge = Arc::new(knowledge.asked_at(now));
                if let Some(loaded) = self.inner.borrow_mut().loaded.get_mut(&address) {
                    loaded.knowledge = Some(Arc::clone(&knowledge));
                }
                Box::new(QuickPlan::new(definitions, knowledge))
            }
            None => Box::new(ReadPlan::new(definitions)),
        }
    }

    fn knowledge(
        &self,
        owner: &str,
        latest: Latest,
        definitions: &Definitions,
    ) -> Option<(String, Knowledge)> {
        let found: FullDocument = self.load(owner, FULL)?;
        let mut knowledge = found.knowledge;
        let fits = knowledge
            .check(definitions)
            .and_then(|()| knowledge.update(latest));
        match fits {
            Ok(()) => Some((owner.to_owned(), knowledge)),
            Err(unfit) => {
                self.trouble(&unfit);
                None
            }
        }
    }

    /// Whether a device is to be read in full again: after three quarters of the time or later, by
    /// chance, so that what was read in one pass is not read again in one.
    fn is_due(&self, owner: &str, read_at: Timestamp, now: Timestamp) -> bool {
        let every = crate::clock::millis(self.full_every);
        let swing = every / 4;
        let spread = hash_of(&(owner, read_at.unix_millis())).checked_rem(swing + 1);
        let after = every.saturating_sub(spread.unwrap_or(0));
        let age = now.unix_millis().saturating_sub(read_at.unix_millis());
        // A clock that was set back tells nothing of the age.
        u64::try_from(age).map_or(true, |age| age >= after)
    }

    /// As whom the device at this address was asked; it is no longer held here.
    pub(crate) fn take(&self, address: SocketAddr) -> Option<Asked> {
        let loaded = self.inner.borrow_mut().loaded.remove(&address)?;
        Some(Asked {
            owner: loaded.owner,
            knowledge: loaded.knowledge,
        })
    }

    /// Keeps what a read taught.
    pub(crate) fn remember(&self, device: &ReadDevice<'_>, definitions: &Definitions) {
        let owner = owner(&device.audit.identity.evidence(), device.address);
        if !self.may_stand(&owner, device.address) {
            return;
        }
        // It was asked as what another device needs: its own ways are found out the next time.
        let is_another = device.asked.is_some_and(|asked| asked.owner != owner);
        let mut memory = match is_another {
            true => DeviceMemory::default(),
            false => device.memory.clone(),
        };
        if matches!(device.right, Right::User(_)) {
            memory.version = Some(Version::V3);
        }
        let full = match device.quick {
            Some(_) => None,
            None => Knowledge::new(device.answers, device.audit, definitions),
        };
        let latest = device
            .quick
            .or(full.as_ref())
            .map(|known| known.latest(device.answers, device.audit.time.wall));
        if latest.is_some() {
            memory.rows = BTreeMap::new(); // Knowledge has them.
        }
        // The latest values first: those of another full read are refused, and nothing is mixed.
        self.keep(&owner, LATEST, &LatestDocument::new(memory, latest));
        if let Some(knowledge) = full {
            self.keep(&owner, FULL, &FullDocument::new(knowledge));
        }
        let standing = Standing {
            owner: owner.clone(),
            right: device.right.hash(),
            seen: device.audit.time.wall,
        };
        let mut inner = self.inner.borrow_mut();
        inner.addresses.insert(device.address, standing);
        inner.by_owner.insert(owner, device.address);
    }

    /// Notes that a device was read at an address. Says no where another one was read in this
    /// discovery that cannot be told from it, or where there is no room.
    fn may_stand(&self, owner: &str, address: SocketAddr) -> bool {
        let mut inner = self.inner.borrow_mut();
        if inner.ambiguous.contains(owner) {
            inner.addresses.remove(&address);
            return false;
        }
        let before = inner.by_owner.get(owner).copied();
        let elsewhere = before.filter(|before| *before != address);
        if !inner.read.insert(owner.to_owned()) && elsewhere.is_some() {
            inner.ambiguous.insert(owner.to_owned());
            inner.by_owner.remove(owner);
            inner.addresses.remove(&address);
            if let Some(other) = elsewhere {
                inner.addresses.remove(&other);
            }
            drop(inner);
            tracing::debug!(%address, "a device cannot be told from another; both are read in full");
            if let Err(error) = self.cache.forget(owner) {
                self.trouble(&error);
            }
            return false;
        }
        // It has moved: where it stood, somebody else may stand.
        if let Some(before) = elsewhere
            && inner
                .addresses
                .get(&before)
                .is_some_and(|standing| standing.owner == owner)
        {
            inner.addresses.remove(&before);
        }
        inner.addresses.len() < MAX_ADDRESSES || inner.addresses.contains_key(&address)
    }

    /// Keeps where devices stand, and forgets those that have long been gone.
    pub(crate) fn close(&self, now: Timestamp) {
        let mut inner = self.inner.borrow_mut();
        inner.loaded.clear();
        inner.addresses.retain(|_, standing| {
            let age = now
                .unix_millis()
                .saturating_sub(standing.seen.unix_millis());
            age < FORGOTTEN_AFTER_MILLIS
        });
        let document = AddressesDocument::new(inner.addresses.clone());
        let owners: Vec<String> = inner
            .addresses
            .values()
            .map(|standing| standing.owner.clone())
            .collect();
        drop(inner);
        self.keep(SITE, ADDRESSES, &document);
        // What devices told is no device's.
        let others = [SITE, crate::traps::KEPT];
        let owners = owners.iter().map(String::as_str).chain(others);
        if let Err(error) = self.cache.keep_only(owners) {
            self.trouble(&error);
        }
        let troubles = self.inner.borrow().troubles;
        if troubles > 1 {
            tracing::warn!(
                troubles,
                "what was remembered of devices could not be used or kept; they are read in full"
            );
        }
    }

    fn load<T: documents::Document>(&self, owner: &str, slot: CacheSlot) -> Option<T> {
        let bytes = match self.cache.get(owner, slot) {
            Ok(bytes) => bytes?,
            Err(error) => {
                self.trouble(&error);
                return None;
            }
        };
        match documents::parse(&bytes) {
            Ok(document) => Some(document),
            Err(error) => {
                self.trouble(&error);
                None
            }
        }
    }

    fn keep<T: documents::Document>(&self, owner: &str, slot: CacheSlot, document: &T) {
        let kept: Result<(), Unusable> = documents::write(document).and_then(|bytes| {
            let kept = self.cache.put(owner, slot, &bytes);
            kept.map_err(Unusable::from)
        });
        if let Err(error) = kept {
            self.trouble(&error);
        }
    }

    /// Something that costs a full read. The first is told, the others are counted: a disk that is
    /// full hits every device.
    fn trouble(&self, error: &dyn std::error::Error) {
        let mut inner = self.inner.borrow_mut();
        inner.troubles += 1;
        let reason = with_causes(error);
        if inner.troubles == 1 {
            tracing::warn!(
                reason,
                "what was remembered of a device cannot be used or kept; it is read in full"
            );
        } else {
            tracing::debug!(
                reason,
                "what was remembered of a device cannot be used or kept"
            );
        }
    }
}

/// The name of a device among what is remembered: its best evidence, or where it stands if it offers
/// none. All that is remembered of it is under this name.
fn owner(evidence: &Evidence, address: SocketAddr) -> String {
    if let Some(serial) = &evidence.serial {
        return format!("serial {} {serial}", evidence.maker);
    }
    if let Some(mac) = &evidence.mac {
        return format!("mac {mac}");
    }
    match &evidence.engine_id {
        Some(engine_id) => format!("engine-id {engine_id}"),
        None => format!("address {address}"),
    }
}

/// A number for a value. It need not stay the same from one version of this program to the next.
fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
