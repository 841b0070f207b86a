//! What the device says of itself now (RFC 2790 hrDeviceStatus, hrPrinterTable; RFC 3805 section
//! 2.2.11, the console).

use crate::device::Device;
use crate::mib;
use crate::reading::{put, rows, with_charset};
use crate::words;
use pagetally_model::{DeviceState, DeviceStatus, Gap, PrinterState, Sources, Text};
use std::borrow::Cow;

/// State, conditions and panel.
pub(crate) fn status(device: &Device<'_>, gaps: &mut Vec<Gap>) -> DeviceStatus {
    let mut sources = Sources::new();
    let device_state = device
        .own_row(&device.hr_devices)
        .and_then(|row| row.integer(&mut sources, "device", 5, "rfc2790.hrDeviceStatus"));
    let printer_row = device.own_row(&device.hr_printers);
    let printer_state = printer_row
        .and_then(|row| row.integer(&mut sources, "printer", 1, "rfc2790.hrPrinterStatus"));
    let conditions = printer_row
        .and_then(|row| row.cell(2))
        .and_then(|cell| {
            let octets = cell.value.as_octets()?;
            let rule = "rfc2790.hrPrinterDetectedErrorState";
            put(&mut sources, "conditions", cell, rule);
            Some(words::conditions(octets))
        })
        .unwrap_or_default();
    let console = console(device, &mut sources, gaps);
    DeviceStatus {
        printer: printer_state.map_or(PrinterState::Unknown, words::printer_state),
        device: device_state.map_or(DeviceState::Unknown, words::device_state),
        conditions,
        console,
        sources,
    }
}

/// The rows of the panel that say something, each once; the first row's source is `console`, the
/// next ones' `console[1]` and so on.
fn console(device: &Device<'_>, sources: &mut Sources, gaps: &mut Vec<Gap>) -> Vec<Text> {
    let mut lines: Vec<Text> = Vec::new();
    for row in rows(device.answers, &mib::CONSOLE, gaps).iter() {
        let Some(cell) = row.cell(2) else { continue };
        let Some(decoded) = cell.text(device.console_charset) else {
            continue;
        };
        let Some(line) = decoded.clean().filter(|line| !lines.contains(line)) else {
            continue;
        };
        let field = match lines.len() {
            0 => Cow::Borrowed("console"),
            place => Cow::Owned(format!("console[{place}]")),
        };
        let rule = with_charset("rfc3805.prtConsoleDisplayBufferText", decoded.charset);
        put(sources, field, cell, rule);
        lines.push(line);
    }
    lines
}
