//! More keys than fit, and what they leave in resident memory (N-24, N-43).
//!
//! A small size runs with every test; `make fill` (`FILL_KEYS=5000000` against the release build) is the whole of it, holds
//! memory to its word, and prints the table of docs/topics/memory.md. Resident memory is what Linux counts for the process,
//! beyond what it counted for the same server before its first request; counted is what `--max-bytes` bounds.

use crate::support::{DEADLINE, Flooded, Request, Server, flood, make_known, while_replaying};
use serial_test::serial;
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

/// Keys that are there before all others, and are asked for throughout.
const KNOWN: u64 = 100;
const REPLAYING_CLIENTS: usize = 2;
const MIB: u64 = 1024 * 1024;

/// How much of it: the defaults of the server, or so little that it does not hold up the other tests.
struct Scale {
    /// Distinct keys that are sent.
    sent: u64,
    /// `--max-keys`: a fifth of them.
    keys_max: u64,
    /// `--max-bytes`: at full size its default.
    bytes_max: u64,
    ttl: Duration,
    /// Below this size stacks and buffers outweigh the records, and resident memory says nothing of these.
    tells: bool,
}

/// A server and what it weighed before its first request.
struct Weighed {
    server: Server,
    empty: u64,
}

/// One moment.
#[derive(Clone, Copy)]
struct Weight {
    keys: u64,
    counted: u64,
    /// Beyond the empty server's, as all that follow here.
    resident: u64,
    /// The most that was ever resident.
    peak: u64,
}

/// Keys until it is full, and then nothing until all have expired.
struct Wave {
    full: Weight,
    expired: Weight,
}

// N-21, N-24, N-43, N-62
#[test]
#[serial]
fn five_times_the_keys_that_fit_leave_memory_bounded_and_known_keys_replaying() {
    let scale = Scale::asked_for();
    let weighed = Weighed::start(&scale, Duration::from_hours(24));
    let server = &weighed.server;
    let known = make_known(server, (0..KNOWN).map(|n| echo(&format!("known-{n}"))));
    // First as many as there is room for, had the known ones not come before; then all the others.
    let mut replays = 0;
    let mut weights = Vec::new();
    let phases = [
        ("while it fills", 0..scale.keys_max, scale.keys_max - KNOWN),
        ("while it is full", scale.keys_max..scale.sent, 0),
    ];
    for (phase, numbers, fit) in phases {
        let sent = numbers.end - numbers.start;
        let began = Instant::now();
        let (flooded, took) = while_replaying(server, &known, REPLAYING_CLIENTS, || {
            flood(server, numbers, false, small)
        });
        let expected = Flooded {
            executed: fit,
            refused: sent - fit,
        };
        assert_eq!(flooded, expected, "{phase}");
        replays += took.len() as u64;
        let weight = weighed.weigh();
        say_how_it_went(phase, sent, began.elapsed(), &took, weight);
        weights.push(weight);
    }
    let metrics = server.metrics();
    assert_eq!(metrics.answers("execute"), scale.keys_max);
    assert_eq!(metrics.answers("full"), scale.sent + KNOWN - scale.keys_max);
    assert_eq!(metrics.answers("replay"), replays);
    for weight in weights {
        assert_eq!(weight.keys, scale.keys_max, "all places are taken");
        weight.hold(&scale, "6 bytes");
    }
}

// N-24, N-42, N-43
#[test]
#[serial]
fn keys_that_expire_make_room_for_as_many_wave_after_wave() {
    let scale = Scale::asked_for();
    let weighed = Weighed::start(&scale, scale.ttl);
    let waves: Vec<Wave> = (0..scale.sent / scale.keys_max)
        .map(|number| {
            let numbers = number * scale.keys_max..(number + 1) * scale.keys_max;
            let (flooded, wave) = weighed.wave(&scale, numbers, small);
            let expected = Flooded {
                executed: scale.keys_max,
                refused: 0,
            };
            assert_eq!(flooded, expected);
            wave
        })
        .collect();
    hold_uniform(&scale, "6 bytes", &waves);
}

// N-42, N-43
#[test]
#[serial]
fn answers_of_one_size_take_the_memory_that_they_count_for() {
    let scale = Scale::asked_for();
    let sizes: [(&str, Size); 2] = [("1 KiB", &|_| 1024), ("16 KiB", &|_| 16 * 1024)];
    for (name, bytes) in sizes {
        let weighed = Weighed::start(&scale, scale.ttl);
        let waves: Vec<Wave> = (0..2)
            .map(|number| weighed.wave_of(&scale, number, bytes))
            .collect();
        hold_uniform(&scale, name, &waves);
    }
}

// N-42, N-43
#[test]
#[serial]
fn answers_of_another_size_after_each_expiry_stay_within_the_count() {
    let scale = Scale::asked_for();
    let weighed = Weighed::start(&scale, scale.ttl);
    say_heading();
    for (number, (name, bytes)) in (0..).zip(SHIFTING) {
        let wave = weighed.wave_of(&scale, number, bytes);
        println!("{}", wave.full.row(name, Some(wave.expired)));
    }
}

// N-42, N-43
#[test]
#[serial]
fn answers_of_another_size_before_the_last_have_expired_stay_within_the_count() {
    let scale = Scale::asked_for();
    let weighed = Weighed::start(&scale, scale.ttl);
    let mut next = 0;
    say_heading();
    for (name, bytes) in SHIFTING {
        // Half a TTL each: at any moment answers of at least two sizes are held, and the oldest make room.
        let began = Instant::now();
        while began.elapsed() < scale.ttl / 2 {
            let numbers = next..next + scale.keys_max;
            next = numbers.end;
            flood(&weighed.server, numbers, true, |n| of_size(n, bytes(n)));
            thread::park_timeout(scale.ttl / 200); // full: in a moment some will have expired
        }
        let weight = weighed.weigh();
        assert!(weight.counted <= scale.bytes_max);
        println!("{}", weight.row(&format!("{name}, overlapping"), None));
    }
    weighed.wait_expired(&scale);
    println!(
        "  {} MiB are resident when all have expired",
        mib(weighed.weigh().resident)
    );
}

type Size = &'static (dyn Fn(u64) -> u64 + Sync);

/// Bytes of content, by the number of the key.
const SHIFTING: [(&str, Size); 7] = [
    ("200 bytes", &|_| 200),
    ("4 KiB", &|_| 4 * 1024),
    ("16 KiB", &|_| 16 * 1024),
    ("128 bytes to 64 KiB", &mixed_size),
    ("128 bytes to 64 KiB again", &mixed_size),
    ("1 KiB", &|_| 1024),
    ("200 bytes again", &|_| 200),
];

impl Scale {
    fn asked_for() -> Scale {
        let sent = std::env::var("FILL_KEYS")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(10_000);
        let keys_max = sent / 5;
        let tells = keys_max >= 100_000;
        Scale {
            sent,
            keys_max,
            bytes_max: 512 * 1024 * 1024 * keys_max / 1_000_000,
            // Longer than a wave takes, so that all of it is there at once.
            ttl: Duration::from_millis(if tells { 20_000 } else { 100 }),
            tells,
        }
    }
}

impl Weighed {
    fn start(scale: &Scale, ttl: Duration) -> Weighed {
        let server = Server::lab(&[
            "--log=off",
            "--max-keys",
            &scale.keys_max.to_string(),
            "--max-bytes",
            &scale.bytes_max.to_string(),
            "--ttl",
            &format!("{}ms", ttl.as_millis()),
        ]);
        server.metrics(); // the admin listener is up too: now every thread is there
        let empty = server.status("VmRSS") * 1024;
        Weighed { server, empty }
    }

    fn weigh(&self) -> Weight {
        let metrics = self.server.metrics();
        let beyond = |name| (self.server.status(name) * 1024).saturating_sub(self.empty);
        Weight {
            keys: metrics.count("nanoserve_keys{state=\"completed\"}"),
            counted: metrics.count("nanoserve_keys_bytes"),
            resident: beyond("VmRSS"),
            peak: beyond("VmHWM"),
        }
    }

    /// Sends these numbers until there is no room, and waits until nothing is held.
    fn wave(
        &self,
        scale: &Scale,
        numbers: Range<u64>,
        request: impl Fn(u64) -> Request + Sync,
    ) -> (Flooded, Wave) {
        let flooded = flood(&self.server, numbers, true, request);
        let full = self.weigh();
        assert!(full.keys <= scale.keys_max && full.counted <= scale.bytes_max);
        self.wait_expired(scale);
        let expired = self.weigh();
        (flooded, Wave { full, expired })
    }

    /// Until nothing is held: a TTL, and what the sweeper takes.
    fn wait_expired(&self, scale: &Scale) {
        let began = Instant::now();
        while self.server.metrics().bytes() > 0.0 {
            assert!(
                began.elapsed() < 2 * scale.ttl + DEADLINE,
                "keys do not expire"
            );
            thread::park_timeout(scale.ttl / 50);
        }
    }

    /// As `wave`, with answers of the lab that have so many bytes of content.
    fn wave_of(&self, scale: &Scale, number: u64, bytes: Size) -> Wave {
        let numbers = number * scale.keys_max..(number + 1) * scale.keys_max;
        self.wave(scale, numbers, |n| of_size(n, bytes(n))).1
    }
}

impl Weight {
    /// A line of the table in docs/topics/memory.md.
    fn row(self, answers: &str, expired: Option<Weight>) -> String {
        format!(
            "| {answers} | {} | {} | {} | {} % | {} |",
            self.keys,
            mib(self.counted),
            mib(self.resident),
            self.resident * 100 / self.counted.max(1),
            expired.map_or(String::new(), |expired| mib(expired.resident))
        )
    }

    /// N-43, where all answers have had one size.
    fn hold(self, scale: &Scale, answers: &str) {
        // What stacks, buffers and a table that has just doubled may weigh where there is hardly anything else.
        let aside = if scale.tells { 0 } else { 8 * MIB };
        let allowed = scale.bytes_max.min(self.counted) * 6 / 5 + aside;
        assert!(
            self.resident <= allowed,
            "answers of {answers}: {} MiB are resident, {} MiB and a fifth are allowed",
            mib(self.resident),
            mib(self.counted)
        );
    }
}

/// The heading of the rows to come. The test runner may have left a line open.
fn say_heading() {
    println!(
        "\n| answers | keys | MiB counted | MiB resident | of the count | when all have expired |"
    );
    println!("|---|---|---|---|---|---|");
}

/// N-43 for waves of one size: each within what it counts for and a fifth, none a twentieth over the first.
fn hold_uniform(scale: &Scale, answers: &str, waves: &[Wave]) {
    say_heading();
    for (number, wave) in waves.iter().enumerate() {
        let name = format!("{answers}, wave {}", number + 1);
        println!("{}", wave.full.row(&name, Some(wave.expired)));
        wave.full.hold(scale, answers);
        if scale.tells {
            let first = waves[0].full.resident;
            assert!(
                wave.full.resident <= first + first / 20,
                "wave {}",
                number + 1
            );
        }
    }
}

fn say_how_it_went(phase: &str, sent: u64, took: Duration, replays: &[Duration], weight: Weight) {
    let at = |percent: usize| replays[(replays.len() - 1) * percent / 100];
    println!(
        "\n{phase}: {sent} new keys in {took:.1?}; {} replays of known ones, half of them within {:.2?}, 99 % within {:.2?}, \
         all within {:.2?}; {} keys held, {} MiB counted, {} MiB resident, {} MiB at most",
        replays.len(),
        at(50),
        at(99),
        at(100),
        weight.keys,
        mib(weight.counted),
        mib(weight.resident),
        mib(weight.peak)
    );
}

/// As many bytes as a UUID, and the same for every number.
fn key(number: u64) -> String {
    format!("fill0000-0000-4000-8000-{number:012}")
}

fn echo(key: &str) -> Request {
    Request::post("/echo").key(key).content("echoed")
}

fn small(number: u64) -> Request {
    echo(&key(number))
}

/// Answered with so many bytes of content.
fn of_size(number: u64, bytes: u64) -> Request {
    Request::lab(&format!("size?bytes={bytes}")).key(key(number))
}

/// 128 bytes to 64 KiB, as many below 1 KiB as above 8 KiB; the same for a number in every run.
fn mixed_size(number: u64) -> u64 {
    let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20; // 2^64 over the golden ratio
    let from = 128 << (noise % 9);
    from + (noise >> 8) % from
}

/// With one digit behind the point.
fn mib(bytes: u64) -> String {
    format!("{}.{}", bytes / MIB, bytes % MIB * 10 / MIB)
}
