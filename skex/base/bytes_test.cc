#include "skex/base/bytes.h"

#include <string>

#include "gtest/gtest.h"
#include "skex/base/ids.h"

namespace skex {
namespace {

std::string Sample() {
  ByteWriter writer;
  writer.U8(1).U16(0x0203).U32(0x04050607).U64(0x08090a0b0c0d0e0f);
  writer.Prefixed("name");
  return std::move(writer).Take();
}

TEST(BytesTest, IntegersAreBigEndian) {
  EXPECT_EQ(Sample().substr(0, 15),
            "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f");
}

TEST(BytesTest, ReadsWhatWasWritten) {
  std::string bytes = Sample();
  ByteReader reader(AsBytes(bytes));
  EXPECT_EQ(reader.U8(), 1);
  EXPECT_EQ(reader.U16(), 0x0203);
  EXPECT_EQ(reader.U32(), 0x04050607u);
  EXPECT_EQ(reader.U64(), 0x08090a0b0c0d0e0fu);
  EXPECT_EQ(reader.Prefixed(), "name");
  EXPECT_TRUE(reader.Finish("sample").ok());
}

TEST(BytesTest, EveryTruncationFails) {
  const std::string bytes = Sample();
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader reader(AsBytes(absl::string_view(bytes).substr(0, size)));
    reader.U8();
    reader.U16();
    reader.U32();
    reader.U64();
    reader.Prefixed();
    EXPECT_FALSE(reader.Finish("sample").ok()) << size;
  }
}

TEST(BytesTest, BytesLeftOverFail) {
  ByteReader reader(AsBytes("xy"));
  reader.U8();
  EXPECT_EQ(reader.Finish("sample").message(), "sample has 1 bytes too many");
}

TEST(BytesTest, FailedReaderReturnsZeros) {
  ByteReader reader(AsBytes("x"));
  EXPECT_EQ(reader.U32(), 0u);
  EXPECT_EQ(reader.U8(), 0);
  EXPECT_EQ(reader.Id16<Nonce>(), Nonce());
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace skex
