#include "service/ctl/pair_verb.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"
#include "skex/base/ids.h"

namespace service {
namespace {

skex::AgentId Alice() { return *skex::AgentId::Parse("alice@north.example"); }
skex::AgentId Bob() { return *skex::AgentId::Parse("bob@south.example"); }

TEST(PairVerbTest, SaysWhatToDoWithTheCredentials) {
  EXPECT_EQ(
      AfterPairMade({Alice(), Bob(), "d/a.cred", "d/b.cred"}, "0123 4567"),
      "made a pair of alice@north.example and bob@south.example\n"
      "fingerprint  0123 4567\n"
      "\n"
      "Next:\n"
      "1. Carry d/a.cred to the operator of alice@north.example\n"
      "   and d/b.cred to the operator of bob@south.example, in a way that "
      "nobody\n"
      "   else can read them, and keep no copy: whoever has one can read the "
      "keys.\n"
      "2. At each agent: skexctl pair import --config agent.toml --credential "
      "FILE\n"
      "   It erases the file.\n"
      "3. Compare over the phone the fingerprint that the import prints with "
      "this one.\n"
      "   It is no secret.\n");
}

TEST(PairVerbTest, DescribesBothLanes) {
  const PairView pair{
      Bob(),
      {.outgoing = true,
       .path = "s/outgoing",
       .roots = {{skex::LaneId(), 4294966271, 22}},
       .state_bytes = 1234},
      {.outgoing = false,
       .path = "s/incoming",
       .roots = {{skex::LaneId(), 5, 1}, {skex::LaneId(), 6, 2}},
       .state_bytes = 456}};
  const std::string id(32, '0');
  EXPECT_EQ(DescribePair(pair),
            "peer      bob@south.example\n"
            "outgoing  lane " +
                id +
                ", 4294966271 leaves left, 22 nodes\n"
                "          s/outgoing, state of 1234 bytes\n"
                "incoming  lane " +
                id +
                ", 5 leaves left, 1 node\n"
                "incoming  lane " +
                id +
                ", 6 leaves left, 2 nodes, not confirmed yet\n"
                "          s/incoming, state of 456 bytes\n");
}

TEST(PairVerbTest, TellsProgramsTheSame) {
  const PairView pair{
      Bob(),
      {.outgoing = true,
       .path = "s/outgoing",
       .roots = {{skex::LaneId(), 4294966271, 22}},
       .state_bytes = 1234},
      {.path = "s/incoming", .status = absl::DataLossError("damaged")}};
  EXPECT_EQ(PairJson(pair),
            nlohmann::ordered_json::parse(
                "{\"peer\":\"bob@south.example\",\"outgoing\":{\"path\":"
                "\"s/outgoing\",\"error\":null,\"state_bytes\":1234,"
                "\"roots\":[{\"lane_id\":"
                "\"00000000000000000000000000000000\",\"leaves_left\":"
                "4294966271,\"nodes\":22}]},\"incoming\":{\"path\":"
                "\"s/incoming\",\"error\":\"damaged\",\"state_bytes\":0,"
                "\"roots\":[]}}"));
}

TEST(PairVerbTest, SaysThatALaneCannotBeRead) {
  const PairView pair{
      Bob(),
      {.outgoing = true, .status = absl::DataLossError("damaged")},
      {.status = absl::DataLossError("damaged")}};
  EXPECT_EQ(DescribePair(pair),
            "peer      bob@south.example\n"
            "outgoing  cannot be read\n"
            "incoming  cannot be read\n");
}

}  // namespace
}  // namespace service
