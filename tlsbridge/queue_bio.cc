#include "tlsbridge/queue_bio.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/types/span.h"

namespace tlsbridge {
namespace {

QueuePair* Queues(BIO* bio) {
  return static_cast<QueuePair*>(BIO_get_data(bio));
}

int Read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  ByteQueue& in = Queues(bio)->in;
  if (in.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t taken = std::min(in.size(), static_cast<size_t>(size));
  std::memcpy(out, in.view().data(), taken);
  in.Consume(taken);
  return static_cast<int>(taken);
}

int Write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  Queues(bio)->out.Append(
      {reinterpret_cast<const uint8_t*>(bytes), static_cast<size_t>(size)});
  return size;
}

long Control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* Method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(0, "byte queue");
    BIO_meth_set_read(made, Read);
    BIO_meth_set_write(made, Write);
    BIO_meth_set_ctrl(made, Control);
    return made;
  }();
  return method;
}

}  // namespace

bssl::UniquePtr<BIO> NewQueueBio(QueuePair* queues) {
  bssl::UniquePtr<BIO> bio(BIO_new(Method()));
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio.get(), queues);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace tlsbridge
