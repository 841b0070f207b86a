//! `central enrol`.

use super::{Place, now, site_named};
use clap::Args;
use pagetally_central::soap_url;
use std::time::Duration;

/// Arguments of `central enrol`.
#[derive(Debug, Args)]
pub(crate) struct Enrol {
    #[command(flatten)]
    place: Place,
    /// The site: its name, CUSTOMER/SITE where the name is not unique, or its id
    #[arg(long, value_name = "NAME")]
    site: String,
    /// The address under which agents reach this Central
    #[arg(
        long,
        value_name = "URL",
        env = "CENTRAL_PUBLIC_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    public_url: String,
    /// How many hours the code is accepted
    #[arg(long, value_name = "HOURS", default_value_t = 168,
          value_parser = clap::value_parser!(u32).range(1..=8_760))]
    valid_hours: u32,
}

impl Enrol {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let books = self.place.dealer_books().await?;
        let site = site_named(&books, &self.site).await?;
        let valid_for = Duration::from_secs(u64::from(self.valid_hours) * 3_600);
        let code = books
            .create_enrolment_code(site.id, &soap_url(&self.public_url), now()?, valid_for)
            .await?;
        println!("{}", *code.to_text()?);
        eprintln!(
            "This code lets one agent in at {:?}, once, until {}. It is not shown again.",
            site.name, code.expires
        );
        Ok(())
    }
}
