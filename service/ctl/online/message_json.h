#ifndef SERVICE_CTL_ONLINE_MESSAGE_JSON_H_
#define SERVICE_CTL_ONLINE_MESSAGE_JSON_H_

#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"

namespace service {

// `message` as a JSON object with every field of it, in the order of the
// .proto file and under the names there, set or not. Durations are numbers of
// seconds; a message that is not set is null. Handles what the admin API uses:
// strings, integers, bools, messages, and lists of these; other fields are
// left out.
nlohmann::ordered_json MessageToJson(const google::protobuf::Message& message);

}  // namespace service

#endif  // SERVICE_CTL_ONLINE_MESSAGE_JSON_H_
