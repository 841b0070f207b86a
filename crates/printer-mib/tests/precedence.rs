//! Who is believed, as a table: a site's rows before shipped ones, then the lower rank, then the more
//! specific family, then the first row. Each case is tried with its files in both orders.

mod support;

use pagetally_printer_mib::Definitions;
use pagetally_snmp_engine::{Answers, Recording};
use support::context;

/// A device whose total is told five times: by the print engine, by the maker's meter, by the maker's
/// table of sizes (as its own key), and by two objects that only a site's rows read.
const DEVICE: &str = "\
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41\n\
1.3.6.1.2.1.43.5.1.1.17.1|4|STANDARD\n\
1.3.6.1.2.1.43.10.2.1.4.1.1|65|100\n\
1.3.6.1.4.1.1347.43.5.1.1.28.1|4|MAKER\n\
1.3.6.1.4.1.1347.43.10.1.1.12.1.1|65|200\n\
1.3.6.1.4.1.1347.1.0|65|300\n\
1.3.6.1.4.1.1347.2.0|65|400\n\
1.3.6.1.4.1.1347.3.0|4|SITE\n";

/// A device whose total stands in a table of labels.
const LABELLED: &str = "\
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.253.8.62.1.1\n\
1.3.6.1.2.1.43.10.2.1.4.1.1|65|100\n\
1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.1|65|200\n\
1.3.6.1.4.1.253.8.53.13.2.1.8.1.20.1|4|Total Impressions\n\
1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.99|65|300\n\
1.3.6.1.4.1.253.8.53.13.2.1.8.1.20.99|4|Total Impressions of the site\n";

fn answers(text: &str) -> Answers {
    let recording = Recording::parse(text.as_bytes()).expect("a valid recording");
    recording.to_answers()
}

/// The head of a file; `of` is the sysObjectID that the family matches, or nothing where it is known.
fn head(family: &str, of: Option<&str>) -> String {
    let matching = of.map_or(String::new(), |of| {
        format!("[match]\nobject_ids = [\"{of}\"]\n")
    });
    format!("format = 1\nfamily = \"{family}\"\nversion = 9\n{matching}")
}

/// A row that reads the total at 1347.`arc`.0.
fn total(rule: &str, arc: u32, more: &str) -> String {
    format!(
        "[[number]]\nrule = \"{rule}\"\noid = \"1.3.6.1.4.1.1347.{arc}.0\"\n\
         meter = {{ function = \"total\" }}\n{more}\nreason = \"a reason\"\nproof = \"RFC 3805\"\n"
    )
}

/// The total and the rule that read it.
type Outcome = (u64, &'static str);

/// What happens, the files, and who is believed: in this order, and in the reverse.
struct Case {
    what: &'static str,
    device: &'static str,
    files: Vec<String>,
    outcomes: [Outcome; 2],
}

fn cases() -> Vec<Case> {
    let kyocera = || head("kyocera", None);
    let new = || head("testing", Some("1.3.6.1.4.1.1347"));
    let same = |outcome: Outcome| [outcome, outcome];
    let case = |what, files: &[String], outcomes| Case {
        what,
        device: DEVICE,
        files: files.to_vec(),
        outcomes,
    };
    let disable = |rule: &str| format!("{}disable = [\"{rule}\"]\n", kyocera());
    vec![
        case(
            "the maker's meter before the engine's count",
            &[],
            same((200, "kyocera.billed-total")),
        ),
        case(
            "a site's row before every shipped one, whatever its rank",
            &[new() + &total("weak", 1, "rank = 99")],
            same((300, "testing.weak@site")),
        ),
        case(
            "a site's row of the same name in the shipped row's place",
            &[kyocera() + &total("billed-total", 1, "")],
            same((300, "kyocera.billed-total@site")),
        ),
        case(
            "a disabled row says nothing",
            &[disable("billed-total")],
            same((100, "rfc3805.life-count-as-total-unit-unknown")),
        ),
        case(
            "the lower rank among a site's rows",
            &[kyocera() + &total("second", 1, "rank = 5") + &total("first", 2, "rank = 4")],
            same((400, "kyocera.first@site")),
        ),
        case(
            "the lower rank across a site's files",
            &[
                new() + &total("weak", 1, "rank = 99"),
                kyocera() + &total("first", 2, "rank = 4"),
            ],
            same((400, "kyocera.first@site")),
        ),
        case(
            "the more specific family where ranks are equal",
            &[
                head("general", Some("1.3.6.1.4.1.1347")) + &total("row", 1, ""),
                head("specific", Some("1.3.6.1.4.1.1347.41")) + &total("row", 2, ""),
            ],
            same((400, "specific.row@site")),
        ),
        case(
            "the lower rank before the more specific family",
            &[
                head("general", Some("1.3.6.1.4.1.1347")) + &total("row", 1, "rank = 19"),
                head("specific", Some("1.3.6.1.4.1.1347.41")) + &total("row", 2, ""),
            ],
            same((300, "general.row@site")),
        ),
        case(
            "the first row where everything is equal",
            &[new() + &total("one", 1, "") + &total("two", 2, "")],
            same((300, "testing.one@site")),
        ),
        case(
            "the later file where two replace one row",
            &[
                kyocera() + &total("billed-total", 1, ""),
                kyocera() + &total("billed-total", 2, ""),
            ],
            [
                (400, "kyocera.billed-total@site"),
                (300, "kyocera.billed-total@site"),
            ],
        ),
        case(
            "the file that comes later where two equals add rows to one family",
            &[
                kyocera() + &total("one", 1, ""),
                kyocera() + &total("two", 2, ""),
            ],
            [(400, "kyocera.two@site"), (300, "kyocera.one@site")],
        ),
        case(
            "a file drops only what came before it",
            &[kyocera() + &total("one", 1, ""), disable("one")],
            [(200, "kyocera.billed-total"), (300, "kyocera.one@site")],
        ),
        Case {
            what: "the row of a shipped table",
            device: LABELLED,
            files: vec![],
            outcomes: same((200, "xerox.usage.total-impressions")),
        },
        Case {
            what: "a site's row in place of one row of a shipped table",
            device: LABELLED,
            files: vec![
                head("xerox", None)
                    + "[[table]]\nrule = \"usage\"\nmax_rows = 64\nreason = \"r\"\n\
                       proof = \"RFC 3805\"\n[table.columns]\n\
                       value = \"1.3.6.1.4.1.253.8.53.13.2.1.6.1.20\"\n\
                       [[table.number]]\nrule = \"total-impressions\"\nindex = \"99\"\n\
                       meter = { function = \"total\" }\nreason = \"r\"\n",
            ],
            outcomes: same((300, "xerox.usage.total-impressions@site")),
        },
    ]
}

#[test]
fn precedence_is_a_table() {
    for case in cases() {
        let device = answers(case.device);
        let forwards = case.files.clone();
        let backwards = case.files.iter().rev().cloned().collect();
        for (files, (value, rule)) in [forwards, backwards].into_iter().zip(case.outcomes) {
            let named = files.iter().enumerate();
            let named = named.map(|(place, text)| (format!("{place}.toml"), text));
            let definitions = Definitions::with_overrides(named)
                .unwrap_or_else(|error| panic!("{}: {error}", case.what));
            let audit = pagetally_printer_mib::decode(&device, &context(), &definitions);
            let meter = support::total(&audit).expect("a total");
            let found = (meter.value, meter.source.rule.name.as_str());
            assert_eq!(found, (value, rule), "{}", case.what);
            // The version is of the file that the row stands in.
            let of_site = rule.ends_with("@site");
            assert_eq!(meter.source.rule.version == 9, of_site, "{}", case.what);
        }
    }
}

#[test]
fn identity_has_the_same_precedence() {
    let device = answers(DEVICE);
    let serial = |rank: u32, field: &str| {
        let row = format!(
            "[[identity]]\nrule = \"row\"\nfield = \"{field}\"\noid = \"1.3.6.1.4.1.1347.3.0\"\n\
             rank = {rank}\nreason = \"a reason\"\nproof = \"RFC 3805\"\n"
        );
        head("testing", Some("1.3.6.1.4.1.1347")) + &row
    };
    let disable = format!("{}disable = [\"serial-number\"]\n", head("kyocera", None));
    for (what, files, value, rule) in [
        (
            "the maker's own object",
            vec![],
            "MAKER",
            "kyocera.serial-number",
        ),
        (
            "a site's row",
            vec![serial(99, "serial")],
            "SITE",
            "testing.row@site",
        ),
        (
            "the standard's, where the maker's row is disabled",
            vec![disable],
            "STANDARD",
            "rfc3805.prtGeneralSerialNumber",
        ),
        (
            "another field's row changes nothing",
            vec![serial(1, "asset")],
            "MAKER",
            "kyocera.serial-number",
        ),
    ] {
        let named = files.iter().map(|text| ("site.toml", text));
        let definitions = Definitions::with_overrides(named).expect("valid");
        let identity = pagetally_printer_mib::identify(&device, &definitions);
        let found = identity.serial.as_ref().map(|serial| serial.as_str());
        assert_eq!(found, Some(value), "{what}");
        let source = identity.sources.get("serial").expect("its source");
        assert_eq!(source.rule.name.as_str(), rule, "{what}");
    }
}
