//! Claims about what the harness lends to tests: random values, exact text, enumerations, waiting, the wire.

use crate::harness::stress::{THREADS, rounds, storm, while_another};
use crate::harness::wire::{self, End};
use crate::harness::{Test, exhaustive, expect, random::Random, wait_until};
use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[rustfmt::skip] // a claim a line
pub const TESTS: &[Test] = &[
    ("random_values_keep_to_their_bounds", random_values_keep_to_their_bounds),
    ("exact_text_shows_the_first_line_that_differs", exact_text_shows_the_first_line_that_differs),
    ("an_expected_file_is_rewritten_only_when_asked", an_expected_file_is_rewritten_only_when_asked),
    ("enumerations_miss_nothing_and_repeat_nothing", enumerations_miss_nothing_and_repeat_nothing),
    ("a_storm_is_64_threads_with_values_of_their_own", a_storm_is_64_threads_with_values_of_their_own),
    ("who_looks_on_ends_with_what_it_looks_at", who_looks_on_ends_with_what_it_looks_at),
    ("waiting_ends_with_the_condition_or_the_deadline", waiting_ends_with_the_condition_or_the_deadline),
    ("a_wire_carries_bytes_both_ways_and_never_blocks", a_wire_carries_bytes_both_ways_and_never_blocks),
    ("a_wire_ends_at_any_byte", a_wire_ends_at_any_byte),
    ("a_wire_takes_as_little_as_it_is_told", a_wire_takes_as_little_as_it_is_told),
];

fn random_values_keep_to_their_bounds() {
    // The first value of xoshiro256** after splitmix64 of 0, as the authors' C code gives it.
    assert_eq!(Random::seeded(0).next(), 0x99ec_5f36_cb75_f2b4);
    let mut random = Random::new();
    let mut seen = BTreeSet::new();
    for _ in 0..1000 {
        assert!(random.below(7) < 7);
        seen.insert(random.within(3..=5));
    }
    assert_eq!(seen, BTreeSet::from([3, 4, 5]));
    assert!(!random.chance(0) && random.chance(100));
    assert_eq!(random.bytes(9).len(), 9);
    let mut order: Vec<u32> = (0..50).collect();
    random.shuffle(&mut order);
    assert_ne!(order, (0..50).collect::<Vec<_>>());
    order.sort_unstable();
    assert_eq!(order, (0..50).collect::<Vec<_>>());
    assert!(order.contains(random.pick(&order.clone())));
    assert_ne!(random.fork().next(), random.next());
}

/// The message of the panic that a call ends in.
fn message_of(call: fn()) -> String {
    let panic = catch_unwind(call).expect_err("it should panic");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

fn exact_text_shows_the_first_line_that_differs() {
    expect::text("a\nb\n", "a\nb\n");
    assert_eq!(
        message_of(|| expect::text("a\nb \n", "a\nb\n")),
        "line 2 differs\nexpected \"b\\n\"\nactual   \"b \\n\""
    );
    assert_eq!(
        message_of(|| expect::text("a", "a\nb")),
        "line 1 differs\nexpected \"a\\n\"\nactual   \"a\""
    );
}

fn an_expected_file_is_rewritten_only_when_asked() {
    let folder = std::env::temp_dir().join(format!("nanoserve-expect-{}", std::process::id()));
    let compare = |actual: &'static str, update| {
        let folder = folder.clone();
        catch_unwind(move || expect::file_in(&folder, actual, "deep/er.txt", update))
    };
    let missing = compare("new\n", false);
    let made = compare("new\n", true);
    let same = compare("new\n", false);
    let differs = compare("newer\n", false);
    let kept = fs::read_to_string(folder.join("deep/er.txt"));
    let _ = fs::remove_dir_all(&folder);
    assert!(missing.is_err() && made.is_ok() && same.is_ok() && differs.is_err());
    assert_eq!(kept.expect("it was made"), "new\n");
}

fn enumerations_miss_nothing_and_repeat_nothing() {
    let all: Vec<Vec<u8>> = exhaustive::strings(b"ab", 2).collect();
    let expected: [&[u8]; 7] = [b"", b"a", b"b", b"aa", b"ab", b"ba", b"bb"];
    assert_eq!(all, expected);
    assert_eq!(
        exhaustive::strings(b"abc", 5).count(),
        1 + 3 + 9 + 27 + 81 + 243
    );
    assert_eq!(exhaustive::strings(b"", 3).count(), 1);
    let splits: Vec<_> = exhaustive::in_two(b"xy").collect();
    let expected: [(&[u8], &[u8]); 3] = [(b"", b"xy"), (b"x", b"y"), (b"xy", b"")];
    assert_eq!(splits, expected);
    let orders = exhaustive::interleavings(4, 4);
    assert_eq!(orders.iter().collect::<BTreeSet<_>>().len(), 70); // 8 over 4
    assert!(
        orders
            .iter()
            .all(|order| order.iter().filter(|&&right| right).count() == 4)
    );
}

fn a_storm_is_64_threads_with_values_of_their_own() {
    let (drawn, numbers) = (Mutex::new(BTreeSet::new()), Mutex::new(BTreeSet::new()));
    storm(&mut Random::new(), |number, mut random| {
        numbers.lock().expect("nobody panics").insert(number);
        drawn.lock().expect("nobody panics").insert(random.next());
    });
    assert!(
        numbers
            .into_inner()
            .expect("nobody panics")
            .into_iter()
            .eq(0..THREADS)
    );
    assert_eq!(drawn.into_inner().expect("nobody panics").len(), THREADS);
    let mut numbers = Vec::new();
    rounds(3, |number| numbers.push(number));
    assert!(numbers.starts_with(&[1, 2, 3]), "{numbers:?}");
}

fn who_looks_on_ends_with_what_it_looks_at() {
    let looks = AtomicUsize::new(0);
    let look = || {
        looks.fetch_add(1, Ordering::SeqCst);
    };
    while_another(look, || {});
    assert!(looks.load(Ordering::SeqCst) > 0);
    while_another(look, || {
        let before = looks.load(Ordering::SeqCst);
        wait_until(Duration::from_secs(10), || {
            looks.load(Ordering::SeqCst) > before
        });
    });
    // A false claim ends both sides: this would hang otherwise.
    let unwound =
        catch_unwind(|| while_another(|| {}, || resume_unwind(Box::new("a false claim"))));
    assert!(unwound.is_err());
    let unwound =
        catch_unwind(|| while_another(|| resume_unwind(Box::new("a false claim")), || {}));
    assert!(unwound.is_err());
}

fn waiting_ends_with_the_condition_or_the_deadline() {
    let mut looks = 0;
    wait_until(Duration::from_secs(10), || {
        looks += 1;
        looks == 3
    });
    assert_eq!(looks, 3);
    let message = message_of(|| wait_until(Duration::from_millis(5), || false));
    assert_eq!(message, "waited 5 ms in vain");
}

fn a_wire_carries_bytes_both_ways_and_never_blocks() {
    let (mut near, far) = wire::pair();
    let mut buffer = [0; 8];
    let nothing = near.read(&mut buffer).expect_err("nothing was sent");
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    far.send(b"abc");
    assert_eq!(far.unread(), 3);
    assert_eq!(near.read(&mut buffer).expect("there is something"), 3);
    assert_eq!(&buffer[..3], b"abc");
    near.write_all(b"answer").expect("there is room");
    assert_eq!(far.received(), b"answer");
    assert_eq!(far.take(), b"answer");
    assert_eq!(far.take(), b"");
    assert!(!far.near_is_closed());
    drop(near);
    assert!(far.near_is_closed());
}

fn a_wire_ends_at_any_byte() {
    for at in 0..=3 {
        for (end, expected) in [
            (End::Closed, Ok(0)),
            (End::Reset, Err(ErrorKind::ConnectionReset)),
        ] {
            let (mut near, far) = wire::pair();
            far.end_after(at, end);
            far.send(b"abc");
            let mut all = Vec::new();
            let last = near
                .read_to_end(&mut all)
                .map(|_| 0)
                .map_err(|error| error.kind());
            assert_eq!((all.len(), last), (at, expected));
            assert_eq!(near.write(b"x").is_ok(), end == End::Closed);
        }
    }
    let (mut near, far) = wire::pair();
    far.send(b"abc");
    far.end(End::Closed);
    assert_eq!(near.read(&mut [0; 8]).expect("sent before the close"), 3);
    assert_eq!(near.read(&mut [0; 8]).expect("the close"), 0);
    far.end(End::Reset);
    assert!(near.read(&mut [0; 8]).is_err());
}

fn a_wire_takes_as_little_as_it_is_told() {
    let (mut near, far) = wire::pair();
    far.send(b"abc");
    far.reads_of_at_most(2);
    assert_eq!(near.read(&mut [0; 8]).expect("three are there"), 2);
    far.writes_of_at_most(2);
    assert_eq!(near.write(b"abcdef").expect("room"), 2);
    far.room_for(1);
    assert_eq!(near.write(b"abcdef").expect("room for one"), 1);
    assert_eq!(
        near.write(b"abcdef").expect_err("full").kind(),
        ErrorKind::WouldBlock
    );
    far.room_for(usize::MAX);
    far.reset_after_taking(3);
    assert_eq!(near.write(b"abcdef").expect("two at most"), 2);
    assert_eq!(near.write(b"abcdef").expect("and one"), 1);
    assert_eq!(
        near.write(b"abcdef").expect_err("reset").kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(
        near.read(&mut [0; 8]).expect_err("reset").kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(far.received().len(), 6);
}
