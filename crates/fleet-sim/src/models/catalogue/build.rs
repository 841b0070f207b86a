//! How the catalogue writes a model down: a plain one, and what makes it its own.

use super::super::spec::{Charset, Precision, Spec, SupplySpec, TrayLevel, TraySpec, Vendor, Wear};

/// The unit, capacity and precision of a supply.
pub(super) type Shape = (i64, i64, Precision);

pub(super) fn base(
    vendor: Vendor,
    maker: &'static str,
    model: &'static str,
    enterprise: &'static [u32],
) -> Spec {
    Spec {
        vendor,
        maker,
        model,
        enterprise,
        color: false,
        copier: false,
        fax: false,
        duplex: true,
        // electrophotographic laser
        technology: 4,
        // impressions
        life_unit: 7,
        unbilled_per_mille: 0,
        speed: 40,
        jobs_a_day: 30,
        supplies: Vec::new(),
        trays: vec![
            TraySpec {
                name: "Tray 1",
                media: "iso-a4-white",
                capacity: 500,
                kind: 3,
                level: TrayLevel::Exact,
            },
            TraySpec {
                name: "Multipurpose Tray",
                media: "iso-a4-white",
                capacity: 100,
                kind: 5,
                level: TrayLevel::SomeOrEmpty,
            },
        ],
        outputs: vec![("Standard Bin", 250)],
        covers: vec!["Front cover", "Rear cover"],
        console_lines: 1,
        charset: Charset::Utf8,
        error_octets: 2,
        sleep_minutes: 0,
        firmware: "1.0.0",
    }
}

impl Spec {
    pub(super) fn mfp(mut self, fax: bool) -> Self {
        self.copier = true;
        self.fax = fax;
        self
    }

    pub(super) fn colored(mut self) -> Self {
        self.color = true;
        self
    }

    pub(super) fn busy(mut self, jobs_a_day: u32, speed: u32) -> Self {
        self.jobs_a_day = jobs_a_day;
        self.speed = speed;
        self
    }

    pub(super) fn version(mut self, firmware: &'static str) -> Self {
        self.firmware = firmware;
        self
    }

    pub(super) fn tray(mut self, name: &'static str, capacity: u32, level: TrayLevel) -> Self {
        let place = self.trays.len().saturating_sub(1);
        self.trays.insert(
            place,
            TraySpec {
                name,
                media: "iso-a4-white",
                capacity,
                kind: 3,
                level,
            },
        );
        self
    }

    /// The next supply; its index follows the last one's.
    pub(super) fn supply(mut self, supply: SupplySpec) -> Self {
        let next = self.supplies.last().map_or(1, |last| last.index + 1);
        self.supplies.push(SupplySpec {
            index: supply.index.max(next),
            ..supply
        });
        self
    }

    /// Toners in the maker's order and wording.
    pub(super) fn toners(
        mut self,
        order: &[&'static str],
        name: impl Fn(&str) -> String,
        lasts: u64,
        shape: Shape,
    ) -> Self {
        let (unit, capacity, precision) = shape;
        for &color in order {
            self = self.supply(SupplySpec {
                description: name(color),
                colorant: Some(color),
                wear: if color == "black" {
                    Wear::EverySide
                } else {
                    Wear::ColorSide
                },
                ..part("", 3, lasts, (unit, capacity, precision))
            });
        }
        self
    }

    pub(super) fn part(self, name: &str, kind: i64, lasts: u64, shape: Shape) -> Self {
        self.supply(part(name, kind, lasts, shape))
    }
}

pub(super) fn part(name: &str, kind: i64, lasts: u64, shape: Shape) -> SupplySpec {
    let (unit, capacity, precision) = shape;
    SupplySpec {
        index: 0,
        description: name.to_owned(),
        colorant: None,
        kind,
        unit,
        capacity,
        lasts,
        wear: Wear::EverySide,
        precision,
    }
}

pub(super) fn capital(color: &str) -> String {
    let mut letters = color.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
