//! N-30 to N-33: what is kept under a key, and what gives the key back.

use super::expect::{Expect, Kept, each, ensure};
use super::needs::Needs::{Lab, Payments, Run};
use super::target::Target;
use super::{Case, case};
use crate::support::Request;

/// The default of `--max-stored-response`.
const STORED_MAX: usize = 1024 * 1024;

#[rustfmt::skip] // one case a line
pub(super) const CASES: &[Case] = &[
    case("N-30", "what was done is recorded whatever its status, 500 and 503 too", Lab, done_is_recorded),
    case("N-30", "a refusal before any effect frees the key", Lab, nothing_done_frees),
    case("N-30", "a corrected payment may use its key", Payments, a_corrected_payment),
    case("N-30", "too little money is an answer, and recorded", Payments, too_little_money),
    case("N-31", "a handler that panics is a 500, and does not run again", Lab, a_panic),
    case("N-31", "after twenty panics the server serves as before", Lab, twenty_panics),
    case("N-32", "no refusal before the handler uses up the key", Run, refusals_use_no_key),
    case("N-33", "an answer of 1 MiB is kept", Lab, the_largest_answer),
    case("N-33", "a larger one is sent whole, and its retry told so: 410", Lab, a_larger_answer),
];

fn done_is_recorded(t: &Target) -> Kept {
    each([200, 400, 409, 429, 500, 503], |status| {
        let name = Target::fresh("done");
        let request = t.keyed(&format!("{name}?status={status}"));
        let first = t.send(&request)?.must_be(*status)?;
        t.send(&request)?.repeats(&first)?;
        t.ran(&name, 1)
    })
}

fn nothing_done_frees(t: &Target) -> Kept {
    each([400, 422, 500, 503], |status| {
        let name = Target::fresh("refuse");
        let refused = t.keyed(&format!("{name}?refuse={status}"));
        t.send(&refused)?.must_be(*status)?;
        t.send(&refused)?.must_be(*status)?;
        t.replays(&t.keyed(&name))?;
        t.ran(&name, 1)
    })
}

fn a_corrected_payment(t: &Target) -> Kept {
    let key = Target::fresh("corrected");
    let payment = |amount| t.payment(&key, amount);
    t.send(&payment(1).content("{"))?.must_be(400)?;
    t.send(&payment(0))?.must_be(422)?;
    t.replays(&payment(1)).map(drop)
}

fn too_little_money(t: &Target) -> Kept {
    let name = Target::fresh("poor");
    let poor = format!(r#"{{"from":"{name}","to":"bob","amount":1,"currency":"EUR"}}"#);
    let request = t.payment(&name, 1).content(poor);
    let first = t.send(&request)?.must_be(402)?;
    t.send(&request)?.repeats(&first)
}

fn a_panic(t: &Target) -> Kept {
    each(["before", "after"], |when| {
        let name = Target::fresh("panic");
        let request = t.keyed(&format!("{name}?panic={when}"));
        let first = t.send(&request)?.must_be(500)?;
        t.send(&request)?.repeats(&first)?;
        t.ran(&name, i64::from(*when == "after"))
    })
}

fn twenty_panics(t: &Target) -> Kept {
    let name = Target::fresh("panic");
    for _ in 0..20 {
        t.send(&t.run(&format!("{name}?panic=after")))?
            .must_be(500)?;
    }
    t.replays(&t.keyed(&name))?;
    t.ran(&name, 21)
}

fn refusals_use_no_key(t: &Target) -> Kept {
    let name = Target::fresh("unused");
    let run = || t.keyed(&name);
    let typed = run().without("Content-Type").field("Content-Type", "a/b");
    let many = (0..101).fold(run(), |request, n| request.field(&format!("X-{n}"), "v"));
    let refusals: [(&str, Request, u16); 7] = [
        ("two types", typed.field("Content-Type", "a/b"), 400),
        ("two lengths", run().field("Content-Length", "1"), 400),
        ("too large", run().declared(2 * 1024 * 1024), 413),
        ("an expectation", run().field("Expect", "a-miracle"), 417),
        ("many fields", many, 431),
        ("an unknown method", run().method("BREW"), 501),
        ("another version", run().version("HTTP/3.0"), 505),
    ];
    for (refusal, request, status) in refusals {
        let answer = t.send(&request)?.must_be(status);
        answer.map_err(|why| format!("{refusal}: {why}"))?;
    }
    t.replays(&run()).map(drop)
}

fn large(t: &Target, bytes: usize) -> Request {
    t.keyed(&format!("{}?bytes={bytes}", Target::fresh("large")))
}

fn the_largest_answer(t: &Target) -> Kept {
    let first = t.replays(&large(t, STORED_MAX))?;
    let length = first.content.len();
    ensure(length == STORED_MAX, STORED_MAX, length)
}

fn a_larger_answer(t: &Target) -> Kept {
    let request = large(t, STORED_MAX + 1);
    let length = t.send(&request)?.must_be_first()?.content.len();
    ensure(length == STORED_MAX + 1, STORED_MAX + 1, length)?;
    let retry = t.send(&request)?.must_be(410)?;
    let marked = retry.first_of("Idempotent-Replayed");
    ensure(marked.is_none(), "an answer of the guard's", "a replay")
}
