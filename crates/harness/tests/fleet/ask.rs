//! Plain requests over a plain socket.

use csnmp::message::{
    BindingValue, ErrorStatus, InnerPdu, Snmp2cMessage, Snmp2cPdu, VariableBinding,
};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

/// sysName.0
pub(crate) const SYS_NAME: &str = "1.3.6.1.2.1.1.5.0";

/// A GET of one object.
pub(crate) fn get(request_id: i32, name: &str) -> Vec<u8> {
    let message = Snmp2cMessage {
        version: 1,
        community: b"public".to_vec(),
        pdu: Snmp2cPdu::GetRequest(InnerPdu {
            request_id,
            error_status: ErrorStatus::NoError,
            error_index: 0,
            variable_bindings: vec![VariableBinding {
                name: name.parse().expect("a name"),
                value: BindingValue::Unspecified,
            }],
        }),
    };
    message.to_bytes().expect("encodable")
}

/// The id and the one text of an answer.
pub(crate) fn text(bytes: &[u8]) -> (i32, String) {
    let message = Snmp2cMessage::try_from_bytes(bytes).expect("well-formed");
    let Snmp2cPdu::Response(pdu) = message.pdu else {
        panic!("not a response");
    };
    let BindingValue::Value(value) = &pdu.variable_bindings[0].value else {
        panic!("no value");
    };
    let octets = value.as_bytes().expect("a text");
    (pdu.request_id, String::from_utf8_lossy(octets).into_owned())
}

pub(crate) fn socket(timeout: Duration) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    socket.set_read_timeout(Some(timeout)).expect("a timeout");
    socket
}
