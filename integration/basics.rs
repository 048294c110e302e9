//! What any HTTP client does, with a client that is not ours (reqwest): the list that the original's suite was to cover.

use crate::support::{Json, Server, at_once};
use reqwest::Method;
use reqwest::blocking::{Client, Response};
use std::collections::HashSet;

/// Without the proxies that the environment may name: the server is on this machine.
fn client() -> Client {
    Client::builder()
        .no_proxy()
        .build()
        .expect("no TLS, so nothing to fail")
}

fn json(response: Response) -> Json {
    Json::parse(&response.bytes().expect("content as framed"))
}

fn field<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().expect("ASCII"))
}

fn pay(client: &Client, server: &Server, key: &str, amount: u64) -> Response {
    client
        .post(server.url("/payments"))
        .header("Idempotency-Key", key)
        .header("Content-Type", "application/json")
        .body(format!(
            r#"{{"from":"alice","to":"bob","amount":{amount},"currency":"EUR"}}"#
        ))
        .send()
        .expect("an answer")
}

// N-82
#[test]
fn the_front_page_is_served() {
    let server = Server::start(&[]);
    let answer = client().get(server.url("/")).send().expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(field(&answer, "content-type").is_some_and(|kind| kind.starts_with("text/")));
    assert!(answer.text().expect("text").contains("curl"));
}

// N-20, N-21, N-80
#[test]
fn a_retried_payment_is_made_once_and_answered_twice() {
    let server = Server::start(&[]);
    let client = client();
    let first = pay(&client, &server, "retry-1", 1250);
    assert_eq!(first.status(), 201);
    assert_eq!(field(&first, "idempotent-replayed"), None);
    let location = field(&first, "location").map(str::to_owned);
    let second = pay(&client, &server, "retry-1", 1250);
    assert_eq!(second.status(), 201);
    assert_eq!(field(&second, "idempotent-replayed"), Some("true"));
    assert_eq!(field(&second, "location").map(str::to_owned), location);
    assert_eq!(first.bytes().ok(), second.bytes().ok());
    let list = json(
        client
            .get(server.url("/payments"))
            .send()
            .expect("an answer"),
    );
    assert_eq!(list.get("total").number(), 1);
}

// N-23
#[test]
fn a_changed_payment_under_the_same_key_is_refused() {
    let server = Server::start(&[]);
    let client = client();
    assert_eq!(pay(&client, &server, "changed", 1).status(), 201);
    assert_eq!(pay(&client, &server, "changed", 2).status(), 422);
}

// N-83
#[test]
fn every_method_of_a_route_reaches_its_handler() {
    let server = Server::lab(&[]);
    let client = client();
    for (n, method) in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
        .iter()
        .enumerate()
    {
        let request = client.request(method.clone(), server.url("/lab/runs/methods"));
        let answer = request.send().expect("an answer");
        assert_eq!(answer.status(), 201, "{method}");
        let runs = i64::try_from(n + 1).expect("four methods");
        assert_eq!(json(answer).get("runs").number(), runs, "{method}");
    }
    let answer = client
        .head(server.url("/lab/runs/methods"))
        .send()
        .expect("an answer");
    assert_eq!(answer.status(), 200);
}

// N-53
#[test]
fn many_and_large_fields_are_taken() {
    let server = Server::start(&[]);
    let client = client();
    let mut request = client.get(server.url("/"));
    for n in 0..50 {
        request = request.header(format!("X-Field-{n}"), format!("value {n}"));
    }
    assert_eq!(request.send().expect("an answer").status(), 200);
    let large = client
        .get(server.url("/"))
        .header("X-Large", "v".repeat(8 * 1024));
    assert_eq!(large.send().expect("an answer").status(), 200);
}

// N-82
#[test]
fn large_content_comes_back_as_it_went() {
    let server = Server::start(&[]);
    let content: Vec<u8> = (0..1_000_000_u32)
        .map(|n| n.to_le_bytes()[n as usize % 3])
        .collect();
    let request = client()
        .post(server.url("/echo"))
        .header("Content-Type", "application/x-noise");
    let answer = request.body(content.clone()).send().expect("an answer");
    assert_eq!(field(&answer, "content-type"), Some("application/x-noise"));
    assert_eq!(answer.bytes().expect("content"), content);
}

// N-16, N-51
#[test]
fn queries_and_special_characters_in_a_path_are_taken() {
    let server = Server::lab(&[]);
    let client = client();
    for target in [
        "/?",
        "/?a=1&b=2",
        "/?q=caf%C3%A9&empty=",
        "/?q=a+b%20c&r=%26%3D%3F",
        "/?a=%2F..%2F&x=1/2?3",
    ] {
        let answer = client.get(server.url(target)).send().expect("an answer");
        assert_eq!(answer.status(), 200, "{target}");
    }
    let answer = client
        .post(server.url("/lab/runs/caf%C3%A9%20x"))
        .send()
        .expect("an answer");
    assert_eq!(json(answer).get("name").text(), "caf\u{e9} x");
    let answer = client
        .get(server.url("/no/such/%7Epath?x=%00"))
        .send()
        .expect("an answer");
    assert_eq!(answer.status(), 404);
}

// N-7
#[test]
fn a_hundred_requests_one_after_the_other_are_all_served() {
    let server = Server::start(&[]);
    let client = client();
    for n in 0..100 {
        let content = format!("request {n}");
        let answer = client
            .post(server.url("/echo"))
            .body(content.clone())
            .send();
        assert_eq!(answer.expect("an answer").text().expect("text"), content);
    }
}

// N-2, N-7
#[test]
fn requests_from_many_clients_at_once_get_their_own_answers() {
    let server = Server::start(&[]);
    let client = client();
    at_once(24, |i| {
        for n in 0..10 {
            let content = format!("client {i} request {n}");
            let answer = client
                .post(server.url("/echo"))
                .body(content.clone())
                .send();
            assert_eq!(answer.expect("an answer").text().expect("text"), content);
        }
    });
}

// N-4, N-20, N-80
#[test]
fn payments_with_their_own_keys_at_once_are_all_made() {
    let server = Server::start(&[]);
    let client = client();
    let ids = at_once(24, |i| {
        let answer = pay(&client, &server, &format!("own-{i}"), 100);
        assert_eq!(answer.status(), 201);
        json(answer).get("id").text().to_owned()
    });
    assert_eq!(
        ids.iter().collect::<HashSet<_>>().len(),
        24,
        "ids are unique"
    );
    let bob = json(
        client
            .get(server.url("/accounts/bob"))
            .send()
            .expect("an answer"),
    );
    assert_eq!(
        bob.get("balances").get("EUR").number(),
        100_000_000_000 + 2400
    );
}

// N-4, N-20, N-21, N-22
#[test]
fn one_payment_sent_many_times_at_once_moves_the_money_once() {
    let server = Server::start(&[]);
    let client = client();
    let answers = at_once(24, |_| {
        let answer = pay(&client, &server, "same", 500);
        let replayed = field(&answer, "idempotent-replayed").is_some();
        (answer.status().as_u16(), replayed)
    });
    let made = answers
        .iter()
        .filter(|answer| **answer == (201, false))
        .count();
    assert_eq!(made, 1, "{answers:?}");
    for answer in &answers {
        assert!(
            [(201, false), (201, true), (409, false)].contains(answer),
            "{answer:?}"
        );
    }
    let alice = json(
        client
            .get(server.url("/accounts/alice"))
            .send()
            .expect("an answer"),
    );
    assert_eq!(
        alice.get("balances").get("EUR").number(),
        100_000_000_000 - 500
    );
}
