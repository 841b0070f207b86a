//! A small immutable XML tree: what is left of a document once the reader has let it pass.

use crate::Writer;
use std::sync::Arc;

/// An expanded name: namespace and local part. Prefixes are forgotten by the reader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    pub(crate) namespace: Option<Arc<str>>,
    pub(crate) local: Arc<str>,
}

impl Name {
    /// A name in `namespace`; an empty namespace means none.
    pub fn new(namespace: &str, local: &str) -> Self {
        Self {
            namespace: (!namespace.is_empty()).then(|| namespace.into()),
            local: local.into(),
        }
    }

    /// The namespace, empty where there is none.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// The local part.
    pub fn local(&self) -> &str {
        &self.local
    }
}

/// One attribute. Namespace declarations are not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name; without a prefix it has no namespace.
    pub name: Name,
    /// Its value, unescaped.
    pub value: String,
}

/// What stands inside an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data, CDATA included, with neighbours merged.
    Text(String),
}

/// One element with everything in it.
///
/// White space that only separates child elements is not kept; all other text is, exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub(crate) name: Name,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) nodes: Vec<Node>,
}

impl Element {
    /// An element with nothing in it.
    pub fn new(namespace: &str, local: &str) -> Self {
        Self {
            name: Name::new(namespace, local),
            attributes: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// The same element with one more attribute.
    #[must_use]
    pub fn with_attribute(mut self, namespace: &str, local: &str, value: &str) -> Self {
        self.attributes.push(Attribute {
            name: Name::new(namespace, local),
            value: value.to_owned(),
        });
        self
    }

    /// The same element with one more node at its end.
    #[must_use]
    pub fn with(mut self, node: Node) -> Self {
        self.nodes.push(node);
        self
    }

    /// The element's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Whether it has this name.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.name.local() == local && self.name.namespace() == namespace
    }

    /// Its attributes in the order of the document.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The value of the attribute of this name without a namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attribute_in("", local)
    }

    /// The value of the attribute of this name in `namespace`.
    pub fn attribute_in(&self, namespace: &str, local: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| {
                attribute.name.local() == local && attribute.name.namespace() == namespace
            })
            .map(|attribute| attribute.value.as_str())
    }

    /// What stands in it, in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Its child elements in order.
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Its child elements in order, taken out of it.
    pub fn into_children(self) -> impl Iterator<Item = Element> {
        self.nodes.into_iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child element of this name.
    pub fn child(&self, namespace: &str, local: &str) -> Option<&Element> {
        self.children().find(|child| child.is(namespace, local))
    }

    /// Its own text: the first run of characters in it, and nothing of its child elements'.
    ///
    /// An element without child elements has at most one run.
    pub fn text(&self) -> &str {
        self.nodes
            .iter()
            .find_map(|node| match node {
                Node::Text(text) => Some(text.as_str()),
                Node::Element(_) => None,
            })
            .unwrap_or_default()
    }

    /// Writes it, with all that is in it, where `writer` stands.
    pub fn write(&self, writer: &mut Writer) {
        writer.start(self.name.namespace(), self.name.local());
        for attribute in &self.attributes {
            writer.attribute_in(
                attribute.name.namespace(),
                attribute.name.local(),
                &attribute.value,
            );
        }
        for node in &self.nodes {
            match node {
                Node::Element(element) => element.write(writer),
                Node::Text(text) => {
                    writer.text(text);
                }
            }
        }
        writer.end();
    }
}
