#include "service/ctl/top/figures_json.h"

#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "service/ctl/online/message_json.h"

namespace service {
namespace {

using nlohmann::ordered_json;

// Puts the rates into the rows of a list.
void AddRates(const std::vector<Rates>& rates, ordered_json& list) {
  for (size_t i = 0; i < rates.size(); ++i) {
    ordered_json& row = list.at(i)["rates"];
    row = nullptr;
    for (const auto& [name, rate] : rates[i]) row[name] = rate;
  }
}

ordered_json AnswerJson(const AgentSample& sample, const Figures& figures) {
  ordered_json json = MessageToJson(sample.status);
  AddRates(figures.peers, json["peers"]);
  AddRates(figures.tunnels, json["tunnels"]);
  return json;
}

ordered_json AnswerJson(const HubSample& sample, const Figures& figures) {
  ordered_json json = MessageToJson(sample.status);
  ordered_json agents = MessageToJson(sample.agents)["agents"];
  AddRates(figures.agents, agents);
  json["agents"] = std::move(agents);
  return json;
}

}  // namespace

ordered_json FiguresJson(const Figures& figures, absl::Time time) {
  ordered_json json = {{"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time,
                                                 absl::UTCTimeZone())},
                       {"interval", nullptr}};
  if (figures.interval > absl::ZeroDuration()) {
    json["interval"] = absl::ToDoubleSeconds(figures.interval);
  }
  json.update(std::visit(
      [&figures](const auto& answer) { return AnswerJson(answer, figures); },
      figures.answer));
  return json;
}

}  // namespace service
