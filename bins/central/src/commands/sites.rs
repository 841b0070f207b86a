//! `central sites`.

use super::Place;
use clap::{Args, Subcommand};

/// Arguments of `central sites`.
#[derive(Debug, Args)]
pub(crate) struct Sites {
    #[command(subcommand)]
    command: SitesCommand,
}

#[derive(Debug, Subcommand)]
enum SitesCommand {
    /// List every site, tab-separated: customer, site, time zone, devices, agents, id
    List(Place),
    /// Add a site, and its customer where that is new
    Add(Add),
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    place: Place,
    /// The customer's name
    #[arg(long, value_name = "NAME")]
    account: String,
    /// The site's name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The site's time zone, an IANA name
    #[arg(long, value_name = "ZONE", default_value = "Etc/UTC")]
    time_zone: String,
}

impl Sites {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            SitesCommand::List(place) => list(&place).await,
            SitesCommand::Add(add) => add.run().await,
        }
    }
}

async fn list(place: &Place) -> anyhow::Result<()> {
    for site in place.dealer_books().await?.sites().await? {
        println!(
            "{}\t{}\t{}\t{}\t{}\t{}",
            site.account, site.name, site.time_zone, site.devices, site.agents, site.id
        );
    }
    Ok(())
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        let books = self.place.dealer_books().await?;
        let accounts = books.accounts().await?;
        let account = match accounts
            .into_iter()
            .find(|known| known.name == self.account)
        {
            Some(known) => known.id,
            None => books.create_account(&self.account).await?,
        };
        let site = books
            .create_site(account, &self.name, &self.time_zone)
            .await?;
        println!("{site}");
        eprintln!("The site {:?} of {:?} is added.", self.name, self.account);
        Ok(())
    }
}
