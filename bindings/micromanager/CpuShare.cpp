// SPDX-License-Identifier: MIT OR Apache-2.0

#include "CpuShare.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <time.h>
#endif

namespace parfocal_mm {

namespace {

// Processor time of the program so far.
double processor_seconds() {
#ifdef _WIN32
    FILETIME begun, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &begun, &ended, &kernel, &user)) {
        return 0;
    }
    const auto seconds = [](FILETIME time) { return 429.4967296 * time.dwHighDateTime + 1e-7 * time.dwLowDateTime; };
    return seconds(kernel) + seconds(user);
#else
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
#endif
}

} // namespace

CpuShare::CpuShare() : since_(std::chrono::steady_clock::now()), seconds_(processor_seconds()) {}

double CpuShare::look() {
    const auto now = std::chrono::steady_clock::now();
    const double passed = std::chrono::duration<double>(now - since_).count();
    if (passed >= 0.5) {
        const double seconds = processor_seconds();
        share_ = (seconds - seconds_) / passed;
        since_ = now;
        seconds_ = seconds;
    }
    return share_;
}

} // namespace parfocal_mm
