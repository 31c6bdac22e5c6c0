// An agent and a hub whose link is up get sequences of frames: true ones, ones
// with changed bytes, and made-up ones with a true header. Neither may crash,
// and no made-up frame may be taken.
//
// The input is which pads there are (1 byte), then a list of steps: what to do
// (1 byte), where (2 bytes), with which value (1 byte).

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "skex/base/bytes.h"
#include "skex/node/fake_network.h"
#include "skex/pad/pad_layout.h"

namespace {

using skex::kAlice;
using skex::kBob;

constexpr int kHubs = 2;

class Steps {
 public:
  Steps(const uint8_t* data, size_t size)
      : reader_(absl::MakeConstSpan(data, size)), pads_(reader_.U8()) {}

  // Whether pair number `pair` has a second pad from the start.
  bool HasTwoPads(int pair) const { return (pads_ >> pair & 1) != 0; }
  // Whether that pair's hub, or its agent, gets one more while it runs.
  bool HubTakesPad(int pair) const { return (pads_ >> 4) == 2 * pair; }
  bool AgentTakesPad(int pair) const { return (pads_ >> 4) == 2 * pair + 1; }

  // Changes a frame as the next step says; false drops it.
  bool Change(std::string& frame) {
    const uint8_t what = reader_.U8();
    const uint16_t where = reader_.U16();
    const uint8_t value = reader_.U8();
    if (!reader_.ok()) return true;
    switch (what % 8) {
      case 0:
        frame[where % frame.size()] ^= static_cast<char>(value | 1);
        return true;
      case 1:
        frame.resize(where % frame.size());
        return true;
      case 2:
        frame.append(value + 1, 'x');
        return true;
      case 3:
        return false;
      default:
        return true;
    }
  }

 private:
  skex::ByteReader reader_;
  uint8_t pads_;
};

// Does something for each agent and hub; the pairs are numbered.
template <class Act>
void ForEachPair(Act act) {
  int pair = 0;
  for (const char* agent : {kAlice, kBob}) {
    for (int hub = 0; hub < kHubs; ++hub) act(agent, hub, pair++);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Steps steps(data, size);
  skex::FakeNetwork net({.seed = 1, .hubs = kHubs, .chunks = 1});
  net.AddPeers(2, 2);
  ForEachPair([&](const char* agent, int hub, int pair) {
    if (steps.HasTwoPads(pair)) net.MakePad(agent, hub);
  });
  for (int hub = 0; hub < kHubs; ++hub) net.StartHub(hub);
  net.StartAgent(kAlice);
  net.StartAgent(kBob);
  net.tamper = [&steps](const std::string&, int, bool, std::string& frame) {
    return steps.Change(frame);
  };
  net.Settle();
  ForEachPair([&](const char* agent, int hub, int pair) {
    if (!steps.HubTakesPad(pair) && !steps.AgentTakesPad(pair)) return;
    net.MakePad(agent, hub);
    net.TakeNewestPad(
        agent, hub,
        steps.HubTakesPad(pair) ? skex::Side::kHub : skex::Side::kAgent);
    net.Settle();
  });
  net.agent(kAlice)
      .SetWanted(*skex::AgentId::Parse(kBob), 1, net.now())
      .IgnoreError();
  net.Advance(absl::Milliseconds(700));
  const std::vector<skex::Key> bob = net.TakeKeys(kBob);
  for (const skex::Key& key : net.TakeKeys(kAlice)) {
    bool agreed = false;
    for (const skex::Key& other : bob) {
      agreed = agreed || (other.id == key.id &&
                          skex::EqualInConstantTime(other.bytes.view(),
                                                    key.bytes.view()));
    }
    if (!agreed) std::abort();
  }
  return 0;
}
