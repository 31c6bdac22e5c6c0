#include "service/sidecar/psk_identity.h"

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace service {

PskIdentity PskIdentity::Parse(absl::string_view identity) {
  skex::ByteReader reader(skex::AsBytes(identity));
  const absl::string_view magic = skex::AsText(reader.Raw(4));
  PskIdentity parsed;
  const skex::KeyId key = reader.Id16<skex::KeyId>();
  const uint32_t index = reader.U32();
  if (magic != "skx1" || !reader.Finish("PSK identity").ok()) return parsed;
  parsed.key = key;
  parsed.index = index;
  return parsed;
}

std::string PskIdentity::KeyText() const { return key ? key->Hex() : "-"; }

std::string PskIdentity::IndexText() const {
  return key ? absl::StrCat(index) : "-";
}

}  // namespace service
