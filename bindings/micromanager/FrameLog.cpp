// SPDX-License-Identifier: MIT OR Apache-2.0

#include "FrameLog.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iomanip>
#include <locale>
#include <stdexcept>

namespace parfocal_mm {

namespace {

// The current time in UTC, in ISO 8601.
std::string now() {
    const auto time = std::chrono::system_clock::now();
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
#ifdef _WIN32
    gmtime_s(&parts, &seconds);
#else
    gmtime_r(&seconds, &parts);
#endif
    char day[32], text[48];
    std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text, sizeof text, "%s.%03dZ", day, static_cast<int>(milliseconds));
    return text;
}

// Quotes a field as RFC 4180 does.
std::string quoted(const std::string &text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        return text;
    }
    std::string result = "\"";
    for (const char c : text) {
        result += c == '"' ? "\"\"" : std::string(1, c);
    }
    return result + '"';
}

[[noreturn]] void fail(const std::string &path, const char *what) {
    throw std::runtime_error("FrameLog " + path + ": " + what + ": " + std::strerror(errno) +
                             "; choose a file in a folder that exists and may be written to, or leave FrameLog empty");
}

} // namespace

void FrameLog::open(const std::string &path) {
    file_.close();
    file_.clear();
    path_ = path;
    if (path.empty()) {
        return;
    }
    errno = 0;
    file_.open(path, std::ios::app);
    if (!file_) {
        fail(path, "cannot be opened");
    }
    // The host may have set a locale with a decimal comma.
    file_.imbue(std::locale::classic());
    if (file_.tellp() == std::ofstream::pos_type(0)) {
        file_ << "time,frame,width,height,bytes_per_pixel,done,milliseconds,score,message\n" << std::flush;
    }
}

void FrameLog::write(const FrameRecord &r) {
    errno = 0;
    file_ << now() << ',' << r.number << ',' << r.width << ',' << r.height << ',' << r.bytes_per_pixel << ','
          << quoted(r.done) << ',' << std::fixed << std::setprecision(3) << r.milliseconds << ',';
    if (r.score >= 0) {
        file_ << std::defaultfloat << std::setprecision(9) << r.score;
    }
    file_ << ',' << quoted(r.message) << '\n' << std::flush;
    if (!file_) {
        file_.close();
        fail(path_, "cannot be written");
    }
}

} // namespace parfocal_mm
