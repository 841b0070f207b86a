//! A short cut for documents in the form that our own [`Writer`](crate::Writer) writes.
//!
//! An agent's submission is megabytes of XML that one of our writers made: no prefixes, no comments,
//! no CDATA, one blank before an attribute, seven escapes. This reader takes that form and nothing
//! else, some ten times as fast as a general parser. Whatever is not exactly so, and whatever is over
//! a limit, it leaves to the guarded parser, which alone says what is wrong with a document. So it
//! adds no language: all that it reads, the parser reads to the same tree (a property test and a
//! fuzz target hold them against each other).

use crate::element::{Attribute, Element, Name, Node};
use crate::reader::{Limits, tidy};
use std::collections::HashSet;
use std::sync::Arc;

/// Reads a document in plain form. Nothing where it is in another form or over a limit.
pub(crate) fn read_plain(bytes: &[u8], limits: &Limits) -> Option<Element> {
    // The parser counts the declaration's namespaces in scope too.
    if bytes.len() > limits.bytes || limits.prefixes < 4 || bytes.first() != Some(&b'<') {
        return None;
    }
    Plain {
        text: std::str::from_utf8(bytes).ok()?,
        at: 0,
        limits,
        parts: 2,
        names: HashSet::new(),
        recent: [const { None }; RECENT],
    }
    .document()
}

struct Plain<'a> {
    text: &'a str,
    at: usize,
    limits: &'a Limits,
    /// Tags, attributes and runs of text so far, and the document's begin and end.
    parts: usize,
    /// Names repeat; each is kept once.
    names: HashSet<Arc<str>>,
    /// Those that came last, by what is quickly seen of them: a document has some eighty names, and
    /// hundreds of thousands of places where they stand.
    recent: [Option<Arc<str>>; RECENT],
}

const RECENT: usize = 256;

/// An element whose end tag is still to come.
struct Open<'a> {
    element: Element,
    local: &'a str,
    /// The default namespace inside it.
    namespace: Option<Arc<str>>,
}

impl<'a> Plain<'a> {
    fn document(mut self) -> Option<Element> {
        let mut open: Vec<Open<'a>> = Vec::new();
        loop {
            let done = if self.eat("</") {
                let mut closed = open.pop()?;
                if !(self.eat(closed.local) && self.eat(">")) {
                    return None;
                }
                self.count(1)?;
                tidy(&mut closed.element.nodes);
                Some(closed.element)
            } else if self.eat("<") {
                let inherited = open.last().and_then(|open| open.namespace.clone());
                let (started, empty) = self.start(inherited)?;
                if open.len() >= self.limits.depth {
                    return None;
                }
                if empty {
                    self.count(1)?;
                    Some(started.element)
                } else {
                    open.push(started);
                    None
                }
            } else {
                let run = self.run(b'<', self.limits.text)?;
                if run.is_empty() {
                    return None;
                }
                self.count(1)?;
                open.last_mut()?.element.nodes.push(Node::Text(run));
                None
            };
            if let Some(element) = done {
                match open.last_mut() {
                    Some(parent) => parent.element.nodes.push(Node::Element(element)),
                    None if self.at == self.text.len() => return Some(element),
                    None => return None,
                }
            }
        }
    }

    /// A start tag behind its `<`, and whether it is an empty element's.
    fn start(&mut self, inherited: Option<Arc<str>>) -> Option<(Open<'a>, bool)> {
        let local = self.name()?;
        let mut namespace = inherited;
        let mut attributes: Vec<Attribute> = Vec::new();
        let mut declared = false;
        self.count(1)?;
        let empty = loop {
            if self.eat("/>") {
                break true;
            }
            if self.eat(">") {
                break false;
            }
            if !self.eat(" ") {
                return None;
            }
            let name = self.name()?;
            if !self.eat("=\"") {
                return None;
            }
            let value = self.run(b'"', self.limits.attribute_value)?;
            self.at += 1;
            self.count(1)?;
            if attributes.len() + usize::from(declared) >= self.limits.attributes {
                return None;
            }
            if name == "xmlns" {
                if declared || is_reserved(&value) {
                    return None;
                }
                declared = true;
                namespace = (!value.is_empty()).then(|| self.shared(&value));
            } else {
                if name.starts_with("xml") || attributes.iter().any(|a| a.name.local() == name) {
                    return None;
                }
                let name = Name {
                    namespace: None,
                    local: self.shared(name),
                };
                attributes.push(Attribute { name, value });
            }
        };
        let element = Element {
            name: Name {
                namespace: namespace.clone(),
                local: self.shared(local),
            },
            attributes,
            nodes: Vec::new(),
        };
        let open = Open {
            element,
            local,
            namespace,
        };
        Some((open, empty))
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token.as_bytes());
        if found {
            self.at += token.len();
        }
        found
    }

    fn count(&mut self, parts: usize) -> Option<()> {
        self.parts += parts;
        (self.parts <= self.limits.events).then_some(())
    }

    /// A name of ASCII letters, digits, `_`, `-` and `.`, as the writer makes them.
    fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let length = rest.iter().position(|b| !OF_NAMES[usize::from(*b)])?;
        let first = rest.first()?;
        if !(first.is_ascii_alphabetic() || *first == b'_') || length > self.limits.name {
            return None;
        }
        let name = self.text.get(self.at..self.at + length)?;
        self.at += length;
        Some(name)
    }

    /// Characters up to `end`, which stays, with the writer's escapes undone.
    fn run(&mut self, end: u8, limit: usize) -> Option<String> {
        let mut run = String::new();
        let mut from = self.at;
        let limit = self.at.saturating_add(limit);
        loop {
            let length = self
                .rest()
                .iter()
                .position(|&b| b == end || SPECIAL[usize::from(b)])?;
            self.at += length;
            // Escapes only shrink, so what stands there raw bounds what comes out.
            if self.at > limit {
                return None;
            }
            let special = *self.rest().first()?;
            if special == end {
                run.push_str(self.text.get(from..self.at)?);
                return Some(run);
            }
            match special {
                b'&' => {
                    run.push_str(self.text.get(from..self.at)?);
                    run.push(self.escape()?);
                    from = self.at;
                }
                b'\n' | b'\t' if end == b'<' => self.at += 1,
                // The first byte of U+FFFE and U+FFFF, among many that are characters of XML.
                0xef if !matches!(self.rest(), [_, 0xbf, 0xbe | 0xbf, ..]) => self.at += 3,
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        [
            ("&amp;", '&'),
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("&quot;", '"'),
            ("&#13;", '\r'),
            ("&#10;", '\n'),
            ("&#9;", '\t'),
        ]
        .into_iter()
        .find_map(|(token, character)| self.eat(token).then_some(character))
    }

    fn shared(&mut self, text: &str) -> Arc<str> {
        let bytes = text.as_bytes();
        let [first, last] = [bytes.first(), bytes.last()].map(|byte| byte.copied().unwrap_or(0));
        let seen = bytes.len() * 37 + usize::from(first) * 5 + usize::from(last) * 11;
        let place = seen % RECENT;
        if let Some(Some(known)) = self.recent.get(place)
            && **known == *text
        {
            return Arc::clone(known);
        }
        let name = match self.names.get(text) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = text.into();
                self.names.insert(Arc::clone(&new));
                new
            }
        };
        if let Some(recent) = self.recent.get_mut(place) {
            *recent = Some(Arc::clone(&name));
        }
        name
    }
}

/// What does not simply stand for itself.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = true;
        byte += 1;
    }
    special[b'&' as usize] = true;
    special[b'<' as usize] = true;
    special[b'>' as usize] = true;
    special[0xef] = true;
    special
};

/// What names are made of.
const OF_NAMES: [bool; 256] = {
    let mut names = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        names[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        byte += 1;
    }
    names
};

/// Namespaces that XML itself binds; nobody may declare them.
fn is_reserved(namespace: &str) -> bool {
    matches!(
        namespace,
        "http://www.w3.org/XML/1998/namespace" | "http://www.w3.org/2000/xmlns/"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Writer;
    use crate::reader::read_general;
    use proptest::prelude::*;

    /// Both readers agree on whatever the short cut takes; says whether it took it.
    fn agree(bytes: &[u8], limits: &Limits) -> bool {
        let Some(plain) = read_plain(bytes, limits) else {
            return false;
        };
        let general = read_general(bytes, None, limits);
        assert_eq!(general, Ok(plain), "{}", String::from_utf8_lossy(bytes));
        true
    }

    fn check(text: &str, taken: bool) {
        assert_eq!(agree(text.as_bytes(), &Limits::default()), taken, "{text}");
    }

    #[test]
    fn the_writers_form_is_taken() {
        for text in [
            "<a/>",
            "<a xmlns=\"urn:x\" b=\"&lt;&quot;&amp;'&#10;&#9;&#13;&gt;\">&lt;&amp;&gt;&#13;\n\t</a>",
            "<a xmlns=\"urn:x\"><b/><c xmlns=\"\"><d/></c><b>é日𝄞\u{fffd}</b></a>",
            "<a>  <b/>  </a>",
            "<a>x<b/>y</a>",
            "<a>\u{85}\u{80}\u{7f}\u{2028}</a>",
            "<a b=\"\"></a>",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn every_other_form_is_left_to_the_parser() {
        for text in [
            "",
            "a",
            "<a>",
            "<a/><b/>",
            "<a/> ",
            " <a/>",
            "<a></b>",
            "<a ></a>",
            "<a  b=\"1\"/>",
            "<a b='1'/>",
            "<a b=\"1\" b=\"1\"/>",
            "<a b=\"<\"/>",
            "<a b=\"\n\"/>",
            "<p:a xmlns:p=\"urn:x\"/>",
            "<a xmlns:p=\"urn:x\"/>",
            "<a xml:lang=\"en\"/>",
            "<a xmlns=\"http://www.w3.org/2000/xmlns/\"/>",
            "<a xmlns=\"urn:x\" xmlns=\"urn:x\"/>",
            "<a>&#65;</a>",
            "<a>&apos;</a>",
            "<a>\r</a>",
            "<a>></a>",
            "<a>\u{1}</a>",
            "<a>\u{fffe}</a>",
            "<a><![CDATA[x]]></a>",
            "<a><!-- --></a>",
            "<?xml version=\"1.0\"?><a/>",
            "<!DOCTYPE a><a/>",
            "<1a/>",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn what_is_over_a_limit_is_left_to_the_parser() {
        let limits = Limits {
            bytes: 200,
            depth: 3,
            attributes: 2,
            events: 20,
            name: 5,
            attribute_value: 6,
            text: 7,
            prefixes: 8,
        };
        for (text, taken) in [
            ("<a><b><c/></b></a>".to_owned(), true),
            ("<a><b><c><d/></c></b></a>".to_owned(), false),
            ("<a b=\"\" c=\"\"/>".to_owned(), true),
            ("<a b=\"\" c=\"\" d=\"\"/>".to_owned(), false),
            (format!("<a>{}</a>", "<b/>".repeat(8)), true),
            (format!("<a>{}</a>", "<b/>".repeat(20)), false),
            ("<abcde/>".to_owned(), true),
            ("<abcdef/>".to_owned(), false),
            ("<a b=\"123456\"/>".to_owned(), true),
            ("<a b=\"1234567\"/>".to_owned(), false),
            ("<a>1234567</a>".to_owned(), true),
            ("<a>12345678</a>".to_owned(), false),
            (format!("<a>{}</a>", " ".repeat(200)), false),
        ] {
            assert_eq!(agree(text.as_bytes(), &limits), taken, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_the_writer_writes_is_taken(
            value in "\\PC*|[\\x00-\\x20<>&\"']*", text in "\\PC*|[\\x00-\\x20<>&\"']*"
        ) {
            let mut writer = Writer::new();
            writer.start("urn:x", "a").attribute("b", &value).child("c").text(&text);
            if let Ok(bytes) = writer.finish() {
                prop_assert!(agree(&bytes, &Limits::default()));
            }
        }

        #[test]
        fn both_readers_agree_on_whatever_is_taken(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "<a", "<b", "</a>", "</b>", "/>", ">", " ", "\"", "=", " c=\"", " xmlns=\"", "urn:x",
                    "&amp;", "&", "x", "\n", "\r", "]]>", "é", "\u{fffe}", "<a>", "<a/>", "\u{85}",
                ]), 0..20)
        ) {
            agree(parts.concat().as_bytes(), &Limits::default());
        }
    }
}
