#include "bench/http3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "webtransport/qpack.h"
#include "webtransport/varint.h"

namespace parley::bench {
namespace {

constexpr std::size_t reason_bytes_max = 300;

std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace

std::vector<std::uint8_t> control_stream_start() {
  constexpr std::uint64_t settings[] = {
      0x01,       0,  // QPACK_MAX_TABLE_CAPACITY
      0x07,       0,  // QPACK_BLOCKED_STREAMS
      0x33,       1,  // H3_DATAGRAM, RFC 9297
      0x2b603742, 1,  // ENABLE_WEBTRANSPORT, draft-02
  };
  std::vector<std::uint8_t> payload;
  for (const std::uint64_t value : settings) append_varint(payload, value);
  std::vector<std::uint8_t> bytes;
  append_varint(bytes, uni_stream_type::control);
  append_frame_header(bytes, http3_frame::settings, payload.size());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

std::vector<std::uint8_t> connect_request(const Endpoint& endpoint, std::string_view path) {
  const std::vector<Http3Field> fields = {
      {":method", "CONNECT"},        {":protocol", "webtransport"},
      {":scheme", "https"},          {":authority", endpoint.authority()},
      {":path", std::string(path)},  {"sec-webtransport-http3-draft02", "1"},
      {"user-agent", "parley-bench"}};
  const std::vector<std::uint8_t> section = encode_fields(fields);
  std::vector<std::uint8_t> frame;
  append_frame_header(frame, http3_frame::headers, section.size());
  frame.insert(frame.end(), section.begin(), section.end());
  return frame;
}

std::vector<std::uint8_t> message_prefix(StreamId session) {
  std::vector<std::uint8_t> prefix;
  append_varint(prefix, uni_stream_type::webtransport);
  append_varint(prefix, static_cast<std::uint64_t>(session));
  return prefix;
}

std::vector<std::uint8_t> ping_datagram(StreamId session) {
  constexpr std::string_view ping = "ping";
  std::vector<std::uint8_t> datagram;
  append_varint(datagram, static_cast<std::uint64_t>(session) / 4);  // RFC 9297 §2.1
  datagram.insert(datagram.end(), ping.begin(), ping.end());
  return datagram;
}

bool take_datagram_head(Bytes& datagram, StreamId session) {
  return read_varint(datagram) == static_cast<std::uint64_t>(session) / 4;
}

ConnectReader::Event ConnectReader::next(Bytes& in, bool is_last) {
  while (!in.empty() && !is_over_) {
    const Http3FrameEvent event = frames_.next(in);
    Event said = Event::none;
    switch (event.kind) {
      case Http3FrameEventKind::frame:
        if (event.type == http3_frame::headers) said = on_headers(event.payload);
        break;
      case Http3FrameEventKind::data:
        said = on_data(event.payload);
        break;
      case Http3FrameEventKind::need_more:
        break;
      default:
        is_over_ = true;
        reason_ = fmt::format("the server broke HTTP/3: {}", event.sentence);
        said = Event::broken;
    }
    if (said != Event::none) return said;
  }
  in = {};
  return is_last && !is_over_ ? on_last() : Event::none;
}

ConnectReader::Event ConnectReader::on_headers(Bytes section) {
  frames_.begin_tunnel();
  const auto fields = decode_fields(section);
  std::string status;
  if (fields)
    for (const auto& [name, value] : *fields)
      if (name == ":status") status = value;
  if (status.empty()) {
    is_over_ = true;
    reason_ = "the server broke HTTP/3: an answer without a status";
    return Event::broken;
  }
  is_accepted_ = status.starts_with('2');
  if (is_accepted_) return Event::accepted;
  refusal_ = status;
  return Event::none;
}

ConnectReader::Event ConnectReader::on_data(Bytes payload) {
  if (!is_accepted_) {
    if (refusal_.size() == 3) refusal_ += ": ";
    const std::size_t room = reason_bytes_max - std::min(reason_bytes_max, refusal_.size());
    refusal_ += as_text(payload.first(std::min(room, payload.size())));
    return Event::none;
  }
  while (!payload.empty()) {
    const CapsuleEvent capsule = capsules_.next(payload);
    if (capsule.kind != CapsuleEventKind::close) continue;
    is_over_ = true;
    reason_ = one_line(fmt::format("closed by the server with {}{}{}", capsule.code,
                                   capsule.reason.empty() ? "" : ": ", capsule.reason));
    return Event::ended;
  }
  return Event::none;
}

ConnectReader::Event ConnectReader::on_last() {
  is_over_ = true;
  if (is_accepted_) {
    reason_ = "the server ended the session without a reason";
    return Event::ended;
  }
  reason_ = refusal_.empty() ? "closed without an answer" : one_line(refusal_);
  return Event::refused;
}

void IncomingStream::feed(Bytes bytes, StreamId session) {
  if (!has_head_) {
    has_head_ = head_.feed(bytes);
    if (!has_head_) return;
    is_packet_ = head_.has_session() && head_.session() == static_cast<std::uint64_t>(session);
  }
  if (is_packet_) {
    const std::size_t kept = std::min(bytes.size(), kept_.size() - kept_size_);
    std::copy_n(bytes.begin(), kept, kept_.begin() + static_cast<std::ptrdiff_t>(kept_size_));
    kept_size_ += kept;
    size_ += bytes.size();
    return;
  }
  if (head_.type() != uni_stream_type::control || has_settings_) return;
  const Http3FrameEvent event = control_.next(bytes);
  has_settings_ = event.kind == Http3FrameEventKind::frame && event.type == http3_frame::settings;
}

}  // namespace parley::bench
