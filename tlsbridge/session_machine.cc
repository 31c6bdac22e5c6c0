#include "tlsbridge/session_machine.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"
#include "tlsbridge/credential.h"

namespace tlsbridge {
namespace {

constexpr size_t kLargestClientHello = 16384;  // what BoringSSL accepts
constexpr size_t kLargestRecord = SSL3_RT_MAX_PLAIN_LENGTH;
constexpr size_t kMostIdentities = 16;

// Header, content type and tag of a TLS 1.3 record.
constexpr size_t kRecordOverhead = 5 + 1 + 16;

// A fatal decrypt_error in a record of its own, before there are keys: what
// BoringSSL sends for a wrong binder.
constexpr std::array<uint8_t, 7> kPlainDecryptError = {
    SSL3_RT_ALERT, 0x03, 0x03, 0x00, 0x02, SSL3_AL_FATAL, SSL_AD_DECRYPT_ERROR};

std::string GroupName(uint16_t group) {
  switch (group) {
    case SSL_CURVE_X25519:
      return "X25519";
    case SSL_CURVE_SECP256R1:
      return "P-256";
    case SSL_CURVE_SECP384R1:
      return "P-384";
    default:
      return absl::StrCat("group ", group);
  }
}

// The identities of `offers`, each once.
std::vector<std::string> Identities(const std::vector<PskOffer>& offers) {
  std::vector<std::string> identities;
  for (const PskOffer& offer : offers) {
    if (identities.size() == kMostIdentities) break;
    if (std::find(identities.begin(), identities.end(), offer.identity) ==
        identities.end()) {
      identities.push_back(offer.identity);
    }
  }
  return identities;
}

// Whether the client offers what `psk` is for. If not, no binder can be the one
// of `psk`, and some TLS libraries would compute none.
bool IsOffered(const skex::Psk& psk, const std::vector<PskOffer>& offers) {
  return std::any_of(offers.begin(), offers.end(), [&psk](const PskOffer& o) {
    return o.identity == psk.identity && o.context == psk.context &&
           o.form == psk.form;
  });
}

}  // namespace

Session::Machine::Machine(std::shared_ptr<const Context> context)
    : context(std::move(context)) {}

absl::Status Session::Machine::Create() {
  ERR_clear_error();
  ssl = context->state_->NewConnection(this);
  bssl::UniquePtr<BIO> bio = NewQueueBio(&queues);
  if (ssl == nullptr || bio == nullptr) {
    return absl::ResourceExhaustedError("no memory for a TLS connection");
  }
  // One reference for reading and writing together.
  BIO* const both_ways = bio.release();
  SSL_set_bio(ssl.get(), both_ways, both_ways);
  return absl::OkStatus();
}

absl::Status Session::Machine::StartClient(const skex::Psk& psk) {
  const absl::Duration start = Now();
  absl::StatusOr<bssl::UniquePtr<SSL_CREDENTIAL>> credential =
      MakeCredential(psk);
  if (!credential.ok()) return credential.status();
  if (!SSL_add1_credential(ssl.get(), credential->get())) {
    return absl::ResourceExhaustedError("no memory for a PSK");
  }
  info.form = psk.form;
  info.origin = psk.origin;
  SSL_set_connect_state(ssl.get());
  Step(start);
  if (state == SessionState::kFailed) {
    return absl::InvalidArgumentError(
        absl::StrCat("this PSK cannot be offered: ", status.message()));
  }
  if (queues.out.size() > kLargestClientHello) {
    return absl::InvalidArgumentError(absl::StrCat(
        "PSK identity and context have ", psk.identity.size(), " and ",
        psk.context.size(), " bytes and do not fit into a ClientHello of ",
        kLargestClientHello, " bytes"));
  }
  return absl::OkStatus();
}

void Session::Machine::StartServer() { SSL_set_accept_state(ssl.get()); }

absl::Duration Session::Machine::Now() const {
  const Clock clock = context->state_->clock;
  return clock == nullptr ? absl::ZeroDuration() : clock();
}

void Session::Machine::Advance() {
  if (state == SessionState::kHandshaking) Step(Now());
}

void Session::Machine::AdvanceWith(const absl::StatusOr<skex::Psk>& psk) {
  if (state != SessionState::kNeedsPsk) return;
  const absl::Duration start = Now();
  info.timings.psk_lookup += start - stepped;
  Answer(psk);
  state = SessionState::kHandshaking;
  Step(start);
}

void Session::Machine::Step(absl::Duration start) {
  if (!began) began = start;
  output_touched = false;
  ERR_clear_error();
  HandleHandshakeResult(SSL_do_handshake(ssl.get()));
  stepped = Now();
  info.timings.computing += stepped - start;
  info.timings.total = stepped - *began;
}

void Session::Machine::HandleHandshakeResult(int result) {
  if (result == 1) {
    if (!psk_accepted) {
      // Not reached with a library that keeps its word; never go on without.
      Fail(absl::InternalError("handshake completed without a PSK"));
      return;
    }
    state = SessionState::kEstablished;
    return;
  }
  switch (SSL_get_error(ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      // The server's answer is in the output, but the caller has not seen it.
      if (SSL_is_server(ssl.get()) && !psk_accepted &&
          SSL_get0_selected_credential(ssl.get()) != nullptr) {
        Accept();
      }
      return;
    case SSL_ERROR_PENDING_CERTIFICATE:
      state = SessionState::kNeedsPsk;
      return;
    case SSL_ERROR_ZERO_RETURN:
      Fail(absl::UnavailableError("peer closed during the TLS handshake"));
      return;
    default:
      FailWithAlert("TLS handshake failed");
  }
}

ssl_select_cert_result_t Session::Machine::OnClientHello(
    const SSL_CLIENT_HELLO& hello) {
  if (question == Question::kOpen) {
    const uint8_t* bytes;
    size_t size;
    if (SSL_early_callback_ctx_extension_get(&hello, TLSEXT_TYPE_pre_shared_key,
                                             &bytes, &size)) {
      absl::StatusOr<std::vector<PskOffer>> parsed =
          ParsePskOffers(absl::MakeConstSpan(bytes, size));
      if (parsed.ok()) offers = *std::move(parsed);
    }
    if (!offers.empty()) {
      offered_identities = Identities(offers);
      question = Question::kAsked;
      return ssl_select_cert_retry;
    }
    // There is nothing to ask about. BoringSSL refuses such a ClientHello by
    // itself, given that PSKs are required.
    offers.emplace_back().identity = "none";
    Answer(absl::NotFoundError("no PSK offered"));
  }
  if (question == Question::kAsked) return ssl_select_cert_retry;
  const bool added =
      answer != nullptr && SSL_add1_credential(ssl.get(), answer.get());
  answer.reset();
  return added ? ssl_select_cert_success : ssl_select_cert_error;
}

void Session::Machine::Answer(const absl::StatusOr<skex::Psk>& psk) {
  question = Question::kAnswered;
  absl::StatusOr<bssl::UniquePtr<SSL_CREDENTIAL>> made =
      psk.ok() ? MakeCredential(*psk) : psk.status();
  if (psk.ok()) {
    info.form = psk->form;
    info.origin = psk->origin;
    answer_error = made.status();
  }
  if (!made.ok() || !IsOffered(*psk, offers)) {
    made = MakeUnknownCredential(offers.front(), context->state_->unknown_key);
  }
  if (made.ok()) answer = *std::move(made);
  offers.clear();
  offered_identities.clear();
}

void Session::Machine::OnInfo(int type, int value) {
  if (value >> 8 == SSL3_AL_FATAL) {
    if (type == SSL_CB_READ_ALERT) alerts.received = value & 0xff;
    if (type == SSL_CB_WRITE_ALERT) alerts.sent = value & 0xff;
  }
  // The last moment at which BoringSSL can be asked for the credential.
  if (type == SSL_CB_HANDSHAKE_DONE &&
      SSL_get0_selected_credential(ssl.get()) != nullptr) {
    Accept();
  }
}

void Session::Machine::Accept() {
  psk_accepted = true;
  size_t size;
  const uint8_t* identity = SSL_CREDENTIAL_get0_pre_shared_key_id(
      SSL_get0_selected_credential(ssl.get()), &size);
  info.identity =
      std::string(skex::AsText(absl::MakeConstSpan(identity, size)));
  info.version = SSL_get_version(ssl.get());
  const SSL_CIPHER* cipher = SSL_get_pending_cipher(ssl.get());
  if (cipher == nullptr) cipher = SSL_get_current_cipher(ssl.get());
  if (cipher != nullptr) info.cipher = SSL_CIPHER_standard_name(cipher);
  info.group = GroupName(SSL_get_curve_id(ssl.get()));
  info.hello_retry = SSL_used_hello_retry_request(ssl.get());
}

void Session::Machine::FailWithAlert(absl::string_view doing) {
  const bool in_handshake = state != SessionState::kEstablished;
  absl::Status why = AlertStatus(doing, in_handshake, alerts);
  if (!answer_error.ok()) {
    why = absl::InvalidArgumentError(
        absl::StrCat("PSK refused: ", answer_error.message()));
  }
  Fail(std::move(why));
}

void Session::Machine::Fail(absl::Status why) {
  state = SessionState::kFailed;
  status = std::move(why);
}

void Session::Machine::Abort() {
  if (state == SessionState::kFailed) return;
  if (SSL_in_init(ssl.get()) && SSL_is_server(ssl.get()) && !output_touched) {
    queues.out.Clear();
    queues.out.Append(kPlainDecryptError);
  } else {
    SSL_send_fatal_alert(ssl.get(), SSL_AD_DECRYPT_ERROR);
  }
  ERR_clear_error();
  Fail(absl::AbortedError("TLS session aborted: alert sent: decrypt error"));
}

absl::StatusOr<size_t> Session::Machine::Read(absl::Span<uint8_t> out) {
  if (state == SessionState::kFailed) return status;
  size_t total = 0;
  while (state == SessionState::kEstablished && !peer_closed &&
         total < out.size()) {
    ERR_clear_error();
    const int wanted =
        static_cast<int>(std::min<size_t>(out.size() - total, 1 << 30));
    const int got = SSL_read(ssl.get(), out.data() + total, wanted);
    if (got > 0) {
      total += static_cast<size_t>(got);
      continue;
    }
    const int error = SSL_get_error(ssl.get(), got);
    if (error == SSL_ERROR_WANT_READ) break;
    if (error == SSL_ERROR_ZERO_RETURN) {
      peer_closed = true;
      break;
    }
    FailWithAlert("TLS session failed");
    if (total == 0) return status;
  }
  return total;
}

bool Session::Machine::UpdateKeyBefore(uint64_t records) {
  const uint64_t limit = context->state_->records_per_key;
  if (records_sent > 0 && records_sent + records > limit) {
    if (!SSL_key_update(ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED)) return false;
    records_sent = 0;
  }
  records_sent += records;
  return true;
}

absl::Status Session::Machine::Write(absl::Span<const uint8_t> plaintext) {
  if (state == SessionState::kFailed) return status;
  if (state != SessionState::kEstablished || write_closed) {
    return absl::FailedPreconditionError(
        write_closed ? "write after CloseWrite()"
                     : "write before the TLS handshake completed");
  }
  ERR_clear_error();
  queues.out.Reserve(plaintext.size() +
                     (plaintext.size() / kLargestRecord + 1) * kRecordOverhead);
  while (!plaintext.empty()) {
    const absl::Span<const uint8_t> record =
        plaintext.first(std::min(plaintext.size(), kLargestRecord));
    if (!UpdateKeyBefore(1) ||
        SSL_write(ssl.get(), record.data(), static_cast<int>(record.size())) !=
            static_cast<int>(record.size())) {
      FailWithAlert("TLS session failed");
      return status;
    }
    plaintext.remove_prefix(record.size());
  }
  return absl::OkStatus();
}

}  // namespace tlsbridge
