//! Claims about the five answers of the guard, as they come out of the wire (contract, section 3).

use super::{House, Setup, TTL_MS, answers, post, request};
use crate::harness::Test;
use crate::harness::wire::End;
use nanoserve::server::connection::Stand;

pub const TESTS: &[Test] = &[
    (
        "a_new_key_runs_and_a_known_one_replays",
        a_new_key_runs_and_a_known_one_replays,
    ),
    (
        "a_replay_is_the_first_answer_byte_for_byte",
        a_replay_is_the_first_answer_byte_for_byte,
    ),
    (
        "a_replay_keeps_order_and_multiplicity_and_leaves_cookies_out",
        a_replay_keeps_order_and_multiplicity_and_leaves_cookies_out,
    ),
    (
        "date_connection_and_framing_are_fresh_per_response",
        date_connection_and_framing_are_fresh_per_response,
    ),
    (
        "a_duplicate_behind_its_own_original_replays",
        a_duplicate_behind_its_own_original_replays,
    ),
    (
        "a_duplicate_of_a_running_request_is_in_flight",
        a_duplicate_of_a_running_request_is_in_flight,
    ),
    ("mismatch_wins_over_in_flight", mismatch_wins_over_in_flight),
    (
        "a_mismatch_leaves_the_record_as_it_was",
        a_mismatch_leaves_the_record_as_it_was,
    ),
    (
        "the_guards_answers_keep_the_connection",
        the_guards_answers_keep_the_connection,
    ),
    (
        "the_record_is_there_before_the_first_byte_leaves",
        the_record_is_there_before_the_first_byte_leaves,
    ),
    (
        "a_reset_at_any_byte_of_the_answer_leaves_the_record",
        a_reset_at_any_byte_of_the_answer_leaves_the_record,
    ),
    (
        "a_client_that_is_cut_off_inside_its_request_uses_no_key",
        a_client_that_is_cut_off_inside_its_request_uses_no_key,
    ),
    (
        "a_payment_is_made_once_and_its_retry_gets_the_same_bytes",
        a_payment_is_made_once_and_its_retry_gets_the_same_bytes,
    ),
];

// N-20, N-21
fn a_new_key_runs_and_a_known_one_replays() {
    let house = House::new(Setup::default());
    house.post("/run", "k", "x").expect_run(1);
    for _ in 0..3 {
        let again = house.post("/run", "k", "x");
        assert_eq!(again.status, 201);
        again.expect_replay(1);
    }
    house.post("/run", "K", "x").expect_run(2); // keys are case-sensitive (N-12)
    assert_eq!(house.runs(), 2);
}

// N-21
fn a_replay_is_the_first_answer_byte_for_byte() {
    let house = House::new(Setup::default());
    for (target, key) in [
        ("/run", "a"),
        ("/status/503", "b"),
        ("/status/204", "c"),
        ("/panic", "d"),
        ("/bytes/1000", "e"),
    ] {
        let mut client = house.connect();
        let mut bytes = || {
            client.far.send(&post(target, key, ""));
            client.settle();
            String::from_utf8(client.far.take()).expect("the answers here are UTF-8")
        };
        let (first, again) = (bytes(), bytes());
        // The clock stands still, so even Date is the same: the marker is all that is new.
        assert_eq!(
            again.replacen("Idempotent-Replayed: true\r\n", "", 1),
            first,
            "{target}"
        );
        assert_ne!(again, first, "{target}");
    }
}

// N-21
fn a_replay_keeps_order_and_multiplicity_and_leaves_cookies_out() {
    let house = House::new(Setup::default());
    let first = house.post("/fields", "k", "");
    let cookies: Vec<_> = first.fields("Set-Cookie").collect();
    assert_eq!(cookies, ["session=1", "session=2"]);
    let again = house.post("/fields", "k", "");
    assert_eq!(again.fields("Set-Cookie").next(), None, "{again:?}");
    let lines = |answer: &super::Answer| -> Vec<String> {
        let skipped = ["Date: ", "Set-Cookie: ", "set-cookie: ", "Idempotent-Rep"];
        let lines = answer.lines.iter();
        lines
            .filter(|line| !skipped.iter().any(|skipped| line.starts_with(skipped)))
            .cloned()
            .collect()
    };
    assert_eq!(lines(&again), lines(&first));
    assert_eq!(
        lines(&again),
        [
            "Content-Type: text/plain",
            "Location: /here",
            "X-Part: one",
            "x-other: between",
            "X-Part: two",
            "Content-Length: 5",
        ]
    );
}

// N-21
fn date_connection_and_framing_are_fresh_per_response() {
    let house = House::new(Setup::default());
    let closing = ["Idempotency-Key: k", "Connection: close"];
    let first = house.ask(&request("POST /run", &closing, ""));
    assert_eq!(first.field("Connection"), "close");
    house.clock.advance_ms(3_000);
    let again = house.post("/run", "k", "");
    again.expect_replay(1);
    assert_eq!(again.fields("Connection").next(), None, "{again:?}");
    assert_ne!(again.field("Date"), first.field("Date"));
    let old = ["Idempotency-Key: k", "Connection: keep-alive"];
    let old = house.ask(&request("POST /run HTTP/1.0", &old, ""));
    old.expect_replay(1);
    assert_eq!(old.field("Connection"), "keep-alive");
    let last = house.ask(&request("POST /run", &closing, ""));
    last.expect_replay(1);
    assert_eq!(last.field("Connection"), "close");
    assert_eq!(last.field("Content-Length"), "5");
}

// N-7
fn a_duplicate_behind_its_own_original_replays() {
    let house = House::new(Setup::default());
    let both = post("/run", "k", "x").repeat(2);
    let answers = house.connect().exchange(&both);
    assert_eq!(answers.len(), 2);
    answers[0].expect_run(1);
    answers[1].expect_replay(1);
}

// N-22
fn a_duplicate_of_a_running_request_is_in_flight() {
    let house = House::new(Setup::default());
    let first = house.while_held("k", || {
        for _ in 0..3 {
            let answer = house.post("/held", "k", "");
            answer.expect_problem(409, "key-in-flight");
            assert_eq!(answer.field("Retry-After"), "1");
            assert!(
                answer
                    .content
                    .contains("\"title\":\"A request is outstanding for this Idempotency-Key\"")
            );
        }
    });
    first.expect_run(1);
    house.post("/held", "k", "").expect_replay(1);
}

// N-23
fn mismatch_wins_over_in_flight() {
    let house = House::new(Setup::default());
    let first = house.while_held("k", || {
        house
            .post("/held", "k", "other")
            .expect_problem(422, "key-reused");
        house
            .post("/held", "k", "")
            .expect_problem(409, "key-in-flight");
    });
    first.expect_run(1);
    assert_eq!(house.runs(), 1);
}

// N-23
fn a_mismatch_leaves_the_record_as_it_was() {
    let house = House::new(Setup::default());
    house.post("/run", "k", "first").expect_run(1);
    house.clock.advance_ms(TTL_MS - 1);
    let mismatch = house.post("/run", "k", "second");
    mismatch.expect_problem(422, "key-reused");
    assert!(
        !mismatch.content.contains("run 1"),
        "no byte of the stored response: {mismatch:?}"
    );
    assert!(
        mismatch
            .content
            .contains("\"title\":\"Idempotency-Key is already used\"")
    );
    house.post("/run", "k", "first").expect_replay(1);
    house.clock.advance_ms(1); // neither the replay nor the mismatch made it live longer
    house.post("/run", "k", "second").expect_run(2);
}

// N-54
fn the_guards_answers_keep_the_connection() {
    let house = House::new(Setup {
        keys_max: 2,
        stored_max: 10,
        ..Setup::default()
    });
    let mut client = house.connect();
    let mut ask = |target: &str, key: &str, content: &str| {
        let answer = client.ask(&post(target, key, content));
        assert_eq!(answer.fields("Connection").next(), None, "{answer:?}");
        assert_eq!(client.settle(), Stand::NeedsRead);
        answer.status
    };
    assert_eq!(ask("/run", "\"", ""), 400);
    assert_eq!(ask("/must", "", ""), 400);
    assert_eq!(ask("/bytes/11", "large", ""), 201);
    assert_eq!(ask("/bytes/11", "large", ""), 410);
    assert_eq!(ask("/run", "k", "x"), 201);
    assert_eq!(ask("/run", "k", "x"), 201);
    assert_eq!(ask("/run", "k", "y"), 422);
    assert_eq!(ask("/run", "one-too-many", ""), 503);
    assert_eq!(ask("/nowhere", "k", "content that is read"), 404);
    assert_eq!(ask("/status/500", "", ""), 500);
    assert_eq!(ask("/panic", "", ""), 500);
}

// N-6
fn the_record_is_there_before_the_first_byte_leaves() {
    let house = House::new(Setup::default());
    let mut first = house.connect();
    first.far.room_for(0);
    first.far.send(&post("/run", "k", "x"));
    assert_eq!(first.settle(), Stand::NeedsWrite);
    assert!(first.far.received().is_empty());
    house.post("/run", "k", "x").expect_replay(1);
    first.far.room_for(usize::MAX);
    first.settle();
    let late = answers(&first.far.take());
    assert_eq!(late.len(), 1);
    late[0].expect_run(1);
}

// N-6: what happens to the connection afterwards changes nothing about the record.
fn a_reset_at_any_byte_of_the_answer_leaves_the_record() {
    let house = House::new(Setup::default());
    let mut length = usize::MAX;
    let mut cut = 0;
    while cut <= length {
        let key = format!("key-{cut:03}");
        let mut first = house.connect();
        first.far.reset_after_taking(cut);
        first.far.send(&post("/bytes/5", &key, "x"));
        first.settle();
        drop(first);
        let again = house.post("/bytes/5", &key, "x");
        assert!(
            again.is_replay() && again.content == "xxxxx",
            "cut at {cut}"
        );
        let lines: usize = again.lines.iter().map(|line| line.len() + 2).sum();
        length = lines.min(length);
        cut += 40; // whatever the byte: a few in the head, one in the content
    }
    assert!(house.runs() > 2);
    assert_eq!(house.runs(), house.guard.gauges().completed);
}

// N-3
fn a_client_that_is_cut_off_inside_its_request_uses_no_key() {
    let whole = post("/run", "k", "content");
    let house = House::new(Setup::default());
    for end in [End::Closed, End::Reset] {
        for cut in 0..whole.len() {
            let mut client = house.connect();
            client.far.send(&whole[..cut]);
            client.settle();
            client.far.end(end);
            assert_eq!(client.settle(), Stand::Closed, "cut at {cut}");
            assert!(client.far.take().is_empty(), "cut at {cut}");
        }
    }
    assert!(house.is_unused("k"));
    assert_eq!(house.runs(), 0);
    house.ask(&whole).expect_run(1);
}

// N-21, N-80
fn a_payment_is_made_once_and_its_retry_gets_the_same_bytes() {
    let house = House::demo(Setup::default());
    let pay = |amount: u32| {
        let content =
            format!(r#"{{"from":"alice","to":"bob","amount":{amount},"currency":"EUR"}}"#);
        let fields = ["Idempotency-Key: pay", "Content-Type: application/json"];
        house.ask(&request("POST /payments", &fields, &content))
    };
    let (first, again) = (pay(1250), pay(1250));
    assert_eq!((first.status, again.status), (201, 201));
    assert!(!first.is_replay() && again.is_replay());
    assert_eq!(first.content, again.content);
    assert_eq!(first.field("Location"), again.field("Location"));
    pay(1251).expect_problem(422, "key-reused");
    let list = house.ask(&request("GET /payments", &[], ""));
    assert!(list.content.contains("\"total\":1"), "{list:?}");
}
