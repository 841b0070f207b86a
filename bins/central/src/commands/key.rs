//! `central key`: the key pairs that agents seal to.

use super::{Place, now};
use clap::{Args, Subcommand};
use pagetally_central::CentralKeyRow;
use std::time::Duration;

/// Arguments of `central key`.
#[derive(Debug, Args)]
pub(crate) struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Rotate(Rotate),
    List(List),
}

/// Put a new key pair in force and let the old one end
///
/// Agents learn of the new key from the answer to their next call. Enrolment codes made before let agents in until the
/// old key ends. An agent that does not call before then, and a code that is not used, must be replaced: its agent is
/// enrolled anew, and loses nothing.
#[derive(Debug, Args)]
struct Rotate {
    #[command(flatten)]
    place: Place,
    /// After how many days the old key is destroyed; 0 destroys it at once, as after a theft
    #[arg(long, value_name = "DAYS", default_value_t = 90,
          value_parser = clap::value_parser!(u32).range(0..=3_650))]
    old_lives_days: u32,
}

/// List the key pairs: which one is in force, when the others end or ended
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    place: Place,
}

impl Key {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Rotate(command) => command.run().await,
            Command::List(command) => command.run().await,
        }
    }
}

impl Rotate {
    async fn run(self) -> anyhow::Result<()> {
        let books = self.place.dealer_books().await?;
        let now = now()?;
        let old_lives = Duration::from_secs(u64::from(self.old_lives_days) * 86_400);
        let id = books.rotate_key(now, old_lives).await?;
        books.books().destroy_ended_keys(now).await?;
        println!("key {id} is in force");
        for key in books.central_keys().await? {
            if let (Some(ends), None) = (key.ends, key.destroyed) {
                println!("key {} opens what is sealed to it until {ends}", key.id);
            }
        }
        Ok(())
    }
}

impl List {
    async fn run(self) -> anyhow::Result<()> {
        let books = self.place.dealer_books().await?;
        books.books().destroy_ended_keys(now()?).await?;
        for key in books.central_keys().await? {
            println!("{}  made {}  {}", key.id, key.created, standing(&key));
            if let Some(signing) = key.signing {
                println!("    signs receipts: {signing} (Ed25519)");
            }
        }
        Ok(())
    }
}

fn standing(key: &CentralKeyRow) -> String {
    match (key.ends, key.destroyed) {
        (_, Some(at)) => format!("destroyed {at}"),
        (Some(ends), None) => format!("ends {ends}"),
        (None, None) => "in force".to_owned(),
    }
}
