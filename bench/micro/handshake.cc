// TLS 1.3 handshakes with external PSKs against handshakes with certificates,
// both ends in one thread, the making of credentials included, and against
// OpenSSL's with a PSK. The last lines are the ratios of their CPU times, the
// bytes on the wire and the memory of an established connection.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bench/micro/openssl_child.h"
#include "skex/psk/psk.h"
#include "tlsbridge/plain_handshake.h"
#include "tlsbridge/session.h"
#include "tlsbridge/session_pair.h"

namespace tlsbridge {
namespace {

using skex::PskForm;
using skex::PskHash;

Policy WithCipher(Cipher cipher) {
  Policy policy;
  policy.cipher = cipher;
  policy.groups = {Group::kX25519};
  return policy;
}

// Runs one handshake of sessions and returns the bytes that crossed the wire.
// `pair` keeps the sessions.
size_t RunSessions(SessionPair& pair, PskForm form, PskHash hash) {
  size_t bytes = 0;
  pair.Start(TestPsk(form, hash));
  bytes += pair.ClientToServer();
  pair.server->AnswerPsk(TestPsk(form, hash));
  bytes += pair.ServerToClient();
  bytes += pair.ClientToServer();
  if (!pair.established()) std::abort();
  return bytes;
}

// A raw PSK has the hash of its cipher, an imported one its own.
PskHash HashFor(PskForm form, Cipher cipher) {
  return form == PskForm::kRaw && cipher == Cipher::kAes256Gcm
             ? PskHash::kSha384
             : PskHash::kSha256;
}

void Sessions(benchmark::State& state, PskForm form, Cipher cipher) {
  SessionPair pair(WithCipher(cipher));
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = RunSessions(pair, form, HashFor(form, cipher));
  }
  state.counters["wire_bytes"] = static_cast<double>(bytes);
}

void Plain(benchmark::State& state, Proof proof, Cipher cipher) {
  const PlainHandshake handshake(proof, cipher);
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    benchmark::DoNotOptimize(handshake.Run(&bytes));
  }
  state.counters["wire_bytes"] = static_cast<double>(bytes);
}

// OpenSSL's, in a process of its own, which tells its CPU time.
void Openssl(benchmark::State& state, OpensslChild& child) {
  constexpr size_t kBatch = 20;
  size_t bytes = 0;
  while (state.KeepRunningBatch(kBatch)) {
    const OpensslChild::Result result = child.Run(kBatch);
    state.SetIterationTime(result.cpu_seconds);
    bytes = result.wire_bytes;
  }
  state.counters["wire_bytes"] = static_cast<double>(bytes);
}

// Keeps the fastest of many short repetitions: the one that the machine's other
// work disturbed least.
class FastestReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override {
    PrintBasicContext(&GetErrorStream(), context);
    return true;
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const std::string name = run.run_name.function_name;
      const double time = run.run_name.time_type == "manual_time"
                              ? run.GetAdjustedRealTime()
                              : run.GetAdjustedCPUTime();
      const auto [at, added] = fastest_.emplace(name, time);
      if (!added) at->second = std::min(at->second, time);
      bytes_[name] = run.counters.at("wire_bytes").value;
    }
  }

  void PrintTimes() const {
    for (const auto& [name, time] : fastest_) {
      std::printf("time %s %.1f us\n", name.c_str(), time / 1000);
    }
  }

  void PrintBytes() const {
    for (const auto& [name, bytes] : bytes_) {
      std::printf("wire %s %.0f bytes\n", name.c_str(), bytes);
    }
  }

  void PrintRatios() const {
    for (const char* cipher : {"aes128", "aes256"}) {
      for (const char* form : {"imported", "raw"}) {
        for (const char* other :
             {"ecdsa_mutual", "rsa_mutual", "openssl_psk"}) {
          PrintRatio(form, other, cipher);
        }
      }
    }
  }

 private:
  void PrintRatio(const std::string& form, const std::string& other,
                  const std::string& cipher) const {
    const auto ours = fastest_.find(form + "/" + cipher);
    const auto theirs = fastest_.find(other + "/" + cipher);
    if (ours == fastest_.end() || theirs == fastest_.end()) return;
    std::printf("ratio %s/%s/%s %.2f\n", form.c_str(), other.c_str(),
                cipher.c_str(), ours->second / theirs->second);
  }

  std::map<std::string, double> fastest_;
  std::map<std::string, double> bytes_;
};

// Heap bytes of one end of an established connection, on average over many.
template <typename T>
double HeapPerEnd(const std::function<T()>& connect) {
  constexpr size_t kConnections = 256;
  std::vector<T> kept;
  kept.reserve(kConnections);
  const size_t before = mallinfo2().uordblks;
  for (size_t i = 0; i < kConnections; ++i) kept.push_back(connect());
  const size_t after = mallinfo2().uordblks;
  return static_cast<double>(after - before) / (2 * kConnections);
}

void PrintMemory() {
  using Ends = std::pair<std::unique_ptr<Session>, std::unique_ptr<Session>>;
  SessionPair pair(WithCipher(Cipher::kAes256Gcm));
  const double session = HeapPerEnd<Ends>([&pair] {
    RunSessions(pair, PskForm::kImported, PskHash::kSha256);
    return Ends(std::move(pair.client), std::move(pair.server));
  });
  const PlainHandshake handshake(Proof::kImportedPsk, Cipher::kAes256Gcm);
  const double plain =
      HeapPerEnd<std::unique_ptr<PlainHandshake::Connection>>([&handshake] {
        size_t bytes = 0;
        return handshake.Run(&bytes);
      });
  std::printf("memory session %.0f bytes, BoringSSL's own %.0f bytes\n",
              session, plain);
}

void Register(OpensslChild& openssl_aes128, OpensslChild& openssl_aes256) {
  for (const auto& [cipher, name, openssl] :
       {std::tuple(Cipher::kAes128Gcm, std::string("aes128"), &openssl_aes128),
        std::tuple(Cipher::kAes256Gcm, std::string("aes256"),
                   &openssl_aes256)}) {
    benchmark::RegisterBenchmark(("imported/" + name).c_str(), Sessions,
                                 PskForm::kImported, cipher);
    benchmark::RegisterBenchmark(("raw/" + name).c_str(), Sessions,
                                 PskForm::kRaw, cipher);
    benchmark::RegisterBenchmark(("plain_imported/" + name).c_str(), Plain,
                                 Proof::kImportedPsk, cipher);
    benchmark::RegisterBenchmark(("ecdsa_mutual/" + name).c_str(), Plain,
                                 Proof::kEcdsaP256, cipher);
    benchmark::RegisterBenchmark(("rsa_mutual/" + name).c_str(), Plain,
                                 Proof::kRsa2048, cipher);
    benchmark::RegisterBenchmark(("openssl_psk/" + name).c_str(), Openssl,
                                 std::ref(*openssl))
        ->UseManualTime();
  }
}

int Main(int argc, char** argv) {
  // Defaults, before what the caller says.
  std::string repetitions = "--benchmark_repetitions=60";
  std::string interleaved = "--benchmark_enable_random_interleaving=true";
  std::string min_time = "--benchmark_min_time=0.01";
  std::vector<char*> args(argv, argv + argc);
  args.insert(args.begin() + 1,
              {repetitions.data(), interleaved.data(), min_time.data()});
  int count = static_cast<int>(args.size());
  benchmark::Initialize(&count, args.data());
  if (benchmark::ReportUnrecognizedArguments(count, args.data())) return 2;
  OpensslChild openssl_aes128("TLS_AES_128_GCM_SHA256");
  OpensslChild openssl_aes256("TLS_AES_256_GCM_SHA384");
  Register(openssl_aes128, openssl_aes256);
  FastestReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.PrintTimes();
  reporter.PrintBytes();
  PrintMemory();
  reporter.PrintRatios();
  return 0;
}

}  // namespace
}  // namespace tlsbridge

int main(int argc, char** argv) { return tlsbridge::Main(argc, argv); }
