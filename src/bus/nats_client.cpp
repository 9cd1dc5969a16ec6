#include "bus/nats_client.h"

#include <fmt/format.h>
#include <nats/nats.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <random>
#include <vector>

namespace parley {
namespace {

constexpr std::int64_t connect_timeout_ms = 2000;
constexpr std::int64_t ping_interval_ms = 10'000;
constexpr int pings_unanswered_max = 2;
constexpr std::int64_t reconnect_delay_min_ms = 100;
constexpr std::int64_t reconnect_delay_max_ms = 1000;
/// While disconnected nothing is kept for later: media would be stale. nats.c takes 0 for
/// "default".
constexpr int reconnect_buffer_bytes = 1;

constexpr std::string_view tls_scheme = "tls://";
constexpr std::string_view scheme_end = "://";

struct Free {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
  void operator()(natsConnection* connection) const { natsConnection_Destroy(connection); }
};
using Options = std::unique_ptr<natsOptions, Free>;
using Connection = std::unique_ptr<natsConnection, Free>;

/// Calls `visit` with each of the addresses between the commas.
template <class Visit>
void each_address(std::string_view urls, Visit visit) {
  while (!urls.empty()) {
    const std::size_t comma = urls.find(',');
    visit(urls.substr(0, comma));
    urls = comma == std::string_view::npos ? std::string_view{} : urls.substr(comma + 1);
  }
}

std::vector<std::string> addresses_of(std::string_view urls) {
  std::vector<std::string> addresses;
  each_address(urls, [&addresses](std::string_view one) {
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (one.empty()) return;
    if (one.starts_with(tls_scheme)) one.remove_prefix(tls_scheme.size());
    addresses.push_back(one.find(scheme_end) == std::string_view::npos
                            ? fmt::format("nats://{}", one)
                            : std::string(one));
  });
  return addresses;
}

/// Doubles from attempt to attempt, with a tenth of chance so that a fleet does not come at once.
std::int64_t reconnect_delay(natsConnection* /*connection*/, int attempts, void* /*closure*/) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const int doublings = std::clamp(attempts - 1, 0, 4);
  const std::int64_t delay = std::min(reconnect_delay_min_ms << doublings, reconnect_delay_max_ms);
  return delay - static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(delay / 10 + 1));
}

std::string last_error(natsStatus status) {
  const char* const detail = nats_GetLastError(nullptr);
  std::string text = natsStatus_GetText(status);
  if (detail == nullptr || std::string_view(detail).ends_with(text)) return text;
  return fmt::format("{} ({})", text, detail);
}

/// How many subscriptions may still have a callback running.
class Running {
 public:
  void begin() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }
  void wait_for_none() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

/// What the library calls for one subscription; deletes itself when it has called for the last
/// time.
struct Receiver {
  NatsClient::OnMessage on_message;
  Running& running;

  static void receive(natsConnection* /*connection*/, natsSubscription* /*subscription*/,
                      natsMsg* message, void* self) {
    NatsMessage received;
    received.subject = natsMsg_GetSubject(message);
    if (const char* const reply = natsMsg_GetReply(message)) received.reply = reply;
    received.payload = {reinterpret_cast<const std::uint8_t*>(natsMsg_GetData(message)),
                        static_cast<std::size_t>(natsMsg_GetDataLength(message))};
    received.is_no_responders = natsMsg_IsNoResponders(message);
    static_cast<Receiver*>(self)->on_message(received);
    natsMsg_Destroy(message);
  }
  static void complete(void* self) {
    const std::unique_ptr<Receiver> receiver(static_cast<Receiver*>(self));
    receiver->running.end();
  }
};

class NatsCSubscription final : public NatsClient::Subscription {
 public:
  explicit NatsCSubscription(natsSubscription* subscription) : subscription_(subscription) {}
  ~NatsCSubscription() override { natsSubscription_Destroy(subscription_); }
  NatsCSubscription(const NatsCSubscription&) = delete;
  NatsCSubscription& operator=(const NatsCSubscription&) = delete;

  std::uint64_t lost() const override {
    std::int64_t dropped = 0;
    natsSubscription_GetDropped(subscription_, &dropped);
    return static_cast<std::uint64_t>(dropped);
  }

 private:
  natsSubscription* subscription_;
};

class NatsCClient final : public NatsClient {
 public:
  NatsCClient(const NatsRules& rules, NatsEvents& events) : rules_(rules), events_(events) {}
  ~NatsCClient() override {
    connection_.reset();
    running_.wait_for_none();
  }
  NatsCClient(const NatsCClient&) = delete;
  NatsCClient& operator=(const NatsCClient&) = delete;

  Result<void> open();

  Result<std::unique_ptr<Subscription>> subscribe(const std::string& subject,
                                                  OnMessage on_message) override;
  NatsPublished publish(const std::string& subject, Bytes payload,
                        const std::string& reply) override;
  void flush(Millis time) override {
    if (connected()) natsConnection_FlushTimeout(connection_.get(), time.count());
  }
  bool connected() const override {
    return natsConnection_Status(connection_.get()) == NATS_CONN_STATUS_CONNECTED;
  }
  std::size_t payload_bytes_max() const override {
    return static_cast<std::size_t>(natsConnection_GetMaxPayload(connection_.get()));
  }
  std::string server() const override;

 private:
  Result<void> set(natsOptions* options, const std::vector<std::string>& addresses);

  static void on_disconnected(natsConnection* /*connection*/, void* self) {
    static_cast<NatsCClient*>(self)->events_.on_disconnected();
  }
  static void on_reconnected(natsConnection* /*connection*/, void* self) {
    static_cast<NatsCClient*>(self)->events_.on_reconnected();
  }
  static void on_closed(natsConnection* /*connection*/, void* self) {
    static_cast<NatsCClient*>(self)->running_.end();
  }
  static void on_error(natsConnection* connection, natsSubscription* subscription,
                       natsStatus status, void* self);

  const NatsRules rules_;
  NatsEvents& events_;
  Running running_;  // before the connection, whose callbacks use it
  Connection connection_;
};

/// nats.c keeps no reference to the subscription for this call: it may be gone, and is not touched.
void NatsCClient::on_error(natsConnection* /*connection*/, natsSubscription* /*subscription*/,
                           natsStatus status, void* self) {
  if (status == NATS_SLOW_CONSUMER) static_cast<NatsCClient*>(self)->events_.on_slow_consumer();
}

Result<void> NatsCClient::set(natsOptions* options, const std::vector<std::string>& addresses) {
  std::vector<const char*> servers;
  servers.reserve(addresses.size());
  for (const std::string& address : addresses) servers.push_back(address.c_str());

  natsStatus status =
      natsOptions_SetServers(options, servers.data(), static_cast<int>(servers.size()));
  const auto also = [&status](natsStatus next) {
    if (status == NATS_OK) status = next;
  };
  also(natsOptions_SetName(options, rules_.name.c_str()));
  also(natsOptions_SetNoEcho(options, true));
  // The caller writes. The library's own thread would be woken twice for each flush, and let what
  // it is given lie for a millisecond.
  also(natsOptions_SetSendAsap(options, true));
  also(natsOptions_UseGlobalMessageDelivery(options, true));
  also(natsOptions_SetTimeout(options, connect_timeout_ms));
  also(natsOptions_SetPingInterval(options, ping_interval_ms));
  also(natsOptions_SetMaxPingsOut(options, pings_unanswered_max));
  also(natsOptions_SetMaxReconnect(options, -1));
  also(natsOptions_SetCustomReconnectDelay(options, reconnect_delay, nullptr));
  also(natsOptions_SetReconnectBufSize(options, reconnect_buffer_bytes));
  also(natsOptions_SetDisconnectedCB(options, on_disconnected, this));
  also(natsOptions_SetReconnectedCB(options, on_reconnected, this));
  also(natsOptions_SetClosedCB(options, on_closed, this));
  also(natsOptions_SetErrorHandler(options, on_error, this));
  if (!rules_.credentials_file.empty())
    also(
        natsOptions_SetUserCredentialsFromFiles(options, rules_.credentials_file.c_str(), nullptr));
  if (rules_.url.find(tls_scheme) != std::string::npos || !rules_.ca_file.empty() ||
      !rules_.cert_file.empty())
    also(natsOptions_SetSecure(options, true));
  if (!rules_.ca_file.empty())
    also(natsOptions_LoadCATrustedCertificates(options, rules_.ca_file.c_str()));
  if (!rules_.cert_file.empty())
    also(natsOptions_LoadCertificatesChain(options, rules_.cert_file.c_str(),
                                           rules_.key_file.c_str()));
  if (status != NATS_OK) return fail(last_error(status));
  return {};
}

Result<void> NatsCClient::open() {
  // One delivery thread for all, or messages of one server would overtake one another.
  static const natsStatus library = nats_SetMessageDeliveryPoolSize(1);
  if (library != NATS_OK) return fail(last_error(library));
  const std::vector<std::string> addresses = addresses_of(rules_.url);
  if (addresses.empty()) return fail("no address is given");

  natsOptions* made = nullptr;
  if (const natsStatus status = natsOptions_Create(&made); status != NATS_OK)
    return fail(last_error(status));
  const Options options(made);
  if (auto all_set = set(options.get(), addresses); !all_set) return all_set;

  running_.begin();  // until on_closed
  natsConnection* connection = nullptr;
  const natsStatus status = natsConnection_Connect(&connection, options.get());
  if (status != NATS_OK) {
    running_.end();
    return fail(last_error(status));
  }
  connection_.reset(connection);
  return {};
}

Result<std::unique_ptr<NatsClient::Subscription>> NatsCClient::subscribe(const std::string& subject,
                                                                         OnMessage on_message) {
  running_.begin();
  auto receiver = std::make_unique<Receiver>(Receiver{std::move(on_message), running_});
  natsSubscription* made = nullptr;
  natsStatus status = natsConnection_Subscribe(&made, connection_.get(), subject.c_str(),
                                               Receiver::receive, receiver.get());
  if (status != NATS_OK) {
    running_.end();
    return fail(fmt::format("cannot subscribe to {}: {}", subject, last_error(status)));
  }
  Receiver* const kept = receiver.release();
  auto subscription = std::make_unique<NatsCSubscription>(made);
  status = natsSubscription_SetOnCompleteCB(made, Receiver::complete, kept);
  if (status != NATS_OK) return fail(last_error(status));
  natsSubscription_SetPendingLimits(made, rules_.pending_messages_max, rules_.pending_bytes_max);
  return subscription;
}

NatsPublished NatsCClient::publish(const std::string& subject, Bytes payload,
                                   const std::string& reply) {
  if (!connected()) return NatsPublished::disconnected;
  const natsStatus status =
      reply.empty()
          ? natsConnection_Publish(connection_.get(), subject.c_str(), payload.data(),
                                   static_cast<int>(payload.size()))
          : natsConnection_PublishRequest(connection_.get(), subject.c_str(), reply.c_str(),
                                          payload.data(), static_cast<int>(payload.size()));
  switch (status) {
    case NATS_OK:
      return NatsPublished::yes;
    case NATS_MAX_PAYLOAD:
      return NatsPublished::too_large;
    case NATS_CONNECTION_CLOSED:
    case NATS_CONNECTION_DISCONNECTED:
    case NATS_INSUFFICIENT_BUFFER:  // it is reconnecting
      return NatsPublished::disconnected;
    default:
      return NatsPublished::failed;
  }
}

std::string NatsCClient::server() const {
  std::array<char, 256> url{};
  if (natsConnection_GetConnectedUrl(connection_.get(), url.data(), url.size()) != NATS_OK)
    return {};
  return without_secrets(url.data());
}

}  // namespace

std::string without_secrets(std::string_view url) {
  std::string shown;
  each_address(url, [&shown](std::string_view one) {
    const std::size_t scheme = one.find(scheme_end);
    const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + scheme_end.size();
    const std::size_t at = one.rfind('@');
    if (!shown.empty()) shown += ',';
    shown += one.substr(0, host);
    shown += one.substr(at == std::string_view::npos || at < host ? host : at + 1);
  });
  return shown;
}

Result<std::unique_ptr<NatsClient>> NatsClient::connect(const NatsRules& rules,
                                                        NatsEvents& events) {
  auto client = std::make_unique<NatsCClient>(rules, events);
  if (auto opened = client->open(); !opened)
    return fail(fmt::format("cannot connect to NATS at {}: {}", without_secrets(rules.url),
                            opened.error().message));
  return std::unique_ptr<NatsClient>(std::move(client));
}

}  // namespace parley
