// The settings of the adapter, as plain values.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#pragma once

#include <string>

namespace parfocal_mm {

/// What is done to each frame.
enum class Mode { Restore, ScoreOnly, Off };

/// The model and how it is opened. A change opens another model.
struct Opening {
    std::string model; ///< an ONNX file, UTF-8; "" is the model inside the library
    std::string device = "auto";
    long threads = 0; ///< 0: the library chooses
    std::string options; ///< other options of opening: precision, memory, runtime

    bool operator==(const Opening &other) const {
        return model == other.model && device == other.device && threads == other.threads && options == other.options;
    }
    bool operator!=(const Opening &other) const { return !(*this == other); }
};

struct Settings {
    Opening opening;
    Mode mode = Mode::Restore;
    std::string run_options; ///< options of a run (docs/options.md)
    bool skip_when_late = false;
    double time_budget_ms = 50; ///< used with skip_when_late only
    bool four_bytes_are_rgba = false; ///< otherwise frames of 4 bytes a pixel are left as they are
    std::string log; ///< a file that gets a line for each frame; "" for none
};

} // namespace parfocal_mm
