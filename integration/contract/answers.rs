//! N-20 to N-25: the five answers of the guard, and how the server words its errors.

use super::expect::{Expect, Kept, each, ensure};
use super::needs::Needs::{Contract, Count, Echo, Lab, Options, Page, Payments, Run};
use super::target::Target;
use super::{Case, case};
use crate::support::{Response, at_once};

#[rustfmt::skip] // one case a line
pub(super) const CASES: &[Case] = &[
    case("N-20", "a new key runs, and its answer has no marker", Count, a_new_key),
    case("N-20", "a key is new again when its time is over", Options(&["--ttl", "300ms"]), after_its_time),
    case("N-21", "a retry gets the first answer byte for byte, marked as a replay", Run, a_replay),
    case("N-21", "a replay runs nothing", Count, a_replay_runs_nothing),
    case("N-21", "a replay keeps the order and the number of fields", Lab, fields_in_order),
    case("N-21", "a replay repeats any status", Lab, any_status),
    case("N-21", "cookies are for the first client alone", Lab, cookies),
    case("N-21", "a replay has its own Date", Run, its_own_date),
    case("N-21", "a replay has its own Connection", Run, its_own_connection),
    case("N-22", "a duplicate of a running request gets 409, and when to come again", Lab, a_duplicate),
    case("N-22", "of 16 copies at the same moment one runs", Count, sixteen_copies),
    case("N-22", "where duplicates wait, all copies get the one answer", Options(&["--duplicates", "wait"]), copies_wait),
    case("N-22", "where duplicates wait, they do so for a while only", Options(&["--duplicates", "wait", "--wait-timeout", "50ms"]), copies_wait_a_while),
    case("N-23", "the same key with another request gets 422, and the record stands", Run, a_mismatch),
    case("N-23", "that 422 holds no byte of the stored answer", Echo, a_mismatch_tells_nothing),
    case("N-23", "while the first runs a mismatch is 422, not 409", Lab, a_mismatch_in_flight),
    case("N-24", "without room a new key gets 503 and when to come again", Options(&["--max-keys", "2"]), a_full_server),
    case("N-24", "without room the known keys go on replaying", Options(&["--max-keys", "2"]), a_full_server_replays),
    case("N-25", "an error is a problem document, in English, with a link to its page", Page, a_problem),
    case("N-25", "a 422 has the draft's title", Run, the_title_of_422),
    case("N-25", "a 409 has the draft's title", Lab, the_title_of_409),
    case("N-25", "a missing key has the draft's title", Payments, the_title_of_a_missing_key),
    case("N-25", "a problem's type is a paragraph of the contract's page", Contract, types_are_paragraphs),
    case("N-25", "a client's key is not echoed unescaped", Run, a_hostile_key),
];

fn a_new_key(t: &Target) -> Kept {
    let name = Target::fresh("new");
    t.send(&t.keyed(&name))?.must_be_first()?;
    t.ran(&name, 1)
}

fn after_its_time(t: &Target) -> Kept {
    let name = Target::fresh("ttl");
    t.send(&t.keyed(&name))?.must_be_first()?;
    t.until("the key to be new again", || {
        Ok(t.send(&t.keyed(&name))?.must_be_first().ok())
    })?;
    t.ran(&name, 2)
}

fn a_replay(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("replay"));
    let first = t.replays(&request)?;
    t.send(&request)?.repeats(&first)
}

fn a_replay_runs_nothing(t: &Target) -> Kept {
    let name = Target::fresh("replay");
    t.replays(&t.keyed(&name))?;
    t.ran(&name, 1)
}

fn fields_in_order(t: &Target) -> Kept {
    let fields = "field=X-B:1&field=X-A:2&field=X-B:3";
    let first = t.replays(&t.keyed(&format!("{}?{fields}", Target::fresh("order"))))?;
    let found = [first.values("X-B"), first.values("X-A")]
        .concat()
        .join(" ");
    ensure(found == "1 3 2", "1 3 2", found)
}

fn any_status(t: &Target) -> Kept {
    each([204, 302, 404, 599], |status| {
        let request = t.keyed(&format!("{}?status={status}", Target::fresh("status")));
        let first = t.send(&request)?.must_be(*status)?;
        t.send(&request)?.repeats(&first)
    })
}

fn cookies(t: &Target) -> Kept {
    let request = t.keyed(&(Target::fresh("cookie") + "?field=Set-Cookie:a=b"));
    let first = t.replays(&request)?;
    first.has("Set-Cookie", "a=b")?;
    let again = t.send(&request)?;
    let found = again.first_of("Set-Cookie");
    ensure(found.is_none(), "no Set-Cookie", found.unwrap_or_default())
}

fn its_own_date(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("date"));
    let first = t.replays(&request)?;
    let then = first
        .first_of("Date")
        .ok_or("expected a Date, found none")?;
    let later = t.until("the Date of the next second", || {
        let answer = t.send(&request)?;
        Ok((answer.first_of("Date") != Some(then)).then_some(answer))
    })?;
    later.repeats(&first)
}

fn its_own_connection(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("connection"));
    let first = t.replays(&request)?;
    first.stays_open()?;
    let again = t.send(&request.field("Connection", "close"))?;
    again.repeats(&first)?;
    again.has("Connection", "close")
}

/// What two requests under one key get when the second comes while the first runs: the lesser status first.
fn together(t: &Target, contents: [&str; 2]) -> Result<[Response; 2], String> {
    let both = with_delay(t, contents, 300)?;
    if both[1].status >= 400 {
        return Ok(both);
    }
    // The second came when the first was done, as it may on a busy machine.
    with_delay(t, contents, 2000)
}

fn with_delay(t: &Target, contents: [&str; 2], ms: u32) -> Result<[Response; 2], String> {
    let run = t.keyed(&format!("{}?delay_ms={ms}", Target::fresh("together")));
    let [mut one, mut other] = [t.open()?, t.open()?];
    one.send(run.clone().content(contents[0]).bytes());
    other.send(run.content(contents[1]).bytes());
    let mut both = [one.answer()?, other.answer()?];
    both.sort_by_key(|answer| answer.status);
    Ok(both)
}

fn a_duplicate(t: &Target) -> Kept {
    let [first, second] = together(t, ["{}", "{}"])?;
    first.must_be_first()?;
    second.must_be(409)?.has("Retry-After", "1")
}

fn sixteen_copies(t: &Target) -> Kept {
    let name = Target::fresh("copies");
    for answer in at_once(16, |_| t.send(&t.keyed(&name))) {
        answer?.must_be_one_of(&[200, 201, 202, 204, 409])?;
    }
    t.ran(&name, 1)
}

fn copies_wait(t: &Target) -> Kept {
    let name = Target::fresh("waits");
    let request = t.keyed(&format!("{name}?delay_ms=300"));
    let answers = at_once(6, |_| t.send(&request)?.must_be(201));
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    let replays = answers.iter().filter(|answer| answer.is_replay()).count();
    ensure(replays == 5, "5 replays", replays)?;
    t.ran(&name, 1)
}

fn copies_wait_a_while(t: &Target) -> Kept {
    let name = Target::fresh("waits");
    let request = t.keyed(&format!("{name}?delay_ms=1000"));
    let answers = at_once(3, |_| t.send(&request));
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    ensure(refused == 2, "2 answers with 409", refused)?;
    t.ran(&name, 1)
}

fn a_mismatch(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("mismatch"));
    t.tells_apart(&request.clone().content("{}"), &request.content("[]"))
}

fn a_mismatch_tells_nothing(t: &Target) -> Kept {
    let key = Target::fresh("secret");
    let echo = |content| t.with_key(t.echo(content), &key);
    t.replays(&echo("the SECRET of the first caller"))?;
    let answer = t.send(&echo("a guess"))?.must_be(422)?;
    let told = answer.text().contains("SECRET");
    ensure(!told, "nothing of the first caller's", "its content")
}

fn a_mismatch_in_flight(t: &Target) -> Kept {
    let [first, second] = together(t, ["{}", "[]"])?;
    first.must_be_first()?;
    second.must_be(422).map(drop)
}

/// A server that holds two keys, with both taken.
fn filled(t: &Target) -> Result<[String; 2], String> {
    let names = ["one", "two"].map(Target::fresh);
    for name in &names {
        t.replays(&t.keyed(name))?;
    }
    Ok(names)
}

fn a_full_server(t: &Target) -> Kept {
    filled(t)?;
    let name = Target::fresh("three");
    let answer = t.send(&t.keyed(&name))?.must_be(503)?;
    let told = answer.first_of("Retry-After").is_some();
    ensure(told, "Retry-After", "none")?;
    t.ran(&name, 0)
}

fn a_full_server_replays(t: &Target) -> Kept {
    let names = filled(t)?;
    t.send(&t.keyed(&Target::fresh("three")))?.must_be(503)?;
    for name in names {
        let again = t.send(&t.keyed(&name))?;
        again.repeats(&again)?;
        t.ran(&name, 1)?;
    }
    Ok(())
}

fn a_problem(t: &Target) -> Kept {
    let answer = t.send(&t.get().field("Host", "twice"))?.must_be(400)?;
    answer.has("Content-Type", "application/problem+json")?;
    answer.has("Content-Language", "en")?;
    let link = answer.first_of("Link").unwrap_or("none");
    ensure(
        link.ends_with(r#">; rel="describedby""#),
        "a Link that describes it",
        link,
    )?;
    for member in ["type", "title", "detail"] {
        answer.words(&[member])?;
    }
    let status = answer.number(&["status"])?;
    ensure(status == 400, "a member status of 400", status)
}

fn has_title(answer: &Response, title: &str) -> Kept {
    let found = answer.words(&["title"])?;
    ensure(found == title, title, found)
}

fn the_title_of_422(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("title")).content("{}");
    t.send(&request)?.must_be_first()?;
    let answer = t.send(&request.content("[]"))?.must_be(422)?;
    has_title(&answer, "Idempotency-Key is already used")
}

fn the_title_of_409(t: &Target) -> Kept {
    let [_, second] = together(t, ["{}", "{}"])?;
    has_title(
        &second.must_be(409)?,
        "A request is outstanding for this Idempotency-Key",
    )
}

fn the_title_of_a_missing_key(t: &Target) -> Kept {
    let payment = t.payment(&Target::fresh("none"), 1);
    let answer = t.send(&payment.without("Idempotency-Key"))?.must_be(400)?;
    has_title(&answer, "Idempotency-Key is missing")
}

fn types_are_paragraphs(t: &Target) -> Kept {
    let page = t.send(&t.contract_page())?.must_be(200)?.text();
    let missing = t.send(&t.request("GET", "/no-such-path"))?;
    let malformed = t.send(&t.get().field("Host", "twice"))?;
    for answer in [missing.must_be(404)?, malformed.must_be(400)?] {
        let kind = answer.words(&["type"])?;
        let id = kind.strip_prefix("/docs/idempotency#").unwrap_or("none");
        let there = page.contains(&format!("id=\"{id}\""));
        ensure(there, "a type that is a paragraph of the page", &kind)?;
    }
    Ok(())
}

fn a_hostile_key(t: &Target) -> Kept {
    let run = t.run(&Target::fresh("hostile"));
    let answer = t.send(&t.with_key(run, r#"k","echoed":"<b>"#))?;
    let echoed = answer.text().contains(r#""echoed":"<b>"#);
    ensure(!echoed, "nothing of the key", "the key as it was sent")?;
    answer.must_be(400).map(drop)
}
