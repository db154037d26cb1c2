//! Takes an ONNX file apart and puts it together: protocol buffer fields, nodes and tensors.

use std::collections::HashSet;

use crate::onnx::wire::{Fields, Value};

/// The error is a sentence on what the editor does not understand.
pub type Result<T> = std::result::Result<T, String>;

/// Element types of `TensorProto`.
pub const FLOAT: u64 = 1;
pub const UINT8: u64 = 2;
pub const UINT16: u64 = 4;
pub const FLOAT16: u64 = 10;

pub fn number(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

pub fn put_number(to: &mut Vec<u8>, field: u64, value: u64) {
    number(to, field << 3);
    number(to, value);
}

pub fn put(to: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    number(to, field << 3 | 2);
    number(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// An AttributeProto that holds an integer.
pub fn integer(name: &str, value: u64) -> Vec<u8> {
    const INT: u64 = 2;
    let mut attribute = Vec::new();
    put(&mut attribute, 1, name.as_bytes());
    put_number(&mut attribute, 3, value);
    put_number(&mut attribute, 20, INT);
    attribute
}

/// Adds a node of ONNX's own domain to a graph.
pub fn put_node(graph: &mut Vec<u8>, operator: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) {
    let mut node = Vec::new();
    inputs.iter().for_each(|name| put(&mut node, 1, name.as_bytes()));
    put(&mut node, 2, output.as_bytes());
    put(&mut node, 4, operator.as_bytes());
    attributes.iter().for_each(|a| put(&mut node, 5, a));
    put(graph, 1, &node);
}

/// A ValueInfoProto for a tensor; `None` is a free extent.
pub fn tensor_info(name: &str, element: u64, shape: &[Option<u64>]) -> Vec<u8> {
    let mut extents = Vec::new();
    for extent in shape {
        let mut dimension = Vec::new();
        if let Some(extent) = extent {
            put_number(&mut dimension, 1, *extent);
        }
        put(&mut extents, 1, &dimension);
    }
    let (mut tensor, mut kind, mut info) = (Vec::new(), Vec::new(), Vec::new());
    put_number(&mut tensor, 1, element);
    put(&mut tensor, 2, &extents);
    put(&mut kind, 1, &tensor);
    put(&mut info, 1, name.as_bytes());
    put(&mut info, 2, &kind);
    info
}

/// A TensorProto that holds one float32.
pub fn scalar(name: &str, value: f32) -> Vec<u8> {
    let mut tensor = Vec::new();
    put_number(&mut tensor, 2, FLOAT);
    put(&mut tensor, 8, name.as_bytes());
    put(&mut tensor, 9, &value.to_le_bytes());
    tensor
}

/// A field; `raw` is all its bytes, with tag and length.
pub struct Field<'a> {
    pub id: u64,
    pub value: Value<'a>,
    pub raw: &'a [u8],
}

pub fn fields(bytes: &[u8]) -> Result<Vec<Field<'_>>> {
    let mut rest = Fields { bytes };
    let mut found = Vec::new();
    loop {
        let before = rest.bytes;
        match rest.next() {
            None => return Ok(found),
            Some(field) => {
                let (id, value) = field?;
                found.push(Field { id, value, raw: &before[..before.len() - rest.bytes.len()] });
            }
        }
    }
}

pub fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| "a name in it is not UTF-8".into())
}

/// The first value of field `id` as text; empty if there is none.
pub fn text_of(bytes: &[u8], id: u64) -> Result<&str> {
    for field in (Fields { bytes }) {
        if let (found, Value::Bytes(value)) = field? {
            if found == id {
                return text(value);
            }
        }
    }
    Ok("")
}

pub struct Node<'a> {
    pub inputs: Vec<&'a str>,
    pub outputs: Vec<&'a str>,
    pub operator: &'a str,
    pub fields: Vec<Field<'a>>,
}

impl<'a> Node<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut node = Self { inputs: Vec::new(), outputs: Vec::new(), operator: "", fields: fields(bytes)? };
        for field in &node.fields {
            match (field.id, &field.value) {
                (1, Value::Bytes(name)) => node.inputs.push(text(name)?),
                (2, Value::Bytes(name)) => node.outputs.push(text(name)?),
                (4, Value::Bytes(name)) => node.operator = text(name)?,
                _ => {}
            }
        }
        Ok(node)
    }
}

/// A network with one input and one output, taken apart.
pub struct Network<'a> {
    pub model: Vec<Field<'a>>,
    pub graph: Vec<Field<'a>>,
    pub nodes: Vec<Node<'a>>,
    pub input: &'a str,
    pub output: &'a str,
}

impl<'a> Network<'a> {
    /// Takes a file apart. `reserved_prefix`: fails if any name already starts with it.
    pub fn read(bytes: &'a [u8], reserved_prefix: &str) -> Result<Self> {
        let model = fields(bytes)?;
        let mut graphs = model.iter().filter_map(|f| match (f.id, &f.value) {
            (7, Value::Bytes(graph)) => Some(*graph),
            _ => None,
        });
        let graph = graphs.next().ok_or("it has no graph")?;
        if model.iter().any(|f| f.id == 25) {
            return Err("it has functions of its own".into());
        }
        let graph = fields(graph)?;
        let (mut nodes, mut weights) = (Vec::new(), HashSet::new());
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for field in &graph {
            match (field.id, &field.value) {
                (1, Value::Bytes(node)) => nodes.push(Node::read(node)?),
                (5, Value::Bytes(tensor)) => {
                    weights.insert(text_of(tensor, 8)?);
                }
                (11, Value::Bytes(info)) => inputs.push(text_of(info, 1)?),
                (12, Value::Bytes(info)) => outputs.push(text_of(info, 1)?),
                (15, _) => return Err("it has sparse weights".into()),
                _ => {}
            }
        }
        // Old files list the weights among the inputs.
        inputs.retain(|name| !weights.contains(name));
        let ([input], [output]) = (&inputs[..], &outputs[..]) else {
            return Err(format!("it has {} inputs and {} outputs", inputs.len(), outputs.len()));
        };
        let (input, output) = (*input, *output);
        let names = nodes.iter().flat_map(|n| n.inputs.iter().chain(&n.outputs));
        if let Some(taken) = names.chain([&input, &output]).find(|name| name.starts_with(reserved_prefix)) {
            return Err(format!("'{taken}' has a name that is reserved for Parfocal's own"));
        }
        Ok(Self { model, graph, nodes, input, output })
    }

    /// The file with another graph.
    pub fn with_graph(&self, graph: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in &self.model {
            match field.id {
                7 => put(&mut bytes, 7, graph),
                _ => bytes.extend_from_slice(field.raw),
            }
        }
        bytes
    }
}
