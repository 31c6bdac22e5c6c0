#include "service/sidecar/worker.h"

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
  const Connection* key = connection.get();
  connections_.emplace(key, std::move(connection));
}

void Worker::StopConnections() {
  stopping_ = true;
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (auto& [key, connection] : connections_) all.push_back(connection);
  for (const std::shared_ptr<Connection>& connection : all) {
    connection->Stop();
  }
}

}  // namespace service
