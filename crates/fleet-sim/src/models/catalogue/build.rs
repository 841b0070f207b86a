//! How the catalogue writes a model down: a plain one, and what makes it its own.

use super::super::calendar::Profile;
use super::super::spec::{
    BoardMemory, Charset, Habits, Ink, Label, Precision, Spec, SupplySpec, TrayLevel, TraySpec,
    Vendor, Wear,
};

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
        device_index: 1,
        color: false,
        copier: false,
        fax: false,
        duplex: true,
        large: false,
        // electrophotographic laser
        technology: 4,
        // impressions
        life_unit: 7,
        unbilled_per_mille: 0,
        speed: 40,
        jobs_a_day: 30,
        profile: Profile::Office,
        supplies: Vec::new(),
        refills_percent: 0,
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
        firmware: "1.0.0".into(),
        board: BoardMemory::Kept,
        renumbers: false,
        lacks: &[],
        habits: Habits::Usual,
    }
}

impl Spec {
    pub(super) fn mfp(mut self, fax: bool) -> Self {
        self.copier = true;
        self.fax = fax;
        self
    }

    /// It prints A3.
    pub(super) fn large(mut self) -> Self {
        self.large = true;
        self
    }

    pub(super) fn used_in(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    pub(super) fn with_habits(mut self, habits: Habits) -> Self {
        self.habits = habits;
        self
    }

    pub(super) fn with_board(mut self, board: BoardMemory) -> Self {
        self.board = board;
        self
    }

    /// Says which one is in for each supply that has part numbers.
    pub(super) fn identified(
        mut self,
        label: Label,
        parts: impl Fn(&SupplySpec) -> Vec<String>,
    ) -> Self {
        for supply in &mut self.supplies {
            supply.part_numbers = parts(supply);
            if !supply.part_numbers.is_empty() {
                supply.label = label;
            }
        }
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
        self.firmware = firmware.into();
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
                wear: Wear::Coverage(match color {
                    "cyan" => Ink::Cyan,
                    "magenta" => Ink::Magenta,
                    "yellow" => Ink::Yellow,
                    _ => Ink::Black,
                }),
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
        label: Label::None,
        part_numbers: Vec::new(),
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
