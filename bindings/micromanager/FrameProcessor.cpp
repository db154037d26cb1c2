// SPDX-License-Identifier: MIT OR Apache-2.0

#include "FrameProcessor.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace parfocal_mm {

namespace {

// The device in use, "cpu, 2 threads" for example.
std::string device_in_words(const parfocal::Model &model) {
    const auto description = nlohmann::json::parse(model.describe());
    const auto device = description.at("device").get<std::string>();
    if (device != "cpu") {
        return device;
    }
    return device + ", " + std::to_string(description.at("threads").get<unsigned>()) + " threads";
}

// Quotes the value of an option, which may contain spaces.
std::string quoted(const std::string &text) {
    std::string result = "'";
    for (const char c : text) {
        result += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return result + "'";
}

// The quantile `part` of `sorted`, which is not empty.
double percentile(const std::vector<double> &sorted, double part) {
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5)];
}

} // namespace

const char *name(Outcome outcome) {
    switch (outcome) {
    case Outcome::Restored: return "restored";
    case Outcome::Scored: return "scored";
    case Outcome::Off: return "off";
    case Outcome::Again: return "restored before";
    case Outcome::Late: return "late";
    case Outcome::NotTried: return "late, not tried";
    case Outcome::Untouched: return "untouched format";
    case Outcome::Failed: return "failed";
    }
    return "";
}

FrameProcessor::FrameProcessor() = default;

FrameProcessor::~FrameProcessor() {
    // Waits for the frame in work.
    const std::lock_guard<std::mutex> lock(work_);
}

Settings FrameProcessor::settings() const {
    const std::lock_guard<std::mutex> lock(state_);
    return settings_;
}

void FrameProcessor::set(const Settings &settings) {
    const std::lock_guard<std::mutex> lock(state_);
    settings_ = settings;
    changed_ = true;
    error_.clear();
}

Settings FrameProcessor::take_settings(bool &anew) {
    const std::lock_guard<std::mutex> lock(state_);
    anew = changed_;
    changed_ = false;
    return settings_;
}

Outcome FrameProcessor::process(unsigned char *pixels, unsigned width, unsigned height, unsigned bytes) noexcept {
    const Clock::time_point begun = Clock::now();
    Outcome outcome = Outcome::Failed;
    ++queued_;
    try {
        const std::lock_guard<std::mutex> lock(work_);
        FrameRecord record;
        record.number = ++number_;
        record.width = width;
        record.height = height;
        record.bytes_per_pixel = bytes;
        try {
            bool anew = false;
            const Settings settings = take_settings(anew);
            apply(settings, anew);
            outcome = work(pixels, width, height, bytes, settings, record);
        } catch (const std::exception &failed) {
            record.message = failed.what();
            fail(record.message);
        }
        record.done = name(outcome);
        record.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
        count(outcome, begun, record.milliseconds, record.score);
        if (log_.is_open()) {
            write_log(record);
        }
    } catch (...) {
        // There may be no memory for a message. The camera goes on.
    }
    --queued_;
    return outcome;
}

void FrameProcessor::apply(const Settings &wanted, bool anew) {
    if (anew) {
        // The new settings may allow more time.
        late_in_a_row_ = pass_ = 0;
    }
    if (wanted.log != log_path_ || (anew && !log_.is_open())) {
        open_log(wanted.log);
    }
    const bool tried = tried_ && wanted.opening == opened_;
    if (wanted.mode != Mode::Restore || (tried && (model_ || !anew))) {
        return;
    }
    tried_ = true;
    opened_ = wanted.opening;
    try {
        open(wanted.opening);
    } catch (const std::exception &failed) {
        const std::lock_guard<std::mutex> lock(state_);
        open_error_ = failed.what();
    }
}

// A failing log must not keep frames from being restored.
void FrameProcessor::open_log(const std::string &path) {
    log_path_ = path;
    std::string error;
    try {
        log_.open(path);
    } catch (const std::runtime_error &failed) {
        error = failed.what();
    }
    const std::lock_guard<std::mutex> lock(state_);
    log_error_ = error;
}

void FrameProcessor::write_log(const FrameRecord &record) {
    try {
        log_.write(record);
    } catch (const std::runtime_error &failed) {
        const std::lock_guard<std::mutex> lock(state_);
        log_error_ = failed.what();
    }
}

void FrameProcessor::open(const Opening &wanted) {
    model_.reset();
    // Outputs stay remembered: another model must not restore them again.
    {
        const std::lock_guard<std::mutex> lock(state_);
        described_opening_ = wanted;
        device_.clear();
        open_error_.clear();
    }
    std::string options = "device=" + quoted(wanted.device);
    if (wanted.threads > 0) {
        options += " threads=" + std::to_string(wanted.threads);
    }
    model_ = std::make_unique<parfocal::Model>(parfocal::Model::open(wanted.model, options + " " + wanted.options));
    const std::string device = device_in_words(*model_);
    const std::lock_guard<std::mutex> lock(state_);
    device_ = device;
}

void FrameProcessor::open_if_idle() {
    // The frame in work opens the model itself.
    const std::unique_lock<std::mutex> lock(work_, std::try_to_lock);
    if (!lock) {
        return;
    }
    bool anew = false;
    const Settings settings = take_settings(anew);
    apply(settings, anew);
}

Outcome FrameProcessor::work(unsigned char *pixels, unsigned width, unsigned height, unsigned bytes,
                             const Settings &settings, FrameRecord &record) {
    if (settings.mode == Mode::Off) {
        return Outcome::Off;
    }
    const bool rgba = bytes == 4 && settings.four_bytes_are_rgba;
    if (bytes != 1 && bytes != 2 && !rgba) {
        return Outcome::Untouched;
    }
    // Interleaved channels; the fourth is not a colour and stays as it is.
    const parfocal::Shape shape{width, height, rgba ? 3 : 1, 1};
    if (settings.mode == Mode::ScoreOnly) {
        const std::uint64_t count = std::uint64_t{width} * height * (rgba ? 4 : 1);
        const parfocal::Strides steps =
            rgba ? parfocal::Strides{4, std::int64_t{4} * width, 1, 0} : parfocal::Strides::interleaved(shape);
        record.score = bytes == 2
                           ? parfocal::focus_score(parfocal::View<const std::uint16_t>(
                                 reinterpret_cast<const std::uint16_t *>(pixels), count, shape, steps))[0]
                           : parfocal::focus_score(parfocal::View<const std::uint8_t>(pixels, count, shape, steps))[0];
        return Outcome::Scored;
    }
    return restore(pixels, shape, bytes, settings);
}

Outcome FrameProcessor::restore(unsigned char *pixels, const parfocal::Shape &shape, unsigned bytes,
                                const Settings &settings) {
    if (!model_) {
        const std::lock_guard<std::mutex> lock(state_);
        throw std::runtime_error(open_error_);
    }
    const std::size_t size = static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height) * bytes;
    if (is_own_output(pixels, size)) {
        return Outcome::Again;
    }
    if (settings.skip_when_late && pass_ > 0) {
        --pass_;
        return Outcome::NotTried;
    }
    const Clock::time_point begun = Clock::now();
    frame_.assign(pixels, pixels + size);
    if (!settings.skip_when_late) {
        run(frame_, shape, bytes, settings.run_options, nullptr);
    } else {
        if (!deadline_) {
            deadline_ = std::make_unique<Deadline>();
        }
        const parfocal::Task task;
        const auto budget = std::chrono::duration<double, std::milli>(settings.time_budget_ms);
        Deadline::Watch watch(*deadline_, task, begun + std::chrono::duration_cast<Clock::duration>(budget));
        try {
            run(frame_, shape, bytes, settings.run_options, &task);
        } catch (const parfocal::Error &stopped) {
            if (!watch.end() || stopped.status() != PARFOCAL_STATUS_CANCELLED) {
                throw;
            }
            // If every frame is late, trying costs as much as restoring: so try less and less often.
            late_in_a_row_ = std::min(late_in_a_row_ + 1, 6U);
            pass_ = (1U << late_in_a_row_) - 1;
            return Outcome::Late;
        }
        late_in_a_row_ = 0;
    }
    if (std::memcmp(pixels, frame_.data(), size) != 0) {
        std::memcpy(pixels, frame_.data(), size);
        outputs_[next_output_].swap(frame_);
        next_output_ = (next_output_ + 1) % remembered;
    }
    return Outcome::Restored;
}

void FrameProcessor::run(std::vector<unsigned char> &frame, const parfocal::Shape &shape, unsigned bytes,
                         const std::string &options, const parfocal::Task *task) const {
    if (bytes == 2) {
        auto *pixels = reinterpret_cast<std::uint16_t *>(frame.data());
        model_->restore_in_place(parfocal::View<std::uint16_t>(pixels, shape), options, task);
    } else if (bytes == 1) {
        model_->restore_in_place(parfocal::View<std::uint8_t>(frame.data(), shape), options, task);
    } else {
        const parfocal::Strides steps{4, 4 * shape.width, 1, 4 * shape.width * shape.height};
        model_->restore_in_place(parfocal::View<std::uint8_t>(frame.data(), frame.size(), shape, steps), options, task);
    }
}

// MMCore runs the processor again on a camera's buffer at each getImage(). Contents are compared, not addresses,
// because cameras reuse their buffers.
bool FrameProcessor::is_own_output(const unsigned char *pixels, std::size_t size) const {
    return std::any_of(outputs_.begin(), outputs_.end(), [=](const std::vector<unsigned char> &output) {
        return output.size() == size && size > 0 && std::memcmp(output.data(), pixels, size) == 0;
    });
}

void FrameProcessor::fail(const std::string &message) {
    const std::lock_guard<std::mutex> lock(state_);
    error_ = message;
}

void FrameProcessor::count(Outcome outcome, Clock::time_point begun, double milliseconds, double score) {
    const std::lock_guard<std::mutex> lock(state_);
    counters_.skipped += outcome == Outcome::Late || outcome == Outcome::NotTried;
    counters_.failed += outcome == Outcome::Failed;
    if (score >= 0) {
        counters_.score = score;
    }
    if (outcome != Outcome::Restored && outcome != Outcome::Scored) {
        return;
    }
    ++counters_.processed;
    shown_ = begun;
    if (milliseconds_.size() < latencies) {
        milliseconds_.push_back(milliseconds);
    } else {
        milliseconds_[next_] = milliseconds;
        next_ = (next_ + 1) % latencies;
    }
}

Counters FrameProcessor::counters() const {
    const std::lock_guard<std::mutex> lock(state_);
    Counters counters = counters_;
    if (!milliseconds_.empty()) {
        std::vector<double> sorted = milliseconds_;
        std::sort(sorted.begin(), sorted.end());
        counters.median_ms = percentile(sorted, 0.5);
        counters.p95_ms = percentile(sorted, 0.95);
    }
    return counters;
}

Live FrameProcessor::live() const {
    const std::lock_guard<std::mutex> lock(state_);
    Live live;
    live.queued = queued_;
    if (shown_) {
        live.age_ms = std::chrono::duration<double, std::milli>(Clock::now() - *shown_).count();
    }
    live.cpu_share = cpu_.look();
    return live;
}

void FrameProcessor::reset_counters() {
    const std::lock_guard<std::mutex> lock(state_);
    shown_.reset();
    counters_ = Counters();
    milliseconds_.clear();
    next_ = 0;
    changed_ = true;
    error_.clear();
}

std::string FrameProcessor::active_device() {
    open_if_idle();
    const std::lock_guard<std::mutex> lock(state_);
    return opening_counts() ? device_ : "";
}

std::string FrameProcessor::last_error() {
    open_if_idle();
    const std::lock_guard<std::mutex> lock(state_);
    if (!error_.empty()) {
        return error_;
    }
    return opening_counts() && !open_error_.empty() ? open_error_ : log_error_;
}

bool FrameProcessor::opening_counts() const {
    return settings_.mode == Mode::Restore && settings_.opening == described_opening_;
}

} // namespace parfocal_mm
