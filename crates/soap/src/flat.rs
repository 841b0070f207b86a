//! A document whose parts lie behind one another: one list of nodes, one of attributes, and texts that
//! are places in the bytes that were read.

use crate::element::{Attribute, Element, Name, Node};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// Where a text stands. In a flat document every text is below 2 GB, see [`Flat::new`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// The first byte; with [`Span::UNESCAPED`], in the texts that had escapes.
    at: u32,
    length: u32,
}

impl Span {
    const UNESCAPED: u32 = 1 << 31;

    const EMPTY: Self = Self { at: 0, length: 0 };

    /// A place in the bytes that were read.
    pub(crate) fn read(place: Range<usize>) -> Option<Self> {
        let at = u32::try_from(place.start).ok()?;
        let length = u32::try_from(place.len()).ok()?;
        (at < Self::UNESCAPED).then_some(Self { at, length })
    }

    /// A place in the texts that had escapes.
    fn unescaped(place: Range<usize>) -> Option<Self> {
        let Self { at, length } = Self::read(place)?;
        let at = at | Self::UNESCAPED;
        Some(Self { at, length })
    }
}

/// The texts that had escapes, while one is added.
pub(crate) struct Unescaped {
    texts: String,
    start: usize,
}

impl Unescaped {
    pub(crate) fn push(&mut self, character: char) {
        self.texts.push(character);
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        self.texts.push_str(text);
    }
}

/// The place of a name, which never has escapes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local {
    at: u32,
    length: u16,
}

impl Local {
    pub(crate) fn read(place: Range<usize>) -> Option<Self> {
        Some(Self {
            at: u32::try_from(place.start).ok()?,
            length: u16::try_from(place.len()).ok()?,
        })
    }
}

/// A namespace, by its number in [`Flat::namespaces`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Namespace(u16);

impl Namespace {
    pub(crate) const NONE: Self = Self(0);
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Element {
        local: Local,
        namespace: Namespace,
        /// How many attributes it has, and the first.
        attributes: u16,
        first: u32,
        /// The first part behind all that is in it.
        after: u32,
    },
    Text(Span),
    /// White space that only separates elements.
    Blank,
}

#[derive(Clone, Copy, Debug)]
struct Value {
    local: Local,
    value: Span,
}

/// A whole document, of elements and texts in the order in which they begin.
#[derive(Debug)]
pub(crate) struct Flat<'a> {
    read: &'a str,
    unescaped: String,
    namespaces: Vec<Span>,
    parts: Vec<Part>,
    attributes: Vec<Value>,
}

impl<'a> Flat<'a> {
    /// A document of which nothing is read yet. Nothing where its places could not be numbered.
    pub(crate) fn new(read: &'a str) -> Option<Self> {
        Span::read(read.len()..read.len())?;
        Some(Self {
            read,
            unescaped: String::new(),
            namespaces: vec![Span::EMPTY],
            parts: Vec::new(),
            attributes: Vec::new(),
        })
    }

    /// The text that stands at `span`.
    pub(crate) fn text(&self, span: Span) -> &str {
        let (from, at) = match span.at & Span::UNESCAPED {
            0 => (self.read, span.at),
            _ => (&*self.unescaped, span.at & !Span::UNESCAPED),
        };
        let at = wide(at);
        from.get(at..at + wide(span.length)).unwrap_or_default()
    }

    /// The name that stands at `local`.
    fn local(&self, local: Local) -> &str {
        let at = wide(local.at);
        self.read
            .get(at..at + usize::from(local.length))
            .unwrap_or_default()
    }

    /// Lends out the texts that had escapes, for one more at their end.
    pub(crate) fn begin_text(&mut self) -> Unescaped {
        let texts = std::mem::take(&mut self.unescaped);
        let start = texts.len();
        Unescaped { texts, start }
    }

    /// Takes them back, and answers where the new one stands.
    pub(crate) fn end_text(&mut self, Unescaped { texts, start }: Unescaped) -> Option<Span> {
        self.unescaped = texts;
        Span::unescaped(start..self.unescaped.len())
    }

    /// The namespace whose name stands at `span`; the one that is inherited where it is the same.
    pub(crate) fn namespace(&mut self, span: Span, inherited: Namespace) -> Option<Namespace> {
        let name = self.text(span);
        if name.is_empty() {
            return Some(Namespace::NONE);
        }
        if name == self.namespace_name(inherited) {
            return Some(inherited);
        }
        let number = u16::try_from(self.namespaces.len()).ok()?;
        self.namespaces.push(span);
        Some(Namespace(number))
    }

    fn namespace_name(&self, namespace: Namespace) -> &str {
        let span = self.namespaces.get(usize::from(namespace.0));
        self.text(span.copied().unwrap_or(Span::EMPTY))
    }

    /// How many attributes there are so far: where those of an element that begins now will stand.
    pub(crate) fn attributes(&self) -> usize {
        self.attributes.len()
    }

    /// Adds an attribute to the element whose attributes begin at `first`. Nothing where it has one of
    /// this name.
    pub(crate) fn attribute(&mut self, first: usize, local: Local, value: Span) -> Option<()> {
        let name = self.local(local);
        let known = self.attributes.get(first..).unwrap_or_default();
        if known.iter().any(|known| self.is_local(known.local, name)) {
            return None;
        }
        self.attributes.push(Value { local, value });
        Some(())
    }

    /// Names differ in their lengths as a rule, and only where they do not are they looked at.
    fn is_local(&self, local: Local, name: &str) -> bool {
        let at = wide(local.at);
        let read = self.read.as_bytes();
        usize::from(local.length) == name.len()
            && read.get(at..at + name.len()) == Some(name.as_bytes())
    }

    /// Begins an element, whose attributes are those from `first` on, and answers its number.
    pub(crate) fn begin(
        &mut self,
        local: Local,
        namespace: Namespace,
        first: usize,
    ) -> Option<usize> {
        let number = self.parts.len();
        self.parts.push(Part::Element {
            local,
            namespace,
            attributes: u16::try_from(self.attributes.len() - first).ok()?,
            first: u32::try_from(first).ok()?,
            after: u32::try_from(number + 1).ok()?,
        });
        Some(number)
    }

    /// Adds a text to the element that is open, and says whether it is white space alone.
    pub(crate) fn put_text(&mut self, span: Span) -> bool {
        self.parts.push(Part::Text(span));
        is_blank(self.text(span))
    }

    /// Ends an element; `blanks` says that white space is to go that separates its child elements.
    pub(crate) fn end(&mut self, number: usize, blanks: bool) -> Option<()> {
        let end = self.parts.len();
        if let Some(Part::Element { after, .. }) = self.parts.get_mut(number) {
            *after = u32::try_from(end).ok()?;
        }
        if !blanks {
            return Some(());
        }
        let mut at = number + 1;
        while let Some(part) = self.parts.get(at) {
            let next = part.after(at);
            if let Part::Text(span) = *part
                && is_blank(self.text(span))
                && let Some(part) = self.parts.get_mut(at)
            {
                *part = Part::Blank;
            }
            at = next;
        }
        Some(())
    }

    pub(crate) fn root(&self) -> Place<'_> {
        Place {
            flat: self,
            number: 0,
        }
    }

    /// The same as a tree, each name kept once.
    pub(crate) fn to_element(&self) -> Element {
        let mut names = HashSet::new();
        let mut open: Vec<(Element, usize)> = Vec::new();
        let mut root = Element::new("", "");
        for (number, part) in self.parts.iter().enumerate() {
            close(&mut open, &mut root, number);
            match part {
                Part::Element { .. } => {
                    let place = Place { flat: self, number };
                    open.push((place.bare(&mut names), part.after(number)));
                }
                Part::Text(span) => {
                    if let Some((parent, _)) = open.last_mut() {
                        parent.nodes.push(Node::Text(self.text(*span).to_owned()));
                    }
                }
                Part::Blank => {}
            }
        }
        close(&mut open, &mut root, self.parts.len());
        root
    }
}

/// Puts the elements that end before `number` into those around them.
fn close(open: &mut Vec<(Element, usize)>, root: &mut Element, number: usize) {
    while let Some((mut element, _)) = open.pop_if(|(_, after)| *after <= number) {
        element.nodes.shrink_to_fit();
        match open.last_mut() {
            Some((parent, _)) => parent.nodes.push(Node::Element(element)),
            None => *root = element,
        }
    }
}

impl Part {
    /// The number of the part behind this one and all that is in it.
    fn after(&self, number: usize) -> usize {
        match self {
            Self::Element { after, .. } => wide(*after),
            Self::Text(_) | Self::Blank => number + 1,
        }
    }
}

/// One element of a flat document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'d> {
    flat: &'d Flat<'d>,
    number: usize,
}

impl<'d> Place<'d> {
    fn part(self) -> Option<&'d Part> {
        self.flat.parts.get(self.number)
    }

    pub(crate) fn is(self, namespace: &str, local: &str) -> bool {
        match self.part() {
            Some(Part::Element {
                local: name,
                namespace: of,
                ..
            }) => self.flat.is_local(*name, local) && self.flat.namespace_name(*of) == namespace,
            _ => false,
        }
    }

    pub(crate) fn local(self) -> &'d str {
        match self.part() {
            Some(Part::Element { local, .. }) => self.flat.local(*local),
            _ => "",
        }
    }

    pub(crate) fn namespace(self) -> &'d str {
        match self.part() {
            Some(Part::Element { namespace, .. }) => self.flat.namespace_name(*namespace),
            _ => "",
        }
    }

    fn values(self) -> &'d [Value] {
        let Some(Part::Element {
            attributes, first, ..
        }) = self.part()
        else {
            return &[];
        };
        let first = wide(*first);
        let place = first..first + usize::from(*attributes);
        self.flat.attributes.get(place).unwrap_or_default()
    }

    pub(crate) fn attribute(self, local: &str) -> Option<&'d str> {
        let flat = self.flat;
        let mut values = self.values().iter();
        let found = values.find(|value| flat.is_local(value.local, local))?;
        Some(flat.text(found.value))
    }

    /// What stands in it, not in what it holds.
    fn inside(self) -> impl Iterator<Item = (usize, &'d Part)> {
        let (flat, end) = (self.flat, self.part().map_or(0, |p| p.after(self.number)));
        let mut at = self.number + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let number = at;
            let part = flat.parts.get(number)?;
            at = part.after(number);
            Some((number, part))
        })
    }

    pub(crate) fn text(self) -> &'d str {
        let text = self.inside().find_map(|(_, part)| match part {
            Part::Text(span) => Some(self.flat.text(*span)),
            Part::Element { .. } | Part::Blank => None,
        });
        text.unwrap_or_default()
    }

    pub(crate) fn children(self) -> impl Iterator<Item = Place<'d>> {
        let flat = self.flat;
        let inside = self.inside().filter_map(|(number, part)| match part {
            Part::Element { .. } => Some(number),
            Part::Text(_) | Part::Blank => None,
        });
        inside.map(move |number| Place { flat, number })
    }

    /// Its name and attributes as an element of a tree.
    fn bare(self, names: &mut HashSet<Arc<str>>) -> Element {
        let mut shared = |text: &str| match names.get(text) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = text.into();
                names.insert(Arc::clone(&new));
                new
            }
        };
        let namespace = self.namespace();
        let name = Name {
            namespace: (!namespace.is_empty()).then(|| shared(namespace)),
            local: shared(self.local()),
        };
        let attributes = self.values().iter().map(|value| Attribute {
            name: Name {
                namespace: None,
                local: shared(self.flat.local(value.local)),
            },
            value: self.flat.text(value.value).to_owned(),
        });
        Element {
            name,
            attributes: attributes.collect(),
            nodes: Vec::new(),
        }
    }
}

/// Whether a text is white space alone (XML 1.0 production 3).
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
