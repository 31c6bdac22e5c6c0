#include "bench/micro/openssl_child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace tlsbridge {
namespace {

void Require(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "openssl_handshake: %s\n", what);
  std::exit(1);
}

}  // namespace

OpensslChild::OpensslChild(const std::string& ciphersuite) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe")
                                  .replace_filename("openssl_handshake");
  int to_child[2], from_child[2];
  Require(pipe2(to_child, O_CLOEXEC) == 0 && pipe2(from_child, O_CLOEXEC) == 0,
          "no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
  std::string name = "openssl_handshake", argument = ciphersuite;
  char* const argv[] = {name.data(), argument.data(), nullptr};
  const int error =
      posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  Require(error == 0, "cannot be started");
  close(to_child[0]);
  close(from_child[1]);
  requests_ = fdopen(to_child[1], "w");
  answers_ = fdopen(from_child[0], "r");
}

OpensslChild::~OpensslChild() {
  std::fclose(requests_);  // it ends with its input
  std::fclose(answers_);
  waitpid(pid_, nullptr, 0);
}

OpensslChild::Result OpensslChild::Run(size_t count) {
  Require(std::fprintf(requests_, "%zu\n", count) > 0 &&
              std::fflush(requests_) == 0,
          "does not listen");
  double nanoseconds;
  Result result;
  Require(
      std::fscanf(answers_, "%lf %zu", &nanoseconds, &result.wire_bytes) == 2,
      "does not answer");
  result.cpu_seconds = nanoseconds / 1e9;
  return result;
}

}  // namespace tlsbridge
