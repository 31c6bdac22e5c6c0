#include "service/ctl/online/message_text.h"

#include "absl/strings/str_cat.h"
#include "service/ctl/online/units.h"

namespace service {

absl::Duration FromMessage(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

std::string DurationText(const google::protobuf::Duration& duration) {
  return DurationText(FromMessage(duration));
}

std::string LeftText(const skex::admin::v1::PadSupply& supply) {
  return absl::StrCat(static_cast<int>(supply.left() * 100), "%");
}

}  // namespace service
