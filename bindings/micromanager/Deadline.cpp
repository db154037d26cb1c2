// SPDX-License-Identifier: MIT OR Apache-2.0

#include "Deadline.h"

namespace parfocal_mm {

Deadline::Deadline() : thread_([this] { watch(); }) {}

Deadline::~Deadline() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Deadline::arm(const parfocal::Task &task, Clock::time_point time) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        task_ = &task;
        time_ = time;
        cancelled_ = false;
    }
    changed_.notify_one();
}

bool Deadline::disarm() {
    const std::lock_guard<std::mutex> lock(mutex_);
    task_ = nullptr;
    return cancelled_;
}

void Deadline::watch() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!ended_) {
        if (task_ == nullptr) {
            changed_.wait(lock);
        } else if (Clock::now() < time_) {
            changed_.wait_until(lock, time_);
        } else {
            // Under the lock, so that the task cannot be destroyed meanwhile.
            try {
                task_->cancel();
                cancelled_ = true;
            } catch (const parfocal::Error &) {
                // Cancelling failed: the run goes on to its end.
            }
            task_ = nullptr;
        }
    }
}

} // namespace parfocal_mm
