//! Handles: numbers that stand for objects in other languages. A closed, foreign or wrong number is an error, never a
//! crash.

use crate::error::{Error, Result, Status};
use crate::sync::{Mutex, MutexGuard};

/// The kind of object behind a handle. Its number is part of the handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// An opened model.
    Model = 1,
    /// Progress and cancel of one run.
    Task = 2,
    /// A stream of frames.
    Stream = 3,
}

impl Kind {
    fn of(number: u64) -> Option<Self> {
        [Self::Model, Self::Task, Self::Stream].into_iter().find(|kind| *kind as u64 == number)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Model => "model",
            Self::Task => "task",
            Self::Stream => "stream",
        })
    }
}

// A handle is `generation << 23 | slot << 3 | kind`: never 0, and below 2^53, so that a double holds it exactly.
const KIND_BITS: u32 = 3;
const SLOT_BITS: u32 = 20;
const GENERATIONS: u32 = 1 << 30;

struct Slot<T> {
    /// Generation of the object in this slot, or of the next one. At `GENERATIONS` the slot is retired, so that no
    /// handle is used twice.
    generation: u32,
    object: Option<(Kind, T)>,
}

/// All objects that have a handle. A lookup clones `T`: an `Arc`, or an enum of them.
pub struct Table<T> {
    slots: Mutex<Slots<T>>,
    /// First generation of a new slot. It is random, so that handles of another copy of this library do not fit by
    /// chance.
    first: u32,
}

struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T: Clone> Table<T> {
    /// An empty table; generations start at 1 + `seed` modulo 2^24.
    pub fn new(seed: u32) -> Self {
        Self { slots: Mutex::new(Slots { slots: Vec::new(), free: Vec::new() }), first: seed % (1 << 24) + 1 }
    }

    /// Adds an object and returns its handle. Errors: `OutOfMemory` when a million objects are open.
    pub fn insert(&self, kind: Kind, object: T) -> Result<u64> {
        let mut table = self.lock();
        let slot = match table.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = table.slots.len() as u32;
                if slot >> SLOT_BITS != 0 {
                    return Err(Error::new(
                        Status::OutOfMemory,
                        format!("{slot} models, tasks and streams are open; close those that are done"),
                    ));
                }
                table.slots.push(Slot { generation: self.first, object: None });
                slot
            }
        };
        let place = &mut table.slots[slot as usize];
        place.object = Some((kind, object));
        Ok(u64::from(place.generation) << (KIND_BITS + SLOT_BITS) | u64::from(slot) << KIND_BITS | kind as u64)
    }

    /// The object behind a handle. The clone keeps it alive, even if the handle is closed meanwhile.
    ///
    /// Errors: `InvalidHandle`.
    pub fn get(&self, handle: u64, kind: Kind) -> Result<T> {
        let table = self.lock();
        let slot = locate(&table, handle, kind)?;
        table.slots[slot].object.as_ref().map(|(_, object)| object.clone()).ok_or_else(|| closed(handle, kind))
    }

    /// Closes a handle: it is invalid from now on and never used again. Errors: `InvalidHandle`.
    pub fn remove(&self, handle: u64, kind: Kind) -> Result<T> {
        let mut table = self.lock();
        let slot = locate(&table, handle, kind)?;
        let place = &mut table.slots[slot];
        let (_, object) = place.object.take().ok_or_else(|| closed(handle, kind))?;
        place.generation += 1;
        if place.generation < GENERATIONS {
            table.free.push(slot as u32);
        }
        // The caller drops the object outside the lock, since that may take time.
        Ok(object)
    }

    /// All open objects.
    pub fn all(&self) -> Vec<T> {
        self.lock().slots.iter().filter_map(|slot| Some(slot.object.as_ref()?.1.clone())).collect()
    }

    /// Closes all handles, and returns the objects.
    pub fn remove_all(&self) -> Vec<T> {
        let mut table = self.lock();
        let Slots { slots, free } = &mut *table;
        let mut objects = Vec::new();
        for (number, place) in (0u32..).zip(slots) {
            if let Some((_, object)) = place.object.take() {
                objects.push(object);
                place.generation += 1;
                if place.generation < GENERATIONS {
                    free.push(number);
                }
            }
        }
        objects
    }

    /// Number of open objects.
    pub fn len(&self) -> usize {
        self.lock().slots.iter().filter(|slot| slot.object.is_some()).count()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Slots<T>> {
        self.slots.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The slot of an open handle. Errors: `InvalidHandle`; the message says whether it is closed, foreign or another kind.
fn locate<T>(table: &Slots<T>, handle: u64, kind: Kind) -> Result<usize> {
    let invalid = |what: String| Error::new(Status::InvalidHandle, format!("handle {handle}: {what}"));
    if handle == 0 {
        return Err(invalid(format!("0 is no {kind}; expected one that this library gave and that is not closed")));
    }
    let slot = (handle >> KIND_BITS & ((1 << SLOT_BITS) - 1)) as usize;
    let generation = handle >> (KIND_BITS + SLOT_BITS);
    let foreign = || invalid(format!("no handle of this process; expected a {kind} that this library gave"));
    let own_kind = Kind::of(handle & ((1 << KIND_BITS) - 1)).ok_or_else(foreign)?;
    let place = table.slots.get(slot).ok_or_else(foreign)?;
    if generation > u64::from(place.generation) || generation == 0 {
        return Err(foreign());
    }
    if own_kind != kind {
        return Err(invalid(format!("a {own_kind}; expected a {kind}")));
    }
    match &place.object {
        Some((kind_here, _)) if generation == u64::from(place.generation) && *kind_here == kind => Ok(slot),
        Some(_) if generation == u64::from(place.generation) => Err(foreign()),
        _ => Err(closed(handle, kind)),
    }
}

fn closed(handle: u64, kind: Kind) -> Error {
    Error::new(
        Status::InvalidHandle,
        format!("handle {handle}: this {kind} is closed; expected an open one: open it again and use the new handle"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(result: Result<u8>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.status(), Status::InvalidHandle);
        error.message().to_owned()
    }

    #[test]
    fn a_closed_handle_is_never_used_again() {
        let table = Table::new(0);
        let mut seen = std::collections::HashSet::new();
        for i in 0..1000u32 {
            let handle = table.insert(Kind::Task, i as u8).unwrap();
            assert!(handle < 1 << 53 && seen.insert(handle));
            assert_eq!(table.remove(handle, Kind::Task), Ok(i as u8));
            assert!(message(table.get(handle, Kind::Task)).contains("this task is closed"));
            assert!(message(table.remove(handle, Kind::Task)).contains("this task is closed"));
        }
        assert!(table.is_empty());
    }

    #[test]
    fn all_handles_are_closed_at_once() {
        let table = Table::new(3);
        let handles: Vec<u64> = (0..3).map(|i| table.insert(Kind::Model, i).unwrap()).collect();
        table.remove(handles[1], Kind::Model).unwrap();
        assert_eq!(table.all(), [0, 2]);
        assert_eq!(table.remove_all(), [0, 2]);
        assert!(table.is_empty() && table.remove_all().is_empty());
        for handle in &handles {
            assert!(message(table.get(*handle, Kind::Model)).contains("this model is closed"));
        }
        assert!(!handles.contains(&table.insert(Kind::Model, 9).unwrap()));
    }

    #[test]
    fn the_message_says_what_is_wrong_with_a_handle() {
        let table = Table::new(77);
        let model = table.insert(Kind::Model, 1).unwrap();
        assert_eq!(table.get(model, Kind::Model), Ok(1));
        assert!(message(table.get(0, Kind::Model)).contains("0 is no model"));
        assert!(message(table.get(model, Kind::Stream)).contains("a model; expected a stream"));
        for foreign in [1, 42, u64::MAX, model + (1 << 23), model + (1 << 3), model ^ 7] {
            assert!(message(table.get(foreign, Kind::Model)).contains("no handle of this process"), "{foreign}");
        }
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn a_slot_without_generations_left_is_retired() {
        let table = Table::new(0);
        let handle = table.insert(Kind::Model, 1).unwrap();
        table.remove(handle, Kind::Model).unwrap();
        table.slots.lock().unwrap().slots[0].generation = GENERATIONS - 1;
        let last = table.insert(Kind::Model, 2).unwrap();
        assert!(last < 1 << 53);
        table.remove(last, Kind::Model).unwrap();
        let next = table.insert(Kind::Model, 3).unwrap();
        assert_eq!(next >> 3 & 0xfffff, 1, "the next slot");
        assert!(message(table.get(last, Kind::Model)).contains("closed"));
    }

    proptest! {
        #[test]
        fn only_open_handles_are_accepted(handle in any::<u64>(), seed in any::<u32>()) {
            let table = Table::new(seed);
            let open = table.insert(Kind::Stream, 5).unwrap();
            prop_assert_eq!(table.get(handle, Kind::Stream).is_ok(), handle == open);
        }
    }
}
