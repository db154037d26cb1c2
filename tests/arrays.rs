//! `parfocal::arrays`: arrays of any strides give the same result as the same pixels in a slice.

mod common;

use ndarray::{s, Array2, Array3, Array4, ArrayView2};
use parfocal::{arrays, restore, InPlace, RunOptions, Sample, Shape, Status, Task};

fn specimen(planes: usize, height: usize, width: usize, channels: usize) -> Array4<u16> {
    Array4::from_shape_fn((planes, height, width, channels), |(p, y, x, c)| {
        (x * 37 % 101 + y * 53 % 89 + 11 * p + 29 * c + 100) as u16
    })
}

/// The engine's own result for interleaved, packed pixels.
fn expected<T: Sample>(model: &parfocal::Model, pixels: &[T], shape: Shape) -> Vec<T> {
    let mut out = pixels.to_vec();
    let mut planes = InPlace::new(&mut out, shape, None).unwrap();
    restore(model, &Task::new(), &mut planes, &RunOptions::default()).unwrap();
    out
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn arrays_of_two_three_and_four_axes_are_restored_like_a_slice() {
    let model = common::tiny("threads=1");
    let (run, task) = (RunOptions::default(), Task::new());
    let four = specimen(3, 40, 50, 2);
    let shape = Shape { width: 50, height: 40, channels: 2, planes: 3 };
    let wanted = expected(&model, four.as_slice().unwrap(), shape);
    let (restored, report) = arrays::restore(&model, &task, four.view(), &run).unwrap();
    assert_eq!(restored.as_slice().unwrap(), wanted);
    assert_ne!(restored, four);
    assert_eq!((report.ranges.len(), task.planes_done()), (3, 3));

    let three: Array3<u16> = four.slice(s![.., .., .., 0]).to_owned();
    let shape = Shape { channels: 1, ..shape };
    let wanted = expected(&model, three.as_slice().unwrap(), shape);
    // A view of one channel skips the other.
    let (restored, _) = arrays::restore(&model, &Task::new(), four.slice(s![.., .., .., 0]), &run).unwrap();
    assert_eq!(restored.as_slice().unwrap(), wanted);

    let two: Array2<f32> = three.slice(s![1, .., ..]).mapv(f32::from);
    let wanted = expected(&model, two.as_slice().unwrap(), Shape::grey(50, 40));
    let mut columns = Array2::zeros(ndarray::ShapeBuilder::f((40, 50)));
    columns.assign(&two);
    assert!(columns.as_slice().is_none(), "column-major");
    let (restored, _) = arrays::restore(&model, &Task::new(), columns.view(), &run).unwrap();
    assert_eq!(restored.as_slice().unwrap(), wanted);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn in_place_writes_the_view_and_nothing_else() {
    let model = common::tiny("threads=1");
    let whole = specimen(1, 64, 96, 1).into_shape_with_order((64, 96)).unwrap();
    // Every second pixel, bottom row first: negative strides.
    let part = |image: ArrayView2<u16>| image.slice(s![..;-1, ..;2]).to_owned();
    let wanted = expected(&model, part(whole.view()).as_slice().unwrap(), Shape::grey(48, 64));
    let mut changed = whole.clone();
    let report =
        arrays::restore_in_place(&model, &Task::new(), changed.slice_mut(s![..;-1, ..;2]), &RunOptions::default());
    assert_eq!(report.unwrap().constant_planes, 0);
    assert_eq!(part(changed.view()).as_slice().unwrap(), wanted);
    assert_eq!(changed.slice(s![.., 1..;2]), whole.slice(s![.., 1..;2]));
}

#[test]
fn focus_scores_are_the_engines_for_every_plane() {
    let four = specimen(3, 40, 50, 1);
    let mut pixels = four.as_slice().unwrap().to_vec();
    let shape = Shape { width: 50, height: 40, channels: 1, planes: 3 };
    let planes = InPlace::new(&mut pixels, shape, None).unwrap();
    let wanted = parfocal::image::focus::score(&planes, &Task::new()).unwrap();
    assert_eq!(arrays::focus_score(four.view()).unwrap(), wanted);
    assert_eq!(arrays::focus_score(four.slice(s![.., .., .., 0])).unwrap(), wanted);
    let mirrored = arrays::focus_score(four.slice(s![..;-1, .., .., ..])).unwrap();
    assert_eq!(mirrored, wanted.into_iter().rev().collect::<Vec<_>>());
}

#[test]
fn an_array_without_elements_is_refused() {
    let error = arrays::focus_score(Array3::<u8>::zeros((2, 0, 5)).view()).unwrap_err();
    assert_eq!(error.status(), Status::InvalidArgument);
    assert!(error.message().contains("shape 5x0, 1 channels, 2 planes: expected width, height"), "{error}");
}
