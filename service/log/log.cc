#include "service/log/log.h"

#include <ostream>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "spdlog/logger.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace service {
namespace {

constexpr absl::string_view kTimeFormat = "%Y-%m-%dT%H:%M:%E3SZ";

std::unique_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink) {
  auto logger = std::make_unique<spdlog::logger>("skex", std::move(sink));
  // Lines arrive complete, and are filtered before they are built.
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

bool IsBare(char c) {
  return absl::ascii_isgraph(c) && c != '"' && c != '\\' && c != '=';
}

// `value`, in quotes and escaped unless it is one plain word.
std::string Quoted(absl::string_view value) {
  if (!value.empty() && absl::c_all_of(value, IsBare)) {
    return std::string(value);
  }
  return absl::StrCat("\"", absl::CHexEscape(value), "\"");
}

struct TextValue {
  std::string operator()(absl::string_view v) const { return Quoted(v); }
  std::string operator()(int64_t v) const { return absl::StrCat(v); }
  std::string operator()(uint64_t v) const { return absl::StrCat(v); }
  std::string operator()(double v) const { return absl::StrFormat("%g", v); }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(absl::Duration v) const {
    return absl::FormatDuration(v);
  }
  std::string operator()(const absl::Status* v) const {
    return Quoted(v->ToString());
  }
};

struct JsonValue {
  nlohmann::ordered_json operator()(absl::string_view v) const {
    return std::string(v);
  }
  nlohmann::ordered_json operator()(int64_t v) const { return v; }
  nlohmann::ordered_json operator()(uint64_t v) const { return v; }
  nlohmann::ordered_json operator()(double v) const { return v; }
  nlohmann::ordered_json operator()(bool v) const { return v; }
  nlohmann::ordered_json operator()(absl::Duration v) const {
    return absl::ToDoubleSeconds(v);
  }
  nlohmann::ordered_json operator()(const absl::Status* v) const {
    return v->ToString();
  }
};

std::string FormatText(absl::string_view time, LogLevel level,
                       absl::string_view event, Log::Fields fields) {
  std::string line =
      absl::StrCat(time, " ", LogLevelName(level), " ", Quoted(event));
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", Quoted(field.key()), "=",
                    absl::visit(TextValue(), field.value()));
  }
  return line;
}

std::string FormatJson(absl::string_view time, LogLevel level,
                       absl::string_view event, Log::Fields fields) {
  nlohmann::ordered_json line;
  line["time"] = std::string(time);
  line["level"] = std::string(LogLevelName(level));
  line["event"] = std::string(event);
  for (const LogField& field : fields) {
    std::string key(field.key());
    while (line.contains(key)) key += '_';
    line[key] = absl::visit(JsonValue(), field.value());
  }
  return line.dump(/*indent=*/-1, /*indent_char=*/' ', /*ensure_ascii=*/true,
                   nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

absl::StatusOr<LogLevel> ParseLogLevel(absl::string_view name) {
  for (LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning,
                         LogLevel::kError, LogLevel::kOff}) {
    if (name == LogLevelName(level)) return level;
  }
  return absl::InvalidArgumentError(
      "the log level must be debug, info, warning, error or off");
}

absl::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
    case LogLevel::kOff:
      break;
  }
  return "off";
}

absl::StatusOr<LogFormat> ParseLogFormat(absl::string_view name) {
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return absl::InvalidArgumentError("the log format must be text or json");
}

Log::Log(LogLevel level, LogFormat format, Clock clock)
    : level_(level),
      format_(format),
      clock_(std::move(clock)),
      logger_(MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_mt>())) {}

Log::Log(LogLevel level, LogFormat format, std::ostream& out, Clock clock)
    : level_(level),
      format_(format),
      clock_(std::move(clock)),
      logger_(
          MakeLogger(std::make_shared<spdlog::sinks::ostream_sink_mt>(out))) {}

Log::~Log() = default;

void Log::WriteLine(LogLevel level, absl::string_view event, Fields fields) {
  std::string time =
      absl::FormatTime(kTimeFormat, clock_(), absl::UTCTimeZone());
  std::string line = format_ == LogFormat::kJson
                         ? FormatJson(time, level, event, fields)
                         : FormatText(time, level, event, fields);
  logger_->log(ToSpdlog(level),
               spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace service
