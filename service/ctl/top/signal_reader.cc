#include "service/ctl/top/signal_reader.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace service {

SignalReader::SignalReader(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (int number : signals) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, &before_);
  fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

SignalReader::~SignalReader() {
  // What came and was not read does not take effect now.
  while (Next() != 0) {
  }
  close(fd_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int SignalReader::Next() {
  signalfd_siginfo info = {};
  if (read(fd_, &info, sizeof(info)) != sizeof(info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace service
