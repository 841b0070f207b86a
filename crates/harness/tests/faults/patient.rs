//! The client that the agent is held against: it asks for one variable at a time, tries GETNEXT where
//! GET fails, and waits for ever.

use super::agent::Agent;
use pagetally_snmp_engine::message::{Message, Request, RequestKind};
use pagetally_snmp_engine::{Answers, Ask, Oid, Plan, Value, VarBind, Version, deny};

/// Reads a device by a plan, one variable at a time.
pub(crate) fn read(agent: &mut Agent, version: Version, plan: &mut dyn Plan) -> Answers {
    let mut answers = Answers::default();
    while let Some(query) = plan.next_query(&answers) {
        for ask in query.asks {
            match ask {
                Ask::Instance(name) if deny::instance(&name).is_none() => {
                    let found = one(agent, version, RequestKind::Get, &name);
                    let found = found.or_else(|| step_to(agent, version, &name));
                    if let Some(found) = found {
                        answers.insert(found);
                    }
                }
                Ask::Columns { columns, max_rows } => {
                    for column in columns.iter().filter(|one| deny::walk(one).is_none()) {
                        walk(agent, version, column, max_rows, &mut answers);
                    }
                }
                _ => {}
            }
        }
    }
    answers
}

/// What a sweep's probe brings, which comes before every read.
pub(crate) fn probe(agent: &mut Agent, version: Version) -> Vec<VarBind> {
    let before = [
        "1.3.6.1.2.1.1.1",
        "1.3.6.1.2.1.1.2",
        "1.3.6.1.2.1.25.3.2.1.2",
        "1.3.6.1.2.1.43.5.1.1",
    ];
    let before = before.into_iter().map(super::agent::oid);
    before
        .filter_map(|name| one(agent, version, RequestKind::GetNext, &name))
        .filter(|found| !found.value.is_exception())
        .collect()
}

/// Comes to an instance from just before it, where that leads past nothing that is never asked for.
fn step_to(agent: &mut Agent, version: Version, name: &Oid) -> Option<VarBind> {
    let (last, parent) = name.arcs().split_last()?;
    let parent = Oid::new(parent.to_vec()).ok()?;
    if deny::walk(&parent).is_some() {
        return None;
    }
    let before = match last.checked_sub(1) {
        Some(less) => parent.child(&[less]),
        None => parent,
    };
    let found = one(agent, version, RequestKind::GetNext, &before)?;
    (found.oid == *name).then_some(found)
}

fn walk(agent: &mut Agent, version: Version, column: &Oid, max_rows: u32, answers: &mut Answers) {
    let mut at = column.clone();
    for _ in 0..max_rows {
        let Some(found) = one(agent, version, RequestKind::GetNext, &at) else {
            return;
        };
        if !found.oid.starts_with(column) || found.oid <= at || found.value.is_exception() {
            return;
        }
        at = found.oid.clone();
        if deny::instance(&at).is_none() {
            answers.insert(found);
        }
    }
}

/// The one variable of an answer; nothing where it is an error.
fn one(agent: &mut Agent, version: Version, kind: RequestKind, name: &Oid) -> Option<VarBind> {
    let request = Request {
        version,
        community: b"public",
        kind,
        id: 0x0100_0000,
        names: std::slice::from_ref(name),
    };
    let bytes = agent.answer(&request.encode())?;
    let mut message = Message::decode(&bytes).expect("an answer");
    if message.error_status != 0 {
        return None;
    }
    let found = message.varbinds.next()?.expect("a variable").to_varbind();
    let wanted = kind != RequestKind::Get || found.oid == *name;
    (wanted && found.value != Value::Null).then_some(found)
}
