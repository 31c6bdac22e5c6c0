#include "service/ctl/json_text.h"

namespace service {
namespace {

// nlohmann's value for no line breaks at all.
constexpr int kOneLine = -1;

std::string Dump(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, /*indent_char=*/' ', /*ensure_ascii=*/true,
                   nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace

std::string JsonText(const nlohmann::ordered_json& json) {
  return Dump(json, 2);
}

std::string JsonLine(const nlohmann::ordered_json& json) {
  return Dump(json, kOneLine);
}

}  // namespace service
