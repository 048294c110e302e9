//! A schedule as people read it: who went from which stop to which, as a table, and in short as `A3 B2 A1`.

use super::footprint::Footprint;
use nanoserve::idempotency::points::{Lock, Point};
use std::fmt::{self, Display, Formatter};

/// Where a thread stands while others run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Before its act.
    Start,
    /// At a named point.
    At(Point),
    /// Before a lock.
    Lock(Lock),
    /// Before something that others have to bring about.
    Until(&'static str),
    /// After its act.
    End,
}

/// One step: a thread on its way from one stop to the next, alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub thread: usize,
    pub from: Stop,
    /// Taken on the way, and given back before its end, save between the two of a split.
    pub took: Option<Lock>,
    pub to: Stop,
    pub footprint: Footprint,
}

/// Who took the steps, in order, with runs counted: `A3 B2 A1`; without the spaces it is a word of a command line.
pub struct Name<'s>(pub &'s [Step]);

/// The steps as a table, with the acts' names.
pub struct Table<'s> {
    pub steps: &'s [Step],
    pub acts: &'s [&'static str],
}

/// Of a schedule that never seems to end the beginning and the end are shown.
const SHOWN_MAX: usize = 60;

/// A thread's letter.
pub fn letter(thread: usize) -> char {
    char::from(b'A' + u8::try_from(thread).expect("threads are few"))
}

/// The threads that a name lists, step by step; none where it is no name.
pub fn threads_of(name: &str) -> Option<Vec<usize>> {
    let mut threads = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let thread = first
            .is_ascii_uppercase()
            .then(|| first as usize - 'A' as usize)?;
        let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        let times: usize = rest[1..=digits].parse().ok()?;
        threads.extend(std::iter::repeat_n(thread, times.min(super::STEPS_MAX)));
        rest = &rest[1 + digits..];
    }
    (!threads.is_empty()).then_some(threads)
}

impl Display for Stop {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Start => f.pad("start"),
            Stop::At(point) => f.pad(&format!("{point:?}")),
            Stop::Lock(lock) => f.pad(&format!("lock of {}", bucket(*lock))),
            Stop::Until(what) => f.pad(&format!("until {what}")),
            Stop::End => f.pad("end"),
        }
    }
}

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for run in self.0.chunk_by(|step, next| step.thread == next.thread) {
            write!(f, "{}{}", letter(run[0].thread), run.len())?;
        }
        Ok(())
    }
}

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let width = self.acts.iter().map(|act| act.len()).max().unwrap_or(0);
        let caller = width + 2;
        writeln!(
            f,
            "step  {:<caller$}  {:<18}  {:<8}  to",
            "caller", "from", "under"
        )?;
        let (head, tail) = (
            SHOWN_MAX / 2,
            self.steps.len().saturating_sub(SHOWN_MAX / 2),
        );
        for (at, step) in self.steps.iter().enumerate() {
            if at == head && head < tail {
                writeln!(f, "   … and so on …")?;
            }
            if at < head || at >= tail {
                let (letter, act) = (letter(step.thread), self.acts[step.thread]);
                let under = step.took.map_or(String::new(), bucket);
                let Step { from, to, .. } = step;
                let number = at + 1;
                writeln!(
                    f,
                    "{number:>4}  {letter} {act:<width$}  {from:<18}  {under:<8}  {to}"
                )?;
            }
        }
        Ok(())
    }
}

fn bucket(lock: Lock) -> String {
    match lock {
        Lock::Read(at) => format!("{at} read"),
        Lock::Write(at) => format!("{at} write"),
    }
}
