//! What a device serves right now, in plain words: what a reader of it must find out.

use pagetally_snmp_engine::Oid;

/// Everything that a reader of the device must find out, and what it must not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// What the device is called in listings: a model, or a recording's file name.
    pub name: String,
    /// Whether it is a printer at all.
    pub is_printer: bool,
    /// Whether it answers no community.
    pub refuses: bool,
    /// Whether it sleeps, so that the next datagram is lost and wakes it.
    pub asleep: bool,
    /// Who made it; empty for a recording, which does not say.
    pub manufacturer: String,
    /// The model as the maker writes it; empty for a recording.
    pub model: String,
    /// The serial number; empty where the device tells none.
    pub serial: String,
    /// The firmware's version, if the device tells it.
    pub firmware: Option<String>,
    /// sysName.
    pub hostname: String,
    /// sysLocation.
    pub location: String,
    /// The hardware address of the interface that answers.
    pub mac: Option<[u8; 6]>,
    /// hrDeviceIndex of the printer, which every index of the Printer MIB begins with.
    pub device_index: u32,
    /// prtMarkerLifeCount of the first marker.
    pub life_count: Option<LifeCount>,
    /// The maker's own counters, by the object that serves them.
    pub meters: Vec<TruthMeter>,
    /// What the maker's counters add up to, where each counts a small part.
    pub sums: Vec<(Counts, u64)>,
    /// What the device did since it was made, whatever its memory still knows of it; empty for a
    /// recording.
    pub counted: Vec<(Counts, u64)>,
    /// prtMarkerSuppliesTable, by index.
    pub supplies: Vec<TruthSupply>,
    /// prtAlertTable, by index.
    pub alerts: Vec<TruthAlert>,
    /// prtInputTable, by index.
    pub trays: Vec<TruthTray>,
}

/// prtMarkerLifeCount and prtMarkerCounterUnit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LifeCount {
    /// The count.
    pub value: u64,
    /// The unit's number (7 impressions, 8 sheets).
    pub unit: i64,
}

/// One counter of the maker's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthMeter {
    /// The object that serves it.
    pub oid: Oid,
    /// What it counts.
    pub counts: Counts,
    /// The count.
    pub value: u64,
}

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Counts {
    /// For which work.
    pub function: Function,
    /// In which colours.
    pub color: ColorMode,
    /// On which sides.
    pub sides: SidesMode,
    /// On which paper.
    pub size: PaperSize,
}

impl Counts {
    /// All colours, sides and sizes of one function.
    #[must_use]
    pub const fn all(function: Function) -> Self {
        Self {
            function,
            color: ColorMode::Any,
            sides: SidesMode::Any,
            size: PaperSize::Any,
        }
    }

    /// The same in these colours alone.
    #[must_use]
    pub const fn in_color(mut self, color: ColorMode) -> Self {
        self.color = color;
        self
    }

    /// The same on these sides alone.
    #[must_use]
    pub const fn on(mut self, sides: SidesMode) -> Self {
        self.sides = sides;
        self
    }

    /// The same on this size alone.
    #[must_use]
    pub const fn of_size(mut self, size: PaperSize) -> Self {
        self.size = size;
        self
    }
}

/// The work that a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Function {
    /// Copied sides.
    Copy,
    /// Received faxes' printed sides.
    Fax,
    /// Printed sides.
    Print,
    /// Scanned sides, for whatever purpose.
    Scan,
    /// Every side that the engine was billed for.
    Total,
}

/// The colours that a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColorMode {
    /// All of them.
    Any,
    /// Sides with colour.
    Color,
    /// Sides in black alone.
    Mono,
}

/// The sides that a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SidesMode {
    /// All of them.
    Any,
    /// Sides of sheets that carry two.
    Duplex,
    /// Sides of sheets that carry one.
    Simplex,
}

/// The paper that a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaperSize {
    /// All of it.
    Any,
    /// A4, letter and less.
    Small,
    /// A3, ledger.
    Large,
}

/// One row of prtMarkerSuppliesTable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthSupply {
    /// prtMarkerSuppliesIndex.
    pub index: u32,
    /// prtMarkerSuppliesDescription, decoded.
    pub description: String,
    /// prtMarkerSuppliesClass: 3 consumed, 4 filled.
    pub class: i64,
    /// prtMarkerSuppliesType.
    pub kind: i64,
    /// prtMarkerSuppliesSupplyUnit.
    pub unit: i64,
    /// prtMarkerSuppliesMaxCapacity, sentinels included.
    pub capacity: i64,
    /// prtMarkerSuppliesLevel, sentinels included.
    pub level: i64,
    /// The part number of the one that is in, where the device tells it.
    pub part_number: Option<String>,
    /// The serial number of the one that is in, where the device tells it.
    pub serial: Option<String>,
    /// How many were in before the one that is in; always 0 for a recording.
    pub predecessors: u32,
}

/// One row of prtAlertTable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthAlert {
    /// prtAlertIndex.
    pub index: u32,
    /// prtAlertSeverityLevel: 3 critical, 4 warning.
    pub severity: i64,
    /// prtAlertGroup.
    pub group: i64,
    /// prtAlertGroupIndex.
    pub group_index: i64,
    /// prtAlertCode.
    pub code: i64,
    /// prtAlertDescription, decoded.
    pub description: String,
}

/// One row of prtInputTable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthTray {
    /// prtInputIndex.
    pub index: u32,
    /// prtInputName, decoded.
    pub name: String,
    /// prtInputMaxCapacity, sentinels included.
    pub capacity: i64,
    /// prtInputCurrentLevel, sentinels included.
    pub level: i64,
}
