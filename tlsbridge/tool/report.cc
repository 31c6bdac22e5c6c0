#include "tlsbridge/tool/report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tlsbridge::tool {
namespace {

std::string FormName(skex::PskForm form) {
  return form == skex::PskForm::kRaw ? "raw" : "imported";
}

double Milliseconds(absl::Duration duration) {
  return absl::ToDoubleMilliseconds(duration);
}

std::string Json(const absl::Status& status, const SessionInfo& info,
                 absl::Duration duration) {
  nlohmann::ordered_json facts;
  facts["handshake"] = status.ok() ? "completed" : "refused";
  if (status.ok()) {
    facts["version"] = info.version;
    facts["mode"] = FormName(info.form);
    facts["identity"] = absl::CHexEscape(info.identity);
    facts["identity_hex"] = absl::BytesToHexString(info.identity);
    facts["cipher"] = info.cipher;
    facts["group"] = info.group;
    facts["hello_retry"] = info.hello_retry;
  } else {
    facts["code"] = absl::StatusCodeToString(status.code());
    facts["reason"] = std::string(status.message());
  }
  facts["milliseconds"] = Milliseconds(duration);
  facts["computing_milliseconds"] = Milliseconds(info.timings.computing);
  return facts.dump() + "\n";
}

}  // namespace

std::string HandshakeReport(const absl::Status& status, const SessionInfo& info,
                            absl::Duration duration, bool json) {
  if (json) return Json(status, info, duration);
  if (!status.ok()) {
    return absl::StrCat("handshake refused: ", status.message(), "\n");
  }
  return absl::StrCat(
      "handshake completed: ", info.version, ", ", FormName(info.form),
      " PSK \"", absl::CHexEscape(info.identity), "\", ", info.cipher, ", ",
      info.group, info.hello_retry ? " after HelloRetryRequest" : "", ", ",
      Milliseconds(duration), " ms (", Milliseconds(info.timings.computing),
      " ms of it here)\n");
}

}  // namespace tlsbridge::tool
