//! Claims about src/http/problem.rs.

use crate::harness::Test;
use nanoserve::http::fields::{FieldName, FieldValue};
use nanoserve::http::problem::{self, PRECEDENCE, Problem, ProblemType};
use nanoserve::http::response::Response;

pub const TESTS: &[Test] = &[
    (
        "a_problem_is_problem_json_with_its_page",
        a_problem_is_problem_json_with_its_page,
    ),
    ("a_detail_leaves_escaped", a_detail_leaves_escaped),
    (
        "retry_after_stands_where_waiting_helps",
        retry_after_stands_where_waiting_helps,
    ),
    (
        "the_drafts_titles_are_kept_to_the_letter",
        the_drafts_titles_are_kept_to_the_letter,
    ),
    (
        "every_type_has_a_name_of_its_own_a_title_and_advice",
        every_type_has_a_name_of_its_own_a_title_and_advice,
    ),
    (
        "a_refusal_before_the_handler_says_that_no_key_was_used",
        a_refusal_before_the_handler_says_that_no_key_was_used,
    ),
    (
        "malformed_comes_before_everything_that_needs_a_request",
        malformed_comes_before_everything_that_needs_a_request,
    ),
];

fn value<'r>(response: &'r Response, name: &str) -> Option<&'r [u8]> {
    let named = |field: &&(FieldName, FieldValue)| field.0.as_str() == name;
    response
        .fields()
        .iter()
        .find(named)
        .map(|(_, value)| value.as_bytes())
}

// N-25, N-64; RFC 9457, section 3
fn a_problem_is_problem_json_with_its_page() {
    let problem = Problem::new(
        &problem::KEY_IN_FLIGHT,
        "the first attempt is still running",
    );
    let response = problem.into_response("req-7");
    assert_eq!(response.status().code(), 409);
    assert_eq!(
        response.content_type().map(FieldValue::as_bytes),
        Some(&b"application/problem+json"[..])
    );
    let link = b"</docs/idempotency#key-in-flight>; rel=\"describedby\"";
    assert_eq!(value(&response, "Content-Language"), Some(&b"en"[..]));
    assert_eq!(value(&response, "Link"), Some(&link[..]));
    assert_eq!(value(&response, "Retry-After"), Some(&b"1"[..]));
    assert_eq!(
        String::from_utf8_lossy(response.content().as_bytes()),
        r#"{"type":"/docs/idempotency#key-in-flight","title":"A request is outstanding for this Idempotency-Key","status":409,"detail":"the first attempt is still running","instance":"req-7"}"#
    );
}

// N-25
fn a_detail_leaves_escaped() {
    let response = Problem::new(&problem::NOT_FOUND, "<b>\"\r\n\u{1b}").into_response("\"</x>\n");
    let json = String::from_utf8_lossy(response.content().as_bytes());
    assert!(
        json.ends_with(r#""detail":"\u003cb\u003e\"\r\n\u001b","instance":"\"\u003c/x\u003e\n"}"#),
        "{json}"
    );
}

// N-22, N-24, N-43
fn retry_after_stands_where_waiting_helps() {
    for kind in PRECEDENCE {
        let waiting_helps = kind.status.code() == 503 || kind.name == "key-in-flight";
        assert_eq!(kind.retry_after_s.is_some(), waiting_helps, "{}", kind.name);
        let response = Problem::new(kind, "").into_response("");
        assert_eq!(
            value(&response, "Retry-After").is_some(),
            waiting_helps,
            "{}",
            kind.name
        );
        assert_eq!(
            kind.advice.contains("Retry-After"),
            waiting_helps,
            "{}",
            kind.name
        );
    }
}

// N-25
fn the_drafts_titles_are_kept_to_the_letter() {
    for (kind, status, title) in [
        (&problem::KEY_MISSING, 400, "Idempotency-Key is missing"),
        (
            &problem::KEY_IN_FLIGHT,
            409,
            "A request is outstanding for this Idempotency-Key",
        ),
        (&problem::KEY_REUSED, 422, "Idempotency-Key is already used"),
    ] {
        assert_eq!((kind.status.code(), kind.title), (status, title));
    }
}

// N-25, N-60
fn every_type_has_a_name_of_its_own_a_title_and_advice() {
    let mut names: Vec<&str> = PRECEDENCE.iter().map(|kind| kind.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PRECEDENCE.len());
    for ProblemType {
        name,
        title,
        advice,
        ..
    } in PRECEDENCE
    {
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{name}"
        );
        assert!(
            !title.is_empty() && !title.ends_with('.'),
            "{name}: {title}"
        );
        assert!(
            advice.len() > 60 && advice.ends_with('.'),
            "{name}: {advice}"
        );
        assert!(
            advice.to_lowercase().contains("retry") || advice.contains("not send"),
            "{name}: {advice}"
        );
        assert!(!advice.contains("  "), "{name}: {advice}");
    }
}

// N-32, N-60
fn a_refusal_before_the_handler_says_that_no_key_was_used() {
    // These are about a key that has its record, about a request without one, or about the other listener.
    let others = [
        "key-in-flight",
        "key-reused",
        "response-not-stored",
        "handler-failed",
        "key-missing",
        "forbidden",
    ];
    for kind in PRECEDENCE
        .iter()
        .filter(|kind| !others.contains(&kind.name))
    {
        let says = ["no key was used", "its key is unused"];
        assert!(
            says.iter().any(|words| kind.advice.contains(words)),
            "{}",
            kind.name
        );
    }
}

// N-51
fn malformed_comes_before_everything_that_needs_a_request() {
    let place = |kind: &ProblemType| PRECEDENCE.iter().position(|other| other.name == kind.name);
    for (first, second) in [
        (&problem::TARGET_TOO_LONG, &problem::MALFORMED_REQUEST),
        (&problem::VERSION_NOT_SUPPORTED, &problem::MALFORMED_REQUEST),
        (&problem::HEAD_TOO_LARGE, &problem::MALFORMED_REQUEST),
        (&problem::MALFORMED_REQUEST, &problem::TRANSFER_CODING),
        (
            &problem::MALFORMED_REQUEST,
            &problem::METHOD_NOT_IMPLEMENTED,
        ),
        (&problem::NOT_FOUND, &problem::METHOD_NOT_ALLOWED),
        (&problem::KEY_MALFORMED, &problem::KEY_MISSING),
        (&problem::KEY_REUSED, &problem::KEY_IN_FLIGHT),
    ] {
        assert!(
            place(first) < place(second),
            "{} {}",
            first.name,
            second.name
        );
    }
}
