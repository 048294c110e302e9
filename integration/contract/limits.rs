//! N-53 and N-54: how large and how slow a request may be, and how an answer is framed and read.

use super::expect::{Expect, Kept, differ, ensure};
use super::needs::Needs::{Page, Run};
use super::target::Target;
use super::wire::Wire;
use super::{Case, case};
use crate::support::{Request, Response, pause};
use std::time::{Duration, Instant};

const HEAD_MAX: usize = 16 * 1024;
const REQUEST_LINE_MAX: usize = 8 * 1024;
const FIELD_LINES_MAX: usize = 100;
const CONTENT_MAX: usize = 1024 * 1024;
const HEAD_DEADLINE: Duration = Duration::from_secs(5);

#[rustfmt::skip] // one case a line
pub(super) const CASES: &[Case] = &[
    case("N-53", "a head of 16 KiB is served", Page, the_largest_head),
    case("N-53", "a head of a byte more is too large", Page, a_larger_head),
    case("N-53", "an endless head is refused before it ends", Page, an_endless_head),
    case("N-53", "a request line of 8 KiB is served", Page, the_longest_line),
    case("N-53", "a request line of a byte more is too long", Page, a_longer_line),
    case("N-53", "100 field lines are served", Page, the_most_fields),
    case("N-53", "101 field lines are too many", Page, more_fields),
    case("N-53", "content of 1 MiB is read", Run, the_largest_content),
    case("N-53", "content of a byte more is refused from its head", Run, larger_content),
    case("N-53", "chunked content of a byte more is refused", Run, larger_chunked_content),
    case("N-53", "a head that drips is cut off after 5 s, and not before", Page, a_dripping_head),
    case("N-54", "every answer has a Date", Page, dates),
    case("N-54", "an answer with content has Content-Type and Content-Length", Page, framed_answers),
    case("N-54", "who sends all its content first can read that it is too large", Run, a_readable_413),
    case("N-54", "a 404 to a request with content keeps the connection", Page, a_404_stays),
    case("N-54", "the guard's refusals keep the connection", Run, a_422_stays),
];

/// `GET` whose head has exactly this many bytes, blank line included.
fn head_of(t: &Target, length: usize) -> Request {
    let bare = t.get().field("X", "").bytes().len();
    t.get().field("X", "v".repeat(length - bare))
}

/// `GET /?qq…` whose request line has exactly this many bytes, its CRLF not counted.
fn line_of(t: &Target, length: usize) -> Request {
    let bare = "GET /? HTTP/1.1".len();
    t.request("GET", &format!("/?{}", "q".repeat(length - bare)))
}

/// `GET` with exactly this many field lines, Host among them.
fn fields_of(t: &Target, count: usize) -> Request {
    (1..count).fold(t.get(), |request, n| request.field(&format!("X-{n}"), "v"))
}

fn served(t: &Target, request: &Request) -> Kept {
    t.send(request)?.must_be(200).map(drop)
}

fn the_largest_head(t: &Target) -> Kept {
    served(t, &head_of(t, HEAD_MAX))
}

fn a_larger_head(t: &Target) -> Kept {
    t.refuses(head_of(t, HEAD_MAX + 1).bytes(), &[431])
}

fn an_endless_head(t: &Target) -> Kept {
    let mut wire = t.open()?;
    wire.send(&head_of(t, 2 * HEAD_MAX).bytes()[..=HEAD_MAX]);
    wire.answer()?.must_be(431).map(drop)
}

fn the_longest_line(t: &Target) -> Kept {
    served(t, &line_of(t, REQUEST_LINE_MAX))
}

fn a_longer_line(t: &Target) -> Kept {
    t.refuses(line_of(t, REQUEST_LINE_MAX + 1).bytes(), &[414])
}

fn the_most_fields(t: &Target) -> Kept {
    served(t, &fields_of(t, FIELD_LINES_MAX))
}

fn more_fields(t: &Target) -> Kept {
    t.refuses(fields_of(t, FIELD_LINES_MAX + 1).bytes(), &[431])
}

fn run_with(t: &Target, length: usize) -> Request {
    t.keyed(&Target::fresh("content"))
        .content(vec![b' '; length])
}

fn the_largest_content(t: &Target) -> Kept {
    t.send(&run_with(t, CONTENT_MAX))?.must_be_first().map(drop)
}

fn larger_content(t: &Target) -> Kept {
    let request = run_with(t, 0).declared(CONTENT_MAX + 1);
    t.send(&request)?.must_be(413).map(drop)
}

fn larger_chunked_content(t: &Target) -> Kept {
    let half = vec![b' '; CONTENT_MAX / 2];
    let request = run_with(t, 0).chunked(&[&half, &half, b" "]);
    t.send(&request)?.must_be(413).map(drop)
}

fn a_dripping_head(t: &Target) -> Kept {
    let mut wire = t.open()?;
    let start = Instant::now();
    wire.send("GET / HTTP/1.1\r\nX: ");
    // A byte each few milliseconds: a time-out for each read would never fire.
    while wire.is_silent() {
        wire.send("v");
        pause();
        if start.elapsed() > HEAD_DEADLINE + t.patience {
            return differ("an end", format!("none after {:.1?}", start.elapsed()));
        }
    }
    let took = start.elapsed();
    let patient = took + Duration::from_millis(500) > HEAD_DEADLINE;
    let found = format!("an answer after {took:.0?}");
    ensure(patient, format!("{HEAD_DEADLINE:?}"), found)?;
    cut_off(&mut wire)
}

/// A 408, or just the end.
fn cut_off(wire: &mut Wire) -> Kept {
    if let Ok(answer) = wire.answer() {
        answer.must_be(408)?;
    }
    wire.half_close();
    wire.end()
}

fn some_answers(t: &Target) -> Result<[Response; 3], String> {
    let missing = t.request("GET", "/no-such-path");
    let malformed = t.get().field("Host", "twice");
    Ok([t.send(&t.get())?, t.send(&missing)?, t.send(&malformed)?])
}

fn dates(t: &Target) -> Kept {
    some_answers(t)?.iter().try_for_each(|answer| {
        let date = answer.first_of("Date").unwrap_or("none");
        let well_formed = date.len() == 29 && date.ends_with(" GMT");
        ensure(
            well_formed,
            "a Date",
            format!("{date} in a {}", answer.status),
        )
    })
}

fn framed_answers(t: &Target) -> Kept {
    for answer in some_answers(t)? {
        let length = answer.content.len().to_string();
        answer.has("Content-Length", &length)?;
        let typed = answer.first_of("Content-Type").is_some();
        ensure(
            typed,
            "a Content-Type",
            format!("none in a {}", answer.status),
        )?;
    }
    Ok(())
}

fn a_readable_413(t: &Target) -> Kept {
    let mut wire = t.open()?;
    wire.send(run_with(t, CONTENT_MAX + CONTENT_MAX / 2).bytes());
    wire.answer()?.must_be(413)?;
    wire.half_close();
    wire.end()
}

fn a_404_stays(t: &Target) -> Kept {
    let mut wire = t.open()?;
    let path = format!("/{}", Target::fresh("no-such-path"));
    let missing = t.request("POST", &path).content("read and dropped");
    wire.exchange(&missing)?.must_be(404)?.stays_open()?;
    wire.exchange(&t.get())?.must_be(200).map(drop)
}

fn a_422_stays(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("stays"));
    let mut wire = t.open()?;
    wire.exchange(&request.clone().content("{}"))?
        .must_be_first()?;
    wire.exchange(&request.content("[]"))?
        .must_be(422)?
        .stays_open()?;
    let malformed = t.with_key(t.run(&Target::fresh("stays")), "a, b");
    wire.exchange(&malformed)?.must_be(400)?.stays_open()?;
    wire.exchange(&t.get())?.must_be(200).map(drop)
}
