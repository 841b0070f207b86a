//! Replaces what was gathered.

use super::finders::{What, find, is_private};
use super::pattern::eui64;
use super::secrets::Secrets;
use super::{ADDRESS_TABLES, How, LEAST, Masked, MaskedRecording, Private, address_of, core};
use pagetally_snmp_engine::{Oid, Recording, Value, VarBind};
use std::net::{Ipv4Addr, Ipv6Addr};

impl Secrets {
    pub(super) fn mask(&self, recording: &Recording) -> MaskedRecording {
        let mut masked = Vec::new();
        let varbinds = recording.varbinds().iter().map(|varbind| {
            let (oid, index_kinds) = self.mask_name(&varbind.oid);
            let (value, kinds) = self.mask_value(&varbind.oid, &varbind.value);
            let note = |kind: &Private, how| Masked {
                kind: *kind,
                oid: oid.clone(),
                how,
            };
            masked.extend(index_kinds.iter().map(|kind| note(kind, How::Index)));
            masked.extend(kinds.iter().map(|(kind, how)| note(kind, *how)));
            VarBind { oid, value }
        });
        let recording = varbinds.collect();
        masked.sort();
        masked.dedup();
        MaskedRecording { recording, masked }
    }

    fn mask_value(&self, oid: &Oid, value: &Value) -> (Value, Vec<(Private, How)>) {
        match value {
            Value::IpAddress(address) if self.masks_address(*address) => {
                let new = Value::IpAddress(self.names.ipv4(*address));
                (new, vec![(Private::Address, How::Whole)])
            }
            Value::OctetString(octets) => {
                let (new, kinds) = self.mask_octets(oid, octets);
                (Value::OctetString(new), kinds)
            }
            Value::Opaque(octets) => {
                let (new, kinds) = self.mask_octets(oid, octets);
                (Value::Opaque(new), kinds)
            }
            Value::ObjectIdentifier(object) => {
                let (new, kinds) = self.mask_arcs(object);
                let kinds = kinds.into_iter().map(|kind| (kind, How::Part)).collect();
                (Value::ObjectIdentifier(new), kinds)
            }
            Value::Integer(number) => self.mask_number(*number, value),
            other => (other.clone(), Vec::new()),
        }
    }

    /// A serial number of digits alone may stand in an INTEGER.
    fn mask_number(&self, number: i64, value: &Value) -> (Value, Vec<(Private, How)>) {
        let digits = number.to_string().into_bytes();
        let kind = self.texts.get(&digits).filter(|kind| self.masks(**kind));
        let new = || {
            String::from_utf8(self.names.text(&digits))
                .ok()?
                .parse()
                .ok()
        };
        match (kind, digits.len() >= 7) {
            (Some(kind), true) => match new() {
                Some(new) => (Value::Integer(new), vec![(*kind, How::Whole)]),
                None => (value.clone(), Vec::new()),
            },
            _ => (value.clone(), Vec::new()),
        }
    }

    fn mask_octets(&self, oid: &Oid, octets: &[u8]) -> (Vec<u8>, Vec<(Private, How)>) {
        if let Some(kind) = self.whole.get(oid).filter(|kind| self.masks(**kind)) {
            return (self.mask_whole(*kind, octets), vec![(*kind, How::Whole)]);
        }
        if let Ok(four) = <[u8; 4]>::try_from(octets)
            && self.masks(Private::Address)
            && self.addresses.contains(&Ipv4Addr::from(four))
        {
            let new = self.names.ipv4(Ipv4Addr::from(four)).octets();
            return (new.to_vec(), vec![(Private::Address, How::Whole)]);
        }
        let (new, mut kinds) = self.patterns.replace(octets);
        let new = self.mask_shapes(oid, octets, new, &mut kinds);
        let how = if new.len() == octets.len() && new.iter().zip(octets).all(|(a, b)| a != b) {
            How::Whole
        } else {
            How::Part
        };
        (new, kinds.into_iter().map(|kind| (kind, how)).collect())
    }

    /// What is private by its shape and was not replaced as something known.
    fn mask_shapes(
        &self,
        oid: &Oid,
        old: &[u8],
        mut new: Vec<u8>,
        kinds: &mut Vec<Private>,
    ) -> Vec<u8> {
        let is_firmware = self.firmware.contains(&oid.to_string());
        for one in find(old).into_iter().rev() {
            let text = old.get(one.at.clone()).unwrap_or_default();
            // Patterns keep lengths, but for addresses; then the places do not fit any more.
            if !self.masks(one.what.kind()) || new.get(one.at.clone()) != Some(text) {
                continue;
            }
            let instead = match one.what {
                What::Ipv4(_) if is_firmware => continue,
                What::Ipv4(address) => self.names.ipv4(address).to_string().into_bytes(),
                What::Ipv6(address) => self.ipv6(address).to_string().into_bytes(),
                What::Mac(_) | What::Hex(_) => self.names.hex(text),
                What::Text(_) => self.names.text(text),
            };
            new.splice(one.at, instead);
            if !kinds.contains(&one.what.kind()) {
                kinds.push(one.what.kind());
            }
        }
        new
    }

    fn ipv6(&self, address: Ipv6Addr) -> Ipv6Addr {
        let octets = address.octets();
        let [.., a, b, c, 0xff, 0xfe, d, e, f] = octets else {
            return self.names.ipv6(address);
        };
        let own = eui64(self.names.mac([a ^ 2, b, c, d, e, f]));
        let mut new = self.names.ipv6(address).octets();
        new.iter_mut()
            .skip(8)
            .zip(own)
            .for_each(|(octet, own)| *octet = own);
        Ipv6Addr::from(new)
    }

    fn mask_whole(&self, kind: Private, octets: &[u8]) -> Vec<u8> {
        match kind {
            Private::Mac => <[u8; 6]>::try_from(octets).map_or_else(
                |_| self.names.octets(octets),
                |mac| self.names.mac(mac).to_vec(),
            ),
            Private::Id => self.engine_id(octets),
            _ => {
                let text = core(octets);
                let before = octets
                    .iter()
                    .position(|octet| !octet.is_ascii_whitespace() && !octet.is_ascii_control());
                let start = before.unwrap_or(0);
                let mut new = octets.to_vec();
                new.splice(start..start + text.len(), self.names.text(text));
                new
            }
        }
    }

    /// An engine id keeps its maker and its format (RFC 3411 section 5).
    fn engine_id(&self, octets: &[u8]) -> Vec<u8> {
        let is_new = octets.first().is_some_and(|first| first & 0x80 != 0);
        let head = if is_new { 5 } else { 4 };
        let (head, tail) = octets.split_at(head.min(octets.len()));
        let tail = match (head, tail) {
            ([.., 3], mac) if is_new && mac.len() == 6 => {
                let mac = <[u8; 6]>::try_from(mac).unwrap_or_default();
                self.names.mac(mac).to_vec()
            }
            ([.., 4], text) if is_new => self.names.text(text),
            (_, other) => self.names.octets(other),
        };
        [head, tail.as_slice()].concat()
    }

    /// A name whose index tells an address, a hardware address or a text.
    fn mask_name(&self, name: &Oid) -> (Oid, Vec<Private>) {
        let table = ADDRESS_TABLES
            .iter()
            .find(|table| name.arcs().starts_with(table));
        if table.is_some()
            && self.masks(Private::Address)
            && let [head @ .., a, b, c, d] = name.arcs()
            && let Some(address) = address_of([*a, *b, *c, *d]).filter(|a| self.masks_address(*a))
        {
            let new = self.names.ipv4(address).octets().map(u32::from);
            let name = Oid::default().child(&[head, &new].concat());
            return (name, vec![Private::Address]);
        }
        self.mask_arcs(name)
    }

    /// Private octets that stand as arcs of a maker's own name.
    fn mask_arcs(&self, name: &Oid) -> (Oid, Vec<Private>) {
        let texts = self
            .texts
            .iter()
            .filter(|(text, kind)| text.len() > LEAST && self.masks(**kind))
            .map(|(text, kind)| Arcs::new(*kind, text, &self.names.text(text)));
        let macs = self.macs.iter().filter(|_| self.masks(Private::Mac));
        let macs = macs.map(|mac| Arcs::new(Private::Mac, mac, &self.names.mac(*mac)));
        let addresses = self
            .addresses
            .iter()
            .filter(|_| self.masks(Private::Address))
            .map(|address| {
                let new = self.names.ipv4(*address).octets();
                Arcs::new(Private::Address, &address.octets(), &new)
            });
        let (new, kinds) = replace_arcs(name.arcs(), texts.chain(macs).chain(addresses));
        (Oid::default().child(&new), kinds)
    }

    fn masks_address(&self, address: Ipv4Addr) -> bool {
        let known = || self.addresses.contains(&address);
        self.masks(Private::Address) && (is_private(address) || known())
    }

    fn masks(&self, kind: Private) -> bool {
        !self.keep.contains(&kind)
    }
}

/// Private octets as arcs of a name, and what stands instead.
#[derive(Clone, Debug)]
pub(crate) struct Arcs {
    kind: Private,
    wanted: Vec<u32>,
    instead: Vec<u32>,
    /// Small numbers are rows and columns, unless they end the name.
    tail_only: bool,
}

impl Arcs {
    pub(crate) fn new(kind: Private, wanted: &[u8], instead: &[u8]) -> Self {
        let arcs = |octets: &[u8]| octets.iter().map(|octet| u32::from(*octet)).collect();
        let small = || wanted.iter().take(2).any(|octet| *octet < 100);
        Self {
            kind,
            wanted: arcs(wanted),
            instead: arcs(instead),
            tail_only: kind == Private::Address && small(),
        }
    }
}

/// Replaces what stands in a maker's own name, behind the maker's number.
pub(crate) fn replace_arcs(
    name: &[u32],
    known: impl Iterator<Item = Arcs>,
) -> (Vec<u32>, Vec<Private>) {
    const HEAD: usize = 7;
    let mut new = name.to_vec();
    let mut kinds = Vec::new();
    if !name.starts_with(&[1, 3, 6, 1, 4, 1]) || name.len() < HEAD + LEAST {
        return (new, kinds);
    }
    for one in known {
        let mut place = HEAD;
        while let Some(here) = new.get(place..place + one.wanted.len()) {
            let ends = place + one.wanted.len() == new.len();
            if here == one.wanted && (ends || !one.tail_only) {
                new.splice(place..place + one.wanted.len(), one.instead.iter().copied());
                kinds.push(one.kind);
                place += one.instead.len();
            } else {
                place += 1;
            }
        }
    }
    kinds.dedup();
    (new, kinds)
}
