//! One simulated device: what it is, how it deals with those who ask, and what it last told them.

use crate::models::{
    Color, Happened, Happening, Identity, Job, Model, Origin, Spec, State, Trouble, Work,
};
use crate::truth::Truth;
use crate::wire::{self, Access, Reply, Silence, View};
use crate::{mib::Evaluated, mib::Mib, recorded};
use pagetally_snmp_engine::{Oid, Recording, Value, VarBind};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// A device that answers SNMP. Owns no socket and reads no clock.
///
/// Drive it by handing datagrams to [`answer`](Self::answer) and virtual time to
/// [`advance`](Self::advance) or [`elapse`](Self::elapse). The same seed and the same calls give
/// the same answers.
#[derive(Clone, Debug)]
pub struct SimDevice {
    name: String,
    access: Access,
    body: Body,
    served: BTreeMap<Oid, Value>,
}

#[derive(Clone, Debug)]
enum Body {
    Model(Box<Model>),
    Recorded {
        recording: Arc<Recording>,
        mib: Mib<Infallible>,
        serial: Option<String>,
        mac: Option<[u8; 6]>,
        is_printer: Option<bool>,
    },
}

/// The objects, whichever body they come from.
enum AnyView<M, R> {
    Model(M),
    Recorded(R),
}

impl<M: View, R: View> View for AnyView<M, R> {
    fn value(&self, name: &Oid) -> Option<Value> {
        match self {
            Self::Model(view) => view.value(name),
            Self::Recorded(view) => view.value(name),
        }
    }

    fn after(&self, name: &Oid) -> Option<VarBind> {
        match self {
            Self::Model(view) => view.after(name),
            Self::Recorded(view) => view.after(name),
        }
    }
}

impl Body {
    fn view(&self) -> impl View + '_ {
        match self {
            Self::Model(model) => AnyView::Model(model.view()),
            Self::Recorded { mib, .. } => AnyView::Recorded(Evaluated {
                mib,
                evaluate: |never: &Infallible| match *never {},
            }),
        }
    }
}

impl SimDevice {
    /// A device of a model, with a past drawn from `seed`.
    #[must_use]
    pub fn from_spec(spec: Spec, identity: Identity, seed: u64) -> Self {
        Self {
            name: format!("{} {}", spec.maker, spec.model),
            access: Access::default(),
            body: Body::Model(Box::new(Model::new(spec, identity, seed))),
            served: BTreeMap::new(),
        }
    }

    /// A recording, served as it is. Names that SNMP's encoding cannot carry are left out.
    #[must_use]
    pub fn from_recording(name: impl Into<String>, recording: Arc<Recording>) -> Self {
        let sayable = |varbind: &VarBind| wire::is_sayable(&varbind.oid);
        let recording = if recording.varbinds().iter().all(sayable) {
            recording
        } else {
            let kept = recording.varbinds().iter().filter(|one| sayable(one));
            Arc::new(kept.cloned().collect())
        };
        Self {
            name: name.into(),
            access: Access::default(),
            body: Body::Recorded {
                mib: Mib::over(Arc::clone(&recording)),
                recording,
                serial: None,
                mac: None,
                is_printer: None,
            },
            served: BTreeMap::new(),
        }
    }

    /// The same recording as another device: another serial number, wherever the recorded one
    /// stands. A model's serial number is part of its identity and stays.
    #[must_use]
    pub fn with_serial(mut self, new: impl Into<String>) -> Self {
        if let Body::Recorded {
            recording,
            mib,
            serial,
            ..
        } = &mut self.body
        {
            let new = new.into();
            for (oid, value) in recorded::with_serial(recording, &new) {
                mib.set_row(oid, value);
            }
            *serial = Some(new);
        }
        self
    }

    /// The same recording with another hardware address, wherever the recorded one stands.
    #[must_use]
    pub fn with_mac(mut self, new: [u8; 6]) -> Self {
        if let Body::Recorded {
            recording,
            mib,
            mac,
            ..
        } = &mut self.body
        {
            for (oid, value) in recorded::with_mac(recording, new) {
                mib.set_row(oid, value);
            }
            *mac = Some(new);
        }
        self
    }

    /// The same device with other manners.
    #[must_use]
    pub fn with_access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Says that this is no printer, whatever its recording holds.
    #[must_use]
    pub fn not_a_printer(mut self) -> Self {
        if let Body::Recorded { is_printer, .. } = &mut self.body {
            *is_printer = Some(false);
        }
        self
    }

    /// What the device is called in listings.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it deals with those who ask.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// How it deals with those who ask, to be changed.
    pub fn access_mut(&mut self) -> &mut Access {
        &mut self.access
    }

    /// The model, where the device is no recording.
    #[must_use]
    pub fn model(&self) -> Option<&Model> {
        match &self.body {
            Body::Model(model) => Some(model),
            Body::Recorded { .. } => None,
        }
    }

    /// Tells the device its address, which models serve in ipAddrTable.
    pub fn set_address(&mut self, address: Ipv4Addr) {
        if let Body::Model(model) = &mut self.body {
            model.set_address(address);
        }
    }

    /// Answers one datagram, or keeps silent.
    ///
    /// A sleeping device loses the datagram that wakes it and answers from the next one on, as
    /// network controllers do that switch themselves off.
    pub fn answer(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        self.reply(datagram).into_bytes()
    }

    /// Answers one datagram and says what was in the answer, or why there is none.
    pub fn reply(&mut self, datagram: &[u8]) -> Reply {
        let slept = match &mut self.body {
            Body::Model(model) => model.touch(),
            Body::Recorded { .. } => false,
        };
        if slept {
            return Reply::Silence(Silence::Asleep);
        }
        let seconds = self
            .model()
            .map_or(0, |model| model.state().uptime.as_secs());
        let seconds = u32::try_from(seconds & 0x7fff_ffff).unwrap_or(0);
        let reply = wire::answer(&mut self.access, &self.body.view(), datagram, seconds);
        if let Reply::Datagram { served, .. } = &reply {
            for varbind in served.iter().filter(|one| !one.value.is_exception()) {
                self.served
                    .insert(varbind.oid.clone(), varbind.value.clone());
            }
        }
        reply
    }

    /// The value of one object now.
    #[must_use]
    pub fn value(&self, name: &Oid) -> Option<Value> {
        self.body.view().value(name)
    }

    /// Every object now, in order.
    #[must_use]
    pub fn walk(&self) -> Vec<VarBind> {
        let view = self.body.view();
        let mut at = Oid::default();
        let mut all = Vec::new();
        while let Some(found) = view.after(&at) {
            at.clone_from(&found.oid);
            all.push(found);
        }
        all
    }

    /// What was last told of each object: the truth outside of every reader's books.
    #[must_use]
    pub fn served(&self) -> &BTreeMap<Oid, Value> {
        &self.served
    }

    /// Forgets what was told.
    pub fn forget_served(&mut self) {
        self.served.clear();
    }

    /// Lets virtual time pass, and the office work: jobs, jams, refills. Recordings stand still.
    pub fn advance(&mut self, by: Duration) {
        if let Body::Model(model) = &mut self.body {
            model.advance(by);
        }
    }

    /// Lets virtual time pass without any work: uptime grows, and who is left alone falls asleep.
    pub fn elapse(&mut self, by: Duration) {
        if let Body::Model(model) = &mut self.body {
            model.elapse(by);
        }
    }

    /// Prints one-sided and says how many sides came out: fewer where toner, paper or luck end.
    pub fn print(&mut self, sides: u32, color: Color) -> u32 {
        self.work(Job::new(Work::Print, color, u64::from(sides)))
    }

    /// Does any job and says how many sides came out.
    pub fn work(&mut self, job: Job) -> u32 {
        let made = self.with_state(|spec, state| crate::models::make(spec, state, job));
        made.and_then(|made| u32::try_from(made).ok()).unwrap_or(0)
    }

    /// Copies one-sided and says how many sides came out; 0 where the device cannot copy.
    pub fn copy(&mut self, sides: u32, color: Color) -> u32 {
        let job = Job::new(Work::Copy, color, u64::from(sides));
        let made = self.with_state(|spec, state| crate::models::copy(spec, state, job));
        made.and_then(|made| u32::try_from(made).ok()).unwrap_or(0)
    }

    /// Scans to a computer or a folder; nothing where the device cannot scan.
    pub fn scan(&mut self, sides: u32, color: Color) {
        let sides = u64::from(sides);
        self.with_state(|spec, state| {
            crate::models::scan(spec, state, Origin::Send, color, sides);
        });
    }

    /// Receives and prints a fax; 0 where the device cannot.
    pub fn receive_fax(&mut self, sides: u32) -> u32 {
        let sides = u64::from(sides);
        let made = self.with_state(|spec, state| {
            let job = crate::models::fax_job(sides);
            if spec.fax {
                crate::models::make(spec, state, job)
            } else {
                0
            }
        });
        made.and_then(|made| u32::try_from(made).ok()).unwrap_or(0)
    }

    /// Leaves `percent` of a supply, by its place in the table, and raises the alert it calls for.
    pub fn set_supply(&mut self, place: usize, percent: u32) {
        self.with_state(|spec, state| crate::models::set_supply(spec, state, place, percent));
    }

    /// Changes a supply for a new one.
    pub fn replace_supply(&mut self, place: usize) {
        self.with_state(|spec, state| crate::models::replace(spec, state, place));
    }

    /// Makes something the matter.
    pub fn raise(&mut self, trouble: Trouble) {
        self.with_state(|spec, state| state.raise(spec, trouble));
    }

    /// Puts something right.
    pub fn clear(&mut self, trouble: Trouble) {
        self.with_state(|_, state| state.clear(trouble));
    }

    /// Sends the device to sleep.
    pub fn fall_asleep(&mut self) {
        self.with_state(|_, state| state.asleep = true);
    }

    /// Whether somebody refills trays, clears jams and changes cartridges while time advances.
    pub fn set_attended(&mut self, attended: bool) {
        if let Body::Model(model) = &mut self.body {
            model.set_attended(attended);
        }
    }

    /// Whether restarts, firmware, broken boards and swaps happen while time advances.
    pub fn set_eventful(&mut self, eventful: bool) {
        if let Body::Model(model) = &mut self.body {
            model.set_eventful(eventful);
        }
    }

    /// Lets something happen now.
    pub fn happen(&mut self, what: Happening) {
        if let Body::Model(model) = &mut self.body {
            model.happen(what);
            model.refresh();
        }
    }

    /// What happened since the simulation began; nothing to a recording.
    #[must_use]
    pub fn history(&self) -> &[Happened] {
        self.model()
            .map_or(&[], |model| model.state().history.as_slice())
    }

    fn with_state<T>(&mut self, change: impl FnOnce(&Spec, &mut State) -> T) -> Option<T> {
        match &mut self.body {
            Body::Model(model) => Some(model.change(change)),
            Body::Recorded { .. } => None,
        }
    }

    /// What the device serves right now, in plain words.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let mut truth = match &self.body {
            Body::Model(model) => model.truth(),
            Body::Recorded {
                recording,
                serial,
                mac,
                is_printer,
                ..
            } => {
                let mut truth = recorded::truth(&self.name, recording);
                if let Some(serial) = serial.as_ref().filter(|_| !truth.serial.is_empty()) {
                    truth.serial.clone_from(serial);
                }
                truth.mac = truth.mac.map(|recorded| mac.unwrap_or(recorded));
                truth.is_printer = is_printer.unwrap_or(truth.is_printer);
                truth
            }
        };
        truth.name.clone_from(&self.name);
        truth.refuses = self.access.communities.is_empty();
        truth
    }
}
