#include "service/ctl/online/message_text.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "service/ctl/online/units.h"

namespace service {

std::string DurationText(const google::protobuf::Duration& duration) {
  return DurationText(absl::Seconds(duration.seconds()) +
                      absl::Nanoseconds(duration.nanos()));
}

std::string LeftText(const skex::admin::v1::PadSupply& supply) {
  return absl::StrCat(static_cast<int>(supply.left() * 100), "%");
}

}  // namespace service
