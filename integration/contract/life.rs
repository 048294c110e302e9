//! N-2 to N-7: connections, whole requests, and answers that nobody waited for.

use super::expect::{Expect, Kept, ensure};
use super::needs::Needs::{Count, Echo, Lab, Page, Run};
use super::target::Target;
use super::wire::Wire;
use super::{Case, case};
use crate::support::{at_once, pause};

#[rustfmt::skip] // one case a line
pub(super) const CASES: &[Case] = &[
    case("N-2", "a hundred idle connections hold nobody up, and are served later", Page, idle_connections),
    case("N-2", "a hundred half-sent heads hold nobody up, and are served when whole", Page, half_sent_heads),
    case("N-2", "of 32 requests at the same moment each is answered", Page, many_at_once),
    case("N-3", "a head that arrives byte by byte is read whole", Page, a_head_byte_by_byte),
    case("N-3", "content in one write with its head is read", Run, content_with_its_head),
    case("N-3", "content that arrives byte by byte is read whole", Run, content_byte_by_byte),
    case("N-3", "a request that never arrives whole uses no key", Run, half_a_request),
    case("N-5", "a request that is sent three times under one key runs once", Count, once_for_its_key),
    case("N-6", "an answer that nobody read is there for the retry", Run, an_unread_answer),
    case("N-6", "a client that left while the handler ran finds its answer later", Lab, a_client_that_left),
    case("N-7", "a connection serves many requests, one after the other", Page, many_on_one_connection),
    case("N-7", "requests that are sent without waiting are all answered", Page, pipelined),
    case("N-7", "requests that are sent without waiting are answered in order", Echo, pipelined_in_order),
    case("N-7", "a duplicate right behind its own original replays", Run, a_pipelined_duplicate),
    case("N-7", "`Connection: close` is answered, and done", Page, connection_close),
];

fn idle_connections(t: &Target) -> Kept {
    others_are_served_beside(t, 0)
}

fn half_sent_heads(t: &Target) -> Kept {
    others_are_served_beside(t, 20)
}

/// Beside a hundred that have sent so many bytes of theirs.
fn others_are_served_beside(t: &Target, sent: usize) -> Kept {
    let whole = t.get().bytes();
    let mut crowd = Vec::new();
    for _ in 0..100 {
        let mut one = t.open()?;
        one.send(&whole[..sent]);
        crowd.push(one);
    }
    t.send(&t.get())?.must_be(200)?;
    for one in &mut crowd {
        one.send(&whole[sent..]);
        one.answer()?.must_be(200)?;
    }
    Ok(())
}

fn many_at_once(t: &Target) -> Kept {
    let answers = at_once(32, |_| t.send(&t.get())?.must_be(200));
    answers.into_iter().try_for_each(|answer| answer.map(drop))
}

fn a_head_byte_by_byte(t: &Target) -> Kept {
    let mut wire = t.open()?;
    drip(&mut wire, &t.get().bytes());
    wire.answer()?.must_be(200).map(drop)
}

/// A pause before each byte, so that the server finds them one by one, and apart from what was sent before.
fn drip(wire: &mut Wire, bytes: &[u8]) {
    for byte in bytes {
        pause();
        wire.send([*byte]);
    }
}

fn content_with_its_head(t: &Target) -> Kept {
    let name = Target::fresh("whole");
    t.send(&t.keyed(&name).content("{}"))?
        .must_be_first()
        .map(drop)
}

fn content_byte_by_byte(t: &Target) -> Kept {
    let mut wire = t.open()?;
    let content = r#"{"said":"slowly"}"#;
    let head = t.keyed(&Target::fresh("drip")).declared(content.len());
    wire.send(head.bytes());
    drip(&mut wire, content.as_bytes());
    wire.answer()?.must_be_first().map(drop)
}

fn half_a_request(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("half")).content("{}");
    let whole = request.bytes();
    let mut wire = t.open()?;
    wire.send(&whole[..whole.len() - 1]);
    wire.half_close();
    // A 400 or the end: the clause has it that nothing came of it.
    let _ = wire.answer();
    t.replays(&request).map(drop)
}

fn once_for_its_key(t: &Target) -> Kept {
    let name = Target::fresh("once");
    let answer = t.replays(&t.keyed(&name))?;
    t.send(&t.keyed(&name))?.repeats(&answer)?;
    t.ran(&name, 1)
}

fn an_unread_answer(t: &Target) -> Kept {
    let request = t.keyed(&Target::fresh("unread"));
    let mut wire = t.open()?;
    wire.send(request.bytes());
    wire.wait_readable()?;
    drop(wire); // with unread bytes in it, which makes the kernel send a reset
    let retry = t.send(&request)?;
    retry.repeats(&retry)
}

fn a_client_that_left(t: &Target) -> Kept {
    let name = Target::fresh("left");
    let request = t.keyed(&format!("{name}?delay_ms=200"));
    let mut wire = t.open()?;
    wire.send(request.bytes());
    drop(wire);
    let answer = t.settled(&request)?;
    t.send(&request)?.repeats(&answer)?;
    t.ran(&name, 1)
}

fn many_on_one_connection(t: &Target) -> Kept {
    let mut wire = t.open()?;
    for _ in 0..5 {
        wire.exchange(&t.get())?.must_be(200)?;
    }
    Ok(())
}

fn pipelined(t: &Target) -> Kept {
    let mut wire = t.open()?;
    wire.send(t.get().bytes().repeat(3));
    for _ in 0..3 {
        wire.answer()?.must_be(200)?;
    }
    Ok(())
}

fn pipelined_in_order(t: &Target) -> Kept {
    let mut wire = t.open()?;
    let words = ["one", "two", "three"];
    wire.send(words.map(|word| t.echo(word).bytes()).concat());
    for word in words {
        let found = wire.answer()?.text();
        ensure(found == word, word, found)?;
    }
    Ok(())
}

fn a_pipelined_duplicate(t: &Target) -> Kept {
    let mut wire = t.open()?;
    wire.send(t.keyed(&Target::fresh("behind")).bytes().repeat(2));
    let first = wire.answer()?.must_be_first()?;
    wire.answer()?.repeats(&first)
}

fn connection_close(t: &Target) -> Kept {
    let mut wire = t.open()?;
    let answer = wire.exchange(&t.get().field("Connection", "close"))?;
    answer.must_be(200)?.has("Connection", "close")?;
    wire.end()
}
