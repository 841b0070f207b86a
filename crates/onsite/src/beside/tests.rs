use super::*;
use crate::targets::OwnSubnet;
use crate::{ReplayIds, replay};
use pagetally_printer_mib::Definitions;
use std::io;
use std::net::SocketAddr;

/// Names by the last octet; whoever asks for 9 waits until the test is over.
struct Office {
    neighbours: Neighbours,
    hangs: Option<Arc<Mutex<Receiver<()>>>>,
}

struct Names(Option<Arc<Mutex<Receiver<()>>>>);

impl ReverseNames for Names {
    fn name_of(&self, address: IpAddr) -> Option<String> {
        let IpAddr::V4(address) = address else {
            return None;
        };
        match address.octets()[3] {
            7 => Some("mfp-7.example.".to_owned()),
            8 => Some("not a\nname".to_owned()),
            9 => {
                // Until the other end is dropped.
                let hangs = self.0.as_ref()?.lock().ok()?;
                hangs.recv().ok()?;
                None
            }
            _ => None,
        }
    }
}

impl Network for Office {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(Vec::new())
    }

    fn own_subnets(&self) -> io::Result<Vec<OwnSubnet>> {
        Ok(Vec::new())
    }

    fn zone_index(&self, _: &str) -> Option<u32> {
        None
    }

    fn neighbours(&self) -> Neighbours {
        self.neighbours.clone()
    }

    fn reverse_names(&self) -> Option<Arc<dyn ReverseNames>> {
        Some(Arc::new(Names(self.hangs.clone())))
    }
}

const BARE: &str = "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
    1.3.6.1.2.1.43.5.1.1.17.1|4|SN-0001\n";

fn audit(last: u8, more: &str) -> DeviceAudit {
    let clocks = crate::Clocks::start().expect("random numbers");
    let ids = ReplayIds::fresh(&clocks).expect("random numbers");
    let recording = format!("{BARE}{more}");
    let mut audit = replay(recording.as_bytes(), &ids, &Definitions::builtin()).expect("an audit");
    audit.address = Some(at(last));
    audit
}

fn at(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 161))
}

fn beside(office: &Office, audits: Vec<DeviceAudit>) -> Vec<DeviceAudit> {
    let mut beside = Beside::new(office);
    for audit in &audits {
        let address = audit.address.expect("set");
        beside.take(&DiscoveryEvent::Found { address });
    }
    let mut found = Discovered {
        audits,
        ..Discovered::default()
    };
    beside.finish(&mut found);
    found.audits
}

fn office(neighbours: &[(u8, u8)]) -> Office {
    let entries = neighbours.iter().map(|(last, mac)| {
        let address = std::net::Ipv4Addr::new(192, 0, 2, *last);
        (address, [0x00, 0x80, 0x77, 0, 0, *mac])
    });
    Office {
        neighbours: entries.collect(),
        hangs: None,
    }
}

#[test]
fn a_device_without_a_name_of_its_own_gets_the_one_of_reverse_dns_with_its_source() {
    let audits = beside(&office(&[(7, 1)]), vec![audit(7, "")]);
    let identity = &audits[0].identity;
    assert_eq!(
        identity.hostname.as_ref().map(Text::as_str),
        Some("mfp-7.example")
    );
    assert_eq!(
        identity.mac.as_ref().map(Text::as_str),
        Some("00:80:77:00:00:01")
    );
    assert_eq!(audits[0].check_sources(), Ok(()));
    let provenance = identity.sources.get("hostname").expect("sourced");
    assert!(
        matches!(&provenance.source, Source::Network { by, .. } if by.as_str() == "reverse DNS"),
        "{provenance:?}"
    );
}

#[test]
fn what_the_device_says_itself_comes_first_and_another_name_is_a_witness() {
    let own = "1.3.6.1.2.1.1.5.0|4|printer-a\n";
    let audits = beside(&office(&[]), vec![audit(7, own)]);
    let identity = &audits[0].identity;
    assert_eq!(
        identity.hostname.as_ref().map(Text::as_str),
        Some("printer-a")
    );
    let witnesses = &identity.sources.get("hostname").expect("sourced").witnesses;
    assert!(
        witnesses
            .iter()
            .any(|witness| witness.value.as_str() == "mfp-7.example")
    );
    assert_eq!(audits[0].check_sources(), Ok(()));
}

#[test]
fn the_same_name_with_its_domain_is_no_other_name() {
    let own = "1.3.6.1.2.1.1.5.0|4|MFP-7\n";
    let audits = beside(&office(&[]), vec![audit(7, own)]);
    let sources = &audits[0].identity.sources;
    let witnesses = &sources.get("hostname").expect("sourced").witnesses;
    assert!(
        witnesses
            .iter()
            .all(|witness| witness.rule.name.as_str() != "pagetally.reverse-dns")
    );
}

#[test]
fn a_mac_that_a_router_lends_to_several_and_a_name_that_is_none_are_not_taken() {
    let audits = beside(&office(&[(8, 1), (5, 1)]), vec![audit(8, "")]);
    assert_eq!(audits[0].identity.mac, None);
    assert_eq!(audits[0].identity.hostname, None);
}

#[test]
fn a_resolver_that_hangs_costs_its_own_names_and_no_others() {
    let (keep, hangs) = channel::<()>();
    let office = Office {
        hangs: Some(Arc::new(Mutex::new(hangs))),
        ..office(&[])
    };
    // One worker hangs; the others go on. That this returns at all is the bound.
    let audits = beside(&office, vec![audit(9, ""), audit(7, "")]);
    assert_eq!(audits[0].identity.hostname, None);
    assert_eq!(
        audits[1].identity.hostname.as_ref().map(Text::as_str),
        Some("mfp-7.example")
    );
    drop(keep);
}

#[test]
fn where_every_worker_hangs_the_pass_ends_all_the_same() {
    let (keep, hangs) = channel::<()>();
    let office = Office {
        hangs: Some(Arc::new(Mutex::new(hangs))),
        ..office(&[])
    };
    let mut audits: Vec<DeviceAudit> = (0..2 * WORKERS).map(|_| audit(9, "")).collect();
    audits.push(audit(7, ""));
    let audits = beside(&office, audits);
    assert!(audits.iter().all(|audit| audit.identity.hostname.is_none()));
    drop(keep);
}
