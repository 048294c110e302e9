//! N-60 and N-80 to N-83: the contract's page, the payments, the echo and the lab.

use super::expect::{Expect, Kept, each, ensure};
use super::needs::Needs::{Contract, Count, Echo, Lab, Payments};
use super::target::Target;
use super::{Case, case};
use crate::support::{Json, Response};

#[rustfmt::skip] // one case a line
pub(super) const CASES: &[Case] = &[
    case("N-60", "the contract's page is HTML that tells key, scope and time", Contract, the_contract),
    case("N-60", "it warns of a refreshed token, a second instance and a restart", Contract, the_warnings),
    case("N-80", "a payment is a 201, with its place and itself as JSON", Payments, a_payment),
    case("N-80", "one payment sent three times moves the money once", Payments, money_moves_once),
    case("N-80", "what is not JSON is 400", Payments, bad_json),
    case("N-80", "JSON that is no payment is 422", Payments, bad_values),
    case("N-80", "encoded content is 415", Payments, encoded),
    case("N-81", "a payment can be read at its place", Payments, read_back),
    case("N-81", "payments are listed newest first, with their total", Payments, the_list),
    case("N-81", "the sum over all accounts never changes", Payments, money_is_conserved),
    case("N-81", "an account that was never paid is 404", Payments, no_such_account),
    case("N-82", "the echo sends content and Content-Type back", Echo, the_echo),
    case("N-82", "the front page says what to try", Payments, the_front_page),
    case("N-83", "the lab counts executions", Count, the_count),
    case("N-83", "a bad option is 400, and not counted", Lab, a_bad_option),
];

fn says(page: &Response, words: &[&str]) -> Kept {
    let text = page.text().to_lowercase();
    each(words, |word| {
        ensure(text.contains(**word), "it on the page", "it nowhere")
    })
}

fn the_contract(t: &Target) -> Kept {
    let page = t.send(&t.contract_page())?.must_be(200)?;
    let kind = page.first_of("Content-Type").unwrap_or("none");
    ensure(kind.starts_with("text/html"), "text/html", kind)?;
    says(&page, &["idempotency-key", "scope", "ttl", "255", "retry"])
}

fn the_warnings(t: &Target) -> Kept {
    let page = t.send(&t.contract_page())?.must_be(200)?;
    says(&page, &["refreshed token", "two instances", "restart"])
}

fn a_payment(t: &Target) -> Kept {
    let answer = t
        .send(&t.payment(&Target::fresh("pay"), 1250))?
        .must_be(201)?;
    let id = answer.words(&["id"])?;
    answer.has("Location", &format!("/payments/{id}"))?;
    for (member, value) in [
        ("from", "alice"),
        ("to", "bob"),
        ("currency", "EUR"),
        ("status", "captured"),
    ] {
        let found = answer.words(&[member])?;
        ensure(found == value, value, found)?;
    }
    answer.words(&["created_at"])?;
    let amount = answer.number(&["amount"])?;
    ensure(amount == 1250, 1250, amount)
}

fn balance(t: &Target, account: &str) -> Result<i64, String> {
    let answer = t.send(&t.request("GET", &format!("/accounts/{account}")))?;
    answer.must_be(200)?.number(&["balances", "EUR"])
}

/// To an account of the case's own: others may be paying at the same time.
fn pay(t: &Target, to: &str, amount: &str) -> Result<Response, String> {
    let content = format!(r#"{{"from":"alice","to":"{to}","amount":{amount},"currency":"EUR"}}"#);
    t.send(&t.payment(to, 1).content(content))
}

fn money_moves_once(t: &Target) -> Kept {
    let to = Target::fresh("paid");
    let first = pay(t, &to, "1250")?.must_be(201)?;
    pay(t, &to, "1250")?.repeats(&first)?;
    pay(t, &to, "1250")?.repeats(&first)?;
    let balance = balance(t, &to)?;
    ensure(balance == 1250, 1250, balance)
}

fn bad_json(t: &Target) -> Kept {
    each(["", "{", "[1,]", r#"{"a":1,"a":2}"#], |content| {
        let payment = t.payment(&Target::fresh("bad"), 1).content(content);
        t.send(&payment)?.must_be(400).map(drop)
    })
}

fn bad_values(t: &Target) -> Kept {
    each(
        ["0", "-1", "1.5", "1e3", "\"1\"", "9007199254740992"],
        |amount| {
            pay(t, &Target::fresh("bad"), amount)?
                .must_be(422)
                .map(drop)
        },
    )
}

fn encoded(t: &Target) -> Kept {
    let payment = t.payment(&Target::fresh("encoded"), 1);
    let answer = t.send(&payment.field("Content-Encoding", "gzip"))?;
    answer.must_be(415).map(drop)
}

fn read_back(t: &Target) -> Kept {
    let made = t
        .send(&t.payment(&Target::fresh("read"), 1))?
        .must_be(201)?;
    let place = made.first_of("Location").unwrap_or_default();
    let read = t.send(&t.request("GET", place))?.must_be(200)?;
    ensure(
        read.member(&[])? == made.member(&[])?,
        "the payment",
        "another",
    )
}

fn the_list(t: &Target) -> Kept {
    let list = || t.send(&t.request("GET", "/payments?limit=2"))?.must_be(200);
    let before = list()?.number(&["total"])?;
    let made = t
        .send(&t.payment(&Target::fresh("list"), 1))?
        .must_be(201)?;
    let after = list()?;
    let total = after.number(&["total"])?;
    ensure(total == before + 1, before + 1, total)?;
    let Json::List(payments) = after.member(&["payments"])? else {
        return Err("expected a list of payments, found something else".into());
    };
    let newest = payments.first() == Some(&made.member(&[])?);
    ensure(newest, "the newest first", "another")
}

fn total(t: &Target) -> Result<i64, String> {
    let answer = t.send(&t.request("GET", "/accounts"))?.must_be(200)?;
    let Json::List(accounts) = answer.member(&["accounts"])? else {
        return Err("expected a list of accounts, found something else".into());
    };
    let balances = accounts
        .iter()
        .filter_map(|one| match one.find("balances")?.find("EUR")? {
            Json::Number(number) => Some(*number),
            _ => None,
        });
    Ok(balances.sum())
}

fn money_is_conserved(t: &Target) -> Kept {
    let before = total(t)?;
    pay(t, &Target::fresh("sum"), "1250")?.must_be(201)?;
    let after = total(t)?;
    ensure(after == before, before, after)
}

fn no_such_account(t: &Target) -> Kept {
    let path = format!("/accounts/{}", Target::fresh("nobody"));
    t.send(&t.request("GET", &path))?.must_be(404).map(drop)
}

fn the_echo(t: &Target) -> Kept {
    let answer = t
        .send(&t.echo("said").field("Content-Type", "text/x-said"))?
        .must_be(200)?;
    ensure(answer.text() == "said", "said", answer.text())?;
    answer.has("Content-Type", "text/x-said")
}

fn the_front_page(t: &Target) -> Kept {
    says(&t.send(&t.get())?.must_be(200)?, &["curl", "idempotency"])
}

fn the_count(t: &Target) -> Kept {
    let name = Target::fresh("count");
    t.ran(&name, 0)?;
    t.send(&t.run(&name))?.must_be_first()?;
    t.ran(&name, 1)
}

fn a_bad_option(t: &Target) -> Kept {
    let name = Target::fresh("option");
    each(["delay_ms=x", "status=99", "no_such_option=1"], |option| {
        let request = t.run(&format!("{name}?{option}"));
        t.send(&request)?.must_be(400).map(drop)
    })?;
    t.ran(&name, 0)
}
