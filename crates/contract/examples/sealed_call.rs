//! One sealed exchange between an agent and its Central, both in this process: enrolment, then a
//! question. It prints what somebody on the way would see.
//!
//! `cargo run -p pagetally-contract --example sealed_call`

use pagetally_contract::{
    AgentSession, CentralKeyPair, CodeId, EnrolmentCode, EnrolmentSecret, GetScheduleRequest,
    GetScheduleResponse, RegisterRequest, Request, Response, SealingKeyPair, SoapVersion,
    StatusString, parse_request,
};
use pagetally_model::{AgentId, Settings, Text, Timestamp};
use pagetally_proof::SigningKey;

// Fixed bytes, so that the example prints the same every time. In real life every one of these
// comes from the operating system's random source.
const SEED: u8 = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now: Timestamp = "2026-11-23T08:00:00Z".parse()?;

    // Central makes its key pair, and a code for one new agent.
    let central = CentralKeyPair::from_seed([SEED; 32]);
    let code = EnrolmentCode {
        central_url: "https://central.example/soap".to_owned(),
        central_key: central.public(),
        code_id: CodeId::from_bytes([SEED; 16]),
        secret: EnrolmentSecret::from_bytes([SEED; 32]),
        expires: "2026-12-24T00:00:00Z".parse()?,
    };
    let text = code.to_text()?;
    println!("The installer gets:\n{}\n", text.as_str());

    // The agent reads the code and makes its own keys.
    let code: EnrolmentCode = text.parse()?;
    code.check_expiry(now)?;
    let session = AgentSession {
        agent: AgentId::from_bytes([0xa9; 16]),
        signing: SigningKey::from_seed([1; 32]),
        sealing: SealingKeyPair::from_seed([2; 32]),
        central: code.central_key,
        soap: SoapVersion::V12,
    };
    let keys = session.public_keys();
    let register = RegisterRequest::new(keys, Text::clean("0.1.0"), Text::clean("linux x86_64"));
    let (envelope, _) = session.seal_registration(&register, &code, now, [3; 64])?;

    // Central opens it: the code that it names says with which secret.
    let incoming = parse_request(&envelope, None)?;
    println!("A registration under code {:?}", incoming.code());
    let opened = incoming.open_registration(&central, Some(&code.secret))?;
    println!(
        "is agent {} with key {}\n",
        opened.agent, opened.keys.signing
    );

    // Any other question is checked with the keys that are registered now.
    let question = Request::GetSchedule(GetScheduleRequest { have_version: 0 });
    let (envelope, pending) = session.seal(&question, now, [4; 64])?;
    println!("On the way:\n{}\n", String::from_utf8_lossy(&envelope));
    let opened = parse_request(&envelope, None)?
        .unseal(&central)?
        .verify(Some(&keys))?;
    println!("Central sees {:?}", opened.request);
    let answer = opened.reply.seal(
        &Response::GetSchedule(GetScheduleResponse {
            status: StatusString::OK,
            settings: Some(Settings {
                version: 1,
                ..Settings::default()
            }),
            central_time: now,
        }),
        [5; 32],
    )?;
    println!("and answers with HTTP status {}.", answer.status);
    println!("The agent gets {:?}", session.open(&pending, &answer.body)?);
    Ok(())
}
