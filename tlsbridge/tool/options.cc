#include "tlsbridge/tool/options.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "skex/base/bytes.h"
#include "skex/base/secret.h"

namespace tlsbridge::tool {
namespace {

// The flags as they were typed.
struct Flags {
  std::string address, psk, psk_file, identity, identity_hex, context;
  std::string mode = "imported", hash = "sha256", cipher = "aes256gcm";
  std::string groups = "X25519:P-256:P-384";
  bool json = false, echo = false, once = false;
};

const std::map<std::string, Cipher>& Ciphers() {
  static const auto* const ciphers = new std::map<std::string, Cipher>{
      {"aes256gcm", Cipher::kAes256Gcm},
      {"aes128gcm", Cipher::kAes128Gcm},
      {"chacha20poly1305", Cipher::kChaCha20Poly1305},
  };
  return *ciphers;
}

void AddCommonFlags(CLI::App& app, Flags& flags) {
  CLI::Option* const psk =
      app.add_option("--psk", flags.psk,
                     "the key in hex; other users see it in the process list");
  app.add_option("--psk-file", flags.psk_file, "a file with the key in hex")
      ->excludes(psk);
  CLI::Option* const identity =
      app.add_option("--identity", flags.identity, "the external identity");
  app.add_option("--identity-hex", flags.identity_hex,
                 "the external identity in hex")
      ->excludes(identity);
  app.add_option("--mode", flags.mode, "imported (RFC 9258) or raw (RFC 8446)")
      ->check(CLI::IsMember({"imported", "raw"}))
      ->capture_default_str();
  app.add_option("--hash", flags.hash, "the hash that the key belongs to")
      ->check(CLI::IsMember({"sha256", "sha384"}))
      ->capture_default_str();
  app.add_option("--context", flags.context,
                 "the RFC 9258 context, the same at both ends");
  app.add_option("--groups", flags.groups,
                 "of X25519, P-256 and P-384, in order of preference")
      ->capture_default_str();
  app.add_option("--cipher", flags.cipher,
                 "aes256gcm prefers AES-256 to AES-128 to ChaCha20; the others "
                 "are exact")
      ->check(CLI::IsMember({"aes256gcm", "aes128gcm", "chacha20poly1305"}))
      ->capture_default_str();
  app.add_flag("--json", flags.json, "report in JSON");
}

absl::Status Bad(absl::string_view flag, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(flag, " ", what));
}

absl::StatusOr<skex::Secret> DecodeHex(absl::string_view flag,
                                       absl::string_view hex) {
  if (hex.size() % 2 != 0) return Bad(flag, "has an odd number of hex digits");
  skex::Secret bytes = skex::Secret::OfSize(hex.size() / 2);
  const auto digit = [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c)) ? c - '0'
                                                              : (c | 32) - 87;
  };
  for (size_t i = 0; i < hex.size(); ++i) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(hex[i]))) {
      return Bad(flag, "has something that is not a hex digit");
    }
    uint8_t& byte = bytes.mutable_view()[i / 2];
    byte = static_cast<uint8_t>(byte << 4 | digit(hex[i]));
  }
  return bytes;
}

absl::StatusOr<skex::Secret> ReadKey(const Flags& flags) {
  if (!flags.psk.empty()) return DecodeHex("--psk", flags.psk);
  if (flags.psk_file.empty()) {
    return absl::InvalidArgumentError("--psk or --psk-file is required");
  }
  std::ifstream file(flags.psk_file, std::ios::binary);
  if (!file) return Bad("--psk-file", "cannot be read");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  absl::StatusOr<skex::Secret> key =
      DecodeHex("--psk-file", absl::StripAsciiWhitespace(text));
  skex::Wipe({reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return key;
}

absl::StatusOr<std::string> ReadIdentity(const Flags& flags) {
  if (!flags.identity.empty()) return flags.identity;
  if (flags.identity_hex.empty()) {
    return absl::InvalidArgumentError(
        "--identity or --identity-hex is required");
  }
  absl::StatusOr<skex::Secret> bytes =
      DecodeHex("--identity-hex", flags.identity_hex);
  if (!bytes.ok()) return bytes.status();
  return std::string(skex::AsText(bytes->view()));
}

absl::StatusOr<Policy> ReadPolicy(const Flags& flags) {
  Policy policy;
  policy.cipher = Ciphers().at(flags.cipher);
  policy.groups.clear();
  for (absl::string_view name : absl::StrSplit(flags.groups, ':')) {
    if (name == "X25519") {
      policy.groups.push_back(Group::kX25519);
    } else if (name == "P-256") {
      policy.groups.push_back(Group::kP256);
    } else if (name == "P-384") {
      policy.groups.push_back(Group::kP384);
    } else {
      return Bad("--groups", absl::StrCat("has an unknown group: ", name));
    }
  }
  return policy;
}

absl::Status Fill(const Flags& flags, Options& options) {
  absl::StatusOr<Address> address = ParseAddress(flags.address);
  if (!address.ok()) return address.status();
  options.address = *std::move(address);
  absl::StatusOr<skex::Secret> key = ReadKey(flags);
  if (!key.ok()) return key.status();
  options.psk.secret = *std::move(key);
  absl::StatusOr<std::string> identity = ReadIdentity(flags);
  if (!identity.ok()) return identity.status();
  options.psk.identity = *std::move(identity);
  absl::StatusOr<Policy> policy = ReadPolicy(flags);
  if (!policy.ok()) return policy.status();
  options.policy = *std::move(policy);
  options.psk.context = flags.context;
  options.psk.form =
      flags.mode == "raw" ? skex::PskForm::kRaw : skex::PskForm::kImported;
  options.psk.hash =
      flags.hash == "sha384" ? skex::PskHash::kSha384 : skex::PskHash::kSha256;
  options.json = flags.json;
  options.echo = flags.echo;
  options.once = flags.once;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || colon == 0 ||
      colon + 1 == text.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not HOST:PORT: \"", text, "\""));
  }
  absl::string_view host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']' && host.size() > 2) {
    host = host.substr(1, host.size() - 2);
  }
  return Address{std::string(host), std::string(text.substr(colon + 1))};
}

Parsed ParseCommandLine(int argc, const char* const* argv) {
  Parsed parsed;
  Flags flags;
  CLI::App app(
      "TLS 1.3 with external PSKs, for debugging: stdin goes to the "
      "peer, what the peer sends to stdout, the handshake's facts to "
      "stderr. Exit status: 0, 1 if the handshake was refused or the "
      "connection cut, 2 for bad usage.",
      "skex-tls");
  app.require_subcommand(1);
  CLI::App* const client = app.add_subcommand("client", "connect to a server");
  client->add_option("--connect", flags.address, "HOST:PORT")->required();
  AddCommonFlags(*client, flags);
  CLI::App* const server =
      app.add_subcommand("server", "listen, and serve one client at a time");
  server->add_option("--listen", flags.address, "HOST:PORT; port 0 is any")
      ->required();
  AddCommonFlags(*server, flags);
  server->add_flag("--echo", flags.echo, "send back what comes");
  server->add_flag("--once", flags.once, "end after one connection");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    parsed.exit.text = app.help();
    return parsed;
  } catch (const CLI::ParseError& error) {
    parsed.exit = {2, absl::StrCat("skex-tls: ", error.what(), "\n")};
    return parsed;
  }
  parsed.options.role =
      server->parsed() ? Options::Role::kServer : Options::Role::kClient;
  const absl::Status filled = Fill(flags, parsed.options);
  skex::Wipe({reinterpret_cast<uint8_t*>(flags.psk.data()), flags.psk.size()});
  if (!filled.ok()) {
    parsed.exit = {2, absl::StrCat("skex-tls: ", filled.message(), "\n")};
    return parsed;
  }
  parsed.go_on = true;
  return parsed;
}

}  // namespace tlsbridge::tool
