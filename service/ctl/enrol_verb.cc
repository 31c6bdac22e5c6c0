#include "service/ctl/enrol_verb.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/config/agent_folder.h"
#include "service/config/hub_config.h"
#include "service/ctl/interruption.h"
#include "service/ctl/progress_meter.h"
#include "service/enrol/enrol.h"
#include "service/enrol/pad_size.h"
#include "service/enrol/random_source.h"
#include "service/storage/posix_file_system.h"
#include "service/storage/system_entropy.h"

namespace service {
namespace {

struct Options {
  std::string hub_config;
  std::string agent;
  std::vector<std::string> allow;
  std::string size;
  uint32_t lanes = 1;
  std::string random_source;
  std::string out;
  bool quiet = false;
};

absl::StatusOr<Enrolment> ReadAllow(const Options& options,
                                    const skex::AgentId& agent) {
  Enrolment enrolment;
  for (const std::string& text : options.allow) {
    absl::StatusOr<skex::AgentId> name = skex::AgentId::Parse(text);
    if (!name.ok()) return name.status();
    if (*name == agent) {
      return absl::InvalidArgumentError(absl::StrCat(
          text,
          " needs no leave to reach itself; name other agents with "
          "--allow"));
    }
    if (std::find(enrolment.allow.begin(), enrolment.allow.end(), *name) ==
        enrolment.allow.end()) {
      enrolment.allow.push_back(*std::move(name));
    }
  }
  return enrolment;
}

absl::StatusOr<std::unique_ptr<RandomSource>> OpenSource(
    const std::string& path, skex::Entropy* entropy) {
  if (path.empty()) return std::make_unique<GeneratorSource>(entropy);
  absl::StatusOr<std::unique_ptr<DeviceSource>> device =
      DeviceSource::Open(path);
  if (!device.ok()) return device.status();
  return *std::move(device);
}

void PrintNextSteps(const Options& options, const HubConfig& hub,
                    const EnrolRequest& request,
                    const skex::PadIdentity& identity) {
  std::cout << "enrolled " << request.agent.text() << " at "
            << request.hub.text() << ": pad of "
            << FormatSize(identity.geometry.total_bytes()) << ", source "
            << std::string(skex::PadSourceName(identity.source)) << ", table "
            << identity.table.Hex() << "\n";
  if (request.enrolment.allow.empty()) {
    std::cout << "nobody may open connections to it yet: add names to allow in "
              << EnrolmentPath(AgentFolder(request.state_dir, request.agent))
              << "\n";
  }
  std::cout << "\nNext:\n"
               "1. Carry "
            << options.out << " to the operator of " << request.agent.text()
            << ", in a way that nobody\n"
               "   else can read it, and keep no copy: whoever has it can read "
               "the keys.\n"
               "2. Add to the agent's configuration (address: as the agent "
               "reaches this hub):\n\n"
               "[[hub]]\nname = \""
            << request.hub.text() << "\"\naddress = \"" << hub.listen.ToString()
            << "\"\npad = \"" << BaseName(options.out)
            << "\"\n\n"
               "3. If the hub is running: skexctl --hub --config "
            << options.hub_config << " reload\n";
}

absl::Status Run(const Options& options) {
  absl::StatusOr<HubConfig> hub = LoadHubConfig(options.hub_config);
  if (!hub.ok()) return hub.status();
  absl::StatusOr<skex::AgentId> agent = skex::AgentId::Parse(options.agent);
  if (!agent.ok()) return agent.status();
  absl::StatusOr<Enrolment> enrolment = ReadAllow(options, *agent);
  if (!enrolment.ok()) return enrolment.status();
  absl::StatusOr<uint64_t> size = ParseSize(options.size);
  if (!size.ok()) return size.status();
  absl::StatusOr<skex::PadGeometry> geometry =
      GeometryFor(*size, options.lanes);
  if (!geometry.ok()) return geometry.status();
  SystemEntropy entropy;
  absl::StatusOr<std::unique_ptr<RandomSource>> source =
      OpenSource(options.random_source, &entropy);
  if (!source.ok()) return source.status();

  RememberInterruption();
  ProgressMeter meter(std::cerr, isatty(STDERR_FILENO) != 0, "writing the pad",
                      &absl::Now);
  const auto progress = [&](uint64_t done, uint64_t total) {
    if (!options.quiet) meter.Update(done, total);
    return InterruptionStatus();
  };
  const EnrolRequest request{hub->name, hub->daemon.state_dir,
                             *agent,    *enrolment,
                             *geometry, options.out};
  absl::StatusOr<skex::PadIdentity> identity =
      EnrolAgent(*PosixFileSystem(), request, **source, progress);
  meter.Finish();
  if (absl::IsCancelled(identity.status())) return InterruptionStatus();
  if (!identity.ok()) return identity.status();
  if (!options.quiet) PrintNextSteps(options, *hub, request, *identity);
  return absl::OkStatus();
}

}  // namespace

void AddEnrolVerb(CLI::App& app, absl::Status& outcome) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("enrol", "Make an agent known to a hub, with a pad");
  verb->add_option("--hub-config", options->hub_config,
                   "The hub's configuration file")
      ->required();
  verb->add_option("--agent", options->agent, "The agent's name")->required();
  verb->add_option("--allow", options->allow,
                   "An agent that may open connections to it; repeatable");
  verb->add_option("--size", options->size,
                   "Size of the pad, both directions together, like 64MiB")
      ->required();
  verb->add_option("--lanes", options->lanes,
                   "Parts that different senders may use at once (default 1)");
  verb->add_option("--random-source", options->random_source,
                   "A physical random source, device or file (default: the "
                   "operating system's generator)");
  verb->add_option("--out", options->out, "Where the agent's half goes")
      ->required();
  verb->add_flag("--quiet", options->quiet, "Print nothing but errors");
  verb->callback([options, &outcome] { outcome = Run(*options); });
}

}  // namespace service
