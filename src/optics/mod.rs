//! What is known of a frame's blur: the optics that a user tells, and estimates from the pixels. Pure computation.
//!
//! A network of format 2 takes, beside the image, the contrast that defocus has left at each of the model's
//! frequencies: mean and standard deviation. `training/optics/contrast.py` and `knowledge.py` compute the same, and
//! `training/tests/test_parity.py` compares the two.

pub mod contrast;
pub mod knowledge;
pub mod scope;
