//! The printer that is played many times over, and what tells one copy from another.

use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_snmp_engine::{Oid, Recording, Value, VarBind};
use std::collections::HashMap;
use std::sync::Arc;

/// What the load's printer has in all: a colour MFP's usual number of variables.
pub const VARIABLES: usize = 474;

/// The simulated model that is copied.
const MODEL: &str = "AltaLink C8045";

/// A value that differs from copy to copy and from pass to pass. All have a fixed size on the wire,
/// so that an encoded answer is patched in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The serial number.
    Serial,
    /// ifPhysAddress.
    Mac,
    /// A counter, three octets.
    Meter(u8),
    /// A supply's level, one octet.
    Level(u8),
}

/// A printer with [`VARIABLES`] variables, and where the copies differ.
#[derive(Clone, Debug)]
pub(super) struct Prototype {
    pub(super) device: SimDevice,
    /// By encoded name.
    slots: HashMap<Vec<u8>, Slot>,
}

/// One copy's own values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Which copy it is.
    pub number: u32,
    /// How often its meters were moved on.
    pub generation: u32,
    /// The supply that was changed for a new one, and the generation in which it was.
    pub replaced: Option<(u8, u32)>,
}

impl Copy {
    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> String {
        format!("LOAD{:06}", self.number % 1_000_000)
    }

    /// The hardware address.
    #[must_use]
    pub fn mac(&self) -> [u8; 6] {
        let [_, a, b, c] = self.number.to_be_bytes();
        [0x00, 0x00, 0xaa, a, b, c]
    }

    /// A meter's count: at least 65,536 and less than 2^23, so that it takes three octets.
    #[must_use]
    pub fn meter(&self, slot: u8) -> u32 {
        70_000 + self.number % 100_000 * 7 + u32::from(slot) * 50_000 + self.generation * 41
    }

    /// A supply's level, 0 to 100.
    #[must_use]
    pub fn level(&self, slot: u8) -> u8 {
        match self.replaced {
            Some((supply, since)) if supply == slot && self.generation >= since => 100,
            _ => 60_u8
                .saturating_sub(slot)
                .saturating_sub(u8::try_from(self.generation).unwrap_or(u8::MAX)),
        }
    }

    pub(super) fn write(&self, slot: Slot, content: &mut [u8]) {
        match slot {
            Slot::Serial => content.copy_from_slice(self.serial().as_bytes()),
            Slot::Mac => content.copy_from_slice(&self.mac()),
            Slot::Meter(place) => {
                let [_, a, b, c] = self.meter(place).to_be_bytes();
                content.copy_from_slice(&[a, b, c]);
            }
            Slot::Level(place) => content.copy_from_slice(&[self.level(place)]),
        }
    }
}

impl Prototype {
    /// The simulated colour MFP, filled up with rows of its host's storage table, each copy with
    /// values of its own where an audit looks.
    pub(super) fn new() -> Option<Self> {
        let model = demo_fleet(1)
            .into_iter()
            .find(|device| device.name().contains(MODEL))?;
        let mut slots = HashMap::new();
        let mut meters = 0_u8;
        let mut levels = 0_u8;
        let next = |places: &mut u8| {
            let place = *places;
            *places = place.checked_add(1)?;
            Some(place)
        };
        let sample = Copy {
            number: 0,
            generation: 0,
            replaced: None,
        };
        let serial = model.truth().serial.into_bytes();
        let mut varbinds = Vec::new();
        for mut varbind in model.walk() {
            let arcs = varbind.oid.arcs();
            let slot = match &varbind.value {
                Value::OctetString(octets) if !serial.is_empty() && *octets == serial => {
                    Some(Slot::Serial)
                }
                Value::OctetString(octets) if arcs.starts_with(IF_PHYS_ADDRESS) => {
                    (octets.len() == 6).then_some(Slot::Mac)
                }
                Value::Integer(_) | Value::Counter32(_) if arcs.starts_with(LIFE_COUNT) => {
                    next(&mut meters).map(Slot::Meter)
                }
                Value::Integer(_) | Value::Counter32(_) if arcs.starts_with(XEROX_COUNTS) => {
                    next(&mut meters).map(Slot::Meter)
                }
                Value::Integer(_) if arcs.starts_with(SUPPLY_LEVEL) => {
                    next(&mut levels).map(Slot::Level)
                }
                Value::Integer(capacity) if arcs.starts_with(SUPPLY_CAPACITY) && *capacity > 0 => {
                    varbind.value = Value::Integer(100);
                    None
                }
                _ => None,
            };
            if let Some(slot) = slot {
                set(&mut varbind.value, &sample, slot);
                slots.insert(encoded(&varbind.oid), slot);
            }
            varbinds.push(varbind);
        }
        fill(&mut varbinds);
        let recording: Recording = varbinds.into_iter().collect();
        Some(Self {
            device: SimDevice::from_recording("load", Arc::new(recording)),
            slots,
        })
    }

    /// Where copies differ under this encoded name.
    pub(super) fn slot(&self, name: &[u8]) -> Option<Slot> {
        self.slots.get(name).copied()
    }
}

const IF_PHYS_ADDRESS: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1, 6];
const LIFE_COUNT: &[u32] = &[1, 3, 6, 1, 2, 1, 43, 10, 2, 1, 4];
const SUPPLY_CAPACITY: &[u32] = &[1, 3, 6, 1, 2, 1, 43, 11, 1, 1, 8];
const SUPPLY_LEVEL: &[u32] = &[1, 3, 6, 1, 2, 1, 43, 11, 1, 1, 9];
const XEROX_COUNTS: &[u32] = &[1, 3, 6, 1, 4, 1, 253, 8, 53, 13, 2, 1, 6];
/// hrStorageEntry: a table that no audit asks for.
const HR_STORAGE: &[u32] = &[1, 3, 6, 1, 2, 1, 25, 2, 3, 1];

fn set(value: &mut Value, copy: &Copy, slot: Slot) {
    *value = match slot {
        Slot::Serial => Value::OctetString(copy.serial().into_bytes()),
        Slot::Mac => Value::OctetString(copy.mac().to_vec()),
        Slot::Level(place) => Value::Integer(i64::from(copy.level(place))),
        Slot::Meter(place) => match value {
            Value::Counter32(_) => Value::Counter32(copy.meter(place)),
            _ => Value::Integer(i64::from(copy.meter(place))),
        },
    };
}

/// Adds rows of the host's storage table up to [`VARIABLES`].
fn fill(varbinds: &mut Vec<VarBind>) {
    let missing = VARIABLES.saturating_sub(varbinds.len());
    for row in (1_u32..).take(missing) {
        varbinds.push(VarBind {
            oid: Oid::default().child(HR_STORAGE).child(&[5, row]),
            value: Value::Integer(i64::from(row) * 4_096),
        });
    }
    varbinds.sort_by(|a, b| a.oid.cmp(&b.oid));
}

/// The content octets of an encoded name.
fn encoded(oid: &Oid) -> Vec<u8> {
    let mut writer = pagetally_snmp_engine::ber::Writer::new();
    writer.oid(oid);
    let bytes = writer.finish();
    super::tlv::element(&bytes, 0)
        .and_then(|found| bytes.get(found.content))
        .unwrap_or_default()
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printer_of_the_load_is_a_colour_mfp_of_the_stated_size() {
        let prototype = Prototype::new().expect("the model is there");
        assert_eq!(prototype.device.walk().len(), VARIABLES);
        let count = |wanted: fn(&Slot) -> bool| {
            prototype.slots.values().filter(|slot| wanted(slot)).count()
        };
        assert!(count(|slot| matches!(slot, Slot::Meter(_))) >= 10);
        assert!(count(|slot| matches!(slot, Slot::Level(_))) >= 4);
        assert!(prototype.slots.values().any(|slot| *slot == Slot::Serial));
        assert!(prototype.slots.values().any(|slot| *slot == Slot::Mac));
    }

    #[test]
    fn meters_always_take_three_octets() {
        for number in [0, 1, 99_999, 100_000, u32::MAX] {
            for (generation, slot) in [(0, 0), (1_000, 120)] {
                let copy = Copy {
                    number,
                    generation,
                    replaced: None,
                };
                let meter = copy.meter(slot);
                assert!((0x1_0000..0x80_0000).contains(&meter), "{meter}");
            }
        }
    }
}
