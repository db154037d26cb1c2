// Restores a stack in place while a second thread works; the first shows progress and cancels:
// stack_with_cancel [MODEL [OPTIONS [PLANES]]]. The run is cancelled when PLANES planes are done (3 without the
// argument).

#include <parfocal.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <iostream>
#include <string>
#include <vector>

int main(int count, char **arguments) try {
    const parfocal::Shape shape{192, 160, 1, 12};
    const std::uint64_t enough = count > 3 ? std::stoull(arguments[3]) : 3;
    std::vector<std::uint16_t> stack(shape.samples());
    for (std::size_t i = 0; i < stack.size(); ++i) {
        stack[i] = static_cast<std::uint16_t>(200 + i * i / 511 % 3000);
    }

    const auto model = parfocal::Model::open(count > 1 ? arguments[1] : "", count > 2 ? arguments[2] : "");
    const parfocal::Task task; // one for each run
    auto run = std::async(std::launch::async, [&] { model.restore_in_place(parfocal::View(stack, shape), "", &task); });

    std::uint64_t shown = UINT64_MAX;
    while (run.wait_for(std::chrono::milliseconds(2)) != std::future_status::ready) {
        const std::uint64_t planes = task.planes_done();
        if (planes != shown) {
            std::cout << planes << " of " << shape.planes << " planes\n";
            shown = planes;
        }
        if (planes >= enough) {
            task.cancel();
        }
    }
    try {
        run.get();
        std::cout << "OK; all planes are restored\n";
    } catch (const parfocal::Error &error) {
        if (error.status() != PARFOCAL_STATUS_CANCELLED) throw;
        std::cout << error.status_name() << "; the first " << task.planes_done()
                  << " planes are restored, the others as they were\n";
    }
    return 0;
} catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 1;
}
