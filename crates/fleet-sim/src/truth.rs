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
    /// prtMarkerLifeCount of the first marker.
    pub life_count: Option<LifeCount>,
    /// The maker's own counters, by the object that serves them.
    pub meters: Vec<TruthMeter>,
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
    pub sides: Sides,
}

impl Counts {
    /// All colours and sides of one function.
    #[must_use]
    pub const fn all(function: Function) -> Self {
        Self {
            function,
            color: ColorMode::Any,
            sides: Sides::Any,
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
    pub const fn on(mut self, sides: Sides) -> Self {
        self.sides = sides;
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
pub enum Sides {
    /// All of them.
    Any,
    /// Sides of sheets that carry two.
    Duplex,
    /// Sides of sheets that carry one.
    Simplex,
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
