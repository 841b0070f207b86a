//! SIGKILL at random instants: whatever the store acknowledged is there afterwards, once.
//!
//! The test starts itself again as a child that stores passes and receipts in a loop and tells on
//! its standard output what was acknowledged.

mod common;

use common::{agent, at, context, open, pass};
use pagetally_store::{Problem, Receipt, Store};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const FOLDER: &str = "PAGETALLY_KILL_TEST_FOLDER";
const KILLS: u64 = 12;

#[test]
fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        store_for_ever(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut truth = Truth::default();
    for round in 0..KILLS {
        // From before the first commit to a few dozen commits in.
        let life = Duration::from_millis(20 + round * 37 % 400);
        truth.learn(&run_and_kill(folder.path(), life));
        let store = open(folder.path());
        truth.check(&store);
    }
    assert!(
        truth.submissions.len() > 10,
        "{} submissions",
        truth.submissions.len()
    );
    assert!(truth.receipts > 3, "{} receipts", truth.receipts);
}

/// What the children said.
#[derive(Default)]
struct Truth {
    submissions: BTreeMap<u64, String>,
    receipts: u64,
    acknowledged: Vec<u64>,
}

impl Truth {
    fn learn(&mut self, output: &str) {
        // The last line may be cut: then nobody was told.
        for line in output
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["stored", number, content] => {
                    let number = number.parse().expect("a number");
                    let earlier = self.submissions.insert(number, content.to_owned());
                    assert_eq!(earlier, None, "number {number} is used twice");
                }
                ["receipt", number] => {
                    self.receipts += 1;
                    self.acknowledged.push(number.parse().expect("a number"));
                }
                _ => {} // The test harness's own lines.
            }
        }
    }

    fn check(&self, store: &Store) {
        assert!(!store.recovery().has_losses(), "{:?}", store.recovery());
        let rebuilt = |problem: &Problem| matches!(problem, Problem::IndexRebuilt { .. });
        let index_was_fine = !store.recovery().problems.iter().any(rebuilt);
        assert!(
            index_was_fine || self.submissions.is_empty(),
            "{:?}",
            store.recovery()
        );
        let waiting: Vec<u64> = store
            .outbox()
            .expect("readable")
            .iter()
            .map(|info| info.number)
            .collect();
        assert!(waiting.is_sorted());
        for (number, content) in &self.submissions {
            let submission = store.load_submission(*number).expect("it was acknowledged");
            assert_eq!(submission.signed.header.content.to_string(), *content);
            assert_eq!(submission.audits.len(), 4);
        }
        for number in &self.acknowledged {
            assert!(!waiting.contains(number), "receipt {number} is forgotten");
        }
        for number in &waiting {
            let submission = store.load_submission(*number).expect("whole or not at all");
            assert_eq!(submission.audits.len(), 4);
            assert!(submission.report.is_some());
        }
    }
}

fn run_and_kill(folder: &Path, life: Duration) -> String {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["what_was_acknowledged", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("it starts");
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    // The clock starts when the child is at work, on a busy machine as well.
    let mut output = String::new();
    while !output.contains("open\n") {
        assert_ne!(
            reader.read_line(&mut output).expect("readable"),
            0,
            "the child ended"
        );
    }
    std::thread::sleep(life);
    child.kill().expect("SIGKILL");
    reader.read_to_string(&mut output).expect("readable");
    child.wait().expect("it is gone");
    output
}

/// The child: never returns.
fn store_for_ever(folder: &Path) -> ! {
    let agent = agent();
    let mut out = std::io::stdout();
    let mut say = |line: String| {
        out.write_all(line.as_bytes()).expect("the parent listens");
        out.flush().expect("the parent listens");
    };
    let store = open(folder);
    say("\nopen\n".to_owned());
    for round in 0.. {
        let infos = store
            .commit_pass(pass(round, 4), &context(&agent, round.into()))
            .expect("stored");
        say(format!("stored {} {}\n", infos[0].number, infos[0].content));
        if round % 2 == 0 {
            let oldest = store.outbox().expect("readable").remove(0);
            let receipt = Receipt {
                number: oldest.number,
                content: oldest.content,
                received: at(0),
                bytes: b"receipt".to_vec(),
            };
            store.record_receipt(&receipt).expect("stored");
            say(format!("receipt {}\n", oldest.number));
        }
    }
    unreachable!("the loop has no end")
}
