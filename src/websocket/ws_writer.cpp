#include "websocket/ws_writer.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace parley {
namespace {

/// Packets gathered into one write.
constexpr std::size_t packets_per_write = 64;
/// A write is not offered more than this plus one packet: what the kernel will not take is only
/// handed back.
constexpr std::size_t bytes_per_write = 256 * 1024;

/// Takes up to `count` bytes off the front and answers how many; an emptied vector gives its
/// memory back.
std::size_t consume(std::vector<std::uint8_t>& bytes, std::size_t count) {
  const std::size_t part = std::min(count, bytes.size());
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
  if (bytes.empty()) std::vector<std::uint8_t>().swap(bytes);
  return part;
}

}  // namespace

void WsWriter::queue_close(Bytes frame) {
  closing_ = true;
  close_.assign(frame.begin(), frame.end());
}

WsWriter::Outcome WsWriter::write(TcpStream& stream, Now now) {
  Outcome outcome = Outcome::all_written;
  do {
    outcome = write_once(stream, now);
  } while (outcome == Outcome::all_written && !empty());
  outbox_.end_flush();
  return outcome;
}

WsWriter::Outcome WsWriter::write_once(TcpStream& stream, Now now) {
  std::array<iovec, packets_per_write + 3> parts;
  std::size_t count = 0;
  std::size_t total = 0;
  const auto offer = [&](Bytes bytes) {
    if (bytes.empty()) return;
    parts[count++] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    total += bytes.size();
  };

  if (!partial_.empty()) offer(partial_.frame().subspan(partial_sent_));
  offer(control_);
  std::size_t packet_bytes = total;
  take_packets(packet_bytes, now);
  for (const Outbox::Entry& entry : offered_) offer(entry.packet.frame());
  if (outbox_.empty()) offer(close_);

  const Written written = stream.write(std::span(parts).first(count));
  if (count > 0) stats_.writes.add();
  if (written.state == Written::State::failed) {
    offered_.clear();
    return Outcome::failed;
  }
  bytes_written_ += written.sent;
  account(written.taken, now);
  return written.state == Written::State::all ? Outcome::all_written : Outcome::blocked;
}

void WsWriter::take_packets(std::size_t& bytes, Now now) {
  offered_.clear();
  while (offered_.size() < packets_per_write && bytes < bytes_per_write) {
    auto entry = outbox_.take(now.monotonic);
    if (!entry) return;
    if (closing_ && !entry->packet.facts().from_server) {
      stats_.drop(DropReason::session_closed).add();
      continue;
    }
    bytes += entry->packet.frame().size();
    offered_.push_back(std::move(*entry));
  }
}

void WsWriter::account(std::size_t written, Now now) {
  if (!partial_.empty()) {
    const std::size_t rest = partial_.frame().size() - partial_sent_;
    const std::size_t part = std::min(written, rest);
    partial_sent_ += part;
    written -= part;
    if (part == rest) {
      count(partial_);
      partial_ = {};
      partial_sent_ = 0;
    }
  }
  written -= consume(control_, written);
  if (!offered_.empty()) stats_.queue_age.observe(now.monotonic - offered_.front().queued_at);
  written -= account_packets(written);
  offered_.clear();
  consume(close_, written);
}

std::size_t WsWriter::account_packets(std::size_t written) {
  std::size_t used = 0;
  std::size_t begun = 0;
  for (; begun < offered_.size(); ++begun) {
    Packet& packet = offered_[begun].packet;
    const std::size_t size = packet.frame().size();
    if (written - used < size) break;
    used += size;
    count(packet);
  }
  if (begun < offered_.size() && used < written) {
    partial_ = std::move(offered_[begun++].packet);
    partial_sent_ = written - used;
    used = written;
  }
  for (std::size_t i = offered_.size(); i > begun; --i)
    outbox_.put_back(std::move(offered_[i - 1]));
  return used;
}

void WsWriter::count(const Packet& packet) {
  stats_.count_out(packet);
  ++packets_written_;
  packet_bytes_written_ += packet.size();
}

}  // namespace parley
