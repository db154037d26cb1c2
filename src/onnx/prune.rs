//! Cuts from a network's ONNX file the part that computes some of its outputs.

use std::collections::HashSet;

use crate::onnx::graph::{fields, put, text_of, Node, Result};
use crate::onnx::wire::Value;

/// The file with only the outputs named, what they are computed from, and the inputs that these need.
///
/// Errors: a sentence, if an output is absent or the graph is not understood.
pub fn keep(bytes: &[u8], outputs: &[&str]) -> Result<Vec<u8>> {
    let model = fields(bytes)?;
    let whole = model.iter().find_map(|field| match (field.id, &field.value) {
        (7, Value::Bytes(graph)) => Some(*graph),
        _ => None,
    });
    let graph = fields(whole.ok_or("it has no graph")?)?;
    let mut nodes = Vec::new();
    for field in &graph {
        if let (1, Value::Bytes(node)) = (field.id, &field.value) {
            nodes.push(Node::read(node)?);
        }
    }
    // Nodes are in the order of their execution, so what a node needs is computed by earlier ones.
    let mut needed: HashSet<&str> = outputs.iter().copied().collect();
    let mut kept = vec![false; nodes.len()];
    for (node, kept) in nodes.iter().zip(&mut kept).rev() {
        if node.outputs.iter().any(|name| needed.contains(name)) {
            *kept = true;
            needed.extend(node.inputs.iter().filter(|name| !name.is_empty()));
        }
    }
    for name in outputs {
        if !nodes.iter().any(|node| node.outputs.contains(name)) {
            return Err(format!("it does not compute an output '{name}'"));
        }
    }
    let mut small = Vec::new();
    let mut node = 0;
    for field in &graph {
        let stays = match (field.id, &field.value) {
            (1, _) => {
                node += 1;
                kept[node - 1]
            }
            (5, Value::Bytes(tensor)) => needed.contains(text_of(tensor, 8)?),
            (11, Value::Bytes(info)) => needed.contains(text_of(info, 1)?),
            (12, Value::Bytes(info)) => outputs.contains(&text_of(info, 1)?),
            // The types of values in between: they may be of nodes that are gone.
            (13, _) => false,
            _ => true,
        };
        if stays {
            small.extend_from_slice(field.raw);
        }
    }
    let mut file = Vec::new();
    for field in &model {
        match field.id {
            7 => put(&mut file, 7, &small),
            _ => file.extend_from_slice(field.raw),
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::graph::Network;
    use crate::onnx::wire;

    const TOLD: &[u8] = include_bytes!("../../tests/models/told.onnx");

    #[test]
    fn each_output_keeps_its_own_inputs_and_weights() {
        let estimator = keep(TOLD, &["estimate"]).unwrap();
        let network = Network::read(&estimator, "parfocal_").unwrap();
        assert_eq!((network.input, network.output), ("image", "estimate"));
        let restorer = keep(TOLD, &["restored"]).unwrap();
        assert!(restorer.len() < TOLD.len() && estimator.len() < TOLD.len());
        let message = Network::read(&restorer, "parfocal_").map(|_| ()).unwrap_err();
        assert_eq!(message, "it has 2 inputs and 1 outputs");
        // Metadata stays.
        assert_eq!(wire::read(&restorer).unwrap().metadata, wire::read(TOLD).unwrap().metadata);
    }

    #[test]
    fn everything_may_stay_and_what_is_not_there_is_refused() {
        let both = keep(TOLD, &["restored", "estimate"]).unwrap();
        assert!(Network::read(&both, "parfocal_").is_err());
        assert_eq!(keep(TOLD, &["depth"]).unwrap_err(), "it does not compute an output 'depth'");
        assert_eq!(keep(b"", &["restored"]).unwrap_err(), "it has no graph");
        for length in (0..TOLD.len()).step_by(7) {
            let _ = keep(&TOLD[..length], &["restored"]); // no panic
        }
    }
}
