#include "service/config/hub_reader.h"

#include <stdlib.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/config/daemon_reader.h"
#include "service/config/least_source_reader.h"
#include "service/storage/file_system.h"
#include "service/storage/posix_file_system.h"
#include "skex/pad/pad_layout.h"

namespace service {
namespace {

// Which hub has a pad, by the path that no other name of the file has.
using PadOwners = std::map<std::string, skex::HubId>;

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&free)> real(
      realpath(path.c_str(), nullptr), &free);
  return real == nullptr ? path : std::string(real.get());
}

void CheckPad(const TomlTable& table, const HubEntry& hub, size_t index,
              PadOwners& owners) {
  const std::string& pad = hub.pads[index];
  const auto fail = [&](absl::string_view message) {
    table.FailAtItem("pad", index, absl::StrCat("pad ", message));
  };
  absl::StatusOr<FileInfo> info = PosixFileSystem()->Info(pad);
  if (!info.ok()) {
    return fail(absl::StrCat(info.status().message(),
                             "; put there what the operator of ",
                             hub.name.text(), " made with skexctl enrol"));
  }
  if (info->kind != FileInfo::Kind::kRegular) {
    return fail(absl::StrCat(
        pad, " is not a regular file; give the path of the pad itself"));
  }
  const auto [owner, is_new] = owners.emplace(RealPath(pad), hub.name);
  if (is_new) return;
  if (owner->second == hub.name) {
    return fail(absl::StrCat(pad, " is listed twice; remove one"));
  }
  fail(absl::StrCat(pad, " belongs to hub '", owner->second.text(),
                    "'; give each hub its own"));
}

std::vector<std::string> ReadPads(const TomlTable& table,
                                  const std::string& path) {
  std::vector<std::string> pads =
      table.RequiredStringOrStrings("pad", "pads/hub1.pad");
  if (pads.size() > skex::kMostPads) {
    table.FailAtItem("pad", skex::kMostPads,
                     absl::StrCat("'pad' names ", pads.size(), " pads, but ",
                                  skex::kMostPads,
                                  " at most are possible; remove those that "
                                  "are used up"));
  }
  for (std::string& pad : pads) pad = ResolvePath(path, pad);
  return pads;
}

std::optional<HubEntry> ReadHub(const TomlTable& table,
                                const std::string& path) {
  const std::optional<skex::HubId> name = table.Parsed<skex::HubId>(
      "name", "hub1@one.example", &skex::HubId::Parse);
  const std::optional<Endpoint> address =
      ReadEndpoint(table, "address", "127.0.0.1:7001", path, {});
  std::vector<std::string> pads = ReadPads(table, path);
  if (!table.ok()) return std::nullopt;
  return HubEntry{
      *name, *address, std::move(pads),
      table.String("operator", std::string(name->domain()), name->domain()),
      ReadLeastSource(table)};
}

}  // namespace

std::vector<HubEntry> ReadHubs(const TomlTable& root, const std::string& path) {
  std::vector<HubEntry> hubs;
  PadOwners owners;
  for (const TomlTable& table : root.Tables(
           "hub", {"name", "address", "pad", "operator", "least_source"})) {
    std::optional<HubEntry> hub = ReadHub(table, path);
    if (!hub.has_value()) break;
    for (const HubEntry& other : hubs) {
      if (other.name == hub->name) {
        table.FailAt("name", absl::StrCat("hub '", hub->name.text(),
                                          "' is configured twice; remove "
                                          "one"));
      }
    }
    for (size_t i = 0; i < hub->pads.size(); ++i) {
      CheckPad(table, *hub, i, owners);
    }
    hubs.push_back(*std::move(hub));
  }
  return hubs;
}

}  // namespace service
