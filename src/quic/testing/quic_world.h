#pragma once
// QuicWorld: shards with endpoints on one loopback port, and a protocol that does what a test
// wants.

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actor/shard.h"
#include "quic/quic_endpoint.h"
#include "quic/testing/quic_client.h"

namespace parley {

struct TestCertificate {
  std::string chain_pem;
  std::string key_pem;
  /// Self-signed, for thirteen days; ECDSA on P-256 where nothing else is said.
  static TestCertificate make(gnutls_pk_algorithm_t algorithm = GNUTLS_PK_ECDSA,
                              unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
};

class QuicWorld;

/// Notes what happens, and does what the test has put into its `on_…`. On its shard's thread.
class TestProtocol final : public QuicProtocol {
 public:
  struct Stream {
    std::string bytes;
    bool is_over = false;
    std::optional<std::uint64_t> reset;
    std::optional<std::uint64_t> closed;
  };
  struct Flush {
    bool accepted = false;
    bool blocked = false;
    TimePoint at;  ///< the turn in which it was
  };

  TestProtocol(QuicConnection& of, QuicWorld& in) : connection(of), world(in) {}

  void on_ready(Now now) override;
  void on_stream_data(StreamId stream, Bytes bytes, bool is_last, Now now) override;
  void on_stream_reset(StreamId stream, std::uint64_t code, Now now) override;
  void on_stream_closed(StreamId stream, std::uint64_t code, Now now) override;
  void on_datagram(Bytes payload, Now now) override;
  bool pull(Urgency than, Now now) override;
  void on_flushed(bool accepted, bool blocked, Now now) override;
  [[nodiscard]] TimePoint deadline() const override { return due; }
  void on_deadline(Now now) override;
  void on_ended(const QuicEnd& end, Now now) override;

  QuicConnection& connection;
  QuicWorld& world;
  std::map<StreamId, Stream> streams;
  std::vector<std::string> datagrams;
  std::vector<Flush> flushes;
  TimePoint due = never;
  int deadlines = 0;
};

class QuicWorld final : public QuicAcceptor {
 public:
  struct Options {
    std::size_t shards = 1;
    QuicRules rules{};
    bool has_certificate = true;
    std::string address = "127.0.0.1";
  };
  QuicWorld() : QuicWorld(Options{}) {}
  explicit QuicWorld(const Options& options);
  ~QuicWorld();

  std::unique_ptr<QuicProtocol> accept(QuicConnection& connection, Now now) override;

  [[nodiscard]] QuicClient::Options client_options() const;
  [[nodiscard]] std::unique_ptr<QuicClient> client() const { return client(client_options()); }
  [[nodiscard]] std::unique_ptr<QuicClient> client(QuicClient::Options options) const {
    return std::make_unique<QuicClient>(port, std::move(options));
  }

  /// Runs `act` on a shard and waits for its answer.
  template <class Act>
  auto on_shard(Act act, std::size_t shard = 0) {
    std::packaged_task<decltype(act())()> task(std::move(act));
    auto answer = task.get_future();
    shards[shard]->post([&task] { task(); });
    return answer.get();
  }
  /// The newest protocol that lives; only on its shard, and only while it lives.
  [[nodiscard]] TestProtocol& protocol();
  [[nodiscard]] bool has_protocol();
  [[nodiscard]] std::optional<QuicEnd> end();
  [[nodiscard]] const QuicStats& stats(std::size_t shard = 0) const {
    return endpoints[shard]->stats();
  }
  /// For tests without a client that runs; false after ten seconds.
  bool wait_until(const std::function<bool()>& done) const;
  /// Ends shards and endpoints.
  void stop();
  /// Wakes whoever waits in QuicClient::run_until.
  void tell() const;

  std::uint16_t port = 0;
  QuicTls tls;
  const QuicRules rules;
  const QuicSecrets secrets = QuicSecrets::random();
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<std::unique_ptr<QuicEndpoint>> endpoints;

  // What the protocol does, before the first client.
  std::function<void(TestProtocol&)> on_ready = [](TestProtocol&) {};
  std::function<void(TestProtocol&, StreamId, Bytes, bool)> on_stream_data;
  std::function<void(TestProtocol&, StreamId)> on_stream_reset = [](TestProtocol&, StreamId) {};
  std::function<void(TestProtocol&, Bytes)> on_datagram = [](TestProtocol&, Bytes) {};
  std::function<bool(TestProtocol&, Urgency)> on_pull = [](TestProtocol&, Urgency) {
    return false;
  };

 private:
  friend class TestProtocol;

  std::mutex mutex_;
  TestProtocol* newest_ = nullptr;
  std::optional<QuicEnd> end_;
  int event_ = -1;
  std::vector<std::thread> threads_;
};

/// Bytes that tell where they are.
std::string bytes_of(std::size_t size);
Packet packet_of(std::size_t size);

/// Answers each stream of the client with its own bytes: on itself if it has two ways, on a new one
/// otherwise.
void echo(QuicWorld& world);

/// A client whose handshake the server has seen completed.
std::unique_ptr<QuicClient> connected(QuicWorld& world, QuicClient::Options options);
std::unique_ptr<QuicClient> connected(QuicWorld& world);

}  // namespace parley
