//! Shapes, strides and counts: an accepted `Layout` stays inside the samples, and its rows agree with a plain model.

#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use parfocal::ffi::focus::parfocal_focus_score_u16;
use parfocal::image::frame::{InPlace, Layout, Planes, Rows, Separate, Shape, Strides};

/// The most samples that are checked one by one.
const SMALL: i128 = 4096;

fuzz_target!(|data: &[u8]| {
    // An input that ends early is continued with zeros.
    let _ = check(&mut Unstructured::new(data));
});

/// Mostly small numbers, sometimes one near a limit.
fn number(input: &mut Unstructured) -> Result<i64> {
    Ok(match input.arbitrary::<u8>()? {
        low @ 0..=199 => i64::from(low),
        200..=219 => i64::from(input.arbitrary::<i8>()?),
        220..=229 => i64::from(input.arbitrary::<i16>()?),
        230..=239 => i64::MAX >> input.int_in_range(0..=40)?,
        240..=244 => i64::MIN >> input.int_in_range(0..=40)?,
        _ => input.arbitrary()?,
    })
}

fn check(input: &mut Unstructured) -> Result<()> {
    let written: bool = input.arbitrary()?;
    let [width, height, channels, planes] =
        [number(input)?, number(input)?, number(input)?, number(input)?].map(|n| n as usize);
    let shape = Shape { width, height, channels, planes };
    let strides = match input.arbitrary::<bool>()? {
        true => None,
        false => {
            let [x, y, channel, plane] =
                [number(input)?, number(input)?, number(input)?, number(input)?].map(|n| n as isize);
            Some(Strides { x, y, channel, plane })
        }
    };
    let count = number(input)? as usize;
    let accepted = Layout::new(count, shape, strides, written);
    let Some(used) = accepted.as_ref().map_or(strides, |layout| Some(layout.strides())) else { return Ok(()) };

    let axes = [
        (used.x as i128, width as i128),
        (used.y as i128, height as i128),
        (used.channel as i128, channels as i128),
        (used.plane as i128, planes as i128),
    ];
    let forward = axes.iter().all(|&(stride, extent)| extent > 0 && (extent == 1 || stride >= 0));
    let steps = axes.iter().map(|&(stride, extent)| if extent > 1 { stride.saturating_mul(extent - 1) } else { 0 });
    let last = steps.fold(0, i128::saturating_add);
    let inside = forward && last < count as i128;
    match &accepted {
        Ok(_) => assert!(inside, "accepted: last sample {last} of {count}, {shape:?} {used:?}"),
        Err(e) => {
            assert!(!e.message().is_empty());
            // A shape may be refused for its size, a written layout for its order; a small one that is only read never.
            let samples: Option<i128> = axes.iter().try_fold(1i128, |n, a| n.checked_mul(a.1));
            let small = samples.is_some_and(|n| n <= SMALL) && last <= SMALL;
            assert!(written || !inside || !small, "refused: {e:?}");
        }
    }
    let Ok(layout) = accepted else { return Ok(()) };
    assert_eq!(layout.reach() as i128, last + 1, "{layout:?}");
    let samples = axes.iter().try_fold(1i128, |n, a| n.checked_mul(a.1)).filter(|&n| n <= SMALL);
    if samples.is_none() || last > SMALL {
        return Ok(());
    }
    let at = |x: usize, y: usize, channel: usize, plane: usize| {
        (x as i128 * axes[0].0 + y as i128 * axes[1].0 + channel as i128 * axes[2].0 + plane as i128 * axes[3].0)
            as usize
    };
    if written {
        let mut seen = HashSet::new();
        for_rows(shape, |plane, channel, y| {
            assert!(
                (0..width).all(|x| seen.insert(at(x, y, channel, plane))),
                "two pixels share one: {shape:?} {used:?}"
            );
        });
    }
    rows(shape, layout, written, &at);
    through_c(shape, layout, at);
    Ok(())
}

fn for_rows(shape: Shape, mut each: impl FnMut(usize, usize, usize)) {
    for plane in 0..shape.planes {
        for channel in 0..shape.channels {
            (0..shape.height).for_each(|y| each(plane, channel, y));
        }
    }
}

/// Compares rows in and out with the model, over a slice that ends with the last sample.
fn rows(shape: Shape, layout: Layout, written: bool, at: &impl Fn(usize, usize, usize, usize) -> usize) {
    let strides = Some(layout.strides());
    let last = at(shape.width - 1, shape.height - 1, shape.channels - 1, shape.planes - 1);
    let source: Vec<u16> = (0..=last as u16).collect();
    let mut row = vec![u16::MAX; shape.width];
    let mut target = vec![u16::MAX; shape.width * shape.height * shape.channels * shape.planes];
    let mut packed = Separate::new((&source, strides), (&mut target, None), shape).expect("was accepted");
    for_rows(shape, |plane, channel, y| {
        packed.read_row(plane, channel, y, &mut row);
        assert!(
            row.iter().enumerate().all(|(x, &v)| usize::from(v) == at(x, y, channel, plane)),
            "{shape:?} {strides:?}"
        );
        packed.write_row(plane, channel, y, &row);
    });
    if written {
        let mut data = vec![u16::MAX; last + 1];
        let mut place = InPlace::new(&mut data, shape, strides).expect("was accepted");
        for_rows(shape, |plane, channel, y| {
            row.iter_mut().enumerate().for_each(|(x, v)| *v = at(x, y, channel, plane) as u16);
            place.write_row(plane, channel, y, &row);
        });
        // Each pixel is where the model has it; elements between them are unchanged.
        assert!(data.iter().enumerate().all(|(i, &v)| v == u16::MAX || usize::from(v) == i));
        let untouched = data.iter().filter(|&&v| v == u16::MAX).count();
        assert_eq!(data.len() - untouched, target.len());
    }
}

/// By pointer, as from C: the sanitizer finds a read beyond the last pixel. Packed pixels must have the same scores.
fn through_c(shape: Shape, layout: Layout, at: impl Fn(usize, usize, usize, usize) -> usize) {
    let Strides { x, y, channel, plane } = layout.strides();
    let last = at(shape.width - 1, shape.height - 1, shape.channels - 1, shape.planes - 1);
    // Irregular values, and exactly the length that is needed.
    let source: Box<[u16]> = (0..=last).map(|i| (i * i * 37 % 65_521) as u16).collect();
    let mut packed = vec![0; shape.samples()].into_boxed_slice();
    let mut next = packed.iter_mut();
    for plane in 0..shape.planes {
        for y in 0..shape.height {
            for x in 0..shape.width {
                for channel in 0..shape.channels {
                    *next.next().expect("as many as the shape has") = source[at(x, y, channel, plane)];
                }
            }
        }
    }
    let size = [shape.width, shape.height, shape.channels, shape.planes].map(|n| n as i64);
    let strides = [x, y, channel, plane].map(|n| n as i64);
    let score = |pixels: &[u16], strides: Option<&[i64; 4]>| {
        let mut scores = vec![f64::NAN; shape.planes];
        let strides = strides.map_or(std::ptr::null(), |s| s.as_ptr());
        // SAFETY: arrays of four, room for every plane, and a count that is the slice's.
        let status = unsafe {
            parfocal_focus_score_u16(pixels.as_ptr(), pixels.len() as u64, strides, size.as_ptr(), scores.as_mut_ptr())
        };
        (status as i64, scores)
    };
    let (status, scores) = score(&source, Some(&strides));
    assert!(status == 0 && scores.iter().all(|s| s.is_finite()), "{status} {scores:?} {layout:?}");
    assert_eq!(score(&packed, None), (0, scores), "{layout:?}");
}
