// Restores or scores each frame, or leaves it as it is if that fails, and counts. Knows nothing of Micro-Manager.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#pragma once

#include "CpuShare.h"
#include "Deadline.h"
#include "FrameLog.h"
#include "Settings.h"

#include <parfocal.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace parfocal_mm {

/// The outcome for a frame.
enum class Outcome {
    Restored,
    Scored,
    Off, ///< the mode is Off
    Again, ///< this adapter's own output, which is not restored twice
    Late, ///< over the time budget: left as it was
    NotTried, ///< left as it was, because frames before it were late
    Untouched, ///< of a format that is never restored
    Failed, ///< left as it was
};

/// The outcome's name in the log.
const char *name(Outcome outcome);

/// Counts since the last reset.
struct Counters {
    std::uint64_t processed = 0; ///< restored or scored
    std::uint64_t skipped = 0; ///< late or not tried
    std::uint64_t failed = 0;
    double median_ms = 0, p95_ms = 0; ///< of the last 1000 that were processed
    double score = -1; ///< of the last frame that was scored; negative: none was
};

/// What the adapter is doing now.
struct Live {
    unsigned queued = 0; ///< frames that cameras have handed in and not got back: in work, or waiting for that one
    double age_ms = 0; ///< since the frame that was restored or scored last was handed in; 0 before
    double cpu_share = 0; ///< cores that all threads of the program keep busy, since the reading before
};

/// Cameras' threads call process(). Any thread may call the rest, which does not wait for the frame in work.
class FrameProcessor {
public:
    FrameProcessor();
    ~FrameProcessor();

    Settings settings() const;
    /// Takes effect with the next frame. A changed model, or one that could not be opened before, is opened then, or
    /// when active_device() or last_error() is called.
    void set(const Settings &settings);

    /// Processes a frame in place: `width * height * bytes_per_pixel` bytes, rows without gaps. Never throws. Pixels
    /// are written only after everything has succeeded.
    Outcome process(unsigned char *pixels, unsigned width, unsigned height, unsigned bytes_per_pixel) noexcept;

    Counters counters() const;
    Live live() const;
    void reset_counters();
    /// The device in use, "cpu, 2 threads" for example; "" if no model could be opened, or none is needed.
    std::string active_device();
    /// The message of the last failed frame since the settings changed or the counters were reset; else why the model
    /// could not be opened or the log not be written; "" if all is well.
    std::string last_error();

private:
    /// Outputs that MMCore may hand in again: one for each camera of a multi-camera device.
    static constexpr std::size_t remembered = 4;
    static constexpr std::size_t latencies = 1000;

    /// Opens the wanted log and model unless they are open. `anew` is true once after each change.
    void apply(const Settings &wanted, bool anew);
    Settings take_settings(bool &anew);
    void open_log(const std::string &path);
    void write_log(const FrameRecord &record);
    void open_if_idle();
    Outcome work(unsigned char *pixels, unsigned width, unsigned height, unsigned bytes, const Settings &settings,
                 FrameRecord &record);
    Outcome restore(unsigned char *pixels, const parfocal::Shape &shape, unsigned bytes, const Settings &settings);
    void run(std::vector<unsigned char> &frame, const parfocal::Shape &shape, unsigned bytes,
             const std::string &options, const parfocal::Task *task) const;
    bool is_own_output(const unsigned char *pixels, std::size_t size) const;
    void open(const Opening &wanted);
    void fail(const std::string &message);
    /// Whether device_ and open_error_ are about the current settings. The caller holds state_.
    bool opening_counts() const;
    void count(Outcome outcome, Clock::time_point begun, double milliseconds, double score);

    // Held while a frame is in work; guards the members down to the next comment.
    std::mutex work_;
    Opening opened_;
    bool tried_ = false;
    std::unique_ptr<parfocal::Model> model_;
    std::array<std::vector<unsigned char>, remembered> outputs_;
    std::size_t next_output_ = 0;
    std::vector<unsigned char> frame_;
    std::unique_ptr<Deadline> deadline_;
    unsigned late_in_a_row_ = 0, pass_ = 0;
    FrameLog log_;
    std::string log_path_;
    std::uint64_t number_ = 0;

    std::atomic<unsigned> queued_{0};

    // Guards settings, counters and messages; held briefly.
    mutable std::mutex state_;
    Settings settings_;
    bool changed_ = false;
    Counters counters_;
    std::vector<double> milliseconds_;
    std::optional<Clock::time_point> shown_; ///< when the last processed frame was handed in
    mutable CpuShare cpu_;
    std::size_t next_ = 0;
    std::string device_, error_, log_error_, open_error_;
    Opening described_opening_; ///< what device_ and open_error_ are about
};

} // namespace parfocal_mm
