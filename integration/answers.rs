//! N-20 to N-25: the guard's answers, seen from a client. Full stands in memory.rs.

use crate::support::{Request, Response, Server, at_once, payment, wait_for};

/// The title that the draft gives a problem, and the fields that go with it.
#[track_caller]
fn expect_title(answer: Response, status: u16, name: &str, title: &str) -> Response {
    let answer = answer.expect_problem(status, name);
    assert_eq!(answer.json().get("title").text(), title);
    answer
}

// N-20
#[test]
fn a_new_key_executes_and_its_answer_has_no_marker() {
    let server = Server::lab(&[]);
    let answer = server.send(&Request::lab("new").key("new")).expect(201);
    assert!(!answer.is_replay());
    assert_eq!(answer.text(), r#"{"name":"new","runs":1}"#);
}

// N-20, N-21
#[test]
fn a_replay_repeats_the_payment_byte_for_byte() {
    let server = Server::start(&[]);
    let first = server.send(&payment("bytes", 1250)).expect(201);
    for _ in 0..3 {
        let again = server.send(&payment("bytes", 1250)).expect(201);
        assert!(again.is_replay());
        assert_eq!(again.recorded(), first.recorded());
    }
}

// N-21
#[test]
fn a_replay_keeps_the_order_the_case_and_the_number_of_fields() {
    let server = Server::lab(&[]);
    let fields =
        "field=X-B:1&field=x-a:2&field=X-b:3&field=X-A:two%20words,%20comma&field=ETag:%22e%22";
    let request = Request::lab(&format!("fields?{fields}&bytes=1000")).key("fields");
    let first = server.send(&request).expect(201);
    assert_eq!(first.values("x-b"), ["1", "3"]);
    assert_eq!(first.values("x-a"), ["2", "two words, comma"]);
    assert_eq!(first.content.len(), 1000);
    let again = server.send(&request).expect(201);
    assert!(again.is_replay());
    assert_eq!(again.recorded(), first.recorded());
    let names: Vec<_> = again.fields.iter().map(|(name, _)| name.as_str()).collect();
    let at = |name: &str| names.iter().position(|other| *other == name);
    assert!(
        at("X-B") < at("x-a") && at("x-a") < at("X-b") && at("X-b") < at("X-A"),
        "{names:?}"
    );
}

// N-21
#[test]
fn a_replay_repeats_any_status_and_any_content() {
    let server = Server::lab(&[]);
    for option in [
        "status=200",
        "status=204",
        "status=304",
        "status=404",
        "status=599",
        "bytes=0",
        "bytes=100000",
    ] {
        println!("case: {option}");
        let request = Request::lab(&format!("any?{option}")).key(option.replace('=', "-"));
        let first = server.connect().exchange(&request);
        let again = server.send(&request);
        assert!(again.is_replay());
        assert_eq!(again.recorded(), first.recorded());
    }
}

// N-21
#[test]
fn cookies_are_for_the_first_client_alone() {
    let server = Server::lab(&[]);
    let target = "cookie?field=Set-Cookie:session=secret&field=X-Kept:yes&field=set-cookie:b=c";
    let request = Request::lab(target).key("cookie");
    let first = server.send(&request).expect(201);
    assert_eq!(first.values("Set-Cookie"), ["session=secret", "b=c"]);
    let again = server.send(&request).expect(201);
    assert!(again.is_replay());
    assert_eq!(again.values("Set-Cookie"), Vec::<&str>::new());
    assert_eq!(again.field("X-Kept"), Some("yes"));
}

// N-21, N-54
#[test]
fn a_replay_has_a_date_and_a_connection_of_its_own() {
    let server = Server::lab(&[]);
    let request = Request::lab("date").key("date");
    let first = server.send(&request).expect(201);
    let then = first.field("Date").map(str::to_owned);
    let later = wait_for("the next second", || {
        let answer = server.send(&request).expect(201);
        (answer.field("Date") != then.as_deref()).then_some(answer)
    });
    assert!(later.is_replay());
    assert_eq!(later.field("Connection"), None);
    let closing = server.send(&request.clone().field("Connection", "close"));
    assert!(closing.says_close() && closing.is_replay());
    let mut client = server.connect();
    let old = request
        .version("HTTP/1.0")
        .field("Connection", "keep-alive");
    assert!(client.exchange(&old).is_replay());
    assert!(client.exchange(&old).is_replay());
}

// N-22, N-25
#[test]
fn a_duplicate_of_a_running_request_gets_409() {
    let server = Server::lab(&[]);
    let request = Request::lab("running?delay_ms=600").key("running");
    let mut first = server.connect();
    first.send(request.bytes());
    server.wait_pending("running");
    let title = "A request is outstanding for this Idempotency-Key";
    let answer = expect_title(server.send(&request), 409, "key-in-flight", title);
    assert_eq!(answer.field("Retry-After"), Some("1"));
    let first = first.answer().expect(201);
    assert!(!first.is_replay());
    let again = server.send(&request).expect(201);
    assert!(again.is_replay());
    assert_eq!(again.recorded(), first.recorded());
    assert_eq!(server.runs("running"), 1);
}

// N-22
#[test]
fn of_many_at_once_one_runs_and_the_others_are_told() {
    let server = Server::lab(&[]);
    let request = Request::lab("storm?delay_ms=100").key("storm");
    let answers = at_once(32, |_| server.send(&request));
    let (made, others): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|answer| answer.status == 201 && !answer.is_replay());
    assert_eq!(made.len(), 1);
    for other in others {
        if other.status == 201 {
            assert_eq!(other.recorded(), made[0].recorded());
        } else {
            other.expect_problem(409, "key-in-flight");
        }
    }
    assert_eq!(server.runs("storm"), 1);
}

// N-23, N-25
#[test]
fn a_key_with_another_request_gets_422_and_nothing_of_the_first() {
    let server = Server::lab(&[]);
    let echo = |content: &str| Request::post("/echo").key("secret").content(content);
    let first = server.send(&echo("the first caller's SECRET")).expect(200);
    let answer = server.send(&echo("a guess"));
    let answer = expect_title(answer, 422, "key-reused", "Idempotency-Key is already used");
    assert!(!answer.text().contains("SECRET"));
    assert!(
        answer
            .fields
            .iter()
            .all(|(_, value)| !value.contains("SECRET"))
    );
    assert_eq!(answer.field("Retry-After"), None, "a retry cannot help");
    let again = server.send(&echo("the first caller's SECRET")).expect(200);
    assert!(again.is_replay());
    assert_eq!(again.recorded(), first.recorded());
}

// N-23
#[test]
fn while_the_first_runs_a_mismatch_is_422_not_409() {
    let server = Server::lab(&[]);
    let request = |content: &str| {
        let request = Request::lab("both?delay_ms=600").key("both");
        request.content(content)
    };
    let mut first = server.connect();
    first.send(request("one").bytes());
    server.wait_pending("both");
    server
        .send(&request("two"))
        .expect_problem(422, "key-reused");
    server
        .send(&request("one"))
        .expect_problem(409, "key-in-flight");
    first.answer().expect(201);
    assert_eq!(server.runs("both"), 1);
}

// N-25
#[test]
fn a_malformed_key_is_not_echoed() {
    let server = Server::lab(&[]);
    let hostile = r#""</script><b>","detail":"forged""#;
    let answer = server.send(&Request::lab("echoed").key(hostile));
    let answer = answer.expect_problem(400, "key-malformed");
    assert_ne!(answer.json().get("detail").text(), "forged");
    assert!(!answer.text().contains("<b>"));
}

// N-80, N-81, N-20
#[test]
fn ten_payments_at_once_under_one_key_move_the_money_once() {
    let server = Server::start(&[]);
    let answers = at_once(10, |_| server.send(&payment("ten", 1250)));
    let made = |answer: &&Response| answer.status == 201 && !answer.is_replay();
    assert_eq!(answers.iter().filter(made).count(), 1);
    let list = server.send(&Request::get("/payments")).expect(200).json();
    assert_eq!(list.get("total").number(), 1);
}
