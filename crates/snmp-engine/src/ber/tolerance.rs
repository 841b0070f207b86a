//! Which mistakes of devices are accepted, and which were met.

/// Which mistakes of devices are accepted. The default accepts all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tolerances {
    /// Integers with more leading octets than they need (against X.690 section 8.3.2).
    pub padded_integers: bool,
    /// INTEGER, Counter32, Gauge32 and TimeTicks over 32 bits. The number is kept as it is: an
    /// INTEGER stays one, a counter becomes a Counter64, the others become an INTEGER.
    pub wide_integers: bool,
    /// Unsigned numbers with the sign bit set, sent without the leading zero octet: read as the
    /// unsigned number that was meant.
    pub negative_unsigned: bool,
    /// Numbers and object identifiers without any content: read as NULL, which means "not there".
    pub empty_values: bool,
    /// The v2c exceptions with the constructed bit set, as csnmp encodes them.
    pub constructed_exceptions: bool,
}

impl Tolerances {
    /// Accepts no mistake.
    pub const STRICT: Self = Self {
        padded_integers: false,
        wide_integers: false,
        negative_unsigned: false,
        empty_values: false,
        constructed_exceptions: false,
    };

    /// Accepts every mistake that has a switch.
    pub const ALL: Self = Self {
        padded_integers: true,
        wide_integers: true,
        negative_unsigned: true,
        empty_values: true,
        constructed_exceptions: true,
    };
}

impl Default for Tolerances {
    fn default() -> Self {
        Self::ALL
    }
}

/// Which mistakes were met and accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tolerated {
    /// See [`Tolerances::padded_integers`].
    pub padded_integers: bool,
    /// See [`Tolerances::wide_integers`].
    pub wide_integers: bool,
    /// See [`Tolerances::negative_unsigned`].
    pub negative_unsigned: bool,
    /// See [`Tolerances::empty_values`].
    pub empty_values: bool,
    /// See [`Tolerances::constructed_exceptions`].
    pub constructed_exceptions: bool,
}

impl Tolerated {
    /// Whether any mistake was met.
    pub fn any(self) -> bool {
        self != Self::default()
    }

    /// What either has met.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            padded_integers: self.padded_integers || other.padded_integers,
            wide_integers: self.wide_integers || other.wide_integers,
            negative_unsigned: self.negative_unsigned || other.negative_unsigned,
            empty_values: self.empty_values || other.empty_values,
            constructed_exceptions: self.constructed_exceptions || other.constructed_exceptions,
        }
    }
}
