#ifndef SERVICE_CTL_JSON_FLAG_H_
#define SERVICE_CTL_JSON_FLAG_H_

#include "CLI/App.hpp"

namespace service {

// Adds --json to `app` and to every verb that it has by now, however deep, so
// that it may stand before or behind each of them. `json` must live as long.
void AddJsonFlag(CLI::App& app, bool& json);

}  // namespace service

#endif  // SERVICE_CTL_JSON_FLAG_H_
