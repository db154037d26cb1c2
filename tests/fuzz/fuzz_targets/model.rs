//! Model files: no bytes make the reader of ONNX files or of their metadata panic, and what passes is within its bounds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use parfocal::error::Status;
use parfocal::{model, onnx};

fuzz_target!(|data: &[u8]| {
    let declared = onnx::read(data);
    let info = match model::inspect(data) {
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
});
