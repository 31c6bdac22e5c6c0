#include "service/sidecar/dialer.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace service {

Dialer::Dialer(Worker& worker)
    : worker_(worker),
      socket_(worker.io()),
      timeout_(worker.clock()),
      again_(worker.clock()) {}

template <class Handler>
auto Dialer::Guard(Handler handler) {
  return [this, owner = owner_.lock(), attempt = attempt_,
          handler = std::move(handler)](auto&&... arguments) {
    if (attempt == attempt_) handler(arguments...);
  };
}

void Dialer::Start(const Endpoint& endpoint, absl::Duration timeout,
                   std::weak_ptr<void> owner, Done done) {
  Cancel();
  owner_ = std::move(owner);
  done_ = std::move(done);
  name_ = endpoint.ToString();
  addresses_.clear();
  next_ = 0;
  error_ = 0;
  timeout_.Set(timeout, [this] {
    Finish(absl::DeadlineExceededError(
        absl::StrCat("cannot connect to ", name_, ": no answer in time")));
  });
  if (absl::optional<SocketAddress> known = SocketAddress::Of(endpoint)) {
    addresses_.push_back(*known);
    TryNext();
  } else {
    Resolve(endpoint);
  }
}

void Dialer::Cancel() {
  ++attempt_;
  timeout_.Cancel();
  again_.Cancel();
  if (resolver_) resolver_->cancel();
  socket_.Close();
  done_ = nullptr;
}

void Dialer::Resolve(const Endpoint& endpoint) {
  if (!resolver_) resolver_.emplace(worker_.io());
  resolver_->async_resolve(
      endpoint.host, absl::StrCat(endpoint.port),
      asio::ip::tcp::resolver::numeric_service,
      Guard([this](const asio::error_code& error,
                   const asio::ip::tcp::resolver::results_type& results) {
        OnResolved(error, results);
      }));
}

void Dialer::OnResolved(const asio::error_code& error,
                        const asio::ip::tcp::resolver::results_type& results) {
  if (error) {
    Finish(absl::UnavailableError(absl::StrCat(
        "cannot connect to ", name_, ": no address: ", error.message())));
    return;
  }
  for (const auto& result : results) {
    const asio::ip::tcp::endpoint address = result.endpoint();
    addresses_.push_back(SocketAddress::Copy(
        address.data(), static_cast<socklen_t>(address.size())));
  }
  TryNext();
}

void Dialer::TryNext() {
  while (next_ < addresses_.size()) {
    const SocketAddress& address = addresses_[next_++];
    OwnedFd fd(::socket(address.family(),
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) {
      error_ = errno;
      continue;
    }
    TuneTcp(fd.get());
    const int error =
        ::connect(fd.get(), address.get(), address.size) == 0 ? 0 : errno;
    if (error == 0 || error == EINPROGRESS) {
      socket_ = StreamSocket(worker_.io(), std::move(fd));
      socket_.WaitWritable(Guard([this] { OnWritable(); }));
      return;
    }
    if (error == EAGAIN) {
      // The backlog of a Unix socket is full.
      --next_;
      TryAgainLater();
      return;
    }
    error_ = error;
  }
  // Not from inside Start().
  worker_.Post(Guard([this] {
    Finish(absl::UnavailableError(absl::StrCat("cannot connect to ", name_,
                                               ": ", std::strerror(error_))));
  }));
}

void Dialer::TryAgainLater() {
  again_.Set(AlarmClock::kTick, [this] { TryNext(); });
}

void Dialer::OnWritable() {
  int error = EBADF;
  socklen_t size = sizeof(error);
  ::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) {
    Finish(std::exchange(socket_, StreamSocket(worker_.io())));
    return;
  }
  error_ = error;
  socket_.Close();
  TryNext();
}

void Dialer::Finish(absl::StatusOr<StreamSocket> result) {
  // Keeps the owner for what `done` may do.
  const std::shared_ptr<void> owner = owner_.lock();
  const Done done = std::move(done_);
  Cancel();
  done(std::move(result));
}

}  // namespace service
