//! A whole Central in memory: a dealer, a site, an enrolment code, and pages in a browser.
//!
//! ```sh
//! cargo run -p pagetally-central --example serve
//! ```

use pagetally_central::{Central, CentralConfig};
use pagetally_model::{Settings, Text, Timestamp};
use std::time::{Duration, UNIX_EPOCH};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let central = Central::start(CentralConfig::in_memory()).await?;

    let dealer = central.books().create_dealer("Example Dealer").await?;
    let books = central.books().dealer(dealer);
    let account = books.create_account("Example Customer").await?;
    let site = books
        .create_site(account, "Head office", "Europe/Berlin")
        .await?;
    let settings = Settings {
        time_zone: Text::clean("Europe/Berlin"),
        targets: vec!["192.0.2.0/24".to_owned()],
        ..Settings::default()
    };
    let version = books.set_settings(site, &settings, "the example").await?;

    let now = i64::try_from(UNIX_EPOCH.elapsed()?.as_millis())?;
    let code = books
        .create_enrolment_code(
            site,
            &central.soap_url(),
            Timestamp::from_unix_millis(now),
            Duration::from_secs(3_600),
        )
        .await?;

    println!("Fleet:  {}/", central.public_url());
    println!("Settings of the site are at version {version}.");
    println!(
        "An agent enrols within an hour with:\n\n  onsite enrol '{}'\n",
        *code.to_text()?
    );
    if std::env::args().any(|argument| argument == "--once") {
        return Ok(central.shutdown().await?);
    }
    println!("Ctrl-C ends it.");
    tokio::signal::ctrl_c().await?;
    Ok(central.shutdown().await?)
}
