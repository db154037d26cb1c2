// Models in C++: opening, describing, ownership, errors as exceptions.

#include "check.hpp"

#include <fstream>
#include <iterator>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

using parfocal::Model;
using parfocal::Stream;
using parfocal::Task;

// Each kind is its own type, moves without throwing, and is not copied.
template <class T> constexpr bool owns() {
    return std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
           !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> && std::is_nothrow_destructible_v<T>;
}
static_assert(owns<Model>() && owns<Task>() && owns<Stream<std::uint16_t>>());
static_assert(!std::is_convertible_v<std::uint64_t, Model> && !std::is_convertible_v<Model, std::uint64_t>);
static_assert(!std::is_convertible_v<Task, Model> && !std::is_convertible_v<Model, Task>);
static_assert(std::is_base_of_v<std::runtime_error, parfocal::Error>);
static_assert(std::is_convertible_v<parfocal::View<float>, parfocal::View<const float>>);
static_assert(!std::is_convertible_v<parfocal::View<const float>, parfocal::View<float>>);

static void ownership() {
    Model one = Model::open(suite.model, suite.options);
    const parfocal_model handle = one.handle();
    Model other = std::move(one);
    CHECK(other.handle() == handle && one.handle() == 0);
    CHECK_THROWS(one.describe(), INVALID_HANDLE, "0 is no model");
    one = Model::open(suite.model, suite.options);
    const parfocal_model replaced = one.handle();
    one = std::move(other);
    CHECK(one.handle() == handle);
    std::uint64_t length = 0;
    CHECK(parfocal_model_describe(replaced, nullptr, 0, &length) == PARFOCAL_STATUS_INVALID_HANDLE);
    one.close();
    CHECK(parfocal_model_describe(handle, nullptr, 0, &length) == PARFOCAL_STATUS_INVALID_HANDLE);
    one.close();
    CHECK_THROWS(one.describe(), INVALID_HANDLE, "0 is no model");

    parfocal_task left = 0;
    {
        const Task task;
        left = task.handle();
        CHECK(parfocal_task_cancel(left) == PARFOCAL_STATUS_OK);
    }
    CHECK(parfocal_task_cancel(left) == PARFOCAL_STATUS_INVALID_HANDLE);
}

void test_model() {
    CHECK(parfocal_abi_version() == parfocal::header_abi_version);
    CHECK(parfocal::version() == parfocal::header_version);
    const Model model = Model::open(suite.model, suite.options);
    const std::string described = model.describe();
    CHECK(described.front() == '{' && described.back() == '}');
    CHECK(described.find("\"provider\":") != std::string::npos);
    const std::string doctor = parfocal::doctor();
    CHECK(doctor.front() == '{' && doctor.back() == '}' && doctor.find("\"runtime_path\":") != std::string::npos);

    std::ifstream file(suite.model, std::ios::binary);
    const std::vector<char> text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::vector<std::uint8_t> bytes(text.begin(), text.end());
    CHECK(Model::open_memory(bytes, suite.options).describe() == described);
    std::uint64_t expected = 0;
    for (const std::uint8_t byte : bytes) expected += byte;
    CHECK(sum(bytes) == expected);
    bytes.resize(bytes.size() / 2);
    CHECK_THROWS(Model::open_memory(bytes, suite.options), MODEL, "");
    CHECK_THROWS(Model::open("no/such/model.onnx"), NOT_FOUND, "no/such/model.onnx");
    CHECK_THROWS(Model::open(suite.model, "colour=green"), BAD_OPTION, "unknown option 'colour'");
    ownership();
}
