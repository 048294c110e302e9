//! The storm: 64 clients that retry, repeat each other, make mistakes and leave, and a judge over all that came of it.
//!
//! Clients (clients.rs, leaving.rs) ask for what the plan of each key says (work.rs) and write down every attempt
//! (history.rs). When all is quiet, the counts of what really ran are read (truth.rs). Then the judge looks for what
//! cannot have been (checker.rs, evidence.rs); forged.rs shows that it finds it.
//!
//! A few seconds of it run with every test; `STORM_REQUESTS=500000` (`make storm`) is the whole of it. `SEED=n` makes the
//! same choices again; which requests meet, and when, is the machine's affair.

mod checker;
mod clients;
mod evidence;
mod forged;
mod history;
mod leaving;
mod truth;
mod work;

use crate::support::{Random, Server, at_once, seed};
use checker::{Violation, check};
use clients::{CLIENTS, Made, Storm};
use history::{Answer, Attempt, Does, Got, History, KeyHistory, Settings};
use serial_test::serial;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Steps of each client against one server: alone, and in a long run.
const STEPS: usize = 25;
const STEPS_LONG: usize = 100;
/// Violations that are shown whole; where there are thousands, the first tell enough.
const SHOWN: usize = 5;

/// As the server starts without options, but for the lab.
const DEFAULT: Settings = Settings {
    ttl_us: 86_400_000_000,
    wait_us: None,
    keys_max: 1_000_000,
    bytes_are_tight: false,
    stored_max: 1_048_576,
};

/// The servers that the clients meet, one after the other: what the judge must know of them, and options besides.
#[rustfmt::skip] // one server a line
const SERVERS: &[(&str, Settings, &[&str])] = &[
    ("the defaults", DEFAULT, &[]),
    ("answers up to 1 KiB are stored", Settings { stored_max: 1_024, ..DEFAULT }, &[]),
    ("a TTL of 100 ms", Settings { ttl_us: 100_000, ..DEFAULT }, &[]),
    ("a TTL of 20 ms", Settings { ttl_us: 20_000, ..DEFAULT }, &[]),
    ("room for 100 keys", Settings { ttl_us: 60_000, keys_max: 100, ..DEFAULT }, &[]),
    ("room for 96 KiB", Settings { ttl_us: 100_000, bytes_are_tight: true, ..DEFAULT }, &["--max-bytes=96KiB"]),
    ("twelve workers", Settings { ttl_us: 500_000, ..DEFAULT }, &["--workers=12"]),
    // Longer than a client waits for anything: a duplicate that is forgotten fails the storm.
    ("duplicates that wait", Settings { wait_us: Some(60_000_000), ..DEFAULT }, &[]),
    ("duplicates that wait 15 ms", Settings { wait_us: Some(15_000), ttl_us: 300_000, ..DEFAULT }, &[]),
];

/// What must have come of a storm on any machine, or it was none.
#[rustfmt::skip] // answers, and those who left
const MUST_COME: &[&str] = &[
    "Executed", "Replayed", "Refused", "Mismatch", "NotStored",
    "left BeforeAnyByte", "left InHead", "left InContent", "left AfterLastByte", "left InHandler", "left AnswerUnread",
    "left AnswerHalfRead",
];

/// How often what came.
type Tally = BTreeMap<String, usize>;

/// What came of one storm.
struct Weather {
    name: &'static str,
    history: History,
    violations: Vec<Violation>,
    took: Duration,
}

// N-3, N-5, N-6, N-7, N-15, N-20 to N-24, N-30, N-31, N-33, N-40 to N-42, N-81
#[test]
#[serial]
fn in_a_storm_no_answer_contradicts_another_or_the_counts() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let least = number("STORM_REQUESTS");
    let steps = least.map_or(STEPS, |_| STEPS_LONG);
    let seed = seed();
    let (start, mut sent, mut tally) = (Instant::now(), 0, Tally::new());
    for round in 0.. {
        for (number, server) in (0..).zip(SERVERS) {
            let seed = Random::at(&[seed, round, number]).next();
            let weather = storm(server, seed, steps);
            weather.report();
            sent += weather.whole().count() as u64;
            add(&mut tally, &weather);
            assert!(weather.violations.is_empty(), "{}", weather.worst());
        }
        if sent >= least.unwrap_or(0) {
            break;
        }
    }
    println!(
        "{sent} whole requests in {:.0?}, 0 violations",
        start.elapsed()
    );
    for kind in MUST_COME {
        assert!(tally.contains_key(*kind), "{kind} never came: {tally:?}");
    }
}

// N-5, N-21: that many clients left does not make the judge blind.
#[test]
#[serial]
fn a_real_history_that_is_made_worse_is_found_out() {
    let history = storm(&SERVERS[0], seed(), STEPS).history;
    let mut changes = 0;
    for key in &history.keys {
        let mut found_out = |key: KeyHistory| {
            changes += 1;
            let one = History {
                settings: history.settings,
                keys: vec![key],
                ended_us: history.ended_us,
            };
            assert!(!check(&one).is_empty(), "{:?}", one.keys);
        };
        let counted = |attempt: &Attempt| {
            matches!(attempt.got, Got::Executed(_)) && attempt.ask.does == Does::Counted
        };
        if !key.attempts.iter().any(counted) {
            continue; // nobody saw it run: there may be a legal reading of much
        }
        for runs in [0, 2] {
            found_out(KeyHistory {
                runs,
                ..key.clone()
            });
        }
        for (at, attempt) in key.attempts.iter().enumerate() {
            if let Got::Replayed(answer) = attempt.got {
                let another = Answer {
                    digest: !answer.digest,
                    ..answer
                };
                for got in [Got::Executed(answer), Got::Replayed(another)] {
                    let mut worse = key.clone();
                    worse.attempts[at].got = got;
                    found_out(worse);
                }
            }
        }
    }
    assert!(changes > 1_000, "{changes} changes are few");
}

/// 64 clients against one of the servers, and the judge's verdict.
fn storm(server: &(&'static str, Settings, &[&str]), seed: u64, steps: usize) -> Weather {
    let (name, settings, besides) = *server;
    let options = settings.options();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let server = Server::lab(&[&options, besides].concat());
    let start = Instant::now();
    let storm = Storm::new(&server, seed);
    let made = at_once(CLIENTS, |number| storm.visit(number, steps));
    let took = start.elapsed();
    truth::wait_for_quiet(&server);
    let ended_us = storm.now_us();
    let history = History {
        settings,
        keys: by_key(&server, &storm, made.concat()),
        ended_us,
    };
    let violations = check(&history);
    Weather {
        name,
        history,
        violations,
        took,
    }
}

fn by_key(server: &Server, storm: &Storm<'_>, made: Vec<Made>) -> Vec<KeyHistory> {
    let mut by_key: BTreeMap<usize, Vec<_>> = BTreeMap::new();
    for (key, attempt) in made {
        by_key.entry(key).or_default().push(attempt);
    }
    let numbers: Vec<usize> = by_key.keys().copied().collect();
    let runs = truth::runs(server, storm, &numbers);
    by_key
        .into_iter()
        .zip(runs)
        .map(|((number, mut attempts), runs)| {
            attempts.sort_by_key(|attempt| attempt.began_us);
            KeyHistory {
                name: storm.key(number).name(),
                runs,
                attempts,
            }
        })
        .collect()
}

impl Settings {
    fn options(&self) -> Vec<String> {
        let mut options = vec![
            "--log=off".into(),
            format!("--ttl={}ms", self.ttl_us / 1_000),
            format!("--max-keys={}", self.keys_max),
            format!("--max-stored-response={}", self.stored_max),
        ];
        if let Some(wait_us) = self.wait_us {
            options.push("--duplicates=wait".into());
            options.push(format!("--wait-timeout={}ms", wait_us / 1_000));
        }
        options
    }
}

impl Weather {
    fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.history.keys.iter().flat_map(|key| &key.attempts)
    }

    fn whole(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts().filter(|attempt| attempt.whole)
    }

    /// One line: what was done, and what came back how often.
    fn report(&self) {
        let mut tally = Tally::new();
        add(&mut tally, self);
        let tally: Vec<String> = tally
            .iter()
            .map(|(what, count)| format!("{what} {count}"))
            .collect();
        println!(
            "{}: {} whole requests with {} keys in {:.1?}, {} violations; {}",
            self.name,
            self.whole().count(),
            self.history.keys.len(),
            self.took,
            self.violations.len(),
            tally.join(", "),
        );
    }

    fn worst(&self) -> String {
        let shown = self.violations.iter().take(SHOWN);
        let told: Vec<String> = shown
            .map(|violation| violation.tell(&self.history))
            .collect();
        format!(
            "{} violations with {}\n{}",
            self.violations.len(),
            self.name,
            told.join("\n")
        )
    }
}

fn add(tally: &mut Tally, weather: &Weather) {
    for attempt in weather.attempts() {
        let what = match (&attempt.got, attempt.left) {
            (Got::Nothing, Some(stage)) => format!("left {stage:?}"),
            (Got::Executed(_), _) => "Executed".into(),
            (Got::Replayed(_), _) => "Replayed".into(),
            (Got::Foreign(_), _) => "Foreign".into(),
            (got, _) => format!("{got:?}"),
        };
        *tally.entry(what).or_default() += 1;
    }
}
