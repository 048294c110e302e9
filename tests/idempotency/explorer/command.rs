//! `make explore`: all plays in full, or those that are asked for, or one schedule of one play.

use super::seeded::{SEEDED, Seeded};
use super::{Name, Playable, Report, Shown, Step, Way, plays, side_by_side, threads_of};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::panic;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The word of the command line that leads here.
pub const FLAG: &str = "--explore";

const USAGE: &str = "\
usage: make explore ARGS='[options] [PLAY [SCHEDULE]]'

PLAY is a part of a name, as in `wide/expired/` or `complete+sweep`: all plays with it. Or a whole name, known or not: a
scene and an act for each of up to five callers, as in `wide/expired/complete+sweep+sweep`.
SCHEDULE, of one play, is its number in this search, or its name, as in A3B2A1: it is played again and printed.

  --list         names the scenes, the acts and the plays
  --every        every schedule, not one of each class; it takes long, and numbers count otherwise
  --keep-going   plays on after the first play that fails
";

/// What the command line asks for.
#[derive(Default)]
struct Wish {
    list: bool,
    every: bool,
    keep_going: bool,
    words: Vec<String>,
}

pub fn run(words: &[String]) -> ExitCode {
    let mut wish = Wish::default();
    for word in words {
        match word.as_str() {
            "--list" => wish.list = true,
            "--every" => wish.every = true,
            "--keep-going" => wish.keep_going = true,
            word if word.starts_with('-') => return wrong(USAGE),
            word => wish.words.push(word.into()),
        }
    }
    let way = if wish.every { Way::All } else { Way::Classes };
    let plays = chosen(wish.words.first().map_or("", String::as_str));
    match wish.words.get(1) {
        _ if wish.words.len() > 2 => wrong(USAGE),
        _ if plays.is_empty() => wrong("no play has such a name; --list names them"),
        _ if wish.list => list(&plays),
        None => all(&plays, &way, wish.keep_going),
        Some(schedule) => match &plays[..] {
            [play] => one(play, schedule, way),
            _ => wrong("more than one play has such a name; a schedule is one play's"),
        },
    }
}

fn wrong(why: &str) -> ExitCode {
    say(&format!("{why}\n"));
    ExitCode::from(2)
}

/// One of the plays; a seeded one is to fail.
struct Entry {
    play: Box<dyn Playable>,
    is_to_fail: bool,
}

fn chosen(part: &str) -> Vec<Entry> {
    if let Some(play) = plays::named(part) {
        let play = Box::new(play);
        return vec![Entry {
            play,
            is_to_fail: false,
        }];
    }
    let honest = plays::of_two().into_iter();
    let honest = honest.chain(plays::of_three());
    let honest = honest.chain(plays::of_waiters(2));
    let honest = honest.chain(plays::of_waiters(3));
    let honest = honest.map(|play| Entry {
        play: Box::new(play),
        is_to_fail: false,
    });
    let seeded = SEEDED.iter().flat_map(|Seeded { play, .. }| {
        [false, true].map(|right| Entry {
            play: play(right),
            is_to_fail: !right,
        })
    });
    let all: Vec<Entry> = honest.chain(seeded).collect();
    let exact = all.iter().position(|entry| entry.play.name() == part);
    let fits = |(at, entry): (usize, Entry)| {
        let fits = exact.map_or_else(|| entry.play.name().contains(part), |exact| exact == at);
        fits.then_some(entry)
    };
    all.into_iter().enumerate().filter_map(fits).collect()
}

fn list(plays: &[Entry]) -> ExitCode {
    let scenes = plays::SCENES.iter().map(|(name, _)| *name);
    let acts = plays::ACTS.iter().map(|(name, _)| *name);
    say(&format!(
        "scenes: {}\n",
        scenes.collect::<Vec<_>>().join(" ")
    ));
    say(&format!("acts: {}\n", acts.collect::<Vec<_>>().join(" ")));
    for entry in plays {
        say(&format!("{}\n", entry.play.name()));
    }
    ExitCode::SUCCESS
}

/// All of them, as many at a time as there are cores.
fn all(plays: &[Entry], way: &Way, keep_going: bool) -> ExitCode {
    panic::set_hook(Box::new(|_| {})); // a schedule that fails is printed with what the panic said
    let begin = Instant::now();
    let sum = Mutex::new(Sum::default());
    let lock = || sum.lock().unwrap_or_else(PoisonError::into_inner);
    side_by_side(plays, |entry| {
        if lock().failed > 0 && !keep_going {
            return;
        }
        let outcome = entry
            .play
            .run(way.clone(), &|_, _| ControlFlow::Continue(()));
        let mut sum = lock();
        say(&sum.line(entry, outcome)); // under the lock: one line after the other
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    say(&format!(
        "{} plays, {} schedules, {} repeats, {:.1} s: {} failed",
        sum.plays,
        sum.schedules,
        sum.repeats,
        begin.elapsed().as_secs_f64(),
        sum.failed
    ));
    say(&format!("; {} seeded mistakes found\n", sum.found));
    if sum.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[derive(Default)]
struct Sum {
    plays: usize,
    schedules: u64,
    repeats: u64,
    failed: usize,
    /// Seeded mistakes.
    found: usize,
}

impl Sum {
    /// Counts a play, and says how it went.
    fn line(&mut self, entry: &Entry, outcome: Result<Report, Box<Shown>>) -> String {
        self.plays += 1;
        let name = format!("{:<44} {} callers", entry.play.name(), entry.play.callers());
        match outcome {
            Ok(report) => {
                self.schedules += report.schedules;
                self.repeats += report.repeats;
                self.failed += usize::from(entry.is_to_fail);
                let Report {
                    schedules, took, ..
                } = report;
                let word = if entry.is_to_fail { "  NOT FOUND" } else { "" };
                format!(
                    "{name} {schedules:>8} schedules {:>7.3} s{word}\n",
                    took.as_secs_f64()
                )
            }
            Err(shown) if entry.is_to_fail => {
                self.schedules += shown.number.unwrap_or(1);
                self.found += 1;
                format!(
                    "{name} {:>8} schedules until found: {}\n",
                    shown.number.unwrap_or(1),
                    Name(&shown.steps)
                )
            }
            Err(shown) => {
                self.schedules += shown.number.unwrap_or(1);
                self.failed += 1;
                format!("FAILED  {name}\n{shown}\n")
            }
        }
    }
}

/// One schedule, step by step.
fn one(entry: &Entry, schedule: &str, way: Way) -> ExitCode {
    panic::set_hook(Box::new(|_| {}));
    let halt_at = |number| {
        move |played: u64, _: &[Step]| {
            if played == number {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
    };
    let outcome = match (schedule.parse::<u64>(), threads_of(schedule)) {
        (Ok(number), _) => entry.play.run(way, &halt_at(number)),
        (_, Some(threads)) => entry.play.run(Way::Given(threads), &halt_at(1)),
        (Err(_), None) => return wrong("a schedule is a number, or a name as in A3B2A1"),
    };
    match outcome {
        Err(shown) => {
            say(&format!("{shown}\n"));
            if shown.fault.is_none() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Ok(report) => wrong(&format!("there are {} schedules", report.schedules)),
    }
}

/// Not `println!`, which panics when the reader of a pipe has left.
fn say(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}
