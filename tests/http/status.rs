//! Claims about src/http/status.rs.

use crate::harness::Test;
use nanoserve::http::status::Status;

pub const TESTS: &[Test] = &[
    ("a_final_status_is_200_to_599", a_final_status_is_200_to_599),
    (
        "every_status_of_rfc_9110_has_its_phrase",
        every_status_of_rfc_9110_has_its_phrase,
    ),
    (
        "statuses_without_content_are_204_205_and_304",
        statuses_without_content_are_204_205_and_304,
    ),
];

fn a_final_status_is_200_to_599() {
    for (code, valid) in [
        (0, false),
        (100, false),
        (199, false),
        (200, true),
        (599, true),
        (600, false),
        (65535, false),
    ] {
        assert_eq!(Status::new(code).is_some(), valid, "{code}");
    }
}

// RFC 9110, section 15.1; RFC 6585
fn every_status_of_rfc_9110_has_its_phrase() {
    let named: Vec<u16> = (200..=599)
        .filter(|&code| Status::new(code).is_some_and(|status| !status.reason().is_empty()))
        .collect();
    let expected: Vec<u16> = (200..=206)
        .chain(300..=305)
        .chain([307, 308])
        .chain(400..=417)
        .chain([421, 422, 426, 428, 429, 431])
        .chain(500..=505)
        .chain([511])
        .collect();
    assert_eq!(named, expected);
    for (status, phrase) in [
        (Status::OK, "OK"),
        (Status::CREATED, "Created"),
        (Status::CONFLICT, "Conflict"),
        (Status::CONTENT_TOO_LARGE, "Content Too Large"),
        (Status::URI_TOO_LONG, "URI Too Long"),
        (Status::UNPROCESSABLE_CONTENT, "Unprocessable Content"),
        (
            Status::HTTP_VERSION_NOT_SUPPORTED,
            "HTTP Version Not Supported",
        ),
    ] {
        assert_eq!(status.reason(), phrase);
    }
}

// RFC 9110, sections 6.4.1, 8.6 and 15.3.6
fn statuses_without_content_are_204_205_and_304() {
    let without = |has: fn(Status) -> bool| -> Vec<u16> {
        (200..=599)
            .filter(|&code| Status::new(code).is_some_and(|status| !has(status)))
            .collect()
    };
    assert_eq!(without(Status::has_content), [204, 205, 304]);
    assert_eq!(without(Status::has_content_length), [204, 304]);
}
