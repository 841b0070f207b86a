//! A story as a terminal shows it: 80 columns, a word in front of each line.

use super::story::{Explanation, Story};
use pagetally_model::{Provenance, RawKind, RawValue, RuleId, Source};
use serde_json::Value;
use std::fmt;

/// Where lines end.
const WIDTH: usize = 80;
/// Where what is told begins, behind the word in front.
const INDENT: usize = 13;
/// Sources of sources are told this deep; no rule nests more than twice.
const DEPTH: usize = 4;
/// A raw value longer than this is cut; the JSON has all of it.
const RAW: usize = 320;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self
            .address
            .map_or(String::new(), |a| format!(" at {}", a.ip()));
        let mut page = Page::default();
        page.line(0, &format!("{}{place}", self.device));
        page.line(0, &format!("audit {}, read {}", self.audit, self.time));
        for story in &self.readings {
            page.blank();
            story.print(&mut page, self);
        }
        if !self.contradictions.is_empty() {
            page.blank();
            page.line(0, "contradictions that these readings stand in");
            for found in &self.contradictions {
                page.line(2, &format!("{}: {}", found.rule, found.detail));
            }
        }
        if !self.also.is_empty() {
            page.blank();
            page.line(0, &format!("below it: {}", self.also.join(", ")));
        }
        f.write_str(&page.text)
    }
}

impl Story {
    fn print(&self, page: &mut Page, whole: &Explanation) {
        let value = value_words(&self.value, self.unit.as_deref());
        page.line(0, &format!("{} = {value}", self.path));
        if let Some(trust) = &self.exactness {
            page.told("exactness", &format!("{}: {}", trust.word, trust.meaning));
        }
        match (&self.provenance, &self.source) {
            (Some(provenance), _) => self.print_provenance(page, provenance, whole),
            (None, Some(source)) => self.print_source(page, "from", source, 0),
            (None, None) if self.related.is_empty() && self.rules.is_empty() => {
                page.told(
                    "from",
                    "nothing of its own: it follows from what stands beside it",
                );
            }
            (None, None) => {}
        }
        for (at, related) in self.related.iter().enumerate() {
            page.told(if at == 0 { "about" } else { "" }, related);
        }
        if self.provenance.is_none() {
            for (name, rule) in &self.rules {
                let rule = RuleId {
                    name: name.as_str().into(),
                    version: rule.version,
                };
                self.print_rule(page, &rule);
            }
        }
    }

    fn print_provenance(&self, page: &mut Page, provenance: &Provenance, whole: &Explanation) {
        self.print_source(page, "from", &provenance.source, 0);
        self.print_rule(page, &provenance.rule);
        for (at, check) in provenance.checks.iter().enumerate() {
            page.told(if at == 0 { "checked by" } else { "" }, check.as_str());
        }
        if self.read_at != whole.time {
            let at = format!("{}, and taken over since", self.read_at);
            page.told("read", &at);
        }
        for witness in &provenance.witnesses {
            let by = format!("{} by {}", witness.value, rule_words(&witness.rule));
            page.told("not used", &by);
            self.print_source(page, "", &witness.source, 0);
            page.told("", &format!("lost because: {}", witness.reason));
        }
    }

    fn print_rule(&self, page: &mut Page, rule: &RuleId) {
        page.told("rule", &rule_words(rule));
        let Some(story) = self.rules.get(rule.name.as_str()) else {
            return;
        };
        if let Some(version) = story.version_at_hand {
            let now = format!("what follows is of version {version}, which is at hand here");
            page.told("", &now);
        }
        match &story.reason {
            Some(reason) => page.told("reason", reason),
            None => page.told("reason", "not known to the definitions at hand"),
        }
        if let Some(proof) = &story.proof {
            let word = match story.proved_by {
                Some("standard") => "defined in",
                _ => "proof",
            };
            page.told(word, proof);
        }
    }

    fn print_source(&self, page: &mut Page, word: &str, source: &Source, depth: usize) {
        match source {
            Source::Snmp { oid, raw } => {
                page.told_at(depth, word, &format!("SNMP {oid}"));
                if let Some(object) = self.objects.get(&oid.to_string()) {
                    let words = match &object.name {
                        Some(name) => format!("{name} ({})", object.defined_in),
                        None => object.defined_in.clone(),
                    };
                    page.told_at(depth, "", &words);
                }
                page.told_at(depth, "", &raw_words(raw));
                if let Some(text) = readable(raw) {
                    page.told_at(depth, "", &format!("as text: {text}"));
                }
            }
            Source::Derived { formula, inputs } => {
                page.told_at(depth, word, &format!("computed: {formula}"));
                for input in inputs {
                    page.told_at(
                        depth,
                        "",
                        &format!("where {} = {}", input.name, input.value),
                    );
                    if depth < DEPTH {
                        self.print_source(page, "", &input.source, depth + 1);
                    }
                }
            }
            Source::Compared { earlier, values } => {
                let when = format!("this audit, held against that of {}", earlier.wall);
                page.told_at(depth, word, &when);
                for value in values {
                    for (time, said) in [("then", &value.earlier), ("now", &value.now)] {
                        let Some(said) = said else {
                            page.told_at(depth, "", &format!("{} {time}: nothing", value.name));
                            continue;
                        };
                        let words = format!("{} {time}: {}", value.name, said.value);
                        page.told_at(depth, "", &words);
                        if depth < DEPTH {
                            self.print_source(page, "", &said.source, depth + 1);
                        }
                    }
                }
            }
            other => page.told_at(depth, word, &super::source_words(other)),
        }
    }
}

fn rule_words(rule: &RuleId) -> String {
    format!("{}, version {}", rule.name, rule.version)
}

fn raw_words(raw: &RawValue) -> String {
    let text: &str = &raw.text;
    let shown: String = text.chars().take(RAW).collect();
    let rest = text.chars().count().saturating_sub(RAW);
    let cut = match rest {
        0 => String::new(),
        rest => format!("... and {rest} more characters"),
    };
    match raw.kind {
        RawKind::OctetString => format!("raw {}: \"{shown}{cut}\"", raw.kind),
        _ => format!("raw {}: {shown}{cut}", raw.kind),
    }
}

/// Octets in hexadecimal whose greater part is text: that text, with dots for the rest.
fn readable(raw: &RawValue) -> Option<String> {
    if raw.kind != RawKind::OctetStringHex {
        return None;
    }
    let digits: &str = &raw.text;
    let octets: Vec<u8> = digits
        .as_bytes()
        .chunks_exact(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .take(RAW)
        .collect();
    let printable = |octet: &&u8| (0x20..0x7f).contains(*octet);
    let count = octets.iter().filter(printable).count();
    (count * 2 > octets.len()).then(|| {
        octets
            .iter()
            .map(|octet| match octet {
                0x20..0x7f => char::from(*octet),
                _ => '.',
            })
            .collect()
    })
}

/// A value in words.
pub(super) fn value_words(value: &Value, unit: Option<&str>) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match unit {
            Some(unit) => format!("{number} {}", unit.replace('-', " ")),
            None => number.to_string(),
        },
        Value::Object(fields) => {
            let get = |name: &str| fields.get(name).map(|part| value_words(part, None));
            if let (Some(what), Some(after), Some(by)) = (
                get("what"),
                fields.get("after").and_then(|a| a.get("wall")),
                fields.get("by").and_then(|b| b.get("wall")),
            ) {
                let (after, by) = (value_words(after, None), value_words(by, None));
                return format!("{what}, after {after} and by {by}");
            }
            let mut words = get("state").unwrap_or_default();
            if let Some(percent) = get("percent") {
                words += &format!(", {percent} percent");
            }
            let unit = unit.map_or(String::new(), |unit| format!(" {}", unit.replace('-', " ")));
            match (get("amount"), get("capacity")) {
                (Some(amount), Some(capacity)) => {
                    words += &format!(", {amount} of {capacity}{unit}");
                }
                (Some(amount), None) => words += &format!(", {amount}{unit}"),
                _ => {}
            }
            words
        }
        Value::Array(parts) if parts.is_empty() => "none".to_owned(),
        Value::Array(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| value_words(part, None)).collect();
            parts.join(", ")
        }
        Value::Null => "nothing".to_owned(),
        Value::Bool(is) => is.to_string(),
    }
}

/// Lines of at most [`WIDTH`] characters.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn blank(&mut self) {
        self.text.push('\n');
    }

    /// One line, continued with two blanks more in front.
    fn line(&mut self, indent: usize, words: &str) {
        self.wrapped(&" ".repeat(indent), indent + 2, words);
    }

    fn told(&mut self, word: &str, words: &str) {
        self.told_at(0, word, words);
    }

    /// What is told behind a word, `depth` steps to the right.
    fn told_at(&mut self, depth: usize, word: &str, words: &str) {
        let head = format!("  {word:<width$}{}", "  ".repeat(depth), width = INDENT - 2);
        let indent = head.chars().count();
        self.wrapped(&head, indent, words);
    }

    /// Breaks between words where it can, inside one that is longer than a line where it must.
    fn wrapped(&mut self, head: &str, indent: usize, words: &str) {
        let mut column = head.chars().count();
        self.text.push_str(head);
        let mut begun = false;
        for word in words.split([' ', '\n']) {
            let mut length = word.chars().count();
            let blank = usize::from(begun);
            if begun && column + blank + length > WIDTH {
                self.next_line(indent);
                column = indent;
            } else if begun {
                self.text.push(' ');
                column += 1;
            }
            let mut rest = word;
            while column + length > WIDTH {
                let room = WIDTH.saturating_sub(column).max(1);
                let at = rest
                    .char_indices()
                    .nth(room)
                    .map_or(rest.len(), |(at, _)| at);
                let (now, later) = rest.split_at(at);
                self.text.push_str(now);
                if later.is_empty() {
                    rest = later;
                    length = 0;
                    break;
                }
                self.next_line(indent);
                column = indent;
                rest = later;
                length = rest.chars().count();
            }
            self.text.push_str(rest);
            column += length;
            begun = true;
        }
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    fn next_line(&mut self, indent: usize) {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
        self.text.push_str(&" ".repeat(indent));
    }
}
