// How busy the program keeps the processor.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#pragma once

#include <chrono>

namespace parfocal_mm {

/// Cores that all threads of the program keep busy, those of cameras and of Micro-Manager included. One thread at a
/// time.
class CpuShare {
public:
    CpuShare();

    /// Since the last reading that is at least half a second old.
    double look();

private:
    std::chrono::steady_clock::time_point since_;
    double seconds_;
    double share_ = 0;
};

} // namespace parfocal_mm
