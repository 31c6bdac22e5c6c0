#include "service/sidecar/sidecar.h"

#include <cstddef>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/mutex.h"
#include "service/sidecar/tunnel_fixture.h"

namespace service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SidecarTest : public TunnelFixture {};

TEST_F(SidecarTest, CarriesMebibytesBothWaysAtOnce) {
  constexpr size_t kSize = 10 << 20;
  const std::string request = RandomBytes(kSize, 1);
  const std::string answer = RandomBytes(kSize, 2);
  Start();
  Ends ends = Open();
  std::thread app_sends([&] {
    EXPECT_TRUE(ends.app.Send(request));
    ends.app.ShutdownWrite();
  });
  std::thread backend_sends([&] {
    EXPECT_TRUE(ends.backend.Send(answer));
    ends.backend.ShutdownWrite();
  });
  StreamRest at_backend;
  std::thread backend_reads([&] { at_backend = ends.backend.ReadToEnd(); });
  const StreamRest at_app = ends.app.ReadToEnd();
  app_sends.join();
  backend_sends.join();
  backend_reads.join();
  EXPECT_EQ(at_app.end, StreamEnd::kOrderly);
  EXPECT_EQ(at_backend.end, StreamEnd::kOrderly);
  EXPECT_TRUE(at_app.bytes == answer);
  EXPECT_TRUE(at_backend.bytes == request);
}

TEST_F(SidecarTest, CarriesSingleBytesAtOnce) {
  Start();
  Ends ends = Open();
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(ends.app.Send("?"));
    ASSERT_EQ(ends.backend.Read(1), "?");
    ASSERT_TRUE(ends.backend.Send("!"));
    ASSERT_EQ(ends.app.Read(1), "!");
  }
}

TEST_F(SidecarTest, LetsTheBackendSpeakFirst) {
  Start();
  Ends ends = Open();
  ASSERT_TRUE(ends.backend.Send("220 ready"));
  EXPECT_EQ(ends.app.Read(9), "220 ready");
}

TEST_F(SidecarTest, AppMayEndFirstAndStillGetTheAnswer) {
  Start();
  Ends ends = Open();
  ASSERT_TRUE(ends.app.Send("request"));
  ends.app.ShutdownWrite();
  const StreamRest request = ends.backend.ReadToEnd();
  EXPECT_EQ(request.bytes, "request");
  EXPECT_EQ(request.end, StreamEnd::kOrderly);
  ASSERT_TRUE(ends.backend.Send("answer"));
  ends.backend.Close();
  const StreamRest answer = ends.app.ReadToEnd();
  EXPECT_EQ(answer.bytes, "answer");
  EXPECT_EQ(answer.end, StreamEnd::kOrderly);
}

TEST_F(SidecarTest, BackendMayEndFirstAndStillGetTheRest) {
  Start();
  Ends ends = Open();
  ASSERT_TRUE(ends.backend.Send("greeting"));
  ends.backend.ShutdownWrite();
  const StreamRest greeting = ends.app.ReadToEnd();
  EXPECT_EQ(greeting.bytes, "greeting");
  EXPECT_EQ(greeting.end, StreamEnd::kOrderly);
  ASSERT_TRUE(ends.app.Send("rest"));
  ends.app.Close();
  const StreamRest rest = ends.backend.ReadToEnd();
  EXPECT_EQ(rest.bytes, "rest");
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
}

TEST_F(SidecarTest, ConnectionWithoutBytesEndsInOrder) {
  Start();
  Ends ends = Open();
  ends.app.Close();
  EXPECT_EQ(ends.backend.ReadToEnd().end, StreamEnd::kOrderly);
  ends.backend.Close();
  EXPECT_EQ(alice_.Finish(), 0u);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kClosed), 1u);
}

TEST_F(SidecarTest, ResetOfTheAppResetsTheBackend) {
  Start();
  Ends ends = Open();
  ASSERT_TRUE(ends.app.Send("x"));
  ASSERT_EQ(ends.backend.Read(1), "x");
  ends.app.Reset();
  EXPECT_EQ(ends.backend.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(alice_.Finish(), 0u);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kAppReset), 1u);
}

TEST_F(SidecarTest, ResetOfTheBackendResetsTheApp) {
  Start();
  Ends ends = Open();
  ASSERT_TRUE(ends.backend.Send("x"));
  ASSERT_EQ(ends.app.Read(1), "x");
  ends.backend.Reset();
  EXPECT_EQ(ends.app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(bob_.Finish(), 0u);
  EXPECT_EQ(bob_.Tunnel().Count(ConnectionResult::kAppReset), 1u);
}

TEST_F(SidecarTest, CarriesManyConnectionsAtOnce) {
  constexpr int kConnections = 100;
  Start();
  std::vector<Ends> all;
  for (int i = 0; i < kConnections; ++i) all.push_back(Open());
  // A backend's connections come in any order: each answers what it got.
  for (int i = 0; i < kConnections; ++i) {
    ASSERT_TRUE(all[i].app.Send(absl::StrCat(1000 + i)));
  }
  for (Ends& ends : all) {
    const std::string got = ends.backend.Read(4);
    ASSERT_TRUE(ends.backend.Send(got));
  }
  for (int i = 0; i < kConnections; ++i) {
    EXPECT_EQ(all[i].app.Read(4), absl::StrCat(1000 + i));
  }
  EXPECT_EQ(bob_.keys.accepted().size(), size_t{kConnections});
}

TEST_F(SidecarTest, CarriesUnixSocketsOnBothPlainSides) {
  const SocketFolder folder;
  const Endpoint listen = folder.At("app");
  TestServer backend(folder.At("backend"));
  alice_.options.outbound.front().listen = listen;
  bob_.options.inbound.front().forward = backend.endpoint();
  Start();
  TestStream app = TestStream::Connect(listen);
  TestStream served = backend.Accept();
  ASSERT_TRUE(app.Send("over files"));
  app.ShutdownWrite();
  EXPECT_EQ(served.ReadToEnd().bytes, "over files");
}

TEST_F(SidecarTest, BackendThatDoesNotReadStopsTheApp) {
  // Far more than all the kernel's buffers on the way.
  constexpr size_t kMost = 512 << 20;
  Start();
  Ends ends = Open();
  const size_t sent = ends.app.SendUntilStuck(kMost);
  EXPECT_LT(sent, kMost);
  ends.app.ShutdownWrite();
  const StreamRest rest = ends.backend.ReadToEnd();
  EXPECT_EQ(rest.bytes.size(), sent);
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
}

TEST_F(SidecarTest, AppThatDoesNotReadStopsTheBackend) {
  constexpr size_t kMost = 512 << 20;
  Start();
  Ends ends = Open();
  const size_t sent = ends.backend.SendUntilStuck(kMost);
  EXPECT_LT(sent, kMost);
  ends.backend.ShutdownWrite();
  const StreamRest rest = ends.app.ReadToEnd();
  EXPECT_EQ(rest.bytes.size(), sent);
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
}

TEST_F(SidecarTest, CountsConnectionsAndBytes) {
  Start();
  {
    Ends ends = Open();
    ASSERT_TRUE(ends.app.Send("12345"));
    ASSERT_EQ(ends.backend.Read(5), "12345");
    ASSERT_TRUE(ends.backend.Send("123"));
    ASSERT_EQ(ends.app.Read(3), "123");
    EXPECT_EQ(alice_.Tunnel().open, 1u);
    EXPECT_EQ(bob_.Tunnel().open, 1u);
  }
  ASSERT_EQ(alice_.Finish(), 0u);
  ASSERT_EQ(bob_.Finish(), 0u);
  const TunnelSnapshot out = alice_.Tunnel();
  const TunnelSnapshot in = bob_.Tunnel();
  for (const TunnelSnapshot& tunnel : {out, in}) {
    EXPECT_EQ(tunnel.open, 0u);
    EXPECT_EQ(tunnel.handshaking, 0u);
    EXPECT_EQ(tunnel.total, 1u);
    EXPECT_EQ(tunnel.failed, 0u);
    EXPECT_EQ(tunnel.Count(ConnectionResult::kClosed), 1u);
    EXPECT_EQ(tunnel.Count(HandshakeResult::kOk), 1u);
  }
  EXPECT_EQ(out.sent_bytes, 5u);
  EXPECT_EQ(out.received_bytes, 3u);
  EXPECT_EQ(in.sent_bytes, 3u);
  EXPECT_EQ(in.received_bytes, 5u);
}

TEST_F(SidecarTest, DescribesItsTunnels) {
  Start();
  const TunnelSnapshot out = alice_.Tunnel();
  EXPECT_EQ(out.name, "to-bob");
  EXPECT_EQ(out.kind, TunnelKind::kOutbound);
  EXPECT_EQ(out.target, bob_.endpoint().ToString());
  EXPECT_THAT(out.peers, ElementsAre(Bob().text()));
  const TunnelSnapshot in = bob_.Tunnel();
  EXPECT_EQ(in.name, "from-alice");
  EXPECT_EQ(in.kind, TunnelKind::kInbound);
  EXPECT_EQ(in.target, backend_.endpoint().ToString());
  EXPECT_THAT(in.peers, ElementsAre(Alice().text()));
}

TEST_F(SidecarTest, LogsTheFactsOfEachHandshakeOnBothSides) {
  Start();
  Open();
  alice_.Finish();
  bob_.Finish();
  const std::string facts = absl::StrCat(
      "tls=TLSv1.3 psk=imported cipher=TLS_AES_256_GCM_SHA384 group=X25519 "
      "key=",
      TestKeyId(1).Hex(), " index=0 source=both label=computational took=");
  EXPECT_THAT(alice_.logged(), HasSubstr("handshake tunnel=to-bob role=client "
                                         "peer=bob@south.example " +
                                         facts));
  EXPECT_THAT(bob_.logged(),
              HasSubstr("handshake tunnel=from-alice role=server "
                        "peer=alice@north.example " +
                        facts));
}

class RecordingObserver : public SidecarObserver {
 public:
  void OnHandshake(const HandshakeSample& sample) override {
    MutexLock lock(&mutex_);
    seen_.push_back(
        absl::StrCat(sample.tunnel, " ", TlsRoleName(sample.kind), " ",
                     HandshakeResultName(sample.result),
                     sample.form == skex::PskForm::kImported ? " imported" : "",
                     sample.took > absl::ZeroDuration() ? "" : " in no time"));
  }

  std::vector<std::string> seen() const {
    MutexLock lock(&mutex_);
    return seen_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> seen_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(SidecarTest, ShowsHandshakesToItsObserver) {
  RecordingObserver at_alice;
  RecordingObserver at_bob;
  alice_.observer = &at_alice;
  bob_.observer = &at_bob;
  alice_.keys.DialWith(7);  // Bob does not know it
  alice_.keys.OnRefused([this] { alice_.keys.DialWith(1); });
  Start();
  Open();
  alice_.Finish();
  bob_.Finish();
  EXPECT_THAT(at_alice.seen(), ElementsAre("to-bob client refused",
                                           "to-bob client ok imported"));
  EXPECT_THAT(at_bob.seen(), ElementsAre("from-alice server refused",
                                         "from-alice server ok imported"));
}

TEST_F(SidecarTest, TakenAddressIsAnErrorOfCreate) {
  TestServer other;
  alice_.options.outbound.front().listen = other.endpoint();
  const absl::Status status =
      Sidecar::Create(alice_.options, alice_.keys, nullptr, alice_.log, nullptr,
                      nullptr)
          .status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr(other.endpoint().ToString()));
}

TEST_F(SidecarTest, FailedCreateLeavesNothingBound) {
  TestServer other;
  Endpoint first;
  {
    TestServer free;
    first = free.endpoint();
  }
  alice_.options.outbound.front().listen = first;
  alice_.options.outbound.push_back(alice_.options.outbound.front());
  alice_.options.outbound.back().listen = other.endpoint();
  ASSERT_FALSE(Sidecar::Create(alice_.options, alice_.keys, nullptr, alice_.log,
                               nullptr, nullptr)
                   .ok());
  TestServer again(first);
  EXPECT_EQ(again.endpoint(), first);
}

TEST_F(SidecarTest, ThatNeverStartedCanBeDestroyed) {
  EXPECT_TRUE(Sidecar::Create(alice_.options, alice_.keys, nullptr, alice_.log,
                              nullptr, nullptr)
                  .ok());
}

}  // namespace
}  // namespace service
