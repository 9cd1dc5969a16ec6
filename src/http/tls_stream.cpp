#include "http/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace parley {
namespace {

/// A client may ask for records as small as this (RFC 6066 §4).
constexpr std::size_t record_bytes_least = 512;
/// More than the heads and tags of the records of one seal() take, at most 29 bytes each (TLS 1.2,
/// AES-GCM), and an answer of TLS itself between them.
constexpr std::size_t seal_overhead_max =
    (TlsStream::seal_bytes_max / record_bytes_least + 4) * 29 + 256;

/// The first byte of a TLS connection is 22 (RFC 8446 §5.1), that of HTTP a capital letter.
bool begins_http(std::uint8_t first) { return first >= 'A' && first <= 'Z'; }

}  // namespace

void FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

/// Hands the bytes of gathered parts out in pieces of a record's size.
class TlsStream::Rest {
 public:
  explicit Rest(std::span<const iovec> parts) : parts_(parts) { skip_used_parts(); }

  [[nodiscard]] bool empty() const { return parts_.empty(); }
  [[nodiscard]] std::size_t taken() const { return taken_; }

  /// The next bytes, at most as many as `space` has: where they lie if they lie together, else
  /// copied into it.
  Bytes next(MutableBytes space) {
    const Bytes first = present();
    if (first.size() >= space.size() || parts_.size() == 1)
      return use(first.first(std::min(first.size(), space.size())));
    std::size_t filled = 0;
    while (!empty() && filled < space.size()) {
      const Bytes part = present();
      const std::size_t count = std::min(part.size(), space.size() - filled);
      std::memcpy(space.data() + filled, part.data(), count);
      filled += count;
      use(part.first(count));
    }
    return space.first(filled);
  }

 private:
  [[nodiscard]] Bytes present() const {
    const iovec& part = parts_.front();
    return Bytes{static_cast<const std::uint8_t*>(part.iov_base), part.iov_len}.subspan(used_);
  }
  Bytes use(Bytes bytes) {
    used_ += bytes.size();
    taken_ += bytes.size();
    skip_used_parts();
    return bytes;
  }
  void skip_used_parts() {
    while (!parts_.empty() && used_ == parts_.front().iov_len) {
      parts_ = parts_.subspan(1);
      used_ = 0;
    }
  }

  std::span<const iovec> parts_;
  std::size_t used_ = 0;  ///< of the first part
  std::size_t taken_ = 0;
};

const bio_method_st* TlsStream::bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "TlsStream");
    check(made != nullptr, "out of memory");
    BIO_meth_set_read(made, [](BIO* bio, char* data, int size) {
      auto* bytes = reinterpret_cast<std::uint8_t*>(data);
      return static_cast<TlsStream*>(BIO_get_data(bio))
          ->take_from_wire({bytes, static_cast<std::size_t>(size)});
    });
    BIO_meth_set_write(made, [](BIO* bio, const char* data, int size) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(data);
      const bool is_taken = static_cast<TlsStream*>(BIO_get_data(bio))
                                ->put_on_wire({bytes, static_cast<std::size_t>(size)});
      return is_taken ? size : -1;
    });
    BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return made;
  }();
  return method;
}

int TlsStream::take_from_wire(MutableBytes space) {
  constexpr int broken = -1;
  constexpr int ended = 0;
  const auto wait = [this] {
    wire_bytes_left_ = 0;
    BIO_set_retry_read(bio_);
    return -1;
  };
  BIO_clear_retry_flags(bio_);
  if (wire_bytes_left_ == 0) return wait();
  const bool shakes_hands = !is_secure_ && SSL_is_init_finished(ssl_.get()) == 0;
  if (shakes_hands && handshake_bytes_ >= handshake_bytes_max) return broken;

  const MutableBytes part = space.first(std::min(space.size(), wire_bytes_left_));
  const Received received = receive_once(native_socket_, part);
  if (received.state == Received::State::nothing) return wait();
  if (received.state != Received::State::data) return ended;
  if (shakes_hands) {
    is_plain_http_ = handshake_bytes_ == 0 && begins_http(part.front());
    handshake_bytes_ += received.bytes;
    if (is_plain_http_) return broken;
  }
  // A short read has emptied the socket; asking once more in this turn would only cost a call.
  const bool emptied = received.bytes < part.size();
  wire_bytes_left_ = emptied ? 0 : wire_bytes_left_ - received.bytes;
  return static_cast<int>(received.bytes);
}

/// False, which fails the connection, if a record is larger than any that we know of.
bool TlsStream::put_on_wire(Bytes sealed) {
  if (sealed_ == nullptr) {
    // Only when it is the larger part, so that no byte is moved for every few that are sent.
    if (unsent_begin_ > unsent_.size() / 2) {
      unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(unsent_begin_));
      unsent_begin_ = 0;
    }
    unsent_.insert(unsent_.end(), sealed.begin(), sealed.end());
    return true;
  }
  if (sealed.size() > sealed_->space.size() - sealed_->bytes) return false;
  std::memcpy(sealed_->space.data() + sealed_->bytes, sealed.data(), sealed.size());
  sealed_->bytes += sealed.size();
  return true;
}

TlsStream::TlsStream(Ssl ssl, int native_socket)
    : ssl_(std::move(ssl)), native_socket_(native_socket), bio_(BIO_new(bio_method())) {
  check(bio_ != nullptr, "out of memory");
  BIO_set_data(bio_, this);
  BIO_set_init(bio_, 1);
  SSL_set_bio(ssl_.get(), bio_, bio_);
  SSL_set_accept_state(ssl_.get());
}

TlsStream::~TlsStream() = default;

Received TlsStream::read(MutableBytes space) {
  has_more_ = false;
  if (send_unsent().state == Written::State::failed) return failure();
  wire_bytes_left_ = wire_bytes_per_read;
  std::size_t count = 0;
  int error = SSL_ERROR_NONE;
  ERR_clear_error();  // what others left would be taken for ours
  while (count < space.size() && error == SSL_ERROR_NONE) {
    std::size_t part = 0;
    const int done = SSL_read_ex(ssl_.get(), space.data() + count, space.size() - count, &part);
    if (done != 1) error = SSL_get_error(ssl_.get(), done);
    count += part;
  }
  is_secure_ = is_secure_ || SSL_is_init_finished(ssl_.get()) == 1;
  const bool is_sent = send_unsent().state != Written::State::failed;
  const bool goes_on = error == SSL_ERROR_NONE || error == SSL_ERROR_WANT_READ;
  if (!goes_on) ERR_clear_error();
  // Whatever comes between them: answers that are not read must not pile up.
  if (unsent().size() > unsent_bytes_max) return failure();
  if (count > 0) {
    has_more_ = !goes_on || (error == SSL_ERROR_NONE && SSL_has_pending(ssl_.get()) == 1);
    return {Received::State::data, count};
  }
  return goes_on && is_sent ? Received{} : failure();
}

Received TlsStream::failure() const {
  using State = Received::State;
  if (is_plain_http_) return {State::plain_http};
  const bool shook_hands = handshake_bytes_ > 0 && !is_secure_;
  return {shook_hands ? State::handshake_failed : State::ended};
}

Written TlsStream::write(std::span<const iovec> parts) {
  check(is_secure_ || parts.empty(), "nothing is written before the handshake is done");
  Written written = send_unsent();
  Rest rest(parts);
  while (written.state == Written::State::all && !rest.empty()) {
    std::array<std::uint8_t, seal_bytes_max + seal_overhead_max> space;
    Sealed sealed{space};
    sealed_ = &sealed;
    const bool is_sealed = seal(rest, kernel_lags_ ? record_bytes_max : seal_bytes_);
    sealed_ = nullptr;
    if (!is_sealed) return {Written::State::failed};
    const Written sent = send_sealed(sealed.space.first(sealed.bytes));
    written.state = sent.state;
    written.sent += sent.sent;
  }
  written.taken = rest.taken();
  kernel_lags_ = written.state == Written::State::blocked;
  return written;
}

bool TlsStream::seal(Rest& rest, std::size_t bytes_max) {
  std::array<std::uint8_t, record_bytes_max> space;
  for (std::size_t sealed = 0; sealed < bytes_max && !rest.empty();) {
    const MutableBytes record(space);
    const Bytes plain = rest.next(record.first(std::min(record.size(), bytes_max - sealed)));
    std::size_t count = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &count) != 1) {
      ERR_clear_error();
      return false;
    }
    sealed += count;
  }
  return true;
}

void TlsStream::seal_ahead(std::size_t bytes) {
  seal_bytes_ = std::clamp(bytes, record_bytes_max, seal_bytes_max);
}

Written TlsStream::end() {
  if (is_secure_ && !std::exchange(end_said_, true)) SSL_shutdown(ssl_.get());
  return send_unsent();
}

Written TlsStream::send_sealed(Bytes sealed) {
  const iovec part{const_cast<std::uint8_t*>(sealed.data()), sealed.size()};
  const Written written = send_once(native_socket_, {&part, 1});
  const Bytes left = sealed.subspan(written.sent);
  if (written.state == Written::State::blocked) unsent_.assign(left.begin(), left.end());
  return written;
}

Written TlsStream::send_unsent() {
  if (unsent_.empty()) return {};
  const iovec part{unsent_.data() + unsent_begin_, unsent().size()};
  const Written written = send_once(native_socket_, {&part, 1});
  unsent_begin_ += written.sent;
  if (unsent().empty()) {
    std::vector<std::uint8_t>().swap(unsent_);
    unsent_begin_ = 0;
  }
  return {written.state, 0, written.sent};
}

}  // namespace parley
