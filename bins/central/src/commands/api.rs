//! `central api`.

use super::Place;
use anyhow::bail;
use clap::{Args, Subcommand};
use pagetally_central::{AccountRow, DealerBooks};

/// Arguments of `central api`.
#[derive(Debug, Args)]
pub(crate) struct Api {
    #[command(subcommand)]
    command: ApiCommand,
}

#[derive(Debug, Subcommand)]
enum ApiCommand {
    /// Take typed messages over HTTPS for a customer's account
    Allow(Account),
    /// Take sealed messages only for a customer's account
    Forbid(Account),
    /// List an account's API keys, tab-separated: key, state, last use, name
    Keys(Account),
    /// Make an API key and print its username and secret, once
    Create(Create),
    /// Revoke an API key and destroy its secret
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Account {
    #[command(flatten)]
    place: Place,
    /// The customer's name
    #[arg(long, value_name = "NAME")]
    account: String,
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    account: Account,
    /// What the key is for
    #[arg(long, value_name = "NAME")]
    name: String,
}

#[derive(Debug, Args)]
struct Revoke {
    #[command(flatten)]
    account: Account,
    /// The key's username
    #[arg(long, value_name = "KEY")]
    key: String,
}

impl Api {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            ApiCommand::Allow(account) => account.allow(true).await,
            ApiCommand::Forbid(account) => account.allow(false).await,
            ApiCommand::Keys(account) => account.keys().await,
            ApiCommand::Create(create) => create.run().await,
            ApiCommand::Revoke(revoke) => revoke.run().await,
        }
    }
}

impl Account {
    async fn find(&self) -> anyhow::Result<(DealerBooks, AccountRow)> {
        let books = self.place.dealer_books().await?;
        let accounts = books.accounts().await?;
        match accounts.iter().find(|known| known.name == self.account) {
            Some(found) => Ok((books, found.clone())),
            None => {
                let known: Vec<&str> = accounts.iter().map(|known| known.name.as_str()).collect();
                bail!(
                    "there is no account {:?}; there are: {}",
                    self.account,
                    known.join(", ")
                )
            }
        }
    }

    async fn allow(&self, allowed: bool) -> anyhow::Result<()> {
        let (books, account) = self.find().await?;
        books.allow_typed_messages(&account.id, allowed).await?;
        let what = if allowed {
            "typed messages over HTTPS with an API key, besides sealed ones"
        } else {
            "sealed messages only"
        };
        eprintln!("For {:?} Central takes {what}.", account.name);
        Ok(())
    }

    async fn keys(&self) -> anyhow::Result<()> {
        let (books, account) = self.find().await?;
        for key in books.api_access(&account.id).await?.keys {
            let state = match key.revoked {
                Some(at) => format!("revoked {at}"),
                None => "in force".to_owned(),
            };
            let used = key
                .used
                .map_or_else(|| "never".to_owned(), |used| used.to_string());
            println!("{}\t{state}\t{used}\t{}", key.id, key.name);
        }
        Ok(())
    }
}

impl Create {
    async fn run(self) -> anyhow::Result<()> {
        let (books, account) = self.account.find().await?;
        let key = books
            .create_api_key(&account.id, &self.name, "the command line")
            .await?;
        println!("{}\t{}", key.id, *key.secret);
        eprintln!(
            "Username and secret of a key for {:?}. The secret is not shown again.",
            account.name
        );
        if !books.api_access(&account.id).await?.allowed {
            eprintln!("Typed messages are not allowed yet; run: central api allow");
        }
        Ok(())
    }
}

impl Revoke {
    async fn run(self) -> anyhow::Result<()> {
        let (books, account) = self.account.find().await?;
        books.revoke_api_key(&account.id, &self.key).await?;
        eprintln!("The key is revoked and its secret is gone.");
        Ok(())
    }
}
