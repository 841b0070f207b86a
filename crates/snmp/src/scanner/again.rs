//! Who is asked again: devices that fell silent, devices that an earlier scan knows, and silent
//! addresses where the network loses datagrams.

use super::{Device, Origin, Scanner, Waiting};
use crate::{Guide, Known, RefusalReason, ScanEvent};
use pagetally_snmp_engine::Version;
use pagetally_snmp_engine::reader::Session;
use std::net::SocketAddr;
use std::time::Duration;

/// How many devices that fell silent may wait to be asked again at the end. What was read of each is
/// kept until then, some 50 kB; who has no room is asked again at once.
const MAX_PARKED: usize = 512;

/// How often a device that fell silent while it was read is asked again.
const MAX_RESUMES: u8 = 2;

/// What a second look may send at least, however little was sent before.
const LEAST_LOOK: u64 = 64;

impl Scanner {
    /// A reader has come to an end, which may not be the last word.
    pub(super) fn handle_done(&mut self, address: SocketAddr) {
        let Some(Device::Reading(reading)) = self.devices.get(&address) else {
            return;
        };
        if reading.introduction.is_some() {
            self.handle_introduced(address);
            return;
        }
        let nothing = reading.reader.answers().is_empty();
        if nothing && reading.origin == Origin::Known {
            // Gone, or changed: who is there now, the sweep finds out.
            self.forget(address);
            if !self.sweep.start(address) {
                self.probed += 1;
                self.events.push_back(ScanEvent::Silent { address });
            }
            return;
        }
        let again = reading.reader.can_resume()
            && reading.resumes < MAX_RESUMES
            && reading.origin != Origin::Wanted;
        if !again {
            self.finish(address);
            return;
        }
        let Some(Device::Reading(reading)) = self.forget(address) else {
            return;
        };
        self.devices.insert(address, Device::Parked(reading));
        self.parked.push_back(address);
        self.stats.asked_again += 1;
    }

    /// Whether devices that fell silent are asked again now: where nobody else is left to ask, or
    /// where there is no room for more of them.
    pub(super) fn may_resume(&self) -> bool {
        let room = self.reading < self.max_in_flight;
        let over = self.is_over_but_for_silence();
        !self.parked.is_empty() && room && (over || self.parked.len() > MAX_PARKED)
    }

    /// Whether everybody has been asked, and only the silent ones are left.
    fn is_over_but_for_silence(&self) -> bool {
        let others = self.reading > self.resumed || !self.waiting.is_empty();
        let decided = self.undecided.is_empty() && self.sweep.is_resting();
        self.no_more_targets && decided && !others
    }

    /// Whether it is time for a second look at silent addresses.
    pub(super) fn may_look_again(&self) -> bool {
        self.sweep.held() > 0 && self.is_over_but_for_silence()
    }

    /// Begins the second look at silent addresses, which may send an eighth of what was sent before.
    pub(super) fn look_again(&mut self) {
        if !self.may_look_again() {
            return;
        }
        let most = (self.stats.datagrams_sent / 8).max(LEAST_LOOK);
        let Some(look) = self.sweep.second_look(most) else {
            return;
        };
        self.stats.silent_asked_again += u64::try_from(look.addresses).unwrap_or(0);
        self.events.push_back(ScanEvent::SecondLook(look));
    }

    /// What is said of the next address that was held back and is silent.
    pub(super) fn next_released(&mut self) -> Option<ScanEvent> {
        let address = self.sweep.next_released()?;
        self.probed += 1;
        let verdict = self.verdicts.remove(&address);
        Some(verdict.unwrap_or(ScanEvent::Silent { address }))
    }

    /// Takes what is to be said of an address that refuses. Where an answer to the community may have
    /// been lost, that waits for the second look: says whether it does.
    pub(super) fn holds_back(&mut self, event: &ScanEvent) -> Option<SocketAddr> {
        let ScanEvent::Refused { address, reason } = event else {
            return None;
        };
        let only_v3 = matches!(
            reason,
            RefusalReason::OnlyV3 { .. } | RefusalReason::NotTrusted { .. }
        );
        let waits = only_v3 && !self.communities.is_empty() && self.sweep.hold(*address);
        waits.then_some(*address)
    }

    pub(super) fn resume(&mut self, now: Duration) {
        while self.may_resume() {
            let Some(address) = self.parked.pop_front() else {
                return;
            };
            let Some(Device::Parked(mut reading)) = self.devices.remove(&address) else {
                continue;
            };
            reading.reader.resume(now);
            reading.resumes += 1;
            reading.timer = None;
            self.devices.insert(address, Device::Reading(reading));
            self.reading += 1;
            self.resumed += 1;
            self.ready.push_back(address);
        }
    }

    /// Adds a device of which an earlier scan tells enough. Says no where its community or its user is
    /// no more, or where its SNMPv3 engine is not known. That is asked for its id before it hears a user's
    /// name.
    pub(super) fn add_from_memory(
        &mut self,
        address: SocketAddr,
        known: Known,
        guide: &mut dyn Guide,
    ) -> bool {
        let version = known.memory.version.unwrap_or(Version::V2c);
        let mut index = known.community_index;
        let session = if version == Version::V3 {
            guide.engine(address).and_then(|engine| {
                index = engine.user_index;
                let session = self.usm_session(address, &engine)?;
                Some(Session::usm(session.meeting_again(), self.retry))
            })
        } else {
            let community = self.communities.get(index);
            community.map(|community| Session::community(version, community.as_slice(), self.retry))
        };
        let Some(session) = session else {
            return false;
        };
        let waiting = Waiting {
            session,
            community_index: index,
            plan: None,
            known: Vec::new(),
            origin: Origin::Known,
            memory: known.memory,
            introduction: None,
        };
        self.stats.targets += 1;
        self.devices
            .insert(address, Device::Waiting(Box::new(waiting)));
        self.waiting.push_back(address);
        true
    }
}
