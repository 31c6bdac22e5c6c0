#include "service/sidecar/secure_socket.h"

namespace service {

IoResult SecureSocket::Flush(Next next) {
  while (!session_->output().empty()) {
    const IoResult sent = socket_.Write(session_->output(), next);
    if (sent.state != IoState::kMoved) return sent;
    session_->ConsumeOutput(sent.size);
  }
  return {IoState::kMoved};
}

IoResult SecureSocket::Receive(absl::Span<uint8_t> scratch) {
  const IoResult got = socket_.Read(scratch);
  if (got.state == IoState::kMoved) session_->Feed(scratch.first(got.size));
  return got;
}

}  // namespace service
