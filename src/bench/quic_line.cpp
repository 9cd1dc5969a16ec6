// QuicLine: the handshake, what comes, and the end. What leaves is in quic_line_write.cpp.
#include "bench/quic_line.h"

#include <fmt/format.h>
#include <ngtcp2/ngtcp2.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "quic/quic_dial.h"
#include "quic/to_ngtcp2.h"
#include "webtransport/error_code.h"

namespace parley::bench {
namespace {

/// So late may the timers of a line be that has nothing to send. What mostly rings then is a single
/// packet that is not acknowledged yet; of more, the second one is acknowledged at once, without a
/// timer, as browsers do. ngtcp2 itself would wait an eighth of a round trip, on the loopback not
/// at all.
constexpr Duration quiet_time = 20ms;

/// What browsers grant, roughly: their streams, and more than their windows.
constexpr std::uint64_t uni_streams = 103;
/// Streams are granted again by the chunk, as browsers do: every grant is a packet of its own,
/// which the relay must read and acknowledge.
constexpr std::uint64_t uni_streams_chunk = 50;
constexpr std::uint64_t window = 16 * 1024 * 1024;
constexpr std::uint64_t datagram_bytes_max = 65535;
constexpr auto handshake_timeout = 10s;
constexpr Duration idle_timeout = 30s;
/// The least time to the next look at a connection whose time has come already.
constexpr Duration retry_after = 50us;
/// Streams whose memory is kept for the next ones.
constexpr std::size_t pool_max = 64;
constexpr std::size_t kept_bytes_max = 4096;

ngtcp2_transport_params transport_params() {
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.initial_max_data = window;
  params.initial_max_stream_data_bidi_local = window;
  params.initial_max_stream_data_uni = window;
  params.initial_max_streams_uni = uni_streams;
  params.max_datagram_frame_size = datagram_bytes_max;
  params.max_idle_timeout = duration_of(idle_timeout);
  return params;
}

std::string reason_of(const ngtcp2_ccerr& said) {
  const std::string_view text = as_text({said.reason, said.reasonlen});
  const bool is_application = said.type == NGTCP2_CCERR_TYPE_APPLICATION;
  return fmt::format("the server ended the connection with {} error {:#x}{}{}",
                     is_application ? "HTTP/3" : "QUIC", said.error_code, text.empty() ? "" : ": ",
                     text);
}

}  // namespace

struct QuicLine::Hooks {
  static QuicLine& self(void* user_data) { return *static_cast<QuicLine*>(user_data); }

  static int established(ngtcp2_conn* /*connection*/, void* user_data) {
    self(user_data).listener_.on_handshake();
    return 0;
  }
  static int data(ngtcp2_conn* /*connection*/, std::uint32_t flags, std::int64_t stream,
                  std::uint64_t offset, const std::uint8_t* data, std::size_t bytes,
                  void* user_data, void* /*stream_user_data*/) {
    self(user_data).on_stream_data(stream, offset, {data, bytes},
                                   (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0);
    return 0;
  }
  static int reset(ngtcp2_conn* /*connection*/, std::int64_t stream, std::uint64_t /*bytes*/,
                   std::uint64_t /*code*/, void* user_data, void* /*stream_user_data*/) {
    self(user_data).on_stream_reset(stream);
    return 0;
  }
  static int over(ngtcp2_conn* /*connection*/, std::uint32_t /*flags*/, std::int64_t stream,
                  std::uint64_t /*code*/, void* user_data, void* /*stream_user_data*/) {
    self(user_data).on_stream_over(stream);
    return 0;
  }
  static int datagram(ngtcp2_conn* /*connection*/, std::uint32_t /*flags*/,
                      const std::uint8_t* data, std::size_t bytes, void* user_data) {
    self(user_data).listener_.on_datagram({data, bytes});
    return 0;
  }
  static const ngtcp2_callbacks& all() {
    static const ngtcp2_callbacks made = [] {
      ngtcp2_callbacks hooks = QuicDial::callbacks();
      hooks.handshake_completed = established;
      hooks.recv_stream_data = data;
      hooks.stream_reset = reset;
      hooks.stream_close = over;
      hooks.recv_datagram = datagram;
      return hooks;
    }();
    return made;
  }
};

QuicLine::QuicLine(LoadLoop& loop, QuicLineListener& listener) : loop_(loop), listener_(listener) {}

QuicLine::~QuicLine() {
  if (udp_.native() >= 0 && !is_over_) loop_.forget(udp_.native(), *this);
}

Result<void> QuicLine::dial(const Endpoint& endpoint, const LinkPlan& link, std::uint32_t seed) {
  if (auto connected = udp_.connect(endpoint.address); !connected) return connected;
  if (!link.is_perfect()) link_ = std::make_unique<Link>(link, seed);
  static const QuicClientTls tls;
  auto begun = QuicDial::begin(tls,
                               {.path = udp_.path(),
                                .params = transport_params(),
                                .host = endpoint.host,
                                .handshake_timeout = handshake_timeout},
                               Hooks::all(), this);
  if (!begun) return fail(begun.error().message);
  dial_ = std::move(*begun);
  loop_.watch(udp_.native(), EPOLLIN, *this);
  loop_.ask_flush(*this);
  return {};
}

std::optional<StreamId> QuicLine::open_bidi() {
  StreamId id = -1;
  if (is_over_ || ngtcp2_conn_open_bidi_stream(dial_->connection(), &id, nullptr) != 0) return {};
  keep(id, new_stream());
  return id;
}

std::optional<StreamId> QuicLine::open_uni() {
  StreamId id = -1;
  if (is_over_ || ngtcp2_conn_open_uni_stream(dial_->connection(), &id, nullptr) != 0) return {};
  keep(id, new_stream());
  return id;
}

QuicLine::OutStream& QuicLine::keep(StreamId id, OutStreamPtr stream) {
  stream->id = id;
  return *(out_[id] = std::move(stream));
}

void QuicLine::write(StreamId stream, Bytes bytes, bool is_last) {
  const auto place = out_.find(stream);
  if (is_over_ || place == out_.end()) return;
  OutStream& out = *place->second;
  append(out, bytes);
  out.is_last = is_last;
  if (!std::exchange(out.is_waiting, true)) ready_.push_back(&out);
  loop_.ask_flush(*this);
}

void QuicLine::send_message(Bytes prefix, Bytes message) {
  if (is_over_) return;
  OutStreamPtr stream = new_stream();
  append(*stream, prefix, message);
  stream->is_last = true;
  unopened_.push_back(std::move(stream));
  loop_.ask_flush(*this);
}

void QuicLine::send_datagram(Bytes bytes) {
  if (is_over_) return;
  datagrams_.emplace_back(bytes.begin(), bytes.end());
  loop_.ask_flush(*this);
}

QuicLine::OutStreamPtr QuicLine::new_stream() {
  if (pool_.empty()) return std::make_unique<OutStream>();
  OutStreamPtr stream = std::move(pool_.back());
  pool_.pop_back();
  return stream;
}

void QuicLine::append(OutStream& stream, Bytes first, Bytes second) {
  // A stream from the pool has the memory of its last chunk still.
  const bool is_fresh = stream.chunks.size() == 1 && stream.chunks.front().empty();
  if (!is_fresh) stream.chunks.emplace_back();
  std::vector<std::uint8_t>& chunk = stream.chunks.back();
  chunk.reserve(first.size() + second.size());
  chunk.insert(chunk.end(), first.begin(), first.end());
  chunk.insert(chunk.end(), second.begin(), second.end());
  waiting_bytes_ += chunk.size();
}

void QuicLine::set_granting(bool granting) {
  is_granting_ = granting;
  if (!granting || is_over_) return;
  give_back();
  loop_.ask_flush(*this);
}

void QuicLine::give_back() {
  if (!is_granting_) return;
  if (owed_bytes_ > 0)
    ngtcp2_conn_extend_max_offset(dial_->connection(), std::exchange(owed_bytes_, 0));
  if (owed_streams_ >= uni_streams_chunk)
    ngtcp2_conn_extend_max_streams_uni(dial_->connection(), std::exchange(owed_streams_, 0));
}

void QuicLine::on_stream_data(StreamId stream, std::uint64_t offset, Bytes bytes, bool is_last) {
  owed_bytes_ += bytes.size();
  const bool is_whole = offset == 0 && is_last;
  if (!is_whole && is_unidirectional(stream)) begun_.insert(stream);
  listener_.on_stream_data(stream, bytes, is_whole, is_last);
}

void QuicLine::on_stream_reset(StreamId stream) {
  // Of one that is reset before anything came, ngtcp2 1.11 never reports the end.
  if (is_server_stream(stream) && !begun_.contains(stream)) ++owed_streams_;
  listener_.on_stream_reset(stream);
}

void QuicLine::on_stream_over(StreamId stream) {
  if (is_server_stream(stream)) {
    begun_.erase(stream);
    ++owed_streams_;
    return;
  }
  const auto place = out_.find(stream);
  if (place == out_.end()) return;
  OutStreamPtr gone = std::move(place->second);
  out_.erase(place);
  if (gone->is_waiting) {
    std::erase(ready_, gone.get());
    std::erase(blocked_, gone.get());
    for (std::size_t i = gone->next_chunk; i < gone->chunks.size(); ++i)
      waiting_bytes_ -= gone->chunks[i].size();
    waiting_bytes_ += gone->taken;
  }
  if (pool_.size() == pool_max || gone->chunks.size() != 1 ||
      gone->chunks.front().capacity() > kept_bytes_max)
    return;
  std::deque<std::vector<std::uint8_t>> chunks = std::move(gone->chunks);
  chunks.front().clear();
  *gone = {};
  gone->chunks = std::move(chunks);
  pool_.push_back(std::move(gone));
}

template <class Read>
void QuicLine::read_with(Read read) {
  is_telling_ = true;
  const int error = read();
  is_telling_ = false;
  if (close_asked_) return close(*close_asked_);
  if (error != 0) return give_up(error);
  give_back();
  loop_.ask_flush(*this);
}

void QuicLine::on_ready(std::uint32_t /*events*/) {
  read_with([this] { return receive(); });
}

int QuicLine::receive() {
  UdpLine::Trains trains;
  const auto arrived = udp_.receive(loop_.buffer(), trains);
  read_at_ = monotonic_now();
  for (const UdpLine::Train& train : arrived) {
    if (link_) {
      link_->arrive_datagrams(train.bytes, train.segment, read_at_);
      continue;
    }
    const int error = read(train.bytes, train.segment);
    if (error != 0) return error;
  }
  return 0;
}

int QuicLine::read_due(TimePoint now) {
  read_at_ = now;
  while (const auto packet = link_->take_arriving(now)) {
    const int error = read(*packet, packet->size());
    if (error != 0) return error;
  }
  return 0;
}

int QuicLine::read(Bytes train, std::size_t segment) {
  const ngtcp2_tstamp now = timestamp(read_at_);
  UdpPath addresses = udp_.path();
  const ngtcp2_path path = to_ngtcp2(addresses);
  const ngtcp2_pkt_info info{};
  while (!train.empty()) {
    const Bytes packet = train.first(std::min(segment, train.size()));
    train = train.subspan(packet.size());
    const int error =
        ngtcp2_conn_read_pkt(dial_->connection(), &path, &info, packet.data(), packet.size(), now);
    if (error != 0) return error;
  }
  return 0;
}

void QuicLine::on_timer() {
  const TimePoint now = monotonic_now();
  if (link_ && link_->next_due() <= now) {
    while (const auto packet = link_->take_leaving(now)) udp_.send(*packet, packet->size());
    return read_with([this, now] { return read_due(now); });
  }
  if (ngtcp2_conn_get_expiry(dial_->connection()) > timestamp(now)) return set_deadline(now);
  const int error = ngtcp2_conn_handle_expiry(dial_->connection(), timestamp(now));
  if (error != 0) return give_up(error);
  loop_.ask_flush(*this);
}

/// A timer that rings too early looks again; so one that is set is never put off, only brought
/// forward, which spares most of the moving.
void QuicLine::set_deadline(TimePoint now) {
  const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(dial_->connection());
  TimePoint when = never;
  if (expiry != UINT64_MAX) when = TimePoint(std::chrono::nanoseconds(expiry));
  if (ready_.empty()) when = std::max(when, now + quiet_time);
  if (link_) when = std::min(when, link_->next_due());
  when = std::max(when, now + retry_after);
  if (when < timer()) loop_.set_timer(*this, when);
}

void QuicLine::close(std::uint64_t code) {
  if (is_over_ || dial_ == nullptr) return;
  if (is_telling_) {
    close_asked_ = code;
    return;
  }
  ngtcp2_ccerr said;
  ngtcp2_ccerr_default(&said);
  ngtcp2_ccerr_set_application_error(&said, code, nullptr, 0);
  const MutableBytes space = loop_.send_buffer().first(UdpLine::packet_bytes_max);
  const ngtcp2_ssize bytes =
      ngtcp2_conn_write_connection_close(dial_->connection(), nullptr, nullptr, space.data(),
                                         space.size(), &said, timestamp(monotonic_now()));
  // Past the link, which ends here as well.
  if (bytes > 0)
    udp_.send(space.first(static_cast<std::size_t>(bytes)), static_cast<std::size_t>(bytes));
  end();
}

void QuicLine::give_up(int error) {
  const ngtcp2_ccerr& heard = *ngtcp2_conn_get_ccerr(dial_->connection());
  std::string reason;
  switch (error) {
    case NGTCP2_ERR_DRAINING:
      reason = reason_of(heard);
      break;
    case NGTCP2_ERR_IDLE_CLOSE:
      reason = "nothing came from the server until the connection timed out";
      break;
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
      reason = fmt::format("no QUIC handshake within {} s", handshake_timeout.count());
      break;
    default:
      reason = fmt::format("QUIC: {}", ngtcp2_strerror(error));
  }
  end();
  listener_.on_line_end(std::move(reason));
}

void QuicLine::end() {
  is_over_ = true;
  loop_.forget(udp_.native(), *this);
  dial_.reset();
}

}  // namespace parley::bench
