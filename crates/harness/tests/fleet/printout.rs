//! What net-snmp's tools print, read back into values.

use pagetally_snmp_engine::{Oid, Value, VarBind};
use std::net::Ipv4Addr;

/// Numeric names, all strings in hexadecimal, enumerations and time as numbers, no MIBs.
pub(crate) const OPTIONS: [&str; 3] = ["-Onxet", "-m", ""];

/// Reads what a tool printed with [`OPTIONS`]: a variable begins with a dot in the first column,
/// and long hexadecimal goes on in the next line.
pub(crate) fn parse(printed: &str) -> Vec<VarBind> {
    let mut variables: Vec<String> = Vec::new();
    for line in printed.lines() {
        if line.starts_with(".1") && line.contains(" = ") {
            variables.push(line.to_owned());
        } else if line == "End of MIB" {
            break;
        } else if let Some(last) = variables.last_mut() {
            last.push(' ');
            last.push_str(line);
        }
    }
    let variables = variables.iter().filter_map(|one| variable(one));
    variables.collect()
}

/// One variable; nothing for "No more variables left in this MIB View".
fn variable(text: &str) -> Option<VarBind> {
    let (name, value) = text.split_once(" = ").expect("name = value");
    let oid = name.parse().expect("a numeric name");
    if value.starts_with("No more variables left") {
        return None;
    }
    Some(VarBind {
        oid,
        value: parse_value(value.trim()),
    })
}

fn parse_value(text: &str) -> Value {
    match text {
        "\"\"" => return Value::OctetString(Vec::new()),
        "NULL" => return Value::Null,
        _ if text.starts_with("No Such Object") => return Value::NoSuchObject,
        _ if text.starts_with("No Such Instance") => return Value::NoSuchInstance,
        _ => {}
    }
    let Some((kind, value)) = text.split_once(": ") else {
        // With -Ot, a time has no type before it.
        return Value::TimeTicks(number(text));
    };
    match kind {
        "INTEGER" => Value::Integer(number(value)),
        "Hex-STRING" => Value::OctetString(hex(value)),
        "OID" => Value::ObjectIdentifier(value.parse::<Oid>().expect("an identifier")),
        "IpAddress" => Value::IpAddress(value.parse::<Ipv4Addr>().expect("an address")),
        "Counter32" => Value::Counter32(number(value)),
        "Gauge32" => Value::Gauge32(number(value)),
        "Counter64" => Value::Counter64(number(value)),
        other => panic!("net-snmp printed a {other}: {text}"),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    let parsed = text.trim().parse();
    parsed.unwrap_or_else(|_| panic!("not a number: {text}"))
}

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace()
        .map(|octet| u8::from_str_radix(octet, 16).expect("hexadecimal"))
        .collect()
}
