//! The cartridge, drum or box that is in a device.

use super::spec::{Ink, Label, Precision, Spec, SupplySpec, Wear};
use super::tally::{Color, Size};
use crate::rng::Chance;

/// Wear is counted in hundredths of a side of ordinary coverage.
pub(super) const SIDE: u64 = 100;

/// What one page lays down of each colorant, in percent of ordinary coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    inks: [u8; 4],
}

impl Coverage {
    /// Ordinary: what makers rate their cartridges by.
    pub const ORDINARY: Self = Self { inks: [100; 4] };

    /// Some pages are full of pictures, most hold a few lines.
    pub(super) fn draw(chance: &mut Chance) -> Self {
        let [a, b, c, d, picture, ..] = chance.next().to_be_bytes();
        let few = |octet: u8| 20 + octet / 2;
        let much = |octet: u8| 120 + octet / 2;
        let inks = [a, b, c, d].map(if picture < 32 { much } else { few });
        Self { inks }
    }

    fn of(self, ink: Ink) -> u64 {
        let [black, cyan, magenta, yellow] = self.inks;
        u64::from(match ink {
            Ink::Black => black,
            Ink::Cyan => cyan,
            Ink::Magenta => magenta,
            Ink::Yellow => yellow,
        })
    }
}

/// The one of a supply that is in the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    /// How many were in before it.
    pub predecessors: u32,
    /// What its serial number is made of.
    pub number: u32,
    /// Which of the part numbers that fit it has.
    pub part: usize,
    /// Whether it is a refill without the maker's chip, whose level nobody knows.
    pub is_refill: bool,
    /// How far it is used up, in hundredths of a side.
    pub worn: u64,
}

impl Fitted {
    /// A new one, in place of `predecessors` others.
    pub(super) fn new(supply: &SupplySpec, predecessors: u32, chance: &mut Chance) -> Self {
        let number = chance.between(0x1000_0000, 0xffff_ffff);
        let parts = u64::try_from(supply.part_numbers.len()).unwrap_or(0);
        Self {
            predecessors,
            number: u32::try_from(number).unwrap_or(u32::MAX),
            part: usize::try_from(chance.below(parts)).unwrap_or(0),
            is_refill: false,
            worn: 0,
        }
    }

    /// Hundredths of a side that are left.
    pub(super) fn left(&self, supply: &SupplySpec) -> u64 {
        (supply.lasts * SIDE).saturating_sub(self.worn)
    }

    /// Its serial number, where the maker tells one.
    #[must_use]
    pub fn serial(&self, supply: &SupplySpec) -> Option<String> {
        let number = self.number;
        match supply.label {
            _ if self.is_refill => None,
            Label::PartAndSerial => Some(format!("{number:08X}")),
            Label::Crum => Some(format!("CRUM-{number:011}")),
            Label::OwnTable => Some(format!("CAN{number:010}")),
            Label::Part | Label::None => None,
        }
    }

    /// Its part number, where the maker tells one.
    #[must_use]
    pub fn part_number<'a>(&self, supply: &'a SupplySpec) -> Option<&'a str> {
        let part = supply.part_numbers.get(self.part)?;
        let told = matches!(
            supply.label,
            Label::Part | Label::PartAndSerial | Label::OwnTable
        );
        (told && !self.is_refill).then_some(part)
    }

    /// prtMarkerSuppliesDescription with this one in.
    #[must_use]
    pub fn description(&self, supply: &SupplySpec) -> String {
        let what = &supply.description;
        let part = self.part_number(supply).unwrap_or_default();
        let serial = self.serial(supply).unwrap_or_default();
        match supply.label {
            _ if self.is_refill => what.clone(),
            Label::None | Label::OwnTable => what.clone(),
            Label::Part if what.is_empty() => part.to_owned(),
            Label::Part => format!("{what} {part}"),
            Label::PartAndSerial => format!("{what}, PN {part};SN{serial}"),
            Label::Crum => format!("{what} S/N:{serial}"),
        }
    }

    /// prtMarkerSuppliesMaxCapacity and prtMarkerSuppliesLevel.
    ///
    /// A box's level is the room left in it (RFC 3805, prtMarkerSuppliesLevel).
    #[must_use]
    pub fn level(&self, supply: &SupplySpec) -> (i64, i64) {
        let left = self.left(supply);
        let of = |whole: i64| {
            let lasts = i128::from(supply.lasts.max(1)) * i128::from(SIDE);
            let share = i128::from(left) * i128::from(whole) / lasts;
            // What is left of something that is not spent never shows as spent.
            let shown = i64::try_from(share).unwrap_or(0);
            if left > 0 { shown.max(1) } else { shown }
        };
        match supply.precision {
            _ if self.is_refill => (supply.capacity, -2),
            Precision::Exact => (supply.capacity, of(supply.capacity)),
            Precision::Tenths => {
                let tenths = of(10);
                (supply.capacity, tenths * supply.capacity / 10)
            }
            Precision::TwoState => (-2, if left > 0 { -3 } else { 0 }),
            Precision::PercentWithoutCapacity => (-2, of(100)),
            Precision::VagueWhenLow => match of(supply.capacity) {
                level if level > 0 && level <= supply.capacity / 10 => (supply.capacity, -3),
                level => (supply.capacity, level),
            },
            Precision::SomeOrMinusHundred => {
                let is_low = left <= supply.lasts * SIDE / 20;
                (supply.capacity, if is_low { -100 } else { -3 })
            }
        }
    }
}

/// What one side takes of a supply, in hundredths of an ordinary side.
pub(super) fn per_side(supply: &SupplySpec, color: Color, size: Size, coverage: Coverage) -> u64 {
    let one = match supply.wear {
        Wear::EverySide => SIDE,
        Wear::ColorSide if color == Color::Color => SIDE,
        Wear::Coverage(Ink::Black) => coverage.of(Ink::Black),
        Wear::Coverage(ink) if color == Color::Color => coverage.of(ink),
        Wear::ColorSide | Wear::Coverage(_) => 0,
    };
    match size {
        Size::Small => one,
        Size::Large => one * 2,
    }
}

/// What is left of supply `place` in whole percent; not 0 before it is spent.
pub(super) fn percent(spec: &Spec, fitted: &[Fitted], place: usize) -> u64 {
    let (Some(supply), Some(fitted)) = (spec.supplies.get(place), fitted.get(place)) else {
        return 0;
    };
    let left = fitted.left(supply);
    let share = left / supply.lasts.max(1);
    if left > 0 { share.max(1) } else { 0 }
}
