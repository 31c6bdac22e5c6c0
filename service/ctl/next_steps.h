#ifndef SERVICE_CTL_NEXT_STEPS_H_
#define SERVICE_CTL_NEXT_STEPS_H_

#include <string>

#include "service/config/hub_config.h"
#include "service/enrol/enrol.h"
#include "service/enrol/replenish.h"
#include "skex/pad/pad_layout.h"

namespace service {

// The texts with which `enrol` ends: what was made, and what the operators have
// to do now. `hub_file` is the hub's configuration file, as it was given.

std::string AfterEnrolment(const std::string& hub_file, const HubConfig& hub,
                           const EnrolRequest& request,
                           const skex::PadIdentity& identity);

std::string AfterReplenishment(const std::string& hub_file,
                               const ReplenishRequest& request,
                               const Replenished& made);

}  // namespace service

#endif  // SERVICE_CTL_NEXT_STEPS_H_
