//! Claims about src/app/front.rs.

use crate::app::get;
use crate::harness::Test;
use nanoserve::app::App;
use nanoserve::http::response::Content;

pub const TESTS: &[Test] = &[
    (
        "the_front_page_says_what_to_type",
        the_front_page_says_what_to_type,
    ),
    (
        "the_front_page_needs_nothing_but_itself",
        the_front_page_needs_nothing_but_itself,
    ),
];

// N-82
fn the_front_page_says_what_to_type() {
    let answer = get(&App::new(), "/");
    answer.expect(200, true, "curl -i http://127.0.0.1:8080/payments");
    answer.expect(200, true, "<a href=\"/docs/idempotency\">");
    assert_eq!(answer.content_type(), "text/html; charset=utf-8");
    assert!(matches!(answer.response.content(), Content::Static(_)));
}

// N-82
fn the_front_page_needs_nothing_but_itself() {
    let answer = get(&App::new(), "/");
    for word in ["src=", "@import", "url(", "https:", "<script"] {
        assert!(!answer.text().contains(word), "{word}");
    }
    answer.expect(200, true, "color-scheme: light dark");
    answer.expect(200, true, "width=device-width");
}
