//! Claims about `Exec`, and about the routes tables, in src/app/mod.rs.

use crate::harness::Test;
use nanoserve::app::{Exec, KeyPolicy, LAB_ROUTES, PROBLEMS, ROUTES, Reply};
use nanoserve::clock::Clock;
use nanoserve::http::request::Method;
use nanoserve::http::response::Response;
use nanoserve::http::status::Status;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub const TESTS: &[Test] = &[
    (
        "a_commitment_outlives_a_panic",
        a_commitment_outlives_a_panic,
    ),
    ("the_first_commitment_stands", the_first_commitment_stands),
    (
        "a_handler_sees_params_time_and_id",
        a_handler_sees_params_time_and_id,
    ),
    ("only_payments_require_a_key", only_payments_require_a_key),
    (
        "problem_names_are_unlike_and_advise",
        problem_names_are_unlike_and_advise,
    ),
];

// N-31
fn a_commitment_outlives_a_panic() {
    let clock = Clock::manual(0);
    let mut exec = Exec::new(Default::default(), "", &clock);
    let fails = |exec: &mut Exec<'_>| -> Reply {
        let _ = exec.commit(Response::new(Status::CREATED));
        panic!("after the commitment");
    };
    assert!(catch_unwind(AssertUnwindSafe(|| fails(&mut exec))).is_err());
    let committed = exec.take_committed().map(|response| response.status());
    assert_eq!(committed, Some(Status::CREATED));
    assert!(exec.take_committed().is_none());
}

// N-31: nothing can change the answer after the effect.
fn the_first_commitment_stands() {
    let clock = Clock::manual(0);
    let mut exec = Exec::new(Default::default(), "", &clock);
    for status in [Status::CREATED, Status::PAYMENT_REQUIRED] {
        let reply = exec.commit(Response::new(status));
        assert!(matches!(reply, Reply::Committed));
    }
    let committed = exec.take_committed().map(|response| response.status());
    assert_eq!(committed, Some(Status::CREATED));
}

fn a_handler_sees_params_time_and_id() {
    let clock = Clock::manual(5_999);
    let exec = Exec::new([b"one", b""], "req-7", &clock);
    assert_eq!(exec.param(0), b"one");
    assert_eq!(exec.param(1), b"");
    assert_eq!(exec.param(2), b"");
    assert_eq!(exec.wall_seconds(), 5);
    assert_eq!(exec.request_id(), "req-7");
}

// N-14
fn only_payments_require_a_key() {
    for route in ROUTES.iter().chain(LAB_ROUTES) {
        let is_payment = route.path == "/payments" && route.method == Method::Post;
        assert_eq!(
            route.key == KeyPolicy::Required,
            is_payment,
            "{}",
            route.path
        );
    }
}

// N-25: each has a fragment of its own and says whether to retry.
fn problem_names_are_unlike_and_advise() {
    for (n, kind) in PROBLEMS.iter().enumerate() {
        assert!(
            PROBLEMS
                .iter()
                .skip(n + 1)
                .all(|other| other.name != kind.name)
        );
        let good = |b: u8| b.is_ascii_lowercase() || b == b'-';
        assert!(kind.name.bytes().all(good), "{}", kind.name);
        assert!(kind.status.code() >= 400, "{}", kind.name);
        assert!(
            !kind.title.is_empty() && kind.advice.len() > 40,
            "{}",
            kind.name
        );
    }
}
