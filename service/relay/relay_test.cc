#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/base/mutex.h"
#include "service/relay/hub_connection.h"
#include "service/relay/relay_server.h"

namespace service {
namespace {

// Collects what happens on either side, in order, and lets a test wait for it.
class Diary {
 public:
  void Write(std::string line) {
    MutexLock lock(&mutex_);
    lines_.push_back(std::move(line));
    changed_.SignalAll();
  }
  // Waits until there are `count` lines.
  std::vector<std::string> WaitFor(size_t count) {
    MutexLock lock(&mutex_);
    while (lines_.size() < count) changed_.Wait(&mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_;
};

class RelayTest : public testing::Test {
 protected:
  RelayTest() {
    RelayServer::Callbacks callbacks;
    callbacks.on_up = [this](RelayServer::StreamNumber) {
      server_diary_.Write("up");
    };
    callbacks.on_frames = [this](RelayServer::StreamNumber stream,
                                 const std::vector<std::string>& frames) {
      for (const std::string& frame : frames) OnFrame(stream, frame);
      server_->Dealt(stream);
    };
    callbacks.on_down = [this](RelayServer::StreamNumber) {
      server_diary_.Write("down");
    };
    server_ = *RelayServer::Start(*Endpoint::Parse("127.0.0.1:0"), callbacks);
    connection_ =
        std::make_unique<HubConnection>(*Endpoint::Parse(server_->address()));
  }

  ~RelayTest() override {
    connection_->Disconnect();
    // Until then callbacks come.
    ends_.WaitFor(begun_);
    server_->Shutdown();
  }

  void OnFrame(RelayServer::StreamNumber stream, const std::string& frame) {
    server_diary_.Write(frame);
    if (frame == "close") {
      server_->Close(stream, absl::UnauthenticatedError("no"));
    } else {
      server_->Send(stream, "echo " + frame);
    }
  }

  void Connect() {
    ++begun_;
    connection_->Connect(
        [this](std::vector<std::string> frames) {
          for (std::string& frame : frames) {
            client_diary_.Write(std::move(frame));
          }
          connection_->Dealt();
        },
        [this](absl::Status status) {
          client_diary_.Write(absl::StatusCodeToString(status.code()));
          ends_.Write("end");
        });
  }

  Diary server_diary_;
  Diary client_diary_;
  Diary ends_;  // of streams
  size_t begun_ = 0;
  std::unique_ptr<RelayServer> server_;
  std::unique_ptr<HubConnection> connection_;
};

TEST_F(RelayTest, FramesGoBothWaysInOrder) {
  Connect();
  for (int i = 0; i < 500; ++i) connection_->Send(std::to_string(i));
  const std::vector<std::string> seen = client_diary_.WaitFor(500);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(seen[static_cast<size_t>(i)], "echo " + std::to_string(i));
  }
}

TEST_F(RelayTest, CarriesLargeFrames) {
  Connect();
  connection_->Send(std::string(1 << 20, 'x'));
  EXPECT_EQ(client_diary_.WaitFor(1)[0].size(), (1u << 20) + 5);
}

TEST_F(RelayTest, CarriesManyLargeFrames) {
  Connect();
  for (int i = 0; i < 20; ++i) connection_->Send(std::string(600'000, 'y'));
  for (const std::string& frame : client_diary_.WaitFor(20)) {
    EXPECT_EQ(frame.size(), 600'005u);
  }
}

TEST_F(RelayTest, AgentSeesWhyTheHubClosed) {
  Connect();
  connection_->Send("close");
  EXPECT_EQ(client_diary_.WaitFor(1)[0], "UNAUTHENTICATED");
  EXPECT_EQ(server_diary_.WaitFor(3)[2], "down");
}

TEST_F(RelayTest, HubSeesThatTheAgentIsGone) {
  Connect();
  server_diary_.WaitFor(1);
  connection_->Disconnect();
  EXPECT_EQ(server_diary_.WaitFor(2)[1], "down");
}

TEST_F(RelayTest, ConnectsAgainAfterTheEnd) {
  Connect();
  connection_->Send("close");
  client_diary_.WaitFor(1);
  Connect();
  connection_->Send("again");
  EXPECT_EQ(client_diary_.WaitFor(2)[1], "echo again");
}

TEST_F(RelayTest, EndIsReportedWhenNobodyListens) {
  server_->Shutdown();
  Connect();
  EXPECT_EQ(client_diary_.WaitFor(1)[0], "UNAVAILABLE");
}

TEST_F(RelayTest, TakenPortIsAnErrorWithTheAddress) {
  absl::Status status =
      RelayServer::Start(*Endpoint::Parse(server_->address()), {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status.message().find(server_->address()), absl::string_view::npos);
}

}  // namespace
}  // namespace service
