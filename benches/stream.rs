//! A stream's cost for each frame outside the restoration: copies in and out, and two wake-ups. Measured through the C
//! functions, as in a camera's callback.
//!
//! 512x512 16-bit frames, a network that does next to nothing, one frame at a time, by a stream and by a plain call in
//! turn. The difference of the medians has a limit: 0.3 ms a frame.

use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use parfocal::ffi::{model::*, restore::*, stream::*};
use parfocal::network::runtime;

const SIZE: usize = 512;
const ROUNDS: usize = 301;
const LIMIT: Duration = Duration::from_micros(300);

fn main() {
    let path = runtime::locate(None).expect("`cargo xtask setup` puts ONNX Runtime where benches find it");
    let options = std::ffi::CString::new(format!("threads=1 runtime='{}'", path.display())).unwrap();
    let bytes = include_bytes!("../tests/models/foreign.onnx");
    let frame: Vec<u16> =
        (0..SIZE * SIZE).map(|i| (600 + (i % SIZE) * 7 % 501 + (i / SIZE) * 3 % 301) as u16).collect();
    let mut out = vec![0u16; frame.len()];
    let shape = [SIZE as i64, SIZE as i64, 1, 1];
    let count = frame.len() as u64;
    let (mut model, mut stream) = (0, 0);
    // SAFETY: pointers to live arrays with their own counts.
    let (plain, streamed) = unsafe {
        let opened = parfocal_model_open_memory(bytes.as_ptr(), bytes.len() as u64, options.as_ptr(), &mut model);
        assert_eq!(opened, 0);
        assert_eq!(parfocal_stream_open(model, 2, shape.as_ptr(), null(), &mut stream), 0);
        let mut plain = || {
            let started = Instant::now();
            let status = parfocal_restore_u16(
                model,
                0,
                frame.as_ptr(),
                count,
                null(),
                out.as_mut_ptr(),
                count,
                null(),
                shape.as_ptr(),
                null(),
            );
            assert_eq!(status, 0);
            started.elapsed()
        };
        let mut received = vec![0u16; frame.len()];
        let mut streamed = || {
            let started = Instant::now();
            assert_eq!(parfocal_stream_submit(stream, frame.as_ptr().cast(), count, null(), 0), 0);
            let status = parfocal_stream_receive(stream, received.as_mut_ptr().cast(), count, null(), null_mut(), -1);
            assert_eq!(status, 0);
            started.elapsed()
        };
        let mut times = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            times.0.push(plain());
            times.1.push(streamed());
        }
        assert_eq!(received, out, "the same pixels");
        times
    };
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (plain, streamed) = (median(plain), median(streamed));
    let overhead = streamed.saturating_sub(plain);
    let verdict = if overhead <= LIMIT { "within" } else { "OVER" };
    println!(
        "{SIZE}x{SIZE} u16: {plain:?} a frame by a call, {streamed:?} through a stream: {overhead:?} more, {verdict} \
         the limit of {LIMIT:?}"
    );
    assert!(overhead <= LIMIT);
    parfocal_stream_close(stream);
    parfocal_model_close(model);
}
