//! Claims about src/idempotency/guard.rs and ticket.rs: the five answers here; what the bounds do, the model, and the chosen
//! interleavings in the files beside; every interleaving in explorer/.

mod beside;
mod bounds;
mod model;
mod owners;
mod queue;
mod races;
mod sequences;
mod tombstones;
mod worlds;

use crate::harness::Test;
use crate::idempotency::scene::{
    NET_LABEL, OTHER_PRINT, OTHER_SCOPE, PRINT, SCOPE, TTL_MS, admit, answer, config, execute,
    held, key, run, seen, small, told, with,
};
use nanoserve::idempotency::TRANSITIONS;
use nanoserve::idempotency::guard::{Admission, Guard, GuardConfig, Stored, Ticket};
use nanoserve::idempotency::record::Status;
use std::panic::{self, AssertUnwindSafe};

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("a_new_key_executes", a_new_key_executes),
    ("a_completed_key_replays_the_same_bytes", a_completed_key_replays_the_same_bytes),
    ("second_claim_of_a_pending_key_is_in_flight", second_claim_of_a_pending_key_is_in_flight),
    ("another_fingerprint_is_a_mismatch_even_in_flight", another_fingerprint_is_a_mismatch_even_in_flight),
    ("equal_keys_of_two_callers_never_meet", equal_keys_of_two_callers_never_meet),
    ("a_released_key_is_free_for_any_fingerprint", a_released_key_is_free_for_any_fingerprint),
    ("the_ttl_runs_from_completion_not_from_the_claim", the_ttl_runs_from_completion_not_from_the_claim),
    ("a_record_never_expires_a_fraction_of_a_millisecond_early", a_record_never_expires_a_fraction_of_a_millisecond_early),
    ("reading_does_not_extend_the_ttl", reading_does_not_extend_the_ttl),
    ("a_pending_record_does_not_expire", a_pending_record_does_not_expire),
    ("a_dropped_ticket_publishes_the_last_net", a_dropped_ticket_publishes_the_last_net),
    ("a_panic_with_a_ticket_publishes_the_last_net", a_panic_with_a_ticket_publishes_the_last_net),
    ("a_replay_outlives_its_record", a_replay_outlives_its_record),
    ("an_in_flight_handle_learns_that_it_is_over", an_in_flight_handle_learns_that_it_is_over),
    ("a_look_up_shows_every_callers_record", a_look_up_shows_every_callers_record),
    ("a_look_up_leaves_out_what_is_free", a_look_up_leaves_out_what_is_free),
    ("gauges_count_pending_completed_and_bytes", bounds::gauges_count_pending_completed_and_bytes),
    ("every_row_of_the_state_table_holds", every_row_of_the_state_table_holds),
    ("a_ttl_of_nothing_is_taken_up_to_a_millisecond", a_ttl_of_nothing_is_taken_up_to_a_millisecond),
    ("the_bound_on_keys_is_exact_and_known_keys_go_on", bounds::the_bound_on_keys_is_exact_and_known_keys_go_on),
    ("the_bound_on_bytes_is_exact_to_the_byte", bounds::the_bound_on_bytes_is_exact_to_the_byte),
    ("without_a_worker_to_spare_only_known_keys_are_answered", bounds::without_a_worker_to_spare_only_known_keys_are_answered),
    ("content_at_the_stored_bound_is_kept_and_one_byte_more_is_a_tombstone", bounds::content_at_the_stored_bound_is_kept_and_one_byte_more_is_a_tombstone),
    ("a_response_that_finds_no_room_is_a_tombstone", bounds::a_response_that_finds_no_room_is_a_tombstone),
    ("a_tombstone_always_has_room", bounds::a_tombstone_always_has_room),
    ("around_every_bound_content_is_kept_up_to_it", tombstones::around_every_bound_content_is_kept_up_to_it),
    ("a_ticket_knows_beforehand_what_would_be_stored", tombstones::a_ticket_knows_beforehand_what_would_be_stored),
    ("one_byte_of_room_decides_among_others", tombstones::one_byte_of_room_decides_among_others),
    ("a_tombstone_gives_its_allowance_back", tombstones::a_tombstone_gives_its_allowance_back),
    ("a_tombstone_stands_as_long_as_any_record", tombstones::a_tombstone_stands_as_long_as_any_record),
    ("an_expired_tombstone_is_replaced_by_an_answer_with_its_charge", tombstones::an_expired_tombstone_is_replaced_by_an_answer_with_its_charge),
    ("the_last_net_is_kept_where_nothing_else_would_be", tombstones::the_last_net_is_kept_where_nothing_else_would_be),
    ("an_expired_key_is_replaced_in_place_at_the_bounds", bounds::an_expired_key_is_replaced_in_place_at_the_bounds),
    ("an_unlinked_key_gives_back_exactly_its_charge", bounds::an_unlinked_key_gives_back_exactly_its_charge),
    ("all_short_sequences_agree_with_the_model", sequences::all_short_sequences_agree_with_the_model),
    ("long_random_sequences_agree_with_the_model", sequences::long_random_sequences_agree_with_the_model),
    ("a_key_claimed_between_the_two_locks_is_seen", races::a_key_claimed_between_the_two_locks_is_seen),
    ("a_release_takes_out_its_own_record_only", races::a_release_takes_out_its_own_record_only),
    ("of_two_that_replace_an_expired_record_one_executes", races::of_two_that_replace_an_expired_record_one_executes),
    ("the_sweeper_leaves_a_record_that_was_replaced_before_its_unlink", races::the_sweeper_leaves_a_record_that_was_replaced_before_its_unlink),
    ("a_record_that_expires_during_a_lookup_is_not_served", races::a_record_that_expires_during_a_lookup_is_not_served),
    ("others_wait_until_a_dropped_ticket_has_published", races::others_wait_until_a_dropped_ticket_has_published),
    ("a_look_up_shows_a_record_that_moves_meanwhile_once", races::a_look_up_shows_a_record_that_moves_meanwhile_once),
    ("duplicates_at_the_bound_are_never_told_full", races::duplicates_at_the_bound_are_never_told_full),
    ("a_late_unlink_leaves_alone_whatever_came_after_the_release", owners::a_late_unlink_leaves_alone_whatever_came_after_the_release),
    ("two_late_unlinks_leave_a_third_claim_alone", owners::two_late_unlinks_leave_a_third_claim_alone),
    ("a_late_completion_meets_no_newer_claim", owners::a_late_completion_meets_no_newer_claim),
    ("an_owner_that_takes_its_time_keeps_its_key_from_one_that_missed_it", owners::an_owner_that_takes_its_time_keeps_its_key_from_one_that_missed_it),
    ("a_late_drop_meets_no_newer_claim", owners::a_late_drop_meets_no_newer_claim),
    ("handles_of_an_older_claim_never_speak_of_a_newer_one", owners::handles_of_an_older_claim_never_speak_of_a_newer_one),
    ("in_every_interleaving_of_two_owners_a_key_is_owned_by_one", owners::in_every_interleaving_of_two_owners_a_key_is_owned_by_one),
    ("in_drawn_interleavings_of_five_a_key_is_owned_by_one", owners::in_drawn_interleavings_of_five_a_key_is_owned_by_one),
    (
        "only_a_key_that_looks_new_asks_whether_it_may_execute",
        only_a_key_that_looks_new_asks_whether_it_may_execute,
    ),
];

// N-20
fn a_new_key_executes() {
    let (guard, _) = small();
    execute(&guard, b"k").complete(answer(201, b"done"));
    assert_eq!(seen(&guard, b"K"), "Execute", "keys are case-sensitive");
}

// N-21
fn a_completed_key_replays_the_same_bytes() {
    let (guard, _) = small();
    let bytes: Vec<u8> = (0..=99).collect();
    let first = execute(&guard, b"k").complete(answer(201, &bytes));
    for _ in 0..3 {
        let Admission::Replay(replay) = admit(&guard, b"k") else {
            panic!("no replay");
        };
        for replay in [&first, &replay] {
            let Stored::Snapshot(stored) = replay.stored() else {
                panic!("no snapshot");
            };
            assert_eq!((*stored).as_ref(), bytes);
        }
    }
}

// N-22
fn second_claim_of_a_pending_key_is_in_flight() {
    let (guard, _) = small();
    let ticket = execute(&guard, b"k");
    assert_eq!(seen(&guard, b"k"), "InFlight");
    ticket.complete(answer(201, b"done"));
    assert_eq!(seen(&guard, b"k"), "Replay done");
}

// N-23
fn another_fingerprint_is_a_mismatch_even_in_flight() {
    let (guard, clock) = small();
    let other = || told(&guard.admit(&SCOPE, key(b"k"), &OTHER_PRINT, || true));
    let ticket = execute(&guard, b"k");
    assert_eq!(other(), "Mismatch");
    ticket.complete(answer(201, b"done"));
    clock.advance_ms(TTL_MS - 1);
    assert_eq!(other(), "Mismatch");
    assert_eq!(seen(&guard, b"k"), "Replay done", "the record is untouched");
    clock.advance_ms(1);
    assert_eq!(other(), "Execute", "the mismatch did not extend the TTL");
}

// N-15
fn equal_keys_of_two_callers_never_meet() {
    let (guard, _) = small();
    run(&guard, b"k", b"done");
    let other = guard.admit(&OTHER_SCOPE, key(b"k"), &PRINT, || true);
    assert_eq!(told(&other), "Execute");
}

// N-30
fn a_released_key_is_free_for_any_fingerprint() {
    let (guard, _) = small();
    execute(&guard, b"k").release();
    assert_eq!(guard.gauges().pending + guard.gauges().completed, 0);
    let corrected = guard.admit(&SCOPE, key(b"k"), &OTHER_PRINT, || true);
    assert_eq!(told(&corrected), "Execute");
}

// N-40
fn the_ttl_runs_from_completion_not_from_the_claim() {
    let (guard, clock) = small();
    let ticket = execute(&guard, b"k");
    clock.advance_ms(10 * TTL_MS);
    ticket.complete(answer(201, b"done"));
    clock.advance_ms(TTL_MS - 1);
    assert_eq!(seen(&guard, b"k"), "Replay done");
    clock.advance_ms(1);
    assert_eq!(seen(&guard, b"k"), "Execute");
}

// N-40
fn a_record_never_expires_a_fraction_of_a_millisecond_early() {
    for us in [1, 500, 999] {
        let (guard, clock) = small();
        clock.advance_us(us);
        run(&guard, b"k", b"done");
        clock.advance_us(TTL_MS * 1000 - 1);
        assert_eq!(seen(&guard, b"k"), "Replay done", "completed at {us} us");
        clock.advance_ms(1);
        assert_eq!(seen(&guard, b"k"), "Execute");
    }
}

// N-40
fn reading_does_not_extend_the_ttl() {
    let (guard, clock) = small();
    run(&guard, b"k", b"done");
    for _ in 0..TTL_MS {
        assert_eq!(seen(&guard, b"k"), "Replay done");
        clock.advance_ms(1);
    }
    assert_eq!(seen(&guard, b"k"), "Execute");
}

// N-41
fn a_pending_record_does_not_expire() {
    let (guard, clock) = small();
    let ticket = execute(&guard, b"k");
    clock.advance_ms(1000 * TTL_MS);
    assert_eq!(seen(&guard, b"k"), "InFlight");
    ticket.complete(answer(201, b"done"));
    assert_eq!(seen(&guard, b"k"), "Replay done");
}

// N-31, N-34
fn a_dropped_ticket_publishes_the_last_net() {
    let (guard, _) = small();
    drop(execute(&guard, b"k"));
    assert_eq!(seen(&guard, b"k"), "Replay the last net");
    assert_eq!(
        guard.look_up(key(b"k"))[0].completed,
        Some((TTL_MS, NET_LABEL))
    );
    run(&guard, b"completed", b"done");
    assert_eq!(
        seen(&guard, b"completed"),
        "Replay done",
        "nothing after completion"
    );
}

// N-31
fn a_panic_with_a_ticket_publishes_the_last_net() {
    let (guard, _) = small();
    let ticket = execute(&guard, b"k");
    let outcome = panic::catch_unwind(AssertUnwindSafe(move || {
        let _held = ticket;
        panic::resume_unwind(Box::new("a handler's")); // without the hook's message
    }));
    assert!(outcome.is_err());
    assert_eq!(seen(&guard, b"k"), "Replay the last net");
    assert_eq!(seen(&guard, b"other"), "Execute", "no lock is poisoned");
}

// N-21, N-42
fn a_replay_outlives_its_record() {
    let (guard, clock) = small();
    run(&guard, b"k", b"done");
    let Admission::Replay(replay) = admit(&guard, b"k") else {
        panic!("no replay");
    };
    clock.advance_ms(TTL_MS);
    run(&guard, b"k", b"anew");
    assert_eq!(held(&replay), "done");
    drop(guard);
    assert_eq!(held(&replay), "done");
}

// N-22
fn an_in_flight_handle_learns_that_it_is_over() {
    let (guard, _) = small();
    let finish: [fn(Ticket<'_>); 3] = [
        |ticket| ticket.release(),
        |ticket| drop(ticket.complete(answer(201, b"done"))),
        |ticket| drop(ticket),
    ];
    for (number, finish) in (1..).zip(finish) {
        let ticket = execute(&guard, &[number]);
        let Admission::InFlight(first) = admit(&guard, &[number]) else {
            panic!("not in flight");
        };
        assert!(!first.is_over());
        finish(ticket);
        assert!(first.clone().is_over());
    }
}

// N-61
fn a_look_up_shows_every_callers_record() {
    let (guard, clock) = small();
    run(&guard, b"k", b"done");
    clock.advance_ms(10);
    let Admission::Execute(pending) = guard.admit(&OTHER_SCOPE, key(b"k"), &PRINT, || true) else {
        panic!("a new caller executes");
    };
    run(&guard, b"unrelated", b"done");
    clock.advance_ms(5);
    let mut sightings = guard.look_up(key(b"k"));
    sightings.sort_by_key(|sighting| sighting.scope.0);
    let told: Vec<_> = sightings
        .iter()
        .map(|sighting| (sighting.scope, sighting.age_ms, sighting.completed))
        .collect();
    assert_eq!(
        told,
        [
            (SCOPE, 15, Some((TTL_MS - 15, 201))),
            (OTHER_SCOPE, 5, None)
        ]
    );
    pending.release();
}

// N-40, N-61
fn a_look_up_leaves_out_what_is_free() {
    let (guard, clock) = small();
    assert_eq!(guard.look_up(key(b"k")), []);
    run(&guard, b"k", b"done");
    clock.advance_ms(TTL_MS);
    assert_eq!(guard.look_up(key(b"k")), []);
    execute(&guard, b"k").release();
    assert_eq!(guard.look_up(key(b"k")), []);
}

// N-20, N-22, N-30, N-40
fn every_row_of_the_state_table_holds() {
    let state = |guard: &Guard| match seen_without_claiming(guard).as_str() {
        "Full Workers" => None,
        "InFlight" => Some(Status::Pending),
        _ => Some(Status::Completed),
    };
    for &(from, verb, to) in TRANSITIONS {
        let (guard, clock) = small();
        let ticket = (from == Some(Status::Pending)).then(|| execute(&guard, b"k"));
        if from == Some(Status::Completed) {
            run(&guard, b"k", b"done");
        }
        assert_eq!(state(&guard), from, "before {verb}");
        let held = match (verb, ticket) {
            ("claim", None) => Some(execute(&guard, b"k")),
            ("complete", Some(ticket)) => {
                ticket.complete(answer(201, b"done"));
                None
            }
            ("release", Some(ticket)) => {
                ticket.release();
                None
            }
            ("expire", None) => {
                clock.advance_ms(TTL_MS);
                None
            }
            (other, _) => panic!("a row that nobody tests: {other}"),
        };
        assert_eq!(state(&guard), to, "after {verb}");
        drop(held);
    }
}

/// Known keys answer as ever; a free one is told by the refusal.
fn seen_without_claiming(guard: &Guard) -> String {
    told(&guard.admit(&SCOPE, key(b"k"), &PRINT, || false))
}

// N-40
fn a_ttl_of_nothing_is_taken_up_to_a_millisecond() {
    let (guard, clock) = with(GuardConfig {
        ttl_ms: 0,
        ..config()
    });
    run(&guard, b"k", b"done");
    assert_eq!(seen(&guard, b"k"), "Replay done");
    clock.advance_ms(1);
    assert_eq!(seen(&guard, b"k"), "Execute");
}

// N-24
fn only_a_key_that_looks_new_asks_whether_it_may_execute() {
    let (guard, _) = small();
    let asked = std::cell::Cell::new(0);
    let admit = |bytes: &'static [u8]| {
        guard.admit(&SCOPE, key(bytes), &PRINT, || {
            asked.set(asked.get() + 1);
            true
        })
    };
    let Admission::Execute(ticket) = admit(b"k") else {
        panic!("a new key executes");
    };
    assert_eq!(asked.get(), 1);
    assert!(matches!(admit(b"k"), Admission::InFlight(_)));
    ticket.complete(answer(201, b"done"));
    assert!(matches!(admit(b"k"), Admission::Replay(_)));
    assert_eq!(asked.get(), 1);
}
