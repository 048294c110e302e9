//! `/docs/idempotency` (N-60): the contract as this process runs it, HTML for people, made once from the configuration.
//!
//! Every problem type has an anchor here, `id` its name: the target of `type` and `Link` (N-25). All text that is not
//! written in this file is escaped, so neither an option nor an advice can become markup.

use crate::app::{Exec, KeyPolicy, Reply, Route};
use crate::config::{Config, Duplicates, Scope};
use crate::http::fields::FieldValue;
use crate::http::problem::{PRECEDENCE, ProblemType};
use crate::http::request::{Method, Request};
use crate::http::response::{Content, Response, SharedBytes};
use crate::http::status::Status;
use crate::limits::{
    FIELD_LINES_MAX, HEAD_DEADLINE_MS, HEAD_MAX, IDLE_DEADLINE_MS, KEY_BYTES_MAX,
    KEY_OVERHEAD_BYTES, REQUEST_DEADLINE_MS, REQUEST_LINE_MAX, WAITERS_MAX, WRITE_DEADLINE_MS,
};
use std::fmt::Write as _;
use std::sync::Arc;

/// The page, made once and shared by every answer that carries it.
#[derive(Clone)]
pub struct ContractPage(SharedBytes);

/// The one route that the lifecycle adds to every application's.
pub const ROUTES: &[Route<ContractPage>] = &[Route {
    method: Method::Get,
    path: "/docs/idempotency",
    key: KeyPolicy::Optional,
    handler: ContractPage::serve,
}];

impl ContractPage {
    /// The page for a configuration, with the application's own problem types.
    pub fn new(config: &Config, app_problems: &[&ProblemType]) -> ContractPage {
        ContractPage(SharedBytes::new(Arc::new(page(config, app_problems))))
    }

    fn serve(&self, _request: &Request<'_>, _exec: &mut Exec<'_>) -> Reply {
        Reply::Done(self.response())
    }

    /// The page as an answer.
    pub fn response(&self) -> Response {
        const HTML: FieldValue = FieldValue::from_static("text/html; charset=utf-8");
        Response::with_content(Status::OK, HTML, Content::Shared(self.0.clone()))
    }
}

/// The page for a configuration, with the server's own problem types and the application's.
pub fn page(config: &Config, app_problems: &[&ProblemType]) -> Vec<u8> {
    let mut out = String::with_capacity(32 * 1024);
    out.push_str(HEAD);
    push_key(&mut out);
    push_scope(&mut out, &config.scope);
    out.push_str(SAME_REQUEST);
    push_answers(&mut out, config);
    push_recorded(&mut out, config);
    push_time_and_room(&mut out, config);
    push_retries(&mut out, config);
    push_limits(&mut out, config);
    out.push_str("<h2 id=\"problems\">What each problem means, and whether to retry</h2>\n");
    out.push_str("<p>Where several meet in one request, the one that stands higher here is the answer.</p>\n");
    for kind in PRECEDENCE.iter().chain(app_problems) {
        push_problem(&mut out, kind);
    }
    out.push_str("</body>\n</html>\n");
    out.into_bytes()
}

// Writing to a String cannot fail: that is why the results below are dropped.

fn push_key(out: &mut String) {
    let _ = write!(
        out,
        "<h2 id=\"key\">The key</h2>\n\
         <p><code>Idempotency-Key: \"8e03978e-40d5-43dd-bc93-6894a57f9324\"</code>, an RFC 9651 String; or the bare key, \
         one or more visible ASCII characters other than <code>\"</code> <code>,</code> <code>;</code> <code>\\</code>. \
         Quoted and bare spellings of one key are the same key. 1 to {KEY_BYTES_MAX} bytes after unquoting, \
         case-sensitive. <code>X-Idempotency-Key</code> means the same; if both are sent they must agree. A malformed \
         key is refused, never shortened and never ignored.</p>\n\
         <p>Keys work on POST, PUT, PATCH and DELETE. GET, HEAD and OPTIONS are safe methods and are served as if no \
         key were there. Some routes, such as <code>POST /payments</code>, require a key; on the others a request \
         without one runs each time. Make a new random key (a UUID) for each thing that you want done, and keep it for \
         all retries of that thing.</p>\n"
    );
}

fn push_scope(out: &mut String, scope: &Scope) {
    out.push_str("<h2 id=\"scope\">Whose key it is</h2>\n<p>");
    match scope {
        Scope::Authorization => out.push_str(
            "A key belongs to the caller, who is known by the <code>Authorization</code> field: equal keys of two \
             callers never meet. <strong>A retry with a refreshed token is a new caller and runs again:</strong> retry \
             with the token of the first attempt, or have a gateway set a client id \
             (<code>--scope field:NAME</code>).",
        ),
        Scope::None => out.push_str(
            "This server runs with <code>--scope none</code>: all callers share one space of keys, so that equal keys \
             of two callers do meet.",
        ),
        Scope::Field(name) => {
            out.push_str("A key belongs to the caller, who is known by the field <code>");
            push_escaped(out, name);
            out.push_str(
                "</code>, which a gateway sets: equal keys of two callers never meet. A guarded request without that \
                 field, or with an empty one, is refused.",
            );
        }
    }
    if *scope != Scope::Authorization {
        out.push_str(
            " (Under <code>--scope authorization</code>, the default, a retry with a refreshed token is a new caller \
             and runs again.)",
        );
    }
    out.push_str("</p>\n");
}

fn push_answers(out: &mut String, config: &Config) {
    let running = match config.duplicates {
        Duplicates::Reject => "<a href=\"#key-in-flight\">409</a>, retry after a second".to_owned(),
        Duplicates::Wait => format!(
            "the first one's answer, as soon as it is there; <a href=\"#key-in-flight\">409</a> where that takes longer \
             than {}, or where no more can wait (at most {WAITERS_MAX}, and half of all connections)",
            duration(config.wait_timeout_ms)
        ),
    };
    let _ = write!(
        out,
        "<h2 id=\"answers\">The five answers</h2>\n<table>\n\
         <tr><th>The key is</th><th>You get</th></tr>\n\
         <tr><td>new, or expired</td><td>the request runs, its answer is recorded</td></tr>\n\
         <tr><td>used, same request, done</td><td>the recorded answer, byte for byte, with \
         <code>Idempotent-Replayed: true</code>; nothing runs</td></tr>\n\
         <tr><td>used, same request, still running</td><td>{running}</td></tr>\n\
         <tr><td>used with another request</td><td><a href=\"#key-reused\">422</a>, the record is untouched</td></tr>\n\
         <tr><td>new, and the server is full</td><td><a href=\"#keys-full\">503</a>, retry later; known keys go on \
         replaying</td></tr>\n</table>\n"
    );
}

fn push_recorded(out: &mut String, config: &Config) {
    let _ = write!(
        out,
        "<h2 id=\"recorded\">What is recorded</h2>\n\
         <p>Every answer of a handler that did something, or may have: also a 402, a 500 or a 503. It is recorded \
         before its first byte leaves, so a connection that breaks changes nothing. A handler that fails is recorded \
         as the 500 that was sent and does not run again. Not recorded are refusals before any effect (bad JSON, bad \
         values, limits, an unknown path): they leave the key free for the corrected request. Date, Connection and \
         framing are fresh in each answer, and Set-Cookie is never recorded.</p>\n\
         <p>An answer with more than {} of content is sent but not kept: a retry gets \
         <a href=\"#response-not-stored\">410</a>, and does not run again.</p>\n",
        size(config.stored_response_max)
    );
}

fn push_time_and_room(out: &mut String, config: &Config) {
    let _ = write!(
        out,
        "<h2 id=\"ttl\">How long, and how many</h2>\n\
         <p>A record is kept for {ttl}, counted from the moment its answer was recorded; reading it does not extend \
         that. Then the key is new. A request that still runs does not expire.</p>\n\
         <p id=\"sizing\">Sizing: keys held = new keys per second × TTL. This server holds at most {keys} keys and {bytes} \
         of keys, answers and overhead (about {KEY_OVERHEAD_BYTES} bytes a key, besides key and answer), so with a TTL \
         of {ttl} it is full at {rate}, or sooner where answers are large. No record is dropped before its time: \
         forgetting a key early would be a double payment.</p>\n",
        ttl = duration(config.ttl_ms),
        keys = config.keys_max,
        bytes = size(config.bytes_max),
        rate = rate(config.keys_max as u64, config.ttl_ms),
    );
}

/// What came, whether to retry, and why.
#[rustfmt::skip] // a table
const RETRIES: &[(&str, &str, &str)] = &[
    ("nothing: a time-out, a broken connection, or a 502 or 504 from between", "yes", "the request may have run, or not, or be running: the same key finds out"),
    ("any 2xx or 3xx; a 402", "no", "it is done, and this is the answer; a retry would get it again"),
    ("400, 403, 404, 405, 413, 414, 415, 417, 422, 431, 501 or 505", "no", "nothing was done; mend the request. The key is still free, and may be used for the mended one"),
    ("<a href=\"#request-timeout\">408</a>", "yes", "nothing was done; the request came in too slowly"),
    ("<a href=\"#key-in-flight\">409</a>", "yes", "the first attempt is still running; its answer will be there"),
    ("<a href=\"#response-not-stored\">410</a>", "no", "it was done; ask for the result by a GET"),
    ("<a href=\"#key-reused\">422 key-reused</a>", "no", "the key is another request's: a new thing needs a new key, a retry must not change the request"),
    ("<a href=\"#handler-failed\">500</a>", "no", "it ran, and how far is not known; the same key gets the same 500. Find out what was done before a new key is used"),
    ("<a href=\"#keys-full\">503</a> with <code>Retry-After</code>", "yes", "nothing was done; the server has no room just now"),
    ("503 without", "no", "nothing was done, and waiting does not help"),
    ("any answer with <code>Idempotent-Replayed: true</code>", "no", "it is the recorded one, whatever its status, and will not change: for a mended request take a new key"),
];

fn push_retries(out: &mut String, config: &Config) {
    let ttl = duration(config.ttl_ms);
    let _ = write!(
        out,
        "<h2 id=\"retry\">When to retry, how, and for how long</h2>\n\
         <p>A retry is the same request with the same key: same target, same content, and the same caller. Wait as long as \
         <code>Retry-After</code> says; where there is none, wait a second, then twice as long each time, up to a minute, \
         and add a random part, so that many clients do not come back at once. A retry that arrives within {ttl} of the \
         first attempt is never a second run; later the key may be new again, so give up before that, and find out what \
         was done in another way.</p>\n\
         <table>\n<tr><th>You got</th><th>Retry?</th><th>Because</th></tr>\n"
    );
    for (got, retry, why) in RETRIES {
        let _ = writeln!(out, "<tr><td>{got}</td><td>{retry}</td><td>{why}</td></tr>");
    }
    out.push_str("</table>\n");
}

fn push_limits(out: &mut String, config: &Config) {
    let seconds = |ms: u64| format!("{} s", ms / 1000);
    let rows = [
        ("request line", size(REQUEST_LINE_MAX), "target-too-long"),
        ("head", size(HEAD_MAX), "head-too-large"),
        ("field lines", FIELD_LINES_MAX.to_string(), "head-too-large"),
        ("content", size(config.content_max), "content-too-large"),
        (
            "content coming in, all requests together",
            size(config.inflight_content_max),
            "content-in-flight-full",
        ),
        (
            "connections",
            config.connections_max.to_string(),
            "connections-full",
        ),
        (
            "time for a head, from its first byte",
            seconds(HEAD_DEADLINE_MS),
            "request-timeout",
        ),
        (
            "time for a whole request",
            seconds(REQUEST_DEADLINE_MS),
            "request-timeout",
        ),
    ];
    out.push_str("<h2 id=\"limits\">Limits</h2>\n<table>\n<tr><th>What</th><th>At most</th><th>Beyond</th></tr>\n");
    for (what, most, problem) in rows {
        let _ = writeln!(
            out,
            "<tr><td>{what}</td><td>{most}</td><td><a href=\"#{problem}\">{problem}</a></td></tr>"
        );
    }
    let _ = write!(
        out,
        "</table>\n<p>None of this uses up a key. A connection that is idle for {} is closed. One that does not take its \
         answer within {} is closed too, but the answer is recorded: retry.</p>\n",
        seconds(IDLE_DEADLINE_MS),
        seconds(WRITE_DEADLINE_MS),
    );
}

fn push_problem(out: &mut String, kind: &ProblemType) {
    out.push_str("<section id=\"");
    push_escaped(out, kind.name);
    let _ = write!(out, "\">\n<h3>{} ", kind.status.code());
    push_escaped(out, kind.title);
    out.push_str(" <a href=\"#");
    push_escaped(out, kind.name);
    out.push_str("\"><code>");
    push_escaped(out, kind.name);
    out.push_str("</code></a></h3>\n<p>");
    push_escaped(out, kind.advice);
    if let Some(seconds) = kind.retry_after_s {
        let _ = write!(out, " <code>Retry-After: {seconds}</code>");
    }
    out.push_str("</p>\n</section>\n");
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}

/// As an operator would write it: the largest unit that leaves no rest.
fn duration(ms: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let unit = UNITS
        .iter()
        .find(|(unit, _)| ms >= *unit && ms.is_multiple_of(*unit));
    unit.map_or_else(
        || format!("{ms} ms"),
        |(unit, name)| format!("{} {name}", ms / unit),
    )
}

fn size(bytes: usize) -> String {
    const UNITS: [(usize, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = UNITS
        .iter()
        .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(unit, name)| format!("{} {name}", bytes / unit),
    )
}

/// How fast new keys may come so that `keys` of them are held when the first expires.
fn rate(keys: u64, ttl_ms: u64) -> String {
    let per_second = keys.saturating_mul(1000) / ttl_ms.max(1);
    if per_second > 0 {
        return format!("{per_second} new keys per second");
    }
    // Both are rounded to the slower side: at what is said here the keys never run out.
    let seconds = ttl_ms.div_ceil(keys.max(1)).div_ceil(1000);
    format!(
        "one new key every {}",
        duration(seconds.saturating_mul(1000))
    )
}

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Idempotency: the contract of this server</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h2 { margin-top: 2.2rem; } h3 { margin-bottom: 0; } h3 a { font-weight: normal; } section p { margin-top: .2rem; }
code { font: .9em ui-monospace, monospace; }
table { border-collapse: collapse; } th { overflow-wrap: normal; } th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8886; }
.plain { border-left: .25rem solid #c80; padding-left: .8rem; }
section:target { outline: 2px solid #c80; outline-offset: .5rem; }
</style>
</head>
<body>
<h1>Idempotency</h1>
<p>Send a request with an <code>Idempotency-Key</code>, and retry it with the same key until you have an answer: it is
run at most once, and every retry gets the answer of that one run.</p>
<p class="plain"><strong>The promise holds within one process life.</strong> This server keeps its records in memory and
has no journal: two instances, or a restart, know nothing of each other's keys. After a restart every key is new.</p>
"#;

const SAME_REQUEST: &str = r#"<h2 id="fingerprint">What makes two requests the same</h2>
<p>Method, target with its query, <code>Content-Type</code>, <code>Content-Encoding</code> and content, byte for byte.
A retry sends exactly what the first attempt sent; other fields may differ.</p>
"#;
