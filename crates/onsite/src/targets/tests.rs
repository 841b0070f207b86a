use super::*;

/// Knows three names and two networks.
struct Office;

impl Network for Office {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match name {
            "mfp-3.example" => Ok(vec![
                "2001:db8::3".parse().expect("valid"),
                "192.0.2.3".parse().expect("valid"),
            ]),
            "six.example" => Ok(vec!["2001:db8::6".parse().expect("valid")]),
            "empty.example" => Ok(Vec::new()),
            _ => Err(io::Error::other("no such name")),
        }
    }

    fn own_subnets(&self) -> io::Result<Vec<OwnSubnet>> {
        Ok(vec![
            OwnSubnet {
                address: Ipv4Addr::new(192, 0, 2, 77),
                prefix: 29,
            },
            OwnSubnet {
                address: Ipv4Addr::new(172, 17, 0, 1),
                prefix: 16,
            },
        ])
    }

    fn own_v6_networks(&self) -> io::Result<Vec<OwnV6Network>> {
        Ok(vec![OwnV6Network {
            address: "2001:db8::77".parse().expect("valid"),
            prefix: 64,
            interface: "eth0".to_owned(),
        }])
    }

    fn zone_index(&self, zone: &str) -> Option<u32> {
        match zone {
            "eth0" => Some(2),
            "eth1" => Some(3),
            _ => None,
        }
    }
}

fn plan(includes: &[&str], exclusions: &[&str]) -> Result<TargetPlan, TargetsError> {
    let own = |list: &[&str]| -> Vec<String> { list.iter().map(|s| (*s).to_owned()).collect() };
    let spec = TargetSpec {
        includes: &own(includes),
        extra: &[],
        exclusions: &own(exclusions),
    };
    TargetPlan::new(&spec, &Office)
}

fn addresses(plan: &TargetPlan) -> Vec<String> {
    plan.addresses()
        .map(|address| address.ip.to_string())
        .collect()
}

#[test]
fn an_address_named_twice_is_looked_at_once() {
    let plan = plan(&["192.0.2.1-3", "192.0.2.0/30", "192.0.2.2"], &[]).expect("valid");
    assert_eq!(addresses(&plan), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    assert_eq!(plan.count(), 3);
}

#[test]
fn exclusions_win_by_address_range_block_and_name() {
    let plan = plan(
        &["192.0.2.1-12", "2001:db8::9"],
        &[
            "192.0.2.1",
            "192.0.2.4-5",
            "192.0.2.8/29",
            "mfp-3.example",
            "2001:db8::9",
        ],
    )
    .expect("valid");
    assert_eq!(addresses(&plan), ["192.0.2.2", "192.0.2.6", "192.0.2.7"]);
}

#[test]
fn an_excluded_block_takes_its_first_and_last_address_along() {
    for (block, left) in [
        ("192.0.2.8/29", 248),
        ("192.0.2.8/30", 252),
        ("192.0.2.8/31", 254),
        ("192.0.2.8/32", 255),
        ("192.0.2.0/24", 0),
    ] {
        let plan = plan(&["192.0.2.0-192.0.2.255"], &[block]).expect("valid");
        assert_eq!(plan.count(), left, "{block}");
    }
}

#[test]
fn a_name_stands_for_one_address_and_is_remembered() {
    let plan = plan(&["mfp-3.example", "six.example"], &[]).expect("valid");
    assert_eq!(addresses(&plan), ["192.0.2.3", "2001:db8::6"]);
    let address: IpAddr = "192.0.2.3".parse().expect("valid");
    assert_eq!(
        plan.name_of(TargetAddress {
            ip: address,
            scope: 0
        })
        .map(Text::as_str),
        Some("mfp-3.example")
    );
}

#[test]
fn a_name_without_an_address_is_kept_with_its_reason() {
    let plan = plan(&["empty.example", "lost.example", "192.0.2.9"], &[]).expect("valid");
    let reasons: Vec<&str> = plan
        .unresolved()
        .iter()
        .map(|u| u.reason.as_str())
        .collect();
    assert_eq!(
        reasons,
        [
            "the name has no address",
            "the name cannot be resolved: no such name"
        ]
    );
    assert_eq!(plan.count(), 1);
}

#[test]
fn nothing_named_means_the_own_networks_and_of_wide_ones_the_neighbourhood() {
    let plan = plan(&[], &[]).expect("valid");
    assert_eq!(plan.count(), 6 + 254);
    assert_eq!(plan.own_subnets().len(), 2);
    assert!(addresses(&plan).contains(&"172.17.0.254".to_owned()));
    assert!(!addresses(&plan).contains(&"172.17.1.1".to_owned()));
}

#[test]
fn own_ipv6_networks_are_told_and_none_of_their_addresses_is_looked_at() {
    let own = plan(&[], &[]).expect("valid");
    assert_eq!(own.own_v6_networks().len(), 1);
    assert!(own.addresses().all(|address| address.ip.is_ipv4()));
    let named = plan(&["192.0.2.1"], &[]).expect("valid");
    assert_eq!(named.own_v6_networks(), []);
}

#[test]
fn extra_targets_are_added_to_the_own_networks() {
    let extra = ["198.51.100.7".to_owned()];
    let spec = TargetSpec {
        extra: &extra,
        ..TargetSpec::default()
    };
    let plan = TargetPlan::new(&spec, &Office).expect("valid");
    assert_eq!(plan.count(), 6 + 254 + 1);
}

#[test]
fn a_slash_eight_is_counted_without_being_listed() {
    assert_eq!(
        plan(&["10.0.0.0/8"], &[]).expect("valid").count(),
        (1 << 24) - 2
    );
}

#[test]
fn two_slash_eights_are_refused_with_their_number() {
    let error = plan(&["10.0.0.0/8", "11.0.0.0/8"], &[]).expect_err("too many");
    assert!(matches!(error, TargetsError::TooMany { count: 33_554_428 }));
}

#[test]
fn scattered_ranges_are_refused_by_name() {
    let error = plan(&["1-200.1-200.1-200.1"], &[]).expect_err("too scattered");
    assert!(error.to_string().contains("1-200.1-200.1-200.1"), "{error}");
}

#[test]
fn a_link_local_address_takes_the_number_of_its_interface() {
    let plan = plan(&["fe80::1%eth0", "fe80::2%wlan9"], &[]).expect("valid");
    let scopes: Vec<u32> = plan.addresses().map(|address| address.scope).collect();
    assert_eq!(scopes, [2]);
    assert_eq!(plan.unresolved()[0].name.as_str(), "fe80::2%wlan9");
}

#[test]
fn the_same_link_local_address_in_two_zones_is_two_devices() {
    let both = ["fe80::1%eth0", "fe80::1%eth1"];
    let scopes = |exclusions: &[&str]| -> Vec<u32> {
        let plan = plan(&both, exclusions).expect("valid");
        plan.addresses().map(|address| address.scope).collect()
    };
    assert_eq!(scopes(&[]), [2, 3]);
    assert_eq!(scopes(&["fe80::1%eth0"]), [3]);
    assert_eq!(scopes(&["fe80::1%wlan9"]), [2, 3]);
    assert!(scopes(&["fe80::1"]).is_empty());
    assert!(scopes(&["fe80::/10"]).is_empty());
}

#[test]
fn a_link_local_address_is_named_with_its_zone() {
    let plan = plan(&["fe80::1%eth1"], &[]).expect("valid");
    let address = plan.addresses().next().expect("one");
    let name = plan.name_of(address).map(Text::as_str);
    assert_eq!(name, Some("fe80::1%eth1"));
}

#[test]
fn who_is_left_alone_is_counted_and_not_asked() {
    let mut plan = plan(&["192.0.2.1-3"], &[]).expect("valid");
    let at = |text: &str| TargetAddress {
        ip: text.parse().expect("valid"),
        scope: 0,
    };
    for text in ["192.0.2.2", "192.0.2.77"] {
        plan.leave_alone(at(text), Outcome::Silent, Witness::AgentMemory);
    }
    assert_eq!(plan.count(), 3);
    let asked: Vec<TargetAddress> = plan.asked().collect();
    assert_eq!(asked, [at("192.0.2.1"), at("192.0.2.3")]);
    // Who is not one of the plan's is nothing to it.
    assert_eq!(plan.left_alone().count(), 1);
}

#[test]
fn mac_prefixes_are_kept_for_whoever_knows_macs() {
    let plan = plan(&["192.0.2.1"], &["00:80:77", "mac:02"]).expect("valid");
    assert_eq!(plan.count(), 1);
    let macs: Vec<String> = plan
        .excluded_macs()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(macs, ["mac:00:80:77", "mac:02"]);
}

#[test]
fn a_list_may_hold_comments_blanks_and_commas() {
    let list = parse_list("192.0.2.1, 192.0.2.2 # front office\n\n#192.0.2.3\nmfp-3.example\n");
    assert_eq!(
        list,
        [
            (1, "192.0.2.1".to_owned()),
            (1, "192.0.2.2".to_owned()),
            (4, "mfp-3.example".to_owned())
        ]
    );
}

proptest::proptest! {
    #[test]
    fn no_list_of_texts_panics_and_every_address_comes_once(
        texts in proptest::collection::vec("[0-9./:a-f%*-]{0,18}", 0..4),
        exclusions in proptest::collection::vec("[0-9./-]{0,18}", 0..3),
    ) {
        let spec = TargetSpec { includes: &texts, extra: &[], exclusions: &exclusions };
        if let Ok(plan) = TargetPlan::new(&spec, &Office)
            && plan.count() < 10_000
        {
            let listed: Vec<_> = plan.addresses().collect();
            proptest::prop_assert_eq!(listed.len() as u64, plan.count());
            proptest::prop_assert!(listed.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn every_part_of_a_list_has_a_line_and_no_blank(text in ".{0,60}") {
        for (line, part) in parse_list(&text) {
            proptest::prop_assert!(line >= 1 && !part.is_empty());
            proptest::prop_assert!(!part.contains(|c: char| c.is_whitespace() || c == ',' || c == '#'));
        }
    }
}
