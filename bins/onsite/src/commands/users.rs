//! Users of SNMPv3 on the command line. Passphrases come from a file or from the environment: what
//! stands among a program's arguments, every user of the machine can read.

use super::Failure;
use anyhow::{Context, anyhow};
use pagetally_model::{AUTH_PROTOCOLS, PRIV_PROTOCOLS, Passphrase, SnmpSecret, SnmpUser};
use std::path::{Path, PathBuf};

/// The environment's names for the passphrases.
const AUTH_PASSPHRASE: &str = "PAGETALLY_V3_AUTH_PASSPHRASE";
const PRIV_PASSPHRASE: &str = "PAGETALLY_V3_PRIV_PASSPHRASE";

/// Ceiling on a users' file: 16 users with long lists of engines.
const MAX_FILE: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "SNMPv3")]
pub(crate) struct Users {
    /// File with users: a line for each of `user NAME`, `auth SHA-256 PASSPHRASE`,
    /// `priv AES-128 PASSPHRASE`, `context NAME`, `engine ID` and `first-contact`; an empty line between
    /// two users
    #[arg(long, value_name = "FILE")]
    v3_users: Option<PathBuf>,
    /// User who asks where a device answers no community. Its passphrases are taken from the
    /// environment: PAGETALLY_V3_AUTH_PASSPHRASE and PAGETALLY_V3_PRIV_PASSPHRASE
    #[arg(long, value_name = "NAME")]
    v3_user: Option<String>,
    /// How the user authenticates
    #[arg(long, value_name = "PROTOCOL", requires = "v3_user", value_parser = AUTH_PROTOCOLS)]
    v3_auth: Option<String>,
    /// How the user encrypts; Reeder's is another way to a longer key, Cisco's among others
    #[arg(long, value_name = "PROTOCOL", requires = "v3_auth", value_parser = PRIV_PROTOCOLS)]
    v3_priv: Option<String>,
    /// The context that is asked for
    #[arg(long, value_name = "NAME", requires = "v3_user", default_value = "")]
    v3_context: String,
    /// Id of an engine that the credentials may go to, in hexadecimal digits; may be given several
    /// times
    #[arg(long, value_name = "ID", requires = "v3_user")]
    v3_engine: Vec<String>,
    /// Let the credentials of --v3-user go to every engine that answers. A hostile machine can then
    /// collect material for guessing the passphrase
    #[arg(long, requires = "v3_user")]
    v3_first_contact: bool,
}

impl Users {
    /// The users that are named, checked.
    pub(crate) fn load(&self) -> Result<Vec<SnmpUser>, Failure> {
        let mut users = match &self.v3_users {
            Some(file) => from_file(file).map_err(Failure::usage)?,
            None => Vec::new(),
        };
        if let Some(name) = &self.v3_user {
            let user = self.named(name).map_err(Failure::usage)?;
            users.push(user);
        }
        Ok(users)
    }

    fn named(&self, name: &str) -> anyhow::Result<SnmpUser> {
        let secret = |protocol: &str, variable: &str| {
            let text = std::env::var(variable).map_err(|_| {
                anyhow!("{variable} is not set: put the passphrase there, or use --v3-users FILE")
            })?;
            let passphrase = Passphrase::new(text).with_context(|| variable.to_owned())?;
            anyhow::Ok(SnmpSecret {
                protocol: protocol.to_owned(),
                passphrase,
            })
        };
        let (auth, privacy) = (self.v3_auth.as_ref(), self.v3_priv.as_ref());
        let auth = auth.map(|protocol| secret(protocol, AUTH_PASSPHRASE));
        let privacy = privacy.map(|protocol| secret(protocol, PRIV_PASSPHRASE));
        let user = SnmpUser {
            user: name.to_owned(),
            auth: auth.transpose()?,
            privacy: privacy.transpose()?,
            context: self.v3_context.clone(),
            engines: self.v3_engine.clone(),
            first_contact: self.v3_first_contact,
        };
        user.check()?;
        Ok(user)
    }
}

fn from_file(file: &Path) -> anyhow::Result<Vec<SnmpUser>> {
    let name = || format!("{}: cannot be read", file.display());
    let bytes = std::fs::metadata(file).with_context(name)?.len();
    if bytes > MAX_FILE {
        return Err(anyhow!("{}: is too large", file.display()));
    }
    let text = std::fs::read_to_string(file).with_context(name)?;
    SnmpUser::from_text(&text, &[]).with_context(|| file.display().to_string())
}
