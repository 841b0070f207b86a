//! What each record means for the index and the state: the same for a record just written and for
//! one read back.

use crate::index::{Changes, Fault, Index, Listing, Slot, Trait};
use crate::record::{
    ChainHead, LeafView, Payload, RecordKind, SubmissionRecord, WithdrawalRecord, parse_document,
    parse_receipt, parse_state,
};
use crate::replay::{Found, Group};
use crate::report::Problem;
use crate::state::{Location, State};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};

/// Changes are written to the index when this many have gathered, so that a rebuild neither
/// flushes after each group nor holds the whole journal's changes.
const WRITE_AFTER: usize = 20_000;

/// Ceiling on events that wait to be told: the first ones say what began.
const MAX_UNTOLD: usize = 16;

/// Names in [`State::latest`].
pub(crate) const SETTINGS: &str = "settings";
pub(crate) const IDENTITY: &str = "identity";
pub(crate) const EVENT: &str = "event";

/// The name in [`State::latest`] of a piece of small state.
pub(crate) fn state_name(name: &str) -> String {
    format!("state:{name}")
}

/// Gathers what groups mean.
pub(crate) struct Catalogue<'a> {
    index: &'a Index,
    pub(crate) state: State,
    changes: Changes,
    fault: Option<Fault>,
}

impl<'a> Catalogue<'a> {
    pub(crate) fn new(index: &'a Index, state: State) -> Self {
        Self {
            index,
            state,
            changes: Changes::default(),
            fault: None,
        }
    }

    /// Takes a group that counts.
    pub(crate) fn group(&mut self, group: &Group, problems: &mut Vec<Problem>) {
        let mut submission = None;
        for found in &group.records {
            if self.record(found, group.first, &mut submission).is_none() {
                problems.push(Problem::UnreadableRecord {
                    segment: found.location.segment,
                    offset: found.location.offset,
                    sequence: found.location.sequence,
                });
            }
        }
        self.state.segment = group.segment;
        self.state.offset = group.end;
        self.state.acknowledged = group.last;
        self.state.chain = group.chain;
        self.state.thinned += group.thinned;
        if group.head.is_some() {
            self.state.head = group.head;
        }
        if self.changes.len() >= WRITE_AFTER && self.fault.is_none() {
            let changes = std::mem::take(&mut self.changes);
            self.fault = self.index.apply(changes, &self.state).err();
        }
    }

    /// Writes what is left.
    pub(crate) fn finish(self) -> (State, Result<(), Fault>) {
        let result = match self.fault {
            Some(fault) => Err(fault),
            None => self.index.apply(self.changes, &self.state),
        };
        (self.state, result)
    }

    /// Takes the traits of one audit that was listed before without being opened.
    pub(crate) fn traits_of(&mut self, location: Location, payload: Payload) {
        // What is not laid out as an audit has no traits; reading it says so.
        if let Some(traits) = traits(&payload) {
            self.index
                .audit(&mut self.changes, Some(&traits), &location);
        }
    }

    /// Takes one record; nothing if it is not laid out as its kind demands. `submission` is the
    /// number of the submission record seen before in this group.
    fn record(&mut self, found: &Found, first: u64, submission: &mut Option<u64>) -> Option<()> {
        match found.kind {
            Some(RecordKind::Audit) => self.audit(found)?,
            Some(RecordKind::PassReport) => {
                self.put(Slot::Leaf(found.location.sequence), found);
                self.state.untold.clear();
            }
            Some(RecordKind::Submission) => {
                let record: SubmissionRecord = parse_document(found.payload.as_ref()?).ok()?;
                let number = record.signed.header.number;
                if *submission == Some(number) {
                    self.put(Slot::SubmissionCopy(number), found);
                    return Some(());
                }
                *submission = Some(number);
                self.put(Slot::Submission(number), found);
                self.state.waiting.insert(number);
                self.state.rejected.remove(&number);
                self.advance(&record);
            }
            Some(RecordKind::Receipt) => {
                let number = parse_receipt(found.payload.as_ref()?).ok()?.number;
                self.put(Slot::Receipt(number), found);
                self.state.waiting.remove(number);
            }
            Some(RecordKind::Rejection) => {
                let number = parse_receipt(found.payload.as_ref()?).ok()?.number;
                self.state.waiting.remove(number);
                self.state.rejected.insert(number, found.location);
            }
            Some(RecordKind::Withdrawal) => {
                let record: WithdrawalRecord = parse_document(found.payload.as_ref()?).ok()?;
                self.state.waiting.remove(record.number);
                self.state.rejected.remove(&record.number);
            }
            Some(RecordKind::Settings) => self.latest(SETTINGS.to_owned(), found, first),
            Some(RecordKind::Identity) => self.latest(IDENTITY.to_owned(), found, first),
            Some(RecordKind::State) => {
                let (name, _) = parse_state(found.payload.as_ref()?).ok()?;
                self.latest(state_name(&name), found, first);
            }
            Some(RecordKind::Event) => {
                self.latest(EVENT.to_owned(), found, first);
                if self.state.untold.len() < MAX_UNTOLD {
                    self.state.untold.push(found.location);
                }
                self.index
                    .list(&mut self.changes, Listing::Events, &found.location);
            }
            // Both are read by the replay; unknown kinds belong to a newer version.
            Some(RecordKind::Commit | RecordKind::Thinned) | None => {}
        }
        Some(())
    }

    fn put(&mut self, slot: Slot, found: &Found) {
        self.index.put(&mut self.changes, slot, &found.location);
    }

    /// Notes one of the copies of a record of which only the latest counts.
    fn latest(&mut self, name: String, found: &Found, first: u64) {
        let copies = self.state.latest.entry(name).or_default();
        copies.retain(|copy| copy.sequence >= first && copy.sequence < found.location.sequence);
        copies.push(found.location);
    }

    /// Moves the chain's end on. Commits state it too; this is for a group that lost its commit.
    /// What was stored last is the end, also where its number is lower: the chain then went on behind
    /// the end of Central's books.
    fn advance(&mut self, record: &SubmissionRecord) {
        let header = &record.signed.header;
        self.state.head = Some(ChainHead {
            agent: header.agent,
            number: header.number,
            hash: header.hash(),
        });
    }

    fn audit(&mut self, found: &Found) -> Option<()> {
        let traits = match &found.payload {
            Some(payload) => Some(traits(payload)?),
            None => None,
        };
        self.index
            .audit(&mut self.changes, traits.as_deref(), &found.location);
        Some(())
    }
}

/// What the audit in a record is looked up by, each in its one spelling; nothing where it is no audit.
pub(crate) fn traits(payload: &[u8]) -> Option<Vec<(Trait, String)>> {
    let leaf = LeafView::parse(payload).ok()?;
    let evidence: Evidence = serde_json::from_slice(leaf.document).ok()?;
    let address = evidence.address.map(|a| a.ip()).map(spelled_address);
    let traits = [
        (Trait::Address, address),
        (Trait::Audit, Some(evidence.id)),
        (Trait::Hostname, evidence.identity.hostname),
        (Trait::Mac, evidence.identity.mac),
        (Trait::Serial, evidence.identity.serial),
    ];
    let known = traits.into_iter();
    Some(
        known
            .filter_map(|(by, text)| Some((by, spelled(&text?))))
            .collect(),
    )
}

/// The one spelling under which a text is looked up.
pub(crate) fn spelled(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The one spelling of an address.
pub(crate) fn spelled_address(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

/// The parts of an audit that it is looked up by.
#[derive(Deserialize)]
struct Evidence {
    id: String,
    address: Option<SocketAddr>,
    identity: EvidenceOfIdentity,
}

#[derive(Deserialize)]
struct EvidenceOfIdentity {
    hostname: Option<String>,
    mac: Option<String>,
    serial: Option<String>,
}
