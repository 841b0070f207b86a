//! The steps between this machine and Central.

use super::{Finding, Mender, Step};
use crate::agent::one_line;
use crate::central::Central as _;
use crate::{Agent, Enrolment};
use pagetally_contract::{ContractError, ContractVersion, FaultKind, NAMESPACE, StatusString};
use pagetally_model::ClockOffset;
use pagetally_transport::{CentralClient, Hop, TlsProblem, TransportError};
use std::net::SocketAddr;
use std::time::Duration;

/// In the order in which they are told.
pub(super) const STEPS: [Step; 7] = [
    Step::Name,
    Step::Route,
    Step::Proxy,
    Step::Tls,
    Step::Contract,
    Step::Registration,
    Step::Clock,
];

/// A clock that is this far off makes certificates and quiet hours doubtful. Readings are not: each
/// tells how far the clock was off.
const CLOCK_LIMIT: Duration = Duration::from_secs(120);

/// Who names no proxy where none is taken.
const NOBODY_NAMES_ONE: &str = if cfg!(any(windows, target_os = "macos")) {
    "the site's file, the environment (HTTPS_PROXY, ALL_PROXY) and the system's settings name none for Central"
} else {
    "the site's file and the environment (HTTPS_PROXY, ALL_PROXY) name none for Central"
};

/// What a proxy may mean that refuses plain HTTP.
const PLAIN: &str = "; plain HTTP goes through a proxy by CONNECT alone, which many allow to port 443 only: \
                     let Central speak HTTPS, or except it (no_proxy)";

/// Tells each step up to the first one that is broken, and that those behind it could not be looked at.
pub(super) fn examine(agent: &Agent, tell: &mut dyn FnMut(Finding)) {
    let mut told = Vec::new();
    let mut note = |finding: Finding| {
        told.push(finding.step);
        tell(finding);
    };
    let stopped = walk(agent, &mut note).err();
    let why = stopped.map_or_else(String::new, |finding| {
        let why = format!("{} comes first", finding.step);
        note(finding);
        why
    });
    for step in STEPS.into_iter().filter(|step| !told.contains(step)) {
        tell(Finding::untold(step, &*why));
    }
}

/// The steps in their order; the first one that is broken is the error.
fn walk(agent: &Agent, tell: &mut dyn FnMut(Finding)) -> Result<(), Finding> {
    let registration = |mender, says: String| Finding::broken(Step::Registration, mender, says);
    let enrolment = agent
        .enrolment()
        .map_err(|error| registration(Mender::Machine, one_line(&error).to_string()))?;
    let Some(enrolment) = enrolment else {
        let says =
            "this agent is not enrolled; ask the dealer for a code and run onsite enrol CODE";
        return Err(registration(Mender::Dealer, says.to_owned()));
    };
    let client = agent.client(&enrolment.central_url).map_err(|error| {
        let says = format!("{}; mend the site's file", one_line(&error));
        Finding::broken(Step::Tls, Mender::Machine, says)
    })?;
    let hop = client.first_hop();
    let addresses = name(&client, &hop)?;
    tell(Finding::fine(Step::Name, names(&hop, &addresses)));
    tell(route(&client, &hop, &addresses)?);
    contract(&client, &hop, tell)?;
    register(agent, &enrolment, tell)
}

fn name(client: &CentralClient, hop: &Hop) -> Result<Vec<SocketAddr>, Finding> {
    client.resolve().map_err(|_| {
        let says = format!(
            "the name {} is not known here; let this machine's name server know it",
            hop.host
        );
        Finding::broken(Step::Name, Mender::Network, says)
    })
}

fn names(hop: &Hop, addresses: &[SocketAddr]) -> String {
    let shown: Vec<String> = addresses.iter().map(|one| one.ip().to_string()).collect();
    let what = if hop.is_proxy { "the proxy " } else { "" };
    format!("{what}{} is {}", hop.host, shown.join(", "))
}

/// One address that can be reached will do; those that cannot are named all the same.
fn route(client: &CentralClient, hop: &Hop, addresses: &[SocketAddr]) -> Result<Finding, Finding> {
    /// A name with more addresses than these is a balancer's.
    const TRIED: usize = 4;
    let mut open = Vec::new();
    let mut shut = Vec::new();
    for address in addresses.iter().take(TRIED) {
        match client.reach(address) {
            Ok(()) => open.push(address.to_string()),
            Err(error) => shut.push((address, error)),
        }
    }
    let step = Step::Route;
    if let Some((address, error)) = shut.first() {
        let (mender, says) = unreached(hop, address, error);
        return if open.is_empty() {
            Err(Finding::broken(step, mender, says))
        } else {
            let says = format!(
                "{} can be reached, and not every address: {says}",
                open.join(", ")
            );
            Ok(Finding::doubtful(step, mender, says))
        };
    }
    Ok(Finding::fine(
        step,
        format!("{} can be reached", open.join(", ")),
    ))
}

fn unreached(hop: &Hop, address: &SocketAddr, error: &TransportError) -> (Mender, String) {
    let owner = if hop.is_proxy {
        Mender::Network
    } else {
        Mender::Central
    };
    match error {
        TransportError::Refused { .. } => (
            owner,
            format!("{address} is there and nobody listens on that port"),
        ),
        TransportError::TimedOut { .. } => (
            Mender::Network,
            format!("{address} does not answer; let TCP through to {hop}"),
        ),
        TransportError::Unreachable { .. } => (
            Mender::Network,
            format!("there is no way to {address} from here"),
        ),
        other => (Mender::Network, one_line(other).to_string()),
    }
}

/// What to say where no proxy is taken.
fn without_proxy(script_set_in: Option<&str>) -> String {
    let script = script_set_in.map_or_else(String::new, |settings| {
        format!(
            "; {settings} leave the choice to a script (PAC, WPAD), which is not run: where Central is not \
             reached, name the proxy in the site's file"
        )
    });
    format!("none is taken: {NOBODY_NAMES_ONE}{script}")
}

/// Asks for Central's description, which goes through proxy and TLS and needs no enrolment.
fn contract(
    client: &CentralClient,
    hop: &Hop,
    tell: &mut dyn FnMut(Finding),
) -> Result<(), Finding> {
    let is_tls = client.url().starts_with("https:");
    let described = client.describe();
    let problem = described.as_ref().err();
    if let Some(finding) = problem.and_then(|error| not_through(hop, is_tls, error)) {
        return Err(finding);
    }
    tell(Finding::fine(
        Step::Proxy,
        match &hop.said_by {
            Some(said_by) => format!("{hop}, named by {said_by}, lets us through"),
            None => without_proxy(client.script_set_in()),
        },
    ));
    match problem {
        Some(TransportError::Tls { problem, .. }) => return Err(tls(problem)),
        Some(error) if is_tls && broke_off(error) => {
            let says = format!("the handshake came to no end: {}", one_line(error));
            return Err(Finding::broken(Step::Tls, Mender::Central, says));
        }
        _ => {}
    }
    tell(Finding::fine(
        Step::Tls,
        if is_tls {
            "Central's certificate is trusted"
        } else {
            "none: the site's file allows plain HTTP; messages are sealed all the same"
        },
    ));
    let step = Step::Contract;
    let description = described.map_err(|error| {
        let says = format!(
            "what answers at {} is no Central of ours: {}",
            client.url(),
            one_line(&error)
        );
        let mender = match error {
            TransportError::Busy { .. } => Mender::Central,
            _ => Mender::Network,
        };
        Finding::broken(step, mender, says)
    })?;
    if !description.contains(NAMESPACE) {
        let says = format!(
            "{} does not describe version {} of the contract, which this agent speaks; one of both has \
             to be updated",
            client.url(),
            ContractVersion::CURRENT
        );
        return Err(Finding::broken(step, Mender::Central, says));
    }
    let says = format!("version {} is spoken there", ContractVersion::CURRENT);
    tell(Finding::fine(step, says));
    Ok(())
}

/// What is wrong with the proxy. It is believed to let us through only where something from behind it
/// came back.
fn not_through(hop: &Hop, is_tls: bool, error: &TransportError) -> Option<Finding> {
    let says = match error {
        TransportError::Proxy { .. } => format!(
            "{}; NTLM and Negotiate are not spoken, Basic goes into the site's file \
             (proxy = \"http://user:password@host:port\"){}",
            one_line(error),
            if is_tls { "" } else { PLAIN }
        ),
        error if hop.is_proxy && broke_off(error) => format!(
            "{hop} takes the call and does not carry it to Central: {}",
            one_line(error)
        ),
        _ => return None,
    };
    Some(Finding::broken(Step::Proxy, Mender::Network, says))
}

/// Whether the connection ended before anything was said that only its far end can say.
fn broke_off(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::AnswerCut { .. }
            | TransportError::Io { .. }
            | TransportError::Protocol { .. }
            | TransportError::Refused { .. }
            | TransportError::TimedOut { .. }
            | TransportError::Unreachable { .. }
    )
}

fn tls(problem: &TlsProblem) -> Finding {
    let (mender, hint) = match problem {
        TlsProblem::Expired | TlsProblem::NotYetValid => (
            Mender::Central,
            "compare this machine's clock first, then have the certificate renewed",
        ),
        TlsProblem::UnknownIssuer => (
            Mender::Network,
            "where a firewall opens TLS, let this host through unopened or name the firewall's \
             authority as ca_file in the site's file",
        ),
        TlsProblem::WrongName => (
            Mender::Central,
            "the certificate must name the host of Central's address",
        ),
        TlsProblem::ClientCertificate(_) => (
            Mender::Central,
            "name a certificate that it takes as client_cert_file and client_key_file in the site's file",
        ),
        _ => (Mender::Central, "TLS 1.2 or newer must be spoken there"),
    };
    Finding::broken(Step::Tls, mender, format!("{problem}; {hint}"))
}

/// Asks what an agent asks at the end of each pass.
fn register(
    agent: &Agent,
    enrolment: &Enrolment,
    tell: &mut dyn FnMut(Finding),
) -> Result<(), Finding> {
    let broken = |mender, says: String| Finding::broken(Step::Registration, mender, says);
    let mut link = agent
        .connect(enrolment)
        .map_err(|error| broken(Mender::Machine, one_line(&error).to_string()))?;
    let settings = agent.status().ok().and_then(|status| status.settings);
    let have = settings.map_or(0, |settings| settings.version);
    let answered = link.get_schedule(have);
    let answered = answered.map_err(|error| {
        let (mender, hint) = unregistered(&error);
        broken(mender, format!("{}{hint}", one_line(&error)))
    })?;
    tell(match enrolment.quarantine {
        Some(quarantine) => broken(Mender::Dealer, format!("in quarantine {quarantine}")),
        None => Finding::fine(
            Step::Registration,
            format!("Central knows this agent, at site {}", enrolment.site_name),
        ),
    });
    tell(clock(answered.offset));
    Ok(())
}

fn unregistered(error: &TransportError) -> (Mender, &'static str) {
    const UNOPENED: &str = "; Central has destroyed the key that this agent seals to: ask the dealer for a \
                            code and enrol again (onsite enrol CODE)";
    const AGAIN: &str = "; ask the dealer for a code and enrol again (onsite enrol CODE)";
    match error {
        TransportError::Declined { status, .. } if *status == StatusString::GONE => {
            (Mender::Dealer, AGAIN)
        }
        TransportError::Contract {
            source: ContractError::Fault(fault),
            ..
        } => match fault.kind {
            FaultKind::KeyNotUsable => (Mender::Dealer, UNOPENED),
            FaultKind::NotAuthenticated => (Mender::Dealer, AGAIN),
            FaultKind::VersionNotSupported => (Mender::Central, "; one of both has to be updated"),
            _ => (Mender::Central, ""),
        },
        error if error.is_temporary() => (Mender::Central, "; nothing is lost, try again later"),
        _ => (Mender::Central, ""),
    }
}

fn clock(offset: ClockOffset) -> Finding {
    let away = Duration::from_millis(offset.offset_millis.unsigned_abs());
    let side = if offset.offset_millis < 0 {
        "ahead of"
    } else {
        "behind"
    };
    let says = format!(
        "this machine's clock is {:.1} s {side} Central's",
        away.as_secs_f64()
    );
    if away > CLOCK_LIMIT {
        let says = format!("{says}; let it be set by a time server");
        return Finding::doubtful(Step::Clock, Mender::Machine, says);
    }
    Finding::fine(Step::Clock, says)
}
