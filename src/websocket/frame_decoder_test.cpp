#include "websocket/frame_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "websocket/frame_encoder.h"

namespace parley {
namespace {

constexpr MaskKey some_key{0x11, 0xa2, 0x33, 0xf4};
constexpr FrameLimits small_limits{
    .message_bytes_max = 1000, .headroom = 10, .tailroom = 11, .keep_text = true};

// The frames a client sends, one after another.
class Stream {
 public:
  Stream& frame(Opcode opcode, std::string_view payload, Fragment fragment = Fragment::last) {
    append_masked_frame(bytes_, opcode, as_bytes(payload), some_key, fragment);
    return *this;
  }
  Stream& raw(std::initializer_list<int> bytes) {
    for (const int byte : bytes) bytes_.push_back(static_cast<std::uint8_t>(byte));
    return *this;
  }
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

// An event as something to compare and to print.
struct Seen {
  FrameEventKind kind;
  std::string content;
  int code = 0;

  bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << "kind " << static_cast<int>(seen.kind) << " code " << seen.code << " of "
       << seen.content.size() << " bytes: " << seen.content.substr(0, 60);
}

Seen seen(FrameEvent event, const FrameLimits& limits) {
  Seen result{event.kind, event.reason, event.code};
  if (!event.payload.empty()) result.content = as_text(event.payload);
  if (event.kind == FrameEventKind::binary ||
      (event.kind == FrameEventKind::text && limits.keep_text)) {
    EXPECT_GE(event.message.room(), limits.tailroom);
    const Bytes written = event.message.written();
    EXPECT_TRUE(std::all_of(written.begin(), written.begin() + limits.headroom,
                            [](std::uint8_t byte) { return byte == 0; }));
    result.content = as_text(written.subspan(limits.headroom));
  } else {
    EXPECT_EQ(event.message.size(), 0u);
  }
  return result;
}

void feed(FrameDecoder& decoder, Bytes bytes, const FrameLimits& limits,
          std::vector<Seen>& events) {
  while (true) {
    FrameEvent event = decoder.next(bytes);
    if (event.kind == FrameEventKind::need_more) break;
    events.push_back(seen(std::move(event), limits));
  }
  EXPECT_TRUE(bytes.empty());
}

std::vector<Seen> decoded(Bytes bytes, const FrameLimits& limits = small_limits) {
  FrameDecoder decoder(&limits);
  std::vector<Seen> events;
  feed(decoder, bytes, limits, events);
  return events;
}

std::vector<Seen> decoded(const Stream& stream, const FrameLimits& limits = small_limits) {
  return decoded(stream.bytes(), limits);
}

Seen binary(std::string content) { return {FrameEventKind::binary, std::move(content)}; }
Seen text(std::string content) { return {FrameEventKind::text, std::move(content)}; }
Seen ping(std::string content) { return {FrameEventKind::ping, std::move(content)}; }
Seen pong(std::string content) { return {FrameEventKind::pong, std::move(content)}; }
Seen close(int code, std::string reason) {
  return {FrameEventKind::close, std::move(reason), code};
}

using Events = std::vector<Seen>;

// The code of the violation a stream ends with; 0 if it ends without one.
int refused_with(const Stream& stream, const FrameLimits& limits = small_limits) {
  const Events events = decoded(stream, limits);
  if (events.empty() || events.back().kind != FrameEventKind::violation) return 0;
  EXPECT_FALSE(events.back().content.empty());
  return events.back().code;
}

TEST(FrameDecoder, is_small_while_nothing_is_under_way) { EXPECT_LE(sizeof(FrameDecoder), 64u); }

TEST(FrameDecoder, reads_messages_of_every_length_form) {
  constexpr FrameLimits limits{.message_bytes_max = 70000, .headroom = 10, .tailroom = 11};
  for (const std::size_t size : {0,  1,   2,   7,   8,   15,   16,    17,    63,    64,
                                 65, 125, 126, 127, 128, 1200, 65534, 65535, 65536, 70000}) {
    std::string payload(size, '\0');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 7);

    EXPECT_EQ(decoded(Stream().frame(Opcode::binary, payload), limits), Events{binary(payload)});
  }
}

TEST(FrameDecoder, reads_several_frames_in_one_piece) {
  const Stream stream = Stream()
                            .frame(Opcode::binary, "one")
                            .frame(Opcode::ping, "are you there")
                            .frame(Opcode::text, "two")
                            .frame(Opcode::pong, "")
                            .frame(Opcode::binary, "");

  EXPECT_EQ(decoded(stream),
            (Events{binary("one"), ping("are you there"), text("two"), pong(""), binary("")}));
}

TEST(FrameDecoder, joins_fragments_with_control_frames_between_them) {
  const Stream stream = Stream()
                            .frame(Opcode::binary, "fra", Fragment::more_follow)
                            .frame(Opcode::ping, "p")
                            .frame(Opcode::continuation, "", Fragment::more_follow)
                            .frame(Opcode::pong, "q")
                            .frame(Opcode::continuation, "gme", Fragment::more_follow)
                            .frame(Opcode::ping, "")
                            .frame(Opcode::continuation, "nt")
                            .frame(Opcode::text, "next");

  EXPECT_EQ(decoded(stream),
            (Events{ping("p"), pong("q"), ping(""), binary("fragment"), text("next")}));
}

TEST(FrameDecoder, joins_many_fragments_up_to_exactly_the_limit) {
  Stream stream;
  stream.frame(Opcode::binary, "", Fragment::more_follow);
  std::string expected;
  for (int i = 0; i < 999; ++i) {
    expected += static_cast<char>('a' + i % 26);
    stream.frame(Opcode::continuation, expected.substr(expected.size() - 1), Fragment::more_follow);
  }
  stream.frame(Opcode::continuation, "!");

  EXPECT_EQ(decoded(stream), Events{binary(expected + "!")});
}

TEST(FrameDecoder, does_not_keep_text_that_nobody_wants) {
  constexpr FrameLimits limits{.message_bytes_max = 5000, .headroom = 10, .tailroom = 11};
  const Stream stream = Stream()
                            .frame(Opcode::text, std::string(3000, 'x'))
                            .frame(Opcode::text, "a", Fragment::more_follow)
                            .frame(Opcode::continuation, "b")
                            .frame(Opcode::binary, "after");

  EXPECT_EQ(decoded(stream, limits), (Events{text(""), text(""), binary("after")}));
}

TEST(FrameDecoder, gives_code_and_reason_of_a_close) {
  EXPECT_EQ(decoded(Stream().frame(Opcode::close, "\x03\xe9 gone \xc3\xa9")),
            Events{close(1001, " gone \xc3\xa9")});
  EXPECT_EQ(decoded(Stream().frame(Opcode::close, "\x0f\xa0")), Events{close(4000, "")});
  EXPECT_EQ(decoded(Stream().frame(Opcode::close, "")), Events{close(1005, "")});
}

TEST(FrameDecoder, looks_at_nothing_after_a_close) {
  const Stream stream =
      Stream().frame(Opcode::close, "\x03\xe8").frame(Opcode::binary, "late").raw({0xff, 0xff});

  EXPECT_EQ(decoded(stream), Events{close(1000, "")});
}

TEST(FrameDecoder, looks_at_nothing_after_a_violation) {
  FrameDecoder decoder(&small_limits);
  Events events;

  feed(decoder, Stream().raw({0x83, 0x80, 1, 2, 3, 4}).bytes(), small_limits, events);
  feed(decoder, Stream().frame(Opcode::binary, "late").bytes(), small_limits, events);

  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, FrameEventKind::violation);
}

TEST(FrameDecoder, refuses_an_unmasked_frame_of_a_client_and_a_masked_one_of_a_server) {
  constexpr FrameLimits from_server{.message_bytes_max = 1000, .expect_masked = false};
  std::vector<std::uint8_t> unmasked;
  append_frame(unmasked, Opcode::binary, as_bytes("abc"));

  EXPECT_EQ(refused_with(Stream().raw({0x82, 0x03, 'a', 'b', 'c'})), 1002);
  EXPECT_EQ(refused_with(Stream().raw({0x82, 0x83}), from_server), 1002);
  EXPECT_EQ(decoded(unmasked, from_server), Events{binary("abc")});
}

TEST(FrameDecoder, refuses_reserved_bits_and_opcodes_from_the_first_byte_alone) {
  for (const int bit : {0x40, 0x20, 0x10, 0x70})
    EXPECT_EQ(refused_with(Stream().raw({0x82 | bit})), 1002) << bit;
  for (const int opcode : {3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf})
    EXPECT_EQ(refused_with(Stream().raw({0x80 | opcode})), 1002) << opcode;
}

TEST(FrameDecoder, refuses_long_and_fragmented_control_frames) {
  for (const int opcode : {0x8, 0x9, 0xa}) {
    EXPECT_EQ(refused_with(Stream().raw({0x80 | opcode, 0x80 | 126})), 1002);
    EXPECT_EQ(refused_with(Stream().raw({0x80 | opcode, 0x80 | 127})), 1002);
    EXPECT_EQ(refused_with(Stream().raw({opcode})), 1002);
  }
  const std::string longest(125, 'p');
  EXPECT_EQ(decoded(Stream().frame(Opcode::ping, longest)), Events{ping(longest)});
}

TEST(FrameDecoder, refuses_lengths_that_are_not_minimal) {
  EXPECT_EQ(refused_with(Stream().raw({0x82, 0xfe, 0, 125})), 1002);
  EXPECT_EQ(refused_with(Stream().raw({0x82, 0xfe, 0, 0})), 1002);
  EXPECT_EQ(refused_with(Stream().raw({0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff})), 1002);
  EXPECT_EQ(refused_with(Stream().raw({0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 1})), 1002);
}

TEST(FrameDecoder, refuses_a_length_with_the_top_bit) {
  EXPECT_EQ(refused_with(Stream().raw({0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0})), 1002);
}

TEST(FrameDecoder, refuses_messages_above_the_limit_from_the_header_alone) {
  EXPECT_EQ(refused_with(Stream().raw({0x82, 0xfe, 0x03, 0xe9, 1, 2, 3, 4})), 1009);
  EXPECT_EQ(refused_with(Stream().raw({0x81, 0xfe, 0x03, 0xe9, 1, 2, 3, 4})), 1009);
  EXPECT_EQ(
      refused_with(Stream().raw({0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4})),
      1009);
  EXPECT_EQ(refused_with(Stream()
                             .frame(Opcode::binary, std::string(999, 'x'), Fragment::more_follow)
                             .raw({0x80, 0x82, 1, 2, 3, 4})),
            1009);
}

TEST(FrameDecoder, refuses_fragments_out_of_order) {
  EXPECT_EQ(refused_with(Stream().frame(Opcode::continuation, "x")), 1002);
  EXPECT_EQ(refused_with(Stream().frame(Opcode::binary, "a").frame(Opcode::continuation, "x")),
            1002);
  for (const Opcode opcode : {Opcode::text, Opcode::binary})
    EXPECT_EQ(
        refused_with(Stream().frame(Opcode::binary, "a", Fragment::more_follow).frame(opcode, "b")),
        1002);
}

TEST(FrameDecoder, refuses_closes_that_must_not_be_sent) {
  EXPECT_EQ(refused_with(Stream().frame(Opcode::close, "\x03")), 1002);
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
    const std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code)};
    EXPECT_EQ(refused_with(Stream().frame(Opcode::close, payload)), 1002) << code;
  }
  EXPECT_EQ(refused_with(Stream().frame(Opcode::close, "\x03\xe8\xff")), 1007);
  EXPECT_EQ(refused_with(Stream().frame(Opcode::close, "\x03\xe8 cut \xe2\x82")), 1007);
}

TEST(FrameDecoder, refuses_text_that_is_not_utf8_as_soon_as_it_shows) {
  FrameLimits limits = small_limits;
  for (const bool keep_text : {true, false}) {
    limits.keep_text = keep_text;

    // Ten bytes are announced; the third cannot be.
    EXPECT_EQ(refused_with(Stream().raw({0x81, 0x8a, 0, 0, 0, 0, 'a', 0xed, 0xa0}), limits), 1007);
    EXPECT_EQ(refused_with(Stream().frame(Opcode::text, "cut \xe2\x82"), limits), 1007);
    EXPECT_EQ(refused_with(Stream()
                               .frame(Opcode::text, "\xe2", Fragment::more_follow)
                               .frame(Opcode::continuation, "\x82", Fragment::more_follow)
                               .frame(Opcode::continuation, ""),
                           limits),
              1007);
    EXPECT_EQ(refused_with(Stream()
                               .frame(Opcode::text, "\xe2", Fragment::more_follow)
                               .frame(Opcode::continuation, "\x82", Fragment::more_follow)
                               .frame(Opcode::continuation, "\xac"),
                           limits),
              0);
  }
}

TEST(FrameDecoder, waits_for_what_a_header_announces) {
  constexpr FrameLimits limits{.message_bytes_max = 1u << 24};
  FrameDecoder decoder(&limits);
  Events events;

  // 16 MiB are announced and three bytes come.
  feed(decoder,
       Stream().raw({0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 'a', 'b', 'c'}).bytes(),
       limits, events);

  EXPECT_TRUE(events.empty());
}

// What a decoder under these limits asks for while it is fed `bytes` in pieces, and the events.
std::pair<std::vector<std::size_t>, Events> asked_for(Bytes bytes, const FrameLimits& limits) {
  FrameDecoder decoder(&limits);
  std::vector<std::size_t> asked;
  Events events;
  while (!bytes.empty()) {
    Bytes piece = bytes.first(std::min<std::size_t>(bytes.size(), 10));
    bytes = bytes.subspan(piece.size());
    while (true) {
      FrameEvent event = decoder.next(piece);
      if (event.kind == FrameEventKind::need_more) break;
      if (event.kind != FrameEventKind::needs_room) {
        events.push_back(seen(std::move(event), limits));
        continue;
      }
      // It asks again and reads nothing until it is answered.
      const std::size_t left = piece.size();
      EXPECT_EQ(decoder.next(piece).kind, FrameEventKind::needs_room);
      EXPECT_EQ(piece.size(), left);
      asked.push_back(decoder.room_needed());
      decoder.give_room();
    }
  }
  return {asked, events};
}

TEST(FrameDecoder, asks_for_room_for_a_long_message_before_it_reads_on) {
  FrameLimits limits = small_limits;
  limits.unasked_bytes_max = 100;
  const std::string unasked(79, 'x');  // with headroom and tailroom exactly 100
  const std::string longer(80, 'y');

  const auto [asked, events] = asked_for(
      Stream().frame(Opcode::binary, unasked).frame(Opcode::binary, longer).bytes(), limits);

  EXPECT_EQ(asked, std::vector<std::size_t>{101});
  EXPECT_EQ(events, (Events{binary(unasked), binary(longer)}));
}

TEST(FrameDecoder, asks_again_while_a_message_in_fragments_grows) {
  FrameLimits limits = small_limits;
  limits.unasked_bytes_max = 100;
  Stream stream;
  stream.frame(Opcode::binary, std::string(30, 'x'), Fragment::more_follow);
  for (int i = 0; i < 31; ++i)
    stream.frame(Opcode::continuation, std::string(30, 'x'), Fragment::more_follow);
  stream.frame(Opcode::continuation, std::string(40, 'x'));

  const auto [asked, events] = asked_for(stream.bytes(), limits);

  EXPECT_EQ(asked, (std::vector<std::size_t>{222, 462, 942, 1021}));
  EXPECT_EQ(events, Events{binary(std::string(1000, 'x'))});
}

TEST(FrameDecoder, asks_for_no_room_for_what_it_does_not_keep) {
  FrameLimits limits = small_limits;
  limits.unasked_bytes_max = 100;
  limits.keep_text = false;

  EXPECT_TRUE(
      asked_for(Stream().frame(Opcode::text, std::string(500, 'x')).bytes(), limits).first.empty());
}

TEST(FrameDecoder, looks_at_nothing_after_a_stop) {
  FrameLimits limits = small_limits;
  limits.unasked_bytes_max = 100;
  FrameDecoder decoder(&limits);
  const Stream stream = Stream().frame(Opcode::binary, std::string(500, 'x'));
  Bytes in = stream.bytes().first(100);
  EXPECT_EQ(decoder.next(in).kind, FrameEventKind::needs_room);

  decoder.stop();

  EXPECT_EQ(decoder.next(in).kind, FrameEventKind::need_more);
}

// Streams that together pass through every state.
std::vector<Stream> streams_to_chop() {
  std::vector<Stream> streams;
  streams.push_back(Stream()
                        .frame(Opcode::binary, "one")
                        .frame(Opcode::text, "tw\xc3\xb6")
                        .frame(Opcode::binary, std::string(300, 'x'))
                        .frame(Opcode::ping, "hello")
                        .frame(Opcode::close, "\x03\xe8 bye"));
  streams.push_back(Stream()
                        .frame(Opcode::text, "\xe2\x82", Fragment::more_follow)
                        .frame(Opcode::ping, "between")
                        .frame(Opcode::continuation, "", Fragment::more_follow)
                        .frame(Opcode::continuation, "\xac", Fragment::more_follow)
                        .frame(Opcode::pong, "")
                        .frame(Opcode::continuation, "")
                        .frame(Opcode::binary, "")
                        .frame(Opcode::close, ""));
  streams.push_back(Stream()
                        .frame(Opcode::binary, std::string(130, 'y'), Fragment::more_follow)
                        .frame(Opcode::continuation, std::string(126, 'z'))
                        .raw({0x82, 0xfe, 0x04, 0, 1, 2, 3, 4}));
  streams.push_back(
      Stream().frame(Opcode::text, "fine \xf0\x9f\x99\x82").frame(Opcode::text, "\xf5"));
  streams.push_back(Stream().frame(Opcode::binary, "a").raw({0x82, 0xfe, 0, 5}));
  streams.push_back(Stream().frame(Opcode::ping, "a").raw({0x82, 0x05, 1, 2}));
  return streams;
}

TEST(FrameDecoder, sees_the_same_wherever_the_bytes_are_cut_in_two_or_three) {
  for (const Stream& stream : streams_to_chop()) {
    const Bytes bytes = stream.bytes();
    const Events whole = decoded(bytes);
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
      for (std::size_t second = first; second <= bytes.size(); second += 1 + second % 5) {
        FrameDecoder decoder(&small_limits);
        Events events;
        feed(decoder, bytes.first(first), small_limits, events);
        feed(decoder, bytes.subspan(first, second - first), small_limits, events);
        feed(decoder, bytes.subspan(second), small_limits, events);

        ASSERT_EQ(events, whole) << first << ", " << second;
      }
    }
  }
}

TEST(FrameDecoder, sees_the_same_byte_by_byte) {
  for (const Stream& stream : streams_to_chop()) {
    FrameDecoder decoder(&small_limits);
    Events events;
    for (std::size_t i = 0; i < stream.bytes().size(); ++i)
      feed(decoder, stream.bytes().subspan(i, 1), small_limits, events);

    EXPECT_EQ(events, decoded(stream));
  }
}

TEST(FrameDecoder, returns_what_was_encoded_at_random) {
  constexpr FrameLimits limits{
      .message_bytes_max = 1u << 20, .headroom = 10, .tailroom = 11, .keep_text = true};
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&random](std::size_t bound) { return random() % bound; };
    const auto some_bytes = [&](std::size_t bytes_max, int highest) {
      std::string bytes(below(bytes_max + 1), '\0');
      for (char& byte : bytes)
        byte = static_cast<char>(below(static_cast<std::size_t>(highest) + 1));
      return bytes;
    };
    std::vector<std::uint8_t> stream;
    Events expected;
    const auto frame = [&](Opcode opcode, std::string_view payload, Fragment fragment) {
      const auto digit = [&] { return static_cast<std::uint8_t>(below(256)); };
      append_masked_frame(stream, opcode, as_bytes(payload), {digit(), digit(), digit(), digit()},
                          fragment);
    };
    const auto maybe_control = [&] {
      if (below(3) != 0) return;
      const std::string payload = some_bytes(125, 255);
      const bool is_ping = below(2) == 0;
      frame(is_ping ? Opcode::ping : Opcode::pong, payload, Fragment::last);
      expected.push_back(is_ping ? ping(payload) : pong(payload));
    };
    for (std::size_t messages = below(12); messages > 0; --messages) {
      const bool is_text = below(3) == 0;
      const std::string payload = some_bytes(below(4) == 0 ? 70000 : 300, is_text ? 127 : 255);
      Opcode opcode = is_text ? Opcode::text : Opcode::binary;
      std::size_t done = 0;
      for (std::size_t fragments = below(2) == 0 ? 0 : below(6); fragments > 0; --fragments) {
        const std::size_t size = below(payload.size() - done + 1);
        frame(opcode, std::string_view(payload).substr(done, size), Fragment::more_follow);
        opcode = Opcode::continuation;
        done += size;
        maybe_control();
      }
      frame(opcode, std::string_view(payload).substr(done), Fragment::last);
      expected.push_back(is_text ? text(payload) : binary(payload));
      maybe_control();
    }

    FrameDecoder decoder(&limits);
    Events events;
    const std::size_t piece_max = below(2) == 0 ? 20 : 65536;
    for (Bytes rest = stream; !rest.empty();) {
      const std::size_t size = std::min(rest.size(), 1 + below(piece_max));
      feed(decoder, rest.first(size), limits, events);
      rest = rest.subspan(size);
    }

    ASSERT_EQ(events, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace parley
