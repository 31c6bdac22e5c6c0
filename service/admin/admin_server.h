#ifndef SERVICE_ADMIN_ADMIN_SERVER_H_
#define SERVICE_ADMIN_ADMIN_SERVER_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/server.h"
#include "service/admin/control.h"
#include "service/admin/unix_socket.h"
#include "service/log/log.h"

namespace service {

// Whether a process of `user` may use the admin socket of this one: the same
// user may, and root.
bool MayAdminister(uid_t user);

// A gRPC API of one daemon on a Unix socket: AgentAdmin, HubAdmin or another
// one for the same users, with grpc.health.v1.Health and server reflection.
// Whoever connects is asked for the user at the other end before a byte is
// read.
//
// The control is called from the server's own threads. Thread-safe, except
// that Shutdown() and the destructor are for one thread.
class AdminServer {
 public:
  // Decides by the user at the other end. For tests; see MayAdminister().
  using Doorman = std::function<bool(uid_t)>;

  // Serves `control` on `socket_path`. The control and the log must outlive
  // the server. The daemon must hold the lock on its state folder by then, so
  // that no second one can start at the same moment.
  //
  // Returns the errors of UnixListener::Create(); INTERNAL if gRPC does not
  // start.
  static absl::StatusOr<std::unique_ptr<AdminServer>> StartAgent(
      absl::string_view socket_path, AgentControl& control, Log& log,
      Doorman doorman = &MayAdminister);
  static absl::StatusOr<std::unique_ptr<AdminServer>> StartHub(
      absl::string_view socket_path, HubControl& control, Log& log,
      Doorman doorman = &MayAdminister);
  // The same for any service, by its full name.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(
      absl::string_view socket_path, std::unique_ptr<grpc::Service> service,
      std::string service_name, Log& log, Doorman doorman = &MayAdminister);

  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  // Shuts down at once, if Shutdown() was not called.
  ~AdminServer();

  // What the health service answers, for "" and for the name of the service:
  // SERVING or NOT_SERVING. SERVING at the start.
  void SetServing(bool serving);

  // Takes no more connections, removes the socket, answers NOT_SERVING, and
  // waits for calls under way until `deadline`; then cancels them. Waits in
  // any case for the functions of the control to return: let Establish() and
  // Rotate() fail first if that must be quick. Further calls do nothing.
  void Shutdown(absl::Time deadline);

 private:
  AdminServer(std::unique_ptr<UnixListener> listener,
              std::unique_ptr<grpc::Service> service, Log& log,
              Doorman doorman);

  absl::Status StartServer(const std::string& service_name);
  void AcceptConnections();
  // Takes one connection. Returns false if there is none, or no descriptor
  // for it.
  bool AcceptConnection();

  std::unique_ptr<UnixListener> listener_;
  const std::unique_ptr<grpc::Service> service_;
  Log& log_;
  const Doorman doorman_;
  UnixFd stop_;  // readable when the accepting thread must end
  std::unique_ptr<grpc::Server> server_;
  std::thread acceptor_;
};

}  // namespace service

#endif  // SERVICE_ADMIN_ADMIN_SERVER_H_
