#include "service/metrics/scrape.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "prometheus/metric_family.h"
#include "prometheus/text_serializer.h"

namespace service {
namespace {

Samples ParseText(const std::string& text) {
  Samples samples;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (absl::StartsWith(line, "# HELP ") ||
        absl::StartsWith(line, "# TYPE ")) {
      continue;
    }
    const size_t space = line.rfind(' ');
    double value = 0;
    if (space == absl::string_view::npos ||
        !absl::SimpleAtod(line.substr(space + 1), &value)) {
      ADD_FAILURE() << "not a sample: " << line;
      continue;
    }
    EXPECT_TRUE(samples.emplace(line.substr(0, space), value).second)
        << "twice: " << line;
  }
  return samples;
}

}  // namespace

std::string GetMetrics(const std::string& address) {
  const std::vector<std::string> parts = absl::StrSplit(address, ':');
  uint32_t port = 0;
  sockaddr_in server = {};
  server.sin_family = AF_INET;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &port) ||
      inet_pton(AF_INET, parts[0].c_str(), &server.sin_addr) != 1) {
    return "";
  }
  server.sin_port = htons(static_cast<uint16_t>(port));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  const absl::string_view request = "GET /metrics HTTP/1.0\r\n\r\n";
  if (connect(fd, reinterpret_cast<sockaddr*>(&server), sizeof(server)) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    ssize_t size;
    while ((size = read(fd, buffer, sizeof(buffer))) > 0) {
      answer.append(buffer, static_cast<size_t>(size));
    }
  }
  close(fd);
  return answer;
}

Samples ParseAnswer(const std::string& answer) {
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 200")) << answer;
  const size_t end_of_headers = answer.find("\r\n\r\n");
  if (end_of_headers == std::string::npos) {
    ADD_FAILURE() << "no body: " << answer;
    return {};
  }
  return ParseText(answer.substr(end_of_headers + 4));
}

Samples SamplesOf(const prometheus::Collectable& metrics) {
  return ParseText(prometheus::TextSerializer().Serialize(metrics.Collect()));
}

}  // namespace service
