#pragma once
// TlsClient: the client's end of TLS for tests. It has no socket: whoever tests carries the bytes,
// and may chop or lose them.

#include <memory>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace parley {

struct TlsClientRules {
  /// The protocols it offers, each behind its length; none when empty.
  std::string alpn = "\x08http/1.1";
  bool only_tls_1_2 = false;
  bool small_records = false;  ///< asks for records of 512 bytes (RFC 6066 §4)
};

class TlsClient {
 public:
  explicit TlsClient(const TlsClientRules& rules = {});
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// Takes what the server sent, and goes on with the handshake.
  void hear_wire(std::string_view bytes);
  /// What is to be sent to the server.
  [[nodiscard]] std::string take_wire();

  /// Seals `text`. After the handshake.
  void say(std::string_view text);
  /// Says close_notify.
  void close();
  /// Has both sides change their keys (RFC 8446 §4.6.3).
  void ask_key_update();
  /// Asks for a second handshake (TLS 1.2).
  void renegotiate();

  [[nodiscard]] bool is_secure() const;
  /// What the server said, as plain text.
  [[nodiscard]] const std::string& heard() const { return heard_; }
  [[nodiscard]] bool heard_close() const;
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  /// The common name of the server's certificate.
  [[nodiscard]] std::string server_name() const;
  [[nodiscard]] std::string protocol() const;
  [[nodiscard]] std::string version() const;

 private:
  void go_on();

  std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
  std::string heard_;
  bool has_failed_ = false;
};

}  // namespace parley
