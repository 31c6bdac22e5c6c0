#ifndef TLSBRIDGE_TOOL_OPTIONS_H_
#define TLSBRIDGE_TOOL_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "skex/psk/psk.h"
#include "tlsbridge/session.h"

namespace tlsbridge::tool {

// HOST:PORT or [HOST]:PORT.
struct Address {
  std::string host;
  std::string port;
};

// Returns INVALID_ARGUMENT if `text` is no address.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// What the command line says.
struct Options {
  enum class Role { kClient, kServer };
  Role role = Role::kClient;
  Address address;  // to connect to, or to listen at
  Policy policy;
  skex::Psk psk;
  bool json = false;
  bool echo = false;  // server: send back what comes
  bool once = false;  // server: end after one connection
};

// The end of the program, decided by the command line alone.
struct Exit {
  int status = 0;
  std::string text;  // for stdout if the status is 0, else for stderr
};

// Reads the command line. Returns the options, or how to end: status 0 for
// --help, 2 for bad usage.
struct Parsed {
  Options options;
  bool go_on = false;
  Exit exit;
};
Parsed ParseCommandLine(int argc, const char* const* argv);

}  // namespace tlsbridge::tool

#endif  // TLSBRIDGE_TOOL_OPTIONS_H_
