//! Step 5. The payments API (N-80, N-81): JSON in, a call of the ledger, JSON out.
//!
//! The decision on Content-Type: it is not looked at. A payment is JSON whatever its sender calls it (`curl -d` says
//! `application/x-www-form-urlencoded`); the key, which no form in a browser can send, keeps other pages out.

use crate::app::json::{self, Value};
use crate::app::ledger::{Account, AccountName, Currency, Order, Payment, PaymentId, Refusal};
use crate::app::problems::{
    BAD_JSON, BAD_PAYMENT, BAD_QUERY, CONTENT_ENCODING, INSUFFICIENT_FUNDS, LEDGER_FULL,
    LISTING_BUSY, UNKNOWN_ACCOUNT, UNKNOWN_PAYMENT,
};
use crate::app::{App, Exec, Reply};
use crate::http::date;
use crate::http::fields::{FieldName, FieldValue};
use crate::http::json_text::push_string;
use crate::http::problem::{Problem, ProblemType};
use crate::http::request::Request;
use crate::http::response::{Content, Response};
use crate::http::status::Status;
use crate::http::target::{percent_decode, query_pairs};
use crate::limits::{
    ACCOUNT_NAME_MAX, ACCOUNTS_LISTED_FREELY, AMOUNT_MAX, PAYMENTS_PAGE, PAYMENTS_PAGE_MAX,
};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::TryLockError;

const JSON: FieldValue = FieldValue::from_static("application/json");
const LOCATION: FieldName = FieldName::from_static("Location");
/// With a 415: what would be read (RFC 9110, section 15.5.16).
const ACCEPT_ENCODING: FieldName = FieldName::from_static("Accept-Encoding");
const IDENTITY: FieldValue = FieldValue::from_static("identity");

/// `POST /payments`: 201 and the payment, or a problem.
pub fn post(app: &App, request: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    if !is_identity(request) {
        let detail = "Content-Encoding: expected no coding but identity";
        let refusal = problem(&CONTENT_ENCODING, detail, exec);
        return Reply::NothingDone(refusal.field(ACCEPT_ENCODING, IDENTITY));
    }
    let members = ["from", "to", "amount", "currency"];
    let members = match json::read_object(request.content(), members) {
        Ok(members) => members,
        Err(e) => return Reply::NothingDone(problem(&BAD_JSON, e.to_string(), exec)),
    };
    let asked = match members.ok_or_else(|| "expected an object".to_owned()) {
        Ok(members) => Asked::read(members),
        Err(detail) => Err(detail),
    };
    match asked {
        Ok(asked) => pay(app, &asked, exec),
        Err(detail) => Reply::NothingDone(problem(&BAD_PAYMENT, detail, exec)),
    }
}

/// `GET /payments/{id}`: 200 and the payment, or 404.
pub fn get(app: &App, _request: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    let id = segment(exec).and_then(|text| PaymentId::parse(&text));
    match id.and_then(|id| app.ledger.payment(id)) {
        Some(payment) => {
            let mut text = String::new();
            push_payment(&mut text, &payment);
            Reply::Done(json_response(Status::OK, text))
        }
        None => Reply::NothingDone(problem(
            &UNKNOWN_PAYMENT,
            "no payment of this ledger has the id in the path",
            exec,
        )),
    }
}

/// `GET /payments`: 200 and the newest payments with their total, or 400 for a bad `limit`. Other parameters are
/// ignored.
pub fn list(app: &App, request: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    let Some(limit) = limit(request.query().unwrap_or_default()) else {
        let detail = format!("limit: expected one integer from 1 to {PAYMENTS_PAGE_MAX}");
        return Reply::NothingDone(problem(&BAD_QUERY, detail, exec));
    };
    let (payments, total) = app.ledger.payments(limit);
    let mut text = String::from("{\"payments\":[");
    push_list(&mut text, &payments, push_payment);
    // Writing to a String cannot fail, here and below.
    let _ = write!(text, "],\"total\":{total}}}");
    Reply::Done(json_response(Status::OK, text))
}

/// What an account is in JSON, at most: a name of 64 bytes, two currencies with the largest balances, and what is around.
const ACCOUNT_JSON_BYTES: usize = 160;

/// `GET /accounts`: 200 and every account; 503 where they are many and somebody else is being told of them.
///
/// A hundred thousand accounts are ten megabytes, and a hundred clients that ask for them would hold a gigabyte that no
/// bound counts yet. Poison is passed over: the lock guards no data.
pub fn accounts(app: &App, _request: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    let many = app.ledger.account_count() > ACCOUNTS_LISTED_FREELY;
    let turn = many.then(|| app.large_listing.try_lock());
    if matches!(turn, Some(Err(TryLockError::WouldBlock))) {
        let detail = "another listing of more than 1,000 accounts is being made";
        return Reply::NothingDone(problem(&LISTING_BUSY, detail, exec));
    }
    let accounts = app.ledger.accounts();
    // Room for all beforehand: growing by doubling would hold up to twice as much.
    let mut text = String::with_capacity(accounts.len() * ACCOUNT_JSON_BYTES + 32);
    text.push_str("{\"accounts\":[");
    push_list(&mut text, &accounts, push_account);
    text.push_str("]}");
    text.shrink_to_fit();
    Reply::Done(json_response(Status::OK, text))
}

/// `GET /accounts/{name}`: 200 and the account, or 404 where nobody of that name was ever paid.
pub fn account(app: &App, _request: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    match segment(exec).and_then(|name| app.ledger.account(&name)) {
        Some(account) => {
            let mut text = String::new();
            push_account(&mut text, &account);
            Reply::Done(json_response(Status::OK, text))
        }
        None => Reply::NothingDone(problem(
            &UNKNOWN_ACCOUNT,
            "nobody of the name in the path was ever paid",
            exec,
        )),
    }
}

/// Effect and answer are one: the answer is made and committed inside the ledger's step, under its lock. See
/// `Ledger::pay` for why nothing can come between them.
fn pay(app: &App, asked: &Asked<'_>, exec: &mut Exec<'_>) -> Reply {
    let Some(order) = asked.order() else {
        let detail = "to: expected another account than from";
        return Reply::NothingDone(problem(&BAD_PAYMENT, detail, exec));
    };
    let now_s = exec.wall_seconds();
    let refusal = match app.ledger.pay(&order, now_s, |p| exec.commit(captured(p))) {
        Ok(reply) => return reply,
        Err(refusal) => refusal,
    };
    match refusal {
        Refusal::InsufficientFunds => Reply::Done(problem(
            &INSUFFICIENT_FUNDS,
            "from: the balance in this currency is less than the amount",
            exec,
        )),
        Refusal::AccountsFull => Reply::NothingDone(problem(
            &LEDGER_FULL,
            "to: no room for another account",
            exec,
        )),
        Refusal::PaymentsFull => {
            Reply::NothingDone(problem(&LEDGER_FULL, "no room for another payment", exec))
        }
    }
}

fn captured(payment: &Payment) -> Response {
    let mut text = String::with_capacity(256);
    push_payment(&mut text, payment);
    let location = FieldValue::new(format!("/payments/{}", payment.id));
    json_response(Status::CREATED, text).field(
        LOCATION,
        location.expect("an id is made of letters, digits and '_'"),
    )
}

/// What a payment's members say, each well-formed by itself.
struct Asked<'a> {
    from: Cow<'a, str>,
    to: Cow<'a, str>,
    amount: u64,
    currency: Currency,
}

impl<'a> Asked<'a> {
    /// # Errors
    /// Every member that is wrong, and what was expected instead.
    fn read([from, to, amount, currency]: [Option<Value<'a>>; 4]) -> Result<Asked<'a>, String> {
        let mut faults = Vec::new();
        let name = format!("a name of 1 to {ACCOUNT_NAME_MAX} of a-z, 0-9, '_' and '-'");
        let integer =
            format!("an integer from 1 to {AMOUNT_MAX}, without sign, fraction or exponent");
        let from = faulty(&mut faults, "from", from, &name, account_name);
        let to = faulty(&mut faults, "to", to, &name, account_name);
        let amount = faulty(&mut faults, "amount", amount, &integer, minor_units);
        let code = "three capital letters";
        let currency = faulty(&mut faults, "currency", currency, code, |value| {
            Currency::new(&string(value)?)
        });
        match (from, to, amount, currency) {
            (Some(from), Some(to), Some(amount), Some(currency)) => Ok(Asked {
                from,
                to,
                amount,
                currency,
            }),
            _ => Err(faults.join("; ")),
        }
    }

    /// None where payer and payee are the same: all else was checked in `read`.
    fn order(&self) -> Option<Order<'_>> {
        let (from, to) = (AccountName::new(&self.from)?, AccountName::new(&self.to)?);
        Order::new(from, to, self.amount, self.currency)
    }
}

/// What `read` makes of a member; where it makes nothing, a line is added to `faults`. Values are never repeated.
fn faulty<'a, T>(
    faults: &mut Vec<String>,
    member: &str,
    value: Option<Value<'a>>,
    expected: &str,
    read: impl FnOnce(Value<'a>) -> Option<T>,
) -> Option<T> {
    let found = match value {
        None => "nothing",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a string",
        Some(Value::Array) => "an array",
        Some(Value::Object) => "an object",
    };
    let read = value.and_then(read);
    if read.is_none() {
        faults.push(format!("{member}: expected {expected}; found {found}"));
    }
    read
}

fn string(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.unescaped()),
        _ => None,
    }
}

fn account_name(value: Value<'_>) -> Option<Cow<'_, str>> {
    string(value).filter(|name| AccountName::new(name).is_some())
}

fn minor_units(value: Value<'_>) -> Option<u64> {
    match value {
        // JSON has no plus sign and no leading zero, so what parses as u64 is plain digits.
        Value::Number(text) => text
            .parse()
            .ok()
            .filter(|amount| (1..=AMOUNT_MAX).contains(amount)),
        _ => None,
    }
}

/// Whether every coding that the content is said to have is `identity` (RFC 9110, section 8.4).
fn is_identity(request: &Request<'_>) -> bool {
    request
        .values("content-encoding")
        .flat_map(|line| line.split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"))
}

/// The page size that a query asks for; none where it is not one integer from 1 to the largest page.
fn limit(query: &[u8]) -> Option<usize> {
    let mut limits = query_pairs(query).filter(|(name, _)| *name == b"limit");
    let Some((_, value)) = limits.next() else {
        return Some(PAYMENTS_PAGE);
    };
    let value = percent_decode(value)?;
    let digits = value.iter().all(u8::is_ascii_digit);
    let limit: usize = std::str::from_utf8(&value).ok()?.parse().ok()?;
    let good = digits && limits.next().is_none() && (1..=PAYMENTS_PAGE_MAX).contains(&limit);
    good.then_some(limit)
}

/// The first segment that stood for braces, decoded; none where it is not well-formed UTF-8.
fn segment<'a>(exec: &Exec<'a>) -> Option<Cow<'a, str>> {
    match percent_decode(exec.param(0))? {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

fn problem(kind: &'static ProblemType, detail: impl Into<String>, exec: &Exec<'_>) -> Response {
    Problem::new(kind, detail).into_response(exec.request_id())
}

fn json_response(status: Status, text: String) -> Response {
    Response::with_content(status, JSON, Content::Owned(text.into_bytes()))
}

fn push_list<T>(out: &mut String, values: &[T], push: impl Fn(&mut String, &T)) {
    for (n, value) in values.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        push(out, value);
    }
}

fn push_payment(out: &mut String, payment: &Payment) {
    let _ = write!(out, "{{\"id\":\"{}\",\"from\":", payment.id);
    push_string(out, payment.from.as_bytes());
    out.push_str(",\"to\":");
    push_string(out, payment.to.as_bytes());
    let _ = write!(
        out,
        ",\"amount\":{},\"currency\":\"{}\",\"status\":\"captured\",\"created_at\":\"{}\"}}",
        payment.amount,
        payment.currency.as_str(),
        date::rfc3339(payment.created_at_s),
    );
}

fn push_account(out: &mut String, account: &Account) {
    out.push_str("{\"name\":");
    push_string(out, account.name().as_bytes());
    out.push_str(",\"balances\":{");
    for (n, (currency, balance)) in account.balances().enumerate() {
        let comma = if n > 0 { "," } else { "" };
        let _ = write!(out, "{comma}\"{}\":{balance}", currency.as_str());
    }
    out.push_str("}}");
}
