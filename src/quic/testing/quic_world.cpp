#include "quic/testing/quic_world.h"

#include <gnutls/x509.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "base/check.h"

namespace parley {

TestCertificate TestCertificate::make(gnutls_pk_algorithm_t algorithm, unsigned bits) {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_privkey_init(&key);
  gnutls_x509_privkey_generate(key, algorithm, bits, 0);
  gnutls_x509_crt_t certificate = nullptr;
  gnutls_x509_crt_init(&certificate);
  gnutls_x509_crt_set_version(certificate, 3);
  const std::array<std::uint8_t, 1> serial = {1};
  gnutls_x509_crt_set_serial(certificate, serial.data(), serial.size());
  const std::time_t now = std::time(nullptr);
  gnutls_x509_crt_set_activation_time(certificate, now - 3600);
  gnutls_x509_crt_set_expiration_time(certificate, now + 12 * 24 * 3600);
  gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, "localhost", 9);
  gnutls_x509_crt_set_key(certificate, key);
  check(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0) == 0,
        "a certificate cannot be signed");

  TestCertificate made;
  gnutls_datum_t pem{};
  gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem);
  made.chain_pem = as_text({pem.data, pem.size});
  gnutls_free(pem.data);
  gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem);
  made.key_pem = as_text({pem.data, pem.size});
  gnutls_free(pem.data);
  gnutls_x509_crt_deinit(certificate);
  gnutls_x509_privkey_deinit(key);
  return made;
}

void TestProtocol::on_ready(Now /*now*/) {
  world.on_ready(*this);
  world.tell();
}

void TestProtocol::on_stream_data(StreamId stream, Bytes bytes, bool is_last, Now /*now*/) {
  streams[stream].bytes.append(as_text(bytes));
  if (is_last) streams[stream].is_over = true;
  if (world.on_stream_data) {
    world.on_stream_data(*this, stream, bytes, is_last);
  } else {
    connection.give_back_to_stream(stream, bytes.size());
    connection.give_back(bytes.size());
  }
  world.tell();
}

void TestProtocol::on_stream_reset(StreamId stream, std::uint64_t code, Now /*now*/) {
  streams[stream].reset = code;
  world.on_stream_reset(*this, stream);
  world.tell();
}

void TestProtocol::on_stream_closed(StreamId stream, std::uint64_t code, Now /*now*/) {
  streams[stream].closed = code;
  world.tell();
}

void TestProtocol::on_datagram(Bytes payload, Now /*now*/) {
  datagrams.emplace_back(as_text(payload));
  world.on_datagram(*this, payload);
  world.tell();
}

bool TestProtocol::pull(Urgency than, Now /*now*/) { return world.on_pull(*this, than); }

void TestProtocol::on_flushed(bool accepted, bool blocked, Now now) {
  flushes.push_back({accepted, blocked, now.monotonic});
}

void TestProtocol::on_deadline(Now /*now*/) {
  due = never;
  ++deadlines;
  world.tell();
}

void TestProtocol::on_ended(const QuicEnd& end, Now /*now*/) {
  {
    const std::scoped_lock lock(world.mutex_);
    world.end_ = end;
    if (world.newest_ == this) world.newest_ = nullptr;
  }
  world.tell();
}

namespace {

/// What every kernel grants: no warnings in tests.
QuicRules with_small_buffers(QuicRules rules) {
  rules.socket_buffer = 200 * 1024;
  return rules;
}

}  // namespace

QuicWorld::QuicWorld(const Options& options)
    : rules(with_small_buffers(options.rules)), event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (options.has_certificate) {
    static const TestCertificate certificate = TestCertificate::make();
    check(tls.load(certificate.chain_pem, certificate.key_pem).has_value(), "a bad certificate");
  }
  auto sockets = open_udp_sockets(options.address, 0, options.shards, rules);
  check(sockets.has_value(), "no UDP port for a test");
  port = sockets->port;
  for (std::size_t i = 0; i < options.shards; ++i) {
    shards.push_back(std::make_unique<Shard>(i));
    endpoints.push_back(std::make_unique<QuicEndpoint>(*shards[i], sockets->native[i],
                                                       options.shards, rules, secrets, tls, *this));
    shards[i]->post([this, i] { endpoints[i]->start(); });
  }
  for (auto& shard : shards) threads_.emplace_back([&shard] { shard->run(); });
}

void QuicWorld::stop() {
  for (auto& shard : shards) shard->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  endpoints.clear();
}

QuicWorld::~QuicWorld() {
  stop();
  ::close(event_);
}

std::unique_ptr<QuicProtocol> QuicWorld::accept(QuicConnection& connection, Now /*now*/) {
  auto made = std::make_unique<TestProtocol>(connection, *this);
  const std::scoped_lock lock(mutex_);
  newest_ = made.get();
  return made;
}

QuicClient::Options QuicWorld::client_options() const {
  QuicClient::Options options;
  options.event = event_;
  return options;
}

TestProtocol& QuicWorld::protocol() {
  const std::scoped_lock lock(mutex_);
  check(newest_ != nullptr, "no protocol lives");
  return *newest_;
}

bool QuicWorld::has_protocol() {
  const std::scoped_lock lock(mutex_);
  return newest_ != nullptr;
}

std::optional<QuicEnd> QuicWorld::end() {
  const std::scoped_lock lock(mutex_);
  return end_;
}

bool QuicWorld::wait_until(const std::function<bool()>& done) const {
  const TimePoint until = monotonic_now() + 10s;
  while (!done()) {
    if (monotonic_now() >= until) return false;
    // Counters change without an event, so it looks now and then.
    pollfd waits{event_, POLLIN, 0};
    ::poll(&waits, 1, 5);
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t count = ::read(event_, &ignored, sizeof ignored);
  }
  return true;
}

void QuicWorld::tell() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event_, &one, sizeof one);
}

std::string bytes_of(std::size_t size) {
  std::string bytes(size, ' ');
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<char>('a' + (i * 31 + i / 997) % 26);
  return bytes;
}

Packet packet_of(std::size_t size) {
  return Packet::copy_of(as_bytes(bytes_of(size)), PacketFacts{});
}

void echo(QuicWorld& world) {
  world.on_stream_data = [](TestProtocol& protocol, StreamId stream, Bytes bytes, bool is_last) {
    protocol.connection.give_back_to_stream(stream, bytes.size());
    protocol.connection.give_back(bytes.size());
    if (!is_last) return;
    const Buffer all = Buffer::copy_of(as_bytes(protocol.streams[stream].bytes));
    const StreamId answer =
        is_unidirectional(stream) ? *protocol.connection.open_uni(Urgency::data) : stream;
    protocol.connection.write(answer, all, /*is_last=*/true);
  };
}

std::unique_ptr<QuicClient> connected(QuicWorld& world, QuicClient::Options options) {
  auto client = world.client(std::move(options));
  check(client->connect(), "a test client cannot connect");
  check(client->run_until(
            [&] { return world.stats().handshakes.read() == 1 && world.has_protocol(); }),
        "the server does not complete a handshake");
  return client;
}

std::unique_ptr<QuicClient> connected(QuicWorld& world) {
  return connected(world, world.client_options());
}

}  // namespace parley
