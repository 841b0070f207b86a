//! Enumerations as the words that documents have for them.

use crate::{
    AlertSeverity, ChangeKind, Condition, CounterUnit, DeviceState, Exactness, MatchedBy, Measures,
    MeterColor, MeterFunction, MeterSides, MeterSize, PrinterState, RawKind, ReplacementKind,
    SupplyClass, SupplyKind, Witness,
};
use serde::Serialize as _;
use std::fmt;

/// Shows each by the word that serde gives it, so that there is one list of words.
macro_rules! shown_as_in_documents {
    ($($name:ident)*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.serialize(f)
            }
        })*
    };
}

shown_as_in_documents! {
    AlertSeverity ChangeKind Condition CounterUnit DeviceState Exactness MatchedBy Measures MeterColor
    MeterFunction MeterSides MeterSize PrinterState RawKind ReplacementKind SupplyClass SupplyKind
    Witness
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_shown_as_documents_have_it() {
        assert_eq!(SupplyKind::WasteToner.to_string(), "waste-toner");
        assert_eq!(MeterColor::Any.to_string(), "any");
    }
}
