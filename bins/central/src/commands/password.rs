//! Passwords: typed in, handed over, or made.

use super::Place;
use anyhow::{Context, bail};
use clap::Args;
use std::io::BufRead;

/// Where a password comes from when nobody was asked to make one.
pub(crate) const VARIABLE: &str = "CENTRAL_PASSWORD";

/// Arguments of `central password`.
#[derive(Debug, Args)]
pub(crate) struct Password {
    #[command(flatten)]
    place: Place,
    /// The user's login
    #[arg(long, value_name = "LOGIN")]
    login: String,
    #[command(flatten)]
    source: PasswordSource,
}

/// How a password gets in. Never as an argument: those can be read by others on the machine.
#[derive(Debug, Args)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of standard input. Without this it is taken from the
    /// environment variable CENTRAL_PASSWORD, else made and printed once
    #[arg(long)]
    password_stdin: bool,
}

/// A password, and whether somebody must be told it.
pub(crate) struct Chosen {
    pub(crate) password: String,
    pub(crate) made: bool,
}

impl PasswordSource {
    /// Takes or makes the password.
    pub(crate) fn choose(&self) -> anyhow::Result<Chosen> {
        if self.password_stdin {
            let mut line = String::new();
            std::io::stdin()
                .lock()
                .read_line(&mut line)
                .context("cannot read the password from standard input")?;
            let password = line.trim_end_matches(['\r', '\n']).to_owned();
            if password.is_empty() {
                bail!("the first line of standard input is empty; it should be the password");
            }
            return Ok(Chosen {
                password,
                made: false,
            });
        }
        match std::env::var(VARIABLE) {
            Ok(password) => Ok(Chosen {
                password,
                made: false,
            }),
            Err(_) => Ok(Chosen {
                password: pagetally_central::generate_password()?,
                made: true,
            }),
        }
    }
}

impl Chosen {
    /// Prints it where it was made: this is the only time.
    pub(crate) fn tell(&self, login: &str) {
        if self.made {
            println!("Login {login}, password {}", self.password);
            println!("It is not shown again.");
        }
    }
}

impl Password {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let books = self.place.dealer_books().await?;
        let chosen = self.source.choose()?;
        books.set_password(&self.login, &chosen.password).await?;
        chosen.tell(&self.login);
        eprintln!(
            "The password of {} is changed; its sessions are ended.",
            self.login
        );
        Ok(())
    }
}
