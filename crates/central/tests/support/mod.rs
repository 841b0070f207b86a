//! A running Central and agents that call it, over real sockets on loopback.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part of this"
)]
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up has failed"
)]

pub mod tls;

use pagetally_central::{Central, CentralConfig, CentralHandle, DealerBooks, DeviceFilter};
use pagetally_contract::{
    AgentSession, EnrolmentCode, GetScheduleRequest, Operation, PendingReply, RegisterRequest,
    RegisterResponse, Report, Request, Response, SealingKeyPair, SendReportsResponse, SoapVersion,
};
use pagetally_model::*;
use pagetally_proof::{
    Hash, Leaf, MerkleTree, Salt, SignedHeader, SigningKey, SubmissionHeader, Withheld,
};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// 2026-03-02T12:00:00Z.
pub const NOON: i64 = 1_772_452_800_000;

/// A Central in memory with one dealer and one site.
pub struct World {
    pub central: CentralHandle,
    pub books: DealerBooks,
    pub site: SiteId,
}

impl World {
    pub async fn new() -> Self {
        Self::with(CentralConfig::in_memory()).await
    }

    pub async fn with(config: CentralConfig) -> Self {
        let central = Central::start(config).await.unwrap();
        let dealer = central
            .books()
            .create_dealer("Example Dealer")
            .await
            .unwrap();
        let books = central.books().dealer(dealer);
        let account = books.create_account("Example Customer").await.unwrap();
        let site = books
            .create_site(account, "Head office", "Europe/Berlin")
            .await
            .unwrap();
        Self {
            central,
            books,
            site,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.central.http_address().unwrap()
    }

    pub async fn code(&self) -> EnrolmentCode {
        self.code_valid_for(Duration::from_secs(3_600)).await
    }

    pub async fn code_valid_for(&self, valid_for: Duration) -> EnrolmentCode {
        let url = self.central.public_url();
        self.books
            .create_enrolment_code(self.site, url, now(), valid_for)
            .await
            .unwrap()
    }

    pub async fn enrolled(&self) -> TestAgent {
        let code = self.code().await;
        let agent = TestAgent::new(&code);
        let answer = agent.register(self.address(), &code).await;
        assert!(answer.status.is_successful(), "{}", answer.status);
        agent
    }
}

pub fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).unwrap())
}

pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// An agent with keys and a chain of its own.
pub struct TestAgent {
    pub session: AgentSession,
    pub head: Option<SubmissionHeader>,
}

impl TestAgent {
    pub fn new(code: &EnrolmentCode) -> Self {
        Self {
            session: AgentSession {
                agent: AgentId::from_bytes(random()),
                signing: SigningKey::from_seed(random()),
                sealing: SealingKeyPair::from_seed(random()),
                central: code.central_key,
                soap: SoapVersion::V11,
            },
            head: None,
        }
    }

    pub fn id(&self) -> AgentId {
        self.session.agent
    }

    /// The envelope of a registration, and what its answer is opened with.
    pub fn registration(&self, code: &EnrolmentCode) -> (Vec<u8>, PendingReply) {
        let register = RegisterRequest::new(
            self.session.public_keys(),
            Text::clean("0.1.0"),
            Text::clean("linux x86_64"),
        );
        self.session
            .seal_registration(&register, code, now(), random())
            .unwrap()
    }

    pub async fn register(&self, to: SocketAddr, code: &EnrolmentCode) -> RegisterResponse {
        let (body, pending) = self.registration(code);
        match self
            .exchange(to, Operation::RegisterForManagement, &body, &pending)
            .await
        {
            Response::Register(response) => response,
            other => panic!("an answer to another operation: {other:?}"),
        }
    }

    pub fn schedule(&self, have_version: u64) -> Request {
        Request::GetSchedule(GetScheduleRequest { have_version })
    }

    /// The next submission of the chain. The agent moves on as if it were delivered.
    pub fn submission(&mut self, audits: Vec<DeviceAudit>, pass: Option<PassReport>) -> Report {
        let report = self.offer(audits, pass);
        self.head = Some(report.signed.header.clone());
        report
    }

    /// A submission that would be the next of the chain, without moving on.
    pub fn offer(&self, audits: Vec<DeviceAudit>, pass: Option<PassReport>) -> Report {
        let salted = |_: &()| Salt::from_bytes(random());
        let audits: Vec<(Salt, DeviceAudit)> = audits
            .into_iter()
            .map(|audit| (salted(&()), audit))
            .collect();
        let pass = pass.map(|pass| (salted(&()), pass));
        let mut leaves: Vec<Hash> = audits
            .iter()
            .map(|(salt, audit)| Leaf::of_audit(audit, salt.clone()).unwrap().hash())
            .collect();
        leaves.extend(
            pass.iter()
                .map(|(salt, pass)| Leaf::of_report(pass, salt.clone()).unwrap().hash()),
        );
        let tree = MerkleTree::new(leaves);
        let created = Timestamp::from_unix_millis(NOON);
        let base = match &self.head {
            Some(head) => head.next(created),
            None => SubmissionHeader::first(self.id(), created),
        };
        let header = SubmissionHeader {
            id: SubmissionId::from_bytes(random()),
            content: tree.root(),
            leaves: tree.len(),
            ..base
        };
        Report {
            signed: SignedHeader::sign(header, &self.session.signing),
            audits,
            pass,
            rotation: None,
            withheld: Withheld::default(),
        }
    }

    pub async fn call(&self, to: SocketAddr, request: &Request) -> Response {
        let (body, pending) = self.session.seal(request, now(), random()).unwrap();
        self.exchange(to, request.operation(), &body, &pending)
            .await
    }

    async fn exchange(
        &self,
        to: SocketAddr,
        operation: Operation,
        body: &[u8],
        pending: &PendingReply,
    ) -> Response {
        let content_type = operation.content_type(SoapVersion::V11);
        let (status, answer) = post(to, "/soap", &content_type, body).await;
        match self.session.open(pending, &answer) {
            Ok(response) => response,
            Err(error) => panic!("{status}: {error}: {}", String::from_utf8_lossy(&answer)),
        }
    }

    pub async fn send(&self, to: SocketAddr, report: &Report) -> SendReportsResponse {
        match self.call(to, &Request::SendReports(report.clone())).await {
            Response::SendReports(response) => response,
            other => panic!("an answer to another operation: {other:?}"),
        }
    }
}

/// One HTTP exchange on a connection of its own.
pub async fn exchange(to: SocketAddr, head: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let length = if body.is_empty() && head.starts_with("GET") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let head = format!("{head}\r\nConnection: close\r\n{length}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no HTTP answer: {}", String::from_utf8_lossy(&answer)));
    let headers = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = headers[9..12].parse().unwrap();
    let body = answer[end + 4..].to_vec();
    let body = if headers
        .to_lowercase()
        .contains("transfer-encoding: chunked")
    {
        unchunked(&body)
    } else {
        body
    };
    (status, headers, body)
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
        if size == 0 {
            break;
        }
    }
    whole
}

pub async fn post(to: SocketAddr, path: &str, content_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let head = format!("POST {path} HTTP/1.1\r\nHost: {to}\r\nContent-Type: {content_type}");
    let (status, _, body) = exchange(to, &head, body).await;
    (status, body)
}

pub async fn get(to: SocketAddr, path: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {to}");
    let (status, _, body) = exchange(to, &head, &[]).await;
    (status, String::from_utf8(body).unwrap())
}

pub async fn post_form(to: SocketAddr, path: &str, form: &[(&str, &str)]) -> (u16, String, String) {
    post_form_as(to, path, form, "").await
}

pub async fn post_form_as(
    to: SocketAddr,
    path: &str,
    form: &[(&str, &str)],
    headers: &str,
) -> (u16, String, String) {
    let encode =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs: Vec<String> = form
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {to}\r\n\
         Content-Type: application/x-www-form-urlencoded{headers}"
    );
    let (status, headers, body) = exchange(to, &head, pairs.join("&").as_bytes()).await;
    (status, headers, String::from_utf8(body).unwrap())
}

/// The token in a page's first form.
pub fn csrf(page: &str) -> String {
    let mark = "name=\"csrf\" value=\"";
    let start = page.find(mark).expect("a form with a token") + mark.len();
    page[start..].split('"').next().unwrap().to_owned()
}

pub fn audit_time() -> AuditTime {
    AuditTime {
        wall: Timestamp::from_unix_millis(NOON),
        boot: BootId::from_bytes([9; 16]),
        monotonic_millis: 5,
        central_offset: None,
    }
}

pub fn oid(text: &str) -> DottedOid {
    DottedOid::try_from(text.to_owned()).unwrap()
}

pub fn provenance(instance: &str, kind: RawKind, raw: &str, rule: &str) -> Provenance {
    Provenance::snmp(
        oid(instance),
        RawValue {
            kind,
            text: raw.into(),
        },
        RuleId {
            name: Text::clean(rule),
            version: 1,
        },
    )
}

pub fn meter(function: MeterFunction, color: MeterColor, value: u64) -> Meter {
    Meter {
        function,
        color,
        size: MeterSize::Any,
        sides: MeterSides::Any,
        unit: CounterUnit::Impressions,
        value,
        exactness: Exactness::Exact,
        source: provenance(
            "1.3.6.1.2.1.43.10.2.1.4.1.1",
            RawKind::Counter32,
            &value.to_string(),
            "rfc3805.prtMarkerLifeCount",
        ),
    }
}

pub fn supply(slot: &str, colorant: &str, level: Level) -> Supply {
    let level_source = provenance(
        "1.3.6.1.2.1.43.11.1.1.9.1.1",
        RawKind::Integer,
        "-3",
        "rfc3805.prtMarkerSuppliesLevel",
    );
    Supply {
        slot: Text::clean(slot),
        description: None,
        kind: SupplyKind::TonerCartridge,
        class: SupplyClass::Consumed,
        colorant: Some(Text::clean(colorant)),
        level: LevelReading {
            level,
            exactness: Exactness::Exact,
        },
        measures: Measures::Remaining,
        unit: CounterUnit::Impressions,
        capacity: None,
        place: None,
        replaced: None,
        part_number: None,
        serial: None,
        sources: Sources::from([
            ("level".to_owned(), level_source.clone()),
            ("kind".to_owned(), level_source.clone()),
            ("unit".to_owned(), level_source.clone()),
            ("colorant".to_owned(), level_source),
        ]),
    }
}

/// One audit of a device with this serial number.
pub fn audit(serial: &str, total: u64) -> DeviceAudit {
    let named = |field: &str| {
        (
            field.to_owned(),
            provenance("1.3.6.1.2.1.1.5.0", RawKind::OctetString, "x", "mib2.x"),
        )
    };
    DeviceAudit {
        format: AUDIT_FORMAT,
        id: AuditId::from_bytes(random()),
        pass: PassId::from_bytes([3; 16]),
        time: audit_time(),
        address: Some("192.0.2.7:161".parse().unwrap()),
        protocol: Text::clean("snmp-v2c"),
        identity: Identity {
            manufacturer: Some(Text::clean("HP")),
            model: Some(Text::clean("LaserJet M507")),
            serial: Some(Text::clean(serial)),
            sources: Sources::from([named("manufacturer"), named("model"), named("serial")]),
            ..Identity::default()
        },
        status: DeviceStatus {
            printer: PrinterState::Idle,
            device: DeviceState::Running,
            conditions: Vec::new(),
            console: Vec::new(),
            sources: Sources::from([named("printer"), named("device")]),
        },
        meters: vec![meter(MeterFunction::Total, MeterColor::Any, total)],
        markers: Vec::new(),
        supplies: vec![supply("1.1", "black", Level::SomeRemaining)],
        trays: Vec::new(),
        outputs: Vec::new(),
        covers: Vec::new(),
        alerts: Vec::new(),
        gaps: Vec::new(),
        contradictions: Vec::new(),
        comparison: None,
    }
}

/// The report of a pass that read these audits and met one silent range.
pub fn pass_report(id: PassId, audits: &[DeviceAudit]) -> PassReport {
    let at = Timestamp::from_unix_millis(NOON);
    let mut observations: Vec<Observation> = audits
        .iter()
        .filter_map(|audit| {
            let address = audit.address?.ip();
            Some(Observation {
                first: address,
                last: address,
                name: None,
                outcome: Outcome::PrinterRead { audit: audit.id },
                witness: Witness::SnmpV2c,
                at,
            })
        })
        .collect();
    observations.push(Observation {
        first: IpAddr::from([192, 0, 2, 100]),
        last: IpAddr::from([192, 0, 2, 109]),
        name: None,
        outcome: Outcome::Silent,
        witness: Witness::NoAnswer,
        at,
    });
    PassReport {
        format: PASS_FORMAT,
        id,
        started: audit_time(),
        settings_version: 1,
        agent_version: Text::clean("0.1.0"),
        observations,
        notices: Vec::new(),
        stats: PassStats {
            addresses: 11,
            datagrams_sent: 42,
            ..PassStats::default()
        },
    }
}

/// The ids of all booked audits in their order.
pub(crate) async fn booked(world: &World) -> Vec<AuditId> {
    let devices = world.books.devices(&DeviceFilter::default()).await;
    let mut ids = Vec::new();
    for device in devices.expect("devices") {
        let audits = world.books.audits(device.id, 100).await.expect("audits");
        ids.extend(audits.iter().map(|audit| audit.id));
    }
    ids.sort();
    ids
}

/// The ids of all audits that these reports carry, in their order.
pub(crate) fn ids(reports: &[&Report]) -> Vec<AuditId> {
    let audits = reports.iter().flat_map(|report| &report.audits);
    let mut ids: Vec<AuditId> = audits.map(|(_, audit)| audit.id).collect();
    ids.sort();
    ids
}
