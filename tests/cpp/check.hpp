// Checks of the C++ suite: what fails is written to the log file and counted.

#ifndef CHECK_HPP
#define CHECK_HPP

#include "parfocal.hpp"

#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

struct Suite {
    std::string model, folder, options;
    std::ofstream log;
    int failures = 0;

    void fail(const char *file, int line, const std::string &what) {
        ++failures;
        log << file << ":" << line << ": failed: " << what << std::endl;
    }
};

extern Suite suite;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) suite.fail(__FILE__, __LINE__, #condition);                                                  \
    } while (0)

// The expression throws parfocal::Error of this status, and its message contains `text`.
#define CHECK_THROWS(expression, name, text)                                                                           \
    do {                                                                                                               \
        try {                                                                                                          \
            static_cast<void>(expression);                                                                             \
            suite.fail(__FILE__, __LINE__, #expression " throws nothing");                                             \
        } catch (const parfocal::Error &error) {                                                                       \
            if (error.status() != PARFOCAL_STATUS_##name ||                                                            \
                std::string(error.what()).find(text) == std::string::npos ||                                           \
                std::string(error.status_name()) != #name)                                                             \
                suite.fail(__FILE__, __LINE__,                                                                         \
                           std::string(#expression " throws ") + error.status_name() + ": " + error.what());           \
        }                                                                                                              \
    } while (0)

// Blobs between about 300 and 3500, another picture for each seed.
template <class T> std::vector<T> picture(std::int64_t width, std::int64_t height, int seed, double scale = 1) {
    std::vector<T> pixels;
    for (std::int64_t y = 0; y < height; ++y) {
        for (std::int64_t x = 0; x < width; ++x) {
            const double a = static_cast<double>(x), b = static_cast<double>(y), s = seed;
            const double value =
                1900 + 900 * std::sin(0.21 * a + s) * std::cos(0.17 * b) + 700 * std::sin(0.05 * (a + 2 * b));
            pixels.push_back(static_cast<T>(value * scale));
        }
    }
    return pixels;
}

// Of another unit, which may be compiled by another standard: the signature must be the same.
std::uint64_t sum(parfocal::Span<const std::uint8_t> bytes);

void test_model();
void test_restore();
void test_span();
void test_stream();

#endif
