#include "bench/wt_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "webtransport/capsule.h"
#include "webtransport/error_code.h"

namespace parley::bench {
namespace {

// A relay ends sessions after 30 s.
constexpr auto silence_max = 10s;

// Streams end with the grants, datagrams do not: what comes on top of so many is lost, as it is in
// a browser. A meeting sends less in a minute.
constexpr std::size_t unread_max = 64 * 1024;

}  // namespace

Result<void> WtClient::connect(const Target& target, std::string_view path) {
  endpoint_ = target.webtransport;
  path_ = path;
  return line_.dial(endpoint_, target.link, number_);
}

bool WtClient::send(Bytes packet) {
  if (state_ != State::open || line_.waiting_bytes() > waiting_bytes_max) return false;
  last_sent_at_ = monotonic_now();
  line_.send_message(prefix_, packet);
  return true;
}

void WtClient::keep_alive(TimePoint now) {
  if (state_ != State::open || now - last_sent_at_ < silence_max) return;
  last_sent_at_ = now;
  line_.send_datagram(ping_datagram(*session_));
}

void WtClient::set_reading(bool reading) {
  is_reading_ = reading;
  line_.set_granting(reading);
  if (!reading) return;
  const TimePoint now = monotonic_now();
  for (const Unread& packet : std::exchange(unread_, {}))
    if (state_ == State::open) tell({packet.head, packet.size, now});
}

void WtClient::close() {
  if (state_ != State::open) return abort("closed before it was open");
  state_ = State::closing;
  line_.write(*session_, close_capsule_frame(0, ""), /*is_last=*/true);
}

void WtClient::abort(std::string_view reason) {
  if (state_ != State::ended) end(std::string(reason), http3_code::request_cancelled);
}

void WtClient::on_handshake() {
  if (state_ != State::connecting) return;
  state_ = State::upgrading;
  const auto control = line_.open_uni();
  if (!control) return end("refused: the server grants no control stream", http3_code::no_error);
  line_.write(*control, control_stream_start(), /*is_last=*/false);
}

void WtClient::on_stream_data(StreamId stream, Bytes bytes, bool is_whole, bool is_last) {
  if (state_ == State::ended) return;
  if (stream == session_) return on_connect_data(bytes, is_last);
  if (!is_unidirectional(stream)) return;
  // The way most packets go: in one piece, of which nothing is kept.
  if (is_whole) {
    StreamHead head;
    if (head.feed(bytes) && head.has_session() && session_ &&
        head.session() == static_cast<std::uint64_t>(*session_))
      on_packet(bytes.first(std::min(bytes.size(), packet_head_bytes)), bytes.size());
    return;
  }
  IncomingStream& incoming = incoming_[stream];
  incoming.feed(bytes, session_.value_or(0));
  if (incoming.has_settings() && !session_) request_session();
  if (!is_last) return;
  const auto whole = incoming_.extract(stream);
  const IncomingStream& read = whole.mapped();
  if (read.is_packet()) on_packet(read.packet_head(), read.packet_size());
}

void WtClient::on_stream_reset(StreamId stream) {
  incoming_.erase(stream);
  if (state_ != State::ended && stream == session_)
    end(state_ == State::closing ? std::string(closed_by_us)
        : state_ == State::open  ? "the server reset the session"
                                 : "refused: the server reset the request",
        http3_code::no_error);
}

void WtClient::on_datagram(Bytes bytes) {
  if (state_ != State::open || !take_datagram_head(bytes, *session_)) return;
  on_packet(bytes.first(std::min(bytes.size(), packet_head_bytes)), bytes.size());
}

/// Not before the relay's SETTINGS: until then nobody knows that it takes extended CONNECTs
/// (RFC 8441 §3).
void WtClient::request_session() {
  session_ = line_.open_bidi();
  if (!session_) return end("refused: the server grants no stream", http3_code::no_error);
  prefix_ = message_prefix(*session_);
  line_.write(*session_, connect_request(endpoint_, path_), /*is_last=*/false);
}

void WtClient::on_connect_data(Bytes bytes, bool is_last) {
  while (state_ != State::ended) {
    switch (connect_.next(bytes, is_last)) {
      case ConnectReader::Event::none:
        return;
      case ConnectReader::Event::accepted:
        last_sent_at_ = line_.read_at();
        tell_open();
        break;
      case ConnectReader::Event::refused:
        return end("refused: " + connect_.reason(), http3_code::no_error);
      case ConnectReader::Event::ended:
        return end(state_ == State::closing ? std::string(closed_by_us) : connect_.reason(),
                   http3_code::no_error);
      case ConnectReader::Event::broken:
        return end(connect_.reason(), http3_code::general_protocol_error);
    }
  }
}

void WtClient::on_packet(Bytes head, std::size_t size) {
  if (state_ != State::open) return;
  if (is_reading_) return tell({head, size, line_.read_at()});
  if (unread_.size() == unread_max) return;
  unread_.push_back({{head.begin(), head.end()}, size});
}

void WtClient::end(std::string reason, std::uint64_t code) {
  line_.close(code);
  tell_end(std::move(reason));
}

void WtClient::on_line_end(std::string reason) {
  if (state_ == State::ended) return;
  if (state_ == State::closing) return tell_end(std::string(closed_by_us));
  tell_end(state_ == State::open ? std::move(reason) : "refused: " + reason);
}

}  // namespace parley::bench
