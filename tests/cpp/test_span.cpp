// Spans in C++: one type in every standard, made from what has data() and size().

#include "check.hpp"

#include <array>
#include <type_traits>

#if __cplusplus >= 202002L
#include <span>
static_assert(!std::is_same_v<parfocal::Span<float>, std::span<float>>);
static_assert(std::is_convertible_v<std::span<float>, parfocal::Span<float>>);
static_assert(std::is_convertible_v<std::span<float, 4>, parfocal::Span<const float>>);
static_assert(!std::is_convertible_v<std::span<const float>, parfocal::Span<float>>);
#endif

using parfocal::Span;
template <class From, class To> constexpr bool gives = std::is_convertible_v<From, Span<To>>;
using Vector = std::vector<std::uint8_t>;
static_assert(gives<Vector &, std::uint8_t> && gives<Vector &, const std::uint8_t> &&
              gives<const Vector &, const std::uint8_t>);
static_assert(!gives<const Vector &, std::uint8_t> && !gives<Vector &, std::uint16_t> && !gives<int, std::uint8_t>);
// What goes away at once may be read in the call, but nothing would be left of what is written.
static_assert(gives<Vector, const std::uint8_t> && !gives<Vector, std::uint8_t>);
static_assert(gives<Span<std::uint8_t>, const std::uint8_t> && !gives<Span<const std::uint8_t>, std::uint8_t>);
static_assert(gives<std::array<float, 3> &, float> && gives<float (&)[3], const float>);
static_assert(std::is_trivially_copyable_v<Span<float>> && std::is_nothrow_default_constructible_v<Span<float>>);

std::uint64_t sum(Span<const std::uint8_t> bytes) {
    std::uint64_t result = 0;
    for (const std::uint8_t byte : bytes) result += byte;
    return result;
}

void test_span() {
    Vector bytes{1, 2, 3};
    const Span<std::uint8_t> writable(bytes);
    writable[1] = 40;
    CHECK(writable.data() == bytes.data() && writable.size() == 3 && !writable.empty());
    CHECK(sum(bytes) == 44 && sum(writable) == 44 && sum({bytes.data() + 1, 2}) == 43 && sum(Vector{7, 8}) == 15);
    const std::uint8_t array[] = {5, 6};
    CHECK(sum(array) == 11 && sum(Span<const std::uint8_t>()) == 0 && Span<const float>().empty());
#if __cplusplus >= 202002L
    CHECK(sum(std::span<std::uint8_t>(bytes).first(2)) == 41);
    CHECK(std::span<const std::uint8_t>(writable).size() == 3);
    std::vector<float> pixels(12, 2.0F);
    const std::span<float> first = std::span<float>(pixels).first(6);
    const parfocal::View view(first, parfocal::Shape{3, 2});
    CHECK(view.data() == pixels.data() && view.count() == 6);
#endif
}
