// Takes keys from two running agents as applications would, and prints how
// fast they came. For bench/macro/exchange.py.
//
//   key_load batch SOCKET_A SOCKET_B NAME_A NAME_B COUNT
//     takes COUNT new keys at agent A and the same ones at B, and compares
//     them; prints the seconds and the bytes of key material.
//   key_load single ADMIN_SOCKET NAME_B COUNT
//     establishes COUNT keys at an agent, one after the other; prints the
//     median, the best and the worst time of a call in microseconds.

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "service/admin/admin_channel.h"
#include "service/api/admin.grpc.pb.h"
#include "service/api/delivery.grpc.pb.h"

namespace {

namespace admin = skex::admin::v1;
namespace api = skex::delivery::v1;

// What an exchange of this run may take at most.
constexpr absl::Duration kPatience = absl::Minutes(5);

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "key_load: %s\n", what.c_str());
  std::exit(1);
}

void Check(const grpc::Status& status, const std::string& what) {
  if (!status.ok()) Fail(what + ": " + status.error_message());
}

std::shared_ptr<grpc::Channel> Open(const std::string& socket) {
  auto channel = service::OpenAdminChannel(socket);
  if (!channel.ok()) Fail(std::string(channel.status().message()));
  return *channel;
}

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
}

// What one call takes, and what waits between the two ends, in batches: the
// agents keep a few thousand keys that were not taken yet.
constexpr uint32_t kKeysOfACall = 1024;
constexpr size_t kMostWaiting = 4;

// Batches on their way from the taker to the one who takes the same keys at
// the other end. A full queue makes the taker wait.
class Queue {
 public:
  void Push(api::KeyBatch batch) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return batches_.size() < kMostWaiting; });
    batches_.push_back(std::move(batch));
    changed_.notify_all();
  }
  api::KeyBatch Pop() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !batches_.empty(); });
    api::KeyBatch batch = std::move(batches_.front());
    batches_.pop_front();
    changed_.notify_all();
    return batch;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<api::KeyBatch> batches_;
};

// Takes `count` new keys, all of which go into `queue`.
void TakeNew(const std::string& socket, const std::string& peer, uint32_t count,
             Queue& queue) {
  api::KeyDelivery::Stub stub(Open(socket));
  for (uint32_t left = count; left > 0;) {
    grpc::ClientContext context;
    SetDeadline(context);
    api::TakeKeysRequest request;
    request.set_peer(peer);
    request.set_count(std::min(left, kKeysOfACall));
    left -= request.count();
    auto reader = stub.TakeKeys(&context, request);
    while (true) {
      api::KeyBatch batch;
      if (!reader->Read(&batch)) break;
      queue.Push(std::move(batch));
    }
    Check(reader->Finish(), "keys of " + peer);
  }
}

// Takes the keys of `batch` by their ids and compares them.
void TakeSame(api::KeyDelivery::Stub& stub, const std::string& peer,
              const api::KeyBatch& batch) {
  grpc::ClientContext context;
  SetDeadline(context);
  api::TakeKeysByIdRequest request;
  request.set_peer(peer);
  for (const api::Key& key : batch.keys()) request.add_ids(key.id());
  auto reader = stub.TakeKeysById(&context, request);
  int next = 0;
  for (api::KeyBatch same; reader->Read(&same);) {
    for (const api::Key& key : same.keys()) {
      if (next >= batch.keys_size() || key.key() != batch.keys(next++).key()) {
        Fail("the two ends have different keys");
      }
    }
  }
  Check(reader->Finish(), "keys of " + peer + " by their ids");
  if (next != batch.keys_size()) Fail("keys are missing");
}

void Batch(const std::vector<std::string>& args) {
  uint32_t count = 0;
  if (!absl::SimpleAtoi(args[4], &count)) Fail("no number: " + args[4]);
  Queue queue;
  api::KeyDelivery::Stub other(Open(args[1]));
  const absl::Time start = absl::Now();
  std::thread taker([&] { TakeNew(args[0], args[3], count, queue); });
  uint64_t bytes = 0;
  for (uint32_t taken = 0; taken < count;) {
    const api::KeyBatch batch = queue.Pop();
    TakeSame(other, args[2], batch);
    taken += static_cast<uint32_t>(batch.keys_size());
    for (const api::Key& key : batch.keys()) bytes += key.key().size();
  }
  const absl::Duration took = absl::Now() - start;
  taker.join();
  std::printf("{\"seconds\": %.6f, \"bytes\": %llu}\n",
              absl::ToDoubleSeconds(took),
              static_cast<unsigned long long>(bytes));
}

void Single(const std::vector<std::string>& args) {
  int count = 0;
  if (!absl::SimpleAtoi(args[2], &count) || count < 1) {
    Fail("no number: " + args[2]);
  }
  admin::AgentAdmin::Stub stub(Open(args[0]));
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
    admin::EstablishKeyRequest request;
    request.set_peer(args[1]);
    admin::EstablishKeyResponse response;
    const absl::Time start = absl::Now();
    Check(stub.EstablishKey(&context, request, &response), "a key on demand");
    times.push_back(absl::ToDoubleMicroseconds(absl::Now() - start));
  }
  std::sort(times.begin(), times.end());
  std::printf("{\"p50_us\": %.0f, \"best_us\": %.0f, \"worst_us\": %.0f}\n",
              times[times.size() / 2], times.front(), times.back());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 6 && args[0] == "batch") {
    Batch({args.begin() + 1, args.end()});
  } else if (args.size() == 4 && args[0] == "single") {
    Single({args.begin() + 1, args.end()});
  } else {
    Fail("wrong arguments; see the head of its source");
  }
  return 0;
}
