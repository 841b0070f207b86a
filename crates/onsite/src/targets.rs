//! From what a person or a settings document names to the addresses that a pass looks at.
//!
//! Ranges are kept as disjoint spans, never as one entry an address, so that a /8 costs nothing
//! until it is swept and [`TargetPlan::count`] can be shown before the first datagram.

use crate::neighbours::{self, Neighbours};
use crate::platform;
use pagetally_model::exclusions::{self, Exclusion, MacPrefix};
use pagetally_model::{Outcome, Text, Witness, targets};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

mod spans;

use spans::Spans;

/// Ceiling on the addresses of one pass: a /8, as for one target. More is a mistake, not a site.
pub const MAX_ADDRESSES: u64 = targets::MAX_ADDRESSES;

/// Own networks larger than a /20 (4,094 hosts) are looked at only around the machine's own
/// address: container bridges and carrier networks are /16 and hold no printers.
pub const WIDEST_OWN_PREFIX: u8 = 20;

/// How many names are resolved at once: a dead name server must not cost a timeout for each.
const RESOLVERS: usize = 16;

/// One network that this machine is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnSubnet {
    /// The machine's own address in it.
    pub address: Ipv4Addr,
    /// The network's prefix length.
    pub prefix: u8,
}

impl OwnSubnet {
    /// The block that is looked at: all of it, or of a wide one the /24 around the machine.
    pub fn block(self) -> String {
        let prefix = if self.prefix < WIDEST_OWN_PREFIX {
            24
        } else {
            self.prefix
        };
        format!("{}/{prefix}", self.address)
    }
}

/// One IPv6 network that this machine is on. It is not looked at: even the smallest common one, a /64,
/// has more addresses than a century has microseconds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnV6Network {
    /// The machine's own address in it.
    pub address: Ipv6Addr,
    /// The network's prefix length.
    pub prefix: u8,
    /// The interface's name: the zone of its link-local addresses.
    pub interface: String,
}

/// What this module needs of the machine; a test hands in its own.
pub trait Network: Sync {
    /// All addresses of a host name.
    ///
    /// # Errors
    ///
    /// The resolver's own.
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;

    /// The networks that this machine is on.
    ///
    /// # Errors
    ///
    /// Where the interfaces cannot be listed.
    fn own_subnets(&self) -> io::Result<Vec<OwnSubnet>>;

    /// The IPv6 networks that this machine is on; none unless an implementation says otherwise.
    ///
    /// # Errors
    ///
    /// Where the interfaces cannot be listed.
    fn own_v6_networks(&self) -> io::Result<Vec<OwnV6Network>> {
        Ok(Vec::new())
    }

    /// The number of an interface, for the zone of a link-local address.
    fn zone_index(&self, zone: &str) -> Option<u32>;

    /// The machine's own table of neighbours; empty where nothing is known, as it is unless an
    /// implementation says otherwise.
    fn neighbours(&self) -> Neighbours {
        Neighbours::new()
    }

    /// Who tells the name of an address, where somebody does.
    fn reverse_names(&self) -> Option<Arc<dyn ReverseNames>> {
        None
    }
}

/// Tells names of addresses. It is asked by threads of its own, and may take its time.
pub trait ReverseNames: Send + Sync {
    /// The name of an address, where it has one.
    fn name_of(&self, address: IpAddr) -> Option<String>;
}

/// The machine that this runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisMachine;

impl Network for ThisMachine {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        platform::resolve(name)
    }

    fn own_subnets(&self) -> io::Result<Vec<OwnSubnet>> {
        platform::own_subnets()
    }

    fn own_v6_networks(&self) -> io::Result<Vec<OwnV6Network>> {
        platform::own_v6_networks()
    }

    fn zone_index(&self, zone: &str) -> Option<u32> {
        platform::zone_index(zone)
    }

    fn neighbours(&self) -> Neighbours {
        neighbours::read()
    }

    fn reverse_names(&self) -> Option<Arc<dyn ReverseNames>> {
        Some(Arc::new(*self))
    }
}

impl ReverseNames for ThisMachine {
    fn name_of(&self, address: IpAddr) -> Option<String> {
        platform::name_of(address)
    }
}

/// Targets that cannot be turned into addresses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetsError {
    /// Text that names no target.
    #[error(transparent)]
    Target(#[from] targets::TargetError),
    /// Together more addresses than one pass looks at.
    #[error("the targets name {count} addresses; one pass looks at no more than {MAX_ADDRESSES}")]
    TooMany {
        /// How many they name, exclusions taken away.
        count: u64,
    },
    /// Ranges that fall into more pieces than are kept.
    #[error(
        "target {text:?} falls into more than {} separate ranges; write it as a block or a span",
        spans::MAX_SPANS
    )]
    TooScattered {
        /// The target during which the ceiling was reached.
        text: String,
    },
    /// The machine's own interfaces could not be listed.
    #[error("cannot list this machine's network interfaces")]
    Interfaces(#[source] io::Error),
    /// Nothing was named and the machine is on no network.
    #[error(
        "no targets are named and this machine has no IPv4 network with neighbours; name its printers \
         by address or name, IPv6 ones with their zone (fe80::1%eth0)"
    )]
    NoOwnSubnet,
}

/// One address to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetAddress {
    /// The address.
    pub ip: IpAddr,
    /// The interface's number, for a link-local IPv6 address; otherwise 0.
    pub scope: u32,
}

impl TargetAddress {
    /// Without its port.
    pub(crate) fn of(address: SocketAddr) -> Self {
        let scope = match address {
            SocketAddr::V6(address) => address.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        Self {
            ip: address.ip(),
            scope,
        }
    }
}

/// A name that has no address now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// The name.
    pub name: Text,
    /// What the resolver said.
    pub reason: Text,
}

/// What is to be looked at, in the words of [`targets::parse`], and what is not, in those of
/// [`exclusions::parse`].
#[derive(Clone, Copy, Debug, Default)]
pub struct TargetSpec<'a> {
    /// Where to look; nothing means the machine's own networks.
    pub includes: &'a [String],
    /// Where to look besides, whichever of the two is meant.
    pub extra: &'a [String],
    /// Where never to look.
    pub exclusions: &'a [String],
}

/// The addresses of one pass: each once, exclusions taken away.
#[derive(Clone, Debug, Default)]
pub struct TargetPlan {
    v4: Spans,
    /// With the number of the zone: the same link-local address in two zones is two devices.
    v6: BTreeSet<(Ipv6Addr, u32)>,
    macs: Vec<MacPrefix>,
    /// Who is not asked in this pass, and what is said of him instead.
    alone: BTreeMap<TargetAddress, (Outcome, Witness)>,
    /// The name that an address was given by: a host name, or an address with its zone.
    names: BTreeMap<TargetAddress, Text>,
    unresolved: Vec<Unresolved>,
    own: Vec<OwnSubnet>,
    own_v6: Vec<OwnV6Network>,
}

impl TargetPlan {
    /// Reads `spec` and asks `network` for the addresses of names and, where nothing is included,
    /// for the machine's own networks.
    ///
    /// A name stands for one device: of several addresses the first IPv4 one is taken, else the
    /// first IPv6 one. A name that cannot be resolved is kept in [`unresolved`](Self::unresolved)
    /// and becomes an observation; a name that is excluded and cannot be resolved excludes
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`TargetsError`] with the target concerned.
    pub fn new(spec: &TargetSpec<'_>, network: &dyn Network) -> Result<Self, TargetsError> {
        let mut plan = Self::default();
        if spec.includes.is_empty() {
            plan.own = network.own_subnets().map_err(TargetsError::Interfaces)?;
            plan.own_v6 = network
                .own_v6_networks()
                .map_err(TargetsError::Interfaces)?;
            if plan.own.is_empty() && spec.extra.is_empty() {
                return Err(TargetsError::NoOwnSubnet);
            }
            let own: Vec<String> = plan.own.iter().map(|subnet| subnet.block()).collect();
            plan.include(&own, network)?;
        }
        plan.include(spec.includes, network)?;
        plan.include(spec.extra, network)?;
        plan.exclude(spec.exclusions, network)?;
        let count = plan.count();
        if count > MAX_ADDRESSES {
            return Err(TargetsError::TooMany { count });
        }
        Ok(plan)
    }

    fn include(&mut self, texts: &[String], network: &dyn Network) -> Result<(), TargetsError> {
        let mut names = Vec::new();
        for text in texts {
            match targets::parse(text)? {
                targets::Target::V6 { address, zone } => match zone_scope(zone.as_deref(), network)
                {
                    Some(scope) => {
                        self.v6.insert((address, scope));
                        if scope > 0 {
                            let target = TargetAddress {
                                ip: IpAddr::V6(address),
                                scope,
                            };
                            self.names.insert(target, Text::clean(text.trim()));
                        }
                    }
                    None => self.unresolved.push(Unresolved {
                        name: Text::clean(text),
                        reason: Text::clean("its zone is no interface of this machine"),
                    }),
                },
                targets::Target::Name(name) => names.push(name),
                target => self.v4.add(&target).map_err(|_| too_scattered(text))?,
            }
        }
        names.sort_unstable();
        names.dedup();
        for (name, answer) in resolve_all(&names, network) {
            match answer {
                Ok(address) => self.include_named(&name, address)?,
                Err(reason) => self.unresolved.push(Unresolved {
                    name: Text::clean(&name),
                    reason: Text::clean(&reason),
                }),
            }
        }
        self.v4.merge();
        Ok(())
    }

    fn include_named(&mut self, name: &str, address: IpAddr) -> Result<(), TargetsError> {
        let target = TargetAddress {
            ip: address,
            scope: 0,
        };
        self.names
            .entry(target)
            .or_insert_with(|| Text::clean(name));
        match address {
            IpAddr::V4(v4) => {
                let target = targets::Target::Span(v4, v4);
                self.v4.add(&target).map_err(|_| too_scattered(name))
            }
            IpAddr::V6(v6) => {
                self.v6.insert((v6, 0));
                Ok(())
            }
        }
    }

    fn exclude(&mut self, texts: &[String], network: &dyn Network) -> Result<(), TargetsError> {
        let mut holes = Spans::default();
        for text in texts {
            match exclusions::parse(text)? {
                Exclusion::Mac(prefix) => self.macs.push(prefix),
                Exclusion::V6Block { address, length } => self
                    .v6
                    .retain(|(ip, _)| !exclusions::block_contains(address, length, *ip)),
                Exclusion::Target(target) => {
                    self.exclude_target(text, target, &mut holes, network)?
                }
                _ => {}
            }
        }
        holes.merge();
        self.v4 = self.v4.without(&holes);
        Ok(())
    }

    fn exclude_target(
        &mut self,
        text: &str,
        target: targets::Target,
        holes: &mut Spans,
        network: &dyn Network,
    ) -> Result<(), TargetsError> {
        let mut add = |target| holes.add(&target).map_err(|_| too_scattered(text));
        match target {
            targets::Target::V6 { address, zone } => {
                let zone = zone.map(|zone| network.zone_index(&zone));
                self.v6.retain(|(ip, scope)| {
                    *ip != address || zone.is_some_and(|zone| zone != Some(*scope))
                });
            }
            targets::Target::Name(name) => {
                self.unresolved
                    .retain(|entry| entry.name.as_str() != name.as_str());
                for address in network.resolve(&name).unwrap_or_default() {
                    match address {
                        IpAddr::V4(v4) => add(targets::Target::Span(v4, v4))?,
                        IpAddr::V6(v6) => self.v6.retain(|(ip, _)| *ip != v6),
                    }
                }
            }
            target => add(whole_block(text, target))?,
        }
        Ok(())
    }

    /// MAC prefixes of devices that are left alone.
    pub fn excluded_macs(&self) -> &[MacPrefix] {
        &self.macs
    }

    /// Leaves an address alone in this pass, where it is one of the plan's: it is not asked, and this
    /// is what is said of it.
    pub(crate) fn leave_alone(&mut self, address: TargetAddress, said: Outcome, by: Witness) {
        let is_meant = match address.ip {
            IpAddr::V4(ip) => self.v4.contains(ip),
            IpAddr::V6(ip) => self.v6.contains(&(ip, address.scope)),
        };
        if is_meant {
            self.alone.insert(address, (said, by));
        }
    }

    /// Who is left alone, and what is said of him.
    pub(crate) fn left_alone(&self) -> impl Iterator<Item = (TargetAddress, &(Outcome, Witness))> {
        self.alone.iter().map(|(address, said)| (*address, said))
    }

    /// How many addresses there are, those that are left alone among them.
    pub fn count(&self) -> u64 {
        self.v4.count() + self.v6.len() as u64
    }

    /// Whether an address is among them, in whichever zone.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(v4) => self.v4.contains(v4),
            IpAddr::V6(v6) => self.v6.iter().any(|(known, _)| *known == v6),
        }
    }

    /// Every address, IPv4 before IPv6, in order.
    pub fn addresses(&self) -> impl Iterator<Item = TargetAddress> + '_ {
        let v4 = self.v4.addresses().map(|ip| TargetAddress {
            ip: IpAddr::V4(ip),
            scope: 0,
        });
        let v6 = self.v6.iter().map(|(ip, scope)| TargetAddress {
            ip: IpAddr::V6(*ip),
            scope: *scope,
        });
        v4.chain(v6)
    }

    /// Every address that is asked: those that are left alone are not.
    pub fn asked(&self) -> impl Iterator<Item = TargetAddress> + '_ {
        self.addresses()
            .filter(|address| !self.alone.contains_key(address))
    }

    /// The name that an address was given by; of a link-local address, the address with its zone.
    pub fn name_of(&self, address: TargetAddress) -> Option<&Text> {
        self.names.get(&address)
    }

    /// Names that have no address now.
    pub fn unresolved(&self) -> &[Unresolved] {
        &self.unresolved
    }

    /// The machine's own networks, where nothing was named; those wider than
    /// [`WIDEST_OWN_PREFIX`] are only looked at in the /24 around the machine.
    pub fn own_subnets(&self) -> &[OwnSubnet] {
        &self.own
    }

    /// The machine's own IPv6 networks, where nothing was named: none of their addresses is looked at.
    pub fn own_v6_networks(&self) -> &[OwnV6Network] {
        &self.own_v6
    }
}

/// An excluded block is excluded whole, its network and broadcast addresses included, which a
/// block to be swept leaves out.
fn whole_block(text: &str, target: targets::Target) -> targets::Target {
    match target {
        targets::Target::Span(first, last) if text.contains('/') && first != last => {
            // Blocks are aligned: their true ends differ from the hosts' only by these bits.
            let bits = u32::from(first) ^ u32::from(last);
            let mask = u32::MAX.checked_shr(bits.leading_zeros()).unwrap_or(0);
            targets::Target::Span(
                Ipv4Addr::from(u32::from(first) & !mask),
                Ipv4Addr::from(u32::from(last) | mask),
            )
        }
        other => other,
    }
}

fn too_scattered(text: &str) -> TargetsError {
    TargetsError::TooScattered {
        text: text.chars().take(80).collect(),
    }
}

fn zone_scope(zone: Option<&str>, network: &dyn Network) -> Option<u32> {
    zone.map_or(Some(0), |zone| network.zone_index(zone))
}

/// Each name with its one address or the reason why it has none, in the order of `names`.
fn resolve_all(names: &[String], network: &dyn Network) -> Vec<(String, Result<IpAddr, String>)> {
    let next = AtomicUsize::new(0);
    let mut answers: Vec<(usize, Result<IpAddr, String>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..RESOLVERS.min(names.len()))
            .map(|_| {
                scope.spawn(|| {
                    let mut own = Vec::new();
                    while let Some((index, name)) = {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        names.get(index).map(|name| (index, name))
                    } {
                        own.push((index, resolve_one(name, network)));
                    }
                    own
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_default())
            .collect()
    });
    answers.sort_by_key(|(index, _)| *index);
    answers
        .into_iter()
        .filter_map(|(index, answer)| Some((names.get(index)?.clone(), answer)))
        .collect()
}

fn resolve_one(name: &str, network: &dyn Network) -> Result<IpAddr, String> {
    let addresses = network
        .resolve(name)
        .map_err(|error| format!("the name cannot be resolved: {error}"))?;
    addresses
        .iter()
        .find(|address| address.is_ipv4())
        .or_else(|| addresses.first())
        .copied()
        .ok_or_else(|| "the name has no address".to_owned())
}

/// Reads a list of targets, as a file behind `@` holds it: one or more a line, separated by blanks
/// or commas; `#` begins a comment. Nothing is checked but the shape.
pub fn parse_list(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .flat_map(|(index, line)| {
            let line = line.split('#').next().unwrap_or_default();
            line.split(|character: char| character.is_whitespace() || character == ',')
                .filter(|part| !part.is_empty())
                .map(move |part| (index + 1, part.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests;
