#include "service/config/managed_config.h"

#include <utility>
#include <vector>

#include "service/config/agent_config.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

// What the text of an addition is called in errors.
constexpr char kAddition[] = "addition";

}  // namespace

ManagedConfig::ManagedConfig(FileSystem* files, std::string path,
                             std::string state_dir)
    : files_(files),
      path_(std::move(path)),
      managed_(ManagedTablesPath(state_dir)) {}

absl::StatusOr<ManagedTables> ManagedConfig::Read() const {
  absl::StatusOr<std::string> text = ReadManagedTables(*files_, managed_);
  if (!text.ok()) return text.status();
  return ManagedTables::Parse(managed_, *text);
}

absl::Status ManagedConfig::Add(absl::string_view toml, bool replace) {
  absl::StatusOr<ManagedTables> old = Read();
  if (!old.ok()) return old.status();
  absl::StatusOr<ManagedTables> more = ManagedTables::Parse(kAddition, toml);
  if (!more.ok()) return more.status();
  ManagedTables tables = *old;
  absl::Status status = tables.Add(*more, replace);
  if (!status.ok()) return status;
  // What is new on its own, so that errors name the place where it was written.
  ManagedTables others = *old;
  others.Subtract(*more);
  status = LoadAgentConfig(path_, {{managed_, others.ToText()},
                                   {kAddition, std::string(toml)}})
               .status();
  return status.ok() ? Write(*std::move(old), tables) : status;
}

absl::Status ManagedConfig::RemovePeer(const std::string& name) {
  return Remove(&ManagedTables::RemovePeer, name);
}

absl::Status ManagedConfig::RemoveTunnel(const std::string& name) {
  return Remove(&ManagedTables::RemoveTunnel, name);
}

absl::Status ManagedConfig::Remove(
    absl::Status (ManagedTables::*remove)(const std::string&),
    const std::string& name) {
  absl::StatusOr<ManagedTables> old = Read();
  if (!old.ok()) return old.status();
  ManagedTables tables = *old;
  absl::Status status = (tables.*remove)(name);
  if (!status.ok()) return status;
  status = LoadAgentConfig(path_, {{managed_, tables.ToText()}}).status();
  return status.ok() ? Write(*std::move(old), tables) : status;
}

absl::Status ManagedConfig::Write(ManagedTables old,
                                  const ManagedTables& tables) {
  const std::string text = tables.ToText();
  absl::Status status = text.size() > kMaxManagedTablesSize
                            ? absl::ResourceExhaustedError(
                                  "too much was added at run time; write it "
                                  "into the configuration file")
                            : WriteFileDurably(*files_, managed_, text);
  if (status.ok()) before_ = std::move(old);
  return status;
}

absl::Status ManagedConfig::Undo() {
  return WriteFileDurably(*files_, managed_, before_.ToText());
}

}  // namespace service
