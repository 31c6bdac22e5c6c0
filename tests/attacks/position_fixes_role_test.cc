// Alice and bob each learn from the wire the otp bytes of the other's links:
// both know every share, and a share travels as its sum with them. If such
// bytes could serve as a MAC key, alice could speak as every hub to bob - here
// in the name of carol, whose connections bob then takes from alice.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/messages.h"
#include "skex/dske/responder.h"
#include "skex/dske/shared_secret.h"
#include "skex/mac/one_time_mac.h"
#include "skex/node/fake_network.h"
#include "skex/pad/pad.h"
#include "skex/psk/key.h"
#include "skex/wire/frame.h"

namespace skex {
namespace {

constexpr int kHubs = 3;
constexpr uint8_t kThreshold = 2;

class Network : public FakeNetwork {
 public:
  Network()
      : FakeNetwork(
            {.seed = 5,
             .hubs = kHubs,
             .agents = {Alice().text(), Bob().text(), Carol().text()}}) {
    AddPeers(kThreshold, kThreshold);
    for (int hub = 0; hub < kHubs; ++hub) StartHub(hub);
    for (const AgentId& agent : {Alice(), Bob(), Carol()}) {
      StartAgent(agent.text());
    }
    Settle();
  }
};

// What bob does with a frame of a hub: the keys with carol that it gives him.
class BobsEnd {
 public:
  virtual ~BobsEnd() = default;
  virtual std::vector<Key> Take(int hub, const std::string& frame) = 0;
};

class RealEnd : public BobsEnd {
 public:
  explicit RealEnd(Network* net) : net_(net) {}

  std::vector<Key> Take(int hub, const std::string& frame) override {
    const absl::Status status =
        net_->agent(Bob().text())
            .OnFrame(FakeNetwork::HubName(hub), AsBytes(frame), net_->now());
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status;
    net_->Settle();
    return net_->TakeKeys(Bob().text());
  }

 private:
  Network* const net_;
};

// Takes the MAC key from wherever the frame says, as long as the bytes were
// granted and are unused.
class EndWithoutRoles : public BobsEnd {
 public:
  explicit EndWithoutRoles(Network* net)
      : net_(net), responder_({Bob(), BootId({2}), &net->entropy()}) {
    responder_.AddPeer(net->policy(Bob().text(), Carol().text()));
  }

  std::vector<Key> Take(int hub, const std::string& bytes) override {
    const HubId hub_id = FakeNetwork::HubName(hub);
    const Pad& pad = *net_->agent(Bob().text()).link(hub_id).pads().at(0).pad;
    const Frame frame = ParseFrame(AsBytes(bytes)).value();
    const PadRange slot = {frame.header.mac_offset,
                           frame.header.mac_offset + kMacSlotSize};
    absl::StatusOr<Secret> key = pad.Peek(Stream::kMac, slot);
    if (!key.ok()) key = pad.Peek(Stream::kOtp, slot);
    if (!key.ok() ||
        !VerifyOneTimeMac(key->view(), {frame.covered}, frame.tag)) {
      return {};
    }
    absl::StatusOr<RelayOutcome> outcome = responder_.OnShare(
        hub_id, frame.body, pad.Peek(Stream::kOtp, frame.header.otp).value(),
        PadSource::kGenerator, net_->now());
    if (!outcome.ok()) return {};
    return std::move(outcome->keys);
  }

 private:
  Network* const net_;
  Responder responder_;
};

// The frames of an exchange of alice with bob that never reach him.
struct Heard {
  std::map<int, std::string> deals;
  std::map<int, std::string> relays;
};

Heard ListenToAnExchange(Network& net) {
  Heard heard;
  net.tamper = [&heard](const std::string& agent, int hub, bool to_hub,
                        std::string& frame) {
    const FrameType type = ParseFrame(AsBytes(frame)).value().header.type;
    if (type == FrameType::kDeal && to_hub && agent == Alice().text()) {
      heard.deals[hub] = frame;
    }
    if (type != FrameType::kRelay || agent != Bob().text()) return true;
    heard.relays[hub] = frame;
    return false;
  };
  // Two keys, so that the otp bytes are enough for a MAC key and a mask.
  EXPECT_TRUE(net.agent(Alice().text()).SetWanted(Bob(), 2, net.now()).ok());
  net.Settle();
  net.tamper = nullptr;
  return heard;
}

std::string Sum(absl::string_view a, absl::string_view b) {
  std::string sum(a);
  for (size_t i = 0; i < sum.size(); ++i) sum[i] ^= b[i];
  return sum;
}

// The otp bytes of bob's link with a hub, from what alice knows: her own pad,
// her deal, and the relay that she heard.
std::string BobsOtp(Network& net, int hub, const Heard& heard) {
  const auto masked = [](const Frame& frame) {
    return AsText(ShareMessage::Parse(frame.body).value().masked);
  };
  const Frame deal = ParseFrame(AsBytes(heard.deals.at(hub))).value();
  const Frame relay = ParseFrame(AsBytes(heard.relays.at(hub))).value();
  const absl::string_view own_pad = net.pads(Alice().text(), hub).agent->data();
  const std::string share =
      Sum(masked(deal),
          own_pad.substr(deal.header.otp.from, deal.header.otp.size()));
  return Sum(masked(relay), share);
}

// A relay of `dealing` as the hub would send it, its MAC key and its mask taken
// from bob's `otp` bytes.
std::string ForgedRelay(const Frame& heard, const std::string& otp,
                        const FakeDealing& dealing, size_t hub_index) {
  const size_t size = dealing.shares[hub_index].size();
  FrameHeader header = heard.header;
  header.mac_offset = heard.header.otp.from;
  header.otp.from += kMacSlotSize;
  header.otp.to = header.otp.from + size;
  const Secret mask = Secret::CopyOf(AsBytes(otp).subspan(kMacSlotSize, size));
  std::string forged = EncodeFrame(header, {dealing.Body(hub_index, mask)});
  const OneTimeTag tag =
      ComputeOneTimeMac(AsBytes(otp).first(kMacSlotSize), {AsBytes(forged)});
  forged.append(tag.begin(), tag.end());
  return forged;
}

// Whether bob holds a key for carol that alice made.
template <class End>
bool AliceSpeaksAsCarol() {
  Network net;
  const Heard heard = ListenToAnExchange(net);
  Offer offer = FakeOffer(FakePolicy(Bob(), kThreshold, kHubs), 1);
  offer.initiator = Carol();
  const FakeDealing forged(offer, 6);
  End bob(&net);
  std::vector<Key> keys;
  for (size_t i = 0; i < offer.hubs.size(); ++i) {
    for (int hub = 0; hub < kHubs; ++hub) {
      if (FakeNetwork::HubName(hub) != offer.hubs[i]) continue;
      const Frame relay = ParseFrame(AsBytes(heard.relays.at(hub))).value();
      const std::string frame =
          ForgedRelay(relay, BobsOtp(net, hub, heard), forged, i);
      for (Key& key : bob.Take(hub, frame)) keys.push_back(std::move(key));
    }
  }
  const std::vector<Key> chosen = ExtractKeys(
      forged.offer, forged.secret.view(), BootId(), PadSource::kGenerator);
  return keys.size() == 1 && keys[0].terms->initiator == Carol() &&
         EqualInConstantTime(keys[0].bytes.view(), chosen[0].bytes.view());
}

TEST(PositionAttack, AgentSpeaksAsAnotherIfOtpBytesMayBeAMacKey) {
  EXPECT_TRUE(AliceSpeaksAsCarol<EndWithoutRoles>());
}

TEST(PositionAttack, AgentSpeaksForNobodyElseIfPositionFixesRole) {
  EXPECT_FALSE(AliceSpeaksAsCarol<RealEnd>());
}

}  // namespace
}  // namespace skex
