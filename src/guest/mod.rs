//! The library as a guest in a host's process: what it asks of the system, and what it leaves as it was.
//!
//! | file | what it holds |
//! |---|---|
//! | `environment` | variables that ONNX Runtime reads, for the moment of loading: it must not call home |
//! | `leaving` | the end of the process and `parfocal_shutdown`: nothing runs in ONNX Runtime after it |
//! | `caller` | the caller's thread: its floating-point state and its cancellation |
//! | `locals` | thread-local memory of ONNX Runtime, taken while there is some |
//! | `paths` | paths without links |
//! | `reserve` | memory for small allocations when the system has none left |
//! | `spare` | memory for C++ code that cannot say that there is none |
//! | `threads` | the library's own threads, which inherit nothing from the thread that starts them |

pub mod caller;
pub mod environment;
pub mod leaving;
pub mod locals;
pub mod paths;
#[cfg(feature = "reserve")]
pub mod reserve;
pub mod spare;
pub mod threads;
