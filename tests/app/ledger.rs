//! Claims about src/app/ledger.rs.

use crate::harness::Test;
use nanoserve::app::ledger::{
    ACCOUNT_BYTES_MAX, AccountName, Currency, Ledger, Order, PAYMENT_BYTES, PaymentId, Refusal,
};
use nanoserve::limits::{ACCOUNTS_MAX, AMOUNT_MAX, PAYMENTS_CHUNK, PAYMENTS_MAX};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub const TESTS: &[Test] = &[
    ("it_opens_with_money_for_two", it_opens_with_money_for_two),
    (
        "a_payment_moves_money_and_opens_the_payee",
        a_payment_moves_money_and_opens_the_payee,
    ),
    (
        "too_little_money_changes_nothing",
        too_little_money_changes_nothing,
    ),
    (
        "no_balance_leaves_by_a_payment_and_none_is_made",
        no_balance_leaves_by_a_payment_and_none_is_made,
    ),
    (
        "a_panic_in_commit_leaves_nothing_done",
        a_panic_in_commit_leaves_nothing_done,
    ),
    (
        "commit_sees_the_payment_that_is_found_later",
        commit_sees_the_payment_that_is_found_later,
    ),
    (
        "ids_are_unlike_across_restarts",
        ids_are_unlike_across_restarts,
    ),
    (
        "only_the_exact_spelling_is_an_id",
        only_the_exact_spelling_is_an_id,
    ),
    (
        "the_newest_payments_come_first",
        the_newest_payments_come_first,
    ),
    ("orders_cannot_be_malformed", orders_cannot_be_malformed),
    (
        "one_account_too_many_is_refused",
        one_account_too_many_is_refused,
    ),
    (
        "one_payment_too_many_is_refused",
        one_payment_too_many_is_refused,
    ),
    ("records_weigh_what_is_said", records_weigh_what_is_said),
];

pub(super) const OPENING: u64 = 100_000_000_000;

pub(super) fn order<'a>(from: &'a str, to: &'a str, amount: u64, currency: &str) -> Order<'a> {
    let name = |name| AccountName::new(name).expect("a good name");
    let currency = Currency::new(currency).expect("a good code");
    Order::new(name(from), name(to), amount, currency).expect("a good order")
}

fn pay(
    ledger: &Ledger,
    from: &str,
    to: &str,
    amount: u64,
    currency: &str,
) -> Result<PaymentId, Refusal> {
    ledger.pay(&order(from, to, amount, currency), 7, |payment| payment.id)
}

/// `alice: EUR 1, USD 2; bob: …`
fn balances(ledger: &Ledger) -> String {
    let accounts = ledger.accounts().into_iter().map(|account| {
        let each: Vec<String> = account
            .balances()
            .map(|(c, n)| format!("{} {n}", c.as_str()))
            .collect();
        format!("{}: {}", account.name(), each.join(", "))
    });
    accounts.collect::<Vec<_>>().join("; ")
}

// N-81
fn it_opens_with_money_for_two() {
    let ledger = Ledger::new();
    let opening =
        "alice: EUR 100000000000, USD 100000000000; bob: EUR 100000000000, USD 100000000000";
    assert_eq!(balances(&ledger), opening);
    assert_eq!(ledger.payments(10).1, 0);
    assert!(ledger.account("carol").is_none());
    assert_eq!(ledger.sum(Currency::EUR), 2 * OPENING);
}

// N-80, N-81
fn a_payment_moves_money_and_opens_the_payee() {
    let ledger = Ledger::new();
    let id = pay(&ledger, "alice", "carol", 1250, "EUR").expect("alice has it");
    assert_eq!(
        balances(&ledger),
        "alice: EUR 99999998750, USD 100000000000; bob: EUR 100000000000, USD 100000000000; carol: EUR 1250"
    );
    let payment = ledger.payment(id).expect("it was made");
    assert_eq!((&*payment.from, &*payment.to), ("alice", "carol"));
    assert_eq!(
        (payment.amount, payment.currency, payment.created_at_s),
        (1250, Currency::EUR, 7)
    );
    pay(&ledger, "carol", "bob", 1250, "EUR").expect("carol has it");
    let carol = ledger.account("carol").expect("she was paid");
    assert!(carol.balances().eq([(Currency::EUR, 0)]));
}

// N-80: refused, and no account is opened.
fn too_little_money_changes_nothing() {
    let ledger = Ledger::new();
    let before = balances(&ledger);
    for (from, to, amount, currency) in [
        ("alice", "dora", OPENING + 1, "EUR"),
        ("alice", "dora", AMOUNT_MAX, "USD"),
        ("alice", "dora", 1, "GBP"),
        ("nobody", "dora", 1, "EUR"),
        ("nobody", "alice", 1, "XXX"),
    ] {
        let refused = pay(&ledger, from, to, amount, currency);
        assert_eq!(
            refused,
            Err(Refusal::InsufficientFunds),
            "{from} {currency}"
        );
    }
    assert_eq!(balances(&ledger), before);
    assert_eq!(ledger.payments(10).1, 0);
}

fn no_balance_leaves_by_a_payment_and_none_is_made() {
    let ledger = Ledger::new();
    pay(&ledger, "alice", "bob", OPENING, "EUR").expect("all of it");
    assert_eq!(
        pay(&ledger, "alice", "bob", 1, "EUR"),
        Err(Refusal::InsufficientFunds)
    );
    pay(&ledger, "bob", "alice", 2 * OPENING, "EUR").expect("all there is");
    assert_eq!(ledger.sum(Currency::EUR), 2 * OPENING);
    assert_eq!(ledger.sum(Currency::USD), 2 * OPENING);
}

// N-31: a payment is whole or not at all, and its lock is no obstacle to others.
fn a_panic_in_commit_leaves_nothing_done() {
    let ledger = Ledger::new();
    let before = balances(&ledger);
    let panics = || {
        ledger.pay(&order("alice", "erin", 5, "EUR"), 7, |_| {
            panic!("no answer")
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!(balances(&ledger), before);
    assert_eq!(ledger.payments(10).1, 0);
    pay(&ledger, "alice", "erin", 5, "EUR").expect("others go on");
    assert_eq!(ledger.payments(10).1, 1);
}

fn commit_sees_the_payment_that_is_found_later() {
    let ledger = Ledger::new();
    for to in ["bob", "frank", "frank"] {
        let seen = ledger
            .pay(&order("alice", to, 3, "USD"), 9, Clone::clone)
            .expect("paid");
        assert_eq!(ledger.payment(seen.id), Some(seen));
    }
    let mut called = false;
    let refused = ledger.pay(&order("nobody", "bob", 3, "USD"), 9, |_| called = true);
    assert!(refused.is_err() && !called);
}

// N-80
fn ids_are_unlike_across_restarts() {
    let mut ids = HashSet::new();
    for _ in 0..8 {
        let ledger = Ledger::new();
        for _ in 0..100 {
            let id = pay(&ledger, "alice", "bob", 1, "EUR").expect("paid");
            assert!(ids.insert(id.to_string()), "{id} twice");
            assert_eq!(PaymentId::parse(&id.to_string()), Some(id));
        }
        let other = Ledger::new();
        pay(&other, "alice", "bob", 1, "EUR").expect("paid");
        let mut known = ids.iter().filter_map(|id| PaymentId::parse(id));
        assert!(known.all(|id| other.payment(id).is_none()));
    }
}

fn only_the_exact_spelling_is_an_id() {
    let good = "pay_0123456789abcdef00000001";
    let id = PaymentId::parse(good).expect("an id");
    assert_eq!(id.to_string(), good);
    let bad = [
        "",
        "pay_",
        "0123456789abcdef00000001",
        "pay_0123456789ABCDEF00000001",
        "pay_0123456789abcdef0000001",
        "pay_0123456789abcdef000000001",
        "pay_+123456789abcdef00000001",
        "pay_0123456789abcdef+0000001",
        "PAY_0123456789abcdef00000001",
        "pay_0123456789abcdé00000001",
        " pay_0123456789abcdef00000001",
    ];
    for text in bad {
        assert_eq!(PaymentId::parse(text), None, "{text}");
    }
    assert!(Ledger::new().payment(id).is_none());
}

// N-81
fn the_newest_payments_come_first() {
    let ledger = Ledger::new();
    let total = 2 * PAYMENTS_CHUNK + 3; // over the edges of chunks
    let made = total as u64;
    for amount in 1..=made {
        pay(&ledger, "alice", "bob", amount, "EUR").expect("paid");
    }
    let amounts = |limit| -> (Vec<u64>, usize) {
        let (payments, total) = ledger.payments(limit);
        (payments.iter().map(|p| p.amount).collect(), total)
    };
    assert_eq!(amounts(0).0, []);
    assert_eq!(
        amounts(4),
        (vec![made, made - 1, made - 2, made - 3], total)
    );
    let all: Vec<u64> = (1..=made).rev().collect();
    assert_eq!(amounts(usize::MAX), (all, total));
}

// N-80
fn orders_cannot_be_malformed() {
    let long = "a".repeat(64);
    for name in ["a", "0", "_", "-", "a-z_09", &long] {
        assert!(AccountName::new(name).is_some(), "{name}");
    }
    let longer = "a".repeat(65);
    for name in ["", "A", "a b", "é", "a.b", "a/b", "a\0", &longer] {
        assert!(AccountName::new(name).is_none(), "{name}");
    }
    for code in ["", "EU", "EURO", "eur", "E1R", "ÉR", "EU\0"] {
        assert_eq!(Currency::new(code), None, "{code}");
    }
    let (a, b) = (
        AccountName::new("a").expect("good"),
        AccountName::new("b").expect("good"),
    );
    assert!(Order::new(a, b, 1, Currency::EUR).is_some());
    assert!(Order::new(a, b, AMOUNT_MAX, Currency::EUR).is_some());
    assert!(Order::new(a, b, 0, Currency::EUR).is_none());
    assert!(Order::new(a, b, AMOUNT_MAX + 1, Currency::EUR).is_none());
    assert!(Order::new(a, a, 1, Currency::EUR).is_none());
}

// N-80
fn one_account_too_many_is_refused() {
    let ledger = Ledger::new();
    for n in 2..ACCOUNTS_MAX {
        pay(&ledger, "alice", &format!("u{n}"), 1, "EUR").expect("there is room");
    }
    assert_eq!(
        pay(&ledger, "alice", "late", 1, "EUR"),
        Err(Refusal::AccountsFull)
    );
    assert_eq!(
        pay(&ledger, "nobody", "late", 1, "EUR"),
        Err(Refusal::InsufficientFunds)
    );
    assert_eq!(ledger.accounts().len(), ACCOUNTS_MAX);
    assert!(ledger.account("late").is_none());
    pay(&ledger, "bob", "u2", 1, "EUR").expect("known accounts go on");
}

// N-80
fn one_payment_too_many_is_refused() {
    let ledger = Ledger::new();
    let order = order("alice", "bob", 1, "EUR");
    for _ in 0..PAYMENTS_MAX {
        ledger.pay(&order, 7, |_| ()).expect("there is room");
    }
    assert_eq!(ledger.pay(&order, 7, |_| ()), Err(Refusal::PaymentsFull));
    assert_eq!(ledger.payments(1).1, PAYMENTS_MAX);
    let moved = OPENING - PAYMENTS_MAX as u64;
    let alice = ledger.account("alice").expect("she is there");
    assert!(
        alice
            .balances()
            .eq([(Currency::EUR, moved), (Currency::USD, OPENING)])
    );
}

// The sizes are asserted beside the private types; these are the figures that the documents state.
fn records_weigh_what_is_said() {
    assert_eq!(PAYMENT_BYTES, 32);
    assert_eq!(ACCOUNT_BYTES_MAX, 250);
    assert_eq!(size_of::<nanoserve::app::ledger::Account>(), 48);
}
