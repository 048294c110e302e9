//! [4] What it costs to tell requests apart: SHA-256, and the fingerprint made with it.

use crate::runner::Runner;
use nanoserve::idempotency::fingerprint::Fingerprint;
use nanoserve::idempotency::sha256::Sha256;
use std::hint::black_box;

const PAYMENT: &[u8] = br#"{"from":"alice","to":"bob","amount":1250,"currency":"EUR"}"#;

/// From a block to the largest content that a server takes without being told to.
pub fn measure(runner: &mut Runner) {
    let message = vec![b'x'; 1024 * 1024];
    let mut group = runner.group("sha256");
    for (name, length) in [
        ("64 B", 64),
        ("1 KiB", 1024),
        ("64 KiB", 64 * 1024),
        ("1 MiB", 1024 * 1024),
    ] {
        let message = &message[..length];
        group.bytes(length).bench(name, |b| {
            b.iter(|| Sha256::new().update(black_box(message)).finish());
        });
    }
    drop(group);

    let mut group = runner.group("fingerprint");
    group.bench("a payment", |b| {
        b.iter(|| Fingerprint::of(black_box(&parts())));
    });
}

/// As the lifecycle takes them from `curl -d` (N-16): method, path, query, Content-Type, Content-Encoding, content.
fn parts() -> [Option<&'static [u8]>; 6] {
    [
        Some(b"POST"),
        Some(b"/payments"),
        None,
        Some(b"application/x-www-form-urlencoded"),
        None,
        Some(PAYMENT),
    ]
}
