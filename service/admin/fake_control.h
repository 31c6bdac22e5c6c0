#ifndef SERVICE_ADMIN_FAKE_CONTROL_H_
#define SERVICE_ADMIN_FAKE_CONTROL_H_

#include <string>
#include <vector>

#include "service/admin/control.h"
#include "service/base/mutex.h"

namespace service {

// An agent that shows one hub ready and one away, a tunnel, and three peers
// with a key of each: bob, with whom keys come through hubs, is ready; carol,
// with whom they are mixed, is not; with dave they are unmediated. For tests of
// what is built over AgentControl. Thread-safe.
class FakeAgentControl : public AgentControl {
 public:
  AgentView Status() override;
  std::vector<KeyView> Keys() override;
  // A key with "bob@south.example"; the error of FailWith() for him if there
  // is one; NOT_FOUND for everybody else.
  absl::StatusOr<EstablishedView> Establish(const std::string& peer,
                                            absl::Time deadline) override;
  // The same; the key has another id.
  absl::StatusOr<EstablishedView> Rotate(const std::string& peer,
                                         absl::Time deadline) override;
  // OK for "carol@east.example", or the error of FailWith() if there is one;
  // FAILED_PRECONDITION for the other peers, NOT_FOUND for everybody else.
  absl::Status AllowJump(const std::string& peer) override;
  // A sentence, or the error of FailWith().
  absl::StatusOr<std::string> Reload() override;
  // Sentences with what was given, or the error of FailWith().
  absl::StatusOr<std::string> AddTables(const std::string& toml,
                                        bool replace) override;
  absl::StatusOr<std::string> RemovePeer(const std::string& name) override;
  absl::StatusOr<std::string> RemoveTunnel(const std::string& name) override;

  void FailWith(absl::Status error);
  // The deadline of the last Establish() or Rotate().
  absl::Time last_deadline();

 private:
  absl::StatusOr<EstablishedView> NewKey(const std::string& id,
                                         const std::string& peer,
                                         absl::Time deadline);

  Mutex mutex_;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_deadline_ ABSL_GUARDED_BY(mutex_);
};

// A hub with one agent that is connected and one that is not. Thread-safe.
class FakeHubControl : public HubControl {
 public:
  HubStatusView Status() override;
  // A sentence, or the error of FailWith().
  absl::StatusOr<std::string> Reload() override;

  void FailWith(absl::Status error);

 private:
  Mutex mutex_;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace service

#endif  // SERVICE_ADMIN_FAKE_CONTROL_H_
