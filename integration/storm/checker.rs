//! The judge: a pure function from a history to what in it no server that keeps the contract can have done.
//!
//! Each attempt gets one verdict: its answer must be one that the key can have had at some moment while the attempt was
//! under way. Then completed answers are compared in pairs, and with the counts. Invariant: a violation is certain;
//! wherever a history can be read in two ways, the server has the benefit.

use super::evidence::{Case, Sighting, are_two, completes_from, entered_by};
use super::history::{Answer, Attempt, Got, History, KeyHistory};
use std::fmt::Write as _;

/// A rule that was broken, and by which attempts of which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    /// Index into the history's keys.
    pub(crate) key: usize,
    /// Indices into the key's attempts.
    pub(crate) attempts: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    ForeignAnswer,
    ReplayOfNothing,
    ReplayAfterTtl,
    ReplayOverTheBound,
    DroppedWithinTheBound,
    InFlightAlone,
    InFlightTooSoon,
    InFlightAfterAnswer,
    MismatchAlone,
    MismatchOfItself,
    OtherContentNotRefused,
    FullWithRoom,
    KnownKeyRefused,
    RanAgain,
    RanTwiceAtOnce,
    MarkerMissing,
    AnswersDiffer,
    CountedTooFew,
    CountedTooMany,
    CountedTooOften,
}

/// Every rule in words.
#[rustfmt::skip] // one rule a line
pub(crate) const RULES: &[(Rule, &str)] = &[
    (Rule::ForeignAnswer, "the answer is neither the handler's for this request nor one of the guard's"),
    (Rule::ReplayOfNothing, "a replay, or 410, that no execution of the same request explains"),
    (Rule::ReplayAfterTtl, "a replay, or 410, from a record whose TTL was over"),
    (Rule::ReplayOverTheBound, "a replay of an answer that is too large to be stored"),
    (Rule::DroppedWithinTheBound, "410 for an answer that is small enough to be stored"),
    (Rule::InFlightAlone, "409 while no other attempt with this content can have been running"),
    (Rule::InFlightTooSoon, "409 to a duplicate that had not waited for the wait-timeout"),
    (Rule::InFlightAfterAnswer, "409 after the completed answer had been seen"),
    (Rule::MismatchAlone, "422 while no request with other content can have held the key"),
    (Rule::MismatchOfItself, "422 to the very content that held the key"),
    (Rule::OtherContentNotRefused, "another answer than 422 to other content than the key's"),
    (Rule::FullWithRoom, "503 for want of room while fewer keys were tried than there is room for"),
    (Rule::KnownKeyRefused, "503 to a key that the server knew"),
    (Rule::RanAgain, "a handler ran although the key held a completed answer"),
    (Rule::RanTwiceAtOnce, "two handlers at once, or two executions and no TTL between them"),
    (Rule::MarkerMissing, "one execution answered two attempts, and both answers came without the replay marker"),
    (Rule::AnswersDiffer, "two completed answers that differ, and no TTL between them"),
    (Rule::CountedTooFew, "the answers tell of more executions than were counted"),
    (Rule::CountedTooMany, "more executions were counted than attempts came whole and can have run"),
    (Rule::CountedTooOften, "more executions were counted than TTLs had passed"),
];

/// Everything in the history that cannot have been right.
pub(crate) fn check(history: &History) -> Vec<Violation> {
    let mut tried: Vec<u64> = history.keys.iter().filter_map(first_tried).collect();
    tried.sort_unstable();
    let mut violations = Vec::new();
    for (number, key) in history.keys.iter().enumerate() {
        let case = Case::new(&history.settings, key);
        let mut report = |rule, attempts| {
            violations.push(Violation {
                rule,
                key: number,
                attempts,
            });
        };
        for (at, attempt) in key.attempts.iter().enumerate() {
            if attempt.got == Got::Full && has_room(history, &tried, attempt) {
                report(Rule::FullWithRoom, vec![at]);
            } else if let Some(rule) = unexplained(&case, attempt) {
                report(rule, vec![at]);
            } else if let Some((rule, holder)) = passed_over(&case, at) {
                report(rule, vec![holder, at]);
            }
        }
        for (one, other) in pairs(&case.sightings) {
            if let Some(rule) = irreconcilable(&case, one, other) {
                report(rule, vec![one.attempt, other.attempt]);
            }
        }
        let refused = |at: usize| key.attempts[at].got == Got::Refused;
        let numbers: Vec<usize> = (0..key.attempts.len()).collect();
        for (&one, &other) in pairs(&numbers) {
            // Two that were recorded are compared by their answers.
            let compared = !refused(one) && !refused(other);
            if !compared && are_at_once(&key.attempts[one], &key.attempts[other]) {
                report(Rule::RanTwiceAtOnce, vec![one, other]);
            }
        }
        if let Some(rule) = miscounted(&case, key.runs, history.ended_us) {
            report(rule, (0..key.attempts.len()).collect());
        }
    }
    violations
}

impl Violation {
    /// The rule in words, and all that was done with the key, those concerned marked.
    pub(crate) fn tell(&self, history: &History) -> String {
        let words = RULES.iter().find(|(rule, _)| *rule == self.rule);
        let words = words.map_or("", |(_, words)| words);
        let key = &history.keys[self.key];
        let mut text = format!(
            "{:?}: {words}\n  {}, {} counted",
            self.rule, key.name, key.runs
        );
        for (at, attempt) in key.attempts.iter().enumerate() {
            let mark = if self.attempts.contains(&at) {
                '*'
            } else {
                ' '
            };
            let _ = write!(text, "\n  {mark} {attempt}"); // writing to a String cannot fail
        }
        text
    }
}

/// Whether no execution of this key, or of any attempt that may have had a part in it, explains the answer.
fn unexplained(case: &Case<'_>, seen: &Attempt) -> Option<Rule> {
    let others = || case.attempts.iter();
    match &seen.got {
        Got::Foreign(_) => Some(Rule::ForeignAnswer),
        Got::Replayed(_) | Got::NotStored => unexplained_replay(case, seen),
        Got::InFlight if seen.end_us() < case.decided_from(seen) => Some(Rule::InFlightTooSoon),
        Got::InFlight if !others().any(|other| keeps_waiting(case, other, seen)) => {
            Some(Rule::InFlightAlone)
        }
        Got::Mismatch if !others().any(|other| holds_against(case, other, seen)) => {
            Some(Rule::MismatchAlone)
        }
        _ => None,
    }
}

fn unexplained_replay(case: &Case<'_>, seen: &Attempt) -> Option<Rule> {
    if case.explainers(seen).next().is_none() {
        return Some(Rule::ReplayOfNothing);
    }
    let over = |answer: &Answer| answer.bytes > case.settings.stored_max;
    if seen.got.answer().is_some_and(over) {
        return Some(Rule::ReplayOverTheBound);
    }
    let dropped = |first: &&Attempt| {
        let bytes = first
            .got
            .answer()
            .map_or(first.ask.bytes, |answer| answer.bytes);
        seen.got != Got::NotStored || case.may_be_dropped(bytes)
    };
    if !case.explainers(seen).any(|first| dropped(&first)) {
        return Some(Rule::DroppedWithinTheBound);
    }
    let mut explainers = case.explainers(seen).filter(dropped);
    let alive =
        explainers.any(|first| seen.began_us <= case.lives_by(case.completes_by(first, seen)));
    (!alive).then_some(Rule::ReplayAfterTtl)
}

/// Whether the one may have been running, with the same content, when the other was told so.
fn keeps_waiting(case: &Case<'_>, other: &Attempt, seen: &Attempt) -> bool {
    other.ask.content == seen.ask.content
        && other.may_have_held()
        && !case.was_decided(other, seen)
        && !seen.is_before(other)
}

/// Whether the one may have held the key with other content, running or completed, at a moment of the other.
fn holds_against(case: &Case<'_>, other: &Attempt, seen: &Attempt) -> bool {
    let until_us = if other.may_have_executed() {
        case.lives_by(other.end_us())
    } else {
        other.end_us()
    };
    let over = other.is_before(seen) && !other.may_have_executed();
    other.ask.content != seen.ask.content
        && other.may_have_held()
        && !seen.is_before(other)
        && !over
        && seen.began_us <= until_us
}

/// Whether the key was surely held all through the attempt, by a record that the answer takes no notice of; and the
/// attempt that tells of it.
fn passed_over(case: &Case<'_>, at: usize) -> Option<(Rule, usize)> {
    let seen = &case.attempts[at];
    // The guard had decided before the handler took its time.
    let decided_by_us = match seen.got {
        Got::Executed(_) | Got::Refused => entered_by(seen),
        _ => seen.end_us(),
    };
    let holders = case.sightings.iter().filter(|record| {
        let before = record.claimed_by_us < case.decided_from(seen)
            || case.attempts[record.attempt].is_before(seen);
        record.attempt != at && before && decided_by_us < record.holds_until_us
    });
    for record in holders {
        let holder = &case.attempts[record.attempt];
        let completed = case.was_decided(holder, seen);
        let same = holder.ask.content == seen.ask.content;
        let rule = match seen.got {
            // Two answers that differ, or are told twice, are compared as a pair.
            Got::Executed(_) if are_two(holder, seen) => continue,
            Got::Executed(_) | Got::Refused => Rule::RanAgain,
            Got::Full | Got::Busy => Rule::KnownKeyRefused,
            Got::InFlight if !same => Rule::OtherContentNotRefused,
            Got::InFlight if completed => Rule::InFlightAfterAnswer,
            Got::Mismatch if same => Rule::MismatchOfItself,
            _ => continue,
        };
        return Some((rule, record.attempt));
    }
    None
}

/// Whether two completed answers are of two executions that cannot both have been.
fn irreconcilable(case: &Case<'_>, one: &Sighting, other: &Sighting) -> Option<Rule> {
    let (first, second) = (&case.attempts[one.attempt], &case.attempts[other.attempt]);
    if is_told_twice(first, second) {
        return Some(Rule::MarkerMissing);
    }
    let apart =
        one.holds_until_us <= other.claimed_by_us || other.holds_until_us <= one.claimed_by_us;
    if apart || !are_two(first, second) {
        return None;
    }
    Some(match (&first.got, &second.got) {
        (_, Got::Executed(_)) if first.is_before(second) => Rule::RanAgain,
        (Got::Executed(_), _) if second.is_before(first) => Rule::RanAgain,
        (Got::Executed(_), Got::Executed(_)) => Rule::RanTwiceAtOnce,
        _ => Rule::AnswersDiffer,
    })
}

/// Whether two handlers surely ran at one moment.
fn are_at_once(one: &Attempt, other: &Attempt) -> bool {
    let ran = |attempt: &Attempt| matches!(attempt.got, Got::Executed(_) | Got::Refused);
    let from_us = entered_by(one).max(entered_by(other));
    let to_us = completes_from(one).min(completes_from(other));
    ran(one) && ran(other) && from_us < to_us
}

/// Two first-hand answers that only one execution can have given.
fn is_told_twice(one: &Attempt, other: &Attempt) -> bool {
    matches!((&one.got, &other.got), (Got::Executed(one_answer), Got::Executed(other_answer))
        if !one.ask.alike && one_answer.digest == other_answer.digest)
}

/// Whether the count of the key's executions contradicts what its attempts saw.
fn miscounted(case: &Case<'_>, runs: u64, ended_us: u64) -> Option<Rule> {
    if runs < case.counted_at_least() {
        return Some(Rule::CountedTooFew);
    }
    if runs > case.counted_at_most() as u64 {
        return Some(Rule::CountedTooMany);
    }
    let executions = case
        .attempts
        .iter()
        .filter(|attempt| attempt.may_have_executed());
    let first_us = executions.map(completes_from).min().unwrap_or(ended_us);
    let life_us = case.lives_from(0).max(1);
    let lives = 1 + ended_us.saturating_sub(first_us) / life_us;
    (runs > lives).then_some(Rule::CountedTooOften)
}

/// Whether fewer keys had been tried by then than there is room for.
fn has_room(history: &History, tried: &[u64], seen: &Attempt) -> bool {
    let by_then = tried.partition_point(|began_us| *began_us <= seen.end_us());
    by_then <= history.settings.keys_max && !history.settings.bytes_are_tight
}

/// When a record of the key can have been made first.
fn first_tried(key: &KeyHistory) -> Option<u64> {
    key.attempts.iter().map(|attempt| attempt.began_us).min()
}

fn pairs<T>(all: &[T]) -> impl Iterator<Item = (&T, &T)> {
    let others = |at: usize| all[at + 1..].iter();
    let firsts = all.iter().enumerate();
    firsts.flat_map(move |(at, one)| others(at).map(move |other| (one, other)))
}
