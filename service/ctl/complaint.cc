#include "service/ctl/complaint.h"

#include <string>

#include "nlohmann/json.hpp"
#include "service/ctl/json_text.h"

namespace service {

void Complain(const absl::Status& error, bool json, std::ostream& err) {
  const std::string message(error.message());
  if (json) {
    err << JsonLine({{"error", message},
                     {"status", absl::StatusCodeToString(error.code())}});
  } else {
    err << "skexctl: " << message << "\n";
  }
}

ExitStatus Fail(const absl::Status& error, bool json, std::ostream& err) {
  Complain(error, json, err);
  return kExitFailed;
}

}  // namespace service
