//! What a device counts, and how it is asked for.

use crate::truth::{ColorMode, Counts, Function, PaperSize, SidesMode};

/// What a side was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// A print job.
    Print,
    /// A copy.
    Copy,
    /// A received fax.
    Fax,
    /// A report of the device's own: counted in the total and in no function.
    Report,
}

/// The colours of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Color {
    /// Black alone.
    Mono,
    /// With colour.
    Color,
}

/// The size of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// A4, letter and less.
    Small,
    /// A3, ledger.
    Large,
}

/// What was scanned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// For a copy.
    Copy,
    /// For a fax to be sent.
    Fax,
    /// For a computer, an address or a folder.
    Send,
}

/// Which sides: all of them, but for what is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sides {
    /// Of one kind of work.
    pub work: Option<Work>,
    /// In one colour.
    pub color: Option<Color>,
    /// On sheets that carry two sides, or one.
    pub duplex: Option<bool>,
    /// Of one size.
    pub size: Option<Size>,
}

impl Sides {
    /// All of them.
    pub const ALL: Self = Self {
        work: None,
        color: None,
        duplex: None,
        size: None,
    };

    /// Those of one kind of work.
    #[must_use]
    pub const fn of(mut self, work: Work) -> Self {
        self.work = Some(work);
        self
    }

    /// Those in one colour.
    #[must_use]
    pub const fn colored(mut self, color: Color) -> Self {
        self.color = Some(color);
        self
    }

    /// Those on sheets that carry two sides, or one.
    #[must_use]
    pub const fn duplex(mut self, duplex: bool) -> Self {
        self.duplex = Some(duplex);
        self
    }

    /// Those of one size.
    #[must_use]
    pub const fn sized(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// As something that is counted.
    #[must_use]
    pub const fn counted(self) -> Quantity {
        Quantity::Sides(self)
    }
}

/// Something that can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quantity {
    /// Billed sides.
    Sides(Sides),
    /// Scanned sides.
    Scans {
        /// What for, or all.
        origin: Option<Origin>,
        /// The colour, or all.
        color: Option<Color>,
    },
    /// Sides scanned for anything but a copy.
    FeederScans,
    /// Sheets of paper.
    Sheets,
    /// Sheets that carry two sides.
    DuplexSheets,
    /// Paper jams.
    Jams,
    /// prtMarkerLifeCount: billed sides, and what the engine did for itself.
    Life,
    /// Sides since power on.
    SincePowerOn,
}

impl Quantity {
    /// All billed sides.
    pub const TOTAL: Self = Self::Sides(Sides::ALL);

    /// All scanned sides.
    pub const SCANS: Self = Self::Scans {
        origin: None,
        color: None,
    };

    /// Sides of one kind of work.
    #[must_use]
    pub const fn of(work: Work) -> Self {
        Sides::ALL.of(work).counted()
    }

    /// Sides of one kind of work in one colour.
    #[must_use]
    pub const fn of_in(work: Work, color: Color) -> Self {
        Sides::ALL.of(work).colored(color).counted()
    }

    /// All sides in one colour.
    #[must_use]
    pub const fn colored(color: Color) -> Self {
        Sides::ALL.colored(color).counted()
    }

    /// All large sides.
    pub const LARGE: Self = Sides::ALL.sized(Size::Large).counted();

    /// Whether the engine counts it, rather than the controller that knows of jobs.
    #[must_use]
    pub fn is_the_engines(self) -> bool {
        matches!(self, Self::Life | Self::SincePowerOn)
    }

    /// The quantity in a reader's words, where it has one of them.
    #[must_use]
    pub fn counts(self) -> Option<Counts> {
        let color_mode = |color: Option<Color>| match color {
            None => ColorMode::Any,
            Some(Color::Mono) => ColorMode::Mono,
            Some(Color::Color) => ColorMode::Color,
        };
        match self {
            Self::Sides(sides) => {
                let function = match sides.work {
                    None => Function::Total,
                    Some(Work::Print) => Function::Print,
                    Some(Work::Copy) => Function::Copy,
                    Some(Work::Fax) => Function::Fax,
                    Some(Work::Report) => return None,
                };
                let on = match sides.duplex {
                    None => SidesMode::Any,
                    Some(true) => SidesMode::Duplex,
                    Some(false) => SidesMode::Simplex,
                };
                let size = match sides.size {
                    None => PaperSize::Any,
                    Some(Size::Small) => PaperSize::Small,
                    Some(Size::Large) => PaperSize::Large,
                };
                let counts = Counts::all(function).in_color(color_mode(sides.color));
                Some(counts.on(on).of_size(size))
            }
            Self::Scans {
                origin: None,
                color,
            } => Some(Counts::all(Function::Scan).in_color(color_mode(color))),
            _ => None,
        }
    }
}

const WORKS: [Work; 4] = [Work::Print, Work::Copy, Work::Fax, Work::Report];
const COLORS: [Color; 2] = [Color::Mono, Color::Color];
const SIZES: [Size; 2] = [Size::Small, Size::Large];
const ORIGINS: [Origin; 3] = [Origin::Copy, Origin::Fax, Origin::Send];

/// Everything counted since the device was made. Sums close by construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By work, colour and size, one and two sides to a sheet.
    sides: [[[[u64; 2]; 2]; 2]; 4],
    /// By origin and colour.
    scans: [[u64; 2]; 3],
    duplex_sheets: u64,
    jams: u64,
    unbilled: u64,
    before_power_on: u64,
}

impl Tally {
    /// Counts `sides` on paper; with `duplex`, two to a sheet and an odd last one alone.
    pub(super) fn add_sides(
        &mut self,
        work: Work,
        color: Color,
        size: Size,
        sides: u64,
        duplex: bool,
    ) {
        let paired = if duplex { sides - sides % 2 } else { 0 };
        let by_sheet = &mut self.sides[work as usize][color as usize][size as usize];
        by_sheet[0] += sides - paired;
        by_sheet[1] += paired;
        self.duplex_sheets += paired / 2;
    }

    pub(super) fn add_scans(&mut self, origin: Origin, color: Color, sides: u64) {
        self.scans[origin as usize][color as usize] += sides;
    }

    pub(super) fn add_jam(&mut self) {
        self.jams += 1;
    }

    pub(super) fn add_unbilled(&mut self, sides: u64) {
        self.unbilled += sides;
    }

    pub(super) fn power_on(&mut self) {
        self.before_power_on = self.count(Quantity::Life);
    }

    /// How many of these there are.
    #[must_use]
    pub fn count(&self, quantity: Quantity) -> u64 {
        match quantity {
            Quantity::Sides(sides) => self.sum(sides),
            Quantity::Scans { origin, color } => ORIGINS
                .into_iter()
                .filter(|one| origin.is_none_or(|wanted| wanted == *one))
                .flat_map(|one| COLORS.map(|color| (one, color)))
                .filter(|(_, one)| color.is_none_or(|wanted| wanted == *one))
                .map(|(origin, color)| self.scans[origin as usize][color as usize])
                .sum(),
            Quantity::FeederScans => [Origin::Fax, Origin::Send]
                .map(|origin| self.scans[origin as usize].iter().sum::<u64>())
                .iter()
                .sum(),
            Quantity::Sheets => self.sum(Sides::ALL.duplex(false)) + self.duplex_sheets,
            Quantity::DuplexSheets => self.duplex_sheets,
            Quantity::Jams => self.jams,
            Quantity::Life => self.sum(Sides::ALL) + self.unbilled,
            Quantity::SincePowerOn => self.count(Quantity::Life) - self.before_power_on,
        }
    }

    fn sum(&self, wanted: Sides) -> u64 {
        let mut sum = 0;
        for work in WORKS {
            for color in COLORS {
                for size in SIZES {
                    let is_wanted = wanted.work.is_none_or(|one| one == work)
                        && wanted.color.is_none_or(|one| one == color)
                        && wanted.size.is_none_or(|one| one == size);
                    let [simplex, paired] =
                        self.sides[work as usize][color as usize][size as usize];
                    sum += match wanted.duplex {
                        _ if !is_wanted => 0,
                        None => simplex + paired,
                        Some(false) => simplex,
                        Some(true) => paired,
                    };
                }
            }
        }
        sum
    }
}
