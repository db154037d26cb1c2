// The image processor "Parfocal" as Micro-Manager sees it: properties around a FrameProcessor.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#pragma once

#include "FrameProcessor.h"

#include <DeviceBase.h>

#include <functional>
#include <string>
#include <vector>

namespace parfocal_mm {

class Device : public CImageProcessorBase<Device> {
public:
    static const char *const name;
    static const char *const description;

    // What MMCore calls.
    int Initialize() override;
    int Shutdown() override;
    void GetName(char *name) const override;
    bool Busy() override { return false; }
    int Process(unsigned char *buffer, unsigned width, unsigned height, unsigned bytes_per_pixel) override;

private:
    using Change = std::function<void(Settings &, const std::string &)>;

    void time_budget();
    void text(const char *property, std::string Opening::*member);
    void choice(const char *property, const std::vector<const char *> &values, const Change &change);
    void changed(const char *property, const char *value, MM::PropertyType type, const Change &change);
    void shown(const char *property, MM::PropertyType type, const std::function<std::string()> &value);
    void act(const char *property, const char *value, MM::PropertyType type, bool read_only,
             const std::function<void(MM::PropertyBase &, MM::ActionType)> &action);
    void limits(const char *property, double low, double high);

    FrameProcessor frames_;
};

} // namespace parfocal_mm
