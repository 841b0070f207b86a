//! Decoding a response of 60 variables and encoding a request for 60, beside csnmp and async-snmp.
//!
//! `cargo bench -p pagetally-benches --bench snmp_codec`

use async_snmp::compatibility::DecodeConfig;
use async_snmp::message::CommunityMessage;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use csnmp::message::{
    BindingValue, ErrorStatus, InnerPdu, Snmp2cMessage, Snmp2cPdu, VariableBinding,
};
use pagetally_snmp_engine::message::{Message, Request, RequestKind, Response};
use pagetally_snmp_engine::{Oid, Value, VarBind, Version};
use std::hint::black_box;

/// What a GETBULK over six columns of a supplies table brings: numbers and short texts.
fn variables() -> Vec<VarBind> {
    (0..60)
        .map(|n| {
            let name = format!("1.3.6.1.2.1.43.11.1.1.{}.1.{}", 4 + n % 6, 1 + n / 6);
            let value = match n % 6 {
                0 | 1 => Value::Integer(3),
                2 => Value::OctetString(b"Cyan Toner Cartridge".to_vec()),
                3 => Value::Integer(19),
                4 => Value::Integer(-2),
                _ => Value::Counter32(1_234_567),
            };
            let oid = name.parse().expect("a valid name");
            VarBind { oid, value }
        })
        .collect()
}

fn decode(criterion: &mut Criterion) {
    let varbinds = variables();
    let bytes = Response {
        version: Version::V2c,
        community: b"public",
        id: 0x1234_5678,
        error_status: 0,
        error_index: 0,
        varbinds: &varbinds,
    }
    .encode();
    let mut group = criterion.benchmark_group("decode 60 variables");
    group.bench_function("pagetally, borrowed", |bencher| {
        bencher.iter(|| {
            let message = Message::decode(black_box(&bytes)).expect("valid");
            let varbinds = message.varbinds.filter(Result::is_ok).count();
            assert_eq!(black_box(varbinds), 60);
        });
    });
    group.bench_function("pagetally, owned", |bencher| {
        bencher.iter(|| {
            let message = Message::decode(black_box(&bytes)).expect("valid");
            let varbinds: Vec<VarBind> = message
                .varbinds
                .map(|varbind| varbind.expect("valid").to_varbind())
                .collect();
            black_box(varbinds)
        });
    });
    group.bench_function("async-snmp", |bencher| {
        // It takes shared bytes, as its sockets give them; making those is not counted.
        bencher.iter_batched(
            || bytes.clone().into(),
            |data| CommunityMessage::decode(data, DecodeConfig::DEFAULT).expect("valid"),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("csnmp", |bencher| {
        bencher
            .iter(|| black_box(Snmp2cMessage::try_from_bytes(black_box(&bytes))).expect("valid"));
    });
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let names: Vec<Oid> = variables().into_iter().map(|varbind| varbind.oid).collect();
    let theirs: Vec<VariableBinding> = names
        .iter()
        .map(|name| VariableBinding {
            name: csnmp::ObjectIdentifier::try_from(name.arcs()).expect("short"),
            value: BindingValue::Unspecified,
        })
        .collect();
    let async_names: Vec<async_snmp::Oid> = names
        .iter()
        .map(|name| async_snmp::Oid::from_slice(name.arcs()))
        .collect();
    let mut group = criterion.benchmark_group("encode a GET for 60 variables");
    group.bench_function("pagetally", |bencher| {
        bencher.iter(|| {
            let request = Request {
                version: Version::V2c,
                community: b"public",
                kind: RequestKind::Get,
                id: 7,
                names: black_box(&names),
            };
            black_box(request.encode())
        });
    });
    group.bench_function("async-snmp", |bencher| {
        bencher.iter(|| {
            let version = async_snmp::Version::V2c;
            let request = async_snmp::pdu::RequestPdu::get(version, 7, black_box(&async_names));
            let request = request.expect("valid").into_raw();
            let message = CommunityMessage::v2c("public", request).expect("valid");
            black_box(message.encode()).expect("valid")
        });
    });
    group.bench_function("csnmp", |bencher| {
        bencher.iter(|| {
            let message = Snmp2cMessage {
                version: 1,
                community: b"public".to_vec(),
                pdu: Snmp2cPdu::GetRequest(InnerPdu {
                    request_id: 7,
                    error_status: ErrorStatus::NoError,
                    error_index: 0,
                    variable_bindings: black_box(&theirs).clone(),
                }),
            };
            black_box(message.to_bytes()).expect("valid")
        });
    });
    group.finish();
}

criterion_group!(benches, decode, encode);
criterion_main!(benches);
