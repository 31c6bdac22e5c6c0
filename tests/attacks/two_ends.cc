#include "tests/attacks/two_ends.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "skex/base/bytes.h"
#include "skex/pad/mask.h"

namespace skex {
namespace {

constexpr uint64_t kSeed = 41;

AgentId TheAgent() { return *AgentId::Parse("alice@north.example"); }
HubId TheHub() { return *HubId::Parse("hub0@op0.example"); }

void MustBeOk(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "link: %s\n", status.ToString().c_str());
  std::abort();
}

void PutBack(Direction direction, const PadMarks& from, PadMarks& to) {
  for (Stream stream : {Stream::kMac, Stream::kOtp}) {
    to.at(direction, 0, stream) = from.at(direction, 0, stream);
  }
}

}  // namespace

CarelessStorage::CarelessStorage(FakePadStorage* medium, Side side,
                                 const Omissions& omits)
    : medium_(medium), side_(side), omits_(omits), marks_(medium->marks()) {}

absl::Status CarelessStorage::CommitMarks(const PadMarks& marks) {
  marks_ = marks;
  PadMarks durable = marks;
  if (omits_.sending_marks) {
    PutBack(SendDirection(side_), medium_->marks(), durable);
  }
  if (omits_.receiving_marks) {
    PutBack(ReceiveDirection(side_), medium_->marks(), durable);
  }
  return medium_->CommitMarks(durable);
}

absl::Status CarelessStorage::Read(uint64_t offset, absl::Span<uint8_t> out) {
  return medium_->Read(offset, out);
}

absl::Status CarelessStorage::Erase(uint64_t from, uint64_t to) {
  return omits_.erasures ? absl::OkStatus() : medium_->Erase(from, to);
}

TwoEnds::TwoEnds(const Omissions& agent, const Omissions& hub)
    : entropy_(kSeed),
      agent_omits_(agent),
      hub_omits_(hub),
      media_(MakeFakePads(TheAgent(), TheHub(), SmallGeometry(8), entropy_)) {
  StartAgent();
  StartHub();
}

void TwoEnds::StartAgent() {
  agent_.reset();
  agent_pad_.reset();
  agent_storage_ = std::make_unique<CarelessStorage>(
      media_.agent.get(), Side::kAgent, agent_omits_);
  agent_pad_ = Pad::Open(agent_storage_.get(), Side::kAgent, 0).value();
  agent_ = std::make_unique<Link>(agent_pad_.get(), RandomId<BootId>(entropy_),
                                  &entropy_);
}

void TwoEnds::StartHub() {
  hub_.reset();
  hub_pad_.reset();
  hub_storage_ = std::make_unique<CarelessStorage>(media_.hub.get(), Side::kHub,
                                                   hub_omits_);
  hub_pad_ = Pad::Open(hub_storage_.get(), Side::kHub, 0).value();
  hub_ = std::make_unique<Link>(hub_pad_.get(), RandomId<BootId>(entropy_),
                                &entropy_);
}

void TwoEnds::Connect(bool grants_arrive) {
  agent_->Reset();
  hub_->Reset();
  const Nonce nonce = RandomId<Nonce>(entropy_);
  MustBeOk(agent_->AnswerChallenge(AsBytes(EncodeChallenge(TheHub(), nonce))));
  MustBeOk(hub_->AcceptHello(nonce, AsBytes(agent_->TakeOutbox().at(0))));
  while (PassOn(*agent_, *hub_, true) ||
         PassOn(*hub_, *agent_, grants_arrive)) {
  }
}

bool TwoEnds::PassOn(Link& from, Link& to, bool grants_arrive) {
  const std::vector<std::string> frames = from.TakeOutbox();
  for (const std::string& frame : frames) {
    const FrameType type = ParseFrame(AsBytes(frame)).value().header.type;
    if (IsExchangeFrame(type)) continue;
    if (type == FrameType::kGrant && !grants_arrive) continue;
    MustBeOk(to.Open(AsBytes(frame)).status());
  }
  return !frames.empty();
}

absl::StatusOr<std::string> TwoEnds::Seal(Link& from, Link& to, FrameType type,
                                          absl::string_view body,
                                          const Secret& masked) {
  absl::StatusOr<uint64_t> sealed;
  if (masked.empty()) {
    sealed = from.Seal(type, {body});
  } else {
    absl::StatusOr<LinkSlice> slice = from.Take(masked.size());
    if (!slice.ok()) return slice.status();
    Secret share = masked.Clone();
    Mask(share.mutable_view(), slice->pad.bytes.view());
    sealed = from.SealMasked(type, {body, AsText(share.view())}, *slice);
  }
  if (!sealed.ok()) return sealed.status();
  // Behind it there may be a request for more pad.
  const std::vector<std::string> frames = from.TakeOutbox();
  for (size_t i = 1; i < frames.size(); ++i) {
    MustBeOk(to.Open(AsBytes(frames[i])).status());
  }
  while (PassOn(to, from, true) || PassOn(from, to, true)) {
  }
  return frames.at(0);
}

absl::StatusOr<std::string> TwoEnds::SealToHub(absl::string_view body,
                                               const Secret& masked) {
  return Seal(*agent_, *hub_, FrameType::kDeal, body, masked);
}

absl::StatusOr<std::string> TwoEnds::SealToAgent(absl::string_view body,
                                                 const Secret& masked) {
  return Seal(*hub_, *agent_, FrameType::kRelay, body, masked);
}

}  // namespace skex
