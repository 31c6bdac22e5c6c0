#include "service/ctl/answer.h"

#include "service/ctl/complaint.h"
#include "service/ctl/exit_status.h"
#include "service/ctl/json_text.h"

namespace service {

int PrintAnswer(const Answer& answer, bool json, std::ostream& out,
                std::ostream& err) {
  if (!json) {
    out << answer.text;
  } else if (!answer.json.is_null()) {
    out << JsonText(answer.json);
  }
  if (!answer.status.ok()) {
    // The answer comes before its error also where both are one terminal.
    out.flush();
    Complain(answer.status, json, err);
  }
  return ExitStatusOf(answer.status);
}

}  // namespace service
