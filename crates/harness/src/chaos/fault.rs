//! What the proxy does to a call.

use pagetally_fleet_sim::Chance;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What happens to one connection or call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A bit of the answer's body is turned.
    AlteredAnswer,
    /// A bit of the request's body is turned.
    AlteredRequest,
    /// The proxy answers 503 itself, with Retry-After.
    Busy,
    /// The answer ends in mid-body.
    CutAnswer,
    /// The request ends in mid-body, for Central and for the agent.
    CutRequest,
    /// The request is handed on late.
    Delayed,
    /// The request never arrives.
    Dropped,
    /// The request arrives twice at once.
    Duplicated,
    /// The answer is bytes of no meaning, or a page of somebody else's.
    Garbage,
    /// The request arrives, the answer does not.
    LostAnswer,
    /// The answer is one that another call had.
    OldAnswer,
    /// The connection is reset, before or after the request arrived.
    Reset,
    /// The agent hears nothing, and the request arrives after later ones.
    Reordered,
    /// The certificate is somebody else's.
    WrongCertificate,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::AlteredAnswer,
        Self::AlteredRequest,
        Self::Busy,
        Self::CutAnswer,
        Self::CutRequest,
        Self::Delayed,
        Self::Dropped,
        Self::Duplicated,
        Self::Garbage,
        Self::LostAnswer,
        Self::OldAnswer,
        Self::Reset,
        Self::Reordered,
        Self::WrongCertificate,
    ];

    /// What it is called.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AlteredAnswer => "answer altered",
            Self::AlteredRequest => "request altered",
            Self::Busy => "503",
            Self::CutAnswer => "answer cut",
            Self::CutRequest => "request cut",
            Self::Delayed => "delayed",
            Self::Dropped => "dropped",
            Self::Duplicated => "duplicated",
            Self::Garbage => "garbage",
            Self::LostAnswer => "answer lost",
            Self::OldAnswer => "old answer",
            Self::Reset => "reset",
            Self::Reordered => "reordered",
            Self::WrongCertificate => "wrong certificate",
        }
    }

    /// Of a thousand calls, how many it happens to. A call that nobody answers costs the agent its
    /// whole patience, so that one is rarer.
    const fn of_a_thousand(self) -> u64 {
        match self {
            Self::Dropped => 10,
            Self::WrongCertificate => 20,
            _ => 28,
        }
    }

    /// What happens to the next call; mostly nothing.
    pub(super) fn draw(chance: &mut Chance) -> Option<Self> {
        let mut drawn = chance.below(1_000);
        for fault in Self::ALL
            .into_iter()
            .filter(|f| *f != Self::WrongCertificate)
        {
            match drawn.checked_sub(fault.of_a_thousand()) {
                Some(rest) => drawn = rest,
                None => return Some(fault),
            }
        }
        None
    }

    /// Whether a connection gets somebody else's certificate.
    pub(super) fn draw_certificate(chance: &mut Chance) -> bool {
        chance.below(1_000) < Self::WrongCertificate.of_a_thousand()
    }
}

/// How often each happened.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<Fault, u64>>);

impl Counts {
    pub(super) fn add(&self, fault: Fault) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(fault).or_default() += 1;
    }

    pub(super) fn get(&self) -> BTreeMap<Fault, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
