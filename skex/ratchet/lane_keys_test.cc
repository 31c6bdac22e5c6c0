#include "skex/ratchet/lane_keys.h"

#include <array>
#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/psk/derivation.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/messages.h"

namespace skex {
namespace {

// The vectors come from a second implementation, with Python's hashlib and
// hmac only:
//   p = lambda s: struct.pack('>H', len(s)) + s
//   H = lambda key, m: hmac.new(key, m, 'sha256').digest()    # and S: SHA-256
//   expand, extract: HKDF as in RFC 5869; A and B: the two names
//   def lane(prk, i, r):
//     return [expand(prk, b'skex lane ' + label + p(i) + p(r), size)
//             for label, size in ((b'id', 16), (b'root', 32), (b'gate', 32),
//                                 (b'stale', 32))]
//   root = bytes(range(32)); leaf = bytes(range(0x40, 0x60))
//   prk = extract(b'skex unmediated root', root)
//   ab = lane(prk, A, B); ba = lane(prk, B, A)
//   tag1, tag2, tag3, K_d, reroot = [expand(leaf, b'skex leaf ' + label, 32)
//       for label in (b'tag1', b'tag2', b'tag3', b'key', b'reroot')]
//   new = lane(extract(reroot, bytes(range(0x80, 0xa0))), A, B)
//   ctx = S(b'skex unmediated' + u16(1) + p(A) + p(B) + b'\x01' + u16(32)
//           + u32(3600) + u32(1 << 20) + b'\x01')
//   m1 = fields + H(tag1, fields); m1 += H(gate, m1)[:16]
//   m2 = fields + H(tag2, m1 + fields); stale = fields + H(stale_key, fields)
//   confirm = fields + H(tag3, m1 + m2 + fields)
//   key = expand(extract(S(m1 + m2), K_d),
//                b'unmediated key' + p(A) + p(B) + ctx, 48)
//   exchange = S(b'skex unmediated exchange' + S(m1 + m2))[:16]
//   kid = S(b'skex id' + exchange + p(A) + p(B) + u16(0))[:16]
constexpr char kLaneFromAlice[] =
    "ed865512109b1a2121caaa20798fe7742916d1f9cb139efdfd916560959d4b13"
    "18e1a663178bf982968670b80aa686d72f3cad049c6af77613e5b392c520580b"
    "3767631688bd57ac72c6775580210b229b94bcc5a902a622fc21e4aefb9d1a2d"
    "39eb28b2f28e02806652dfb2ee8c1082";
constexpr char kLaneFromBob[] =
    "faa669fea6bcee528b9d40b0fce20dd8aff3fd0022ec72efb74e10f9d77eec1b"
    "50961e7866a846fef5c944ba3d425968899b102e1b9f53d6cb8ed988240a41e9"
    "b90aa186320feab7ea9603e1cf4779608074514cc39bbc8941df2dd6ebcdc517"
    "7b4174d49be9f27a49d69142102581cc";
constexpr char kLeafKeys[] =
    "57ae1cbcde99553409dda320a9480dd64789d732ad233ae985fee6530ee5a22e"
    "eb8c39dedf6db931e72d557fffcca5890ace1eb6c25536c6b9ae3fbf8dcba8d9"
    "fad9aa5289ff5caa00f3c3764754d6f58518fd5871e0c548bff185b026118de3"
    "c468ecb573e98f9610f329c987b934ed55e42399fb38f0f6015566391a165761"
    "1dfc07e1a6ef941c7b20f2dfca608c81fae6402eb5179b70fa606f393dd636f3";
constexpr char kNewLane[] =
    "d543b380213776ea5ed06a058b411f4c081677ba60e230f1e1da4b960a714968"
    "84d7e5c107ff1640b8cc87a5f967ebadfc490312c5817573cf99f5f522806c72"
    "a86ca65b6537023a3ae0099cf80f8b4b00bfb998f9d429c3f6d422865d2d5f95"
    "e66a35a07dbaab615404bc595cc736b8";
constexpr char kM1[] =
    "534b553101010001101112131415161718191a1b1c1d1e1f0102030401020300"
    "0102030102202122232425262728292a2b2c2d2e2f303132333435363738393a"
    "3b3c3d3e3f505152535455565758595a5b5c5d5e5f606162636465666768696a"
    "6b6c6d6e6f08fc49bc515dc102f198917247255c7a3a903286e2a404ca5aa6c9"
    "b20f71aef3520f413fc7d10e64b0ee365452eedfa5e19fc0a9d6e340e787a124"
    "6f753383a677d57c438a47dabfc9b673effb37c493";
constexpr char kM2[] =
    "534b553101020001101112131415161718191a1b1c1d1e1f0102030401707172"
    "737475767778797a7b7c7d7e7f909192939495969798999a9b9c9d9e9fa0a1a2"
    "a3a4a5a6a7a8a9aaabacadaeafb53f766fef5dba8f87e4185edc1d3786410e3a"
    "d71d388ea8cc824b7f38be8a64";
constexpr char kStale[] =
    "534b553101030001101112131415161718191a1b1c1d1e1f0102030450515253"
    "5455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f01020400"
    "61b870561901a0863905fbbee886b1e0cc281a24b16bf836f611eb29d898e295";
constexpr char kConfirm[] =
    "534b553101040001101112131415161718191a1b1c1d1e1f0102030474a70874"
    "f17dea76cce35336e378f1ebb40332bce84174fb7c3e22bdc646ad6f";
constexpr char kKey[] =
    "658bfc74ec00978cca078801f70fe94a07cdf51e442254c8c935d44801791c6d"
    "8acf6c2ea708fdb70857f7f85b36c741";
constexpr char kKeyId[] = "c83d87294027fead2a321cf9bd3220c6";

AgentId Alice() { return FakeLanePolicy().initiator; }
AgentId Bob() { return FakeLanePolicy().responder; }

// `size` bytes that count up from `first`.
Secret Counting(uint8_t first, size_t size) {
  Secret bytes = Secret::OfSize(size);
  for (uint8_t& byte : bytes.mutable_view()) byte = first++;
  return bytes;
}

template <class Bytes>
Bytes CountingBytes(uint8_t first) {
  Bytes bytes;
  for (uint8_t& byte : bytes) byte = first++;
  return bytes;
}

template <class Id>
Id CountingId(uint8_t first) {
  return Id(CountingBytes<std::array<uint8_t, 16>>(first));
}

std::string Hex(absl::Span<const uint8_t> bytes) {
  return absl::BytesToHexString(AsText(bytes));
}

std::string Hex(const LaneSecrets& lane) {
  return lane.id.Hex() + Hex(lane.root.view()) + Hex(lane.gate.view()) +
         Hex(lane.stale.view());
}

LeafKeys SomeLeafKeys() { return DeriveLeafKeys(Counting(0x40, 32).view()); }

std::string SomeM1() {
  const M1Message m1 = {.lane = CountingId<LaneId>(0x10),
                        .index = 0x01020304,
                        .lowest = 0x01020300,
                        .finished = 0x01020301,
                        .purpose = RunPurpose::kReroot,
                        .fresh = CountingId<KeyId>(0x20),
                        .boot = CountingId<BootId>(0x30),
                        .nonce = CountingBytes<RunNonce>(0x50),
                        .context = FakeLanePolicy().ContextHash()};
  return m1.Seal(SomeLeafKeys().tag1,
                 SplitRoot(Counting(0, 32), Alice(), Bob()).outgoing.gate);
}

std::string SomeM2() {
  const M2Message m2 = {.lane = CountingId<LaneId>(0x10),
                        .index = 0x01020304,
                        .status = RunStatus::kAccepted,
                        .boot = CountingId<BootId>(0x70),
                        .nonce = CountingBytes<RunNonce>(0x90)};
  return m2.Seal(SomeLeafKeys().tag2, SomeM1());
}

TEST(LaneKeysTest, RootSplitsAsInTheVectors) {
  const LanePair pair = SplitRoot(Counting(0, 32), Alice(), Bob());
  EXPECT_EQ(Hex(pair.outgoing), kLaneFromAlice);
  EXPECT_EQ(Hex(pair.incoming), kLaneFromBob);
}

TEST(LaneKeysTest, EndsSeeTheSameLanesTheOtherWayAround) {
  const LanePair alice = SplitRoot(Counting(0, 32), Alice(), Bob());
  const LanePair bob = SplitRoot(Counting(0, 32), Bob(), Alice());
  EXPECT_EQ(Hex(alice.outgoing), Hex(bob.incoming));
  EXPECT_EQ(Hex(alice.incoming), Hex(bob.outgoing));
}

TEST(LaneKeysTest, LeafGivesTheKeysOfTheVectors) {
  const LeafKeys keys = SomeLeafKeys();
  EXPECT_EQ(Hex(keys.tag1.view()) + Hex(keys.tag2.view()) +
                Hex(keys.tag3.view()) + Hex(keys.key.view()) +
                Hex(keys.reroot.view()),
            kLeafKeys);
}

TEST(LaneKeysTest, ReRootedLaneMatchesItsVector) {
  EXPECT_EQ(Hex(RerootLane(SomeLeafKeys().reroot, Counting(0x80, 32), Alice(),
                           Bob())),
            kNewLane);
}

TEST(LaneKeysTest, MessagesMatchTheirVectors) {
  EXPECT_EQ(Hex(AsBytes(SomeM1())), kM1);
  EXPECT_EQ(Hex(AsBytes(SomeM2())), kM2);
  const StaleMessage stale = {.lane = CountingId<LaneId>(0x10),
                              .index = 0x01020304,
                              .nonce = CountingBytes<RunNonce>(0x50),
                              .next = 0x01020400};
  const LanePair pair = SplitRoot(Counting(0, 32), Alice(), Bob());
  EXPECT_EQ(Hex(AsBytes(stale.Seal(pair.outgoing.stale))), kStale);
  const LaneConfirmMessage confirm = {.lane = CountingId<LaneId>(0x10),
                                      .index = 0x01020304};
  EXPECT_EQ(Hex(AsBytes(confirm.Seal(SomeLeafKeys().tag3, SomeM1(), SomeM2()))),
            kConfirm);
}

TEST(LaneKeysTest, KeyAndItsIdMatchTheirVectors) {
  EXPECT_EQ(
      Hex(DeriveUnmediatedKey(SomeLeafKeys().key, SomeM1(), SomeM2(), Alice(),
                              Bob(), FakeLanePolicy().ContextHash(), 48)
              .view()),
      kKey);
  EXPECT_EQ(
      ComputeKeyId(UnmediatedExchangeId(SomeM1(), SomeM2()), Alice(), Bob(), 0)
          .Hex(),
      kKeyId);
}

TEST(LaneKeysTest, KeyDependsOnEverythingThatWasSaid) {
  const PolicyHash context = FakeLanePolicy().ContextHash();
  PolicyHash other_context = context;
  other_context[0] ^= 1;
  const LeafKeys leaf = SomeLeafKeys();
  const auto key = [](const Secret& secret, const std::string& m1,
                      const std::string& m2, const AgentId& initiator,
                      const AgentId& responder, const PolicyHash& hash) {
    return Hex(
        DeriveUnmediatedKey(secret, m1, m2, initiator, responder, hash, 32)
            .view());
  };
  const std::set<std::string> keys = {
      key(leaf.key, "one", "two", Alice(), Bob(), context),
      key(leaf.tag1, "one", "two", Alice(), Bob(), context),
      key(leaf.key, "onf", "two", Alice(), Bob(), context),
      key(leaf.key, "one", "twp", Alice(), Bob(), context),
      key(leaf.key, "one", "two", Bob(), Alice(), context),
      key(leaf.key, "one", "two", Alice(), Bob(), other_context),
  };
  EXPECT_EQ(keys.size(), 6u);
}

TEST(LaneKeysTest, TagIsOverWhatThePiecesMakeTogether) {
  const Secret key = Counting(0, 32);
  EXPECT_EQ(ComputeRunTag(key, {"one", "two"}), ComputeRunTag(key, {"onetwo"}));
  EXPECT_NE(ComputeRunTag(key, {"one"}), ComputeRunTag(key, {"onetwo"}));
}

}  // namespace
}  // namespace skex
