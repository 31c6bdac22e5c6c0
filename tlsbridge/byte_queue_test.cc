#include "tlsbridge/byte_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

#include "absl/strings/string_view.h"
#include "skex/base/bytes.h"

namespace tlsbridge {
namespace {

TEST(ByteQueue, KeepsOrder) {
  ByteQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.Append(skex::AsBytes("abc"));
  queue.Append({});
  queue.Append(skex::AsBytes("def"));
  queue.Consume(2);
  EXPECT_EQ(skex::AsText(queue.view()), "cdef");
  EXPECT_EQ(queue.size(), 4u);
  queue.Consume(100);
  EXPECT_TRUE(queue.empty());
  queue.Append(skex::AsBytes("g"));
  queue.Clear();
  EXPECT_TRUE(queue.view().empty());
}

TEST(ByteQueue, ReservedRoomIsNotCopiedAgain) {
  ByteQueue queue;
  queue.Append(skex::AsBytes("x"));
  queue.Reserve(100000);
  const uint8_t* const at = queue.view().data();
  queue.Append(skex::AsBytes(std::string(100000, 'y')));
  EXPECT_EQ(queue.view().data(), at);
}

TEST(BlockPool, LargeBlocksComeBack) {
  Block block = TakeBlock(100000);
  EXPECT_GE(block.capacity, 100000u);
  const uint8_t* const at = block.bytes.get();
  GiveBlock(std::move(block));
  EXPECT_NE(TakeBlock(1000).bytes.get(), at);  // too large for that
  EXPECT_EQ(TakeBlock(90000).bytes.get(), at);
}

TEST(ByteQueue, AgreesWithString) {
  std::random_device device;
  const unsigned seed = device();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  ByteQueue queue;
  std::string model;
  uint8_t next = 0;
  for (int step = 0; step < 20000; ++step) {
    if (random() % 2 == 0) {
      std::string bytes(random() % (random() % 50 == 0 ? 5000 : 50), '\0');
      for (char& byte : bytes) byte = static_cast<char>(next++);
      queue.Append(skex::AsBytes(bytes));
      model += bytes;
    } else {
      const size_t size = std::min<size_t>(random() % 400, model.size());
      queue.Consume(size);
      model.erase(0, size);
    }
    ASSERT_EQ(skex::AsText(queue.view()), model);
  }
}

}  // namespace
}  // namespace tlsbridge
