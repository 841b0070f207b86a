//! An agent replaces its keys while it reports: the old key hands over in the chain, a lost answer or a
//! restart in between changes nothing, and each reading stays provable from the agent's first key.

#[path = "central_away/door.rs"]
mod door;
#[path = "central_away/world.rs"]
mod world;

use door::{Door, Way};
use pagetally_central::{AgentStatus, CentralConfig, DeviceFilter};
use pagetally_model::AuditId;
use pagetally_onsite::{Agent, Cancel, Delivery, NewKeys, Pass, PassSummary};
use pagetally_printer_mib::Definitions;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use world::{World, address};

fn new_world(third: u8) -> (World, Door) {
    World::new(
        Ipv4Addr::new(127, 94, third, 1),
        CentralConfig::in_memory(),
        None,
    )
}

fn pass(agent: &mut Agent) -> PassSummary {
    Pass::new(agent, &Definitions::builtin())
        .run(&Cancel::new(), &mut |_| {})
        .expect("a pass ends cleanly, whatever Central does")
}

fn delivers(agent: &mut Agent, numbers: &[u64]) {
    let summary = pass(agent);
    assert_eq!(summary.delivery, Delivery::Complete);
    assert_eq!(summary.acknowledged, numbers);
}

fn replaces_keys(agent: &mut Agent, number: u64) {
    let made = agent.replace_identity_keys().expect("durable");
    assert_eq!(made, NewKeys::Waiting { number });
}

/// The agent's key in Central's books.
fn known_key(world: &World) -> String {
    let row = world
        .runtime
        .block_on(world.books.agent(world.agent.id()))
        .expect("the agent");
    row.verify_key
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn audits(world: &World) -> Vec<AuditId> {
    world.runtime.block_on(async {
        let mut ids = Vec::new();
        for device in world
            .books
            .devices(&DeviceFilter::default())
            .await
            .expect("rows")
        {
            for audit in world.books.audits(device.id, 100).await.expect("rows") {
                ids.push(audit.id);
            }
        }
        ids
    })
}

/// Each audit in Central's books is proved by Central and by the agent, from the agent's first key.
fn all_is_provable(world: &World) {
    let first = world.agent.status().expect("readable").first_key;
    let audits = audits(world);
    assert!(audits.len() > 2);
    let mut proofs = Vec::new();
    for audit in audits {
        let ours = world.agent.store().prove(audit).expect("proved");
        let central = world.runtime.block_on(world.books.proof(audit));
        for proof in [ours.expect("it is there"), central.expect("proved")] {
            assert_eq!(proof.first_key, first);
            proof.verify(&first).expect("it holds");
            if !proof.rotations.is_empty() {
                let without = pagetally_proof::Proof {
                    rotations: Vec::new(),
                    ..proof.clone()
                };
                without.verify(&first).expect_err("the key is another");
            }
            proofs.push(proof);
        }
    }
    // The Python verifier reads Central's proof of the newest audit, which lies behind all changes.
    let newest = proofs.iter().max_by_key(|proof| proof.signed.header.number);
    let newest = newest.expect("there are some");
    assert!(!newest.rotations.is_empty());
    python_agrees(world.folder.path(), newest, &first.to_string());
}

fn python_agrees(folder: &Path, proof: &pagetally_proof::Proof, key: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/verify_proof.py");
    let file = folder.join("proof.json");
    fs::write(&file, serde_json::to_vec(proof).expect("JSON")).expect("written");
    let ran = Command::new("python3")
        .args([script.as_os_str(), file.as_os_str()])
        .arg(key)
        .output();
    match ran {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(error) if std::env::var("PAGETALLY_REQUIRE_PEERS").is_ok_and(|v| v == "1") => {
            panic!("python3: {error}")
        }
        Err(error) => println!("SKIPPED: python3: {error}"),
    }
}

#[test]
fn an_agents_keys_are_replaced_and_each_reading_is_provable_from_the_first_one() {
    let (mut world, _door) = new_world(1);
    delivers(&mut world.agent, &[1]);
    let first = known_key(&world);
    replaces_keys(&mut world.agent, 2);
    assert_eq!(known_key(&world), first, "Central does not know it yet");
    delivers(&mut world.agent, &[2, 3]);
    let second = known_key(&world);
    assert_ne!(second, first);
    world = world.while_stopped(|_| {});
    delivers(&mut world.agent, &[4]);
    replaces_keys(&mut world.agent, 5);
    // A restart with the change waiting is no other road.
    world = world.while_stopped(|_| {});
    delivers(&mut world.agent, &[5, 6]);
    assert_ne!(known_key(&world), second);
    let status = world.agent.status().expect("readable");
    assert_eq!(status.first_key.to_string(), first);
    all_is_provable(&world);
}

#[test]
fn a_lost_answer_to_the_change_is_mended_by_the_first_receipt() {
    let (mut world, door) = new_world(2);
    delivers(&mut world.agent, &[1]);
    replaces_keys(&mut world.agent, 2);
    door.set(Way::LoseAnswer(address(&world.central)));
    let summary = pass(&mut world.agent);
    assert!(matches!(summary.delivery, Delivery::Postponed { .. }));
    assert_eq!(summary.waiting, 2);
    let known = known_key(&world);
    // Central is ahead of the agent, which dies and comes back.
    world = world.while_stopped(|_| {});
    door.set(Way::Through(address(&world.central)));
    delivers(&mut world.agent, &[2, 3, 4]);
    assert_eq!(known_key(&world), known);
    let rows = world
        .runtime
        .block_on(world.books.submissions(world.agent.id()));
    let rows = rows.expect("rows");
    let repeats: Vec<u64> = rows.iter().map(|row| row.repeats).collect();
    assert_eq!(repeats, [0, 1, 0, 0]);
    all_is_provable(&world);
}

#[test]
fn new_keys_wait_until_nothing_else_does() {
    let (mut world, door) = new_world(3);
    door.set(Way::Status500);
    pass(&mut world.agent);
    let made = world.agent.replace_identity_keys().expect("durable");
    assert_eq!(made, NewKeys::Later);
    pass(&mut world.agent);
    door.set(Way::Through(address(&world.central)));
    delivers(&mut world.agent, &[1, 2, 3]);
    let before = known_key(&world);
    delivers(&mut world.agent, &[4, 5]);
    assert_ne!(known_key(&world), before);
    delivers(&mut world.agent, &[6]);
    all_is_provable(&world);
}

#[test]
fn a_folder_from_before_the_change_is_noticed_and_comes_back_by_a_new_code() {
    let (mut world, _door) = new_world(4);
    delivers(&mut world.agent, &[1]);
    let backup = world.folder.path().join("backup");
    world = world.while_stopped(|folder| copy(folder, &backup));
    replaces_keys(&mut world.agent, 2);
    delivers(&mut world.agent, &[2, 3]);

    world = world.while_stopped(|folder| {
        fs::remove_dir_all(folder).expect("removed");
        copy(&backup, folder);
    });
    // Number 2 again, with another content: it is kept beside the books, and nothing else is let in.
    let Delivery::Blocked { reason } = pass(&mut world.agent).delivery else {
        panic!("the old key asks for settings");
    };
    assert!(reason.as_str().contains("not-authenticated"), "{reason}");
    let row = world.runtime.block_on(world.books.agent(world.agent.id()));
    assert_eq!(row.expect("the agent").status, AgentStatus::Forked);

    let code = world.code();
    world.agent.enrol(&code).expect("the dealer lets it back");
    delivers(&mut world.agent, &[4, 5]);
    let first = world.agent.status().expect("readable").first_key;
    assert_eq!(known_key(&world), first.to_string());
    // And it may change its keys anew.
    replaces_keys(&mut world.agent, 6);
    delivers(&mut world.agent, &[6, 7]);
    let last = audits(&world);
    let provable = last.iter().filter(|audit| {
        let proof = world.runtime.block_on(world.books.proof(**audit));
        proof.expect("made").verify(&first).is_ok()
    });
    // Only the step back itself, from a key that nobody has any more, leads to no proof.
    assert_eq!(provable.count(), last.len() - world::PRINTERS);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("readable").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("copied");
        }
    }
}
