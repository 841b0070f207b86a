//! Makers' habits and private objects.
//!
//! The numbers stand in the makers' published MIB texts and in public recordings; each file says
//! what it knows. Counters whose meaning is disputed in public are left out.

pub(super) mod brother;
mod canon;
mod dell;
mod epson;
mod fuji;
mod hp;
mod konica;
mod kyocera;
mod lexmark;
mod oki;
mod panasonic;
mod pantum;
mod plain;
mod ricoh;
mod samsung;
mod sharp;
mod toshiba;
mod xerox;
pub(super) mod zebra;

use super::board::Board;
use super::fitted::Fitted;
use super::spec::{Spec, Vendor};
use super::tally::Quantity;
use super::{Identity, standard};

/// How a maker words the standard objects.
struct Words {
    /// sysDescr.
    system: String,
    /// hrDeviceDescr of the printer; some label printers have none.
    device: Option<String>,
    /// prtGeneralSerialNumber.
    serial: String,
}

impl Words {
    fn new(system: impl Into<String>, device: impl Into<String>, who: &Identity) -> Self {
        Self {
            system: system.into(),
            device: Some(device.into()),
            serial: who.serial.clone(),
        }
    }
}

/// Whether the maker's devices have a Printer MIB.
pub(super) fn has_printer_mib(vendor: Vendor) -> bool {
    vendor != Vendor::Zebra
}

/// What the counters of a device add up to, where they count in small parts.
pub(super) fn sums(spec: &Spec) -> Vec<Quantity> {
    match spec.vendor {
        Vendor::Samsung => samsung::sums(spec),
        _ => Vec::new(),
    }
}

/// Puts everything that a device of this model serves on the board.
pub(super) fn dress(board: &mut Board, spec: &Spec, who: &Identity, fitted: &[Fitted]) {
    let words = match spec.vendor {
        Vendor::Brother => brother::dress(board, spec, who),
        Vendor::Canon => canon::dress(board, spec, who),
        Vendor::Dell => dell::dress(board, spec, who),
        Vendor::FujiXerox => fuji::dress(board, spec, who),
        Vendor::Panasonic => panasonic::dress(board, spec, who),
        Vendor::Pantum => pantum::dress(board, spec, who),
        Vendor::Plain => plain::dress(spec, who),
        Vendor::Epson => epson::dress(board, spec, who),
        Vendor::Hp => hp::dress(board, spec, who),
        Vendor::KonicaMinolta => konica::dress(board, spec, who),
        Vendor::Kyocera => kyocera::dress(board, spec, who),
        Vendor::Lexmark => lexmark::dress(board, spec, who, fitted),
        Vendor::Oki => oki::dress(board, spec, who),
        Vendor::Ricoh => ricoh::dress(board, spec, who),
        Vendor::Samsung => samsung::dress(board, spec, who),
        Vendor::Sharp => sharp::dress(board, spec, who),
        Vendor::Toshiba => toshiba::dress(board, spec, who),
        Vendor::Xerox => xerox::dress(board, spec, who),
        Vendor::Zebra => zebra::dress(board, spec, who),
    };
    standard::mib_ii(board, &words.system, spec.enterprise, who);
    standard::host_resources(board, spec.device_index, words.device.as_deref());
    if has_printer_mib(spec.vendor) {
        standard::printer_mib(board, spec, who, &words.serial, fitted);
    }
}
