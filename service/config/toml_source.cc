#include "service/config/toml_source.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace service {

absl::Status TomlError(const std::string& path, const toml::source_position& at,
                       absl::string_view message) {
  // A message may quote what the file has; it stays one line all the same.
  const std::string line =
      absl::StrReplaceAll(message, {{"\n", " "}, {"\r", " "}});
  return absl::InvalidArgumentError(
      absl::StrCat(path, ":", std::max<uint32_t>(at.line, 1), ":",
                   std::max<uint32_t>(at.column, 1), ": ", line));
}

absl::StatusOr<toml::table> ParseToml(const std::string& path,
                                      absl::string_view text) {
  // The packaged toml++ reports syntax errors by an exception.
  try {
    return toml::parse(std::string_view(text.data(), text.size()), path);
  } catch (const toml::parse_error& error) {
    const std::string_view why = error.description();
    return TomlError(path, error.source().begin,
                     absl::StrCat(absl::string_view(why.data(), why.size()),
                                  "; correct the TOML syntax there"));
  }
}

}  // namespace service
