//! Typed messages to XML and back, by hand and without loss.
//!
//! The rules, for whoever writes another end: a value is an attribute, a structure or a list item
//! is an element, what is absent is left out, names and words are those of the JSON documents.
//! Elements and attributes that the reader does not know are passed over. The text of devices is
//! clean by construction ([`Text`]); the few other strings are carried in base64 when XML 1.0
//! cannot carry them, so that one odd value never blocks a whole submission.

mod audit;
#[cfg(test)]
mod frozen;
mod history;
mod message;
mod parts;
mod pass;
mod report;
#[cfg(test)]
mod schema;
mod settings;
mod source;
#[cfg(test)]
mod tests;
pub(crate) mod typed;

pub(crate) use message::{InnerRequest, InnerResponse};
pub use report::{receipt_from_xml, receipt_to_xml};

use crate::seal::MAX_MESSAGE;
use crate::{ContractError, MessageError, NAMESPACE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pagetally_model::Text;
use pagetally_soap::{Document, Limits, View, Writer, is_xml_text};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

pub(crate) type Result<T> = std::result::Result<T, MessageError>;

impl MessageError {
    pub(crate) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            problem: problem.into(),
        }
    }

    /// The same error, seen from the element `outer` that the place stands in.
    pub(crate) fn within(self, outer: impl Display) -> Self {
        let separator = if self.path.starts_with('@') || self.path.is_empty() {
            ""
        } else {
            "/"
        };
        Self {
            path: format!("{outer}{separator}{}", self.path),
            problem: self.problem,
        }
    }
}

/// The limits of what stands inside a seal: much structure, no long texts.
const INNER_LIMITS: Limits = Limits {
    bytes: MAX_MESSAGE,
    depth: 48,
    attributes: 32,
    events: 6_000_000,
    name: 128,
    attribute_value: 64 << 10,
    text: 256 << 10,
    prefixes: 16,
};

/// Reads what was inside a seal.
pub(crate) fn read_inner(xml: &[u8]) -> std::result::Result<Document<'_>, ContractError> {
    pagetally_soap::read_document(xml, None, &INNER_LIMITS)
        .map_err(|error| ContractError::Envelope(error.into()))
}

/// Reads the fields of one element.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(View<'a>);

impl<'a> Fields<'a> {
    pub(crate) fn new(element: impl Into<View<'a>>) -> Self {
        Self(element.into())
    }

    pub(crate) fn optional(self, name: &str) -> Option<&'a str> {
        self.0.attribute(name)
    }

    pub(crate) fn required(self, name: &str) -> Result<&'a str> {
        self.optional(name)
            .ok_or_else(|| MessageError::new(format!("@{name}"), "is missing"))
    }

    /// A value with one spelling in text; blanks around it do not matter.
    pub(crate) fn value<T: FromStr<Err: Display>>(self, name: &str) -> Result<T> {
        parse(self.required(name)?).map_err(|error| error.within(format_args!("@{name}")))
    }

    pub(crate) fn optional_value<T: FromStr<Err: Display>>(self, name: &str) -> Result<Option<T>> {
        self.optional(name).map(|_| self.value(name)).transpose()
    }

    /// A word of an enumeration.
    pub(crate) fn word<T: DeserializeOwned>(self, name: &str) -> Result<T> {
        from_word(self.required(name)?).map_err(|error| error.within(format_args!("@{name}")))
    }

    pub(crate) fn text(self, name: &str) -> Result<Text> {
        self.required(name).map(Text::clean)
    }

    pub(crate) fn optional_text(self, name: &str) -> Option<Text> {
        self.optional(name).map(Text::clean)
    }

    /// The element's own text, exactly; see [`exact_text`].
    pub(crate) fn content(self) -> Result<String> {
        self.borrowed_content().map(Cow::into_owned)
    }

    /// The same, borrowed where it stands there as it is.
    pub(crate) fn borrowed_content(self) -> Result<Cow<'a, str>> {
        let text = self.0.text();
        match self.optional("encoding") {
            None => Ok(text.into()),
            Some("base64") => STANDARD
                .decode(text.trim())
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .map(Cow::Owned)
                .ok_or_else(|| MessageError::new("", "is not UTF-8 in base64")),
            Some(_) => Err(MessageError::new("@encoding", "is not base64")),
        }
    }

    /// The element's own text, clean.
    pub(crate) fn content_text(self) -> Text {
        Text::clean(self.0.text())
    }

    fn children(self, name: &'a str) -> impl Iterator<Item = Fields<'a>> {
        self.0
            .children()
            .filter(move |child| child.is(NAMESPACE, name))
            .map(Fields)
    }

    /// The one child of this name. A second one is an error, so that no two readers can disagree
    /// on which of them counts.
    pub(crate) fn optional_child<T>(
        self,
        name: &'a str,
        read: impl FnOnce(Self) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut found = self.children(name);
        let Some(child) = found.next() else {
            return Ok(None);
        };
        if found.next().is_some() {
            return Err(MessageError::new(name, "stands there more than once"));
        }
        read(child).map(Some).map_err(|error| error.within(name))
    }

    pub(crate) fn child<T>(self, name: &'a str, read: impl FnOnce(Self) -> Result<T>) -> Result<T> {
        self.optional_child(name, read)?
            .ok_or_else(|| MessageError::new(name, "is missing"))
    }

    /// Every child of this name, in order.
    pub(crate) fn list<T>(self, name: &'a str, read: impl Fn(Self) -> Result<T>) -> Result<Vec<T>> {
        let mut list = Vec::new();
        self.each(name, |child| {
            list.push(read(child)?);
            Ok(())
        })?;
        Ok(list)
    }

    /// Takes every child of this name, in order.
    pub(crate) fn each(
        self,
        name: &'a str,
        mut take: impl FnMut(Self) -> Result<()>,
    ) -> Result<()> {
        for (index, child) in self.children(name).enumerate() {
            take(child).map_err(|error| error.within(format_args!("{name}[{index}]")))?;
        }
        Ok(())
    }

    /// The text of a child, clean.
    pub(crate) fn child_text(self, name: &'a str) -> Result<Text> {
        self.child(name, |child| Ok(child.content_text()))
    }

    /// The first child that is one of `names`, with its name.
    fn choice(self, names: &'static [&'static str]) -> Option<(&'static str, Fields<'a>)> {
        self.choices(names).next()
    }

    /// Every child that is one of `names`, in order, with its name.
    fn choices(
        self,
        names: &'static [&'static str],
    ) -> impl Iterator<Item = (&'static str, Fields<'a>)> {
        self.0.children().filter_map(move |child| {
            names
                .iter()
                .find(|name| child.is(NAMESPACE, name))
                .map(|name| (*name, Fields(child)))
        })
    }
}

fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T> {
    text.trim()
        .parse()
        .map_err(|error: T::Err| MessageError::new("", error.to_string()))
}

/// The enumerations' words are those that serde gives them in documents: one list for both.
fn from_word<T: DeserializeOwned>(word: &str) -> Result<T> {
    let word = word.trim();
    let read: std::result::Result<T, serde::de::value::Error> =
        T::deserialize(word.into_deserializer());
    read.map_err(|_| {
        let shown: String = word.chars().take(40).collect();
        MessageError::new("", format!("{shown:?} is not a word that is known here"))
    })
}

/// Writes the fields of one element.
pub(crate) trait WriteFields {
    fn value(&mut self, name: &str, value: &impl Display) -> &mut Self;
    fn optional_value(&mut self, name: &str, value: Option<&impl Display>) -> &mut Self;
    fn word(&mut self, name: &str, word: &impl Serialize) -> &mut Self;
    fn word_element(&mut self, name: &str, word: &impl Serialize) -> &mut Self;
    fn text_element(&mut self, name: &str, text: &Text) -> &mut Self;
    fn exact_text(&mut self, text: &str) -> &mut Self;
}

impl WriteFields for Writer {
    fn value(&mut self, name: &str, value: &impl Display) -> &mut Self {
        self.shown(name, value)
    }

    fn optional_value(&mut self, name: &str, value: Option<&impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.value(name, value);
        }
        self
    }

    fn word(&mut self, name: &str, word: &impl Serialize) -> &mut Self {
        match to_word(word) {
            Some(word) => self.attribute(name, &word),
            None => self.no_form("a value that is no word"),
        }
    }

    fn word_element(&mut self, name: &str, word: &impl Serialize) -> &mut Self {
        match to_word(word) {
            Some(word) => self.leaf(name, &word),
            None => self.no_form("a value that is no word"),
        }
    }

    fn text_element(&mut self, name: &str, text: &Text) -> &mut Self {
        self.leaf(name, text.as_str())
    }

    /// The last attribute and the text of an element whose text must come through exactly.
    fn exact_text(&mut self, text: &str) -> &mut Self {
        if is_xml_text(text) {
            self.text(text)
        } else {
            self.attribute("encoding", "base64")
                .text(&STANDARD.encode(text))
        }
    }
}

/// The word of a variant without fields; a variant with fields has none.
fn to_word(word: &impl Serialize) -> Option<String> {
    match serde_json::to_value(word) {
        Ok(serde_json::Value::String(word)) => Some(word),
        Ok(_) | Err(_) => None,
    }
}
