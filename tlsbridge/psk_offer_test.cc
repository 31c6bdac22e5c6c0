#include "tlsbridge/psk_offer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "skex/base/bytes.h"

namespace tlsbridge {
namespace {

using ::skex::ByteWriter;
using ::skex::PskForm;
using ::skex::PskHash;
using ::testing::ElementsAre;

std::string Imported(absl::string_view identity, absl::string_view context,
                     uint16_t protocol, uint16_t kdf) {
  ByteWriter writer;
  writer.Prefixed(identity).Prefixed(context).U16(protocol).U16(kdf);
  return std::move(writer).Take();
}

// The extension for identities with binders of the given sizes.
struct Offered {
  std::string identity;
  size_t binder_size;
};

std::string Extension(const std::vector<Offered>& offers) {
  ByteWriter identities, binders, extension;
  for (const Offered& offer : offers) {
    identities.Prefixed(offer.identity).U32(0);
    binders.U8(static_cast<uint8_t>(offer.binder_size));
    binders.Raw(std::string(offer.binder_size, 'b'));
  }
  extension.Prefixed(identities.bytes()).Prefixed(binders.bytes());
  return std::move(extension).Take();
}

absl::StatusOr<std::vector<PskOffer>> Parse(absl::string_view extension) {
  return ParsePskOffers(skex::AsBytes(extension));
}

TEST(PskOffer, ImportedIdentityIsTakenApart) {
  EXPECT_THAT(
      *Parse(Extension({{Imported("id", "ctx", 0x0304, 2), 48},
                        {Imported("id", "", 0x0304, 1), 32}})),
      ElementsAre(PskOffer{"id", "ctx", PskForm::kImported, PskHash::kSha384},
                  PskOffer{"id", "", PskForm::kImported, PskHash::kSha256}));
}

TEST(PskOffer, AnyOtherIdentityIsRaw) {
  for (const std::string& identity :
       {std::string("plain"), std::string(1, '\0'),
        Imported("id", "ctx", 0x0303, 1), Imported("id", "ctx", 0x0304, 3),
        Imported("", "ctx", 0x0304, 1), Imported("id", "c", 0x0304, 1) + "x"}) {
    EXPECT_THAT(
        *Parse(Extension({{identity, 32}})),
        ElementsAre(PskOffer{identity, "", PskForm::kRaw, PskHash::kSha256}));
  }
  EXPECT_THAT(
      *Parse(Extension({{"plain", 48}})),
      ElementsAre(PskOffer{"plain", "", PskForm::kRaw, PskHash::kSha384}));
}

TEST(PskOffer, EveryTruncationIsRefused) {
  const std::string whole =
      Extension({{Imported("id", "ctx", 0x0304, 2), 48}, {"raw", 32}});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Parse(absl::string_view(whole).substr(0, size)).status().code(),
              absl::StatusCode::kInvalidArgument)
        << size;
  }
}

TEST(PskOffer, MalformedExtensionIsRefused) {
  const std::string identity = ByteWriter().Prefixed("id").U32(0).bytes();
  const std::string binder = '\x20' + std::string(32, 'b');
  const auto extension = [](const std::string& identities,
                            const std::string& binders) {
    return ByteWriter().Prefixed(identities).Prefixed(binders).bytes();
  };
  ASSERT_TRUE(Parse(extension(identity, binder)).ok());
  for (const std::string& bytes :
       {std::string(), Extension({}), Extension({{"", 32}}),
        Extension({{"id", 32}}) + "x", Extension({{"id", 31}}),
        Extension({{"id", 0}}), extension(identity, binder + binder),
        extension(identity + identity, binder)}) {
    EXPECT_EQ(Parse(bytes).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace tlsbridge
