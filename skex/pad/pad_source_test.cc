#include "skex/pad/pad_source.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace skex {
namespace {

using enum PadSource;

std::string Refusal(const std::vector<PadSource>& sources,
                    std::optional<PadSource> least = std::nullopt) {
  const absl::Status status = CheckPadSources(sources, least);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  return std::string(status.message());
}

TEST(PadSourceTest, KnowsTheThreeValuesAlone) {
  std::vector<int> known;
  for (int value = 0; value < 256; ++value) {
    if (IsPadSource(static_cast<uint8_t>(value))) known.push_back(value);
  }
  EXPECT_EQ(known, (std::vector<int>{1, 2, 3}));
}

TEST(PadSourceTest, NamesReadBack) {
  EXPECT_EQ(PadSourceName(kStretch), "stretch");
  for (PadSource source : {kPhysical, kGenerator, kStretch}) {
    EXPECT_EQ(PadSourceNamed(PadSourceName(source)), source);
  }
  EXPECT_EQ(PadSourceNamed("Physical"), std::nullopt);
  EXPECT_EQ(PadSourceNamed(""), std::nullopt);
}

TEST(PadSourceTest, AStretchedPadIsTheWorst) {
  EXPECT_EQ(WorsePadSource(kPhysical, kGenerator), kGenerator);
  EXPECT_EQ(WorsePadSource(kStretch, kGenerator), kStretch);
  EXPECT_EQ(WorsePadSource(kPhysical, kStretch), kStretch);
  EXPECT_EQ(WorsePadSource(kPhysical, kPhysical), kPhysical);
}

TEST(PadSourceTest, TheOldestPadSetsTheLeastButNeverBelowGenerator) {
  EXPECT_EQ(LeastPadSource(kPhysical, std::nullopt), kPhysical);
  EXPECT_EQ(LeastPadSource(kGenerator, std::nullopt), kGenerator);
  EXPECT_EQ(LeastPadSource(kStretch, std::nullopt), kGenerator);
  EXPECT_EQ(LeastPadSource(kPhysical, kStretch), kStretch);
  EXPECT_EQ(LeastPadSource(kStretch, kPhysical), kPhysical);
}

TEST(PadSourceTest, PermitsSourcesNotBelowTheOldest) {
  EXPECT_TRUE(CheckPadSources({}, std::nullopt).ok());
  EXPECT_TRUE(CheckPadSources({kPhysical, kPhysical}, std::nullopt).ok());
  EXPECT_TRUE(
      CheckPadSources({kGenerator, kPhysical, kGenerator}, std::nullopt).ok());
}

TEST(PadSourceTest, RefusesALaterPadThatLowersTheSource) {
  EXPECT_EQ(Refusal({kPhysical, kPhysical, kGenerator}),
            "pad 3 of 3 has the source generator, which is below physical, the "
            "source of the oldest pad; set least_source = \"generator\" to "
            "permit it, at both ends");
}

TEST(PadSourceTest, RefusesAStretchedPadThatIsNotNamed) {
  EXPECT_EQ(Refusal({kStretch}),
            "pad 1 of 1 has the source stretch, which is below generator, the "
            "least without least_source; set least_source = \"stretch\" to "
            "permit it, at both ends");
  Refusal({kGenerator, kStretch});
}

TEST(PadSourceTest, TheWayOutPermitsEveryPad) {
  EXPECT_EQ(Refusal({kPhysical, kGenerator, kStretch}),
            "pad 2 of 3 has the source generator, which is below physical, the "
            "source of the oldest pad; set least_source = \"stretch\" to "
            "permit it, at both ends");
}

TEST(PadSourceTest, TheConfiguredLeastCountsAlone) {
  EXPECT_TRUE(CheckPadSources({kPhysical, kStretch}, kStretch).ok());
  EXPECT_TRUE(CheckPadSources({kStretch}, kStretch).ok());
  EXPECT_TRUE(CheckPadSources({kPhysical, kGenerator}, kGenerator).ok());
  EXPECT_EQ(Refusal({kGenerator, kPhysical}, kPhysical),
            "pad 1 of 2 has the source generator, which is below physical, "
            "least_source; set least_source = \"generator\" to permit it, at "
            "both ends");
}

}  // namespace
}  // namespace skex
