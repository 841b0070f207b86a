//! Object identifiers (X.660; limits of RFC 2578 section 3.5).

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

/// An object identifier of 0 to 128 arcs, ordered as SNMP orders instances. In documents it is dotted
/// decimal text. Its arcs are shared by its copies: plans, readers and answers hold many of the same.
/// Those of an answer's names stand one behind the other in one piece of memory, which lasts as long as
/// one of them does.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Oid {
    slab: Arc<[u32]>,
    start: u32,
    len: u32,
}

/// Text or arcs that are no object identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidError {
    /// A part of the text is no number from 0 to 4294967295.
    #[error("object identifier {text:?}: {part:?} is not a number from 0 to 4294967295")]
    NotANumber {
        /// The beginning of the refused text.
        text: String,
        /// The part.
        part: String,
    },
    /// More than 128 arcs.
    #[error("an object identifier has at most 128 arcs, this one has {arcs}")]
    TooLong {
        /// How many there were.
        arcs: usize,
    },
}

impl Oid {
    /// The most arcs that an instance name may have (RFC 2578 section 3.5).
    pub const MAX_ARCS: usize = 128;

    /// Takes arcs.
    ///
    /// # Errors
    ///
    /// [`OidError::TooLong`] over 128 arcs.
    pub fn new(arcs: impl Into<Arc<[u32]>>) -> Result<Self, OidError> {
        let arcs = arcs.into();
        if arcs.len() > Self::MAX_ARCS {
            return Err(OidError::TooLong { arcs: arcs.len() });
        }
        Ok(Self::whole(arcs))
    }

    /// Takes arcs that are known to be at most 128.
    pub(crate) fn from_counted(arcs: &[u32]) -> Self {
        debug_assert!(arcs.len() <= Self::MAX_ARCS, "the caller has counted");
        Self::whole(arcs.into())
    }

    /// The arcs that stand at this place in `slab`, known to be at most 128.
    pub(crate) fn part_of(slab: &Arc<[u32]>, start: u32, len: u32) -> Self {
        Self {
            slab: Arc::clone(slab),
            start,
            len,
        }
    }

    fn whole(slab: Arc<[u32]>) -> Self {
        let len = slab.len().min(Self::MAX_ARCS);
        Self {
            slab,
            start: 0,
            len: u32::try_from(len).unwrap_or_default(),
        }
    }

    /// The arcs.
    pub fn arcs(&self) -> &[u32] {
        part(&self.slab, self.start, self.len)
    }

    /// The memory that its arcs already share, and their place in it.
    pub fn shared(&self) -> (Arc<[u32]>, Range<usize>) {
        let place = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let start = place(self.start);
        (Arc::clone(&self.slab), start..start + place(self.len))
    }

    /// Whether `self` is `root` or lies below it.
    pub fn starts_with(&self, root: &Self) -> bool {
        self.arcs().starts_with(root.arcs())
    }

    /// The arcs below `root`; nothing where `self` does not lie below it.
    pub fn index_below(&self, root: &Self) -> Option<&[u32]> {
        self.arcs().strip_prefix(root.arcs())
    }

    /// `self` with `arcs` behind it, cut to 128 arcs.
    #[must_use]
    pub fn child(&self, arcs: &[u32]) -> Self {
        let own = self.arcs();
        let room = Self::MAX_ARCS - own.len();
        Self::whole(own.iter().chain(arcs.iter().take(room)).copied().collect())
    }
}

/// The arcs at a place in a slab.
pub(crate) fn part(slab: &[u32], start: u32, len: u32) -> &[u32] {
    let place = |number| usize::try_from(number).unwrap_or(usize::MAX);
    let rest = slab.get(place(start)..).unwrap_or_default();
    rest.get(..place(len)).unwrap_or_default()
}

impl Borrow<[u32]> for Oid {
    fn borrow(&self) -> &[u32] {
        self.arcs()
    }
}

impl PartialEq for Oid {
    fn eq(&self, other: &Self) -> bool {
        self.arcs() == other.arcs()
    }
}

impl Eq for Oid {}

impl PartialOrd for Oid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Oid {
    /// Arc by arc.
    fn cmp(&self, other: &Self) -> Ordering {
        self.arcs().cmp(other.arcs())
    }
}

impl Hash for Oid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.arcs().hash(state);
    }
}

impl FromStr for Oid {
    type Err = OidError;

    /// Reads dotted decimal; one leading dot, as net-snmp prints it, is accepted.
    fn from_str(text: &str) -> Result<Self, OidError> {
        let dotted = text.strip_prefix('.').unwrap_or(text);
        let mut arcs = Vec::new();
        for part in dotted.split('.') {
            let number = part
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| part.parse().ok());
            let Some(arc) = number.flatten() else {
                return Err(OidError::NotANumber {
                    text: text.chars().take(64).collect(),
                    part: part.chars().take(16).collect(),
                });
            };
            arcs.push(arc);
            if arcs.len() > Self::MAX_ARCS {
                return Err(OidError::TooLong {
                    arcs: dotted.split('.').count(),
                });
            }
        }
        Ok(Self::whole(arcs.into()))
    }
}

impl TryFrom<String> for Oid {
    type Error = OidError;

    fn try_from(text: String) -> Result<Self, OidError> {
        text.parse()
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> Self {
        oid.to_string()
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, arc) in self.arcs().iter().enumerate() {
            if place > 0 {
                f.write_str(".")?;
            }
            write!(f, "{arc}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn order_is_arc_by_arc_and_not_text() {
        let oid = |text: &str| text.parse::<Oid>().expect("valid");
        assert!(oid("1.3.6.2") < oid("1.3.6.10"));
        assert!(oid("1.3.6") < oid("1.3.6.0"));
    }

    #[test]
    fn what_is_no_oid_is_refused() {
        for bad in ["", "1..2", "1.x", "1.4294967296", "1.+2", "1.2."] {
            assert!(bad.parse::<Oid>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn an_oid_survives_its_own_text(arcs in prop::collection::vec(any::<u32>(), 1..=128)) {
            let oid = Oid::new(arcs).expect("short enough");
            prop_assert_eq!(oid.to_string().parse(), Ok(oid));
        }
    }
}
