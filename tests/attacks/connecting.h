#ifndef TESTS_ATTACKS_CONNECTING_H_
#define TESTS_ATTACKS_CONNECTING_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/psk/key.h"
#include "skex/psk/psk.h"

namespace skex {

// When connections are made here.
inline constexpr absl::Duration kNow = absl::Seconds(1000);

// A ClientHello as far as an external PSK matters: an identity, and the binder
// that only an owner of the PSK can make. The real one is tested in tlsbridge.
struct Hello {
  std::string identity;
  std::string binder;
};

// HMAC-SHA-256 under the PSK over what both ends must see alike.
std::string Binder(const Psk& psk, absl::string_view identity);

Hello MakeHello(const Psk& psk);

// Whether the binder is that of `psk`.
bool Verifies(const Hello& hello, const Psk& psk);

// A key of exchange `number` between the two, to be used as often as wanted;
// the same bytes for the same number.
Key MakeKey(uint8_t number, const AgentId& initiator, const AgentId& responder);

}  // namespace skex

#endif  // TESTS_ATTACKS_CONNECTING_H_
