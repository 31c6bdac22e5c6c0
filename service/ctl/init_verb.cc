#include "service/ctl/init_verb.h"

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "service/ctl/init_template.h"
#include "service/storage/file_system.h"
#include "service/storage/posix_file_system.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"

namespace service {
namespace {

struct Options {
  bool hub = false;
  std::string name;
  std::string dir = ".";
  std::string out;
};

absl::StatusOr<std::string> Template(const Options& options) {
  if (options.hub) {
    absl::StatusOr<skex::HubId> name = skex::HubId::Parse(options.name);
    if (!name.ok()) return name.status();
    return HubTemplate(*name);
  }
  absl::StatusOr<skex::AgentId> name = skex::AgentId::Parse(options.name);
  if (!name.ok()) return name.status();
  return AgentTemplate(*name);
}

// What was done, and what is to be done now.
std::string Next(const Options& options, const std::string& path) {
  if (options.hub) {
    return absl::StrCat("wrote ", path,
                        "\nnext: edit it, enrol agents (skexctl enrol "
                        "--hub-config ",
                        path, " ...), start skex-hub --config ", path, "\n");
  }
  return absl::StrCat(
      "wrote ", path, "\nnext: have each hub's operator enrol ", options.name,
      " (skexctl enrol), edit the file, start skexd --config ", path, "\n");
}

Answer Run(const Options& options) {
  absl::StatusOr<std::string> text = Template(options);
  if (!text.ok()) return text.status();
  const std::string path =
      !options.out.empty()
          ? options.out
          : absl::StrCat(options.dir,
                         options.hub ? "/hub.toml" : "/agent.toml");
  FileSystem& files = *PosixFileSystem();
  absl::StatusOr<std::unique_ptr<File>> file =
      files.Open(path, OpenMode::kCreate);
  if (absl::IsAlreadyExists(file.status())) {
    return absl::AlreadyExistsError(absl::StrCat(
        path, ": is there already; choose another --out or remove it"));
  }
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->WriteAt(0, skex::AsBytes(*text));
  if (status.ok()) status = (*file)->Sync();
  if (!status.ok()) {
    files.Remove(path).IgnoreError();
    return status;
  }
  return {Next(options, path),
          {{"file", path},
           {"kind", options.hub ? "hub" : "agent"},
           {"name", options.name}}};
}

void AddKind(CLI::App& init, const std::string& kind, const std::string& help,
             Answer& answer) {
  auto options = std::make_shared<Options>();
  options->hub = kind == "hub";
  CLI::App* verb = init.add_subcommand(kind, help);
  verb->add_option("--name", options->name,
                   "Its name, like alice@north.example")
      ->required();
  CLI::Option* dir = verb->add_option(
      "--dir", options->dir, "Write " + kind + ".toml there (default: here)");
  verb->add_option("--out", options->out, "Write this file")->excludes(dir);
  verb->callback([options, &answer] { answer = Run(*options); });
}

}  // namespace

void AddInitVerb(CLI::App& app, Answer& answer) {
  CLI::App* init =
      app.add_subcommand("init", "Write a configuration file to start from");
  init->require_subcommand(1);
  AddKind(*init, "agent", "For an agent (skexd)", answer);
  AddKind(*init, "hub", "For a security hub (skex-hub)", answer);
}

}  // namespace service
