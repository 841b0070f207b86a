//! What the scan's caller is asked about, device by device.

use super::Scanner;
use super::introduce::Introduction;
use crate::{Guide, ScanEvent};
use pagetally_snmp_engine::reader::Session;
use pagetally_snmp_engine::{Oid, Value, VarBind, Version};
use std::net::SocketAddr;

/// What waits until the caller can be asked about it.
pub(super) enum Undecided {
    /// An agent that shows no printer in its answer to the probe.
    Agent {
        address: SocketAddr,
        version: Version,
        community_index: usize,
        varbinds: Vec<VarBind>,
    },
    /// An SNMPv3 engine that no user was introduced to, or another user is to be.
    Engine {
        address: SocketAddr,
        introduction: Introduction,
    },
    /// A device that let a user in.
    Introduced {
        address: SocketAddr,
        user_index: usize,
        session: Box<Session>,
        varbinds: Vec<VarBind>,
    },
}

impl Scanner {
    /// Asks the caller about agents that show no printer, and about SNMPv3 engines.
    pub(super) fn decide(&mut self, guide: &mut dyn Guide) {
        while let Some(undecided) = self.undecided.pop_front() {
            let event = match undecided {
                Undecided::Agent {
                    address,
                    version,
                    community_index,
                    varbinds,
                } => Some(if guide.reads(&varbinds) {
                    self.handle_found(address, version, community_index, varbinds)
                } else {
                    other_device(address, version, varbinds)
                }),
                Undecided::Engine {
                    address,
                    introduction,
                } => self.introduce(address, introduction, guide),
                Undecided::Introduced {
                    address,
                    user_index,
                    session,
                    varbinds,
                } => Some(self.handle_acquainted(address, user_index, *session, varbinds, guide)),
            };
            let Some(event) = event else {
                continue;
            };
            if let Some(address) = self.holds_back(&event) {
                self.verdicts.insert(address, event);
            } else {
                self.probed += 1;
                self.events.push_back(event);
            }
        }
    }
}

pub(super) fn other_device(
    address: SocketAddr,
    version: Version,
    varbinds: Vec<VarBind>,
) -> ScanEvent {
    let mut sys_descr = None;
    let mut sys_object_id = None;
    let root = |arc| Oid::default().child(&[1, 3, 6, 1, 2, 1, 1, arc]);
    let (descr, object_id) = (root(1), root(2));
    for varbind in varbinds {
        match varbind.value {
            Value::OctetString(octets) if varbind.oid.starts_with(&descr) => {
                sys_descr = Some(octets);
            }
            Value::ObjectIdentifier(oid) if varbind.oid.starts_with(&object_id) => {
                sys_object_id = Some(oid);
            }
            _ => {}
        }
    }
    ScanEvent::OtherDevice {
        address,
        version,
        sys_descr,
        sys_object_id,
    }
}
