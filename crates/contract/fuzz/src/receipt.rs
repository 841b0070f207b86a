//! Receipts, as either end keeps them.

use pagetally_contract::{receipt_from_xml, receipt_to_xml};

/// No bytes panic; a receipt that is read can be written and reads back as itself.
pub(super) fn check(data: &[u8]) {
    let Ok(receipt) = receipt_from_xml(data) else {
        return;
    };
    let written = receipt_to_xml(&receipt).expect("what was read can be written");
    assert_eq!(receipt_from_xml(&written), Ok(receipt));
}
