#ifndef SERVICE_LOG_LOG_H_
#define SERVICE_LOG_LOG_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/variant.h"

namespace spdlog {
class logger;
}  // namespace spdlog

namespace service {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };
enum class LogFormat { kText, kJson };

// The level called "debug", "info", "warning", "error" or "off"; else
// INVALID_ARGUMENT that lists these.
absl::StatusOr<LogLevel> ParseLogLevel(absl::string_view name);
// The name that ParseLogLevel() takes.
absl::string_view LogLevelName(LogLevel level);

// The format called "text" or "json"; else INVALID_ARGUMENT.
absl::StatusOr<LogFormat> ParseLogFormat(absl::string_view name);

// One key and value of a log line. Holds views and formats nothing, so that a
// line below the level costs next to nothing. Made where it is used, as an
// argument of Log's functions; the value must live until the call returns.
class LogField {
 public:
  using Value = absl::variant<absl::string_view, int64_t, uint64_t, double,
                              bool, absl::Duration, const absl::Status*>;

  LogField(absl::string_view key, absl::string_view value)
      : key_(key), value_(value) {}
  LogField(absl::string_view key, const char* value)
      : key_(key), value_(absl::string_view(value)) {}
  LogField(absl::string_view key, absl::Duration value)
      : key_(key), value_(value) {}
  LogField(absl::string_view key, const absl::Status& value)
      : key_(key), value_(&value) {}
  template <typename Number,
            typename = std::enable_if_t<std::is_arithmetic<Number>::value>>
  LogField(absl::string_view key, Number value)
      : key_(key), value_(Widest(value)) {}

  absl::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  template <typename Number>
  static Value Widest(Number value) {
    if constexpr (std::is_same<Number, bool>::value) {
      return Value(absl::in_place_type_t<bool>(), value);
    } else if constexpr (std::is_floating_point<Number>::value) {
      return Value(absl::in_place_type_t<double>(), value);
    } else if constexpr (std::is_signed<Number>::value) {
      return Value(absl::in_place_type_t<int64_t>(), value);
    } else {
      return Value(absl::in_place_type_t<uint64_t>(), value);
    }
  }

  absl::string_view key_;
  Value value_;
};

// Log writes events, one line each: a short fixed name of what happened, and
// fields.
//
//   log.Info("handshake", {{"tunnel", name}, {"took", duration}});
//
//   text: 2026-01-31T12:00:00.123Z info handshake tunnel=to-bob took=1.2ms
//   json: {"time":"2026-01-31T12:00:00.123Z","level":"info",
//          "event":"handshake","tunnel":"to-bob","took":0.0012}
//
// Nothing in a field can forge or break a line: both formats are printable
// ASCII; JSON escapes the rest as \uXXXX, text as \xNN inside quotes. In JSON
// a duration is a number of seconds. A field called like one of the first
// three gets a "_" behind its name.
//
// Secrets are never logged: callers pass names, sizes, counts and statuses.
// Thread-safe.
class Log {
 public:
  using Clock = std::function<absl::Time()>;

  // Writes to standard error.
  Log(LogLevel level, LogFormat format, Clock clock = &absl::Now);

  // Writes to `out`, which must outlive the Log.
  Log(LogLevel level, LogFormat format, std::ostream& out,
      Clock clock = &absl::Now);

  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();

  using Fields = std::initializer_list<LogField>;
  void Debug(absl::string_view event, Fields fields = {}) {
    Write(LogLevel::kDebug, event, fields);
  }
  void Info(absl::string_view event, Fields fields = {}) {
    Write(LogLevel::kInfo, event, fields);
  }
  void Warning(absl::string_view event, Fields fields = {}) {
    Write(LogLevel::kWarning, event, fields);
  }
  void Error(absl::string_view event, Fields fields = {}) {
    Write(LogLevel::kError, event, fields);
  }
  // Writes the line if `level` is on. `level` must not be kOff.
  void Write(LogLevel level, absl::string_view event, Fields fields = {}) {
    if (IsOn(level)) WriteLine(level, event, fields);
  }

  // Whether lines of `level` are written: for callers that would have to
  // prepare a field.
  bool IsOn(LogLevel level) const {
    return level >= level_.load(std::memory_order_relaxed);
  }

  LogLevel level() const { return level_.load(std::memory_order_relaxed); }
  // From now on writes lines of `level` and above only.
  void SetLevel(LogLevel level) {
    level_.store(level, std::memory_order_relaxed);
  }

 private:
  void WriteLine(LogLevel level, absl::string_view event, Fields fields);

  std::atomic<LogLevel> level_;
  const LogFormat format_;
  const Clock clock_;
  // spdlog serialises the writers and flushes every line.
  const std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace service

#endif  // SERVICE_LOG_LOG_H_
