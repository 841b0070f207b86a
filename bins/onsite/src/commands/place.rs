//! Which agent a command is about: its folder and the site's own file.

use super::Failure;
use super::secret::Secrets;
use anyhow::anyhow;
use pagetally_onsite::{Agent, SiteFile, default_data_folder, definitions_from};
use pagetally_printer_mib::Definitions;
use std::path::{Path, PathBuf};

/// The site's own file, where `--config` does not name another.
const SITE_FILE: &str = "site.toml";

/// Which agent, for every command that needs one.
#[derive(Debug, clap::Args)]
pub(crate) struct AgentPlace {
    /// The agent's folder; without it $STATE_DIRECTORY, else the user's state folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The site's own file; without it site.toml in the agent's folder, where there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl AgentPlace {
    /// Opens the agent, and makes a new one where there is none.
    pub(crate) fn open(&self) -> Result<Agent, Failure> {
        let folder = self.folder()?;
        let site = self.site_file(&folder)?;
        Ok(Agent::open_with(&folder, site, Secrets::here().sources())?)
    }

    /// Opens an agent that must be there, with secrets that a command asks for itself.
    pub(crate) fn open_existing_with(&self, secrets: &Secrets) -> Result<Agent, Failure> {
        let folder = self.existing_folder()?;
        let site = self.site_file(&folder)?;
        Ok(Agent::open_with(&folder, site, secrets.sources())?)
    }

    /// Opens an agent that must be there: to ask is not to make one.
    pub(crate) fn open_existing(&self) -> Result<Agent, Failure> {
        self.existing_folder()?;
        self.open()
    }

    /// The folder of an agent that must be there.
    pub(crate) fn existing_folder(&self) -> Result<PathBuf, Failure> {
        let folder = self.folder()?;
        if !folder.is_dir() {
            return Err(Failure::usage(anyhow!(
                "there is no agent in {}; name its folder with --data, or make one with onsite enrol",
                folder.display()
            )));
        }
        Ok(folder)
    }

    pub(crate) fn folder(&self) -> Result<PathBuf, Failure> {
        self.data
            .clone()
            .or_else(default_data_folder)
            .ok_or_else(|| {
                Failure::usage(anyhow!(
                    "this user has no state folder; name one with --data"
                ))
            })
    }

    /// The site's own file, without opening anything.
    pub(crate) fn site(&self) -> Result<SiteFile, Failure> {
        self.site_file(&self.folder()?)
    }

    fn site_file(&self, folder: &Path) -> Result<SiteFile, Failure> {
        let file = match &self.config {
            Some(file) => file.clone(),
            None => folder.join(SITE_FILE),
        };
        if self.config.is_none() && !file.exists() {
            return Ok(SiteFile::default());
        }
        SiteFile::read(&file).map_err(Failure::usage)
    }
}

/// Own definition rows, for commands that need no agent.
#[derive(Debug, clap::Args)]
pub(crate) struct Rows {
    /// A folder of own definition rows (*.toml), which come before the shipped ones
    #[arg(long, value_name = "DIR")]
    definitions: Option<PathBuf>,
}

impl Rows {
    /// Whether somebody named a folder.
    pub(crate) fn is_given(&self) -> bool {
        self.definitions.is_some()
    }

    pub(crate) fn load(&self) -> Result<Definitions, Failure> {
        definitions(self.definitions.as_deref())
    }
}

/// The definitions that ship with the program, with a folder's rows over them.
pub(crate) fn definitions(folder: Option<&Path>) -> Result<Definitions, Failure> {
    folder.map_or_else(
        || Ok(Definitions::builtin()),
        |folder| definitions_from(folder).map_err(Failure::usage),
    )
}
