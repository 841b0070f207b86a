//! What a model is: the part of a device that does not change while it works.

use super::calendar::Profile;
use std::borrow::Cow;

/// Whose private objects the device serves, and whose habits it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Vendor {
    /// Brother: counters in one binary object, two-state toner.
    Brother,
    /// Canon: counters by the panel's numbers.
    Canon,
    /// Dell: Lexmark's older tree and table under Dell's number, or Fuji Xerox's table as text.
    Dell,
    /// Epson: counters by colour.
    Epson,
    /// Fuji Xerox and FUJIFILM: the standard tables, rows that do not begin at 1.
    FujiXerox,
    /// HP: counters in PML.
    Hp,
    /// Konica Minolta and its brands: counters by function and colour.
    KonicaMinolta,
    /// Kyocera and its brands: counters by function and colour, billed total apart from the engine's.
    Kyocera,
    /// Lexmark: counters in a table whose rows name their type.
    Lexmark,
    /// OKI: counters as text.
    Oki,
    /// Panasonic: counters by number.
    Panasonic,
    /// Pantum: objects without an instance.
    Pantum,
    /// The standard tables and nothing else: makers of whose own objects nothing is public.
    Plain,
    /// Ricoh and its brands: counters in a table whose rows name their type.
    Ricoh,
    /// Samsung, and what it built for others: a cube of counters.
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
    /// hrDeviceIndex of the printer: 1 nearly everywhere, 0 or more on some.
    pub device_index: u32,
    /// Whether it prints in colour.
    pub color: bool,
    /// Whether it copies and scans.
    pub copier: bool,
    /// Whether it receives faxes.
    pub fax: bool,
    /// Whether it prints both sides.
    pub duplex: bool,
    /// Whether it prints A3.
    pub large: bool,
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
    /// When people use it.
    pub profile: Profile,
    /// Toner, drums, boxes.
    pub supplies: Vec<SupplySpec>,
    /// Of a hundred replaced cartridges, how many are refills without the maker's chip: their level
    /// is unknown (-2).
    pub refills_percent: u64,
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
    pub firmware: Cow<'static, str>,
    /// What its memory does when the controller board is replaced.
    pub board: BoardMemory,
    /// Whether a firmware update moves the rows of prtMarkerSuppliesTable.
    pub renumbers: bool,
    /// Groups of the Printer MIB that it does not have, by their number below 1.3.6.1.2.1.43.
    pub lacks: &'static [u32],
    /// The manners of one model among its maker's.
    pub habits: Habits,
}

impl Spec {
    /// Whether it has a group of the Printer MIB, by its number below 1.3.6.1.2.1.43.
    #[must_use]
    pub fn has(&self, group: u32) -> bool {
        !self.lacks.contains(&group)
    }
}

/// What one model does otherwise than its maker's others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Habits {
    /// Nothing.
    #[default]
    Usual,
    /// Another maker's print server speaks for it: sysDescr is the card's.
    BehindJetDirect,
    /// The maker's own tables are an older generation's, or another family's.
    Older,
    /// Rows of prtMarkerSuppliesTable have the supply's index and no hrDeviceIndex before it.
    SingleIndex,
    /// prtMarkerLifeCount and prtMarkerPowerOnCount are INTEGERs (RFC 3805 wants Counter32).
    IntegerCounts,
}

/// What a device's memory does when its controller board is replaced. Everything that a reader sees
/// as a counter lives somewhere, and not on the same board with every maker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BoardMemory {
    /// Counters stand in the engine, and are kept.
    #[default]
    Kept,
    /// The controller's own counters begin again; prtMarkerLifeCount goes on.
    ControllerLost,
    /// All counters begin again.
    AllLost,
}

/// The character set of localized descriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// IBM code page 437 (MIBenum 2011).
    Cp437,
    /// GBK (MIBenum 113).
    Gbk,
    /// ISO 8859-1 (MIBenum 4).
    Latin1,
    /// HP Roman-8 (MIBenum 2004), as HP and Brother declare it.
    Roman8,
    /// Shift_JIS (MIBenum 17).
    ShiftJis,
    /// UTF-8 (MIBenum 106).
    Utf8,
}

impl Charset {
    /// The IANA MIBenum.
    #[must_use]
    pub fn mib_enum(self) -> i64 {
        match self {
            Self::Cp437 => 2_011,
            Self::Gbk => 113,
            Self::Latin1 => 4,
            Self::Roman8 => 2_004,
            Self::ShiftJis => 17,
            Self::Utf8 => 106,
        }
    }

    /// prtLocalizationLanguage and prtLocalizationCountry of a device that needs the set.
    pub(super) fn language(self) -> (&'static str, &'static str) {
        match self {
            Self::Gbk => ("zh", "CN"),
            Self::ShiftJis => ("ja", "JP"),
            Self::Cp437 | Self::Latin1 | Self::Roman8 | Self::Utf8 => ("en", "US"),
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
            Self::Cp437 => text.chars().map(cp437).collect(),
            Self::Gbk => encoding_rs::GBK.encode(text).0.into_owned(),
            Self::ShiftJis => encoding_rs::SHIFT_JIS.encode(text).0.into_owned(),
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

/// The letters of code page 437 that the catalogue uses (RFC 1345, "IBM437").
fn cp437(letter: char) -> u8 {
    match letter {
        '\0'..='\x7f' => u8::try_from(u32::from(letter)).unwrap_or(b'?'),
        'à' => 0x85,
        'â' => 0x83,
        'ä' => 0x84,
        'è' => 0x8a,
        'é' => 0x82,
        'ê' => 0x88,
        'ö' => 0x94,
        'ü' => 0x81,
        'ß' => 0xe1,
        _ => b'?',
    }
}

/// A colorant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ink {
    /// K.
    Black,
    /// C.
    Cyan,
    /// M.
    Magenta,
    /// Y.
    Yellow,
}

/// What uses a supply up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wear {
    /// Every side, whatever is on it.
    EverySide,
    /// Every side with colour, whatever is on it.
    ColorSide,
    /// What is laid down of one colorant.
    Coverage(Ink),
}

/// How a device words a supply's identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Label {
    /// Not at all.
    #[default]
    None,
    /// `Black Cartridge HP CF258XC`: the part number behind the description.
    Part,
    /// `Black Toner, PN 006R01697;SN3FA90B12`.
    PartAndSerial,
    /// `Black Toner S/N:CRUM-16010521145`.
    Crum,
    /// In a table of the maker's own.
    OwnTable,
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
    /// -3 while more than a twentieth is left, then -100, as some of Ricoh's laser printers do.
    SomeOrMinusHundred,
}

/// One row of prtMarkerSuppliesTable.
#[derive(Clone, Debug)]
pub struct SupplySpec {
    /// prtMarkerSuppliesIndex: rows are not dense on all makers.
    pub index: u32,
    /// prtMarkerSuppliesDescription, without what identifies the one that is in.
    pub description: String,
    /// How what identifies the one that is in is told.
    pub label: Label,
    /// The part numbers that fit; which one is in changes with each replacement.
    pub part_numbers: Vec<String>,
    /// prtMarkerColorantValue, for colorants.
    pub colorant: Option<&'static str>,
    /// prtMarkerSuppliesType (RFC 3805): 3 toner, 5 ink, 9 drum, 15 fuser, 4 waste toner...
    pub kind: i64,
    /// prtMarkerSuppliesSupplyUnit: 7 impressions, 19 percent, 13 tenths of grams...
    pub unit: i64,
    /// prtMarkerSuppliesMaxCapacity.
    pub capacity: i64,
    /// Sides of ordinary coverage until it is used up (or full).
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
