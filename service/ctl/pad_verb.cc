#include "service/ctl/pad_verb.h"

#include <iostream>
#include <memory>

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

std::string DescribeStream(const PadFileInspection& pad, Direction direction,
                           uint8_t lane, Stream stream) {
  const skex::PadGeometry& geometry = pad.identity.geometry;
  const uint64_t begin = geometry.Begin(direction, lane, stream);
  const uint64_t size = geometry.End(direction, lane, stream) - begin;
  const skex::StreamMark& mark =
      pad.slots.latest->marks.at(direction, lane, stream);
  const uint64_t claimed = mark.claimed_upto - begin;
  const uint64_t erased = mark.erased_upto - begin;
  const bool sends = direction == skex::SendDirection(pad.side);
  return absl::StrFormat(
      "lane %d  %-7s  %s  %14d of %14d claimed (%5.1f %%), %d erased\n", lane,
      sends ? "send" : "receive", stream == Stream::kMac ? "mac" : "otp",
      claimed, size,
      100.0 * static_cast<double>(claimed) / static_cast<double>(size), erased);
}

absl::Status Run(const std::string& path) {
  absl::StatusOr<PadFileInspection> pad =
      InspectPadFile(*PosixFileSystem(), path);
  if (!pad.ok()) return pad.status();
  std::cout << DescribePad(path, *pad);
  if (!pad->slots.latest.has_value()) {
    return absl::DataLossError(absl::StrCat(
        path,
        ": both of its mark slots are damaged; have the hub's operator "
        "revoke and enrol ",
        pad->identity.agent.text(), " again"));
  }
  return absl::OkStatus();
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
  for (uint8_t lane = 0; lane < pad.identity.geometry.lanes; ++lane) {
    for (Direction direction :
         {skex::SendDirection(pad.side), skex::ReceiveDirection(pad.side)}) {
      for (Stream stream : {Stream::kMac, Stream::kOtp}) {
        absl::StrAppend(&text, DescribeStream(pad, direction, lane, stream));
      }
    }
  }
  return text;
}

void AddPadVerb(CLI::App& app, absl::Status& outcome) {
  auto path = std::make_shared<std::string>();
  CLI::App* verb =
      app.add_subcommand("pad", "Show a pad file's header and marks");
  verb->add_option("file", *path, "The pad file")->required();
  verb->callback([path, &outcome] { outcome = Run(*path); });
}

}  // namespace service
