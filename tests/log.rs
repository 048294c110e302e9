//! Claims about src/log.rs.

use crate::harness::{Test, exhaustive, random::Random, wait_until};
use nanoserve::limits::{LOG_BATCH_MAX, LOG_LINE_MAX, LOG_QUEUE_MAX};
use nanoserve::log::{Level, Log};
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

#[rustfmt::skip] // a claim a line
pub const TESTS: &[Test] = &[
    ("a_line_has_the_time_the_event_and_its_values", a_line_has_the_time_the_event_and_its_values),
    ("values_that_need_quotes_have_them_and_others_do_not", values_that_need_quotes_have_them_and_others_do_not),
    ("any_value_can_be_read_back_from_its_line", any_value_can_be_read_back_from_its_line),
    ("only_printable_ascii_gets_out", only_printable_ascii_gets_out),
    ("a_line_too_long_is_cut_and_says_so", a_line_too_long_is_cut_and_says_so),
    ("levels_take_what_they_say", levels_take_what_they_say),
    ("a_reader_that_does_not_read_stops_nobody", a_reader_that_does_not_read_stops_nobody),
    ("flush_returns_when_all_is_written", flush_returns_when_all_is_written),
    ("flush_gives_up_on_a_reader_that_does_not_read", flush_gives_up_on_a_reader_that_does_not_read),
    ("a_sink_that_fails_is_tried_again_with_the_next_line", a_sink_that_fails_is_tried_again_with_the_next_line),
    ("the_thread_ends_with_the_last_log_and_writes_all_first", the_thread_ends_with_the_last_log_and_writes_all_first),
    ("lines_of_several_threads_stay_whole_and_in_their_order", lines_of_several_threads_stay_whole_and_in_their_order),
    ("a_panic_is_one_line_with_its_place", a_panic_is_one_line_with_its_place),
];

const PATIENCE: Duration = Duration::from_secs(10);
const LONG_MS: u64 = 10_000;

/// A sink that can be looked at, held shut, and made to fail.
#[derive(Clone, Default)]
struct Sink(Arc<(Mutex<Seen>, Condvar)>);

#[derive(Default)]
struct Seen {
    text: String,
    shut: bool,
    /// A write waits for the sink to be opened.
    waiting: bool,
    failures_left: usize,
    closed: bool,
}

/// The log's end of it.
struct Inlet(Sink);

impl Sink {
    fn log(&self, level: Level) -> Log {
        Log::to(Box::new(Inlet(self.clone())), level).expect("threads can be made")
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.0.0.lock().expect("no test panics under it"));
        self.0.1.notify_all();
    }

    fn see<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.0.0.lock().expect("no test panics under it"))
    }

    fn text(&self) -> String {
        self.see(|seen| seen.text.clone())
    }
}

impl Write for Inlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (lock, changed) = &*self.0.0;
        let mut seen = lock.lock().expect("no test panics under it");
        while seen.shut {
            seen.waiting = true;
            seen = changed.wait(seen).expect("no test panics under it");
        }
        if seen.failures_left > 0 {
            seen.failures_left -= 1;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        seen.text += std::str::from_utf8(bytes).expect("lines are ASCII");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.0.change(|seen| seen.closed = true);
    }
}

/// What one event writes, without its time.
fn written(values: &[(&str, &dyn std::fmt::Display)]) -> String {
    let sink = Sink::default();
    let log = sink.log(Level::Info);
    log.event(Level::Info, "e", values);
    log.flush(LONG_MS);
    let text = sink.text();
    text.split_once(' ')
        .expect("a time and a space")
        .1
        .to_owned()
}

/// Reads one `v=…` back: the inverse of escaping, written without looking at it.
fn read_back(value: &str) -> String {
    let Some(inside) = value.strip_prefix('"') else {
        assert!(
            !value.is_empty() && !value.contains([' ', '=', '"', '\\']),
            "{value:?}"
        );
        return value.to_owned();
    };
    let mut out = String::new();
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                assert_eq!(letters.as_str(), "", "after the closing quote of {value:?}");
                return out;
            }
            '\\' => out.push(match letters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('u') => {
                    let (digits, rest) = letters.as_str().split_once('}').expect("a closed brace");
                    let digits = digits.strip_prefix('{').expect("an open brace");
                    letters = rest.chars();
                    let code = u32::from_str_radix(digits, 16).expect("hex digits");
                    char::from_u32(code).expect("a character")
                }
                other => other.expect("a letter after a backslash"),
            }),
            _ => out.push(letter),
        }
    }
    panic!("{value:?} is not closed");
}

// N-64
fn a_line_has_the_time_the_event_and_its_values() {
    let sink = Sink::default();
    let log = sink.log(Level::Info);
    log.event(
        Level::Info,
        "started",
        &[("port", &8080), ("host", &"127.0.0.1")],
    );
    log.flush(LONG_MS);
    let text = sink.text();
    let (time, rest) = text.split_once(' ').expect("a time and a space");
    assert_eq!(rest, "event=started port=8080 host=127.0.0.1\n");
    let time = time.strip_prefix("ts=").expect("the time comes first");
    let (seconds, millis) = time.split_once('.').expect("a fraction");
    assert!(
        seconds.parse::<u64>().is_ok_and(|s| s > 1_700_000_000),
        "{time}"
    );
    assert!(millis.len() == 3 && millis.parse::<u16>().is_ok(), "{time}");
}

// N-64
fn values_that_need_quotes_have_them_and_others_do_not() {
    for (value, shown) in [
        ("/a?b", "/a?b"),
        ("it's", "it's"),
        ("", r#""""#),
        ("a b", r#""a b""#),
        ("a=b", r#""a=b""#),
        (r#"a"b"#, r#""a\"b""#),
        (r"a\b", r#""a\\b""#),
        ("a\nts=1 event=forged", r#""a\nts=1 event=forged""#),
        ("\u{1b}[2J", r#""\u{1b}[2J""#),
        ("é\u{202e}", r#""\u{e9}\u{202e}""#),
    ] {
        assert_eq!(written(&[("v", &value)]), format!("event=e v={shown}\n"));
    }
}

// N-64
fn any_value_can_be_read_back_from_its_line() {
    let sink = Sink::default();
    let log = sink.log(Level::Info);
    let mut random = Random::new();
    let small = exhaustive::strings(b"a =\"\\\nu{", 3);
    let random = (0..500).map(|_| {
        let length = random.below(12);
        random.bytes(length)
    });
    let values: Vec<String> = small
        .chain(random)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    for values in values.chunks(LOG_QUEUE_MAX) {
        for value in values {
            log.event(Level::Info, "e", &[("v", value)]);
        }
        log.flush(LONG_MS);
    }
    let text = sink.text();
    let shown: Vec<String> = text
        .lines()
        .map(|line| read_back(line.split_once(" v=").expect("a value").1))
        .collect();
    assert_eq!(shown, values);
}

// N-64
fn only_printable_ascii_gets_out() {
    let every: String = (0..=0x2fff).filter_map(char::from_u32).collect();
    let sink = Sink::default();
    let log = sink.log(Level::Info);
    for letter in every.chars() {
        log.event(Level::Info, "e", &[("v", &letter), ("w", &"end")]);
        if u32::from(letter).is_multiple_of(1024) {
            log.flush(LONG_MS);
        }
    }
    log.flush(LONG_MS);
    let text = sink.text();
    assert_eq!(text.lines().count(), every.chars().count());
    assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
    assert!(text.lines().all(|line| line.ends_with(" w=end")));
}

// N-64
fn a_line_too_long_is_cut_and_says_so() {
    for letter in ["a", " ", "\"", "\u{1b}", "\u{10ffff}"] {
        // Every length around the bound, so that each kind of letter is tried on each side of the cut.
        for count in [
            0,
            1,
            LOG_LINE_MAX / letter.escape_default().count() - 40,
            LOG_LINE_MAX * 2,
        ] {
            for more in 0..45 {
                let value = letter.repeat(count + more);
                let rest = written(&[("v", &value), ("last", &1)]);
                assert!("ts=1234567890.123 ".len() + rest.len() <= LOG_LINE_MAX);
                let line = rest.strip_suffix('\n').expect("a line end");
                if let Some(cut) = line.strip_suffix(" cut=yes") {
                    let kept = cut.split_once("v=").expect("the value began").1;
                    let kept = kept.strip_suffix(" last=1").unwrap_or(kept);
                    assert!(value.starts_with(&read_back(kept)));
                } else {
                    assert!(line.ends_with(" last=1"), "{line}");
                }
                if count > LOG_LINE_MAX {
                    assert!(
                        line.ends_with(" cut=yes") && line.len() > LOG_LINE_MAX - 60,
                        "{line}"
                    );
                    break;
                }
            }
        }
    }
}

// N-91
fn levels_take_what_they_say() {
    for (set, info, access) in [
        (Level::Off, false, false),
        (Level::Info, true, false),
        (Level::Access, true, true),
    ] {
        let sink = Sink::default();
        let log = sink.log(set);
        for (level, taken) in [
            (Level::Off, false),
            (Level::Info, info),
            (Level::Access, access),
        ] {
            assert_eq!(log.takes(level), taken, "{set:?} {level:?}");
            log.event(level, "e", &[]);
        }
        log.flush(LONG_MS);
        assert_eq!(
            sink.text().lines().count(),
            usize::from(info) + usize::from(access)
        );
    }
    let off = Log::off();
    off.event(Level::Info, "e", &[]);
    off.flush(LONG_MS);
    assert!(!off.takes(Level::Info) && off.dropped() == 0);
}

// N-64
fn a_reader_that_does_not_read_stops_nobody() {
    let sink = Sink::default();
    sink.change(|seen| seen.shut = true);
    let log = sink.log(Level::Info);
    log.event(Level::Info, "first", &[]);
    wait_until(PATIENCE, || sink.see(|seen| seen.waiting)); // the thread holds the first line, the queue is empty
    for n in 0..LOG_QUEUE_MAX + 7 {
        log.event(Level::Info, "e", &[("n", &n)]);
    }
    assert_eq!(log.dropped(), 7);
    sink.change(|seen| seen.shut = false);
    log.flush(LONG_MS);
    let text = sink.text();
    let told: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("event=log-lines-dropped"))
        .collect();
    assert!(told.len() == 1 && told[0].ends_with(" count=7"), "{told:?}");
    assert_eq!(text.lines().count(), 1 + LOG_QUEUE_MAX + 1);
    log.event(Level::Info, "room-again", &[]);
    log.flush(LONG_MS);
    assert!(sink.text().ends_with("event=room-again\n"));
    assert_eq!(log.dropped(), 7);
}

// N-64
fn flush_returns_when_all_is_written() {
    let sink = Sink::default();
    let log = sink.log(Level::Info);
    for lines in (1..=20).map(|round| round * LOG_BATCH_MAX * 3) {
        (0..LOG_BATCH_MAX * 3).for_each(|_| log.event(Level::Info, "e", &[]));
        log.flush(LONG_MS);
        assert_eq!(sink.text().lines().count(), lines);
    }
}

// N-64
fn flush_gives_up_on_a_reader_that_does_not_read() {
    let sink = Sink::default();
    sink.change(|seen| seen.shut = true);
    let log = sink.log(Level::Info);
    log.event(Level::Info, "e", &[]);
    log.flush(20);
    assert_eq!(sink.text(), "");
    sink.change(|seen| seen.shut = false);
    log.flush(LONG_MS);
    assert!(sink.text().ends_with("event=e\n"));
}

// N-64
fn a_sink_that_fails_is_tried_again_with_the_next_line() {
    let sink = Sink::default();
    sink.change(|seen| seen.failures_left = 1);
    let log = sink.log(Level::Info);
    log.event(Level::Info, "lost", &[]);
    log.flush(LONG_MS);
    log.event(Level::Info, "kept", &[]);
    log.flush(LONG_MS);
    let text = sink.text();
    assert!(
        text.ends_with("event=kept\n") && text.lines().count() == 1,
        "{text}"
    );
}

// N-64
fn the_thread_ends_with_the_last_log_and_writes_all_first() {
    let sink = Sink::default();
    let log = sink.log(Level::Info);
    let other = log.clone();
    drop(log);
    (0..LOG_BATCH_MAX * 2).for_each(|_| other.event(Level::Info, "e", &[]));
    assert!(!sink.see(|seen| seen.closed));
    drop(other);
    wait_until(PATIENCE, || sink.see(|seen| seen.closed));
    assert_eq!(sink.text().lines().count(), LOG_BATCH_MAX * 2);
}

// N-64
fn lines_of_several_threads_stay_whole_and_in_their_order() {
    let sink = Sink::default();
    let log = sink.log(Level::Info);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let log = log.clone();
            scope.spawn(move || {
                for n in 0..LOG_QUEUE_MAX / 8 {
                    log.event(Level::Info, "e", &[("thread", &thread), ("n", &n)]);
                }
            });
        }
    });
    log.flush(LONG_MS);
    let text = sink.text();
    for thread in 0..4 {
        let own = format!(" event=e thread={thread} n=");
        let numbers: Vec<usize> = text
            .lines()
            .filter_map(|line| line.split_once(&own)?.1.parse().ok())
            .collect();
        assert_eq!(numbers, (0..LOG_QUEUE_MAX / 8).collect::<Vec<_>>());
    }
}

// N-31, N-64
fn a_panic_is_one_line_with_its_place() {
    let sink = Sink::default();
    let log = sink.log(Level::Info);
    // Only panics of this thread go to the log; those of other tests go where they would have gone.
    let here = std::thread::current().id();
    let before = Arc::new(std::panic::take_hook());
    let (hook_log, others) = (log.clone(), Arc::clone(&before));
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == here {
            hook_log.panicked(info);
        } else {
            others(info);
        }
    }));
    let caught = std::panic::catch_unwind(|| panic!("two\nlines"));
    std::panic::set_hook(Box::new(move |info| before(info)));
    assert!(caught.is_err());
    log.flush(LONG_MS);
    let text = sink.text();
    assert_eq!(text.lines().count(), 1);
    let start = " event=panic thread=log::a_panic_is_one_line_with_its_place place=tests/log.rs:";
    assert!(text.contains(start), "{text}");
    assert!(text.ends_with(" message=\"two\\nlines\"\n"), "{text}");
}
