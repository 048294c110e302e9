//! Claims about `src/contract_page.rs`.

use crate::harness::Test;
use nanoserve::app::PROBLEMS;
use nanoserve::config::{Config, Duplicates, Scope};
use nanoserve::contract_page::page;
use nanoserve::http::problem::{PRECEDENCE, ProblemType};
use nanoserve::http::status::Status;

pub const TESTS: &[Test] = &[
    (
        "each_problem_type_has_one_anchor",
        each_problem_type_has_one_anchor,
    ),
    (
        "each_problem_shows_status_title_and_advice",
        each_problem_shows_status_title_and_advice,
    ),
    (
        "links_within_the_page_lead_somewhere",
        links_within_the_page_lead_somewhere,
    ),
    (
        "the_promise_is_bounded_in_plain_words",
        the_promise_is_bounded_in_plain_words,
    ),
    (
        "figures_are_those_of_the_configuration",
        figures_are_those_of_the_configuration,
    ),
    ("the_sizing_rule_is_computed", the_sizing_rule_is_computed),
    (
        "a_refreshed_token_is_warned_of_in_every_scope",
        a_refreshed_token_is_warned_of_in_every_scope,
    ),
    (
        "nothing_that_is_configured_becomes_markup",
        nothing_that_is_configured_becomes_markup,
    ),
    (
        "the_page_needs_nothing_but_itself",
        the_page_needs_nothing_but_itself,
    ),
    ("tags_are_closed", tags_are_closed),
    (
        "the_retry_guide_has_a_row_for_every_status_that_the_server_words",
        the_retry_guide_has_a_row_for_every_status_that_the_server_words,
    ),
    (
        "what_a_running_duplicate_gets_is_what_is_configured",
        what_a_running_duplicate_gets_is_what_is_configured,
    ),
    ("limits_are_those_that_hold", limits_are_those_that_hold),
];

fn text(config: &Config) -> String {
    String::from_utf8(page(config, PROBLEMS)).expect("the page is UTF-8")
}

fn escaped(text: &str) -> String {
    let pairs = [
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("\"", "&quot;"),
        ("'", "&#39;"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (raw, entity)| {
        text.replace(raw, entity)
    })
}

#[track_caller]
fn says(page: &str, words: &str) {
    let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(words), "the page does not say: {words}");
}

// N-25, N-60
fn each_problem_type_has_one_anchor() {
    let page = text(&Config::default());
    for kind in PRECEDENCE.iter().chain(PROBLEMS) {
        let anchor = format!("id=\"{}\"", kind.name);
        assert_eq!(page.matches(&anchor).count(), 1, "{anchor}");
    }
    let ids: Vec<&str> = page
        .split("id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    for (n, id) in ids.iter().enumerate() {
        assert!(!ids[n + 1..].contains(id), "{id} twice");
    }
}

// N-60
fn each_problem_shows_status_title_and_advice() {
    let page = text(&Config::default());
    for kind in PRECEDENCE.iter().chain(PROBLEMS) {
        let start = page
            .find(&format!("id=\"{}\"", kind.name))
            .expect("an anchor");
        let section = page[start..].split("</section>").next().expect("a section");
        assert!(
            section.contains(&kind.status.code().to_string()),
            "{}",
            kind.name
        );
        assert!(section.contains(&escaped(kind.title)), "{}", kind.name);
        assert!(section.contains(&escaped(kind.advice)), "{}", kind.name);
        let waits = kind.retry_after_s.map(|s| format!("Retry-After: {s}<"));
        assert!(
            waits.is_none_or(|waits| section.contains(&waits)),
            "{}",
            kind.name
        );
    }
}

fn links_within_the_page_lead_somewhere() {
    let page = text(&Config::default());
    for target in page
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
    }
}

// N-15, N-70
fn the_promise_is_bounded_in_plain_words() {
    let page = text(&Config::default());
    says(&page, "The promise holds within one process life.");
    says(
        &page,
        "two instances, or a restart, know nothing of each other's keys",
    );
    says(
        &page,
        "A retry with a refreshed token is a new caller and runs again:",
    );
    says(&page, "1 to 255 bytes after unquoting");
    // The first screen: before the first section.
    let first = page.split("<h2").next().expect("a beginning");
    says(first, "within one process life");
}

// N-60
fn figures_are_those_of_the_configuration() {
    let config = Config {
        ttl_ms: 90_000,
        keys_max: 777,
        bytes_max: 3 << 20,
        stored_response_max: 1500,
        content_max: 2 << 10,
        ..Config::default()
    };
    let page = text(&config);
    for words in [
        "kept for 90 s,",
        "at most 777 keys",
        "3 MiB of keys",
        "more than 1500 bytes of content",
        "<td>content</td><td>2 KiB</td>",
    ] {
        says(&page, words);
    }
    for (ttl_ms, words) in [
        (1, "kept for 1 ms,"),
        (1_500, "kept for 1500 ms,"),
        (900_000, "kept for 15 min,"),
    ] {
        says(
            &text(&Config {
                ttl_ms,
                ..Config::default()
            }),
            words,
        );
    }
}

// N-43, N-60: keys held = new keys per second x TTL.
fn the_sizing_rule_is_computed() {
    says(
        &text(&Config::default()),
        "keys held = new keys per second × TTL",
    );
    says(
        &text(&Config::default()),
        "with a TTL of 24 h it is full at 11 new keys per second",
    );
    let rate = |keys_max, ttl_ms| {
        text(&Config {
            keys_max,
            ttl_ms,
            ..Config::default()
        })
    };
    says(&rate(10, 2_000), "full at 5 new keys per second");
    says(&rate(10, 15_000), "full at one new key every 2 s");
    says(&rate(1, 3_600_000), "full at one new key every 1 h");
}

// N-15
fn a_refreshed_token_is_warned_of_in_every_scope() {
    for scope in [
        Scope::Authorization,
        Scope::None,
        Scope::Field("client-id".to_owned()),
    ] {
        let page = text(&Config {
            scope,
            ..Config::default()
        });
        says(
            &page.to_lowercase(),
            "a retry with a refreshed token is a new caller and runs again",
        );
    }
    says(
        &text(&Config {
            scope: Scope::Field("client-id".to_owned()),
            ..Config::default()
        }),
        "<code>client-id</code>",
    );
}

// N-60
fn nothing_that_is_configured_becomes_markup() {
    static HOSTILE: ProblemType = ProblemType {
        name: "a\"b",
        status: Status::CONFLICT,
        title: "<script>",
        advice: "'&'",
        retry_after_s: Some(7),
    };
    let scope = Scope::Field("<img onerror=\"x\">".to_owned());
    let bytes = page(
        &Config {
            scope,
            ..Config::default()
        },
        &[&HOSTILE],
    );
    let page = String::from_utf8(bytes).expect("UTF-8");
    assert!(!page.contains("<img") && !page.contains("<script"));
    says(&page, "&lt;img onerror=&quot;x&quot;&gt;");
    says(&page, "id=\"a&quot;b\"");
    says(&page, "&lt;script&gt;");
    says(&page, "&#39;&amp;&#39; <code>Retry-After: 7</code>");
}

// N-60
fn the_page_needs_nothing_but_itself() {
    let page = text(&Config::default());
    for word in ["src=", "@import", "url(", "http://", "https://", "<script"] {
        assert!(!page.contains(word), "{word}");
    }
    says(&page, "color-scheme: light dark");
    says(&page, "width=device-width");
}

fn tags_are_closed() {
    let page = text(&Config::default());
    for tag in [
        "html", "head", "body", "h1", "h2", "h3", "p", "code", "a", "table", "tr", "td", "th",
        "section", "strong",
    ] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

/// The rows of a table that stands under an anchor, without their tags.
fn rows(page: &str, anchor: &str) -> Vec<Vec<String>> {
    let section = page.split(&format!("id=\"{anchor}\"")).nth(1);
    let table = section.and_then(|rest| rest.split("</table>").next());
    let rows = table.expect("a table").split("<tr>").skip(2);
    let plain = |cell: &str| {
        let pieces = cell
            .split('<')
            .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
        pieces.collect::<String>()
    };
    rows.map(|row| row.split("</td>").map(plain).collect())
        .collect()
}

// N-60: for each status whether, how and how long to retry.
fn the_retry_guide_has_a_row_for_every_status_that_the_server_words() {
    let page = text(&Config {
        ttl_ms: 90_000,
        ..Config::default()
    });
    let rows = rows(&page, "retry");
    for kind in PRECEDENCE.iter().chain(PROBLEMS) {
        let code = kind.status.code().to_string();
        let row = rows.iter().find(|row| row[0].contains(&code));
        let row = row.unwrap_or_else(|| panic!("no row for {code}"));
        let yes = row[1] == "yes";
        assert!(
            yes || kind.retry_after_s.is_none(),
            "{}: {row:?}",
            kind.name
        );
    }
    assert_eq!(
        rows.iter()
            .filter(|row| row[1] != "yes" && row[1] != "no")
            .count(),
        0
    );
    says(
        &page,
        "A retry that arrives within 90 s of the first attempt is never a second run",
    );
    says(&page, "then twice as long each time, up to a minute");
}

// N-22, N-60
fn what_a_running_duplicate_gets_is_what_is_configured() {
    let answer = |duplicates| {
        let page = text(&Config {
            duplicates,
            wait_timeout_ms: 7_000,
            ..Config::default()
        });
        let rows = rows(&page, "answers");
        let row = rows
            .into_iter()
            .find(|row| row[0].contains("still running"));
        row.expect("a row")[1].clone()
    };
    assert_eq!(answer(Duplicates::Reject), "409, retry after a second");
    assert_eq!(
        answer(Duplicates::Wait),
        "the first one's answer, as soon as it is there; 409 where that takes longer than 7 s, or where no more can wait \
         (at most 1024, and half of all connections)"
    );
}

// N-53, N-60
fn limits_are_those_that_hold() {
    let page = text(&Config {
        connections_max: 321,
        inflight_content_max: 5 << 20,
        ..Config::default()
    });
    let rows = rows(&page, "limits");
    let most = |what: &str| {
        let row = rows.iter().find(|row| row[0].starts_with(what));
        row.expect("a row")[1].clone()
    };
    for (what, expected) in [
        ("request line", "8 KiB"),
        ("head", "16 KiB"),
        ("field lines", "100"),
        ("content", "1 MiB"),
        ("content coming in", "5 MiB"),
        ("connections", "321"),
        ("time for a head", "5 s"),
        ("time for a whole request", "30 s"),
    ] {
        assert_eq!(most(what), expected, "{what}");
    }
    says(&page, "A connection that is idle for 60 s is closed.");
    says(
        &page,
        "does not take its answer within 30 s is closed too, but the answer is recorded",
    );
}
