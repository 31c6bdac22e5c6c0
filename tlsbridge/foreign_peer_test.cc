// Sessions against a peer that uses BoringSSL directly and does what no Session
// does.

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "skex/base/bytes.h"
#include "tlsbridge/credential.h"
#include "tlsbridge/queue_bio.h"
#include "tlsbridge/session.h"
#include "tlsbridge/session_pair.h"
#include "tlsbridge/test_certificate.h"

namespace tlsbridge {
namespace {

class ForeignPeer : public ::testing::Test {
 protected:
  void SetUp() override {
    ctx_.reset(SSL_CTX_new(TLS_method()));
    ASSERT_TRUE(ctx_);
    context_ = *Context::Create(Policy());
  }

  // Makes the peer from ctx_.
  void MakePeer(bool server) {
    ssl_.reset(SSL_new(ctx_.get()));
    bssl::UniquePtr<BIO> bio = NewQueueBio(&queues_);
    BIO* const both_ways = bio.release();
    SSL_set_bio(ssl_.get(), both_ways, both_ways);
    if (server) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
    }
  }

  // Runs the handshake on both sides until neither has anything to say.
  void Run() {
    for (int i = 0; i < 10; ++i) {
      SSL_do_handshake(ssl_.get());
      Exchange();
      if (session_->state() == SessionState::kNeedsPsk) {
        session_->AnswerPsk(TestPsk());
      }
    }
  }

  // Moves bytes in both directions once.
  void Exchange() {
    const std::string bytes(skex::AsText(queues_.out.view()));
    queues_.out.Clear();
    session_->Feed(skex::AsBytes(bytes));
    queues_.in.Append(session_->output());
    session_->ConsumeOutput(session_->output().size());
  }

  QueuePair queues_;
  bssl::UniquePtr<SSL_CTX> ctx_;
  bssl::UniquePtr<SSL> ssl_;
  std::shared_ptr<const Context> context_;
  std::unique_ptr<Session> session_;
};

TEST_F(ForeignPeer, ServerWithCertificateOnlyIsRefused) {
  ASSERT_TRUE(UseCertificate(ctx_.get(), MakeAuthority(KeyType::kEcdsaP256)));
  MakePeer(/*server=*/true);
  session_ = *Session::Client(context_, TestPsk());
  Run();
  EXPECT_EQ(session_->state(), SessionState::kFailed);
  EXPECT_EQ(session_->status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_FALSE(session_->psk_accepted());
}

TEST_F(ForeignPeer, ServerWithTls12OnlyIsRefused) {
  ASSERT_TRUE(UseCertificate(ctx_.get(), MakeAuthority(KeyType::kEcdsaP256)));
  ASSERT_TRUE(SSL_CTX_set_max_proto_version(ctx_.get(), TLS1_2_VERSION));
  MakePeer(/*server=*/true);
  session_ = *Session::Client(context_, TestPsk());
  Run();
  EXPECT_EQ(session_->state(), SessionState::kFailed);
}

TEST_F(ForeignPeer, ClientWithoutPskIsRefused) {
  MakePeer(/*server=*/false);
  session_ = Session::Server(context_);
  Run();
  EXPECT_EQ(session_->state(), SessionState::kFailed);
  EXPECT_EQ(session_->status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(ForeignPeer, ClientWithTls12OnlyIsRefused) {
  ASSERT_TRUE(SSL_CTX_set_max_proto_version(ctx_.get(), TLS1_2_VERSION));
  MakePeer(/*server=*/false);
  session_ = Session::Server(context_);
  Run();
  EXPECT_EQ(session_->state(), SessionState::kFailed);
  EXPECT_FALSE(session_->psk_accepted());
}

class ForeignClient : public ForeignPeer {
 protected:
  void SetUp() override {
    ForeignPeer::SetUp();
    MakePeer(/*server=*/false);
    session_ = Session::Server(context_);
  }

  void Offer(const skex::Psk& psk) {
    ASSERT_TRUE(SSL_add1_credential(ssl_.get(), MakeCredential(psk)->get()));
  }
};

TEST_F(ForeignClient, ListOfIdentitiesIsShownInOrder) {
  for (int i = 0; i < 20; ++i) {
    skex::Psk psk = TestPsk();
    psk.identity = "unknown " + std::to_string(i);
    Offer(psk);
  }
  SSL_do_handshake(ssl_.get());
  Exchange();
  ASSERT_EQ(session_->state(), SessionState::kNeedsPsk);
  ASSERT_EQ(session_->offered_identities().size(), 16u);
  EXPECT_EQ(session_->offered_identities()[0], "unknown 0");
  EXPECT_EQ(session_->offered_identities()[15], "unknown 15");
}

TEST_F(ForeignClient, LaterIdentityOfAListIsAccepted) {
  skex::Psk unknown = TestPsk();
  unknown.identity = "unknown";
  Offer(unknown);
  Offer(TestPsk());
  Run();
  ASSERT_EQ(session_->state(), SessionState::kEstablished);
  EXPECT_EQ(session_->info().identity, "id");
}

TEST_F(ForeignClient, KeyUpdateThatAsksForOneIsAnswered) {
  Offer(TestPsk());
  Run();
  ASSERT_EQ(session_->state(), SessionState::kEstablished);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED));
    ASSERT_EQ(SSL_write(ssl_.get(), "ping", 4), 4);
    Exchange();
    EXPECT_EQ(ReadAll(*session_), "ping");
    WriteText(*session_, "pong");
    Exchange();
    char buffer[8];
    ASSERT_EQ(SSL_read(ssl_.get(), buffer, sizeof(buffer)), 4);
  }
}

TEST_F(ForeignClient, TicketsAreNotIssued) {
  static int tickets;
  tickets = 0;
  SSL_CTX_set_session_cache_mode(ctx_.get(), SSL_SESS_CACHE_BOTH);
  SSL_CTX_sess_set_new_cb(ctx_.get(), [](SSL*, SSL_SESSION*) {
    ++tickets;
    return 0;
  });
  Offer(TestPsk());
  Run();
  WriteText(*session_, "x");
  Exchange();
  char byte;
  ASSERT_EQ(SSL_read(ssl_.get(), &byte, 1), 1);
  EXPECT_EQ(tickets, 0);
}

}  // namespace
}  // namespace tlsbridge
