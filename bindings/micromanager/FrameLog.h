// A log file with a line for each frame, which says whether the frame of an acquisition was restored.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace parfocal_mm {

/// One line.
struct FrameRecord {
    std::uint64_t number = 0; ///< of the frame since the device was loaded, from 1
    unsigned width = 0, height = 0, bytes_per_pixel = 0;
    const char *done = "";
    double milliseconds = 0; ///< in the adapter
    double score = -1; ///< negative: not scored
    std::string message;
};

/// Comma-separated values, flushed after each line, so that the log survives a crash of the host.
class FrameLog {
public:
    /// Opens the file for appending; "" closes the log. Throws std::runtime_error if it cannot be opened.
    void open(const std::string &path);
    bool is_open() const { return file_.is_open(); }
    /// Throws std::runtime_error and closes the log if it cannot be written.
    void write(const FrameRecord &record);

private:
    std::string path_;
    std::ofstream file_;
};

} // namespace parfocal_mm
