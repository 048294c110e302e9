//! Every bound of the server on one page. Units end each name: `_ms`, `_us`, `_max` (a count, or bytes where said).
//!
//! A bound that an operator may change is the default here and an option in config.rs; all others are fixed.
//! The asserts at the end relate them: a change that breaks a relation does not compile.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const GIB: usize = 1024 * MIB;

// --- HTTP: what one request may be (N-53) ---

/// Bytes of a request head, request line and blank line included; more is 431.
pub const HEAD_MAX: usize = 16 * KIB;
/// Bytes of a request line without its CRLF; more is 414.
pub const REQUEST_LINE_MAX: usize = 8 * KIB;
/// Field lines in a head; more is 431.
pub const FIELD_LINES_MAX: usize = 100;
/// Empty lines that are skipped before a request line (RFC 9112, section 2.2).
pub const EMPTY_LINES_MAX: usize = 4;
/// Default of `--max-content`: bytes of content; more is 413.
pub const CONTENT_MAX: usize = MIB;
/// Largest `--max-content`.
pub const CONTENT_MAX_MAX: usize = GIB;
/// Hex digits of one chunk size; more is 400. Twelve hold 256 TiB, far over any content bound.
pub const CHUNK_SIZE_DIGITS_MAX: usize = 12;
/// Bytes of one chunk's extensions; more is 400.
pub const CHUNK_EXTENSION_MAX: usize = 256;
/// Bytes of all chunk extensions of one content; more is 400.
pub const CHUNK_EXTENSIONS_TOTAL_MAX: usize = 4 * KIB;
/// Bytes of a trailer section; more is 431.
pub const TRAILERS_MAX: usize = 4 * KIB;

// --- HTTP: how long things may take, all absolute (N-53, N-54) ---

/// Head, from its first byte to its last.
pub const HEAD_DEADLINE_MS: u64 = 5_000;
/// Whole request, from its first byte to its last content byte.
pub const REQUEST_DEADLINE_MS: u64 = 30_000;
/// A connection that sends nothing between two requests, or before the first.
pub const IDLE_DEADLINE_MS: u64 = 60_000;
/// An answer, from its first byte until the socket has taken the last.
pub const WRITE_DEADLINE_MS: u64 = 30_000;
/// Reading on after an early answer, so that the client can read it.
pub const LINGER_DEADLINE_MS: u64 = 2_000;
/// Bytes read and dropped in that time.
pub const LINGER_BYTES_MAX: usize = 2 * MIB;

// --- the idempotency engine (N-12, N-33, N-40 to N-44) ---

/// Bytes of a key after unquoting.
pub const KEY_BYTES_MAX: usize = 255;
/// Default of `--ttl`: 24 hours.
pub const TTL_MS: u64 = 24 * 60 * 60 * 1000;
/// Largest `--ttl`: 366 days.
pub const TTL_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;
/// Default of `--max-keys`.
pub const KEYS_MAX: usize = 1_000_000;
/// Largest `--max-keys`: sizes the directory of bucket pages.
pub const KEYS_MAX_MAX: usize = 100_000_000;
/// Default of `--max-bytes`.
pub const BYTES_MAX: usize = 512 * MIB;
/// Smallest `--max-bytes`: it holds one key of the longest sort.
pub const BYTES_MAX_MIN: usize = KIB;
/// Largest `--max-bytes`: 64 GiB; keys and bytes are counted in one 64-bit word (capacity.rs).
pub const BYTES_MAX_MAX: usize = 64 * GIB;
/// Default of `--max-stored-response`: bytes of a response's content; exactly that many are stored.
pub const STORED_RESPONSE_MAX: usize = MIB;
/// Largest `--max-stored-response`.
pub const STORED_RESPONSE_MAX_MAX: usize = GIB;
/// What a claim reserves for its response before it is known: a tombstone always fits (N-33), and so does the 500 of a
/// panic, 393 bytes with the longest request id (N-31).
pub const CLAIM_ALLOWANCE_BYTES: usize = 400;
/// What one key counts for beyond key and snapshot bytes: node, record, share of the bucket page, allocator's headers.
/// Most keys cost less (242 measured with UUIDs); for those that cost most, N-43's 20 % still hold (chain.rs).
pub const KEY_OVERHEAD_BYTES: usize = 264;
/// Buckets in one page: the largest single allocation of the growing table.
pub const PAGE_BUCKETS: usize = 4096;
/// Buckets of a new table; from then on their number doubles whenever there are more keys.
pub const BUCKETS_INITIAL: usize = PAGE_BUCKETS;
/// Buckets that one sweep step visits.
pub const SWEEP_STEP_BUCKETS: usize = 1024;
/// Steps of a whole sweep: a table too large for that many is visited in larger steps.
pub const SWEEP_STEPS_MAX: usize = 4096;
/// Shortest pause between two sweep steps: what keeps an eager sweeper at about a tenth of a core.
pub const SWEEP_PAUSE_MS_MIN: u64 = 1;
/// Longest pause between two sweep steps.
pub const SWEEP_PAUSE_MS_MAX: u64 = 1_000;
/// Duplicates that wait for a running attempt, over all keys; more get the 409 at once (N-22).
pub const WAITERS_MAX: usize = 1024;
/// Default of `--wait-timeout`.
pub const WAIT_TIMEOUT_MS: u64 = 10_000;
/// Longest `--wait-timeout`.
pub const WAIT_TIMEOUT_MS_MAX: u64 = 10 * 60 * 1000;
/// Records that one key look-up reports (N-61); a caller with more scopes than that on one key sees the first.
pub const SIGHTINGS_MAX: usize = 100;
/// Fullness in percent from which one sweep follows the other (N-24).
pub const SWEEP_EAGER_PERCENT: usize = 90;
/// Fullness in percent at which a warning is logged (N-43).
pub const FULL_WARNING_PERCENT: usize = 80;

// --- connections, threads, memory between socket and handler ---

/// Default of `--workers`.
pub const WORKERS: usize = 64;
/// Largest `--workers`.
pub const WORKERS_MAX: usize = 4096;
/// Threads of the admin listener: it answers while every public worker is busy.
pub const ADMIN_WORKERS: usize = 2;
/// Connections of the admin listener.
pub const ADMIN_CONNECTIONS_MAX: usize = 64;
/// Workers that never run a handler, so that reading, replaying and writing go on (N-24).
pub const WORKERS_RESERVED: usize = 2;
/// Stack of a worker: virtual until touched; a panic with a backtrace needs 64 KiB.
pub const WORKER_STACK_BYTES: usize = 256 * KIB;
/// Default of `--max-connections`.
pub const CONNECTIONS_MAX: usize = 10_000;
/// Largest `--max-connections`; `ulimit -n` is usually lower.
pub const CONNECTIONS_MAX_MAX: usize = 1_000_000;
/// Descriptors kept for everything that is not a client connection: listeners, refused sockets, spare, standard streams.
pub const DESCRIPTORS_RESERVED: usize = 288;
/// Connections over `--max-connections` while those asked to give way have not closed: one that turns out to be busy at
/// its last read stays, so without this bound a crowd of busy clients could be asked for ever.
pub const GIVE_WAY_OVERSHOOT_MAX: usize = 128;
/// New connections that wait for a worker; more are refused with the ready-made 503.
pub const TASK_QUEUE_MAX: usize = 1024;
/// Refused sockets that are kept, unread, so that their clients can read the 503 (N-1).
pub const REFUSED_RING_MAX: usize = 64;
/// How long a refused socket is kept.
pub const REFUSED_KEEP_MS: u64 = 1_000;
/// First and longest pause of the acceptor when accepting fails, as it does without descriptors.
pub const ACCEPT_BACKOFF_MS: u64 = 5;
/// See `ACCEPT_BACKOFF_MS`.
pub const ACCEPT_BACKOFF_MS_MAX: u64 = 1_000;
/// Bytes asked of a socket in one read.
pub const READ_BYTES: usize = 16 * KIB;
/// A connection's buffers above this size are given back after an answer.
pub const BUFFER_KEEP_MAX: usize = 32 * KIB;
/// Content up to this size is copied behind its head and leaves in the same write; larger is written from where it is.
pub const INLINE_CONTENT_MAX: usize = 16 * KIB;
/// Requests served in one visit to a connection; then others have their turn.
pub const REQUESTS_PER_VISIT_MAX: usize = 16;
/// Default of `--max-inflight-content`: content being received, over all connections (N-43).
pub const INFLIGHT_CONTENT_MAX: usize = 64 * MIB;
/// Largest `--max-inflight-content`.
pub const INFLIGHT_CONTENT_MAX_MAX: usize = 64 * GIB;
/// Content that comes in slower than this after its first second gives way when that bound is reached.
pub const SLOW_CONTENT_BYTES_PER_S: u64 = 64 * KIB as u64;
/// The grace before that rule applies.
pub const SLOW_CONTENT_GRACE_MS: u64 = 1_000;
/// Heads and contents of duplicates that wait, over all connections; one that finds no room gets the 409 at once (N-22).
pub const PARKED_BYTES_MAX: usize = 64 * MIB;
/// Response bytes that sockets have not taken yet, over all connections (N-43).
pub const UNSENT_BYTES_MAX: usize = 256 * MIB;
/// The shortest and longest pause between two visits to a quiet connection; between them a quarter of its quiet time.
pub const VISIT_US_MIN: u64 = 32;
/// See `VISIT_US_MIN`.
pub const VISIT_US_MAX: u64 = 32_768;
/// What a visit to a quiet connection may cost on average: stretches the longest pause when there are thousands.
pub const VISIT_US_PER_CONNECTION: u64 = 12;

/// How long after the last byte of any connection one worker looks on instead of waiting.
pub const LOOK_ON_US: u64 = 200;
/// How late a visit may be before a worker from the reserve makes it: what a slow handler may cost others.
pub const OVERDUE_US: u64 = 1_000;
/// After how long without a byte a connection gives back its buffers.
pub const SHRINK_AFTER_US: u64 = 500_000;
/// How often a listener that ends looks whether its workers have ended: a thread's end wakes nobody.
pub const JOIN_POLL_MS: u64 = 1;

// --- around it ---

/// How long the last lines on stderr may take to be written (N-64).
pub const LAST_LINES_MS: u64 = 500;

/// Default of `--drain-timeout`.
pub const DRAIN_MS: u64 = 25_000;
/// Of that, what is kept for the admin listener, which answers until the public one has ended.
pub const ADMIN_DRAIN_MS: u64 = 200;
/// Longest `--drain-timeout`.
pub const DRAIN_MS_MAX: u64 = 60 * 60 * 1000;
/// Log lines that wait for stderr; more are dropped and counted (N-64).
pub const LOG_QUEUE_MAX: usize = 4096;
/// Bytes of one log line; longer is cut and says so.
pub const LOG_LINE_MAX: usize = 2 * KIB;
/// Log lines that leave in one write.
pub const LOG_BATCH_MAX: usize = 64;
/// JSON nesting, the outermost value as 1 (N-80).
pub const JSON_DEPTH_MAX: usize = 32;

// --- the demo application (N-80 to N-83) ---

/// Accounts in the ledger.
pub const ACCOUNTS_MAX: usize = 100_000;
/// Payments in the ledger.
pub const PAYMENTS_MAX: usize = 1_000_000;
/// Payments in one allocation of the ledger (128 KiB), so that no payment moves those before it.
pub const PAYMENTS_CHUNK: usize = 4096;
/// Payments on one page of `GET /payments`.
pub const PAYMENTS_PAGE_MAX: usize = 1_000;
/// Payments on that page where no limit is asked for.
pub const PAYMENTS_PAGE: usize = 100;
/// Accounts that any number of clients may list at once; longer listings are made one at a time, others get 503.
pub const ACCOUNTS_LISTED_FREELY: usize = 1_000;
/// Bytes of an account's name.
pub const ACCOUNT_NAME_MAX: usize = 64;
/// Largest amount of one payment, in minor units: 2^53 - 1, exact in every JSON reader.
pub const AMOUNT_MAX: u64 = (1 << 53) - 1;
/// Names that the lab counts.
pub const LAB_NAMES_MAX: usize = 100_000;
/// Bytes of a lab name after percent-decoding.
pub const LAB_NAME_BYTES_MAX: usize = 64;
/// Longest sleep of a lab handler.
pub const LAB_DELAY_MS_MAX: u64 = 60_000;
/// Largest content that a lab handler makes.
pub const LAB_BYTES_MAX: usize = 16 * MIB;

const _: () = {
    assert!(HEAD_MAX <= u16::MAX as usize, "a head keeps 16-bit spans");
    assert!(
        FIELD_LINES_MAX <= u8::MAX as usize,
        "a head counts its field lines in a byte"
    );
    assert!(REQUEST_LINE_MAX < HEAD_MAX);
    assert!(CONTENT_MAX <= INFLIGHT_CONTENT_MAX);
    assert!(CONTENT_MAX_MAX <= INFLIGHT_CONTENT_MAX_MAX);
    assert!(KEY_BYTES_MAX + KEY_OVERHEAD_BYTES + CLAIM_ALLOWANCE_BYTES <= BYTES_MAX_MIN);
    assert!(HEAD_DEADLINE_MS < REQUEST_DEADLINE_MS);
    assert!(PAGE_BUCKETS.is_power_of_two());
    assert!(BUCKETS_INITIAL.is_power_of_two());
    assert!(BYTES_MAX <= BYTES_MAX_MAX && KEYS_MAX <= KEYS_MAX_MAX);
    assert!(TTL_MS <= TTL_MS_MAX);
    assert!(SWEEP_PAUSE_MS_MIN > 0 && SWEEP_PAUSE_MS_MIN < SWEEP_PAUSE_MS_MAX);
    assert!(CLAIM_ALLOWANCE_BYTES + KEY_OVERHEAD_BYTES + KEY_BYTES_MAX < BYTES_MAX);
    assert!(FULL_WARNING_PERCENT < SWEEP_EAGER_PERCENT);
    assert!(BUFFER_KEEP_MAX >= HEAD_MAX);
    assert!(
        DESCRIPTORS_RESERVED > REFUSED_RING_MAX + ADMIN_CONNECTIONS_MAX + GIVE_WAY_OVERSHOOT_MAX
    );
    assert!(VISIT_US_MIN < VISIT_US_MAX);
};
