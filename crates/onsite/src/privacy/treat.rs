//! Treats what a pass read.

use super::{Field, Privacy, SiteNames, Treatment};
use crate::mask::{
    Arcs, Ipv4Forms, Patterns, Private, Public, What, find, is_filler, is_private, replace_arcs,
};
use pagetally_model::{
    DeviceAudit, DottedOid, Observation, Outcome, Provenance, RawKind, RawText, RawValue, Source,
    Sources, Text, TextVisitor, TrapNotice,
};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The shortest value that is looked for elsewhere than in its own field.
const LEAST: usize = 4;

/// Treats what a pass read as a site decided. [`Pass`](crate::Pass) does it of its own accord.
#[derive(Debug)]
pub struct Treater<'a> {
    privacy: &'a Privacy,
    names: SiteNames,
}

impl<'a> Treater<'a> {
    pub(crate) fn new(privacy: &'a Privacy, names: SiteNames) -> Self {
        Self { privacy, names }
    }

    /// Treats everything that an audit says of its device.
    pub fn audit(&self, audit: &mut DeviceAudit) {
        let mut known = Known::of(self, audit);
        self.fields(audit, &known);
        audit.visit_texts(&mut Replace { known: &mut known });
        audit.address = match (audit.address, self.privacy.of(Field::Address)) {
            (address, Treatment::Send) => address,
            (Some(address), Treatment::Pseudonymise) => {
                let ip = IpAddr::V6(self.names.address(address.ip()));
                Some(SocketAddr::new(ip, address.port()))
            }
            _ => None,
        };
    }

    /// The fields that are treated as a whole.
    fn fields(&self, audit: &mut DeviceAudit, known: &Known<'_>) {
        let identity = &mut audit.identity;
        for (field, name, value) in [
            (Field::Serial, "serial", &mut identity.serial),
            (Field::Hostname, "hostname", &mut identity.hostname),
            (Field::Location, "location", &mut identity.location),
            (Field::Contact, "contact", &mut identity.contact),
            (Field::Asset, "asset", &mut identity.asset),
            (Field::Mac, "mac", &mut identity.mac),
            (Field::EngineId, "engineId", &mut identity.engine_id),
            (Field::Description, "description", &mut identity.description),
        ] {
            self.field(field, name, value, &mut identity.sources, known);
        }
        for supply in &mut audit.supplies {
            let (value, sources) = (&mut supply.serial, &mut supply.sources);
            self.field(Field::Serial, "serial", value, sources, known);
        }
        if self.privacy.of(Field::Console) == Treatment::Drop {
            let status = &mut audit.status;
            status.console.clear();
            let lines: Vec<String> = status
                .sources
                .keys()
                .filter(|name| name.starts_with("console"))
                .map(str::to_owned)
                .collect();
            for line in lines {
                status.sources.remove(&line);
            }
        }
    }

    fn field(
        &self,
        field: Field,
        name: &str,
        value: &mut Option<Text>,
        sources: &mut Sources,
        known: &Known<'_>,
    ) {
        let Some(old) = value.clone() else {
            return;
        };
        match self.privacy.of(field) {
            Treatment::Send => {}
            Treatment::Drop => {
                *value = None;
                sources.remove(name);
            }
            Treatment::Pseudonymise | Treatment::Shorten => {
                *value = Some(Text::clean(&self.instead(field, old.as_str())));
                if let Some(provenance) = sources.get_mut(name) {
                    self.provenance(field, &old, provenance, known);
                }
            }
        }
    }

    /// What is behind a treated field never shows it, in whatever spelling it stands there.
    fn provenance(
        &self,
        field: Field,
        value: &Text,
        provenance: &mut Provenance,
        known: &Known<'_>,
    ) {
        self.source(field, value, &mut provenance.source, known);
        for witness in &mut provenance.witnesses {
            let said = witness.value.clone();
            self.source(field, &said, &mut witness.source, known);
            witness.value = Text::clean(&self.instead(field, said.as_str()));
        }
    }

    fn source(&self, field: Field, value: &Text, source: &mut Source, known: &Known<'_>) {
        match source {
            Source::Snmp { raw, .. } => {
                let is_treated = known.raw(raw) && !says(&raw.text, value);
                *raw = match is_treated {
                    true => raw.clone(),
                    false => RawValue {
                        kind: RawKind::OctetString,
                        text: RawText::from(self.instead(field, value.as_str())),
                    },
                };
            }
            Source::Ipp { raw, .. } | Source::Http { raw, .. } | Source::Network { raw, .. } => {
                let new = known.text(raw.as_str());
                *raw = match new {
                    Some(new) if !says(&new, value) => Text::clean(&new),
                    _ => Text::clean(&self.instead(field, raw.as_str())),
                };
            }
            Source::Derived { inputs, .. } => {
                for input in inputs {
                    self.source(field, value, &mut input.source, known);
                }
            }
            // What was read earlier was treated then.
            _ => {}
        }
    }

    /// What stands in the place of a value: pseudonym, shorter form, or the field's name in brackets.
    fn instead(&self, field: Field, value: &str) -> String {
        let treatment = self.privacy.of(field);
        let blank = || format!("[{}]", field.key());
        match (treatment, field) {
            (Treatment::Send, _) => value.to_owned(),
            (Treatment::Drop, _) => blank(),
            (Treatment::Pseudonymise, _) => pseudonym(&self.names, field, value),
            (_, Field::Mac) => mac_of(value).map_or_else(blank, |mac| colons(&mac[..3])),
            (_, Field::EngineId) => engine_of(value)
                .and_then(|engine| Some(hex::encode(engine.get(..4)?)))
                .unwrap_or_else(blank),
            (Treatment::Shorten, Field::Hostname) => {
                value.split('.').next().unwrap_or_default().to_owned()
            }
            (Treatment::Shorten, _) => blank(),
        }
    }

    /// The six octets that stand for a hardware address.
    fn mac(&self, mac: [u8; 6]) -> [u8; 6] {
        match self.privacy.of(Field::Mac) {
            Treatment::Send => mac,
            Treatment::Pseudonymise => self.names.mac(mac),
            Treatment::Shorten => [mac[0], mac[1], mac[2], 0, 0, 0],
            Treatment::Drop => [0; 6],
        }
    }

    /// An address inside a text.
    fn address_text(&self, address: IpAddr) -> String {
        match self.privacy.of(Field::Address) {
            Treatment::Send => address.to_string(),
            Treatment::Pseudonymise => self.names.address(address).to_string(),
            Treatment::Shorten => network(address).to_string(),
            Treatment::Drop => format!("[{}]", Field::Address.key()),
        }
    }

    fn address_forms(&self, address: Ipv4Addr) -> Ipv4Forms {
        let plain = self.address_text(address.into()).into_bytes();
        let octets = self.address_octets(address);
        Ipv4Forms {
            padded: plain.clone(),
            plain,
            digits: hex::encode(octets).into_bytes(),
        }
    }

    fn address_octets(&self, address: Ipv4Addr) -> [u8; 4] {
        match self.privacy.of(Field::Address) {
            Treatment::Send => address.octets(),
            Treatment::Pseudonymise => self.names.octets(address),
            Treatment::Shorten => v4_network(address).octets(),
            Treatment::Drop => [0; 4],
        }
    }

    /// Treats what became of every address. Where addresses are shortened or dropped, rows that then say
    /// the same become one.
    pub fn observations(&self, rows: Vec<Observation>) -> Vec<Observation> {
        let mut told = Vec::with_capacity(rows.len());
        for mut row in rows {
            self.names_of_row(&mut row);
            let mut known = Known::new(self, Public::default());
            row.visit_texts(&mut Gather {
                known: &mut known,
                firmware: None,
            });
            row.visit_texts(&mut Replace { known: &mut known });
            self.place(row, &mut told);
        }
        if self.privacy.of(Field::Address) != Treatment::Send {
            told.sort_by_key(|row| row.first);
        }
        told
    }

    fn names_of_row(&self, row: &mut Observation) {
        let is_own = row.first.is_unspecified();
        if let Some(name) = row.name.take_if(|_| !is_own) {
            // A link-local address with its zone is an address, and its row has that already.
            let is_address = name.as_str().contains('%');
            let field = if is_address {
                Field::Address
            } else {
                Field::Hostname
            };
            row.name = match self.privacy.of(field) {
                Treatment::Send => Some(name),
                Treatment::Drop => None,
                _ if is_address => None,
                _ => Some(Text::clean(&self.instead(field, name.as_str()))),
            };
        }
        if let Outcome::OtherDevice { description } = &mut row.outcome
            && self.privacy.of(Field::OtherDevices) == Treatment::Drop
        {
            *description = None;
        }
    }

    /// Adds a row under the addresses that may be told.
    fn place(&self, row: Observation, told: &mut Vec<Observation>) {
        let treatment = self.privacy.of(Field::Address);
        if treatment == Treatment::Send || row.first.is_unspecified() {
            told.push(row);
            return;
        }
        let at = |first, last| Observation {
            first,
            last,
            ..row.clone()
        };
        match (treatment, row.first, row.last) {
            (Treatment::Pseudonymise, IpAddr::V4(first), IpAddr::V4(last)) => {
                told.extend(blocks(first, last).map(|(block, others)| {
                    // A block becomes a block of the same size.
                    let new = u128::from(self.names.ipv4(block));
                    let ends = [new & !u128::from(others), new | u128::from(others)];
                    let [first, last] = ends.map(|end| IpAddr::V6(Ipv6Addr::from(end)));
                    at(first, last)
                }));
            }
            (Treatment::Pseudonymise, first, _) => {
                let new = IpAddr::V6(self.names.address(first));
                told.push(at(new, new));
            }
            (Treatment::Shorten, IpAddr::V4(first), IpAddr::V4(last)) => {
                let (mut next, last) = (v4_network(first), v4_network(last));
                loop {
                    merge(at(next.into(), next.into()), told);
                    match u32::from(next).checked_add(256) {
                        Some(following) if next < last => next = following.into(),
                        _ => break,
                    }
                }
            }
            (Treatment::Shorten, first, _) => merge(at(network(first), network(first)), told),
            _ => {
                // Where nobody is told of, nothing can be said of an address that is left out.
                if !tells_nothing(&row.outcome) {
                    let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
                    told.push(at(nowhere, nowhere));
                }
            }
        }
    }

    /// Treats what devices told unasked.
    pub fn notices(&self, notices: &mut [TrapNotice]) {
        for notice in notices {
            let mut known = Known::new(self, Public::default());
            notice.visit_texts(&mut Gather {
                known: &mut known,
                firmware: None,
            });
            notice.visit_texts(&mut Replace { known: &mut known });
            notice.from = match self.privacy.of(Field::Address) {
                Treatment::Send => notice.from,
                Treatment::Pseudonymise => self.names.address(notice.from).into(),
                Treatment::Shorten => network(notice.from),
                Treatment::Drop => Ipv4Addr::UNSPECIFIED.into(),
            };
        }
    }
}

/// What is to be replaced in one document.
struct Known<'a> {
    treater: &'a Treater<'a>,
    public: Public,
    patterns: Patterns,
    arcs: Vec<Arcs>,
    addresses: Vec<Ipv4Addr>,
}

impl<'a> Known<'a> {
    fn new(treater: &'a Treater<'a>, public: Public) -> Self {
        Self {
            treater,
            public,
            patterns: Patterns::verbatim(),
            arcs: Vec::new(),
            addresses: Vec::new(),
        }
    }

    /// Everything that an audit shows.
    fn of(treater: &'a Treater<'a>, audit: &mut DeviceAudit) -> Self {
        let identity = &audit.identity;
        let public = Public::new([&identity.manufacturer, &identity.model]);
        let mut known = Self::new(treater, public);
        for (field, name, value) in [
            (Field::Serial, "serial", &identity.serial),
            (Field::Hostname, "hostname", &identity.hostname),
            (Field::Location, "location", &identity.location),
            (Field::Contact, "contact", &identity.contact),
            (Field::Asset, "asset", &identity.asset),
            (Field::Mac, "mac", &identity.mac),
            (Field::EngineId, "engineId", &identity.engine_id),
        ] {
            let witnesses = identity.sources.get(name).into_iter();
            let witnesses = witnesses.flat_map(|from| from.witnesses.iter().map(|one| &one.value));
            for value in value.iter().chain(witnesses) {
                known.add(field, value.as_str());
            }
        }
        for serial in audit
            .supplies
            .iter()
            .filter_map(|supply| supply.serial.as_ref())
        {
            known.add(Field::Serial, serial.as_str());
        }
        match audit.address.map(|address| address.ip()) {
            Some(IpAddr::V4(address)) => known.add_ipv4(address),
            Some(IpAddr::V6(address)) => known.add_ipv6(address, &address.to_string()),
            None => {}
        }
        let firmware = identity.firmware.clone();
        audit.visit_texts(&mut Gather {
            known: &mut known,
            firmware: firmware.as_ref().map(Text::as_str),
        });
        known
    }

    fn treated(&self, field: Field) -> bool {
        self.treater.privacy.of(field) != Treatment::Send
    }

    fn add(&mut self, field: Field, value: &str) {
        if field == Field::Mac {
            if let Some(mac) = mac_of(value) {
                self.add_mac(mac);
            }
            return;
        }
        self.add_text(field, value);
        let is_name = field == Field::Hostname
            && matches!(
                self.treater.privacy.of(field),
                Treatment::Pseudonymise | Treatment::Drop
            );
        if is_name && let Some((host, domain)) = value.split_once('.') {
            self.add_text(field, host);
            self.add_text(field, domain);
        }
    }

    fn add_text(&mut self, field: Field, value: &str) {
        let value = value.trim();
        if !self.treated(field)
            || value.len() < LEAST
            || is_filler(value)
            || self.public.says(value)
        {
            return;
        }
        let instead = self.treater.instead(field, value);
        let kind = kind_of(field);
        self.patterns
            .add_text(kind, value.as_bytes(), instead.as_bytes());
        if value.len() > LEAST {
            let arcs = Arcs::new(kind, value.as_bytes(), instead.as_bytes());
            self.arcs.push(arcs);
        }
    }

    fn add_mac(&mut self, mac: [u8; 6]) {
        if self.treated(Field::Mac) && mac != [0; 6] && mac != [0xff; 6] {
            let new = self.treater.mac(mac);
            self.patterns.add_mac(mac, new);
            self.arcs.push(Arcs::new(Private::Mac, &mac, &new));
        }
    }

    fn add_ipv4(&mut self, address: Ipv4Addr) {
        if self.treated(Field::Address) && is_private(address) {
            let forms = self.treater.address_forms(address);
            self.patterns.add_ipv4(address, forms);
            let new = self.treater.address_octets(address);
            let arcs = Arcs::new(Private::Address, &address.octets(), &new);
            self.arcs.push(arcs);
            self.addresses.push(address);
        }
    }

    /// An address as it stands in a text, which need not be its shortest form.
    fn add_ipv6(&mut self, address: Ipv6Addr, text: &str) {
        if let [.., a, b, c, 0xff, 0xfe, d, e, f] = address.octets() {
            self.add_mac([a ^ 2, b, c, d, e, f]);
        }
        if self.treated(Field::Address) {
            let new = self.treater.address_text(address.into());
            let octets = address.octets();
            let whole: Vec<String> = octets.chunks(2).map(hex::encode).collect();
            for spelling in [text, &address.to_string(), &whole.join(":")] {
                self.patterns
                    .add_text(Private::Address, spelling.as_bytes(), new.as_bytes());
            }
            self.patterns.add_text(
                Private::Address,
                hex::encode(octets).as_bytes(),
                new.as_bytes(),
            );
        }
    }

    /// What looks private in a text, whoever's it is.
    fn gather(&mut self, text: &[u8], is_firmware: bool) {
        for one in find(text) {
            let found = text.get(one.at.clone()).unwrap_or_default();
            let found = String::from_utf8_lossy(found);
            match one.what {
                What::Ipv4(_) if is_firmware => {}
                What::Ipv4(address) => self.add_ipv4(address),
                What::Ipv6(address) => self.add_ipv6(address, &found),
                What::Mac(mac) => self.add_mac(mac),
                What::Text(kind) | What::Hex(kind) => {
                    if let Some(field) = field_of(kind) {
                        self.add(field, &found);
                    }
                }
            }
        }
    }

    /// The text without what is known, where anything of it stands there.
    fn text(&self, text: &str) -> Option<String> {
        let (new, kinds) = self.patterns.replace(text.as_bytes());
        (!kinds.is_empty()).then(|| String::from_utf8_lossy(&new).into_owned())
    }

    /// Says whether anything was replaced.
    fn raw(&self, raw: &mut RawValue) -> bool {
        let new = match raw.kind {
            RawKind::OctetString | RawKind::OctetStringHex | RawKind::Opaque => {
                self.text(&raw.text)
            }
            RawKind::IpAddress => {
                let address = raw.text.parse::<Ipv4Addr>().ok();
                let address = address.filter(|_| self.treated(Field::Address));
                let new = address.map(|address| self.treater.address_text(address.into()));
                if new.is_some() {
                    // An address of the other kind, or none, is no IpAddress.
                    raw.kind = RawKind::OctetString;
                }
                new
            }
            _ => None,
        };
        let changed = new.is_some();
        if let Some(new) = new {
            raw.text = RawText::from(new);
        }
        changed
    }

    fn oid(&self, oid: &mut DottedOid) {
        let known = self.arcs.iter().cloned();
        let (mut arcs, kinds) = replace_arcs(oid.arcs(), known);
        // Tables of addresses end their names with one, whosever tables they are.
        let tail = arcs.len().checked_sub(4);
        let mut changed = !kinds.is_empty();
        for address in &self.addresses {
            let old = address.octets().map(u32::from);
            if let Some(tail) = tail.and_then(|tail| arcs.get_mut(tail..))
                && tail == old
            {
                let new = self.treater.address_octets(*address).map(u32::from);
                tail.copy_from_slice(&new);
                changed = true;
                break;
            }
        }
        if changed {
            *oid = DottedOid::from_arcs(arcs);
        }
    }
}

/// Learns what is private by its shape.
struct Gather<'k, 'a> {
    known: &'k mut Known<'a>,
    /// Four numbers with dots are a version here.
    firmware: Option<&'k str>,
}

impl Gather<'_, '_> {
    fn is_firmware(&self, text: &str) -> bool {
        self.firmware
            .is_some_and(|firmware| !firmware.is_empty() && text.contains(firmware))
    }
}

impl TextVisitor for Gather<'_, '_> {
    fn text(&mut self, text: &mut Text) {
        let is_firmware = self.is_firmware(text.as_str());
        self.known.gather(text.as_str().as_bytes(), is_firmware);
    }

    fn raw(&mut self, raw: &mut RawValue) {
        let octets = match raw.kind {
            RawKind::OctetString => Cow::Borrowed(raw.text.as_bytes()),
            RawKind::OctetStringHex | RawKind::Opaque => match hex::decode(&*raw.text) {
                Ok(octets) => Cow::Owned(octets),
                Err(_) => return,
            },
            RawKind::IpAddress => {
                if let Ok(address) = raw.text.parse() {
                    self.known.add_ipv4(address);
                }
                return;
            }
            _ => return,
        };
        let is_firmware = self.is_firmware(&String::from_utf8_lossy(&octets));
        self.known.gather(&octets, is_firmware);
    }

    fn oid(&mut self, _oid: &mut DottedOid) {}
}

/// Replaces what is known.
struct Replace<'k, 'a> {
    known: &'k mut Known<'a>,
}

impl TextVisitor for Replace<'_, '_> {
    fn text(&mut self, text: &mut Text) {
        if let Some(new) = self.known.text(text.as_str()) {
            *text = Text::clean(&new);
        }
    }

    fn raw(&mut self, raw: &mut RawValue) {
        self.known.raw(raw);
    }

    fn oid(&mut self, oid: &mut DottedOid) {
        self.known.oid(oid);
    }
}

/// What stands for a value under a site's key: of the same kind where others read the field, else a text.
pub(super) fn pseudonym(names: &SiteNames, field: Field, value: &str) -> String {
    let known = match field {
        Field::Address => {
            let address = value.parse().ok();
            address.map(|address| names.address(address).to_string())
        }
        Field::EngineId => engine_of(value).map(|engine| hex::encode(names.engine_id(&engine))),
        Field::Mac => mac_of(value).map(|mac| colons(&names.mac(mac))),
        _ => None,
    };
    known.unwrap_or_else(|| names.text(value))
}

/// The kind under which a field's values are looked for.
const fn kind_of(field: Field) -> Private {
    match field {
        Field::Address => Private::Address,
        Field::Asset => Private::Asset,
        Field::Contact => Private::Contact,
        Field::EngineId => Private::Id,
        Field::Hostname => Private::Host,
        Field::Location => Private::Location,
        Field::Mac => Private::Mac,
        Field::Serial => Private::Serial,
        Field::Console | Field::Description | Field::OtherDevices => Private::Labelled,
    }
}

/// The field that decides over what was found by its shape.
const fn field_of(kind: Private) -> Option<Field> {
    match kind {
        Private::Address => Some(Field::Address),
        Private::Asset => Some(Field::Asset),
        Private::Contact | Private::Email | Private::Phone | Private::Person => {
            Some(Field::Contact)
        }
        Private::Host | Private::Url => Some(Field::Hostname),
        Private::Id => Some(Field::EngineId),
        Private::Location => Some(Field::Location),
        Private::Mac => Some(Field::Mac),
        Private::Serial => Some(Field::Serial),
        Private::Community | Private::Labelled => None,
    }
}

/// Whether a raw value still shows a text, as it is or in hexadecimal.
fn says(raw: &str, value: &Text) -> bool {
    let value = value.as_str().to_lowercase();
    let decoded = hex::decode(raw).unwrap_or_default();
    [
        raw.to_lowercase(),
        String::from_utf8_lossy(&decoded).to_lowercase(),
    ]
    .iter()
    .any(|shown| shown.contains(&value))
}

fn mac_of(text: &str) -> Option<[u8; 6]> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let mut mac = [0; 6];
    hex::decode_to_slice(digits, &mut mac).ok()?;
    Some(mac)
}

fn engine_of(text: &str) -> Option<Vec<u8>> {
    let engine = hex::decode(text).ok()?;
    (5..=32).contains(&engine.len()).then_some(engine)
}

fn colons(octets: &[u8]) -> String {
    let parts: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    parts.join(":")
}

fn v4_network(address: Ipv4Addr) -> Ipv4Addr {
    let [a, b, c, _] = address.octets();
    Ipv4Addr::new(a, b, c, 0)
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => v4_network(address).into(),
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}

/// A run of addresses as whole blocks that share their first bits, which is what keeps together when
/// addresses become pseudonyms: one address of each, and the bits that tell it from the others.
fn blocks(first: Ipv4Addr, last: Ipv4Addr) -> impl Iterator<Item = (Ipv4Addr, u32)> {
    let mut next = Some(u32::from(first));
    let last = u32::from(last);
    std::iter::from_fn(move || {
        let begin = next.filter(|begin| *begin <= last)?;
        let mut others = u32::MAX
            .checked_shr(32 - begin.trailing_zeros())
            .unwrap_or(0);
        while begin | others > last {
            others >>= 1;
        }
        next = (begin | others).checked_add(1);
        Some((begin.into(), others))
    })
}

/// Adds a row, or notes the later time in one that says the same. Rows of printers stay apart.
fn merge(row: Observation, told: &mut Vec<Observation>) {
    let same = told.iter_mut().rev().take(64).find(|known| {
        known.first == row.first
            && known.last == row.last
            && known.name == row.name
            && known.outcome == row.outcome
            && known.witness == row.witness
    });
    match same {
        Some(known) => known.at = known.at.max(row.at),
        None => told.push(row),
    }
}

fn tells_nothing(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Silent
            | Outcome::PortClosed
            | Outcome::Unreachable { .. }
            | Outcome::NotAsked { .. }
    )
}
