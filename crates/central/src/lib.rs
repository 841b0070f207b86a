//! Central: the server that agents call and dealers read.
//!
//! One [`Central`] is a SOAP endpoint for agents, a database of what they handed over (the
//! [`Books`]), settings that dealers edit and agents adopt, and pages that show fleet, devices,
//! observations and agents. It never connects to a site.
//!
//! ```no_run
//! use pagetally_central::{Central, CentralConfig};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let central = Central::start(CentralConfig::in_memory()).await?;
//! let dealer = central.books().create_dealer("Example Dealer").await?;
//! let books = central.books().dealer(dealer);
//! let account = books.create_account("Example Customer").await?;
//! let site = books.create_site(account, "Head office", "Europe/Berlin").await?;
//! println!("pages at {}", central.public_url());
//! println!("{:?}", books.settings(site).await?);
//! central.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What holds by construction
//!
//! - Every row belongs to a dealer, and every query goes through [`DealerBooks`], which puts the
//!   dealer's id into it: there is no way to ask across dealers.
//! - A submission, its audits, its rows and its receipt are stored in one transaction.
//! - What is secret (communities, enrolment secrets, Central's private keys) is sealed under a
//!   server key that is a file beside the database, never in it.
//! - Pages escape whatever devices say, work without JavaScript and load nothing from elsewhere.

mod books;
mod clock;
mod config;
mod endpoint;
mod error;
mod key;
#[cfg(feature = "mutations")]
pub mod mutations;
mod platform;
mod server;
mod state;
mod web;

pub use books::{
    AccountRow, AgentKind, AgentRow, AgentStatus, AlertRow, ApiAccess, ApiKeyRow, AuditRow, Books,
    CentralKeyRow, DealerBooks, DealerRow, DeviceEvent, DeviceFilter, DeviceOrder, DeviceRow,
    EnrolmentRow, ForkRow, MATCH_RULE_VERSION, MeterPoint, MeterRow, NewApiKey, NoticeRow,
    ObservationRow, PassRow, RejectionRow, SettingsRow, SiteRow, SubmissionRow, SupplyRow,
    WithheldRow, generate_password,
};
pub use config::{CentralConfig, HttpsConfig, Limits, PageAccess, Storage};
pub use endpoint::soap_url;
pub use error::{BooksError, KeyError, StartError};
pub use server::{Central, CentralHandle};
