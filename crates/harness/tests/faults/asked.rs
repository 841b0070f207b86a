//! The closed list of what devices are asked for: standard objects named here, and what the definitions
//! read, the site's own rows among them. Whatever a device does wrong, nothing else is asked for.

use super::agent::{Agent, oid};
use super::weather::{self, Weather};
use pagetally_fleet_sim::Chance;
use pagetally_printer_mib::{Definitions, ReadPlan, closed_list};
use pagetally_snmp_engine::{Oid, Value, Version, deny};
use std::collections::BTreeSet;

/// Scalars and columns of the standards that an audit may ask for.
const STANDARD: &[(&str, &[u32])] = &[
    // SNMPv2-MIB: sysDescr, sysObjectID, sysUpTime, sysContact, sysName, sysLocation
    ("1.3.6.1.2.1.1", &[1, 2, 3, 4, 5, 6]),
    // ifTable: ifType, ifPhysAddress, ifOperStatus
    ("1.3.6.1.2.1.2.2.1", &[3, 6, 8]),
    // ipAddrTable: ipAdEntIfIndex
    ("1.3.6.1.2.1.4.20.1", &[2]),
    // hrDeviceTable: hrDeviceType, hrDeviceDescr, hrDeviceStatus
    ("1.3.6.1.2.1.25.3.2.1", &[2, 3, 5]),
    // hrPrinterTable: hrPrinterStatus, hrPrinterDetectedErrorState
    ("1.3.6.1.2.1.25.3.5.1", &[1, 2]),
    // prtGeneralTable without the names of its operator and its service person
    ("1.3.6.1.2.1.43.5.1.1", &[2, 8, 10, 16, 17]),
    ("1.3.6.1.2.1.43.6.1.1", &[2, 3]),
    ("1.3.6.1.2.1.43.7.1.1", &[4]),
    ("1.3.6.1.2.1.43.8.2.1", &[2, 8, 9, 10, 11, 12, 13, 18]),
    ("1.3.6.1.2.1.43.9.2.1", &[3, 4, 5, 6, 7, 12]),
    ("1.3.6.1.2.1.43.10.2.1", &[2, 3, 4, 5]),
    ("1.3.6.1.2.1.43.11.1.1", &[3, 4, 5, 6, 7, 8, 9]),
    ("1.3.6.1.2.1.43.12.1.1", &[4]),
    // prtInterpreterTable: prtInterpreterLangVersion, prtInterpreterVersion
    ("1.3.6.1.2.1.43.15.1.1", &[4, 6]),
    ("1.3.6.1.2.1.43.16.5.1", &[2]),
    ("1.3.6.1.2.1.43.18.1.1", &[2, 3, 4, 5, 7, 8, 9]),
    // entPhysicalTable: entPhysicalFirmwareRev, entPhysicalSerialNum
    ("1.3.6.1.2.1.47.1.1.1.1", &[9, 11]),
    // snmpEngineID
    ("1.3.6.1.6.3.10.2.1.1", &[0]),
    // ppmPrinterIEEE1284DeviceId
    ("1.3.6.1.4.1.2699.1.2.1.2.1.1", &[3]),
];

/// Where devices keep who printed, scanned or faxed what, and who works with them.
const PERSONAL: &[&str] = &[
    // prtGeneralCurrentOperator, prtGeneralServicePerson
    "1.3.6.1.2.1.43.5.1.1.4",
    "1.3.6.1.2.1.43.5.1.1.5",
    // hrSWRunTable: what runs on a device that is a computer
    "1.3.6.1.2.1.25.4.2",
    // Job Monitoring MIB (RFC 2707)
    "1.3.6.1.4.1.2699.1.1",
    // Kyocera's job lists
    "1.3.6.1.4.1.1347.47",
];

/// Whether a device may be stepped to `place` from `name`: the name right before it.
fn is_before(name: &Oid, place: &Oid) -> bool {
    match (name.arcs(), place.arcs()) {
        (name, [head @ .., 0]) => name == head,
        ([before @ .., one], [head @ .., other]) => before == head && one + 1 == *other,
        _ => false,
    }
}

/// What was asked for and is not on the list. The first probe of a sweep steps into prtGeneralTable from
/// its entry, whatever its first column is.
pub(super) fn outside(asked: &BTreeSet<Oid>, list: &BTreeSet<Oid>) -> Vec<Oid> {
    let first_probe = oid("1.3.6.1.2.1.43.5.1.1");
    let is_listed = |name: &&Oid| {
        let mut places = list.iter();
        **name == first_probe
            || places.any(|place| name.starts_with(place) || is_before(name, place))
    };
    asked
        .iter()
        .filter(|name| !is_listed(name))
        .cloned()
        .collect()
}

#[test]
fn of_the_standards_only_what_is_named_here_is_asked_for() {
    let named: BTreeSet<Oid> = STANDARD
        .iter()
        .flat_map(|(entry, columns)| columns.iter().map(|column| oid(entry).child(&[*column])))
        .collect();
    let standards = ["1.3.6.1.2", "1.3.6.1.6", "1.3.6.1.4.1.2699"].map(oid);
    let mut asked = closed_list(&Definitions::builtin());
    asked.retain(|place| standards.iter().any(|root| place.starts_with(root)));
    assert_eq!(outside(&asked, &named), []);
}

#[test]
fn no_list_of_jobs_users_documents_or_addresses_is_ever_asked_for() {
    let list = closed_list(&Definitions::builtin());
    assert!(list.len() > 200, "{} places", list.len());
    for place in &list {
        for personal in PERSONAL.iter().map(|personal| oid(personal)) {
            let meets = place.starts_with(&personal) || personal.starts_with(place);
            assert!(!meets, "{place} meets {personal}");
        }
        assert_eq!(deny::instance(place), None, "{place}");
    }
}

/// A printer that holds a site's own counter, and jobs beside it.
fn printer() -> Agent {
    Agent::new([
        (
            oid("1.3.6.1.2.1.1.1.0"),
            Value::OctetString(b"ACME 9".to_vec()),
        ),
        (
            oid("1.3.6.1.2.1.1.2.0"),
            Value::ObjectIdentifier(oid("1.3.6.1.4.1.99999.1")),
        ),
        (
            oid("1.3.6.1.2.1.25.3.2.1.2.1"),
            Value::ObjectIdentifier(oid("1.3.6.1.2.1.25.3.1.5")),
        ),
        (oid("1.3.6.1.2.1.43.10.2.1.4.1.1"), Value::Counter32(7)),
        (oid("1.3.6.1.4.1.99999.2.1.0"), Value::Counter32(4_711)),
        (
            oid("1.3.6.1.4.1.99999.3.1.0"),
            Value::OctetString(b"salaries.xls".to_vec()),
        ),
    ])
}

/// What a plan of these definitions asks that printer for.
fn asked(definitions: &Definitions) -> BTreeSet<Oid> {
    let mut agent = printer();
    weather::read(
        &mut agent,
        Version::V2c,
        Vec::new(),
        Box::new(ReadPlan::new(definitions)),
        Weather::FAIR,
        &mut Chance::fork(1, 1),
    );
    agent.asked
}

#[test]
fn a_sites_own_row_adds_its_object_and_no_other() {
    const ROWS: &str = "format = 1\nfamily = \"acme\"\nversion = 1\nmaker = \"ACME\"\n\
        [match]\nobject_ids = [\"1.3.6.1.4.1.99999\"]\n\
        [[number]]\nrule = \"total\"\noid = \"1.3.6.1.4.1.99999.2.1.0\"\n\
        meter = { function = \"total\" }\nreason = \"the status page\"\nproof = \"one public source\"\n";
    let own = Definitions::with_overrides([("acme.toml", ROWS)]).expect("sound rows");
    let shipped = asked(&Definitions::builtin());
    let more: Vec<Oid> = asked(&own).difference(&shipped).cloned().collect();
    assert_eq!(more, [oid("1.3.6.1.4.1.99999.2.1.0")]);
    assert_eq!(outside(&asked(&own), &closed_list(&own)), []);
    assert_ne!(
        outside(&asked(&own), &closed_list(&Definitions::builtin())),
        []
    );
}
