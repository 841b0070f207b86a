//! Decodes variables that the caller fetched by whatever means: a recording named on the command
//! line, or a few varbinds written down here.
//!
//! ```text
//! cargo run -p pagetally-printer-mib --example decode
//! cargo run -p pagetally-printer-mib --example decode -- walk.snmprec
//! ```

use pagetally_model::{AuditId, AuditTime, BootId, PassId, Text, Timestamp};
use pagetally_printer_mib::{Context, Definitions, decode};
use pagetally_snmp_engine::{Answers, Recording};

const FETCHED: &str = "\
1.3.6.1.2.1.1.1.0|4|KYOCERA Document Solutions Printing System
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41
1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5
1.3.6.1.2.1.25.3.2.1.3.1|4|ECOSYS P0000dw
1.3.6.1.2.1.43.5.1.1.17.1|4|EX00000001
1.3.6.1.2.1.43.10.2.1.3.1.1|2|7
1.3.6.1.2.1.43.10.2.1.4.1.1|65|7432
1.3.6.1.2.1.43.11.1.1.4.1.1|2|3
1.3.6.1.2.1.43.11.1.1.5.1.1|2|3
1.3.6.1.2.1.43.11.1.1.6.1.1|4|TK-0000
1.3.6.1.2.1.43.11.1.1.7.1.1|2|7
1.3.6.1.2.1.43.11.1.1.8.1.1|2|7200
1.3.6.1.2.1.43.11.1.1.9.1.1|2|7056
1.3.6.1.4.1.1347.43.10.1.1.12.1.1|65|7342
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bytes = match std::env::args().nth(1) {
        Some(path) => std::fs::read(path)?,
        None => FETCHED.as_bytes().to_vec(),
    };
    let answers: Answers = Recording::parse(&bytes)?.to_answers();

    // Ids and clocks are the caller's: this crate has neither.
    let context = Context {
        id: AuditId::from_bytes([1; 16]),
        pass: PassId::from_bytes([2; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(0),
            boot: BootId::from_bytes([3; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        address: None,
        protocol: Text::from("recording"),
    };
    let audit = decode(&answers, &context, &Definitions::builtin());
    println!("{}", serde_json::to_string_pretty(&audit)?);
    Ok(())
}
