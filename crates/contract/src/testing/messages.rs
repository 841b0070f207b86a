//! Arbitrary messages.

use super::documents::{agent_id, site_id, submission_id};
use super::documents::{audit, pass, settings, text, timestamp, word};
use crate::{
    AgentPublicKeys, BooksHead, Capabilities, CentralKeyPair, ContractVersion, GetScheduleRequest,
    GetScheduleResponse, Receipt, RegisterRequest, RegisterResponse, Report, Request, Response,
    SealingPublicKey, SendReportsResponse, SignedReceipt, Site, StatusString, UnregisterRequest,
    UnregisterResponse, Verdict,
};
use pagetally_model::AgentId;
use pagetally_proof::{
    Hash, Salt, SignedHeader, SignedRotation, SigningKey, SubmissionHeader, Withheld, WithheldLeaf,
    WithheldReason,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(crate) fn hash() -> BoxedStrategy<Hash> {
    any::<[u8; 32]>().prop_map(Hash::from_bytes).boxed()
}

/// A report whose header may state anything: only its XML is of interest.
pub(crate) fn report() -> BoxedStrategy<Report> {
    let salt = || any::<[u8; 32]>().prop_map(Salt::from_bytes);
    let header = (
        (any::<u8>(), any::<u8>(), submission_id(), agent_id()),
        (any::<u64>(), hash(), hash(), any::<u32>(), timestamp()),
    )
        .prop_map(
            |((format, algorithm, id, agent), (number, previous, content, leaves, created))| {
                SubmissionHeader {
                    format,
                    algorithm,
                    id,
                    agent,
                    number,
                    previous,
                    content,
                    leaves,
                    created,
                }
            },
        );
    (
        header,
        any::<[u8; 32]>(),
        vec((salt(), audit()), 0..3),
        option::of((salt(), pass())),
        option::of((salt(), rotation())),
        withheld(),
    )
        .prop_map(
            |(header, seed, mut audits, mut pass, mut rotation, withheld)| {
                if matches!(withheld, Withheld::All(_)) {
                    audits.clear();
                    (pass, rotation) = (None, None);
                }
                Report {
                    signed: SignedHeader::sign(header, &SigningKey::from_seed(seed)),
                    withheld: placed(withheld, audits.len()),
                    audits,
                    pass,
                    rotation,
                }
            },
        )
        .boxed()
}

fn rotation() -> BoxedStrategy<SignedRotation> {
    (
        agent_id(),
        any::<u64>(),
        any::<[[u8; 32]; 3]>(),
        timestamp(),
    )
        .prop_map(|(agent, number, [old, new, sealing], created)| {
            let [old, new] = [old, new].map(SigningKey::from_seed);
            SignedRotation::sign(agent, number, &old, &new, sealing, created)
        })
        .boxed()
}

fn withheld() -> BoxedStrategy<Withheld> {
    let leaf = (any::<u32>(), word(), hash(), word::<WithheldReason>());
    let leaf = leaf.prop_map(|(place, kind, hash, reason)| WithheldLeaf {
        place,
        kind,
        hash,
        reason,
    });
    prop_oneof![
        4 => vec(leaf, 0..3).prop_map(Withheld::Leaves),
        1 => word().prop_map(Withheld::All),
    ]
    .boxed()
}

/// Withheld leaves in places that they can have among so many audits.
fn placed(withheld: Withheld, audits: usize) -> Withheld {
    let Withheld::Leaves(mut leaves) = withheld else {
        return withheld;
    };
    let mut next = 0;
    let count = leaves.len();
    for (index, leaf) in leaves.iter_mut().enumerate() {
        let places = u32::try_from(audits + count).expect("few");
        let later = u32::try_from(count - index).expect("few");
        leaf.place = next + leaf.place % (places - next - later + 1);
        next = leaf.place + 1;
    }
    Withheld::Leaves(leaves)
}

fn capabilities() -> BoxedStrategy<Capabilities> {
    [(); 3]
        .map(|()| vec(text(), 0..3))
        .prop_map(|lists| {
            let [operations, actions, objects] = lists;
            Capabilities {
                operations,
                actions,
                objects,
            }
        })
        .boxed()
}

fn status_string() -> BoxedStrategy<StatusString> {
    prop_oneof![
        proptest::sample::select(StatusString::KNOWN.to_vec()),
        "[a-z]{1,9}(-[a-z0-9]{1,9}){0,3}"
            .prop_map(|word| StatusString::new(&word).expect("a word")),
    ]
    .boxed()
}

pub(crate) fn request() -> BoxedStrategy<Request> {
    let register = (
        any::<[u16; 2]>(),
        any::<[[u8; 32]; 2]>(),
        text(),
        text(),
        capabilities(),
    )
        .prop_map(
            |([major, minor], [seed, sealing], agent_version, platform, lists)| {
                Request::Register(RegisterRequest {
                    contract: ContractVersion { major, minor },
                    keys: AgentPublicKeys {
                        signing: SigningKey::from_seed(seed).verifying_key(),
                        sealing: SealingPublicKey::from_bytes(sealing),
                    },
                    agent_version,
                    platform,
                    capabilities: lists,
                })
            },
        );
    prop_oneof![
        register,
        any::<u64>()
            .prop_map(|have_version| Request::GetSchedule(GetScheduleRequest { have_version })),
        report().prop_map(Request::SendReports),
        report().prop_map(Request::SendAlerts),
        text().prop_map(|reason| Request::Unregister(UnregisterRequest { reason })),
    ]
    .boxed()
}

pub(crate) fn receipt() -> BoxedStrategy<Receipt> {
    let verdict = prop_oneof![
        Just(Verdict::Accepted),
        (option::of(text()), text())
            .prop_map(|(document, reason)| Verdict::Rejected { document, reason }),
    ];
    (
        submission_id(),
        any::<u64>(),
        hash(),
        hash(),
        timestamp(),
        any::<u32>(),
        verdict,
    )
        .prop_map(
            |(submission, number, content, header, received_at, withheld, verdict)| Receipt {
                submission,
                number,
                content,
                header,
                received_at,
                withheld,
                verdict,
            },
        )
        .boxed()
}

pub(crate) fn signed_receipt() -> BoxedStrategy<SignedReceipt> {
    (receipt(), any::<[u8; 16]>(), any::<[u8; 32]>())
        .prop_map(|(receipt, agent, seed)| {
            let key = CentralKeyPair::from_seed(seed);
            receipt.sign(AgentId::from_bytes(agent), &key)
        })
        .boxed()
}

pub(crate) fn response() -> BoxedStrategy<Response> {
    let site = (site_id(), text()).prop_map(|(id, name)| Site { id, name });
    let head = (any::<u64>(), hash()).prop_map(|(number, header)| BooksHead { number, header });
    let register = (
        status_string(),
        option::of(site),
        option::of(settings()),
        option::of(head),
        capabilities(),
        timestamp(),
    )
        .prop_map(
            |(status, site, settings, head, capabilities, central_time)| {
                Response::Register(RegisterResponse {
                    status,
                    site,
                    settings,
                    head,
                    capabilities,
                    central_time,
                })
            },
        );
    let schedule = (status_string(), option::of(settings()), timestamp()).prop_map(
        |(status, settings, central_time)| {
            Response::GetSchedule(GetScheduleResponse {
                status,
                settings,
                central_time,
            })
        },
    );
    let sent = || {
        (
            status_string(),
            vec(text(), 0..3),
            option::of(signed_receipt()),
            option::of(any::<u64>()),
            any::<u64>(),
            timestamp(),
        )
            .prop_map(
                |(
                    status,
                    unsupported,
                    receipt,
                    expected_number,
                    schedule_version,
                    central_time,
                )| {
                    SendReportsResponse {
                        status,
                        unsupported,
                        receipt,
                        expected_number,
                        schedule_version,
                        central_time,
                    }
                },
            )
    };
    prop_oneof![
        register,
        schedule,
        sent().prop_map(Response::SendReports),
        sent().prop_map(Response::SendAlerts),
        (status_string(), timestamp()).prop_map(|(status, central_time)| {
            Response::Unregister(UnregisterResponse {
                status,
                central_time,
            })
        }),
    ]
    .boxed()
}
