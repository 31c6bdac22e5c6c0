#ifndef TLSBRIDGE_TOOL_REPORT_H_
#define TLSBRIDGE_TOOL_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tlsbridge/session.h"

namespace tlsbridge::tool {

// The facts of a handshake in one line, as text or as a JSON object. A refused
// one has its reason; a completed one what was agreed on. `duration` is that of
// the whole. Bytes of the identity
// that are not printable ASCII are escaped; JSON has it in hex as well.
std::string HandshakeReport(const absl::Status& status, const SessionInfo& info,
                            absl::Duration duration, bool json);

}  // namespace tlsbridge::tool

#endif  // TLSBRIDGE_TOOL_REPORT_H_
