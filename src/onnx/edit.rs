//! Rewrites a network's ONNX file: into half precision, or into one that takes and returns a camera's integers.
//!
//! Works on the protocol buffer alone (field numbers of `onnx.proto3`). A graph that it does not understand is refused
//! with a sentence.

use std::collections::HashSet;

use crate::onnx::graph::{
    fields, integer, put, put_node, put_number, scalar, tensor_info, text, text_of, Network, Node, Result, FLOAT,
    FLOAT16, UINT16, UINT8,
};
use crate::onnx::wire::Value;

/// Prefix of the names that `to_half` adds.
const HALF: &str = "parfocal_half_";
/// Prefix of the names that `on_integers` adds.
const INTEGERS: &str = "parfocal_integers_";

/// Operators whose output has the type of their inputs.
const HALF_OPERATORS: &[&str] = &[
    "Add",
    "AveragePool",
    "Cast",
    "Concat",
    "Constant",
    "Conv",
    "ConvTranspose",
    "Div",
    "Identity",
    "LeakyRelu",
    "MaxPool",
    "Mul",
    "Relu",
    "Resize",
    "Sigmoid",
    "Sub",
    "Tanh",
];

/// The network with weights and arithmetic in half precision; input and output stay float32.
///
/// Errors: a sentence, for an operator that is not in `HALF_OPERATORS` and for a weight beyond half precision's range.
pub fn to_half(bytes: &[u8]) -> Result<Vec<u8>> {
    let network = Network::read(bytes, HALF)?;
    if let Some(node) = network.nodes.iter().find(|n| !HALF_OPERATORS.contains(&n.operator)) {
        return Err(format!("operator {} is not known to work in half precision", node.operator));
    }
    // By definition, Resize takes its regions and scales in float32.
    let mut single: HashSet<&str> = HashSet::new();
    for node in network.nodes.iter().filter(|n| n.operator == "Resize") {
        single.extend(node.inputs.iter().skip(1).filter(|name| !name.is_empty()));
    }
    for node in &network.nodes {
        let places = node.inputs.iter().enumerate();
        let other = places.filter(|(i, _)| node.operator != "Resize" || *i == 0);
        if let Some((_, name)) = other.into_iter().find(|(_, name)| single.contains(*name)) {
            return Err(format!("'{name}' is both a scale and a value"));
        }
        if node.operator != "Constant" && node.outputs.iter().any(|name| single.contains(name)) {
            return Err("a scale of Resize is computed".into());
        }
    }
    let (input, output) = (format!("{HALF}input"), format!("{HALF}output"));
    let renamed = |name: &str| match name {
        name if name == network.input => input.clone(),
        name if name == network.output => output.clone(),
        name => name.to_owned(),
    };
    let mut graph = Vec::new();
    put_node(&mut graph, "Cast", &[network.input], &input, &[integer("to", FLOAT16)]);
    for node in &network.nodes {
        let keeps = node.outputs.iter().any(|name| single.contains(name));
        put(&mut graph, 1, &half_node(node, keeps, renamed)?);
    }
    put_node(&mut graph, "Cast", &[&output], network.output, &[integer("to", FLOAT)]);
    for field in &network.graph {
        match (field.id, &field.value) {
            // Nodes are written above; the types of the values between them (value_info) have changed.
            (1 | 13, _) => {}
            (5, Value::Bytes(tensor)) if !single.contains(text_of(tensor, 8)?) => {
                put(&mut graph, 5, &half_tensor(tensor)?)
            }
            _ => graph.extend_from_slice(field.raw),
        }
    }
    Ok(network.with_graph(&graph))
}

fn half_node(node: &Node, keeps_type: bool, renamed: impl Fn(&str) -> String) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for field in &node.fields {
        match (field.id, &field.value) {
            (id @ (1 | 2), Value::Bytes(name)) => put(&mut bytes, id, renamed(text(name)?).as_bytes()),
            (5, Value::Bytes(attribute)) => match (node.operator, text_of(attribute, 1)?) {
                ("Cast", "to") => {
                    if fields(attribute)?.iter().any(|f| f.id == 3 && !matches!(f.value, Value::Number(FLOAT))) {
                        return Err("a Cast in it leads to other numbers than float32".into());
                    }
                    put(&mut bytes, 5, &integer("to", FLOAT16));
                }
                ("Constant", "value") if keeps_type => bytes.extend_from_slice(field.raw),
                ("Constant", "value") => {
                    let mut changed = Vec::new();
                    for part in fields(attribute)? {
                        match (part.id, &part.value) {
                            (5, Value::Bytes(tensor)) => put(&mut changed, 5, &half_tensor(tensor)?),
                            _ => changed.extend_from_slice(part.raw),
                        }
                    }
                    put(&mut bytes, 5, &changed);
                }
                ("Constant", other) => return Err(format!("a Constant in it has the form '{other}'")),
                _ => bytes.extend_from_slice(field.raw),
            },
            _ => bytes.extend_from_slice(field.raw),
        }
    }
    Ok(bytes)
}

/// A TensorProto in half precision; one that is not float32 is returned unchanged.
fn half_tensor(tensor: &[u8]) -> Result<Vec<u8>> {
    let parts = fields(tensor)?;
    if !parts.iter().any(|f| f.id == 2 && matches!(f.value, Value::Number(FLOAT))) {
        return Ok(tensor.to_vec());
    }
    let mut bytes = Vec::new();
    for part in &parts {
        match (part.id, &part.value) {
            (2, _) => put_number(&mut bytes, 2, FLOAT16),
            // Packed floats or raw data: both are little-endian float32.
            (4 | 9, Value::Bytes(values)) if values.len() % 4 == 0 => {
                let mut halves = Vec::with_capacity(values.len() / 2);
                for value in values.chunks_exact(4) {
                    let value = f32::from_le_bytes([value[0], value[1], value[2], value[3]]);
                    let half = half(value).ok_or_else(|| {
                        format!("weight {value} of '{}' is beyond half precision", text_of(tensor, 8).unwrap_or(""))
                    })?;
                    halves.extend_from_slice(&half.to_le_bytes());
                }
                put(&mut bytes, 9, &halves);
            }
            (4 | 9 | 13 | 14, _) => return Err("the values of a weight are stored in an unusual way".into()),
            _ => bytes.extend_from_slice(part.raw),
        }
    }
    Ok(bytes)
}

/// IEEE half precision, rounded half to even; `None` if the result would be infinite or NaN.
fn half(value: f32) -> Option<u16> {
    let sign = (value.to_bits() >> 16) as u16 & 0x8000;
    let magnitude = value.abs();
    // The largest half is 65504; numbers from 65520 on round to infinity.
    if magnitude.is_nan() || magnitude >= 65520.0 {
        return None;
    }
    const LEAST_NORMAL: f32 = 6.103_515_6e-5;
    if magnitude < LEAST_NORMAL {
        // Subnormals are steps of 2^-24; adding 1.5 * 2^23 rounds to whole steps, half to even.
        const ROUND: f32 = 12_582_912.0;
        let steps = magnitude * 16_777_216.0;
        return Some(sign | ((steps + ROUND) - ROUND) as u16);
    }
    let bits = magnitude.to_bits();
    let rounded = bits + 0xfff + (bits >> 13 & 1);
    // The exponent's bias is 127 in single precision, 15 in half.
    Some(sign | ((rounded >> 13) - (112 << 10)) as u16)
}

/// Names of the inputs and outputs of a network made by `on_integers`.
pub mod names {
    /// Input: the pixels, integers `[N, 1, H, W]`.
    pub const PIXELS: &str = "parfocal_integers_pixels";
    /// Input: the pixel value that becomes 0, float32 `[1]`.
    pub const LO: &str = "parfocal_integers_lo";
    /// Input: 1 / width, float32 `[1]`.
    pub const SCALE: &str = "parfocal_integers_scale";
    /// Input: the pixel value that becomes 1, less `LO`, float32 `[1]`.
    pub const WIDTH: &str = "parfocal_integers_width";
    /// Output: the restored pixels, integers `[N, 1, H, W]`.
    pub const RESTORED: &str = "parfocal_integers_restored";
    /// Output: a float32, 0 if all results are finite, else NaN.
    pub const FINITE: &str = "parfocal_integers_finite";
}

/// The network on 8 or 16-bit pixels: `(x - lo) * scale`, then the network, then `y * width + lo` clipped to the type
/// and rounded half to even. The same operations in the same order as `Sample::normalised` and `denormalised`.
pub fn on_integers(bytes: &[u8], bits: u32) -> Result<Vec<u8>> {
    let network = Network::read(bytes, INTEGERS)?;
    let (element, greatest) = if bits == 8 { (UINT8, 255.0) } else { (UINT16, 65535.0) };
    let name = |what: &str| format!("{INTEGERS}{what}");
    let (counts, above, scaled, shifted, clipped, rounded, nothing) = (
        name("counts"),
        name("above"),
        name("scaled"),
        name("shifted"),
        name("clipped"),
        name("rounded"),
        name("nothing"),
    );
    let (least, most) = (name("least"), name("most"));
    let mut graph = Vec::new();
    put_node(&mut graph, "Cast", &[names::PIXELS], &counts, &[integer("to", FLOAT)]);
    put_node(&mut graph, "Sub", &[&counts, names::LO], &above, &[]);
    put_node(&mut graph, "Mul", &[&above, names::SCALE], network.input, &[]);
    let images = [None, Some(1), None, None];
    for field in &network.graph {
        if !matches!(field.id, 11 | 12) {
            graph.extend_from_slice(field.raw);
        }
    }
    put_node(&mut graph, "Mul", &[network.output, names::WIDTH], &scaled, &[]);
    put_node(&mut graph, "Add", &[&scaled, names::LO], &shifted, &[]);
    put_node(&mut graph, "Clip", &[&shifted, &least, &most], &clipped, &[]);
    put_node(&mut graph, "Round", &[&clipped], &rounded, &[]);
    put_node(&mut graph, "Cast", &[&rounded], names::RESTORED, &[integer("to", element)]);
    // x - x is 0 if x is finite, else NaN, and a sum keeps a NaN.
    put_node(&mut graph, "Sub", &[network.output, network.output], &nothing, &[]);
    put_node(&mut graph, "ReduceSum", &[&nothing], names::FINITE, &[integer("keepdims", 0)]);
    put(&mut graph, 5, &scalar(&least, 0.0));
    put(&mut graph, 5, &scalar(&most, greatest));
    put(&mut graph, 11, &tensor_info(names::PIXELS, element, &images));
    for input in [names::LO, names::SCALE, names::WIDTH] {
        put(&mut graph, 11, &tensor_info(input, FLOAT, &[Some(1)]));
    }
    put(&mut graph, 12, &tensor_info(names::RESTORED, element, &images));
    put(&mut graph, 12, &tensor_info(names::FINITE, FLOAT, &[]));
    Ok(network.with_graph(&graph))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::wire;

    const TINY: &[u8] = include_bytes!("../../tests/models/tiny.onnx");

    fn single(half: u16) -> f32 {
        let (exponent, fraction) = (i32::from(half >> 10 & 31), f32::from(half & 1023));
        let magnitude = match exponent {
            0 => fraction * 2f32.powi(-24),
            31 => f32::NAN,
            _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
        };
        if half & 0x8000 == 0 {
            magnitude
        } else {
            -magnitude
        }
    }

    #[test]
    fn halves_round_to_nearest_and_ties_to_even() {
        for bits in (0..0x7c00u16).chain(0x8000..0xfc00) {
            let value = single(bits);
            assert_eq!(half(value), Some(bits), "{value}");
            let next = single(bits + 1);
            if next.is_finite() {
                let middle = (value + next) / 2.0;
                let even = if bits & 1 == 0 { bits } else { bits + 1 };
                assert_eq!(half(middle), Some(even), "{middle}");
                let beyond = f32::from_bits(middle.to_bits() + 1);
                assert_eq!(half(beyond), Some(bits + 1), "{beyond}");
            }
        }
        assert_eq!((half(65519.0), half(65520.0), half(f32::NAN)), (Some(0x7bff), None, None));
        assert_eq!((half(-0.0), half(1e-9)), (Some(0x8000), Some(0)));
    }

    #[test]
    fn weights_become_half_and_metadata_stays() {
        let changed = to_half(TINY).unwrap();
        assert!(changed.len() < TINY.len() * 3 / 4, "{} of {}", changed.len(), TINY.len());
        let (before, after) = (wire::read(TINY).unwrap(), wire::read(&changed).unwrap());
        assert_eq!(before, after);
        let both = on_integers(&changed, 16).unwrap();
        assert_eq!(wire::read(&both).unwrap(), before);
        // A second edit is refused: the names are taken.
        assert!(on_integers(&both, 16).unwrap_err().contains("inputs"), "four inputs now");
        assert!(to_half(&changed).unwrap_err().contains("'parfocal_half_input' has a name"));
    }

    #[test]
    fn graphs_that_are_not_understood_are_refused() {
        let refused = |bytes: &[u8], expected: &str| {
            let message = to_half(bytes).unwrap_err();
            assert!(message.contains(expected), "{message}");
        };
        refused(include_bytes!("../../tests/models/custom.onnx"), "operator Blur is not known");
        refused(include_bytes!("../../tests/models/two_inputs.onnx"), "2 inputs and 1 outputs");
        refused(b"", "no graph");
        for length in (0..TINY.len()).step_by(131) {
            // No panic; a file cut between two fields may still be a model.
            let _ = (to_half(&TINY[..length]), on_integers(&TINY[..length], 8));
        }
    }
}
