//! The problem types of the demo application; the server's own are in http/problem.rs.

use crate::http::problem::ProblemType;
use crate::http::status::Status;
use crate::limits::{
    ACCOUNTS_LISTED_FREELY, ACCOUNTS_MAX, JSON_DEPTH_MAX, LAB_NAMES_MAX, PAYMENTS_MAX,
};

// The advice below states these figures.
const _: () = {
    assert!(JSON_DEPTH_MAX == 32);
    assert!(ACCOUNTS_MAX == 100_000);
    assert!(PAYMENTS_MAX == 1_000_000);
    assert!(LAB_NAMES_MAX == 100_000);
    assert!(ACCOUNTS_LISTED_FREELY == 1_000);
};

/// Content in a coding that this application does not read (N-80).
pub static CONTENT_ENCODING: ProblemType = ProblemType::new(
    "content-encoding",
    Status::UNSUPPORTED_MEDIA_TYPE,
    "Content coding is not supported",
    None,
    "Payments are read as they are, so send them without Content-Encoding or with \"identity\". Nothing was done and \
     the key is still free: send the corrected request with the same key.",
);

/// Content that is not JSON (N-80).
pub static BAD_JSON: ProblemType = ProblemType::new(
    "bad-json",
    Status::BAD_REQUEST,
    "Content is not JSON",
    None,
    "The content is not well-formed JSON (RFC 8259): UTF-8, no member twice, at most 32 levels deep. The detail says at \
     which byte. Nothing was done and the key is still free: send the corrected request with the same key.",
);

/// JSON that is no payment (N-80).
pub static BAD_PAYMENT: ProblemType = ProblemType::new(
    "bad-payment",
    Status::UNPROCESSABLE_CONTENT,
    "Content is not a payment",
    None,
    "A payment has from, to, amount in minor units, and currency. The detail names each member that is wrong and what \
     was expected. Nothing was done and the key is still free: send the corrected request with the same key.",
);

/// The payer has too little (N-80); recorded, as the answer to the payment that was asked for.
pub static INSUFFICIENT_FUNDS: ProblemType = ProblemType::new(
    "insufficient-funds",
    Status::PAYMENT_REQUIRED,
    "Insufficient funds",
    None,
    "The payer's balance in this currency does not cover the amount. No money moved, and this answer is recorded: a \
     retry with the same key gets it again, whatever the balance is by then. To try again with new funds, use a new \
     key.",
);

/// Somebody else is being told of all accounts, and they are many (N-81).
pub static LISTING_BUSY: ProblemType = ProblemType::new(
    "listing-busy",
    Status::SERVICE_UNAVAILABLE,
    "Another long listing is being made",
    Some(1),
    "With more than 1,000 accounts their listing is made for one client at a time. Ask again after a second.",
);

/// The ledger has reached its bound on accounts or payments (N-80).
pub static LEDGER_FULL: ProblemType = ProblemType::new(
    "ledger-full",
    Status::SERVICE_UNAVAILABLE,
    "The ledger is full",
    None,
    "The demo ledger holds at most 100,000 accounts and 1,000,000 payments and frees none while it runs, so waiting \
     does not help. Nothing was done and the key is still free.",
);

/// No payment has the id (N-81).
pub static UNKNOWN_PAYMENT: ProblemType = ProblemType::new(
    "unknown-payment",
    Status::NOT_FOUND,
    "No such payment",
    None,
    "No payment of this ledger has the id. A retry changes nothing.",
);

/// Nobody of that name was ever paid (N-81).
pub static UNKNOWN_ACCOUNT: ProblemType = ProblemType::new(
    "unknown-account",
    Status::NOT_FOUND,
    "No such account",
    None,
    "An account exists from the first payment to it; nobody of this name was paid yet. A retry succeeds once somebody \
     was.",
);

/// A query that cannot be followed (N-81).
pub static BAD_QUERY: ProblemType = ProblemType::new(
    "bad-query",
    Status::BAD_REQUEST,
    "Query is not valid",
    None,
    "The detail names the parameter and what was expected. Correct it; a retry of the same request gets the same \
     answer.",
);

/// An option of the lab that does not exist or has a bad value (N-83).
pub static LAB_OPTION: ProblemType = ProblemType::new(
    "lab-option",
    Status::BAD_REQUEST,
    "Lab option is not valid",
    None,
    "The detail names the option and what was expected. Nothing was done or counted, and the key is still free.",
);

/// The lab counts no more names (N-83).
pub static LAB_FULL: ProblemType = ProblemType::new(
    "lab-full",
    Status::SERVICE_UNAVAILABLE,
    "The lab is full",
    None,
    "The lab counts at most 100,000 names and forgets none while it runs. Nothing was counted and the key is still \
     free: use a name that it knows.",
);

/// The problem types of the demo application, for the contract page.
pub const PROBLEMS: &[&ProblemType] = &[
    &CONTENT_ENCODING,
    &BAD_JSON,
    &BAD_PAYMENT,
    &INSUFFICIENT_FUNDS,
    &LEDGER_FULL,
    &LISTING_BUSY,
    &UNKNOWN_PAYMENT,
    &UNKNOWN_ACCOUNT,
    &BAD_QUERY,
    &LAB_OPTION,
    &LAB_FULL,
];
