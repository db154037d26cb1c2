// SPDX-License-Identifier: MIT OR Apache-2.0

#include "Device.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iomanip>
#include <limits>
#include <locale>
#include <sstream>
#include <stdexcept>

namespace parfocal_mm {

const char *const Device::name = "Parfocal";
const char *const Device::description = "Restores out-of-focus frames, or scores their focus";

namespace {

const char *const yes = "Yes";
const char *const no = "No";

// A value of a numeric property, which MMDevice parses in the locale of the host.
std::string number(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.4f", value);
    return text;
}

// A number with a decimal point, whatever the host's locale has.
std::string plain(double value) {
    std::ostringstream digits;
    digits.imbue(std::locale::classic());
    digits << std::setprecision(9) << value;
    return digits.str();
}

// A number with a decimal point or a decimal comma, whatever the host's locale has; NaN for anything else.
double value_of(std::string text) {
    std::replace(text.begin(), text.end(), ',', '.');
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    double value = 0;
    if (!(stream >> value) || !(stream >> std::ws).eof()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    return value;
}

// The text, cut between characters to what Micro-Manager has room for.
std::string limited(std::string text) {
    std::size_t size = MM::MaxStrLength - 1;
    if (text.size() > size) {
        while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
            --size;
        }
        text.resize(size);
    }
    return text;
}

} // namespace

int Device::Initialize() {
    text("Model", &Opening::model);
    text("Device", &Opening::device);
    changed("Threads", "0", MM::Integer,
            [](Settings &s, const std::string &value) { s.opening.threads = std::atol(value.c_str()); });
    limits("Threads", 0, 1024);
    text("OpenOptions", &Opening::options);
    changed("RunOptions", "", MM::String, [](Settings &s, const std::string &value) { s.run_options = value; });
    choice("Mode", {"restore", "score only", "off"}, [](Settings &s, const std::string &value) {
        s.mode = value == "restore" ? Mode::Restore : value == "off" ? Mode::Off : Mode::ScoreOnly;
    });
    choice("SkipWhenLate", {no, yes}, [](Settings &s, const std::string &value) { s.skip_when_late = value == yes; });
    time_budget();
    choice("FourBytePixels", {"untouched", "RGBA"},
           [](Settings &s, const std::string &value) { s.four_bytes_are_rgba = value == "RGBA"; });
    changed("FrameLog", "", MM::String, [](Settings &s, const std::string &value) { s.log = value; });

    shown("FramesProcessed", MM::Integer, [this] { return std::to_string(frames_.counters().processed); });
    shown("FramesSkipped", MM::Integer, [this] { return std::to_string(frames_.counters().skipped); });
    shown("FramesFailed", MM::Integer, [this] { return std::to_string(frames_.counters().failed); });
    shown("QueueDepth", MM::Integer, [this] { return std::to_string(frames_.live().queued); });
    shown("FrameAgeMs", MM::Float, [this] { return number(frames_.live().age_ms); });
    shown("CpuShare", MM::Float, [this] { return number(frames_.live().cpu_share); });
    shown("LatencyMsMedian", MM::Float, [this] { return number(frames_.counters().median_ms); });
    shown("LatencyMsP95", MM::Float, [this] { return number(frames_.counters().p95_ms); });
    shown("FocusScore", MM::String, [this] {
        const double score = frames_.counters().score;
        // A text property, the same in every locale.
        return score < 0 ? std::string() : plain(score);
    });
    shown("ActiveDevice", MM::String, [this] { return frames_.active_device(); });
    shown("LastError", MM::String, [this] { return frames_.last_error(); });
    shown("LibraryVersion", MM::String, [] { return parfocal::version(); });

    act("ResetCounters", no, MM::String, false, [this](MM::PropertyBase &property, MM::ActionType action) {
        std::string value;
        property.Get(value);
        if (action == MM::AfterSet && value == yes) {
            frames_.reset_counters();
            property.Set(no);
        }
    });
    AddAllowedValue("ResetCounters", no);
    AddAllowedValue("ResetCounters", yes);
    return DEVICE_OK;
}

int Device::Shutdown() {
    // A camera's thread may still call Process.
    Settings settings = frames_.settings();
    settings.mode = Mode::Off;
    frames_.set(settings);
    return DEVICE_OK;
}

void Device::GetName(char *buffer) const { CDeviceUtils::CopyLimitedString(buffer, name); }

int Device::Process(unsigned char *buffer, unsigned width, unsigned height, unsigned bytes_per_pixel) {
    if (buffer != nullptr) {
        frames_.process(buffer, width, height, bytes_per_pixel);
    }
    // MMCore ignores an image processor's error code; LastError has the failure.
    return DEVICE_OK;
}

// A text property: MMDevice reads numbers in the host's locale, where 33.5 may be 33.
void Device::time_budget() {
    const std::string start = plain(frames_.settings().time_budget_ms);
    act("TimeBudgetMs", start.c_str(), MM::String, false, [this](MM::PropertyBase &set, MM::ActionType action) {
        if (action != MM::AfterSet) {
            return;
        }
        std::string given;
        set.Get(given);
        Settings settings = frames_.settings();
        const double budget = value_of(given);
        const bool fits = budget >= 1 && budget <= 60000;
        if (fits) {
            settings.time_budget_ms = budget;
            frames_.set(settings);
        }
        set.Set(plain(settings.time_budget_ms).c_str());
        if (!fits) {
            throw std::invalid_argument("a time budget from 1 to 60000 milliseconds was expected");
        }
    });
}

void Device::text(const char *property, std::string Opening::*member) {
    changed(property, (frames_.settings().opening.*member).c_str(), MM::String,
            [member](Settings &s, const std::string &value) { s.opening.*member = value; });
}

void Device::choice(const char *property, const std::vector<const char *> &values, const Change &change) {
    changed(property, values.front(), MM::String, change);
    for (const char *value : values) {
        AddAllowedValue(property, value);
    }
}

void Device::changed(const char *property, const char *value, MM::PropertyType type, const Change &change) {
    act(property, value, type, false, [this, change](MM::PropertyBase &set, MM::ActionType action) {
        if (action == MM::AfterSet) {
            std::string given;
            set.Get(given);
            Settings settings = frames_.settings();
            change(settings, given);
            frames_.set(settings);
        }
    });
}

void Device::shown(const char *property, MM::PropertyType type, const std::function<std::string()> &value) {
    // The value is computed only when the property is read, because that may open a model.
    act(property, type == MM::String ? "" : "0", type, true, [value](MM::PropertyBase &got, MM::ActionType action) {
        if (action == MM::BeforeGet) {
            got.Set(limited(value()).c_str());
        }
    });
}

void Device::act(const char *property, const char *value, MM::PropertyType type, bool read_only,
                 const std::function<void(MM::PropertyBase &, MM::ActionType)> &action) {
    CreateProperty(property, value, type, read_only,
                   new MM::ActionLambda([action](MM::PropertyBase *about, MM::ActionType what) {
                       try {
                           action(*about, what);
                           return DEVICE_OK;
                       } catch (...) {
                           // Exceptions must not reach MMCore.
                           return DEVICE_ERR;
                       }
                   }));
}

void Device::limits(const char *property, double low, double high) { SetPropertyLimits(property, low, high); }

} // namespace parfocal_mm
