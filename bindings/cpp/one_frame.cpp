// Restores one 16-bit frame: one_frame [MODEL [OPTIONS]], without arguments with the model inside the library.

#include <parfocal.hpp>

#include <cmath>
#include <cstdint>
#include <iostream>
#include <vector>

// Out-of-focus beads on a camera's offset; a program would take the pixels from its camera.
static std::vector<std::uint16_t> simulate(int width, int height) {
    std::vector<std::uint16_t> pixels;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            double light = 120.0;
            for (int bead = 0; bead < 12; ++bead) {
                const double dx = x - bead * 97 % width, dy = y - bead * 61 % height;
                light += 2500.0 * std::exp(-(dx * dx + dy * dy) / 60.0);
            }
            pixels.push_back(static_cast<std::uint16_t>(light));
        }
    }
    return pixels;
}

int main(int count, char **arguments) try {
    const int width = 320, height = 240;
    const std::vector<std::uint16_t> frame = simulate(width, height);

    const auto model = parfocal::Model::open(count > 1 ? arguments[1] : "", count > 2 ? arguments[2] : "");
    const std::vector<std::uint16_t> restored = model.restore(frame, width, height);

    const parfocal::Shape shape{width, height};
    std::cout << "Parfocal " << parfocal::version() << " restored " << width << "x" << height << " pixels; focus score "
              << parfocal::focus_score(parfocal::View(frame, shape)).front() << " before, "
              << parfocal::focus_score(parfocal::View(restored, shape)).front() << " after\n";
    return 0;
} catch (const parfocal::Error &error) {
    std::cerr << error.status_name() << ": " << error.what() << "\n";
    return 1;
}
