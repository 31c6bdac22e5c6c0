#include "service/ctl/online/take.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "service/admin/admin_channel.h"
#include "service/api/delivery.grpc.pb.h"
#include "service/ctl/complaint.h"
#include "service/ctl/exit_status.h"
#include "service/ctl/json_text.h"
#include "service/ctl/online/daemon.h"
#include "service/ctl/online/units.h"

namespace service {
namespace {

namespace api = skex::delivery::v1;

constexpr size_t kIdSize = 16;

// The bytes of an id; empty if it is none.
std::string IdBytes(const std::string& hex) {
  const bool digits =
      hex.size() == 2 * kIdSize &&
      hex.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  return digits ? absl::HexStringToBytes(hex) : "";
}

void Print(const api::KeyBatch& batch, bool json, std::ostream& out) {
  for (const api::Key& key : batch.keys()) {
    const std::string id = absl::BytesToHexString(key.id());
    const std::string bytes = absl::BytesToHexString(key.key());
    if (json) {
      out << JsonLine({{"id", id}, {"key", bytes}, {"label", batch.label()}});
    } else {
      out << id << " " << bytes << "\n";
    }
  }
}

// Prints all batches of a call.
int PrintAll(grpc::ClientReader<api::KeyBatch>& reader, bool json,
             std::ostream& out, std::ostream& err) {
  api::KeyBatch batch;
  while (reader.Read(&batch)) Print(batch, json, out);
  const grpc::Status status = reader.Finish();
  return status.ok() ? kExitOk : Fail(DaemonError(status), json, err);
}

}  // namespace

int RunTake(const TakeRequest& request, std::ostream& out, std::ostream& err) {
  api::TakeKeysByIdRequest by_id;
  by_id.set_peer(request.peer);
  for (const std::string& hex : request.ids) {
    const std::string bytes = IdBytes(hex);
    if (bytes.empty()) {
      Complain(absl::InvalidArgumentError(absl::StrCat(
                   "'", PrintableText(hex), "' is no key id: want ",
                   2 * kIdSize, " hexadecimal digits")),
               request.json, err);
      return kExitUsage;
    }
    by_id.add_ids(bytes);
  }
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      OpenAdminChannel(request.socket);
  if (!channel.ok()) {
    return Fail(
        absl::Status(channel.status().code(),
                     absl::StrCat("no agent hands out keys at ", request.socket,
                                  ": is skexd running? (",
                                  channel.status().message(), ")")),
        request.json, err);
  }
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + request.timeout));
  api::KeyDelivery::Stub stub(*channel);
  if (!request.ids.empty()) {
    return PrintAll(*stub.TakeKeysById(&context, by_id), request.json, out,
                    err);
  }
  api::TakeKeysRequest fresh;
  fresh.set_peer(request.peer);
  fresh.set_count(request.count);
  return PrintAll(*stub.TakeKeys(&context, fresh), request.json, out, err);
}

}  // namespace service
