//! All unit tests in one binary, one file for each source file, run by the harness beside this file.

// A binary exports nothing; here `pub` marks what a file offers to the others.
#![allow(unreachable_pub)]
// Prose here names source files, which read better without backticks.
#![allow(clippy::doc_markdown)]

mod admin;
mod app;
mod clock;
mod config;
mod contract_page;
mod docs;
mod harness;
mod harness_helpers;
mod harness_itself;
mod host;
mod http;
mod idempotency;
mod lifecycle;
mod limits;
mod log;
mod metrics;
mod server;

use harness::Suite;
use idempotency::explorer::command;
use std::process::ExitCode;

#[rustfmt::skip] // one suite a line, in the reading order of src/lib.rs
const SUITES: &[Suite] = &[
    Suite { name: "harness_itself", tests: harness_itself::TESTS },
    Suite { name: "harness_helpers", tests: harness_helpers::TESTS },
    Suite { name: "limits", tests: limits::TESTS },
    Suite { name: "clock", tests: clock::TESTS },
    Suite { name: "log", tests: log::TESTS },
    Suite { name: "metrics", tests: metrics::TESTS },
    Suite { name: "config", tests: config::TESTS },
    Suite { name: "config/value", tests: config::value::TESTS },
    Suite { name: "lifecycle/answers", tests: lifecycle::answers::TESTS },
    Suite { name: "lifecycle/records", tests: lifecycle::records::TESTS },
    Suite { name: "lifecycle/tombstones", tests: lifecycle::tombstones::TESTS },
    Suite { name: "lifecycle/keys", tests: lifecycle::keys::TESTS },
    Suite { name: "lifecycle/fingerprint", tests: lifecycle::fingerprint::TESTS },
    Suite { name: "lifecycle/full", tests: lifecycle::full::TESTS },
    Suite { name: "lifecycle/refusals", tests: lifecycle::refusals::TESTS },
    Suite { name: "lifecycle/waiting", tests: lifecycle::waiting::TESTS },
    Suite { name: "lifecycle/precedence", tests: lifecycle::precedence::TESTS },
    Suite { name: "lifecycle/counters", tests: lifecycle::counters::TESTS },
    Suite { name: "contract_page", tests: contract_page::TESTS },
    Suite { name: "admin/pages", tests: admin::pages::TESTS },
    Suite { name: "admin/protections", tests: admin::protections::TESTS },
    Suite { name: "host", tests: host::TESTS },
    Suite { name: "docs", tests: docs::TESTS },
    Suite { name: "http/grammar", tests: http::grammar::TESTS },
    Suite { name: "http/request", tests: http::request::TESTS },
    Suite { name: "http/parse", tests: http::parse::TESTS },
    Suite { name: "http/body", tests: http::body::TESTS },
    Suite { name: "http/target", tests: http::target::TESTS },
    Suite { name: "http/sf_string", tests: http::sf_string::TESTS },
    Suite { name: "http/key_field", tests: http::key_field::TESTS },
    Suite { name: "http/status", tests: http::status::TESTS },
    Suite { name: "http/fields", tests: http::fields::TESTS },
    Suite { name: "http/response", tests: http::response::TESTS },
    Suite { name: "http/snapshot", tests: http::snapshot::TESTS },
    Suite { name: "http/date", tests: http::date::TESTS },
    Suite { name: "http/json_text", tests: http::json_text::TESTS },
    Suite { name: "http/problem", tests: http::problem::TESTS },
    Suite { name: "idempotency/sha256", tests: idempotency::sha256::TESTS },
    Suite { name: "idempotency/key", tests: idempotency::key::TESTS },
    Suite { name: "idempotency/scope", tests: idempotency::scope::TESTS },
    Suite { name: "idempotency/fingerprint", tests: idempotency::fingerprint::TESTS },
    Suite { name: "idempotency/points", tests: idempotency::points::TESTS },
    Suite { name: "idempotency/record", tests: idempotency::record::TESTS },
    Suite { name: "idempotency/capacity", tests: idempotency::capacity::TESTS },
    Suite { name: "idempotency/table", tests: idempotency::table::TESTS },
    Suite { name: "idempotency/guard", tests: idempotency::guard::TESTS },
    Suite { name: "idempotency/waiters", tests: idempotency::waiters::TESTS },
    Suite { name: "idempotency/explorer", tests: idempotency::explorer::TESTS },
    Suite { name: "idempotency/sweeper", tests: idempotency::sweeper::TESTS },
    Suite { name: "idempotency/stress", tests: idempotency::stress::TESTS },
    Suite { name: "app/router", tests: app::router::TESTS },
    Suite { name: "app/json", tests: app::json::TESTS },
    Suite { name: "app/ledger", tests: app::ledger::TESTS },
    Suite { name: "app/ledger_stress", tests: app::ledger_stress::TESTS },
    Suite { name: "app/payments", tests: app::payments::TESTS },
    Suite { name: "app/front", tests: app::front::TESTS },
    Suite { name: "app/echo", tests: app::echo::TESTS },
    Suite { name: "app/lab", tests: app::lab::TESTS },
    Suite { name: "app/exec", tests: app::exec::TESTS },
    Suite { name: "server/service", tests: server::service::TESTS },
    Suite { name: "server/budget", tests: server::budget::TESTS },
    Suite { name: "server/run_queue", tests: server::run_queue::TESTS },
    Suite { name: "server/task_queue", tests: server::task_queue::TESTS },
    Suite { name: "server/worker", tests: server::worker::TESTS },
    Suite { name: "server/content", tests: server::content::TESTS },
    Suite { name: "server/output", tests: server::output::TESTS },
    Suite { name: "server/connection", tests: server::connection::TESTS },
    Suite { name: "server/connection_deadlines", tests: server::connection_deadlines::TESTS },
    Suite { name: "server/worker_pool", tests: server::worker_pool::TESTS },
    Suite { name: "server/acceptor", tests: server::acceptor::TESTS },
    Suite { name: "server/listener", tests: server::listener::TESTS },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == command::FLAG) {
        return command::run(&words[1..]);
    }
    harness::run(SUITES, harness_itself::BAD_SUITES)
}
