//! What the clients ask for: each key has a plan, drawn from the seed, so that all who meet at a key ask for the same.
//!
//! Content 0 is what the key is for. Content 1 is a mistake: the same key, another request. Content 2 is the corrected
//! request, where the first is one that the handler refuses. The names under which the application counts are one a key.

use super::history::{Answer, Ask, Does, Got};
use crate::support::{Random, Request, Response};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What begins the name under which a key's work is counted.
pub(crate) const COUNTED: &str = "storm-";
/// Keys of the same text belong to as many callers.
const CALLERS: [Option<&str>; 3] = [None, Some("Bearer anna"), Some("Bearer ben")];
/// Answers of these sizes: some are over the bound of some servers, one is exactly at it.
const SIZES: &[usize] = &[0, 200, 1_024, 1_025, 4_000, 60_000];
/// No answer that does not ask for a size has more content than this.
const SMALL: usize = 1_024;
/// What payments of each content move, so that one balance tells how often each was made.
const AMOUNTS: [u64; 3] = [1, 1_000, 1_000_000];

/// What is asked for under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Count,
    Sized(usize),
    Status(u16),
    PanicBefore,
    PanicAfter,
    RefusedAtFirst(u16),
    Payment,
    PaymentWithoutFunds,
    BadPaymentAtFirst,
}

/// One key of one caller.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) number: usize,
    plan: Plan,
    delay_ms: u64,
}

impl Key {
    pub(crate) fn new(seed: u64, number: usize) -> Key {
        let mut dice = Random::at(&[seed, number as u64]);
        let delay_ms = if dice.chance(40) {
            0
        } else {
            dice.below(31) as u64
        };
        let plan = match dice.below(100) {
            0..30 => Plan::Count,
            30..42 => Plan::Sized(dice.pick(SIZES)),
            42..50 => Plan::Status(dice.pick(&[200, 404, 409, 500, 503])),
            50..54 => Plan::PanicBefore,
            54..58 => Plan::PanicAfter,
            58..74 => Plan::RefusedAtFirst(dice.pick(&[422, 503])),
            74..92 => Plan::Payment,
            92..96 => Plan::PaymentWithoutFunds,
            _ => Plan::BadPaymentAtFirst,
        };
        Key {
            number,
            plan,
            delay_ms,
        }
    }

    /// One in ten is a mistake; where the first request is refused, three in ten send the corrected one.
    pub(crate) fn content(&self, dice: &mut Random) -> u8 {
        let corrected = matches!(self.plan, Plan::RefusedAtFirst(_) | Plan::BadPaymentAtFirst);
        match dice.below(10) {
            0 => 1,
            1..=3 if corrected => 2,
            _ => 0,
        }
    }

    /// The key and its caller, for people.
    pub(crate) fn name(&self) -> String {
        let caller = self.caller().unwrap_or("nobody in particular");
        format!(
            "{} of {caller}, run under {}",
            self.text(),
            self.count_name()
        )
    }

    /// Under which the application counts: no two keys share it.
    pub(crate) fn count_name(&self) -> String {
        format!("{COUNTED}{}", self.number)
    }

    pub(crate) fn is_payment(&self) -> bool {
        matches!(
            self.plan,
            Plan::Payment | Plan::PaymentWithoutFunds | Plan::BadPaymentAtFirst
        )
    }

    /// How often the payments of all contents were made that come to this balance.
    pub(crate) fn payments(balance: u64) -> u64 {
        balance % AMOUNTS[1] + balance / AMOUNTS[1] % AMOUNTS[1] + balance / AMOUNTS[2]
    }

    pub(crate) fn ask(&self, content: u8) -> Ask {
        let (does, status, bytes) = match self.plan {
            Plan::Sized(bytes) => (Does::Counted, 201, bytes),
            Plan::Status(status) => (Does::Counted, status, SMALL),
            Plan::PanicBefore => (Does::Uncounted, 500, SMALL),
            Plan::PanicAfter => (Does::Counted, 500, SMALL),
            Plan::PaymentWithoutFunds => (Does::Uncounted, 402, SMALL),
            Plan::BadPaymentAtFirst if content == 0 => (Does::Nothing, 422, SMALL),
            Plan::RefusedAtFirst(status) if content < 2 => (Does::Nothing, status, SMALL),
            _ => (Does::Counted, 201, SMALL),
        };
        Ask {
            content,
            does,
            status,
            delay_us: if self.is_payment() {
                0
            } else {
                self.delay_ms * 1_000
            },
            bytes,
            alike: matches!(self.plan, Plan::Sized(_)),
        }
    }

    /// The request, in one of the spellings that make no difference (N-11, N-16).
    pub(crate) fn request(&self, content: u8, dice: &mut Random) -> Request {
        let (request, text) = if self.is_payment() {
            (Request::post("/payments"), self.payment(content))
        } else {
            let target = format!("/lab/runs/{}?{}", self.count_name(), self.query(content));
            (Request::post(&target), format!("content {content}"))
        };
        let request = match dice.below(3) {
            0 => request.key(format!("\"{}\"", self.text())),
            _ => request.key(self.text()),
        };
        let request = match self.caller() {
            Some(caller) => request.field("Authorization", caller),
            None => request,
        };
        match dice.below(3) {
            0 => request.chunked(&[&text.as_bytes()[..3], &text.as_bytes()[3..]]),
            _ => request.content(text),
        }
    }

    fn query(&self, content: u8) -> String {
        let asked = match self.plan {
            Plan::Sized(bytes) => format!("bytes={bytes}&"),
            Plan::Status(status) => format!("status={status}&"),
            Plan::PanicBefore => "panic=before&".into(),
            Plan::PanicAfter => "panic=after&".into(),
            Plan::RefusedAtFirst(status) if content < 2 => format!("refuse={status}&"),
            _ => String::new(),
        };
        format!("{asked}delay_ms={}", self.delay_ms)
    }

    fn payment(&self, content: u8) -> String {
        let from = match self.plan {
            Plan::PaymentWithoutFunds => "pauper",
            _ => "alice",
        };
        let amount = match self.plan {
            Plan::BadPaymentAtFirst if content == 0 => 0,
            _ => AMOUNTS[usize::from(content)],
        };
        let to = self.count_name();
        format!(r#"{{"from":"{from}","to":"{to}","amount":{amount},"currency":"EUR"}}"#)
    }

    fn text(&self) -> String {
        format!("key-{}", self.number / CALLERS.len())
    }

    fn caller(&self) -> Option<&'static str> {
        CALLERS[self.number % CALLERS.len()]
    }
}

/// What an answer to this is.
pub(crate) fn read(ask: &Ask, response: &Response) -> Got {
    let foreign = || {
        let marker = if response.is_replay() {
            ", replayed"
        } else {
            ""
        };
        Got::Foreign(format!("{}{marker}: {}", response.status, response.text()))
    };
    let as_asked = response.status == ask.status && response.content.len() <= ask.bytes;
    match problem(response).as_deref() {
        _ if response.is_replay() && ask.does == Does::Nothing => foreign(),
        _ if response.is_replay() && as_asked => Got::Replayed(answer(response)),
        _ if response.is_replay() => foreign(),
        Some("key-in-flight") if has_retry_after(response) => Got::InFlight,
        Some("key-reused") if !tells_of_a_run(response) => Got::Mismatch,
        Some("response-not-stored") if response.text().contains(&ask.status.to_string()) => {
            Got::NotStored
        }
        Some("keys-full") if has_retry_after(response) => Got::Full,
        Some("workers-busy") if has_retry_after(response) => Got::Busy,
        None | Some("handler-failed" | "insufficient-funds" | "bad-payment") if as_asked => {
            match ask.does {
                Does::Nothing => Got::Refused,
                _ => Got::Executed(answer(response)),
            }
        }
        _ => foreign(),
    }
}

/// The name of a problem's type.
fn problem(response: &Response) -> Option<String> {
    if response.field("Content-Type") != Some("application/problem+json") {
        return None;
    }
    let kind = response.json().get("type").text().to_owned();
    kind.rsplit_once('#').map(|(_, name)| name.to_owned())
}

fn answer(response: &Response) -> Answer {
    let mut hasher = DefaultHasher::new();
    response.recorded().hash(&mut hasher);
    let counted = response.field("Content-Type") == Some("application/json");
    let run = counted.then(|| response.json());
    Answer {
        digest: hasher.finish(),
        bytes: response.content.len(),
        run: run.and_then(|json| u64::try_from(json.find("runs")?.number()).ok()),
    }
}

fn has_retry_after(response: &Response) -> bool {
    let seconds = response.field("Retry-After").map(str::parse::<u32>);
    matches!(seconds, Some(Ok(1..)))
}

/// What stands in the content of every answer that can be recorded here, and may not stand in a mismatch's (N-23).
fn tells_of_a_run(response: &Response) -> bool {
    let text = response.text();
    text.contains("runs") || text.contains("captured") || text.contains(COUNTED)
}

// N-21 to N-25, N-33
#[test]
fn an_answer_is_read_for_what_it_is_and_no_other_passes() {
    let fields = |lines: &[(&str, &str)]| {
        let lines = lines.iter().map(|(n, v)| ((*n).into(), (*v).into()));
        lines.collect::<Vec<(String, String)>>()
    };
    let response = |status, lines: &[_], content: &str| Response {
        status,
        fields: fields(lines),
        content: content.as_bytes().to_vec(),
    };
    let ask = |number, content| Key::new(0, number).ask(content);
    let first = |wanted: Does| {
        let is_wanted = |ask: &Ask| ask.does == wanted && ask.bytes == SMALL && ask.status == 503;
        (0..1_000)
            .map(|n| ask(n, 0))
            .find(is_wanted)
            .expect("some key asks for it")
    };
    let (done, nothing) = (first(Does::Counted), first(Does::Nothing));
    let json = ("Content-Type", "application/json");
    let problem = ("Content-Type", "application/problem+json");
    let (marker, retry) = (("Idempotent-Replayed", "true"), ("Retry-After", "1"));
    let kind = |name| format!(r#"{{"type":"/docs/idempotency#{name}","detail":"with 503"}}"#);
    let run = r#"{"name":"storm-1","runs":2}"#;
    let told = |got: &Got| {
        format!("{got:?}")
            .split(['(', ' '])
            .next()
            .map(str::to_owned)
    };
    #[rustfmt::skip] // one answer a line
    let cases = [
        (done, response(503, &[json], run), "Executed"),
        (done, response(503, &[json, marker], run), "Replayed"),
        (nothing, response(503, &[json], run), "Refused"),
        (nothing, response(503, &[json, marker], run), "Foreign"),
        (done, response(201, &[json], run), "Foreign"),
        (done, response(201, &[json, marker], run), "Foreign"),
        (done, response(503, &[], &"x".repeat(SMALL + 1)), "Foreign"),
        (done, response(409, &[problem, retry], &kind("key-in-flight")), "InFlight"),
        (done, response(409, &[problem], &kind("key-in-flight")), "Foreign"),
        (done, response(409, &[problem, retry, marker], &kind("key-in-flight")), "Foreign"),
        (done, response(422, &[problem], &kind("key-reused")), "Mismatch"),
        (done, response(422, &[problem], &kind("key-reused").replace("503", "runs")), "Foreign"),
        (done, response(410, &[problem], &kind("response-not-stored")), "NotStored"),
        (done, response(410, &[problem], &kind("response-not-stored").replace("503", "201")), "Foreign"),
        (done, response(503, &[problem, retry], &kind("keys-full")), "Full"),
        (done, response(503, &[problem], &kind("keys-full")), "Foreign"),
        (done, response(503, &[problem, retry], &kind("workers-busy")), "Busy"),
        (done, response(503, &[problem, ("Retry-After", "soon")], &kind("workers-busy")), "Foreign"),
        (done, response(503, &[problem, retry], &kind("draining")), "Foreign"),
    ];
    for (ask, response, wanted) in cases {
        let got = read(&ask, &response);
        assert_eq!(told(&got).as_deref(), Some(wanted), "{response:?}");
    }
    let Got::Executed(answer) = read(&done, &response(503, &[json], run)) else {
        panic!("as above");
    };
    assert_eq!((answer.run, answer.bytes), (Some(2), run.len()));
}
