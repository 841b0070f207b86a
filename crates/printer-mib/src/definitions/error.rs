//! Why a definition file is refused.

use super::ProofError;
use crate::text::PatternError;
use pagetally_snmp_engine::OidError;

/// A definition file that cannot be used. The whole file is refused: half a family would read half
/// a device.
#[derive(Debug, thiserror::Error)]
#[error("definition file {file}, row {row}: {kind}")]
pub struct DefinitionError {
    /// The file's name, as the caller gave it.
    pub file: String,
    /// The row, or `(file)`.
    pub row: String,
    /// What is wrong there.
    #[source]
    pub kind: DefinitionErrorKind,
}

/// The ways a definition file can be wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionErrorKind {
    /// The text is no TOML, or has a key that the format does not know.
    #[error("not readable as TOML of this format")]
    Toml(#[source] Box<toml::de::Error>),
    /// Another format version.
    #[error("format {0} is not 1")]
    Format(u32),
    /// The file is larger than a definition file can sensibly be.
    #[error("the file has {0} bytes, over the limit of 1 MiB")]
    TooLarge(usize),
    /// Two rows with one name.
    #[error("another row has this name")]
    DuplicateRule,
    /// Two rows that read one place for one purpose.
    #[error("row {0} already reads this place for this purpose")]
    DuplicatePlace(String),
    /// A row without its reason.
    #[error("no reason is given")]
    NoReason,
    /// A row without a recording or source that proves it.
    #[error("no proof is given")]
    NoProof,
    /// A proof that says nothing that could be looked up.
    #[error("proof: {0}")]
    Proof(#[source] ProofError),
    /// No object identifier.
    #[error("not an object identifier")]
    Oid(#[source] OidError),
    /// An object identifier that begins with a name that the file does not define.
    #[error("the root {0:?} is not defined")]
    UnknownRoot(String),
    /// A name that is no lower-case word.
    #[error("a name is made of lower-case letters, digits and hyphens")]
    Name,
    /// A pattern that makes no sense.
    #[error("pattern: {0}")]
    Pattern(String),
    /// A row that says both what a number counts and which level it is.
    #[error("a number is a meter, or a level, or neither; not both")]
    TwoMeanings,
    /// A row that names neither or both of `oid` and `column`.
    #[error("exactly one of oid and column is needed")]
    NoPlace,
    /// A table row that names a column which the table does not have.
    #[error("the table has no column {0:?}")]
    UnknownColumn(String),
    /// A sum over a row that the family does not have.
    #[error("the family has no row {0:?}")]
    UnknownInput(String),
    /// A maker whose devices run a firmware that no file describes.
    #[error("there is no family {0:?}")]
    UnknownFamily(String),
    /// A number out of its range.
    #[error("{0}")]
    Range(&'static str),
    /// A new family that does not say which devices it is for.
    #[error("a new family needs a [match]")]
    NoMatch,
    /// A place that must never be asked for.
    #[error("this must never be asked for: {0}")]
    Denied(&'static str),
}

impl From<PatternError> for DefinitionErrorKind {
    fn from(error: PatternError) -> Self {
        Self::Pattern(error.to_string())
    }
}
