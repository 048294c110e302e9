//! N-80 and N-81: the ledger behind the idempotency.

use crate::support::{Json, Request, Server, at_once, payment};
use std::collections::HashSet;

const START: i64 = 100_000_000_000;

fn body(from: &str, to: &str, amount: &str, currency: &str) -> String {
    format!(r#"{{"from":"{from}","to":"{to}","amount":{amount},"currency":"{currency}"}}"#)
}

fn pay(key: &str, content: impl AsRef<[u8]>) -> Request {
    Request::post("/payments").key(key).content(content)
}

#[track_caller]
fn get(server: &Server, target: &str) -> Json {
    server.send(&Request::get(target)).expect(200).json()
}

#[track_caller]
fn total(server: &Server) -> i64 {
    get(server, "/payments?limit=1").get("total").number()
}

/// Every payment of the table is refused with this status, nothing is made, and the one key stays free.
#[track_caller]
fn all_refused<C: AsRef<[u8]>>(status: u16, contents: &[C]) {
    let server = Server::start(&[]);
    for content in contents {
        println!("case: {}", content.as_ref().escape_ascii());
        let answer = server.send(&pay("refused", content)).expect(status);
        assert_eq!(
            answer.field("Content-Type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.json().get("status").number(), i64::from(status));
        assert_eq!(server.records("refused"), []);
    }
    assert_eq!(total(&server), 0);
}

// N-80
#[test]
fn a_payment_is_captured_and_can_be_read_again() {
    let server = Server::start(&[]);
    let answer = server.send(&payment("one", 1250)).expect(201);
    assert_eq!(answer.field("Content-Type"), Some("application/json"));
    let made = answer.json();
    assert_eq!(
        made.names(),
        [
            "id",
            "from",
            "to",
            "amount",
            "currency",
            "status",
            "created_at"
        ]
    );
    let id = made.get("id").text();
    assert!(!id.is_empty());
    assert_eq!(made.get("from").text(), "alice");
    assert_eq!(made.get("to").text(), "bob");
    assert_eq!(made.get("amount").number(), 1250);
    assert_eq!(made.get("currency").text(), "EUR");
    assert_eq!(made.get("status").text(), "captured");
    let created = made.get("created_at").text();
    assert!(created.len() == 20 && created.ends_with('Z'), "{created}");
    let location = format!("/payments/{id}");
    assert_eq!(answer.field("Location"), Some(location.as_str()));
    let read = server.send(&Request::get(&location)).expect(200);
    assert_eq!(read.json(), made);
    server
        .send(&Request::get("/payments/no-such-id"))
        .expect(404);
}

// N-80
#[test]
fn what_is_not_json_is_refused() {
    let deep = |depth: usize| {
        let nested = format!("{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        body("alice", "bob", "1", "EUR").replace('}', &format!(r#","x":{nested}}}"#))
    };
    let good = body("alice", "bob", "1", "EUR");
    all_refused(
        400,
        &[
            String::new(),
            " ".into(),
            "{".into(),
            "alice".into(),
            good[..good.len() - 1].to_owned(),
            format!("{good}x"),
            format!("{good}{good}"),
            good.replace(':', "="),
            good.replace('"', "'"),
            good.replace('}', ",}"),
            body("alice", "bob", "01", "EUR"),
            body("alice", "bob", "1.", "EUR"),
            body("alice", "bob", "+1", "EUR"),
            body("alice", "bob", "0x1", "EUR"),
            body("alice", "bob", "NaN", "EUR"),
            body("al\\xice", "bob", "1", "EUR"),
            body("al\nice", "bob", "1", "EUR"),
            good.replace('}', r#","amount":1}"#),
            good.replace('}', r#","x":{"y":1,"y":1}}"#),
            good.replace('}', r#","\u0061mount":1}"#),
            deep(33),
            "[".repeat(500_000),
            r#"{"a":"#.repeat(100_000),
        ],
    );
    all_refused(
        400,
        &[&b"{\"from\":\"\xff\"}"[..], b"\xef\xbb\xbf{}", &[0; 12]],
    );
}

// N-80
#[test]
fn other_members_and_32_levels_are_taken() {
    let server = Server::start(&[]);
    let nested = format!("{}{}", "[".repeat(31), "]".repeat(31));
    let content = format!(
        "\r\n\t {{ \"note\" : {nested} , \"currency\":\"EUR\",\"\\u0061mount\":1, \"to\":\"bob\",\"from\":\"alice\" }} \n"
    );
    server.send(&pay("members", content)).expect(201);
    let plain = payment("identity", 1).field("Content-Encoding", "identity");
    server.send(&plain).expect(201);
}

// N-80
#[test]
fn values_that_no_payment_may_have_are_refused() {
    let long = "a".repeat(65);
    let good = body("alice", "bob", "1", "EUR");
    all_refused(
        422,
        &[
            body("alice", "bob", "0", "EUR"),
            body("alice", "bob", "-1", "EUR"),
            body("alice", "bob", "1.0", "EUR"),
            body("alice", "bob", "0.5", "EUR"),
            body("alice", "bob", "1e2", "EUR"),
            body("alice", "bob", "9007199254740992", "EUR"),
            body("alice", "bob", "99999999999999999999999999", "EUR"),
            body("alice", "bob", "\"1\"", "EUR"),
            body("alice", "bob", "null", "EUR"),
            body("alice", "bob", "true", "EUR"),
            body("alice", "bob", "[1]", "EUR"),
            body("alice", "alice", "1", "EUR"),
            body("", "bob", "1", "EUR"),
            body("Alice", "bob", "1", "EUR"),
            body("alice ", "bob", "1", "EUR"),
            body("alice", "b.ob", "1", "EUR"),
            body("alice", "b\u{f6}b", "1", "EUR"),
            body("alice", &long, "1", "EUR"),
            body("alice", "bob", "1", "eur"),
            body("alice", "bob", "1", "EU"),
            body("alice", "bob", "1", "EURO"),
            body("alice", "bob", "1", "E1R"),
            good.replace("from", "form"),
            good.replace(r#""bob""#, "7"),
            "{}".into(),
        ],
    );
}

// N-80
#[test]
fn encoded_content_is_refused() {
    let server = Server::start(&[]);
    for encoding in ["gzip", "br", "gzip, identity"] {
        let request = payment("encoded", 1).field("Content-Encoding", encoding);
        server.send(&request).expect(415);
        assert_eq!(server.records("encoded"), []);
    }
    assert_eq!(total(&server), 0);
}

// N-80
#[test]
fn the_largest_amount_is_two_to_the_53rd_less_one() {
    let server = Server::start(&[]);
    let most = body("alice", "bob", "9007199254740991", "EUR");
    server.send(&pay("most", most)).expect(402);
    let all = body("alice", "bob", &START.to_string(), "EUR");
    server.send(&pay("all", all)).expect(201);
    server.send(&payment("one-more", 1)).expect(402);
    let name = "a".repeat(64);
    server
        .send(&pay("longest", body("bob", &name, "1", "EUR")))
        .expect(201);
    server
        .send(&pay("signs", body("bob", "a-b_9", "1", "EUR")))
        .expect(201);
}

// N-80
#[test]
fn nobody_pays_what_they_do_not_have() {
    let server = Server::start(&[]);
    server
        .send(&pay("carol", body("carol", "bob", "1", "EUR")))
        .expect(402);
    server
        .send(&pay("currency", body("alice", "bob", "1", "CHF")))
        .expect(402);
    assert_eq!(total(&server), 0);
    server
        .send(&pay("gift", body("alice", "carol", "5", "EUR")))
        .expect(201);
    server
        .send(&pay("carol-6", body("carol", "bob", "6", "EUR")))
        .expect(402);
    server
        .send(&pay("carol-5", body("carol", "bob", "5", "EUR")))
        .expect(201);
    let carol = get(&server, "/accounts/carol");
    assert_eq!(carol.get("balances").get("EUR").number(), 0);
}

// N-81
#[test]
fn accounts_show_their_balances() {
    let server = Server::start(&[]);
    let alice = server.send(&Request::get("/accounts/alice")).expect(200);
    assert_eq!(
        alice.text(),
        format!(r#"{{"name":"alice","balances":{{"EUR":{START},"USD":{START}}}}}"#)
    );
    server.send(&Request::get("/accounts/carol")).expect(404);
    server
        .send(&pay("gift", body("alice", "carol", "7", "USD")))
        .expect(201);
    let accounts = get(&server, "/accounts");
    assert_eq!(accounts.names(), ["accounts"]);
    let accounts = accounts.get("accounts").list().to_vec();
    let names: HashSet<_> = accounts
        .iter()
        .map(|account| account.get("name").text())
        .collect();
    assert_eq!(names, HashSet::from(["alice", "bob", "carol"]));
    let carol = get(&server, "/accounts/carol");
    assert!(accounts.contains(&carol));
    assert_eq!(carol.get("balances").get("USD").number(), 7);
}

// N-81
#[test]
fn payments_are_listed_newest_first() {
    let server = Server::start(&[]);
    let empty = server.send(&Request::get("/payments")).expect(200);
    assert_eq!(empty.text(), r#"{"payments":[],"total":0}"#);
    for amount in 1..=5 {
        server
            .send(&payment(&format!("list-{amount}"), amount))
            .expect(201);
    }
    let amounts = |target: &str| {
        let page = get(&server, target);
        assert_eq!(page.names(), ["payments", "total"]);
        assert_eq!(page.get("total").number(), 5);
        let payments = page.get("payments").list().to_vec();
        payments
            .iter()
            .map(|payment| payment.get("amount").number())
            .collect::<Vec<_>>()
    };
    assert_eq!(amounts("/payments"), [5, 4, 3, 2, 1]);
    assert_eq!(amounts("/payments?limit=2"), [5, 4]);
    assert_eq!(amounts("/payments?limit=1000"), [5, 4, 3, 2, 1]);
}

// N-81
#[test]
fn money_is_conserved_while_many_pay_each_other() {
    let server = Server::start(&[]);
    let names = ["alice", "bob", "carol", "dave"];
    at_once(8, |i| {
        let mut client = server.connect();
        for n in 0..25 {
            let from = names[(i + n) % 4];
            let to = names[(i + n + 1 + n % 3) % 4];
            let content = body(from, to, &(1 + n * 13).to_string(), "EUR");
            let answer = client.exchange(&pay(&format!("storm-{i}-{n}"), content));
            assert!(matches!(answer.status, 201 | 402), "{}", answer.text());
        }
    });
    let accounts = get(&server, "/accounts");
    let euros = accounts.get("accounts").list().iter().map(|account| {
        let balances = account.get("balances");
        balances.find("EUR").map_or(0, Json::number)
    });
    assert_eq!(euros.sum::<i64>(), 2 * START);
    let page = get(&server, "/payments?limit=1000");
    let payments = page.get("payments").list();
    let ids: HashSet<_> = payments
        .iter()
        .map(|payment| payment.get("id").text())
        .collect();
    assert_eq!(ids.len(), payments.len(), "ids are unique");
}
