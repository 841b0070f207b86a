//! Writing XML: nothing unescaped, nothing that XML 1.0 cannot carry, the same bytes every time.
//!
//! Our own few lines and not the parser crate's writer, because the contract freezes the bytes of
//! every message: they must not move when a dependency does.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::Arc;

/// Text that XML 1.0 has no way to carry, or a name that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A character outside XML 1.0's production 2, such as U+0000.
    #[error("{path}: U+{code:04X} cannot stand in an XML document")]
    Character {
        /// The elements from the root down, and the attribute.
        path: String,
        /// The character's code point.
        code: u32,
    },
    /// A value that the caller has no element or word for.
    #[error("{path}: {what} has no form in this version")]
    NoForm {
        /// The elements from the root down.
        path: String,
        /// What has none.
        what: &'static str,
    },
    /// A name that XML does not allow.
    #[error("{path}: {name:?} is no XML name")]
    Name {
        /// The elements from the root down.
        path: String,
        /// The beginning of the refused name.
        name: String,
    },
}

/// Writes one element and what is in it.
///
/// Elements are written in default namespaces, without prefixes. The first error is kept and given
/// back by [`finish`](Self::finish), so that a caller can write a long document without looking.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    open: Vec<Open>,
    in_tag: bool,
    prefixes: u32,
    error: Option<WriteError>,
}

#[derive(Debug)]
struct Open {
    /// Where the element's local name stands in the output.
    name: Range<usize>,
    namespace: Arc<str>,
}

impl Writer {
    /// A writer with nothing written.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens an element; an empty namespace means none.
    pub fn start(&mut self, namespace: &str, local: &str) -> &mut Self {
        self.close_tag();
        self.check_name(local);
        self.out.push(b'<');
        let name = self.out.len()..self.out.len() + local.len();
        self.out.extend_from_slice(local.as_bytes());
        self.in_tag = true;
        self.prefixes = 0;
        let inherited = self.open.last().map(|open| Arc::clone(&open.namespace));
        let namespace = match inherited {
            Some(inherited) if *inherited == *namespace => inherited,
            None if namespace.is_empty() => Arc::default(),
            _ => {
                self.out.extend_from_slice(b" xmlns=\"");
                self.escaped(namespace, true, "xmlns");
                self.out.push(b'"');
                namespace.into()
            }
        };
        self.open.push(Open { name, namespace });
        self
    }

    /// Opens an element by a prefix that is declared on it or around it; what stands in it without
    /// a prefix keeps the namespace from around it.
    pub(crate) fn prefixed(&mut self, prefix: &str, local: &str) -> &mut Self {
        self.close_tag();
        self.check_name(prefix);
        self.check_name(local);
        self.out.push(b'<');
        let from = self.out.len();
        self.out.extend_from_slice(prefix.as_bytes());
        self.out.push(b':');
        self.out.extend_from_slice(local.as_bytes());
        let name = from..self.out.len();
        self.in_tag = true;
        self.prefixes = 0;
        let inherited = self.open.last().map(|open| Arc::clone(&open.namespace));
        let namespace = inherited.unwrap_or_default();
        self.open.push(Open { name, namespace });
        self
    }

    /// Opens an element in the namespace of the one that it stands in.
    pub fn child(&mut self, local: &str) -> &mut Self {
        let inherited = self.open.last().map(|open| Arc::clone(&open.namespace));
        self.start(&inherited.unwrap_or_default(), local)
    }

    /// Adds an attribute without a namespace to the element just opened.
    ///
    /// # Panics
    ///
    /// Never; an attribute after text or a child would be lost, which debug builds assert.
    pub fn attribute(&mut self, local: &str, value: &str) -> &mut Self {
        self.attribute_in("", local, value)
    }

    /// Adds an attribute without a namespace whose value is what `value` shows, without a text in
    /// between.
    pub fn shown(&mut self, local: &str, value: &dyn fmt::Display) -> &mut Self {
        debug_assert!(self.in_tag, "attributes come before text and children");
        if !self.in_tag {
            return self;
        }
        self.check_name(local);
        self.out.push(b' ');
        self.out.extend_from_slice(local.as_bytes());
        self.out.extend_from_slice(b"=\"");
        let mut escaping = Escaping {
            writer: self,
            attribute: local,
        };
        // Nothing here fails, and a value that cannot be shown is cut off there.
        let _ = write!(escaping, "{value}");
        self.out.push(b'"');
        self
    }

    /// Adds an attribute in a namespace to the element just opened.
    pub fn attribute_in(&mut self, namespace: &str, local: &str, value: &str) -> &mut Self {
        debug_assert!(self.in_tag, "attributes come before text and children");
        if !self.in_tag {
            return self;
        }
        self.check_name(local);
        if namespace.is_empty() {
            self.out.push(b' ');
        } else {
            let prefix = format!("n{}", self.prefixes);
            self.prefixes += 1;
            self.out
                .extend_from_slice(format!(" xmlns:{prefix}=\"").as_bytes());
            self.escaped(namespace, true, local);
            self.out
                .extend_from_slice(format!("\" {prefix}:").as_bytes());
        }
        self.out.extend_from_slice(local.as_bytes());
        self.out.extend_from_slice(b"=\"");
        self.escaped(value, true, local);
        self.out.push(b'"');
        self
    }

    /// Declares a prefix on the element just opened, for a qualified name in its text.
    pub(crate) fn declare(&mut self, prefix: &str, namespace: &str) -> &mut Self {
        self.out
            .extend_from_slice(format!(" xmlns:{prefix}=\"").as_bytes());
        self.escaped(namespace, true, prefix);
        self.out.push(b'"');
        self
    }

    /// Adds `xml:lang`, whose prefix is bound by XML itself.
    pub(crate) fn language(&mut self, language: &str) -> &mut Self {
        self.out.extend_from_slice(b" xml:lang=\"");
        self.escaped(language, true, "xml:lang");
        self.out.push(b'"');
        self
    }

    /// Adds text to the innermost open element.
    pub fn text(&mut self, text: &str) -> &mut Self {
        if !text.is_empty() {
            self.close_tag();
            self.escaped(text, false, "");
        }
        self
    }

    /// Closes the innermost open element.
    pub fn end(&mut self) -> &mut Self {
        if let Some(open) = self.open.pop() {
            if self.in_tag {
                self.out.extend_from_slice(b"/>");
                self.in_tag = false;
            } else {
                self.out.extend_from_slice(b"</");
                self.out.extend_from_within(open.name);
                self.out.push(b'>');
            }
        }
        self
    }

    /// Writes an element of the same namespace that holds text alone.
    pub fn leaf(&mut self, local: &str, text: &str) -> &mut Self {
        self.child(local).text(text).end()
    }

    /// Notes that the caller has no form for `what`, which then fails the whole document.
    pub fn no_form(&mut self, what: &'static str) -> &mut Self {
        if self.error.is_none() {
            self.error = Some(WriteError::NoForm {
                path: self.path(),
                what,
            });
        }
        self
    }

    /// The names of the open elements, for messages.
    pub fn path(&self) -> String {
        let names = self
            .open
            .iter()
            .map(|open| String::from_utf8_lossy(&self.out[open.name.clone()]).into_owned());
        names.collect::<Vec<_>>().join("/")
    }

    /// Closes what is open and gives the bytes, UTF-8 without an XML declaration.
    ///
    /// # Errors
    ///
    /// The first [`WriteError`] on the way.
    pub fn finish(mut self) -> Result<Vec<u8>, WriteError> {
        while !self.open.is_empty() {
            self.end();
        }
        self.error.map_or(Ok(self.out), Err)
    }

    fn close_tag(&mut self) {
        if self.in_tag {
            self.out.push(b'>');
            self.in_tag = false;
        }
    }

    /// XML 1.0 section 2.3 restricted to what we ever write: ASCII letters, digits, `_`, `-`, `.`.
    fn check_name(&mut self, name: &str) {
        let ok = name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
            && name
                .bytes()
                .next()
                .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if !ok && self.error.is_none() {
            self.error = Some(WriteError::Name {
                path: self.path(),
                name: name.chars().take(64).collect(),
            });
        }
    }

    fn escaped(&mut self, text: &str, in_attribute: bool, at: &str) {
        let mut rest = text;
        while let Some(place) = rest.bytes().position(|byte| !PLAIN[usize::from(byte)]) {
            let (plain, behind) = rest.split_at_checked(place).unwrap_or((rest, ""));
            self.out.extend_from_slice(plain.as_bytes());
            let mut characters = behind.chars();
            let Some(character) = characters.next() else {
                return;
            };
            self.escape(character, in_attribute, at);
            rest = characters.as_str();
        }
        self.out.extend_from_slice(rest.as_bytes());
    }

    fn escape(&mut self, character: char, in_attribute: bool, at: &str) {
        let mut utf8 = [0; 4];
        let escape: &[u8] = match character {
            '&' => b"&amp;",
            '<' => b"&lt;",
            '>' => b"&gt;",
            '"' if in_attribute => b"&quot;",
            // A parser turns a bare CR into LF, and all three into blanks in an attribute
            // (XML 1.0 sections 2.11 and 3.3.3).
            '\r' => b"&#13;",
            '\n' if in_attribute => b"&#10;",
            '\t' if in_attribute => b"&#9;",
            other if is_xml_character(other) => other.encode_utf8(&mut utf8).as_bytes(),
            other => {
                self.refuse(other, in_attribute.then_some(at));
                return;
            }
        };
        self.out.extend_from_slice(escape);
    }

    fn refuse(&mut self, character: char, attribute: Option<&str>) {
        if self.error.is_none() {
            let mut path = self.path();
            if let Some(attribute) = attribute {
                path = format!("{path}@{attribute}");
            }
            self.error = Some(WriteError::Character {
                path,
                code: u32::from(character),
            });
        }
    }
}

/// Escapes what is shown into an attribute.
struct Escaping<'a> {
    writer: &'a mut Writer,
    attribute: &'a str,
}

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.writer.escaped(text, true, self.attribute);
        Ok(())
    }
}

/// Bytes that stand for themselves wherever they stand; the rest is looked at character by character.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20_u8;
    while byte < 0x7f {
        plain[byte as usize] = !matches!(byte, b'&' | b'<' | b'>' | b'"');
        byte += 1;
    }
    plain
};

/// XML 1.0 production 2.
pub(crate) fn is_xml_character(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// Whether XML 1.0 can carry all of `text`.
pub fn is_xml_text(text: &str) -> bool {
    text.chars().all(is_xml_character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let mut writer = Writer::new();
        writer
            .start("urn:x", "a")
            .attribute("b", "<\"&'\n>")
            .text("<&>\r\n");
        assert_eq!(
            String::from_utf8(writer.finish().unwrap()).unwrap(),
            "<a xmlns=\"urn:x\" b=\"&lt;&quot;&amp;'&#10;&gt;\">&lt;&amp;&gt;&#13;\n</a>"
        );
    }

    #[test]
    fn a_namespace_is_declared_where_it_changes_and_nowhere_else() {
        let mut writer = Writer::new();
        writer.start("urn:x", "a").child("b").end().start("", "c");
        assert_eq!(
            String::from_utf8(writer.finish().unwrap()).unwrap(),
            "<a xmlns=\"urn:x\"><b/><c xmlns=\"\"/></a>"
        );
    }

    #[test]
    fn a_character_that_xml_cannot_carry_is_named_with_its_place() {
        let mut writer = Writer::new();
        writer.start("", "a").start("", "b").attribute("c", "\u{0}");
        let error = writer.finish().unwrap_err();
        assert_eq!(
            error.to_string(),
            "a/b@c: U+0000 cannot stand in an XML document"
        );
    }

    #[test]
    fn what_the_caller_has_no_form_for_fails_the_document() {
        let mut writer = Writer::new();
        writer
            .start("", "a")
            .start("", "b")
            .no_form("a dream")
            .end();
        let error = writer.finish().unwrap_err();
        assert_eq!(
            error.to_string(),
            "a/b: a dream has no form in this version"
        );
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        let mut writer = Writer::new();
        writer.start("", "a b");
        assert!(matches!(writer.finish(), Err(WriteError::Name { .. })));
    }
}
