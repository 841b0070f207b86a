//! `central settings`.

use super::{Place, site_named};
use anyhow::Context;
use clap::Args;
use pagetally_model::{Community, Settings, Text};

/// Arguments of `central settings`. What is not given stays; nothing given shows them.
#[derive(Debug, Args)]
pub(crate) struct SettingsCommand {
    #[command(flatten)]
    place: Place,
    /// The site: its name, CUSTOMER/SITE where the name is not unique, or its id
    #[arg(long, value_name = "NAME")]
    site: String,
    /// Where to look; may be given several times and replaces what was set
    #[arg(long = "target", value_name = "TARGET")]
    targets: Vec<String>,
    /// Where never to look; may be given several times and replaces what was set
    #[arg(long = "exclude", value_name = "TARGET")]
    exclusions: Vec<String>,
    /// A file with one SNMP community a line, tried in this order; replaces what was set
    #[arg(long, value_name = "FILE")]
    communities: Option<std::path::PathBuf>,
    /// The printers' UDP port
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Milliseconds to wait for an answer
    #[arg(long, value_name = "MS")]
    timeout: Option<u64>,
    /// How often to ask again
    #[arg(long, value_name = "TIMES")]
    retries: Option<u32>,
    /// Ceiling on datagrams a second
    #[arg(long, value_name = "RATE")]
    rate: Option<u32>,
    /// Ceiling on datagrams a second to one /24; 0 for two fifths of the site's, at least 200
    #[arg(long, value_name = "RATE")]
    subnet_rate: Option<u32>,
    /// When no device is asked anything, such as "Mon-Fri 08:00-09:30"; may be given several times
    /// and replaces what was set
    #[arg(long = "quiet", value_name = "HOURS", conflicts_with = "no_quiet")]
    quiet_hours: Vec<String>,
    /// No quiet hours any more
    #[arg(long)]
    no_quiet: bool,
    /// Seconds for which a device that sleeps is left alone after it was asked
    #[arg(long, value_name = "SECONDS")]
    sleep: Option<u64>,
    /// Seconds between two passes
    #[arg(long, value_name = "SECONDS")]
    interval: Option<u64>,
    /// Seconds within which every known device is read in full; 0 for every pass
    #[arg(long, value_name = "SECONDS")]
    full_read: Option<u64>,
    /// The site's time zone, an IANA name
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
}

impl SettingsCommand {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let books = self.place.dealer_books().await?;
        let site = site_named(&books, &self.site).await?;
        let current = books.settings(site.id).await?.settings;
        let wanted = self.applied_to(&current)?;
        if wanted == current {
            show(&current);
            return Ok(());
        }
        let version = books
            .set_settings(site.id, &wanted, "the command line")
            .await?;
        eprintln!("Settings of {:?} are at version {version} now.", site.name);
        Ok(())
    }

    fn applied_to(&self, current: &Settings) -> anyhow::Result<Settings> {
        let mut wanted = current.clone();
        if !self.targets.is_empty() {
            wanted.targets.clone_from(&self.targets);
        }
        if !self.exclusions.is_empty() {
            wanted.exclusions.clone_from(&self.exclusions);
        }
        if let Some(path) = &self.communities {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            wanted.communities = lines.map(Community::new).collect::<Result<_, _>>()?;
        }
        if let Some(zone) = &self.time_zone {
            wanted.time_zone = Text::clean(zone);
        }
        if !self.quiet_hours.is_empty() || self.no_quiet {
            wanted.quiet_hours.clone_from(&self.quiet_hours);
        }
        if let Some(rate) = self.subnet_rate {
            wanted.subnet_datagrams_per_second = (rate > 0).then_some(rate);
        }
        wanted.sleep_seconds = self.sleep.unwrap_or(wanted.sleep_seconds);
        wanted.port = self.port.unwrap_or(wanted.port);
        wanted.timeout_millis = self.timeout.unwrap_or(wanted.timeout_millis);
        wanted.retries = self.retries.unwrap_or(wanted.retries);
        wanted.datagrams_per_second = self.rate.unwrap_or(wanted.datagrams_per_second);
        wanted.interval_seconds = self.interval.unwrap_or(wanted.interval_seconds);
        wanted.full_read_seconds = self.full_read.or(wanted.full_read_seconds);
        Ok(wanted)
    }
}

/// Everything but the communities, which are passwords: of them only how many there are.
fn show(settings: &Settings) {
    println!("version\t{}", settings.version);
    println!("time zone\t{}", settings.time_zone);
    println!("targets\t{}", settings.targets.join(" "));
    println!("exclusions\t{}", settings.exclusions.join(" "));
    println!("communities\t{} (not shown)", settings.communities.len());
    println!("port\t{}", settings.port);
    println!("timeout\t{} ms", settings.timeout_millis);
    println!("retries\t{}", settings.retries);
    println!("rate\t{} datagrams/s", settings.datagrams_per_second);
    match settings.subnet_datagrams_per_second {
        Some(rate) => println!("subnet rate\t{rate} datagrams/s"),
        None => println!("subnet rate\tautomatic"),
    }
    println!("quiet hours\t{}", settings.quiet_hours.join("; "));
    println!("sleep\t{} s", settings.sleep_seconds);
    println!("interval\t{} s", settings.interval_seconds);
    println!("full read\t{} s", settings.full_read_every().as_secs());
}
