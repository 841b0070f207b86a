//! Private data in recordings, replaced before anything is written.
//!
//! A recording is made to be sent to somebody else. What tells whose device it is, where it stands
//! and who works with it is replaced by something of the same length and shape: a digit by a digit, a
//! letter by a letter, an address by an address. The same becomes the same everywhere in the file,
//! however it is written there, so the recording still decodes as it did, but for the masked fields.
//! What was replaced is listed by its place and kind ([`Masked`]), never by its value.
//!
//! # What is private
//!
//! 1. What stands in objects for it: sysName, sysContact, sysLocation, serial numbers, hardware
//!    addresses, IP addresses, operators, asset numbers; and whatever object the definitions read a
//!    serial number, host name, place or asset from.
//! 2. The same again, anywhere: inside other texts and IEEE 1284 device IDs, in hexadecimal, in
//!    UTF-16, inside engine ids, in the index of a row.
//! 3. What looks like it: e-mail, web and hardware addresses, telephone numbers, serial numbers
//!    behind `SN:`, UUIDs, domain names.
//! 4. What a label in the same row of a table says is private, and the texts of rows that hold an
//!    e-mail address.
//!
//! A name of a person that stands alone in an object that nobody knows is not found. The objects that
//! are known to hold such names (job tables, address books) are never asked for.

mod apply;
mod finders;
mod pattern;
mod pseudonym;
mod public;
mod secrets;

pub(crate) use apply::{Arcs, replace_arcs};
pub(crate) use finders::{What, find, is_filler, is_private};
pub(crate) use pattern::{Ipv4Forms, Patterns};
pub(crate) use public::Public;

use crate::{Clocks, NoRandomness, ReplayIds, random, replay_answers};
use pagetally_printer_mib::Definitions;
use pagetally_snmp_engine::{Oid, Recording, Value};
use pseudonym::Pseudonyms;
use secrets::Secrets;
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// A kind of private data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Private {
    /// An IP address.
    Address,
    /// The owner's own number for the device.
    Asset,
    /// An SNMP community.
    Community,
    /// sysContact.
    Contact,
    /// An e-mail address.
    Email,
    /// A host or domain name.
    Host,
    /// A UUID or an SNMP engine id.
    Id,
    /// What a label beside it calls private.
    Labelled,
    /// Where the device stands.
    Location,
    /// A hardware address; the maker's half of it stays.
    Mac,
    /// A person's name.
    Person,
    /// A telephone or fax number.
    Phone,
    /// A serial number, of the device or a supply.
    Serial,
    /// The host of a web address.
    Url,
}

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "IP address",
            Self::Asset => "asset number",
            Self::Community => "community",
            Self::Contact => "contact",
            Self::Email => "e-mail address",
            Self::Host => "host name",
            Self::Id => "unique id",
            Self::Labelled => "labelled as private",
            Self::Location => "location",
            Self::Mac => "hardware address",
            Self::Person => "person",
            Self::Phone => "telephone number",
            Self::Serial => "serial number",
            Self::Url => "host in a web address",
        })
    }
}

/// What is known of the device besides its answers, and what may stay.
#[derive(Clone, Debug, Default)]
pub struct MaskOptions {
    /// The address that it was asked at.
    pub address: Option<IpAddr>,
    /// The communities that it was asked with.
    pub communities: Vec<Vec<u8>>,
    /// Kinds that are left as they are.
    pub keep: BTreeSet<Private>,
}

/// A place where something was masked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Masked {
    /// What it was.
    pub kind: Private,
    /// The instance, as it stands in the masked recording.
    pub oid: Oid,
    /// What was done.
    pub how: How,
}

/// What was done with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum How {
    /// The whole value was replaced.
    Whole,
    /// A part of it was.
    Part,
    /// The index in its name was.
    Index,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "the whole value",
            Self::Part => "a part of the value",
            Self::Index => "the index in its name",
        })
    }
}

/// A recording without private data, and what was replaced in it.
#[derive(Clone, Debug)]
pub struct MaskedRecording {
    /// The recording.
    pub recording: Recording,
    /// What was replaced, by kind and place.
    pub masked: Vec<Masked>,
}

/// Replaces private data.
///
/// # Errors
///
/// Where the operating system has no random numbers: without a key nothing can be masked.
pub fn mask(
    recording: &Recording,
    options: &MaskOptions,
    definitions: &Definitions,
) -> Result<MaskedRecording, NoRandomness> {
    let audit = {
        let ids = ReplayIds::fresh(&Clocks::start()?)?;
        replay_answers(&recording.to_answers(), &ids, definitions)
    };
    let names = Pseudonyms::new(random::bytes()?);
    let secrets = Secrets::gather(recording, &audit, options, &names);
    Ok(secrets.mask(recording))
}

/// ipAddrTable and ipAddressTable: their rows are named by addresses.
const ADDRESS_TABLES: &[&[u32]] = &[&[1, 3, 6, 1, 2, 1, 4, 20, 1], &[1, 3, 6, 1, 2, 1, 4, 34, 1]];

/// The shortest text that is looked for elsewhere than where it stands.
const LEAST: usize = 4;

fn value_of<'r>(recording: &'r Recording, oid: &Oid) -> Option<&'r Value> {
    let varbinds = recording.varbinds();
    let place = varbinds
        .binary_search_by(|varbind| varbind.oid.cmp(oid))
        .ok()?;
    varbinds.get(place).map(|varbind| &varbind.value)
}

fn octets(value: &Value) -> Option<&[u8]> {
    match value {
        Value::OctetString(octets) | Value::Opaque(octets) => Some(octets),
        _ => None,
    }
}

fn address_of(arcs: [u32; 4]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    for (octet, arc) in octets.iter_mut().zip(arcs) {
        *octet = u8::try_from(arc).ok()?;
    }
    Some(Ipv4Addr::from(octets))
}

/// A text without the blanks, NULs and control octets around it.
fn core(octets: &[u8]) -> &[u8] {
    let counts = |octet: &u8| !octet.is_ascii_whitespace() && !octet.is_ascii_control();
    let start = octets.iter().position(counts).unwrap_or(octets.len());
    let end = octets
        .iter()
        .rposition(counts)
        .map_or(start, |last| last + 1);
    octets.get(start..end).unwrap_or_default()
}
