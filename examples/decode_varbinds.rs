//! Decodes variables that the caller's own tool fetched, by whatever means, and prints the audit.

use anyhow::{Context as _, Result};
use pagetally_model::{AuditId, AuditTime, BootId, PassId, Text, Timestamp};
use pagetally_printer_mib::{Context, Definitions, decode};
use pagetally_snmp_engine::{Answers, Oid, Value, VarBind};

fn main() -> Result<()> {
    // What a caller's own SNMP tool brought back from one printer.
    let fetched = [
        (
            "1.3.6.1.2.1.1.1.0",
            text("Example Laser 4000; firmware 2.1"),
        ),
        ("1.3.6.1.2.1.25.3.2.1.2.1", oid("1.3.6.1.2.1.25.3.1.5")?),
        ("1.3.6.1.2.1.25.3.2.1.3.1", text("Example Laser 4000")),
        ("1.3.6.1.2.1.43.5.1.1.17.1", text("EX4-00172")),
        ("1.3.6.1.2.1.43.10.2.1.3.1.1", Value::Integer(7)),
        ("1.3.6.1.2.1.43.10.2.1.4.1.1", Value::Counter32(64_667)),
        ("1.3.6.1.2.1.43.11.1.1.4.1.1", Value::Integer(3)),
        ("1.3.6.1.2.1.43.11.1.1.5.1.1", Value::Integer(3)),
        ("1.3.6.1.2.1.43.11.1.1.6.1.1", text("Black toner")),
        ("1.3.6.1.2.1.43.11.1.1.8.1.1", Value::Integer(10_000)),
        ("1.3.6.1.2.1.43.11.1.1.9.1.1", Value::Integer(-3)),
    ];
    let mut answers = Answers::default();
    for (name, value) in fetched {
        answers.insert(VarBind {
            oid: name.parse()?,
            value,
        });
    }

    // Ids and times come from the caller: this crate has neither clock nor randomness.
    let context = Context {
        id: AuditId::from_bytes([1; 16]),
        pass: PassId::from_bytes([2; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(1_795_000_000_000),
            boot: BootId::from_bytes([3; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        address: Some("192.0.2.7:161".parse()?),
        protocol: Text::clean("snmp-v2c"),
    };
    let audit = decode(&answers, &context, &Definitions::builtin());

    println!("{}", serde_json::to_string_pretty(&audit)?);
    let toner = audit.supplies.first().context("one supply was fetched")?;
    // -3 means "some remaining" (RFC 3805): there is no percentage to invent.
    println!("{:?}: {}", toner.description, toner.level.level.state());
    Ok(())
}

fn text(text: &str) -> Value {
    Value::OctetString(text.as_bytes().to_vec())
}

fn oid(dotted: &str) -> Result<Value> {
    Ok(Value::ObjectIdentifier(dotted.parse::<Oid>()?))
}
