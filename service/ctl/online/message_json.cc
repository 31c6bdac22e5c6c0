#include "service/ctl/online/message_json.h"

#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"

namespace service {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using nlohmann::ordered_json;

ordered_json SubmessageToJson(const Message& message) {
  if (message.GetDescriptor() == google::protobuf::Duration::descriptor()) {
    const auto& duration =
        static_cast<const google::protobuf::Duration&>(message);
    return static_cast<double>(duration.seconds()) + duration.nanos() * 1e-9;
  }
  return MessageToJson(message);
}

// The value of a field that is not repeated.
ordered_json ValueToJson(const Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->GetString(message, field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->GetUInt32(message, field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection->GetUInt64(message, field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection->GetDouble(message, field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (!reflection->HasField(message, field)) return nullptr;
      return SubmessageToJson(reflection->GetMessage(message, field));
    default:
      return ordered_json(ordered_json::value_t::discarded);
  }
}

ordered_json ListToJson(const Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  ordered_json list = ordered_json::array();
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      list.push_back(reflection->GetRepeatedString(message, field, i));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      list.push_back(
          SubmessageToJson(reflection->GetRepeatedMessage(message, field, i)));
    }
  }
  return list;
}

}  // namespace

ordered_json MessageToJson(const Message& message) {
  ordered_json json = ordered_json::object();
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    ordered_json value = field->is_repeated() ? ListToJson(message, field)
                                              : ValueToJson(message, field);
    if (!value.is_discarded()) json[field->name()] = std::move(value);
  }
  return json;
}

}  // namespace service
