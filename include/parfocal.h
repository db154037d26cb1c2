/*
 Parfocal restores out-of-focus microscope images: same size, pixel type and units. Licence: MIT OR Apache-2.0.

 Made from src/ffi by `cargo xtask header`; changes are made there. It is plain C so that MATLAB's loadlibrary, ctypes, Java and
 Octave read it, too.

 CONVENTIONS, true of every function unless it says otherwise
 - Every function returns a status; 0 is PARFOCAL_STATUS_OK. parfocal_last_error has the message of this thread's last failure. After a
   failure nothing was half done; INTERNAL, a fault of Parfocal, leaves the handle that it happened on fit only for closing
   (a frame of a stream that ends so spoils nothing).
 - Handles are numbers, below 2^53 and never 0, that never come again. One that is closed, foreign or of another kind is
   INVALID_HANDLE, never a crash. Closing makes it invalid at once; calls that are using it finish on their own reference.
 - Pointers must be valid for the call; nothing keeps them afterwards. NULL is INVALID_ARGUMENT, except where it is allowed: text (""),
   strides (tightly packed), a text buffer whose length is asked for. They need not be aligned.
 - A shape is {width, height, channels, planes}, each at least 1. Strides are {x, y, channel, plane}, steps in elements, at least 0.
   A count says how many elements may be touched from the pointer on: nothing beyond is read or written.
 - Text in is UTF-8 and NUL-terminated. Text out is NUL-terminated, cut between characters if the buffer is too small.
 - Options are text: key=value separated by white space; a value with spaces stands in single quotes, with \' and \\ inside.
   docs/options.md has the table; a key that is unknown, repeated or out of place is BAD_OPTION.
 - Any function may be called from any thread. After fork every call in the child is UNSUPPORTED if the parent has used the library.
   The library stays loaded until the process ends. Nothing is printed. No file is written and no connection made but those asked for.
 - A calling thread needs 128 KiB of stack. During a call its rounding mode, traps and flush-to-zero are set aside and cancellation
   (pthread_cancel) is deferred; afterwards they are as they were. The library's own threads have the ordinary scheduling policy, the
   cores and niceness of the process (of its first thread), and all signals blocked, whatever the thread that opened a model has.
 - At the end of the process, and after parfocal_shutdown, running calls are cancelled and every later one is CLOSED.
 */

#ifndef PARFOCAL_H
#define PARFOCAL_H

#include <stdint.h>

/*
 Outcome classes, shared by every host. Numbers are never reused.
 */
enum PARFOCAL_STATUS {
    /*
     Done.
     */
    PARFOCAL_STATUS_OK = 0,
    /*
     A size, stride, path or name that cannot be meant.
     */
    PARFOCAL_STATUS_INVALID_ARGUMENT = 1,
    /*
     A handle that is closed, foreign or of another kind.
     */
    PARFOCAL_STATUS_INVALID_HANDLE = 2,
    /*
     An option that is unknown, repeated, out of place or has a bad value.
     */
    PARFOCAL_STATUS_BAD_OPTION = 3,
    /*
     Sound input of a kind that is not handled.
     */
    PARFOCAL_STATUS_UNSUPPORTED = 4,
    /*
     A file or folder that is not there.
     */
    PARFOCAL_STATUS_NOT_FOUND = 5,
    /*
     Reading or writing failed.
     */
    PARFOCAL_STATUS_IO = 6,
    /*
     A file that is damaged or is none of the kind.
     */
    PARFOCAL_STATUS_FORMAT = 7,
    /*
     A model file that cannot be used, or results that are not finite.
     */
    PARFOCAL_STATUS_MODEL = 8,
    /*
     ONNX Runtime is missing, too old or no library.
     */
    PARFOCAL_STATUS_RUNTIME = 9,
    /*
     A device that was asked for does not work.
     */
    PARFOCAL_STATUS_DEVICE = 10,
    /*
     A buffer could not be had.
     */
    PARFOCAL_STATUS_OUT_OF_MEMORY = 11,
    /*
     Stopped as asked; what is complete stays.
     */
    PARFOCAL_STATUS_CANCELLED = 12,
    /*
     Nothing to take or no room, and waiting was not wanted.
     */
    PARFOCAL_STATUS_WOULD_BLOCK = 13,
    /*
     Nothing came in the time given.
     */
    PARFOCAL_STATUS_TIMEOUT = 14,
    /*
     The other end is closed.
     */
    PARFOCAL_STATUS_CLOSED = 15,
    /*
     The output is there already.
     */
    PARFOCAL_STATUS_EXISTS = 16,
    /*
     A fault of Parfocal.
     */
    PARFOCAL_STATUS_INTERNAL = 17
};

/*
 Pixel types that go in and come out. Numbers are never reused.
 */
enum PARFOCAL_PIXEL {
    /*
     Unsigned, 8 bits.
     */
    PARFOCAL_PIXEL_U8 = 1,
    /*
     Unsigned, 16 bits.
     */
    PARFOCAL_PIXEL_U16 = 2,
    /*
     IEEE single precision.
     */
    PARFOCAL_PIXEL_F32 = 3
};

/*
 How pixels are packed. Numbers are never reused.
 */
enum PARFOCAL_PACKING {
    /*
     Four pixels of 10 bits in five bytes, lowest bits first.
     */
    PARFOCAL_PACKING_MONO10P = 1,
    /*
     Two pixels of 12 bits in three bytes, lowest bits first.
     */
    PARFOCAL_PACKING_MONO12P = 2,
    /*
     GigE Vision: two pixels of 10 bits in three bytes; their low bits share the middle byte.
     */
    PARFOCAL_PACKING_MONO10_PACKED = 3,
    /*
     GigE Vision: two pixels of 12 bits in three bytes; their low bits share the middle byte.
     */
    PARFOCAL_PACKING_MONO12_PACKED = 4
};

/*
 Outcome of a call: one of PARFOCAL_STATUS_*, 0 is PARFOCAL_STATUS_OK.
 */
typedef int32_t parfocal_status;

/*
 An opened model.
 */
typedef uint64_t parfocal_model;

/*
 Progress and cancel of one run; 0 where none is wanted.
 */
typedef uint64_t parfocal_task;

/*
 A stream of frames over a model.
 */
typedef uint64_t parfocal_stream;

#ifdef __cplusplus
extern "C" {
#endif

/*
 The number of this binary interface. It counts up only when something that existed is removed or changes its meaning;
 it is also the number in the library's SONAME. Compare it with the one that your program was built for.
 Threads: any. Since 0.1.
 */
int32_t parfocal_abi_version(void);

/*
 The version of the library, "0.1.0" say: a constant that must not be freed.
 Threads: any. Since 0.1.
 */
const char *parfocal_version(void);

/*
 The name of a status without its prefix, "BAD_OPTION" say, "UNKNOWN" for a number that is none: a constant that must not be
 freed.
 Threads: any. Since 0.1.
 */
const char *parfocal_status_name(parfocal_status status);

/*
 The message of the last call on the calling thread that failed: what, which value, what was expected, what to do. Calls that
 succeed leave it, and so does this one. "" before the first failure.
 buffer, capacity: where the text goes, and its size in bytes; NULL and 0 to ask for the length only.
 length: receives the bytes that the full text needs, its NUL included; NULL if not wanted.
 Threads: any; each has its own message. It may be called after fork.
 Statuses: INVALID_ARGUMENT if the text was cut to fit, or if buffer and length are both NULL. Since 0.1.
 */
parfocal_status parfocal_last_error(char *buffer, uint64_t capacity, uint64_t *length);

/*
 What runs here, or what is missing, as JSON: "ok", versions, ONNX Runtime's path, the built-in model as parfocal_model_describe
 tells it, its last log lines, and "problems": sentences. It opens the built-in model and closes it again, which takes time at every
 call (a buffer of 65536 bytes needs one call only), and loads ONNX Runtime for the process, as opening a model does: what needs
 runtime=PATH opens its model first. A machine on which
 nothing runs is no error of this call.
 json, capacity: where the text goes, and its size in bytes; NULL and 0 to ask for the length only.
 length: receives the bytes that the full text needs, its NUL included; NULL if not wanted.
 Threads: any. Statuses: INVALID_ARGUMENT if the text was cut to fit, or if json and length are both NULL. Since 0.1.
 */
parfocal_status parfocal_doctor(char *json, uint64_t capacity, uint64_t *length);

/*
 Ends Parfocal in this process, for a host that unloads it or that wants its threads gone: running calls are cancelled and waited for,
 streams and models are closed, and the library has no thread any more. Every later call but this one, parfocal_last_error and the
 constants answers CLOSED. At the end of a process the same happens by itself, as long as it takes but 2 seconds at most.
 timeout_ms: how long to wait for running calls, -1 without end.
 Threads: any that is not inside another call. Statuses: TIMEOUT: calls still run, and nothing may be unloaded yet; INVALID_ARGUMENT.
 Since 0.1.
 */
parfocal_status parfocal_shutdown(int32_t timeout_ms);

/*
 Opens a model: reads the file, loads ONNX Runtime if this is the first, and makes a small run to see that it works.
 path: an ONNX file, UTF-8; or the name of a model inside the library, "accurate" (NULL or "" means it, too) or "fast"; or that of a
 file NAME.onnx in the folder that the environment variable PARFOCAL_MODELS names. "./fast" is a file of that name.
 options: those of opening (docs/options.md), UTF-8; NULL or "" for the defaults.
 out: receives the handle, 0 on failure. Close it with parfocal_model_close.
 Threads: any. A model may be used from any number of threads at once.
 Statuses: INVALID_ARGUMENT, BAD_OPTION, UNSUPPORTED (a precision that the device does not have), NOT_FOUND, IO, MODEL, RUNTIME,
 DEVICE, OUT_OF_MEMORY. Since 0.1.
 */
parfocal_status parfocal_model_open(const char *path, const char *options, parfocal_model *out);

/*
 Opens a model from the bytes of an ONNX file in memory, which are copied.
 bytes, length: the file and its size in bytes.
 options, out, threads, statuses: as parfocal_model_open. Since 0.1.
 */
parfocal_status parfocal_model_open_memory(const uint8_t *bytes, uint64_t length, const char *options, parfocal_model *out);

/*
 What runs, and how, as JSON: model (its name inside the library, or null), name, version, sha256, license, device, device_requested,
 device_reason (why auto chose it, or null), provider, adapter (what WebGPU runs on, or null), runtime_version, runtime_path,
 precision, threads, spin, priority, memory_mib, tile, halo, multiple, percentiles, modalities, pixel_size_um, quality, estimates_blur
 (whether it takes optics), estimates_error (whether it has error maps), warnings. The warnings grow with what happens in runs.
 json, capacity: where the text goes, and its size in bytes; NULL and 0 to ask for the length only.
 length: receives the bytes that the full text needs, its NUL included; NULL if not wanted.
 Threads: any. Statuses: INVALID_HANDLE; INVALID_ARGUMENT if the text was cut to fit, or if json and length are both NULL. Since 0.1.
 */
parfocal_status parfocal_model_describe(parfocal_model model, char *json, uint64_t capacity, uint64_t *length);

/*
 Closes a model: its handle is invalid at once. Runs and streams that use it finish on their own reference; its memory goes
 when the last of them is done.
 Threads: any. Statuses: INVALID_HANDLE, also when it is closed twice. Since 0.1.
 */
parfocal_status parfocal_model_close(parfocal_model model);

/*
 Makes the task for one run: give it to a parfocal_restore_* call, and watch or cancel that from other threads.
 out: receives the handle, 0 on failure. Close it with parfocal_task_close.
 Threads: any. Statuses: INVALID_ARGUMENT, OUT_OF_MEMORY. Since 0.1.
 */
parfocal_status parfocal_task_create(parfocal_task *out);

/*
 How far its run is: tiles done of all tiles of the whole run. Both are 0 before it starts. The total may grow, when memory runs short and
 tiles get smaller.
 done, total: receive the two numbers.
 Threads: any. Statuses: INVALID_HANDLE, INVALID_ARGUMENT. Since 0.1.
 */
parfocal_status parfocal_task_progress(parfocal_task task, uint64_t *done, uint64_t *total);

/*
 How many planes of its run are written completely; they are the first of the stack. The others are as they were.
 planes: receives the number.
 Threads: any. Statuses: INVALID_HANDLE, INVALID_ARGUMENT. Since 0.1.
 */
parfocal_status parfocal_task_planes_done(parfocal_task task, uint64_t *planes);

/*
 Stops its run within the network node that is running; that call returns CANCELLED. Before the run starts it forbids it; after
 its end it does nothing.
 Threads: any. Statuses: INVALID_HANDLE. Since 0.1.
 */
parfocal_status parfocal_task_cancel(parfocal_task task);

/*
 What its run did, as JSON: done, total, planes_done, cancelled, and once the run has succeeded "report" with nonfinite (samples that
 came back as they were), constant_planes, ranges (the input values that the network saw as 0 and 1, for each plane), tile (null: whole
 frames), halo, network_ms, blur_px (radius of the blur disc in pixels and its standard deviation, for each plane; null where the model
 estimates none), defocus_um (distance from focus in micrometres and its standard deviation, where the optics were told), error_map (whether there is
 one; of a file its path), warnings;
 null before, and after a failure.
 json, capacity: where the text goes, and its size in bytes; NULL and 0 to ask for the length only.
 length: receives the bytes that the full text needs, its NUL included; NULL if not wanted.
 Threads: any. Statuses: INVALID_HANDLE; INVALID_ARGUMENT if the text was cut to fit, or if json and length are both NULL. Since 0.1.
 */
parfocal_status parfocal_task_describe(parfocal_task task, char *json, uint64_t capacity, uint64_t *length);

/*
 The expected absolute error of each pixel that its run restored, in the image's units: 0 where a plane came back as it was, NaN where
 the pixel was not finite. Of a run of parfocal_restore_u8, _u16 or _f32 that had the option error_map=on and has succeeded.
 dst, dst_count, dst_strides: where it goes, as in parfocal_restore_f32; the shape is that of the run.
 Threads: any. Statuses: INVALID_ARGUMENT, also without an error map; INVALID_HANDLE. Since 0.1.
 */
parfocal_status parfocal_task_error_map(parfocal_task task, float *dst, uint64_t dst_count, const int64_t *dst_strides);

/*
 Closes a task: its handle is invalid at once. Its run goes on, and can no longer be cancelled.
 Threads: any. Statuses: INVALID_HANDLE, also when it is closed twice. Since 0.1.
 */
parfocal_status parfocal_task_close(parfocal_task task);

/*
 Restores a frame or a stack of 8-bit pixels. As parfocal_restore_u16. Since 0.1.
 */
parfocal_status parfocal_restore_u8(parfocal_model model, parfocal_task task, const uint8_t *src, uint64_t src_count, const int64_t *src_strides, uint8_t *dst, uint64_t dst_count, const int64_t *dst_strides, const int64_t *shape, const char *options);

/*
 Restores a frame or a stack of 16-bit pixels: same size, type and units. The call returns when all planes are done.
 model: an open model. task: from parfocal_task_create, not used by another run, or 0. A call that is refused for its handles, pointers,
 shape or the text of its options does not use it up.
 src: the first pixel that is read. src_count: elements that may be read from it on.
 src_strides: {x, y, channel, plane}, steps between neighbours in elements, at least 0; NULL for tightly packed pixels with
 interleaved channels. Any order of axes, gaps between rows, single channels of an RGBA image are strides.
 dst, dst_count, dst_strides: the same for what is written. Either separate from src, or exactly src with the same strides (in
 place); pointers need not be aligned. Elements between pixels are not touched.
 shape: {width, height, channels, planes}, each at least 1. Channels of a frame are normalised together; planes are separate frames.
 options: those of a run (docs/options.md), UTF-8; NULL or "" for the defaults.
 pixel_size_um only makes parfocal_model_describe warn when it is outside what the model was trained for.
 Each plane is written whole or not at all, in order; after a failure the rest of dst is as it was, and parfocal_task_planes_done
 tells how many are done.
 Threads: any, also with the same model at once. Pixels must not change during the call.
 Statuses: INVALID_ARGUMENT, INVALID_HANDLE, BAD_OPTION, UNSUPPORTED (results beyond 32-bit floats), MODEL, DEVICE, OUT_OF_MEMORY,
 CANCELLED. Since 0.1.
 */
parfocal_status parfocal_restore_u16(parfocal_model model, parfocal_task task, const uint16_t *src, uint64_t src_count, const int64_t *src_strides, uint16_t *dst, uint64_t dst_count, const int64_t *dst_strides, const int64_t *shape, const char *options);

/*
 Restores a frame or a stack of 32-bit float pixels; infinite and NaN pixels come back as they were. As parfocal_restore_u16.
 Since 0.1.
 */
parfocal_status parfocal_restore_f32(parfocal_model model, parfocal_task task, const float *src, uint64_t src_count, const int64_t *src_strides, float *dst, uint64_t dst_count, const int64_t *dst_strides, const int64_t *shape, const char *options);

/*
 Restores a TIFF file, page by page: same size, pixel type, compression and metadata. The output appears complete under its
 name, or not at all.
 model, task: as parfocal_restore_u16.
 options: text or NULL: options of a run, and those of docs/options.md for a file. normalize=stack reads the file once more before.
 input, output: paths, UTF-8. An output that exists is never replaced.
 Threads: any, also with the same model at once.
 Statuses: INVALID_ARGUMENT, INVALID_HANDLE, BAD_OPTION, UNSUPPORTED, NOT_FOUND, IO, FORMAT, MODEL, DEVICE, OUT_OF_MEMORY, CANCELLED,
 EXISTS. Since 0.1.
 */
parfocal_status parfocal_restore_file(parfocal_model model, parfocal_task task, const char *input, const char *output, const char *options);

/*
 The two values of the input that normalize=stack shows the network as 0 and 1: for a host that restores a stack frame by frame and gives
 each the same range, as normalize=LO:HI.
 model: an open model, which has the percentiles. pixel_type: PARFOCAL_PIXEL_*.
 src, src_count, src_strides, shape: as parfocal_restore_u16.
 lo, hi: receive the values, in input units. Where all finite values are the same both are that value, NaN where there are none: such a
 stack comes back as it was, and needs no range. After a failure they are as they were.
 Threads: any. Pixels must not change during the call. Statuses: INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY. Since 0.1.
 */
parfocal_status parfocal_stack_range(parfocal_model model, int32_t pixel_type, const void *src, uint64_t src_count, const int64_t *src_strides, const int64_t *shape, double *lo, double *hi);

/*
 Scores the sharpness of planes of 8-bit pixels. As parfocal_focus_score_u16. Since 0.1.
 */
parfocal_status parfocal_focus_score_u8(const uint8_t *src, uint64_t src_count, const int64_t *src_strides, const int64_t *shape, double *scores);

/*
 Scores the sharpness of planes of 16-bit pixels: to find the sharpest of a stack, or to follow the focus. Larger is sharper, 0 is
 a constant plane; no unit, and neither gain nor offset of the camera changes it (energy of Gaussian derivatives, Geusebroek et al.,
 Cytometry 39 (2000) 1-9, over the variance). It compares planes of one field at one magnification. It needs no model.
 src, src_count, src_strides, shape: as parfocal_restore_u16.
 scores: receives one number for each plane, so it has room for shape[3] of them. After a failure they are as they were.
 Threads: any. Statuses: INVALID_ARGUMENT, OUT_OF_MEMORY. Since 0.1.
 */
parfocal_status parfocal_focus_score_u16(const uint16_t *src, uint64_t src_count, const int64_t *src_strides, const int64_t *shape, double *scores);

/*
 Scores the sharpness of planes of 32-bit float pixels; infinite and NaN pixels are left out. As parfocal_focus_score_u16. Since 0.1.
 */
parfocal_status parfocal_focus_score_f32(const float *src, uint64_t src_count, const int64_t *src_strides, const int64_t *shape, double *scores);

/*
 Opens a stream: frames of one size and type go in from one thread, are restored on a thread of the stream, and come out to another
 thread. The memory for its frames is taken here, that of the network with the first frame. Submitting never waits, so it may be done in a camera's callback.
 model: an open model, which may be closed while the stream goes on. pixel_type: PARFOCAL_PIXEL_*.
 frame_shape: {width, height, channels, 1}.
 options: those of a stream (mode, depth, and those of a run), UTF-8; NULL or "" for the defaults. mode=every restores all frames
 in order, up to depth of them under way, results not yet received included. mode=latest restores the newest frame, drops those that it
 cannot keep up with, and counts them.
 out: receives the handle, 0 on failure. Close it with parfocal_stream_close.
 Threads: any; afterwards one producer and one consumer, which may be the same thread.
 Statuses: INVALID_ARGUMENT, INVALID_HANDLE, BAD_OPTION, OUT_OF_MEMORY. Since 0.1.
 */
parfocal_status parfocal_stream_open(parfocal_model model, int32_t pixel_type, const int64_t *frame_shape, const char *options, parfocal_stream *out);

/*
 Copies a frame in. It never waits for another frame.
 frame: its first pixel, of the stream's type. count: elements that may be read from it on. strides: {x, y, channel, plane} in
 elements; NULL for tightly packed pixels with interleaved channels, and then count must be exactly a frame's.
 tag: a number that comes back with the result; not UINT64_MAX, which stands for none.
 Threads: one producer; the frame must not change during the call.
 Statuses: INVALID_ARGUMENT (also a frame of another size), INVALID_HANDLE, WOULD_BLOCK (mode=every, depth frames are under way; the
 frame was not taken), CLOSED. Since 0.1.
 */
parfocal_status parfocal_stream_submit(parfocal_stream stream, const void *frame, uint64_t count, const int64_t *strides, uint64_t tag);

/*
 Copies the next result out. In mode=every the results come in the order of the frames.
 frame: where its first pixel goes. count: elements that may be written from it on. strides: as parfocal_stream_submit.
 tag: receives the number that the frame was submitted with, and UINT64_MAX if no frame was taken; NULL if not wanted.
 timeout_ms: how long to wait, 0 not at all, -1 without end.
 Threads: one consumer.
 Statuses: INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY, with which no result is lost; WOULD_BLOCK (timeout_ms is 0) and TIMEOUT:
 nothing was ready; CLOSED: the stream was closed meanwhile. Any failure with a tag other than UINT64_MAX is that of the frame: it could
 not be restored, nothing was written to frame, and the stream goes on. Since 0.1.
 */
parfocal_status parfocal_stream_receive(parfocal_stream stream, void *frame, uint64_t count, const int64_t *strides, uint64_t *tag, int32_t timeout_ms);

/*
 The expected absolute error of each pixel of the frame that was received last, in its units; NaN where the pixel was not finite. Of a
 stream that was opened with error_map=on.
 dst, dst_count, dst_strides: where it goes, as in parfocal_restore_f32; the shape is that of a frame.
 Threads: any; a frame that another thread receives meanwhile changes the map. Statuses: INVALID_ARGUMENT, also without an error map;
 INVALID_HANDLE. Since 0.1.
 */
parfocal_status parfocal_stream_error_map(parfocal_stream stream, float *dst, uint64_t dst_count, const int64_t *dst_strides);

/*
 Counters and latencies as JSON: mode, depth, pixel_type, width, height, channels, submitted, refused, dropped, restored, failed,
 superseded, received, waiting, ready, queued (waiting or being restored), age_ms (since the frame received last was submitted; null
 before), cpu_share (cores that all threads of the library keep busy, since the last description that is half a second old; null where
 the system does not tell), latency_ms {median, p95, p99, max, frames}, last_error.
 submitted = dropped + restored + failed + those waiting or being restored.
 json, capacity: where the text goes, and its size in bytes; NULL and 0 to ask for the length only.
 length: receives the bytes that the full text needs, its NUL included; NULL if not wanted. Counters grow: leave room for some digits.
 Threads: any. Statuses: INVALID_HANDLE; INVALID_ARGUMENT if the text was cut to fit, or if json and length are both NULL. Since 0.1.
 */
parfocal_status parfocal_stream_describe(parfocal_stream stream, char *json, uint64_t capacity, uint64_t *length);

/*
 Closes a stream: its handle is invalid at once, the frame that is being restored stops within its network node, a receiver that
 waits gets CLOSED, and results that were not received are gone.
 Threads: any. Statuses: INVALID_HANDLE, also when it is closed twice. Since 0.1.
 */
parfocal_status parfocal_stream_close(parfocal_stream stream);

/*
 Unpacks a camera's frame of 10 or 12 bits without gaps (GenICam PFNC) to 16-bit pixels, in the range of its bits: 0 to 1023 or 4095.
 It needs no model.
 packing: PARFOCAL_PACKING_*. MONO12P and MONO12_PACKED are not the same: take the one that the camera's PixelFormat names.
 src: the first byte. src_bytes: bytes that may be read from it on.
 row_bytes: from one row to the next; 0 for rows that follow each other without a gap, even within a byte, as GenICam has them when
 LinePitch is 0.
 dst, dst_count, dst_strides: where the pixels go, as parfocal_restore_u16, but separate from src.
 shape: {width, height, 1, 1}.
 Threads: any. Statuses: INVALID_ARGUMENT, OUT_OF_MEMORY. Since 0.1.
 */
parfocal_status parfocal_unpack(int32_t packing, const uint8_t *src, uint64_t src_bytes, uint64_t row_bytes, uint16_t *dst, uint64_t dst_count, const int64_t *dst_strides, const int64_t *shape);

/*
 Restores a packed frame; the result has 16-bit pixels, in the range of its bits or, where the network goes beyond it, above.
 model, task, options: as parfocal_restore_u16. The other arguments: as parfocal_unpack.
 The frame is written whole or not at all.
 Threads: any, also with the same model at once. Pixels must not change during the call.
 Statuses: INVALID_ARGUMENT, INVALID_HANDLE, BAD_OPTION, MODEL, DEVICE, OUT_OF_MEMORY, CANCELLED. Since 0.1.
 */
parfocal_status parfocal_restore_packed(parfocal_model model, parfocal_task task, int32_t packing, const uint8_t *src, uint64_t src_bytes, uint64_t row_bytes, uint16_t *dst, uint64_t dst_count, const int64_t *dst_strides, const int64_t *shape, const char *options);

/*
 Copies a packed frame into a stream of 16-bit pixels with one channel, unpacked. As parfocal_stream_submit.
 packing, frame, bytes, row_bytes: as parfocal_unpack has packing, src, src_bytes and row_bytes. The frame has the stream's size. With
 row_bytes of 0, bytes must be exactly a frame's.
 tag: a number that comes back with the result; not UINT64_MAX, which stands for none.
 Threads: one producer; the frame must not change during the call.
 Statuses: INVALID_ARGUMENT (also a stream of other pixels), INVALID_HANDLE, WOULD_BLOCK (as parfocal_stream_submit), CLOSED. Since 0.1.
 */
parfocal_status parfocal_stream_submit_packed(parfocal_stream stream, int32_t packing, const uint8_t *frame, uint64_t bytes, uint64_t row_bytes, uint64_t tag);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  /* PARFOCAL_H */
