//! Probes as they are sent many thousand times: encoded once, with the id written over.

use crate::probe;
use pagetally_snmp_engine::message::v3;
use pagetally_snmp_engine::sweep::{Probe, ProbeKind};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Two ids of four octets that differ in each.
const ONE: u32 = 0x0101_0101;
const OTHER: u32 = 0x7e7e_7e7e;

/// The probes that were encoded so far. There is one for each version, community and set of names.
#[derive(Default)]
pub(crate) struct Templates {
    probes: HashMap<ProbeKind, Template>,
}

struct Template {
    bytes: Vec<u8>,
    /// Where the octets of the id stand, as often as it stands there.
    id_at: Vec<[usize; 4]>,
}

impl Templates {
    /// Writes a probe as a datagram. Says no where it cannot be encoded.
    pub(crate) fn write(
        &mut self,
        probe: &Probe,
        communities: &[Vec<u8>],
        datagram: &mut Vec<u8>,
    ) -> bool {
        let template = match self.probes.entry(probe.kind) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => match Template::new(&probe.kind, communities) {
                Some(template) => vacant.insert(template),
                None => return false,
            },
        };
        datagram.clear();
        datagram.extend_from_slice(&template.bytes);
        for places in &template.id_at {
            for (place, octet) in places.iter().zip(probe.request_id.to_be_bytes()) {
                if let Some(place) = datagram.get_mut(*place) {
                    *place = octet;
                }
            }
        }
        true
    }
}

impl Template {
    fn new(kind: &ProbeKind, communities: &[Vec<u8>]) -> Option<Self> {
        let bytes = encode(kind, communities, ONE)?;
        let other = encode(kind, communities, OTHER)?;
        let differ = bytes.iter().zip(&other).enumerate();
        let places: Vec<usize> = differ
            .filter(|(_, (one, other))| one != other)
            .map(|(place, _)| place)
            .collect();
        let (id_at, rest) = places.as_chunks::<4>();
        (rest.is_empty() && !id_at.is_empty()).then(|| Self {
            bytes,
            id_at: id_at.to_vec(),
        })
    }
}

fn encode(kind: &ProbeKind, communities: &[Vec<u8>], id: u32) -> Option<Vec<u8>> {
    match kind {
        ProbeKind::Discovery => Some(v3::encode_discovery(id)),
        ProbeKind::Next {
            version,
            community_index,
            names,
        } => {
            let community = communities.get(*community_index)?;
            let names = names.to_oids();
            Some(probe::encode(*version, community, id, &names))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_snmp_engine::RequestIds;
    use pagetally_snmp_engine::sweep::{Sweep, SweepConfig};
    use std::net::SocketAddr;
    use std::time::Duration;

    #[test]
    fn a_probe_from_a_template_is_the_probe_that_is_encoded() {
        // A community that looks like an id changes nothing.
        let communities = vec![b"public".to_vec(), vec![1, 1, 1, 1], vec![0x7e; 4]];
        let config = SweepConfig {
            communities: communities.clone(),
            try_v1: true,
            detect_refusal: true,
            timeout: Duration::from_secs(1),
            retries: 0,
        };
        let mut sweep = Sweep::new(config, RequestIds::new([9; 16]));
        for port in 1..50 {
            assert!(sweep.start(SocketAddr::from(([192, 0, 2, 1], port))));
        }
        let mut templates = Templates::default();
        let mut datagram = Vec::new();
        let mut written = 0;
        while let Some(probe) = sweep.next_probe(Duration::ZERO) {
            assert!(templates.write(&probe, &communities, &mut datagram));
            let expected = encode(&probe.kind, &communities, probe.request_id);
            assert_eq!(Some(&datagram), expected.as_ref());
            written += 1;
        }
        assert_eq!(written, 49 * 7);
    }
}
