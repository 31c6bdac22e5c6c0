#include "service/version.h"

#include <openssl/base.h>

#include "absl/strings/str_cat.h"
#include "service/boringssl_patches.h"

#if !defined(OPENSSL_IS_BORINGSSL)
#error "This project needs BoringSSL."
#endif

namespace service {
namespace {

// The API number of the packaged revision. Another one means that the build
// was given another tree, whose revision nobody here knows.
constexpr int kPackagedApi = 17;
constexpr absl::string_view kPackagedRevision = "1530333b2";

}  // namespace

absl::string_view Version() { return "0.1.0"; }

std::string BoringSslVersion() {
  if (BORINGSSL_API_VERSION != kPackagedApi) {
    return absl::StrCat("BoringSSL, API ", BORINGSSL_API_VERSION);
  }
  return absl::StrCat("BoringSSL ", kPackagedRevision, " + ",
                      SKEX_BORINGSSL_PATCHES, " skex patches");
}

std::string VersionText(absl::string_view program) {
  return absl::StrCat(program, " ", Version(), " (", BoringSslVersion(), ")");
}

}  // namespace service
