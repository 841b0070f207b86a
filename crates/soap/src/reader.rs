//! The one guarded XML reader. Nothing else in the workspace may touch the parser.
//!
//! # Why a guard
//!
//! The parser alone has no depth limit and copies all namespaces in scope for every element: 2.1 MB
//! of nested tags cost it 50 seconds, and a 65 kB document with one large entity becomes 250 MB of
//! text. Here every limit is checked on the event that reaches it, before the next byte is parsed,
//! so the cost of a document is bounded by its size times a constant.
//!
//! A DTD is refused where it begins (SOAP 1.1 section 3, SOAP 1.2 part 1 section 5), so no entity
//! but XML's own five ever exists. Comments are dropped; processing instructions are dropped too,
//! which SOAP 1.2 allows an intermediary's leftovers to need. CDATA is text.

#![expect(
    clippy::disallowed_types,
    reason = "this module is the guard around the parser that everybody else must not touch"
)]

use crate::Document;
use crate::element::{Attribute, Element, Name, Node};
use crate::flat::is_blank;
use crate::plain::read_plain;
use std::collections::HashSet;
use std::sync::Arc;
use xml::common::{Position as _, TextPosition};
use xml::name::OwnedName;
use xml::reader::{ErrorKind, EventReader, ParserConfig, XmlEvent};

/// How much of a document is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole document.
    pub bytes: usize,
    /// Nested elements.
    pub depth: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Tags, attributes, runs of text, comments and instructions of the whole document.
    pub events: usize,
    /// Bytes of a name, prefix included.
    pub name: usize,
    /// Bytes of one attribute's value.
    pub attribute_value: usize,
    /// Bytes of one run of text.
    pub text: usize,
    /// Namespace prefixes in scope at once: the parser copies them for every element.
    pub prefixes: usize,
}

impl Default for Limits {
    /// Generous for a message that people's software wrote, and cheap to reach for a hostile one.
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            depth: 64,
            attributes: 64,
            events: 100_000,
            name: 256,
            attribute_value: 64 << 10,
            text: 1 << 20,
            prefixes: 32,
        }
    }
}

/// Bytes that are no XML, or XML that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct ReadError {
    /// The line, from 1; 0 where the document was not even begun.
    pub line: u64,
    /// The column, from 1; 0 likewise.
    pub column: u64,
    /// What was wrong there.
    pub kind: ReadErrorKind,
}

/// The ways in which XML is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// A document type declaration.
    #[error("a document type declaration is not accepted")]
    Doctype,
    /// The parser's own words: not well-formed, or over its limits on names, attributes and texts.
    #[error("{0}")]
    Syntax(String),
    /// Over a limit.
    #[error("{found} bytes, over the limit of {limit}")]
    TooManyBytes {
        /// The document's size.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// Over a limit.
    #[error("more than {limit} parts in one document")]
    TooManyEvents {
        /// The limit.
        limit: usize,
    },
    /// Over a limit.
    #[error("more than {limit} namespace prefixes in scope")]
    TooManyPrefixes {
        /// The limit.
        limit: usize,
    },
    /// Over a limit.
    #[error("elements nested more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Over a limit.
    #[error("a run of text of more than {limit} bytes")]
    TooMuchText {
        /// The limit.
        limit: usize,
    },
}

/// Reads a whole document into a tree. `content_type` is the HTTP header, which may name a charset.
///
/// # Errors
///
/// [`ReadError`] with line and column.
pub fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    limits: &Limits,
) -> Result<Element, ReadError> {
    read_document(bytes, content_type, limits).map(Document::into_element)
}

/// Like [`read`], for a document that is only looked at: where our own writer wrote it, it borrows from
/// `bytes`.
///
/// # Errors
///
/// [`ReadError`] with line and column.
pub fn read_document<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
    limits: &Limits,
) -> Result<Document<'a>, ReadError> {
    // A charset from outside could make other characters of the same bytes.
    let utf_8 = content_type.is_none_or(|value| {
        let value = value.to_ascii_lowercase().replace("charset=utf-8", "");
        !value.contains("charset")
    });
    if let Some(flat) = utf_8.then(|| read_plain(bytes, limits)).flatten() {
        return Ok(flat.into());
    }
    read_general(bytes, content_type, limits).map(Document::from)
}

/// Reads a document with the parser, whatever its form.
pub(crate) fn read_general(
    bytes: &[u8],
    content_type: Option<&str>,
    limits: &Limits,
) -> Result<Element, ReadError> {
    if bytes.len() > limits.bytes {
        return Err(ReadError {
            line: 0,
            column: 0,
            kind: ReadErrorKind::TooManyBytes {
                found: bytes.len(),
                limit: limits.bytes,
            },
        });
    }
    let mut config = ParserConfig::new()
        .cdata_to_characters(true)
        .whitespace_to_characters(true)
        .ignore_comments(false)
        .coalesce_characters(false)
        .allow_multiple_root_elements(false)
        .max_entity_expansion_depth(0)
        .max_entity_expansion_length(0)
        .max_attributes(limits.attributes)
        .max_name_length(limits.name)
        .max_attribute_length(limits.attribute_value)
        .max_data_length(limits.text);
    if let Some(content_type) = content_type {
        config = config.content_type(content_type);
    }
    Guard {
        events: EventReader::new_with_config(bytes, config),
        limits,
        seen: 0,
        names: HashSet::new(),
    }
    .document()
}

struct Guard<'a> {
    events: EventReader<&'a [u8]>,
    limits: &'a Limits,
    seen: usize,
    /// Names repeat; each is kept once.
    names: HashSet<Arc<str>>,
}

impl Guard<'_> {
    fn document(mut self) -> Result<Element, ReadError> {
        let mut open: Vec<Element> = Vec::new();
        let mut root = None;
        loop {
            match self.next()? {
                XmlEvent::StartElement {
                    name,
                    attributes,
                    namespace,
                } => {
                    if open.len() >= self.limits.depth {
                        let limit = self.limits.depth;
                        return Err(self.error(ReadErrorKind::TooDeep { limit }));
                    }
                    if namespace.0.len() > self.limits.prefixes {
                        let limit = self.limits.prefixes;
                        return Err(self.error(ReadErrorKind::TooManyPrefixes { limit }));
                    }
                    let mut element = Element {
                        name: self.name(&name),
                        attributes: Vec::with_capacity(attributes.len()),
                        nodes: Vec::new(),
                    };
                    // The parser has refused two attributes of one expanded name.
                    for attribute in attributes {
                        element.attributes.push(Attribute {
                            name: self.name(&attribute.name),
                            value: attribute.value,
                        });
                    }
                    open.push(element);
                }
                XmlEvent::EndElement { .. } => {
                    // The parser has checked that the tags match.
                    let Some(mut element) = open.pop() else {
                        continue;
                    };
                    tidy(&mut element.nodes);
                    match open.last_mut() {
                        Some(parent) => parent.nodes.push(Node::Element(element)),
                        None => root = Some(element),
                    }
                }
                XmlEvent::Characters(text) | XmlEvent::CData(text) | XmlEvent::Whitespace(text) => {
                    if let Some(parent) = open.last_mut()
                        && !append(&mut parent.nodes, text, self.limits.text)
                    {
                        let limit = self.limits.text;
                        return Err(self.error(ReadErrorKind::TooMuchText { limit }));
                    }
                }
                XmlEvent::Doctype { .. } => return Err(self.error(ReadErrorKind::Doctype)),
                XmlEvent::StartDocument { .. }
                | XmlEvent::Comment(_)
                | XmlEvent::ProcessingInstruction { .. } => {}
                XmlEvent::EndDocument => {
                    return root.ok_or_else(|| {
                        self.error(ReadErrorKind::Syntax("there is no root element".to_owned()))
                    });
                }
            }
        }
    }

    fn next(&mut self) -> Result<XmlEvent, ReadError> {
        match self.events.next() {
            Ok(event) => {
                self.seen += match &event {
                    XmlEvent::StartElement { attributes, .. } => 1 + attributes.len(),
                    _ => 1,
                };
                if self.seen > self.limits.events {
                    let limit = self.limits.events;
                    return Err(self.error(ReadErrorKind::TooManyEvents { limit }));
                }
                Ok(event)
            }
            Err(error) => Err(located(error.position(), syntax(&error))),
        }
    }

    fn name(&mut self, name: &OwnedName) -> Name {
        Name {
            namespace: name
                .namespace
                .as_deref()
                .filter(|namespace| !namespace.is_empty())
                .map(|namespace| self.shared(namespace)),
            local: self.shared(&name.local_name),
        }
    }

    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.names.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.names.insert(Arc::clone(&new));
        new
    }

    fn error(&self, kind: ReadErrorKind) -> ReadError {
        located(self.events.position(), kind)
    }
}

const fn located(position: TextPosition, kind: ReadErrorKind) -> ReadError {
    ReadError {
        line: position.row + 1,
        column: position.column + 1,
        kind,
    }
}

/// The parser's words may quote the document, so they are cut and cleaned for a log.
fn syntax(error: &xml::reader::Error) -> ReadErrorKind {
    let words = match error.kind() {
        ErrorKind::Syntax(words) => words.as_ref(),
        ErrorKind::Utf8(_) => "there are bytes that are no text of its encoding",
        ErrorKind::UnexpectedEof => "the document ends in its middle",
        _ => "it cannot be read",
    };
    let shown = words.chars().take(200).map(|character| {
        if character.is_control() {
            '\u{fffd}'
        } else {
            character
        }
    });
    ReadErrorKind::Syntax(shown.collect())
}

/// Adds text to the run that is open, if one is; says whether it stays within the limit.
fn append(nodes: &mut Vec<Node>, text: String, limit: usize) -> bool {
    match nodes.last_mut() {
        Some(Node::Text(run)) => {
            run.push_str(&text);
            run.len() <= limit
        }
        Some(Node::Element(_)) | None => {
            let fits = text.len() <= limit;
            if !text.is_empty() {
                nodes.push(Node::Text(text));
            }
            fits
        }
    }
}

/// Drops the white space that only separates child elements.
fn tidy(nodes: &mut Vec<Node>) {
    if nodes.iter().any(|node| matches!(node, Node::Element(_))) {
        nodes.retain(|node| match node {
            Node::Element(_) => true,
            Node::Text(text) => !is_blank(text),
        });
    }
    nodes.shrink_to_fit();
}
