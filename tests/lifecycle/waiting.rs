//! `--duplicates wait` (N-22): a duplicate of a running request waits for it, on its connection and on no thread.

use super::{Client, House, PATIENCE, Setup, TTL_MS, post};
use crate::harness::wire::End;
use crate::harness::{Test, wait_until};
use nanoserve::metrics::Counter;
use nanoserve::server::connection::Stand;
use std::sync::atomic::Ordering;
use std::thread;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("a_duplicate_waits_and_replays", a_duplicate_waits_and_replays),
    ("an_outcome_that_was_waited_for_is_told_though_its_time_is_over", an_outcome_that_was_waited_for_is_told_though_its_time_is_over),
    ("past_the_time_a_duplicate_gets_409", past_the_time_a_duplicate_gets_409),
    ("past_the_bound_a_duplicate_gets_409_at_once", past_the_bound_a_duplicate_gets_409_at_once),
    ("without_room_to_wait_in_a_duplicate_gets_409_at_once", without_room_to_wait_in_a_duplicate_gets_409_at_once),
    ("after_a_release_one_waiter_runs_and_the_others_replay_its_answer", after_a_release_one_waiter_runs_and_the_others_replay_its_answer),
    ("an_heir_at_work_holds_no_room_among_those_who_wait", an_heir_at_work_holds_no_room_among_those_who_wait),
    ("each_release_gives_the_key_to_the_next_waiter", each_release_gives_the_key_to_the_next_waiter),
    ("a_wait_that_goes_on_keeps_its_deadline", a_wait_that_goes_on_keeps_its_deadline),
    ("a_mismatch_does_not_wait", a_mismatch_does_not_wait),
    ("a_released_key_that_another_request_took_is_a_mismatch_for_all_who_wait", a_released_key_that_another_request_took_is_a_mismatch_for_all_who_wait),
    ("an_heir_without_a_worker_to_spare_is_refused_and_the_others_go_on", an_heir_without_a_worker_to_spare_is_refused_and_the_others_go_on),
    ("a_waiter_whose_client_resets_leaves_nothing_behind", a_waiter_whose_client_resets_leaves_nothing_behind),
    ("a_waiter_that_sends_no_more_gives_its_place_up_and_is_answered", a_waiter_that_sends_no_more_gives_its_place_up_and_is_answered),
    ("what_a_waiter_sends_ahead_is_answered_after_it", what_a_waiter_sends_ahead_is_answered_after_it),
    ("what_a_waiter_sends_ahead_is_bounded", what_a_waiter_sends_ahead_is_bounded),
    ("each_duplicate_counts_once_as_what_it_got", each_duplicate_counts_once_as_what_it_got),
    ("the_place_is_free_before_the_key_is", the_place_is_free_before_the_key_is),
    ("what_is_told_of_a_wait_begins_when_the_request_was_whole", what_is_told_of_a_wait_begins_when_the_request_was_whole),
    ("whoever_waits_when_a_drain_begins_is_told_of_it_or_replays", whoever_waits_when_a_drain_begins_is_told_of_it_or_replays),
];

const WAIT_MS: u64 = 3_000;

fn waiting() -> Setup {
    Setup {
        wait_ms: WAIT_MS,
        ..Setup::default()
    }
}

/// A duplicate that waits.
#[track_caller]
fn waiter(house: &House, target: &str, key: &str) -> Client {
    let mut client = house.connect();
    client.far.send(&post(target, key, ""));
    assert_eq!(client.settle(), Stand::Parked);
    client
}

/// What has come back to it by now.
#[track_caller]
fn answer(client: &mut Client) -> super::Answer {
    client.settle();
    let mut answers = super::answers(&client.far.take());
    assert_eq!(answers.len(), 1, "one answer: {answers:?}");
    answers.remove(0)
}

// N-22
fn a_duplicate_waits_and_replays() {
    let house = House::new(waiting());
    let mut waiters = Vec::new();
    let first = house.while_held("k", || {
        waiters = [(); 3].map(|()| waiter(&house, "/held", "k")).into();
        assert_eq!(house.guard.waiting(), 3);
    });
    first.expect_run(1);
    for waiter in &mut waiters {
        answer(waiter).expect_replay(1);
        waiter.ask(&post("/held", "k", "")).expect_replay(1);
    }
    assert_eq!((house.runs(), house.guard.waiting()), (1, 0));
}

// N-22, N-40: the wait ended when the outcome was recorded; that its connection is looked at later must not run it again.
fn an_outcome_that_was_waited_for_is_told_though_its_time_is_over() {
    let house = House::new(waiting());
    let mut late = None;
    house.while_held("k", || late = Some(waiter(&house, "/held", "k")));
    house.clock.advance_ms(TTL_MS);
    answer(&mut late.expect("it waits")).expect_replay(1);
    assert_eq!((house.runs(), house.guard.waiting()), (1, 0));
    house.post("/held", "k", "").expect_run(2); // for whoever comes now the key is new
}

// N-22
fn past_the_time_a_duplicate_gets_409() {
    let house = House::new(waiting());
    house.while_held("k", || {
        let mut waiter = waiter(&house, "/held", "k");
        house.clock.advance_ms(WAIT_MS - 1);
        assert_eq!(waiter.settle(), Stand::Parked);
        house.clock.advance_ms(1);
        let answer = answer(&mut waiter);
        answer.expect_problem(409, "key-in-flight");
        assert_eq!(answer.field("Retry-After"), "1");
        assert_eq!(house.guard.waiting(), 0);
    });
    assert_eq!(house.runs(), 1);
}

// N-22
fn past_the_bound_a_duplicate_gets_409_at_once() {
    let house = House::new(Setup {
        waiters_max: 2,
        ..waiting()
    });
    house.while_held("k", || {
        let _two = [(); 2].map(|()| waiter(&house, "/held", "k"));
        house
            .post("/held", "k", "")
            .expect_problem(409, "key-in-flight");
        assert_eq!(house.guard.waiting(), 2);
    });
}

// N-22, N-43: what waits is held in memory, and that is bounded too.
fn without_room_to_wait_in_a_duplicate_gets_409_at_once() {
    let house = House::new(Setup {
        parked_room: 1_000,
        ..waiting()
    });
    let content = "x".repeat(600);
    let request = post("/held", "k", &content);
    // One whose content fits, and one whose content then does not.
    let meanwhile = || {
        let mut fits = house.connect();
        fits.far.send(&request);
        assert_eq!(fits.settle(), Stand::Parked);
        house.ask(&request).expect_problem(409, "key-in-flight");
        assert_eq!(house.guard.waiting(), 1);
        assert!(house.shared.parked.used() > 600);
        drop(fits);
        assert_eq!((house.guard.waiting(), house.shared.parked.used()), (0, 0));
        assert_eq!(house.count(Counter::Waited), 1, "the other did not wait");
    };
    house
        .while_held_by(|| house.ask(&request), meanwhile)
        .expect_run(1);
}

// N-22, N-30
fn after_a_release_one_waiter_runs_and_the_others_replay_its_answer() {
    let house = House::new(waiting());
    let mut waiters = Vec::new();
    let first = house.while_held_at("/held-refuse/1", "k", || {
        waiters = [(); 3]
            .map(|()| waiter(&house, "/held-refuse/1", "k"))
            .into();
    });
    assert_eq!((first.status, house.runs()), (503, 1));
    assert_eq!(
        waiters[1].settle(),
        Stand::Parked,
        "it is the first one's turn"
    );
    answer(&mut waiters[0]).expect_run(2);
    answer(&mut waiters[1]).expect_replay(2);
    answer(&mut waiters[2]).expect_replay(2);
    assert_eq!((house.runs(), house.guard.waiting()), (2, 0));
}

// N-22, N-43
fn an_heir_at_work_holds_no_room_among_those_who_wait() {
    let house = House::new(waiting());
    let mut heir = None;
    house.while_held_at("/held-refuse/1", "k", || {
        heir = Some(waiter(&house, "/held-refuse/1", "k"));
        assert!(house.shared.parked.used() > 0);
    });
    let mut heir = heir.expect("it waits");
    house.trial.let_go.store(false, Ordering::SeqCst);
    thread::scope(|scope| {
        let works = scope.spawn(|| answer(&mut heir));
        wait_until(PATIENCE, || house.trial.inside.load(Ordering::SeqCst) == 2);
        let held = house.shared.parked.used();
        house.trial.let_go.store(true, Ordering::SeqCst);
        works.join().expect("the heir does not panic").expect_run(2);
        assert_eq!(held, 0);
    });
}

// N-22, N-30
fn each_release_gives_the_key_to_the_next_waiter() {
    let house = House::new(waiting());
    let mut waiters = Vec::new();
    house.while_held_at("/held-refuse/9", "k", || {
        waiters = [(); 3]
            .map(|()| waiter(&house, "/held-refuse/9", "k"))
            .into();
    });
    for number in 0..3 {
        for later in &mut waiters[number + 1..] {
            assert_eq!(later.settle(), Stand::Parked);
        }
        let answer = answer(&mut waiters[number]);
        assert_eq!((answer.status, house.runs()), (503, number + 2));
        assert!(!answer.is_replay(), "it ran itself");
    }
    assert!(house.is_unused("k"));
    assert_eq!(house.guard.waiting(), 0);
}

// N-22: however often the key changes hands.
fn a_wait_that_goes_on_keeps_its_deadline() {
    let house = House::new(waiting());
    let mut early = None;
    house.while_held_at("/held-refuse/1", "k", || {
        early = Some(waiter(&house, "/held-refuse/1", "k"));
    });
    house.clock.advance_ms(WAIT_MS - 1);
    let mut early = early.expect("it waits");
    // The key was given back and a newcomer is faster than the heir.
    house.while_held_at("/held-refuse/1", "k", || {
        assert_eq!(
            early.settle(),
            Stand::Parked,
            "it waits for the newcomer now"
        );
        house.clock.advance_ms(1);
        answer(&mut early).expect_problem(409, "key-in-flight");
    });
    assert_eq!(house.count(Counter::Waited), 1, "it was one wait");
}

// N-22, N-23
fn a_mismatch_does_not_wait() {
    let house = House::new(waiting());
    house.while_held("k", || {
        house
            .post("/held", "k", "other")
            .expect_problem(422, "key-reused");
    });
}

// N-22, N-23, N-30
fn a_released_key_that_another_request_took_is_a_mismatch_for_all_who_wait() {
    let house = House::new(waiting());
    let mut waiters = Vec::new();
    house.while_held_at("/held-refuse/1", "k", || {
        waiters = [(); 3]
            .map(|()| waiter(&house, "/held-refuse/1", "k"))
            .into();
    });
    house.post("/run", "k", "").expect_run(2);
    for waiter in &mut waiters {
        answer(waiter).expect_problem(422, "key-reused");
    }
    assert_eq!((house.runs(), house.guard.waiting()), (2, 0));
}

// N-22, N-24
fn an_heir_without_a_worker_to_spare_is_refused_and_the_others_go_on() {
    let house = House::new(Setup {
        places: 1,
        ..waiting()
    });
    let mut waiters = Vec::new();
    house.while_held_at("/held-refuse/1", "k", || {
        waiters = [(); 3]
            .map(|()| waiter(&house, "/held-refuse/1", "k"))
            .into();
    });
    let place = house.shared.places.take().expect("the one place");
    answer(&mut waiters[0]).expect_problem(503, "workers-busy");
    assert_eq!(
        waiters[2].settle(),
        Stand::Parked,
        "it is the next one's turn"
    );
    drop(place);
    answer(&mut waiters[1]).expect_run(2);
    answer(&mut waiters[2]).expect_replay(2);
    assert_eq!(house.guard.waiting(), 0);
}

// N-22
fn a_waiter_whose_client_resets_leaves_nothing_behind() {
    let house = House::new(waiting());
    house.while_held("k", || {
        let mut client = house.connect();
        let request = post("/held", "k", "");
        client.far.end_after(request.len(), End::Reset);
        client.far.send(&request);
        assert_eq!(client.settle(), Stand::Closed);
        assert_eq!((house.guard.waiting(), house.shared.parked.used()), (0, 0));
    });
    assert_eq!(house.runs(), 1);
}

// N-22: a closed sending side may be a client that left, or one that has nothing more to say and still reads.
fn a_waiter_that_sends_no_more_gives_its_place_up_and_is_answered() {
    let house = House::new(waiting());
    house.while_held("k", || {
        let mut client = house.connect();
        let request = post("/held", "k", "");
        client.far.end_after(request.len(), End::Closed);
        client.far.send(&request);
        assert_eq!(client.settle(), Stand::Closed);
        let answers = super::answers(&client.far.take());
        answers[0].expect_problem(409, "key-in-flight");
        assert_eq!((house.guard.waiting(), house.shared.parked.used()), (0, 0));
    });
}

// N-7, N-22
fn what_a_waiter_sends_ahead_is_answered_after_it() {
    let house = House::new(waiting());
    let mut client = house.connect();
    house.while_held("k", || {
        client.far.send(&post("/held", "k", ""));
        client.far.send(&post("/run", "ahead", ""));
        assert_eq!(client.settle(), Stand::Parked);
        client.far.send(&post("/run", "later", ""));
        assert_eq!(client.settle(), Stand::Parked);
    });
    client.settle();
    let answers = super::answers(&client.far.take());
    assert_eq!(answers.len(), 3);
    answers[0].expect_replay(1);
    answers[1].expect_run(2);
    answers[2].expect_run(3);
}

// N-22, N-43
fn what_a_waiter_sends_ahead_is_bounded() {
    let house = House::new(waiting());
    house.while_held("k", || {
        let mut client = waiter(&house, "/held", "k");
        client.far.send(&vec![b'x'; 100_000]);
        assert_eq!(client.settle(), Stand::Parked);
        assert!(
            client.far.unread() > 60_000,
            "{} left unread",
            client.far.unread()
        );
    });
}

// N-22, N-62
fn each_duplicate_counts_once_as_what_it_got() {
    let house = House::new(waiting());
    let mut waiters = Vec::new();
    house.while_held("k", || {
        waiters = [(); 2].map(|()| waiter(&house, "/held", "k")).into();
        let mut late = waiter(&house, "/held", "k");
        house.clock.advance_ms(WAIT_MS);
        answer(&mut late).expect_problem(409, "key-in-flight");
        answer(&mut waiters[0]).expect_problem(409, "key-in-flight");
    });
    answer(&mut waiters[1]).expect_replay(1);
    let counts = [
        Counter::Waited,
        Counter::Execute,
        Counter::Replay,
        Counter::InFlight,
    ];
    assert_eq!(counts.map(|counter| house.count(counter)), [3, 1, 1, 2]);
}

// N-22, N-24: an heir on another worker may come before the first one's worker is done with its answer.
fn the_place_is_free_before_the_key_is() {
    let house = House::new(waiting());
    assert_eq!(house.post("/spied", "k", "").status, 201);
    let spied = house.trial.spied.lock().expect("nobody panicked with it");
    assert!(!spied.is_empty(), "it was recorded");
    assert!(spied.iter().all(|taken| *taken == 0), "{spied:?}");
}

// N-22, N-62: the content comes three seconds after its head, and then the request waits for half of one.
fn what_is_told_of_a_wait_begins_when_the_request_was_whole() {
    let house = House::new(waiting());
    let mut client = house.connect();
    let bytes = post("/held", "k", "0123456789");
    let (head, content) = bytes.split_at(bytes.len() - 10);
    let ask = || house.ask(&bytes);
    house.while_held_by(ask, || {
        client.far.send(head);
        client.settle();
        house.clock.advance_ms(3_000);
        client.far.send(content);
        assert_eq!(client.settle(), Stand::Parked);
        house.clock.advance_ms(500);
    });
    answer(&mut client).expect_replay(1);
    let text = house.meters.render(&[]);
    let sum = "nanoserve_request_seconds_sum 4.000000"; // the first one's 3.5, and 0.5
    assert!(text.contains(sum), "{text}");
}

// N-22, N-63
fn whoever_waits_when_a_drain_begins_is_told_of_it_or_replays() {
    for released in [false, true] {
        let house = House::new(waiting());
        let target = if released {
            "/held-refuse/1"
        } else {
            "/held-refuse/0"
        };
        let mut waiters = Vec::new();
        house.while_held_at(target, "k", || {
            waiters = [(); 3].map(|()| waiter(&house, target, "k")).into();
            house.shared.begin_drain();
        });
        for waiter in &mut waiters {
            let answer = answer(waiter);
            if released {
                answer.expect_problem(503, "draining"); // the heir, and then the others for themselves
            } else {
                answer.expect_replay(1);
            }
            assert_eq!(answer.field("Connection"), "close");
        }
        assert_eq!((house.runs(), house.guard.waiting()), (1, 0));
    }
}
