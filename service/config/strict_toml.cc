#include "service/config/strict_toml.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/config/toml_source.h"
#include "service/storage/file_system.h"
#include "service/storage/posix_file_system.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

constexpr size_t kMaxFileSize = 1 << 20;

std::string_view ToStd(absl::string_view text) {
  return {text.data(), text.size()};
}
absl::string_view FromStd(std::string_view text) {
  return {text.data(), text.size()};
}

absl::string_view TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number with a point";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

// How many letters have to be inserted, removed or changed.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

// The one of `words` that `text` most likely means; empty if none is near.
absl::string_view Nearest(absl::string_view text,
                          const std::vector<absl::string_view>& words) {
  absl::string_view nearest;
  size_t best = std::max<size_t>(2, text.size() / 3) + 1;
  for (absl::string_view word : words) {
    const size_t distance = EditDistance(text, word);
    if (distance < best && distance < word.size()) {
      best = distance;
      nearest = word;
    }
  }
  return nearest;
}

std::string Suggestion(absl::string_view text,
                       const std::vector<absl::string_view>& words) {
  const absl::string_view nearest = Nearest(text, words);
  if (!nearest.empty()) return absl::StrCat("did you mean '", nearest, "'?");
  return absl::StrCat("known here: ", absl::StrJoin(words, ", "));
}

}  // namespace

struct TomlDocument::Contents {
  std::string path;
  toml::table root;
  absl::Status status;

  void Fail(const toml::source_region& at, absl::string_view message) {
    if (status.ok()) status = TomlError(path, at.begin, message);
  }
};

namespace {

const toml::table* AsTable(const void* table) {
  return static_cast<const toml::table*>(table);
}

const toml::node* Find(const void* table, absl::string_view key) {
  return table == nullptr ? nullptr : AsTable(table)->get(ToStd(key));
}

}  // namespace

absl::StatusOr<TomlDocument> TomlDocument::Load(const std::string& path) {
  absl::StatusOr<std::string> text =
      ReadSmallFile(*PosixFileSystem(), path, kMaxFileSize);
  if (text.ok()) return Parse(path, *text);
  const absl::string_view way_out =
      absl::IsNotFound(text.status())
          ? "give the path of a file, or make one with skexctl init"
          : "check the path and its permissions";
  return absl::InvalidArgumentError(
      absl::StrCat(text.status().message(), "; ", way_out));
}

absl::StatusOr<TomlDocument> TomlDocument::Parse(const std::string& path,
                                                 absl::string_view text) {
  absl::StatusOr<toml::table> root = ParseToml(path, text);
  if (!root.ok()) return root.status();
  auto contents = std::make_shared<Contents>();
  contents->path = path;
  contents->root = *std::move(root);
  return TomlDocument(std::move(contents));
}

TomlTable TomlDocument::Root(
    std::initializer_list<absl::string_view> keys) const {
  TomlTable table(contents_, &contents_->root, "");
  table.CheckKeys(keys);
  return table;
}

absl::Status TomlDocument::status() const { return contents_->status; }

bool TomlTable::Has(absl::string_view key) const {
  return Find(table_, key) != nullptr;
}

bool TomlTable::ok() const { return contents_->status.ok(); }

void TomlTable::CheckKeys(std::initializer_list<absl::string_view> keys) const {
  if (table_ == nullptr) return;
  for (const auto& [key, value] : *AsTable(table_)) {
    const absl::string_view name = FromStd(key.str());
    if (std::find(keys.begin(), keys.end(), name) != keys.end()) continue;
    contents_->Fail(
        key.source(),
        absl::StrCat("unknown key '", absl::CHexEscape(name), "'",
                     name_.empty() ? "" : absl::StrCat(" in ", name_), "; ",
                     Suggestion(name, {keys.begin(), keys.end()})));
  }
}

void TomlTable::Fail(absl::string_view message) const {
  contents_->Fail(
      table_ == nullptr ? toml::source_region{} : AsTable(table_)->source(),
      message);
}

void TomlTable::FailAt(absl::string_view key, absl::string_view message) const {
  const toml::node* node = Find(table_, key);
  if (node == nullptr) return Fail(message);
  contents_->Fail(node->source(), message);
}

void TomlTable::FailAtItem(absl::string_view key, size_t index,
                           absl::string_view message) const {
  const toml::node* node = Find(table_, key);
  const toml::array* array = node == nullptr ? nullptr : node->as_array();
  if (array == nullptr || index >= array->size()) return FailAt(key, message);
  contents_->Fail(array->get(index)->source(), message);
}

void TomlTable::Missing(absl::string_view key,
                        absl::string_view example) const {
  Fail(absl::StrCat("the key '", key, "' is missing",
                    name_.empty() ? "" : absl::StrCat(" in this ", name_),
                    "; add for example ", key, " = ", example));
}

void TomlTable::BadChoice(absl::string_view key, absl::string_view text,
                          const std::vector<absl::string_view>& words) const {
  FailAt(key, absl::StrCat("'", key, "' cannot be '", absl::CHexEscape(text),
                           "'; use one of: ", absl::StrJoin(words, ", ")));
}

std::string TomlTable::String(absl::string_view key, absl::string_view fallback,
                              absl::string_view example) const {
  const toml::node* node = Find(table_, key);
  if (node == nullptr) return std::string(fallback);
  const auto* value = node->as_string();
  if (value != nullptr && !value->get().empty()) return value->get();
  FailAt(key,
         absl::StrCat("'", key, "' is ",
                      value == nullptr ? TypeName(*node) : "empty",
                      "; write for example ", key, " = \"", example, "\""));
  return std::string(fallback);
}

std::string TomlTable::RequiredString(absl::string_view key,
                                      absl::string_view example) const {
  if (Has(key)) return String(key, "", example);
  Missing(key, absl::StrCat("\"", example, "\""));
  return "";
}

bool TomlTable::Bool(absl::string_view key, bool fallback) const {
  const toml::node* node = Find(table_, key);
  if (node == nullptr) return fallback;
  if (const auto* value = node->as_boolean()) return value->get();
  FailAt(key, absl::StrCat("'", key, "' is ", TypeName(*node),
                           "; write true or false, without quotes"));
  return fallback;
}

uint64_t TomlTable::Integer(absl::string_view key, uint64_t fallback,
                            uint64_t least, uint64_t most) const {
  const toml::node* node = Find(table_, key);
  if (node == nullptr) return fallback;
  const auto* value = node->as_integer();
  if (value == nullptr) {
    FailAt(key, absl::StrCat("'", key, "' is ", TypeName(*node),
                             "; write an integer from ", least, " to ", most,
                             ", without quotes"));
    return fallback;
  }
  if (value->get() < 0 || static_cast<uint64_t>(value->get()) < least ||
      static_cast<uint64_t>(value->get()) > most) {
    FailAt(key, absl::StrCat("'", key, "' is ", value->get(),
                             "; choose an integer from ", least, " to ", most));
    return fallback;
  }
  return static_cast<uint64_t>(value->get());
}

uint64_t TomlTable::RequiredInteger(absl::string_view key, uint64_t least,
                                    uint64_t most,
                                    absl::string_view example) const {
  if (Has(key)) return Integer(key, least, least, most);
  Missing(key, example);
  return least;
}

absl::Duration TomlTable::Duration(absl::string_view key,
                                   absl::Duration fallback,
                                   absl::Duration least,
                                   absl::Duration most) const {
  if (!Has(key)) return fallback;
  const std::string example = absl::FormatDuration(fallback);
  const std::string text = String(key, "", example);
  if (!ok()) return fallback;
  absl::Duration value;
  if (!absl::ParseDuration(text, &value)) {
    FailAt(key, absl::StrCat("'", key, "' is '", absl::CHexEscape(text),
                             "', not a duration; write for example \"", example,
                             "\" (units: ms, s, m, h)"));
    return fallback;
  }
  if (value < least || value > most) {
    FailAt(key, absl::StrCat("'", key, "' is ", absl::FormatDuration(value),
                             "; choose a duration from ",
                             absl::FormatDuration(least), " to ",
                             absl::FormatDuration(most)));
    return fallback;
  }
  return value;
}

std::vector<std::string> TomlTable::Strings(absl::string_view key,
                                            absl::string_view example) const {
  std::vector<std::string> strings;
  const toml::node* node = Find(table_, key);
  if (node == nullptr) return strings;
  const std::string way_out =
      absl::StrCat("; write for example ", key, " = [\"", example, "\"]");
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    FailAt(key, absl::StrCat("'", key, "' is ", TypeName(*node), way_out));
    return strings;
  }
  for (size_t i = 0; i < array->size(); ++i) {
    const auto* value = array->get(i)->as_string();
    if (value == nullptr) {
      FailAtItem(key, i,
                 absl::StrCat("'", key, "' contains ", TypeName(*array->get(i)),
                              way_out));
      return strings;
    }
    strings.push_back(value->get());
  }
  return strings;
}

std::vector<std::string> TomlTable::RequiredStringOrStrings(
    absl::string_view key, absl::string_view example) const {
  const toml::node* node = Find(table_, key);
  if (node == nullptr || !node->is_array()) {
    return {RequiredString(key, example)};
  }
  std::vector<std::string> strings = Strings(key, example);
  const std::string way_out =
      absl::StrCat("; write for example ", key, " = [\"", example, "\"]");
  if (strings.empty()) {
    FailAt(key, absl::StrCat("'", key, "' is empty", way_out));
  }
  for (size_t i = 0; i < strings.size(); ++i) {
    if (!strings[i].empty()) continue;
    FailAtItem(key, i,
               absl::StrCat("'", key, "' contains an empty string", way_out));
  }
  return strings;
}

TomlTable TomlTable::Table(
    absl::string_view key,
    std::initializer_list<absl::string_view> keys) const {
  const std::string name = absl::StrCat("[", key, "]");
  const toml::node* node = Find(table_, key);
  const toml::table* table = node == nullptr ? nullptr : node->as_table();
  if (node != nullptr && table == nullptr) {
    FailAt(key, absl::StrCat("'", key, "' is ", TypeName(*node),
                             "; write it as a table ", name));
  }
  TomlTable result(contents_, table, name);
  result.CheckKeys(keys);
  return result;
}

std::vector<TomlTable> TomlTable::Tables(
    absl::string_view key,
    std::initializer_list<absl::string_view> keys) const {
  std::vector<TomlTable> tables;
  const toml::node* node = Find(table_, key);
  if (node == nullptr) return tables;
  const std::string name = absl::StrCat("[[", key, "]]");
  const toml::array* array = node->as_array();
  const size_t size = array == nullptr ? 1 : array->size();
  for (size_t i = 0; i < size; ++i) {
    const toml::node* item = array == nullptr ? node : array->get(i);
    if (array == nullptr || !item->is_table()) {
      contents_->Fail(item->source(),
                      absl::StrCat("'", key, "' is ", TypeName(*item),
                                   "; write each as a table ", name));
      return tables;
    }
    tables.push_back(TomlTable(contents_, item->as_table(), name));
    tables.back().CheckKeys(keys);
  }
  return tables;
}

std::string ResolvePath(const std::string& base, absl::string_view path) {
  if (absl::StartsWith(path, "/")) return std::string(path);
  const std::string folder = FolderOf(base);
  if (folder == ".") return std::string(path);
  return folder == "/" ? absl::StrCat("/", path)
                       : absl::StrCat(folder, "/", path);
}

}  // namespace service
