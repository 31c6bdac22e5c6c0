#ifndef SKEX_DSKE_FAKE_LINKS_H_
#define SKEX_DSKE_FAKE_LINKS_H_

#include <memory>
#include <string>
#include <vector>

#include "skex/base/entropy.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/pad.h"
#include "skex/wire/link.h"

namespace skex {

// FakeLinks are the two ends of one link, on a pad in memory, with the stream
// between them. Link frames are passed on; exchange frames wait to be taken.
class FakeLinks {
 public:
  // `entropy` must outlive the object.
  FakeLinks(const AgentId& agent, const HubId& hub, const PadGeometry& geometry,
            Entropy* entropy, PadSource source = PadSource::kGenerator);
  // The same on pads of the caller's, both ends of one.
  FakeLinks(std::unique_ptr<PadStorage> agent, std::unique_ptr<PadStorage> hub,
            Entropy* entropy);

  // Opens a stream; both ends are ready then.
  void Connect();
  // Cuts it: the session ends, what waits is lost.
  void Disconnect();

  // Passes link frames on until there are none. The process ends if one is
  // refused.
  void Settle();
  // The exchange frames that were sealed for the hub, for the agent.
  std::vector<std::string> TakeToHub();
  std::vector<std::string> TakeToAgent();

  Link& agent() { return *agent_; }
  Link& hub() { return *hub_; }
  Pad& agent_pad() { return *agent_pad_; }
  Pad& hub_pad() { return *hub_pad_; }

 private:
  FakeLinks(FakePadPair pads, Entropy* entropy);

  // Whether there was a frame.
  static bool Move(Link& from, Link& to, std::vector<std::string>& exchange);

  const HubId hub_id_;
  Entropy* const entropy_;
  const std::unique_ptr<PadStorage> agent_storage_;
  const std::unique_ptr<PadStorage> hub_storage_;
  std::unique_ptr<Pad> agent_pad_;
  std::unique_ptr<Pad> hub_pad_;
  std::unique_ptr<Link> agent_;
  std::unique_ptr<Link> hub_;
  std::vector<std::string> to_hub_;
  std::vector<std::string> to_agent_;
};

}  // namespace skex

#endif  // SKEX_DSKE_FAKE_LINKS_H_
