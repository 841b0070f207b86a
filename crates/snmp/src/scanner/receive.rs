//! What comes back.

use super::decide::Undecided;
use super::introduce::Introduction;
use super::{Device, Origin, Scanner, Waiting};
use crate::event::{RefusalReason, ScanEvent};
use crate::probe;
use pagetally_snmp_engine::message::v3;
use pagetally_snmp_engine::reader::{DeviceMemory, Session};
use pagetally_snmp_engine::sweep::{EngineReport, Settled, Unreachable};
use pagetally_snmp_engine::{Class, VarBind, Version};
use std::net::SocketAddr;

impl Scanner {
    /// Takes one datagram. Anyone can forge these.
    pub(crate) fn handle_datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        let mut used = self.handle_answer(from, bytes);
        if !used && !self.answers_from.is_empty() {
            let asked = self.answers_from.get(&from.ip()).cloned();
            used = asked
                .into_iter()
                .flatten()
                .any(|address| self.handle_answer(address, bytes));
        }
        if used {
            self.stats.datagrams_received += 1;
        } else {
            self.stats.datagrams_ignored += 1;
        }
        self.take_settled();
    }

    /// Takes an answer of the device that was asked at this address. Says whether it was one.
    fn handle_answer(&mut self, address: SocketAddr, bytes: &[u8]) -> bool {
        match self.devices.get_mut(&address) {
            Some(Device::Reading(reading)) => {
                let used = reading.reader.handle_datagram(bytes);
                if let Err(ignored) = &used {
                    tracing::trace!(%address, %ignored, "datagram ignored");
                    return false;
                }
                self.ready.push_back(address);
                let refuses = reading.reader.refusal().is_some();
                if reading.origin == Origin::Known && !refuses {
                    reading.origin = Origin::Swept; // As good as found.
                    let (version, community_index) = (reading.version, reading.community_index);
                    self.found += 1;
                    self.probed += 1;
                    self.sweep.note_find(address, version, community_index);
                    self.events.push_back(ScanEvent::Found {
                        address,
                        version,
                        community_index,
                    });
                }
                true
            }
            Some(Device::Waiting(_) | Device::Parked(_)) => false,
            None => self.handle_probe_answer(address, bytes),
        }
    }

    /// Takes the word of a router, of the host, or of the system that a datagram did not arrive. It
    /// is believed of an address that is being swept; a device that has answered is waited for.
    pub(crate) fn handle_unreachable(&mut self, address: SocketAddr, cause: Unreachable) {
        if self.sweep.handle_unreachable(address, cause).is_ok() {
            self.stats.unreachable += 1;
            self.take_settled();
        }
    }

    fn handle_probe_answer(&mut self, address: SocketAddr, bytes: &[u8]) -> bool {
        if let Ok(report) = v3::Report::decode(bytes) {
            let engine = EngineReport {
                engine_id: report.engine_id.to_vec(),
                boots: report.engine_boots,
                time: report.engine_time,
                counter: report.counter,
            };
            let handled = self.sweep.handle_report(address, report.message_id, engine);
            return handled.is_ok();
        }
        let answer = match probe::decode(bytes) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::trace!(%address, %error, "datagram ignored");
                return false;
            }
        };
        self.sweep.handle_answer(address, answer).is_ok()
    }

    pub(super) fn take_settled(&mut self) {
        while let Some((address, settled)) = self.sweep.next_settled() {
            let verdict = self.verdicts.remove(&address);
            let event = match settled {
                Settled::Found {
                    version,
                    community_index,
                    class: Class::Printer,
                    varbinds,
                } => self.handle_found(address, version, community_index, varbinds),
                Settled::Found {
                    version,
                    community_index,
                    varbinds,
                    ..
                } => {
                    self.undecided.push_back(Undecided::Agent {
                        address,
                        version,
                        community_index,
                        varbinds,
                    });
                    continue;
                }
                Settled::OnlyV3(report) => {
                    self.undecided.push_back(Undecided::Engine {
                        address,
                        introduction: Introduction::new(report),
                    });
                    continue;
                }
                Settled::Unreachable(cause) => ScanEvent::Unreachable { address, cause },
                Settled::ErrorStatus { version, status } => ScanEvent::Refused {
                    address,
                    reason: RefusalReason::ErrorStatus { version, status },
                },
                _ => verdict.unwrap_or(ScanEvent::Silent { address }),
            };
            self.probed += 1;
            self.events.push_back(event);
        }
    }

    pub(super) fn handle_found(
        &mut self,
        address: SocketAddr,
        version: Version,
        community_index: usize,
        known: Vec<VarBind>,
    ) -> ScanEvent {
        let community = self.communities.get(community_index);
        let community = community.map_or(&[][..], Vec::as_slice);
        let session = Session::community(version, community, self.retry);
        self.await_turn(address, session, community_index, known)
    }

    /// A printer was found: it is read when its turn comes.
    pub(super) fn await_turn(
        &mut self,
        address: SocketAddr,
        session: Session,
        community_index: usize,
        known: Vec<VarBind>,
    ) -> ScanEvent {
        self.found += 1;
        let version = session.version();
        let waiting = Waiting {
            session,
            community_index,
            plan: None,
            known,
            origin: Origin::Swept,
            memory: DeviceMemory::default(),
            introduction: None,
        };
        self.devices
            .insert(address, Device::Waiting(Box::new(waiting)));
        self.waiting.push_back(address);
        ScanEvent::Found {
            address,
            version,
            community_index,
        }
    }
}
