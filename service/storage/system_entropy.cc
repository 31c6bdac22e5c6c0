#include "service/storage/system_entropy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

namespace service {

void SystemEntropy::Fill(absl::Span<uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      fprintf(stderr, "no random bytes from the operating system: %s\n",
              strerror(errno));
      abort();
    }
    out.remove_prefix(static_cast<size_t>(got));
  }
}

}  // namespace service
