#ifndef SERVICE_CTL_ONLINE_ONLINE_FIXTURE_H_
#define SERVICE_CTL_ONLINE_ONLINE_FIXTURE_H_

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "service/admin/admin_server.h"
#include "service/admin/fake_control.h"
#include "service/log/log.h"

namespace service {

// A fake agent and a fake hub, each behind an admin server, and runs of the
// online verbs of skexctl against them in this process.
class OnlineFixture : public testing::Test {
 protected:
  // What a run of skexctl gave.
  struct Outcome {
    int exit_status = -1;
    std::string out;
    std::string err;

    bool Says(absl::string_view text) const;
  };

  OnlineFixture();
  ~OnlineFixture() override;

  // Throws CLI::ParseError if the command line cannot be parsed.
  static Outcome Run(std::vector<std::string> arguments);
  // The same with the options that name the daemon.
  Outcome Agent(std::vector<std::string> arguments);
  Outcome Hub(std::vector<std::string> arguments);

  // It succeeded, with lines that fit a terminal.
  static void ExpectFits(const Outcome& outcome);

  std::string folder_;
  std::string agent_socket_;
  std::string hub_socket_;
  FakeAgentControl agent_;
  FakeHubControl hub_;
  std::ostringstream log_text_;
  Log log_{LogLevel::kInfo, LogFormat::kText, log_text_};
  std::unique_ptr<AdminServer> agent_server_;
  std::unique_ptr<AdminServer> hub_server_;
};

}  // namespace service

#endif  // SERVICE_CTL_ONLINE_ONLINE_FIXTURE_H_
