//! Packed pixels: what is accepted is read within its bytes, from Rust and through the C ABI, and agrees with a plain
//! model, bit by bit.

#![no_main]

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use parfocal::ffi::packed::parfocal_unpack;
use parfocal::image::packed::{unpack, Packing};

fuzz_target!(|data: &[u8]| {
    // An input that ends early is continued with zeros.
    let _ = check(&mut Unstructured::new(data));
});

/// Mostly small, sometimes near a limit.
fn number(input: &mut Unstructured) -> Result<usize> {
    Ok(match input.arbitrary::<u8>()? {
        low @ 0..=239 => usize::from(low),
        240..=249 => usize::MAX >> input.int_in_range(0..=60)?,
        _ => input.arbitrary()?,
    })
}

/// The pixel of column `x`, by PFNC's definition; `bit` reads a bit of its row.
fn pixel(packing: Packing, x: usize, bit: impl Fn(usize) -> bool) -> u16 {
    let bits = match packing {
        Packing::Mono10p | Packing::Mono10Packed => 10,
        Packing::Mono12p | Packing::Mono12Packed => 12,
    };
    let low = bits - 8;
    (0..bits).fold(0, |value, number| {
        let at = match packing {
            Packing::Mono10p | Packing::Mono12p => x * bits + number,
            _ if number >= low => (x / 2 * 3 + x % 2 * 2) * 8 + number - low,
            _ => (x / 2 * 3 + 1) * 8 + x % 2 * 4 + number,
        };
        value | u16::from(bit(at)) << number
    })
}

fn check(input: &mut Unstructured) -> Result<()> {
    let packing = *input.choose(Packing::ALL)?;
    let (width, height, row_bytes) = (number(input)?, number(input)?, number(input)?);
    // Exactly as long as it is, for the sanitizer.
    let bytes: Box<[u8]> = input.bytes(input.len())?.into();
    let room = width.checked_mul(height).filter(|pixels| *pixels <= 1 << 16);
    let mut pixels = vec![0xffff; room.unwrap_or(0)].into_boxed_slice();
    let found = unpack(packing, &bytes, row_bytes, width, height, &mut pixels);
    let mut through_c = vec![0xffff; pixels.len()].into_boxed_slice();
    let shape = [width as i64, height as i64, 1, 1];
    // SAFETY: pointers with their lengths; the shape has four numbers; NULL strides are packed.
    let status = unsafe {
        parfocal_unpack(
            packing as i32,
            bytes.as_ptr(),
            bytes.len() as u64,
            row_bytes as u64,
            through_c.as_mut_ptr(),
            through_c.len() as u64,
            std::ptr::null(),
            shape.as_ptr(),
        )
    };
    assert_eq!(found.is_ok(), status == 0, "{found:?} {status} {packing:?} {width}x{height} {row_bytes}");
    assert_eq!(pixels, through_c);
    if let Err(error) = found {
        assert!(!error.message().is_empty() && pixels.iter().all(|pixel| *pixel == 0xffff));
        return Ok(());
    }
    for (i, found) in pixels.iter().enumerate() {
        let (row, x) = if row_bytes == 0 { (0, i) } else { (i / width * row_bytes, i % width) };
        let expected = pixel(packing, x, |at| bytes[row + at / 8] >> (at % 8) & 1 == 1);
        assert_eq!(*found, expected, "pixel {i} of {width}x{height}, {packing:?}, rows {row_bytes}");
    }
    Ok(())
}
