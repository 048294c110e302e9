//! [6, 7] What it costs to write an answer, and to record one.

use crate::runner::Runner;
use criterion::BatchSize;
use nanoserve::http::date::DateText;
use nanoserve::http::fields::{FieldName, FieldValue};
use nanoserve::http::request::Version;
use nanoserve::http::response::{Content, Response, SharedBytes, Wire, write_response};
use nanoserve::http::snapshot;
use nanoserve::http::status::Status;
use nanoserve::limits::INLINE_CONTENT_MAX;
use std::hint::black_box;
use std::sync::Arc;

const PAYMENT: &str = r#"{"id":"pay_5f0c9a7e12d4b836_1","from":"alice","to":"bob","amount":1250,"currency":"EUR","status":"captured","created_at":"2026-01-01T00:00:00Z"}"#;

/// The writer, then the snapshot.
pub fn measure(runner: &mut Runner) {
    let recorded = || SharedBytes::new(Arc::new(snapshot::encode(&created())));
    let mut group = runner.group("write_response");
    let date = DateText::at(1_767_225_600);
    let wire = Wire {
        version: Version::Http11,
        head_only: false,
        close: false,
        date: Some(&date),
    };
    let mut out = Vec::with_capacity(INLINE_CONTENT_MAX);
    for (name, response, status) in [
        ("static GET", page(), "200"),
        ("201 with JSON", created(), "201"),
    ] {
        group.bench(name, |b| {
            // Making the response is the handler's work; dropping it the writer's.
            b.iter_batched(
                || response.clone(),
                |response| {
                    out.clear();
                    write_response(&mut out, response, &wire, INLINE_CONTENT_MAX)
                },
                BatchSize::SmallInput,
            );
            assert_eq!(out.get(9..12), Some(status.as_bytes()));
        });
    }
    let snapshot = recorded();
    group.bench("replay from a snapshot", |b| {
        b.iter(|| {
            out.clear();
            write_response(&mut out, replayed(&snapshot), &wire, INLINE_CONTENT_MAX)
        });
        assert_eq!(out.get(9..12), Some(&b"201"[..]));
    });
    drop(group);

    let mut group = runner.group("snapshot");
    let response = created();
    group.bench("encode", |b| {
        b.iter(|| snapshot::encode(black_box(&response)));
    });
    group.bench("decode", |b| {
        b.iter(|| snapshot::decode(black_box(&snapshot)));
    });
}

fn page() -> Response {
    const HTML: FieldValue = FieldValue::from_static("text/html; charset=utf-8");
    Response::with_content(Status::OK, HTML, Content::Static(&[b'x'; 2048]))
}

fn created() -> Response {
    const JSON: FieldValue = FieldValue::from_static("application/json");
    let location = FieldValue::new("/payments/pay_5f0c9a7e12d4b836_1").expect("no CR, LF or NUL");
    Response::with_content(Status::CREATED, JSON, Content::Owned(PAYMENT.into()))
        .field(FieldName::from_static("Location"), location)
}

/// As the lifecycle replays a record.
fn replayed(snapshot: &SharedBytes) -> Response {
    snapshot::decode(snapshot)
        .expect("it was encoded here")
        .field(
            FieldName::from_static("Idempotent-Replayed"),
            FieldValue::from_static("true"),
        )
}
