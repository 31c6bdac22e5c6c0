#include "service/config/least_source_reader.h"

namespace service {

std::optional<skex::PadSource> ReadLeastSource(const TomlTable& table) {
  using enum skex::PadSource;
  if (!table.Has("least_source")) return std::nullopt;
  return table.Choice("least_source", kPhysical,
                      {{skex::PadSourceName(kPhysical), kPhysical},
                       {skex::PadSourceName(kGenerator), kGenerator},
                       {skex::PadSourceName(kStretch), kStretch}});
}

}  // namespace service
