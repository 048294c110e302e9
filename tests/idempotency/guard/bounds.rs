//! What the bounds on keys, bytes and stored content do.

use crate::idempotency::scene::{
    CLAIM_BYTES, PRINT, SCOPE, TTL_MS, admit, answer, charged, config, execute, held, key, run,
    seen, small, told, with,
};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Gauges, Guard, GuardConfig};
use nanoserve::idempotency::record::Outcome;
use nanoserve::idempotency::sweeper::Sweep;
use nanoserve::limits::CLAIM_ALLOWANCE_BYTES;

fn bounded(keys_max: usize, bytes_max: usize) -> (Guard, Clock) {
    with(GuardConfig {
        keys_max,
        bytes_max,
        stored_max: 1 << 20,
        ..config()
    })
}

// N-62
pub(super) fn gauges_count_pending_completed_and_bytes() {
    let (guard, _) = small();
    let first = execute(&guard, b"a");
    let second = execute(&guard, b"b");
    let at_claims = Gauges {
        pending: 2,
        completed: 0,
        bytes: 2 * CLAIM_BYTES,
    };
    assert_eq!(guard.gauges(), at_claims);
    first.complete(answer(201, &[b'x'; 40]));
    second.release();
    let at_the_end = Gauges {
        pending: 0,
        completed: 1,
        bytes: charged(1, 40),
    };
    assert_eq!(guard.gauges(), at_the_end);
}

// N-24, N-43
pub(super) fn the_bound_on_keys_is_exact_and_known_keys_go_on() {
    let (guard, clock) = bounded(3, 1 << 20);
    run(&guard, b"a", b"done");
    run(&guard, b"b", b"done");
    let pending = execute(&guard, b"c");
    assert_eq!(seen(&guard, b"d"), "Full Keys");
    assert_eq!(guard.fullness_percent(), 100);
    assert_eq!(seen(&guard, b"a"), "Replay done");
    assert_eq!(seen(&guard, b"c"), "InFlight");
    clock.advance_ms(TTL_MS - 1);
    assert_eq!(
        seen(&guard, b"d"),
        "Full Keys",
        "a live record is never evicted"
    );
    pending.release();
    execute(&guard, b"d").complete(answer(201, b"done"));
    assert_eq!(guard.gauges().completed, 3);
}

// N-43
pub(super) fn the_bound_on_bytes_is_exact_to_the_byte() {
    let (exact, _) = bounded(10, 2 * CLAIM_BYTES);
    let (short, _) = bounded(10, 2 * CLAIM_BYTES - 1);
    for (guard, second) in [(&exact, "Execute"), (&short, "Full Bytes")] {
        let _first = execute(guard, b"a");
        let met = admit(guard, b"b");
        assert_eq!(told(&met), second);
        assert!(guard.gauges().bytes <= 2 * CLAIM_BYTES);
    }
}

// N-24
pub(super) fn without_a_worker_to_spare_only_known_keys_are_answered() {
    let (guard, clock) = small();
    let idle = |bytes| told(&guard.admit(&SCOPE, key(bytes), &PRINT, || false));
    run(&guard, b"completed", b"done");
    let pending = execute(&guard, b"pending");
    let before = guard.gauges();
    assert_eq!(idle(b"new"), "Full Workers");
    assert_eq!(idle(b"completed"), "Replay done");
    assert_eq!(idle(b"pending"), "InFlight");
    assert_eq!(guard.gauges(), before, "nothing is reserved");
    pending.release();
    clock.advance_ms(TTL_MS);
    assert_eq!(idle(b"completed"), "Full Workers", "an expired key is new");
    assert_eq!(idle(b"pending"), "Full Workers", "a released key is new");
}

// N-33
pub(super) fn content_at_the_stored_bound_is_kept_and_one_byte_more_is_a_tombstone() {
    let (guard, clock) = small();
    let sized = |content_bytes| Outcome::Answer {
        label: 418,
        snapshot: b"head and content".to_vec(),
        content_bytes,
    };
    let kept = execute(&guard, b"a").complete(sized(100));
    assert_eq!(held(&kept), "head and content");
    let tombstone = execute(&guard, b"b").complete(sized(101));
    assert_eq!(held(&tombstone), "tombstone 418");
    assert_eq!(
        seen(&guard, b"b"),
        "Replay tombstone 418",
        "never run again"
    );
    assert_eq!(guard.look_up(key(b"b"))[0].completed, Some((TTL_MS, 418)));
    assert_eq!(guard.gauges().bytes, charged(1, 16) + charged(1, 0));
    clock.advance_ms(TTL_MS);
    assert_eq!(
        seen(&guard, b"b"),
        "Execute",
        "a tombstone expires like any record"
    );
}

// N-33, N-43
pub(super) fn a_response_that_finds_no_room_is_a_tombstone() {
    let room = 1000;
    for (length, expected) in [(room, "Replay"), (room + 1, "Replay tombstone 201")] {
        let (guard, _) = bounded(10, charged(1, room));
        let snapshot = vec![b'x'; length];
        execute(&guard, b"k").complete(answer(201, &snapshot));
        let told = seen(&guard, b"k");
        assert!(told.starts_with(expected), "{length} bytes: {told}");
        assert!(guard.gauges().bytes <= charged(1, room));
    }
}

// N-33: the allowance of each claim covers its own tombstone, however full it has become meanwhile.
pub(super) fn a_tombstone_always_has_room() {
    let (guard, _) = bounded(10, 3 * CLAIM_BYTES);
    let tickets: Vec<_> = [b"a", b"b", b"c"]
        .map(|bytes| execute(&guard, bytes))
        .into();
    assert_eq!(seen(&guard, b"d"), "Full Bytes");
    for ticket in tickets {
        assert_eq!(
            held(&ticket.complete(answer(201, &[b'x'; 5000]))),
            "tombstone 201"
        );
    }
    assert_eq!(guard.gauges().bytes, 3 * charged(1, 0));
}

// N-24, N-40, N-43: at the bound there is no place for a new key, but an expired one has its own.
pub(super) fn an_expired_key_is_replaced_in_place_at_the_bounds() {
    let (guard, clock) = bounded(1, CLAIM_BYTES);
    run(&guard, b"k", &[b'x'; CLAIM_ALLOWANCE_BYTES]);
    clock.advance_ms(TTL_MS);
    assert_eq!(seen(&guard, b"other"), "Full Keys");
    let ticket = execute(&guard, b"k");
    let gauges = guard.gauges();
    assert_eq!(
        (gauges.pending, gauges.completed, gauges.bytes),
        (1, 0, CLAIM_BYTES)
    );
    ticket.release();
    // Where the old response was small and others took the rest, a claim's larger share may find no room.
    let (guard, clock) = bounded(2, charged(1, 0) + CLAIM_BYTES);
    run(&guard, b"k", b"");
    let other = execute(&guard, b"o");
    clock.advance_ms(TTL_MS);
    assert_eq!(seen(&guard, b"k"), "Full Bytes");
    other.complete(answer(201, b""));
    assert_eq!(seen(&guard, b"k"), "Execute");
}

// N-43
pub(super) fn an_unlinked_key_gives_back_exactly_its_charge() {
    let (guard, clock) = small();
    let long = [b'k'; 255];
    run(&guard, &long, &[b'x'; 90]);
    drop(execute(&guard, b"net"));
    execute(&guard, b"tombstone").complete(answer(201, &[b'x'; 101]));
    let expected = charged(255, 90) + charged(3, 0) + charged(9, 0);
    assert_eq!(guard.gauges().bytes, expected);
    execute(&guard, b"released").release();
    assert_eq!(guard.gauges().bytes, expected);
    clock.advance_ms(TTL_MS);
    assert_eq!(guard.sweep_step(&mut Sweep::default(), 1000).removed, 3);
    assert_eq!((guard.gauges().completed, guard.gauges().bytes), (0, 0));
}
