//! What a row rests on, read from the words of its `proof`.
//!
//! A proof is a text of clauses with `; ` between them, the kind of each told by its first words:
//!
//! | clause | is |
//! | --- | --- |
//! | `recording NAME`, `recordings NAME, NAME` | a device's own answers |
//! | `web page ...`, `web pages ...` | what a device's own page states, quoted by a public source |
//! | `the vendor's MIB ...`, `NAME-MIB ...` | a published MIB text |
//! | `RFC ...`, `PWG ...`, `IANA ...`, `recog ...` | a standard, a registry, recog's fingerprints |
//! | `N independent public sources` (N from 2) | programs, articles, documents |
//! | `one public source` | the same, alone: it proves nothing |
//!
//! Behind `:` (or, for all but recordings, behind the words themselves) a clause says more.

use std::fmt;

/// What a definition row rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    text: Box<str>,
    clauses: Vec<ProofClause>,
}

/// One thing that a row rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofClause {
    /// A published MIB text.
    MibText,
    /// One public source, which nothing confirms.
    OneSource,
    /// A device's own page, quoted by a public source.
    Page,
    /// Recordings of devices, by name.
    Recordings(Vec<String>),
    /// So many public sources that do not copy each other.
    Sources(u32),
    /// A standard or a public registry: RFC, PWG, IANA, recog.
    Standard,
}

/// How well a row is proved, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProofClass {
    /// A recording of a device answers it.
    Recording,
    /// Public texts say it: a MIB, a standard, a device's page, or several sources.
    PublicSource,
    /// One source alone says it. What such a row reads is unproven.
    Unproven,
}

/// Why a text is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// A clause that begins with none of the words that a proof knows.
    #[error(
        "{0:?} is no proof: name a recording, a web page, a MIB text, a standard (RFC, PWG, IANA, \
         recog), \"N independent public sources\" or \"one public source\""
    )]
    Clause(String),
    /// A recording's name with other letters than a-z, digits and hyphens.
    #[error("{0:?} is no name of a recording; explanations stand behind a colon")]
    RecordingName(String),
    /// Fewer than two sources that claim to be several.
    #[error("one source alone is written \"one public source\"")]
    TooFewSources,
}

impl Proof {
    /// Reads a row's `proof`.
    ///
    /// # Errors
    ///
    /// [`ProofError`] with the first clause that is none.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let clauses = text.split("; ").map(clause).collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.into(),
            clauses,
        })
    }

    /// The words of the row.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its clauses, in their order.
    pub fn clauses(&self) -> &[ProofClause] {
        &self.clauses
    }

    /// The best that its clauses reach.
    pub fn class(&self) -> ProofClass {
        let classes = self.clauses.iter().map(ProofClause::class);
        classes.min().unwrap_or(ProofClass::Unproven)
    }

    /// The recordings that it names.
    pub fn recordings(&self) -> impl Iterator<Item = &str> {
        self.clauses
            .iter()
            .flat_map(|clause| match clause {
                ProofClause::Recordings(names) => names.as_slice(),
                _ => &[],
            })
            .map(String::as_str)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ProofClause {
    /// What this clause alone would prove.
    pub fn class(&self) -> ProofClass {
        match self {
            Self::Recordings(_) => ProofClass::Recording,
            Self::MibText | Self::Page | Self::Sources(_) | Self::Standard => {
                ProofClass::PublicSource
            }
            Self::OneSource => ProofClass::Unproven,
        }
    }
}

fn clause(text: &str) -> Result<ProofClause, ProofError> {
    let unknown = || ProofError::Clause(text.chars().take(80).collect());
    let mut words = text.split([' ', ':', ',', '(']);
    let first = words.next().unwrap_or_default();
    // The words, and not a part of a longer word; `followed` where they alone say nothing.
    let begins = |with: &str| {
        let rest = text.strip_prefix(with);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    let followed = |with: &str| begins(with) && text.len() > with.len() + 1;
    match first {
        "recording" | "recordings" => recordings(text),
        "web" if followed("web page") || followed("web pages") => Ok(ProofClause::Page),
        "the" if begins("the vendor's MIB") => Ok(ProofClause::MibText),
        "one" if begins("one public source") => Ok(ProofClause::OneSource),
        "RFC" | "PWG" | "IANA" | "recog" | "recog's" => Ok(ProofClause::Standard),
        name if name.len() > 4 && name.ends_with("-MIB") => Ok(ProofClause::MibText),
        number => {
            let count: u32 = number.parse().map_err(|_| unknown())?;
            let rest = text.get(number.len()..).unwrap_or_default();
            if !rest.starts_with(" independent public source") {
                return Err(unknown());
            }
            if count < 2 {
                return Err(ProofError::TooFewSources);
            }
            Ok(ProofClause::Sources(count))
        }
    }
}

fn recordings(text: &str) -> Result<ProofClause, ProofError> {
    let (names, _) = text.split_once(':').unwrap_or((text, ""));
    let names = names.split_once(' ').map_or("", |(_, names)| names);
    let names = names
        .split(", ")
        .map(|name| {
            let valid = !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            valid
                .then(|| name.to_owned())
                .ok_or_else(|| ProofError::RecordingName(name.chars().take(80).collect()))
        })
        .collect::<Result<_, _>>()?;
    Ok(ProofClause::Recordings(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> ProofClass {
        Proof::parse(text).expect(text).class()
    }

    #[test]
    fn the_best_clause_says_how_well_a_row_is_proved() {
        use ProofClass::{PublicSource, Recording, Unproven};
        for (text, expected) in [
            ("recording xerox-phaser-6600: PN\\#108R01124", Recording),
            ("one public source: a forum; recordings a-1, b-2", Recording),
            ("web page of an AM-C550: 49053", PublicSource),
            (
                "web pages of an AltaLink C8035 and a VersaLink B600",
                PublicSource,
            ),
            ("the vendor's MIB text", PublicSource),
            ("LEXMARK-MPS-MIB paperGeneralTable", PublicSource),
            ("RFC 3805 section 2.2.13", PublicSource),
            ("IANA enterprise numbers", PublicSource),
            ("recog's fingerprints of sysDescr", PublicSource),
            ("2 independent public sources: A and B", PublicSource),
            ("one public source", Unproven),
            (
                "one public source (a plugin); one public source: its copy",
                Unproven,
            ),
        ] {
            assert_eq!(class(text), expected, "{text}");
        }
    }

    #[test]
    fn recordings_are_read_by_name() {
        let proof = Proof::parse("RFC 3805; recordings a-1, b-2: and why; recording c");
        let proof = proof.expect("a proof");
        assert_eq!(proof.recordings().collect::<Vec<_>>(), ["a-1", "b-2", "c"]);
        assert_eq!(proof.clauses().len(), 3);
    }

    #[test]
    fn what_proves_nothing_is_refused() {
        for text in [
            "",
            "seen somewhere",
            "RFCs",
            "recording",
            "recording ",
            "recordings xerox-*",
            "recording a and others",
            "recording a (with words)",
            "web pages",
            "web of lies",
            "one public sources",
            "1 independent public sources",
            "2 public sources",
            "-MIB",
            "recording a; ",
            "recording a; public agent code",
        ] {
            assert!(Proof::parse(text).is_err(), "{text:?}");
        }
    }
}
