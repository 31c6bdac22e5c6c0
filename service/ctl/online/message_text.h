#ifndef SERVICE_CTL_ONLINE_MESSAGE_TEXT_H_
#define SERVICE_CTL_ONLINE_MESSAGE_TEXT_H_

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "service/api/admin.pb.h"

// Quantities in answers of the admin API, as people read them.

namespace service {

// What service/admin made a message of.
absl::Duration FromMessage(const google::protobuf::Duration& duration);

// As DurationText(absl::Duration).
std::string DurationText(const google::protobuf::Duration& duration);

// How much is left of the stream that ends first: "25%".
std::string LeftText(const skex::admin::v1::PadSupply& supply);

}  // namespace service

#endif  // SERVICE_CTL_ONLINE_MESSAGE_TEXT_H_
