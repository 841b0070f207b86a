//! What the standards call their objects, and whose the private ones are: for people who ask where a
//! number comes from.

use crate::definitions::Definitions;
use pagetally_snmp_engine::Oid;

/// An object by the name that its MIB gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// The object's name with its instance behind it, such as `prtMarkerLifeCount.1.1`.
    pub name: String,
    /// Where it is defined, such as `Printer-MIB, RFC 3805`.
    pub mib: &'static str,
}

const MIB_2: &str = "SNMPv2-MIB, RFC 3418";
const INTERFACES: &str = "IF-MIB, RFC 2863";
const ADDRESSES: &str = "IP-MIB, RFC 4293";
const HOST: &str = "HOST-RESOURCES-MIB, RFC 2790";
const PRINTER: &str = "Printer-MIB, RFC 3805";
const ENTITY: &str = "ENTITY-MIB, RFC 6933";
const FRAMEWORK: &str = "SNMP-FRAMEWORK-MIB, RFC 3411";
const PORTS: &str = "PRINTER-PORT-MONITOR-MIB, PWG 5107.1";

/// Objects below one arc, by their own last one.
struct Group {
    arcs: &'static [u32],
    mib: &'static str,
    objects: &'static [(u32, &'static str)],
}

const GROUPS: &[Group] = &[
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 1],
        mib: MIB_2,
        objects: &[
            (1, "sysDescr"),
            (2, "sysObjectID"),
            (3, "sysUpTime"),
            (4, "sysContact"),
            (5, "sysName"),
            (6, "sysLocation"),
            (7, "sysServices"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 2, 2, 1],
        mib: INTERFACES,
        objects: &[
            (1, "ifIndex"),
            (2, "ifDescr"),
            (3, "ifType"),
            (5, "ifSpeed"),
            (6, "ifPhysAddress"),
            (7, "ifAdminStatus"),
            (8, "ifOperStatus"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 4, 20, 1],
        mib: ADDRESSES,
        objects: &[
            (1, "ipAdEntAddr"),
            (2, "ipAdEntIfIndex"),
            (3, "ipAdEntNetMask"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 25, 3, 2, 1],
        mib: HOST,
        objects: &[
            (1, "hrDeviceIndex"),
            (2, "hrDeviceType"),
            (3, "hrDeviceDescr"),
            (4, "hrDeviceID"),
            (5, "hrDeviceStatus"),
            (6, "hrDeviceErrors"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 25, 3, 5, 1],
        mib: HOST,
        objects: &[(1, "hrPrinterStatus"), (2, "hrPrinterDetectedErrorState")],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 43, 5, 1, 1],
        mib: PRINTER,
        objects: &[
            (1, "prtGeneralConfigChanges"),
            (2, "prtGeneralCurrentLocalization"),
            (8, "prtMarkerDefaultIndex"),
            (10, "prtConsoleLocalization"),
            (16, "prtGeneralPrinterName"),
            (17, "prtGeneralSerialNumber"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 43, 6, 1, 1],
        mib: PRINTER,
        objects: &[(2, "prtCoverDescription"), (3, "prtCoverStatus")],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 43, 7, 1, 1],
        mib: PRINTER,
        objects: &[
            (2, "prtLocalizationLanguage"),
            (3, "prtLocalizationCountry"),
            (4, "prtLocalizationCharacterSet"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 43, 8, 2, 1],
        mib: PRINTER,
        objects: &[
            (2, "prtInputType"),
            (8, "prtInputCapacityUnit"),
            (9, "prtInputMaxCapacity"),
            (10, "prtInputCurrentLevel"),
            (11, "prtInputStatus"),
            (12, "prtInputMediaName"),
            (13, "prtInputName"),
            (18, "prtInputDescription"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 43, 9, 2, 1],
        mib: PRINTER,
        objects: &[
            (2, "prtOutputType"),
            (3, "prtOutputCapacityUnit"),
            (4, "prtOutputMaxCapacity"),
            (5, "prtOutputRemainingCapacity"),
            (6, "prtOutputStatus"),
            (7, "prtOutputName"),
            (12, "prtOutputDescription"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 43, 10, 2, 1],
        mib: PRINTER,
        objects: &[
            (2, "prtMarkerMarkTech"),
            (3, "prtMarkerCounterUnit"),
            (4, "prtMarkerLifeCount"),
            (5, "prtMarkerPowerOnCount"),
            (15, "prtMarkerStatus"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 43, 11, 1, 1],
        mib: PRINTER,
        objects: &[
            (2, "prtMarkerSuppliesMarkerIndex"),
            (3, "prtMarkerSuppliesColorantIndex"),
            (4, "prtMarkerSuppliesClass"),
            (5, "prtMarkerSuppliesType"),
            (6, "prtMarkerSuppliesDescription"),
            (7, "prtMarkerSuppliesSupplyUnit"),
            (8, "prtMarkerSuppliesMaxCapacity"),
            (9, "prtMarkerSuppliesLevel"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 43, 12, 1, 1],
        mib: PRINTER,
        objects: &[
            (2, "prtMarkerColorantMarkerIndex"),
            (3, "prtMarkerColorantRole"),
            (4, "prtMarkerColorantValue"),
            (5, "prtMarkerColorantTonality"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 43, 16, 5, 1],
        mib: PRINTER,
        objects: &[(2, "prtConsoleDisplayBufferText")],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 43, 18, 1, 1],
        mib: PRINTER,
        objects: &[
            (2, "prtAlertSeverityLevel"),
            (3, "prtAlertTrainingLevel"),
            (4, "prtAlertGroup"),
            (5, "prtAlertGroupIndex"),
            (6, "prtAlertLocation"),
            (7, "prtAlertCode"),
            (8, "prtAlertDescription"),
            (9, "prtAlertTime"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1],
        mib: ENTITY,
        objects: &[
            (2, "entPhysicalDescr"),
            (9, "entPhysicalFirmwareRev"),
            (11, "entPhysicalSerialNum"),
        ],
    },
    Group {
        arcs: &[1, 3, 6, 1, 6, 3, 10, 2, 1],
        mib: FRAMEWORK,
        objects: &[(1, "snmpEngineID")],
    },
    Group {
        arcs: &[1, 3, 6, 1, 4, 1, 2699, 1, 2, 1, 2, 1, 1],
        mib: PORTS,
        objects: &[(3, "ppmPrinterIEEE1284DeviceId")],
    },
];

/// What a standard calls this object; nothing for private ones.
pub fn object_name(oid: &Oid) -> Option<ObjectName> {
    GROUPS.iter().find_map(|group| {
        let (object, instance) = oid.arcs().strip_prefix(group.arcs)?.split_first()?;
        let (_, name) = group.objects.iter().find(|(arc, _)| arc == object)?;
        let instance: String = instance.iter().map(|arc| format!(".{arc}")).collect();
        Some(ObjectName {
            name: format!("{name}{instance}"),
            mib: group.mib,
        })
    })
}

impl Definitions {
    /// The maker to whom the private object belongs, with the number that IANA gave to it (SNMP
    /// enterprise numbers below 1.3.6.1.4.1). Brands of one maker share numbers: the first counts.
    pub fn enterprise_of(&self, oid: &Oid) -> Option<(u32, Option<&str>)> {
        let [1, 3, 6, 1, 4, 1, number, ..] = oid.arcs() else {
            return None;
        };
        let maker = self
            .makers()
            .iter()
            .find(|maker| maker.enterprises.contains(number));
        Some((*number, maker.map(|maker| maker.name.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mib;

    fn oid(text: &str) -> Oid {
        text.parse().expect("an OID")
    }

    #[test]
    fn an_object_has_its_standards_name() {
        let name = object_name(&oid("1.3.6.1.2.1.43.10.2.1.4.1.1")).expect("known");
        assert_eq!(name.name, "prtMarkerLifeCount.1.1");
        assert_eq!(name.mib, "Printer-MIB, RFC 3805");
        assert_eq!(object_name(&oid("1.3.6.1.4.1.11.2.3")), None);
        assert_eq!(object_name(&oid("1.3.6.1.2.1.43")), None);
    }

    #[test]
    fn every_standard_column_that_is_read_has_a_name() {
        for table in mib::tables() {
            for column in table.columns {
                let column = table.column(*column);
                assert!(object_name(&column).is_some(), "{} {column}", table.name);
            }
        }
    }

    #[test]
    fn a_private_object_is_its_makers() {
        let definitions = Definitions::builtin();
        let found = definitions.enterprise_of(&oid("1.3.6.1.4.1.11.2.3.9.4"));
        assert_eq!(found, Some((11, Some("HP"))));
        let (number, maker) = definitions
            .enterprise_of(&oid("1.3.6.1.4.1.4294967295.1"))
            .expect("a private one");
        assert_eq!((number, maker), (4_294_967_295, None));
    }
}
