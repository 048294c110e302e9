//! Claims about src/app/payments.rs; those about reading stand in `payment_reads.rs`.

use crate::app::{Answer, get, payment_reads, post, send};
use crate::harness::Test;
use nanoserve::app::App;

pub const TESTS: &[Test] = &[
    (
        "a_payment_is_answered_with_201_location_and_itself",
        a_payment_is_answered_with_201_location_and_itself,
    ),
    (
        "effect_and_answer_are_one_commitment",
        effect_and_answer_are_one_commitment,
    ),
    (
        "what_is_not_json_is_400_and_leaves_the_key",
        what_is_not_json_is_400_and_leaves_the_key,
    ),
    (
        "every_bad_member_is_422_and_named",
        every_bad_member_is_422_and_named,
    ),
    (
        "all_bad_members_are_named_at_once",
        all_bad_members_are_named_at_once,
    ),
    ("paying_oneself_is_422", paying_oneself_is_422),
    (
        "the_bounds_of_each_value_are_accepted",
        the_bounds_of_each_value_are_accepted,
    ),
    (
        "escapes_and_other_members_do_not_matter",
        escapes_and_other_members_do_not_matter,
    ),
    (
        "a_content_coding_is_415_and_identity_is_none",
        a_content_coding_is_415_and_identity_is_none,
    ),
    (
        "content_type_is_not_looked_at",
        content_type_is_not_looked_at,
    ),
    (
        "too_little_money_is_402_and_recorded",
        too_little_money_is_402_and_recorded,
    ),
    (
        "a_full_ledger_is_503_and_leaves_the_key",
        a_full_ledger_is_503_and_leaves_the_key,
    ),
    (
        "a_payment_is_found_by_its_location",
        payment_reads::a_payment_is_found_by_its_location,
    ),
    (
        "unknown_payments_are_404",
        payment_reads::unknown_payments_are_404,
    ),
    (
        "payments_are_listed_newest_first_with_total",
        payment_reads::payments_are_listed_newest_first_with_total,
    ),
    ("a_bad_limit_is_400", payment_reads::a_bad_limit_is_400),
    (
        "accounts_show_their_balances",
        payment_reads::accounts_show_their_balances,
    ),
    (
        "names_in_paths_are_percent_decoded",
        payment_reads::names_in_paths_are_percent_decoded,
    ),
    (
        "problems_repeat_nothing_of_the_content",
        problems_repeat_nothing_of_the_content,
    ),
    (
        "a_long_listing_is_made_for_one_client_at_a_time",
        a_long_listing_is_made_for_one_client_at_a_time,
    ),
];

pub const GOOD: &str = r#"{"from":"alice","to":"bob","amount":1250,"currency":"EUR"}"#;

pub fn pay(app: &App, content: &str) -> Answer {
    post(app, "/payments", content)
}

/// The path that the answer's Location names.
pub fn location(answer: &Answer) -> String {
    answer.field("location").to_owned()
}

// N-80
fn a_payment_is_answered_with_201_location_and_itself() {
    let app = App::new();
    let answer = pay(&app, GOOD);
    answer.expect(201, true, "");
    assert_eq!(answer.content_type(), "application/json");
    let location = location(&answer);
    let id = location
        .strip_prefix("/payments/")
        .expect("a payment's path");
    let expected = format!(
        r#"{{"id":"{id}","from":"alice","to":"bob","amount":1250,"currency":"EUR","status":"captured","created_at":"2026-11-23T08:49:37Z"}}"#
    );
    assert_eq!(answer.text(), expected);
}

// N-31: what was committed under the ledger's lock is the answer.
fn effect_and_answer_are_one_commitment() {
    let app = App::new();
    assert!(pay(&app, GOOD).committed);
    assert!(!pay(&app, "{}").committed);
    assert_eq!(app.ledger.payments(9).1, 1);
}

// N-30, N-80
fn what_is_not_json_is_400_and_leaves_the_key() {
    let app = App::new();
    let deep = format!("{}1{}", "[".repeat(33), "]".repeat(33));
    for content in [
        "",
        "{",
        "{\"from\":}",
        "from=alice&to=bob",
        "{\"from\":1,\"\\u0066rom\":2}",
        &deep,
    ] {
        let answer = pay(&app, content);
        answer.expect(400, false, "bad-json");
        assert!(answer.text().contains("expected"), "{}", answer.text());
    }
    pay(&app, "{\"from\" 1}").expect(400, false, "expected ':' at byte 8");
    assert_eq!(app.ledger.payments(9).1, 0);
}

// N-30, N-80
fn every_bad_member_is_422_and_named() {
    let app = App::new();
    let long = format!("\"{}\"", "a".repeat(65));
    let names = [
        "\"\"",
        "\"Alice\"",
        "\"a b\"",
        "\"\\u00e9\"",
        "\"a\\u0000\"",
        "7",
        "null",
        "[\"a\"]",
        "{}",
        "true",
        &long,
    ];
    let amounts = [
        "0",
        "-0",
        "-5",
        "1.0",
        "1.5",
        "1e3",
        "1E0",
        "9007199254740992",
        "18446744073709551617",
        "\"1250\"",
        "null",
        "[1]",
        "{}",
        "false",
    ];
    let currencies = [
        "\"eur\"",
        "\"EU\"",
        "\"EURO\"",
        "\"E R\"",
        "\"\\u20ac\"",
        "978",
        "null",
        "[\"EUR\"]",
    ];
    let cases: [(&str, &[&str], &str); 4] = [
        (
            "from",
            &names,
            "from: expected a name of 1 to 64 of a-z, 0-9, '_' and '-'; found ",
        ),
        (
            "to",
            &names,
            "to: expected a name of 1 to 64 of a-z, 0-9, '_' and '-'; found ",
        ),
        (
            "amount",
            &amounts,
            "amount: expected an integer from 1 to 9007199254740991, without sign, fraction or exponent; found ",
        ),
        (
            "currency",
            &currencies,
            "currency: expected three capital letters; found ",
        ),
    ];
    let good = [
        ("from", "\"alice\""),
        ("to", "\"bob\""),
        ("amount", "1"),
        ("currency", "\"EUR\""),
    ];
    for (bad, values, expected) in cases {
        for value in values.iter().copied().map(Some).chain([None]) {
            let members: Vec<String> = good
                .iter()
                .filter_map(|(name, good)| {
                    let value = if *name == bad { value? } else { good };
                    Some(format!("\"{name}\":{value}"))
                })
                .collect();
            let answer = pay(&app, &format!("{{{}}}", members.join(",")));
            answer.expect(422, false, "bad-payment");
            assert!(
                answer.text().contains(expected),
                "{bad} {value:?}: {}",
                answer.text()
            );
            assert_eq!(
                answer.text().matches(": expected").count(),
                1,
                "{}",
                answer.text()
            );
        }
    }
    assert_eq!(app.ledger.payments(9).1, 0);
}

fn all_bad_members_are_named_at_once() {
    let answer = pay(&App::new(), "{\"amount\":\"5\",\"from\":null}");
    answer.expect(422, false, "found null; to: expected");
    for part in [
        "amount: expected",
        "found a string",
        "currency: expected",
        "found nothing",
    ] {
        answer.expect(422, false, part);
    }
    for content in ["[]", "1", "null", "\"alice\""] {
        pay(&App::new(), content).expect(422, false, "expected an object");
    }
}

// N-80
fn paying_oneself_is_422() {
    let answer = pay(
        &App::new(),
        r#"{"from":"alice","to":"\u0061lice","amount":1,"currency":"EUR"}"#,
    );
    answer.expect(422, false, "to: expected another account than from");
}

// N-80
fn the_bounds_of_each_value_are_accepted() {
    let app = App::new();
    let to = "z".repeat(64);
    for amount in ["1", "100000000000"] {
        let content = format!(r#"{{"from":"bob","to":"{to}","amount":{amount},"currency":"USD"}}"#);
        let from_bob = pay(&app, &content);
        let status = if amount == "1" { 201 } else { 402 };
        from_bob.expect(status, true, "");
    }
    // Well-formed, and simply more than anybody has.
    let most = r#"{"from":"alice","to":"bob","amount":9007199254740991,"currency":"EUR"}"#;
    pay(&app, most).expect(402, true, "insufficient-funds");
}

// N-80: other members are ignored, and an escape is the character it stands for.
fn escapes_and_other_members_do_not_matter() {
    let content = r#" {"note":{"a":[1,{"amount":"x"}]},"\u0066rom":"\u0061lice","to":"b\u006fb","amount":1,"currency":"\u0045UR","Amount":-1} "#;
    pay(&App::new(), content).expect(
        201,
        true,
        r#""from":"alice","to":"bob","amount":1,"currency":"EUR""#,
    );
}

// N-80
fn a_content_coding_is_415_and_identity_is_none() {
    let app = App::new();
    let with = |fields: &[&str]| send(&app, "POST", "/payments", fields, GOOD.as_bytes());
    for coding in ["gzip", "identity, gzip", "br", "x", "identity;q=1"] {
        let answer = with(&[&format!("Content-Encoding: {coding}")]);
        answer.expect(
            415,
            false,
            "Content-Encoding: expected no coding but identity",
        );
        assert_eq!(answer.field("accept-encoding"), "identity");
    }
    with(&["Content-Encoding: identity", "Content-Encoding: gzip"]).expect(
        415,
        false,
        "content-encoding",
    );
    assert_eq!(app.ledger.payments(9).1, 0);
    for coding in ["identity", "Identity", "identity, identity", ""] {
        with(&[&format!("Content-Encoding: {coding}")]).expect(201, true, "captured");
    }
}

fn content_type_is_not_looked_at() {
    let app = App::new();
    for line in [
        "Content-Type: application/json",
        "Content-Type: application/x-www-form-urlencoded",
        "X-No-Type: 1",
    ] {
        send(&app, "POST", "/payments", &[line], GOOD.as_bytes()).expect(201, true, "captured");
    }
}

// N-30, N-80
fn too_little_money_is_402_and_recorded() {
    let app = App::new();
    for (from, currency) in [("nobody", "EUR"), ("alice", "GBP")] {
        let content =
            format!(r#"{{"from":"{from}","to":"new","amount":1,"currency":"{currency}"}}"#);
        let answer = pay(&app, &content);
        answer.expect(402, true, "insufficient-funds");
        assert_eq!(answer.content_type(), "application/problem+json");
    }
    get(&app, "/accounts/new").expect(404, false, "unknown-account");
}

// N-80
fn a_full_ledger_is_503_and_leaves_the_key() {
    let app = App::new();
    for n in 2..nanoserve::limits::ACCOUNTS_MAX {
        let name = format!("u{n}");
        let name = nanoserve::app::ledger::AccountName::new(&name).expect("a good name");
        let alice = nanoserve::app::ledger::AccountName::new("alice").expect("a good name");
        let euro = nanoserve::app::ledger::Currency::EUR;
        let order = nanoserve::app::ledger::Order::new(alice, name, 1, euro).expect("a good order");
        app.ledger.pay(&order, 0, |_| ()).expect("there is room");
    }
    let late = r#"{"from":"alice","to":"late","amount":1,"currency":"EUR"}"#;
    pay(&app, late).expect(503, false, "ledger-full");
    pay(&app, GOOD).expect(201, true, "captured");
}

// N-25
fn problems_repeat_nothing_of_the_content() {
    let app = App::new();
    for content in [
        "{\"from\":\"<hostile>\",\"to\":\"<hostile>\",\"amount\":\"<hostile>\",\"currency\":\"<hostile>\"}",
        "{\"<hostile>\":1,\"<hostile>\":2}",
        "<hostile>",
    ] {
        let answer = pay(&app, content);
        assert!(!answer.text().contains("hostile"), "{}", answer.text());
    }
}

// N-81
fn a_long_listing_is_made_for_one_client_at_a_time() {
    let app = App::new();
    let few = app.large_listing.try_lock().expect("nobody lists");
    get(&app, "/accounts").expect(200, true, "accounts");
    drop(few);
    for n in 2..=nanoserve::limits::ACCOUNTS_LISTED_FREELY {
        let to = format!(r#"{{"from":"alice","to":"n{n}","amount":1,"currency":"EUR"}}"#);
        pay(&app, &to).expect(201, true, "captured");
    }
    get(&app, "/accounts").expect(200, true, "accounts");
    let other = app.large_listing.try_lock().expect("the listing is over");
    get(&app, "/accounts").expect(503, false, "listing-busy");
    drop(other);
    get(&app, "/accounts").expect(200, true, "n1000");
}
