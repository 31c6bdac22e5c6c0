// What a session refuses, and how that looks from outside.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "skex/base/bytes.h"
#include "tlsbridge/session.h"
#include "tlsbridge/session_pair.h"

namespace tlsbridge {
namespace {

using ::absl::StatusCode;
using ::skex::PskForm;
using ::skex::PskHash;
using ::testing::HasSubstr;

// A fatal decrypt_error before there are keys.
const std::string kDecryptError("\x15\x03\x03\x00\x02\x02\x33", 7);

skex::Psk WrongKey(PskForm form) {
  return TestPsk(form, PskHash::kSha256, 'w');
}

// Runs a handshake in which the client offers `offered` and the server answers
// with `answer`; expects that it fails with the one face of authentication
// failures.
void ExpectRefused(skex::Psk offered, absl::StatusOr<skex::Psk> answer,
                   const Policy& server_policy = Policy()) {
  SessionPair pair(Policy(), server_policy);
  pair.Start(std::move(offered));
  pair.ClientToServer();
  ASSERT_EQ(pair.server->state(), SessionState::kNeedsPsk);
  pair.server->AnswerPsk(std::move(answer));
  EXPECT_EQ(skex::AsText(pair.server->output()), kDecryptError);
  EXPECT_EQ(pair.server->state(), SessionState::kFailed);
  EXPECT_EQ(pair.server->status(),
            absl::UnauthenticatedError("TLS handshake failed: alert sent: "
                                       "decrypt error (51) "
                                       "[DIGEST_CHECK_FAILED]"));
  EXPECT_FALSE(pair.server->psk_accepted());
  pair.Move();
  EXPECT_EQ(pair.client->state(), SessionState::kFailed);
  EXPECT_EQ(pair.client->status(),
            absl::UnauthenticatedError("TLS handshake failed: alert received: "
                                       "decrypt error (51)"));
  EXPECT_FALSE(pair.client->psk_accepted());
}

class EitherForm : public ::testing::TestWithParam<PskForm> {
 protected:
  void SetUp() override {
    if (GetParam() == PskForm::kRaw && !HasSkexExtensions()) {
      GTEST_SKIP() << "needs the packaged BoringSSL";
    }
  }
};

TEST_P(EitherForm, WrongKeyIsRefused) {
  ExpectRefused(TestPsk(GetParam()), WrongKey(GetParam()));
}

TEST_P(EitherForm, UnknownIdentityLooksLikeWrongKey) {
  ExpectRefused(TestPsk(GetParam()), absl::NotFoundError("no such key"));
  ExpectRefused(TestPsk(GetParam()), absl::UnavailableError("busy"));
}

TEST_P(EitherForm, AnotherIdentityLooksLikeWrongKey) {
  skex::Psk other = TestPsk(GetParam());
  other.identity = "another id";
  ExpectRefused(TestPsk(GetParam()), std::move(other));
}

TEST_P(EitherForm, WrongHashLooksLikeWrongKey) {
  ExpectRefused(TestPsk(GetParam(), PskHash::kSha256),
                TestPsk(GetParam(), PskHash::kSha384));
  ExpectRefused(TestPsk(GetParam(), PskHash::kSha384),
                TestPsk(GetParam(), PskHash::kSha256));
}

TEST_P(EitherForm, OtherFormLooksLikeWrongKey) {
  if (!HasSkexExtensions()) GTEST_SKIP() << "needs the packaged BoringSSL";
  ExpectRefused(TestPsk(GetParam()),
                TestPsk(GetParam() == PskForm::kRaw ? PskForm::kImported
                                                    : PskForm::kRaw));
}

TEST_P(EitherForm, WrongKeyLooksTheSameBeforeHelloRetryRequest) {
  Policy server_policy;
  server_policy.groups = {Group::kP384};
  ExpectRefused(TestPsk(GetParam()), WrongKey(GetParam()), server_policy);
  ExpectRefused(TestPsk(GetParam()), absl::NotFoundError(""), server_policy);
}

TEST_P(EitherForm, ServerWithWrongPolicyIsRefused) {
  if (!HasSkexExtensions()) GTEST_SKIP() << "needs the packaged BoringSSL";
  Policy aes128, chacha;
  aes128.cipher = Cipher::kAes128Gcm;
  chacha.cipher = Cipher::kChaCha20Poly1305;
  SessionPair pair(aes128, chacha);
  pair.Start(TestPsk(GetParam()));
  pair.Run(TestPsk(GetParam()));
  EXPECT_EQ(pair.client->status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(pair.server->status().code(), StatusCode::kUnauthenticated);
}

INSTANTIATE_TEST_SUITE_P(Refusal, EitherForm,
                         ::testing::Values(PskForm::kImported, PskForm::kRaw));

TEST(Refusal, WrongContextLooksLikeWrongKey) {
  skex::Psk other = TestPsk();
  other.context = "client|another server";
  ExpectRefused(TestPsk(), std::move(other));
}

TEST(Refusal, ReflectedClientHelloIsRefused) {
  // The Selfie attack: node A's ClientHello comes back to A, which has the same
  // key. As the context orders client and server, A's server side has another
  // PSK for the peer's connections.
  skex::Psk from_a = TestPsk();
  from_a.context = "A|B";
  skex::Psk from_b = TestPsk();
  from_b.context = "B|A";
  ExpectRefused(std::move(from_a), std::move(from_b));
}

TEST(Refusal, AbortLooksLikeWrongKey) {
  for (const Group group : {Group::kX25519, Group::kP384}) {
    Policy server_policy;
    server_policy.groups = {group};
    SessionPair pair(Policy(), server_policy);
    pair.Start(TestPsk());
    pair.ClientToServer();
    pair.server->AnswerPsk(TestPsk());
    ASSERT_TRUE(pair.server->psk_accepted());
    pair.server->Abort();
    EXPECT_EQ(skex::AsText(pair.server->output()), kDecryptError);
    EXPECT_EQ(pair.server->status().code(), StatusCode::kAborted);
    pair.Move();
    EXPECT_EQ(pair.client->status().code(), StatusCode::kUnauthenticated);
  }
}

TEST(Refusal, AbortInTheQuestionLooksLikeWrongKey) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.ClientToServer();
  pair.server->Abort();
  EXPECT_EQ(skex::AsText(pair.server->output()), kDecryptError);
  pair.server->AnswerPsk(TestPsk());  // comes too late
  EXPECT_EQ(pair.server->state(), SessionState::kFailed);
}

TEST(Refusal, AbortOfAnEstablishedSessionTellsThePeer) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.Run(TestPsk());
  ASSERT_TRUE(pair.established());
  pair.client->Abort();
  pair.client->Abort();
  EXPECT_EQ(pair.client->state(), SessionState::kFailed);
  pair.Move();
  std::vector<uint8_t> buffer(10);
  EXPECT_EQ(pair.server->Read(absl::MakeSpan(buffer)).status().code(),
            StatusCode::kAborted);
  EXPECT_THAT(std::string(pair.server->status().message()),
              HasSubstr("alert received"));
  EXPECT_FALSE(pair.server->peer_closed());
  EXPECT_TRUE(pair.server->psk_accepted());
  EXPECT_EQ(pair.server->info().identity, "id");
  EXPECT_EQ(pair.server->Write(skex::AsBytes("x")).code(),
            StatusCode::kAborted);
}

TEST(Refusal, AnswerThatIsNoPskFailsTheHandshakeOnly) {
  skex::Psk weak = TestPsk();
  weak.secret = skex::Secret::OfSize(15);
  SessionPair pair;
  pair.Start(TestPsk());
  pair.ClientToServer();
  pair.server->AnswerPsk(std::move(weak));
  EXPECT_EQ(skex::AsText(pair.server->output()), kDecryptError);
  EXPECT_EQ(pair.server->status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(pair.server->status().message()),
              HasSubstr("at least 16 bytes"));
}

struct BadPsk {
  const char* what;
  void (*spoil)(skex::Psk& psk);
  const char* message;
};

class ClientRefuses : public ::testing::TestWithParam<BadPsk> {};

TEST_P(ClientRefuses, PskThatTlsCannotUse) {
  const std::shared_ptr<const Context> context = *Context::Create(Policy());
  skex::Psk psk = TestPsk();
  GetParam().spoil(psk);
  const absl::Status status = Session::Client(context, std::move(psk)).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Refusal, ClientRefuses,
    ::testing::Values(
        BadPsk{"EmptyKey", [](skex::Psk& p) { p.secret.Clear(); },
               "at least 16 bytes, this one has 0"},
        BadPsk{"ShortKey",
               [](skex::Psk& p) { p.secret = skex::Secret::OfSize(15); },
               "at least 16 bytes, this one has 15"},
        BadPsk{"EmptyIdentity", [](skex::Psk& p) { p.identity.clear(); },
               "1 to 65535 bytes, this one has 0"},
        BadPsk{"LongIdentity",
               [](skex::Psk& p) { p.identity = std::string(65536, 'i'); },
               "1 to 65535 bytes, this one has 65536"},
        BadPsk{"LongContext",
               [](skex::Psk& p) { p.context = std::string(65536, 'c'); },
               "at most 65535 bytes, this one has 65536"},
        BadPsk{"IdentityAndContextTooLong",
               [](skex::Psk& p) { p.identity = std::string(65530, 'i'); },
               "too many for TLS"},
        BadPsk{"IdentityTooLongForClientHello",
               [](skex::Psk& p) { p.identity = std::string(9000, 'i'); },
               "do not fit into a ClientHello"},
        BadPsk{"RawWithContext", [](skex::Psk& p) { p.form = PskForm::kRaw; },
               "a raw PSK has no context"}),
    [](const auto& info) { return std::string(info.param.what); });

TEST(Refusal, RawHashThatThePolicyExcludesIsRefused) {
  if (!HasSkexExtensions()) GTEST_SKIP() << "needs the packaged BoringSSL";
  Policy policy;
  policy.cipher = Cipher::kAes128Gcm;
  EXPECT_EQ(Session::Client(*Context::Create(policy),
                            TestPsk(PskForm::kRaw, PskHash::kSha384))
                .status()
                .code(),
            StatusCode::kInvalidArgument);
}

TEST(Refusal, LargestIdentityThatFitsConnects) {
  if (!HasSkexExtensions()) GTEST_SKIP() << "needs the packaged BoringSSL";
  for (const PskForm form : {PskForm::kImported, PskForm::kRaw}) {
    SessionPair pair;
    skex::Psk offered = TestPsk(form), answer = TestPsk(form);
    offered.identity = answer.identity =
        std::string(form == PskForm::kRaw ? 16000 : 7900, 'i');
    pair.Start(std::move(offered));
    pair.Run(std::move(answer));
    EXPECT_TRUE(pair.established()) << pair.server->status();
  }
}

TEST(Refusal, CutAtEveryByteOfTheHandshakeEstablishesNothing) {
  SessionPair whole;
  whole.Start(TestPsk());
  const size_t hello_size = whole.client->output().size();
  whole.ClientToServer();
  whole.server->AnswerPsk(TestPsk());
  const size_t answer_size = whole.server->output().size();

  for (size_t size = 0; size < hello_size; ++size) {
    auto server = Session::Server(whole.server_context);
    SessionPair pair;
    pair.Start(TestPsk());
    server->Feed(pair.client->output().first(size));
    ASSERT_EQ(server->state(), SessionState::kHandshaking) << size;
    ASSERT_TRUE(server->output().empty());
  }
  for (size_t size = 0; size < answer_size; ++size) {
    SessionPair pair;
    pair.Start(TestPsk());
    pair.ClientToServer();
    pair.server->AnswerPsk(TestPsk());
    pair.client->Feed(pair.server->output().first(size));
    ASSERT_EQ(pair.client->state(), SessionState::kHandshaking) << size;
    ASSERT_FALSE(pair.client->psk_accepted());
  }
  whole.ServerToClient();
  const std::string finish(skex::AsText(whole.client->output()));
  for (size_t size = 0; size + 1 < finish.size(); ++size) {
    whole.server->Feed(skex::AsBytes(finish).subspan(size, 1));
    ASSERT_EQ(whole.server->state(), SessionState::kHandshaking) << size;
  }
  whole.server->Feed(skex::AsBytes(finish).last(1));
  EXPECT_EQ(whole.server->state(), SessionState::kEstablished);
}

TEST(Refusal, FlippedByteInTheAnswerEstablishesNothing) {
  SessionPair sizes;
  sizes.Start(TestPsk());
  sizes.ClientToServer();
  sizes.server->AnswerPsk(TestPsk());
  const size_t answer_size = sizes.server->output().size();
  for (size_t at = 0; at < answer_size; ++at) {
    SessionPair pair;
    pair.Start(TestPsk());
    pair.ClientToServer();
    pair.server->AnswerPsk(TestPsk());
    std::string answer(skex::AsText(pair.server->output()));
    answer[at] = static_cast<char>(answer[at] ^ 1);
    pair.client->Feed(skex::AsBytes(answer));
    // Nothing covers the low byte of the first record's version. A longer
    // record may leave the client waiting.
    if (at == 2) continue;
    EXPECT_NE(pair.client->state(), SessionState::kEstablished) << at;
    EXPECT_FALSE(pair.client->psk_accepted()) << at;
  }
}

TEST(Refusal, FlippedByteInTheClientHelloEstablishesNothing) {
  if (!HasSkexExtensions()) GTEST_SKIP() << "needs the packaged BoringSSL";
  // With one cipher there is one binder.
  Policy policy;
  policy.cipher = Cipher::kAes128Gcm;
  SessionPair sizes(policy);
  sizes.Start(TestPsk());
  const size_t hello_size = sizes.client->output().size();
  for (size_t at = 5; at < hello_size; ++at) {  // behind the record's header
    SessionPair pair(policy);
    pair.Start(TestPsk());
    std::string hello(skex::AsText(pair.client->output()));
    hello[at] = static_cast<char>(hello[at] ^ 1);
    pair.server->Feed(skex::AsBytes(hello));
    if (pair.server->state() == SessionState::kNeedsPsk) {
      pair.server->AnswerPsk(TestPsk());
    }
    pair.ServerToClient();
    EXPECT_FALSE(pair.server->psk_accepted()) << at;
    EXPECT_NE(pair.client->state(), SessionState::kEstablished) << at;
  }
}

TEST(Refusal, FlippedByteInAnotherBinderIsNoticedByTheClient) {
  // The server takes the PSK for SHA-384, whose binder has 48 bytes, and checks
  // that; the other, which stands before or behind it, is covered by the
  // transcript. Both have a length byte.
  SessionPair pair;
  pair.Start(TestPsk());
  std::string hello(skex::AsText(pair.client->output()));
  const bool other_is_last = hello[hello.size() - 33] == 32;
  char& byte = hello[hello.size() - (other_is_last ? 1 : 1 + 49)];
  byte = static_cast<char>(byte ^ 1);
  pair.server->Feed(skex::AsBytes(hello));
  pair.server->AnswerPsk(TestPsk());
  EXPECT_TRUE(pair.server->psk_accepted());
  pair.ServerToClient();
  EXPECT_EQ(pair.client->status().code(), StatusCode::kUnauthenticated);
}

TEST(Refusal, CorruptRecordFailsTheSession) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.Run(TestPsk());
  WriteText(*pair.client, "text");
  std::string record(skex::AsText(pair.client->output()));
  record.back() = static_cast<char>(record.back() ^ 1);
  pair.server->Feed(skex::AsBytes(record));
  std::vector<uint8_t> buffer(10);
  EXPECT_EQ(pair.server->Read(absl::MakeSpan(buffer)).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(pair.server->state(), SessionState::kFailed);
  EXPECT_FALSE(pair.server->output().empty());
}

TEST(Refusal, BytesThatAreNotTlsAreRefused) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.server->Feed(skex::AsBytes("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(pair.server->status().code(), StatusCode::kInvalidArgument);
  pair.client->Feed(skex::AsBytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
  EXPECT_EQ(pair.client->status().code(), StatusCode::kInvalidArgument);
}

TEST(Refusal, EndlessRecordsThatCarryNothingAreRefused) {
  // Neither of the two may start the other's count again.
  const std::string empty_handshake("\x16\x03\x01\x00\x00", 5);
  const std::string user_canceled("\x15\x03\x01\x00\x02\x01\x5a", 7);
  SessionPair pair;
  pair.Start(TestPsk());
  int rounds = 0;
  while (pair.server->state() == SessionState::kHandshaking && rounds < 1000) {
    pair.server->Feed(skex::AsBytes(empty_handshake + user_canceled));
    ++rounds;
  }
  EXPECT_EQ(rounds, 5);  // four warnings in a row are borne
  EXPECT_EQ(pair.server->status().code(), StatusCode::kInvalidArgument);
}

TEST(Refusal, CloseInTheHandshakeIsUnavailable) {
  SessionPair pair;
  pair.Start(TestPsk());
  const std::string close_notify("\x15\x03\x03\x00\x02\x01\x00", 7);
  pair.client->Feed(skex::AsBytes(close_notify));
  EXPECT_EQ(pair.client->status().code(), StatusCode::kUnavailable);
}

TEST(Refusal, FailedSessionIgnoresWhatComes) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.Run(absl::NotFoundError(""));
  const absl::Status why = pair.client->status();
  pair.client->Feed(skex::AsBytes("anything"));
  pair.client->CloseWrite();
  EXPECT_EQ(pair.client->status(), why);
  EXPECT_TRUE(pair.client->output().empty());
}

}  // namespace
}  // namespace tlsbridge
