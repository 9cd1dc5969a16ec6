#pragma once
// QuicServerConnection: a QuicConnection on top of ngtcp2.

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actor/shard.h"
#include "quic/quic_cid.h"
#include "quic/quic_connection.h"
#include "quic/quic_handshake.h"
#include "quic/quic_host.h"
#include "quic/send_streams.h"
#include "quic/to_ngtcp2.h"
#include "quic/udp_address.h"

namespace parley {

/// The first datagram of a connection, as the endpoint has understood it.
struct QuicOpening {
  ngtcp2_pkt_hd header;
  UdpPath path;
  /// The client has proved its address with the token of a Retry, which holds the connection id
  /// that the client chose first.
  std::optional<Cid> retried_from;
};

/// Handshaking → ready → ended. What ngtcp2 reports is passed to the protocol at once, from within
/// its callbacks; what the protocol asks for that could disturb ngtcp2 there (reset, stop, close)
/// is done in the next flush.
class QuicServerConnection final : public QuicConnection, public Timed {
 public:
  /// Null if there is no certificate, or no memory.
  static std::shared_ptr<QuicServerConnection> accept(QuicHost& host, const QuicOpening& opening,
                                                      Now now);
  explicit QuicServerConnection(QuicHost& host);
  ~QuicServerConnection();
  QuicServerConnection(const QuicServerConnection&) = delete;
  QuicServerConnection& operator=(const QuicServerConnection&) = delete;

  /// A datagram for this connection.
  void feed(Bytes datagram, const UdpPath& path, std::uint8_t ecn, Now now);
  /// Sends what there is to send, as far as it may.
  void flush(Now now);
  /// The flush is due, but the socket takes nothing.
  void flush_in_vain(Now now);
  /// What has waited for others waits no more.
  void on_batch_due();
  [[nodiscard]] bool is_handshake_over() const { return is_established_ || has_ended_; }
  /// Has the protocol tell the peer that the server is about to end.
  void drain();
  /// Ends at once and without a word: the whole endpoint ends, or others need the place.
  void abandon(QuicEnd::Cause cause, Now now);
  void on_deadline(Now now) override;

  // QuicConnection.
  std::optional<StreamId> open_uni(Urgency urgency) override;
  [[nodiscard]] std::uint64_t uni_streams_left() const override;
  void write(StreamId stream, Buffer bytes, bool is_last) override;
  void write_packet(StreamId stream, Bytes prefix, Packet packet) override;
  void reset(StreamId stream, std::uint64_t code, std::size_t reliable_bytes) override;
  void stop(StreamId stream, std::uint64_t code) override;
  bool send_datagram(Bytes prefix, Buffer payload) override;
  [[nodiscard]] std::size_t datagram_bytes_max() const override;
  void give_back_to_stream(StreamId stream, std::size_t bytes) override;
  void give_back(std::size_t bytes) override;
  void widen(std::size_t bytes) override;
  void wake(Urgency urgency) override;
  void close(std::uint64_t code, std::string_view reason) override;
  [[nodiscard]] Duration rtt() const override;
  [[nodiscard]] std::string remote_address() const override;

 private:
  struct Hooks;  // what ngtcp2 calls back
  static const ngtcp2_callbacks& callbacks();

  /// The peer's way of a stream. As many as it may open, and as it has opened before.
  struct PeerStream {
    bool is_stopped = false;
  };
  struct Stop {
    StreamId stream;
    std::uint64_t code;
  };
  struct Datagram {
    StreamPrefix prefix;
    Buffer payload;
    [[nodiscard]] std::size_t size() const { return prefix.bytes().size() + payload.size(); }
  };
  struct Close {
    std::uint64_t code = 0;
    std::string reason;
  };
  /// The packet that is being written, and what a flush has done so far.
  struct Writing {
    explicit Writing(Now at) : now(at) {}
    Now now;
    MutableBytes space;
    ngtcp2_path_storage path;
    ngtcp2_pkt_info info{};
    /// What the peer's window for the whole connection leaves.
    std::uint64_t window = 0;
    bool with_data = false;
    std::size_t bytes = 0;
    std::size_t datagram_bytes = 0;
    bool has_accepted = false;
    /// The last packet carries data …
    bool has_data = false;
    /// … and could have carried more.
    bool has_room_left = false;
    /// Something has expired: ngtcp2 may want to send probes.
    bool may_probe = false;
    /// ngtcp2 lets nothing more go now: congestion, pacing, amplification; or the socket is full.
    bool is_held = false;
    bool is_socket_full = false;
  };

  bool begin(const QuicOpening& opening, Now now);
  ngtcp2_transport_params transport_params(const QuicOpening& opening, const Cid& scid) const;
  ngtcp2_settings settings(const QuicOpening& opening, Now now) const;
  Cid add_cid();
  void add_route(const Cid& cid);
  void remove_route(const Cid& cid);
  /// The protocol is told of nothing more but the end.
  bool is_closing() const { return close_.has_value() || has_ended_; }

  // Reading.
  void after_reading(Now now);
  void ask_flush();
  void ask_flush_in_batch();
  void become_ready(Now now);
  void on_read_error(int error, Now now);
  void on_peer_closed(Now now);
  PeerStream& peer_stream(StreamId id);
  void on_stream_data(StreamId id, Bytes bytes, bool is_last);
  void on_stream_reset(StreamId id, std::uint64_t code);
  void on_unseen_reset(StreamId id, std::uint64_t code);
  void on_stream_closed(StreamId id, std::optional<std::uint64_t> code);
  void on_established();
  void on_path_changed();

  // Writing.
  void write_packets(Writing& writing);
  bool prepare_packet(Writing& writing);
  void pull_ahead(Now now);
  ngtcp2_ssize write_one_packet(Writing& writing);
  ngtcp2_ssize write_stream(Writing& writing, SendStream& stream);
  ngtcp2_ssize write_datagram(Writing& writing);
  ngtcp2_ssize write_rest(Writing& writing);
  void add_packet(Writing& writing, std::size_t bytes, std::size_t path_bytes_max);
  [[nodiscard]] bool is_datagrams_turn(const Writing& writing, const SendStream* stream) const;
  void perform_resets();
  void drop_large_datagrams();
  void update_keys_in_time(Now now);
  void grant_stream_later();
  void grant_streams();
  void pace(Now now);
  /// What pacing hides may be another now: see next_expiry_.
  void forget_pacing() { paced_until_ = UINT64_MAX; }
  /// Does what is due in ngtcp2; false if that ended the connection.
  bool expire(Now now);
  void set_alarm(Now now);
  TimePoint transport_deadline(Now now);
  bool is_about_acknowledgement(ngtcp2_tstamp next);
  /// When ngtcp2 has something to do next; it takes some time to find that out.
  std::uint64_t expiry();
  void forget_expiry() { expiry_.reset(); }
  [[nodiscard]] bool has_said_all(const Writing& writing) const;

  // Ending.
  void fail(int error, Now now);
  void close_with(const ngtcp2_ccerr& error, const QuicEnd& ended, Now now);
  void end(const QuicEnd& ended, QuicTombstone grave, Now now);
  void leave_host();
  void count_end(const QuicEnd& end);
  QuicTombstone tombstone() const;

  QuicHost& host_;
  Shard::Alarm alarm_;
  ngtcp2_crypto_conn_ref reference_{};
  std::unique_ptr<QuicHandshake> handshake_;
  struct Deleter {
    void operator()(ngtcp2_conn* connection) const { ngtcp2_conn_del(connection); }
  };
  std::unique_ptr<ngtcp2_conn, Deleter> conn_;
  std::unique_ptr<QuicProtocol> protocol_;
  std::vector<Cid> cids_;

  SendStreams streams_;
  /// At most datagrams_max; more are refused.
  std::deque<Datagram> datagrams_;
  std::size_t datagram_bytes_ = 0;
  std::unordered_map<StreamId, PeerStream> peer_streams_;
  /// At most one for each peer stream.
  std::vector<Stop> due_stops_;
  /// Handed to the protocol and not given back by it.
  std::uint64_t outstanding_ = 0;
  std::size_t streams_to_grant_ = 0;
  std::uint64_t is_wider_by_ = 0;      ///< what the window has above its own …
  std::uint64_t may_be_wider_by_ = 0;  ///< … and what it may have
  std::size_t unseen_resets_ = 0;
  std::size_t path_changes_ = 0;
  TimePoint path_changes_since_{};
  std::uint64_t packets_since_key_update_ = 0;

  Now now_{};  // of the call we are in
  std::optional<Close> close_;
  bool can_send_data_ = false;  // the keys for it are there
  bool is_established_ = false;
  bool has_ended_ = false;
  /// The flush that the endpoint has been asked for.
  enum class Asked : std::uint8_t { nothing, in_batch, this_turn } asked_ = Asked::nothing;
  bool is_in_batch_ = false;
  /// What is being read has more in it than acknowledgements.
  bool is_news_ = false;
  /// The protocol had nothing at all when it was asked last, and has not said otherwise since.
  bool is_protocol_drained_ = true;
  /// In the last flush something was left behind, so pacing is waited for exactly.
  bool is_more_due_ = false;
  bool is_held_ = false;
  /// When pacing lets the next packet go, and what expires apart from that (ngtcp2's time). Known
  /// until something is received or expires.
  std::uint64_t paced_until_ = UINT64_MAX;
  std::uint64_t next_expiry_ = UINT64_MAX;
  std::optional<std::uint64_t> expiry_;
  /// The first packet of the peer that may not be acknowledged yet; `never` without any.
  TimePoint unacknowledged_since_ = never;
};

inline ngtcp2_tstamp timestamp(Now now) { return timestamp(now.monotonic); }

}  // namespace parley
