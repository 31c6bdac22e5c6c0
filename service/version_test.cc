#include "service/version.h"

#include <gtest/gtest.h>

namespace service {
namespace {

TEST(VersionTest, NamesProgramVersionAndTlsLibrary) {
  EXPECT_EQ(VersionText("skexctl"),
            "skexctl 0.1.0 (" + BoringSslVersion() + ")");
  EXPECT_EQ(BoringSslVersion().rfind("BoringSSL", 0), 0u);
}

}  // namespace
}  // namespace service
