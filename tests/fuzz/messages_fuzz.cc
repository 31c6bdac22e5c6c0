// Every parser of what comes over the network, on any bytes: none may crash,
// and what one takes must come out of its encoder as it went in.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "skex/base/bytes.h"
#include "skex/dske/messages.h"
#include "skex/dske/offer.h"
#include "skex/psk/derivation.h"
#include "skex/wire/frame.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void ParseEverything(absl::Span<const uint8_t> bytes) {
  const std::string text(skex::AsText(bytes));
  if (auto share = skex::ShareMessage::Parse(bytes); share.ok()) {
    skex::ByteWriter writer;
    share->offer.Encode(writer);
    Require(writer.bytes() == share->offer_bytes);
    skex::TagContext(share->offer, skex::ComputePolicyHash(share->offer),
                     skex::KeyId());
  }
  if (auto receipt = skex::Receipt::Parse(bytes); receipt.ok()) {
    Require(receipt->Encode() == text);
  }
  if (auto confirm = skex::ConfirmMessage::Parse(bytes); confirm.ok()) {
    Require(confirm->Encode() == text);
  }
  if (auto notice = skex::Notice::Parse(bytes); notice.ok()) {
    Require(notice->Encode() == text);
  }
  if (auto name = skex::ParsePskIdentity(text); name.ok()) {
    Require(skex::EncodePskIdentity(*name) == text);
  }
  if (auto frame = skex::ParseFrame(bytes); frame.ok()) {
    Require(skex::EncodeFrame(frame->header, {skex::AsText(frame->body)}) +
                std::string(skex::AsText(frame->tag)) ==
            text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ParseEverything(absl::MakeConstSpan(data, size));
  return 0;
}
