#include "service/sidecar/lane_socket.h"

#include <algorithm>

#include "skex/base/bytes.h"
#include "skex/ratchet/messages.h"

namespace service {

IoResult LaneSocket::Receive(absl::Span<uint8_t> scratch) {
  const absl::Span<uint8_t> room =
      scratch.first(std::min(scratch.size(), kReadSize));
  const IoResult got = socket_.Read(room);
  if (got.state == IoState::kMoved) Feed(room.first(got.size));
  return got;
}

void LaneSocket::Feed(absl::Span<const uint8_t> bytes) {
  input_.append(bytes.begin(), bytes.end());
}

absl::StatusOr<std::string> LaneSocket::Next() {
  if (input_.size() < skex::kLaneHeaderSize) return std::string();
  const absl::StatusOr<size_t> size =
      skex::LaneMessageSize(skex::AsBytes(input_));
  if (!size.ok()) return size.status();
  if (input_.size() < *size) return std::string();
  std::string message = input_.substr(0, *size);
  input_.erase(0, *size);
  return message;
}

IoResult LaneSocket::Flush() {
  while (!output_.empty()) {
    const IoResult sent = socket_.Write(skex::AsBytes(output_));
    if (sent.state != IoState::kMoved) return sent;
    output_.erase(0, sent.size);
  }
  return {IoState::kMoved};
}

void LaneSocket::Close() {
  socket_.Close();
  input_.clear();
  output_.clear();
}

}  // namespace service
