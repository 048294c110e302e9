//! The ledger under 64 threads that pay each other, some of which panic while they hold its lock.

use crate::app::ledger::{OPENING, order};
use crate::harness::Test;
use crate::harness::random::Random;
use crate::harness::stress::{rounds, storm, while_another};
use nanoserve::app::ledger::{Currency, Ledger};
use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("money_is_conserved_under_threads", money_is_conserved_under_threads),
    ("panics_under_the_lock_move_nothing_and_stop_nobody", panics_under_the_lock_move_nothing_and_stop_nobody),
];

const NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "frank"];

// N-81: double entry, whatever is paid by whom at once.
fn money_is_conserved_under_threads() {
    pay_each_other(0);
}

// N-31, N-80, N-81: a handler can panic under the ledger's lock in one place, where it words its answer: in the commit.
// Had anything been changed by then, the sum, a balance or the count of payments would tell, or a new account of nobody's;
// were the poisoned lock not passed over, no other thread would pay any more.
fn panics_under_the_lock_move_nothing_and_stop_nobody() {
    pay_each_other(30);
}

/// 64 threads pay at random, and panic in so many commits of a hundred, while another adds up all the money there is.
fn pay_each_other(panics_percent: usize) {
    const TURNS: usize = 150;
    let mut random = Random::new();
    rounds(1, |_| {
        let ledger = Ledger::new();
        let (made, panicked) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let look = || assert_eq!(ledger.sum(Currency::EUR), 2 * OPENING);
        while_another(look, || {
            storm(&mut random, |thread, mut random| {
                for turn in 0..TURNS {
                    let from = random.below(NAMES.len());
                    let to = NAMES[(from + random.within(1..=5)) % NAMES.len()];
                    let panics = random.chance(panics_percent);
                    // Who is paid by a commit that panics has no account, and is not to get one.
                    let nobody = format!("nobody-{thread}-{turn}");
                    let to = if panics { &nobody } else { to };
                    let amount = random.below(100) as u64 * OPENING / 400 + 1;
                    let currency = ["EUR", "USD"][random.below(2)];
                    let order = order(NAMES[from], to, amount, currency);
                    let paid = panic::catch_unwind(AssertUnwindSafe(|| {
                        ledger.pay(&order, 7, |_| {
                            if panics {
                                panic::resume_unwind(Box::new("a handler's")); // without the hook's message
                            }
                        })
                    }));
                    let counter = match paid {
                        Ok(Ok(())) => &made,
                        Ok(Err(_)) => continue, // too little money
                        Err(_) => &panicked,
                    };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        });
        assert_eq!(ledger.payments(0).1, made.into_inner());
        assert_eq!(panicked.into_inner() > 0, panics_percent > 0);
        payments_explain_balances(&ledger);
    });
}

/// The payments, the oldest first, explain every balance; nobody pays what he has not, or has an account for nothing.
fn payments_explain_balances(ledger: &Ledger) {
    let (payments, _) = ledger.payments(usize::MAX);
    for currency in [Currency::EUR, Currency::USD] {
        assert_eq!(ledger.sum(currency), 2 * OPENING);
        let mut explained = HashMap::from([("alice", OPENING), ("bob", OPENING)]);
        for payment in payments.iter().rev().filter(|it| it.currency == currency) {
            let from = explained.get_mut(&*payment.from);
            let from = from.expect("who pays was paid before");
            *from = from.checked_sub(payment.amount).expect("enough to pay");
            *explained.entry(&payment.to).or_insert(0) += payment.amount;
        }
        for account in ledger.accounts() {
            let name = account.name();
            assert!(NAMES.contains(&name), "{name} was opened for nothing");
            let balance = account.balances().find(|(held, _)| *held == currency);
            let balance = balance.map(|(_, amount)| amount);
            assert_eq!(balance, explained.get(name).copied(), "{name}");
        }
    }
}
