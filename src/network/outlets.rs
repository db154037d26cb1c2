//! The inputs and outputs that a network must have.

use ort::value::{TensorElementType, ValueType};

use crate::error::{Error, Result, Status};

/// Name of the input for what is known of the blur.
pub(super) const CONDITION: &str = "condition";
/// Name of the output that restores.
pub const RESTORED: &str = "restored";
/// Name of the output that estimates the blur.
pub const ESTIMATE: &str = "estimate";
/// Name of the output for the expected errors.
pub const ERROR: &str = "error";

pub(super) fn wrong(found: impl std::fmt::Display) -> Error {
    Error::new(Status::Model, found.to_string())
}

/// Finds the input for a condition of `count` numbers, and returns the others. Errors: `Model`.
pub(super) fn take_condition(inputs: &[ort::value::Outlet], count: usize) -> Result<Vec<&ort::value::Outlet>> {
    let (found, others): (Vec<_>, Vec<_>) = inputs.iter().partition(|input| count > 0 && input.name() == CONDITION);
    match found.first().map(|input| input.dtype()) {
        None if count > 0 => {
            Err(wrong(format!("the network has no input '{CONDITION}'; expected float32 [1, {count}]")))
        }
        Some(ValueType::Tensor { ty: TensorElementType::Float32, shape, .. }) if shape[..] == [1, count as i64] => {
            Ok(others)
        }
        Some(other) => Err(wrong(format!("input '{CONDITION}' is {}; expected float32 [1, {count}]", shown(other)))),
        None => Ok(others),
    }
}

/// Refuses an output that is not float32 `[N, count]` with free N.
pub(super) fn check_numbers(outlets: &[ort::value::Outlet], count: usize) -> Result<String> {
    match outlets {
        [outlet] => match outlet.dtype() {
            ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } if shape[..] == [-1, count as i64] => {
                Ok(outlet.name().to_owned())
            }
            other => Err(wrong(format!("output '{ESTIMATE}' is {}; expected float32 [?, {count}]", shown(other)))),
        },
        _ => Err(wrong(format!("the network has {} outputs; expected one", outlets.len()))),
    }
}

/// Refuses anything but float32 `[N, 1, H, W]` with free N, H and W.
pub(super) fn check(kind: &str, outlets: &[&ort::value::Outlet]) -> Result<String> {
    let [outlet] = outlets else {
        return Err(wrong(format!("the network has {} {kind}s; expected one", outlets.len())));
    };
    let expected = "expected float32 [N, 1, H, W] with free N, H and W";
    match outlet.dtype() {
        // Some exporters leave the output's channels open; the result's shape is checked at every run.
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. }
            if matches!(shape[..], [-1, 1, -1, -1])
                || (kind == "output" && matches!(shape[..], [-1, 1 | -1, -1, -1])) =>
        {
            Ok(outlet.name().to_owned())
        }
        other => Err(wrong(format!("{kind} '{}' is {}; {expected}", outlet.name(), shown(other)))),
    }
}

pub(super) fn shown(value: &ValueType) -> String {
    match value {
        ValueType::Tensor { ty, shape, .. } => {
            let sizes: Vec<_> = shape.iter().map(|&n| if n < 0 { "?".to_owned() } else { n.to_string() }).collect();
            format!("{ty} [{}]", sizes.join(", "))
        }
        other => format!("{other:?}"),
    }
}

pub(super) fn check_shape(found: &[i64], (count, height, width): (usize, usize, usize)) -> Result<()> {
    if found == [count as i64, 1, height as i64, width as i64] {
        return Ok(());
    }
    Err(wrong(format!("the network turned [{count}, 1, {height}, {width}] into {found:?}; expected the same shape")))
}
