// QuicLine: what leaves, and the loop that writes it.
#include <ngtcp2/ngtcp2.h>

#include <algorithm>
#include <utility>

#include "bench/quic_line.h"
#include "quic/quic_dial.h"
#include "quic/to_ngtcp2.h"

namespace parley::bench {

void QuicLine::on_flush() {
  open_waiting();
  ready_.insert(ready_.end(), blocked_.begin(), blocked_.end());
  blocked_.clear();

  const TimePoint now = monotonic_now();
  const MutableBytes space = loop_.send_buffer();
  const std::size_t quantum = ngtcp2_conn_get_send_quantum(dial_->connection());
  std::size_t start = 0;
  std::size_t used = 0;
  std::size_t segment = 0;
  std::size_t packets = 0;
  std::size_t total = 0;
  const auto send_train = [&] {
    send_out(space.subspan(start, used - start), segment, now);
    start = used;
    packets = 0;
  };
  while (total < quantum) {
    if (used + UdpLine::packet_bytes_max > UdpLine::send_bytes_max) {
      send_train();
      start = used = 0;
    }
    const std::size_t path_bytes_max =
        ngtcp2_conn_get_path_max_tx_udp_payload_size(dial_->connection());
    const std::ptrdiff_t written =
        write_packet(space.subspan(used, UdpLine::packet_bytes_max), timestamp(now));
    if (written < 0) return give_up(static_cast<int>(written));
    if (written == 0) break;
    const auto bytes = static_cast<std::size_t>(written);
    if (packets > 0 && (bytes > segment || packets == UdpLine::send_packets_max)) send_train();
    if (packets == 0) segment = bytes;
    used += bytes;
    total += bytes;
    ++packets;
    // A path MTU probe that is too large must not take others with it.
    if (bytes < segment || bytes > path_bytes_max) send_train();
  }
  send_train();
  ngtcp2_conn_update_pkt_tx_time(dial_->connection(), timestamp(now));
  if (total >= quantum) loop_.ask_flush(*this);
  set_deadline(now);
}

void QuicLine::send_out(Bytes train, std::size_t segment, TimePoint now) {
  if (link_)
    link_->leave_datagrams(train, segment, now);
  else
    udp_.send(train, segment);
}

void QuicLine::open_waiting() {
  while (!unopened_.empty()) {
    StreamId id = -1;
    if (ngtcp2_conn_open_uni_stream(dial_->connection(), &id, nullptr) != 0) return;
    OutStream& stream = keep(id, std::move(unopened_.front()));
    unopened_.pop_front();
    stream.is_waiting = true;
    ready_.push_back(&stream);
  }
}

/// Fills one packet: frame after frame, until ngtcp2 says that it is complete.
std::ptrdiff_t QuicLine::write_packet(MutableBytes space, std::uint64_t now) {
  std::ptrdiff_t written = NGTCP2_ERR_WRITE_MORE;
  while (written == NGTCP2_ERR_WRITE_MORE) {
    if (!datagrams_.empty() && ngtcp2_conn_get_handshake_completed(dial_->connection()) != 0)
      written = write_datagram(space, now);
    else if (!ready_.empty())
      written = write_stream(space, *ready_.front(), now);
    else
      written = ngtcp2_conn_writev_stream(dial_->connection(), nullptr, nullptr, space.data(),
                                          space.size(), nullptr, NGTCP2_WRITE_STREAM_FLAG_NONE, -1,
                                          nullptr, 0, now);
  }
  return written;
}

std::ptrdiff_t QuicLine::write_datagram(MutableBytes space, std::uint64_t now) {
  std::vector<std::uint8_t>& datagram = datagrams_.front();
  ngtcp2_vec vector{datagram.data(), datagram.size()};
  int accepted = 0;
  const std::ptrdiff_t written =
      ngtcp2_conn_writev_datagram(dial_->connection(), nullptr, nullptr, space.data(), space.size(),
                                  &accepted, NGTCP2_WRITE_DATAGRAM_FLAG_MORE, 0, &vector, 1, now);
  datagrams_.pop_front();
  const bool is_refused = written == NGTCP2_ERR_INVALID_ARGUMENT ||
                          written == NGTCP2_ERR_INVALID_STATE;  // too large, or not taken at all
  return is_refused ? NGTCP2_ERR_WRITE_MORE : written;
}

std::ptrdiff_t QuicLine::write_stream(MutableBytes space, OutStream& stream, std::uint64_t now) {
  ngtcp2_vec vector{};
  const bool has_bytes = stream.next_chunk < stream.chunks.size();
  if (has_bytes) {
    std::vector<std::uint8_t>& chunk = stream.chunks[stream.next_chunk];
    vector = {chunk.data() + stream.taken, chunk.size() - stream.taken};
  }
  const bool is_end = stream.is_last && stream.next_chunk + 1 >= stream.chunks.size();
  std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
  if (is_end) flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
  ngtcp2_ssize taken = -1;
  const std::ptrdiff_t written =
      ngtcp2_conn_writev_stream(dial_->connection(), nullptr, nullptr, space.data(), space.size(),
                                &taken, flags, stream.id, &vector, has_bytes ? 1 : 0, now);
  if (taken >= 0) on_taken(stream, static_cast<std::size_t>(taken));
  switch (written) {
    case NGTCP2_ERR_STREAM_DATA_BLOCKED:
      ready_.pop_front();
      blocked_.push_back(&stream);
      return NGTCP2_ERR_WRITE_MORE;
    case NGTCP2_ERR_STREAM_SHUT_WR:
    case NGTCP2_ERR_STREAM_NOT_FOUND:
      // Its end is told as well; until then what waits counts.
      ready_.pop_front();
      return NGTCP2_ERR_WRITE_MORE;
    default:
      return written;
  }
}

/// `stream` is the first of the ready ones.
void QuicLine::on_taken(OutStream& stream, std::size_t bytes) {
  waiting_bytes_ -= bytes;
  stream.taken += bytes;
  if (stream.next_chunk < stream.chunks.size()) {
    if (stream.taken < stream.chunks[stream.next_chunk].size()) return;
    ++stream.next_chunk;
    stream.taken = 0;
  }
  if (stream.next_chunk < stream.chunks.size()) return;
  stream.is_waiting = false;
  ready_.pop_front();
}

}  // namespace parley::bench
