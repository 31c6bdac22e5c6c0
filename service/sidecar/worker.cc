#include "service/sidecar/worker.h"

#include <utility>
#include <vector>

namespace service {

Worker::Worker()
    : io_(1),
      clock_(io_),
      guard_(asio::make_work_guard(io_)),
      scratch_(std::make_unique<std::array<uint8_t, kReadSize>>()) {}

Worker::~Worker() { StopAndJoin(); }

void Worker::Start() {
  thread_ = std::thread([this] { io_.run(); });
}

void Worker::Drain() {
  Post([this] {
    draining_ = true;
    for (const std::shared_ptr<Connection>& connection : Connections()) {
      connection->Drain();
    }
  });
}

void Worker::StopAndJoin() {
  if (!thread_.joinable()) return;
  Post([this] {
    StopConnections();
    guard_.reset();
  });
  thread_.join();
}

void Worker::Join(std::shared_ptr<Connection> connection) {
  if (stopping_) {
    connection->Stop();
    return;
  }
  connections_.emplace(connection.get(), connection);
  if (draining_) connection->Drain();
}

std::vector<std::shared_ptr<Connection>> Worker::Connections() const {
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [key, connection] : connections_) all.push_back(connection);
  return all;
}

void Worker::StopConnections() {
  stopping_ = true;
  for (const std::shared_ptr<Connection>& connection : Connections()) {
    connection->Stop();
  }
}

}  // namespace service
