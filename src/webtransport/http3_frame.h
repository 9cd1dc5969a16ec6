#pragma once
// HTTP/3 frames (RFC 9114 §7): their types, and a reader that knows which may stand where.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "webtransport/error_code.h"
#include "webtransport/varint.h"

namespace parley {

namespace http3_frame {
inline constexpr std::uint64_t data = 0x00;
inline constexpr std::uint64_t headers = 0x01;
inline constexpr std::uint64_t cancel_push = 0x03;
inline constexpr std::uint64_t settings = 0x04;
inline constexpr std::uint64_t push_promise = 0x05;
inline constexpr std::uint64_t goaway = 0x07;
inline constexpr std::uint64_t max_push_id = 0x0d;
/// No frame: how a bidirectional stream of WebTransport begins. A session id stands where a frame
/// has its length (draft-ietf-webtrans-http3 §4.2).
inline constexpr std::uint64_t wt_stream = 0x41;
/// No frame either, but clients of 2023 and 2024 send this capsule without a DATA frame around it.
inline constexpr std::uint64_t bare_close_capsule = 0x2843;
}  // namespace http3_frame

void append_frame_header(std::vector<std::uint8_t>& to, std::uint64_t type, std::uint64_t length);

/// The longest encoded field section that is read.
inline constexpr std::size_t headers_bytes_max = 16 * 1024;

/// Which frames are legal depends on where they stand.
enum class Http3FrameRules : std::uint8_t {
  control,  ///< the client's control stream: SETTINGS first
  request,  ///< a request stream up to its HEADERS
  tunnel,   ///< behind the HEADERS of a CONNECT: DATA only (RFC 9114 §4.4)
};

enum class Http3FrameEventKind : std::uint8_t {
  /// All bytes are consumed and nothing more is complete.
  need_more,
  /// A whole frame of `type`, one that the rules are about.
  frame,
  /// A piece of what DATA frames carry.
  data,
  /// This is no request but a stream of the session `id`; its bytes follow.
  wt_stream,
  /// HEADERS longer than headers_bytes_max. Nothing that comes afterwards is looked at.
  headers_too_large,
  /// The client broke the rules. Nothing it sends afterwards is looked at.
  violation,
};

struct Http3FrameEvent {
  Http3FrameEventKind kind = Http3FrameEventKind::need_more;
  std::uint64_t type = 0;
  std::uint64_t id = 0;
  /// frame, data: valid until the reader's next call.
  Bytes payload{};
  Http3Violation violation = Http3Violation::frame_error;
  /// violation: which rule was broken, one sentence.
  const char* sentence = "";
};

/// Reads the frames of one stream, in pieces of any size. Reserved and unknown frames are skipped,
/// wherever they stand and however long they are (RFC 9114 §9).
class Http3FrameReader {
 public:
  explicit Http3FrameReader(Http3FrameRules rules) : rules_(rules) {}

  /// Consumes from the front of `in` up to the end of the next event, all of it when the event is
  /// need_more. Call again until then.
  [[nodiscard]] Http3FrameEvent next(Bytes& in);

  /// True where the stream may end (RFC 9114 §7.1).
  [[nodiscard]] bool is_between_frames() const { return !type_.has_begun(); }
  /// HEADERS have been read; what follows stands in a tunnel.
  void begin_tunnel() { rules_ = Http3FrameRules::tunnel; }

 private:
  enum class Payload : std::uint8_t { skipped, passed_on, gathered };

  Http3FrameEvent begin_frame();
  Http3FrameEvent begin_on_control(std::uint64_t type, std::uint64_t length);
  Http3FrameEvent begin_on_request(std::uint64_t type, std::uint64_t length);
  Http3FrameEvent begin_in_tunnel(std::uint64_t type, std::uint64_t length);
  Http3FrameEvent gather(std::size_t bytes_max, Http3Violation violation, const char* sentence);
  Http3FrameEvent continue_payload(Bytes& in);
  Http3FrameEvent end(Http3FrameEvent event);
  Http3FrameEvent fail(Http3Violation violation, const char* sentence);
  void forget_header();

  Http3FrameRules rules_;
  bool is_first_ = true;
  bool has_ended_ = false;
  bool is_in_payload_ = false;
  Payload payload_ = Payload::skipped;
  VarintReader type_;
  VarintReader length_;
  std::uint64_t missing_ = 0;  // of the payload
  std::vector<std::uint8_t> gathered_;
};

}  // namespace parley
