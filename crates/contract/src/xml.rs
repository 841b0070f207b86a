//! Reading typed messages.

use crate::NAMESPACE;
use pagetally_soap::Element;

pub(crate) struct Fields<'a>(&'a Element);

impl<'a> Fields<'a> {
    pub(crate) const fn new(element: &'a Element) -> Self {
        Self(element)
    }

    pub(crate) fn optional_text(&self, name: &str) -> Option<&'a str> {
        self.0
            .child(NAMESPACE, name)
            .map(|child| child.text().trim())
    }
}
