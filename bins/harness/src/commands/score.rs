//! `harness score DIR`: the decoder against recordings whose truth is known.

use anyhow::Context as _;
use pagetally_harness::score::{Definitions, Score, ScoreError, read_disagreements, score_folder};
use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The folder cannot be scored at all.
const UNUSABLE: u8 = 2;

/// Compare the decoder with every recording of a folder that has its truth beside it
///
/// NAME.snmprec is replayed and held against NAME.expected.json, and ident.tsv (system descriptions
/// with maker and model) against what the decoder says of them. The table counts what is right,
/// absent and wrong for each maker and field; below it stands the story of each wrong and absent
/// value.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  nothing is wrong; values may be absent\n  \
    1  something is wrong\n  \
    2  the arguments make no sense, or the folder cannot be used")]
pub(crate) struct Args {
    /// Folder of recordings and statements
    dir: PathBuf,
    /// Table of system descriptions to use instead of the folder's ident.tsv
    #[arg(long, value_name = "FILE")]
    ident: Option<PathBuf>,
    /// Document of statements that are known to be wrong: Markdown tables of recording, field,
    /// stated, ours, raw bytes, why
    #[arg(long, value_name = "FILE")]
    disagreements: Option<PathBuf>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Json,
    Table,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let score = match score(
        &args.dir,
        args.ident.as_deref(),
        args.disagreements.as_deref(),
    ) {
        Ok(score) => score,
        Err(error) => {
            eprintln!("harness: {}", story(&error));
            return Ok(ExitCode::from(UNUSABLE));
        }
    };
    let text = match args.format {
        Format::Json => json(&score)?,
        Format::Table => score.to_table(),
    };
    print(&text)?;
    let is_clean = score.failures().next().is_none();
    Ok(if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn score(
    dir: &Path,
    ident: Option<&Path>,
    disagreements: Option<&Path>,
) -> Result<Score, ScoreError> {
    let known = disagreements.map(read_disagreements).transpose()?;
    let mut score = score_folder(dir, ident, &Definitions::builtin())?;
    score.apply_disagreements(&known.unwrap_or_default());
    Ok(score)
}

/// An error and its causes in one line.
fn story(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

fn json(score: &Score) -> anyhow::Result<String> {
    let stated = score.stated();
    let document = serde_json::json!({
        "failures": score.failures().count(),
        "stated": stated,
        "presentPermille": stated.present_permille(),
        "score": score,
    });
    let text = serde_json::to_string_pretty(&document).context("the score as JSON")?;
    Ok(text + "\n")
}

/// A reader that has seen enough (`| head`) is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("writing the score"),
    }
}
