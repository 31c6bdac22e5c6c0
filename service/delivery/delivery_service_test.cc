#include "service/delivery/delivery_service.h"

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "service/admin/admin_channel.h"
#include "service/admin/admin_server.h"
#include "service/base/mutex.h"
#include "service/log/log.h"

namespace service {
namespace {

namespace api = skex::delivery::v1;
using grpc::StatusCode;

const char kBob[] = "bob@south.example";

skex::Key MakeKey(uint8_t number, skex::KeyLabel label, size_t size) {
  std::array<uint8_t, skex::KeyId::kSize> id{};
  id[0] = number;
  skex::Key key = {
      .id = skex::KeyId(id),
      .bytes = skex::Secret::OfSize(size),
      .terms = std::make_shared<skex::KeyTerms>(skex::KeyTerms{
          .initiator = *skex::AgentId::Parse("alice@north.example"),
          .responder = *skex::AgentId::Parse(kBob),
          .initiator_boot = {},
          .responder_boot = {},
          .label = label,
          .freshness = skex::Freshness::kDelivery,
          .lifetime = absl::Hours(1)})};
  key.bytes.mutable_view()[0] = number;
  return key;
}

// Hands out what the test puts in; waits for nothing.
class FakeKeyDelivery : public KeyDelivery {
 public:
  void Put(skex::Key key) {
    MutexLock lock(&mutex_);
    const skex::KeyId id = key.id;
    order_.push_back(id);
    keys_.emplace(id, std::move(key));
  }

  absl::StatusOr<std::vector<skex::Key>> TakeKeys(
      const skex::AgentId& peer, size_t most, absl::Time deadline) override {
    MutexLock lock(&mutex_);
    if (peer.text() != kBob) return absl::NotFoundError("no such peer");
    if (order_.empty()) {
      absl::SleepFor(std::min(deadline - absl::Now(), absl::Milliseconds(5)));
      return absl::DeadlineExceededError("no key came");
    }
    std::vector<skex::Key> keys;
    while (!order_.empty() && keys.size() < most) {
      keys.push_back(std::move(keys_.extract(order_.front()).mapped()));
      order_.erase(order_.begin());
    }
    return keys;
  }
  absl::StatusOr<skex::Key> TakeKeyById(const skex::AgentId&,
                                        const skex::KeyId& id) override {
    MutexLock lock(&mutex_);
    auto node = keys_.extract(id);
    if (node.empty()) return absl::NotFoundError("it is not here");
    std::erase(order_, id);
    return std::move(node.mapped());
  }

 private:
  Mutex mutex_;
  std::vector<skex::KeyId> order_ ABSL_GUARDED_BY(mutex_);
  std::map<skex::KeyId, skex::Key> keys_ ABSL_GUARDED_BY(mutex_);
};

class DeliveryServiceTest : public testing::Test {
 protected:
  DeliveryServiceTest() {
    std::string name = testing::TempDir() + "/deliveryXXXXXX";
    folder_ = mkdtemp(name.data());
    auto server = AdminServer::Start(
        folder_ + "/socket", std::make_unique<DeliveryService>(delivery_),
        api::KeyDelivery::service_full_name(), log_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = api::KeyDelivery::NewStub(*OpenAdminChannel(folder_ + "/socket"));
  }
  ~DeliveryServiceTest() override {
    stub_.reset();
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Put(int count, skex::KeyLabel label = skex::KeyLabel::kComputational,
           size_t size = 32) {
    for (int i = 0; i < count; ++i) {
      delivery_.Put(MakeKey(static_cast<uint8_t>(next_++), label, size));
    }
  }

  // Takes keys; the batches that came stay in `batches_`.
  grpc::Status Take(const std::string& peer, uint32_t count,
                    absl::Duration timeout = absl::Seconds(60)) {
    api::TakeKeysRequest request;
    request.set_peer(peer);
    request.set_count(count);
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    return Collect(*stub_->TakeKeys(&context, request));
  }
  grpc::Status TakeById(const std::vector<std::string>& ids) {
    api::TakeKeysByIdRequest request;
    request.set_peer(kBob);
    for (const std::string& id : ids) request.add_ids(id);
    grpc::ClientContext context;
    return Collect(*stub_->TakeKeysById(&context, request));
  }

  int taken() const {
    int count = 0;
    for (const api::KeyBatch& batch : batches_) count += batch.keys_size();
    return count;
  }
  static std::string Id(char number) {
    return number + std::string(skex::KeyId::kSize - 1, '\0');
  }

  FakeKeyDelivery delivery_;
  std::vector<api::KeyBatch> batches_;

 private:
  grpc::Status Collect(grpc::ClientReader<api::KeyBatch>& reader) {
    batches_.clear();
    api::KeyBatch batch;
    while (reader.Read(&batch)) batches_.push_back(batch);
    return reader.Finish();
  }

  std::ostringstream log_text_;
  Log log_{LogLevel::kInfo, LogFormat::kText, log_text_};
  std::string folder_;
  int next_ = 1;
  std::unique_ptr<AdminServer> server_;
  std::unique_ptr<api::KeyDelivery::Stub> stub_;
};

TEST_F(DeliveryServiceTest, HandsOutKeysInTheirOrder) {
  Put(3);
  ASSERT_TRUE(Take(kBob, 2).ok());
  ASSERT_EQ(batches_.size(), 1u);
  EXPECT_EQ(batches_[0].label(), "computational");
  ASSERT_EQ(batches_[0].keys_size(), 2);
  EXPECT_EQ(batches_[0].keys(1).id(), Id(2));
  EXPECT_EQ(batches_[0].keys(1).key(), '\2' + std::string(31, '\0'));
  ASSERT_TRUE(Take(kBob, 1).ok());
  EXPECT_EQ(batches_[0].keys(0).id(), Id(3));
}

TEST_F(DeliveryServiceTest, KeysOfABatchHaveTheirLabelInCommon) {
  Put(2);
  Put(2, skex::KeyLabel::kInformationTheoretic);
  ASSERT_TRUE(Take(kBob, 4).ok());
  ASSERT_EQ(batches_.size(), 2u);
  EXPECT_EQ(batches_[1].label(), "information-theoretic");
  EXPECT_EQ(batches_[1].keys_size(), 2);
}

TEST_F(DeliveryServiceTest, LongKeysAreSplitIntoMessagesThatClientsTake) {
  Put(200, skex::KeyLabel::kComputational, 4096);
  ASSERT_TRUE(Take(kBob, 200).ok());
  EXPECT_EQ(taken(), 200);
  for (const api::KeyBatch& batch : batches_) {
    EXPECT_LT(batch.ByteSizeLong(), 1024u * 1024);
  }
}

TEST_F(DeliveryServiceTest, SendsWhatThereIsBeforeTheDeadline) {
  Put(2);
  EXPECT_EQ(Take(kBob, 3, absl::Milliseconds(300)).error_code(),
            StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(taken(), 2);
}

TEST_F(DeliveryServiceTest, HandsOutKeysById) {
  Put(3);
  ASSERT_TRUE(TakeById({Id(3), Id(1)}).ok());
  ASSERT_EQ(taken(), 2);
  EXPECT_EQ(batches_[0].keys(0).id(), Id(3));
  EXPECT_EQ(batches_[0].keys(1).id(), Id(1));
}

TEST_F(DeliveryServiceTest, NoKeyIsHandedOutTwice) {
  Put(2);
  ASSERT_TRUE(TakeById({Id(1)}).ok());
  const grpc::Status again = TakeById({Id(2), Id(1)});
  EXPECT_EQ(again.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(taken(), 1);  // what came before the error
}

TEST_F(DeliveryServiceTest, BadRequestsSayWhatIsWrong) {
  Put(1);
  EXPECT_TRUE(absl::StrContains(Take("", 1).error_message(), "no peer"));
  EXPECT_EQ(Take("bob", 1).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Take(kBob, 0).error_message(), "count is 0; ask for 1 to 1000000");
  EXPECT_EQ(Take(kBob, 1000001).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(TakeById({"short"}).error_message(),
            "an id of 5 bytes; a key id has 16");
  EXPECT_EQ(
      TakeById(std::vector<std::string>(DeliveryService::kMostIds + 1, Id(1)))
          .error_code(),
      StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Take("carol@east.example", 1).error_code(), StatusCode::NOT_FOUND);
  ASSERT_TRUE(Take(kBob, 1).ok());  // is still there
}

}  // namespace
}  // namespace service
