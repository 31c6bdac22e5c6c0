// Whole exchanges of the agents and hubs, with pads in memory and without a
// network: what the initiator does for a key (deal, tag, mask and seal for all
// hubs), what each hub does for a share (open, relay, seal anew), and what the
// responder does with the shares of the threshold (open, put together, verify).
// All by 3 of 5 hubs, in batches of 256 keys and for a single one. X25519 in
// the same run is the yardstick; the last lines are the ratios to it, per key.

#include <benchmark/benchmark.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/micro/x25519_yardstick.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/fake_links.h"
#include "skex/dske/initiator.h"
#include "skex/dske/messages.h"
#include "skex/dske/relay.h"
#include "skex/dske/responder.h"

namespace skex {
namespace {

constexpr int kHubs = 5;
constexpr uint8_t kThreshold = 3;
constexpr uint16_t kBatch = 256;
// Exchanges between two readings of the clock, which is slow.
constexpr int kRounds = 8;

void MustBeOk(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

// Seconds of CPU time that this thread has used.
double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}

struct StageSeconds {
  double deal_seal = 0;
  double relay = 0;  // of one hub, on average
  double collect = 0;
};

// Alice, bob and the hubs, with new pads.
class World {
 public:
  explicit World(uint16_t keys)
      : keys_(keys),
        share_size_(ShareLayout{keys, 32}.total_size()),
        policy_(FakePolicy(Bob(), kThreshold, kHubs)),
        entropy_(keys),
        responder_({Bob(), BootId({2}), &entropy_}) {
    responder_.AddPeer(FakePolicy(Alice(), kThreshold, kHubs));
    for (const HubId& hub : policy_.hubs) {
      constexpr uint64_t kChunks = 32;
      alice_.push_back(std::make_unique<FakeLinks>(
          Alice(), hub, SmallGeometry(kChunks), &entropy_));
      bob_.push_back(std::make_unique<FakeLinks>(
          Bob(), hub, SmallGeometry(kChunks), &entropy_));
      relays_.push_back(std::make_unique<Relay>(Relay::Options{.self = hub}));
      relays_.back()->SetAgent(Alice(), &alice_.back()->hub(), {});
      relays_.back()->SetAgent(Bob(), &bob_.back()->hub(),
                               {.allow = {Alice()}});
      alice_links_.push_back({hub, &alice_.back()->agent()});
    }
  }

  // Grants pad for kRounds exchanges. False once there is not enough left.
  bool Prepare() {
    now_.mono += absl::Minutes(5);
    now_.wall += absl::Minutes(5);
    responder_.OnTime(now_);
    for (int i = 0; i < kHubs; ++i) {
      relays_[i]->OnTime(now_);
      alice_[i]->agent().WantOtp(kRounds * share_size_);
      bob_[i]->hub().WantOtp(kRounds * share_size_);
      alice_[i]->Settle();
      bob_[i]->Settle();
      for (const Pad* pad : {&alice_[i]->agent_pad(), &bob_[i]->hub_pad()}) {
        if (pad->Granted(Stream::kOtp) < kRounds * share_size_ ||
            pad->Granted(Stream::kMac) < kRounds * kMacSlotSize) {
          return false;
        }
      }
    }
    return true;
  }

  // kRounds exchanges; the seconds of one.
  StageSeconds Run() {
    StageSeconds seconds;
    double start = CpuSeconds();
    std::vector<std::unique_ptr<InitiatorExchange>> exchanges;
    for (int round = 0; round < kRounds; ++round) {
      exchanges.push_back(
          InitiatorExchange::Start(
              {Alice(), BootId({1}), &entropy_, keys_, &sharings_}, policy_,
              alice_links_, now_)
              .value());
    }
    seconds.deal_seal = (CpuSeconds() - start) / kRounds;

    for (int i = 0; i < kHubs; ++i) {
      const std::vector<std::string> frames = alice_[i]->TakeToHub();
      start = CpuSeconds();
      for (const std::string& frame : frames) {
        std::optional<OpenedFrame> deal =
            alice_[i]->hub().Open(AsBytes(frame)).value();
        MustBeOk(relays_[i]->OnFrame(Alice(), *deal, now_));
      }
      seconds.relay += (CpuSeconds() - start) / kRounds / kHubs;
    }

    std::vector<std::vector<std::string>> shares;
    for (int i = 0; i < kThreshold; ++i) {
      // The last hubs, two of whose shares were interpolated.
      shares.push_back(bob_[kHubs - kThreshold + i]->TakeToAgent());
    }
    start = CpuSeconds();
    for (int round = 0; round < kRounds; ++round) {
      if (Collect(shares, round) != keys_) std::abort();
    }
    seconds.collect = (CpuSeconds() - start) / kRounds;
    return seconds;
  }

 private:
  // Keys that the shares of one round give.
  size_t Collect(const std::vector<std::vector<std::string>>& shares,
                 int round) {
    size_t keys = 0;
    for (int i = 0; i < kThreshold; ++i) {
      const int hub = kHubs - kThreshold + i;
      std::optional<OpenedFrame> share =
          bob_[hub]->agent().Open(AsBytes(shares[i][round])).value();
      keys += responder_
                  .OnShare(policy_.hubs[hub], share->body, share->otp,
                           PadSource::kGenerator, now_)
                  .value()
                  .keys.size();
    }
    return keys;
  }

  const uint16_t keys_;
  const size_t share_size_;
  const PeerPolicy policy_;
  SeededEntropy entropy_;
  SharingCache sharings_;
  Instant now_ = TestStart();
  std::vector<std::unique_ptr<FakeLinks>> alice_;
  std::vector<std::unique_ptr<FakeLinks>> bob_;
  std::vector<std::unique_ptr<Relay>> relays_;
  std::vector<HubLink> alice_links_;
  Responder responder_;
};

// Runs whole exchanges of `keys` keys and counts one stage of them.
void Stage(benchmark::State& state, double StageSeconds::*stage,
           uint16_t keys) {
  std::unique_ptr<World> world;
  for (auto _ : state) {
    while (world == nullptr || !world->Prepare()) {
      world = std::make_unique<World>(keys);
    }
    state.SetIterationTime(world->Run().*stage);
  }
  state.SetItemsProcessed(state.iterations() * keys);
}

void Register() {
  for (const auto& [name, stage] :
       {std::pair("deal_seal", &StageSeconds::deal_seal),
        std::pair("relay", &StageSeconds::relay),
        std::pair("collect", &StageSeconds::collect)}) {
    for (const auto& [suffix, keys] :
         {std::pair("", kBatch), std::pair("_single", uint16_t{1})}) {
      benchmark::RegisterBenchmark(absl::StrCat(name, suffix).c_str(), Stage,
                                   stage, keys)
          ->UseManualTime()
          ->Iterations(10);
    }
  }
}

}  // namespace
}  // namespace skex

int main(int argc, char** argv) {
  skex::Register();
  return skex::RunAgainstX25519(argc, argv);
}
