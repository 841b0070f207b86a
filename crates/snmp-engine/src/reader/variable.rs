//! One variable of an answer, with its name decoded.

use crate::Oid;
use crate::message::{ValueRef, VarBindRef};
use crate::name::{Name, Names};

/// One variable of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variable<'a> {
    pub(super) name: Name<'a>,
    pub(super) varbind: &'a VarBindRef<'a>,
    /// Where in the answer it stands, and in `names` its own.
    place: usize,
    names: &'a Names,
}

impl<'a> Variable<'a> {
    /// All of an answer, of which these are the names.
    pub(super) fn all(varbinds: &'a [VarBindRef<'a>], names: &'a Names) -> Vec<Self> {
        let pairs = varbinds.iter().zip(names.iter()).enumerate();
        let variable = |(place, (varbind, name))| Self {
            name,
            varbind,
            place,
            names,
        };
        pairs.map(variable).collect()
    }

    /// Where in the answer it stands.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// Its name, for keeps.
    pub(super) fn oid(&self) -> Oid {
        self.names.oid(self.place)
    }

    pub(super) fn value(&self) -> ValueRef<'a> {
        self.varbind.value
    }

    /// Whether it says that there is nothing.
    pub(super) fn is_exception(&self) -> bool {
        self.varbind.value.is_exception()
    }

    /// Whether it lies behind this name.
    pub(super) fn is_behind(&self, from: Name<'_>) -> bool {
        self.is_exception() || self.name > from
    }

    /// Whether both say the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self.is_exception(), other.is_exception()) {
            (false, false) => self.name == other.name,
            (one, other) => one && other,
        }
    }
}
