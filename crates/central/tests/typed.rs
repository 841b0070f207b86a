//! Typed messages of stock clients: only over TLS, only where the account allows them, only of who
//! holds a key, once.

mod support;

use pagetally_central::{AgentKind, DeviceFilter};
use pagetally_contract::{
    ContractError, FaultKind, GetScheduleRequest, Request, Response, SoapVersion, StatusString,
    TypedRequest, UnregisterRequest, UsernameToken, Verdict,
};
use pagetally_model::{AgentId, Community, Settings, Text};
use support::tls::{Account, TlsWorld, content_type, registration, report, the_account};
use support::{audit, get, now, post};

const AGENT: AgentId = AgentId::from_bytes([0x5c; 16]);
const V11: SoapVersion = SoapVersion::V11;

fn schedule() -> TypedRequest {
    TypedRequest::GetSchedule(GetScheduleRequest { have_version: 0 })
}

fn fault_of(answer: Result<Response, ContractError>) -> FaultKind {
    match answer {
        Err(ContractError::Fault(fault)) => fault.kind,
        other => panic!("no fault: {other:?}"),
    }
}

async fn registered() -> (TlsWorld, Account) {
    let world = TlsWorld::new().await;
    let account = world.account_with_key().await;
    let token = account.token();
    let answer = world
        .call(SoapVersion::V12, AGENT, Some(&token), &registration(None))
        .await;
    let Ok(Response::Register(answer)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(answer.status, StatusString::OK);
    assert_eq!(answer.site.expect("a site").id, world.site);
    (world, account)
}

async fn send(
    world: &TlsWorld,
    account: &Account,
    request: &TypedRequest,
) -> pagetally_contract::SendReportsResponse {
    let token = account.token();
    match world.call(V11, AGENT, Some(&token), request).await {
        Ok(Response::SendReports(response)) => response,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_report_is_booked_once_whatever_is_repeated() {
    let (world, account) = registered().await;
    let sent = audit("CNB1234567", 6_466);
    let first = send(&world, &account, &report("m-1", vec![sent.clone()])).await;
    let again = send(&world, &account, &report("m-1", vec![sent.clone()])).await;

    assert_eq!(first.status, StatusString::OK);
    let receipt = first.receipt.expect("a receipt");
    let stated = &receipt.receipt;
    assert_eq!((stated.number, &stated.verdict), (1, &Verdict::Accepted));
    let key = world.books.public_key().await.expect("a key");
    receipt
        .verify(AGENT, &key)
        .expect("signed with the key in force");
    assert_eq!(again.receipt, Some(receipt));

    let other = send(
        &world,
        &account,
        &report("m-1", vec![audit("CNB1234567", 1)]),
    )
    .await;
    assert_eq!(other.status, StatusString::CONFLICT);
    assert_eq!(other.receipt, None);

    // The same audit under another message's name: its number is used up, nothing is booked twice.
    let twice = send(&world, &account, &report("m-2", vec![sent.clone()])).await;
    let twice = twice.receipt.expect("a receipt").receipt;
    assert!(matches!(twice.verdict, Verdict::Rejected { .. }));
    assert_eq!(twice.number, 2);

    let devices = world.books.devices(&DeviceFilter::default()).await;
    let devices = devices.expect("devices");
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0].total, Some(6_466));
    let rows = world.books.audits(devices[0].id, 10).await.expect("audits");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].agent_kind, AgentKind::Api);
    let document = world.books.audit_document(rows[0].id).await;
    assert_eq!(document.expect("the document"), sent);
    let (_, page) = get(world.address(), &format!("/devices/{}", devices[0].id)).await;
    assert!(page.contains("typed, over TLS, unsigned"), "{page}");
    assert!(!page.contains("the audit as signed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_with_nothing_in_it_is_a_bad_request() {
    let (world, account) = registered().await;
    let answer = send(&world, &account, &report("m-1", Vec::new())).await;
    assert_eq!(answer.status, StatusString::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_a_typed_message_is_refused_whatever_it_proves() {
    let (world, account) = registered().await;
    let token = account.token();
    let body = schedule()
        .to_envelope(V11, AGENT, Some(&token))
        .expect("writes");
    let (status, answer) = post(world.address(), "/soap", &content_type(), &body).await;
    assert_eq!(status, 500);
    assert!(String::from_utf8_lossy(&answer).contains("tls-required"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_allow_typed_messages_gets_none_booked() {
    let (world, account) = registered().await;
    let forbid = world.books.allow_typed_messages(&account.id, false).await;
    forbid.expect("changes");
    let token = account.token();
    let answer = world.call(V11, AGENT, Some(&token), &schedule()).await;
    assert_eq!(fault_of(answer), FaultKind::NotSealed);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proves_nothing_learns_nothing() {
    let (world, account) = registered().await;
    let secret = &*account.secret;
    let created = now().to_string();
    let stale = pagetally_model::Timestamp::from_unix_millis(now().unix_millis() - 301_000);
    for token in [
        None,
        Some(UsernameToken::with_text(&account.user, "wrong")),
        Some(UsernameToken::with_text("nobody", secret)),
        Some(UsernameToken::with_digest(
            &account.user,
            "wrong",
            &[1; 16],
            &created,
        )),
        Some(UsernameToken::with_text(&account.user, "")),
        Some(account.token_at(stale)),
    ] {
        let answer = world.call(V11, AGENT, token.as_ref(), &schedule()).await;
        assert_eq!(fault_of(answer), FaultKind::NotAuthenticated, "{token:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_once_and_a_secret_in_the_clear_as_often_as_it_is_sent() {
    let (world, account) = registered().await;
    let token = account.token();
    assert!(
        world
            .call(V11, AGENT, Some(&token), &schedule())
            .await
            .is_ok()
    );
    let replayed = world.call(V11, AGENT, Some(&token), &schedule()).await;
    assert_eq!(fault_of(replayed), FaultKind::NotAuthenticated);
    let text = UsernameToken::with_text(&account.user, &account.secret);
    for _ in 0..2 {
        assert!(
            world
                .call(V11, AGENT, Some(&text), &schedule())
                .await
                .is_ok()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_opens_nothing_and_another_key_of_the_account_does() {
    let (world, account) = registered().await;
    let second = world.account_with_key().await;
    let revoke = world.books.revoke_api_key(&account.id, &account.user).await;
    revoke.expect("revokes");
    let answer = world
        .call(V11, AGENT, Some(&account.token()), &schedule())
        .await;
    assert_eq!(fault_of(answer), FaultKind::NotAuthenticated);
    let token = second.token();
    assert!(
        world
            .call(V11, AGENT, Some(&token), &schedule())
            .await
            .is_ok()
    );
    let again = world.books.revoke_api_key(&account.id, &account.user).await;
    assert!(again.is_err(), "revoked once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_reaches_no_agent_and_no_site_of_another_account() {
    let (world, _) = registered().await;
    let other = world.books.create_account("Another").await.expect("made");
    let site = world.books.create_site(&other, "Theirs", "Etc/UTC").await;
    let site = site.expect("made");
    world
        .books
        .allow_typed_messages(&other, true)
        .await
        .expect("allows");
    let key = world
        .books
        .create_api_key(&other, "x", "test")
        .await
        .expect("made");
    let key = Account {
        id: other,
        user: key.id,
        secret: key.secret,
    };
    let status =
        |answer: Result<Response, ContractError>| answer.expect("an answer").status().clone();
    let call = |request| {
        let token = key.token();
        let world = &world;
        async move { status(world.call(V11, AGENT, Some(&token), &request).await) }
    };
    assert_eq!(call(schedule()).await, StatusString::NOT_FOUND);
    assert_eq!(
        call(report("m", vec![audit("S", 1)])).await,
        StatusString::NOT_FOUND
    );
    assert_eq!(call(registration(None)).await, StatusString::NOT_AUTHORIZED);
    assert_eq!(
        call(registration(Some("Head office"))).await,
        StatusString::NOT_FOUND
    );
    assert_eq!(
        call(registration(Some(&site.to_string()))).await,
        StatusString::NOT_AUTHORIZED,
        "the id is another account's agent"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_seals_cannot_be_spoken_for_and_a_client_cannot_seal() {
    let (world, account) = registered().await;
    let agent = world.enrolled().await;
    let token = account.token();
    let answer = world.call(V11, agent.id(), Some(&token), &schedule()).await;
    assert_eq!(
        answer.expect("an answer").status(),
        &StatusString::NOT_FOUND
    );
    let taken = world
        .call(V11, agent.id(), Some(&account.token()), &registration(None))
        .await;
    assert_eq!(
        taken.expect("an answer").status(),
        &StatusString::NOT_AUTHORIZED
    );

    // Zeros stand where a stock client has no keys; whoever signs as it is nobody.
    let mut session = agent.session.clone();
    session.agent = AGENT;
    let question = Request::GetSchedule(GetScheduleRequest { have_version: 0 });
    let (body, pending) = session
        .seal(&question, now(), support::random())
        .expect("seals");
    let (_, answer) = post(world.address(), "/soap", &content_type(), &body).await;
    match session.open(&pending, &answer) {
        Err(ContractError::Fault(fault)) => assert_eq!(fault.kind, FaultKind::NotAuthenticated),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_in_the_open_hold_no_community() {
    let (world, account) = registered().await;
    let settings = Settings {
        communities: vec![Community::new("sentinel").expect("a community")],
        ..world
            .books
            .settings(world.site)
            .await
            .expect("settings")
            .settings
    };
    let set = world
        .books
        .set_settings(world.site, &settings, "test")
        .await;
    set.expect("changes");
    let token = account.token();
    let body = schedule()
        .to_envelope(V11, AGENT, Some(&token))
        .expect("writes");
    let (status, answer) = world.post(&content_type(), body).await;
    let answer = String::from_utf8(answer).expect("text");
    assert_eq!(status, 200);
    assert!(answer.contains("<settings"), "{answer}");
    assert!(!answer.contains("sentinel"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_left_is_told_so() {
    let (world, account) = registered().await;
    let leave = TypedRequest::Unregister(UnregisterRequest {
        reason: Text::clean("done"),
    });
    let mut statuses = Vec::new();
    for request in [leave, schedule(), registration(None)] {
        let token = account.token();
        let answer = world.call(V11, AGENT, Some(&token), &request).await;
        statuses.push(answer.expect("an answer").status().clone());
    }
    assert_eq!(
        statuses,
        [StatusString::OK, StatusString::GONE, StatusString::GONE]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_and_revoked_on_the_accounts_page_and_its_secret_shown_once() {
    let world = TlsWorld::new().await;
    let account = the_account(&world.books).await;
    let path = format!("/accounts/{account}");
    let (_, page) = get(world.address(), &path).await;
    assert!(page.contains("sealed messages only"));
    let csrf = support::csrf(&page);
    let form = [("csrf", csrf.as_str()), ("allowed", "yes")];
    support::post_form(world.address(), &format!("{path}/typed"), &form).await;
    let form = [("csrf", csrf.as_str()), ("name", "<Fleet> tool")];
    let made = support::post_form(world.address(), &format!("{path}/keys"), &form).await;
    let keys = world.books.api_access(&account).await.expect("access");
    assert!(keys.allowed);
    let [key] = keys.keys.as_slice() else {
        panic!("{keys:?}")
    };
    let secret = made.2.split("code secret\">").nth(1).expect("shown");
    let secret = secret.split('<').next().expect("shown").to_owned();
    assert_eq!(secret.len(), 64);
    let held = Account {
        id: account.clone(),
        user: key.id.clone(),
        secret: secret.clone().into(),
    };
    let token = held.token();
    let answer = world
        .call(V11, AGENT, Some(&token), &registration(None))
        .await;
    assert!(answer.expect("an answer").status().is_successful());

    let (_, page) = get(world.address(), &path).await;
    assert!(page.contains(&key.id) && !page.contains(&secret));
    assert!(!page.contains("<Fleet>"));
    let revoke = format!("{path}/keys/{}/revoke", key.id);
    support::post_form(world.address(), &revoke, &[("csrf", csrf.as_str())]).await;
    let answer = world
        .call(V11, AGENT, Some(&held.token()), &schedule())
        .await;
    assert_eq!(fault_of(answer), FaultKind::NotAuthenticated);
}
