#include "service/ctl/enrol_verb.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "service/config/hub_config.h"
#include "service/ctl/interruption.h"
#include "service/ctl/next_steps.h"
#include "service/ctl/progress_meter.h"
#include "service/enrol/enrol.h"
#include "service/enrol/pad_size.h"
#include "service/enrol/random_source.h"
#include "service/enrol/replenish.h"
#include "service/enrol/stretch_source.h"
#include "service/storage/posix_file_system.h"
#include "service/storage/system_entropy.h"

namespace service {
namespace {

struct Options {
  std::string hub_config;
  std::string agent;
  bool replenish = false;
  std::vector<std::string> allow;
  std::string least_source;
  std::string size;
  uint32_t lanes = 1;
  std::string random_source;
  bool stretch = false;
  std::string out;
  bool quiet = false;
};

absl::StatusOr<std::vector<skex::AgentId>> ReadAllow(
    const Options& options, const skex::AgentId& agent) {
  std::vector<skex::AgentId> allow;
  for (const std::string& text : options.allow) {
    absl::StatusOr<skex::AgentId> name = skex::AgentId::Parse(text);
    if (!name.ok()) return name.status();
    if (*name == agent) {
      return absl::InvalidArgumentError(absl::StrCat(
          text,
          " needs no leave to reach itself; name other agents with "
          "--allow"));
    }
    if (std::find(allow.begin(), allow.end(), *name) == allow.end()) {
      allow.push_back(*std::move(name));
    }
  }
  return allow;
}

absl::StatusOr<std::optional<skex::PadSource>> LeastSourceOf(
    const Options& options) {
  if (options.least_source.empty()) return std::nullopt;
  const std::optional<skex::PadSource> source =
      skex::PadSourceNamed(options.least_source);
  if (source.has_value()) return source;
  return absl::InvalidArgumentError(
      absl::StrCat("'", absl::CHexEscape(options.least_source),
                   "' is not a source; --least-source is one of: physical, "
                   "generator, stretch"));
}

absl::StatusOr<std::unique_ptr<RandomSource>> OpenSource(
    const Options& options, skex::Entropy* entropy) {
  if (options.random_source.empty() && options.stretch) {
    return absl::InvalidArgumentError(
        "--stretch makes a pad from 32 bytes of a physical source, and the "
        "operating system's generator fills a pad by itself; name the source "
        "with --random-source, or leave --stretch away");
  }
  if (options.random_source.empty()) {
    return std::make_unique<GeneratorSource>(entropy);
  }
  absl::StatusOr<std::unique_ptr<DeviceSource>> device =
      DeviceSource::Open(options.random_source);
  if (!device.ok()) return device.status();
  if (!options.stretch) return *std::move(device);
  absl::StatusOr<std::unique_ptr<StretchSource>> stretch =
      StretchSource::Create(**device);
  if (!stretch.ok()) return stretch.status();
  return *std::move(stretch);
}

// What the command line and the hub's configuration say, checked.
struct Order {
  HubConfig hub;
  skex::AgentId agent;
  std::vector<skex::AgentId> allow;
  std::optional<skex::PadSource> least_source;
  skex::PadGeometry geometry;
};

absl::StatusOr<Order> Read(const Options& options) {
  absl::StatusOr<HubConfig> hub = LoadHubConfig(options.hub_config);
  if (!hub.ok()) return hub.status();
  absl::StatusOr<skex::AgentId> agent = skex::AgentId::Parse(options.agent);
  if (!agent.ok()) return agent.status();
  absl::StatusOr<std::vector<skex::AgentId>> allow = ReadAllow(options, *agent);
  if (!allow.ok()) return allow.status();
  absl::StatusOr<std::optional<skex::PadSource>> least = LeastSourceOf(options);
  if (!least.ok()) return least.status();
  absl::StatusOr<uint64_t> size = ParseSize(options.size);
  if (!size.ok()) return size.status();
  absl::StatusOr<skex::PadGeometry> geometry =
      GeometryFor(*size, options.lanes);
  if (!geometry.ok()) return geometry.status();
  return Order{*std::move(hub), *std::move(agent), *std::move(allow), *least,
               *geometry};
}

// `pads`: that the agent has at this hub now.
nlohmann::ordered_json ToJson(
    const Options& options, const skex::PadIdentity& identity, size_t pads,
    const std::optional<skex::PadSource>& least_source) {
  nlohmann::ordered_json json = {
      {"agent", identity.agent.text()},
      {"hub", identity.hub.text()},
      {"out", options.out},
      {"table_id", identity.table.Hex()},
      {"source", std::string(skex::PadSourceName(identity.source))},
      {"total_bytes", identity.geometry.total_bytes()},
      {"pads", pads},
      {"least_source", nullptr}};
  if (least_source.has_value()) {
    json["least_source"] = std::string(skex::PadSourceName(*least_source));
  }
  return json;
}

Answer Enrol(const Options& options, const Order& order, RandomSource& source,
             const PadProgress& progress) {
  const EnrolRequest request{
      order.hub.name,
      order.hub.daemon.state_dir,
      order.agent,
      {.allow = order.allow, .least_source = order.least_source},
      order.geometry,
      options.out};
  absl::StatusOr<skex::PadIdentity> identity =
      EnrolAgent(*PosixFileSystem(), request, source, progress);
  if (!identity.ok()) return identity.status();
  return {AfterEnrolment(options.hub_config, order.hub, request, *identity),
          ToJson(options, *identity, 1, request.enrolment.least_source)};
}

Answer Replenish(const Options& options, const Order& order,
                 RandomSource& source, const PadProgress& progress) {
  const ReplenishRequest request{order.hub.name, order.hub.daemon.state_dir,
                                 order.agent,    order.geometry,
                                 options.out,    order.least_source};
  absl::StatusOr<Replenished> made =
      ReplenishAgent(*PosixFileSystem(), request, source, progress);
  if (!made.ok()) return made.status();
  return {AfterReplenishment(options.hub_config, request, *made),
          ToJson(options, made->identity, made->pads, made->least_source)};
}

Answer Run(const Options& options, bool show_progress) {
  absl::StatusOr<Order> order = Read(options);
  if (!order.ok()) return order.status();
  SystemEntropy entropy;
  absl::StatusOr<std::unique_ptr<RandomSource>> source =
      OpenSource(options, &entropy);
  if (!source.ok()) return source.status();

  RememberInterruption();
  ProgressMeter meter(std::cerr, isatty(STDERR_FILENO) != 0, "writing the pad",
                      &absl::Now);
  const auto progress = [&](uint64_t done, uint64_t total) {
    if (show_progress) meter.Update(done, total);
    return InterruptionStatus();
  };
  Answer answer = options.replenish
                      ? Replenish(options, *order, **source, progress)
                      : Enrol(options, *order, **source, progress);
  meter.Finish();
  if (absl::IsCancelled(answer.status)) return InterruptionStatus();
  if (options.quiet) answer.text.clear();
  return answer;
}

}  // namespace

void AddEnrolVerb(CLI::App& app, const bool& json, Answer& answer) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("enrol", "Make an agent known to a hub, with a pad");
  verb->add_option("--hub-config", options->hub_config,
                   "The hub's configuration file")
      ->required();
  verb->add_option("--agent", options->agent, "The agent's name")->required();
  CLI::Option* replenish =
      verb->add_flag("--replenish", options->replenish,
                     "One more pad for an agent that is enrolled");
  verb->add_option("--allow", options->allow,
                   "An agent that may open connections to it; repeatable")
      ->excludes(replenish);
  verb->add_option("--least-source", options->least_source,
                   "The lowest source that its pads may have: physical, "
                   "generator or stretch (default: that of the oldest pad, but "
                   "not below generator)");
  verb->add_option("--size", options->size,
                   "Size of the pad, both directions together, like 64MiB")
      ->required();
  verb->add_option("--lanes", options->lanes,
                   "Parts that different senders may use at once (default 1)");
  verb->add_option("--random-source", options->random_source,
                   "A physical random source, device or file (default: the "
                   "operating system's generator)");
  verb->add_flag("--stretch", options->stretch,
                 "Take only 32 bytes of it and stretch them with AES-256; "
                 "needs --least-source stretch, at both ends");
  verb->add_option("--out", options->out, "Where the agent's half goes")
      ->required();
  verb->add_flag("--quiet", options->quiet,
                 "Print nothing but errors, and what --json asks for");
  verb->callback([options, &json, &answer] {
    answer = Run(*options, /*show_progress=*/!options->quiet && !json);
  });
}

}  // namespace service
