#include "service/ctl/pair_verb.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "service/config/agent_config.h"
#include "service/pairing/import_pair.h"
#include "service/pairing/pair_folder.h"
#include "service/pairing/revoke_pair.h"
#include "service/storage/posix_file_system.h"
#include "service/storage/system_entropy.h"
#include "skex/base/ids.h"

namespace service {
namespace {

constexpr char kRotation[] =
    "To rotate the root of a pair: make a new pair, revoke the old one at both "
    "agents,\nimport the new credentials.";

struct Options {
  std::string config;
  std::string agents;
  std::string out_a;
  std::string out_b;
  std::string credential;
  std::string peer;  // empty: all
  bool yes = false;
};

Answer Make(const Options& options) {
  const std::vector<std::string> names = absl::StrSplit(options.agents, ',');
  if (names.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", absl::CHexEscape(options.agents),
                     "' is not two agents; write --agents "
                     "alice@north.example,bob@south.example"));
  }
  absl::StatusOr<skex::AgentId> a = skex::AgentId::Parse(names[0]);
  if (!a.ok()) return a.status();
  absl::StatusOr<skex::AgentId> b = skex::AgentId::Parse(names[1]);
  if (!b.ok()) return b.status();
  const PairRequest request{*a, *b, options.out_a, options.out_b};
  SystemEntropy entropy;
  absl::StatusOr<std::string> fingerprint =
      MakePair(*PosixFileSystem(), request, entropy);
  if (!fingerprint.ok()) return fingerprint.status();
  return {
      AfterPairMade(request, *fingerprint),
      {{"credentials", nlohmann::ordered_json::array(
                           {{{"agent", a->text()}, {"out", request.out_a}},
                            {{"agent", b->text()}, {"out", request.out_b}}})},
       {"fingerprint", *fingerprint}}};
}

std::string AfterImport(const Options& options, const AgentConfig& agent,
                        const Imported& imported) {
  const std::string& peer = imported.peer.text();
  return absl::StrCat(
      imported.completed ? "the pair with " : "imported the pair with ", peer,
      imported.completed ? " was imported from this credential already"
                         : ": two lanes",
      ", in ", PairFolder(agent.daemon.state_dir, imported.peer),
      "\nthe credential ", options.credential, " is erased\n", "fingerprint  ",
      imported.fingerprint, "\noutgoing     ", imported.outgoing.Hex(),
      "\nincoming     ", imported.incoming.Hex(), "\n\nNext:\n",
      "1. Compare the fingerprint over the phone with the operator of ", peer,
      ".\n   If it differs, revoke the pair at both agents: skexctl pair "
      "revoke\n   --config ",
      options.config, " --peer ", peer,
      "\n2. Destroy every other copy of the credential: it opens all keys of "
      "the pair.\n");
}

// `imported`: none if all that was left to do was to erase the credential.
nlohmann::ordered_json ToJson(const Options& options,
                              const std::optional<Imported>& imported) {
  nlohmann::ordered_json json = {{"credential", options.credential},
                                 {"completed", true},
                                 {"peer", nullptr},
                                 {"fingerprint", nullptr},
                                 {"outgoing", nullptr},
                                 {"incoming", nullptr}};
  if (!imported.has_value()) return json;
  json["completed"] = imported->completed;
  json["peer"] = imported->peer.text();
  json["fingerprint"] = imported->fingerprint;
  json["outgoing"] = imported->outgoing.Hex();
  json["incoming"] = imported->incoming.Hex();
  return json;
}

Answer Import(const Options& options) {
  absl::StatusOr<AgentConfig> agent = LoadAgentConfig(options.config);
  if (!agent.ok()) return agent.status();
  absl::StatusOr<std::optional<Imported>> imported =
      ImportPair(*PosixFileSystem(),
                 {agent->name, agent->daemon.state_dir, options.credential});
  if (!imported.ok()) return imported.status();
  const std::string text =
      imported->has_value()
          ? AfterImport(options, *agent, **imported)
          : absl::StrCat("completed an interrupted import: the credential ",
                         options.credential,
                         " is erased; skexctl pair show tells its lanes\n");
  return {text, ToJson(options, *imported)};
}

// Adds what is known of one pair to `answer`.
void AddPair(const AgentConfig& agent, const skex::AgentId& peer,
             Answer& answer) {
  absl::StatusOr<PairView> pair =
      InspectPair(*PosixFileSystem(), agent.daemon.state_dir, agent.name, peer);
  if (!pair.ok()) {
    answer.status.Update(pair.status());
    return;
  }
  answer.text += DescribePair(*pair);
  answer.json["pairs"].push_back(PairJson(*pair));
  answer.status.Update(pair->outgoing.status);
  answer.status.Update(pair->incoming.status);
}

void AddAllPairs(const AgentConfig& agent, Answer& answer) {
  absl::StatusOr<PairList> list =
      ListPairs(*PosixFileSystem(), agent.daemon.state_dir);
  if (!list.ok()) {
    answer = list.status();
    return;
  }
  for (const skex::AgentId& peer : list->peers) AddPair(agent, peer, answer);
  if (list->peers.empty()) answer.text += "no pairs\n";
  for (const std::string& path : list->unfinished) {
    absl::StrAppend(&answer.text, "left      ", path,
                    ": the next import or revocation with that peer clears it "
                    "away\n");
    answer.json["unfinished"].push_back(path);
  }
}

Answer Show(const Options& options) {
  absl::StatusOr<AgentConfig> agent = LoadAgentConfig(options.config);
  if (!agent.ok()) return agent.status();
  Answer answer("", {{"pairs", nlohmann::ordered_json::array()},
                     {"unfinished", nlohmann::ordered_json::array()}});
  if (options.peer.empty()) {
    AddAllPairs(*agent, answer);
    return answer;
  }
  absl::StatusOr<skex::AgentId> peer = skex::AgentId::Parse(options.peer);
  if (!peer.ok()) return peer.status();
  AddPair(*agent, *peer, answer);
  // Without any lane there is nothing to tell but the error.
  return answer.text.empty() ? Answer(answer.status) : answer;
}

// Asks on the terminal; without one there is nobody to ask.
absl::Status Confirm(const Options& options, const AgentConfig& agent) {
  if (options.yes) return absl::OkStatus();
  if (isatty(STDIN_FILENO) == 0) {
    return absl::InvalidArgumentError(
        "revoking erases the lanes for good; confirm with --yes");
  }
  std::cerr << "Erase the lanes of " << agent.name.text() << " with "
            << options.peer << " for good? Type yes: " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "yes") return absl::OkStatus();
  return absl::CancelledError("not confirmed; nothing was changed");
}

Answer Revoke(const Options& options) {
  absl::StatusOr<AgentConfig> agent = LoadAgentConfig(options.config);
  if (!agent.ok()) return agent.status();
  absl::StatusOr<skex::AgentId> peer = skex::AgentId::Parse(options.peer);
  if (!peer.ok()) return peer.status();
  absl::Status status = Confirm(options, *agent);
  if (!status.ok()) return status;
  absl::StatusOr<RevokedPair> revoked = RevokePair(
      *PosixFileSystem(), agent->daemon.state_dir, agent->name, *peer);
  if (!revoked.ok()) return revoked.status();
  const std::string text =
      revoked->only_completed
          ? absl::StrCat(
                "erased what an interrupted import or revocation had "
                "left of the pair with ",
                peer->text(), "\n")
          : absl::StrCat("revoked the pair with ", peer->text(),
                         "; its lanes are erased here\nrevoke it at ",
                         peer->text(), " too: --peer ", agent->name.text(),
                         " there\n");
  return {text,
          {{"agent", agent->name.text()},
           {"peer", peer->text()},
           {"completed", revoked->only_completed}}};
}

CLI::App* AddPart(CLI::App& pair, const std::string& name,
                  const std::string& help, std::shared_ptr<Options> options,
                  Answer (*run)(const Options&), Answer& answer) {
  CLI::App* part = pair.add_subcommand(name, help);
  part->callback([options, run, &answer] { answer = run(*options); });
  return part;
}

void AddConfig(CLI::App& part, Options& options) {
  part.add_option("--config", options.config, "The agent's configuration file")
      ->required();
}

std::string DescribeLane(const LaneView& lane) {
  const absl::string_view name = lane.outgoing ? "outgoing  " : "incoming  ";
  if (!lane.status.ok()) return absl::StrCat(name, "cannot be read\n");
  std::string text;
  for (size_t i = 0; i < lane.roots.size(); ++i) {
    const RootView& root = lane.roots[i];
    absl::StrAppend(&text, name, "lane ", root.id.Hex(), ", ", root.leaves_left,
                    " leaves left, ", root.nodes,
                    root.nodes == 1 ? " node" : " nodes",
                    i > 0 ? ", not confirmed yet" : "", "\n");
  }
  absl::StrAppend(&text, "          ", lane.path, ", state of ",
                  lane.state_bytes, " bytes\n");
  return text;
}

nlohmann::ordered_json LaneJson(const LaneView& lane) {
  nlohmann::ordered_json json = {{"path", lane.path},
                                 {"error", nullptr},
                                 {"state_bytes", lane.state_bytes},
                                 {"roots", nlohmann::ordered_json::array()}};
  if (!lane.status.ok()) json["error"] = std::string(lane.status.message());
  for (const RootView& root : lane.roots) {
    json["roots"].push_back({{"lane_id", root.id.Hex()},
                             {"leaves_left", root.leaves_left},
                             {"nodes", root.nodes}});
  }
  return json;
}

}  // namespace

std::string AfterPairMade(const PairRequest& request,
                          const std::string& fingerprint) {
  const std::string& a = request.agent_a.text();
  const std::string& b = request.agent_b.text();
  return absl::StrCat(
      "made a pair of ", a, " and ", b, "\nfingerprint  ", fingerprint,
      "\n\nNext:\n1. Carry ", request.out_a, " to the operator of ", a,
      "\n   and ", request.out_b, " to the operator of ", b,
      ", in a way that nobody\n"
      "   else can read them, and keep no copy: whoever has one can read the "
      "keys.\n"
      "2. At each agent: skexctl pair import --config agent.toml --credential "
      "FILE\n"
      "   It erases the file.\n"
      "3. Compare over the phone the fingerprint that the import prints with "
      "this one.\n"
      "   It is no secret.\n");
}

std::string DescribePair(const PairView& pair) {
  return absl::StrCat("peer      ", pair.peer.text(), "\n",
                      DescribeLane(pair.outgoing), DescribeLane(pair.incoming));
}

nlohmann::ordered_json PairJson(const PairView& pair) {
  return {{"peer", pair.peer.text()},
          {"outgoing", LaneJson(pair.outgoing)},
          {"incoming", LaneJson(pair.incoming)}};
}

void AddPairVerb(CLI::App& app, Answer& answer) {
  auto options = std::make_shared<Options>();
  CLI::App* pair = app.add_subcommand(
      "pair", "Credentials and lanes of two agents that need no hub");
  pair->require_subcommand(1);
  pair->footer(kRotation);

  CLI::App* make = AddPart(*pair, "make", "Make the credentials of a new pair",
                           options, &Make, answer);
  make->add_option("--agents", options->agents,
                   "The two names: alice@north.example,bob@south.example")
      ->required();
  make->add_option("--out-a", options->out_a,
                   "Where the first agent's credential goes")
      ->required();
  make->add_option("--out-b", options->out_b,
                   "Where the second agent's credential goes")
      ->required();

  CLI::App* import =
      AddPart(*pair, "import", "Make lanes from a credential, and erase it",
              options, &Import, answer);
  AddConfig(*import, *options);
  import
      ->add_option("--credential", options->credential,
                   "The file that pair make wrote for this agent")
      ->required();

  CLI::App* show =
      AddPart(*pair, "show", "Show an agent's lanes", options, &Show, answer);
  AddConfig(*show, *options);
  show->add_option("peer", options->peer, "Only those with this agent");

  CLI::App* revoke = AddPart(*pair, "revoke", "Erase the lanes with a peer",
                             options, &Revoke, answer);
  AddConfig(*revoke, *options);
  revoke->add_option("--peer", options->peer, "The other agent's name")
      ->required();
  revoke->add_flag("--yes", options->yes, "Do not ask");
}

}  // namespace service
