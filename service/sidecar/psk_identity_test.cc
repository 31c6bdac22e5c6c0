#include "service/sidecar/psk_identity.h"

#include <string>

#include "gtest/gtest.h"
#include "service/sidecar/fake_psk_provider.h"

namespace service {
namespace {

TEST(PskIdentity, ReadsKeyAndIndex) {
  const PskIdentity identity = PskIdentity::Parse(TestPsk(0xab, 258).identity);
  EXPECT_EQ(identity.key, TestKeyId(0xab));
  EXPECT_EQ(identity.KeyText(), "abababababababababababababababab");
  EXPECT_EQ(identity.IndexText(), "258");
}

TEST(PskIdentity, OtherLayoutsHaveNeither) {
  const std::string valid = TestPsk(1, 1).identity;
  for (const std::string& other :
       {std::string(), std::string("Client_identity"), valid + "x",
        valid.substr(1), "skx2" + valid.substr(4)}) {
    const PskIdentity identity = PskIdentity::Parse(other);
    EXPECT_FALSE(identity.key.has_value());
    EXPECT_EQ(identity.KeyText(), "-");
    EXPECT_EQ(identity.IndexText(), "-");
  }
}

}  // namespace
}  // namespace service
