//! Enrols an agent with a small Central in this process, asks for its settings, and shows what a
//! call to a closed port says.
//!
//! `cargo run -p pagetally-transport --example enrol_and_ask`

use pagetally_contract::{
    AgentSession, Capabilities, CentralKeyPair, CodeId, EnrolmentCode, EnrolmentSecret,
    GetScheduleResponse, HttpAnswer, RegisterResponse, Request, Response, SealingKeyPair, Site,
    SoapVersion, StatusString, parse_request,
};
use pagetally_model::{AgentId, Settings, SiteId, Text, Timestamp};
use pagetally_proof::SigningKey;
use pagetally_transport::{Backoff, Central, CentralClient, ClientConfig};
use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

// In real life every one of these bytes comes from the operating system's random source.
const SEED: u8 = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let url = format!("http://{}/soap", listener.local_addr()?);
    let central_thread = std::thread::spawn(move || {
        let mut registered = None;
        for stream in listener.incoming().take(2).flatten() {
            if let Err(error) = serve(stream, &mut registered) {
                eprintln!("Central: {error}");
            }
        }
    });

    let code = EnrolmentCode {
        central_url: url.clone(),
        central_key: CentralKeyPair::from_seed([SEED; 32]).public(),
        code_id: CodeId::from_bytes([SEED; 16]),
        secret: EnrolmentSecret::from_bytes([SEED; 32]),
        expires: Timestamp::MAX,
    };
    let session = AgentSession {
        agent: AgentId::from_bytes([0xa9; 16]),
        signing: SigningKey::from_seed([1; 32]),
        sealing: SealingKeyPair::from_seed([2; 32]),
        central: code.central_key,
        soap: SoapVersion::V12,
    };
    // Plain HTTP, because this Central has no certificate. The messages are sealed all the same.
    let config = ClientConfig {
        allow_plain_http: true,
        ..ClientConfig::new(url)
    };
    let central = Central::new(CentralClient::new(config.clone())?, session.clone());

    let registered = central.register(&code, Text::clean("0.1.0"), Text::clean("example"))?;
    if let Some(site) = &registered.answer.site {
        println!("registered for {:?} ({})", site.name, site.id);
    }
    let schedule = central.get_schedule(0)?;
    println!(
        "settings: {:?}\nclock: {:?}, {} bytes there, {} bytes back",
        schedule.answer.settings, schedule.offset, schedule.bytes_sent, schedule.bytes_received
    );
    central_thread.join().map_err(|_| "Central panicked")?;

    // Central is gone now.
    let mut backoff = Backoff::default();
    match Central::new(CentralClient::new(config)?, session).get_schedule(1) {
        Ok(_) => println!("somebody else listens there"),
        Err(error) => println!(
            "{error}; again? {}, in {:?}",
            error.is_temporary(),
            backoff.next(u64::MAX / 2)
        ),
    }
    Ok(())
}

type Keys = pagetally_contract::AgentPublicKeys;

fn serve(stream: TcpStream, registered: &mut Option<Keys>) -> Result<(), Box<dyn Error>> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let answer = answer(&body, registered)?;
    let head = format!(
        "HTTP/1.1 {} -\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.content_type,
        answer.body.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes())?;
    stream.write_all(&answer.body)?;
    Ok(())
}

fn answer(body: &[u8], registered: &mut Option<Keys>) -> Result<HttpAnswer, Box<dyn Error>> {
    let central = CentralKeyPair::from_seed([SEED; 32]);
    let known = *registered;
    let opened = parse_request(body, None).and_then(|incoming| {
        incoming.open(&central, &|_| known, &|_| {
            Some(EnrolmentSecret::from_bytes([SEED; 32]))
        })
    });
    let opened = match opened {
        Ok(opened) => opened,
        Err(refusal) => return Ok(refusal.answer()),
    };
    let central_time = opened.sent;
    let settings = Some(Settings {
        version: 1,
        ..Settings::default()
    });
    let response = match &opened.request {
        Request::Register(_) => {
            *registered = Some(opened.keys);
            Response::Register(RegisterResponse {
                status: StatusString::OK,
                site: Some(Site {
                    id: SiteId::from_bytes([9; 16]),
                    name: Text::clean("Head office"),
                }),
                settings,
                head: None,
                capabilities: Capabilities::current(),
                central_time,
            })
        }
        _ => Response::GetSchedule(GetScheduleResponse {
            status: StatusString::OK,
            settings,
            central_time,
        }),
    };
    Ok(opened.reply.seal(&response, [5; 32])?)
}
