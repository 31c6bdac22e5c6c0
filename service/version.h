#ifndef SERVICE_VERSION_H_
#define SERVICE_VERSION_H_

#include <string>

#include "absl/strings/string_view.h"

namespace service {

// "0.1.0".
absl::string_view Version();

// The TLS library in this program: its revision and the patches on top.
std::string BoringSslVersion();

// What `program --version` prints, without a final newline.
std::string VersionText(absl::string_view program);

}  // namespace service

#endif  // SERVICE_VERSION_H_
