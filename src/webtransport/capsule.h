#pragma once
// Capsules: what the two ends of a WebTransport session tell each other about the session itself,
// on its CONNECT stream (RFC 9297 §3, draft-ietf-webtrans-http3 §5 and §6).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "webtransport/varint.h"

namespace parley {

/// The longest reason that a session may be closed with, in bytes.
inline constexpr std::size_t wt_close_reason_bytes_max = 1024;

enum class CapsuleEventKind : std::uint8_t {
  /// All bytes are consumed and nothing more is complete.
  need_more,
  /// CLOSE_WEBTRANSPORT_SESSION. Nothing may come behind it.
  close,
  /// DRAIN_WEBTRANSPORT_SESSION: the client would like to end soon.
  drain,
  /// The client broke the protocol (H3_MESSAGE_ERROR). Nothing it sends afterwards is looked at.
  violation,
};

struct CapsuleEvent {
  CapsuleEventKind kind = CapsuleEventKind::need_more;
  /// close: what the client says.
  std::uint32_t code = 0;
  std::string reason;
  /// violation: which rule was broken, one sentence.
  const char* sentence = "";
};

/// Reads the capsules of one CONNECT stream, in pieces of any size. Of those it does not know,
/// which clients send as grease, nothing is kept.
class CapsuleParser {
 public:
  /// Consumes from the front of `in` up to the end of the next event, all of it when the event is
  /// need_more. Call again until then.
  [[nodiscard]] CapsuleEvent next(Bytes& in);

  /// True where the stream may end.
  [[nodiscard]] bool is_between_capsules() const { return !type_.has_begun(); }

 private:
  [[nodiscard]] bool is_close() const;
  CapsuleEvent begin_capsule();
  CapsuleEvent end_capsule();
  CapsuleEvent violation(const char* sentence);

  VarintReader type_;
  VarintReader length_;
  std::uint64_t missing_ = 0;  // of the value; once type and length are known
  bool is_in_value_ = false;
  bool has_closed_ = false;
  bool has_failed_ = false;
  std::string value_;  // of a close, as far as it has come
};

/// The capsules we send, each in a DATA frame of its own. A longer reason is cut, at a whole
/// character.
[[nodiscard]] std::vector<std::uint8_t> close_capsule_frame(std::uint32_t code,
                                                            std::string_view reason);
[[nodiscard]] std::vector<std::uint8_t> drain_capsule_frame();

}  // namespace parley
