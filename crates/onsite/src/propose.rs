//! `onsite propose`: where the numbers of a device's status page stand in its recording, and the
//! definition rows that would read them.
//!
//! A number is looked for wherever a row can read it: in numbers, in texts, in records packed into
//! octets, and as a sum of two. Candidates are ranked by what makes a place trustworthy: a maker's own
//! counter with a label that says so, in the table where the other numbers stand, and nowhere else. The
//! rows that are proposed join a table's row by its label or its type, never by its number where it
//! has one of these; they are loaded and the recording is decoded by them before they are shown.

mod known;
mod rank;
mod rows;
mod search;
pub(crate) mod tables;

use crate::{Clocks, NoRandomness, ReplayIds, replay_answers};
use pagetally_model::{
    DeviceAudit, Meter, MeterColor, MeterFunction, MeterSides, MeterSize, RawValue,
};
use pagetally_printer_mib::{DefinitionError, Definitions};
use pagetally_snmp_engine::{Oid, Recording};
use search::Hit;
use serde::Serialize;
use tables::Tables;

/// A meter that a status page can state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WantedMeter {
    /// Its name, and the name of the row that is proposed for it.
    pub name: &'static str,
    /// What the device did.
    pub function: MeterFunction,
    /// Colours covered.
    pub color: MeterColor,
    /// Sizes covered.
    pub size: MeterSize,
    /// Sides covered.
    pub sides: MeterSides,
}

const fn meter(name: &'static str, function: MeterFunction, color: MeterColor) -> WantedMeter {
    WantedMeter {
        name,
        function,
        color,
        size: MeterSize::Any,
        sides: MeterSides::Any,
    }
}

/// Every meter that can be asked for, by its name.
pub const WANTED_METERS: &[WantedMeter] = &[
    meter("total", MeterFunction::Total, MeterColor::Any),
    meter("mono", MeterFunction::Total, MeterColor::Mono),
    meter("color", MeterFunction::Total, MeterColor::Color),
    meter("print", MeterFunction::Print, MeterColor::Any),
    meter("print-mono", MeterFunction::Print, MeterColor::Mono),
    meter("print-color", MeterFunction::Print, MeterColor::Color),
    meter("copy", MeterFunction::Copy, MeterColor::Any),
    meter("copy-mono", MeterFunction::Copy, MeterColor::Mono),
    meter("copy-color", MeterFunction::Copy, MeterColor::Color),
    meter("scan", MeterFunction::Scan, MeterColor::Any),
    meter("fax", MeterFunction::Fax, MeterColor::Any),
    WantedMeter {
        sides: MeterSides::Duplex,
        ..meter("duplex", MeterFunction::Total, MeterColor::Any)
    },
    WantedMeter {
        size: MeterSize::Large,
        ..meter("large", MeterFunction::Total, MeterColor::Any)
    },
    WantedMeter {
        size: MeterSize::Small,
        ..meter("small", MeterFunction::Total, MeterColor::Any)
    },
];

/// What the status page says of one meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The meter.
    pub meter: WantedMeter,
    /// What it said when the recording was made.
    pub value: u64,
    /// What it said when the later recording was made.
    pub later: Option<u64>,
}

/// Recordings of one device and what its status page says.
#[derive(Clone, Copy, Debug)]
pub struct ProposeInput<'a> {
    /// The device.
    pub recording: &'a Recording,
    /// The same device some pages later: what counts must have gone on to the later number.
    pub later: Option<&'a Recording>,
    /// The numbers.
    pub wanted: &'a [Wanted],
    /// The site's own definition files, each by its name and its text.
    pub site_files: &'a [(String, String)],
}

/// One place where a number stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Candidate {
    /// The meter's name.
    pub meter: &'static str,
    /// The object instances: one, or the two that are added up.
    pub oids: Vec<String>,
    /// What the device answered there.
    pub raw: Vec<RawValue>,
    /// How the number stands there.
    pub how: String,
    /// What the row's other columns say.
    pub labels: Vec<String>,
    /// What it is ranked by; more is better.
    pub score: i32,
    /// Why.
    pub why: Vec<String>,
    /// Which rows read it already, in words.
    pub read_by: Vec<String>,
}

/// A definition file to save into the site's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProposedFile {
    /// What to call it.
    pub name: String,
    /// Its text.
    pub toml: String,
    /// Whether it adds rows, or lets a known family's rows speak for this device.
    pub adds_rows: bool,
}

/// What the recording decodes to with the proposed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Checked {
    /// The meter's name.
    pub meter: &'static str,
    /// What the status page says.
    pub wanted: u64,
    /// What was read without the file, and by which rule.
    pub before: Option<(u64, String)>,
    /// What is read with it, and by which rule.
    pub after: Option<(u64, String)>,
    /// Whether that is what the status page says.
    pub right: bool,
}

/// Candidates, the rows that follow from them, and what these read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Proposal {
    /// The version of this document.
    pub format: u32,
    /// Maker and model, as far as known.
    pub device: String,
    /// All candidates, by meter in the order asked for, the best first.
    pub candidates: Vec<Candidate>,
    /// The file; nothing where there is nothing to add.
    pub file: Option<ProposedFile>,
    /// What is read with it.
    pub checks: Vec<Checked>,
    /// What a technician should know before he trusts it.
    pub remarks: Vec<String>,
}

/// The version of [`Proposal`]'s document.
const FORMAT: u32 = 1;

/// How many candidates of one meter are told.
const MAX_CANDIDATES: usize = 12;

/// Why no proposal can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProposeError {
    /// No random numbers for an audit's id.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The site's own files cannot be loaded, or the proposed one beside them.
    #[error("the definition files cannot be loaded")]
    Refused(#[from] DefinitionError),
}

/// Looks for the numbers and proposes rows for them.
///
/// # Errors
///
/// [`ProposeError`] where this machine or this program fails. A number that stands nowhere is no
/// error: it has no candidate.
pub fn propose(input: &ProposeInput<'_>) -> Result<Proposal, ProposeError> {
    let definitions = &Definitions::with_overrides(texts(input.site_files))?;
    let before = decode(input.recording, definitions)?;
    let tables = Tables::new(input.recording);
    let later = input.later.map(Tables::new);
    let readers = known::Readers::of(input.recording, &before, definitions)?;
    let mut hits: Vec<Vec<Hit>> = input
        .wanted
        .iter()
        .map(|wanted| search::find(wanted, input.recording, &tables, later.as_ref()))
        .collect();
    rank::rank(&mut hits, input.wanted, &tables, &readers);
    let mut remarks = remarks(&hits, input);
    let chosen = choose(&hits, input.wanted);
    let device = crate::device_name(&before).as_str().to_owned();
    let is_missing = |wanted: &&Wanted| !is_right(&before, wanted);
    let missing: Vec<&Wanted> = input.wanted.iter().filter(is_missing).collect();
    let file = if missing.is_empty() {
        remarks.push("every number is read already as the status page says it".to_owned());
        None
    } else {
        best_file(input, &before, &chosen, &readers)?
    };
    let after = match &file {
        Some(file) => decode(input.recording, &with(input, file)?)?,
        None => before.clone(),
    };
    let checks = input.wanted.iter().map(|wanted| Checked {
        meter: wanted.meter.name,
        wanted: wanted.value,
        before: read(&before, wanted),
        after: read(&after, wanted),
        right: is_right(&after, wanted),
    });
    let checks = checks.collect();
    let told = hits.iter().zip(input.wanted).flat_map(|(hits, wanted)| {
        let hits = hits.iter().take(MAX_CANDIDATES);
        hits.map(|hit| hit.to_candidate(wanted.meter.name, &tables))
    });
    Ok(Proposal {
        format: FORMAT,
        device,
        candidates: told.collect(),
        file,
        checks,
        remarks,
    })
}

/// The best place of each meter, no place twice.
fn choose<'h>(hits: &'h [Vec<Hit>], wanted: &[Wanted]) -> Vec<(WantedMeter, &'h Hit)> {
    let mut chosen: Vec<(WantedMeter, &Hit)> = Vec::new();
    for (hits, wanted) in hits.iter().zip(wanted) {
        let free = |hit: &&Hit| chosen.iter().all(|(_, other)| other.place != hit.place);
        let best = hits.iter().filter(|hit| hit.score > 0).find(free);
        chosen.extend(best.map(|best| (wanted.meter, best)));
    }
    chosen
}

/// The file that reads the most numbers right: a known family's rows, or new ones.
fn best_file(
    input: &ProposeInput<'_>,
    before: &DeviceAudit,
    chosen: &[(WantedMeter, &Hit)],
    readers: &known::Readers,
) -> Result<Option<ProposedFile>, ProposeError> {
    let tables = Tables::new(input.recording);
    let matching = rows::Matching::of(before);
    let mut best: Option<(usize, ProposedFile)> = None;
    let families = readers.families_not_chosen();
    let known = families
        .iter()
        .map(|family| rows::let_speak(family, &matching, before));
    let unread: Vec<(WantedMeter, &Hit)> = chosen
        .iter()
        .filter(|(meter, _)| {
            let wanted = input.wanted.iter().find(|wanted| wanted.meter == *meter);
            wanted.is_some_and(|wanted| !is_right(before, wanted))
        })
        .copied()
        .collect();
    let own = (!unread.is_empty()).then(|| rows::new_family(&unread, &matching, before, &tables));
    for file in known.chain(own) {
        let rows = with(input, &file)?;
        let after = decode(input.recording, &rows)?;
        let right = input
            .wanted
            .iter()
            .filter(|wanted| is_right(&after, wanted))
            .count();
        let had = input
            .wanted
            .iter()
            .filter(|wanted| is_right(before, wanted))
            .count();
        if right > had && best.as_ref().is_none_or(|(most, _)| right > *most) {
            best = Some((right, file));
        }
    }
    Ok(best.map(|(_, file)| file))
}

/// The site's files and the proposed one over the shipped rows.
fn with(input: &ProposeInput<'_>, file: &ProposedFile) -> Result<Definitions, DefinitionError> {
    let others = texts(input.site_files).filter(|(name, _)| *name != file.name);
    Definitions::with_overrides(others.chain([(file.name.as_str(), file.toml.as_str())]))
}

fn texts(files: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
}

fn decode(recording: &Recording, definitions: &Definitions) -> Result<DeviceAudit, NoRandomness> {
    let ids = ReplayIds::fresh(&Clocks::start()?)?;
    Ok(replay_answers(&recording.to_answers(), &ids, definitions))
}

/// The meter that a number was asked for, whatever its unit.
fn meter_of<'a>(audit: &'a DeviceAudit, wanted: &Wanted) -> Option<&'a Meter> {
    let meter = wanted.meter;
    let fits = |one: &&Meter| {
        (one.function, one.color, one.size, one.sides)
            == (meter.function, meter.color, meter.size, meter.sides)
    };
    let mut fitting = audit.meters.iter().filter(fits);
    let first = fitting.clone().next();
    fitting.find(|one| one.value == wanted.value).or(first)
}

fn read(audit: &DeviceAudit, wanted: &Wanted) -> Option<(u64, String)> {
    let meter = meter_of(audit, wanted)?;
    Some((meter.value, meter.source.rule.name.to_string()))
}

fn is_right(audit: &DeviceAudit, wanted: &Wanted) -> bool {
    meter_of(audit, wanted).is_some_and(|meter| meter.value == wanted.value)
}

/// What makes a proposal doubtful.
fn remarks(hits: &[Vec<Hit>], input: &ProposeInput<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    for (hits, wanted) in hits.iter().zip(input.wanted) {
        let name = wanted.meter.name;
        match hits.as_slice() {
            [] => remarks.push(format!(
                "{name}: {} stands nowhere in the recording; the status page may count otherwise, \
                 or the number has moved on since",
                wanted.value
            )),
            [first, second, ..] if second.score >= first.score && input.later.is_none() => {
                remarks.push(format!(
                    "{name}: several places are equally good; print some pages, record again, and \
                     say --and LATER --{name} {},NEW",
                    wanted.value
                ));
            }
            _ => {}
        }
    }
    remarks
}

impl Hit {
    fn to_candidate(&self, meter: &'static str, tables: &Tables<'_>) -> Candidate {
        let oids = self.place.oids();
        let raw = oids
            .iter()
            .filter_map(|oid| Some(search::raw(tables.value(oid)?)));
        Candidate {
            meter,
            raw: raw.collect(),
            oids: oids.iter().map(Oid::to_string).collect(),
            how: self.place.to_string(),
            labels: self.labels.clone(),
            score: self.score,
            why: self.why.clone(),
            read_by: self.read_by.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
