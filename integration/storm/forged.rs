//! The judge on trial: histories written by hand. Each bad one has one fault and must be found out by that fault's rule
//! and no other; each good one looks suspicious and is legal.

use super::checker::{RULES, Rule, check};
use super::history::{Answer, Ask, Attempt, Does, Got, History, KeyHistory, Line, Settings};

/// A TTL that no history here outlives.
const DEFAULT: Settings = Settings {
    ttl_us: 86_400_000_000,
    wait_us: None,
    keys_max: 1_000_000,
    bytes_are_tight: false,
    stored_max: 1_024,
};
const TTL_100_MS: Settings = Settings {
    ttl_us: 100_000,
    ..DEFAULT
};
const WAIT_50_MS: Settings = Settings {
    wait_us: Some(50_000),
    ..DEFAULT
};
const ONE_KEY: Settings = Settings {
    keys_max: 1,
    ..DEFAULT
};
const NO_KEYS: Settings = Settings {
    keys_max: 0,
    ..DEFAULT
};
const FEW_BYTES: Settings = Settings {
    bytes_are_tight: true,
    ..DEFAULT
};
/// When the counts of a forged history were read.
const ENDED_MS: u64 = 1_000;

/// What it shows, the options, how often the key was counted, and the attempts.
type Forged = (&'static str, Settings, u64, Vec<Attempt>);

// N-5, N-20 to N-24, N-30, N-33, N-40
#[test]
fn each_forged_fault_is_found_out_by_its_rule() {
    let forged = [executions(), answers(), refusals(), records()].concat();
    for (rule, (name, settings, runs, attempts)) in &forged {
        let history = history(*settings, *runs, attempts);
        let found: Vec<Rule> = check(&history).iter().map(|found| found.rule).collect();
        assert_eq!(found, [*rule], "{name}");
    }
    for (rule, _) in RULES {
        let forged = forged.iter().any(|(broken, _)| broken == rule);
        assert!(forged, "no forged history breaks {rule:?}");
    }
}

// N-3, N-6, N-7, N-22, N-30, N-31, N-33, N-40
#[test]
fn what_looks_suspicious_and_is_legal_is_let_pass() {
    for (name, settings, runs, attempts) in legal() {
        let history = history(settings, runs, &attempts);
        let found = check(&history);
        let told: Vec<String> = found.iter().map(|found| found.tell(&history)).collect();
        assert!(found.is_empty(), "{name}: {}", told.join("\n"));
    }
}

#[rustfmt::skip] // one history a line
fn executions() -> Vec<(Rule, Forged)> {
    vec![
        (Rule::RanTwiceAtOnce, ("two copies at once, and both ran",
            TTL_100_MS, 2, vec![ran(0, 10, 1), ran(5, 12, 2)])),
        (Rule::RanTwiceAtOnce, ("two copies at once, and both were refused by their handlers",
            DEFAULT, 0, vec![nothing().taking(15), nothing().taking(12)])),
        (Rule::RanTwiceAtOnce, ("two copies in their handlers at once, and both were recorded",
            TTL_100_MS, 2, vec![ran(0, 20, 1).taking(15), ran(1, 22, 2).taking(15)])),
        (Rule::RanAgain, ("a retry after the answer was seen, and it ran",
            TTL_100_MS, 2, vec![ran(0, 10, 1), ran(20, 30, 2)])),
        (Rule::RanAgain, ("the key was forgotten shortly before its TTL was over",
            TTL_100_MS, 2, vec![ran(0, 10, 1), ran(90, 95, 2)])),
        (Rule::RanAgain, ("it was forgotten a millisecond early",
            TTL_100_MS, 2, vec![ran(0, 10, 1), ran(90, 99, 2)])),
        (Rule::RanAgain, ("the same, and the handler's own time hides it",
            TTL_100_MS, 2, vec![ran(0, 10, 1), ran(60, 115, 2).taking(40)])),
        (Rule::RanAgain, ("the TTL was counted from the claim",
            TTL_100_MS, 2, vec![ran(0, 60, 1).taking(50), ran(130, 135, 2)])),
        (Rule::RanAgain, ("a retry that stands before the first in the list",
            TTL_100_MS, 2, vec![ran(20, 30, 2), ran(0, 10, 1)])),
        (Rule::RanAgain, ("a retry ran after a replay was seen; nobody saw the first answer",
            TTL_100_MS, 2, vec![left(0), replay(5, 10, 1), ran(20, 30, 2)])),
        (Rule::RanAgain, ("a retry ran after a replay, and the answer is the same bytes",
            TTL_100_MS, 2, vec![left(0).alike(), replay(5, 10, 1).alike(), ran(20, 30, 1).alike()])),
        (Rule::RanAgain, ("a handler was entered for other content while the key held an answer",
            DEFAULT, 1, vec![ran(0, 10, 1), told(20, 30, Got::Refused).content(2).does(Does::Nothing)])),
        (Rule::CountedTooOften, ("two executions of a key, one of which nobody saw",
            DEFAULT, 2, vec![ran(0, 10, 1), left(1)])),
        (Rule::CountedTooOften, ("one execution more than there were TTLs",
            TTL_100_MS, 12, (0..12).map(left).collect())),
        (Rule::CountedTooFew, ("a success was seen, and nothing ran",
            DEFAULT, 0, vec![ran(0, 10, 1)])),
        (Rule::CountedTooFew, ("a replay was seen, and nothing ran",
            DEFAULT, 0, vec![left(0), replay(5, 10, 1)])),
        (Rule::CountedTooFew, ("410 was seen, and nothing ran",
            DEFAULT, 0, vec![left(0).sized(1_025), told(5, 10, Got::NotStored).sized(1_025)])),
        (Rule::CountedTooFew, ("two lives, and one execution",
            TTL_100_MS, 1, vec![ran(0, 10, 1).alike(), ran(200, 210, 1).alike()])),
        (Rule::CountedTooFew, ("an answer names a run that was not",
            DEFAULT, 1, vec![ran(0, 10, 2)])),
        (Rule::CountedTooMany, ("a request that never came whole was executed",
            DEFAULT, 1, vec![left(0).torn()])),
        (Rule::CountedTooMany, ("a request that was refused was counted",
            DEFAULT, 1, vec![told(0, 5, Got::Refused).does(Does::Nothing)])),
        (Rule::CountedTooMany, ("a panic before the count was counted",
            DEFAULT, 1, vec![left(0).does(Does::Uncounted)])),
        (Rule::CountedTooMany, ("a mismatch was told so, and executed",
            DEFAULT, 2, vec![ran(0, 10, 1), told(20, 25, Got::Mismatch).content(1)])),
    ]
}

#[rustfmt::skip] // one history a line
fn answers() -> Vec<(Rule, Forged)> {
    vec![
        (Rule::MarkerMissing, ("the second answer has no marker",
            DEFAULT, 1, vec![ran(0, 10, 1), ran(20, 25, 1)])),
        (Rule::ReplayOfNothing, ("the first and only answer has the marker",
            DEFAULT, 0, vec![replay(0, 10, 1)])),
        (Rule::ReplayOfNothing, ("a replay before the request that ran was sent",
            DEFAULT, 1, vec![replay(0, 5, 1), ran(10, 20, 1)])),
        (Rule::ReplayOfNothing, ("a replay with a changed byte",
            DEFAULT, 1, vec![ran(0, 10, 1), replay(20, 25, 7)])),
        (Rule::ReplayOfNothing, ("a replay of a key whose request was only refused",
            DEFAULT, 0, vec![told(0, 5, Got::Refused).does(Does::Nothing), replay(10, 15, 1).does(Does::Nothing)])),
        (Rule::ReplayOfNothing, ("the same, and its client had left",
            DEFAULT, 0, vec![left(0).does(Does::Nothing), replay(10, 15, 1).does(Does::Nothing)])),
        (Rule::ReplayOfNothing, ("a replay before its execution, beside one that left",
            DEFAULT, 1, vec![left(0), replay(5, 10, 1), ran(50, 60, 1)])),
        (Rule::ReplayOfNothing, ("other content got the key's answer",
            DEFAULT, 1, vec![ran(0, 10, 1), replay(20, 25, 1).content(1)])),
        (Rule::ReplayOfNothing, ("a replay in front of its own original in one pipeline",
            DEFAULT, 1, vec![ran(0, 10, 1).place(1), replay(0, 10, 1).place(0)])),
        (Rule::ReplayOfNothing, ("a replay before the handler can have been done",
            DEFAULT, 1, vec![ran(0, 50, 1).taking(40), replay(10, 30, 1)])),
        (Rule::AnswersDiffer, ("two completed answers, and no TTL between them",
            TTL_100_MS, 2, vec![left(0), ran(1, 10, 1), replay(20, 25, 2)])),
        (Rule::AnswersDiffer, ("a replay of another run within the TTL of one that was seen",
            TTL_100_MS, 2, vec![left(0), ran(300, 310, 1), replay(350, 355, 2)])),
        (Rule::AnswersDiffer, ("410 to two contents, and no TTL between them",
            TTL_100_MS, 2, vec![left(0).sized(1_025), left(0).sized(1_025).content(1),
                told(5, 10, Got::NotStored).sized(1_025), told(20, 25, Got::NotStored).sized(1_025).content(1)])),
        (Rule::AnswersDiffer, ("two replays that differ; nobody saw the first answer",
            TTL_100_MS, 2, vec![left(0), left(0), replay(5, 10, 1), replay(20, 25, 2)])),
        (Rule::ForeignAnswer, ("an answer that nobody asked for",
            DEFAULT, 0, vec![told(0, 5, Got::Foreign("418".into()))])),
    ]
}

#[rustfmt::skip] // one history a line
fn refusals() -> Vec<(Rule, Forged)> {
    vec![
        (Rule::InFlightAlone, ("409 to the only attempt",
            DEFAULT, 0, vec![told(0, 5, Got::InFlight)])),
        (Rule::InFlightAlone, ("409 after the only other attempt was answered",
            DEFAULT, 1, vec![ran(0, 10, 1), told(20, 25, Got::InFlight)])),
        (Rule::InFlightAlone, ("409 before the only other attempt was sent",
            DEFAULT, 1, vec![told(0, 5, Got::InFlight), ran(10, 20, 1)])),
        (Rule::InFlightAlone, ("409 after a refusal that freed the key",
            DEFAULT, 0, vec![told(0, 5, Got::Refused).does(Does::Nothing), told(6, 9, Got::InFlight).does(Does::Nothing)])),
        (Rule::InFlightAlone, ("409 where other content is running",
            DEFAULT, 1, vec![ran(0, 50, 1), told(10, 20, Got::InFlight).content(1)])),
        (Rule::InFlightAlone, ("409 behind its own original in one pipeline",
            DEFAULT, 1, vec![ran(0, 10, 1).place(0), told(0, 10, Got::InFlight).place(1)])),
        (Rule::InFlightAlone, ("409 beside an attempt that never came whole",
            DEFAULT, 0, vec![left(0).torn(), told(5, 10, Got::InFlight)])),
        (Rule::InFlightAfterAnswer, ("409 beside an open attempt, and the answer had been seen",
            DEFAULT, 1, vec![left(0), ran(1, 10, 1), told(20, 25, Got::InFlight)])),
        (Rule::InFlightAfterAnswer, ("409 behind its own original, beside an open attempt",
            DEFAULT, 1, vec![left(0), ran(1, 10, 1).place(0), told(1, 10, Got::InFlight).place(1)])),
        (Rule::InFlightTooSoon, ("409 to one that may wait longer",
            WAIT_50_MS, 1, vec![ran(0, 90, 1), told(10, 40, Got::InFlight)])),
        (Rule::InFlightAlone, ("409 at the end of a wait, and what it waited for was over",
            WAIT_50_MS, 1, vec![ran(0, 40, 1), told(10, 62, Got::InFlight)])),
        (Rule::InFlightAfterAnswer, ("the same, beside an open attempt",
            WAIT_50_MS, 1, vec![left(0), ran(1, 40, 1), told(10, 62, Got::InFlight)])),
        (Rule::OtherContentNotRefused, ("409 to other content than that of the completed answer",
            DEFAULT, 1, vec![left(0).content(1), ran(1, 10, 1), told(20, 25, Got::InFlight).content(1)])),
        (Rule::MismatchAlone, ("422 to the only attempt",
            DEFAULT, 0, vec![told(0, 5, Got::Mismatch)])),
        (Rule::MismatchAlone, ("422 beside an open attempt with the same content",
            DEFAULT, 0, vec![left(0), told(10, 15, Got::Mismatch)])),
        (Rule::MismatchAlone, ("422 because of a request that never came whole",
            DEFAULT, 0, vec![left(0).torn().content(1), told(10, 15, Got::Mismatch)])),
        (Rule::MismatchAlone, ("422 before the other content was sent",
            DEFAULT, 1, vec![told(0, 5, Got::Mismatch), ran(10, 20, 1).content(1)])),
        (Rule::MismatchAlone, ("422 behind a refusal in one pipeline",
            DEFAULT, 0, vec![nothing().place(0), told(0, 20, Got::Mismatch).content(2).place(1)])),
        (Rule::MismatchAlone, ("422 after a refusal that freed the key",
            DEFAULT, 0, vec![told(0, 5, Got::Refused).does(Does::Nothing), told(10, 15, Got::Mismatch).content(2)])),
        (Rule::MismatchAlone, ("422 because of a record whose TTL was over",
            TTL_100_MS, 1, vec![ran(0, 10, 1), told(120, 125, Got::Mismatch).content(1)])),
        (Rule::MismatchOfItself, ("422 to the content that the key belongs to",
            DEFAULT, 1, vec![left(0).content(1), ran(1, 10, 1), told(20, 25, Got::Mismatch)])),
        (Rule::FullWithRoom, ("503 while there is room for a million keys",
            DEFAULT, 0, vec![told(0, 5, Got::Full)])),
        (Rule::FullWithRoom, ("503 to the one key that there is room for",
            ONE_KEY, 0, vec![told(0, 5, Got::Full)])),
        (Rule::KnownKeyRefused, ("503 for want of room to a key that was answered",
            FEW_BYTES, 1, vec![ran(0, 10, 1), told(20, 25, Got::Full)])),
        (Rule::KnownKeyRefused, ("503 for want of a worker to a key that is running",
            DEFAULT, 1, vec![ran(0, 60, 1).taking(50), told(20, 25, Got::Busy)])),
    ]
}

#[rustfmt::skip] // one history a line
fn records() -> Vec<(Rule, Forged)> {
    vec![
        (Rule::ReplayOverTheBound, ("an answer over the bound was stored",
            DEFAULT, 1, vec![ran(0, 10, 1).sized(1_025), replay(20, 25, 1).sized(1_025)])),
        (Rule::DroppedWithinTheBound, ("410 for an answer exactly at the bound",
            DEFAULT, 1, vec![ran(0, 10, 1).sized(1_024), told(20, 25, Got::NotStored).sized(1_024)])),
        (Rule::ReplayOfNothing, ("410 to the only attempt",
            DEFAULT, 0, vec![told(0, 5, Got::NotStored).sized(1_025)])),
        (Rule::AnswersDiffer, ("first replayed, then said to be not stored",
            FEW_BYTES, 1, vec![ran(0, 10, 1), replay(20, 25, 1), told(30, 35, Got::NotStored)])),
        (Rule::ReplayAfterTtl, ("a replay after the TTL was over",
            TTL_100_MS, 1, vec![ran(0, 10, 1), replay(115, 120, 1)])),
        (Rule::ReplayAfterTtl, ("410 after the TTL was over",
            TTL_100_MS, 1, vec![ran(0, 10, 1).sized(1_025), told(115, 120, Got::NotStored).sized(1_025)])),
        (Rule::ReplayAfterTtl, ("a TTL that a replay has extended; nobody saw the first answer",
            TTL_100_MS, 1, vec![left(0), replay(5, 20, 1), replay(125, 130, 1)])),
    ]
}

#[rustfmt::skip] // one history a line
fn legal() -> Vec<Forged> {
    vec![
        ("a client left and nothing ran", DEFAULT, 0, vec![left(0)]),
        ("a client left and its request ran late", DEFAULT, 1,
            vec![left(0), told(50, 55, Got::InFlight), replay(100, 105, 1)]),
        ("of two that left the first ran, or the second", DEFAULT, 1, vec![left(0), left(5)]),
        ("two that left ran a TTL apart", TTL_100_MS, 2, vec![left(0), left(5)]),
        ("the answer that was not read is replayed", DEFAULT, 1, vec![unread(0, 10), replay(12, 15, 1)]),
        ("409 beside an open attempt that is long over", DEFAULT, 0, vec![left(0), told(500, 505, Got::InFlight)]),
        ("409 beside a handler that then does nothing", DEFAULT, 0,
            vec![nothing(), told(5, 10, Got::InFlight).does(Does::Nothing)]),
        ("a replay that was sent before the request that ran", DEFAULT, 1, vec![ran(5, 20, 1), replay(0, 25, 1)]),
        ("a duplicate behind its own original", DEFAULT, 1, vec![ran(0, 10, 1).place(0), replay(0, 10, 1).place(1)]),
        ("refused twice, one after the other", DEFAULT, 0, vec![nothing().taking(10), nothing().taking(10)]),
        ("422 beside a handler that then does nothing", DEFAULT, 0,
            vec![nothing().taking(15), told(5, 12, Got::Mismatch).content(2).taking(10)]),
        ("409 while the handler surely runs", DEFAULT, 1, vec![ran(0, 60, 1).taking(50), told(20, 25, Got::InFlight)]),
        ("refused, corrected, executed", DEFAULT, 1,
            vec![nothing(), ran(30, 40, 1).content(2), told(50, 55, Got::Mismatch).does(Does::Nothing)]),
        ("422 while the other is in the handler", DEFAULT, 1, vec![ran(0, 50, 1), told(10, 20, Got::Mismatch).content(1)]),
        ("422 because of one that left", DEFAULT, 1, vec![left(0).content(1), told(10, 12, Got::Mismatch)]),
        ("422 because of one that is about to be refused", DEFAULT, 0,
            vec![nothing(), told(5, 10, Got::Mismatch).content(2)]),
        ("a panic before the count", DEFAULT, 0,
            vec![ran(0, 10, 1).does(Does::Uncounted), replay(20, 25, 1).does(Does::Uncounted)]),
        ("a second life, a TTL after the first", TTL_100_MS, 2,
            vec![ran(0, 10, 1), replay(105, 112, 1), ran(113, 118, 2), replay(120, 125, 2)]),
        ("a TTL counted from the next whole millisecond", TTL_100_MS, 1, vec![ran(0, 10, 1), replay(110, 115, 1)]),
        ("two lives, the later one first in the list", TTL_100_MS, 2, vec![ran(300, 310, 2), ran(0, 10, 1)]),
        ("no worker for a key whose TTL is over", TTL_100_MS, 1, vec![ran(0, 10, 1), told(120, 125, Got::Busy)]),
        ("a second life with other content", TTL_100_MS, 2,
            vec![ran(0, 10, 1), told(105, 107, Got::Mismatch).content(1), ran(110, 115, 2).content(1)]),
        ("two lives whose answers are the same bytes", TTL_100_MS, 2,
            vec![ran(0, 10, 1).alike(), ran(150, 155, 1).alike(), replay(160, 165, 1).alike()]),
        ("a tombstone", DEFAULT, 1, vec![
            ran(0, 10, 1).sized(1_025), told(20, 25, Got::NotStored).sized(1_025), told(30, 35, Got::NotStored).sized(1_025)]),
        ("a small answer that found no room", FEW_BYTES, 1, vec![ran(0, 10, 1), told(20, 25, Got::NotStored)]),
        ("no room, and then there is", NO_KEYS, 1, vec![told(0, 5, Got::Full), ran(10, 15, 1)]),
        ("no worker, and then there is", DEFAULT, 1, vec![told(0, 5, Got::Busy), ran(10, 15, 1)]),
        ("a wait that ends with the answer", WAIT_50_MS, 1, vec![ran(0, 40, 1), replay(10, 41, 1)]),
        ("a wait that ends without", WAIT_50_MS, 1, vec![ran(0, 90, 1), told(10, 62, Got::InFlight)]),
        ("a wait that ends soon, as the client has said its last", WAIT_50_MS, 1,
            vec![ran(0, 90, 1), told(10, 20, Got::InFlight).half_closed()]),
        ("a wait that ends as the new first", WAIT_50_MS, 0,
            vec![nothing(), told(5, 58, Got::Refused).does(Does::Nothing), told(6, 60, Got::InFlight).does(Does::Nothing)]),
    ]
}

fn history(settings: Settings, runs: u64, attempts: &[Attempt]) -> History {
    let key = KeyHistory {
        name: "forged".into(),
        runs,
        attempts: attempts.to_vec(),
    };
    History {
        settings,
        keys: vec![key],
        ended_us: ENDED_MS * 1_000,
    }
}

/// Times in milliseconds.
fn told(began: u64, ended: u64, got: Got) -> Attempt {
    Attempt {
        ended_us: Some(ended * 1_000),
        got,
        ..left(began)
    }
}

/// Its answer says which run it was, and so do the digits of its digest.
fn ran(began: u64, ended: u64, run: u64) -> Attempt {
    told(began, ended, Got::Executed(answer(run)))
}

fn replay(began: u64, ended: u64, run: u64) -> Attempt {
    told(began, ended, Got::Replayed(answer(run)))
}

/// A handler that refused.
fn nothing() -> Attempt {
    told(0, 20, Got::Refused).does(Does::Nothing)
}

/// A client that saw that an answer came, and left.
fn unread(began: u64, first_byte: u64) -> Attempt {
    told(began, first_byte, Got::Nothing)
}

/// A client that sent all and left without a byte.
fn left(began: u64) -> Attempt {
    Attempt {
        client: 0,
        ask: Ask {
            content: 0,
            does: Does::Counted,
            status: 201,
            delay_us: 0,
            bytes: 30,
            alike: false,
        },
        began_us: began * 1_000,
        ended_us: None,
        whole: true,
        line: None,
        half_closed: false,
        left: None,
        got: Got::Nothing,
    }
}

fn answer(run: u64) -> Answer {
    Answer {
        digest: run,
        bytes: 30,
        run: Some(run),
    }
}

/// What is not as in most.
impl Attempt {
    fn content(mut self, content: u8) -> Attempt {
        self.ask.content = content;
        self
    }

    fn does(mut self, does: Does) -> Attempt {
        self.ask.does = does;
        self
    }

    fn taking(mut self, delay_ms: u64) -> Attempt {
        self.ask.delay_us = delay_ms * 1_000;
        self
    }

    fn torn(mut self) -> Attempt {
        self.whole = false;
        self
    }

    fn half_closed(mut self) -> Attempt {
        self.half_closed = true;
        self
    }

    fn place(mut self, place: usize) -> Attempt {
        self.line = Some(Line {
            pipeline: (0, 0),
            place,
        });
        self
    }

    fn sized(mut self, bytes: usize) -> Attempt {
        self.ask.bytes = bytes;
        if let Got::Executed(answer) | Got::Replayed(answer) = &mut self.got {
            answer.bytes = bytes;
        }
        self
    }

    /// Every run answers the same bytes, so that no answer says which run it was.
    fn alike(mut self) -> Attempt {
        self.ask.alike = true;
        if let Got::Executed(answer) | Got::Replayed(answer) = &mut self.got {
            answer.run = None;
        }
        self
    }
}
