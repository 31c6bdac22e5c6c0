#include "service/ctl/pad_verb.h"

#include <cstdint>
#include <memory>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/enrol/pad_size.h"
#include "service/storage/posix_file_system.h"

namespace service {
namespace {

using skex::Direction;
using skex::Side;
using skex::Stream;

std::string ImportState(const PadFileInspection& pad) {
  if (pad.side == Side::kHub) return "not needed";
  return pad.imported ? "checked, hash erased" : "waiting for the first use";
}

// What the marks say of one stream.
struct StreamUse {
  int lane = 0;
  std::string direction;  // "send" or "receive", seen from this half
  std::string stream;     // "mac" or "otp"
  uint64_t bytes = 0;
  uint64_t claimed = 0;
  uint64_t erased = 0;
};

// Of every stream; none if the marks are damaged.
std::vector<StreamUse> UseOf(const PadFileInspection& pad) {
  std::vector<StreamUse> uses;
  if (!pad.slots.latest.has_value()) return uses;
  const skex::PadGeometry& geometry = pad.identity.geometry;
  for (uint8_t lane = 0; lane < geometry.lanes; ++lane) {
    for (Direction direction :
         {skex::SendDirection(pad.side), skex::ReceiveDirection(pad.side)}) {
      for (Stream stream : {Stream::kMac, Stream::kOtp}) {
        const uint64_t begin = geometry.Begin(direction, lane, stream);
        const skex::StreamMark& mark =
            pad.slots.latest->marks.at(direction, lane, stream);
        const bool sends = direction == skex::SendDirection(pad.side);
        uses.push_back({.lane = lane,
                        .direction = sends ? "send" : "receive",
                        .stream = stream == Stream::kMac ? "mac" : "otp",
                        .bytes = geometry.End(direction, lane, stream) - begin,
                        .claimed = mark.claimed_upto - begin,
                        .erased = mark.erased_upto - begin});
      }
    }
  }
  return uses;
}

std::string Describe(const StreamUse& use) {
  return absl::StrFormat(
      "lane %d  %-7s  %s  %14d of %14d claimed (%5.1f %%), %d erased\n",
      use.lane, use.direction, use.stream, use.claimed, use.bytes,
      100.0 * static_cast<double>(use.claimed) / static_cast<double>(use.bytes),
      use.erased);
}

Answer Run(const std::string& path) {
  absl::StatusOr<PadFileInspection> pad =
      InspectPadFile(*PosixFileSystem(), path);
  if (!pad.ok()) return pad.status();
  Answer answer(DescribePad(path, *pad), PadJson(path, *pad));
  if (!pad->slots.latest.has_value()) {
    answer.status = absl::DataLossError(absl::StrCat(
        path,
        ": both of its mark slots are damaged; have the hub's operator "
        "revoke and enrol ",
        pad->identity.agent.text(), " again"));
  }
  return answer;
}

}  // namespace

std::string DescribePad(const std::string& path, const PadFileInspection& pad) {
  std::string text = absl::StrCat(
      "file     ", path, " (", FormatSize(pad.file_size), ")\n", "half     ",
      pad.side == Side::kAgent ? "agent's" : "hub's", "\n", "agent    ",
      pad.identity.agent.text(), "\n", "hub      ", pad.identity.hub.text(),
      "\n", "table    ", pad.identity.table.Hex(), "\n", "source   ",
      skex::PadSourceName(pad.identity.source), "\n", "data     ",
      FormatSize(pad.identity.geometry.total_bytes()), " in both directions\n",
      "import   ", ImportState(pad), "\n");
  if (!pad.slots.latest.has_value()) {
    absl::StrAppend(&text, "marks    damaged\n");
    return text;
  }
  absl::StrAppend(&text, "marks    generation ", pad.slots.latest->generation,
                  pad.slots.damaged > 0 ? ", the other slot is torn" : "",
                  "\n");
  for (const StreamUse& use : UseOf(pad)) {
    absl::StrAppend(&text, Describe(use));
  }
  return text;
}

nlohmann::ordered_json PadJson(const std::string& path,
                               const PadFileInspection& pad) {
  nlohmann::ordered_json json = {
      {"file", path},
      {"file_bytes", pad.file_size},
      {"half", pad.side == Side::kAgent ? "agent" : "hub"},
      {"agent", pad.identity.agent.text()},
      {"hub", pad.identity.hub.text()},
      {"table_id", pad.identity.table.Hex()},
      {"source", std::string(skex::PadSourceName(pad.identity.source))},
      {"total_bytes", pad.identity.geometry.total_bytes()},
      {"imported", pad.imported},
      {"damaged_slots", pad.slots.damaged},
      {"generation", nullptr},
      {"streams", nlohmann::ordered_json::array()}};
  if (pad.slots.latest.has_value()) {
    json["generation"] = pad.slots.latest->generation;
  }
  for (const StreamUse& use : UseOf(pad)) {
    json["streams"].push_back({{"lane", use.lane},
                               {"direction", use.direction},
                               {"stream", use.stream},
                               {"bytes", use.bytes},
                               {"claimed", use.claimed},
                               {"erased", use.erased}});
  }
  return json;
}

void AddPadVerb(CLI::App& app, Answer& answer) {
  auto path = std::make_shared<std::string>();
  CLI::App* verb =
      app.add_subcommand("pad", "Show a pad file's header and marks");
  verb->add_option("file", *path, "The pad file")->required();
  verb->callback([path, &answer] { answer = Run(*path); });
}

}  // namespace service
