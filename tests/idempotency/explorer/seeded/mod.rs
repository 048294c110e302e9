//! Mistakes that were made on purpose, to see that the explorer finds them: each in a model of a few lines, with the right
//! way beside the wrong one, which passes every schedule.
//!
//! The models are no part of the engine, so nothing is known of what their steps touch: all schedules are played.

mod claims;
mod splits;
mod waits;

use super::{Act, Baton, Play, Playable};
use nanoserve::idempotency::points::{Lock, Points};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// A mistake: its name, the play with it (false) and without it (true), and what it does to a guard that makes it.
pub struct Seeded {
    pub name: &'static str,
    pub play: fn(bool) -> Box<dyn Playable>,
}

#[rustfmt::skip] // one mistake a line
pub const SEEDED: &[Seeded] = &[
    Seeded { name: "claim-in-two-steps", play: claims::claim_in_two_steps },
    Seeded { name: "unlink-of-anybodys", play: claims::unlink_of_anybodys },
    Seeded { name: "sweep-without-a-second-look", play: claims::sweep_without_a_second_look },
    Seeded { name: "published-before-it-is-set", play: claims::published_before_it_is_set },
    Seeded { name: "reserve-and-undo", play: claims::reserve_and_undo },
    Seeded { name: "mask-of-the-count", play: splits::mask_of_the_count },
    Seeded { name: "no-second-look-at-the-count", play: splits::no_second_look_at_the_count },
    Seeded { name: "locks-in-both-orders", play: splits::locks_in_both_orders },
    Seeded { name: "look-before-registering-only", play: waits::look_before_registering_only },
    Seeded { name: "heir-that-leaves-silently", play: waits::heir_that_leaves_silently },
    Seeded { name: "heir-that-does-not-ask", play: waits::heir_that_does_not_ask },
    Seeded { name: "wait-by-asking-again", play: waits::wait_by_asking_again },
];

/// A model under play: what it consists of, and whether it does the right thing.
pub struct Model<T> {
    right: bool,
    baton: Baton,
    is: T,
}

impl<T: Default + Send + Sync + 'static> Model<T> {
    fn play(
        name: &str,
        right: bool,
        acts: &[Act<Model<T>>],
        verify: fn(&Model<T>),
    ) -> Box<dyn Playable> {
        Box::new(Play {
            name: format!("seeded/{name}{}", if right { "/right" } else { "" }),
            stage: Box::new(move |baton| Model {
                right,
                baton,
                is: T::default(),
            }),
            acts: acts.to_vec(),
            verify,
            steps_are_known: false,
        })
    }
}

impl<T> Model<T> {
    /// A lock by its number, as the engine takes its own.
    fn lock<'m, V>(&self, number: usize, mutex: &'m Mutex<V>) -> MutexGuard<'m, V> {
        let attempt = || match mutex.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let wait = || mutex.lock().unwrap_or_else(PoisonError::into_inner);
        self.baton.take(Lock::Write(number), attempt, wait)
    }
}
