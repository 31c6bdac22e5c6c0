#include "skex/mac/mac_polynomial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "absl/types/span.h"
#include "skex/gf/gf8.h"

namespace skex {
namespace {

using Message = std::vector<Gf8>;

// All messages of at most `longest` words.
std::vector<Message> MessagesUpTo(unsigned longest) {
  std::vector<Message> messages;
  for (unsigned size = 0; size <= longest; ++size) {
    for (unsigned number = 0; number < WordCount(size); ++number) {
      messages.push_back(Gf8Words(size, number));
    }
  }
  return messages;
}

Gf8 TagWithLength(Gf8 a, Gf8 b, const Message& message) {
  return MacPolynomial(a, b, absl::Span<const Gf8>(message),
                       Gf8(static_cast<unsigned>(message.size())));
}

Gf8 TagWithoutLength(Gf8 a, Gf8 b, const Message& message) {
  return MacPolynomial(a, b, absl::Span<const Gf8>(message), Gf8());
}

// The number of keys, of the 8 that fit `seen` and its tag, under which the
// best change of the tag makes it that of `forged`. The tag does not depend on
// which of the 8 it is: b is uniform and independent of a.
template <class TagFunction>
unsigned BestForgery(TagFunction tag, const Message& seen,
                     const Message& forged) {
  std::array<unsigned, 8> keys_by_change{};
  for (unsigned a = 0; a < 8; ++a) {
    const Gf8 change = tag(Gf8(a), Gf8(), seen) + tag(Gf8(a), Gf8(), forged);
    ++keys_by_change[change.bits()];
  }
  return *std::max_element(keys_by_change.begin(), keys_by_change.end());
}

template <class TagFunction>
unsigned BestForgery(TagFunction tag, unsigned longest) {
  const std::vector<Message> messages = MessagesUpTo(longest);
  unsigned best = 0;
  for (const Message& seen : messages) {
    for (const Message& forged : messages) {
      if (forged != seen) best = std::max(best, BestForgery(tag, seen, forged));
    }
  }
  return best;
}

TEST(MacPolynomialTest, BOnlyShiftsTheTag) {
  for (const Message& message : MessagesUpTo(2)) {
    for (unsigned a = 0; a < 8; ++a) {
      for (unsigned b = 0; b < 8; ++b) {
        EXPECT_TRUE(TagWithLength(Gf8(a), Gf8(b), message) ==
                    TagWithLength(Gf8(a), Gf8(), message) + Gf8(b));
      }
    }
  }
}

// s words, the one for the length included, are the best that an adversary can
// do: s of 8 keys. And he can.
TEST(MacPolynomialTest, BestForgeryIsTheNumberOfWordsInTheFieldsSize) {
  for (unsigned longest = 1; longest <= 3; ++longest) {
    EXPECT_EQ(BestForgery(TagWithLength, longest), longest + 1);
  }
}

TEST(MacPolynomialTest, WithoutALengthForgeryIsCertain) {
  EXPECT_EQ(BestForgery(TagWithoutLength, {Gf8(5)}, {Gf8(5), Gf8(0)}), 8u);
  EXPECT_EQ(BestForgery(TagWithoutLength, 1), 8u);
}

}  // namespace
}  // namespace skex
