#ifndef SERVICE_CTL_JSON_TEXT_H_
#define SERVICE_CTL_JSON_TEXT_H_

#include <string>

#include "nlohmann/json.hpp"

// How skexctl writes JSON: in ASCII, with everything else escaped, and with
// U+FFFD for bytes that are not UTF-8. A terminal takes none of it for a
// command.

namespace service {

// Indented, in several lines.
std::string JsonText(const nlohmann::ordered_json& json);

// In one line, for a stream of them.
std::string JsonLine(const nlohmann::ordered_json& json);

}  // namespace service

#endif  // SERVICE_CTL_JSON_TEXT_H_
