//! A short cut for documents in the form that our own [`Writer`](crate::Writer) writes.
//!
//! An agent's submission is megabytes of XML that one of our writers made: no prefixes, no comments,
//! no CDATA, one blank before an attribute, seven escapes. This reader takes that form and nothing
//! else, some ten times as fast as a general parser. Whatever is not exactly so, and whatever is over
//! a limit, it leaves to the guarded parser, which alone says what is wrong with a document. So it
//! adds no language: all that it reads, the parser reads to the same tree (a property test and a
//! fuzz target hold them against each other).

use crate::flat::{Flat, Local, Namespace, Span};
use crate::reader::Limits;

/// Reads a document in plain form. Nothing where it is in another form or over a limit.
pub(crate) fn read_plain<'a>(bytes: &'a [u8], limits: &Limits) -> Option<Flat<'a>> {
    // The parser counts the declaration's namespaces in scope too.
    if bytes.len() > limits.bytes || limits.prefixes < 4 || bytes.first() != Some(&b'<') {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    Plain {
        text,
        at: 0,
        limits,
        parts: 2,
        flat: Flat::new(text)?,
    }
    .document()
}

struct Plain<'a, 'l> {
    text: &'a str,
    at: usize,
    limits: &'l Limits,
    /// Tags, attributes and runs of text so far, and the document's begin and end.
    parts: usize,
    flat: Flat<'a>,
}

/// An element whose end tag is still to come.
struct Open<'a> {
    number: usize,
    local: &'a str,
    /// The default namespace inside it.
    namespace: Namespace,
    /// Whether there is a child element in it, and a text of white space alone.
    child: bool,
    blank: bool,
}

impl<'a> Plain<'a, '_> {
    fn document(mut self) -> Option<Flat<'a>> {
        let mut open: Vec<Open<'a>> = Vec::new();
        loop {
            let closed = match self.rest() {
                [b'<', b'/', ..] => {
                    self.at += 2;
                    let closed = open.pop()?;
                    self.eat(closed.local)?;
                    self.eat(">")?;
                    self.count(1)?;
                    self.flat.end(closed.number, closed.child && closed.blank)?;
                    true
                }
                [b'<', ..] => {
                    self.at += 1;
                    let around = open.last_mut().map_or(Namespace::NONE, |around| {
                        around.child = true;
                        around.namespace
                    });
                    let (started, empty) = self.start(around)?;
                    if open.len() >= self.limits.depth {
                        return None;
                    }
                    if empty {
                        self.count(1)?;
                    } else {
                        open.push(started);
                    }
                    empty
                }
                _ => {
                    let run = self.run::<b'<'>(self.limits.text)?;
                    self.count(1)?;
                    open.last_mut()?.blank |= self.flat.put_text(run);
                    false
                }
            };
            if closed && open.is_empty() {
                return (self.at == self.text.len()).then_some(self.flat);
            }
        }
    }

    /// A start tag behind its `<`, and whether it is an empty element's.
    fn start(&mut self, inherited: Namespace) -> Option<(Open<'a>, bool)> {
        let (local, place) = self.name()?;
        let mut namespace = inherited;
        let mut declared = false;
        let first = self.flat.attributes();
        self.count(1)?;
        let empty = loop {
            match self.rest() {
                [b' ', ..] => self.at += 1,
                [b'>', ..] => {
                    self.at += 1;
                    break false;
                }
                [b'/', b'>', ..] => {
                    self.at += 2;
                    break true;
                }
                _ => return None,
            }
            let (name, place) = self.name()?;
            self.eat("=\"")?;
            let value = self.run::<b'"'>(self.limits.attribute_value)?;
            self.at += 1;
            self.count(1)?;
            let known = self.flat.attributes() - first + usize::from(declared);
            if known >= self.limits.attributes {
                return None;
            }
            if name == "xmlns" {
                if declared || is_reserved(self.flat.text(value)) {
                    return None;
                }
                declared = true;
                namespace = self.flat.namespace(value, inherited)?;
            } else {
                if name.starts_with("xml") {
                    return None;
                }
                self.flat.attribute(first, place, value)?;
            }
        };
        let open = Open {
            number: self.flat.begin(place, namespace, first)?,
            local,
            namespace,
            child: false,
            blank: false,
        };
        Some((open, empty))
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, token: &str) -> Option<()> {
        let found = self.rest().starts_with(token.as_bytes());
        found.then(|| self.at += token.len())
    }

    fn count(&mut self, parts: usize) -> Option<()> {
        self.parts += parts;
        (self.parts <= self.limits.events).then_some(())
    }

    /// A name of ASCII letters, digits, `_`, `-` and `.`, as the writer makes them.
    fn name(&mut self) -> Option<(&'a str, Local)> {
        let rest = self.rest();
        let length = rest.iter().position(|b| !OF_NAMES[usize::from(*b)])?;
        let first = rest.first()?;
        if !(first.is_ascii_alphabetic() || *first == b'_') || length > self.limits.name {
            return None;
        }
        let place = self.at..self.at + length;
        let name = self.text.get(place.clone())?;
        self.at += length;
        Some((name, Local::read(place)?))
    }

    /// Characters up to `END`, which stays, with the writer's escapes undone.
    fn run<const END: u8>(&mut self, limit: usize) -> Option<Span> {
        let from = self.at;
        let limit = from.saturating_add(limit);
        match self.stop::<END>(limit)? {
            b'&' => {}
            _ => return Span::read(from..self.at),
        }
        // The texts are lent out meanwhile, so that this reader and they can be used side by side.
        let mut run = self.flat.begin_text();
        let mut from = from;
        loop {
            run.push_str(self.text.get(from..self.at)?);
            run.push(self.escape()?);
            from = self.at;
            if self.stop::<END>(limit)? != b'&' {
                run.push_str(self.text.get(from..self.at)?);
                return self.flat.end_text(run);
            }
        }
    }

    /// Goes on to `END` or an escape, whatever comes first, and answers it.
    fn stop<const END: u8>(&mut self, limit: usize) -> Option<u8> {
        loop {
            let stops = const { &stops(END) };
            let mut rest = self.rest().iter();
            self.at += rest.position(|b| stops[usize::from(*b)])?;
            // Escapes only shrink, so what stands there raw bounds what comes out.
            if self.at > limit {
                return None;
            }
            match *self.rest().first()? {
                special if special == END || special == b'&' => return Some(special),
                b'\n' | b'\t' if END == b'<' => self.at += 1,
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
        .find_map(|(token, character)| self.eat(token).map(|()| character))
    }
}

/// What does not simply stand for itself in a run up to `end`.
const fn stops(end: u8) -> [bool; 256] {
    let mut stops = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        stops[byte] = true;
        byte += 1;
    }
    stops[b'&' as usize] = true;
    stops[b'<' as usize] = true;
    stops[b'>' as usize] = true;
    stops[0xef] = true;
    stops[end as usize] = true;
    stops
}

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

/// Namespaces that XML itself binds, which nobody may declare, and two that the parser takes for them.
fn is_reserved(namespace: &str) -> bool {
    matches!(
        namespace,
        "http://www.w3.org/XML/1998/namespace" | "http://www.w3.org/2000/xmlns/" | "xml" | "xmlns"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::read_general;
    use crate::{Attribute, Document, Element, View, Writer};
    use proptest::prelude::*;

    /// Both readers agree on whatever the short cut takes; says whether it took it.
    fn agree(bytes: &[u8], limits: &Limits) -> bool {
        let Some(plain) = read_plain(bytes, limits) else {
            return false;
        };
        let general = read_general(bytes, None, limits);
        let tree = plain.to_element();
        assert!(alike(Document::from(plain).root(), &tree));
        assert_eq!(general, Ok(tree), "{}", String::from_utf8_lossy(bytes));
        true
    }

    /// Whether a document shows what a tree holds.
    fn alike(view: View<'_>, tree: &Element) -> bool {
        let attribute = |attribute: &Attribute| {
            view.attribute(attribute.name.local()) == Some(attribute.value.as_str())
        };
        view.is(tree.name().namespace(), tree.name().local())
            && view.text() == tree.text()
            && view.attribute("no such name").is_none()
            && tree.attributes().iter().all(attribute)
            && view.children().count() == tree.children().count()
            && view
                .children()
                .zip(tree.children())
                .all(|(view, tree)| alike(view, tree))
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
            "<a xmlns=\"xml\"/>",
            "<a xmlns=\"xmlns\"/>",
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
