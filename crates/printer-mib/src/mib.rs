//! The standard objects that an audit reads: MIB-II (RFC 1213, RFC 2863), HOST-RESOURCES-MIB (RFC
//! 2790), Printer-MIB (RFC 3805), and single objects of others.

use pagetally_snmp_engine::{Ask, Oid};
use std::collections::HashMap;
use std::sync::LazyLock;

/// One standard table: where it is, what is asked of it, and how many rows are read.
pub(crate) struct TableSpec {
    /// The table's name in its MIB.
    pub(crate) name: &'static str,
    entry: LazyLock<Oid>,
    /// The columns that are asked for and looked at.
    pub(crate) columns: &'static [u32],
    /// Arcs of a whole index.
    pub(crate) index_arcs: usize,
    /// Ceiling on rows: an endless table must end somewhere.
    pub(crate) max_rows: u32,
    /// How many rows a colour MFP of usual size has: requests are packed for so many.
    usual_rows: u32,
    /// Columns that RFC 3805 wants every printer to have and that an audit is worth little without: an empty one
    /// is asked for once more before it is believed.
    needed: &'static [u32],
}

impl TableSpec {
    /// The entry's object identifier.
    pub(crate) fn entry(&self) -> &Oid {
        &self.entry
    }

    /// The object identifier of one column.
    pub(crate) fn column(&self, column: u32) -> Oid {
        self.entry.child(&[column])
    }

    /// Asks for `columns` of this table.
    pub(crate) fn ask(&self, columns: &[u32]) -> Ask {
        Ask::Columns {
            columns: columns.iter().map(|column| self.column(*column)).collect(),
            max_rows: self.max_rows,
        }
    }
}

fn oid(arcs: &[u32]) -> Oid {
    Oid::default().child(arcs)
}

macro_rules! instances {
    ($($(#[$doc:meta])* $name:ident = $arcs:expr;)*) => {
        $($(#[$doc])* pub(crate) static $name: LazyLock<Oid> = LazyLock::new(|| oid(&$arcs));)*
    };
}

macro_rules! needed {
    () => {
        &[]
    };
    ($columns:expr) => {
        &$columns
    };
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $mib_name:literal, $entry:expr, $index:literal, $columns:expr, $rows:literal, $usual:literal $(, needed $needed:expr)?;)*) => {
        $($(#[$doc])* pub(crate) static $name: TableSpec = TableSpec {
            name: $mib_name,
            entry: LazyLock::new(|| oid(&$entry)),
            columns: &$columns,
            index_arcs: $index,
            max_rows: $rows,
            usual_rows: $usual,
            needed: needed!($($needed)?),
        };)*
    };
}

instances! {
    /// sysDescr.0
    SYS_DESCR = [1, 3, 6, 1, 2, 1, 1, 1, 0];
    /// sysObjectID.0
    SYS_OBJECT_ID = [1, 3, 6, 1, 2, 1, 1, 2, 0];
    /// sysUpTime.0
    SYS_UP_TIME = [1, 3, 6, 1, 2, 1, 1, 3, 0];
    /// sysContact.0
    SYS_CONTACT = [1, 3, 6, 1, 2, 1, 1, 4, 0];
    /// sysName.0
    SYS_NAME = [1, 3, 6, 1, 2, 1, 1, 5, 0];
    /// sysLocation.0
    SYS_LOCATION = [1, 3, 6, 1, 2, 1, 1, 6, 0];
    /// hrDeviceType.1
    HR_DEVICE_TYPE_1 = [1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 2, 1];
    /// The value of hrDeviceType that says printer.
    HR_DEVICE_PRINTER = [1, 3, 6, 1, 2, 1, 25, 3, 1, 5];
    /// snmpEngineID.0 (RFC 3411)
    SNMP_ENGINE_ID = [1, 3, 6, 1, 6, 3, 10, 2, 1, 1, 0];
    /// entPhysicalFirmwareRev.1 (RFC 6933)
    ENT_FIRMWARE = [1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 9, 1];
    /// entPhysicalSerialNum.1
    ENT_SERIAL = [1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 11, 1];
    /// The Printer MIB.
    PRT_MIB = [1, 3, 6, 1, 2, 1, 43];
}

tables! {
    /// ifType, ifPhysAddress, ifOperStatus
    IF_ENTRY = "ifTable", [1, 3, 6, 1, 2, 1, 2, 2, 1], 1, [3, 6, 8], 64, 2;
    /// ipAdEntIfIndex
    IP_AD_ENTRY = "ipAddrTable", [1, 3, 6, 1, 2, 1, 4, 20, 1], 4, [2], 64, 2;
    /// hrDeviceType, hrDeviceDescr, hrDeviceStatus
    HR_DEVICE = "hrDeviceTable", [1, 3, 6, 1, 2, 1, 25, 3, 2, 1], 1, [2, 3, 5], 64, 3;
    /// hrPrinterStatus, hrPrinterDetectedErrorState
    HR_PRINTER = "hrPrinterTable", [1, 3, 6, 1, 2, 1, 25, 3, 5, 1], 1, [1, 2], 8, 1;
    /// current localization, default marker, console localization, name, serial number
    GENERAL = "prtGeneralTable", [1, 3, 6, 1, 2, 1, 43, 5, 1, 1], 1, [2, 8, 10, 16, 17], 8, 1, needed [17];
    /// description, status
    COVER = "prtCoverTable", [1, 3, 6, 1, 2, 1, 43, 6, 1, 1], 2, [2, 3], 64, 3;
    /// character set
    LOCALIZATION = "prtLocalizationTable", [1, 3, 6, 1, 2, 1, 43, 7, 1, 1], 2, [4], 128, 1;
    /// type, unit, capacity, level, status, media, name, description
    INPUT = "prtInputTable", [1, 3, 6, 1, 2, 1, 43, 8, 2, 1], 2, [2, 8, 9, 10, 11, 12, 13, 18], 64, 4;
    /// unit, capacity, remaining, status, name, description
    OUTPUT = "prtOutputTable", [1, 3, 6, 1, 2, 1, 43, 9, 2, 1], 2, [3, 4, 5, 6, 7, 12], 64, 1;
    /// technology, unit, life count, power-on count
    MARKER = "prtMarkerTable", [1, 3, 6, 1, 2, 1, 43, 10, 2, 1], 2, [2, 3, 4, 5], 16, 1, needed [3, 4];
    /// colourant, class, type, description, unit, capacity, level
    SUPPLIES = "prtMarkerSuppliesTable", [1, 3, 6, 1, 2, 1, 43, 11, 1, 1], 2, [3, 4, 5, 6, 7, 8, 9], 128, 6, needed [5, 6, 8, 9];
    /// value
    COLORANT = "prtMarkerColorantTable", [1, 3, 6, 1, 2, 1, 43, 12, 1, 1], 2, [4], 64, 4;
    /// text
    CONSOLE = "prtConsoleDisplayBufferTable", [1, 3, 6, 1, 2, 1, 43, 16, 5, 1], 2, [2], 32, 1;
    /// severity, training, group, group index, code, description, time
    ALERT = "prtAlertTable", [1, 3, 6, 1, 2, 1, 43, 18, 1, 1], 2, [2, 3, 4, 5, 7, 8, 9], 200, 0;
    /// ppmPrinterIEEE1284DeviceId (PWG 5107.1). Column 7 is a secret and is never asked for.
    PPM_PRINTER = "ppmPrinterTable", [1, 3, 6, 1, 4, 1, 2699, 1, 2, 1, 2, 1, 1], 1, [3], 4, 0;
}

/// How many rows a standard column probably has.
pub(crate) fn usual_rows(column: &Oid) -> Option<u32> {
    static ROWS: LazyLock<HashMap<Oid, u32>> = LazyLock::new(|| {
        let rows_of = |table: &'static TableSpec| {
            let columns = table.columns.iter();
            columns.map(|column| (table.column(*column), table.usual_rows))
        };
        tables().into_iter().flat_map(rows_of).collect()
    });
    ROWS.get(column).copied()
}

/// Whether an audit is worth little without this column of a printer.
pub(crate) fn is_needed(column: &Oid) -> bool {
    if !column.starts_with(&PRT_MIB) {
        return false;
    }
    let mut tables = tables().into_iter();
    let found = tables.find_map(|table| {
        let index = column.index_below(table.entry())?;
        Some(matches!(index, [column] if table.needed.contains(column)))
    });
    found.unwrap_or(false)
}

/// Whether the object is one of a standard MIB, of which a walk shows every object.
pub(crate) fn is_standard(instance: &Oid) -> bool {
    let arcs = instance.arcs();
    arcs.starts_with(&[1, 3, 6, 1, 2, 1]) || arcs.starts_with(&[1, 3, 6, 1, 6])
}

/// Every standard table.
pub(crate) fn tables() -> [&'static TableSpec; 15] {
    [
        &IF_ENTRY,
        &IP_AD_ENTRY,
        &HR_DEVICE,
        &HR_PRINTER,
        &GENERAL,
        &COVER,
        &LOCALIZATION,
        &INPUT,
        &OUTPUT,
        &MARKER,
        &SUPPLIES,
        &COLORANT,
        &CONSOLE,
        &ALERT,
        &PPM_PRINTER,
    ]
}
