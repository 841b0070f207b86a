//! Treats what a pass read.

mod account;
mod known;

use super::{Field, Privacy, SiteNames, Treatment};
use crate::mask::Ipv4Forms;
use known::{Known, Replace};
use pagetally_model::{DeviceAudit, Provenance, RawKind, RawText, RawValue, Source, Sources, Text};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

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
        let known = Known::of(self, audit);
        self.fields(audit, &known);
        audit.visit_texts(&mut Replace { known: &known });
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
