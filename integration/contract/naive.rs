//! The first cache one would write: an answer is kept under the key's bytes, and whoever sends them again gets it.
//!
//! It is what the cases are there to tell from a guard, so its verdicts are written down, case by case.

use super::fake::Fake;
use super::needs::Needs;
use super::table::Table;
use super::{answers, key, recorded};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Default)]
struct Naive {
    answers: HashMap<String, String>,
    runs: HashMap<String, u32>,
}

impl Naive {
    fn answer(&mut self, request: &str) -> String {
        let head = request.split("\r\n\r\n").next().unwrap_or_default();
        let path = head.split([' ', '?']).nth(1).unwrap_or_default();
        let runs = self.runs.entry(path.to_owned()).or_default();
        if head.starts_with("GET") {
            return response("200 OK", *runs, "");
        }
        let mut lines = head.lines();
        let key = lines.find_map(|line| line.strip_prefix("Idempotency-Key: "));
        if let Some(recorded) = key.and_then(|key| self.answers.get(key)) {
            return recorded.clone();
        }
        *runs += 1;
        let answer = response("201 Created", *runs, "");
        if let Some(key) = key {
            let replay = response("201 Created", *runs, "Idempotent-Replayed: true\r\n");
            self.answers.insert(key.to_owned(), replay);
        }
        answer
    }
}

fn response(status: &str, runs: u32, marker: &str) -> String {
    let content = format!("{{\"runs\":{runs}}}");
    let length = content.len();
    format!(
        "HTTP/1.1 {status}\r\n{marker}Content-Length: {length}\r\nConnection: close\r\n\r\n{content}"
    )
}

/// What it keeps of sections 2 to 4; it breaks the rest.
const KEPT: &[&str] = &[
    "both names with the same key are fine",
    "a quoted key may have escapes",
    "a key in trailers is never read",
    "a key may have 255 bytes",
    "a key is never cut",
    "keys are case-sensitive",
    "PUT, PATCH and DELETE are guarded as POST is",
    "elsewhere a request without a key runs each time",
    "chunked or by length, it is the same request",
    "the order of fields and the User-Agent do not matter",
    "the absolute form of the target is the same request",
    "a new key runs, and its answer has no marker",
    "a retry gets the first answer byte for byte, marked as a replay",
    "a replay runs nothing",
    "of 16 copies at the same moment one runs",
];

#[test]
fn the_first_cache_one_would_write_is_told_from_a_guard() {
    let naive = Arc::new(Mutex::new(Naive::default()));
    let fake = Fake::that_answers(move |request| {
        let mut naive = naive.lock().unwrap_or_else(PoisonError::into_inner);
        naive.answer(request)
    });
    let sections = [key::CASES, answers::CASES, recorded::CASES];
    let cases = sections.into_iter().flatten();
    let judged = cases.filter(|case| matches!(case.needs, Needs::Run | Needs::Count));
    let table = Table::fill(&fake.target(), judged, false);
    assert_eq!(table.kept(), KEPT);
}
