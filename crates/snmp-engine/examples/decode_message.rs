//! Reads one datagram, given in hexadecimal, and prints what it says.
//!
//! ```text
//! cargo run -p pagetally-snmp-engine --example decode_message -- 302902010104067075626c6963a01c02041a548985\
//! 020100020100300e300c06082b060102010101000500
//! ```

use pagetally_snmp_engine::message::{Message, v3};
use std::process::ExitCode;

fn main() -> ExitCode {
    let text: String = std::env::args().skip(1).collect();
    match parse_hex(&text)
        .ok_or("that is no hexadecimal".to_owned())
        .and_then(|bytes| describe(&bytes))
    {
        Ok(description) => {
            println!("{description}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn describe(bytes: &[u8]) -> Result<String, String> {
    if let Ok(report) = v3::Report::decode(bytes) {
        return Ok(format!("{report:?}"));
    }
    let message = Message::decode(bytes).map_err(|error| error.to_string())?;
    let mut lines = vec![format!(
        "{} {:?} {}: error-status {}, error-index {}",
        message.version,
        message.kind,
        message.request_id,
        message.error_status,
        message.error_index
    )];
    let mut varbinds = message.varbinds;
    for varbind in varbinds.by_ref() {
        let varbind = varbind.map_err(|error| error.to_string())?;
        lines.push(format!("  {} = {:?}", varbind.name, varbind.value));
    }
    if varbinds.tolerated().any() {
        lines.push(format!("  accepted: {:?}", varbinds.tolerated()));
    }
    Ok(lines.join("\n"))
}

fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16))
        .collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    if digits.is_empty() || !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|pair| u8::try_from(pair.iter().fold(0, |byte, digit| byte << 4 | digit)).ok())
        .collect()
}
