//! Everything in plain JSON: for whoever asks for their data, and for whoever saves what is left.

use super::{OpenOptions, Store, open};
use crate::error::{StoreError, io_error};
use crate::files::JournalFiles;
use crate::frame::{Piece, pieces};
use crate::journal::{Journal, base_in};
use crate::keys::{DeviceClues, Keyring};
use crate::lock::FolderLock;
use crate::record::{LeafRecord, RecordKind, document_bytes, parse_receipt, parse_state};
use crate::replay::Depth;
use crate::segment::SEGMENT_HEADER;
use crate::state::State;
use pagetally_model::DeviceAudit;
use pagetally_proof::canonical;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::Path;

/// The version of exports that this crate writes.
const EXPORT_FORMAT: u32 = 1;

/// Whose data is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportScope<'a> {
    /// The device that a person names as for [`Store::find_audit`].
    Device(&'a str),
    /// All there is, but the agent's own keys and working state.
    Site,
}

/// How much was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Records written.
    pub records: u64,
}

/// What [`salvage`] could save.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Salvaged {
    /// Records written.
    pub records: u64,
    /// Records that do not open: damaged.
    pub damaged: u64,
    /// Records of keys that were destroyed on purpose.
    pub erased: u64,
    /// Records of keys that are not there.
    pub without_key: u64,
    /// Bytes that belong to no record.
    pub rubbish: u64,
    /// Segments that could not be read, with the reason.
    pub unreadable: Vec<String>,
}

impl Store {
    /// Writes all data of a device or of the site as one JSON document:
    /// `{"format":1,"scope":"device","records":[..]}`, records in the order of the journal, audits
    /// with the number of their submission and their salt, so that they can be proven.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchDevice`], [`StoreError::Export`] when `out` takes no more.
    pub fn export(
        &self,
        scope: ExportScope<'_>,
        out: &mut dyn Write,
    ) -> Result<Exported, StoreError> {
        let wanted = match scope {
            ExportScope::Site => None,
            ExportScope::Device(asked) => {
                let found = self
                    .find_audit(asked)?
                    .ok_or_else(|| StoreError::NoSuchDevice {
                        asked: asked.to_owned(),
                    })?;
                Some(DeviceClues::of(&found.audit))
            }
        };
        let inner = self.inner();
        let scope = if wanted.is_some() { "device" } else { "site" };
        let mut list = List::begin(out, scope).map_err(StoreError::Export)?;
        let mut failed = None;
        inner.journal.read_after(
            &State::default(),
            Some(inner.state.acknowledged),
            Depth::Full,
            &mut |group, _| {
                for found in &group.records {
                    let (Some(kind), Some(payload)) = (found.kind, &found.payload) else {
                        continue;
                    };
                    let shown = show(kind, payload, wanted.as_ref());
                    if let Some(record) = shown
                        && failed.is_none()
                    {
                        failed = list.put(found.location.sequence, record).err();
                    }
                }
            },
        )?;
        failed.map_or(Ok(()), |error| Err(StoreError::Export(error)))?;
        let records = list.end().map_err(StoreError::Export)?;
        Ok(Exported { records })
    }
}

/// Saves what can be saved of a store, without its index and whatever is wrong with its journal:
/// every record that opens, as [`Store::export`] writes them. Changes nothing.
///
/// # Errors
///
/// [`StoreError::InUse`], [`StoreError::Key`] when there is no key to open anything with,
/// [`StoreError::Export`] when `out` takes no more.
pub fn salvage(
    folder: &Path,
    options: &OpenOptions,
    out: &mut dyn Write,
) -> Result<Salvaged, StoreError> {
    let _lock = FolderLock::take(folder)?;
    let files = open::journal_files(folder, options)?;
    let places = open::key_places(folder, options);
    let keyring = Keyring::open(&places, &options.keys, true, options.now)?;
    let mut list = List::begin(out, "salvage").map_err(StoreError::Export)?;
    let mut salvaged = Salvaged::default();
    let segments = files.segments().map_err(io_error("list", folder))?;
    for segment in segments {
        match segment_bytes(&*files, segment) {
            Ok(bytes) => {
                let saved = save(segment, &bytes, &keyring, &mut list, &mut salvaged);
                saved.map_err(StoreError::Export)?;
            }
            Err(error) => salvaged
                .unreadable
                .push(format!("{}: {error}", files.path(segment).display())),
        }
    }
    salvaged.records = list.end().map_err(StoreError::Export)?;
    Ok(salvaged)
}

fn segment_bytes(files: &dyn JournalFiles, segment: u32) -> io::Result<Vec<u8>> {
    let length = files.length(segment)?.min(Journal::MAX_SEGMENT);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    files.read(segment, 0, &mut bytes)?;
    Ok(bytes)
}

fn save(
    segment: u32,
    bytes: &[u8],
    keyring: &Keyring,
    list: &mut List<'_>,
    salvaged: &mut Salvaged,
) -> io::Result<()> {
    let Ok(pieces) = pieces(bytes, SEGMENT_HEADER.min(bytes.len())) else {
        let reason = format!("segment {segment}: a newer version wrote it");
        salvaged.unreadable.push(reason);
        return Ok(());
    };
    for piece in pieces {
        let (header, sealed) = match piece {
            Piece::Frame { header, sealed, .. } => (header, sealed),
            Piece::Rubbish { length, .. } => {
                salvaged.rubbish += length as u64;
                continue;
            }
        };
        let Some(key) = keyring.find(header.key) else {
            match keyring.is_erased(header.key) {
                true => salvaged.erased += 1,
                false => salvaged.without_key += 1,
            }
            continue;
        };
        match (
            header
                .open_over(&key.key, sealed, |on| base_in(keyring, segment, bytes, on))
                .ok(),
            RecordKind::from_code(header.kind),
        ) {
            (Some(payload), Some(kind)) => {
                if let Some(record) = show(kind, &payload, None) {
                    list.put(header.sequence, record)?;
                }
            }
            (Some(_), None) => {}
            (None, _) => salvaged.damaged += 1,
        }
    }
    Ok(())
}

/// One record as JSON; nothing for one that is not wanted, or that only the journal needs.
fn show(kind: RecordKind, payload: &[u8], wanted: Option<&DeviceClues>) -> Option<Value> {
    if let Some(wanted) = wanted {
        let leaf = (kind == RecordKind::Audit).then(|| LeafRecord::parse(payload).ok())??;
        let audit: DeviceAudit = canonical::from_slice(&leaf.document).ok()?;
        if !wanted.may_be(&DeviceClues::of(&audit)) {
            return None;
        }
    }
    let document = || {
        let bytes = document_bytes(payload).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    };
    Some(match kind {
        RecordKind::Audit | RecordKind::PassReport => {
            let leaf = LeafRecord::parse(payload).ok()?;
            let what = match kind {
                RecordKind::Audit => "audit",
                _ => "pass-report",
            };
            json!({
                "kind": what,
                "submission": leaf.number,
                "salt": hex::encode(leaf.salt.as_bytes()),
                "document": serde_json::from_slice::<Value>(&leaf.document).ok()?,
            })
        }
        RecordKind::Submission => json!({"kind": "submission", "document": document()?}),
        RecordKind::Settings => json!({"kind": "settings", "document": document()?}),
        RecordKind::Event => json!({"kind": "event", "document": document()?}),
        RecordKind::Withdrawal => json!({"kind": "withdrawal", "document": document()?}),
        RecordKind::Receipt | RecordKind::Rejection => {
            let receipt = parse_receipt(payload).ok()?;
            json!({
                "kind": "receipt",
                "number": receipt.number,
                "content": receipt.content,
                "received": receipt.received,
                "bytes": hex::encode(&receipt.bytes),
            })
        }
        // The agent's own: named, so that it is known to be there, and not shown.
        RecordKind::Identity => json!({"kind": "identity"}),
        RecordKind::State => {
            let (name, _) = parse_state(payload).ok()?;
            json!({"kind": "state", "name": name})
        }
        _ => return None,
    })
}

/// A JSON document with a list that is written as it grows.
struct List<'a> {
    out: &'a mut dyn Write,
    records: u64,
}

impl<'a> List<'a> {
    fn begin(out: &'a mut dyn Write, scope: &str) -> io::Result<Self> {
        write!(
            out,
            "{{\"format\":{EXPORT_FORMAT},\"scope\":\"{scope}\",\"records\":["
        )?;
        Ok(Self { out, records: 0 })
    }

    fn put(&mut self, sequence: u64, mut record: Value) -> io::Result<()> {
        if let Some(fields) = record.as_object_mut() {
            fields.insert("sequence".to_owned(), sequence.into());
        }
        let comma = if self.records > 0 { "," } else { "" };
        self.records += 1;
        write!(self.out, "{comma}\n{record}")
    }

    fn end(self) -> io::Result<u64> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()?;
        Ok(self.records)
    }
}
