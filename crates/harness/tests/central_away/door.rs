//! The way to Central, with somebody in it who misbehaves.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What the door does with the next connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Hands everything on, both ways.
    Through(SocketAddr),
    /// Takes the request and never answers.
    Mute,
    /// Answers every request with HTTP status 500.
    Status500,
    /// Hands the request on, waits for Central's answer, and throws it away.
    LoseAnswer(SocketAddr),
}

/// A port of its own through which an agent reaches its Central.
pub(crate) struct Door {
    address: SocketAddr,
    way: Arc<Mutex<Way>>,
    thread: Option<JoinHandle<()>>,
    closing: Arc<Mutex<bool>>,
}

impl Door {
    /// Opens the door on `port`; 0 takes any free one.
    pub(crate) fn open(port: u16, way: Way) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let way = Arc::new(Mutex::new(way));
        let closing = Arc::new(Mutex::new(false));
        let (shared, ending) = (Arc::clone(&way), Arc::clone(&closing));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if *lock(&ending) {
                    return;
                }
                let (Ok(stream), way) = (stream, *lock(&shared)) else {
                    continue;
                };
                std::thread::spawn(move || serve(stream, way));
            }
        });
        Self {
            address,
            way,
            thread: Some(thread),
            closing,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn set(&self, way: Way) {
        *lock(&self.way) = way;
    }

    /// Closes the port: who connects now is refused.
    pub(crate) fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        *lock(&self.closing) = true;
        // Wakes the thread out of `accept`.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the door's thread does not panic");
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end();
        }
    }
}

fn lock<T>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut agent: TcpStream, way: Way) {
    match way {
        Way::Through(central) => {
            if let Ok(there) = TcpStream::connect(central) {
                both_ways(agent, there);
            }
        }
        Way::Mute => drain(&mut agent),
        Way::Status500 => {
            let answer = "HTTP/1.1 500 Internal Server Error\r\n\
                content-length: 5\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\noops\n";
            read_request(&mut agent);
            let _ = agent.write_all(answer.as_bytes());
        }
        Way::LoseAnswer(central) => {
            if let Ok(there) = TcpStream::connect(central) {
                lose_answer(agent, there);
            }
        }
    }
}

fn both_ways(agent: TcpStream, central: TcpStream) {
    let (Ok(mut from_agent), Ok(mut to_central)) = (agent.try_clone(), central.try_clone()) else {
        return;
    };
    let up = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_agent, &mut to_central);
        let _ = to_central.shutdown(Shutdown::Write);
    });
    let (mut central, mut agent) = (central, agent);
    let _ = std::io::copy(&mut central, &mut agent);
    let _ = agent.shutdown(Shutdown::Both);
    let _ = up.join();
}

/// Hands one request on and reads until Central has begun to answer: by then it has committed.
fn lose_answer(mut agent: TcpStream, mut central: TcpStream) {
    let request = read_request(&mut agent);
    let _ = central.write_all(&request);
    let mut first = [0; 1];
    let _ = central.read_exact(&mut first);
    let _ = agent.shutdown(Shutdown::Both);
}

/// Reads a whole HTTP request with a Content-Length.
fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let mut request = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return request,
            Ok(read) => request.extend_from_slice(&chunk[..read]),
        }
        if is_complete(&request) {
            return request;
        }
    }
}

fn is_complete(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") else {
        return false;
    };
    let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(0);
    request.len() >= head + 4 + length
}

/// Reads until the other side has gone.
fn drain(stream: &mut TcpStream) {
    let mut chunk = [0; 4096];
    while stream.read(&mut chunk).is_ok_and(|read| read > 0) {}
}
