//! The definition files: what is refused, who comes first, and that nothing harmful is asked.

mod support;

use pagetally_printer_mib::{DefinitionErrorKind, Definitions, ReadPlan};
use pagetally_snmp_engine::{Answers, Ask, Oid, Plan, Recording, deny};
use support::context;

const HEAD: &str = "format = 1\nfamily = \"testing\"\nversion = 7\n";

const MATCH: &str = "[match]\nobject_ids = [\"1.3.6.1.4.1.1347\"]\n";

fn number(rule: &str, oid: &str) -> String {
    format!(
        "[[number]]\nrule = \"{rule}\"\noid = \"{oid}\"\nmeter = {{ function = \"total\" }}\n\
         reason = \"a reason\"\nproof = \"RFC 3805\"\n"
    )
}

fn refusal(text: &str) -> DefinitionErrorKind {
    match Definitions::with_overrides([("site.toml", text)]) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => {
            assert!(error.to_string().contains("site.toml"), "{error}");
            error.kind
        }
    }
}

fn answers(lines: &[&str]) -> Answers {
    Recording::parse(lines.join("\n").as_bytes())
        .expect("a valid recording")
        .to_answers()
}

#[test]
fn the_shipped_definitions_are_valid_and_not_few() {
    // Loading checks every row: names, reasons, proofs, places, patterns, sums, the deny list.
    assert!(Definitions::builtin().len() > 100);
}

#[test]
fn a_file_that_is_not_sound_is_refused_with_its_row() {
    use DefinitionErrorKind as Kind;
    let file = |rows: &str| format!("{HEAD}{MATCH}{rows}");
    let good = number("total", "1.3.6.1.4.1.1347.1");
    assert!(matches!(refusal("format = [\n"), Kind::Toml(_)));
    assert!(matches!(
        refusal(&HEAD.replace("= 1", "= 2")),
        Kind::Format(2)
    ));
    assert!(matches!(refusal(&format!("{HEAD}{good}")), Kind::NoMatch));
    let unknown_key = good.replace("oid =", "old =");
    assert!(matches!(refusal(&file(&unknown_key)), Kind::Toml(_)));
    assert!(matches!(
        refusal(&file(&format!("{good}{good}"))),
        Kind::DuplicatePlace(_)
    ));
    let other_place = good.replace("1347.1", "1347.2");
    assert!(matches!(
        refusal(&file(&format!("{good}{other_place}"))),
        Kind::DuplicateRule
    ));
    let other_name = good.replace("\"total\"\noid", "\"other\"\noid");
    assert!(matches!(
        refusal(&file(&format!("{good}{other_name}"))),
        Kind::DuplicatePlace(_)
    ));
    for (from, to) in [("a reason", " "), ("RFC 3805", "")] {
        let kind = refusal(&file(&good.replace(from, to)));
        assert!(matches!(kind, Kind::NoReason | Kind::NoProof), "{kind}");
    }
    let without_proof = good.replace("proof = \"RFC 3805\"\n", "");
    assert!(matches!(refusal(&file(&without_proof)), Kind::Toml(_)));
    assert!(matches!(
        refusal(&file(&good.replace("1.3.6", "1.x"))),
        Kind::Oid(_)
    ));
    assert!(matches!(
        refusal(&file(&good.replace("1.3.6", "root"))),
        Kind::UnknownRoot(_)
    ));
    assert!(matches!(
        refusal(&file(&good.replace("\"total\"\noid", "\"To tal\"\noid"))),
        Kind::Name
    ));
    let sum = "[[sum]]\nrule = \"sum\"\nplus = [\"nothing\"]\nmeter = { function = \"copy\" }\n\
               reason = \"r\"\nproof = \"RFC 3805\"\n";
    assert!(matches!(refusal(&file(sum)), Kind::UnknownInput(_)));
}

#[test]
fn a_table_that_is_not_sound_is_refused() {
    use DefinitionErrorKind as Kind;
    let table = |rest: &str, row: &str| {
        format!(
            "{HEAD}{MATCH}[[table]]\nrule = \"counters\"\nmax_rows = 9\nreason = \"r\"\n\
             proof = \"one public source\"\n{rest}\n\
             [table.columns]\nname = \"1.3.6.1.4.1.1347.8\"\nvalue = \"1.3.6.1.4.1.1347.9\"\n\
             [[table.number]]\nrule = \"one\"\nreason = \"r\"\n{row}\n"
        )
    };
    let sound = table("parts = [\"1.20\"]", "index = [\"1.20.3\", \"*.20.4\"]");
    assert!(Definitions::with_overrides([("site.toml", sound)]).is_ok());
    for bad in [
        table("parts = [\"1.x\"]", ""),
        table("parts = [\"\"]", ""),
        table("", "index = [\"1.20\", \"a\"]"),
    ] {
        assert!(matches!(refusal(&bad), Kind::Range(_)), "{bad}");
    }
    for unknown in ["unless = { label = \"*\" }", "without = [\"label\"]"] {
        let unknown = table("", unknown);
        assert!(matches!(refusal(&unknown), Kind::UnknownColumn(_)));
    }
    let pattern = table("", "unless = { name = [\"good\", \"{bad\"] }");
    assert!(matches!(refusal(&pattern), Kind::Pattern(_)));
}

#[test]
fn a_table_of_supplies_that_tells_nothing_is_refused() {
    use DefinitionErrorKind as Kind;
    let table = |rest: &str| {
        format!(
            "{HEAD}{MATCH}[[supply_table]]\nrule = \"supplies\"\n\
             description = \"1.3.6.1.4.1.1347.5\"\nreason = \"r\"\n\
             proof = \"one public source\"\n{rest}\n"
        )
    };
    let sound = table("serial = \"1.3.6.1.4.1.1347.6\"\nmax_rows = 9");
    assert!(Definitions::with_overrides([("site.toml", sound)]).is_ok());
    for bad in [
        "max_rows = 9",
        "serial = \"1.3.6.1.4.1.1347.6\"\nmax_rows = 0",
        "serial = \"1.3.6.1.4.1.1347.6\"\nmax_rows = 9999",
    ] {
        assert!(matches!(refusal(&table(bad)), Kind::Range(_)), "{bad}");
    }
}

#[test]
fn a_sum_counts_nothing_for_what_the_device_does_not_have() {
    let sums = |word: &str| {
        let number = |rule: &str, place: u32| {
            format!(
                "[[number]]\nrule = \"{rule}\"\noid = \"1.3.6.1.4.1.1347.9.{place}\"\n\
                 reason = \"r\"\nproof = \"2 independent public sources\"\n"
            )
        };
        format!(
            "{HEAD}{MATCH}{}{}[[sum]]\nrule = \"both\"\nplus = [\"full\", \"single\"]\n\
             unsupported = \"{word}\"\nmeter = {{ function = \"copy\", color = \"color\" }}\n\
             reason = \"r\"\nproof = \"2 independent public sources\"\n",
            number("full", 1),
            number("single", 2)
        )
    };
    let bad = refusal(&sums("zero"));
    assert!(matches!(bad, DefinitionErrorKind::Toml(_)), "{bad:?}");
    for (word, full, single, expected) in [
        ("nothing", Some(40), Some(2), Some(42)),
        ("nothing", Some(40), Some(-1), Some(40)),
        ("nothing", Some(-1), Some(-1), None),
        ("nothing", Some(40), None, None),
        // Unknown is not "no such counter".
        ("nothing", Some(40), Some(-2), None),
        ("missing", Some(40), Some(-1), None),
    ] {
        let file = sums(word);
        let definitions = Definitions::with_overrides([("site.toml", file)]).expect("valid");
        let mut device = vec!["1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41".to_owned()];
        for (place, value) in [(1, full), (2, single)] {
            let value = value.map(|value| format!("1.3.6.1.4.1.1347.9.{place}|2|{value}"));
            device.extend(value);
        }
        let device: Vec<&str> = device.iter().map(String::as_str).collect();
        let audit = pagetally_printer_mib::decode(&answers(&device), &context(), &definitions);
        let sum = audit.meters.first().map(|meter| meter.value);
        assert_eq!(sum, expected, "{word}: {full:?} + {single:?}");
    }
}

#[test]
fn rows_of_a_table_are_found_by_what_they_say() {
    let file = format!(
        "{HEAD}{MATCH}[[table]]\nrule = \"counters\"\nmax_rows = 9\nreason = \"r\"\n\
         proof = \"2 independent public sources\"\nparts = [\"1.20\", \"7.20\"]\n\
         [table.columns]\nname = \"1.3.6.1.4.1.1347.8\"\nvalue = \"1.3.6.1.4.1.1347.9\"\n\
         [[table.number]]\nrule = \"named\"\nindex = \"*.20.3\"\nreason = \"r\"\n\
         when = {{ name = [\"copies\", \"copied\"] }}\nmeter = {{ function = \"copy\" }}\n\
         [[table.number]]\nrule = \"unnamed\"\nindex = [\"1.20.3\", \"7.20.3\"]\nreason = \"r\"\n\
         rank = 30\nunless = {{ name = \"*cop*\" }}\nmeter = {{ function = \"copy\" }}\n"
    );
    let definitions = Definitions::with_overrides([("site.toml", file)]).expect("valid");
    let copies = |lines: &[&str]| {
        let mut device = vec!["1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41"];
        device.extend(lines);
        let audit = pagetally_printer_mib::decode(&answers(&device), &context(), &definitions);
        let mut meters = audit.meters.into_iter();
        meters
            .next()
            .map(|meter| (meter.value, meter.source.rule.name.to_string()))
    };
    let value = "1.3.6.1.4.1.1347.9.7.20.3|2|12";
    let table = [
        (Some("Copied"), Some("named")),
        (Some("Copies in sheets"), None),
        (Some("Kopien"), Some("unnamed")),
        (None, Some("unnamed")),
    ];
    for (name, row) in table {
        let name = name.map(|name| format!("1.3.6.1.4.1.1347.8.7.20.3|4|{name}"));
        let lines: Vec<&str> = name.as_deref().into_iter().chain([value]).collect();
        let expected = row.map(|row| (12, format!("testing.counters.{row}@site")));
        assert_eq!(copies(&lines), expected, "{name:?}");
    }
}

#[test]
fn a_number_speaks_only_where_another_object_says_so() {
    let condition = "when = { oid = \"1.3.6.1.2.1.1.1.0\", pattern = \"*All-N-1\" }\nreason =";
    let row = number("total", "1.3.6.1.4.1.1347.1").replace("reason =", condition);
    let definitions =
        Definitions::with_overrides([("site.toml", format!("{HEAD}{MATCH}{row}"))]).expect("valid");
    for (description, expected) in [("Acme, All-N-1", Some(5)), ("Acme", None)] {
        let device = answers(&[
            &format!("1.3.6.1.2.1.1.1.0|4|{description}"),
            "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41",
            "1.3.6.1.4.1.1347.1|2|5",
        ]);
        let audit = pagetally_printer_mib::decode(&device, &context(), &definitions);
        assert_eq!(support::total(&audit).map(|meter| meter.value), expected);
    }
}

#[test]
fn a_makers_table_of_supplies_tells_part_and_serial_of_the_one_that_it_describes() {
    let file = format!(
        "{HEAD}{MATCH}[[supply_table]]\nrule = \"supplies\"\nmax_rows = 9\nreason = \"r\"\n\
         proof = \"2 independent public sources\"\n\
         description = \"1.3.6.1.4.1.1347.5\"\npart_number = \"1.3.6.1.4.1.1347.6\"\n\
         serial = \"1.3.6.1.4.1.1347.7\"\n"
    );
    let definitions = Definitions::with_overrides([("site.toml", file)]).expect("valid");
    let device = answers(&[
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41",
        "1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Cartridge",
        "1.3.6.1.2.1.43.11.1.1.6.1.2|4|Roller",
        "1.3.6.1.4.1.1347.5.1.8|4|Roller",
        "1.3.6.1.4.1.1347.5.1.9|4|Black Cartridge",
        "1.3.6.1.4.1.1347.5.1.10|4|Roller",
        "1.3.6.1.4.1.1347.6.1.8|4|R1",
        "1.3.6.1.4.1.1347.6.1.9|4|  24B7185",
        "1.3.6.1.4.1.1347.6.1.10|4|R2",
        "1.3.6.1.4.1.1347.7.1.9|4|unknown",
    ]);
    let audit = pagetally_printer_mib::decode(&device, &context(), &definitions);
    assert_eq!(audit.check_sources(), Ok(()));
    let found: Vec<_> = audit
        .supplies
        .iter()
        .map(|s| (s.part_number.as_ref().map(|p| p.as_str()), s.serial.clone()))
        .collect();
    // The rollers share a description: which is which, nobody knows.
    assert_eq!(found, [(Some("24B7185"), None), (None, None)]);
}

/// A row that says what a sysDescr proves, and one that takes a model out of it.
fn described(pattern: &str, class: &str, taken: &str) -> String {
    format!(
        "{HEAD}{MATCH}[[describe]]\nrule = \"acme\"\npattern = {pattern}\nclass = \"{class}\"\n\
         reason = \"a reason\"\nproof = \"RFC 3805\"\n\
         [[identity]]\nrule = \"model\"\nfield = \"model\"\noid = \"1.3.6.1.2.1.1.1.0\"\n\
         pattern = {taken}\nreason = \"a reason\"\nproof = \"RFC 3805\"\n"
    )
}

fn acme(keys: &str) -> String {
    format!(
        "{HEAD}{MATCH}[[makers]]\nname = \"Acme\"\nenterprises = [99999]\n{keys}\n\
         reason = \"a reason\"\nproof = \"RFC 3805\"\n"
    )
}

#[test]
fn lists_of_patterns_classes_and_hosts_that_are_not_sound_are_refused() {
    use DefinitionErrorKind as Kind;
    let good = r#"["Acme *", "ACME-*"]"#;
    let taken = r#"["Acme {@} *", "Acme {@}"]"#;
    let accepted = [
        described(good, "print-server", taken),
        acme("hosts = [\"1.3.6.1.4.1.99999\"]"),
    ];
    for file in accepted {
        let loaded = Definitions::with_overrides([("site.toml", file.as_str())]);
        assert!(loaded.is_ok(), "{loaded:?}");
    }
    for (pattern, taken) in [("[]", taken), (good, "[]")] {
        let kind = refusal(&described(pattern, "printer", taken));
        assert!(
            matches!(kind, Kind::Range(_)),
            "{pattern} {taken}: {kind:?}"
        );
    }
    // Of a list each pattern is held to what one alone is: an identity's takes something.
    let kind = refusal(&described(good, "printer", r#"["Acme {@}", "Acme"]"#));
    assert!(matches!(kind, Kind::Pattern(_)), "{kind:?}");
    let unknown_class = described(good, "server", taken);
    let no_text = described("[1]", "printer", taken);
    let unknown_key = acme("agents = []");
    for file in [unknown_class, no_text, unknown_key] {
        assert!(matches!(refusal(&file), Kind::Toml(_)), "{file}");
    }
    let kind = refusal(&acme("hosts = [\"1.x\"]"));
    assert!(matches!(kind, Kind::Oid(_)), "{kind:?}");
}

#[test]
fn the_first_pattern_that_covers_a_text_takes_its_part() {
    let file = described(
        r#"["Acme *", "ACME-*"]"#,
        "printer",
        r#"["Acme {@} rev *", "Acme {}", "ACME-{@}"]"#,
    );
    let definitions =
        Definitions::with_overrides([("site.toml", file.as_str())]).expect("a sound file");
    for (description, model) in [
        ("Acme Q9 rev 2", "Q9"),
        ("Acme Quick Print 9", "Quick Print 9"),
        ("ACME-Q10", "Q10"),
    ] {
        let line = format!("1.3.6.1.2.1.1.1.0|4|{description}");
        let answers = answers(&["1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41", &line]);
        let audit = pagetally_printer_mib::decode(&answers, &context(), &definitions);
        let found = audit.identity.model.expect("a model");
        assert_eq!(found.as_str(), model);
    }
}

#[test]
fn an_agents_number_says_host_until_the_printer_mib_says_printer() {
    use pagetally_printer_mib::{Class, classify};
    let file = acme("hosts = [\"1.3.6.1.4.1.99999\"]");
    let definitions =
        Definitions::with_overrides([("site.toml", file.as_str())]).expect("a sound file");
    let agent = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1";
    let printer_row = "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5";
    let life_count = "1.3.6.1.2.1.43.10.2.1.4.1.1|65|1000";
    let class = |lines: &[&str]| classify(&answers(lines), &definitions);
    assert_eq!(class(&[agent, printer_row]), Class::Other);
    assert_eq!(class(&[agent, printer_row, life_count]), Class::Printer);
    assert_eq!(class(&[printer_row]), Class::Printer);
}

#[test]
fn a_row_for_something_harmful_is_refused() {
    for denied in deny::DENIED {
        let oid = Oid::new(denied.root)
            .expect("short")
            .child(&[1])
            .to_string();
        let kind = refusal(&format!("{HEAD}{MATCH}{}", number("total", &oid)));
        assert!(
            matches!(kind, DefinitionErrorKind::Denied(_)),
            "{oid}: {kind}"
        );
    }
}

/// What a plan asks a device that answers nothing but what it is.
fn everything_asked(object_id: Option<&str>) -> Vec<Ask> {
    let mut lines = vec!["1.3.6.1.2.1.43.10.2.1.4.1.1|65|1".to_owned()];
    lines.extend(object_id.map(|oid| format!("1.3.6.1.2.1.1.2.0|6|{oid}")));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let device = answers(&lines);
    let mut plan = ReadPlan::new(&Definitions::builtin());
    let mut so_far = Answers::default();
    let mut asked = Vec::new();
    while let Some(query) = plan.next_query(&so_far) {
        so_far.merge(device.answer(&query));
        asked.extend(query.asks);
    }
    asked
}

#[test]
fn no_plan_asks_for_what_is_denied_or_for_anything_twice() {
    // Without a sysObjectID every family is asked.
    let mut cases = vec![None];
    for enterprise in [
        11, 641, 253, 297, 367, 1602, 18334, 1347, 2435, 1248, 236, 2001, 2385, 1129, 674, 258,
        10642, 40093, 24807,
    ] {
        cases.push(Some(format!("1.3.6.1.4.1.{enterprise}.1")));
    }
    for case in cases {
        let mut seen = std::collections::BTreeSet::new();
        for ask in everything_asked(case.as_deref()) {
            match ask {
                Ask::Instance(oid) => {
                    assert_eq!(deny::instance(&oid), None, "{oid}");
                    assert!(seen.insert(oid.clone()), "{oid} is asked twice");
                }
                Ask::Columns { columns, max_rows } => {
                    assert!(max_rows > 0);
                    for column in columns {
                        assert_eq!(deny::walk(&column), None, "{column}");
                        assert!(seen.insert(column.clone()), "{column} is asked twice");
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_device_that_is_no_printer_is_asked_nothing_more() {
    let device = answers(&[
        "1.3.6.1.2.1.1.1.0|4|Linux nas 5.10",
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10",
        "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5",
    ]);
    let mut plan = ReadPlan::new(&Definitions::builtin());
    let query = plan.next_query(&Answers::default()).expect("a first query");
    assert!(plan.next_query(&device.answer(&query)).is_none());
}
