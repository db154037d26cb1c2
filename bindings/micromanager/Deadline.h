// Cancels a run that takes too long.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#pragma once

#include <parfocal.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace parfocal_mm {

using Clock = std::chrono::steady_clock;

/// A thread that cancels the current run at its deadline, within the current network node.
class Deadline {
public:
    Deadline();
    ~Deadline();
    Deadline(const Deadline &) = delete;
    Deadline &operator=(const Deadline &) = delete;

    /// Cancels `task` at `time`, unless the Watch is destroyed before, because the run is over.
    class Watch {
    public:
        Watch(Deadline &deadline, const parfocal::Task &task, Clock::time_point time) : deadline_(deadline) {
            deadline_.arm(task, time);
        }
        ~Watch() { deadline_.disarm(); }
        Watch(const Watch &) = delete;
        Watch &operator=(const Watch &) = delete;
        /// Ends the watch after the run. True if the run was cancelled.
        bool end() { return deadline_.disarm(); }

    private:
        Deadline &deadline_;
    };

private:
    void arm(const parfocal::Task &task, Clock::time_point time);
    bool disarm();
    void watch();

    std::mutex mutex_;
    std::condition_variable changed_;
    const parfocal::Task *task_ = nullptr;
    Clock::time_point time_;
    bool cancelled_ = false;
    bool ended_ = false;
    std::thread thread_;
};

} // namespace parfocal_mm
