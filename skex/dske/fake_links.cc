#include "skex/dske/fake_links.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "skex/base/bytes.h"

namespace skex {
namespace {

void MustBeOk(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "link: %s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace

FakeLinks::FakeLinks(const AgentId& agent, const HubId& hub,
                     const PadGeometry& geometry, Entropy* entropy,
                     PadSource source)
    : FakeLinks(MakeFakePads(agent, hub, geometry, *entropy, source), entropy) {
}

FakeLinks::FakeLinks(FakePadPair pads, Entropy* entropy)
    : FakeLinks(std::move(pads.agent), std::move(pads.hub), entropy) {}

FakeLinks::FakeLinks(std::unique_ptr<PadStorage> agent,
                     std::unique_ptr<PadStorage> hub, Entropy* entropy)
    : hub_id_(hub->identity().hub),
      entropy_(entropy),
      agent_storage_(std::move(agent)),
      hub_storage_(std::move(hub)),
      agent_pad_(Pad::Open(agent_storage_.get(), Side::kAgent, 0).value()),
      hub_pad_(Pad::Open(hub_storage_.get(), Side::kHub, 0).value()),
      agent_(std::make_unique<Link>(agent_pad_.get(),
                                    RandomId<BootId>(*entropy), entropy)),
      hub_(std::make_unique<Link>(hub_pad_.get(), RandomId<BootId>(*entropy),
                                  entropy)) {
  Connect();
}

void FakeLinks::Connect() {
  Disconnect();
  const Nonce nonce = RandomId<Nonce>(*entropy_);
  MustBeOk(agent_->AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce))));
  MustBeOk(hub_->AcceptHello(nonce, AsBytes(agent_->TakeOutbox().front())));
  Settle();
}

void FakeLinks::Disconnect() {
  agent_->Reset();
  hub_->Reset();
  to_hub_.clear();
  to_agent_.clear();
}

bool FakeLinks::Move(Link& from, Link& to, std::vector<std::string>& exchange) {
  std::vector<std::string> frames = from.TakeOutbox();
  for (std::string& frame : frames) {
    const Frame parsed = ParseFrame(AsBytes(frame)).value();
    if (IsExchangeFrame(parsed.header.type)) {
      exchange.push_back(std::move(frame));
    } else {
      MustBeOk(to.Open(AsBytes(frame)).status());
    }
  }
  return !frames.empty();
}

void FakeLinks::Settle() {
  while (Move(*agent_, *hub_, to_hub_) || Move(*hub_, *agent_, to_agent_)) {
  }
}

std::vector<std::string> FakeLinks::TakeToHub() {
  Settle();
  return std::exchange(to_hub_, {});
}

std::vector<std::string> FakeLinks::TakeToAgent() {
  Settle();
  return std::exchange(to_agent_, {});
}

}  // namespace skex
