//! Memory for small allocations when the system has none left.
//!
//! Frames, models and other large memory is asked for in a way that may fail, and becomes OUT_OF_MEMORY. The many small
//! allocations (messages, handles, lists) cannot fail in Rust: they would end the host's process. So a failed small one
//! is served from a reserve, which is a part of the library's own memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The reserve's blocks, each of `BLOCK` bytes.
const BLOCKS: usize = 4096;
const BLOCK: usize = 256;
/// The largest allocation that is served.
const LARGEST: usize = 64 << 10;

#[repr(align(4096))]
struct Memory(UnsafeCell<[u8; BLOCKS * BLOCK]>);

// SAFETY: a block belongs to the allocation that holds it; which blocks are held is under the lock.
unsafe impl Sync for Memory {}

/// It takes no memory from the machine before it is used.
static MEMORY: Memory = Memory(UnsafeCell::new([0; BLOCKS * BLOCK]));
/// For each block whether it is held.
static HELD: [AtomicBool; BLOCKS] = [const { AtomicBool::new(false) }; BLOCKS];
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Not a mutex, which could allocate.
static LOCK: AtomicBool = AtomicBool::new(false);

fn locked<R>(work: impl FnOnce() -> R) -> R {
    while LOCK.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
        std::hint::spin_loop();
    }
    let result = work();
    LOCK.store(false, Ordering::Release);
    result
}

fn blocks(layout: Layout) -> usize {
    layout.size().div_ceil(BLOCK).max(1)
}

/// The first of enough free blocks in a row; NULL if there are none, or if the allocation is too large.
fn take(layout: Layout) -> *mut u8 {
    if layout.size() > LARGEST || layout.align() > BLOCK {
        return null_mut();
    }
    let wanted = blocks(layout);
    let first = locked(|| {
        let mut free = 0;
        for (index, held) in HELD.iter().enumerate() {
            free = if held.load(Ordering::Relaxed) { 0 } else { free + 1 };
            if free == wanted {
                let first = index + 1 - wanted;
                HELD[first..=index].iter().for_each(|held| held.store(true, Ordering::Relaxed));
                COUNT.fetch_add(wanted, Ordering::Relaxed);
                return Some(first);
            }
        }
        None
    });
    // SAFETY: the block is inside the memory.
    first.map_or(null_mut(), |first| unsafe { MEMORY.0.get().cast::<u8>().add(first * BLOCK) })
}

/// The number of the block that begins there, if it is one of the reserve.
fn block_at(pointer: *mut u8) -> Option<usize> {
    let offset = pointer.addr().wrapping_sub(MEMORY.0.get().addr());
    (offset < BLOCKS * BLOCK).then_some(offset / BLOCK)
}

fn give_back(first: usize, layout: Layout) {
    let count = blocks(layout);
    locked(|| HELD[first..first + count].iter().for_each(|held| held.store(false, Ordering::Relaxed)));
    COUNT.fetch_sub(count, Ordering::Relaxed);
}

/// Whether so much of the reserve is in use that nothing more should be opened.
pub fn is_low() -> bool {
    COUNT.load(Ordering::Relaxed) > BLOCKS / 2
}

/// The system's allocator, and behind it the reserve.
pub struct Allocator;

// SAFETY: each allocation is the system's or the reserve's, is given back to the one that it came from, and does not
// overlap another.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let found = unsafe { System.alloc(layout) };
        if found.is_null() {
            return take(layout);
        }
        found
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let found = unsafe { System.alloc_zeroed(layout) };
        if !found.is_null() {
            return found;
        }
        let found = take(layout);
        if !found.is_null() {
            // SAFETY: the blocks are held by this allocation, and hold its size.
            unsafe { found.write_bytes(0, layout.size()) };
        }
        found
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        match block_at(pointer) {
            Some(block) => give_back(block, layout),
            // SAFETY: the caller's promise; it is not the reserve's.
            None => unsafe { System.dealloc(pointer, layout) },
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let own = block_at(pointer).is_some();
        if !own {
            // SAFETY: the caller's promise.
            let found = unsafe { System.realloc(pointer, layout, size) };
            if !found.is_null() {
                return found;
            }
        }
        // SAFETY: the caller's promise: the size is not 0 and does not overflow with this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: as above. What the system refused just now comes from the reserve.
        let found = if own { unsafe { self.alloc(new) } } else { take(new) };
        if !found.is_null() {
            // SAFETY: two allocations, of at least this size; the old one is given back once.
            unsafe {
                std::ptr::copy_nonoverlapping(pointer, found, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_serves_small_allocations_until_it_is_full() {
        let layout = |size| Layout::from_size_align(size, 8).unwrap();
        assert!(take(layout(LARGEST + 1)).is_null() && take(Layout::from_size_align(8, 512).unwrap()).is_null());
        let mut held = Vec::with_capacity(BLOCKS);
        let sizes = [1, 255, 256, 257, 5000, LARGEST];
        for size in sizes.iter().cycle() {
            let found = take(layout(*size));
            if found.is_null() {
                break;
            }
            // SAFETY: it was just taken, with this size.
            unsafe { found.write_bytes(held.len() as u8, *size) };
            held.push((found, *size));
        }
        assert!(held.len() > 60 && is_low(), "{}", held.len());
        for (number, (found, size)) in held.iter().enumerate() {
            // SAFETY: still held.
            let bytes = unsafe { std::slice::from_raw_parts(*found, *size) };
            assert!(bytes.iter().all(|byte| *byte == number as u8), "{number}");
            give_back(block_at(*found).unwrap(), layout(*size));
        }
        assert!(!is_low());
        let mut other = 0u8;
        assert_eq!(block_at(&mut other), None);
    }

    #[test]
    fn a_list_in_the_reserve_grows_and_moves() {
        let layout = Layout::from_size_align(16, 8).unwrap();
        let first = take(layout);
        // SAFETY: allocations of this allocator, with their sizes.
        unsafe {
            first.copy_from(b"sixteen bytes...".as_ptr(), 16);
            let moved = Allocator.realloc(first, layout, 4000);
            assert_eq!((block_at(first).is_some(), block_at(moved)), (true, None), "the system has memory again");
            assert_eq!(std::slice::from_raw_parts(moved, 16), b"sixteen bytes...");
            Allocator.dealloc(moved, Layout::from_size_align(4000, 8).unwrap());
        }
    }
}
