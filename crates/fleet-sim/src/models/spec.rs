//! What a model is: the part of a device that does not change while it works.

/// Whose private objects the device serves, and whose habits it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Vendor {
    /// Brother: counters in one binary object, two-state toner.
    Brother,
    /// Canon: counters by the panel's numbers.
    Canon,
    /// Epson: counters by colour.
    Epson,
    /// HP: counters in PML.
    Hp,
    /// Konica Minolta: counters by function and colour.
    KonicaMinolta,
    /// Kyocera: counters by function and colour, billed total apart from the engine's.
    Kyocera,
    /// Lexmark: counters in a table whose rows name their type.
    Lexmark,
    /// OKI: counters as text.
    Oki,
    /// Ricoh: counters in a table whose rows name their type.
    Ricoh,
    /// Samsung: a cube of counters.
    Samsung,
    /// Sharp: counters with names beside them.
    Sharp,
    /// Toshiba TEC: counters by category.
    Toshiba,
    /// Xerox: counters by code (XCMI).
    Xerox,
    /// Zebra: labels, and no Printer MIB.
    Zebra,
}

/// What a model is and what this one of it is called.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Whose private objects it serves.
    pub vendor: Vendor,
    /// The maker, as a person would write it.
    pub maker: &'static str,
    /// The model, without the maker.
    pub model: &'static str,
    /// sysObjectID below 1.3.6.1.4.1.
    pub enterprise: &'static [u32],
    /// Whether it prints in colour.
    pub color: bool,
    /// Whether it copies and scans.
    pub copier: bool,
    /// Whether it receives faxes.
    pub fax: bool,
    /// Whether it prints both sides.
    pub duplex: bool,
    /// prtMarkerMarkTech (RFC 3805): 3 LED, 4 laser, 14 inkjet, 16 thermal transfer...
    pub technology: i64,
    /// prtMarkerCounterUnit: 7 impressions, 8 sheets. Some makers say sheets and count impressions.
    pub life_unit: i64,
    /// What the engine counts in prtMarkerLifeCount and nobody is billed for, a thousandth of all.
    pub unbilled_per_mille: u64,
    /// Sides a minute.
    pub speed: u32,
    /// Jobs on a working day.
    pub jobs_a_day: u32,
    /// Toner, drums, boxes.
    pub supplies: Vec<SupplySpec>,
    /// Paper trays.
    pub trays: Vec<TraySpec>,
    /// Output bins: name and capacity.
    pub outputs: Vec<(&'static str, i64)>,
    /// Covers.
    pub covers: Vec<&'static str>,
    /// Lines of its display.
    pub console_lines: u32,
    /// What prtLocalizationCharacterSet declares (IANA MIBenum), and in which it encodes.
    pub charset: Charset,
    /// hrPrinterDetectedErrorState's length where nothing is wrong: makers send 0, 1 or 2 octets.
    pub error_octets: usize,
    /// Falls asleep after so many minutes without work or questions; 0 never.
    pub sleep_minutes: u32,
    /// The firmware's version.
    pub firmware: &'static str,
}

/// The character set of localized descriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// ISO 8859-1 (MIBenum 4).
    Latin1,
    /// HP Roman-8 (MIBenum 2004), as HP and Brother declare it.
    Roman8,
    /// UTF-8 (MIBenum 106).
    Utf8,
}

impl Charset {
    /// The IANA MIBenum.
    #[must_use]
    pub fn mib_enum(self) -> i64 {
        match self {
            Self::Latin1 => 4,
            Self::Roman8 => 2_004,
            Self::Utf8 => 106,
        }
    }

    /// A text in this set; what it lacks becomes a question mark.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Latin1 => text
                .chars()
                .map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?'))
                .collect(),
            Self::Roman8 => text.chars().map(roman8).collect(),
        }
    }
}

/// The letters of HP Roman-8 that the catalogue uses (RFC 1345, "hp-roman8").
fn roman8(letter: char) -> u8 {
    match letter {
        '\0'..='\x7f' => u8::try_from(u32::from(letter)).unwrap_or(b'?'),
        'à' => 0xc8,
        'â' => 0xc0,
        'ä' => 0xcc,
        'è' => 0xc9,
        'é' => 0xc5,
        'ê' => 0xc1,
        'ö' => 0xce,
        'ü' => 0xcf,
        'ß' => 0xde,
        _ => b'?',
    }
}

/// What uses a supply up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wear {
    /// Every side.
    EverySide,
    /// Every side with colour.
    ColorSide,
}

/// How precisely a device tells a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// In the supply's unit.
    Exact,
    /// In steps of a tenth of the capacity.
    Tenths,
    /// Capacity -2, level -3 while something is left and 0 when not.
    TwoState,
    /// Capacity -2 and a level in percent, as Sharp tells drums.
    PercentWithoutCapacity,
    /// A number until a tenth is left, then -3.
    VagueWhenLow,
}

/// One row of prtMarkerSuppliesTable.
#[derive(Clone, Debug)]
pub struct SupplySpec {
    /// prtMarkerSuppliesIndex: rows are not dense on all makers.
    pub index: u32,
    /// prtMarkerSuppliesDescription.
    pub description: String,
    /// prtMarkerColorantValue, for colorants.
    pub colorant: Option<&'static str>,
    /// prtMarkerSuppliesType (RFC 3805): 3 toner, 5 ink, 9 drum, 15 fuser, 4 waste toner...
    pub kind: i64,
    /// prtMarkerSuppliesSupplyUnit: 7 impressions, 19 percent, 13 tenths of grams...
    pub unit: i64,
    /// prtMarkerSuppliesMaxCapacity.
    pub capacity: i64,
    /// Sides until it is used up (or full).
    pub lasts: u64,
    /// What uses it up.
    pub wear: Wear,
    /// How precisely its level is told.
    pub precision: Precision,
}

impl SupplySpec {
    /// Whether it is filled rather than consumed (prtMarkerSuppliesClass 4).
    #[must_use]
    pub fn is_receptacle(&self) -> bool {
        // Waste toner, waste ink, waste wax, waste water, waste paper.
        matches!(self.kind, 4 | 8 | 14 | 24 | 26)
    }

    /// Whether the device stops when it is used up: toner, ink and ribbon, and full boxes.
    #[must_use]
    pub fn stops_when_spent(&self) -> bool {
        self.is_receptacle() || matches!(self.kind, 3 | 5 | 6 | 7 | 21)
    }
}

/// One row of prtInputTable.
#[derive(Clone, Copy, Debug)]
pub struct TraySpec {
    /// prtInputName.
    pub name: &'static str,
    /// prtInputMediaName.
    pub media: &'static str,
    /// prtInputMaxCapacity in sheets.
    pub capacity: u32,
    /// prtInputType: 3 removable tray, 5 manual.
    pub kind: i64,
    /// How its level is told.
    pub level: TrayLevel,
}

/// How a tray tells its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrayLevel {
    /// In sheets.
    Exact,
    /// Full or empty.
    FullOrEmpty,
    /// -3 while paper is in, 0 when not.
    SomeOrEmpty,
    /// -2, always.
    Unknown,
}
