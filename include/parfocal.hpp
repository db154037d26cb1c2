// Parfocal for C++17 and later: owning types, exceptions and views of pixels over parfocal.h.
//
// Header only; link with libparfocal (CMake: Parfocal::parfocal, pkg-config: parfocal). Conventions:
// - Shapes are {width, height, channels, planes} in pixels, strides {x, y, channel, plane} in elements, never in bytes.
// - Texts, paths and options are UTF-8. Options are `key=value` separated by white space: docs/options.md.
// - Objects own their handle; they move and do not copy. Views own nothing: pixels must stay in place during the call.
// - Failures throw parfocal::Error with the status and message of the C function. Nothing is printed.
// - Destructors and moves never throw. Closing during a call of another thread is allowed: that call ends properly.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#ifndef PARFOCAL_HPP
#define PARFOCAL_HPP

#include "parfocal.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace parfocal {

/// The version of this header; parfocal::version() is the library's.
inline constexpr char header_version[] = "0.1.0";

/// The ABI of this header; opening checks that the library has the same.
inline constexpr std::int32_t header_abi_version = 1;

/// A failure. what() says what failed, which value, what was expected and what to do.
class Error : public std::runtime_error {
public:
    Error(parfocal_status status, const std::string &message) : std::runtime_error(message), status_(status) {}

    /// One of PARFOCAL_STATUS_*, never OK.
    parfocal_status status() const noexcept { return status_; }

    /// The status by name, "BAD_OPTION" for example. Static text.
    const char *status_name() const noexcept { return parfocal_status_name(status_); }

private:
    parfocal_status status_;
};

/// A frame of a stream that could not be restored; the stream goes on with the next. Any other Error while receiving is
/// not about a frame: a loop over frames must not go on after it.
class FrameError : public Error {
public:
    FrameError(parfocal_status status, const std::string &message, std::uint64_t tag)
        : Error(status, message), tag_(tag) {}

    /// The tag that the frame was submitted with.
    std::uint64_t tag() const noexcept { return tag_; }

private:
    std::uint64_t tag_;
};

/// Contiguous elements, not owned. Converts from anything with data() and size(): vectors, arrays, std::span. The same
/// type in every standard, so that a program may mix C++17 and C++20.
template <class T> class Span {
    // The element type that C gives as passed: a temporary vector may be read, not written.
    template <class C> using Given = std::remove_pointer_t<decltype(std::data(std::declval<C>()))>;

public:
    constexpr Span() noexcept = default;
    constexpr Span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <class C, class = std::enable_if_t<std::is_convertible_v<Given<C> (*)[], T (*)[]>>,
              class = decltype(std::size(std::declval<C>()))>
    constexpr Span(C &&pixels) : data_(std::data(std::forward<C>(pixels))), size_(std::size(pixels)) {}
    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T &operator[](std::size_t i) const noexcept { return data_[i]; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/// Extent of a stack, in pixels, colour channels and planes. One grey frame needs width and height only.
struct Shape {
    std::int64_t width = 0;
    std::int64_t height = 0;
    std::int64_t channels = 1;
    std::int64_t planes = 1;

    /// The number of samples, modulo 2^64 (the library refuses shapes that overflow).
    constexpr std::uint64_t samples() const noexcept {
        return static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) *
               static_cast<std::uint64_t>(channels) * static_cast<std::uint64_t>(planes);
    }
};

/// Steps between neighbours along each axis, in elements.
struct Strides {
    std::int64_t x = 1;
    std::int64_t y = 0;
    std::int64_t channel = 0;
    std::int64_t plane = 0;

    /// Rows without gaps, the channels of a pixel side by side.
    static constexpr Strides interleaved(Shape s) noexcept {
        return {s.channels, mul(s.channels, s.width), 1, mul(mul(s.channels, s.width), s.height)};
    }
    /// A whole image for each channel, one after the other.
    static constexpr Strides planar(Shape s) noexcept {
        return {1, s.width, mul(s.width, s.height), mul(mul(s.width, s.height), s.channels)};
    }
    /// Columns, then channels, then planes, without gaps: arrays of height x width in MATLAB and Fortran.
    static constexpr Strides column_major(Shape s) noexcept {
        return {s.height, 1, mul(s.width, s.height), mul(mul(s.width, s.height), s.channels)};
    }
    /// Rows `row_pitch` elements apart, as frame grabbers pad them; planes follow without gaps.
    static constexpr Strides padded_rows(Shape s, std::int64_t row_pitch) noexcept {
        return {s.channels, row_pitch, 1, mul(row_pitch, s.height)};
    }

private:
    // Overflow wraps instead of being undefined; the library checks the result.
    static constexpr std::int64_t mul(std::int64_t a, std::int64_t b) noexcept {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
    }
};

/// Pixels of the caller, not owned: address, number of elements that may be touched, shape and strides. T is
/// std::uint8_t, std::uint16_t or float; const for pixels that are only read.
template <class T> class View {
public:
    /// Interleaved pixels without gaps; `data` points at shape.samples() elements.
    View(T *data, Shape shape) noexcept : View(data, shape.samples(), shape, Strides::interleaved(shape)) {}
    /// Any layout; `count` elements may be touched from `data` on.
    View(T *data, std::uint64_t count, Shape shape, Strides strides) noexcept
        : data_(data), count_(count), shape_(shape), strides_(strides) {}
    /// Interleaved pixels without gaps in a vector, array or span.
    View(Span<T> pixels, Shape shape) noexcept : View(pixels, shape, Strides::interleaved(shape)) {}
    /// Any layout in a vector, array or span.
    View(Span<T> pixels, Shape shape, Strides strides) noexcept : View(pixels.data(), pixels.size(), shape, strides) {}
    /// Writable pixels convert to readable ones.
    template <class U, class = std::enable_if_t<std::is_same_v<const U, T> && !std::is_same_v<U, T>>>
    View(const View<U> &other) noexcept : View(other.data(), other.count(), other.shape(), other.strides()) {}

    T *data() const noexcept { return data_; }
    /// Elements that may be touched from data() on.
    std::uint64_t count() const noexcept { return count_; }
    Shape shape() const noexcept { return shape_; }
    Strides strides() const noexcept { return strides_; }
    std::int64_t width() const noexcept { return shape_.width; }
    std::int64_t height() const noexcept { return shape_.height; }
    std::int64_t channels() const noexcept { return shape_.channels; }
    std::int64_t planes() const noexcept { return shape_.planes; }

private:
    T *data_;
    std::uint64_t count_;
    Shape shape_;
    Strides strides_;
};

template <class T> View(T *, Shape) -> View<T>;
template <class T> View(T *, std::uint64_t, Shape, Strides) -> View<T>;
template <class C> View(C &, Shape) -> View<std::remove_pointer_t<decltype(std::data(std::declval<C &>()))>>;
template <class C> View(C &, Shape, Strides) -> View<std::remove_pointer_t<decltype(std::data(std::declval<C &>()))>>;

/// Not part of the interface.
namespace detail {

// The text protocol of C: ask for the length, then for the text; again if the text has grown meanwhile, as counters do.
template <class Fill> std::string text(Fill fill) {
    std::uint64_t needed = 0;
    parfocal_status status = fill(nullptr, std::uint64_t{0}, &needed);
    std::string text;
    while (needed > text.size()) {
        text.resize(static_cast<std::size_t>(needed));
        status = fill(text.data(), static_cast<std::uint64_t>(text.size()), &needed);
    }
    if (status != PARFOCAL_STATUS_OK) {
        return {};
    }
    text.resize(std::strlen(text.c_str()));
    return text;
}

inline std::string last_error() {
    return text([](char *b, std::uint64_t size, std::uint64_t *n) { return parfocal_last_error(b, size, n); });
}

[[noreturn]] inline void fail(parfocal_status status) { throw Error(status, last_error()); }

inline void check(parfocal_status status) {
    if (status != PARFOCAL_STATUS_OK) {
        fail(status);
    }
}

template <class Fill> std::string checked_text(Fill fill) {
    parfocal_status last = PARFOCAL_STATUS_OK;
    std::string result = text([&](char *buffer, std::uint64_t size, std::uint64_t *n) {
        last = fill(buffer, size, n);
        return last;
    });
    check(last);
    return result;
}

// Checked once per process: functions of another ABI may take other arguments.
inline void check_abi() {
    static const std::int32_t library = parfocal_abi_version();
    if (library != header_abi_version) {
        throw Error(PARFOCAL_STATUS_UNSUPPORTED,
                    "libparfocal " + std::string(parfocal_version()) + " has ABI " + std::to_string(library) +
                        "; this program was built for ABI " + std::to_string(header_abi_version) +
                        ": install the libparfocal that it was built with, or build it again");
    }
}

// A handle that is closed exactly once. Atomic, because one thread may close it during a call of another.
template <parfocal_status (*Close)(std::uint64_t)> class Handle {
public:
    explicit Handle(std::uint64_t value) noexcept : value_(value) {}
    Handle(Handle &&other) noexcept : value_(other.value_.exchange(0)) {}
    Handle &operator=(Handle &&other) noexcept {
        if (this != &other) {
            drop();
            value_.store(other.value_.exchange(0));
        }
        return *this;
    }
    ~Handle() { drop(); }

    std::uint64_t get() const noexcept { return value_.load(); }
    void close() {
        if (const std::uint64_t value = value_.exchange(0)) {
            check(Close(value));
        }
    }

private:
    void drop() noexcept {
        if (const std::uint64_t value = value_.exchange(0)) {
            // A destructor cannot report a failure.
            static_cast<void>(Close(value));
        }
    }
    std::atomic<std::uint64_t> value_;
};

struct ShapeArray {
    std::int64_t values[4];
    explicit ShapeArray(Shape s) noexcept : values{s.width, s.height, s.channels, s.planes} {}
};
struct StridesArray {
    std::int64_t values[4];
    explicit StridesArray(Strides s) noexcept : values{s.x, s.y, s.channel, s.plane} {}
};

template <class T> struct Pixel; // pixels are std::uint8_t, std::uint16_t or float
template <> struct Pixel<std::uint8_t> {
    static constexpr std::int32_t type = static_cast<std::int32_t>(PARFOCAL_PIXEL_U8);
    static constexpr auto restore = &parfocal_restore_u8;
    static constexpr auto focus_score = &parfocal_focus_score_u8;
};
template <> struct Pixel<std::uint16_t> {
    static constexpr std::int32_t type = static_cast<std::int32_t>(PARFOCAL_PIXEL_U16);
    static constexpr auto restore = &parfocal_restore_u16;
    static constexpr auto focus_score = &parfocal_focus_score_u16;
};
template <> struct Pixel<float> {
    static constexpr std::int32_t type = static_cast<std::int32_t>(PARFOCAL_PIXEL_F32);
    static constexpr auto restore = &parfocal_restore_f32;
    static constexpr auto focus_score = &parfocal_focus_score_f32;
};

// Keeps a parameter out of template deduction, so that View<T> converts to View<const T>.
template <class T> struct Identity {
    using type = T;
};
template <class T> using Same = typename Identity<T>::type;
template <class C> using ElementOf = std::remove_cv_t<std::remove_pointer_t<decltype(std::data(std::declval<C &>()))>>;

// Throws Error if there is not enough memory, as the library does.
template <class T> std::vector<T> zeros(std::uint64_t count, const char *what) {
    try {
        if (count <= std::numeric_limits<std::size_t>::max()) {
            return std::vector<T>(static_cast<std::size_t>(count));
        }
    } catch (const std::length_error &) {
    } catch (const std::bad_alloc &) {
    }
    throw Error(PARFOCAL_STATUS_OUT_OF_MEMORY, "no memory for " + std::to_string(count) + " " + what + " of " +
                                                   std::to_string(sizeof(T)) + " bytes; give fewer planes at once");
}

// -1 waits without limit; so do times beyond 32 bits.
inline std::int32_t milliseconds(std::chrono::milliseconds timeout) noexcept {
    if (timeout.count() > std::numeric_limits<std::int32_t>::max()) {
        return -1;
    }
    return timeout.count() < 0 ? 0 : static_cast<std::int32_t>(timeout.count());
}

} // namespace detail

/// Version of the library, "0.1.0" for example.
inline std::string version() { return parfocal_version(); }

/// What works on this machine, or what is missing, as JSON text. Any thread. It loads ONNX Runtime for the process: to
/// choose one, open a model with runtime=... first. Errors: UNSUPPORTED (after fork), INTERNAL.
inline std::string doctor() {
    return detail::checked_text(
        [](char *b, std::uint64_t size, std::uint64_t *n) { return parfocal_doctor(b, size, n); });
}

/// Ends Parfocal in this process: running calls are cancelled and waited for, streams and models are closed, no thread
/// of the library is left, and every later call fails as CLOSED. For a host that unloads it; at the end of a process it
/// happens by itself. Any thread that is not inside another call. Errors: TIMEOUT (calls still run).
inline void shutdown(std::chrono::milliseconds timeout) {
    detail::check(parfocal_shutdown(detail::milliseconds(timeout)));
}

/// How sharp each plane is: one number for each of `pixels.planes()`, larger is sharper. It compares frames of the same
/// specimen, size and exposure. Any thread. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY.
template <class T> std::vector<double> focus_score(View<T> pixels) {
    const detail::ShapeArray shape(pixels.shape());
    const Strides steps = pixels.strides();
    const detail::StridesArray strides(steps);
    // A plane step of 0 allows more planes than elements. Otherwise such planes lie outside the pixels and the library
    // refuses them: then no memory is allocated for scores.
    const bool refused =
        pixels.planes() < 1 || (steps.plane != 0 && static_cast<std::uint64_t>(pixels.planes()) > pixels.count());
    std::vector<double> scores =
        detail::zeros<double>(refused ? 0 : static_cast<std::uint64_t>(pixels.planes()), "scores");
    detail::check(detail::Pixel<std::remove_const_t<T>>::focus_score(pixels.data(), pixels.count(), strides.values,
                                                                     shape.values, refused ? nullptr : scores.data()));
    return scores;
}

/// Tiles done and expected in one run.
struct Progress {
    std::uint64_t done = 0;
    std::uint64_t total = 0;
};

/// The two input values that the network sees as 0 and 1.
struct Range {
    double lo = 0;
    double hi = 0;
};

/// Progress and cancellation of one run. Make a new one for each run; any thread may call its members during the run.
class Task {
public:
    /// Errors: OUT_OF_MEMORY.
    Task() : handle_(create()) {}

    /// Tiles done and expected; both 0 before the run. Errors: INVALID_HANDLE.
    Progress progress() const {
        Progress p;
        detail::check(parfocal_task_progress(handle_.get(), &p.done, &p.total));
        return p;
    }
    /// Planes written completely, in order from the first. Errors: INVALID_HANDLE.
    std::uint64_t planes_done() const {
        std::uint64_t planes = 0;
        detail::check(parfocal_task_planes_done(handle_.get(), &planes));
        return planes;
    }
    /// What the run did, as JSON text: done, total, planes_done, cancelled and, once it has succeeded, report with
    /// nonfinite, constant_planes, ranges, tile, halo, network_ms, blur_px, defocus_um, warnings. Errors:
    /// INVALID_HANDLE.
    std::string describe() const {
        return detail::checked_text([this](char *b, std::uint64_t size, std::uint64_t *n) {
            return parfocal_task_describe(handle_.get(), b, size, n);
        });
    }
    /// Stops the run within the current network node; restoring then throws CANCELLED. Errors: INVALID_HANDLE.
    void cancel() const { detail::check(parfocal_task_cancel(handle_.get())); }
    /// Closes it now, not in the destructor. A running run finishes.
    void close() { handle_.close(); }
    /// The C handle, owned by this object; 0 once closed or moved from.
    parfocal_task handle() const noexcept { return handle_.get(); }

private:
    static parfocal_task create() {
        detail::check_abi();
        parfocal_task task = 0;
        detail::check(parfocal_task_create(&task));
        return task;
    }
    detail::Handle<parfocal_task_close> handle_;
};

/// An opened model. Any number of threads may call its members at once.
class Model {
public:
    /// Opens a model file; an empty path stands for the built-in model. Options: device, threads, precision,
    /// memory, runtime. Errors: INVALID_ARGUMENT, BAD_OPTION, UNSUPPORTED (also when libparfocal has another ABI than
    /// this header), NOT_FOUND, IO, MODEL, RUNTIME, DEVICE, OUT_OF_MEMORY.
    static Model open(const std::string &path = {}, const std::string &options = {}) {
        detail::check_abi();
        parfocal_model model = 0;
        detail::check(parfocal_model_open(path.c_str(), options.c_str(), &model));
        return Model(model);
    }
    /// Opens a model from the bytes of an ONNX file, which may be freed afterwards. Options and errors as open().
    static Model open_memory(Span<const std::uint8_t> bytes, const std::string &options = {}) {
        detail::check_abi();
        parfocal_model model = 0;
        detail::check(parfocal_model_open_memory(bytes.data(), bytes.size(), options.c_str(), &model));
        return Model(model);
    }

    /// The model and its device, as JSON text: name, version, device, provider, runtime_version, threads, warnings and
    /// more.
    std::string describe() const {
        return detail::checked_text([this](char *b, std::uint64_t size, std::uint64_t *n) {
            return parfocal_model_describe(handle_.get(), b, size, n);
        });
    }

    /// Restores `source` into `target`, both of one shape, each with its own strides. They may be the same pixels with
    /// the same strides, and may not overlap otherwise. Planes are written whole, in order; elements that the strides
    /// leave out stay as they are. Options: those of a run (docs/options.md). Errors: INVALID_ARGUMENT,
    /// INVALID_HANDLE (also a task that is closed or moved from), BAD_OPTION, UNSUPPORTED (results beyond 32-bit
    /// floats), MODEL, DEVICE, OUT_OF_MEMORY, CANCELLED (task->planes_done() tells how much is done).
    template <class T>
    void restore(View<const detail::Same<T>> source, View<T> target, const std::string &options = {},
                 const Task *task = nullptr) const {
        const Shape a = source.shape(), b = target.shape();
        if (a.width != b.width || a.height != b.height || a.channels != b.channels || a.planes != b.planes) {
            throw Error(PARFOCAL_STATUS_INVALID_ARGUMENT,
                        "source is " + size_of(a) + ", target " + size_of(b) + "; expected the same shape for both");
        }
        const detail::ShapeArray shape(a);
        const detail::StridesArray from(source.strides()), to(target.strides());
        detail::check(detail::Pixel<T>::restore(handle_.get(), handle_of(task), source.data(), source.count(),
                                                from.values, target.data(), target.count(), to.values, shape.values,
                                                options.c_str()));
    }
    /// Restores pixels in place. Options and errors as above.
    template <class T>
    void restore_in_place(View<T> pixels, const std::string &options = {}, const Task *task = nullptr) const {
        restore<T>(pixels, pixels, options, task);
    }
    /// The common case: interleaved pixels without gaps in a vector, array or span; returns a new vector. Throws
    /// INVALID_ARGUMENT also if the number of pixels differs from the samples of the shape.
    template <class C, class T = detail::ElementOf<const C>>
    std::vector<T> restore(const C &pixels, std::int64_t width, std::int64_t height, std::int64_t channels = 1,
                           std::int64_t planes = 1, const std::string &options = {}, const Task *task = nullptr) const {
        const Shape shape{width, height, channels, planes};
        expect_samples(std::size(pixels), shape);
        std::vector<T> restored = detail::zeros<T>(std::size(pixels), "pixels");
        restore<T>(View<const T>(Span<const T>(pixels), shape), View<T>(Span<T>(restored), shape), options, task);
        return restored;
    }
    /// The range that normalize=stack would use for these planes: for a stream, whose frames can then share one as
    /// normalize=LO:HI. Only finite values count; lo and hi are equal if all are the same, NaN if there are none.
    /// Errors: INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY.
    template <class T> Range stack_range(View<T> pixels) const {
        const detail::ShapeArray shape(pixels.shape());
        const detail::StridesArray strides(pixels.strides());
        Range range;
        detail::check(parfocal_stack_range(handle_.get(), detail::Pixel<std::remove_const_t<T>>::type, pixels.data(),
                                           pixels.count(), strides.values, shape.values, &range.lo, &range.hi));
        return range;
    }
    /// Restores a TIFF file, page by page, into a new file that appears complete or not at all. Options as restore(),
    /// and those of docs/options.md for a file, such as "format=ome-tiff". Errors: NOT_FOUND, IO, FORMAT, EXISTS (the
    /// output is there already) and those of restore().
    void restore_file(const std::string &input, const std::string &output, const std::string &options = {},
                      const Task *task = nullptr) const {
        detail::check(
            parfocal_restore_file(handle_.get(), handle_of(task), input.c_str(), output.c_str(), options.c_str()));
    }
    /// Closes it now, not in the destructor. Running runs finish.
    void close() { handle_.close(); }
    /// The C handle, owned by this object; 0 once closed or moved from.
    parfocal_model handle() const noexcept { return handle_.get(); }

private:
    explicit Model(parfocal_model model) noexcept : handle_(model) {}
    // In C, 0 means "no task": the run could not be cancelled.
    static parfocal_task handle_of(const Task *task) {
        const parfocal_task handle = task ? task->handle() : 0;
        if (task && handle == 0) {
            throw Error(
                PARFOCAL_STATUS_INVALID_HANDLE,
                "the task is closed or moved from; expected an open one: make a Task for each run, or give none");
        }
        return handle;
    }
    // The library itself refuses impossible shapes and too few pixels, but not too many.
    static void expect_samples(std::uint64_t pixels, Shape s) {
        if (s.width < 1 || s.height < 1 || s.channels < 1 || s.planes < 1) {
            return;
        }
        // How many times the shape fits into the pixels, without a product that could overflow.
        const std::uint64_t fits = pixels / static_cast<std::uint64_t>(s.width) / static_cast<std::uint64_t>(s.height) /
                                   static_cast<std::uint64_t>(s.channels) / static_cast<std::uint64_t>(s.planes);
        if (fits > 0 && pixels != s.samples()) {
            throw Error(PARFOCAL_STATUS_INVALID_ARGUMENT,
                        std::to_string(pixels) + " pixels for a shape of " + size_of(s) + ", which has " +
                            std::to_string(s.samples()) +
                            " samples; expected as many: give the whole shape, or a View of a part");
        }
    }
    static std::string size_of(Shape s) {
        return std::to_string(s.width) + "x" + std::to_string(s.height) + ", " + std::to_string(s.channels) +
               " channels, " + std::to_string(s.planes) + " planes";
    }
    detail::Handle<parfocal_model_close> handle_;
};

/// A stream of frames of one size, restored on a thread of the library. One thread submits, the same or another one
/// receives; any thread may call describe and close. T is the pixel type.
template <class T> class Stream {
public:
    /// Opens a stream for frames of shape `frame`, with one plane. Options: mode=every restores all frames, at most
    /// depth=N at a time; mode=latest only the newest; those of a run. The model may be closed afterwards.
    /// Errors: INVALID_ARGUMENT, BAD_OPTION, INVALID_HANDLE, OUT_OF_MEMORY.
    Stream(const Model &model, Shape frame, const std::string &options = {})
        : frame_(frame), handle_(open(model, frame, options)) {}

    /// Copies a frame and returns at once. `tag` comes back with the result: any number but UINT64_MAX, which means "no
    /// frame". Returns false if `depth` frames are under way (mode=every). Errors: INVALID_ARGUMENT (another size),
    /// CLOSED, INVALID_HANDLE.
    bool try_submit(View<const T> frame, std::uint64_t tag) {
        expect_size(frame.shape());
        const detail::StridesArray strides(frame.strides());
        const parfocal_status status =
            parfocal_stream_submit(handle_.get(), frame.data(), frame.count(), strides.values, tag);
        if (status == PARFOCAL_STATUS_WOULD_BLOCK) {
            return false;
        }
        detail::check(status);
        return true;
    }
    /// Like try_submit, but throws WOULD_BLOCK instead of returning false.
    void submit(View<const T> frame, std::uint64_t tag) {
        if (!try_submit(frame, tag)) {
            detail::fail(PARFOCAL_STATUS_WOULD_BLOCK);
        }
    }
    /// Waits up to `timeout` for the next result and writes it to `frame`. Returns its tag, or nothing if none came.
    /// Errors: CLOSED if it is closed meanwhile, INVALID_HANDLE once closed, INVALID_ARGUMENT (another size), INTERNAL
    /// (a bug has spoiled the stream: close it), OUT_OF_MEMORY, UNSUPPORTED (after fork). FrameError with any status if
    /// the frame of that tag could not be restored: then nothing is written.
    std::optional<std::uint64_t> try_receive(View<T> frame, std::chrono::milliseconds timeout = {}) {
        std::uint64_t tag = no_frame;
        const parfocal_status status = take(frame, detail::milliseconds(timeout), tag);
        if (status == PARFOCAL_STATUS_TIMEOUT || status == PARFOCAL_STATUS_WOULD_BLOCK) {
            return std::nullopt;
        }
        expect_frame(status, tag);
        return tag;
    }
    /// Like try_receive, but throws TIMEOUT (WOULD_BLOCK for a timeout of zero) instead of returning nothing.
    std::uint64_t receive(View<T> frame, std::chrono::milliseconds timeout) {
        std::uint64_t tag = no_frame;
        const parfocal_status status = take(frame, detail::milliseconds(timeout), tag);
        expect_frame(status, tag);
        return tag;
    }
    /// Waits without limit; close() from another thread ends the wait.
    std::uint64_t receive(View<T> frame) {
        std::uint64_t tag = no_frame;
        const parfocal_status status = take(frame, -1, tag);
        expect_frame(status, tag);
        return tag;
    }
    /// Counters and latency percentiles (milliseconds), as JSON text.
    std::string describe() const {
        return detail::checked_text([this](char *b, std::uint64_t size, std::uint64_t *n) {
            return parfocal_stream_describe(handle_.get(), b, size, n);
        });
    }
    /// Ends the stream; a waiting receive throws CLOSED. Frames under way are dropped.
    void close() { handle_.close(); }
    /// Size of its frames.
    Shape frame() const noexcept { return frame_; }
    /// The C handle, owned by this object; 0 once closed or moved from.
    parfocal_stream handle() const noexcept { return handle_.get(); }

private:
    static parfocal_stream open(const Model &model, Shape frame, const std::string &options) {
        parfocal_stream stream = 0;
        const detail::ShapeArray shape(frame);
        detail::check(
            parfocal_stream_open(model.handle(), detail::Pixel<T>::type, shape.values, options.c_str(), &stream));
        return stream;
    }
    void expect_size(Shape s) const {
        if (s.width != frame_.width || s.height != frame_.height || s.channels != frame_.channels || s.planes != 1) {
            throw Error(PARFOCAL_STATUS_INVALID_ARGUMENT,
                        "frame of " + std::to_string(s.width) + "x" + std::to_string(s.height) + ", " +
                            std::to_string(s.channels) + " channels; the stream takes " + std::to_string(frame_.width) +
                            "x" + std::to_string(frame_.height) + ", " + std::to_string(frame_.channels) +
                            " channels: open another stream for another size");
        }
    }
    parfocal_status take(View<T> frame, std::int32_t timeout_ms, std::uint64_t &tag) {
        expect_size(frame.shape());
        const detail::StridesArray strides(frame.strides());
        return parfocal_stream_receive(handle_.get(), frame.data(), frame.count(), strides.values, &tag, timeout_ms);
    }
    static void expect_frame(parfocal_status status, std::uint64_t tag) {
        switch (status) {
        case PARFOCAL_STATUS_OK: return;
        case PARFOCAL_STATUS_INVALID_ARGUMENT:
        case PARFOCAL_STATUS_INVALID_HANDLE:
        case PARFOCAL_STATUS_WOULD_BLOCK:
        case PARFOCAL_STATUS_TIMEOUT:
        case PARFOCAL_STATUS_CLOSED: detail::fail(status);
        default:
            // Without a tag it is not the failure of a frame, so a caller that goes on after FrameErrors must not see
            // one.
            if (tag == no_frame) {
                detail::fail(status);
            }
            throw FrameError(status, detail::last_error(), tag);
        }
    }
    // The tag keeps this value if no frame was received.
    static constexpr std::uint64_t no_frame = std::numeric_limits<std::uint64_t>::max();
    Shape frame_;
    detail::Handle<parfocal_stream_close> handle_;
};

} // namespace parfocal

#endif
