#include "service/sidecar/fake_lane_answerer.h"

#include <utility>

#include "skex/base/bytes.h"
#include "skex/ratchet/messages.h"

namespace service {
namespace {

std::string FakeLaneMessage(skex::LaneMessageType type, char fill) {
  skex::ByteWriter writer;
  writer.Raw("SKU1")
      .U8(skex::kLaneVersion)
      .U8(static_cast<uint8_t>(type))
      .U16(skex::kLaneSuite);
  std::string message = std::move(writer).Take();
  message.resize(*skex::LaneMessageSize(skex::AsBytes(message)), fill);
  return message;
}

}  // namespace

std::string FakeM1(char fill) {
  return FakeLaneMessage(skex::LaneMessageType::kM1, fill);
}

std::string FakeM2(char fill) {
  return FakeLaneMessage(skex::LaneMessageType::kM2, fill);
}

std::string FakeStale(char fill) {
  return FakeLaneMessage(skex::LaneMessageType::kStale, fill);
}

FakeLaneAnswerer::Held FakeLaneAnswerer::Await() {
  MutexLock lock(&mutex_);
  while (held_.empty()) came_.Wait(&mutex_);
  Held held = std::move(held_.front());
  held_.pop_front();
  return held;
}

std::vector<std::string> FakeLaneAnswerer::messages() const {
  MutexLock lock(&mutex_);
  return messages_;
}

void FakeLaneAnswerer::OnLaneMessage(std::string message, Done done) {
  {
    MutexLock lock(&mutex_);
    messages_.push_back(message);
    if (!answer_) {
      held_.push_back({std::move(message), std::move(done)});
      came_.Signal();
      return;
    }
  }
  done(answer_(message));
}

}  // namespace service
