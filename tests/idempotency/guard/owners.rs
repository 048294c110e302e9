//! A late owner cannot touch a newer claim (N-34). The argument stands at the head of ticket.rs; here each of its steps is
//! stopped in the middle, and whatever can happen to the key meanwhile happens.

use crate::harness::exhaustive::strings;
use crate::idempotency::explorer::{Act, Baton, Footprint, Play, Way};
use crate::idempotency::scene::{
    NET, OTHER_PRINT, PRINT, SCOPE, TTL_MS, admit, answer, config, execute, held, key, run, seen,
    told,
};
use crate::idempotency::stops::Stops;
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, Gauges, Guard, Sighting, Ticket};
use nanoserve::idempotency::points::{Point, Points};
use nanoserve::idempotency::sweeper::Sweep;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

fn stopped() -> (Guard<Stops>, Clock, Stops) {
    let (clock, stops) = (Clock::manual(0), Stops::default());
    let guard = Guard::with_points(config(), clock.clone(), stops.clone());
    (guard, clock, stops)
}

fn sweep<P: Points>(guard: &Guard<P>) -> usize {
    guard.sweep_step(&mut Sweep::default(), 1000).removed
}

/// All that can be seen of a key from outside without claiming it.
fn view<P: Points>(guard: &Guard<P>) -> (String, String, Vec<Sighting>, Gauges) {
    let ask = |print| told(&guard.admit(&SCOPE, key(b"k"), print, || false));
    (
        ask(&PRINT),
        ask(&OTHER_PRINT),
        guard.look_up(key(b"k")),
        guard.gauges(),
    )
}

/// Ends all that is left of a test and asserts that every byte was given back.
#[track_caller]
fn nothing_is_left<P: Points>(guard: &Guard<P>, clock: &Clock) {
    clock.advance_ms(TTL_MS);
    sweep(guard);
    let nothing = Gauges {
        pending: 0,
        completed: 0,
        bytes: 0,
    };
    assert_eq!(
        guard.gauges(),
        nothing,
        "a charge is lost, or was given back twice"
    );
}

// N-30, N-34: whatever can happen to a key between RELEASED and the unlink that belongs to it, in stories of up to four verbs:
// a claim, its release, drop or completion, the end of a TTL, a sweep.
pub(super) fn a_late_unlink_leaves_alone_whatever_came_after_the_release() {
    let mut met_a_newer_claim = 0;
    for story in strings(b"krdcxs", 4) {
        let (guard, clock, stops) = stopped();
        let first = execute(&guard, b"k");
        let released = stops.next_at(Point::Released);
        let mut newer: Option<Ticket<'_, Stops>> = None;
        let mut claims = 0;
        thread::scope(|scope| {
            let owner = scope.spawn(|| first.release());
            released.reached();
            for verb in &story {
                match (verb, newer.take()) {
                    (b'k', None) => match admit(&guard, b"k") {
                        Admission::Execute(ticket) => {
                            claims += 1;
                            newer = Some(ticket);
                        }
                        other => assert!(told(&other).starts_with("Replay"), "{}", told(&other)),
                    },
                    (b'r', Some(ticket)) => ticket.release(),
                    (b'd', Some(ticket)) => drop(ticket),
                    (b'c', Some(ticket)) => drop(ticket.complete(answer(201, b"newer"))),
                    (b'x', ticket) => {
                        clock.advance_ms(TTL_MS);
                        newer = ticket;
                    }
                    (b's', ticket) => {
                        sweep(&guard);
                        newer = ticket;
                    }
                    (_, ticket) => newer = ticket, // a verb for an owner where there is none
                }
            }
            let before = view(&guard);
            released.go_on();
            owner.join().expect("the owner ends");
            if claims > 0 {
                let story = String::from_utf8_lossy(&story);
                assert_eq!(view(&guard), before, "after the story {story}");
                met_a_newer_claim += 1;
            }
        });
        drop(newer);
        nothing_is_left(&guard, &clock);
    }
    assert!(met_a_newer_claim > 500, "{met_a_newer_claim} stories");
}

// N-34: two owners in a row are late with their unlinks, and come in either order upon a third claim.
pub(super) fn two_late_unlinks_leave_a_third_claim_alone() {
    for second_goes_first in [false, true] {
        let (guard, clock, stops) = stopped();
        let both = [
            stops.next_at(Point::Released),
            stops.next_at(Point::Released),
        ];
        let third = thread::scope(|scope| {
            let first = execute(&guard, b"k");
            let first = scope.spawn(|| first.release());
            both[0].reached();
            let second = execute(&guard, b"k");
            let second = scope.spawn(|| second.release());
            both[1].reached();
            let third = execute(&guard, b"k");
            let before = view(&guard);
            let (mut stops, mut owners) = (Vec::from(both), vec![first, second]);
            if second_goes_first {
                stops.reverse();
                owners.reverse();
            }
            for (stop, owner) in stops.into_iter().zip(owners) {
                stop.go_on();
                owner.join().expect("the owner ends");
                assert_eq!(view(&guard), before);
            }
            third
        });
        third.complete(answer(201, b"third"));
        assert_eq!(seen(&guard, b"k"), "Replay third");
        nothing_is_left(&guard, &clock);
    }
}

// N-34, N-41: an owner that is held up in the middle of its completion for longer than any TTL. Nobody gets its key before
// it has published; and its answer is then over at once, as the TTL runs from the completion that the clock saw.
pub(super) fn a_late_completion_meets_no_newer_claim() {
    let (guard, clock, stops) = stopped();
    let ticket = execute(&guard, b"k");
    let set = stops.next_at(Point::SnapshotSet);
    let first = thread::scope(|scope| {
        let owner = scope.spawn(|| ticket.complete(answer(201, b"first")));
        set.reached();
        clock.advance_ms(100 * TTL_MS);
        assert_eq!(sweep(&guard), 0, "a pending record does not expire");
        assert_eq!(
            seen(&guard, b"k"),
            "InFlight",
            "its snapshot is not out yet"
        );
        set.go_on();
        owner.join().expect("the owner ends")
    });
    let newer = execute(&guard, b"k");
    assert_eq!(held(&first), "first", "what it returned is its own answer");
    drop(first);
    assert_eq!(sweep(&guard), 0);
    assert_eq!(seen(&guard, b"k"), "InFlight");
    newer.complete(answer(201, b"newer"));
    assert_eq!(seen(&guard, b"k"), "Replay newer");
    nothing_is_left(&guard, &clock);
}

// N-34, N-41: one that looked for the key before it was claimed comes to claim it when the owner has taken its time.
pub(super) fn an_owner_that_takes_its_time_keeps_its_key_from_one_that_missed_it() {
    let (guard, clock, stops) = stopped();
    let missed = stops.next_at(Point::ReadMissed);
    thread::scope(|scope| {
        let late = scope.spawn(|| seen(&guard, b"k"));
        missed.reached();
        let ticket = execute(&guard, b"k");
        clock.advance_ms(100 * TTL_MS);
        missed.go_on();
        assert_eq!(late.join().expect("the thread ends"), "InFlight");
        ticket.complete(answer(201, b"done"));
    });
    assert_eq!(seen(&guard, b"k"), "Replay done");
    nothing_is_left(&guard, &clock);
}

// N-31, N-34
pub(super) fn a_late_drop_meets_no_newer_claim() {
    let (guard, clock, stops) = stopped();
    let ticket = execute(&guard, b"k");
    let publish = stops.next_at(Point::BeforeDropPublish);
    thread::scope(|scope| {
        let owner = scope.spawn(|| drop(ticket));
        publish.reached();
        clock.advance_ms(100 * TTL_MS);
        assert_eq!(sweep(&guard), 0);
        assert_eq!(seen(&guard, b"k"), "InFlight");
        publish.go_on();
        owner.join().expect("the owner ends");
    });
    let net = format!("Replay {}", String::from_utf8_lossy(NET));
    assert_eq!(seen(&guard, b"k"), net);
    clock.advance_ms(TTL_MS - 1);
    assert_eq!(
        seen(&guard, b"k"),
        net,
        "its time runs from the publication"
    );
    clock.advance_ms(1);
    run(&guard, b"k", b"newer");
    assert_eq!(seen(&guard, b"k"), "Replay newer");
    nothing_is_left(&guard, &clock);
}

// N-21, N-22, N-34, N-42: handles of the first claim are held while its record expires, a newer claim takes the key, and a
// sweeper that had seen the first comes late. They speak of the first claim for as long as they are held.
pub(super) fn handles_of_an_older_claim_never_speak_of_a_newer_one() {
    let (guard, clock, stops) = stopped();
    let ticket = execute(&guard, b"k");
    let Admission::InFlight(in_flight) = admit(&guard, b"k") else {
        panic!("not in flight");
    };
    let own = ticket.complete(answer(201, b"older"));
    let Admission::Replay(replay) = admit(&guard, b"k") else {
        panic!("no replay");
    };
    clock.advance_ms(TTL_MS);
    let unlink = stops.next_at(Point::BeforeSweepUnlink);
    thread::scope(|scope| {
        let late = scope.spawn(|| sweep(&guard));
        unlink.reached();
        let newer = execute(&guard, b"k");
        let before = view(&guard);
        let all_is_old = || {
            assert!(in_flight.is_over(), "the attempt it stands for is");
            assert_eq!(
                (held(&own), held(&replay)),
                ("older".into(), "older".into())
            );
        };
        all_is_old();
        unlink.go_on();
        assert_eq!(late.join().expect("the sweeper ends"), 0);
        assert_eq!(view(&guard), before);
        all_is_old();
        newer.complete(answer(201, b"newer"));
        all_is_old();
        drop((own, replay, in_flight));
    });
    assert_eq!(seen(&guard, b"k"), "Replay newer");
    nothing_is_left(&guard, &clock);
}

struct Scene {
    guard: Guard<Baton>,
    clock: Clock,
    baton: Baton,
    /// How many believe now that they may execute.
    owners: AtomicUsize,
    /// What the last owner recorded; none where it released.
    recorded: Mutex<Option<&'static str>>,
}

impl Scene {
    fn new(baton: Baton) -> Scene {
        let clock = Clock::manual(0);
        Scene {
            guard: Guard::with_points(config(), clock.clone(), baton.clone()),
            clock,
            baton,
            owners: AtomicUsize::new(0),
            recorded: Mutex::new(None),
        }
    }

    fn record(&self, text: Option<&'static str>) {
        self.baton.touches(Footprint::ALL);
        *self.recorded.lock().expect("nobody panics with it") = text;
    }

    /// Claims the key where it can, has it alone for as long as others may run, and ends so.
    fn own<'s>(&'s self, end: impl FnOnce(Ticket<'s, Baton>)) {
        if let Admission::Execute(ticket) = admit(&self.guard, b"k") {
            self.baton.touches(Footprint::ALL);
            assert_eq!(self.owners.fetch_add(1, Ordering::SeqCst), 0, "two owners");
            self.baton.at(Point::ReadMissed); // any point will do: a handler runs here
            assert_eq!(self.owners.fetch_sub(1, Ordering::SeqCst), 1, "two owners");
            self.record(None);
            end(ticket);
        }
    }
}

const COMPLETES: Act<Scene> = ("completes", |scene| {
    scene.own(|ticket| {
        ticket.complete(answer(201, b"done"));
        // No point lies between the publication and this, so that nobody else has run.
        scene.record(Some("done"));
    });
});

const RELEASES: Act<Scene> = ("releases", |scene| scene.own(Ticket::release));

const DROPS: Act<Scene> = ("drops", |scene| {
    scene.own(|ticket| {
        drop(ticket);
        scene.record(Some("the last net"));
    });
});

const TIME_PASSES: Act<Scene> = ("time passes", |scene| {
    scene.baton.touches(Footprint::ALL);
    scene.clock.advance_ms(TTL_MS);
    sweep(&scene.guard);
});

fn play(acts: &[Act<Scene>]) -> Play<Scene> {
    Play {
        name: "owners".into(),
        stage: Box::new(Scene::new),
        acts: acts.to_vec(),
        verify: the_last_owner_has_the_last_word,
        steps_are_known: true,
    }
}

/// The last word is the last owner's, unless its time is over; and every charge is given back.
fn the_last_owner_has_the_last_word(scene: &Scene) {
    let recorded = *scene.recorded.lock().expect("nobody panics with it");
    let (now, _, sightings, gauges) = view(&scene.guard);
    let expected = match recorded {
        Some(text) if scene.clock.now_ms() == 0 || !sightings.is_empty() => {
            format!("Replay {text}")
        }
        _ => "Full Workers".into(), // free
    };
    assert_eq!(now, expected);
    assert_eq!(gauges.pending, 0);
    nothing_is_left(&scene.guard, &scene.clock);
}

// N-4, N-34
pub(super) fn in_every_interleaving_of_two_owners_a_key_is_owned_by_one() {
    for acts in [
        [RELEASES, RELEASES],
        [RELEASES, COMPLETES],
        [RELEASES, DROPS],
        [DROPS, COMPLETES],
        [COMPLETES, TIME_PASSES],
        [DROPS, TIME_PASSES],
    ] {
        let report = play(&acts).explore(Way::Classes);
        let report = report.unwrap_or_else(|shown| panic!("{shown}"));
        assert!(report.schedules > 5, "{report:?}");
    }
}

// N-4, N-34: for what three can do see explorer/; of more some are drawn.
pub(super) fn in_drawn_interleavings_of_five_a_key_is_owned_by_one() {
    let play = play(&[RELEASES, COMPLETES, DROPS, RELEASES, TIME_PASSES]);
    let report = play.explore(Way::Drawn(400));
    report.unwrap_or_else(|shown| panic!("{shown}"));
}
