// Restoring in C++: the one-liner, views of any layout, focus scores, files, progress and cancel.

#include "check.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

using parfocal::Model;
using parfocal::Shape;
using parfocal::Strides;
using parfocal::Task;
using parfocal::View;

static void one_liners(const Model &model) {
    const auto words = picture<std::uint16_t>(50, 30, 1);
    const std::vector<std::uint16_t> restored = model.restore(words, 50, 30);
    CHECK(restored.size() == words.size() && restored != words);
    CHECK(model.restore(words, 50, 30, 1, 1, "tile=auto") == restored);
    CHECK(model.restore(words, 25, 30, 2) != restored);
    const std::vector<std::uint8_t> bytes = model.restore(picture<std::uint8_t>(50, 30, 2, 0.05), 50, 30);
    CHECK(bytes.size() == 1500);
    const std::array<float, 4> four{1.0F, 2.0F, 3.0F, 4.0F};
    CHECK(model.restore(four, 2, 2).size() == 4);
    CHECK(model.restore(parfocal::Span<const std::uint16_t>(words.data(), 600), 20, 30).size() == 600);
    CHECK_THROWS(model.restore(words, 51, 30), INVALID_ARGUMENT, "src: shape 51x30");
    CHECK_THROWS(model.restore(words, 51, 30), INVALID_ARGUMENT, "1500");
    CHECK_THROWS(model.restore(words, 51, 30), INVALID_ARGUMENT, "1530");
    CHECK_THROWS(model.restore(words, 49, 30), INVALID_ARGUMENT, "1500 pixels for a shape of 49x30");
    CHECK_THROWS(model.restore(words, 49, 30), INVALID_ARGUMENT, "has 1470 samples");
    CHECK_THROWS(model.restore(words, std::int64_t{1} << 62, 8), INVALID_ARGUMENT, "4611686018427387904x8");
    CHECK_THROWS(model.restore(std::vector<float>(), 2, 2), INVALID_ARGUMENT, "");
    CHECK_THROWS(model.restore(words, 0, 30), INVALID_ARGUMENT, "at least 1");
    CHECK_THROWS(model.restore(words, -50, -30), INVALID_ARGUMENT, "at least 1");
    CHECK_THROWS(model.restore(words, 50, 30, 1, 1, "tile=1"), BAD_OPTION, "tile=1");
}

static void views(const Model &model) {
    const Shape shape{40, 30, 3, 2};
    const auto packed = picture<std::uint16_t>(120, 60, 3);
    const auto expected = model.restore(packed, 40, 30, 3, 2);
    auto at = [](Strides s, std::int64_t x, std::int64_t y, std::int64_t c, std::int64_t p) {
        return static_cast<std::size_t>(x * s.x + y * s.y + c * s.channel + p * s.plane);
    };
    for (const Strides strides : {Strides::interleaved(shape), Strides::planar(shape), Strides::column_major(shape),
                                  Strides::padded_rows(shape, 128), Strides{4, 160, 1, 4800}}) {
        std::vector<std::uint16_t> room(4 * 40 * 30 * 2, 9), target(packed.size());
        for (std::int64_t p = 0; p < 2; ++p)
            for (std::int64_t y = 0; y < 30; ++y)
                for (std::int64_t x = 0; x < 40; ++x)
                    for (std::int64_t c = 0; c < 3; ++c)
                        room[at(strides, x, y, c, p)] =
                            packed[static_cast<std::size_t>(((p * 30 + y) * 40 + x) * 3 + c)];
        const View pixels(room, shape, strides);
        model.restore(pixels, View(target, shape));
        CHECK(target == expected);
        model.restore_in_place(pixels);
        int wrong = 0;
        for (std::int64_t p = 0; p < 2; ++p)
            for (std::int64_t y = 0; y < 30; ++y)
                for (std::int64_t x = 0; x < 40; ++x)
                    for (std::int64_t c = 0; c < 3; ++c)
                        wrong += room[at(strides, x, y, c, p)] !=
                                 expected[static_cast<std::size_t>(((p * 30 + y) * 40 + x) * 3 + c)];
        CHECK(wrong == 0);
    }
    std::vector<std::uint16_t> target(packed.size());
    CHECK_THROWS(model.restore(View(packed, shape), View(target, Shape{40, 30, 3, 1})), INVALID_ARGUMENT,
                 "expected the same shape");
    CHECK_THROWS(model.restore(View(packed, shape), View(target.data(), 7, shape, Strides::interleaved(shape))),
                 INVALID_ARGUMENT, "dst");
}

static void ranges(const Model &model) {
    const Shape shape{40, 30, 1, 3};
    std::vector<std::uint16_t> stack;
    for (int seed = 0; seed < 3; ++seed) {
        const auto plane = picture<std::uint16_t>(40, 30, seed);
        stack.insert(stack.end(), plane.begin(), plane.end());
    }
    const auto &constant = stack;
    const parfocal::Range range = model.stack_range(View(constant, shape));
    CHECK(range.lo < range.hi);
    char options[96];
    std::snprintf(options, sizeof options, "normalize=%.17g:%.17g", range.lo, range.hi);
    CHECK(model.restore(stack, 40, 30, 1, 3, options) == model.restore(stack, 40, 30, 1, 3, "normalize=stack"));
    std::vector<float> same(100, 2.5F);
    const parfocal::Range none = model.stack_range(View(same, Shape{10, 10}));
    CHECK(none.lo == 2.5 && none.hi == 2.5);
    CHECK_THROWS(model.stack_range(View(stack, Shape{40, 30, 1, 4})), INVALID_ARGUMENT, "3600");
}

static void scores() {
    // What a blur does: it takes away detail, and leaves what is coarse.
    std::vector<float> stack;
    for (const double detail : {300.0, 60.0}) {
        for (int i = 0; i < 64 * 64; ++i) {
            const double x = i % 64, y = i / 64;
            stack.push_back(static_cast<float>(500 * std::sin(0.1 * x) * std::cos(0.1 * y) +
                                               detail * std::sin(0.5 * x) * std::cos(0.4 * y)));
        }
    }
    const std::vector<double> found = parfocal::focus_score(View(stack, Shape{64, 64, 1, 2}));
    CHECK(found.size() == 2 && found[0] > found[1]);
    const auto &constant = stack;
    CHECK(parfocal::focus_score(View(constant, Shape{64, 64, 1, 2})) == found);
    CHECK_THROWS(parfocal::focus_score(View(stack, Shape{64, 64, 1, 3})), INVALID_ARGUMENT, "8192");
    CHECK_THROWS(parfocal::focus_score(View(stack, Shape{64, 64, 1, -3})), INVALID_ARGUMENT, "at least 1");
    CHECK_THROWS(parfocal::focus_score(View(stack, Shape{64, 64, 1, INT64_MAX})), INVALID_ARGUMENT, "");
    // One plane many times: more scores than elements.
    const View again(stack.data(), 16, Shape{4, 4, 1, 100000}, Strides{1, 4, 1, 0});
    const std::vector<double> same = parfocal::focus_score(again);
    CHECK(same.size() == 100000 && same.front() > 0 && same.back() == same.front());
    const View endless(stack.data(), 16, Shape{4, 4, 1, INT64_MAX}, Strides{1, 4, 1, 0});
    CHECK_THROWS(parfocal::focus_score(endless), OUT_OF_MEMORY, "9223372036854775807 scores");
}

static void cancelled_from_another_thread(const Model &model) {
    const Shape shape{64, 64, 1, 60};
    const auto in = picture<std::uint16_t>(64, 64 * 60, 5);
    std::vector<std::uint16_t> out(in.size(), 7);
    const Task task;
    CHECK(task.progress().total == 0);
    std::thread other([&] {
        while (task.planes_done() < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        task.cancel();
    });
    CHECK_THROWS(model.restore(View(in, shape), View(out, shape), "tile=16 halo=16", &task), CANCELLED, "cancelled");
    other.join();
    const std::uint64_t planes = task.planes_done();
    CHECK(planes >= 2 && planes < 60 && task.progress().total == 16 * 60);
    for (std::size_t i = static_cast<std::size_t>(planes) * 64 * 64; i < out.size(); ++i) {
        if (out[i] != 7) {
            suite.fail(__FILE__, __LINE__, "a plane that was not done is written to");
            break;
        }
    }
}

static void tasks_that_are_none(const Model &model) {
    const Shape shape{16, 16};
    std::vector<float> pixels(256, 1.0F);
    Task one, closed;
    const Task other = std::move(one);
    closed.close();
    for (const Task *task : {&one, &closed}) {
        CHECK_THROWS(model.restore_in_place(View(pixels, shape), "", task), INVALID_HANDLE,
                     "the task is closed or moved from");
        CHECK_THROWS(model.restore(pixels, 16, 16, 1, 1, "", task), INVALID_HANDLE, "the task is closed or moved from");
        CHECK_THROWS(model.restore_file("absent.tif", "out.tif", "", task), INVALID_HANDLE,
                     "the task is closed or moved from");
    }
    CHECK(pixels == std::vector<float>(256, 1.0F));
    model.restore_in_place(View(pixels, shape), "", &other);
    CHECK(other.planes_done() == 1);
}

static void files(const Model &model) {
    CHECK_THROWS(model.restore_file(suite.folder + "/absent.tif", suite.folder + "/out.tif"), NOT_FOUND, "absent.tif");
    CHECK_THROWS(model.restore_file(suite.model, suite.folder + "/never.tif"), FORMAT, "");
    CHECK_THROWS(model.restore_file(suite.folder + "/absent.tif", suite.folder + "/out.tif", "pyramid=keep"),
                 BAD_OPTION, "pyramid=keep: expected rebuild, drop");
    CHECK_THROWS(model.restore_file("", ""), INVALID_ARGUMENT, "input is empty");
}

void test_restore() {
    const Model model = Model::open(suite.model, suite.options);
    one_liners(model);
    views(model);
    ranges(model);
    scores();
    cancelled_from_another_thread(model);
    tasks_that_are_none(model);
    files(model);
}
