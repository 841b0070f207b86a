//! What one public source alone says is unproven, until other objects of the same device support it.

mod support;

use pagetally_model::{CounterUnit, DeviceAudit, Exactness, Meter, MeterColor, MeterFunction};
use pagetally_printer_mib::{Definitions, decode};
use pagetally_snmp_engine::{Answers, Oid, Value, VarBind};
use proptest::prelude::*;
use std::sync::LazyLock;

/// A maker whose total, print and serial number are proved, and whose other rows one source names.
const ACME: &str = r#"
format = 1
family = "acme"
version = 1

[match]
object_ids = ["1.3.6.1.4.1.55555"]

[roots]
acme = "1.3.6.1.4.1.55555.1"

[[number]]
rule = "total"
oid = "acme.1.0"
meter = { function = "total" }
reason = "total"
proof = "ACME-MIB acmeTotal"

[[number]]
rule = "mono"
oid = "acme.2.0"
meter = { function = "total", color = "mono" }
reason = "mono"
proof = "one public source: a forum"

[[number]]
rule = "color"
oid = "acme.3.0"
meter = { function = "total", color = "color" }
reason = "color"
proof = "one public source: a forum"

[[number]]
rule = "color-in-mib"
oid = "acme.4.0"
meter = { function = "total", color = "color" }
reason = "color, where the MIB's object is answered"
proof = "ACME-MIB acmeColor"

[[number]]
rule = "print"
oid = "acme.5.0"
meter = { function = "print" }
reason = "print"
proof = "ACME-MIB acmePrint"

[[number]]
rule = "print-mono"
oid = "acme.6.0"
meter = { function = "print", color = "mono" }
reason = "mono prints"
proof = "ACME-MIB acmePrintMono"

[[number]]
rule = "print-color"
oid = "acme.7.0"
meter = { function = "print", color = "color" }
reason = "color prints"
proof = "ACME-MIB acmePrintColor"

[[number]]
rule = "copy"
oid = "acme.8.0"
meter = { function = "copy" }
reason = "copies"
proof = "one public source: a forum"

[[sum]]
rule = "copy-of-total"
plus = ["total"]
minus = ["print"]
meter = { function = "copy" }
rank = 10
reason = "what is no print"
proof = "one public source: a forum"

[[identity]]
rule = "firmware"
field = "firmware"
oid = "acme.9.0"
reason = "firmware"
proof = "one public source: a forum"

[[identity]]
rule = "firmware-in-mib"
field = "firmware"
oid = "acme.10.0"
rank = 60
reason = "firmware"
proof = "ACME-MIB acmeFirmware"
"#;

/// The same maker, but nothing that it states of its total is proved.
fn unproven_total() -> String {
    ACME.replace("ACME-MIB acmeTotal", "one public source: a forum")
}

fn varbind(name: &str, value: Value) -> VarBind {
    let oid: Oid = name.parse().expect("an OID");
    VarBind { oid, value }
}

/// The audit of a device of that maker with these numbers below its root.
fn audit(definitions: &str, numbers: &[(u32, u32)]) -> DeviceAudit {
    let enterprise = "1.3.6.1.4.1.55555".parse().expect("an OID");
    let mut answers: Answers = numbers
        .iter()
        .map(|(arc, number)| {
            let name = format!("1.3.6.1.4.1.55555.1.{arc}.0");
            varbind(&name, Value::Counter32(*number))
        })
        .collect();
    answers.insert(varbind(
        "1.3.6.1.2.1.1.2.0",
        Value::ObjectIdentifier(enterprise),
    ));
    read(definitions, &answers)
}

fn read(definitions: &str, answers: &Answers) -> DeviceAudit {
    static OF_ACME: LazyLock<Definitions> = LazyLock::new(|| load(ACME));
    let definitions = match definitions {
        ACME => OF_ACME.clone(),
        other => load(other),
    };
    decode(answers, &support::context(), &definitions)
}

fn load(definitions: &str) -> Definitions {
    Definitions::with_overrides([("acme.toml", definitions)]).expect("valid")
}

fn meter(audit: &DeviceAudit, function: MeterFunction, color: MeterColor) -> &Meter {
    let mut meters = audit.meters.iter();
    meters
        .find(|meter| (meter.function, meter.color) == (function, color))
        .expect("the meter")
}

/// How far each of total, mono and color is trusted.
fn total_mono_color(audit: &DeviceAudit) -> [Exactness; 3] {
    [MeterColor::Any, MeterColor::Mono, MeterColor::Color]
        .map(|color| meter(audit, MeterFunction::Total, color).exactness)
}

use Exactness::{Assumed, Exact, Unproven};

#[test]
fn what_proved_counters_leave_for_it_is_believed_exactly() {
    let audit = audit(ACME, &[(1, 5_000), (2, 3_800), (4, 1_200)]);
    assert_eq!(total_mono_color(&audit), [Exact, Exact, Exact]);
    let mono = meter(&audit, MeterFunction::Total, MeterColor::Mono);
    assert!(!mono.source.unproven);
    let checks: Vec<&str> = mono.source.checks.iter().map(|c| c.as_str()).collect();
    let expected = "total = mono + color: 5000 by acme.total@site is 3800 by acme.mono@site + \
                    1200 by acme.color-in-mib@site";
    assert_eq!(checks, [expected]);
}

#[test]
fn unproven_parts_that_make_up_a_proved_whole_are_assumed() {
    let audit = audit(ACME, &[(1, 5_000), (2, 3_800), (3, 1_200)]);
    assert_eq!(total_mono_color(&audit), [Exact, Assumed, Assumed]);
    assert!(audit.contradictions.is_empty());
}

#[test]
fn unproven_counters_do_not_support_each_other() {
    let audit = audit(&unproven_total(), &[(1, 5_000), (2, 3_800), (3, 1_200)]);
    assert_eq!(total_mono_color(&audit), [Unproven; 3]);
    assert!(audit.meters.iter().all(|meter| meter.source.unproven));
}

#[test]
fn zeros_and_small_numbers_prove_nothing() {
    for numbers in [
        [(1, 5_000), (2, 5_000), (4, 0)],
        [(1, 5_000), (2, 0), (4, 5_000)],
        [(1, 5_000), (2, 4_960), (4, 40)],
        [(1, 500), (2, 300), (4, 200)],
        [(1, 0), (2, 0), (4, 0)],
    ] {
        let audit = audit(ACME, &numbers);
        let mono = meter(&audit, MeterFunction::Total, MeterColor::Mono);
        assert_eq!(mono.exactness, Unproven, "{numbers:?}");
        assert!(audit.contradictions.is_empty(), "{numbers:?}");
    }
}

#[test]
fn a_failed_check_is_a_contradiction_and_proves_nothing() {
    // Copies fit the whole, colours do not.
    let audit = audit(
        ACME,
        &[(1, 5_000), (2, 3_000), (4, 1_200), (5, 3_000), (8, 2_000)],
    );
    let mono = meter(&audit, MeterFunction::Total, MeterColor::Mono);
    assert_eq!(mono.exactness, Unproven);
    assert!(mono.source.checks.is_empty());
    let rules: Vec<&str> = audit
        .contradictions
        .iter()
        .map(|c| c.rule.as_str())
        .collect();
    assert_eq!(rules, ["total = mono + color"]);
}

#[test]
fn pages_that_come_out_during_the_read_are_neither_support_nor_contradiction() {
    let audit = audit(ACME, &[(1, 5_003), (2, 3_800), (4, 1_200)]);
    assert_eq!(total_mono_color(&audit)[1], Unproven);
    assert!(audit.contradictions.is_empty());
}

#[test]
fn a_reading_does_not_support_itself() {
    // The copies are computed from the very total that they would make up.
    let audit = audit(ACME, &[(1, 5_000), (5, 3_000)]);
    let copy = meter(&audit, MeterFunction::Copy, MeterColor::Any);
    assert_eq!((copy.value, copy.exactness), (2_000, Unproven));
}

#[test]
fn a_whole_is_believed_by_its_proved_parts() {
    let definitions = ACME.replace("ACME-MIB acmePrint\"", "one public source: a forum\"");
    let audit = audit(&definitions, &[(5, 5_000), (6, 3_000), (7, 2_000)]);
    let print = meter(&audit, MeterFunction::Print, MeterColor::Any);
    assert_eq!(print.exactness, Exact);
    assert_eq!(print.source.checks.len(), 1);
}

#[test]
fn the_engines_own_count_lets_an_equal_total_be_assumed() {
    let life_count = |total, life: u32| {
        let engine = "1.3.6.1.2.1.43.10.2.1";
        let mut answers = Answers::default();
        let enterprise = "1.3.6.1.4.1.55555".parse().expect("an OID");
        for (name, value) in [
            ("1.3.6.1.2.1.1.2.0", Value::ObjectIdentifier(enterprise)),
            ("1.3.6.1.4.1.55555.1.1.0", Value::Counter32(total)),
            (&format!("{engine}.3.1.1"), Value::Integer(7)),
            (&format!("{engine}.4.1.1"), Value::Counter32(life)),
        ] {
            answers.insert(varbind(name, value));
        }
        let audit = read(&unproven_total(), &answers);
        let total = meter(&audit, MeterFunction::Total, MeterColor::Any);
        assert_eq!(total.unit, CounterUnit::Impressions);
        assert_eq!(total.source.witnesses.len(), 1);
        (total.exactness, audit.contradictions.len())
    };
    assert_eq!(life_count(5_000, 5_000), (Assumed, 0));
    assert_eq!(life_count(5_000, 5_400), (Unproven, 0));
    assert_eq!(life_count(500, 500), (Unproven, 0));
    assert_eq!(life_count(5_000, 50_000), (Unproven, 1));
}

#[test]
fn a_text_is_believed_when_a_proved_object_says_the_same() {
    let firmware = |own: &str, proved: &str| {
        let enterprise = "1.3.6.1.4.1.55555".parse().expect("an OID");
        let text = |text: &str| Value::OctetString(text.as_bytes().to_vec());
        let answers: Answers = [
            varbind("1.3.6.1.2.1.1.2.0", Value::ObjectIdentifier(enterprise)),
            varbind("1.3.6.1.4.1.55555.1.9.0", text(own)),
            varbind("1.3.6.1.4.1.55555.1.10.0", text(proved)),
        ]
        .into_iter()
        .collect();
        let source = read(ACME, &answers).identity.sources["firmware"].clone();
        (
            source.rule.name.to_string(),
            source.unproven,
            source.checks.len(),
        )
    };
    let rule = "acme.firmware@site".to_owned();
    assert_eq!(firmware("2.10.4", "2.10.4"), (rule.clone(), false, 1));
    assert_eq!(firmware("2.10.4", "2.10.5"), (rule, true, 0));
}

proptest! {
    /// Whatever the numbers are: who is believed without a proved row has checks whose numbers add
    /// up, and who is not has none.
    #[test]
    fn support_is_always_shown_and_true(
        parts in prop::collection::vec(0_u32..3_000, 4),
        off in 0_u32..3,
    ) {
        let [mono, color, print, copy] = parts.as_slice() else { unreachable!("four") };
        let total = mono + color + off;
        let audit = audit(ACME, &[(1, total), (2, *mono), (3, *color), (5, *print), (8, *copy)]);
        for meter in &audit.meters {
            let proved = matches!(meter.source.rule.name.as_str(), "acme.total@site" | "acme.print@site");
            prop_assert_eq!(meter.source.unproven, meter.exactness == Unproven);
            prop_assert_eq!(meter.source.checks.is_empty(), proved || meter.source.unproven);
            prop_assert!(meter.value >= 100 || proved || meter.source.unproven);
        }
        let supported = meter(&audit, MeterFunction::Total, MeterColor::Mono).exactness == Assumed;
        prop_assert!(!supported || (off == 0 && *mono >= 100 && *color >= 100 && total >= 1_000));
    }
}
