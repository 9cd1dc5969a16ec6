#pragma once
// NatsClient: one connection to NATS, over nats.c. Reconnects for ever; says what it could not do.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace parley {

/// Where NATS is and who we are to it.
struct NatsRules {
  /// One or more addresses with commas between; `host:port` and `nats://user:password@host:port`
  /// are good, `tls://` demands TLS.
  std::string url;
  std::string name = "parley";
  std::string credentials_file;  ///< a .creds file (JWT and seed)
  std::string ca_file;           ///< who may sign the server's certificate; empty is the system's
  std::string cert_file, key_file;
  /// Messages that wait for our delivery thread, per subscription; what comes then is lost, counted
  /// by the library (Subscription::lost), and on_slow_consumer is called.
  int pending_messages_max = 65'536;
  int pending_bytes_max = 64 * 1024 * 1024;
};

/// `url` without user and password, for logs.
std::string without_secrets(std::string_view url);

/// A message that came; everything in it is valid during the call only.
struct NatsMessage {
  std::string_view subject;
  std::string_view reply;
  Bytes payload;
  /// Not from anybody: NATS says that nobody listens to the subject of a request.
  bool is_no_responders = false;
};

/// What happens to the connection. Called on threads of the library: be quick, block nowhere.
class NatsEvents {
 public:
  virtual void on_reconnected() = 0;
  virtual void on_disconnected() = 0;
  /// A subscription overflowed: see Subscription::lost().
  virtual void on_slow_consumer() = 0;

 protected:
  ~NatsEvents() = default;
};

enum class NatsPublished : std::uint8_t { yes, disconnected, too_large, failed };

/// Any thread may publish and subscribe; both may block for as long as the server stalls. Messages
/// of all subscriptions come on one thread of the process, in the order in which they arrived.
class NatsClient {
 public:
  using OnMessage = std::function<void(const NatsMessage&)>;

  /// Ends the subscription; what is being delivered at that moment may still come.
  class Subscription {
   public:
    virtual ~Subscription() = default;
    /// Messages that were lost so far because they came faster than they were taken.
    [[nodiscard]] virtual std::uint64_t lost() const = 0;
  };

  /// Connects within two seconds, or says why not. `events` must outlive the client.
  static Result<std::unique_ptr<NatsClient>> connect(const NatsRules& rules, NatsEvents& events);

  /// Returns when no callback runs any more.
  virtual ~NatsClient() = default;

  [[nodiscard]] virtual Result<std::unique_ptr<Subscription>> subscribe(const std::string& subject,
                                                                        OnMessage on_message) = 0;
  /// `subject` and `reply` must be zero-terminated; without an answer wanted `reply` is empty.
  virtual NatsPublished publish(const std::string& subject, Bytes payload,
                                const std::string& reply = {}) = 0;

  /// Returns when NATS has taken all that was published, or after `time`.
  virtual void flush(Millis time) = 0;

  [[nodiscard]] virtual bool connected() const = 0;
  /// The largest payload that the server we are connected to takes.
  [[nodiscard]] virtual std::size_t payload_bytes_max() const = 0;
  /// The server we are connected to, without secrets.
  [[nodiscard]] virtual std::string server() const = 0;
};

}  // namespace parley
