//! The provenance of a group's fields.

use crate::{Provenance, as_text};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;
use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::ops::Index;

/// A field's name in JSON. Our own are of the program, and a short one that was read stands in itself.
type FieldName = SmolStr;

/// Fields with their provenances.
type Iter<'a> = std::iter::Map<
    std::slice::Iter<'a, (FieldName, Provenance)>,
    fn(&(FieldName, Provenance)) -> (&str, &Provenance),
>;

/// The provenance of each field of a group, by the field's name in JSON and in the order of the
/// names.
///
/// A group has a handful of fields: they stand side by side, and names that are known when the
/// program is built are not copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(Vec<(FieldName, Provenance)>);

impl Sources {
    /// Nothing.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Nothing yet, with room for so many fields.
    pub fn with_capacity(fields: usize) -> Self {
        Self(Vec::with_capacity(fields))
    }

    fn place(&self, field: &str) -> Result<usize, usize> {
        self.0
            .binary_search_by(|(known, _)| known.as_str().cmp(field))
    }

    /// Notes where a field came from; what was noted before comes back.
    pub fn insert(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        provenance: Provenance,
    ) -> Option<Provenance> {
        let field = match field.into() {
            Cow::Borrowed(field) => SmolStr::new_static(field),
            Cow::Owned(field) => SmolStr::from(field),
        };
        self.put(field, provenance)
    }

    /// Like [`insert`](Self::insert) for a name that was read and lasts no longer.
    pub fn insert_read(&mut self, field: &str, provenance: Provenance) -> Option<Provenance> {
        self.put(SmolStr::new(field), provenance)
    }

    fn put(&mut self, field: FieldName, provenance: Provenance) -> Option<Provenance> {
        // Most groups' fields come in the order of their names.
        if self.0.last().is_none_or(|(last, _)| *last < field) {
            self.0.push((field, provenance));
            return None;
        }
        match self.place(&field) {
            Ok(place) => {
                let (_, known) = self.0.get_mut(place)?;
                Some(std::mem::replace(known, provenance))
            }
            Err(place) => {
                self.0.insert(place, (field, provenance));
                None
            }
        }
    }

    /// Where a field came from.
    pub fn get(&self, field: &str) -> Option<&Provenance> {
        let (_, provenance) = self.0.get(self.place(field).ok()?)?;
        Some(provenance)
    }

    /// Where a field came from, to change it.
    pub fn get_mut(&mut self, field: &str) -> Option<&mut Provenance> {
        let place = self.place(field).ok()?;
        let (_, provenance) = self.0.get_mut(place)?;
        Some(provenance)
    }

    /// Whether it is known where a field came from.
    pub fn contains_key(&self, field: &str) -> bool {
        self.place(field).is_ok()
    }

    /// Takes a field's provenance out.
    pub fn remove(&mut self, field: &str) -> Option<Provenance> {
        let place = self.place(field).ok()?;
        Some(self.0.remove(place).1)
    }

    /// The fields and their provenances, in the order of the names.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(|(field, found)| (field.as_str(), found))
    }

    /// The fields' names, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.iter().map(|(field, _)| field)
    }

    /// The provenances, in the order of the names.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Provenance> {
        self.iter().map(|(_, provenance)| provenance)
    }

    /// The provenances, to change them.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Provenance> {
        self.0.iter_mut().map(|(_, provenance)| provenance)
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Index<&str> for Sources {
    type Output = Provenance;

    /// # Panics
    ///
    /// Where the field has no provenance.
    fn index(&self, field: &str) -> &Provenance {
        self.get(field)
            .unwrap_or_else(|| panic!("{field:?} has no provenance"))
    }
}

impl<F: Into<Cow<'static, str>>> FromIterator<(F, Provenance)> for Sources {
    fn from_iter<I: IntoIterator<Item = (F, Provenance)>>(fields: I) -> Self {
        let mut sources = Self::new();
        for (field, provenance) in fields {
            sources.insert(field, provenance);
        }
        sources
    }
}

impl<F: Into<Cow<'static, str>>, const N: usize> From<[(F, Provenance); N]> for Sources {
    fn from(fields: [(F, Provenance); N]) -> Self {
        fields.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a Sources {
    type Item = (&'a str, &'a Provenance);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

/// A name that comes twice has the provenance that comes last, as in every map of serde's.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Sources;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sources, A::Error> {
        let mut sources = Sources::new();
        while let Some((ReadName(field), provenance)) = map.next_entry()? {
            sources.put(field, provenance);
        }
        Ok(sources)
    }
}

struct ReadName(FieldName);

impl<'de> Deserialize<'de> for ReadName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| Ok::<_, Infallible>(Self(SmolStr::new(text)));
        as_text::deserialize(deserializer, read)
    }
}
