#ifndef SERVICE_CTL_TOP_SIGNAL_READER_H_
#define SERVICE_CTL_TOP_SIGNAL_READER_H_

#include <signal.h>

#include <initializer_list>

namespace service {

// Signals as something to read, instead of something that ends the process or
// stops it. Thread-compatible.
class SignalReader {
 public:
  // To be made before any other thread: one that was there already would still
  // be interrupted.
  SignalReader(std::initializer_list<int> signals);
  // Signals are again what they were.
  ~SignalReader();

  SignalReader(const SignalReader&) = delete;
  SignalReader& operator=(const SignalReader&) = delete;

  // Readable when Next() has something; for poll(). Negative if the system gave
  // none.
  int fd() const { return fd_; }

  // The number of a signal that came; 0 if there is none.
  int Next();

 private:
  int fd_ = -1;
  sigset_t before_;
};

}  // namespace service

#endif  // SERVICE_CTL_TOP_SIGNAL_READER_H_
