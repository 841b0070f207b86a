//! The User-based Security Model of SNMPv3 (RFC 3414): users, keys, and the clocks of engines.
//!
//! - A [`UsmUser`] is a name with its passphrases. [`UsmCredential`] is what is derived from it, once:
//!   turning a passphrase into a key takes a megabyte of hashing (RFC 3414 section 2.6).
//! - [`LocalKeys`] are the keys of one user at one engine; [`KeyCache`] keeps those of many.
//! - [`EngineClock`] is what is known of an engine: its id, how often it has started and how long ago.
//! - [`UsmSession`] asks one device and tells its answers from everything else.
//!
//! [`message::v3`](crate::message::v3) puts these into datagrams and takes them out, in both roles: an
//! agent's and a manager's, so that traps and informs can be received with the same code.
//!
//! Authentication is by HMAC with MD5 or SHA-1 (RFC 3414 sections 6 and 7) or SHA-2 (RFC 7860);
//! encryption by DES (RFC 3414 section 8) or AES-128 (RFC 3826), or by AES-192 and AES-256 with either of
//! the two ways that devices make a longer key (see [`PrivProtocol`]).

mod cipher;
mod clock;
mod credential;
mod keys;
mod mac;
mod protocol;
mod report;
mod session;

pub use clock::{EngineClock, MAX_BOOTS, MAX_ENGINE_ID, TIME_WINDOW};
pub use credential::{Secret, UsmCredential, UsmUser, UsmUserError};
pub use keys::{KeyCache, LocalKeys};
pub use protocol::{AuthProtocol, PrivProtocol, SecurityLevel, UnknownProtocol};
pub use report::ReportReason;
pub use session::{Reply, Trust, UsmSession};

#[cfg(test)]
mod tests;
