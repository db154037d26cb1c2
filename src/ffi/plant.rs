//! Deliberate faults, in test builds only (feature `plant`): they show that the tests' checks catch them.

use crate::host::boundary::call;

/// A panic inside a call on a model.
#[no_mangle]
pub extern "C" fn parfocal_test_panic(model: u64) -> i32 {
    call(|guard| {
        guard.model(model)?;
        panic!("planted")
    })
}

/// Reads one element past `count`: AddressSanitizer must see it.
#[no_mangle]
pub unsafe extern "C" fn parfocal_test_overread(pixels: *const u16, count: u64) -> u16 {
    // SAFETY: none; that is its purpose.
    unsafe { pixels.add(count as usize).read_volatile() }
}

/// Loses memory: a leak check must see it.
#[no_mangle]
pub extern "C" fn parfocal_test_leak(bytes: u64) {
    // Uses the memory, which the optimiser could otherwise remove.
    let lost = Box::leak(vec![1_u8; bytes as usize].into_boxed_slice());
    std::hint::black_box(lost.as_mut_ptr());
}
