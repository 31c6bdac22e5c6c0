// skex-tls: a client and a server for TLS 1.3 with external PSKs.

#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tlsbridge/session.h"
#include "tlsbridge/tool/connection.h"
#include "tlsbridge/tool/options.h"
#include "tlsbridge/tool/report.h"
#include "tlsbridge/tool/socket.h"

namespace tlsbridge::tool {
namespace {

constexpr int kRefused = 1;
constexpr int kUsage = 2;

absl::Duration Monotonic() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

skex::Psk Copy(const skex::Psk& psk) {
  skex::Psk copy;
  copy.secret = psk.secret.Clone();
  copy.identity = psk.identity;
  copy.context = psk.context;
  copy.form = psk.form;
  copy.hash = psk.hash;
  return copy;
}

int Complain(const absl::Status& status, int exit_status) {
  std::cerr << "skex-tls: " << status.message() << std::endl;
  return exit_status;
}

int Serve(Socket socket, Session& session, const Options& options) {
  Connection connection(
      std::move(socket), session,
      options.echo ? Connection::Source::kEcho : Connection::Source::kStdin);
  const absl::Duration start = Monotonic();
  absl::Status status =
      connection.Handshake([&options] { return Copy(options.psk); });
  std::cerr << HandshakeReport(status, session.info(), Monotonic() - start,
                               options.json)
            << std::flush;
  if (!status.ok()) return kRefused;
  status = connection.Transfer();
  return status.ok() ? 0 : Complain(status, kRefused);
}

int RunClient(std::shared_ptr<const Context> context, const Options& options) {
  absl::StatusOr<std::unique_ptr<Session>> session =
      Session::Client(std::move(context), Copy(options.psk));
  if (!session.ok()) return Complain(session.status(), kUsage);
  absl::StatusOr<Socket> socket = Connect(options.address);
  if (!socket.ok()) return Complain(socket.status(), kRefused);
  return Serve(*std::move(socket), **session, options);
}

int RunServer(std::shared_ptr<const Context> context, const Options& options) {
  // A PSK that no client can offer is better refused now.
  const absl::Status usable =
      Session::Client(context, Copy(options.psk)).status();
  if (!usable.ok()) return Complain(usable, kUsage);
  absl::StatusOr<Socket> listener = Listen(options.address);
  if (!listener.ok()) return Complain(listener.status(), kRefused);
  std::cerr << "listening at " << LocalAddress(*listener) << std::endl;
  for (;;) {
    absl::StatusOr<Socket> socket = Accept(*listener);
    if (!socket.ok()) return Complain(socket.status(), kRefused);
    const std::unique_ptr<Session> session = Session::Server(context);
    const int exit_status = Serve(*std::move(socket), *session, options);
    if (options.once) return exit_status;
  }
}

int Main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  const Parsed parsed = ParseCommandLine(argc, argv);
  if (!parsed.go_on) {
    (parsed.exit.status == 0 ? std::cout : std::cerr) << parsed.exit.text;
    return parsed.exit.status;
  }
  const Options& options = parsed.options;
  absl::StatusOr<std::shared_ptr<const Context>> context =
      Context::Create(options.policy, Monotonic);
  if (!context.ok()) return Complain(context.status(), kUsage);
  return options.role == Options::Role::kServer
             ? RunServer(*std::move(context), options)
             : RunClient(*std::move(context), options);
}

}  // namespace
}  // namespace tlsbridge::tool

int main(int argc, char** argv) { return tlsbridge::tool::Main(argc, argv); }
