//! Arbitrary values of everything that travels, for the tests of this crate.

mod documents;
mod messages;

pub(crate) use documents::words;
pub(crate) use messages::{receipt, report, request, response, signed_receipt};
