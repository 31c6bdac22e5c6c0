#ifndef SERVICE_CTL_PAIR_VERB_H_
#define SERVICE_CTL_PAIR_VERB_H_

#include <string>

#include "CLI/App.hpp"
#include "nlohmann/json.hpp"
#include "service/ctl/answer.h"
#include "service/pairing/inspect_pair.h"
#include "service/pairing/make_pair.h"

namespace service {

// Adds `pair make`, `pair import`, `pair show` and `pair revoke` to `app`: what
// two agents need to agree on keys without hubs. As AddInitVerb().
void AddPairVerb(CLI::App& app, Answer& answer);

// The text with which `pair make` ends: what was made, and what the operators
// have to do now.
std::string AfterPairMade(const PairRequest& request,
                          const std::string& fingerprint);

// What `pair show` prints of one pair, without secrets.
std::string DescribePair(const PairView& pair);

// The same as JSON.
nlohmann::ordered_json PairJson(const PairView& pair);

}  // namespace service

#endif  // SERVICE_CTL_PAIR_VERB_H_
