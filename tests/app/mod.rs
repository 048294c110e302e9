//! Claims about src/app/, a file each; and how they send a request to a handler.

pub mod echo;
pub mod exec;
pub mod front;
pub mod json;
pub mod lab;
pub mod ledger;
pub mod ledger_stress;
mod payment_reads;
pub mod payments;
pub mod router;

use nanoserve::app::router::{Routed, route};
use nanoserve::app::{App, Exec, LAB_ROUTES, ROUTES, Reply};
use nanoserve::clock::Clock;
use nanoserve::http::fields::FieldValue;
use nanoserve::http::parse::{Parsed, parse_head};
use nanoserve::http::request::Request;
use nanoserve::http::response::Response;

/// The manual clock's time in every test here: 2026-11-23T08:49:37Z.
pub const NOW_S: u64 = 1_795_423_777;

/// What a handler said, with the answer that the lifecycle would record or not.
pub struct Answer {
    /// Its reply was `Done` or `Committed`: recorded.
    pub recorded: bool,
    /// It was given to `Exec::commit`.
    pub committed: bool,
    pub response: Response,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.response.status().code()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(self.response.content().as_bytes()).expect("answers are UTF-8")
    }

    pub fn content_type(&self) -> &str {
        let value = self.response.content_type().map(FieldValue::as_bytes);
        std::str::from_utf8(value.unwrap_or_default()).expect("a value is ASCII")
    }

    /// The value of the one field line of that name; empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        let mut lines = self.response.fields().iter();
        let found = lines.find(|(field, _)| field.as_str().eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| {
            std::str::from_utf8(value.as_bytes()).expect("a value is ASCII")
        })
    }

    /// Status, whether recorded, and that the content names `part`.
    #[track_caller]
    pub fn expect(&self, status: u16, recorded: bool, part: &str) {
        let text = self.text();
        assert_eq!(self.status(), status, "{text}");
        assert_eq!(self.recorded, recorded, "{text}");
        assert!(text.contains(part), "{text} lacks {part}");
    }
}

/// Sends a request through parser, router and handler, without a guard. `fields` are whole lines without CRLF.
pub fn send(app: &App, method: &str, target: &str, fields: &[&str], content: &[u8]) -> Answer {
    let mut bytes = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
        content.len()
    );
    for line in fields {
        bytes.push_str(line);
        bytes.push_str("\r\n");
    }
    bytes.push_str("\r\n");
    let Parsed::Complete { head, .. } = parse_head(bytes.as_bytes()).expect("a good head") else {
        panic!("the head is whole");
    };
    let request = Request::new(&head, bytes.as_bytes(), content);
    let found = [ROUTES, LAB_ROUTES].into_iter().find_map(|table| {
        match route(table, request.method(), request.path()) {
            Routed::Found(route, params) => Some((route, params)),
            _ => None,
        }
    });
    let (route, params) = found.expect("the path has a route");
    let clock = Clock::manual(NOW_S * 1000);
    let mut exec = Exec::new(params, "req-1", &clock);
    let reply = (route.handler)(app, &request, &mut exec);
    let committed = exec.take_committed();
    let is_committed = committed.is_some();
    let (recorded, response) = match reply {
        Reply::Done(response) => (true, response),
        Reply::NothingDone(response) => (false, response),
        Reply::Committed => (true, committed.expect("Committed follows a commit")),
    };
    Answer {
        recorded,
        committed: is_committed,
        response,
    }
}

pub fn get(app: &App, target: &str) -> Answer {
    send(app, "GET", target, &[], b"")
}

pub fn post(app: &App, target: &str, content: &str) -> Answer {
    send(app, "POST", target, &[], content.as_bytes())
}
