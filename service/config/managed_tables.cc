#include "service/config/managed_tables.h"

#include <sstream>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/config/toml_source.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

constexpr absl::string_view kHead =
    "# Kept by skexd: what `skexctl add`, `remove-peer` and `remove-tunnel` "
    "have changed.\n# To edit it by hand stop the agent first.\n";

}  // namespace

std::string ManagedTablesPath(const std::string& state_dir) {
  return state_dir + "/managed.toml";
}

absl::StatusOr<std::string> ReadManagedTables(FileSystem& files,
                                              const std::string& path) {
  absl::StatusOr<std::string> text =
      ReadSmallFile(files, path, kMaxManagedTablesSize);
  if (absl::IsNotFound(text.status())) return "";
  return text;
}

absl::StatusOr<ManagedTables> ManagedTables::Parse(const std::string& label,
                                                   absl::string_view text) {
  const absl::StatusOr<toml::table> root = ParseToml(label, text);
  if (!root.ok()) return root.status();
  ManagedTables tables;
  for (const auto& [key, value] : *root) {
    const std::string kind(key.str());
    const toml::array* const array = value.as_array();
    if ((kind != "peer" && kind != "outbound" && kind != "inbound") ||
        array == nullptr) {
      return TomlError(label, key.source().begin,
                       absl::StrCat("'", absl::CHexEscape(kind),
                                    "' cannot be changed at run time; use "
                                    "[[peer]], [[outbound]] and [[inbound]]"));
    }
    for (const toml::node& node : *array) {
      const toml::table* const table = node.as_table();
      const toml::value<std::string>* const name =
          table == nullptr ? nullptr : table->get_as<std::string>("name");
      if (name == nullptr) {
        return TomlError(
            label, node.source().begin,
            absl::StrCat("this [[", kind, "]] has no name; give it one"));
      }
      toml::table one;
      one.insert(kind, toml::array{*table});
      std::ostringstream out;
      out << one << "\n";
      const Key id = {kind == "peer" ? Kind::kPeer : Kind::kTunnel,
                      name->get()};
      if (!tables.tables_.emplace(id, out.str()).second) {
        return TomlError(label, node.source().begin,
                         absl::StrCat("'", absl::CHexEscape(name->get()),
                                      "' is there twice; remove one"));
      }
    }
  }
  return tables;
}

absl::Status ManagedTables::Add(const ManagedTables& more, bool replace) {
  std::vector<std::string> present;
  for (const auto& [key, table] : more.tables_) {
    if (tables_.contains(key)) present.push_back(key.second);
  }
  if (!present.empty() && !replace) {
    return absl::AlreadyExistsError(
        absl::StrCat(absl::StrJoin(present, ", "),
                     " was added before; to change it say so (--replace)"));
  }
  for (const auto& [key, table] : more.tables_) tables_[key] = table;
  return absl::OkStatus();
}

absl::Status ManagedTables::RemovePeer(const std::string& name) {
  return Remove({Kind::kPeer, name}, "peer");
}

absl::Status ManagedTables::RemoveTunnel(const std::string& name) {
  return Remove({Kind::kTunnel, name}, "tunnel");
}

absl::Status ManagedTables::Remove(const Key& key, absl::string_view what) {
  if (tables_.erase(key) > 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(
      "no ", what, " ", key.second,
      " was added at run time; what stands in the configuration file is "
      "removed there, and by a reload"));
}

void ManagedTables::Subtract(const ManagedTables& others) {
  for (const auto& [key, table] : others.tables_) tables_.erase(key);
}

std::string ManagedTables::ToText() const {
  std::string text(kHead);
  for (const auto& [key, table] : tables_) {
    absl::StrAppend(&text, "\n", table);
  }
  return text;
}

}  // namespace service
