//! How much a device can be asked for at once.

use crate::Oid;
use crate::message::VarBindRef;

/// What an answer may take at first: a datagram that no common network splits. Devices that can send
/// less cut a GETBULK's answer short by themselves and answer a GET with tooBig.
const FIRST_OCTETS: usize = 1_440;

/// What every device can send (RFC 3417 section 3.2).
pub(super) const LEAST_OCTETS: usize = 484;

/// The most names in one request: their answer fills a datagram.
const MAX_NAMES: usize = 64;

/// The most variables that one GETBULK asks for behind each name: as many as fit into a datagram.
pub(super) const MAX_REPETITIONS: usize = 64;

/// What a message needs around its variables, with a community of usual length.
pub(super) const FRAME: usize = 48;

/// What a value takes of which nothing is known: most are small numbers, some are short texts.
const FIRST_VALUE: usize = 12;

/// How much one device can be asked for at once, learnt as it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    octets: usize,
    /// What a message needs around its variables.
    frame: usize,
    names: usize,
    /// `names` never grows over this again: the device could not follow.
    ceiling: usize,
    value: usize,
    /// The largest answer that the device cut short.
    longest_cut: usize,
    /// Whether the device has answered a GETBULK, and so shown how much it can send.
    known: bool,
}

impl Sizes {
    pub(super) fn new(octets: usize) -> Self {
        Self {
            octets: octets.clamp(LEAST_OCTETS, FIRST_OCTETS),
            frame: FRAME,
            names: MAX_NAMES,
            ceiling: MAX_NAMES,
            value: FIRST_VALUE,
            longest_cut: 0,
            known: false,
        }
    }

    /// Leaves room for more around the variables.
    pub(super) fn with_extra_frame(self, extra: usize) -> Self {
        Self {
            frame: FRAME + extra,
            ..self
        }
    }

    /// What a value probably takes.
    pub(super) fn value(&self) -> usize {
        self.value
    }

    /// How many of the variables with these estimated sizes fit into one request and its answer;
    /// at least one.
    pub(super) fn fitting(&self, estimates: impl Iterator<Item = usize>) -> usize {
        let room = self.room();
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

    /// What the variables of one message may take.
    pub(super) fn room(&self) -> usize {
        self.octets.saturating_sub(self.frame)
    }

    /// Whether `names` names that take `octets` may stand in one message.
    pub(super) fn has_room(&self, octets: usize, names: usize) -> bool {
        octets <= self.room() && names <= self.names
    }

    /// Learns from an answered variable.
    pub(super) fn note(&mut self, found: &VarBindRef<'_>) {
        let value = found
            .wire_len
            .saturating_sub(found.name.encoded_len() + AROUND);
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

    /// Whether it is known how much the device can send.
    pub(super) fn is_known(&self) -> bool {
        self.known
    }

    /// The device answered a GETBULK.
    pub(super) fn answered_bulk(&mut self) {
        self.known = true;
    }

    /// The device cut an answer short at so many octets: one more variable would have been too much.
    pub(super) fn cut_short(&mut self, octets: usize) {
        self.longest_cut = self.longest_cut.max(octets);
        // What it could have sent beyond is less than a variable.
        self.octets = (self.longest_cut + 16).clamp(LEAST_OCTETS, FIRST_OCTETS);
    }

    /// Takes limits that are known from elsewhere; nonsense is brought into bounds.
    pub(super) fn limit(&mut self, octets: Option<u16>, names: Option<u16>) {
        if let Some(octets) = octets {
            self.octets = self.octets.min(usize::from(octets)).max(LEAST_OCTETS);
        }
        if let Some(names) = names {
            self.ceiling = self.ceiling.min(usize::from(names).max(1));
            self.names = self.names.min(self.ceiling);
        }
    }

    /// What the device can send, where it showed a limit.
    pub(super) fn learned_octets(&self) -> Option<u16> {
        (self.octets < FIRST_OCTETS)
            .then(|| u16::try_from(self.octets).ok())
            .flatten()
    }

    /// How many names it takes, where it showed a limit.
    pub(super) fn learned_names(&self) -> Option<u16> {
        (self.ceiling < MAX_NAMES)
            .then(|| u16::try_from(self.ceiling).ok())
            .flatten()
    }

    /// The answer to a GETBULK was too large for the device. Says whether less can be asked.
    pub(super) fn shrink(&mut self) -> bool {
        let less = self.octets > LEAST_OCTETS;
        self.octets = (self.octets / 2).max(LEAST_OCTETS);
        less
    }
}

/// What a variable takes around the octets of its name and value.
pub(super) const AROUND: usize = 6;

/// What a variable takes in a datagram, with a value of `value` octets.
pub(super) fn varbind(name: &Oid, value: usize) -> usize {
    name_octets(name) + value + AROUND
}

/// What a name takes in a datagram (X.690 section 8.19).
pub(super) fn name_octets(name: &Oid) -> usize {
    let arc = |arc: &u32| match arc {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        0x20_0000..=0xfff_ffff => 4,
        _ => 5,
    };
    name.arcs().iter().skip(1).map(arc).sum()
}
