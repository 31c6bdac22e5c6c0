#ifndef SERVICE_AGENT_VIEWS_H_
#define SERVICE_AGENT_VIEWS_H_

#include <string>
#include <vector>

#include "service/admin/control.h"
#include "service/sidecar/stats.h"
#include "skex/base/ids.h"
#include "skex/keystore/keystore.h"

namespace service {

// What the parts of an agent know, in the words of the admin API.

KeyView ViewOf(const skex::KeyListing& key);
// Counts `key` among those that are like it.
void CountKey(const skex::KeyListing& key, std::vector<KeyCountView>& counts);
TunnelView ViewOf(const TunnelSnapshot& tunnel);

template <class Id>
std::vector<std::string> NamesOf(const std::vector<Id>& ids) {
  std::vector<std::string> names;
  for (const Id& id : ids) names.push_back(id.text());
  return names;
}

}  // namespace service

#endif  // SERVICE_AGENT_VIEWS_H_
