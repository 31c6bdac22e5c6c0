#include "service/delivery/delivery_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/admin/call_deadline.h"
#include "service/admin/messages.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

namespace api = skex::delivery::v1;

// What is sent at a time, well below the 4 MiB that clients of gRPC take.
constexpr size_t kMostBatchKeys = 256;
constexpr size_t kMostBatchBytes = 256 * 1024;
// How often a call that waits for keys looks whether it was cancelled.
constexpr absl::Duration kWait = absl::Seconds(1);

absl::StatusOr<skex::AgentId> PeerOf(const std::string& name) {
  if (name.empty()) {
    return absl::InvalidArgumentError(
        "no peer is named; give the name of a configured peer");
  }
  return skex::AgentId::Parse(name);
}

// Writes keys in batches that have their label in common.
class BatchWriter {
 public:
  explicit BatchWriter(grpc::ServerWriter<api::KeyBatch>& writer)
      : writer_(writer) {}

  // False if the call is cut.
  bool Add(const skex::Key& key) {
    const absl::string_view label = skex::KeyLabelName(key.terms->label);
    const bool fits = batch_.label() == label &&
                      batch_.keys_size() < static_cast<int>(kMostBatchKeys) &&
                      bytes_ + key.bytes.size() <= kMostBatchBytes;
    if (batch_.keys_size() > 0 && !fits && !Flush()) return false;
    batch_.set_label(std::string(label));
    api::Key& out = *batch_.add_keys();
    out.set_id(key.id.bytes().data(), skex::KeyId::kSize);
    out.set_key(std::string(skex::AsText(key.bytes.view())));
    bytes_ += key.bytes.size();
    return true;
  }

  // Sends what is left. False if the call is cut.
  bool Flush() {
    if (batch_.keys_size() == 0) return true;
    const bool written = writer_.Write(batch_);
    batch_.Clear();
    bytes_ = 0;
    return written;
  }

 private:
  grpc::ServerWriter<api::KeyBatch>& writer_;
  api::KeyBatch batch_;
  size_t bytes_ = 0;
};

grpc::Status Cut() {
  return grpc::Status(grpc::StatusCode::CANCELLED, "the call was cut");
}

}  // namespace

grpc::Status DeliveryService::TakeKeys(
    grpc::ServerContext* context, const api::TakeKeysRequest* request,
    grpc::ServerWriter<api::KeyBatch>* writer) {
  absl::StatusOr<skex::AgentId> peer = PeerOf(request->peer());
  if (!peer.ok()) return ToGrpc(peer.status());
  size_t left = request->count();
  if (left < 1 || left > kMostKeys) {
    return ToGrpc(absl::InvalidArgumentError(
        absl::StrCat("count is ", left, "; ask for 1 to ", kMostKeys)));
  }
  const absl::Time deadline = AnswerBy(*context);
  BatchWriter batches(*writer);
  while (left > 0) {
    absl::StatusOr<std::vector<skex::Key>> keys =
        delivery_.TakeKeys(*peer, std::min(left, kMostBatchKeys),
                           std::min(deadline, absl::Now() + kWait));
    if (context->IsCancelled()) return Cut();
    if (!keys.ok()) {
      const bool waits =
          keys.status().code() == absl::StatusCode::kDeadlineExceeded;
      if (waits && absl::Now() < deadline) continue;
      return ToGrpc(keys.status());
    }
    left -= keys->size();
    for (const skex::Key& key : *keys) {
      if (!batches.Add(key)) return Cut();
    }
    if (!batches.Flush()) return Cut();
  }
  return grpc::Status::OK;
}

grpc::Status DeliveryService::TakeKeysById(
    grpc::ServerContext*, const api::TakeKeysByIdRequest* request,
    grpc::ServerWriter<api::KeyBatch>* writer) {
  absl::StatusOr<skex::AgentId> peer = PeerOf(request->peer());
  if (!peer.ok()) return ToGrpc(peer.status());
  const auto count = static_cast<size_t>(request->ids_size());
  if (count > kMostIds) {
    return ToGrpc(absl::InvalidArgumentError(
        absl::StrCat(count, " ids; ask for at most ", kMostIds, " at a time")));
  }
  BatchWriter batches(*writer);
  for (const std::string& bytes : request->ids()) {
    if (bytes.size() != skex::KeyId::kSize) {
      batches.Flush();
      return ToGrpc(absl::InvalidArgumentError(
          absl::StrCat("an id of ", bytes.size(), " bytes; a key id has ",
                       skex::KeyId::kSize)));
    }
    skex::KeyId id;
    std::copy(bytes.begin(), bytes.end(), id.mutable_bytes().begin());
    absl::StatusOr<skex::Key> key = delivery_.TakeKeyById(*peer, id);
    if (!key.ok()) {
      batches.Flush();
      return ToGrpc(key.status());
    }
    if (!batches.Add(*key)) return Cut();
  }
  return batches.Flush() ? grpc::Status::OK : Cut();
}

}  // namespace service
