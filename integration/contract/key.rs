//! N-10 to N-16: how a key is spelled, whose it is, and what counts as the same request.

use super::expect::{Expect, Kept, each};
use super::needs::Needs::{Count, Options, Page, Payments, Run};
use super::target::Target;
use super::{Case, case};
use crate::support::Request;

#[rustfmt::skip] // one case a line
pub(super) const CASES: &[Case] = &[
    case("N-10", "`Idempotency-Key` and `X-Idempotency-Key` mean the same", Run, two_names),
    case("N-10", "both names with the same key are fine", Run, both_names_with_one_key),
    case("N-10", "both names with different keys are refused", Run, both_names_with_two_keys),
    case("N-11", "the quoted and the bare spelling are one key", Run, quoted_and_bare),
    case("N-11", "a quoted key may have escapes", Run, escapes),
    case("N-11", "parameters behind a quoted key are dropped", Run, parameters),
    case("N-11", "a value that is neither a string nor a bare key is refused", Run, bad_spelling),
    case("N-11", "a key in trailers is never read", Count, trailers),
    case("N-12", "a key may have 255 bytes", Run, the_longest_key),
    case("N-12", "a key of 256 bytes is refused", Run, a_longer_key),
    case("N-12", "a key is never cut", Run, keys_that_differ_at_their_end),
    case("N-12", "an empty key is refused", Run, an_empty_key),
    case("N-12", "control and non-ASCII bytes in a key are refused", Run, strange_bytes),
    case("N-12", "two lines of the key's field are refused, even equal ones", Run, two_lines),
    case("N-12", "keys are case-sensitive", Run, letters),
    case("N-13", "PUT, PATCH and DELETE are guarded as POST is", Run, guarded_methods),
    case("N-13", "GET and HEAD are served whatever the key looks like", Page, safe_methods),
    case("N-14", "a payment without a key is refused, and not made", Payments, a_payment_without_a_key),
    case("N-14", "elsewhere a request without a key runs each time", Count, no_key),
    case("N-15", "two callers' equal keys never meet", Run, two_callers),
    case("N-15", "a caller without Authorization is another one", Run, a_nameless_caller),
    case("N-15", "two lines of Authorization are refused", Run, two_authorizations),
    case("N-15", "told to have no scope, it takes all callers for one", Options(&["--scope", "none"]), one_scope),
    case("N-15", "without the scope's own field a request is refused, never shared", Options(&["--scope", "field:X-Client"]), no_scope_field),
    case("N-16", "another content is another request", Run, content),
    case("N-16", "another query is another request", Run, query),
    case("N-16", "another method is another request", Run, method),
    case("N-16", "another Content-Type is another request", Run, content_type),
    case("N-16", "another Content-Encoding is another request", Run, content_encoding),
    case("N-16", "letters are not folded: another case is another request", Run, folding),
    case("N-16", "chunked or by length, it is the same request", Run, chunked_or_not),
    case("N-16", "the order of fields and the User-Agent do not matter", Run, other_fields),
    case("N-16", "the absolute form of the target is the same request", Run, absolute_form),
    case("N-16", "two lines of Content-Type are refused", Run, two_types),
];

/// Requests that differ in the key's field only.
fn spelled(t: &Target, values: [&str; 2]) -> [Request; 2] {
    let run = t.run(&Target::fresh("spelled"));
    values.map(|value| t.with_key(run.clone(), value))
}

fn one_key(t: &Target, values: [&str; 2]) -> Kept {
    let [one, other] = spelled(t, values);
    t.takes_for_one(&one, &other)
}

fn two_keys(t: &Target, values: [&str; 2]) -> Kept {
    let [one, other] = spelled(t, values);
    t.takes_for_two(&one, &other)
}

fn refused(t: &Target, request: &Request) -> Kept {
    t.send(request)?.must_be(400).map(drop)
}

fn two_names(t: &Target) -> Kept {
    let (run, key) = (t.run(&Target::fresh("names")), Target::fresh("k"));
    let other = run.clone().field("X-Idempotency-Key", &key);
    t.takes_for_one(&run.key(&key), &other)
}

fn both_names_with_one_key(t: &Target) -> Kept {
    let key = Target::fresh("both");
    let both = t
        .run(&key)
        .key(&key)
        .field("X-Idempotency-Key", format!("\"{key}\""));
    t.takes_for_one(&both, &t.keyed(&key))
}

fn both_names_with_two_keys(t: &Target) -> Kept {
    let key = Target::fresh("two");
    refused(
        t,
        &t.run(&key)
            .key(&key)
            .field("X-Idempotency-Key", Target::fresh("k")),
    )
}

fn quoted_and_bare(t: &Target) -> Kept {
    let key = Target::fresh("k");
    one_key(t, [&key, &format!("\"{key}\"")])
}

fn escapes(t: &Target) -> Kept {
    let key = Target::fresh(r#"a\"b\\c, d"#);
    two_keys(t, [&format!("\"{key}\""), &format!("\"{key}\\\"\"")])
}

fn parameters(t: &Target) -> Kept {
    let key = Target::fresh("k");
    one_key(t, [&key, &format!("\"{key}\";a=1;b")])
}

fn bad_spelling(t: &Target) -> Kept {
    let values = [
        "a,b",
        "a;b",
        r"a\b",
        r#"a"b"#,
        r#""a"#,
        r#""a"b"#,
        r#""a";"#,
        r#""a", "b""#,
        r#""a\b""#,
        "a b",
    ];
    each(values, |value| {
        refused(t, &t.with_key(t.run(&Target::fresh("bad")), value))
    })
}

fn trailers(t: &Target) -> Kept {
    let name = Target::fresh("trailers");
    let request = t
        .run(&name)
        .chunked_as(format!("0\r\n{}: {name}\r\n\r\n", t.key_field));
    t.send(&request)?.must_be_first()?;
    t.send(&request)?.must_be_first()?;
    t.ran(&name, 2)
}

/// As many bytes as asked for.
fn long_key(length: usize) -> String {
    format!("{:k<length$}", Target::fresh("long"))
}

fn the_longest_key(t: &Target) -> Kept {
    let key = long_key(255);
    one_key(t, [&key, &key])
}

fn a_longer_key(t: &Target) -> Kept {
    refused(t, &t.with_key(t.run(&Target::fresh("long")), long_key(256)))
}

fn keys_that_differ_at_their_end(t: &Target) -> Kept {
    let key = long_key(254);
    two_keys(t, [&format!("{key}a"), &format!("{key}b")])
}

fn an_empty_key(t: &Target) -> Kept {
    each(["", "\"\""], |value| {
        refused(t, &t.with_key(t.run(&Target::fresh("empty")), value))
    })
}

fn strange_bytes(t: &Target) -> Kept {
    each(["k\u{1}", "k\u{7f}", "k\u{e9}", "\"k\u{e9}\""], |value| {
        refused(t, &t.with_key(t.run(&Target::fresh("bytes")), value))
    })
}

fn two_lines(t: &Target) -> Kept {
    let name = Target::fresh("lines");
    refused(t, &t.with_key(t.keyed(&name), &name))
}

fn letters(t: &Target) -> Kept {
    let key = Target::fresh("k");
    two_keys(t, [&key, &key.to_uppercase()])
}

fn guarded_methods(t: &Target) -> Kept {
    each(["PUT", "PATCH", "DELETE"], |method| {
        let request = t.keyed(&Target::fresh("methods")).method(method);
        let first = t.send(&request)?;
        if matches!(first.status, 404 | 405 | 501) {
            return Ok(()); // not a method of that path
        }
        t.send(&request)?.repeats(&first.must_be_first()?)
    })
}

fn safe_methods(t: &Target) -> Kept {
    t.send(&t.with_key(t.get(), "\"unfinished"))?.must_be(200)?;
    let head = t.get().method("HEAD");
    t.send(&t.with_key(head, "a, b"))?.must_be(200).map(drop)
}

fn a_payment_without_a_key(t: &Target) -> Kept {
    let key = Target::fresh("keyless");
    refused(t, &t.payment(&key, 1).without("Idempotency-Key"))?;
    t.replays(&t.payment(&key, 1)).map(drop)
}

fn no_key(t: &Target) -> Kept {
    let name = Target::fresh("keyless");
    t.send(&t.run(&name))?.must_be_first()?;
    t.send(&t.run(&name))?.must_be_first()?;
    t.ran(&name, 2)
}

fn two_callers(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("callers"));
    let of = |caller| request.clone().field("Authorization", caller);
    t.takes_for_two(&of("Bearer alice"), &of("Bearer bob"))
}

fn a_nameless_caller(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("nameless"));
    let named = request.clone().field("Authorization", "Bearer alice");
    t.takes_for_two(&named, &request)
}

fn two_authorizations(t: &Target) -> Kept {
    let request = t
        .keyed(&Target::fresh("twice"))
        .field("Authorization", "Bearer a");
    refused(t, &request.field("Authorization", "Bearer a"))
}

fn one_scope(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("scope"));
    t.takes_for_one(
        &request,
        &request.clone().field("Authorization", "Bearer bob"),
    )
}

fn no_scope_field(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("scope"));
    refused(t, &request)?;
    let of = |client| request.clone().field("X-Client", client);
    t.takes_for_two(&of("one"), &of("two"))
}

fn content(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("content"));
    t.tells_apart(&request.clone().content("{}"), &request.content("{} "))
}

fn query(t: &Target) -> Kept {
    let name = Target::fresh("query");
    let request = |query| t.keyed(&format!("{name}?{query}"));
    t.tells_apart(&request("status=201"), &request("status=202"))
}

fn method(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("method"));
    let first = t.replays(&request)?;
    // Where the path has no such method, that is said first.
    t.send(&request.clone().method("PUT"))?
        .must_be_one_of(&[422, 405, 501])?;
    t.send(&request)?.repeats(&first)
}

/// A run, and the same with one field or the other.
fn with_fields(t: &Target, name: &str, values: [&str; 2]) -> Kept {
    let request = t.keyed(&Target::fresh("field")).without("Content-Type");
    let [one, other] = values.map(|value| request.clone().field(name, value));
    t.tells_apart(&one, &other)
}

fn content_type(t: &Target) -> Kept {
    with_fields(t, "Content-Type", ["application/json", "text/plain"])
}

fn content_encoding(t: &Target) -> Kept {
    with_fields(t, "Content-Encoding", ["identity", "x-none"])
}

fn folding(t: &Target) -> Kept {
    with_fields(t, "Content-Type", ["application/json", "application/JSON"])
}

fn chunked_or_not(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("chunked"));
    t.takes_for_one(
        &request.clone().content("{}"),
        &request.chunked(&[b"{", b"}"]),
    )
}

fn other_fields(t: &Target) -> Kept {
    let name = Target::fresh("fields");
    let one = t.keyed(&name).field("User-Agent", "one");
    let other = t.with_key(t.run(&name).field("User-Agent", "two"), &name);
    t.takes_for_one(&one, &other)
}

fn absolute_form(t: &Target) -> Kept {
    let name = Target::fresh("absolute");
    let absolute = t.run_at(&t.absolute(&t.run_target(&name)));
    t.takes_for_one(&t.keyed(&name), &t.with_key(absolute, &name))
}

fn two_types(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("types")).without("Content-Type");
    let once = request.field("Content-Type", "text/plain");
    refused(t, &once.field("Content-Type", "text/plain"))
}
