// A text file with a line for each frame: what was done to it, so that nobody has to guess which frames of an
// acquisition are restored.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace parfocal_mm {

/// One line.
struct FrameRecord {
    std::uint64_t number = 0; ///< counts all frames since the device was loaded, from 1
    unsigned width = 0, height = 0, bytes_per_pixel = 0;
    const char *done = "";
    double milliseconds = 0; ///< in the adapter
    double score = -1; ///< negative: not scored
    std::string message;
};

/// Comma-separated values, flushed line by line: what stands there survives a crash of the host.
class FrameLog {
public:
    /// Appends to the file of this name from now on; "" closes it. Throws std::runtime_error if it cannot be opened.
    void open(const std::string &path);
    bool is_open() const { return file_.is_open(); }
    /// Throws std::runtime_error if it cannot be written; then the log is closed.
    void write(const FrameRecord &record);

private:
    std::string path_;
    std::ofstream file_;
};

} // namespace parfocal_mm
