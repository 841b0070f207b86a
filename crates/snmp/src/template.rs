//! Probes as they are sent many thousand times: encoded once, with the id written over.

use crate::probe;
use pagetally_snmp_engine::message::{Template, v3};
use pagetally_snmp_engine::sweep::{Probe, ProbeKind};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The probes that were encoded so far. There is one for each version, community and set of names.
#[derive(Default)]
pub(crate) struct Templates {
    probes: HashMap<ProbeKind, Template>,
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
            Entry::Vacant(vacant) => {
                let encoded = |id| encode(&probe.kind, communities, id);
                match Template::new(encoded) {
                    Some(template) => vacant.insert(template),
                    None => return false,
                }
            }
        };
        template.write(probe.request_id, datagram);
        true
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
