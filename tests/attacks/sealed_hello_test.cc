// A stranger opens streams to all hubs and says that he is bob. If a hub
// believed it, bob's shares would go to the stranger: he cannot read them, but
// they and the pad are gone, and no key is ever made.

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/dske/fake_dealing.h"
#include "skex/node/fake_network.h"
#include "skex/node/hub_node.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/pad.h"
#include "skex/wire/frame.h"
#include "skex/wire/link.h"

namespace skex {
namespace {

constexpr int kHubs = 3;
constexpr StreamNumber kStrangers = 999;

// Lets a hub judge the first frame of the stranger's stream. Whether the stream
// is bob's from then on.
using Binding = bool (*)(FakeNetwork& net, int hub, const std::string& hello);

bool BySealedHello(FakeNetwork& net, int hub, const std::string& hello) {
  return net.hub(hub).OnFrame(kStrangers, AsBytes(hello), net.now()).ok() &&
         net.hub(hub).AgentOf(kStrangers) == Bob();
}

bool ByNameInHello(FakeNetwork&, int, const std::string& hello) {
  return NamesOfHello(AsBytes(hello)).value().agent == Bob();
}

// Verifies the seal, over whatever nonce the hello has.
bool BySealOfAnyTime(FakeNetwork& net, int hub, const std::string& hello) {
  ByteReader body(ParseFrame(AsBytes(hello)).value().body);
  body.Prefixed();
  body.U8();
  const Nonce nonce = body.Id16<Nonce>();
  FakePadStorage copy = *net.pads(Bob().text(), hub).hub;
  const auto pad = Pad::Open(&copy, Side::kHub, 0).value();
  Link link(pad.get(), BootId(), &net.entropy());
  return link.AcceptHello(nonce, AsBytes(hello)).ok();
}

// --- What the stranger says ---

// Answers a challenge of a hub; `recorded` is how bob answered an earlier one.
using Hello = std::string (*)(FakeNetwork& net, int hub,
                              const std::string& challenge,
                              const std::string& recorded);

// In bob's name, made without his pads. The table of his pad is no secret.
std::string MadeUp(FakeNetwork& net, int hub, const std::string& challenge,
                   const std::string&) {
  FakePadPair pads = MakeFakePads(Bob(), FakeNetwork::HubName(hub),
                                  SmallGeometry(), net.entropy());
  const auto pad = Pad::Open(pads.agent.get(), Side::kAgent, 0).value();
  Link link(pad.get(), RandomId<BootId>(net.entropy()), &net.entropy());
  EXPECT_TRUE(link.AnswerChallenge(AsBytes(challenge)).ok());
  const std::string hello = link.TakeOutbox().at(0);
  const Frame frame = ParseFrame(AsBytes(hello)).value();
  FrameHeader header = frame.header;
  header.table = net.pads(Bob().text(), hub).hub->identity().table;
  return EncodeFrame(header, {AsText(frame.body)}) +
         std::string(AsText(frame.tag));
}

std::string Replayed(FakeNetwork&, int, const std::string&,
                     const std::string& recorded) {
  return recorded;
}

// --- The attack ---

struct Outcome {
  int eaten = 0;  // shares that went to the stranger
  size_t bobs_keys = 0;
};

Outcome OpenStreamsAsBob(Hello make_hello, Binding binding) {
  FakeNetwork net({.seed = 3, .hubs = kHubs});
  net.AddPeers(2, 2);
  std::map<int, std::string> recorded;
  net.tamper = [&recorded](const std::string& agent, int hub, bool,
                           std::string& frame) {
    const FrameType type = ParseFrame(AsBytes(frame)).value().header.type;
    if (type == FrameType::kHello && agent == Bob().text()) {
      recorded[hub] = frame;
    }
    return true;
  };
  for (int hub = 0; hub < kHubs; ++hub) net.StartHub(hub);
  net.StartAgent(Alice().text());
  net.StartAgent(Bob().text());
  net.Settle();
  std::map<int, bool> bound;
  for (int hub = 0; hub < kHubs; ++hub) {
    net.hub(hub).OnStreamUp(kStrangers);
    std::string challenge;
    for (auto& [stream, frame] : net.hub(hub).TakeFrames()) {
      if (stream == kStrangers) challenge = frame;
    }
    bound[hub] =
        binding(net, hub, make_hello(net, hub, challenge, recorded.at(hub)));
  }
  Outcome outcome;
  net.tamper = [&](const std::string& agent, int hub, bool to_hub,
                   std::string& frame) {
    const FrameType type = ParseFrame(AsBytes(frame)).value().header.type;
    if (to_hub || agent != Bob().text() || !bound[hub]) return true;
    outcome.eaten += type == FrameType::kRelay;
    return false;
  };
  EXPECT_TRUE(net.agent(Alice().text()).SetWanted(Bob(), 1, net.now()).ok());
  net.Settle();
  outcome.bobs_keys = net.TakeKeys(Bob().text()).size();
  return outcome;
}

// A network in which the attack has succeeded, and one in which it has not.
void ExpectSharesEaten(const Outcome& outcome) {
  EXPECT_EQ(outcome.eaten, kHubs);
  EXPECT_EQ(outcome.bobs_keys, 0u);
}
void ExpectNothingEaten(const Outcome& outcome) {
  EXPECT_EQ(outcome.eaten, 0);
  EXPECT_EQ(outcome.bobs_keys, 1u);
}

TEST(StrangersStreamAttack, EatsSharesIfAHelloNeedsNoSeal) {
  ExpectSharesEaten(OpenStreamsAsBob(MadeUp, ByNameInHello));
}

TEST(StrangersStreamAttack, EatsNothingIfTheHelloIsSealed) {
  ExpectNothingEaten(OpenStreamsAsBob(MadeUp, BySealedHello));
}

TEST(StrangersStreamAttack, EatsSharesIfTheSealIsOverNoNonceOfTheHub) {
  ExpectSharesEaten(OpenStreamsAsBob(Replayed, BySealOfAnyTime));
}

TEST(StrangersStreamAttack, EatsNothingIfTheSealIsOverTheHubsNonce) {
  ExpectNothingEaten(OpenStreamsAsBob(Replayed, BySealedHello));
}

}  // namespace
}  // namespace skex
