//! What is known to be private in one document, and its replacing.

use super::super::{Field, Treatment};
use super::{Treater, mac_of};
use crate::mask::{
    Arcs, Patterns, Private, Public, What, find, is_filler, is_private, replace_arcs,
};
use pagetally_model::{DeviceAudit, DottedOid, RawKind, RawText, RawValue, Text, TextVisitor};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The shortest value that is looked for elsewhere than in its own field.
const LEAST: usize = 4;

/// What is to be replaced in one document.
pub(super) struct Known<'a> {
    treater: &'a Treater<'a>,
    public: Public,
    patterns: Patterns,
    arcs: Vec<Arcs>,
    addresses: Vec<Ipv4Addr>,
}

impl<'a> Known<'a> {
    pub(super) fn new(treater: &'a Treater<'a>, public: Public) -> Self {
        Self {
            treater,
            public,
            patterns: Patterns::verbatim(),
            arcs: Vec::new(),
            addresses: Vec::new(),
        }
    }

    /// Everything that an audit shows.
    pub(super) fn of(treater: &'a Treater<'a>, audit: &mut DeviceAudit) -> Self {
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
    pub(super) fn text(&self, text: &str) -> Option<String> {
        let (new, kinds) = self.patterns.replace(text.as_bytes());
        (!kinds.is_empty()).then(|| String::from_utf8_lossy(&new).into_owned())
    }

    /// Says whether anything was replaced.
    pub(super) fn raw(&self, raw: &mut RawValue) -> bool {
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
pub(super) struct Gather<'k, 'a> {
    pub(super) known: &'k mut Known<'a>,
    /// Four numbers with dots are a version here.
    pub(super) firmware: Option<&'k str>,
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
pub(super) struct Replace<'k, 'a> {
    pub(super) known: &'k Known<'a>,
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
