//! N-62: what the counters say is what was done. A script of a thousand requests of every kind, and every line of /metrics
//! beside a book that is kept by hand.

mod book;
mod kinds;
mod script;

use crate::support::{Request, wait_until};
use kinds::{REQUESTS_MAX, kinds, lab, play};
use script::Script;

// N-62
#[test]
fn after_a_thousand_requests_every_line_of_the_page_is_right() {
    let mut script = Script::bounded();
    script.check("before anything");
    let kept = lab("kept").key("kept").content("hello");
    let answer = script.runs(&kept, 201, "");
    script.book.claimed("kept".len());
    script.book.completed(&answer);
    for kind in 0..kinds() {
        play(&mut script, kind);
        script.check(&format!("after kind {kind}"));
    }
    two_handlers_at_work(&mut script);
    halves_of_requests(&mut script);
    for n in 1.. {
        if script.book.requests() > 1000 - REQUESTS_MAX {
            break;
        }
        let kind = script.draw(kinds());
        play(&mut script, kind);
        if n % 10 == 0 {
            script.check("in between");
        }
    }
    assert!(script.is_full(), "no room was left at the end");
    while script.book.requests() < 1000 {
        play(&mut script, 0);
    }
    assert_eq!(script.book.requests(), 1000);
    script.check("after a thousand");
    the_drain(script, &kept);
}

/// As many as there are places for.
fn two_handlers_at_work(script: &mut Script) {
    let mut slow = Vec::new();
    for key in ["slow-1", "slow-2"] {
        let mut client = script.connect();
        let request = lab("slow?delay_ms=2000").key(key).content("0123456789");
        // In two pieces, so that its content is in flight until the handler has it.
        let bytes = request.bytes();
        let (first, second) = bytes.split_at(bytes.len() - 1);
        script.send(&mut client, first);
        script.wait_for_content(10);
        script.send(&mut client, second);
        script.server.wait_pending(key);
        script.book.claimed(key.len());
        script.book.add("nanoserve_workers_busy", 1);
        script.moves("idle", "visited");
        slow.push((client, request));
    }
    script.check("two handlers at work");
    let duplicate = slow[0].1.clone();
    script.book.guard("in_flight");
    script.refused(&duplicate, 409, "key-in-flight");
    script.book.guard("mismatch");
    script.refused(&duplicate.content("another"), 422, "key-reused");
    script.book.guard("full");
    script.refused(&lab("run").key("no-worker"), 503, "workers-busy");
    script.refused(&lab("run"), 503, "workers-busy");
    script.runs(&Request::get("/"), 200, "");
    script.check("beside two handlers at work");
    for (mut client, _) in slow {
        let answer = script.answer(&mut client, 201);
        script.book.completed(&answer);
        script.book.handled(2000);
        script.book.sub("nanoserve_workers_busy", 1);
        script.moves("visited", "idle");
        script.ended(client, "idle");
    }
    script.check("after two handlers at work");
}

fn halves_of_requests(script: &mut Script) {
    let whole = lab("half").content("0123456789").bytes();
    for at in [1, whole.len() - 10, whole.len() - 3] {
        let (first, second) = whole.split_at(at);
        let mut client = script.connect();
        script.send(&mut client, first);
        script.moves("idle", "waiting");
        let content = if at > 1 { 10_u8 } else { 0 };
        script.wait_for_content(content.into());
        script
            .book
            .add("nanoserve_content_in_flight_bytes", content.into());
        script.check(&format!("the first {at} bytes of a request"));
        script.send(&mut client, second);
        script.answer(&mut client, 201);
        script
            .book
            .sub("nanoserve_content_in_flight_bytes", content.into());
        script.book.add("nanoserve_unkeyed_total", 1);
        script.book.handled(0);
        script.moves("waiting", "idle");
        script.ended(client, "idle");
    }
    // One that never becomes a request is no more than its bytes.
    let mut client = script.connect();
    script.send(&mut client, &whole[..20]);
    script.ended(client, "idle");
    script.check("half a request and then the end");
}

/// What had begun to arrive is answered: a known key as ever, a new one not.
fn the_drain(mut script: Script, kept: &Request) {
    let mut slow = script.connect();
    script.send(&mut slow, &lab("slow?delay_ms=1500").bytes());
    wait_until("the handler to run", || {
        script.gauge("nanoserve_workers_busy") == 1
    });
    script.book.add("nanoserve_unkeyed_total", 1);
    script.book.add("nanoserve_workers_busy", 1);
    script.moves("idle", "visited");
    let [known, new] = [kept.clone(), lab("late").key("late")].map(|request| {
        let mut client = script.connect();
        let head = request.field("Expect", "100-continue").declared(5);
        script.send(&mut client, &head.bytes());
        script.is_told_to_continue(&mut client);
        script.book.add("nanoserve_content_in_flight_bytes", 5);
        script.moves("idle", "waiting");
        client
    });
    script.check("before the drain");
    script.server.drain().expect(200);
    script.all_idle_ones_end();
    for (mut client, status) in [(known, 201), (new, 503)] {
        script.send(&mut client, b"hello");
        let answer = script.answer(&mut client, status);
        assert_eq!(answer.is_replay(), status == 201);
        script.book.sub("nanoserve_content_in_flight_bytes", 5);
        script.ended(client, "waiting");
    }
    script.book.guard("replay");
    script.book.guard("full");
    script.book.refused("draining");
    script.check("while draining");
    assert!(script.answer(&mut slow, 201).says_close());
    drop(slow); // or it would be waited for, as it might not have read its answer
    assert_eq!(script.server.wait_exit().code(), Some(0));
}

// N-1, N-62: refused before anything of it is read, so it is no request, and the connection was not taken.
#[test]
fn a_connection_without_a_place_is_counted_as_refused() {
    let mut script = Script::new(&["--max-connections", "3"], 0);
    let whole = lab("busy").content("0123456789").bytes();
    let (first, second) = whole.split_at(whole.len() - 1);
    let busy: Vec<_> = (0..3)
        .map(|_| {
            let mut client = script.connect();
            script.send(&mut client, first);
            script.moves("idle", "waiting");
            script.book.add("nanoserve_content_in_flight_bytes", 10);
            client
        })
        .collect();
    script.wait_for_content(30);
    script.check("three in the middle of a request");
    for n in 1..=3 {
        let mut newcomer = script.server.connect();
        newcomer.answer().expect_problem(503, "connections-full");
        script.book.refused("connections-full");
        script
            .book
            .add("nanoserve_sent_bytes_total", newcomer.received());
        script.check(&format!("{n} refused"));
    }
    for mut client in busy {
        script.send(&mut client, second);
        script.answer(&mut client, 201);
        script.book.sub("nanoserve_content_in_flight_bytes", 10);
        script.book.add("nanoserve_unkeyed_total", 1);
        script.book.handled(0);
        script.moves("waiting", "idle");
        script.ended(client, "idle");
    }
    script.check("all gone");
}

// N-43, N-53, N-62: the two ways to a 408, and content for which there is no room.
#[test]
fn what_comes_too_late_or_finds_no_room_is_counted() {
    let options = ["--max-content", "64KiB", "--max-inflight-content", "64KiB"];
    let mut script = Script::new(&options, 0);
    let mut slow = script.connect();
    script.send(&mut slow, &lab("slow").declared(65_536).bytes());
    script.moves("idle", "waiting");
    script.wait_for_content(65_536);
    script.book.add("nanoserve_content_in_flight_bytes", 65_536);
    script.check("all room is taken");
    // In its first second nobody gives way; then the slow one does.
    let large = Request::post("/echo").content(vec![b'c'; 65_536]);
    wait_until("the slow one to give way", || {
        let mut client = script.connect();
        script.send(&mut client, &large.bytes());
        let status = script.any_answer(&mut client).status;
        if status == 503 {
            script.book.refused("content-in-flight-full");
        } else {
            script.book.add("nanoserve_unkeyed_total", 1);
            script.book.handled(0);
        }
        script.ended(client, "idle");
        status == 200
    });
    script.answer(&mut slow, 408);
    script.book.refused("request-timeout");
    script.book.sub("nanoserve_content_in_flight_bytes", 65_536);
    script.ended(slow, "waiting");
    script.check("the slow one gave way");
    let mut head = script.connect();
    script.send(&mut head, b"GET / HTTP/1.1\r\nHost: l");
    script.moves("idle", "waiting");
    script.answer(&mut head, 408);
    script.book.refused("request-timeout");
    script.ended(head, "waiting");
    script.check("the head was too late");
}

// N-22, N-62: a duplicate that waits is counted once more when it begins to, and once as what it then gets.
#[test]
fn those_who_wait_are_counted_as_what_they_get() {
    let mut script = Script::new(&["--duplicates", "wait"], 0);
    let request = lab("slow?delay_ms=2500").key("slow");
    let mut first = script.connect();
    script.send(&mut first, &request.bytes());
    script.server.wait_pending("slow");
    script.book.claimed("slow".len());
    script.book.add("nanoserve_workers_busy", 1);
    script.moves("idle", "visited");
    let [mut replayed, mut gives_up] = [(); 2].map(|()| {
        let mut client = script.connect();
        script.send(&mut client, &request.bytes());
        script.moves("idle", "waiting");
        script.book.add("nanoserve_waits_total", 1);
        script.book.add("nanoserve_waiters", 1);
        let room = request.bytes().len();
        script.book.add("nanoserve_parked_bytes", room);
        client
    });
    wait_until("two to wait", || script.gauge("nanoserve_waiters") == 2);
    script.check("two wait");
    gives_up.half_close();
    script.answer(&mut gives_up, 409);
    script.book.guard("in_flight");
    script.book.refused("key-in-flight");
    let room = request.bytes().len();
    script.book.sub("nanoserve_waiters", 1);
    script.book.sub("nanoserve_parked_bytes", room);
    script.ended(gives_up, "waiting");
    script.check("one gave up");
    let answer = script.answer(&mut first, 201);
    script.book.completed(&answer);
    script.book.handled(2500);
    script.book.sub("nanoserve_workers_busy", 1);
    script.moves("visited", "idle");
    script.answer(&mut replayed, 201);
    script.book.guard("replay");
    script.book.sub("nanoserve_waiters", 1);
    script.book.sub("nanoserve_parked_bytes", room);
    script.moves("waiting", "idle");
    script.check("the other got the answer");
    script.ended(first, "idle");
    script.ended(replayed, "idle");
    script.check("all gone");
}
