// The importer and the binders, against a second implementation that shares
// nothing with the first but SHA-2.

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "skex/base/bytes.h"
#include "tlsbridge/session.h"
#include "tlsbridge/session_pair.h"

namespace tlsbridge {
namespace {

using ::skex::ByteReader;
using ::skex::ByteWriter;
using ::skex::PskForm;
using ::skex::PskHash;

std::string Hash(PskHash hash, absl::string_view text) {
  const absl::Span<const uint8_t> in = skex::AsBytes(text);
  if (hash == PskHash::kSha256) {
    std::vector<uint8_t> out(32);
    SHA256(in.data(), in.size(), out.data());
    return std::string(skex::AsText(out));
  }
  std::vector<uint8_t> out(48);
  SHA384(in.data(), in.size(), out.data());
  return std::string(skex::AsText(out));
}

// RFC 2104.
std::string Hmac(PskHash hash, std::string key, absl::string_view text) {
  const size_t block = hash == PskHash::kSha256 ? 64 : 128;
  if (key.size() > block) key = Hash(hash, key);
  key.resize(block, '\0');
  std::string inner = key, outer = key;
  for (char& byte : inner) byte = static_cast<char>(byte ^ 0x36);
  for (char& byte : outer) byte = static_cast<char>(byte ^ 0x5c);
  return Hash(hash, outer + Hash(hash, inner + std::string(text)));
}

// HKDF-Extract of RFC 5869.
std::string Extract(PskHash hash, const std::string& salt,
                    absl::string_view key) {
  return Hmac(hash, salt, key);
}

// HKDF-Expand-Label of RFC 8446, section 7.1, for outputs of up to two blocks.
std::string ExpandLabel(PskHash hash, const std::string& secret,
                        absl::string_view label, absl::string_view context,
                        size_t size) {
  const std::string full = "tls13 " + std::string(label);
  ByteWriter writer;
  writer.U16(static_cast<uint16_t>(size));
  writer.U8(static_cast<uint8_t>(full.size())).Raw(full);
  writer.U8(static_cast<uint8_t>(context.size())).Raw(context);
  const std::string info = std::move(writer).Take();
  const std::string first = Hmac(hash, secret, info + '\x01');
  const std::string second = Hmac(hash, secret, first + info + '\x02');
  return (first + second).substr(0, size);
}

// RFC 9258, section 5.1.
std::string ImportedIdentity(absl::string_view id, absl::string_view context,
                             PskHash target) {
  ByteWriter writer;
  writer.Prefixed(id).Prefixed(context).U16(0x0304);
  writer.U16(target == PskHash::kSha256 ? 1 : 2);
  return std::move(writer).Take();
}

std::string Import(PskHash hash, absl::string_view key,
                   absl::string_view identity, PskHash target) {
  const std::string extracted = Extract(hash, "", key);
  return ExpandLabel(hash, extracted, "derived psk", Hash(hash, identity),
                     target == PskHash::kSha256 ? 32 : 48);
}

// RFC 8446, section 4.2.11.2, for a first ClientHello.
std::string Binder(PskHash hash, const std::string& psk,
                   absl::string_view label, absl::string_view truncated) {
  const size_t size = hash == PskHash::kSha256 ? 32 : 48;
  const std::string early = Extract(hash, std::string(size, '\0'), psk);
  const std::string binder_key =
      ExpandLabel(hash, early, label, Hash(hash, ""), size);
  const std::string finished =
      ExpandLabel(hash, binder_key, "finished", "", size);
  return Hmac(hash, finished, Hash(hash, truncated));
}

// The pre_shared_key extension of a ClientHello, and what its binders cover.
struct Hello {
  std::vector<std::string> identities;
  std::vector<std::string> binders;
  std::string truncated;
};

Hello ParseHello(absl::Span<const uint8_t> record) {
  Hello hello;
  ByteReader reader(record.subspan(5));
  const absl::Span<const uint8_t> message = record.subspan(5);
  reader.Raw(4 + 2 + 32);  // header, version, random
  reader.Raw(reader.U8());
  reader.Prefixed();        // ciphers
  reader.Raw(reader.U8());  // compression
  ByteReader extensions(skex::AsBytes(reader.Prefixed()));
  absl::string_view last;
  while (extensions.remaining() > 0) {
    extensions.U16();
    last = extensions.Prefixed();
  }
  ByteReader psk(skex::AsBytes(last));
  ByteReader identities(skex::AsBytes(psk.Prefixed()));
  const absl::string_view all_binders = psk.Prefixed();
  while (identities.remaining() > 0) {
    hello.identities.emplace_back(identities.Prefixed());
    EXPECT_EQ(identities.U32(), 0u);  // external PSKs have no age
  }
  ByteReader binders(skex::AsBytes(all_binders));
  while (binders.remaining() > 0) {
    hello.binders.emplace_back(skex::AsText(binders.Raw(binders.U8())));
  }
  hello.truncated = std::string(
      skex::AsText(message.first(message.size() - all_binders.size() - 2)));
  return hello;
}

TEST(Importer, SecondImplementationKnowsTheStandardVectors) {
  // RFC 4231, test case 2, and RFC 8448, section 3: the early secret without a
  // PSK and its "derived" secret.
  EXPECT_EQ(absl::BytesToHexString(
                Hmac(PskHash::kSha256, "Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string early =
      Extract(PskHash::kSha256, std::string(32, '\0'), std::string(32, '\0'));
  EXPECT_EQ(absl::BytesToHexString(early),
            "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
  EXPECT_EQ(
      absl::BytesToHexString(ExpandLabel(PskHash::kSha256, early, "derived",
                                         Hash(PskHash::kSha256, ""), 32)),
      "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
}

TEST(Importer, SecondImplementationAgreesWithAThird) {
  // Made with Python's hmac and hashlib after RFC 9258, section 5.1, and RFC
  // 8446, section 7.1: key "k" * 32, external identity "id", context
  // "client|server".
  struct Vector {
    PskHash hash;
    PskHash target;
    absl::string_view psk;
  };
  const Vector vectors[] = {
      {PskHash::kSha256, PskHash::kSha256,
       "4d3e4cbb0c4e0235a07cb6daf0f184f955ef005f1b49c2908a4f39fed1f53eae"},
      {PskHash::kSha256, PskHash::kSha384,
       "c743d33b0998b427269664c2b3317b3e2118871d28bc17563fa8aaf3fcb62eae"
       "12921ee58bf959d820249bfd1956a92f"},
      {PskHash::kSha384, PskHash::kSha256,
       "9a303c02f8a9ef1e4b090aeae5cc55a802297a799786a436c9494d674a0c5a1a"},
      {PskHash::kSha384, PskHash::kSha384,
       "8e767a53a0d8133a6ae924753ab0dc4bae676dfe85830bc028fb138877e1a898"
       "c2f693c7ca766bfca3a0ddc06583077c"},
  };
  for (const Vector& vector : vectors) {
    const std::string identity =
        ImportedIdentity("id", "client|server", vector.target);
    EXPECT_EQ(absl::BytesToHexString(Import(vector.hash, std::string(32, 'k'),
                                            identity, vector.target)),
              vector.psk);
  }
}

class ImporterHash : public ::testing::TestWithParam<PskHash> {};

TEST_P(ImporterHash, BindersOfImportedPskAreThoseOfRfc9258) {
  SessionPair pair;
  pair.Start(TestPsk(PskForm::kImported, GetParam()));
  const Hello hello = ParseHello(pair.client->output());
  ASSERT_EQ(hello.identities.size(), 2u);
  ASSERT_EQ(hello.binders.size(), 2u);
  // The order is the library's choice.
  const bool larger_first = hello.binders[0].size() == 48;
  const PskHash targets[] = {
      larger_first ? PskHash::kSha384 : PskHash::kSha256,
      larger_first ? PskHash::kSha256 : PskHash::kSha384,
  };
  for (int i = 0; i < 2; ++i) {
    const std::string identity =
        ImportedIdentity("id", "client|server", targets[i]);
    EXPECT_EQ(hello.identities[i], identity);
    const std::string psk =
        Import(GetParam(), std::string(32, 'k'), identity, targets[i]);
    EXPECT_EQ(absl::BytesToHexString(hello.binders[i]),
              absl::BytesToHexString(
                  Binder(targets[i], psk, "imp binder", hello.truncated)));
  }
}

TEST_P(ImporterHash, BinderOfRawPskIsThatOfRfc8446) {
  if (!HasSkexExtensions()) GTEST_SKIP() << "needs the packaged BoringSSL";
  SessionPair pair;
  pair.Start(TestPsk(PskForm::kRaw, GetParam()));
  const Hello hello = ParseHello(pair.client->output());
  ASSERT_EQ(hello.identities, std::vector<std::string>{"id"});
  ASSERT_EQ(hello.binders.size(), 1u);
  EXPECT_EQ(absl::BytesToHexString(hello.binders[0]),
            absl::BytesToHexString(Binder(GetParam(), std::string(32, 'k'),
                                          "ext binder", hello.truncated)));
}

INSTANTIATE_TEST_SUITE_P(Importer, ImporterHash,
                         ::testing::Values(PskHash::kSha256, PskHash::kSha384));

}  // namespace
}  // namespace tlsbridge
