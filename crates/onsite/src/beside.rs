//! What the network around a printer says of it, asked beside the read: its name by reverse DNS, its
//! MAC by the machine's table of neighbours.
//!
//! Neither may hold a read up. Names are looked up by [`WORKERS`] threads of their own while the printers are read;
//! when the last of them is read, names that have not come are waited for [`GRACE`] and no longer.
//! A resolver that hangs costs that, and leaves threads behind that end when it answers.
//!
//! What was found is a field of the audit with [`Source::Network`] where the device did not say it
//! itself; where it said something else, it is a witness that lost.

use crate::discovery::{Discovered, DiscoveryEvent};
use crate::neighbours::{Neighbours, mac_text};
use crate::targets::{Network, ReverseNames};
use pagetally_model::{DeviceAudit, LosingWitness, Provenance, RuleId, Source, Sources, Text};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many names are looked up at once.
const WORKERS: usize = 4;

/// How long a pass waits at its end for names that have not come.
const GRACE: Duration = Duration::from_secs(2);

/// The most names of one pass: of more printers, the rest have none.
const MAX_NAMES: usize = 16_384;

/// The version of the rules of this module.
const RULES: u32 = 1;

/// Looks names up while a discovery runs.
pub struct Beside<'n> {
    network: &'n dyn Network,
    names: Option<Lookups>,
}

struct Lookups {
    queue: Sender<IpAddr>,
    answers: Receiver<(IpAddr, Option<String>)>,
    stop: Arc<AtomicBool>,
    asked: usize,
}

impl<'n> Beside<'n> {
    /// Starts; no thread runs before the first printer is found.
    pub fn new(network: &'n dyn Network) -> Self {
        Self {
            network,
            names: None,
        }
    }

    /// Takes what happens in a discovery.
    pub fn take(&mut self, event: &DiscoveryEvent) {
        let DiscoveryEvent::Found { address } = event else {
            return;
        };
        if self.names.is_none() {
            self.names = self.network.reverse_names().map(Lookups::start);
        }
        if let Some(names) = &mut self.names
            && names.asked < MAX_NAMES
            && names.queue.send(address.ip()).is_ok()
        {
            names.asked += 1;
        }
    }

    /// Puts what was found into the audits.
    pub fn finish(self, found: &mut Discovered) {
        if found.audits.is_empty() {
            return;
        }
        let names = self.names.map(Lookups::finish).unwrap_or_default();
        let neighbours = self.network.neighbours();
        for audit in &mut found.audits {
            let Some(ip) = audit.address.map(|address| address.ip()) else {
                continue;
            };
            if let Some(name) = names.get(&ip) {
                put_name(audit, name);
            }
            if let IpAddr::V4(v4) = ip
                && let Some(mac) = neighbours.get(&v4)
                && is_own(&neighbours, *mac)
            {
                put_mac(audit, *mac);
            }
        }
    }
}

impl Lookups {
    fn start(resolver: Arc<dyn ReverseNames>) -> Self {
        let (queue, waiting) = channel::<IpAddr>();
        let (told, answers) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..WORKERS {
            let (waiting, told) = (Arc::clone(&waiting), told.clone());
            let (resolver, stop) = (Arc::clone(&resolver), Arc::clone(&stop));
            std::thread::spawn(move || {
                while let Some(ip) = next(&waiting, &stop) {
                    if told.send((ip, resolver.name_of(ip))).is_err() {
                        return;
                    }
                }
            });
        }
        Self {
            queue,
            answers,
            stop,
            asked: 0,
        }
    }

    fn finish(self) -> HashMap<IpAddr, String> {
        drop(self.queue);
        let end = Instant::now() + GRACE;
        let mut names = HashMap::new();
        for _ in 0..self.asked {
            let left = end.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok((ip, Some(name))) => {
                    names.insert(ip, name);
                }
                Ok((_, None)) => {}
                Err(_) => break,
            }
        }
        self.stop.store(true, Ordering::Relaxed);
        names
    }
}

fn next(waiting: &Mutex<Receiver<IpAddr>>, stop: &AtomicBool) -> Option<IpAddr> {
    let ip = waiting.lock().ok()?.recv().ok()?;
    (!stop.load(Ordering::Relaxed)).then_some(ip)
}

/// A router that answers for others (proxy ARP) lends its MAC to all of them: such a one tells no
/// device from another.
fn is_own(neighbours: &Neighbours, mac: [u8; 6]) -> bool {
    neighbours.values().filter(|other| **other == mac).count() == 1
}

fn put_name(audit: &mut DeviceAudit, name: &str) {
    let name = Text::clean(name.trim_end_matches('.'));
    let is_name = (1..=253).contains(&name.as_str().len())
        && name.as_str().parse::<IpAddr>().is_err()
        && !name.as_str().contains(char::is_whitespace);
    if !is_name {
        return;
    }
    let identity = &mut audit.identity;
    put(
        &mut identity.hostname,
        &mut identity.sources,
        "hostname",
        "reverse DNS",
        &name,
        |own, name| {
            // The first label is the name; the rest is where it is known.
            let first = |text: &str| text.split('.').next().unwrap_or_default().to_lowercase();
            first(own) == first(name)
        },
    );
}

fn put_mac(audit: &mut DeviceAudit, mac: [u8; 6]) {
    let identity = &mut audit.identity;
    let mac = Text::clean(&mac_text(mac));
    let digits = |text: &str| -> String {
        let digits = text.chars().filter(char::is_ascii_hexdigit);
        digits.collect::<String>().to_lowercase()
    };
    put(
        &mut identity.mac,
        &mut identity.sources,
        "mac",
        "neighbour table",
        &mac,
        |own, other| digits(own) == digits(other),
    );
}

/// The device's own word comes first; where it says the same, nothing is added.
fn put(
    field: &mut Option<Text>,
    sources: &mut Sources,
    name: &str,
    by: &str,
    value: &Text,
    same: impl Fn(&str, &str) -> bool,
) {
    let source = Source::Network {
        by: Text::clean(by),
        raw: value.clone(),
    };
    let rule = RuleId {
        name: Text::clean(&format!(
            "pagetally.{}",
            by.to_lowercase().replace(' ', "-")
        )),
        version: RULES,
    };
    match field {
        None => {
            *field = Some(value.clone());
            sources.insert(name.to_owned(), Provenance::new(source, rule));
        }
        Some(own) if same(own.as_str(), value.as_str()) => {}
        Some(_) => {
            if let Some(provenance) = sources.get_mut(name) {
                provenance.witnesses.push(LosingWitness {
                    source,
                    rule,
                    value: value.clone(),
                    reason: Text::clean("the device's own word comes first"),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
