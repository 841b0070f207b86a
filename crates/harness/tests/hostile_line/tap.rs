//! A proxy that writes down every byte, and spoils what it is told to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the tap does to the exchanges that come.
#[derive(Clone, Debug)]
pub(crate) enum Harm {
    /// Hands on, both ways.
    Nothing,
    /// Changes one character of what is sealed in a request.
    AlterRequest,
    /// Hands a request on and changes one character of what is sealed in its answer.
    AlterAnswer,
    /// Takes a request and answers with these bytes; Central gets nothing.
    Answer(Vec<u8>),
    /// Takes a request and closes the connection.
    Drop,
}

#[derive(Debug)]
struct Shared {
    central: SocketAddr,
    harm: Mutex<Harm>,
    heard: Mutex<Vec<(Vec<u8>, Vec<u8>)>>,
}

/// The tap. Its thread ends with the test's process.
pub(crate) struct Tap {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Tap {
    pub(crate) fn open(central: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            central,
            harm: Mutex::new(Harm::Nothing),
            heard: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn does(&self, harm: Harm) {
        *lock(&self.shared.harm) = harm;
    }

    /// Every request with its answer, head and body.
    pub(crate) fn heard(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        lock(&self.shared.heard).clone()
    }

    /// The last exchange of an operation.
    pub(crate) fn last(&self, operation: &str) -> (Vec<u8>, Vec<u8>) {
        let heard = self.heard();
        let last = heard.into_iter().rev().find(|(request, _)| {
            let text = String::from_utf8_lossy(request);
            text.contains(&format!("<{operation} "))
        });
        last.expect("there was one")
    }
}

impl Shared {
    fn serve(&self, mut agent: TcpStream) {
        let Some(request) = read_message(&mut agent) else {
            return;
        };
        let harm = lock(&self.harm).clone();
        let answer = match harm {
            Harm::Drop => return,
            Harm::Answer(answer) => answer,
            Harm::AlterRequest => exchange(self.central, &altered(&request)),
            Harm::AlterAnswer => altered(&exchange(self.central, &request)),
            Harm::Nothing => exchange(self.central, &request),
        };
        let _ = agent.write_all(&answer);
        lock(&self.heard).push((request, answer));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends a request's bytes on a connection of their own, and reads the answer.
pub(crate) fn exchange(central: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(central).expect("Central listens");
    stream.write_all(request).expect("sent");
    read_message(&mut stream).expect("an answer")
}

/// Posts an envelope; answers the body of what comes back.
pub(crate) fn post(central: SocketAddr, envelope: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /soap HTTP/1.1\r\nHost: {central}\r\nContent-Type: application/soap+xml\r\nContent-Length: {}\r\n\r\n",
        envelope.len()
    );
    let answer = exchange(central, &[head.as_bytes(), envelope].concat());
    let end = head_end(&answer).expect("a head");
    answer[end..].to_vec()
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(at + 4)
}

/// One HTTP message with a length.
fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let limit = Some(Duration::from_secs(20));
    stream.set_read_timeout(limit).expect("a limit");
    let (mut bytes, mut block) = (Vec::new(), [0; 8_192]);
    loop {
        if let Some(end) = head_end(&bytes) {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|length| length.trim().parse().ok())
                .unwrap_or(0);
            if bytes.len() >= end + length {
                return Some(bytes);
            }
        }
        match stream.read(&mut block) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&block[..count]),
        }
    }
}

/// Where the sealed bytes of a message stand.
fn cipher(text: &str) -> Option<std::ops::Range<usize>> {
    let start = text.find("<CipherValue>")? + "<CipherValue>".len();
    Some(start..start + text[start..].find('<')?)
}

/// The message with one character in the middle of what is sealed changed.
fn altered(message: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(message).into_owned();
    let place = cipher(&text).expect("it is sealed");
    let at = place.start + place.len() / 2;
    let mut bytes = text.into_bytes();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    bytes
}

/// The message with other bytes in the place of what is sealed, as many of them.
pub(crate) fn with_other_cipher(message: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(message).into_owned();
    let place = cipher(&text).expect("it is sealed");
    let mut sealed = STANDARD.decode(&text[place.clone()]).expect("base64");
    // The format stays: it is to be refused for what it says.
    getrandom::fill(&mut sealed[2..]).expect("random bytes");
    let forged = STANDARD.encode(sealed);
    [&text[..place.start], &forged, &text[place.end..]]
        .concat()
        .into_bytes()
}

/// Whether some bytes show in a message: as they are, in hexadecimal or in base64, in the open or in what
/// is sealed.
pub(crate) fn is_in(needle: &[u8], message: &[u8]) -> bool {
    let text = String::from_utf8_lossy(message);
    let sealed = cipher(&text).and_then(|place| STANDARD.decode(&text[place]).ok());
    let hex: String = needle.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = STANDARD.encode(needle);
    let spellings = [
        needle,
        hex.as_bytes(),
        base64.trim_end_matches('=').as_bytes(),
    ];
    let places = [message, sealed.as_deref().unwrap_or_default()];
    places.iter().any(|place| {
        let shows = |spelling: &&[u8]| place.windows(spelling.len()).any(|part| part == *spelling);
        spellings.iter().any(shows)
    })
}
