//! A day in an office, without a network: a printer works, and is asked about it over SNMP.
//!
//! ```text
//! cargo run -p pagetally-fleet-sim --example office_day
//! ```

use csnmp::message::{
    BindingValue, ErrorStatus, InnerPdu, Snmp2cMessage, Snmp2cPdu, VariableBinding,
};
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use std::time::Duration;

/// prtMarkerLifeCount.1.1
const LIFE_COUNT: &str = "1.3.6.1.2.1.43.10.2.1.4.1.1";

fn main() {
    let mut printer = demo_fleet(7).remove(0);
    println!("{}, serial {}", printer.name(), printer.truth().serial);
    for hour in 8..=18 {
        let answer = ask(&mut printer, LIFE_COUNT);
        let supplies = printer.truth().supplies;
        let levels: Vec<i64> = supplies.iter().map(|supply| supply.level).collect();
        println!("{hour:>2}:00  {answer:>8} sides, supplies {levels:?}");
        for alert in printer.truth().alerts {
            println!("       {}", alert.description);
        }
        printer.advance(Duration::from_secs(3_600));
    }
}

/// A GET, as any manager would send it: here the datagrams are simply handed over.
fn ask(printer: &mut SimDevice, name: &str) -> String {
    let request = Snmp2cMessage {
        version: 1,
        community: b"public".to_vec(),
        pdu: Snmp2cPdu::GetRequest(InnerPdu {
            request_id: 1,
            error_status: ErrorStatus::NoError,
            error_index: 0,
            variable_bindings: vec![VariableBinding {
                name: name.parse().expect("a valid name"),
                value: BindingValue::Unspecified,
            }],
        }),
    };
    let datagram = request.to_bytes().expect("a request can be encoded");
    let answer = printer.answer(&datagram).expect("this printer answers");
    let answer = Snmp2cMessage::try_from_bytes(&answer).expect("a well-formed answer");
    match answer.pdu {
        Snmp2cPdu::Response(pdu) => match &pdu.variable_bindings[0].value {
            BindingValue::Value(value) => value.as_u32().unwrap_or_default().to_string(),
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}
