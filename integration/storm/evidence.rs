//! What the attempts of one key let us know for certain about its executions: earliest and latest moments, nothing else.
//!
//! Invariant: every bound errs on the server's side. `_from_us` is never later and `_by_us` never earlier than the truth,
//! whatever the server did between an attempt's first byte and the end of its answer.

use super::history::{Attempt, Does, Got, KeyHistory, Settings};

/// The server rounds the moment of a completion up to a whole millisecond, so a record may live that much longer.
const CLOCK_GRAIN_US: u64 = 1_000;

/// One key, with what its completed answers tell.
pub(super) struct Case<'h> {
    pub(super) settings: &'h Settings,
    pub(super) attempts: &'h [Attempt],
    pub(super) sightings: Vec<Sighting>,
}

/// An attempt that got a completed answer (the handler's, first-hand or replayed, or 410), and the record behind it.
pub(super) struct Sighting {
    pub(super) attempt: usize,
    pub(super) claimed_by_us: u64,
    /// The record holds the key until then at least.
    pub(super) holds_until_us: u64,
}

impl<'h> Case<'h> {
    pub(super) fn new(settings: &'h Settings, key: &'h KeyHistory) -> Case<'h> {
        let mut case = Case {
            settings,
            attempts: &key.attempts,
            sightings: Vec::new(),
        };
        let sightings = (0..case.attempts.len()).filter_map(|at| case.sighting(at));
        case.sightings = sightings.collect();
        case
    }

    /// None where the attempt got no completed answer, and where it got one that nothing explains: that is a violation
    /// of its own, and nothing is to be concluded from it.
    fn sighting(&self, at: usize) -> Option<Sighting> {
        let attempt = &self.attempts[at];
        let (claimed_by_us, completed_from_us, seen_at_us) = match attempt.got {
            Got::Executed(_) => (entered_by(attempt), completes_from(attempt), 0),
            Got::Replayed(_) | Got::NotStored => {
                let completed_from_us = self.explainers(attempt).map(completes_from).min()?;
                (attempt.end_us(), completed_from_us, attempt.began_us)
            }
            _ => return None,
        };
        let holds_until_us = self.lives_from(completed_from_us).max(seen_at_us);
        Some(Sighting {
            attempt: at,
            claimed_by_us,
            holds_until_us,
        })
    }

    /// The attempts whose execution may be the one that this replay or 410 tells of, whatever the time that has passed.
    pub(super) fn explainers(&self, seen: &'h Attempt) -> impl Iterator<Item = &'h Attempt> {
        let known = self.attempts.iter().any(|attempt| {
            matches!(attempt.got, Got::Executed(_)) && attempt.got.answer() == seen.got.answer()
        });
        self.attempts.iter().filter(move |attempt| {
            let fits = match (&attempt.got, &seen.got) {
                (Got::Executed(first), Got::Replayed(again)) => first.digest == again.digest,
                // An answer that names its run, and that somebody got first-hand, is not also that of one who left.
                (Got::Nothing, Got::Replayed(_)) => seen.ask.alike || !known,
                _ => true,
            };
            fits && attempt.may_have_executed()
                && attempt.ask.content == seen.ask.content
                && !seen.is_before(attempt)
                && completes_from(attempt) <= seen.end_us()
        })
    }

    /// When the record of an execution was complete at the latest; of one who left, as others saw its answer.
    pub(super) fn completes_by(&self, execution: &Attempt, seen: &Attempt) -> u64 {
        let same = |other: &&Attempt| {
            other.ask.content == seen.ask.content
                && !other.ask.alike
                && other.got.answer().is_some()
                && other.got.answer() == seen.got.answer()
        };
        let others = self.attempts.iter().filter(same).map(Attempt::end_us);
        others.chain([execution.end_us()]).min().unwrap_or(u64::MAX)
    }

    /// Before when the answer cannot have been decided: a 409 to one that waits, before its time was up (N-22).
    pub(super) fn decided_from(&self, seen: &Attempt) -> u64 {
        let waits = seen.got == Got::InFlight && !seen.half_closed;
        let wait_us = self.settings.wait_us.filter(|_| waits).unwrap_or(0);
        seen.began_us + wait_us
    }

    /// Whether the one was over before the answer to the other was decided.
    pub(super) fn was_decided(&self, one: &Attempt, other: &Attempt) -> bool {
        one.is_before(other) || one.end_us() < self.decided_from(other)
    }

    /// Until when a record lives at least that was completed no earlier than this.
    pub(super) fn lives_from(&self, completed_from_us: u64) -> u64 {
        completed_from_us.saturating_add(self.settings.ttl_us)
    }

    /// Until when a record lives at most that was completed no later than this.
    pub(super) fn lives_by(&self, completed_by_us: u64) -> u64 {
        completed_by_us.saturating_add(self.settings.ttl_us + CLOCK_GRAIN_US)
    }

    /// Whether an answer of this size may have become a tombstone (N-33).
    pub(super) fn may_be_dropped(&self, bytes: usize) -> bool {
        self.settings.bytes_are_tight || bytes > self.settings.stored_max
    }

    /// Executions that the application must have counted, by the completed answers that were seen.
    pub(super) fn counted_at_least(&self) -> u64 {
        let seen = self
            .sightings
            .iter()
            .map(|seen| &self.attempts[seen.attempt]);
        let seen: Vec<&Attempt> = seen.filter(|seen| seen.ask.does == Does::Counted).collect();
        let mut answers = Vec::new();
        for attempt in &seen {
            if let Got::Executed(answer) = attempt.got {
                answers.push((attempt.ask.content, answer.digest));
            }
        }
        if !seen.iter().any(|seen| seen.ask.alike) {
            // Told twice is another rule's affair.
            answers.sort_unstable();
            answers.dedup();
        }
        for attempt in &seen {
            if let Got::Replayed(answer) = attempt.got
                && !answers.contains(&(attempt.ask.content, answer.digest))
            {
                answers.push((attempt.ask.content, answer.digest));
            }
        }
        let named = seen.iter().filter_map(|seen| seen.got.answer()?.run).max();
        (answers.len() as u64)
            .max(named.unwrap_or(0))
            .max(u64::from(!seen.is_empty()))
    }

    /// Executions that there were attempts for.
    pub(super) fn counted_at_most(&self) -> usize {
        let counted =
            |attempt: &&Attempt| attempt.ask.does == Does::Counted && attempt.may_have_executed();
        self.attempts.iter().filter(counted).count()
    }
}

/// Whether two completed answers are surely those of two executions.
pub(super) fn are_two(one: &Attempt, other: &Attempt) -> bool {
    let differ = match (&one.got, &other.got) {
        (Got::Executed(_), Got::Executed(_)) => true,
        // The first client of a tombstone got all of it; nobody else gets any of it.
        (Got::Executed(_), Got::NotStored) | (Got::NotStored, Got::Executed(_)) => false,
        (one, other) => one.answer() != other.answer(),
    };
    differ || one.ask.content != other.ask.content
}

/// No sooner than when the handler has taken the time that it was asked to.
pub(super) fn completes_from(execution: &Attempt) -> u64 {
    execution.began_us + execution.ask.delay_us
}

/// No later than so long before its answer that the handler can have taken its time.
pub(super) fn entered_by(execution: &Attempt) -> u64 {
    execution.end_us().saturating_sub(execution.ask.delay_us)
}
