#ifndef SERVICE_CONFIG_TOML_SOURCE_H_
#define SERVICE_CONFIG_TOML_SOURCE_H_

#include <toml++/toml.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace service {

// toml++, with our errors. For the .cc files of this folder.

// INVALID_ARGUMENT with one line: `PATH:LINE:COL: message`.
absl::Status TomlError(const std::string& path, const toml::source_position& at,
                       absl::string_view message);

// Parses `text`; `path` is for the errors. Returns TomlError() if it is not
// TOML.
absl::StatusOr<toml::table> ParseToml(const std::string& path,
                                      absl::string_view text);

}  // namespace service

#endif  // SERVICE_CONFIG_TOML_SOURCE_H_
