//! The standards' own words for their numbers (RFC 3805, RFC 2790, IANA-PRINTER-MIB).

use pagetally_model::{
    AlertSeverity, Condition, CounterUnit, DeviceState, PrinterState, SupplyClass, SupplyKind,
};

/// The word at `number` of a list that counts from 1.
fn word(words: &[&'static str], number: i64) -> Option<&'static str> {
    let place = usize::try_from(number.checked_sub(1)?).ok()?;
    words.get(place).copied().filter(|word| !word.is_empty())
}

/// PrtMarkerMarkTechTC.
pub(crate) fn mark_technology(number: i64) -> Option<&'static str> {
    const WORDS: [&str; 27] = [
        "other",
        "unknown",
        "electrophotographicLED",
        "electrophotographicLaser",
        "electrophotographicOther",
        "impactMovingHeadDotMatrix9pin",
        "impactMovingHeadDotMatrix24pin",
        "impactMovingHeadDotMatrixOther",
        "impactMovingHeadFullyFormed",
        "impactBand",
        "impactOther",
        "inkjetAqueous",
        "inkjetSolid",
        "inkjetOther",
        "pen",
        "thermalTransfer",
        "thermalSensitive",
        "thermalDiffusion",
        "thermalOther",
        "electroerosion",
        "electrostatic",
        "photographicMicrofiche",
        "photographicImagesetter",
        "photographicOther",
        "ionDeposition",
        "eBeam",
        "typesetter",
    ];
    word(&WORDS, number)
}

/// PrtInputTypeTC.
pub(crate) fn input_type(number: i64) -> Option<&'static str> {
    const WORDS: [&str; 8] = [
        "other",
        "unknown",
        "sheetFeedAutoRemovableTray",
        "sheetFeedAutoNonRemovableTray",
        "sheetFeedManual",
        "continuousRoll",
        "continuousFanFold",
        "sheetFeedPullThrough",
    ];
    word(&WORDS, number)
}

/// PrtCoverStatusTC.
pub(crate) fn cover_status(number: i64) -> Option<&'static str> {
    const WORDS: [&str; 6] = [
        "other",
        "unknown",
        "coverOpen",
        "coverClosed",
        "interlockOpen",
        "interlockClosed",
    ];
    word(&WORDS, number)
}

/// PrtAlertTrainingLevelTC.
pub(crate) fn training(number: i64) -> Option<&'static str> {
    const WORDS: [&str; 7] = [
        "other",
        "unknown",
        "untrained",
        "trained",
        "fieldService",
        "management",
        "noInterventionRequired",
    ];
    word(&WORDS, number)
}

/// PrtAlertGroupTC.
pub(crate) fn alert_group(number: i64) -> Option<&'static str> {
    const WORDS: [&str; 18] = [
        "other",
        "unknown",
        "hostResourcesMIBStorageTable",
        "hostResourcesMIBDeviceTable",
        "generalPrinter",
        "cover",
        "localization",
        "input",
        "output",
        "marker",
        "markerSupplies",
        "markerColorant",
        "mediaPath",
        "channel",
        "interpreter",
        "consoleDisplayBuffer",
        "consoleLights",
        "alert",
    ];
    const FINISHER: [&str; 4] = [
        "finDevice",
        "finSupply",
        "finSupplyMediaInput",
        "finAttribute",
    ];
    word(&WORDS, number).or_else(|| word(&FINISHER, number.checked_sub(29)?))
}

/// PrtAlertCodeTC.
pub(crate) fn alert_code(number: i64) -> Option<&'static str> {
    const ANY: [&str; 38] = [
        "other",
        "unknown",
        "coverOpen",
        "coverClosed",
        "interlockOpen",
        "interlockClosed",
        "configurationChange",
        "jam",
        "subunitMissing",
        "subunitLifeAlmostOver",
        "subunitLifeOver",
        "subunitAlmostEmpty",
        "subunitEmpty",
        "subunitAlmostFull",
        "subunitFull",
        "subunitNearLimit",
        "subunitAtLimit",
        "subunitOpened",
        "subunitClosed",
        "subunitTurnedOn",
        "subunitTurnedOff",
        "subunitOffline",
        "subunitPowerSaver",
        "subunitWarmingUp",
        "subunitAdded",
        "subunitRemoved",
        "subunitResourceAdded",
        "subunitResourceRemoved",
        "subunitRecoverableFailure",
        "subunitUnrecoverableFailure",
        "subunitRecoverableStorageError",
        "subunitUnrecoverableStorageError",
        "subunitMotorFailure",
        "subunitMemoryExhausted",
        "subunitUnderTemperature",
        "subunitOverTemperature",
        "subunitTimingFailure",
        "subunitThermistorFailure",
    ];
    const GENERAL: [&str; 7] = [
        "doorOpen",
        "doorClosed",
        "powerUp",
        "powerDown",
        "printerNMSReset",
        "printerManualReset",
        "printerReadyToPrint",
    ];
    const INPUT: [&str; 13] = [
        "inputMediaTrayMissing",
        "inputMediaSizeChange",
        "inputMediaWeightChange",
        "inputMediaTypeChange",
        "inputMediaColorChange",
        "inputMediaFormPartsChange",
        "inputMediaSupplyLow",
        "inputMediaSupplyEmpty",
        "inputMediaChangeRequest",
        "inputManualInputRequest",
        "inputTrayPositionFailure",
        "inputTrayElevationFailure",
        "inputCannotFeedSizeSelected",
    ];
    const OUTPUT: [&str; 4] = [
        "outputMediaTrayMissing",
        "outputMediaTrayAlmostFull",
        "outputMediaTrayFull",
        "outputMailboxSelectFailure",
    ];
    const MARKER: [&str; 5] = [
        "markerFuserUnderTemperature",
        "markerFuserOverTemperature",
        "markerFuserTimingFailure",
        "markerFuserThermistorFailure",
        "markerAdjustingPrintQuality",
    ];
    const SUPPLIES: [&str; 15] = [
        "markerTonerEmpty",
        "markerInkEmpty",
        "markerPrintRibbonEmpty",
        "markerTonerAlmostEmpty",
        "markerInkAlmostEmpty",
        "markerPrintRibbonAlmostEmpty",
        "markerWasteTonerReceptacleAlmostFull",
        "markerWasteInkReceptacleAlmostFull",
        "markerWasteTonerReceptacleFull",
        "markerWasteInkReceptacleFull",
        "markerOpcLifeAlmostOver",
        "markerOpcLifeOver",
        "markerDeveloperAlmostEmpty",
        "markerDeveloperEmpty",
        "markerTonerCartridgeMissing",
    ];
    const PATH: [&str; 4] = [
        "mediaPathMediaTrayMissing",
        "mediaPathMediaTrayAlmostFull",
        "mediaPathMediaTrayFull",
        "mediaPathCannotDuplexMediaSelected",
    ];
    const INTERPRETER: [&str; 9] = [
        "interpreterMemoryIncrease",
        "interpreterMemoryDecrease",
        "interpreterCartridgeAdded",
        "interpreterCartridgeDeleted",
        "interpreterResourceAdded",
        "interpreterResourceDeleted",
        "interpreterResourceUnavailable",
        "",
        "interpreterComplexPageEncountered",
    ];
    let (words, base): (&[&'static str], i64) = match number {
        1..=99 => (&ANY, 0),
        501..=599 => (&GENERAL, 500),
        801..=899 => (&INPUT, 800),
        901..=999 => (&OUTPUT, 900),
        1001..=1099 => (&MARKER, 1000),
        1101..=1199 => (&SUPPLIES, 1100),
        1301..=1399 => (&PATH, 1300),
        1501..=1599 => (&INTERPRETER, 1500),
        1801 => return Some("alertRemovalOfBinaryChangeEntry"),
        _ => return None,
    };
    word(words, number - base)
}

/// PrtAlertSeverityLevelTC.
pub(crate) fn severity(number: Option<i64>) -> AlertSeverity {
    match number {
        Some(3) => AlertSeverity::Critical,
        Some(4) => AlertSeverity::Warning,
        Some(5) => AlertSeverity::WarningBinaryChangeEvent,
        _ => AlertSeverity::Other,
    }
}

/// PrtMarkerCounterUnitTC, PrtMarkerSuppliesSupplyUnitTC and PrtCapacityUnitTC, which agree where
/// they overlap.
pub(crate) fn unit(number: Option<i64>) -> CounterUnit {
    match number {
        Some(1) => CounterUnit::Other,
        Some(3) => CounterUnit::TenThousandthsOfInches,
        Some(4) => CounterUnit::Micrometers,
        Some(5) => CounterUnit::Characters,
        Some(6) => CounterUnit::Lines,
        Some(7) => CounterUnit::Impressions,
        Some(8) => CounterUnit::Sheets,
        Some(9) => CounterUnit::DotRow,
        Some(11) => CounterUnit::Hours,
        Some(12) => CounterUnit::ThousandthsOfOunces,
        Some(13) => CounterUnit::TenthsOfGrams,
        Some(14) => CounterUnit::HundredthsOfFluidOunces,
        Some(15) => CounterUnit::TenthsOfMilliliters,
        Some(16) => CounterUnit::Feet,
        Some(17) => CounterUnit::Meters,
        Some(18) => CounterUnit::Items,
        Some(19) => CounterUnit::Percent,
        _ => CounterUnit::Unknown,
    }
}

/// PrtMarkerSuppliesClassTC.
pub(crate) fn supply_class(number: Option<i64>) -> SupplyClass {
    match number {
        Some(1) => SupplyClass::Other,
        Some(3) => SupplyClass::Consumed,
        Some(4) => SupplyClass::Filled,
        _ => SupplyClass::Unknown,
    }
}

/// PrtMarkerSuppliesTypeTC.
pub(crate) fn supply_kind(number: Option<i64>) -> SupplyKind {
    use SupplyKind as K;
    const KINDS: [SupplyKind; 34] = [
        K::Other,
        K::Unknown,
        K::Toner,
        K::WasteToner,
        K::Ink,
        K::InkCartridge,
        K::InkRibbon,
        K::WasteInk,
        K::Opc,
        K::Developer,
        K::FuserOil,
        K::SolidWax,
        K::RibbonWax,
        K::WasteWax,
        K::Fuser,
        K::CoronaWire,
        K::FuserOilWick,
        K::CleanerUnit,
        K::FuserCleaningPad,
        K::TransferUnit,
        K::TonerCartridge,
        K::FuserOiler,
        K::Water,
        K::WasteWater,
        K::GlueWaterAdditive,
        K::WastePaper,
        K::BindingSupply,
        K::BandingSupply,
        K::StitchingWire,
        K::ShrinkWrap,
        K::PaperWrap,
        K::Staples,
        K::Inserts,
        K::Covers,
    ];
    match number {
        // matteToner and matteInk, which IANA added later.
        Some(35) => K::Toner,
        Some(36) => K::Ink,
        Some(number) => number
            .checked_sub(1)
            .and_then(|place| usize::try_from(place).ok())
            .and_then(|place| KINDS.get(place).copied())
            .unwrap_or(K::Unknown),
        None => K::Unknown,
    }
}

/// hrPrinterStatus.
pub(crate) fn printer_state(number: i64) -> PrinterState {
    match number {
        1 => PrinterState::Other,
        3 => PrinterState::Idle,
        4 => PrinterState::Printing,
        5 => PrinterState::Warmup,
        _ => PrinterState::Unknown,
    }
}

/// hrDeviceStatus.
pub(crate) fn device_state(number: i64) -> DeviceState {
    match number {
        2 => DeviceState::Running,
        3 => DeviceState::Warning,
        4 => DeviceState::Testing,
        5 => DeviceState::Down,
        _ => DeviceState::Unknown,
    }
}

/// hrPrinterDetectedErrorState: bit 0 is the most significant of the first octet. Agents send no,
/// one or two octets; what is missing is zero.
pub(crate) fn conditions(octets: &[u8]) -> Vec<Condition> {
    use Condition as C;
    const BITS: [Condition; 15] = [
        C::LowPaper,
        C::NoPaper,
        C::LowToner,
        C::NoToner,
        C::DoorOpen,
        C::Jammed,
        C::Offline,
        C::ServiceRequested,
        C::InputTrayMissing,
        C::OutputTrayMissing,
        C::MarkerSupplyMissing,
        C::OutputNearFull,
        C::OutputFull,
        C::InputTrayEmpty,
        C::OverduePreventMaint,
    ];
    BITS.into_iter()
        .enumerate()
        .filter(|(bit, _)| {
            let octet = octets.get(bit / 8).copied().unwrap_or(0);
            octet & (0x80 >> (bit % 8)) != 0
        })
        .map(|(_, condition)| condition)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bits_count_from_the_top_of_the_first_octet() {
        use Condition as C;
        assert_eq!(conditions(&[]), []);
        assert_eq!(conditions(&[0x20]), [C::LowToner]);
        assert_eq!(conditions(&[0x01, 0x00]), [C::ServiceRequested]);
        assert_eq!(conditions(&[0x00, 0x02]), [C::OverduePreventMaint]);
        assert_eq!(
            conditions(&[0x40, 0x04, 0xff]),
            [C::NoPaper, C::InputTrayEmpty]
        );
        assert_eq!(conditions(&[0, 1]), []);
    }

    #[test]
    fn numbers_have_the_standards_words() {
        assert_eq!(mark_technology(4), Some("electrophotographicLaser"));
        assert_eq!(mark_technology(27), Some("typesetter"));
        assert_eq!(alert_group(11), Some("markerSupplies"));
        assert_eq!(alert_group(30), Some("finDevice"));
        assert_eq!(alert_code(38), Some("subunitThermistorFailure"));
        assert_eq!(alert_code(808), Some("inputMediaSupplyEmpty"));
        assert_eq!(alert_code(1115), Some("markerTonerCartridgeMissing"));
        assert_eq!(alert_code(1508), None);
        assert_eq!(supply_kind(Some(21)), SupplyKind::TonerCartridge);
        assert_eq!(supply_kind(Some(34)), SupplyKind::Covers);
        for number in [i64::MIN, -1, 0, 99, 600, i64::MAX] {
            let _ = (
                alert_code(number),
                alert_group(number),
                mark_technology(number),
            );
            let _ = (
                supply_kind(Some(number)),
                unit(Some(number)),
                training(number),
            );
        }
    }
}
