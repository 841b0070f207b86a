//! What can go wrong, by whose doing.

use pagetally_model::SettingsError;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The server key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Another user of the machine could read it.
    #[error("{path} can be read by others than its owner (mode {mode:o}); run chmod 600 on it")]
    OpenToOthers {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a key file of a version that this Central knows.
    #[error("{path} is not a server key of format 1")]
    NotAKey {
        /// The key file.
        path: PathBuf,
    },
    /// The database is there and the key that seals its secrets is not.
    #[error("{path} is missing, yet the database beside it was sealed with it; restore it")]
    Missing {
        /// The key file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot read or write {path}")]
    File {
        /// The key file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The operating system gives no randomness.
    #[error("the operating system gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// A sealed value does not open: another key, or bytes that were changed or moved.
    #[error("the sealed value of {place} does not open under this server key")]
    DoesNotOpen {
        /// Table, column and row.
        place: String,
    },
}

/// A question to the books failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BooksError {
    /// The database failed or is not there.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The database has a shape that this Central cannot bring up to date.
    #[error("the database could not be brought to this version's shape")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A sealed value or the server key is unusable.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A row holds what no Central writes.
    #[error("{table}.{column} holds a value that no Central of this version writes: {text:?}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The beginning of the value.
        text: String,
    },
    /// A document does not decompress or parse.
    #[error("the document of {what} is damaged: {reason}")]
    Document {
        /// Which document.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something asked for is not among this dealer's rows.
    #[error("this dealer has no {what} {id}")]
    NotFound {
        /// What was asked for.
        what: &'static str,
        /// Its id or name.
        id: String,
    },
    /// A name, login or address is taken.
    #[error("there is already a {what} named {name:?}")]
    Taken {
        /// What it would have named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A value from a person is out of its bounds.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Settings are out of their bounds.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Argon2 refused to hash.
    #[error("the password could not be hashed: {0}")]
    Password(String),
    /// A cryptographic step of the contract failed.
    #[error("a key could not be made: {0}")]
    KeyPair(String),
}

/// Central could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The books could not be opened.
    #[error("the books cannot be opened")]
    Books(#[from] BooksError),
    /// Neither an HTTP nor an HTTPS address was given.
    #[error("no address to listen on was given")]
    NoListener,
    /// Plain HTTP beyond this machine was not asked for in so many words.
    #[error("plain HTTP on {0} would be open to the network; use HTTPS or say so explicitly")]
    PlainHttpBeyondLoopback(SocketAddr),
    /// Open pages must stay on this machine.
    #[error("pages without sign-in may only listen on loopback, not on {0}")]
    OpenPagesBeyondLoopback(SocketAddr),
    /// The address could not be bound.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("the TLS certificate or its key cannot be used: {0}")]
    Certificate(String),
    /// The public address is no absolute http or https URL.
    #[error("{0:?} is not an absolute http or https address without path")]
    PublicUrl(String),
    /// A running Central's listener failed.
    #[error("the listener stopped")]
    Serve(#[source] std::io::Error),
}
