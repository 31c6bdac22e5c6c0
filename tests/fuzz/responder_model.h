#ifndef TESTS_FUZZ_RESPONDER_MODEL_H_
#define TESTS_FUZZ_RESPONDER_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/base/secret.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/offer.h"
#include "skex/dske/policy.h"
#include "skex/dske/responder.h"

namespace skex {

// One exchange as its initiator dealt it, and what colluding hubs make of it.
struct DealtExchange {
  // Deals for `offer`, whose tags are replaced.
  DealtExchange(const Offer& offer, uint64_t seed);

  FakeDealing honest;
  std::string honest_offer;  // encoded
  // Polynomials of the colluders, with tags that fit them.
  FakeDealing forged;
  std::string forged_offer;
  // Shares of the honest secret on other polynomials, which meet the honest
  // ones at the first k - 2 hubs. So two colluders can pass the tag together
  // with those hubs, whatever the other hubs' shares are.
  std::vector<Secret> concert;
};

// A share as it is fed to the responder.
struct SentShare {
  HubId from;
  Offer offer;
  Secret share;
  // The exchange that the offer's id names; null if nobody dealt it.
  const DealtExchange* dealt = nullptr;
  bool pad_fits = true;  // as many pad bytes as the share has
  bool whole = true;     // the body is not cut

  std::string offer_bytes() const;
};

// ResponderModel says what a Responder has to do with each share, from the
// promises in responder.h and docs/protocol.md alone, and ends the process when
// it did something else. Of the arithmetic it knows only which shares lie on
// one polynomial; how keys are found it leaves open.
class ResponderModel {
 public:
  // The responder under test has these options and peers. `policies` name one
  // peer each and agree in everything else.
  ResponderModel(const Responder::Options& options,
                 std::vector<PeerPolicy> policies);

  // `sent` was fed and led to `got`.
  void OnShare(SentShare sent, const absl::StatusOr<RelayOutcome>& got,
               const Instant& now);
  void OnTime(const Instant& now);

  // As Responder::collecting().
  size_t collecting() const;

 private:
  // Shares of one secret, each hub's on the same polynomials.
  struct Polynomial {
    const FakeDealing* dealing;
    const std::string* offer;
    const std::vector<Secret>* shares;
  };
  struct Exchange {
    std::pair<AgentId, ExchangeId> id;
    absl::Duration forget_at;
    std::vector<SentShare> seen;  // the first of each hub
    std::string receipt;          // encoded; once settled
    // Once settled: those that the responder may have accepted.
    std::vector<Polynomial> accepted;
  };

  absl::StatusCode Refusal(const SentShare& sent, const Instant& now) const;
  Exchange& FindOrBegin(const SentShare& sent, const Instant& now);
  size_t CollectingOf(const AgentId& initiator) const;
  void MakeRoom(const AgentId& initiator);

  static std::vector<Polynomial> PolynomialsOf(const DealtExchange* dealt);
  static bool LiesOn(const Polynomial& polynomial, const SentShare& share);
  // The hubs whose share is not on `polynomial`, in the offer's order.
  static std::vector<HubId> Misfits(const Exchange& exchange,
                                    const Polynomial& polynomial);

  void CheckCollecting(Exchange& exchange,
                       const absl::StatusOr<RelayOutcome>& got);
  void CheckSettled(Exchange& exchange, const std::vector<Polynomial>& passing,
                    const RelayOutcome& outcome);
  void CheckKeys(const FakeDealing& dealing, const RelayOutcome& outcome) const;
  static void CheckStraggler(Exchange& exchange, const RelayOutcome& outcome);
  // What holds while fewer than k hubs lie, however the model comes to its
  // other conclusions.
  void CheckFewerLiarsThanThreshold(const Exchange& exchange,
                                    const RelayOutcome& outcome) const;

  const Responder::Options options_;
  const std::vector<PeerPolicy> policies_;
  std::list<Exchange> exchanges_;                     // oldest first
  std::set<std::pair<AgentId, ExchangeId>> settled_;  // ever
};

}  // namespace skex

#endif  // TESTS_FUZZ_RESPONDER_MODEL_H_
