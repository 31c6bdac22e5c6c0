#include "tlsbridge/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "skex/base/bytes.h"
#include "tlsbridge/session_pair.h"

namespace tlsbridge {
namespace {

using ::skex::PskForm;
using ::skex::PskHash;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The combinations that fit: a raw PSK must have the hash of the cipher.
using Combination = std::tuple<PskForm, PskHash, Cipher>;

class EveryCombination : public ::testing::TestWithParam<Combination> {
 protected:
  void SetUp() override {
    const auto [form, hash, cipher] = GetParam();
    if ((form == PskForm::kRaw || cipher != Cipher::kAes256Gcm) &&
        !HasSkexExtensions()) {
      GTEST_SKIP() << "needs the packaged BoringSSL";
    }
  }
};

std::string ExpectedCipher(const Combination& c) {
  const auto [form, hash, cipher] = c;
  if (cipher == Cipher::kAes128Gcm) return "TLS_AES_128_GCM_SHA256";
  if (cipher == Cipher::kChaCha20Poly1305) {
    return "TLS_CHACHA20_POLY1305_SHA256";
  }
  // A raw SHA-256 key leaves the best of the SHA-256 ciphers.
  return form == PskForm::kRaw && hash == PskHash::kSha256
             ? "TLS_AES_128_GCM_SHA256"
             : "TLS_AES_256_GCM_SHA384";
}

TEST_P(EveryCombination, ConnectsAndCarriesData) {
  const auto [form, hash, cipher] = GetParam();
  Policy policy;
  policy.cipher = cipher;
  SessionPair pair(policy);
  pair.Start(TestPsk(form, hash));
  pair.Run(TestPsk(form, hash));
  ASSERT_TRUE(pair.established())
      << pair.client->status() << pair.server->status();
  for (Session* session : {pair.client.get(), pair.server.get()}) {
    EXPECT_TRUE(session->psk_accepted());
    EXPECT_EQ(session->status(), absl::OkStatus());
    EXPECT_EQ(session->info().version, "TLSv1.3");
    EXPECT_EQ(session->info().identity, "id");
    EXPECT_EQ(session->info().form, form);
    EXPECT_EQ(session->info().cipher, ExpectedCipher(GetParam()));
    EXPECT_EQ(session->info().group, "X25519");
    EXPECT_FALSE(session->info().hello_retry);
  }
  WriteText(*pair.client, "from client");
  WriteText(*pair.server, "from server");
  pair.Move();
  EXPECT_EQ(ReadAll(*pair.server), "from client");
  EXPECT_EQ(ReadAll(*pair.client), "from server");
}

TEST_P(EveryCombination, ConnectsOneByteAtATime) {
  const auto [form, hash, cipher] = GetParam();
  Policy policy;
  policy.cipher = cipher;
  SessionPair pair(policy);
  pair.Start(TestPsk(form, hash));
  pair.Run(TestPsk(form, hash), 1);
  ASSERT_TRUE(pair.established());
  WriteText(*pair.client, "slow");
  pair.Move(1);
  EXPECT_EQ(ReadAll(*pair.server), "slow");
}

TEST_P(EveryCombination, SurvivesHelloRetryRequest) {
  const auto [form, hash, cipher] = GetParam();
  Policy client_policy;
  client_policy.cipher = cipher;
  Policy server_policy = client_policy;
  server_policy.groups = {Group::kP384};
  SessionPair pair(client_policy, server_policy);
  pair.Start(TestPsk(form, hash));
  pair.Run(TestPsk(form, hash));
  ASSERT_TRUE(pair.established()) << pair.client->status();
  for (Session* session : {pair.client.get(), pair.server.get()}) {
    EXPECT_TRUE(session->info().hello_retry);
    EXPECT_EQ(session->info().group, "P-384");
    EXPECT_EQ(session->info().cipher, ExpectedCipher(GetParam()));
    EXPECT_EQ(session->info().identity, "id");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Session, EveryCombination,
    ::testing::Values(
        Combination{PskForm::kImported, PskHash::kSha256, Cipher::kAes256Gcm},
        Combination{PskForm::kImported, PskHash::kSha384, Cipher::kAes256Gcm},
        Combination{PskForm::kImported, PskHash::kSha256, Cipher::kAes128Gcm},
        Combination{PskForm::kImported, PskHash::kSha384, Cipher::kAes128Gcm},
        Combination{PskForm::kImported, PskHash::kSha256,
                    Cipher::kChaCha20Poly1305},
        Combination{PskForm::kRaw, PskHash::kSha256, Cipher::kAes256Gcm},
        Combination{PskForm::kRaw, PskHash::kSha384, Cipher::kAes256Gcm},
        Combination{PskForm::kRaw, PskHash::kSha256, Cipher::kAes128Gcm},
        Combination{PskForm::kRaw, PskHash::kSha256,
                    Cipher::kChaCha20Poly1305}));

TEST(Session, ServerShowsOfferedIdentityOnce) {
  SessionPair pair;
  pair.Start(TestPsk());
  EXPECT_EQ(pair.server->state(), SessionState::kHandshaking);
  pair.ClientToServer();
  ASSERT_EQ(pair.server->state(), SessionState::kNeedsPsk);
  // On the wire it stands twice, once for each hash.
  EXPECT_THAT(pair.server->offered_identities(), ElementsAre("id"));
  EXPECT_THAT(pair.server->output(), IsEmpty());
  pair.server->AnswerPsk(TestPsk());
  EXPECT_THAT(pair.server->offered_identities(), IsEmpty());
}

TEST(Session, PskIsAcceptedBeforeTheAnswerIsHandedOut) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.ClientToServer();
  EXPECT_FALSE(pair.server->psk_accepted());
  pair.server->AnswerPsk(TestPsk());
  EXPECT_TRUE(pair.server->psk_accepted());
  EXPECT_EQ(pair.server->info().identity, "id");
  EXPECT_EQ(pair.server->state(), SessionState::kHandshaking);
  EXPECT_FALSE(pair.server->output().empty());
  // A client knows only when the server has proven itself.
  EXPECT_FALSE(pair.client->psk_accepted());
  pair.Move();
  EXPECT_TRUE(pair.client->psk_accepted());
}

TEST(Session, PskIsAcceptedBeforeHelloRetryRequestIsHandedOut) {
  Policy server_policy;
  server_policy.groups = {Group::kP256};
  SessionPair pair(Policy(), server_policy);
  pair.Start(TestPsk());
  pair.ClientToServer();
  pair.server->AnswerPsk(TestPsk());
  EXPECT_TRUE(pair.server->psk_accepted());
  pair.Move();
  EXPECT_TRUE(pair.established());
}

TEST(Session, ReplayedClientHelloIsAcceptedUntilTheOwnerOfKeysRefuses) {
  SessionPair pair;
  pair.Start(TestPsk());
  const std::string hello(skex::AsText(pair.client->output()));
  pair.Run(TestPsk());
  ASSERT_TRUE(pair.established());

  // The binder of a replay is right. The keystore, which knows that the
  // identity was used, aborts before the client gets an answer.
  auto replay = Session::Server(pair.server_context);
  replay->Feed(skex::AsBytes(hello));
  replay->AnswerPsk(TestPsk());
  ASSERT_TRUE(replay->psk_accepted());
  replay->Abort();
  EXPECT_EQ(replay->status().code(), absl::StatusCode::kAborted);

  // It looks like a wrong key.
  auto wrong = Session::Server(pair.server_context);
  wrong->Feed(skex::AsBytes(hello));
  wrong->AnswerPsk(TestPsk(PskForm::kImported, PskHash::kSha256, 'w'));
  EXPECT_EQ(replay->output(), wrong->output());
}

TEST(Session, BulkDataCrossesRecords) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.Run(TestPsk());
  ASSERT_TRUE(pair.established());
  std::string text;
  for (int i = 0; i < 300000; ++i) text.push_back(static_cast<char>(i * 7));
  WriteText(*pair.client, text);
  pair.ClientToServer(1000);
  EXPECT_EQ(ReadAll(*pair.server), text);
  WriteText(*pair.server, text);
  pair.Move();
  EXPECT_EQ(ReadAll(*pair.client), text);
}

TEST(Session, ReadFillsWhatItIsGiven) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.Run(TestPsk());
  WriteText(*pair.client, "abc");
  WriteText(*pair.client, "defg");
  pair.Move();
  std::vector<uint8_t> five(5);
  EXPECT_EQ(*pair.server->Read(absl::MakeSpan(five)), 5u);
  EXPECT_EQ(skex::AsText(five), "abcde");
  EXPECT_EQ(ReadAll(*pair.server), "fg");
}

TEST(Session, EmptyWriteSendsNothing) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.Run(TestPsk());
  WriteText(*pair.client, "");
  EXPECT_TRUE(pair.client->output().empty());
}

TEST(Session, HalfCloseKeepsTheOtherDirection) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.Run(TestPsk());
  WriteText(*pair.client, "last words");
  pair.client->CloseWrite();
  pair.client->CloseWrite();
  pair.Move();
  EXPECT_FALSE(pair.server->peer_closed());
  EXPECT_EQ(ReadAll(*pair.server), "last words");
  EXPECT_TRUE(pair.server->peer_closed());
  EXPECT_EQ(pair.client->Write(skex::AsBytes("more")).code(),
            absl::StatusCode::kFailedPrecondition);

  WriteText(*pair.server, "answer");
  pair.Move();
  EXPECT_EQ(ReadAll(*pair.client), "answer");
  EXPECT_FALSE(pair.client->peer_closed());
  pair.server->CloseWrite();
  pair.Move();
  EXPECT_EQ(ReadAll(*pair.client), "");
  EXPECT_TRUE(pair.client->peer_closed());
}

TEST(Session, CutConnectionIsNotAClose) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.Run(TestPsk());
  WriteText(*pair.client, "first");
  pair.Move();
  WriteText(*pair.client, "second");
  pair.client->CloseWrite();
  const std::string rest(skex::AsText(pair.client->output()));
  // Every cut before the last byte of close_notify can be told from a close.
  for (size_t size = 0; size < rest.size(); ++size) {
    SessionPair cut;
    cut.Start(TestPsk());
    cut.Run(TestPsk());
    WriteText(*cut.client, "second");
    cut.client->CloseWrite();
    cut.server->Feed(cut.client->output().first(size));
    ReadAll(*cut.server);
    EXPECT_FALSE(cut.server->peer_closed()) << size;
  }
  pair.Move();
  EXPECT_EQ(ReadAll(*pair.server), "firstsecond");
  EXPECT_TRUE(pair.server->peer_closed());
}

TEST(Session, SendersTakeNewKeysInTime) {
  Policy policy;
  policy.records_per_key = 3;
  SessionPair pair(policy);
  pair.Start(TestPsk());
  pair.Run(TestPsk());
  std::string sent, got;
  std::vector<size_t> sizes;
  for (int i = 0; i < 10; ++i) {
    const std::string line = std::to_string(i);
    sent += line;
    WriteText(*pair.client, line);
    sizes.push_back(pair.client->output().size());
    pair.Move();
    got += ReadAll(*pair.server);
    WriteText(*pair.server, line);
    pair.Move();
    EXPECT_EQ(ReadAll(*pair.client), line);
  }
  EXPECT_EQ(got, sent);
  // A KeyUpdate message (5 bytes) in a record of its own (22 bytes) comes
  // before every fourth record.
  const size_t plain = sizes[0];
  for (size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(sizes[i], i > 0 && i % 3 == 0 ? plain + 27 : plain) << i;
  }
}

TEST(Session, NothingIsSentAfterTheHandshakeByItself) {
  // No tickets: the server's last bytes are its Finished.
  SessionPair pair;
  pair.Start(TestPsk());
  pair.ClientToServer();
  pair.server->AnswerPsk(TestPsk());
  pair.ServerToClient();
  pair.ClientToServer();
  EXPECT_EQ(pair.server->state(), SessionState::kEstablished);
  EXPECT_TRUE(pair.server->output().empty());
}

// A clock that moves by a millisecond whenever it is read.
absl::Duration fake_now;
absl::Duration FakeClock() { return fake_now += absl::Milliseconds(1); }

TEST(Session, TimingsTellWhereTheHandshakeSpentItsTime) {
  SessionPair pair;
  pair.client_context = *Context::Create(Policy(), FakeClock);
  pair.server_context = *Context::Create(Policy(), FakeClock);
  const absl::Duration unit = absl::Milliseconds(1);
  const absl::Duration wire = absl::Seconds(1), lookup = absl::Seconds(50);
  pair.Start(TestPsk());
  EXPECT_EQ(pair.client->info().timings.computing, unit);
  fake_now += wire;
  pair.ClientToServer();
  EXPECT_EQ(pair.server->info().timings.computing, unit);
  fake_now += lookup;
  pair.server->AnswerPsk(TestPsk());
  fake_now += wire;
  pair.ServerToClient();
  ASSERT_EQ(pair.client->state(), SessionState::kEstablished);
  fake_now += wire;
  pair.ClientToServer();
  ASSERT_EQ(pair.server->state(), SessionState::kEstablished);

  // Each of the calls read the clock twice.
  const HandshakeTimings client = pair.client->info().timings;
  EXPECT_EQ(client.computing, 2 * unit);
  EXPECT_EQ(client.psk_lookup, absl::ZeroDuration());
  EXPECT_EQ(client.total, 2 * wire + lookup + 7 * unit);
  const HandshakeTimings server = pair.server->info().timings;
  EXPECT_EQ(server.computing, 3 * unit);
  EXPECT_EQ(server.psk_lookup, lookup + unit);
  EXPECT_EQ(server.total, 2 * wire + lookup + 7 * unit);
  WriteText(*pair.client, "later");
  fake_now += wire;
  pair.ClientToServer();
  EXPECT_EQ(ReadAll(*pair.server), "later");
  EXPECT_EQ(pair.server->info().timings.total, server.total);
}

TEST(Session, WithoutAClockThereAreNoTimings) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.Run(TestPsk());
  ASSERT_TRUE(pair.established());
  EXPECT_EQ(pair.server->info().timings.total, absl::ZeroDuration());
}

TEST(Session, WriteBeforeTheHandshakeIsRefused) {
  SessionPair pair;
  pair.Start(TestPsk());
  EXPECT_EQ(pair.client->Write(skex::AsBytes("early")).code(),
            absl::StatusCode::kFailedPrecondition);
  std::vector<uint8_t> buffer(10);
  EXPECT_EQ(*pair.client->Read(absl::MakeSpan(buffer)), 0u);
}

TEST(Session, ClientHelloSizesAreKnown) {
  if (!HasSkexExtensions()) GTEST_SKIP() << "needs the packaged BoringSSL";
  // Two identities of 65 bytes with their binders for an imported PSK that may
  // take either hash; one for an exact cipher; the bare identity for a raw one.
  const auto hello_size = [](Cipher cipher, PskForm form) {
    Policy policy;
    policy.cipher = cipher;
    SessionPair pair(policy);
    skex::Psk psk = TestPsk(form);
    psk.identity = std::string(24, 'i');
    if (form == PskForm::kImported) psk.context = std::string(33, 'c');
    pair.Start(std::move(psk));
    return pair.client->output().size();
  };
  EXPECT_EQ(hello_size(Cipher::kAes256Gcm, PskForm::kImported), 411u);
  EXPECT_EQ(hello_size(Cipher::kAes128Gcm, PskForm::kImported), 287u);
  EXPECT_EQ(hello_size(Cipher::kAes128Gcm, PskForm::kRaw), 246u);
}

TEST(Context, PolicyIsChecked) {
  Policy none;
  none.groups.clear();
  EXPECT_EQ(Context::Create(none).status().code(),
            absl::StatusCode::kInvalidArgument);
  Policy twice;
  twice.groups = {Group::kP256, Group::kP256};
  EXPECT_EQ(Context::Create(twice).status().code(),
            absl::StatusCode::kInvalidArgument);
  Policy never;
  never.records_per_key = 0;
  EXPECT_EQ(Context::Create(never).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Context, IsSharedByThreads) {
  const SessionPair contexts;
  std::vector<std::thread> threads;
  std::atomic<int> established = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&contexts, &established] {
      for (int round = 0; round < 5; ++round) {
        SessionPair pair;
        pair.client_context = contexts.client_context;
        pair.server_context = contexts.server_context;
        pair.Start(TestPsk());
        pair.Run(TestPsk());
        if (pair.established()) ++established;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(established, 20);
}

TEST(Context, IsSharedBySessionsThatOutliveIt) {
  SessionPair pair;
  pair.Start(TestPsk());
  pair.client_context.reset();
  pair.server_context.reset();
  pair.Run(TestPsk());
  EXPECT_TRUE(pair.established());
}

}  // namespace
}  // namespace tlsbridge
