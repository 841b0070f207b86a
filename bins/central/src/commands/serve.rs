//! `central serve`.

use super::password::PasswordSource;
use anyhow::Context;
use clap::Args;
use pagetally_central::{Central, CentralConfig, HttpsConfig, PageAccess};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Arguments of `central serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Central's data folder; made, with a dealer and a user, where it is missing
    #[arg(long, value_name = "DIR", env = "CENTRAL_DATA")]
    data: PathBuf,
    /// Answer plain HTTP here; the default where no --https is given is 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS")]
    http: Option<SocketAddr>,
    /// Let --http listen beyond this machine, as behind a proxy that ends TLS
    #[arg(long, requires = "http")]
    http_beyond_loopback: bool,
    /// Answer HTTPS here
    #[arg(long, value_name = "ADDRESS", requires_all = ["cert", "key"])]
    https: Option<SocketAddr>,
    /// The certificate chain in PEM
    #[arg(long, value_name = "FILE", requires = "https")]
    cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE", requires = "https")]
    key: Option<PathBuf>,
    /// The address that agents and people use, such as `https://central.example`
    #[arg(long, value_name = "URL", env = "CENTRAL_PUBLIC_URL")]
    public_url: Option<String>,
    /// Show the pages without sign-in; only for trials, and only on loopback
    #[arg(long)]
    open_pages: bool,
    #[command(flatten)]
    source: PasswordSource,
}

impl Serve {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let config = self.config()?;
        // Started first: a wrong address must not leave a new folder behind.
        let central = Central::start(config).await?;
        if central.books().dealers().await?.is_empty() {
            super::init::create(central.books(), "My company", "admin", &self.source).await?;
        }
        println!("Pages: {}/", central.public_url());
        println!("Agents call {}/soap", central.public_url());
        stopped().await?;
        eprintln!("Stopping; requests under way may end.");
        Ok(central.shutdown().await?)
    }

    fn config(&self) -> anyhow::Result<CentralConfig> {
        let https = match (self.https, &self.cert, &self.key) {
            (Some(address), Some(cert), Some(key)) => Some(HttpsConfig {
                address,
                certificate_pem: read(cert)?,
                key_pem: read(key)?,
            }),
            _ => None,
        };
        let usual = SocketAddr::from(([127, 0, 0, 1], 8080));
        let mut config = CentralConfig::in_folder(&self.data);
        config.http = self.http.or_else(|| https.is_none().then_some(usual));
        config.https = https;
        config.accept_plain_http_beyond_loopback = self.http_beyond_loopback;
        config.public_url.clone_from(&self.public_url);
        if self.open_pages {
            config.page_access = PageAccess::OpenOnLoopback;
        }
        Ok(config)
    }
}

fn read(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Waits for Ctrl-C, or on Unix for SIGTERM as service managers send it.
async fn stopped() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut term = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result.context("cannot wait for Ctrl-C"),
            _ = term.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c()
        .await
        .context("cannot wait for Ctrl-C")
}
