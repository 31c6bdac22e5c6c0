#ifndef SERVICE_CTL_PAD_VERB_H_
#define SERVICE_CTL_PAD_VERB_H_

#include <string>

#include "CLI/App.hpp"
#include "nlohmann/json.hpp"
#include "service/ctl/answer.h"
#include "service/storage/pad_file_reader.h"

namespace service {

// Adds `pad FILE` to `app`: shows what a pad file says of itself, never a
// secret. As AddInitVerb().
void AddPadVerb(CLI::App& app, Answer& answer);

// The text that `pad` prints.
std::string DescribePad(const std::string& path,
                        const PadFileInspection& inspection);

// The same as JSON.
nlohmann::ordered_json PadJson(const std::string& path,
                               const PadFileInspection& inspection);

}  // namespace service

#endif  // SERVICE_CTL_PAD_VERB_H_
