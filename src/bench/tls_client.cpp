#include "bench/tls_client.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "base/freed_by.h"

namespace parley::bench {
namespace {

/// One for all connections of the process.
SSL_CTX* context() {
  static const std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>> made(
      SSL_CTX_new(TLS_client_method()));
  check(made != nullptr, "out of memory");
  return made.get();
}

std::string last_error() {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return reason == nullptr ? "TLS failed" : std::string("TLS failed: ") + reason;
}

}  // namespace

void TlsClient::FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsClient::TlsClient()
    : ssl_(SSL_new(context())), arrived_(BIO_new(BIO_s_mem())), leaving_(BIO_new(BIO_s_mem())) {
  check(ssl_ != nullptr && arrived_ != nullptr && leaving_ != nullptr, "out of memory");
  SSL_set_bio(ssl_.get(), arrived_, leaving_);
  SSL_set_connect_state(ssl_.get());
}

TlsClient::~TlsClient() = default;

Bytes TlsClient::seal(Bytes plain) {
  kept_.insert(kept_.end(), plain.begin(), plain.end());
  return answer();
}

void TlsClient::feed(Bytes wire) {
  const int taken = BIO_write(arrived_, wire.data(), static_cast<int>(wire.size()));
  check(taken == static_cast<int>(wire.size()), "out of memory");
}

std::optional<Bytes> TlsClient::open(MutableBytes space) {
  if (!fault_.empty()) return {};
  ERR_clear_error();
  std::size_t count = 0;
  const int done = SSL_read_ex(ssl_.get(), space.data(), space.size(), &count);
  if (done == 1) return space.first(count);
  const int error = SSL_get_error(ssl_.get(), done);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN) fault_ = last_error();
  return {};
}

Bytes TlsClient::answer() {
  ERR_clear_error();
  // What is wrong with the handshake is found by open().
  if (SSL_is_init_finished(ssl_.get()) == 0) SSL_do_handshake(ssl_.get());
  if (SSL_is_init_finished(ssl_.get()) == 1 && !kept_.empty()) {
    std::size_t count = 0;
    if (SSL_write_ex(ssl_.get(), kept_.data(), kept_.size(), &count) != 1) fault_ = last_error();
    kept_.clear();
  }
  sealed_.resize(BIO_ctrl_pending(leaving_));
  if (!sealed_.empty()) BIO_read(leaving_, sealed_.data(), static_cast<int>(sealed_.size()));
  return sealed_;
}

}  // namespace parley::bench
