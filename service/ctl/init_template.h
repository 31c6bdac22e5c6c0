#ifndef SERVICE_CTL_INIT_TEMPLATE_H_
#define SERVICE_CTL_INIT_TEMPLATE_H_

#include <string>

#include "skex/base/ids.h"

namespace service {

// Configuration files to start from: every key with its default or an example.
// They are valid as they are. A line that begins with "#" and no space is a
// setting to be taken into use by removing the "#"; with all of them taken,
// and the pads there, the file is valid too.
std::string AgentTemplate(const skex::AgentId& name);
std::string HubTemplate(const skex::HubId& name);

}  // namespace service

#endif  // SERVICE_CTL_INIT_TEMPLATE_H_
