//! The model of those who wait (N-22): a list in the order in which they came, and what each waits for.

use std::collections::HashMap;

/// An attempt at a key, by the number of its claim.
pub type Attempt = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Completed,
    Released,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    places_max: usize,
    places: Vec<Place>,
    ended: HashMap<Attempt, End>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    who: usize,
    waits_for: Attempt,
    over: bool,
}

impl Queue {
    pub fn new(places_max: usize) -> Queue {
        Queue {
            places_max,
            places: Vec::new(),
            ended: HashMap::new(),
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether one's wait is over.
    pub fn is_over(&self, who: usize) -> bool {
        self.places
            .iter()
            .any(|place| place.who == who && place.over)
    }

    /// False where every place is taken. Who comes when the end has come already is over at once, and so are all who wait for
    /// the same: that is more than is needed, and right, as whoever is over only asks again.
    pub fn wait(&mut self, who: usize, waits_for: Attempt) -> bool {
        let has_room = self.places.len() < self.places_max;
        if has_room {
            self.places.push(Place {
                who,
                waits_for,
                over: false,
            });
            self.look_again(waits_for);
        }
        has_room
    }

    /// One that waited before has met another attempt: it waits for that, and all who waited with it.
    pub fn wait_on(&mut self, who: usize, waits_for: Attempt) {
        self.move_with(who, waits_for);
        for place in self.places.iter_mut().filter(|place| place.who == who) {
            place.over = false;
        }
        self.look_again(waits_for);
    }

    /// One that waited has claimed the key: it waits no more, and those who waited with it wait for its attempt.
    pub fn succeed(&mut self, who: usize, attempt: Attempt) {
        self.move_with(who, attempt);
        self.places.retain(|place| place.who != who);
    }

    /// One leaves. If it was to claim a released key and did not, all others see for themselves.
    pub fn leave(&mut self, who: usize) {
        let at = self.places.iter().position(|place| place.who == who);
        let left = self.places.remove(at.expect("who waits has a place"));
        if left.over && self.ended.get(&left.waits_for) == Some(&End::Released) {
            self.raise_all(left.waits_for);
        }
    }

    /// Completion ends every wait, a release the longest: that one may be about to ask again already, and will do for all.
    pub fn end(&mut self, attempt: Attempt, end: End) {
        self.ended.insert(attempt, end);
        let ends = match end {
            End::Completed => self.places.len(),
            End::Released => 1,
        };
        let waiting = |place: &&mut Place| place.waits_for == attempt;
        for place in self.places.iter_mut().filter(waiting).take(ends) {
            place.over = true;
        }
    }

    fn move_with(&mut self, who: usize, attempt: Attempt) {
        let own = self.places.iter().find(|place| place.who == who);
        let before = own.expect("who waits has a place").waits_for;
        for place in self
            .places
            .iter_mut()
            .filter(|place| place.waits_for == before)
        {
            place.waits_for = attempt;
        }
    }

    fn look_again(&mut self, attempt: Attempt) {
        if self.ended.contains_key(&attempt) {
            self.raise_all(attempt);
        }
    }

    fn raise_all(&mut self, attempt: Attempt) {
        for place in self
            .places
            .iter_mut()
            .filter(|place| place.waits_for == attempt)
        {
            place.over = true;
        }
    }
}
