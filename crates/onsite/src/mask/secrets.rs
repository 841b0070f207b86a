//! Gathers what is private in one recording.

use super::finders::{What, find, is_filler, is_filler_mac, is_private};
use super::pattern::Patterns;
use super::pseudonym::Pseudonyms;
use super::public::Public;
use super::{ADDRESS_TABLES, LEAST, MaskOptions, Private, address_of, core, octets, value_of};
use crate::propose::tables::{Tables, is_text};
use pagetally_model::{DeviceAudit, Provenance, Source, Text};
use pagetally_snmp_engine::{Oid, Recording, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Columns that hold private data by their definition, and what they hold.
const COLUMNS: &[(&[u32], Private)] = &[
    (&[1, 3, 6, 1, 2, 1, 1, 4], Private::Contact),
    (&[1, 3, 6, 1, 2, 1, 1, 5], Private::Host),
    (&[1, 3, 6, 1, 2, 1, 1, 6], Private::Location),
    // ifPhysAddress
    (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 6], Private::Mac),
    // prtGeneralCurrentOperator, prtGeneralServicePerson, prtGeneralPrinterName, serial number
    (&[1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 4], Private::Person),
    (&[1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 5], Private::Person),
    (&[1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 16], Private::Host),
    (&[1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 17], Private::Serial),
    // prtInputSerialNumber, prtOutputSerialNumber
    (&[1, 3, 6, 1, 2, 1, 43, 8, 2, 1, 17], Private::Serial),
    (&[1, 3, 6, 1, 2, 1, 43, 9, 2, 1, 16], Private::Serial),
    // entPhysicalSerialNum, entPhysicalAlias, entPhysicalAssetID
    (&[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 11], Private::Serial),
    (&[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 14], Private::Asset),
    (&[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 15], Private::Asset),
    // ppmPrinterName
    (
        &[1, 3, 6, 1, 4, 1, 2699, 1, 2, 1, 2, 1, 1, 2],
        Private::Host,
    ),
];

/// snmpEngineID.0 (RFC 3411).
const ENGINE_ID: &[u32] = &[1, 3, 6, 1, 6, 3, 10, 2, 1, 1, 0];

/// Words in labels that say that the value beside them is private.
const LABELS: &[&str] = &[
    "serial number",
    "serial no",
    "serialnumber",
    "asset",
    "contact",
    "e-mail",
    "email",
    "phone",
    "fax number",
    "fax no",
    "host name",
    "hostname",
    "ip address",
    "mac address",
    "owner",
    "user name",
    "username",
    "customer",
    "company",
    "ssid",
    "address book",
    "location",
];

/// Everything private that a recording holds.
pub(super) struct Secrets {
    pub(super) names: Pseudonyms,
    pub(super) keep: BTreeSet<Private>,
    pub(super) patterns: Patterns,
    /// Values that are private as a whole.
    pub(super) whole: BTreeMap<Oid, Private>,
    pub(super) addresses: BTreeSet<Ipv4Addr>,
    pub(super) macs: BTreeSet<[u8; 6]>,
    /// Private texts, for indexes and for numbers that are the same digits.
    pub(super) texts: BTreeMap<Vec<u8>, Private>,
    public: Public,
    /// Objects whose numbers with dots are versions.
    pub(super) firmware: BTreeSet<String>,
}

impl Secrets {
    pub(super) fn gather(
        recording: &Recording,
        audit: &DeviceAudit,
        options: &MaskOptions,
        names: &Pseudonyms,
    ) -> Self {
        let identity = &audit.identity;
        let firmware = identity.sources.get("firmware");
        let mut secrets = Self {
            names: *names,
            keep: options.keep.clone(),
            patterns: Patterns::default(),
            whole: BTreeMap::new(),
            addresses: BTreeSet::new(),
            macs: BTreeSet::new(),
            texts: BTreeMap::new(),
            public: Public::new([&identity.manufacturer, &identity.model]),
            firmware: firmware.into_iter().flat_map(objects).collect(),
        };
        secrets.gather_audit(recording, audit);
        secrets.gather_columns(recording);
        secrets.gather_shapes(recording);
        secrets.gather_labels(recording);
        match options.address {
            // Whatever it is: this one is the device's.
            Some(IpAddr::V4(address)) => {
                secrets.addresses.insert(address);
            }
            Some(IpAddr::V6(address)) => secrets.add_ipv6(address),
            None => {}
        }
        for community in &options.communities {
            if !matches!(community.as_slice(), b"public" | b"private") {
                secrets.add_text(Private::Community, community);
            }
        }
        secrets.learn();
        secrets
    }

    /// What the definitions and the standards read as private.
    fn gather_audit(&mut self, recording: &Recording, audit: &DeviceAudit) {
        let identity = &audit.identity;
        let fields = [
            ("serial", Private::Serial, &identity.serial),
            ("hostname", Private::Host, &identity.hostname),
            ("location", Private::Location, &identity.location),
            ("contact", Private::Contact, &identity.contact),
            ("asset", Private::Asset, &identity.asset),
        ];
        for (field, kind, value) in fields {
            if let (Some(value), Some(from)) = (value, identity.sources.get(field)) {
                self.add_places(recording, kind, value, from);
            }
        }
        for supply in &audit.supplies {
            if let (Some(serial), Some(from)) = (&supply.serial, supply.sources.get("serial")) {
                self.add_places(recording, Private::Serial, serial, from);
            }
        }
        let macs = identity.mac.iter().map(Text::as_str);
        for mac in macs.chain(
            identity
                .sources
                .get("mac")
                .into_iter()
                .flat_map(|from| from.witnesses.iter().map(|witness| witness.value.as_str())),
        ) {
            for one in find(mac.as_bytes()) {
                if let What::Mac(mac) = one.what {
                    self.macs.insert(mac);
                }
            }
        }
    }

    /// The witnesses of a private field: their values, and their objects where they hold nothing else.
    fn add_places(
        &mut self,
        recording: &Recording,
        kind: Private,
        value: &Text,
        from: &Provenance,
    ) {
        let own = (&from.source, value);
        let others = from.witnesses.iter();
        for (source, value) in
            std::iter::once(own).chain(others.map(|other| (&other.source, &other.value)))
        {
            self.add_text(kind, value.as_str().as_bytes());
            let Source::Snmp { oid, .. } = source else {
                continue;
            };
            let Ok(oid) = oid.to_string().parse::<Oid>() else {
                continue;
            };
            let Some(octets) = value_of(recording, &oid).and_then(octets) else {
                continue;
            };
            // A device ID or a sysDescr holds more than the value; a suffix is no matter, and in
            // another character set as many characters are the same text.
            let core = core(octets);
            let begins = String::from_utf8_lossy(core).starts_with(value.as_str());
            let other_set = core.len() == value.as_str().chars().count() && !core.is_ascii();
            let is_name = kind == Private::Host && self.public.says(value.as_str());
            if (begins || other_set) && !is_name && !is_filler(value.as_str()) {
                self.whole.insert(oid, kind);
                self.add_text(kind, core);
            }
        }
    }

    fn gather_columns(&mut self, recording: &Recording) {
        for varbind in recording.varbinds() {
            let column = COLUMNS
                .iter()
                .find(|(column, _)| varbind.oid.arcs().starts_with(column));
            if let (Some((_, kind)), Some(octets)) = (column, octets(&varbind.value)) {
                self.add_whole(&varbind.oid, *kind, octets);
            }
            if varbind.oid.arcs() == ENGINE_ID {
                self.whole.insert(varbind.oid.clone(), Private::Id);
            }
            if let Value::IpAddress(address) = varbind.value {
                self.add_address(address);
            }
            for table in ADDRESS_TABLES {
                if let Some([.., a, b, c, d]) = varbind.oid.arcs().strip_prefix(*table)
                    && let Some(address) = address_of([*a, *b, *c, *d])
                {
                    self.add_address(address);
                }
            }
        }
    }

    /// A value that is private as a whole, unless it only says what the device is.
    fn add_whole(&mut self, oid: &Oid, kind: Private, octets: &[u8]) {
        if kind == Private::Mac {
            if let Ok(mac) = <[u8; 6]>::try_from(octets)
                && !is_filler_mac(mac)
            {
                self.macs.insert(mac);
                self.whole.insert(oid.clone(), kind);
            }
            return;
        }
        let core = core(octets);
        let text = String::from_utf8_lossy(core);
        if is_filler(&text) || kind == Private::Host && self.public.says(&text) {
            return;
        }
        self.whole.insert(oid.clone(), kind);
        self.add_text(kind, core);
    }

    /// What is private by its shape: found once, it is looked for in every form.
    fn gather_shapes(&mut self, recording: &Recording) {
        for varbind in recording.varbinds() {
            let Some(octets) = octets(&varbind.value) else {
                continue;
            };
            for one in find(octets) {
                let text = octets.get(one.at.clone()).unwrap_or_default();
                match one.what {
                    What::Ipv4(address) if !self.firmware.contains(&varbind.oid.to_string()) => {
                        self.add_address(address);
                    }
                    What::Ipv6(address) => self.add_ipv6(address),
                    What::Mac(mac) => {
                        self.macs.insert(mac);
                    }
                    What::Text(kind @ (Private::Serial | Private::Host)) => {
                        self.add_text(kind, text);
                    }
                    _ => {}
                }
            }
        }
    }

    /// What a label in the same row calls private, and the rows of address books.
    fn gather_labels(&mut self, recording: &Recording) {
        let tables = Tables::new(recording);
        for varbind in recording.varbinds() {
            if !varbind.oid.arcs().starts_with(&[1, 3, 6, 1, 4, 1]) || !is_text(&varbind.value) {
                continue;
            }
            let Some(octets) = octets(&varbind.value) else {
                continue;
            };
            let is_label = |text: &str| {
                let text = text.to_ascii_lowercase();
                LABELS.iter().any(|label| text.contains(label))
            };
            let own = String::from_utf8_lossy(octets).into_owned();
            let beside = tables.beside(&varbind.oid);
            let labelled = !is_label(&own)
                && beside.iter().any(|(_, text)| is_label(text))
                && !beside.iter().any(|(_, text)| *text == own);
            let is_mail = |text: &str| {
                let found = || find(text.as_bytes());
                text.contains('@') && found().iter().any(|one| one.what.kind() == Private::Email)
            };
            let of_a_person = beside.iter().any(|(_, text)| is_mail(text));
            if (labelled || of_a_person) && !is_filler(&own) && !self.public.says(&own) {
                let kind = if labelled {
                    Private::Labelled
                } else {
                    Private::Person
                };
                self.whole.entry(varbind.oid.clone()).or_insert(kind);
            }
        }
    }

    fn add_address(&mut self, address: Ipv4Addr) {
        if is_private(address) {
            self.addresses.insert(address);
        }
    }

    fn add_ipv6(&mut self, address: Ipv6Addr) {
        if let [.., a, b, c, 0xff, 0xfe, d, e, f] = address.octets() {
            self.macs.insert([a ^ 2, b, c, d, e, f]);
        }
    }

    fn add_text(&mut self, kind: Private, text: &[u8]) {
        let text = core(text);
        let words = String::from_utf8_lossy(text);
        if text.len() < LEAST || is_filler(&words) || self.public.says(&words) {
            return;
        }
        self.texts.entry(text.to_vec()).or_insert(kind);
        if kind == Private::Host
            && let Some((host, domain)) = words.split_once('.')
        {
            for part in [host, domain] {
                if part.len() >= LEAST && !self.public.says(part) && !Public::is_common(part) {
                    self.texts.entry(part.as_bytes().to_vec()).or_insert(kind);
                }
            }
        }
    }

    /// Makes patterns of what was gathered.
    fn learn(&mut self) {
        for (text, kind) in &self.texts {
            if !self.keep.contains(kind) {
                self.patterns.add_text(*kind, text, &self.names.text(text));
            }
        }
        if !self.keep.contains(&Private::Mac) {
            for mac in &self.macs {
                self.patterns.add_mac(*mac, self.names.mac(*mac));
            }
        }
        if !self.keep.contains(&Private::Address) {
            for address in &self.addresses {
                let new = self.names.ipv4(*address);
                self.patterns.add_ipv4(*address, new.into());
            }
        }
    }
}

/// The objects that a value and its witnesses rest on.
fn objects(from: &Provenance) -> impl Iterator<Item = String> + '_ {
    let witnesses = from.witnesses.iter().map(|witness| &witness.source);
    std::iter::once(&from.source)
        .chain(witnesses)
        .filter_map(|source| match source {
            Source::Snmp { oid, .. } => Some(oid.to_string()),
            _ => None,
        })
}
