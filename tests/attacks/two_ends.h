#ifndef TESTS_ATTACKS_TWO_ENDS_H_
#define TESTS_ATTACKS_TWO_ENDS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/base/seeded_entropy.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/pad.h"
#include "skex/wire/link.h"

namespace skex {

// What a storage says that it has done and has not.
struct Omissions {
  bool sending_marks = false;    // of the direction in which its end sends
  bool receiving_marks = false;  // of the other one
  bool erasures = false;
};

// CarelessStorage is a storage with omissions: what it omits is there until the
// process ends. A new one over the same medium is the start after a crash.
// Without omissions it does what the medium does.
class CarelessStorage : public PadStorage {
 public:
  // `medium` must outlive the object.
  CarelessStorage(FakePadStorage* medium, Side side, const Omissions& omits);

  const PadIdentity& identity() const override { return medium_->identity(); }
  const Secret& link_key() const override { return medium_->link_key(); }
  const PadMarks& marks() const override { return marks_; }
  absl::Status CommitMarks(const PadMarks& marks) override;
  absl::Status Read(uint64_t offset, absl::Span<uint8_t> out) override;
  absl::Status Erase(uint64_t from, uint64_t to) override;

 private:
  FakePadStorage* const medium_;
  const Side side_;
  const Omissions omits_;
  PadMarks marks_;
};

// TwoEnds is the link of one agent and one hub, with ends that crash and media
// that are copied and put back. Exchange frames are the caller's: what he does
// not deliver is lost.
class TwoEnds {
 public:
  explicit TwoEnds(const Omissions& agent = {}, const Omissions& hub = {});

  // (Re)starts an end: opens its pad as it lies on the medium.
  void StartAgent();
  void StartHub();

  // Opens a stream and passes link frames on until there are none. Without
  // `grants_arrive` the agent never sees what the hub grants.
  void Connect(bool grants_arrive = true);

  // A frame of the agent to the hub, and of the hub to the agent: `body` as it
  // is, then `masked` under otp bytes that it takes for it.
  absl::StatusOr<std::string> SealToHub(absl::string_view body,
                                        const Secret& masked = {});
  absl::StatusOr<std::string> SealToAgent(absl::string_view body,
                                          const Secret& masked = {});

  Link& agent() { return *agent_; }
  Link& hub() { return *hub_; }
  Pad& agent_pad() { return *agent_pad_; }
  Pad& hub_pad() { return *hub_pad_; }
  FakePadStorage& agent_medium() { return *media_.agent; }
  FakePadStorage& hub_medium() { return *media_.hub; }
  Entropy& entropy() { return entropy_; }

 private:
  bool PassOn(Link& from, Link& to, bool grants_arrive);
  absl::StatusOr<std::string> Seal(Link& from, Link& to, FrameType type,
                                   absl::string_view body,
                                   const Secret& masked);

  SeededEntropy entropy_;
  const Omissions agent_omits_;
  const Omissions hub_omits_;
  FakePadPair media_;
  std::unique_ptr<CarelessStorage> agent_storage_;
  std::unique_ptr<CarelessStorage> hub_storage_;
  std::unique_ptr<Pad> agent_pad_;
  std::unique_ptr<Pad> hub_pad_;
  std::unique_ptr<Link> agent_;
  std::unique_ptr<Link> hub_;
};

}  // namespace skex

#endif  // TESTS_ATTACKS_TWO_ENDS_H_
