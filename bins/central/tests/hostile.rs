//! Envelopes that mean harm, against the program itself: it stays up, its memory stays flat, and its
//! faults tell nothing of its insides.
//!
//! `PAGETALLY_SEED` chooses other mutations; the seed is printed.

use pagetally_contract::{
    AgentSession, EnrolmentCode, GetScheduleRequest, MessageId, Operation, RegisterRequest,
    Request, SealingKeyPair, SoapVersion, TypedReport, TypedRequest, UnregisterRequest,
    UsernameToken,
};
use pagetally_model::{AgentId, Text, Timestamp};
use pagetally_proof::SigningKey;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

const MUTATIONS: usize = 1_000;

/// What resident memory may grow by between the first round and the last. One round alone brings
/// twenty times as much through the process.
const GROWTH_KB: u64 = 32 << 10;

/// What stands in no fault: names of our crates, files and types, and words of errors.
const INSIDES: [&str; 12] = [
    "src/",
    ".rs",
    "panicked",
    "sqlx",
    "SQL",
    "xml-rs",
    "column",
    "hpke",
    "pagetally_",
    "tokio",
    "central.db",
    "attribute",
];

fn central(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_central"));
    command
        .args(arguments)
        .env("CENTRAL_DATA", data)
        .env_remove("CENTRAL_PASSWORD")
        .env_remove("CENTRAL_PUBLIC_URL")
        .env("RUST_LOG", "error")
        .stdin(Stdio::null());
    command
}

fn out(data: &Path, arguments: &[&str]) -> String {
    let output = central(data, arguments).output().expect("the program runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(data: &Path) -> Self {
        let mut child = central(data, &["serve", "--http", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let address = lines
            .find_map(|line| {
                let line = line.expect("text");
                let address = line.strip_prefix("Agents call http://")?;
                Some(address.trim_end_matches("/soap").to_owned())
            })
            .expect("an address");
        Self { child, address }
    }

    /// One POST with these header lines: status and body; nothing where the connection was cut.
    fn post(&self, headers: &str, body: &[u8]) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).expect("somebody listens");
        let head = format!(
            "POST /soap HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        // A server that refuses early may close before it has read everything.
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.get(9..12)?.parse().ok()?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Some((status, body.to_owned()))
    }

    /// Resident memory in kilobytes, where the system tells it (Linux).
    fn resident_kb(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }

    fn is_up(&mut self) -> bool {
        self.child.try_wait().expect("asks").is_none()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A small generator with a printed seed (xorshift64*): every run can be had again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).expect("fits")
    }
}

fn now() -> Timestamp {
    let since = UNIX_EPOCH.elapsed().expect("a clock after 1970");
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).expect("fits"))
}

fn content_type(version: SoapVersion) -> String {
    Operation::SendReports.content_type(version)
}

/// Envelopes that this Central would answer well, of both versions, sealed and typed.
fn valid(code: &EnrolmentCode) -> Vec<(SoapVersion, Vec<u8>)> {
    let agent = AgentId::from_bytes([7; 16]);
    let token = UsernameToken::with_digest("key", "secret", &[1; 16], &now().to_string());
    let mut found = Vec::new();
    for soap in [SoapVersion::V11, SoapVersion::V12] {
        let session = AgentSession {
            agent,
            signing: SigningKey::from_seed([1; 32]),
            sealing: SealingKeyPair::from_seed([2; 32]),
            central: code.central_key,
            soap,
        };
        let words = |text| Text::clean(text);
        let register = RegisterRequest::new(session.public_keys(), words("0.1"), words("x"));
        let sealed = session.seal_registration(&register, code, now(), [9; 64]);
        found.push((soap, sealed.expect("seals").0));
        for request in [
            Request::GetSchedule(GetScheduleRequest { have_version: 0 }),
            Request::Unregister(UnregisterRequest { reason: words("x") }),
        ] {
            let sealed = session.seal(&request, now(), [9; 64]).expect("seals");
            found.push((soap, sealed.0));
        }
        let report = TypedReport {
            message: MessageId::new("m").expect("an id"),
            audits: Vec::new(),
            pass: None,
        };
        for request in [
            TypedRequest::SendReports(report),
            TypedRequest::GetSchedule(GetScheduleRequest { have_version: 0 }),
        ] {
            let typed = request.to_envelope(soap, agent, Some(&token));
            found.push((soap, typed.expect("writes")));
        }
    }
    found
}

/// Spans that a mutation puts where nobody expects them.
const SPLINTERS: [&str; 14] = [
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "&b;",
    "&#0;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml version='1.0' encoding='UTF-16'?>",
    "</",
    "\u{0}",
    "\u{ffff}",
    " xmlns:a='' a:b='c'",
    "<a><b><c><d><e><f><g><h>",
    "99999999999999999999999999999999",
];

fn mutated(random: &mut Random, valid: &[u8]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        let length = random.below(64).min(bytes.len() - at);
        match random.below(7) {
            0 => bytes[at] = random.next().to_le_bytes()[0],
            1 => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..at + length)),
            3 => {
                let span = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, span);
            }
            4 => {
                let splinter = SPLINTERS[random.below(SPLINTERS.len())];
                bytes.splice(at..at, splinter.bytes());
            }
            5 => {
                let times = 1 + random.below(200);
                let span = bytes[at..at + length].repeat(times);
                bytes.splice(at..at, span);
            }
            _ => bytes.truncate(at),
        }
        if bytes.is_empty() {
            bytes.push(b'<');
        }
    }
    bytes
}

/// Documents that are known to hurt others, by name: header lines and body.
fn corpus(valid: &[u8]) -> Vec<(&'static str, String, Vec<u8>)> {
    let plain = format!("Content-Type: {}", content_type(SoapVersion::V11));
    let valid = String::from_utf8(valid.to_vec()).expect("text");
    let body = |inside: &str| {
        let soap = SoapVersion::V11.namespace();
        format!("<e:Envelope xmlns:e='{soap}'><e:Body>{inside}</e:Body></e:Envelope>").into_bytes()
    };
    let entity = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>";
    let xxe = [entity.as_bytes(), &body("<a>&x;</a>")].concat();
    let mut laughs = "<!DOCTYPE a [<!ENTITY l0 'lol'>".to_owned();
    for level in 1..10 {
        let inner = format!("&l{};", level - 1).repeat(10);
        laughs.push_str(&format!("<!ENTITY l{level} '{inner}'>"));
    }
    let attributes: String = (0..50_000).map(|index| format!(" a{index}='x'")).collect();
    let spaces: String = (0..20_000)
        .map(|index| format!("<p{index}:a xmlns:p{index}='urn:{index}'>"))
        .collect();
    // 10 MB of zeros, deflated once: a stored gzip member of 42 bytes' head and runs would do as
    // well, for no body is ever unpacked by what HTTP says of it.
    let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xed; 4_096]].concat();
    let start = valid.find("<sealed").expect("a seal");
    let end = valid.find("</sealed>").expect("a seal") + "</sealed>".len();
    let seal = &valid[start..end];
    let twice = valid.replacen(seal, &seal.repeat(2), 1);
    let wrapped = valid.replacen(seal, &format!("<wrap>{seal}</wrap>"), 1);
    let many = body(&"<a/>".repeat(300_000));
    let mut all = vec![
        ("XXE", plain.clone(), xxe),
        (
            "billion laughs",
            plain.clone(),
            format!("{laughs}]><a>&l9;</a>").into_bytes(),
        ),
        (
            "deep nesting",
            plain.clone(),
            "<a><b>".repeat(350_000).into_bytes(),
        ),
        (
            "attribute flood",
            plain.clone(),
            body(&format!("<a{attributes}/>")),
        ),
        ("namespace flood", plain.clone(), body(&spaces)),
        ("element flood", plain.clone(), many),
        ("two seals", plain.clone(), twice.into_bytes()),
        ("wrapped seal", plain.clone(), wrapped.into_bytes()),
        (
            "gzip bomb",
            format!("{plain}\r\nContent-Encoding: gzip"),
            bomb,
        ),
        (
            "long text",
            plain.clone(),
            body(&format!("<a>{}</a>", "x".repeat(4 << 20))),
        ),
        (
            "long name",
            plain.clone(),
            body(&format!("<{}/>", "x".repeat(1 << 20))),
        ),
        (
            "wrong charset",
            "Content-Type: text/xml; charset=utf-16".to_owned(),
            valid.clone().into_bytes(),
        ),
        (
            "no content type",
            "X-Nothing: 1".to_owned(),
            valid.clone().into_bytes(),
        ),
    ];
    for part in 1..8 {
        let cut = valid.as_bytes()[..valid.len() * part / 8].to_vec();
        all.push(("truncation", plain.clone(), cut));
    }
    all
}

fn check_fault(what: &str, answer: Option<(u16, String)>, folder: &Path) {
    let Some((status, body)) = answer else {
        return; // Cut before an answer: nothing was told.
    };
    assert!((200..=503).contains(&status), "{what}: {status}");
    if status == 200 {
        return; // A mutation that changed nothing that counts.
    }
    let folder = folder.to_string_lossy();
    for inside in INSIDES.into_iter().chain([&*folder]) {
        assert!(!body.contains(inside), "{what}: {inside:?} in {body}");
    }
}

#[test]
fn central_stays_up_and_small_under_a_thousand_mutations_and_a_named_corpus() {
    let seed = std::env::var("PAGETALLY_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_261_127_u64);
    println!("seed {seed}");
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("central");
    out(&data, &["init", "--dealer", "Example Dealer"]);
    out(
        &data,
        &["sites", "add", "--account", "Customer", "--name", "Office"],
    );
    let code = out(&data, &["enrol", "--site", "Office"]);
    let code = code.trim().parse::<EnrolmentCode>().expect("a code");
    let mut serving = Serving::start(&data);
    let valid = valid(&code);
    let corpus = corpus(&valid[0].1);
    let mut random = Random(seed.max(1));

    // A hundred slow senders, each with most of a body still to come, while everything else goes on.
    let slow: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(&serving.address).expect("connects");
            let head = format!(
                "POST /soap HTTP/1.1\r\nHost: {}\r\nContent-Type: text/xml\r\n\
                 Content-Length: 100000\r\n\r\n<a>",
                serving.address
            );
            stream.write_all(head.as_bytes()).expect("sends");
            stream
        })
        .collect();

    let mut first = None;
    for round in 0..MUTATIONS {
        let (version, bytes) = &valid[random.below(valid.len())];
        let hostile = mutated(&mut random, bytes);
        let headers = format!("Content-Type: {}", content_type(*version));
        let answer = serving.post(&headers, &hostile);
        check_fault(&format!("seed {seed}, mutation {round}"), answer, &data);
        if round % 250 == 100 {
            for (name, headers, body) in &corpus {
                check_fault(name, serving.post(headers, body), &data);
            }
            first = first.or_else(|| serving.resident_kb());
        }
        assert!(serving.is_up(), "seed {seed}, mutation {round}");
    }
    if let (Some(first), Some(last)) = (first, serving.resident_kb()) {
        println!("resident after one round {first} kB, after all {last} kB");
        assert!(last < first + GROWTH_KB, "{first} kB grew to {last} kB");
    }
    drop(slow);

    // And it still does its work.
    let headers = format!("Content-Type: {}", content_type(SoapVersion::V11));
    let (status, body) = serving.post(&headers, &valid[0].1).expect("an answer");
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("RegisterForManagementResponse"), "{body}");
}

#[test]
fn a_body_declared_too_large_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("central");
    let serving = Serving::start(&data);
    let mut stream = TcpStream::connect(&serving.address).expect("connects");
    // More than a body may have: refused by what it declares, without a byte of it.
    let head = format!(
        "POST /soap HTTP/1.1\r\nHost: {}\r\nContent-Length: 99999999999\r\n\r\n",
        serving.address
    );
    stream.write_all(head.as_bytes()).expect("sends");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("sets");
    let mut start = [0; 12];
    stream.read_exact(&mut start).expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 413");
}
