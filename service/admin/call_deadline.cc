#include "service/admin/call_deadline.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace service {
namespace {

constexpr absl::Duration kTimeToAnswer = absl::Seconds(1);

}  // namespace

absl::Time AnswerBy(const grpc::ServerContext& context) {
  const absl::Time deadline = absl::FromChrono(context.deadline());
  const absl::Duration wait = deadline - absl::Now();
  return deadline - std::min(kTimeToAnswer, wait / 4);
}

}  // namespace service
