//! What comes back from an address, and what follows from it.

use super::agenda::Step;
use super::probe::{ALL_NAMES, ProbeAnswer, Urgent, discovery_id, next_id, without};
use super::{EngineReport, Settled, Slot, Sweep, Unreachable};
use crate::message::status;
use crate::{Class, Version, classify};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// An answer that belongs to no probe: late, duplicate, foreign or forged. Count it and go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer belongs to no probe")]
pub struct Unasked;

/// What is kept of an address besides, once something came back from there.
#[derive(Debug, Default)]
pub(super) struct Heard {
    engine: Option<EngineReport>,
    error: Option<(Version, i64)>,
    /// Found over v1, waiting for the v2c probe.
    pub(super) found: Option<Settled>,
    /// The names still asked for where an error came back.
    narrowed: Vec<(Version, u8, u8)>,
    pub(super) urgent: VecDeque<Urgent>,
    unreachable: Option<Unreachable>,
}

/// The probe that an answer answers.
#[derive(Clone, Copy)]
struct Asked {
    index: u8,
    mask: u8,
}

impl Sweep {
    /// Takes an answer to a GETNEXT probe.
    ///
    /// # Errors
    ///
    /// [`Unasked`] where address, version, community and request id do not agree with a probe that
    /// was sent.
    pub fn handle_answer(
        &mut self,
        address: SocketAddr,
        answer: ProbeAnswer<'_>,
    ) -> Result<(), Unasked> {
        let slot = self.slots.get(&address).ok_or(Unasked)?;
        let asked = self.asked(address, slot, &answer).ok_or(Unasked)?;
        let (version, index) = (answer.version, asked.index);
        let place = (slot.round, slot.step);
        if answer.error_status != status::NO_ERROR {
            return self.handle_error(address, &answer, asked);
        }
        let class = classify(&answer.varbinds);
        let confirm = class == Class::Printer && version == Version::V1;
        let found = Settled::Found {
            version,
            community_index: usize::from(index),
            class,
            varbinds: answer.varbinds,
        };
        if !confirm {
            self.note_answer(address, Step::Next { version, index }, place);
            self.give_up(address);
            self.settled.push_back((address, found));
            return Ok(());
        }
        let heard = self.heard.entry(address).or_default();
        if heard.found.is_some() {
            return Err(Unasked);
        }
        heard.found = Some(found);
        heard.urgent.clear();
        self.ask_urgently(address, Urgent::Confirm { index });
        Ok(())
    }

    /// Takes an engine's Report with its message id. Where there is nothing but a discovery to ask
    /// with, that settles the address.
    ///
    /// # Errors
    ///
    /// [`Unasked`] where it answers no discovery that was sent.
    pub fn handle_report(
        &mut self,
        address: SocketAddr,
        message_id: u32,
        report: EngineReport,
    ) -> Result<(), Unasked> {
        let slot = self.slots.get(&address).ok_or(Unasked)?;
        let asked = self.agenda.is_asked(Step::Discovery, slot.round, slot.step);
        if !asked || discovery_id(&self.ids, address) != message_id {
            return Err(Unasked);
        }
        let heard = self.heard.entry(address).or_default();
        if heard.engine.is_some() {
            return Err(Unasked);
        }
        heard.engine = Some(report);
        if self.communities.is_empty() {
            self.settle(address);
        }
        Ok(())
    }

    /// Takes the word of a router, of the host, or of the system that a probe did not arrive. That the
    /// port is closed settles an address; all else may pass, and is the cause of a silence that lasts.
    ///
    /// # Errors
    ///
    /// [`Unasked`] where nothing was sent there.
    pub fn handle_unreachable(
        &mut self,
        address: SocketAddr,
        cause: Unreachable,
    ) -> Result<(), Unasked> {
        let slot = self.slots.get(&address).ok_or(Unasked)?;
        if (slot.round, slot.step) == (0, 0) {
            return Err(Unasked);
        }
        let heard = self.heard.entry(address).or_default();
        heard.unreachable = Some(cause);
        let answered = heard.found.is_some() || heard.error.is_some() || heard.engine.is_some();
        if cause == Unreachable::Port && !answered {
            self.settle(address);
        }
        Ok(())
    }

    /// Which probe, of those sent so far, this answers.
    fn asked(&self, address: SocketAddr, slot: &Slot, answer: &ProbeAnswer<'_>) -> Option<Asked> {
        let heard = self.heard.get(&address);
        let version = answer.version;
        let indices = (0..=u8::MAX).zip(&self.communities);
        let of_community = indices.filter(|(_, community)| *community == answer.community);
        of_community.map(|(index, _)| index).find_map(|index| {
            let step = Step::Next { version, index };
            let confirms = heard.is_some_and(|heard| heard.confirms(version, index));
            if !confirms && !self.agenda.is_asked(step, slot.round, slot.step) {
                return None;
            }
            let narrowed = heard.and_then(|heard| heard.mask_of(version, index));
            [Some(ALL_NAMES), narrowed]
                .into_iter()
                .flatten()
                .find(|mask| {
                    let id = next_id(&self.ids, address, version, index, *mask);
                    i64::from(id) == answer.request_id
                })
                .map(|mask| Asked { index, mask })
        })
    }

    /// An agent answered with an error. v1 does that when there is nothing behind one of the names
    /// (RFC 1157 section 4.1.3): the name that the error points at is left out and the rest asked
    /// again.
    fn handle_error(
        &mut self,
        address: SocketAddr,
        answer: &ProbeAnswer<'_>,
        asked: Asked,
    ) -> Result<(), Unasked> {
        let (version, index) = (answer.version, asked.index);
        let heard = self.heard.entry(address).or_default();
        if heard.confirms(version, index) {
            self.settle(address); // v2c answers with errors only: v1 it is.
            return Ok(());
        }
        let current = heard.mask_of(version, index);
        if heard.found.is_some() || current.unwrap_or(ALL_NAMES) != asked.mask {
            return Err(Unasked); // A duplicate: its consequence has been drawn already.
        }
        heard.error = Some((version, answer.error_status));
        let denied = answer.error_status == status::AUTHORIZATION_ERROR
            || answer.error_status == status::NO_ACCESS;
        let mask = if denied {
            0
        } else {
            without(asked.mask, answer.error_index)
        };
        heard
            .narrowed
            .retain(|(of, at, _)| (*of, *at) != (version, index));
        heard.narrowed.push((version, index, mask));
        if mask != 0 {
            let narrow = Urgent::Narrow {
                version,
                index,
                mask,
            };
            self.ask_urgently(address, narrow);
        }
        Ok(())
    }

    fn ask_urgently(&mut self, address: SocketAddr, urgent: Urgent) {
        let Some(slot) = self.slots.get_mut(&address) else {
            return;
        };
        self.heard
            .entry(address)
            .or_default()
            .urgent
            .push_back(urgent);
        slot.sending = slot.sending.wrapping_add(1);
        if !slot.queued {
            slot.queued = true;
            self.ready.push_back(address);
        }
    }

    pub(super) fn settle(&mut self, address: SocketAddr) {
        if self.slots.remove(&address).is_none() {
            return;
        }
        let heard = self.heard.remove(&address).unwrap_or_default();
        let result = if let Some(found) = heard.found {
            if let Settled::Found {
                version,
                community_index,
                ..
            } = found
            {
                self.note_find(address, version, community_index);
            }
            found
        } else if let Some((version, status)) = heard.error {
            Settled::ErrorStatus { version, status }
        } else if let Some(report) = heard.engine {
            Settled::OnlyV3(report)
        } else if let Some(cause) = heard.unreachable {
            Settled::Unreachable(cause)
        } else {
            return self.settle_silent(address);
        };
        self.settled.push_back((address, result));
    }
}

impl Heard {
    /// The names that are still asked for under this version and community, where an error came back.
    fn mask_of(&self, version: Version, index: u8) -> Option<u8> {
        let of_it = |narrowed: &&(Version, u8, u8)| (narrowed.0, narrowed.1) == (version, index);
        self.narrowed.iter().find(of_it).map(|(.., mask)| *mask)
    }

    /// Whether asking the same again would bring the same error again.
    pub(super) fn has_failed(&self, step: Step) -> bool {
        match step {
            Step::Next { version, index } => self.mask_of(version, index).is_some(),
            Step::Discovery => self.engine.is_some(),
        }
    }

    /// Whether an answer under this version and community says that the find over v1 speaks v2c.
    fn confirms(&self, version: Version, index: u8) -> bool {
        let over_v1 = matches!(
            &self.found,
            Some(Settled::Found { community_index, .. }) if *community_index == usize::from(index)
        );
        over_v1 && version == Version::V2c
    }
}
