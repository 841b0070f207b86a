//! `central init`.

use super::password::PasswordSource;
use anyhow::bail;
use clap::Args;
use pagetally_central::Books;
use std::path::PathBuf;

/// Arguments of `central init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Central's data folder; made where it is missing
    #[arg(long, value_name = "DIR", env = "CENTRAL_DATA")]
    data: PathBuf,
    /// The dealer's name
    #[arg(long, value_name = "NAME", default_value = "My company")]
    dealer: String,
    /// The login of the dealer's first user
    #[arg(long, value_name = "LOGIN", default_value = "admin")]
    login: String,
    #[command(flatten)]
    source: PasswordSource,
}

impl Init {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let books = super::open(&self.data).await?;
        if books
            .dealers()
            .await?
            .iter()
            .any(|dealer| dealer.name == self.dealer)
        {
            bail!(
                "{} has a dealer named {:?} already",
                self.data.display(),
                self.dealer
            );
        }
        create(&books, &self.dealer, &self.login, &self.source).await?;
        eprintln!(
            "The dealer {:?} stands in {}.",
            self.dealer,
            self.data.display()
        );
        Ok(())
    }
}

/// Writes in a dealer with its first user.
pub(crate) async fn create(
    books: &Books,
    dealer: &str,
    login: &str,
    source: &PasswordSource,
) -> anyhow::Result<()> {
    let chosen = source.choose()?;
    books
        .create_dealer_with_user(dealer, login, &chosen.password)
        .await?;
    chosen.tell(login);
    Ok(())
}
