#include "service/ctl/next_steps.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "service/config/endpoint.h"
#include "service/config/enrolment.h"

namespace service {
namespace {

class NextStepsTest : public testing::Test {
 protected:
  NextStepsTest() { geometry_.mac_bytes = geometry_.otp_bytes = 1 << 18; }

  skex::PadIdentity Identity(skex::PadSource source) const {
    return {skex::TableId(), agent_, hub_.name, source, geometry_};
  }
  std::string Enrolled(const Enrolment& enrolment) const {
    const EnrolRequest request{hub_.name, "state",   agent_,
                               enrolment, geometry_, "d/alice.pad"};
    return AfterEnrolment("hub.toml", hub_, request,
                          Identity(skex::PadSource::kGenerator));
  }
  std::string Given(const Replenished& made) const {
    const ReplenishRequest request{hub_.name, "state", agent_, geometry_,
                                   "d/alice-2.pad"};
    return AfterReplenishment("hub.toml", request, made);
  }

  const skex::AgentId agent_ = *skex::AgentId::Parse("alice@north.example");
  const HubConfig hub_{*skex::HubId::Parse("hub1@one.example"),
                       *Endpoint::Parse("127.0.0.1:7001"),
                       {}};
  skex::PadGeometry geometry_;
};

TEST_F(NextStepsTest, AfterAnEnrolment) {
  EXPECT_EQ(
      Enrolled({{*skex::AgentId::Parse("bob@south.example")}}),
      "enrolled alice@north.example at hub1@one.example: pad of 1 MiB, source "
      "generator, table 00000000000000000000000000000000\n"
      "\n"
      "Next:\n"
      "1. Carry d/alice.pad to the operator of alice@north.example, in a way "
      "that nobody\n"
      "   else can read it, and keep no copy: whoever has it can read the "
      "keys.\n"
      "2. Add to the agent's configuration (address: as the agent reaches this "
      "hub):\n"
      "\n"
      "[[hub]]\n"
      "name = \"hub1@one.example\"\n"
      "address = \"127.0.0.1:7001\"\n"
      "pad = \"alice.pad\"\n"
      "\n"
      "3. If the hub is running: skexctl --hub --config hub.toml reload\n");
}

TEST_F(NextStepsTest, AnEnrolmentSaysThatNobodyIsAllowed) {
  EXPECT_TRUE(
      absl::StrContains(Enrolled({}),
                        "add names to allow in "
                        "state/agents/alice@north.example/enrolment.toml\n"));
}

TEST_F(NextStepsTest, AnEnrolmentRepeatsTheLeastSourceForTheAgent) {
  Enrolment enrolment;
  enrolment.least_source = skex::PadSource::kStretch;
  EXPECT_TRUE(absl::StrContains(
      Enrolled(enrolment),
      "pad = \"alice.pad\"\nleast_source = \"stretch\"\n\n3. "));
}

TEST_F(NextStepsTest, AfterAReplenishment) {
  EXPECT_EQ(
      Given({Identity(skex::PadSource::kPhysical), "state/pad-2", 2}),
      "replenished alice@north.example at hub1@one.example: pad of 1 MiB, "
      "source physical, table 00000000000000000000000000000000, 2 pads now\n"
      "\n"
      "Next:\n"
      "1. Carry d/alice-2.pad to the operator of alice@north.example, in a way "
      "that nobody\n"
      "   else can read it, and keep no copy: whoever has it can read the "
      "keys.\n"
      "2. Add it behind the pads that [[hub]] of hub1@one.example has in the "
      "agent's\n"
      "   configuration:\n"
      "\n"
      "pad = [\"the pads so far\", \"alice-2.pad\"]\n"
      "\n"
      "3. If they are running: skexctl --config FILE reload for the agent,\n"
      "   and skexctl --hub --config hub.toml reload for the hub, in either "
      "order: a pad\n"
      "   that only one end knows is not used. Keys keep coming meanwhile.\n"
      "4. When an older pad is used up: take it out of the agent's pad = "
      "[...],\n"
      "   and skexctl revoke --hub-config hub.toml --agent "
      "alice@north.example\n"
      "   --table DIGITS here; then reload both again.\n");
}

TEST_F(NextStepsTest, AReplenishmentRepeatsTheLeastSourceForTheAgent) {
  EXPECT_TRUE(
      absl::StrContains(Given({Identity(skex::PadSource::kStretch),
                               "state/pad-2", 2, skex::PadSource::kStretch}),
                        "\"alice-2.pad\"]\nleast_source = \"stretch\"\n\n3. "));
}

}  // namespace
}  // namespace service
