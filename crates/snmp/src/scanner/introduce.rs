//! Devices that answer over SNMPv3 alone: which user may ask, whether that user is let in, and
//! whether it is a printer.
//!
//! A device that answered the sweep's discovery and no community is asked what the sweep asks, under
//! the name of the first user whose credentials may go to its engine; where that one is refused, the
//! next is tried. Only what shows itself as a printer is read, in the same session.

use super::decide::{Undecided, other_device};
use super::{Device, Origin, Reading, Scanner, Waiting};
use crate::event::{RefusalReason, ScanEvent};
use crate::{Guide, KnownEngine, UsmAccess};
use pagetally_snmp_engine::reader::{DeviceMemory, Session};
use pagetally_snmp_engine::sweep::EngineReport;
use pagetally_snmp_engine::usm::{EngineClock, UsmSession};
use pagetally_snmp_engine::{
    Answers, Ask, Class, GapReason, Oid, Plan, Query, VarBind, Version, classify,
};
use std::net::SocketAddr;

/// An engine that answered a discovery, and how far its introduction is.
#[derive(Clone, Debug)]
pub(super) struct Introduction {
    report: EngineReport,
    /// The first user that has not been tried.
    next_user: usize,
    /// What became of the last one that was.
    refusal: Option<RefusalReason>,
}

impl Introduction {
    pub(super) fn new(report: EngineReport) -> Self {
        Self {
            report,
            next_user: 0,
            refusal: None,
        }
    }
}

impl Scanner {
    /// Introduces the next user that may be. Says what to tell where there is none.
    pub(super) fn introduce(
        &mut self,
        address: SocketAddr,
        mut introduction: Introduction,
        guide: &mut dyn Guide,
    ) -> Option<ScanEvent> {
        let engine_id = introduction.report.engine_id.clone();
        let known = guide.engine(address);
        let knows = |index| {
            let known = known.as_ref();
            known.is_some_and(|it| it.engine_id == engine_id && it.user_index == index)
        };
        let users = self.users.iter().enumerate().skip(introduction.next_user);
        let mut allowed = users.filter(|(index, user)| user.allows(&engine_id) || knows(*index));
        let Some((index, _)) = allowed.next() else {
            let untrusted = !self.users.is_empty();
            let counter = introduction.report.counter;
            let reason = match introduction.refusal {
                Some(refusal) => refusal,
                None if untrusted => RefusalReason::NotTrusted { engine_id },
                None => RefusalReason::OnlyV3 { engine_id, counter },
            };
            return Some(ScanEvent::Refused { address, reason });
        };
        introduction.next_user = index + 1;
        let report = &introduction.report;
        let engine = KnownEngine {
            user_index: index,
            engine_id,
            boots: report.boots,
            time: report.time,
        };
        let session = Session::usm(self.usm_session(address, &engine)?, self.retry);
        let waiting = Waiting {
            session,
            community_index: index,
            plan: Some(Box::new(WhoIsThere(false))),
            known: Vec::new(),
            origin: Origin::Swept,
            memory: DeviceMemory::default(),
            introduction: Some(introduction),
        };
        self.devices
            .insert(address, Device::Waiting(Box::new(waiting)));
        self.waiting.push_back(address);
        None
    }

    /// A session of a configured user with an engine; nothing where there is no such user.
    pub(super) fn usm_session(
        &mut self,
        address: SocketAddr,
        engine: &KnownEngine,
    ) -> Option<UsmSession> {
        let index = engine.user_index;
        let UsmAccess { credential, .. } = self.users.get(index).filter(|_| engine.is_one())?;
        let credential = credential.clone();
        let keys = self.keys.get(index, &credential, &engine.engine_id);
        let clock = EngineClock::unverified(&engine.engine_id, engine.boots, engine.time, self.now);
        self.sessions += 1;
        let half = |half: u8| u64::from(self.ids.id(&("salt", half, address, self.sessions)));
        let salt = half(0) << 33 ^ half(1);
        Some(UsmSession::new(credential, keys, clock, salt))
    }

    /// The introduction's reader has come to its end: what it brought is decided when the guide can
    /// be asked.
    pub(super) fn handle_introduced(&mut self, address: SocketAddr) {
        let Some(Device::Reading(reading)) = self.forget(address) else {
            return;
        };
        let Reading {
            reader,
            community_index,
            introduction: Some(mut introduction),
            ..
        } = *reading
        else {
            return;
        };
        if !reader.answers().is_empty() {
            let varbinds = varbinds(reader.answers());
            let session = reader.into_session();
            self.undecided.push_back(Undecided::Introduced {
                address,
                user_index: community_index,
                session: Box::new(session),
                varbinds,
            });
            return;
        }
        let engine_id = introduction.report.engine_id.clone();
        let report = reader.refusal().cloned();
        let (answers, _) = reader.into_result();
        let status = answers.gaps().iter().find_map(|gap| match gap.reason {
            GapReason::ErrorStatus(status) => Some(status),
            _ => None,
        });
        introduction.refusal = Some(match status {
            Some(status) => RefusalReason::ErrorStatus {
                version: Version::V3,
                status,
            },
            None => RefusalReason::User { engine_id, report },
        });
        self.undecided.push_back(Undecided::Engine {
            address,
            introduction,
        });
    }

    /// A user was let in: reads the device where it is a printer.
    pub(super) fn handle_acquainted(
        &mut self,
        address: SocketAddr,
        user_index: usize,
        session: Session,
        varbinds: Vec<VarBind>,
        guide: &mut dyn Guide,
    ) -> ScanEvent {
        if classify(&varbinds) != Class::Printer && !guide.reads(&varbinds) {
            return other_device(address, Version::V3, varbinds);
        }
        self.sweep.note_find(address, Version::V3, user_index);
        self.await_turn(address, session, user_index, varbinds)
    }
}

/// The engine that a reader has found authentic.
pub(super) fn known_engine(reading: &Reading, now: std::time::Duration) -> Option<KnownEngine> {
    let engine = reading.reader.engine().filter(|it| it.is_verified())?;
    Some(KnownEngine {
        user_index: reading.community_index,
        engine_id: engine.id().to_vec(),
        boots: engine.boots(),
        time: engine.time(now),
    })
}

fn varbinds(answers: &Answers) -> Vec<VarBind> {
    let answers = answers.iter().map(|(oid, value)| VarBind {
        oid: oid.clone(),
        value: value.clone(),
    });
    answers.collect()
}

/// Asks what the sweep's probe asks: who this is, and whether it has anything of a printer.
struct WhoIsThere(bool);

/// sysDescr, sysObjectID, hrDeviceType, and the beginning of the Printer MIB.
const WHO: [&[u32]; 4] = [
    &[1, 3, 6, 1, 2, 1, 1, 1],
    &[1, 3, 6, 1, 2, 1, 1, 2],
    &[1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 2],
    &[1, 3, 6, 1, 2, 1, 43, 5, 1, 1],
];

impl Plan for WhoIsThere {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        if std::mem::replace(&mut self.0, true) {
            return None;
        }
        let columns = WHO.iter().map(|arcs| Oid::default().child(arcs)).collect();
        let asks = vec![Ask::Columns {
            columns,
            max_rows: 4,
        }];
        Some(Query { asks })
    }

    fn expected_rows(&self, _column: &Oid) -> Option<u32> {
        Some(1)
    }
}
