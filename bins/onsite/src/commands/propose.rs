//! `onsite propose`: definition rows from a recording and the numbers of a status page.

use super::output::print;
use super::{Exit, Failure};
use anyhow::{Context, anyhow};
use pagetally_onsite::{
    Candidate, Checked, Proposal, ProposeInput, ProposedFile, Recording, WANTED_METERS, Wanted,
    definition_files, propose,
};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// How many candidates of one meter a person is shown.
const TOLD: usize = 3;

/// Find a status page's numbers in a recording and propose definition rows
///
/// Type what the device's own page says. Where the numbers stand is ranked, with reasons; the rows that
/// read them are loaded, the recording is decoded by them, and the result is shown.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Where a number stands in several places, print some pages, record again, and \
    give both:\n  \
    onsite propose first.snmprec --and later.snmprec --total 6466,6512\n\n\
    Exit codes:\n  \
    0  with the proposed rows, or without any, every number is read as it was typed\n  \
    1  none is\n  \
    2  the arguments make no sense, or the file to save exists\n  \
    3  some are\n  \
    4  a file cannot be read or written"
)]
pub(crate) struct Args {
    /// The recording
    file: PathBuf,
    /// A later recording of the same device; every number is then two, with a comma between
    #[arg(long = "and", value_name = "LATER")]
    later: Option<PathBuf>,
    #[command(flatten)]
    numbers: Numbers,
    /// The site's folder of definition rows, which come before the shipped ones
    #[arg(long, value_name = "DIR")]
    definitions: Option<PathBuf>,
    /// Save the proposed file into this folder
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Replace the file where it exists
    #[arg(long)]
    force: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How to print a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What the status page says.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Numbers of the status page")]
struct Numbers {
    /// All pages
    #[arg(long, value_name = "N")]
    total: Option<String>,
    /// All black pages
    #[arg(long, value_name = "N")]
    mono: Option<String>,
    /// All colour pages
    #[arg(long, visible_alias = "colour", value_name = "N")]
    color: Option<String>,
    /// Printed pages
    #[arg(long, value_name = "N")]
    print: Option<String>,
    /// Printed black pages
    #[arg(long, value_name = "N")]
    print_mono: Option<String>,
    /// Printed colour pages
    #[arg(long, value_name = "N")]
    print_color: Option<String>,
    /// Copies
    #[arg(long, value_name = "N")]
    copy: Option<String>,
    /// Black copies
    #[arg(long, value_name = "N")]
    copy_mono: Option<String>,
    /// Colour copies
    #[arg(long, value_name = "N")]
    copy_color: Option<String>,
    /// Scans
    #[arg(long, value_name = "N")]
    scan: Option<String>,
    /// Fax pages
    #[arg(long, value_name = "N")]
    fax: Option<String>,
    /// Two-sided pages
    #[arg(long, value_name = "N")]
    duplex: Option<String>,
    /// Large pages, A3 and the like
    #[arg(long, value_name = "N")]
    large: Option<String>,
    /// Small pages, A4 and the like
    #[arg(long, value_name = "N")]
    small: Option<String>,
}

impl Numbers {
    fn by_name(&self, name: &str) -> Option<&str> {
        let text = match name {
            "total" => &self.total,
            "mono" => &self.mono,
            "color" => &self.color,
            "print" => &self.print,
            "print-mono" => &self.print_mono,
            "print-color" => &self.print_color,
            "copy" => &self.copy,
            "copy-mono" => &self.copy_mono,
            "copy-color" => &self.copy_color,
            "scan" => &self.scan,
            "fax" => &self.fax,
            "duplex" => &self.duplex,
            "large" => &self.large,
            "small" => &self.small,
            _ => return None,
        };
        text.as_deref()
    }

    fn wanted(&self, two: bool) -> anyhow::Result<Vec<Wanted>> {
        let mut wanted = Vec::new();
        for meter in WANTED_METERS {
            let Some(text) = self.by_name(meter.name) else {
                continue;
            };
            let (value, later) =
                numbers(text, two).with_context(|| format!("--{} {text}", meter.name))?;
            wanted.push(Wanted {
                meter: *meter,
                value,
                later,
            });
        }
        if wanted.is_empty() {
            return Err(anyhow!(
                "type at least one number of the device's status page, such as --total 6466"
            ));
        }
        Ok(wanted)
    }
}

/// One number, with or without marks between thousands; or two with a comma between.
fn numbers(text: &str, two: bool) -> anyhow::Result<(u64, Option<u64>)> {
    let plain = |text: &str| {
        let number = text.trim().parse::<u64>();
        number.map_err(|_| anyhow!("{text:?} is no number of pages"))
    };
    if two {
        let (first, later) = text
            .split_once(',')
            .ok_or_else(|| anyhow!("with --and, type two numbers: FIRST,LATER"))?;
        let (first, later) = (plain(first)?, plain(later)?);
        if later < first {
            return Err(anyhow!(
                "{later} is less than {first}: which recording is the later one?"
            ));
        }
        return Ok((first, Some(later)));
    }
    let groups: Vec<&str> = text.split([',', '.', '\'', ' ']).collect();
    let grouped = groups.iter().skip(1).all(|group| group.len() == 3);
    if !grouped {
        return Err(anyhow!(
            "{text:?} is no number of pages; two numbers need --and LATER"
        ));
    }
    Ok((plain(&groups.concat())?, None))
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let wanted = args
        .numbers
        .wanted(args.later.is_some())
        .map_err(Failure::usage)?;
    let recording = read(&args.file)?;
    let later = args.later.as_deref().map(read).transpose()?;
    let site_files = match &args.definitions {
        Some(folder) => definition_files(folder).map_err(Failure::usage)?,
        None => Vec::new(),
    };
    let proposal = propose(&ProposeInput {
        recording: &recording,
        later: later.as_ref(),
        wanted: &wanted,
        site_files: &site_files,
    })?;
    let saved = match (&args.save, &proposal.file) {
        (Some(folder), Some(file)) => Some(save(folder, file, args.force)?),
        _ => None,
    };
    match args.format {
        Format::Json => print(&(serde_json::to_string_pretty(&proposal)? + "\n"))?,
        Format::Text => print(&text(args, &proposal, saved.as_deref()))?,
    }
    let right = proposal.checks.iter().filter(|check| check.right).count();
    Ok(match right {
        0 => Exit::Nothing,
        some if some < proposal.checks.len() => Exit::Partial,
        _ => Exit::Ok,
    })
}

fn read(file: &Path) -> anyhow::Result<Recording> {
    let name = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("{name}: cannot be read"))?;
    Recording::parse(&bytes).with_context(|| format!("{name}"))
}

fn save(folder: &Path, file: &ProposedFile, force: bool) -> Result<PathBuf, Failure> {
    let path = folder.join(&file.name);
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{}: cannot be made", folder.display()))?;
    if path.exists() && !force {
        return Err(Failure::usage(anyhow!(
            "{} exists; say --force to replace it",
            path.display()
        )));
    }
    let written =
        std::fs::File::create(&path).and_then(|mut out| out.write_all(file.toml.as_bytes()));
    written.with_context(|| format!("{}: cannot be written", path.display()))?;
    Ok(path)
}

fn text(args: &Args, proposal: &Proposal, saved: Option<&Path>) -> String {
    let mut text = format!("{}\n", proposal.device);
    for check in &proposal.checks {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{} {}", check.meter, check.wanted);
        let of_meter = || {
            proposal
                .candidates
                .iter()
                .filter(|one| one.meter == check.meter)
        };
        of_meter().take(TOLD).for_each(|one| tell(&mut text, one));
        let more = of_meter().count().saturating_sub(TOLD);
        if more > 0 {
            let _ = writeln!(text, "       and {more} more: see --format json");
        }
    }
    for remark in &proposal.remarks {
        let _ = writeln!(text, "\n! {remark}");
    }
    if let Some(file) = &proposal.file {
        let _ = writeln!(text, "\n----- {}\n{}-----", file.name, file.toml);
    }
    text.push_str("\nthe recording, decoded with it:\n");
    for check in &proposal.checks {
        let _ = writeln!(text, "  {}", check_words(check));
    }
    match (saved, &proposal.file) {
        (Some(path), _) => {
            let folder = path.parent().unwrap_or(path).display();
            let _ = writeln!(
                text,
                "\nsaved as {}; try it: onsite replay {} --definitions {folder}",
                path.display(),
                args.file.display()
            );
        }
        (None, Some(file)) => {
            let _ = writeln!(
                text,
                "\nsave it as {} in the site's folder of definitions, or say --save DIR",
                file.name
            );
        }
        (None, None) => {}
    }
    text
}

fn tell(text: &mut String, candidate: &Candidate) {
    let raw: Vec<String> = candidate
        .raw
        .iter()
        .map(|raw| raw.text.to_string())
        .collect();
    let _ = writeln!(
        text,
        "  {:>4} {} = {}, {}",
        candidate.score,
        candidate.oids.join(" + "),
        raw.join(" + "),
        candidate.how
    );
    if !candidate.labels.is_empty() {
        let labels: Vec<String> = candidate
            .labels
            .iter()
            .map(|label| format!("{label:?}"))
            .collect();
        let _ = writeln!(text, "       beside {}", labels.join(", "));
    }
    let _ = writeln!(text, "       {}", candidate.why.join("; "));
}

fn check_words(check: &Checked) -> String {
    let read = |read: &Option<(u64, String)>| match read {
        Some((value, rule)) => format!("{value} under {rule}"),
        None => "nothing".to_owned(),
    };
    let mark = if check.right { "right" } else { "WRONG" };
    let before = match &check.before {
        before if *before == check.after => String::new(),
        before => format!(" (before: {})", read(before)),
    };
    format!("{mark}  {} = {}{before}", check.meter, read(&check.after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_have_marks_between_thousands() {
        for text in ["6466", "6,466", "6.466", "6'466", "6 466"] {
            assert_eq!(
                numbers(text, false).expect("a number"),
                (6_466, None),
                "{text}"
            );
        }
        assert_eq!(
            numbers("6466,6512", true).expect("two"),
            (6_466, Some(6_512))
        );
        for bad in ["6466,6512", "6,46", "-1", "", "pages"] {
            assert!(numbers(bad, false).is_err(), "{bad:?}");
        }
        for bad in ["6466", "6512,6466", "a,b"] {
            assert!(numbers(bad, true).is_err(), "{bad:?}");
        }
    }
}
