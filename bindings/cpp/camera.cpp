// Frames of a simulated camera, 100 a second, through live view and through an acquisition. The camera's driver calls
// back on its own thread: camera [MODEL [OPTIONS [SECONDS [WIDTH HEIGHT]]]].
//
// Live view (mode=latest) shows the newest frame and drops what it cannot keep up with; an acquisition (mode=every)
// restores all frames that fit its depth and counts those that it had to refuse. The camera never waits for the
// network.

#include <parfocal.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;

// ---- A vendor's driver, typically: C, a callback, rows padded to 64 bytes, 12 bits of 16 in use. ----

struct VendorFrame {
    const std::uint16_t *pixels; // valid during the callback only
    int width, height;
    int pitch_bytes; // from one row to the next
    std::uint64_t number;
};
using VendorCallback = void (*)(const VendorFrame *frame, void *context);

class VendorCamera {
public:
    VendorCamera(int width, int height, VendorCallback callback, void *context)
        : width_(width), height_(height), pitch_(((2 * width + 63) / 64 * 64) / 2), callback_(callback),
          context_(context), buffer_(static_cast<std::size_t>(pitch_) * static_cast<std::size_t>(height), 0xFFFF) {}

    void start(int frames) {
        thread_ = std::thread([this, frames] {
            auto next = Clock::now();
            for (int number = 0; number < frames; ++number) {
                expose(number);
                std::this_thread::sleep_until(next);
                next += std::chrono::milliseconds(10);
                const VendorFrame frame{buffer_.data(), width_, height_, 2 * pitch_,
                                        static_cast<std::uint64_t>(number)};
                callback_(&frame, context_);
            }
        });
    }
    void wait() { thread_.join(); }

private:
    // A moving pattern between 100 and 4000 of 4095; the padding stays 0xFFFF and must never be seen.
    void expose(int number) {
        for (int y = 0; y < height_; ++y) {
            for (int x = 0; x < width_; ++x) {
                const int wave = ((x + 3 * number) % 64 - 32) * (y % 48 - 24);
                buffer_[static_cast<std::size_t>(y * pitch_ + x)] = static_cast<std::uint16_t>(2050 + 2 * wave);
            }
        }
    }
    int width_, height_, pitch_; // the pitch in pixels
    VendorCallback callback_;
    void *context_;
    std::vector<std::uint16_t> buffer_;
    std::thread thread_;
};

// ---- The program. ----

struct Pipeline {
    parfocal::Stream<std::uint16_t> stream;
    std::vector<Clock::time_point> arrived; // by frame number; written before the frame is submitted
    std::atomic<std::uint64_t> accepted{0}, refused{0};
    std::atomic<std::uint64_t> newest{0}; // the number of the last accepted frame
    std::atomic<bool> camera_done{false};
    std::atomic<std::int64_t> slowest_callback_us{0};
    std::string trouble{}; // the callback's failure; read after the camera has stopped
};

// Runs on the driver's thread, so it must be short, and exceptions must not leave it.
extern "C" void on_frame(const VendorFrame *frame, void *context) {
    auto *pipeline = static_cast<Pipeline *>(context);
    const auto started = Clock::now();
    pipeline->arrived[frame->number] = started;
    const parfocal::Shape shape{frame->width, frame->height};
    const std::int64_t pitch = frame->pitch_bytes / 2; // strides count elements, not bytes
    const auto count = static_cast<std::uint64_t>(pitch) * static_cast<std::uint64_t>(frame->height);
    try {
        const parfocal::View<const std::uint16_t> view(frame->pixels, count, shape,
                                                       parfocal::Strides::padded_rows(shape, pitch));
        if (pipeline->stream.try_submit(view, frame->number)) {
            pipeline->newest = frame->number;
            ++pipeline->accepted;
        } else {
            ++pipeline->refused;
        }
    } catch (const std::exception &error) {
        pipeline->trouble = error.what();
    }
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started).count();
    pipeline->slowest_callback_us = std::max<std::int64_t>(pipeline->slowest_callback_us, took);
}

static double percentile(std::vector<double> sorted, std::size_t percent) {
    std::sort(sorted.begin(), sorted.end());
    return sorted.empty() ? 0.0 : sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
}

// Without a GPU a frame may take long, but not longer than this.
static constexpr int patience_ms = 60000;

static void show(const char *name, const parfocal::Model &model, const std::string &mode, int frames, int width,
                 int height) {
    const parfocal::Shape shape{width, height};
    Pipeline pipeline{{model, shape, mode}, std::vector<Clock::time_point>(static_cast<std::size_t>(frames))};
    VendorCamera camera(width, height, on_frame, &pipeline);
    std::vector<std::uint16_t> restored(shape.samples());
    std::vector<double> latencies_ms;
    const bool live = mode.find("latest") != std::string::npos;
    std::uint64_t shown = 0;

    camera.start(frames);
    const auto end = std::async(std::launch::async, [&] {
        camera.wait();
        pipeline.camera_done = true;
    });
    for (;;) {
        const bool done = pipeline.camera_done;
        if (done && !pipeline.trouble.empty()) break;
        // An acquisition receives every accepted frame, live view the newest of them.
        const bool all =
            latencies_ms.size() == pipeline.accepted || (live && shown == pipeline.newest && !latencies_ms.empty());
        if (done && all) break;
        const auto tag = pipeline.stream.try_receive(parfocal::View(restored, shape),
                                                     std::chrono::milliseconds(done ? patience_ms : 200));
        if (tag) {
            const auto latency = Clock::now() - pipeline.arrived[*tag];
            latencies_ms.push_back(std::chrono::duration<double, std::milli>(latency).count());
            shown = *tag;
            // A display would show `restored` here, a recorder would write it.
        } else if (done) {
            throw std::runtime_error("no frame came for " + std::to_string(patience_ms / 1000) +
                                     " s after the camera's last");
        }
    }
    end.wait();
    if (!pipeline.trouble.empty()) throw std::runtime_error("in the camera's callback: " + pipeline.trouble);

    const std::size_t received = latencies_ms.size(), offered = static_cast<std::size_t>(frames);
    std::printf("%s: %zu frames of %dx%d at 100 a second, %zu restored, %zu dropped (%llu of them refused)\n", name,
                offered, width, height, received, offered - received,
                static_cast<unsigned long long>(pipeline.refused));
    std::printf("  latency ms: median %.1f, 95%% %.1f, 99%% %.1f, most %.1f; slowest callback %.2f ms\n",
                percentile(latencies_ms, 50), percentile(latencies_ms, 95), percentile(latencies_ms, 99),
                percentile(latencies_ms, 100), 1e-3 * static_cast<double>(pipeline.slowest_callback_us));
    std::printf("  the stream says: %s\n", pipeline.stream.describe().c_str());
}

int main(int count, char **arguments) try {
    const auto model = parfocal::Model::open(count > 1 ? arguments[1] : "", count > 2 ? arguments[2] : "");
    const int frames = 100 * (count > 3 ? std::stoi(arguments[3]) : 2);
    const int width = count > 5 ? std::stoi(arguments[4]) : 250, height = count > 5 ? std::stoi(arguments[5]) : 200;
    show("live", model, "mode=latest", frames, width, height);
    show("acquisition", model, "mode=every depth=16", frames, width, height);
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
