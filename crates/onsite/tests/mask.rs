//! Masking: nothing private is left in any form, and all else decodes as before.

mod recordings;

use pagetally_model::{DeviceAudit, Text};
use pagetally_onsite::{Clocks, How, MaskOptions, Private, ReplayIds, mask, replay_answers};
use pagetally_printer_mib::Definitions;
use pagetally_snmp_engine::{Oid, Recording, Value, VarBind};
use proptest::prelude::*;
use recordings::recordings;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// What a recording must not tell any more.
#[derive(Clone, Debug)]
struct Person {
    serial: String,
    host: String,
    contact: String,
    email: String,
    phone: String,
    location: String,
    mac: [u8; 6],
    address: Ipv4Addr,
    community: String,
}

impl Person {
    fn options(&self) -> MaskOptions {
        MaskOptions {
            address: Some(self.address.into()),
            communities: vec![b"public".to_vec(), self.community.clone().into_bytes()],
            keep: BTreeSet::new(),
        }
    }

    /// Texts that must occur nowhere, in lower case.
    fn forms(&self) -> Vec<String> {
        let mut forms = Vec::new();
        let texts = [
            &self.serial,
            &self.host,
            &self.contact,
            &self.email,
            &self.phone,
            &self.location,
            &self.community,
        ];
        for text in texts {
            forms.push(text.to_lowercase());
            for text in [text.clone(), text.to_lowercase(), text.to_uppercase()] {
                forms.push(hex(text.as_bytes(), ""));
                forms.push(hex(hex(text.as_bytes(), "").as_bytes(), ""));
                let wide: Vec<u8> = text.bytes().flat_map(|octet| [octet, 0]).collect();
                forms.push(hex(&wide, ""));
            }
        }
        for mark in ["", ":", "-", " "] {
            forms.push(hex(&self.mac, mark));
            forms.push(hex(hex(&self.mac, mark).as_bytes(), ""));
            forms.push(hex(hex(&self.mac, mark).to_uppercase().as_bytes(), ""));
        }
        let arcs: Vec<String> = self.mac.iter().map(ToString::to_string).collect();
        forms.push(format!(".{}", arcs.join(".")));
        forms.push(self.address.to_string());
        forms.push(hex(&self.address.octets(), ""));
        forms.push(hex(self.address.to_string().as_bytes(), ""));
        let arcs: Vec<String> = self.serial.bytes().map(|octet| octet.to_string()).collect();
        forms.push(format!(".{}", arcs.join(".")));
        forms
    }

    /// Everything private where it belongs, and again where it does not.
    fn write_into(&self, recording: &Recording) -> Recording {
        let text = |name: &str, text: &str| VarBind {
            oid: oid(name),
            value: Value::OctetString(text.as_bytes().to_vec()),
        };
        let octets = |name: &str, octets: &[u8]| VarBind {
            oid: oid(name),
            value: Value::OctetString(octets.to_vec()),
        };
        let [a, b, c, d, e, f] = self.mac;
        let upper = hex(&self.mac, ":").to_uppercase();
        let mut more = vec![
            text("1.3.6.1.2.1.1.4.0", &self.contact),
            text("1.3.6.1.2.1.1.5.0", &self.host),
            text("1.3.6.1.2.1.1.6.0", &self.location),
            text("1.3.6.1.2.1.43.5.1.1.17.1", &self.serial),
            octets("1.3.6.1.2.1.2.2.1.6.1", &self.mac),
            VarBind {
                oid: oid("1.3.6.1.4.1.99999.1.1.0"),
                value: Value::IpAddress(self.address),
            },
            octets(
                "1.3.6.1.6.3.10.2.1.1.0",
                &[0x80, 0, 9, 0x2e, 3, a, b, c, d, e, f],
            ),
            octets("1.3.6.1.4.1.99999.1.2.0", &self.address.octets()),
            octets("1.3.6.1.4.1.99999.1.3.0", &[7, 7, a, b, c, d, e, f, 0, 1]),
            octets(
                "1.3.6.1.4.1.99999.1.4.0",
                &[
                    0xfe,
                    0x80,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    a ^ 2,
                    b,
                    c,
                    0xff,
                    0xfe,
                    d,
                    e,
                    f,
                ],
            ),
            text(
                "1.3.6.1.4.1.99999.2.1.0",
                &format!("MFG:ACME;MDL:X;SN:{};", self.serial),
            ),
            text("1.3.6.1.4.1.99999.2.2.0", &hex(self.serial.as_bytes(), "")),
            text("1.3.6.1.4.1.99999.2.3.0", &self.serial.to_lowercase()),
            text("1.3.6.1.4.1.99999.2.4.0", &format!("{}-130-0", self.serial)),
            text("1.3.6.1.4.1.99999.2.5.0", &upper),
            text(
                "1.3.6.1.4.1.99999.2.6.0",
                &hex(&self.mac, "").to_uppercase(),
            ),
            text(
                "1.3.6.1.4.1.99999.2.7.0",
                &format!("NPI{}", hex(&self.mac, "")),
            ),
            text(
                "1.3.6.1.4.1.99999.2.8.0",
                &format!("http://{}:631/ipp", self.host),
            ),
            text(
                "1.3.6.1.4.1.99999.2.9.0",
                &format!("http://{}/", self.address),
            ),
            text(
                "1.3.6.1.4.1.99999.2.10.0",
                &format!("Call {} or {}", self.phone, self.email),
            ),
            text(
                "1.3.6.1.4.1.99999.2.11.0",
                &format!("[{}]", self.location.to_uppercase()),
            ),
            text(
                "1.3.6.1.4.1.99999.2.12.0",
                &format!("from {}", self.address),
            ),
            text(
                "1.3.6.1.4.1.99999.2.13.0",
                &format!("trap to {}", self.community),
            ),
            octets(
                "1.3.6.1.4.1.99999.2.14.0",
                &self
                    .host
                    .bytes()
                    .flat_map(|octet| [octet, 0])
                    .collect::<Vec<_>>(),
            ),
            text(
                "1.3.6.1.4.1.99999.2.15.0",
                &format!("ask {} there", self.contact),
            ),
        ];
        let index: Vec<u32> = self.address.octets().map(u32::from).to_vec();
        let named = oid("1.3.6.1.2.1.4.20.1.2").child(&index);
        more.push(VarBind {
            oid: named,
            value: Value::Integer(1),
        });
        for arcs in [
            self.serial.bytes().map(u32::from).collect::<Vec<_>>(),
            self.mac.map(u32::from).to_vec(),
        ] {
            let oid = oid("1.3.6.1.4.1.99999.3.1").child(&arcs);
            more.push(VarBind {
                oid,
                value: Value::Integer(1),
            });
        }
        // The first of a name wins: these stand in front.
        more.extend(recording.varbinds().iter().cloned());
        more.into_iter().collect()
    }
}

fn person() -> Person {
    Person {
        serial: "QX7K4410923".to_owned(),
        host: "mfp-sales-07.corp.example.com".to_owned(),
        contact: "Jonathan Q. Zimmermann".to_owned(),
        email: "j.zimmermann@corp.example.com".to_owned(),
        phone: "+49 30 98765432".to_owned(),
        location: "Building 7, Room 42b".to_owned(),
        mac: [0x00, 0x1b, 0xa9, 0x5e, 0x77, 0xc1],
        address: Ipv4Addr::new(192, 168, 177, 203),
        community: "s3cretfleet".to_owned(),
    }
}

fn hex(octets: &[u8], mark: &str) -> String {
    let parts: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    parts.join(mark)
}

fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

fn decode(recording: &Recording) -> DeviceAudit {
    let ids = ReplayIds::fresh(&Clocks::start().expect("a clock")).expect("random numbers");
    replay_answers(&recording.to_answers(), &ids, &Definitions::builtin())
}

/// What a bill and a delivery rest on.
fn numbers(audit: &DeviceAudit) -> Vec<String> {
    let meters = audit.meters.iter().map(|meter| {
        format!(
            "{:?} {:?} {:?} {:?} {:?} = {} {:?} by {}",
            meter.function,
            meter.color,
            meter.size,
            meter.sides,
            meter.unit,
            meter.value,
            meter.exactness,
            meter.source.rule.name
        )
    });
    let supplies = audit.supplies.iter().map(|supply| {
        format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            supply.slot,
            supply.kind,
            supply.class,
            supply.colorant,
            supply.level,
            supply.unit,
            supply.capacity,
            supply.part_number
        )
    });
    let model = [
        &audit.identity.manufacturer,
        &audit.identity.model,
        &audit.identity.firmware,
    ];
    let model = model.into_iter().map(|text| format!("{text:?}"));
    meters.chain(supplies).chain(model).collect()
}

#[track_caller]
fn check(name: &str, person: &Person, recording: &Recording) {
    let original = person.write_into(recording);
    let masked =
        mask(&original, &person.options(), &Definitions::builtin()).expect("random numbers");
    let text = masked.recording.to_text().to_lowercase();
    for form in person.forms() {
        if let Some(place) = text.find(&form) {
            let line = text.get(..place).unwrap_or("").lines().count();
            panic!(
                "{name}: {form:?} is still there: {:?}",
                text.lines().nth(line.saturating_sub(1))
            );
        }
    }
    assert_eq!(
        masked.recording.varbinds().len(),
        original.varbinds().len(),
        "{name}"
    );
    assert_eq!(
        numbers(&decode(&masked.recording)),
        numbers(&decode(&original)),
        "{name}"
    );
}

const SMALL: &[u8] = b"1.3.6.1.2.1.1.1.0|4|ACME Printer 9\n\
    1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
    1.3.6.1.2.1.25.3.2.1.3.1|4|ACME Printer 9\n\
    1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n\
    1.3.6.1.2.1.43.10.2.1.4.1.1|65|4711\n\
    1.3.6.1.2.1.43.11.1.1.5.1.1|2|3\n\
    1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner\n\
    1.3.6.1.2.1.43.11.1.1.8.1.1|2|100\n\
    1.3.6.1.2.1.43.11.1.1.9.1.1|2|40\n";

fn small() -> Recording {
    Recording::parse(SMALL).expect("valid")
}

#[test]
fn nothing_private_is_left_in_any_recording_and_its_numbers_stay() {
    for (name, recording) in recordings().unwrap_or_default() {
        check(&name, &person(), &recording);
    }
}

#[test]
fn what_a_recording_says_of_its_own_device_is_masked_too() {
    for (name, recording) in recordings().unwrap_or_default() {
        let before = decode(&recording).identity;
        let masked = mask(&recording, &MaskOptions::default(), &Definitions::builtin());
        let masked = masked.expect("random numbers").recording;
        let text = masked.to_text().to_lowercase();
        let mut private = vec![before.serial.clone(), before.mac.clone()];
        private.extend([&before.contact, &before.location].map(Clone::clone));
        let telling = |text: &Text| {
            let text = text.as_str();
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            text.len() > 6 && digits > 2
        };
        for value in private.into_iter().flatten().filter(telling) {
            let value = value.as_str().to_lowercase();
            assert!(!text.contains(&value), "{name} still tells {value}");
            let bare = value.replace(':', "");
            assert!(!text.contains(&bare), "{name} still tells {bare}");
        }
        assert_eq!(
            numbers(&decode(&masked)),
            numbers(&decode(&recording)),
            "{name}"
        );
    }
}

#[test]
fn what_was_masked_is_listed_by_place_and_kind_and_never_by_value() {
    let person = person();
    let recording = person.write_into(&small());
    let masked =
        mask(&recording, &person.options(), &Definitions::builtin()).expect("random numbers");
    let has = |kind: Private, name: &str, how: How| {
        let oid = oid(name);
        masked
            .masked
            .iter()
            .any(|one| (one.kind, &one.oid, one.how) == (kind, &oid, how))
    };
    assert!(has(Private::Contact, "1.3.6.1.2.1.1.4.0", How::Whole));
    assert!(has(
        Private::Serial,
        "1.3.6.1.2.1.43.5.1.1.17.1",
        How::Whole
    ));
    assert!(has(Private::Serial, "1.3.6.1.4.1.99999.2.1.0", How::Part));
    assert!(has(Private::Mac, "1.3.6.1.2.1.2.2.1.6.1", How::Whole));
    assert!(masked.masked.iter().any(|one| one.how == How::Index));
    let told = format!("{:?}", masked.masked).to_lowercase();
    for form in person.forms() {
        assert!(!told.contains(&form), "{form}");
    }
}

#[test]
fn the_same_becomes_the_same_and_a_suffix_stays_behind() {
    let person = person();
    let recording = person.write_into(&small());
    let masked =
        mask(&recording, &person.options(), &Definitions::builtin()).expect("random numbers");
    let answers = masked.recording.to_answers();
    let text = |name: &str| {
        let octets = answers
            .get(&oid(name))
            .and_then(Value::as_octets)
            .expect("there");
        String::from_utf8(octets.to_vec()).expect("ASCII")
    };
    let serial = text("1.3.6.1.2.1.43.5.1.1.17.1");
    assert_eq!(
        text("1.3.6.1.4.1.99999.2.1.0"),
        format!("MFG:ACME;MDL:X;SN:{serial};")
    );
    assert_eq!(text("1.3.6.1.4.1.99999.2.2.0"), hex(serial.as_bytes(), ""));
    assert_eq!(text("1.3.6.1.4.1.99999.2.3.0"), serial.to_lowercase());
    assert!(text("1.3.6.1.4.1.99999.2.4.0").starts_with(&serial));
    let mac = answers
        .get(&oid("1.3.6.1.2.1.2.2.1.6.1"))
        .and_then(Value::as_octets)
        .expect("there");
    assert_eq!(
        text("1.3.6.1.4.1.99999.2.5.0"),
        hex(mac, ":").to_uppercase()
    );
    let Some(Value::IpAddress(address)) = answers.get(&oid("1.3.6.1.4.1.99999.1.1.0")) else {
        panic!("no address");
    };
    assert_eq!(
        text("1.3.6.1.4.1.99999.2.9.0"),
        format!("http://{address}/")
    );
    let index: Vec<u32> = address.octets().map(u32::from).to_vec();
    assert!(
        answers
            .get(&oid("1.3.6.1.2.1.4.20.1.2").child(&index))
            .is_some()
    );
    assert_eq!(
        decode(&masked.recording).identity.serial,
        Text::non_empty(&serial)
    );
}

#[test]
fn what_is_to_be_kept_stays_and_the_rest_goes() {
    let person = person();
    let recording = person.write_into(&small());
    let options = MaskOptions {
        keep: [Private::Serial].into(),
        ..person.options()
    };
    let masked = mask(&recording, &options, &Definitions::builtin()).expect("random numbers");
    let text = masked.recording.to_text();
    assert!(text.contains(&format!("SN:{};", person.serial)));
    assert!(!text.contains(&person.contact));
    assert!(masked.masked.iter().all(|one| one.kind != Private::Serial));
}

#[test]
fn a_label_beside_it_and_an_address_book_tell_what_is_private() {
    let recording = Recording::parse(
        b"1.3.6.1.4.1.99999.7.1.1.2.1|4|Machine Serial Number\n\
          1.3.6.1.4.1.99999.7.1.1.2.2|4|Total Impressions\n\
          1.3.6.1.4.1.99999.7.1.1.3.1|4|AB12\n\
          1.3.6.1.4.1.99999.7.1.1.3.2|4|6466\n\
          1.3.6.1.4.1.99999.8.1.1.2.1|4|Ada\n\
          1.3.6.1.4.1.99999.8.1.1.3.1|4|ada@corp.example\n",
    )
    .expect("valid");
    let masked = mask(&recording, &MaskOptions::default(), &Definitions::builtin());
    let text = masked.expect("random numbers").recording.to_text();
    assert!(
        !text.contains("AB12") && !text.contains("Ada") && !text.contains("ada@"),
        "{text}"
    );
    assert!(
        text.contains("6466") && text.contains("Machine Serial Number"),
        "{text}"
    );
}

#[test]
fn a_device_that_is_called_what_it_is_keeps_its_name() {
    let mut recording = SMALL.to_vec();
    recording
        .extend(b"1.3.6.1.2.1.1.5.0|4|ACME Printer 9\n1.3.6.1.2.1.43.5.1.1.17.1|4|000000000\n");
    let recording = Recording::parse(&recording).expect("valid");
    let masked = mask(&recording, &MaskOptions::default(), &Definitions::builtin());
    assert_eq!(masked.expect("random numbers").recording, recording);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_private_value_is_left_whatever_it_is(
        serial in "[A-Z]{2}[0-9A-Z]{4}[0-9]{5}",
        host in "[a-z]{3,8}-[0-9]{2,3}\\.[a-z]{4,9}\\.example\\.(com|org|local)",
        contact in "[A-Z][a-z]{3,9} [A-Z][a-z]{4,12}",
        user in "[a-z]{3,8}\\.[a-z]{3,8}",
        number in "[0-9]{6,9}",
        location in "[A-Z][a-z]{3,9} [0-9]{2,3}, floor [0-9]",
        mac in any::<[u8; 5]>(),
        host_part in any::<[u8; 2]>(),
        community in "[a-z0-9]{6,16}",
    ) {
        let [b, c, d, e, f] = mac;
        prop_assume!((d, e, f) != (0, 0, 0) && (d, e, f) != (255, 255, 255));
        let person = Person {
            email: format!("{user}@{}", host.split_once('.').expect("a domain").1),
            phone: format!("+49 {number}0"),
            serial, host, contact, location, community,
            mac: [0, b, c, d, e, f],
            address: Ipv4Addr::new(192, 168, host_part[0], host_part[1]),
        };
        check("any", &person, &small());
    }
}
