//! How much a device can be asked for at once.

use crate::Oid;

/// What an answer may take at first: a datagram that no common network splits. Devices that can send
/// less cut a GETBULK's answer short by themselves and answer a GET with tooBig.
const FIRST_OCTETS: usize = 1_400;

/// What every device can send (RFC 3417 section 3.2).
const LEAST_OCTETS: usize = 484;

/// The most names in one request: their answer fills a datagram.
const MAX_NAMES: usize = 48;

/// The most rows that one GETBULK asks for.
const MAX_REPETITIONS: usize = 32;

/// What a message needs around its variables, with a long community.
const FRAME: usize = 64;

/// What a value takes of which nothing is known: most are small numbers, some are short texts.
const FIRST_VALUE: usize = 12;

/// How much one device can be asked for at once, learnt as it answers.
#[derive(Clone, Debug)]
pub(super) struct Sizes {
    octets: usize,
    names: usize,
    /// `names` never grows over this again: the device could not follow.
    ceiling: usize,
    value: usize,
}

impl Sizes {
    pub(super) fn new(octets: usize) -> Self {
        Self {
            octets: octets.clamp(LEAST_OCTETS, FIRST_OCTETS),
            names: MAX_NAMES,
            ceiling: MAX_NAMES,
            value: FIRST_VALUE,
        }
    }

    /// What a value probably takes.
    pub(super) fn value(&self) -> usize {
        self.value
    }

    /// How many of the variables with these estimated sizes fit into one request and its answer;
    /// at least one.
    pub(super) fn fitting(&self, estimates: impl Iterator<Item = usize>) -> usize {
        let room = self.octets.saturating_sub(FRAME);
        let mut used = 0;
        estimates
            .take(self.names)
            .take_while(|estimate| {
                used += estimate;
                used <= room
            })
            .count()
            .max(1)
    }

    /// How many rows of `row` octets each fit into one answer; at least one.
    pub(super) fn repetitions(&self, row: usize) -> u16 {
        let room = self.octets.saturating_sub(FRAME);
        let rows = (room / row.max(1)).clamp(1, MAX_REPETITIONS);
        u16::try_from(rows).unwrap_or(1)
    }

    /// Learns from an answered variable.
    pub(super) fn note(&mut self, name: &Oid, wire_len: usize) {
        let value = wire_len.saturating_sub(varbind(name, 0));
        // A moving average over about eight variables. Texts weigh more than numbers, so a long one
        // counts as 64 at most: one 1284 id says little about the next value.
        self.value = (self.value * 7 + value.min(64)).div_ceil(8);
    }

    /// A request with `names` names was answered: more may be asked next time.
    pub(super) fn answered(&mut self, names: usize) {
        if names >= self.names {
            self.names = (self.names * 2).min(self.ceiling);
        }
    }

    /// One of `names` names spoils the answer and the device does not say which: ask for half.
    pub(super) fn split(&mut self, names: usize) {
        self.names = (names / 2).max(1);
    }

    /// The answer to `names` names was too large for the device.
    pub(super) fn too_large(&mut self, names: usize) {
        self.split(names);
        self.ceiling = self.names;
    }

    /// The answer to a GETBULK was too large for the device. Says whether less can be asked.
    pub(super) fn shrink(&mut self) -> bool {
        let less = self.octets > LEAST_OCTETS;
        self.octets = (self.octets / 2).max(LEAST_OCTETS);
        less
    }
}

/// What a variable takes in a datagram (X.690 section 8.19), with a value of `value` octets.
pub(super) fn varbind(name: &Oid, value: usize) -> usize {
    let arc = |arc: &u32| match arc {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        0x20_0000..=0xfff_ffff => 4,
        _ => 5,
    };
    let arcs: usize = name.arcs().iter().skip(1).map(arc).sum();
    arcs + value + 6
}
