//! Reads an ONNX file's operator domains, external data and metadata before any runtime sees it.
//!
//! Decodes just enough of the protocol buffer wire format; field numbers are those of `onnx.proto3`.

use std::collections::BTreeMap;

/// What a model file declares.
#[derive(Debug, Default, PartialEq)]
pub struct Declared {
    /// Operator sets by domain; "" and "ai.onnx" are ONNX itself.
    pub operator_sets: BTreeMap<String, u64>,
    /// Key and value pairs, `parfocal.*` among them.
    pub metadata: BTreeMap<String, String>,
    /// Whether there is a graph; without one it is no model.
    pub has_graph: bool,
    /// Name of a tensor whose values are stored outside the file.
    pub external: Option<String>,
}

/// Deepest nesting of graphs (inside attributes of nodes inside graphs): more than any real model has.
const DEEPEST: usize = 32;

/// The value of one field of a message.
pub(crate) enum Value<'a> {
    /// A number or an enumerator.
    Number(u64),
    /// A text, a message, or packed numbers.
    Bytes(&'a [u8]),
    /// A fixed-size number of four or eight bytes.
    Other,
}

/// The fields of a message, in order.
pub(crate) struct Fields<'a> {
    pub(crate) bytes: &'a [u8],
}

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or("it ends within a number")?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number of more than 64 bits".into())
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.bytes.is_empty()).then(|| self.field())
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Value<'a>), String> {
        let tag = varint(&mut self.bytes)?;
        // Other readers keep 32 bits of a tag; they would take a longer one for another field than we do.
        if tag > u64::from(u32::MAX) || tag >> 3 == 0 {
            return Err(format!("field {}, which there cannot be", tag >> 3));
        }
        let length = match tag & 7 {
            0 => return Ok((tag >> 3, Value::Number(varint(&mut self.bytes)?))),
            1 => 8,
            2 => varint(&mut self.bytes)?,
            5 => 4,
            other => return Err(format!("wire type {other} of field {}", tag >> 3)),
        };
        if length > self.bytes.len() as u64 {
            return Err(format!(
                "truncated: {length} bytes of field {} are announced, {} follow",
                tag >> 3,
                self.bytes.len()
            ));
        }
        let (value, rest) = self.bytes.split_at(length as usize);
        self.bytes = rest;
        Ok((tag >> 3, if tag & 7 == 2 { Value::Bytes(value) } else { Value::Other }))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads a ModelProto. The error says what is wrong with the bytes.
pub fn read(bytes: &[u8]) -> Result<Declared, String> {
    let mut declared = Declared::default();
    for field in (Fields { bytes }) {
        match field? {
            (7, Value::Bytes(graph)) => {
                declared.has_graph = true;
                read_graph(graph, &mut declared, 0)?;
            }
            (8, Value::Bytes(set)) => read_operator_set(set, &mut declared)?,
            (14, Value::Bytes(entry)) => {
                let (key, value) = read_entry(entry)?;
                declared.metadata.insert(key, value);
            }
            // Functions: field 7 is a node, field 9 an operator set.
            (25, Value::Bytes(function)) => {
                for field in (Fields { bytes: function }) {
                    match field? {
                        (7, Value::Bytes(node)) => read_node(node, &mut declared, 0)?,
                        (9, Value::Bytes(set)) => read_operator_set(set, &mut declared)?,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(declared)
}

fn read_operator_set(bytes: &[u8], declared: &mut Declared) -> Result<(), String> {
    let (mut domain, mut version) = (String::new(), 0);
    for field in (Fields { bytes }) {
        match field? {
            (1, Value::Bytes(name)) => domain = text(name),
            (2, Value::Number(number)) => version = number,
            _ => {}
        }
    }
    declared.operator_sets.insert(domain, version);
    Ok(())
}

fn read_entry(bytes: &[u8]) -> Result<(String, String), String> {
    let (mut key, mut value) = (String::new(), String::new());
    for field in (Fields { bytes }) {
        match field? {
            (1, Value::Bytes(bytes)) => key = text(bytes),
            (2, Value::Bytes(bytes)) => value = text(bytes),
            _ => {}
        }
    }
    Ok((key, value))
}

fn read_graph(bytes: &[u8], declared: &mut Declared, depth: usize) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("graphs nested more than {DEEPEST} deep"));
    }
    for field in (Fields { bytes }) {
        match field? {
            (1, Value::Bytes(node)) => read_node(node, declared, depth)?,
            (5, Value::Bytes(tensor)) => read_tensor(tensor, declared)?,
            (15, Value::Bytes(sparse)) => read_sparse(sparse, declared)?,
            _ => {}
        }
    }
    Ok(())
}

fn read_node(bytes: &[u8], declared: &mut Declared, depth: usize) -> Result<(), String> {
    for field in (Fields { bytes }) {
        match field? {
            (5, Value::Bytes(attribute)) => {
                for field in (Fields { bytes: attribute }) {
                    match field? {
                        (5 | 10, Value::Bytes(tensor)) => read_tensor(tensor, declared)?,
                        (6 | 11, Value::Bytes(graph)) => read_graph(graph, declared, depth + 1)?,
                        (22 | 23, Value::Bytes(sparse)) => read_sparse(sparse, declared)?,
                        _ => {}
                    }
                }
            }
            (7, Value::Bytes(domain)) => {
                // Version 0 until its operator set says otherwise.
                declared.operator_sets.entry(text(domain)).or_insert(0);
            }
            _ => {}
        }
    }
    Ok(())
}

fn read_sparse(bytes: &[u8], declared: &mut Declared) -> Result<(), String> {
    for field in (Fields { bytes }) {
        if let (1 | 2, Value::Bytes(tensor)) = field? {
            read_tensor(tensor, declared)?;
        }
    }
    Ok(())
}

fn read_tensor(bytes: &[u8], declared: &mut Declared) -> Result<(), String> {
    let (mut name, mut external) = (String::new(), false);
    for field in (Fields { bytes }) {
        match field? {
            (8, Value::Bytes(bytes)) => name = text(bytes),
            (13, _) | (14, Value::Number(1)) => external = true,
            _ => {}
        }
    }
    if external {
        declared.external = Some(name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TINY: &[u8] = include_bytes!("../../tests/models/tiny.onnx");

    #[test]
    fn the_test_model_is_read() {
        let declared = read(TINY).unwrap();
        assert!(declared.has_graph && declared.external.is_none());
        assert_eq!(declared.operator_sets.get(""), Some(&17));
        assert_eq!(declared.metadata["parfocal.name"], "tiny");
    }

    #[test]
    fn a_truncated_file_is_noticed() {
        // Cut between two top-level fields, the graph or the metadata is missing; cut elsewhere, it is an error.
        for length in (0..TINY.len()).step_by(97) {
            let complete = read(TINY).unwrap();
            assert!(read(&TINY[..length]).map_or(true, |cut| cut != complete), "{length}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_changed_byte_makes_it_panic(at in 0..TINY.len(), value in any::<u8>()) {
            let mut bytes = TINY.to_vec();
            bytes[at] = value;
            let _ = read(&bytes);
        }
    }
}
