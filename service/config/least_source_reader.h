#ifndef SERVICE_CONFIG_LEAST_SOURCE_READER_H_
#define SERVICE_CONFIG_LEAST_SOURCE_READER_H_

#include <optional>

#include "service/config/strict_toml.h"
#include "skex/pad/pad_source.h"

namespace service {

// The key least_source of `table`: the lowest source that a pad of an agent and
// a hub may have (see skex::CheckPadSources()). None if the key is absent.
std::optional<skex::PadSource> ReadLeastSource(const TomlTable& table);

}  // namespace service

#endif  // SERVICE_CONFIG_LEAST_SOURCE_READER_H_
