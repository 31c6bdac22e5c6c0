#include "service/ctl/pad_verb.h"

#include <gtest/gtest.h>

#include <string>

#include "nlohmann/json.hpp"

namespace service {
namespace {

using skex::Direction;
using skex::Stream;

PadFileInspection Inspection() {
  skex::PadGeometry geometry;
  geometry.mac_bytes = 8192;
  geometry.otp_bytes = 65536;
  const skex::PadIdentity identity{skex::TableId(),
                                   *skex::AgentId::Parse("alice@north.example"),
                                   *skex::HubId::Parse("hub1@one.example"),
                                   skex::PadSource::kPhysical, geometry};
  PadFileInspection pad{skex::Side::kAgent, identity, 163840, false, {}};
  MarkSlot slot{5, skex::PadMarks::Fresh(geometry)};
  slot.marks.at(Direction::kAgentToHub, 0, Stream::kMac).claimed_upto += 4096;
  slot.marks.at(Direction::kAgentToHub, 0, Stream::kMac).erased_upto += 2048;
  pad.slots.latest = slot;
  return pad;
}

TEST(PadVerbTest, DescribesHeaderAndMarks) {
  EXPECT_EQ(DescribePad("a.pad", Inspection()),
            "file     a.pad (160 KiB)\n"
            "half     agent's\n"
            "agent    alice@north.example\n"
            "hub      hub1@one.example\n"
            "table    00000000000000000000000000000000\n"
            "source   physical\n"
            "data     144 KiB in both directions\n"
            "import   waiting for the first use\n"
            "marks    generation 5\n"
            "lane 0  send     mac            4096 of           8192 claimed "
            "( 50.0 %), 2048 erased\n"
            "lane 0  send     otp               0 of          65536 claimed "
            "(  0.0 %), 0 erased\n"
            "lane 0  receive  mac               0 of           8192 claimed "
            "(  0.0 %), 0 erased\n"
            "lane 0  receive  otp               0 of          65536 claimed "
            "(  0.0 %), 0 erased\n");
}

TEST(PadVerbTest, TellsProgramsTheSame) {
  const nlohmann::ordered_json json = PadJson("a.pad", Inspection());
  EXPECT_EQ(json["file"], "a.pad");
  EXPECT_EQ(json["file_bytes"], 163840);
  EXPECT_EQ(json["half"], "agent");
  EXPECT_EQ(json["agent"], "alice@north.example");
  EXPECT_EQ(json["hub"], "hub1@one.example");
  EXPECT_EQ(json["table_id"], std::string(32, '0'));
  EXPECT_EQ(json["source"], "physical");
  EXPECT_EQ(json["total_bytes"], 147456);
  EXPECT_EQ(json["imported"], false);
  EXPECT_EQ(json["damaged_slots"], 0);
  EXPECT_EQ(json["generation"], 5);
  ASSERT_EQ(json["streams"].size(), 4u);
  EXPECT_EQ(json["streams"][0], nlohmann::ordered_json({{"lane", 0},
                                                        {"direction", "send"},
                                                        {"stream", "mac"},
                                                        {"bytes", 8192},
                                                        {"claimed", 4096},
                                                        {"erased", 2048}}));
  EXPECT_EQ(json["streams"][3]["direction"], "receive");
  EXPECT_EQ(json["streams"][3]["stream"], "otp");
}

TEST(PadVerbTest, NamesAStretchedPad) {
  PadFileInspection pad = Inspection();
  pad.identity.source = skex::PadSource::kStretch;
  EXPECT_NE(DescribePad("a.pad", pad).find("source   stretch\n"),
            std::string::npos);
}

TEST(PadVerbTest, SaysWhenSlotsAreTorn) {
  PadFileInspection pad = Inspection();
  pad.slots.damaged = 1;
  EXPECT_NE(DescribePad("a.pad", pad)
                .find("marks    generation 5, the other slot is torn\n"),
            std::string::npos);
  pad.slots.damaged = 2;
  pad.slots.latest.reset();
  EXPECT_NE(DescribePad("a.pad", pad).find("marks    damaged\n"),
            std::string::npos);
  const nlohmann::ordered_json json = PadJson("a.pad", pad);
  EXPECT_EQ(json["damaged_slots"], 2);
  EXPECT_TRUE(json["generation"].is_null());
  EXPECT_TRUE(json["streams"].empty());
}

}  // namespace
}  // namespace service
