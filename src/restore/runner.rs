//! Runs of the network on the tiles of a plane: once, or in all turns of an image.

use std::time::{Duration, Instant};

use crate::error::{Error, Result, Status};
use crate::image::frame::resize;
use crate::image::turn::Turn;
use crate::network::session::{Restored, Session};
use crate::task::Task;

/// The error for results that are not finite.
pub fn not_finite() -> Error {
    Error::new(
        Status::Model,
        "the network returned values that are not finite; expected none: the frame may have values far outside its \
         percentiles (set normalize=LO:HI), or the model is damaged",
    )
}

/// What the runs of the network on one plane share.
pub struct Runner<'a> {
    pub session: &'a Session,
    pub task: &'a Task,
    /// What is known of the blur, one for all tiles; empty where the network takes none.
    pub condition: &'a [f32],
    /// How the network sees each image; the results are turned back and averaged.
    pub turns: &'static [Turn],
    /// Time inside ONNX Runtime so far.
    pub network: Duration,
}

impl Runner<'_> {
    /// One run on a batch of images of `size`; `take` gets the result and returns whether it is finite.
    ///
    /// Errors: those of `Session::run`; `Model` for results that are not finite; `OutOfMemory`.
    pub fn run(
        &mut self,
        size: (usize, usize, usize),
        images: &[f32],
        take: impl FnOnce(Restored) -> bool,
    ) -> Result<()> {
        let finite = match self.turns {
            [turn] if turn.is_upright() => self.once(size, images, take)?,
            turns => self.mean_over(turns, size, images, take)?,
        };
        if finite {
            Ok(())
        } else {
            Err(not_finite())
        }
    }

    fn once<R>(&mut self, size: (usize, usize, usize), images: &[f32], take: impl FnOnce(Restored) -> R) -> Result<R> {
        let started = Instant::now();
        let network = &mut self.network;
        let taken = self.session.run(self.task, size, images, self.condition, |output| {
            *network += started.elapsed();
            take(output)
        })?;
        self.task.run_done();
        Ok(taken)
    }

    fn mean_over(
        &mut self,
        turns: &[Turn],
        (count, height, width): (usize, usize, usize),
        images: &[f32],
        take: impl FnOnce(Restored) -> bool,
    ) -> Result<bool> {
        let (mut turned, mut image, mut error) = (Vec::new(), Vec::new(), Vec::new());
        resize(&mut turned, images.len())?;
        resize(&mut image, images.len())?;
        resize(&mut error, if self.session.has_error() { images.len() } else { 0 })?;
        for turn in turns {
            turn.apply(images, (height, width), &mut turned);
            let (high, wide) = turn.size((height, width));
            self.once((count, high, wide), &turned, |output| {
                turn.add_back(output.image, (height, width), &mut image);
                if let Some(found) = output.error {
                    turn.add_back(found, (height, width), &mut error);
                }
            })?;
        }
        let share = 1.0 / turns.len() as f32;
        image.iter_mut().chain(&mut error).for_each(|sum| *sum *= share);
        Ok(take(Restored { image: &image, error: self.session.has_error().then_some(&error[..]) }))
    }
}
