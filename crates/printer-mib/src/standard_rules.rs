//! The rules that stand in this crate's code, in words: those that read the standard MIBs and those
//! that conclude. The definitions' rows carry their own reasons.

/// A rule of this crate's own code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardRule {
    /// Why it reads what it reads the way it does.
    pub reason: &'static str,
    /// The text that it rests on; nothing for what this decoder concludes by itself.
    pub reference: Option<&'static str>,
}

const RFC_1213: &str = "RFC 3418 section 2 (first RFC 1213), system group";
const RFC_2790: &str = "RFC 2790";
const RFC_2863: &str = "RFC 2863, ifTable; RFC 4293, ipAddrTable";
const RFC_3411: &str = "RFC 3411 section 5, snmpEngineID";
const RFC_3805: &str = "RFC 3805";
const RFC_6933: &str = "RFC 6933, entPhysicalTable";
const PWG_5107: &str = "PWG 5107.1 (Printer Port Monitor MIB)";

/// By the beginning of the name, the longest first where one is the beginning of another.
const RULES: &[(&str, &str, Option<&str>)] = &[
    (
        "rfc3805.life-count-as-total",
        "No row of the device's maker speaks of a total, so the print engine's own count stands in. \
         It may count test and cleaning pages, or miss some; -of-marker-N is another engine than the \
         first, -unit-unknown one that does not state prtMarkerCounterUnit",
        Some("RFC 3805, prtMarkerLifeCount"),
    ),
    (
        "rfc3805.prtGeneralPrinterName-with-maker",
        "The administrator's name for the printer is taken for its model only where it begins with \
         its maker's name",
        Some("RFC 3805, prtGeneralPrinterName"),
    ),
    (
        "rfc2790.hrDeviceDescr-as-device-id",
        "The printer's own row of hrDeviceTable describes it with an IEEE 1284 device ID, of which \
         the keys MFG, MDL and SN are read",
        Some("RFC 2790, hrDeviceDescr; IEEE 1284 device ID"),
    ),
    (
        "rfc2863.mac-of-the-polled-address",
        "The interface to which the address that answered belongs has this card address",
        Some(RFC_2863),
    ),
    (
        "rfc2863.mac-of-interface",
        "An Ethernet or wireless interface of the device has this card address",
        Some(RFC_2863),
    ),
    (
        "pagetally.badge-in-",
        "The description names a maker and a model that stand on the device, where its own objects \
         name another maker's card or firmware",
        None,
    ),
    (
        "pagetally.capacity-of-hundred-is-percent",
        "The device leaves the unit out; a capacity of exactly 100 is a percentage",
        None,
    ),
    (
        "pagetally.capacities-of-hundred-are-percent",
        "The device leaves all units out and every capacity that it states is 100, so a level beside \
         them without a capacity of its own is a percentage, too",
        None,
    ),
    (
        "pagetally.colorant-in-description",
        "The description names exactly one colour, and prtMarkerColorantTable none",
        None,
    ),
    (
        "pagetally.colorant-of-vendor-row",
        "The definition row that read the level says which colour it is of",
        None,
    ),
    (
        "pagetally.kind-in-description",
        "The type column says \"other\" or nothing; the description says what it is",
        None,
    ),
    (
        "pagetally.model-behind-maker-in-sysDescr",
        "Behind a known maker's name sysDescr has the model",
        None,
    ),
    (
        "pagetally.firmware-changed",
        "Both audits state a firmware version, and they differ",
        None,
    ),
    (
        "pagetally.uptime-fell",
        "The uptime is less than before, and does not stand where it would stand had it gone round \
         after 497 days",
        None,
    ),
    (
        "pagetally.address-changed",
        "The same device by its serial number, card or engine id answers at another address than in \
         the audit before",
        None,
    ),
    (
        "pagetally.meter-rule-changed",
        "Another rule reads this meter than in the audit before: their counts need not be of the \
         same thing, so none fell and they are not to be subtracted",
        None,
    ),
    (
        "pagetally.supply-appeared",
        "The table of supplies, read whole both times, has a row that no earlier one fits",
        None,
    ),
    (
        "pagetally.supply-vanished",
        "The table of supplies, read whole both times, has no row for a supply that it had before",
        None,
    ),
    (
        "pagetally.supply-moved",
        "The same supply by its serial number, its words, its part number, or as the only one of its \
         kind, in a row of another number: firmware renumbers rows",
        None,
    ),
    (
        "pagetally.supply-rows-unclear",
        "Rows of the same kind, class and colour have other numbers than before, and neither serial \
         numbers nor words tell them apart",
        None,
    ),
    (
        "pagetally.supply-serial-changed",
        "The supply in this place has another serial number than in the audit before",
        None,
    ),
    (
        "pagetally.supply-part-number-changed",
        "The supply in this place has another part number than in the audit before; an estimate \
         where the firmware, which may word it otherwise, changed too",
        None,
    ),
    (
        "pagetally.supply-description-changed",
        "The description names another article than before, while the level did not fall, the \
         firmware is the same and other supplies are described as before",
        None,
    ),
    (
        "pagetally.supply-level-rose",
        "The level rose by a quarter of the capacity, or by more than a tenth to nearly full: more \
         than a gauge wavers. What was done nobody knows",
        None,
    ),
    (
        "pwg5107.",
        "The device states an IEEE 1284 device ID, of which the keys MFG, MDL and SN are read",
        Some(PWG_5107),
    ),
    (
        "rfc1213.",
        "The object that every SNMP agent has for this",
        Some(RFC_1213),
    ),
    (
        "rfc2790.",
        "The printer's own row: the one whose hrDeviceType says printer, whatever its number",
        Some(RFC_2790),
    ),
    (
        "rfc2863.",
        "What the device's table of interfaces says",
        Some(RFC_2863),
    ),
    (
        "rfc3411.",
        "The name of the device's SNMP engine",
        Some(RFC_3411),
    ),
    (
        "rfc6933.",
        "What the device says of its own hardware",
        Some(RFC_6933),
    ),
];

/// What the suffixes of level rules mean, behind `rfc3805.<object>.`.
const LEVELS: &[(&str, &str)] = &[
    (
        "absent",
        "The device does not answer the level: nothing is known",
    ),
    (
        "amount-without-capacity",
        "The level is an amount, and no capacity says of how much",
    ),
    (
        "no-known-meaning",
        "A negative number that RFC 3805 gives no meaning",
    ),
    (
        "not-restricted",
        "-1: the device places no restriction on this",
    ),
    (
        "of-capacity",
        "The level is an amount out of the capacity that the row states",
    ),
    (
        "over-capacity",
        "The number is larger than the capacity: whatever it is, it is no level",
    ),
    (
        "over-hundred-percent",
        "The unit is percent and the number more than 100: it is no level",
    ),
    (
        "percent-without-capacity",
        "The unit is percent, so the number is the level, whatever the capacity says",
    ),
    (
        "some-remaining",
        "-3: at least one unit is left, or there is room for one more. No number can be had of it",
    ),
    ("unknown", "-2: the device does not know"),
    (
        "zero-of-zero",
        "0 of a capacity of 0 in a unit other than percent says nothing at all",
    ),
    (
        "zero-without-capacity",
        "0 of an unknown capacity: a supply that knows two states is in the lower one, which is \
         empty or nearly so",
    ),
];

/// A rule of this crate's own code, by the name that provenance gives it. Rows of the definitions
/// are none: see [`Definitions::row`](crate::Definitions::row).
pub fn standard_rule(name: &str) -> Option<StandardRule> {
    // Behind `/` stands the character set that the text took to read.
    let name = name.split_once('/').map_or(name, |(name, _)| name);
    let of_level = || {
        let (object, suffix) = name.strip_prefix("rfc3805.")?.split_once('.')?;
        let (_, reason) = LEVELS.iter().find(|(known, _)| *known == suffix)?;
        Some(StandardRule {
            reason,
            reference: Some(match object {
                "prtInputCurrentLevel" => "RFC 3805, prtInputCurrentLevel and prtInputMaxCapacity",
                "prtOutputRemainingCapacity" => {
                    "RFC 3805, prtOutputRemainingCapacity and prtOutputMaxCapacity"
                }
                _ => "RFC 3805, prtMarkerSuppliesLevel and prtMarkerSuppliesMaxCapacity",
            }),
        })
    };
    let by_name = || {
        let (_, reason, reference) = RULES.iter().find(|(known, ..)| name.starts_with(known))?;
        Some(StandardRule {
            reason,
            reference: *reference,
        })
    };
    let by_object = || {
        name.strip_prefix("rfc3805.prt")?;
        Some(StandardRule {
            reason: "The standard's own object for this, in the row of the part that it is about",
            reference: Some(RFC_3805),
        })
    };
    // A family of firmware that has a maker stands in where nothing names one.
    let by_family = || {
        let family = name.strip_suffix(".answers")?;
        (!family.is_empty()).then_some(StandardRule {
            reason: "Nothing names the maker; the device answers what only this family of firmware \
                     does, and this is whose firmware it is as a rule",
            reference: None,
        })
    };
    of_level()
        .or_else(by_name)
        .or_else(by_family)
        .or_else(by_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_standard_rule_has_its_reason() {
        for (name, expected) in [
            ("rfc3805.prtMarkerSuppliesLevel.some-remaining", "-3"),
            ("rfc3805.prtInputCurrentLevel.not-restricted", "-1"),
            ("rfc3805.life-count-as-total-of-marker-2", "engine"),
            (
                "rfc3805.prtMarkerSuppliesDescription/ibm850",
                "standard's own object",
            ),
            ("rfc2863.mac-of-interface-3-by-address", "card"),
            ("rfc2790.hrDeviceDescr-as-device-id.MFG", "IEEE 1284"),
            ("lexmark.answers", "family of firmware"),
            (
                "pagetally.capacities-of-hundred-are-percent",
                "every capacity",
            ),
        ] {
            let rule = standard_rule(name).unwrap_or_else(|| panic!("{name} has no words"));
            assert!(rule.reason.contains(expected), "{name}: {}", rule.reason);
        }
        assert_eq!(standard_rule("hp.total-engine-page-count"), None);
        assert_eq!(standard_rule("pagetally.no-such-rule"), None);
    }
}
