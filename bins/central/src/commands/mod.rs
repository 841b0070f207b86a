//! Every command, and what they share.

mod api;
mod enrol;
mod init;
mod key;
mod password;
mod serve;
mod settings;
mod sites;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use pagetally_central::{Books, DealerBooks, SiteRow, Storage};
use pagetally_model::Timestamp;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

/// Central: where agents hand over what they read, and dealers see it.
///
/// Exit codes: 0 done, 1 failed (the reason is on stderr), 2 wrong arguments.
#[derive(Debug, Parser)]
#[command(name = "central", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    /// Whether it will run until it is stopped.
    pub(crate) fn is_serving(&self) -> bool {
        matches!(self.command, Command::Serve(_))
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the data folder with a dealer and a user who may sign in
    Init(init::Init),
    /// Answer agents and show pages until stopped
    Serve(serve::Serve),
    /// Let other software report with typed messages: allow it, make and revoke API keys
    Api(api::Api),
    /// Print an enrolment code that lets one agent in, once
    Enrol(enrol::Enrol),
    /// Replace the key pair that agents seal to, or list those there are
    Key(key::Key),
    /// List sites or add one
    Sites(sites::Sites),
    /// Show or change how a site's agents run their passes
    Settings(settings::SettingsCommand),
    /// Give a user a new password and end that user's sessions
    Password(password::Password),
}

/// Runs one command.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Init(command) => command.run().await,
        Command::Serve(command) => command.run().await,
        Command::Api(command) => command.run().await,
        Command::Enrol(command) => command.run().await,
        Command::Key(command) => command.run().await,
        Command::Sites(command) => command.run().await,
        Command::Settings(command) => command.run().await,
        Command::Password(command) => command.run().await,
    }
}

/// Where the books are, and whose.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Central's data folder
    #[arg(long, value_name = "DIR", env = "CENTRAL_DATA")]
    data: PathBuf,
    /// The dealer, where there are several
    #[arg(long, value_name = "NAME")]
    dealer: Option<String>,
}

impl Place {
    /// Opens the books of a folder that `init` or `serve` made.
    async fn books(&self) -> anyhow::Result<Books> {
        let data = self.data.display();
        if !self.data.join("central.db").exists() {
            bail!("{data} holds no Central; make one with: central init --data {data}");
        }
        open(&self.data).await
    }

    /// The books of the one dealer that is meant.
    async fn dealer_books(&self) -> anyhow::Result<DealerBooks> {
        let books = self.books().await?;
        let dealers = books.dealers().await?;
        let names = || {
            let names: Vec<&str> = dealers.iter().map(|dealer| dealer.name.as_str()).collect();
            names.join(", ")
        };
        match (&self.dealer, dealers.as_slice()) {
            (_, []) => bail!("there is no dealer yet; make one with: central init"),
            (None, [only]) => Ok(books.dealer(only.id)),
            (None, _) => bail!(
                "there are several dealers; say which by --dealer: {}",
                names()
            ),
            (Some(name), _) => match dealers.iter().find(|dealer| dealer.name == *name) {
                Some(found) => Ok(books.dealer(found.id)),
                None => bail!("there is no dealer {name:?}; there are: {}", names()),
            },
        }
    }
}

/// This machine's clock.
fn now() -> anyhow::Result<Timestamp> {
    let since = UNIX_EPOCH
        .elapsed()
        .context("this machine's clock stands before 1970")?;
    Ok(Timestamp::from_unix_millis(i64::try_from(
        since.as_millis(),
    )?))
}

/// Opens a data folder, making what is missing.
async fn open(data: &std::path::Path) -> anyhow::Result<Books> {
    Books::open(&Storage::Folder(data.to_owned()))
        .await
        .with_context(|| format!("cannot use the data folder {}", data.display()))
}

/// The site with this name, or `account/site` where the name is not unique, or this id.
async fn site_named(books: &DealerBooks, name: &str) -> anyhow::Result<SiteRow> {
    let sites = books.sites().await?;
    let full = |site: &SiteRow| format!("{}/{}", site.account, site.name);
    let fits =
        |site: &&SiteRow| site.name == name || full(site) == name || site.id.to_string() == name;
    let found: Vec<&SiteRow> = sites.iter().filter(fits).collect();
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] if sites.is_empty() => bail!("there is no site yet; make one with: central sites add"),
        [] => {
            let known: Vec<String> = sites.iter().map(full).collect();
            bail!("there is no site {name:?}; there are: {}", known.join(", "))
        }
        several => {
            let known: Vec<String> = several.iter().map(|site| full(site)).collect();
            bail!("{name:?} is not unique; say which: {}", known.join(", "))
        }
    }
}
