//! A record without its answer (N-33): at and around each bound, and for as long as it stands.

use crate::idempotency::scene::{
    CLAIM_BYTES, OTHER_PRINT, PRINT, SCOPE, TTL_MS, admit, answer, charged, config, execute, held,
    key, run, seen, told, with,
};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Gauges, Guard, GuardConfig};
use nanoserve::idempotency::record::Outcome;
use nanoserve::idempotency::sweeper::Sweep;
use nanoserve::limits::CLAIM_ALLOWANCE_BYTES;

fn storing(stored_max: usize) -> (Guard, Clock) {
    with(GuardConfig {
        stored_max,
        ..config()
    })
}

/// What an answer of so much content with the label 418 leaves behind.
fn left_behind(guard: &Guard, content_bytes: usize) -> String {
    let ticket = execute(guard, b"k");
    let outcome = Outcome::Answer {
        label: 418,
        snapshot: b"a head that does not count".to_vec(),
        content_bytes,
    };
    held(&ticket.complete(outcome))
}

// N-33
pub(super) fn around_every_bound_content_is_kept_up_to_it() {
    for stored_max in [0, 1, 2, 100, usize::MAX - 1] {
        for content_bytes in stored_max.saturating_sub(1)..=stored_max + 1 {
            let (guard, _) = storing(stored_max);
            let expected = if content_bytes <= stored_max {
                "a head that does not count"
            } else {
                "tombstone 418"
            };
            let told = left_behind(&guard, content_bytes);
            assert_eq!(told, expected, "{content_bytes} of {stored_max} bytes");
            assert_eq!(seen(&guard, b"k"), format!("Replay {expected}"));
        }
    }
}

// N-33: nobody copies what would not be stored, so the ticket says beforehand what `complete` will do.
pub(super) fn a_ticket_knows_beforehand_what_would_be_stored() {
    let (guard, _) = storing(100);
    let ticket = execute(&guard, b"k");
    let would: Vec<bool> = [0, 99, 100, 101, usize::MAX]
        .map(|bytes| ticket.would_store(bytes))
        .into();
    assert_eq!(would, [true, true, true, false, false]);
    let tombstone = ticket.complete(Outcome::TooLarge { label: 207 });
    assert_eq!(held(&tombstone), "tombstone 207");
    assert_eq!(seen(&guard, b"k"), "Replay tombstone 207");
}

// N-33, N-43: others hold the rest of the room, completed and pending.
pub(super) fn one_byte_of_room_decides_among_others() {
    let snapshot = [b'x'; 2 * CLAIM_ALLOWANCE_BYTES];
    let others = charged(1, 10) + CLAIM_BYTES;
    for (short_by, expected) in [(0, "Replay x"), (1, "Replay tombstone 201")] {
        let (guard, _) = with(GuardConfig {
            bytes_max: others + charged(1, snapshot.len()) - short_by,
            stored_max: snapshot.len(),
            ..config()
        });
        run(&guard, b"o", &[b'o'; 10]);
        let pending = execute(&guard, b"p");
        run(&guard, b"k", &snapshot);
        let told = seen(&guard, b"k");
        assert!(told.starts_with(expected), "short by {short_by}: {told}");
        let bytes = others + charged(1, if short_by == 0 { snapshot.len() } else { 0 });
        assert_eq!(guard.gauges().bytes, bytes, "a tombstone holds nothing");
        // A neighbour is not touched by either.
        assert_eq!(seen(&guard, b"o"), "Replay oooooooooo");
        pending.complete(answer(201, b"p"));
        assert_eq!(seen(&guard, b"p"), "Replay p");
    }
}

// N-33, N-43: what a tombstone does not need of its allowance is another claim's at once.
pub(super) fn a_tombstone_gives_its_allowance_back() {
    let (guard, _) = with(GuardConfig {
        bytes_max: charged(1, 0) + CLAIM_BYTES,
        ..config()
    });
    let first = execute(&guard, b"a");
    assert_eq!(seen(&guard, b"b"), "Full Bytes");
    first.complete(Outcome::TooLarge { label: 201 });
    let second = execute(&guard, b"b");
    assert_eq!(seen(&guard, b"c"), "Full Bytes");
    second.release();
    assert_eq!(guard.gauges().bytes, charged(1, 0));
}

// N-23, N-33, N-40, N-42
pub(super) fn a_tombstone_stands_as_long_as_any_record() {
    let (guard, clock) = storing(0);
    let ticket = execute(&guard, b"k");
    clock.advance_ms(5 * TTL_MS);
    ticket.complete(answer(402, b"x"));
    let other = || told(&guard.admit(&SCOPE, key(b"k"), &OTHER_PRINT, || true));
    for age_ms in 0..TTL_MS {
        assert_eq!(seen(&guard, b"k"), "Replay tombstone 402", "{age_ms} ms");
        assert_eq!(other(), "Mismatch");
        let completed = guard.look_up(key(b"k"))[0].completed;
        assert_eq!(completed, Some((TTL_MS - age_ms, 402)));
        clock.advance_ms(1);
    }
    let now = told(&guard.admit(&SCOPE, key(b"k"), &PRINT, || false));
    assert_eq!(now, "Full Workers", "its time is over, and the key free");
    assert_eq!(guard.look_up(key(b"k")), []);
    assert_eq!(guard.sweep_step(&mut Sweep::default(), 1000).removed, 1);
    let nothing = Gauges {
        pending: 0,
        completed: 0,
        bytes: 0,
    };
    assert_eq!(guard.gauges(), nothing);
    assert_eq!(told(&admit(&guard, b"k")), "Execute");
}

// N-33, N-40: in place, without the sweeper.
pub(super) fn an_expired_tombstone_is_replaced_by_an_answer_with_its_charge() {
    let (guard, clock) = storing(100);
    let _neighbours = [execute(&guard, b"n"), execute(&guard, b"o")];
    let others = 2 * CLAIM_BYTES;
    left_behind(&guard, 101);
    clock.advance_ms(TTL_MS);
    run(&guard, b"k", &[b'x'; 100]);
    assert_eq!(guard.gauges().bytes, others + charged(1, 100));
    clock.advance_ms(TTL_MS);
    left_behind(&guard, 101);
    assert_eq!(guard.gauges().bytes, others + charged(1, 0));
}

// N-31, N-33: the last net is no answer of a handler and has no bound: it is shared and takes no room.
pub(super) fn the_last_net_is_kept_where_nothing_else_would_be() {
    let net = vec![b'n'; 10 * CLAIM_ALLOWANCE_BYTES];
    let (guard, clock) = with(GuardConfig {
        stored_max: 0,
        bytes_max: CLAIM_BYTES,
        last_net: (500, net.clone()),
        ..config()
    });
    drop(execute(&guard, b"k"));
    let told = seen(&guard, b"k");
    assert_eq!(told.len(), "Replay ".len() + net.len());
    assert_eq!(guard.gauges().bytes, charged(1, 0));
    clock.advance_ms(TTL_MS);
    guard.sweep_step(&mut Sweep::default(), 1000);
    assert_eq!(guard.gauges().bytes, 0, "it gives back what it took");
}
