#pragma once
// FrameDecoder: turns the bytes of one WebSocket connection into messages and control frames
// (RFC 6455 §5–§8). It knows no socket and no clock.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "websocket/frame_format.h"
#include "websocket/frame_header_parser.h"
#include "websocket/utf8.h"

namespace parley {

enum class FrameEventKind : std::uint8_t {
  /// All bytes are consumed and nothing more is complete.
  need_more,
  /// A message goes on for which room must be found first: see give_room().
  needs_room,
  binary,
  text,
  ping,
  pong,
  /// The peer said goodbye. Nothing it sends afterwards is looked at.
  close,
  /// The peer broke the protocol or a limit. Nothing it sends afterwards is looked at.
  violation,
};

struct FrameEvent {
  FrameEventKind kind = FrameEventKind::need_more;
  /// close: the peer's code, 1005 when it gave none; violation: the code to answer with.
  std::uint16_t code = 0;
  /// binary, and text that is kept: `headroom` zero bytes, then the whole unmasked message;
  /// `tailroom` bytes are still free.
  BufferBuilder message;
  /// ping, pong: at most 125 bytes, valid until the decoder's next call.
  Bytes payload;
  /// close: the peer's reason; violation: which rule was broken, one sentence.
  std::string reason;
};

/// What a decoder allows and how it hands messages out; shared by all connections of one kind.
struct FrameLimits {
  /// The longest message, all its fragments together. A longer one is refused (1009) as soon as a
  /// header says so.
  std::size_t message_bytes_max;
  /// What a message that is under way between two calls may occupy without a question.
  std::size_t unasked_bytes_max = SIZE_MAX;
  std::size_t headroom = 0;
  std::size_t tailroom = 0;
  /// True for frames that come from a client.
  bool expect_masked = true;
  /// False: text is checked, but its event carries no message.
  bool keep_text = false;

  /// What the longest message occupies.
  [[nodiscard]] std::size_t occupied_bytes_max() const {
    return headroom + message_bytes_max + tailroom;
  }
};

/// Reads frames of one direction of one connection, in pieces of any size. A message that lies
/// whole in what is fed costs one allocation and one pass over its bytes; only what is under way
/// between two calls costs memory.
class FrameDecoder {
 public:
  /// `limits` outlives the decoder.
  explicit FrameDecoder(const FrameLimits* limits) : limits_(limits) {}

  /// Consumes from the front of `in` up to the end of the next event, all of it when the event is
  /// need_more. Call again until then.
  [[nodiscard]] FrameEvent next(Bytes& in);

  /// After needs_room, which comes again until give_room(): what the message is to occupy.
  [[nodiscard]] std::size_t room_needed() const { return room_needed_; }
  /// The message may occupy room_needed(), until its event or stop().
  void give_room();
  /// Nothing that comes from here on is looked at; what was under way is gone.
  void stop();

 private:
  struct InFlight;
  struct InFlightDeleter {
    void operator()(InFlight* in_flight) const;
  };

  /// True while the payload of a frame is incomplete.
  [[nodiscard]] bool is_within_frame() const;
  /// Reads a header off the front of `in`, together with what earlier calls brought of it.
  ParsedHeader read_header(Bytes& in);
  FrameEvent begin_frame(const FrameHeader& header, Bytes& in);
  FrameEvent begin_control(const FrameHeader& header);
  FrameEvent take_whole_message(const FrameHeader& header, Bytes& in);
  FrameEvent continue_frame(Bytes& in);
  FrameEvent end_data_frame();
  FrameEvent end_control_frame(Opcode opcode, Bytes payload);
  FrameEvent close_event(Bytes payload);
  FrameEvent violation(std::uint16_t code, const char* sentence);
  InFlight& in_flight();
  /// Finds a place for the payload of the data frame that has begun.
  FrameEvent make_room();
  /// Gives back what the last event's payload lay in, when nothing else is under way.
  void release_idle();

  const FrameLimits* limits_;
  std::unique_ptr<InFlight, InFlightDeleter> in_flight_;
  std::array<std::uint8_t, frame_header_bytes_max> header_;
  std::uint8_t header_bytes_ = 0;
  bool has_ended_ = false;
  std::size_t room_needed_ = 0;
};

}  // namespace parley
