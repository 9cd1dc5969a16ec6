#include "http/tls_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "http/testing/test_certificate.h"
#include "http/testing/tls_client.h"
#include "http/tls_context.h"

namespace parley {
namespace {

using Read = Received::State;
using Wrote = Written::State;

/// The socket between a TlsStream and a client that is stepped by hand.
struct TlsStreamTest : testing::Test {
  TlsStreamTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    const TestCertificate certificate = make_test_certificate("first");
    EXPECT_TRUE(context.load(certificate.chain_pem, certificate.key_pem));
    stream = context.accept(ends[0]);
  }
  ~TlsStreamTest() override {
    stream.reset();
    ::close(ends[0]);
    hang_up();
  }

  void hang_up() {
    if (ends[1] >= 0) ::close(std::exchange(ends[1], -1));
  }
  void send(std::string_view bytes) const {
    ASSERT_EQ(::send(ends[1], bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// What the server has put on the wire.
  std::string receive() const {
    std::string all;
    std::array<char, 65536> part{};
    for (ssize_t count = 0; (count = ::recv(ends[1], part.data(), part.size(), 0)) > 0;)
      all.append(part.data(), static_cast<std::size_t>(count));
    return all;
  }

  /// One read of the server; what it brings is added to `said`.
  Read read(std::size_t room = 65536) {
    std::vector<std::uint8_t> space(room);
    const Received received = stream->read(space);
    said += as_text(MutableBytes(space).first(received.bytes));
    return received.state;
  }
  /// Everything the server can read without waiting, and how that ended.
  Read read_all() {
    Read state = Read::data;
    while (state == Read::data) state = read();
    return state;
  }
  void shake_hands() {
    for (int i = 0; i < 4 && !(stream->is_secure() && client.is_secure()); ++i) {
      send(client.take_wire());
      EXPECT_EQ(read(), Read::nothing);
      client.hear_wire(receive());
    }
    EXPECT_TRUE(stream->is_secure());
  }

  static iovec part_of(const std::string& text) {
    return {const_cast<char*>(text.data()), text.size()};
  }
  Written write(const std::string& text) {
    const iovec part = part_of(text);
    return stream->write({&part, 1});
  }

  TlsContext context;
  std::array<int, 2> ends{};
  std::unique_ptr<TlsStream> stream;
  TlsClient client;
  std::string said;
};

/// The sizes of the records in what went over the wire.
std::vector<std::size_t> record_sizes(std::string_view wire) {
  std::vector<std::size_t> sizes;
  while (wire.size() >= 5) {
    const auto high = static_cast<std::uint8_t>(wire[3]);
    const auto low = static_cast<std::uint8_t>(wire[4]);
    sizes.push_back(std::size_t{high} * 256 + low);
    wire.remove_prefix(std::min(wire.size(), 5 + sizes.back()));
  }
  return sizes;
}

std::string long_text(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

TEST_F(TlsStreamTest, shakes_hands_and_passes_bytes_both_ways) {
  shake_hands();
  client.say("question");
  send(client.take_wire());
  EXPECT_EQ(read(), Read::data);
  EXPECT_EQ(write("answer").state, Wrote::all);
  client.hear_wire(receive());

  EXPECT_EQ(said, "question");
  EXPECT_EQ(client.heard(), "answer");
  EXPECT_EQ(client.version(), "TLSv1.3");
  EXPECT_EQ(client.protocol(), "http/1.1");
  EXPECT_EQ(client.server_name(), "first");
}

TEST_F(TlsStreamTest, takes_a_handshake_and_data_that_come_byte_by_byte) {
  const auto send_chopped = [this](const std::string& wire) {
    for (const char c : wire) {
      send({&c, 1});
      read();
    }
  };
  for (int i = 0; i < 3 && !client.is_secure(); ++i) {
    send_chopped(client.take_wire());
    client.hear_wire(receive());
  }
  client.say("hello");
  send_chopped(client.take_wire());

  EXPECT_EQ(said, "hello");
}

TEST_F(TlsStreamTest, takes_requests_that_come_with_the_end_of_the_handshake) {
  send(client.take_wire());
  EXPECT_EQ(read(), Read::nothing);
  client.hear_wire(receive());
  client.say("early");
  send(client.take_wire());

  EXPECT_EQ(read(), Read::data);
  EXPECT_EQ(said, "early");
}

TEST_F(TlsStreamTest, fills_records_from_many_parts) {
  shake_hands();
  const std::string packet = long_text(1000);
  const std::vector<iovec> parts(60, part_of(packet));

  const Written written = stream->write(parts);

  const std::string wire = receive();
  const auto sizes = record_sizes(wire);
  EXPECT_EQ(written.state, Wrote::all);
  EXPECT_EQ(written.taken, 60'000u);
  EXPECT_EQ(written.sent, wire.size());
  ASSERT_EQ(sizes.size(), 4u);
  EXPECT_EQ(sizes[0], sizes[2]);
  EXPECT_GT(sizes[0], TlsStream::record_bytes_max);
  client.hear_wire(wire);
  std::string expected;
  for (int i = 0; i < 60; ++i) expected += packet;
  EXPECT_EQ(client.heard(), expected);
}

TEST_F(TlsStreamTest, seals_a_little_ahead_of_a_slow_reader_and_loses_nothing) {
  const int small = 4096;
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  shake_hands();
  const std::string text = long_text(1'000'000);
  std::string rest = text;
  std::size_t sent = 0;
  std::size_t taken = 0;
  int calls = 0;

  for (; !rest.empty() || stream->has_unsent(); ++calls) {
    const Written written = write(rest);
    ASSERT_NE(written.state, Wrote::failed);
    rest.erase(0, written.taken);
    taken += written.taken;
    sent += written.sent;
    // Only before it is known to be slow.
    const bool is_first = taken <= TlsStream::seal_bytes_max;
    EXPECT_LE(taken, sent + (is_first ? TlsStream::seal_bytes_max : TlsStream::record_bytes_max));
    EXPECT_EQ(written.state == Wrote::all, rest.empty() && !stream->has_unsent());
    client.hear_wire(receive());
  }

  EXPECT_GT(calls, 10);
  EXPECT_EQ(client.heard(), text);
}

TEST_F(TlsStreamTest, seals_less_ahead_when_told_to) {
  const int small = 4096;
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  shake_hands();
  stream->seal_ahead(20'000);

  const Written written = write(long_text(1'000'000));

  EXPECT_EQ(written.state, Wrote::blocked);
  EXPECT_LE(written.taken, written.sent + 20'000);
}

TEST_F(TlsStreamTest, gives_a_record_out_in_pieces_and_says_that_there_is_more) {
  shake_hands();
  const std::string text = long_text(10'000);
  client.say(text);
  send(client.take_wire());

  EXPECT_EQ(read(4096), Read::data);
  EXPECT_TRUE(stream->has_more());
  EXPECT_EQ(read(4096), Read::data);
  EXPECT_TRUE(stream->has_more());
  EXPECT_EQ(read(4096), Read::data);
  EXPECT_FALSE(stream->has_more());
  EXPECT_EQ(said, text);
}

TEST_F(TlsStreamTest, says_that_there_is_more_when_the_end_came_with_data) {
  shake_hands();
  client.say("bye");
  client.close();
  send(client.take_wire());

  EXPECT_EQ(read(), Read::data);
  EXPECT_TRUE(stream->has_more());
  EXPECT_EQ(read(), Read::ended);
}

TEST_F(TlsStreamTest, says_that_nothing_follows) {
  shake_hands();
  EXPECT_EQ(write("last").state, Wrote::all);
  EXPECT_EQ(stream->end().state, Wrote::all);
  EXPECT_EQ(stream->end().sent, 0u);
  client.hear_wire(receive());

  EXPECT_EQ(client.heard(), "last");
  EXPECT_TRUE(client.heard_close());
}

TEST_F(TlsStreamTest, reads_no_more_at_once_than_its_bound) {
  shake_hands();
  const int large = 1 << 20;
  ::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
  for (int i = 0; i < 10; ++i) client.say(long_text(16'000));
  send(client.take_wire());

  EXPECT_EQ(read(1 << 20), Read::data);
  EXPECT_LE(said.size(), TlsStream::wire_bytes_per_read);
  EXPECT_EQ(read_all(), Read::nothing);
  EXPECT_EQ(said.size(), 160'000u);
}

TEST_F(TlsStreamTest, answers_garbage_with_an_alert) {
  send(std::string_view("\x16\x03\x01\x00\x05hello and more", 19));

  EXPECT_EQ(read(), Read::handshake_failed);
  EXPECT_EQ(read(), Read::handshake_failed);
  EXPECT_EQ(receive().front(), '\x15');
}

TEST_F(TlsStreamTest, knows_http_by_its_first_byte) {
  send("OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n");

  EXPECT_EQ(read(), Read::plain_http);
  EXPECT_EQ(receive(), "");
}

TEST_F(TlsStreamTest, calls_going_away_a_failure_only_after_a_first_byte) {
  hang_up();
  EXPECT_EQ(read(), Read::ended);
}

TEST_F(TlsStreamTest, calls_going_away_within_the_handshake_a_failure) {
  send(client.take_wire().substr(0, 50));
  EXPECT_EQ(read(), Read::nothing);
  hang_up();
  EXPECT_EQ(read(), Read::handshake_failed);
}

TEST_F(TlsStreamTest, does_not_read_an_endless_greeting) {
  // A ClientHello (1) of 130'000 bytes, in records of 16 KiB.
  std::string record("\x16\x03\x01\x40\x00", 5);
  record += std::string("\x01\x01\xfb\xd0\x03\x03", 6);
  record.resize(5 + 16 * 1024, 'x');
  std::string further("\x16\x03\x01\x40\x00", 5);
  further.resize(5 + 16 * 1024, 'x');
  Read state = Read::nothing;
  std::size_t sent = 0;
  for (int i = 0; i < 8 && state == Read::nothing; ++i) {
    const std::string& next = i == 0 ? record : further;
    send(next);
    sent += next.size();
    state = read();
  }

  EXPECT_EQ(state, Read::handshake_failed);
  EXPECT_LE(sent, TlsStream::handshake_bytes_max + 2 * record.size());
}

TEST_F(TlsStreamTest, offers_a_client_without_our_protocol_nothing) {
  TlsClient other({.alpn = "\x02h2"});
  send(other.take_wire());

  EXPECT_EQ(read(), Read::handshake_failed);
  other.hear_wire(receive());
  EXPECT_TRUE(other.has_failed());
}

TEST_F(TlsStreamTest, follows_a_change_of_keys) {
  shake_hands();
  client.ask_key_update();
  client.say("behind it");
  send(client.take_wire());
  EXPECT_EQ(read(), Read::data);
  EXPECT_EQ(write("answer").state, Wrote::all);
  client.hear_wire(receive());

  EXPECT_EQ(said, "behind it");
  EXPECT_EQ(client.heard(), "answer");
}

TEST_F(TlsStreamTest, ends_with_a_client_that_has_it_change_keys_and_does_not_read) {
  const int small = 4096;
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  shake_hands();
  Read state = Read::nothing;
  int rounds = 0;
  for (; rounds < 1000 && state == Read::nothing; ++rounds) {
    for (int i = 0; i < 100; ++i) client.ask_key_update();
    send(client.take_wire());
    state = read();
  }

  EXPECT_EQ(state, Read::ended);
  EXPECT_LT(rounds, 1000);
}

TEST_F(TlsStreamTest, ends_with_a_client_that_hides_its_changes_of_keys_among_data) {
  const int small = 4096;
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  shake_hands();
  Read state = Read::data;
  int rounds = 0;
  for (; rounds < 1000 && state == Read::data; ++rounds) {
    for (int i = 0; i < 100; ++i) client.ask_key_update();
    client.say("x");
    send(client.take_wire());
    state = read();
  }

  EXPECT_EQ(state, Read::ended);
  EXPECT_LT(rounds, 1000);
}

TEST_F(TlsStreamTest, answers_changes_of_keys_to_one_that_reads_slowly) {
  const int small = 4096;
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  shake_hands();
  const auto hear_a_little = [this] {
    std::array<char, 1500> part{};
    const ssize_t count = ::recv(ends[1], part.data(), part.size(), 0);
    if (count > 0) client.hear_wire({part.data(), static_cast<std::size_t>(count)});
  };
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 60; ++i) client.ask_key_update();
    send(client.take_wire());
    ASSERT_EQ(read(), Read::nothing);
    hear_a_little();
  }
  EXPECT_TRUE(stream->has_unsent());
  while (stream->has_unsent()) {
    ASSERT_EQ(read(), Read::nothing);
    hear_a_little();
  }
  EXPECT_EQ(write("answer").state, Wrote::all);
  client.hear_wire(receive());

  EXPECT_FALSE(client.has_failed());
  EXPECT_EQ(client.heard(), "answer");
}

struct TlsStreamWithOthers : TlsStreamTest {
  void shake_hands_with(TlsClient& other) {
    for (int i = 0; i < 4 && !(stream->is_secure() && other.is_secure()); ++i) {
      send(other.take_wire());
      EXPECT_EQ(read(), Read::nothing);
      other.hear_wire(receive());
    }
    ASSERT_TRUE(stream->is_secure());
  }
  void pass_long_text_to(TlsClient& other) {
    const std::string text = long_text(200'000);
    std::string rest = text;
    while (!rest.empty() || stream->has_unsent()) {
      const Written written = write(rest);
      ASSERT_NE(written.state, Wrote::failed);
      rest.erase(0, written.taken);
      other.hear_wire(receive());
    }
    EXPECT_EQ(other.heard(), text);
  }
};

TEST_F(TlsStreamWithOthers, have_records_as_small_as_they_ask_for) {
  TlsClient small{{.small_records = true}};
  shake_hands_with(small);
  pass_long_text_to(small);
}

TEST_F(TlsStreamWithOthers, have_records_as_small_as_they_ask_for_over_tls_1_2) {
  TlsClient small{{.only_tls_1_2 = true, .small_records = true}};
  shake_hands_with(small);
  pass_long_text_to(small);
}

struct TlsStreamOverTls12 : TlsStreamWithOthers {
  TlsClient old{{.only_tls_1_2 = true}};

  void shake_hands_with_old() { shake_hands_with(old); }
};

TEST_F(TlsStreamOverTls12, passes_bytes_both_ways) {
  shake_hands_with_old();
  old.say("question");
  send(old.take_wire());
  EXPECT_EQ(read(), Read::data);
  pass_long_text_to(old);

  EXPECT_EQ(said, "question");
  EXPECT_EQ(old.version(), "TLSv1.2");
}

TEST_F(TlsStreamOverTls12, does_not_shake_hands_twice) {
  shake_hands_with_old();
  old.renegotiate();
  send(old.take_wire());
  read();
  old.hear_wire(receive());
  EXPECT_TRUE(old.has_failed());

  EXPECT_EQ(write("still here").state, Wrote::all);
}

}  // namespace
}  // namespace parley
