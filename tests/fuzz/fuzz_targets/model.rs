//! Model files: no bytes make the ONNX reader, the metadata reader or the editor panic. Accepted metadata is within its
//! bounds, and an edited network declares the same as before.

#![no_main]

use libfuzzer_sys::fuzz_target;
use parfocal::error::Status;
use parfocal::onnx::{edit, model_file, wire};

fuzz_target!(|data: &[u8]| {
    let declared = wire::read(data);
    let info = match model_file::inspect(data) {
        Ok(info) => info,
        Err(e) => {
            assert!(e.status() == Status::Model && !e.message().is_empty(), "{e:?}");
            return;
        }
    };
    let declared = declared.expect("inspected, so it could be read");
    assert!(declared.has_graph && declared.external.is_none());
    assert!(declared.operator_sets.keys().all(|d| matches!(d.as_str(), "" | "ai.onnx")));
    assert!((1..=1024).contains(&info.multiple) && info.halo <= 4096);
    assert!((1..=1 << 20).contains(&info.bytes_per_pixel));
    let (low, high) = info.percentiles;
    assert!(0.0 <= low && low < high && high <= 100.0);
    if let Some((least, most)) = info.pixel_size_um {
        assert!(0.0 <= least && least < most && most.is_finite());
    }
    assert_eq!(info.sha256.len(), 64);
    for edited in [edit::to_half(data), edit::on_integers(data, 8), edit::on_integers(data, 16)] {
        match edited {
            Ok(edited) => assert_eq!(wire::read(&edited).as_ref(), Ok(&declared)),
            Err(sentence) => assert!(!sentence.is_empty()),
        }
    }
});
