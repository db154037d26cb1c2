// Streams in C++: typed frames, tags, what does not wait, what throws.

#include "check.hpp"

#include <chrono>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using parfocal::Model;
using parfocal::Shape;
using parfocal::Stream;
using parfocal::Strides;
using parfocal::View;

static void every(const Model &model) {
    const Shape shape{33, 21};
    Stream<std::uint16_t> stream(model, shape, "mode=every depth=2");
    std::vector<std::uint16_t> out(40 * 21, 5);
    const View result(out.data(), out.size(), shape, Strides::padded_rows(shape, 40));
    CHECK(!stream.try_receive(result));
    CHECK(!stream.try_receive(result, 5ms));
    CHECK_THROWS(stream.receive(result, 0ms), WOULD_BLOCK, "no result");
    CHECK_THROWS(stream.receive(result, 5ms), TIMEOUT, "5 ms");
    const auto first = picture<std::uint16_t>(33, 21, 1), second = picture<std::uint16_t>(33, 21, 2);
    stream.submit(View(first, shape), 10);
    CHECK(stream.try_submit(View(second, shape), 11));
    CHECK(!stream.try_submit(View(first, shape), 12));
    CHECK_THROWS(stream.submit(View(first, shape), 12), WOULD_BLOCK, "depth");
    CHECK(stream.receive(result, 20s) == 10);
    CHECK(out[33] == 5 && out[32] == model.restore(first, 33, 21)[32]);
    CHECK(stream.receive(result) == 11);
    CHECK(stream.describe().find("\"received\":2") != std::string::npos);
    CHECK_THROWS(stream.submit(View(first, Shape{21, 33}), 1), INVALID_ARGUMENT, "the stream takes 33x21");
    CHECK_THROWS(stream.receive(View(out, Shape{40, 21}), 0ms), INVALID_ARGUMENT, "the stream takes 33x21");
}

static void failing_frame(const Model &model) {
    const Shape shape{33, 21};
    Stream<float> stream(model, shape, "normalize=0:1e12");
    auto frame = picture<float>(33, 21, 3);
    stream.submit(View(frame, shape), 77);
    try {
        stream.receive(View(frame, shape));
        suite.fail(__FILE__, __LINE__, "a frame that failed was received");
    } catch (const parfocal::FrameError &error) {
        CHECK(error.tag() == 77 && error.status() == PARFOCAL_STATUS_BAD_OPTION);
    }
}

// Failures without a frame are no FrameError, or a consumer that goes on after failed frames would never end. After
// fork every call fails so.
static void fails_without_a_frame(const Model &model) {
    const Shape shape{33, 21};
    Stream<float> stream(model, shape);
    std::vector<float> frame(33 * 21);
    const pid_t child = fork();
    if (child == 0) {
        int told = 0;
        for (const bool waits : {false, true}) {
            try {
                waits ? static_cast<void>(stream.receive(View(frame, shape)))
                      : static_cast<void>(stream.try_receive(View(frame, shape), 5ms));
            } catch (const parfocal::FrameError &) {
                told = 100;
            } catch (const parfocal::Error &error) {
                told += error.status() == PARFOCAL_STATUS_UNSUPPORTED;
            }
        }
        _exit(told);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}

static void closed_while_another_thread_waits(const Model &model) {
    const Shape shape{33, 21};
    Stream<std::uint8_t> stream(model, shape, "mode=latest");
    // On a busy machine the consumer may start too late and find the handle closed: then again, with a longer pause.
    parfocal_status ended = PARFOCAL_STATUS_OK;
    for (auto pause = 50ms; pause <= 6400ms; pause *= 2) {
        std::thread consumer([&] {
            std::vector<std::uint8_t> out(33 * 21);
            try {
                stream.receive(View(out, shape));
            } catch (const parfocal::Error &error) {
                ended = error.status();
            }
        });
        std::this_thread::sleep_for(pause);
        stream.close();
        consumer.join();
        if (ended != PARFOCAL_STATUS_INVALID_HANDLE) break;
        stream = Stream<std::uint8_t>(model, shape, "mode=latest");
    }
    CHECK(ended == PARFOCAL_STATUS_CLOSED);
    std::vector<std::uint8_t> frame(33 * 21);
    CHECK_THROWS(stream.submit(View(frame, shape), 1), INVALID_HANDLE, "0 is no stream");
    Stream<std::uint8_t> moved = Stream<std::uint8_t>(model, shape);
    stream = std::move(moved);
    stream.submit(View(frame, shape), 3);
    CHECK(stream.receive(View(frame, shape)) == 3);
}

// Packed pixels: unpacked, restored and submitted alike.
static void packed(const Model &model) {
    // As Mono12p: 0xABC and 0x123, again and again.
    std::vector<std::uint8_t> bytes;
    for (int i = 0; i < 16 * 17 / 2; ++i) {
        bytes.insert(bytes.end(), {0xbc, 0x3a, static_cast<std::uint8_t>(0x12 + i % 5)});
    }
    const Shape shape{16, 17};
    const parfocal::PackedView frame{parfocal::Packing::mono12p, bytes, 16, 17};
    std::vector<std::uint16_t> pixels(16 * 17), restored(16 * 17), received(16 * 17);
    parfocal::unpack(frame, View(pixels, shape));
    CHECK(pixels[0] == 0xabc && pixels[1] == 0x123 && pixels[3] == 0x133);
    model.restore(frame, View(restored, shape));
    CHECK(restored == model.restore(pixels, 16, 17));
    Stream<std::uint16_t> stream(model, shape);
    stream.submit(frame, 5);
    CHECK(stream.receive(View(received, shape)) == 5 && received == restored);
    const parfocal::PackedView other{parfocal::Packing::mono12_packed, bytes, 16, 17};
    parfocal::unpack(other, View(received, shape));
    CHECK(received != pixels);
    CHECK_THROWS(parfocal::unpack(frame, View(pixels, Shape{17, 16})), INVALID_ARGUMENT, "expected the same shape");
    bytes.pop_back();
    const parfocal::PackedView cut{parfocal::Packing::mono12p, bytes, 16, 17};
    CHECK_THROWS(parfocal::unpack(cut, View(pixels, shape)), INVALID_ARGUMENT,
                 "407 bytes of packed pixels; expected 408");
    CHECK_THROWS(model.restore(cut, View(pixels, shape)), INVALID_ARGUMENT, "407 bytes of packed pixels; expected 408");
    CHECK_THROWS(stream.submit(cut, 6), INVALID_ARGUMENT, "407 bytes of packed pixels; expected 408");
    Stream<float> floats(model, shape);
    CHECK_THROWS(floats.submit(frame, 6), INVALID_ARGUMENT, "expected a stream of 16-bit pixels");
}

void test_stream() {
    Model model = Model::open(suite.model, suite.options);
    packed(model);
    every(model);
    failing_frame(model);
    fails_without_a_frame(model);
    closed_while_another_thread_waits(model);
    CHECK_THROWS(Stream<float>(model, Shape{4, 4, 1, 2}), INVALID_ARGUMENT, "2 planes");
    CHECK_THROWS(Stream<float>(model, Shape{4, 4}, "threads=1"), BAD_OPTION, "threads");
    model.close();
    CHECK_THROWS(Stream<float>(model, Shape{4, 4}), INVALID_HANDLE, "0 is no model");
}
