//! A document that was read, to be looked at and not to be changed.

use crate::Element;
use crate::flat::{self, Flat};

/// What [`read_document`](crate::read_document) made of bytes.
///
/// A submission has a million parts. Where it came in the form that our own writer writes, they lie
/// flat behind one another and borrow their texts from the bytes; where it came in another, there is
/// a tree. [`View`] shows both alike.
#[derive(Debug)]
pub struct Document<'a>(Held<'a>);

#[derive(Debug)]
enum Held<'a> {
    Flat(Flat<'a>),
    Tree(Element),
}

impl<'a> From<Flat<'a>> for Document<'a> {
    fn from(flat: Flat<'a>) -> Self {
        Self(Held::Flat(flat))
    }
}

impl From<Element> for Document<'_> {
    fn from(root: Element) -> Self {
        Self(Held::Tree(root))
    }
}

impl Document<'_> {
    /// The outermost element.
    pub fn root(&self) -> View<'_> {
        match &self.0 {
            Held::Flat(flat) => View(At::Flat(flat.root())),
            Held::Tree(root) => root.into(),
        }
    }

    /// The same as a tree of its own.
    pub fn into_element(self) -> Element {
        match self.0 {
            Held::Flat(flat) => flat.to_element(),
            Held::Tree(root) => root,
        }
    }
}

/// One element of a document or of a tree, with everything in it.
#[derive(Clone, Copy, Debug)]
pub struct View<'d>(At<'d>);

#[derive(Clone, Copy, Debug)]
enum At<'d> {
    Flat(flat::Place<'d>),
    Tree(&'d Element),
}

impl<'d> From<&'d Element> for View<'d> {
    fn from(element: &'d Element) -> Self {
        Self(At::Tree(element))
    }
}

impl<'d> From<&'d Document<'_>> for View<'d> {
    fn from(document: &'d Document<'_>) -> Self {
        document.root()
    }
}

impl<'d> View<'d> {
    /// The namespace of its name, empty where it has none.
    pub fn namespace(self) -> &'d str {
        match self.0 {
            At::Flat(place) => place.namespace(),
            At::Tree(element) => element.name().namespace(),
        }
    }

    /// The local part of its name.
    pub fn local(self) -> &'d str {
        match self.0 {
            At::Flat(place) => place.local(),
            At::Tree(element) => element.name().local(),
        }
    }

    /// Whether it has this name.
    pub fn is(self, namespace: &str, local: &str) -> bool {
        match self.0 {
            At::Flat(place) => place.is(namespace, local),
            At::Tree(element) => element.is(namespace, local),
        }
    }

    /// The value of the attribute of this name without a namespace.
    pub fn attribute(self, local: &str) -> Option<&'d str> {
        match self.0 {
            At::Flat(place) => place.attribute(local),
            At::Tree(element) => element.attribute(local),
        }
    }

    /// Its own text, as [`Element::text`] says.
    pub fn text(self) -> &'d str {
        match self.0 {
            At::Flat(place) => place.text(),
            At::Tree(element) => element.text(),
        }
    }

    /// Its child elements in order.
    pub fn children(self) -> impl Iterator<Item = View<'d>> {
        let (flat, tree) = match self.0 {
            At::Flat(place) => (Some(place.children()), None),
            At::Tree(element) => (None, Some(element.children())),
        };
        let flat = flat.into_iter().flatten();
        let tree = tree.into_iter().flatten();
        flat.map(|place| View(At::Flat(place)))
            .chain(tree.map(View::from))
    }
}
