//! The handle table: looking up, closing and opening at the same time.

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::Arc;
use loom::thread;

use crate::error::Status;
use crate::handles::{Kind, Table};
use crate::Model;

pub const MODELS: &[Model] = &[
    ("handles: a lookup and a close", lookup_and_close),
    ("handles: closed twice", closed_twice),
    ("handles: no number comes again", numbers_are_new),
];

/// Counts how often it is dropped.
struct Object {
    number: u64,
    drops: Arc<AtomicUsize>,
}

impl Drop for Object {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
    }
}

/// What a table keeps of an object that counts its drops in the second.
fn object(number: u64) -> (Arc<Object>, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    (Arc::new(Object { number, drops: Arc::clone(&drops) }), drops)
}

/// Two use it while a third closes it: each finds the object or INVALID_HANDLE, and it is dropped once, by the last.
fn lookup_and_close() {
    let table = Arc::new(Table::new(0));
    let (first, drops) = object(1);
    let handle = table.insert(Kind::Model, first).unwrap();
    let users = [(), ()].map(|()| {
        let (table, drops) = (Arc::clone(&table), Arc::clone(&drops));
        thread::spawn(move || match table.get(handle, Kind::Model) {
            Ok(object) => {
                assert_eq!(object.number, 1);
                assert_eq!(drops.load(Ordering::SeqCst), 0, "dropped while it is used");
            }
            Err(e) => assert_eq!(e.status(), Status::InvalidHandle),
        })
    });
    drop(table.remove(handle, Kind::Model).expect("is open"));
    assert_eq!(table.get(handle, Kind::Model).err().map(|e| e.status()), Some(Status::InvalidHandle));
    for user in users {
        user.join().unwrap();
    }
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    assert!(table.is_empty());
}

/// Two close the same, while a third opens another in what may be its slot: one succeeds, and neither closes the new one.
fn closed_twice() {
    let table = Arc::new(Table::new(0));
    let (first, first_drops) = object(1);
    let handle = table.insert(Kind::Model, first).unwrap();
    let closers = [(), ()].map(|()| {
        let table = Arc::clone(&table);
        thread::spawn(move || table.remove(handle, Kind::Model).map(|object| object.number))
    });
    let (second, second_drops) = object(2);
    let other = table.insert(Kind::Model, second).unwrap();
    assert_ne!(other, handle);
    let closed: Vec<_> = closers.map(|c| c.join().unwrap()).into_iter().filter_map(Result::ok).collect();
    assert_eq!(closed, [1]);
    assert_eq!((first_drops.load(Ordering::SeqCst), second_drops.load(Ordering::SeqCst)), (1, 0));
    assert_eq!(table.get(other, Kind::Model).expect("is open").number, 2);
    assert_eq!(table.len(), 1);
}

/// Three open and close in turn: all numbers are different, and an old one never finds a later object.
fn numbers_are_new() {
    let table = Arc::new(Table::new(0));
    let threads = [1, 2].map(|number| {
        let table = Arc::clone(&table);
        thread::spawn(move || open_and_close(&table, number))
    });
    let own = open_and_close(&table, 3);
    let mut numbers: Vec<u64> = threads.map(|t| t.join().unwrap()).into_iter().chain([own]).collect();
    for &number in &numbers {
        assert!(table.get(number, Kind::Task).is_err());
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 3, "a number came twice");
    assert!(table.is_empty());
}

fn open_and_close(table: &Table<Arc<Object>>, number: u64) -> u64 {
    let handle = table.insert(Kind::Task, object(number).0).unwrap();
    assert_eq!(table.get(handle, Kind::Task).expect("is open").number, number);
    assert_eq!(table.remove(handle, Kind::Task).expect("is open").number, number);
    handle
}
