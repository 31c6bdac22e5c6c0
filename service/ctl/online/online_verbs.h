#ifndef SERVICE_CTL_ONLINE_ONLINE_VERBS_H_
#define SERVICE_CTL_ONLINE_ONLINE_VERBS_H_

#include <ostream>
#include <string>

#include "CLI/App.hpp"
#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "service/ctl/online/online.h"
#include "service/ctl/online/take.h"
#include "service/ctl/top/top.h"

namespace service {

// The verbs of skexctl that ask a running daemon:
//
//   skexctl [--socket PATH | --config FILE] [--json] [--timeout 5s]
//       status | peers | keys [PEER] | establish PEER | rotate PEER |
//       allow-jump PEER | take PEER [--count N | --id ID...] | reload |
//       add FILE [--replace] | remove-peer NAME | remove-tunnel NAME |
//       top [--interval 1s] [--once]
//   skexctl --hub [the same] status | agents | reload | top
//
// The options may stand before or behind the verb. Use: make one, let `app`
// parse, then Run() if given(). Thread-compatible.
class OnlineVerbs {
 public:
  // Adds options and verbs to `app`, but --json: see AddJsonFlag(). Both must
  // live as long. Answers and errors are JSON if `json` by the time of Run().
  OnlineVerbs(CLI::App& app, const bool& json);

  OnlineVerbs(const OnlineVerbs&) = delete;
  OnlineVerbs& operator=(const OnlineVerbs&) = delete;

  // Whether the command line had one of the verbs.
  bool given() const { return verb_.has_value(); }

  // Runs the verb that was given, and returns the exit status: as RunOnline(),
  // RunTake() or RunTop(), and 2 for a verb of the other kind of daemon, for a
  // command line that names no daemon, or a configuration file that cannot be
  // read.
  int Run(std::ostream& out, std::ostream& err);

 private:
  CLI::App* AddVerb(CLI::App& app, OnlineVerb verb, const std::string& name,
                    const std::string& help);

  void AddTake(CLI::App& app);
  void AddChanges(CLI::App& app);
  void AddTop(CLI::App& app);
  // Sets the request's socket.
  absl::Status FindSocket();

  const bool& json_;
  absl::optional<OnlineVerb> verb_;
  OnlineRequest request_;
  TakeRequest take_;
  TopRequest top_;
  std::string config_;
  std::string tables_file_;
  std::string timeout_ = "5s";
  std::string interval_ = "1s";
};

}  // namespace service

#endif  // SERVICE_CTL_ONLINE_ONLINE_VERBS_H_
