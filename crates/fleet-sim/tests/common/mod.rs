//! Requests to a device without a network, written and read with csnmp's codec.

#![allow(dead_code, reason = "each test file uses its own part")]

use csnmp::message::{
    BindingValue, BulkPdu, ErrorStatus, InnerPdu, Snmp2cMessage, Snmp2cPdu, VariableBinding,
};
use csnmp::oid::ObjectIdentifier;
use pagetally_fleet_sim::SimDevice;
use pagetally_snmp_engine::{Oid, Recording, Value, VarBind};
use std::sync::Arc;

pub(crate) fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

pub(crate) fn device(varbinds: impl IntoIterator<Item = (Oid, Value)>) -> SimDevice {
    let varbinds = varbinds
        .into_iter()
        .map(|(oid, value)| VarBind { oid, value });
    let recording: Recording = varbinds.collect();
    SimDevice::from_recording("test", Arc::new(recording))
}

/// The protocol's version: 0 is v1, 1 is v2c.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version(pub(crate) i64);
pub(crate) const V1: Version = Version(0);
pub(crate) const V2C: Version = Version(1);

pub(crate) enum Ask {
    Get,
    Next,
    Bulk(u32, u32),
    Set,
}

fn bindings(names: &[Oid]) -> Vec<VariableBinding> {
    let binding = |name: &Oid| VariableBinding {
        name: ObjectIdentifier::try_from(name.arcs()).expect("short"),
        value: BindingValue::Unspecified,
    };
    names.iter().map(binding).collect()
}

pub(crate) fn request(version: Version, community: &str, ask: &Ask, names: &[Oid]) -> Vec<u8> {
    let variable_bindings = bindings(names);
    let inner = InnerPdu {
        request_id: 4_711,
        error_status: ErrorStatus::NoError,
        error_index: 0,
        variable_bindings: variable_bindings.clone(),
    };
    let pdu = match ask {
        Ask::Get => Snmp2cPdu::GetRequest(inner),
        Ask::Next => Snmp2cPdu::GetNextRequest(inner),
        Ask::Set => Snmp2cPdu::SetRequest(inner),
        Ask::Bulk(non_repeaters, max_repetitions) => Snmp2cPdu::GetBulkRequest(BulkPdu {
            request_id: 4_711,
            non_repeaters: *non_repeaters,
            max_repetitions: *max_repetitions,
            variable_bindings,
        }),
    };
    let message = Snmp2cMessage {
        version: version.0,
        community: community.as_bytes().to_vec(),
        pdu,
    };
    message.to_bytes().expect("encodable")
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: ErrorStatus,
    pub(crate) index: u32,
    pub(crate) names: Vec<Oid>,
    pub(crate) values: Vec<BindingValue>,
    pub(crate) size: usize,
}

/// Asks, and reads the answer; nothing where the device keeps silent.
pub(crate) fn ask(
    device: &mut SimDevice,
    version: Version,
    ask: &Ask,
    names: &[Oid],
) -> Option<Answer> {
    let mut bytes = device.answer(&request(version, "public", ask, names))?;
    let size = bytes.len();
    // The version octet: a sequence's header, then an INTEGER's.
    let header = if bytes[1] < 0x80 {
        2
    } else {
        2 + usize::from(bytes[1] & 0x7f)
    };
    let place = header + 2;
    assert_eq!(
        i64::from(bytes[place]),
        version.0,
        "answered in its version"
    );
    bytes[place] = 1;
    let message = Snmp2cMessage::try_from_bytes(&bytes).expect("a well-formed answer");
    assert_eq!(message.community, b"public");
    let Snmp2cPdu::Response(pdu) = message.pdu else {
        panic!("not a response: {:?}", message.pdu);
    };
    assert_eq!(pdu.request_id, 4_711);
    let (names, values) = pdu
        .variable_bindings
        .into_iter()
        .map(|one| (Oid::new(one.name.as_slice()).expect("short"), one.value))
        .unzip();
    Some(Answer {
        status: pdu.error_status,
        index: pdu.error_index,
        names,
        values,
        size,
    })
}

/// All names that GETNEXT finds, from the beginning to the end.
pub(crate) fn walk(device: &mut SimDevice, version: Version) -> Vec<Oid> {
    let mut at = oid("0.0");
    let mut found = Vec::new();
    loop {
        let answer = ask(device, version, &Ask::Next, std::slice::from_ref(&at)).expect("answered");
        let ended = answer.status == ErrorStatus::NoSuchName
            || answer.values == [BindingValue::EndOfMibView];
        if ended {
            return found;
        }
        assert_eq!(answer.status, ErrorStatus::NoError);
        at = answer.names.into_iter().next().expect("one name");
        found.push(at.clone());
    }
}
