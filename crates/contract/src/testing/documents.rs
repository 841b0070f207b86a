//! Arbitrary documents: audits, pass reports, settings.

use pagetally_model::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::net::{IpAddr, SocketAddr};

/// Text with everything in it that XML could trip over.
pub(super) fn text() -> BoxedStrategy<Text> {
    prop_oneof![
        4 => "[ -~]{0,20}",
        2 => "\\PC{0,12}",
        1 => Just("]]> <!-- & \" ' é 日本 𝄞 -->".to_owned()),
        1 => any::<String>(),
    ]
    .prop_map(Text::from)
    .boxed()
}

/// Strings that are not clean: white space, controls and noncharacters included.
fn string() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[ -~]{0,20}",
        1 => Just("  two  blanks \t\r\n ".to_owned()),
        1 => Just("\u{0}\u{1}\u{fffe}".to_owned()),
        1 => any::<String>(),
    ]
    .boxed()
}

pub(super) fn timestamp() -> BoxedStrategy<Timestamp> {
    // 0001-01-01 to 9999-12-30: XML Schema 1.0 has no year 0.
    (-62_135_596_800_000..=253_402_207_200_000_i64)
        .prop_map(Timestamp::from_unix_millis)
        .boxed()
}

macro_rules! ids {
    ($($name:ident: $type:ty;)*) => {
        $(pub(super) fn $name() -> impl Strategy<Value = $type> {
            any::<[u8; 16]>().prop_map(<$type>::from_bytes)
        })*
    };
}

ids! {
    agent_id: AgentId;
    audit_id: AuditId;
    boot_id: BootId;
    pass_id: PassId;
    site_id: SiteId;
    submission_id: SubmissionId;
}

/// All words of a model's enumeration, out of serde's own message about a word that is none: a new
/// variant is tested without anybody having to list it here.
pub(crate) fn words<T: serde::de::DeserializeOwned>() -> Vec<String> {
    let Err(error) = serde_json::from_value::<T>(serde_json::Value::String("?".to_owned())) else {
        panic!("no enumeration has the word ?");
    };
    let message = error.to_string();
    let words = message.split('`').skip(1).step_by(2).skip(1);
    words.map(str::to_owned).collect()
}

/// Any value of an enumeration.
pub(crate) fn word<T: serde::de::DeserializeOwned + Clone + std::fmt::Debug + 'static>()
-> impl Strategy<Value = T> {
    let values: Vec<T> = words::<T>()
        .into_iter()
        .map(|word| serde_json::from_value(serde_json::Value::String(word)).expect("own word"))
        .collect();
    proptest::sample::select(values)
}

fn oid() -> BoxedStrategy<DottedOid> {
    vec(any::<u32>(), 1..12)
        .prop_map(|arcs| {
            let text: Vec<String> = arcs.iter().map(u32::to_string).collect();
            DottedOid::try_from(text.join(".")).expect("numbers with dots")
        })
        .boxed()
}

fn source() -> BoxedStrategy<Source> {
    let plain = prop_oneof![
        4 => (oid(), word(), string())
            .prop_map(|(oid, kind, text)| Source::Snmp { oid, raw: RawValue { kind, text: text.into() } }),
        1 => (text(), text()).prop_map(|(attribute, raw)| Source::Ipp { attribute, raw }),
        1 => (text(), text()).prop_map(|(path, raw)| Source::Http { path, raw }),
        1 => (text(), text()).prop_map(|(by, raw)| Source::Network { by, raw }),
        1 => text().prop_map(|by| Source::Typed { by }),
        1 => text().prop_map(|what| Source::Counted { what }),
    ];
    plain
        .prop_recursive(3, 8, 3, |inner| {
            let input = (text(), any::<i64>(), inner.clone()).prop_map(|(name, value, source)| {
                DerivedInput {
                    name,
                    value,
                    source,
                }
            });
            prop_oneof![
                (text(), vec(input, 0..3))
                    .prop_map(|(formula, inputs)| Source::Derived { formula, inputs }),
                (reference(), vec(compared_value(inner), 0..3))
                    .prop_map(|(earlier, values)| Source::Compared { earlier, values }),
            ]
        })
        .boxed()
}

fn compared_value(
    source: impl Strategy<Value = Source> + Clone + 'static,
) -> impl Strategy<Value = ComparedValue> {
    let said = move || {
        let said = (text(), source.clone()).prop_map(|(value, source)| Said { value, source });
        option::of(said)
    };
    (text(), said(), said()).prop_map(|(name, earlier, now)| ComparedValue { name, earlier, now })
}

fn reference() -> impl Strategy<Value = AuditRef> {
    (audit_id(), timestamp()).prop_map(|(audit, wall)| AuditRef { audit, wall })
}

fn replacement() -> impl Strategy<Value = Replacement> {
    (word(), word(), reference(), reference()).prop_map(|(what, exactness, after, by)| {
        Replacement {
            what,
            exactness,
            after,
            by,
        }
    })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    let change =
        (word(), text(), text(), provenance()).prop_map(|(what, reading, detail, source)| Change {
            what,
            reading,
            detail,
            source,
        });
    (reference(), word(), vec(change, 0..3)).prop_map(|(earlier, matched_by, changes)| Comparison {
        earlier,
        matched_by,
        changes,
    })
}

fn contradiction() -> impl Strategy<Value = Contradiction> {
    (text(), text(), option::of(source())).prop_map(|(rule, detail, source)| Contradiction {
        rule,
        detail,
        source,
    })
}

fn rule() -> BoxedStrategy<RuleId> {
    (text(), any::<u32>())
        .prop_map(|(name, version)| RuleId { name, version })
        .boxed()
}

pub(super) fn provenance() -> BoxedStrategy<Provenance> {
    let witness = (source(), rule(), text(), text()).prop_map(|(source, rule, value, reason)| {
        LosingWitness {
            source,
            rule,
            value,
            reason,
        }
    });
    (
        source(),
        rule(),
        option::of(timestamp()),
        any::<bool>(),
        vec(text(), 0..2),
        vec(witness, 0..2),
    )
        .prop_map(
            |(source, rule, read_at, unproven, checks, witnesses)| Provenance {
                source,
                rule,
                read_at,
                unproven,
                checks,
                witnesses,
            },
        )
        .boxed()
}

fn sources() -> BoxedStrategy<Sources> {
    btree_map("[a-zA-Z]{1,12}", provenance(), 0..3)
        .prop_map(|fields| fields.into_iter().collect())
        .boxed()
}

pub(super) fn level() -> BoxedStrategy<LevelReading> {
    let level = prop_oneof![
        (any::<u64>(), any::<u64>()).prop_map(|(a, b)| Level::OfCapacity {
            amount: a.min(b),
            capacity: a.max(b).max(1),
        }),
        (0..=100u8).prop_map(Level::Percent),
        any::<u64>().prop_map(Level::Amount),
        proptest::sample::select(vec![
            Level::SomeRemaining,
            Level::Empty,
            Level::EmptyOrNearly,
            Level::Low,
            Level::Good,
            Level::NotRestricted,
            Level::Unknown,
            Level::Other,
        ]),
    ];
    (level, word())
        .prop_map(|(level, exactness)| LevelReading { level, exactness })
        .boxed()
}

fn audit_time() -> BoxedStrategy<AuditTime> {
    let offset =
        (any::<i64>(), any::<u64>()).prop_map(|(offset_millis, uncertainty_millis)| ClockOffset {
            offset_millis,
            uncertainty_millis,
        });
    (timestamp(), boot_id(), any::<u64>(), option::of(offset))
        .prop_map(|(wall, boot, monotonic_millis, central_offset)| AuditTime {
            wall,
            boot,
            monotonic_millis,
            central_offset,
        })
        .boxed()
}

fn identity() -> BoxedStrategy<Identity> {
    let field = || option::of(text());
    (
        [(); 12].map(|()| field()),
        option::of(any::<u64>()),
        sources(),
    )
        .prop_map(|(fields, uptime_centis, sources)| {
            let [
                manufacturer,
                model,
                serial,
                firmware,
                hostname,
                location,
                contact,
                mac,
                asset,
                description,
                object_id,
                engine_id,
            ] = fields;
            Identity {
                manufacturer,
                model,
                serial,
                firmware,
                hostname,
                location,
                contact,
                mac,
                asset,
                description,
                object_id,
                engine_id,
                uptime_centis,
                sources,
            }
        })
        .boxed()
}

fn status() -> BoxedStrategy<DeviceStatus> {
    (
        word(),
        word(),
        vec(word(), 0..4),
        vec(text(), 0..3),
        sources(),
    )
        .prop_map(
            |(printer, device, conditions, console, sources)| DeviceStatus {
                printer,
                device,
                conditions,
                console,
                sources,
            },
        )
        .boxed()
}

fn meter() -> BoxedStrategy<Meter> {
    (
        word(),
        word(),
        word(),
        word(),
        word(),
        any::<u64>(),
        word(),
        provenance(),
    )
        .prop_map(
            |(function, color, size, sides, unit, value, exactness, source)| Meter {
                function,
                color,
                size,
                sides,
                unit,
                value,
                exactness,
                source,
            },
        )
        .boxed()
}

fn marker() -> BoxedStrategy<Marker> {
    (
        text(),
        option::of(text()),
        word(),
        option::of(any::<u64>()),
        option::of(any::<u64>()),
        sources(),
    )
        .prop_map(
            |(slot, technology, unit, life_count, power_on_count, sources)| Marker {
                slot,
                technology,
                unit,
                life_count,
                power_on_count,
                sources,
            },
        )
        .boxed()
}

fn supply() -> BoxedStrategy<Supply> {
    (
        (text(), option::of(text()), option::of(text()), word()),
        word(),
        option::of(text()),
        level(),
        word(),
        word(),
        option::of(any::<u64>()),
        (
            option::of(text()),
            option::of(text()),
            option::of(replacement()),
        ),
        sources(),
    )
        .prop_map(
            |(
                (slot, place, description, kind),
                class,
                colorant,
                level,
                measures,
                unit,
                capacity,
                (part_number, serial, replaced),
                sources,
            )| Supply {
                slot,
                place,
                description,
                kind,
                class,
                colorant,
                level,
                measures,
                unit,
                capacity,
                part_number,
                serial,
                replaced,
                sources,
            },
        )
        .boxed()
}

fn tray() -> BoxedStrategy<Tray> {
    (
        text(),
        [(); 4].map(|()| option::of(text())),
        level(),
        word(),
        option::of(any::<u64>()),
        option::of(any::<i64>()),
        sources(),
    )
        .prop_map(|(slot, texts, level, unit, capacity, status, sources)| {
            let [name, description, kind, media] = texts;
            Tray {
                slot,
                name,
                description,
                kind,
                media,
                level,
                unit,
                capacity,
                status,
                sources,
            }
        })
        .boxed()
}

fn output() -> BoxedStrategy<Output> {
    tray()
        .prop_map(|tray| Output {
            slot: tray.slot,
            name: tray.name,
            description: tray.description,
            level: tray.level,
            unit: tray.unit,
            capacity: tray.capacity,
            status: tray.status,
            sources: tray.sources,
        })
        .boxed()
}

fn cover() -> BoxedStrategy<Cover> {
    (text(), option::of(text()), text(), sources())
        .prop_map(|(slot, description, status, sources)| Cover {
            slot,
            description,
            status,
            sources,
        })
        .boxed()
}

fn alert() -> BoxedStrategy<Alert> {
    (
        text(),
        word(),
        [(); 4].map(|()| option::of(text())),
        option::of(any::<i64>()),
        option::of(any::<i64>()),
        option::of(any::<u64>()),
        sources(),
    )
        .prop_map(
            |(slot, severity, texts, group_index, code, raised_at_uptime_centis, sources)| {
                let [training, group, code_name, description] = texts;
                Alert {
                    slot,
                    severity,
                    training,
                    group,
                    group_index,
                    code,
                    code_name,
                    description,
                    raised_at_uptime_centis,
                    sources,
                }
            },
        )
        .boxed()
}

pub(super) fn audit() -> BoxedStrategy<DeviceAudit> {
    (
        (any::<u32>(), audit_id(), pass_id(), audit_time()),
        (option::of(address()), text(), identity(), status()),
        (vec(meter(), 0..3), vec(marker(), 0..2), vec(supply(), 0..3)),
        (vec(tray(), 0..2), vec(output(), 0..2), vec(cover(), 0..2)),
        vec(alert(), 0..2),
        vec((text(), text()), 0..2),
        (vec(contradiction(), 0..2), option::of(comparison())),
    )
        .prop_map(
            |(
                (format, id, pass, time),
                (address, protocol, identity, status),
                (meters, markers, supplies),
                (trays, outputs, covers),
                alerts,
                gaps,
                (contradictions, comparison),
            )| DeviceAudit {
                format,
                id,
                pass,
                time,
                address,
                protocol,
                identity,
                status,
                meters,
                markers,
                supplies,
                trays,
                outputs,
                covers,
                alerts,
                gaps: gaps
                    .into_iter()
                    .map(|(what, reason)| Gap { what, reason })
                    .collect(),
                contradictions,
                comparison,
            },
        )
        .boxed()
}

fn address() -> BoxedStrategy<SocketAddr> {
    (ip(), any::<u16>())
        .prop_map(|(ip, port)| SocketAddr::new(ip, port))
        .boxed()
}

fn ip() -> BoxedStrategy<IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
    ]
    .boxed()
}

fn observation() -> BoxedStrategy<Observation> {
    let outcome = prop_oneof![
        audit_id().prop_map(|audit| Outcome::PrinterRead { audit }),
        (audit_id(), text())
            .prop_map(|(audit, reason)| Outcome::PrinterPartlyRead { audit, reason }),
        option::of(text()).prop_map(|description| Outcome::OtherDevice { description }),
        text().prop_map(|reason| Outcome::Refused { reason }),
        text().prop_map(|reason| Outcome::WrongCommunity { reason }),
        any::<u16>().prop_map(|port| Outcome::PrinterPortOpen { port }),
        Just(Outcome::PortClosed),
        text().prop_map(|reason| Outcome::Unreachable { reason }),
        timestamp().prop_map(|last_read| Outcome::Asleep { last_read }),
        text().prop_map(|reason| Outcome::Excluded { reason }),
        text().prop_map(|reason| Outcome::NotAsked { reason }),
        Just(Outcome::Silent),
        text().prop_map(|reason| Outcome::Error { reason }),
    ];
    (ip(), ip(), option::of(text()), outcome, word(), timestamp())
        .prop_map(|(first, last, name, outcome, witness, at)| Observation {
            first,
            last,
            name,
            outcome,
            witness,
            at,
        })
        .boxed()
}

fn notice() -> BoxedStrategy<TrapNotice> {
    (
        timestamp(),
        ip(),
        word(),
        text(),
        option::of(text()),
        any::<u64>(),
        option::of(alert()),
    )
        .prop_map(
            |(at, from, witness, trap, name, repeats, alert)| TrapNotice {
                at,
                from,
                witness,
                trap,
                name,
                repeats,
                alert,
            },
        )
        .boxed()
}

pub(super) fn pass() -> BoxedStrategy<PassReport> {
    (
        any::<u32>(),
        pass_id(),
        audit_time(),
        any::<u64>(),
        text(),
        (vec(observation(), 0..4), vec(notice(), 0..3)),
        any::<[u64; 7]>(),
    )
        .prop_map(
            |(format, id, started, settings_version, agent_version, told, stats)| {
                let (observations, notices) = told;
                let [
                    addresses,
                    datagrams_sent,
                    datagrams_received,
                    datagrams_ignored,
                    retries,
                    silent_asked_again,
                    duration_millis,
                ] = stats;
                PassReport {
                    format,
                    id,
                    started,
                    settings_version,
                    agent_version,
                    observations,
                    notices,
                    stats: PassStats {
                        addresses,
                        datagrams_sent,
                        datagrams_received,
                        datagrams_ignored,
                        retries,
                        silent_asked_again,
                        duration_millis,
                    },
                }
            },
        )
        .boxed()
}

fn snmp_user() -> BoxedStrategy<SnmpUser> {
    // Words of an enumeration; everything else may be any text.
    let secret = |protocols: [&'static str; 6]| {
        let protocol = proptest::sample::select(protocols.to_vec());
        (protocol, "[ -~]{8,20}|\\PC{8,9}|\u{fffe}{8}").prop_filter_map(
            "a passphrase",
            |(protocol, passphrase)| {
                Some(SnmpSecret {
                    protocol: protocol.to_owned(),
                    passphrase: Passphrase::new(passphrase).ok()?,
                })
            },
        )
    };
    (
        (string(), string()),
        (
            option::of(secret(AUTH_PROTOCOLS)),
            option::of(secret(PRIV_PROTOCOLS)),
        ),
        vec(string(), 0..3),
        any::<bool>(),
    )
        .prop_map(
            |((user, context), (auth, privacy), engines, first_contact)| SnmpUser {
                user,
                auth,
                privacy,
                context,
                engines,
                first_contact,
            },
        )
        .boxed()
}

pub(super) fn settings() -> BoxedStrategy<Settings> {
    let community = prop_oneof!["[ -~]{1,20}", "\\PC{1,9}", Just("\u{fffe}".to_owned())]
        .prop_filter_map("a community", |text| Community::new(text).ok());
    (
        (any::<u32>(), any::<u64>(), text()),
        (
            vec(string(), 0..3),
            vec(string(), 0..3),
            vec(string(), 0..3),
        ),
        (vec(community, 0..3), vec(snmp_user(), 0..3)),
        any::<u16>(),
        any::<[u64; 3]>(),
        (
            any::<[u32; 2]>(),
            option::of(any::<u32>()),
            option::of(any::<u64>()),
        ),
    )
        .prop_map(
            |((format, version, time_zone), texts, known, port, a, (b, subnet, full))| {
                let (targets, exclusions, quiet_hours) = texts;
                let (communities, snmp_users) = known;
                Settings {
                    format,
                    version,
                    time_zone,
                    targets,
                    exclusions,
                    communities,
                    snmp_users,
                    port,
                    timeout_millis: a[0],
                    interval_seconds: a[1],
                    sleep_seconds: a[2],
                    quiet_hours,
                    subnet_datagrams_per_second: subnet,
                    full_read_seconds: full,
                    retries: b[0],
                    datagrams_per_second: b[1],
                }
            },
        )
        .boxed()
}
