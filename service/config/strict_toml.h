#ifndef SERVICE_CONFIG_STRICT_TOML_H_
#define SERVICE_CONFIG_STRICT_TOML_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace service {

class TomlTable;

// A TOML file that is read strictly. The first error counts and sticks, as in
// skex::ByteReader: a reader asks for everything it knows, then once for
// status(). Every error is one line, `FILE:LINE:COL: what; way out`.
//
// toml++ does not appear here, and with it its std::string_view.
class TomlDocument {
 public:
  // Reads the file at `path`. Returns INVALID_ARGUMENT for a file that is
  // missing, unreadable, over 1 MiB or not TOML.
  static absl::StatusOr<TomlDocument> Load(const std::string& path);

  // The same for `text`; `path` is for the messages.
  static absl::StatusOr<TomlDocument> Parse(const std::string& path,
                                            absl::string_view text);

  // The top of the document, in which `keys` are known: any other is an error.
  TomlTable Root(std::initializer_list<absl::string_view> keys) const;

  // OK, or INVALID_ARGUMENT with the first error so far.
  absl::Status status() const;

 private:
  friend class TomlTable;
  struct Contents;
  explicit TomlDocument(std::shared_ptr<Contents> contents)
      : contents_(std::move(contents)) {}

  std::shared_ptr<Contents> contents_;
};

// One table of a document, possibly absent (then every key is). Getters return
// their fallback, or an empty value, for a key that is absent or wrong; what
// is wrong is an error of the document. `example` is what the message of a
// missing or mistyped key shows as the way out.
//
// A small value; keeps its document alive.
class TomlTable {
 public:
  bool Has(absl::string_view key) const;
  // Whether the document has no error so far.
  bool ok() const;

  std::string String(absl::string_view key, absl::string_view fallback,
                     absl::string_view example) const;
  std::string RequiredString(absl::string_view key,
                             absl::string_view example) const;
  bool Bool(absl::string_view key, bool fallback) const;
  uint64_t Integer(absl::string_view key, uint64_t fallback, uint64_t least,
                   uint64_t most) const;
  uint64_t RequiredInteger(absl::string_view key, uint64_t least, uint64_t most,
                           absl::string_view example) const;
  absl::Duration Duration(absl::string_view key, absl::Duration fallback,
                          absl::Duration least, absl::Duration most) const;
  // The strings of an array, none if the key is absent.
  std::vector<std::string> Strings(absl::string_view key,
                                   absl::string_view example) const;

  // A string, or the strings of an array, of which none is empty and of which
  // there is at least one.
  std::vector<std::string> RequiredStringOrStrings(
      absl::string_view key, absl::string_view example) const;

  // A table, and an array of tables, with their known keys.
  TomlTable Table(absl::string_view key,
                  std::initializer_list<absl::string_view> keys) const;
  std::vector<TomlTable> Tables(
      absl::string_view key,
      std::initializer_list<absl::string_view> keys) const;

  // One of a few words.
  template <typename Value>
  Value Choice(
      absl::string_view key, Value fallback,
      std::initializer_list<std::pair<absl::string_view, Value>> choices) const;

  // A required string that `parse` (string_view -> StatusOr<Value>) takes; its
  // error becomes one of this key.
  template <typename Value, typename Parse>
  std::optional<Value> Parsed(absl::string_view key, absl::string_view example,
                              Parse parse) const;

  // Records an error at the value of `key`, or at item `index` of that array,
  // or at the table itself.
  void FailAt(absl::string_view key, absl::string_view message) const;
  void FailAtItem(absl::string_view key, size_t index,
                  absl::string_view message) const;
  void Fail(absl::string_view message) const;

 private:
  friend class TomlDocument;
  TomlTable(std::shared_ptr<TomlDocument::Contents> contents, const void* table,
            std::string name)
      : contents_(std::move(contents)), table_(table), name_(std::move(name)) {}

  void CheckKeys(std::initializer_list<absl::string_view> keys) const;
  void Missing(absl::string_view key, absl::string_view example) const;
  void BadChoice(absl::string_view key, absl::string_view text,
                 const std::vector<absl::string_view>& words) const;

  std::shared_ptr<TomlDocument::Contents> contents_;
  const void* table_;  // a table of toml++; null if absent
  std::string name_;   // "[log]", "[[peer]]"; empty at the top
};

template <typename Value>
Value TomlTable::Choice(
    absl::string_view key, Value fallback,
    std::initializer_list<std::pair<absl::string_view, Value>> choices) const {
  if (!Has(key)) return fallback;
  const std::string text = String(key, "", choices.begin()->first);
  std::vector<absl::string_view> words;
  for (const auto& [word, value] : choices) {
    if (text == word) return value;
    words.push_back(word);
  }
  BadChoice(key, text, words);
  return fallback;
}

template <typename Value, typename Parse>
std::optional<Value> TomlTable::Parsed(absl::string_view key,
                                       absl::string_view example,
                                       Parse parse) const {
  const std::string text = RequiredString(key, example);
  if (!ok()) return std::nullopt;
  absl::StatusOr<Value> value = parse(absl::string_view(text));
  if (value.ok()) return *std::move(value);
  FailAt(key, value.status().message());
  return std::nullopt;
}

// `path` as it is opened: relative to the folder of the file `base`.
std::string ResolvePath(const std::string& base, absl::string_view path);

}  // namespace service

#endif  // SERVICE_CONFIG_STRICT_TOML_H_
