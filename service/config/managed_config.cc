#include "service/config/managed_config.h"

#include <utility>
#include <vector>

#include "service/config/agent_config.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

constexpr size_t kMaxSize = 1 << 20;
// What the text of an addition is called in errors.
constexpr char kAddition[] = "addition";

}  // namespace

ManagedConfig::ManagedConfig(FileSystem* files, std::string path,
                             std::string state_dir)
    : files_(files),
      path_(std::move(path)),
      managed_(ManagedTablesPath(state_dir)) {}

absl::StatusOr<ManagedTables> ManagedConfig::Read() {
  absl::StatusOr<std::string> text = ReadSmallFile(*files_, managed_, kMaxSize);
  if (absl::IsNotFound(text.status())) return ManagedTables();
  if (!text.ok()) return text.status();
  return ManagedTables::Parse(managed_, *text);
}

absl::Status ManagedConfig::Add(absl::string_view toml, bool replace) {
  absl::StatusOr<ManagedTables> tables = Read();
  if (!tables.ok()) return tables.status();
  absl::StatusOr<ManagedTables> more = ManagedTables::Parse(kAddition, toml);
  if (!more.ok()) return more.status();
  ManagedTables others = *tables;
  absl::Status status = tables->Add(*more, replace);
  if (!status.ok()) return status;
  // What is new on its own, so that errors name the place where it was written.
  others.Subtract(*more);
  status = LoadAgentConfig(path_, {{managed_, others.ToText()},
                                   {kAddition, std::string(toml)}})
               .status();
  if (!status.ok()) return status;
  return Write(*tables);
}

absl::Status ManagedConfig::RemovePeer(const std::string& name) {
  absl::StatusOr<ManagedTables> tables = Read();
  if (!tables.ok()) return tables.status();
  absl::Status status = tables->RemovePeer(name);
  if (status.ok()) status = Check(*tables);
  return status.ok() ? Write(*tables) : status;
}

absl::Status ManagedConfig::RemoveTunnel(const std::string& name) {
  absl::StatusOr<ManagedTables> tables = Read();
  if (!tables.ok()) return tables.status();
  absl::Status status = tables->RemoveTunnel(name);
  if (status.ok()) status = Check(*tables);
  return status.ok() ? Write(*tables) : status;
}

absl::Status ManagedConfig::Check(const ManagedTables& tables) const {
  return LoadAgentConfig(path_, {{managed_, tables.ToText()}}).status();
}

absl::Status ManagedConfig::Write(const ManagedTables& tables) {
  absl::StatusOr<ManagedTables> old = Read();
  if (!old.ok()) return old.status();
  const std::string text = tables.ToText();
  absl::Status status = text.size() > kMaxSize
                            ? absl::ResourceExhaustedError(
                                  "too much was added at run time; write it "
                                  "into the configuration file")
                            : WriteFileDurably(*files_, managed_, text);
  if (status.ok()) before_ = *std::move(old);
  return status;
}

absl::Status ManagedConfig::Undo() {
  return WriteFileDurably(*files_, managed_, before_.ToText());
}

}  // namespace service
