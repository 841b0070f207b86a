//! `onsite privacy`: what leaves the site, and the site's word on it.

use super::output::print;
use super::place::{AgentPlace, definitions};
use super::secret::Secrets;
use super::{Exit, Failure};
use clap::Subcommand;
use pagetally_onsite::{CLOSED_LIST, Field, ListedField, Privacy};
use pagetally_printer_mib::closed_list;
use std::fmt::Write as _;
use std::io::Write as _;

/// Show what leaves this site, in which form, and what for
///
/// The list is closed: nothing else is sent. What can be treated is decided in the site's file, in its table
/// of privacy, by the people at the site alone: send, pseudonymise, shorten or drop. A value is treated
/// before it is stored, wherever it occurs.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Exit codes:\n  \
    0  printed, or approved\n  \
    1  nothing waits, or there is no such submission any more\n  \
    2  there is no such agent, or the site's file makes no sense\n  \
    4  the store cannot be opened or read"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    place: AgentPlace,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print every SNMP object and column that a printer may be asked for, one a line
    Objects {
        #[command(flatten)]
        place: AgentPlace,
    },
    /// Print the exact bytes that are sealed when a submission is sent, sent already or not
    Show {
        /// Its number (onsite outbox); the first that waits where none is given
        number: Option<u64>,
        #[command(flatten)]
        place: AgentPlace,
    },
    /// Approve what waits, where the site's file holds everything back until then
    Approve {
        /// Up to and with this number; all that waits where none is given
        number: Option<u64>,
        #[command(flatten)]
        place: AgentPlace,
    },
    /// Print the pseudonym that stands for a value at Central
    Pseudonym {
        /// Which field it is of
        #[arg(value_parser = field)]
        field: Field,
        /// The value as the device shows it
        value: String,
        #[command(flatten)]
        place: AgentPlace,
    },
}

fn field(key: &str) -> Result<Field, String> {
    let found = Field::ALL.into_iter().find(|field| field.key() == key);
    found.ok_or_else(|| {
        let keys: Vec<&str> = Field::ALL.iter().map(|field| field.key()).collect();
        format!("the fields are {}", keys.join(", "))
    })
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.what {
        None => {
            print(&list(&args.place.site()?.privacy))?;
            Ok(Exit::Ok)
        }
        Some(What::Objects { place }) => {
            let definitions = definitions(place.site()?.definitions.as_deref())?;
            let list = closed_list(&definitions);
            print(
                &list
                    .iter()
                    .map(|oid| format!("{oid}\n"))
                    .collect::<String>(),
            )?;
            Ok(Exit::Ok)
        }
        Some(What::Show { number, place }) => show(*number, place),
        Some(What::Approve { number, place }) => approve(*number, place),
        Some(What::Pseudonym {
            field,
            value,
            place,
        }) => {
            let agent = place.open_existing_with(&Secrets::here())?;
            print(&format!("{}\n", agent.pseudonym_of(*field, value)?))?;
            Ok(Exit::Ok)
        }
    }
}

/// The closed list, one line a field.
fn list(privacy: &Privacy) -> String {
    let treatment = |listed: &ListedField| {
        listed
            .decided_by
            .map_or("send", |field| privacy.of(field).word())
    };
    let mut text = String::new();
    // Writing to a String cannot fail.
    for listed in CLOSED_LIST {
        let by = listed.decided_by.map_or("", Field::key);
        let _ = writeln!(
            text,
            "{:13} {:14} {:38} {}",
            treatment(listed),
            by,
            listed.path,
            listed.purpose
        );
    }
    text.push_str("\nwhat the site's file can say of each, in its table [privacy]:\n");
    for field in Field::ALL {
        let words: Vec<&str> = field.treatments().iter().map(|one| one.word()).collect();
        let _ = write!(text, "{field:14} {}", words.join(", "));
        if let Some(left) = field.shortened() {
            let _ = write!(text, " (shortened: {left})");
        }
        text.push('\n');
    }
    let hold = if privacy.hold {
        "hold           nothing is sent before it is approved (onsite privacy approve)\n"
    } else {
        "hold           off: what is read is sent at the end of each pass\n"
    };
    text.push_str(hold);
    text
}

fn show(number: Option<u64>, place: &AgentPlace) -> Result<Exit, Failure> {
    let agent = place.open_existing_with(&Secrets::here())?;
    let number = match number {
        Some(number) => number,
        None => match agent.store().outbox()?.first() {
            Some(first) => first.number,
            None => {
                eprintln!("onsite: nothing waits; name the number of what was sent");
                return Ok(Exit::Nothing);
            }
        },
    };
    match agent.clear_submission(number) {
        Ok(bytes) => {
            let mut out = std::io::stdout().lock();
            out.write_all(&bytes)?;
            out.flush()?;
            eprintln!(
                "\nonsite: submission {number}: {} bytes, as they are sealed to Central's key; the call \
                 puts its own time and a random number in the place of sent and nonce",
                bytes.len()
            );
            Ok(Exit::Ok)
        }
        Err(error) => {
            let error = anyhow::Error::from(error);
            eprintln!("onsite: submission {number}: {error:#}");
            Ok(Exit::Nothing)
        }
    }
}

fn approve(number: Option<u64>, place: &AgentPlace) -> Result<Exit, Failure> {
    let agent = place.open_existing_with(&Secrets::here())?;
    if !agent.site().privacy.hold {
        eprintln!("onsite: the site's file holds nothing back (privacy.hold)");
    }
    let approved = agent.approve(number)?;
    for info in &approved {
        print(&format!(
            "approved      submission {}, {} documents\n",
            info.number, info.leaves
        ))?;
    }
    if approved.is_empty() {
        eprintln!("onsite: nothing waits that was not approved before");
        return Ok(Exit::Nothing);
    }
    Ok(Exit::Ok)
}
