//! Step 5. The ledger: accounts and payments in integer minor units, double entry. No HTTP, no JSON.
//!
//! Invariant: for each currency the balances of all accounts add up to what the ledger opened with, at every moment at
//! which its lock is free. Money is never made, so no currency but the opening ones is ever held.
//! Lock order: the one lock here is taken last; while it is held nothing of ours is called but the closure of `pay`.

use crate::limits::{ACCOUNT_NAME_MAX, ACCOUNTS_MAX, AMOUNT_MAX, PAYMENTS_CHUNK, PAYMENTS_MAX};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that a payment takes, for good. They are allocated `PAYMENTS_CHUNK` payments at a time.
pub const PAYMENT_BYTES: usize = 32;

/// Bytes that an account takes, for good, at most: itself (48, twice that while its vector has room to spare), its
/// place in the index (24 and a control byte, at the loosest 16 places for 7 names), its name once (16, up to 64, and
/// the allocator's 16).
pub const ACCOUNT_BYTES_MAX: usize = 2 * 48 + 25 * 16 / 7 + 1 + 16 + ACCOUNT_NAME_MAX + 16;

/// Who has money at the start, and how much in each currency of `MONEY`, in minor units: 1,000,000,000.00.
const OPENING_ACCOUNTS: [&str; 2] = ["alice", "bob"];
const OPENING_BALANCE: u64 = 100_000_000_000;

/// Every currency that there is money in.
const MONEY: [Currency; 2] = [Currency::EUR, Currency::USD];

const _: () = {
    assert!(size_of::<Record>() == PAYMENT_BYTES);
    assert!(size_of::<Account>() == 48);
    // Indices and sequence numbers are u32.
    assert!(ACCOUNTS_MAX <= u32::MAX as usize);
    assert!(PAYMENTS_MAX <= u32::MAX as usize);
    assert!(OPENING_ACCOUNTS.len() <= ACCOUNTS_MAX);
};

/// Accounts and payments.
pub struct Ledger {
    /// The part of every payment's id that differs between two processes.
    run: u64,
    state: Mutex<State>,
}

/// A currency's code: three capitals (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency([u8; 3]);

/// A well-formed account name: 1 to 64 of `a-z`, `0-9`, `_` and `-` (N-80).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountName<'a>(&'a str);

/// A payment that is asked for: two different accounts and an amount within bounds, by construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<'a> {
    from: AccountName<'a>,
    to: AccountName<'a>,
    amount: u64,
    currency: Currency,
}

/// A payment's name: `pay_` and 24 hex digits, of which the first 16 belong to this ledger's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaymentId {
    run: u64,
    number: u32,
}

/// A payment that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Who paid.
    pub from: Arc<str>,
    /// Who was paid.
    pub to: Arc<str>,
    /// In minor units.
    pub amount: u64,
    /// Of this currency.
    pub currency: Currency,
    /// When, in seconds since 1970.
    pub created_at_s: u64,
}

/// An account with its balances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    name: Arc<str>,
    /// One for each of `MONEY`; none where the account never had any.
    balances: [Option<u64>; MONEY.len()],
}

/// Why a payment was not made. Nothing has changed then, and no account was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The payer has less than that; who was never paid has nothing.
    InsufficientFunds,
    /// The payee would be one account too many.
    AccountsFull,
    /// It would be one payment too many.
    PaymentsFull,
}

struct State {
    accounts: Vec<Account>,
    by_name: HashMap<Arc<str>, u32>,
    /// Payment n is at `chunks[n / PAYMENTS_CHUNK][n % PAYMENTS_CHUNK]`: no push moves the payments there are.
    chunks: Vec<Vec<Record>>,
    payments: usize,
}

struct Record {
    amount: u64,
    created_at_s: u64,
    from: u32,
    to: u32,
    currency: Currency,
}

impl Ledger {
    /// A ledger as it opens: two accounts with money, no payments.
    pub fn new() -> Ledger {
        let opening = OPENING_ACCOUNTS.map(|name| Account {
            name: Arc::from(name),
            balances: [Some(OPENING_BALANCE); MONEY.len()],
        });
        let by_name = (0_u32..).zip(&opening);
        Ledger {
            // RandomState is keyed by the operating system, so this differs from process to process and, as it counts
            // on from there, from ledger to ledger.
            run: RandomState::new().hash_one("payment ids"),
            state: Mutex::new(State {
                by_name: by_name.map(|(at, a)| (Arc::clone(&a.name), at)).collect(),
                accounts: opening.into(),
                chunks: Vec::with_capacity(PAYMENTS_MAX.div_ceil(PAYMENTS_CHUNK)),
                payments: 0,
            }),
        }
    }

    /// Makes a payment, whole or not at all.
    ///
    /// `commit` is told of the payment under the lock, after the last check and before the first change, and is the
    /// place to fix its answer. If it panics, nothing was done. After it returns nothing can fail: what follows assigns
    /// balances that are already computed and pushes into memory that is already reserved, so commitment and effect
    /// cannot be parted; and no other thread sees one without the other, as both happen under one hold of the lock.
    /// It must not block and not call this ledger.
    ///
    /// # Errors
    /// A `Refusal`; `commit` was not called.
    pub fn pay<T>(
        &self,
        order: &Order<'_>,
        now_s: u64,
        commit: impl FnOnce(&Payment) -> T,
    ) -> Result<T, Refusal> {
        let mut state = self.lock();
        let (from, to) = (state.find(order.from.0), state.find(order.to.0));
        let money = MONEY.iter().position(|held| *held == order.currency);
        // Whoever has enough exists, and holds one of the opening currencies.
        let (Some(from), Some(money)) = (from, money) else {
            return Err(Refusal::InsufficientFunds);
        };
        let (left, received) = {
            let balance = |at: usize| state.accounts[at].balances[money].unwrap_or(0);
            let left = balance(from).checked_sub(order.amount);
            let received = to.map_or(0, balance).checked_add(order.amount);
            (
                left.ok_or(Refusal::InsufficientFunds)?,
                received
                    .expect("the payer had it, and all the money of a currency fits in 64 bits"),
            )
        };
        if state.payments >= PAYMENTS_MAX {
            return Err(Refusal::PaymentsFull);
        }
        if to.is_none() && state.accounts.len() >= ACCOUNTS_MAX {
            return Err(Refusal::AccountsFull);
        }
        state.reserve_one();
        let payment = Payment {
            id: self.id(state.payments),
            from: Arc::clone(&state.accounts[from].name),
            to: to.map_or_else(
                || Arc::from(order.to.0),
                |to| Arc::clone(&state.accounts[to].name),
            ),
            amount: order.amount,
            currency: order.currency,
            created_at_s: now_s,
        };
        let committed = commit(&payment);

        // From here on nothing can fail. The indices were found, or are made, under this very lock.
        let to = to.unwrap_or_else(|| state.open_account(&payment.to));
        state.accounts[from].balances[money] = Some(left);
        state.accounts[to].balances[money] = Some(received);
        state.push_payment(&payment, from, to);
        Ok(committed)
    }

    /// The payment with an id, found by its number.
    pub fn payment(&self, id: PaymentId) -> Option<Payment> {
        let state = self.lock();
        (id.run == self.run)
            .then(|| self.read(&state, id.number as usize))
            .flatten()
    }

    /// The newest `limit` payments, the newest first, and how many there are in all.
    pub fn payments(&self, limit: usize) -> (Vec<Payment>, usize) {
        let state = self.lock();
        let newest = (0..state.payments).rev().take(limit);
        (
            newest.filter_map(|n| self.read(&state, n)).collect(),
            state.payments,
        )
    }

    /// Every account, in the order in which they were opened.
    pub fn accounts(&self) -> Vec<Account> {
        self.lock().accounts.clone()
    }

    /// How many accounts there are.
    pub fn account_count(&self) -> usize {
        self.lock().accounts.len()
    }

    /// An account; none where nobody of that name was ever paid.
    pub fn account(&self, name: &str) -> Option<Account> {
        let state = self.lock();
        state.find(name).map(|at| state.accounts[at].clone())
    }

    /// What all accounts hold together: the same for ever (N-81).
    pub fn sum(&self, currency: Currency) -> u64 {
        let accounts = self.accounts();
        let balances = accounts.iter().flat_map(Account::balances);
        balances
            .filter(|(held, _)| *held == currency)
            .map(|(_, balance)| balance)
            .sum()
    }

    fn read(&self, state: &State, number: usize) -> Option<Payment> {
        let chunk = state.chunks.get(number / PAYMENTS_CHUNK)?;
        let record = chunk.get(number % PAYMENTS_CHUNK)?;
        let name = |at: u32| Arc::clone(&state.accounts[at as usize].name);
        Some(Payment {
            id: self.id(number),
            from: name(record.from),
            to: name(record.to),
            amount: record.amount,
            currency: record.currency,
            created_at_s: record.created_at_s,
        })
    }

    fn id(&self, number: usize) -> PaymentId {
        PaymentId {
            run: self.run,
            number: index_u32(number),
        }
    }

    /// A panic under this lock can only come before the first change (see `pay`), so poison is passed over.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger::new()
    }
}

impl State {
    fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).map(|&at| at as usize)
    }

    /// Room for one more payment and one more account, so that the pushes after the commitment cannot fail.
    fn reserve_one(&mut self) {
        self.accounts.reserve(1);
        self.by_name.reserve(1);
        if self.payments == self.chunks.len() * PAYMENTS_CHUNK {
            self.chunks.push(Vec::with_capacity(PAYMENTS_CHUNK));
        }
    }

    fn open_account(&mut self, name: &Arc<str>) -> usize {
        let at = self.accounts.len();
        self.by_name.insert(Arc::clone(name), index_u32(at));
        self.accounts.push(Account {
            name: Arc::clone(name),
            balances: [None; MONEY.len()],
        });
        at
    }

    fn push_payment(&mut self, payment: &Payment, from: usize, to: usize) {
        let chunk = self.chunks.last_mut();
        chunk.expect("reserve_one made room").push(Record {
            amount: payment.amount,
            created_at_s: payment.created_at_s,
            from: index_u32(from),
            to: index_u32(to),
            currency: payment.currency,
        });
        self.payments += 1;
    }
}

/// Indices stay below `ACCOUNTS_MAX` and `PAYMENTS_MAX`, which are asserted to fit.
fn index_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl Currency {
    /// The euro.
    pub const EUR: Currency = Currency(*b"EUR");
    /// The dollar of the United States.
    pub const USD: Currency = Currency(*b"USD");

    /// None where `code` is not three capitals.
    pub fn new(code: &str) -> Option<Currency> {
        let code = <[u8; 3]>::try_from(code.as_bytes()).ok()?;
        code.iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Currency(code))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<'a> AccountName<'a> {
    /// None where `name` is not well-formed.
    pub fn new(name: &'a str) -> Option<AccountName<'a>> {
        let good = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        let fits = (1..=ACCOUNT_NAME_MAX).contains(&name.len());
        (fits && name.bytes().all(good)).then_some(AccountName(name))
    }
}

impl<'a> Order<'a> {
    /// None where payer and payee are one account, or the amount is not from 1 to `AMOUNT_MAX` minor units.
    pub fn new(
        from: AccountName<'a>,
        to: AccountName<'a>,
        amount: u64,
        currency: Currency,
    ) -> Option<Order<'a>> {
        (from != to && (1..=AMOUNT_MAX).contains(&amount)).then_some(Order {
            from,
            to,
            amount,
            currency,
        })
    }
}

impl PaymentId {
    /// The id that `text` spells; none where it spells none. Only the spelling of `Display` is one.
    pub fn parse(text: &str) -> Option<PaymentId> {
        let digits = text.strip_prefix("pay_")?;
        let good = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != 24 || !digits.bytes().all(good) {
            return None;
        }
        let (run, number) = digits.split_at_checked(16)?;
        Some(PaymentId {
            run: u64::from_str_radix(run, 16).ok()?,
            number: u32::from_str_radix(number, 16).ok()?,
        })
    }
}

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pay_{:016x}{:08x}", self.run, self.number)
    }
}

impl Account {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its balances in minor units, one for each currency that it ever had money in.
    pub fn balances(&self) -> impl Iterator<Item = (Currency, u64)> + use<'_> {
        let each = MONEY.iter().zip(self.balances);
        each.filter_map(|(currency, balance)| Some((*currency, balance?)))
    }
}
